"""读文件 Bytes of a .csv or .xlsx as rows of cells, with what merged cells say; nothing typed yet.

Everything that is not a table of cells is refused here, in words that say what to do instead.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

TEXT = (".csv", ".tsv", ".txt")
EXCEL = (".xlsx", ".xlsm")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DELIMITERS = {",": "逗号", ";": "分号", "\t": "制表符"}
_INSTEAD = {
    ".xls": "请在 Excel 或 WPS 里另存为“Excel 工作簿（.xlsx）”再读。",
    ".et": "请在 WPS 里另存为“Excel 文件（.xlsx）”再读。",
    ".ods": "请另存为“Excel 工作簿（.xlsx）”再读。",
    ".pdf": "PDF 里没有表格数据，只有版面；请找到原始的 Excel 或 CSV 文件。",
    ".docx": "请把 Word 里的表格复制到 Excel，存为 .xlsx 再读。",
    ".mtw": "请在 Minitab 里把工作表另存为 .xlsx 或 .csv 再读。",
    ".mpx": "请在 Minitab 里把工作表另存为 .xlsx 或 .csv 再读。",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """工作表 Cells row by row, None where blank; merged ranges as (top, left, bottom, right).

    Row 0 of ``cells`` is row 1 of the file. All rows have the same length.
    """

    cells: list[list[Any]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    name: str = ""


def read_sheets(path: Path, sheet: str | int | None = None) -> list[Sheet]:
    """工作表 The sheets of a file that hold anything; only the one asked for, if one is.

    Raises
    ------
    QualityDataError
        If the file is no table, is protected, or lacks the sheet.
    """
    if path.is_dir():
        files = sorted(item.name for item in path.iterdir() if item.suffix in TEXT + EXCEL)[:5]
        listed = "、".join(f"“{name}”" for name in files)
        hint = f"请写明其中哪个文件：{listed}。" if listed else "请写明要读的文件。"
        raise QualityDataError(f"“{path.name}”是文件夹，不是数据文件。", hint=hint)
    suffix = path.suffix.lower()
    if path.name.startswith("~$"):
        raise QualityDataError(
            f"“{path.name}”是 Excel 打开文件时的临时文件，里面没有数据。",
            hint=f"请改读“{path.name[2:]}”。",
        )
    if suffix not in TEXT + EXCEL:
        raise QualityDataError(
            f"读不了“{path.name}”：只读 .xlsx 和 .csv 文件。",
            hint=_INSTEAD.get(suffix, "请另存为 .xlsx 或 .csv 再读。"),
        )
    try:
        raw = path.read_bytes()
    except PermissionError as error:
        raise QualityDataError(
            f"没有权限读“{path.name}”，或者它正被别的程序占用。",
            hint="请先在 Excel 里关闭这个文件，再试一次。",
        ) from error
    if not raw.strip():
        raise QualityDataError(f"“{path.name}”是空文件。", hint="请确认保存成功，或换一个文件。")
    if raw.startswith(_OLE):
        raise _old_or_locked(path, raw)
    if raw.startswith(_ZIP) != (suffix in EXCEL):
        really = "Excel 工作簿" if raw.startswith(_ZIP) else "文本文件，不是 Excel 工作簿"
        wanted = ".xlsx" if raw.startswith(_ZIP) else ".csv"
        raise QualityDataError(
            f"“{path.name}”的扩展名是 {path.suffix}，内容却是{really}。",
            hint=f"请把扩展名改为 {wanted}，或在 Excel 里另存一次。",
        )
    if suffix in EXCEL:
        return [one for one in _excel(path.name, raw, sheet) if _filled(one)]
    if sheet is not None:
        raise QualityDataError(
            f"“{path.name}”是文本文件，没有工作表“{sheet}”。",
            hint="读 CSV 时不要写 sheet（命令行：--sheet）。",
        )
    return [one for one in [Sheet(_text_rows(path.name, _decode(path.name, raw)))] if _filled(one)]


def _filled(sheet: Sheet) -> bool:
    return any(value is not None for row in sheet.cells for value in row)


def _old_or_locked(path: Path, raw: bytes) -> QualityDataError:
    """An OLE container is an encrypted .xlsx or a workbook of Excel 97–2003."""
    if "EncryptedPackage".encode("utf-16-le") in raw:
        return QualityDataError(
            f"“{path.name}”有打开密码，读不了。",
            hint="请在 Excel 里打开它，在“文件—信息—保护工作簿”里去掉密码后保存。",
        )
    return QualityDataError(
        f"“{path.name}”其实是旧式的 .xls 文件，只改扩展名不行。", hint=_INSTEAD[".xls"]
    )


# ── text ─────────────────────────────────────────────────────────────────────────────────────


def _decode(name: str, raw: bytes) -> str:
    """UTF-8 (with or without mark), UTF-16 with mark, or GB18030, which contains GBK."""
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "gb18030"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise QualityDataError(
        f"“{name}”的文字编码认不出来，或者它不是文本文件。",
        hint="请在 Excel 里另存为“CSV UTF-8（逗号分隔）”。",
    )


def _text_rows(name: str, text: str) -> list[list[Any]]:
    """Rows split at the one delimiter that gives a table."""
    tables = {mark: _split(name, text, mark) for mark in _DELIMITERS if mark in text}
    wide = {mark: rows for mark, rows in tables.items() if max(map(len, rows), default=0) > 1}
    # a title line above the table has fewer fields; a line inside the table may not
    even = [mark for mark, rows in wide.items() if len({len(row) for row in rows if row}) == 1]
    fits = even or [mark for mark, rows in wide.items() if not _ragged(rows)]
    if len(fits) > 1:
        said = "、".join(_DELIMITERS[mark] for mark in fits)
        raise QualityDataError(
            f"“{name}”的分隔符看不明白：{said}都说得通。", hint="请另存为逗号分隔的 CSV 或 .xlsx。"
        )
    if wide and not fits:
        mark, rows = max(wide.items(), key=lambda item: _common_width(item[1]))
        width = _common_width(rows)
        wrong = [number for number, row in enumerate(rows, 1) if row and len(row) != width]
        raise QualityDataError(
            f"“{name}”各行的列数不一致：多数行有 {width} 列（{_DELIMITERS[mark]}分隔）。",
            hint="格子里本身有分隔符时请用英文双引号括起来；或改存为 .xlsx。",
            rows=wrong,
        )
    rows = tables[fits[0]] if fits else _split(name, text, ",")
    width = max(map(len, rows), default=0)
    return [[cell if cell.strip() else None for cell in row + [""] * (width - len(row))]
            for row in rows]  # fmt: skip


def _split(name: str, text: str, mark: str) -> list[list[str]]:
    """Records of the text; blank lines give empty rows, so row numbers stay."""
    lines = io.StringIO(text, newline="")
    try:
        return list(csv.reader(lines, delimiter=mark, skipinitialspace=mark != "\t"))
    except csv.Error as error:  # a cell beyond the reader's limit
        raise QualityDataError(
            f"“{name}”里的英文双引号不成对，分不清格子。", hint="请补齐或删去多余的双引号。"
        ) from error


def _common_width(rows: Sequence[Sequence[str]]) -> int:
    widths = [len(row) for row in rows if row]
    return max(set(widths), key=lambda width: (widths.count(width), width))


def _ragged(rows: Sequence[Sequence[str]]) -> bool:
    """Whether widths differ below the first full row."""
    widths = [len(row) for row in rows if row]
    full = widths.index(max(widths))
    return len(set(widths[full:])) > 1


# ── Excel ────────────────────────────────────────────────────────────────────────────────────


def _excel(name: str, raw: bytes, wanted: str | int | None) -> list[Sheet]:
    import warnings

    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():  # about styles and validations, which do not matter here
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(raw), data_only=True)
    except Exception as error:
        raise QualityDataError(
            f"“{name}”打不开：文件可能损坏，或不是 Excel 工作簿。",
            hint="请在 Excel 里打开它，另存为“Excel 工作簿（.xlsx）”再读。",
        ) from error
    chosen = book.worksheets if wanted is None else [_choose(name, book, wanted)]
    if wanted is None:
        chosen = [sheet for sheet in chosen if sheet.sheet_state == "visible"]
    sheets = []
    for sheet in chosen:
        merged = [
            (span.min_row - 1, span.min_col - 1, span.max_row - 1, span.max_col - 1)
            for span in sheet.merged_cells.ranges
        ]
        cells = [[_blank(value) for value in row] for row in sheet.iter_rows(values_only=True)]
        top = (sheet.min_row or 1) - 1  # rows above the first used one are not handed out
        left = (sheet.min_column or 1) - 1
        cells = [[None] * left + row for row in cells]
        cells = [[None] * len(cells[0]) for _ in range(top)] + cells if cells else []
        sheets.append(Sheet(cells, merged, sheet.title))
        _require_computed(name, raw, book, sheet)
    return sheets


def _blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _choose(name: str, book: Workbook, wanted: str | int) -> Worksheet:
    sheets = book.worksheets
    titles = [sheet.title for sheet in sheets]
    if isinstance(wanted, str) and wanted not in titles and wanted.isdigit():
        wanted = int(wanted)  # from a command line
    if isinstance(wanted, int) and 1 <= wanted <= len(sheets):
        return sheets[wanted - 1]
    if isinstance(wanted, str) and wanted in titles:
        return sheets[titles.index(wanted)]
    listed = "、".join(f"{number} “{title}”" for number, title in enumerate(titles, 1))
    raise QualityDataError(
        f"“{name}”里没有工作表“{wanted}”；现有：{listed}。",
        hint="sheet（命令行：--sheet）写工作表的名字，或从 1 数起的序号。",
    )


def _require_computed(name: str, raw: bytes, book: Workbook, sheet: Worksheet) -> None:
    """Refuse formulas whose result was never stored: they would read as blank cells."""
    from openpyxl.xml.functions import iterparse

    number = book.sheetnames.index(sheet.title)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        part = _part(archive, number)
        if part is None:
            return
        data = archive.read(part)
    if b"<f" not in data:
        return
    rows: list[int | str] = []
    for _, cell in iterparse(io.BytesIO(data)):
        tag = cell.tag.rpartition("}")[2]
        if tag != "c":
            continue
        inner = {child.tag.rpartition("}")[2]: child.text for child in cell}
        if "f" in inner and not inner.get("v") and cell.get("t") != "str":
            rows.append(int(re.sub(r"\D", "", cell.get("r", "0"))))
        cell.clear()
    if rows:
        raise QualityDataError(
            f"“{name}”的工作表“{sheet.title}”里有公式还没有算出结果。",
            hint="请在 Excel 里打开并保存一次，或把公式选择性粘贴为数值。",
            rows=sorted(set(rows)),
        )


def _part(archive: zipfile.ZipFile, number: int) -> str | None:
    """The archive member that holds the sheet of this place, through the workbook's relations."""
    from openpyxl.xml.functions import fromstring

    links = {
        link.get("Id"): link.get("Target", "")
        for link in fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    sheets = [
        next((value for key, value in item.attrib.items() if key.endswith("}id")), "")
        for item in fromstring(archive.read("xl/workbook.xml")).iter()
        if item.tag.endswith("}sheet")
    ]
    target = links.get(sheets[number], "") if number < len(sheets) else ""
    part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return part if part in archive.namelist() else None
