"""模板 An Excel file to fill in, made from a chapter's parameters and its default data."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtools import data
from qtools.errors import QualityDataError
from qtools.workbook import own, require_folder, write_whole
from qtools.workbook.catalogue import Chapter

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.worksheet.worksheet import Worksheet

    from qtools.data.cards import Column
    from qtools.workbook.parameters import Parameter

_ROWS = 2000  # rows that are checked while they are typed
_NAMES = 200  # entries a list of names has room for
_WIDTH = 60


def write(found: Chapter, output: str | Path, *, force: bool = False) -> Path:
    """写模板 Sheets 数据 (headings, to fill in), 示例, 说明, and 名单 (names to choose from).

    The headings are the columns that the chapter's parameters name by default, so a filled-in
    template runs with the command that the sheet 说明 prints. Decimal columns accept numbers
    only. Text columns are chosen from a list on the sheet 名单, which one edits first: one
    spelling for each name.

    Parameters
    ----------
    found : Chapter
        Whose data to ask for.
    output : str or Path
        The ``.xlsx``; it appears whole or not at all.
    force : bool
        Replace an existing file, which may hold somebody's data.

    Returns
    -------
    Path
        The template.

    Raises
    ------
    QualityDataError
        If the chapter reads no table, the output is no ``.xlsx``, or it exists and ``force`` is
        not given.
    """
    from openpyxl import Workbook

    output = Path(output)
    require_new(output, force=force)
    frame, columns = _columns(found)
    book = Workbook()
    sheet, example, notes = book.active, book.create_sheet("示例"), book.create_sheet("说明")
    assert sheet is not None  # noqa: S101  (a new book has a sheet)
    sheet.title = "数据"
    # other headings than on the sheet 数据: only one sheet is the one to read
    fill(sheet, [[column.name for column in columns]])
    plain = frame[[column.name for column in columns]].astype(object)
    rows = plain.where(plain.notna(), None).to_numpy().tolist()
    fill(example, [[f"例：{column.name}" for column in columns], *rows])
    _explain(notes, found, columns, output.name)
    _guard(book, sheet, frame, columns)
    content = io.BytesIO()
    book.save(content)
    write_whole(output, content.getvalue())
    return output


def _columns(found: Chapter) -> tuple[pd.DataFrame, list[Column]]:
    """Default data, and the columns of it that the parameters name."""
    from qtools.data.cards import Column

    source = next((p.default for p in found.parameters if p.is_file), None)
    if not isinstance(source, str):
        raise QualityDataError(f"{found.name} 不读数据表，没有模板。")
    named = list(dict.fromkeys(name for p in own.columns(found) for name in own.names(p.default)))
    if not named:
        raise QualityDataError(f"{found.name} 的参数没有指定列名，没有模板。")
    cards = {column.name: column for column in data.card(source).columns}
    return data.load(source), [cards.get(name, Column(name, "", "文本", "")) for name in named]


def require_new(output: Path, *, force: bool) -> None:
    """Refuse an output that is no workbook, has no folder, or would replace somebody's data."""
    if output.suffix.lower() != ".xlsx":
        raise QualityDataError(f"模板“{output}”的扩展名不是 .xlsx。", hint="例如 -o 模板.xlsx。")
    require_folder(output)
    if output.exists() and not force:
        raise QualityDataError(
            f"“{output}”已经有了，里面可能有数据，没有改动它。",
            hint="请换一个名字；确实要覆盖，就加 --force。",
        )


def command(found: Chapter, name: str) -> str:
    """命令 The command that computes a chapter on its filled-in template as it computes its data.

    What belongs to the book's data (limits, target, unit) is written out, to be replaced.
    """
    words = ["qtools", "run", found.name, "--data", quoted(name)]
    for p in _of_the_book(found):
        words += [p.option, quoted(shown(p.default))]
    return " ".join([*words, "-o", "报告.html"])


def _of_the_book(found: Chapter) -> list[Parameter]:
    """Parameters whose defaults hold for the book's data only."""
    return [p for p in found.parameters if p.optional and p.default not in (None, (), [])]


def shown(value: object) -> str:
    """A default as it is typed on the command line: ``460``, ``炉次,炉区``."""
    items = value if isinstance(value, list | tuple) else [value]
    return ",".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items)


def fill(sheet: Worksheet, rows: list[list[Any]]) -> None:
    """Rows into an empty sheet, the first as headings."""
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    for row in rows:
        sheet.append(row)
    for place, heading in enumerate(rows[0], start=1):
        cell = sheet.cell(1, place)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DCE9F5")
        sheet.column_dimensions[get_column_letter(place)].width = max(12, 2.2 * len(str(heading)))
    sheet.freeze_panes = "A2"


def _explain(sheet: Worksheet, found: Chapter, columns: list[Column], name: str) -> None:
    from openpyxl.styles import Alignment, Font

    heading = Font(bold=True, size=12)
    steps = ["在工作表“数据”里填，每行一个记录；工作表“示例”给出填好的样子。"]
    if any(column.type == "文本" for column in columns):
        steps.append("有下拉菜单的列，先在工作表“名单”里换成你们自己的名字；不用的名字删去。")
    steps.append("保存、关闭，然后在命令行里运行：")
    words = ["如果改了列名，或要换参数，就在命令后面加下表的选项。"]
    if _of_the_book(found):
        words.insert(
            0, "命令里的规格、单位等是示例数据的，请换成你们自己的；没有的就删去那个选项。"
        )
    lines: list[list[Any]] = [
        [f"{found.title}（{found.name}）"],
        ["怎样填"],
        *([f"{number}. {step}"] for number, step in enumerate(steps, start=1)),
        [command(found, name)],
        *([word] for word in words),
        [],
        ["要填的列", "单位", "类型", "含义"],
        *([f"“{c.name}”", _example(c.unit), c.type, _example(c.meaning)] for c in columns),
        [],
        ["选项", "说明", "不写时", "类型"],
        *([p.option, p.told, _default(p), p.kind] for p in found.parameters),
    ]
    for number, line in enumerate(lines, start=1):
        sheet.append(line)
        if number <= 2 or (line and line[0] in ("要填的列", "选项")):
            for cell in sheet[number]:
                cell.font = heading
    for letter, width in zip("ABCD", (24, _WIDTH, 20, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_row=len(steps) + len(words) + 4):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def quoted(name: str) -> str:
    """A word as it is typed on a command line."""
    return f'"{name}"' if set(name) & set(" ;&|()<>'") else name


def _example(text: str) -> str:
    """A unit or a meaning on the data card, which tells of the book's data."""
    return f"例：{text}" if text else "—"


def _default(p: Parameter) -> str:
    # a name is quoted, so that no row of this sheet is taken for the headings of the table
    if p.optional or p.default in (None, (), []):
        return "（不填）"
    text = shown(p.default)
    return f"“{text}”" if isinstance(p.default, str) or (p.many and "," not in text) else text


def _guard(book: Any, sheet: Worksheet, frame: pd.DataFrame, columns: list[Column]) -> None:
    """Check decimals while they are typed; offer the names of text columns in a list."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    lists = []
    for place, column in enumerate(columns, start=1):
        letter = get_column_letter(place)
        if column.type == "小数":
            rule = DataValidation(type="decimal", operator="between", allow_blank=True)
            rule.formula1, rule.formula2 = "-1E+300", "1E+300"
            rule.errorTitle, rule.error = "要填数", f"“{column.name}”只能填数，不带单位。"
        elif column.type == "文本":
            lists.append([f"{column.name}名单", *dict.fromkeys(frame[column.name].dropna())])
            source = get_column_letter(len(lists))
            rule = DataValidation(type="list", allow_blank=True, errorStyle="warning")
            rule.formula1 = f"名单!${source}$2:${source}${_NAMES}"
            rule.errorTitle = "不在名单里"
            rule.error = f"请先把它写进工作表“名单”的“{column.name}名单”，免得一个名字两种写法。"
        else:
            continue
        rule.showErrorMessage = True
        rule.add(f"{letter}2:{letter}{_ROWS}")
        sheet.add_data_validation(rule)
    if lists:
        names = book.create_sheet("名单")
        fill(names, [[entry[0] for entry in lists]])
        for place, entry in enumerate(lists, start=1):
            for row, value in enumerate(entry[1:_NAMES], start=2):
                names.cell(row, place, value)
