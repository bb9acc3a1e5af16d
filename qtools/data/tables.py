"""整理成表 Rows of cells to a typed table: where the headings are, what is a number.

The rules are few, and where they do not decide the reader is asked. Cells merged downwards are
filled over their range, since that is how people write labels; ``df.attrs["qtools_merged"]``
names such columns, and :func:`qtools.frames.numbers` refuses them: one reading is not three.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtools.data.cells import is_clean, typed
from qtools.data.sheets import Sheet, read_sheets
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import pandas as pd

_HEADING_DEPTH = 30  # how far down a heading row is looked for


def read(
    path: Path,
    columns: Sequence[str] = (),
    *,
    sheet: str | int | None = None,
    header: int | None = None,
    units: bool = False,
) -> pd.DataFrame:
    """读成表 A file as a typed table; see :func:`qtools.data.load`.

    Raises
    ------
    QualityDataError
        As :func:`qtools.data.load`.
    """
    import pandas as pd

    name = path.name
    sheets = read_sheets(path, sheet)
    chosen = _sheet(name, sheets, columns)
    top, depth = _heading(name, chosen, columns, header)
    filled = _fill_merged(chosen, top + depth)
    body = [row for row in range(top + depth, len(filled)) if any_cell(filled[row])]
    labels = _names(chosen, top, depth)
    used = [
        place
        for place, label in enumerate(labels)
        if label or any(filled[row][place] is not None for row in body)
    ]
    _require_names(name, chosen, labels, used, top)
    held = {
        labels[place]: typed(name, labels[place], [filled[row][place] for row in body], body, units)
        for place in used
    }
    first = top + depth
    spans = [s[1] for s in chosen.merged if s[0] >= first and _is_downward(s)]
    index = pd.RangeIndex(len(body)) if body == list(range(first, first + len(body))) else (
        pd.Index([row - first for row in body]))  # fmt: skip
    frame = pd.DataFrame({key: series.set_axis(index) for key, (series, _) in held.items()})
    frame.attrs["qtools_first_row"] = first + 1
    if body:
        frame.attrs["qtools_last_row"] = body[-1] + 1
    found = {key: unit for key, (_, unit) in held.items() if unit}
    if found:
        frame.attrs["qtools_units"] = found
    merged = [labels[place] for place in used if place in spans]
    if merged:
        frame.attrs["qtools_merged"] = merged
    if any(span[2] >= first for span in chosen.merged):
        frame.attrs["qtools_has_merged"] = True
    if chosen.name:
        frame.attrs["qtools_sheet"] = chosen.name
    others = [one.name for one in sheets if one is not chosen]
    if others:
        frame.attrs["qtools_other_sheets"] = others
    blank = body[-1] + 1 - first - len(body) if body else 0
    if blank:
        frame.attrs["qtools_blank_rows"] = blank
    return frame


def any_cell(row: Sequence[Any]) -> bool:
    """Whether a row holds anything."""
    return any(cell is not None for cell in row)


# ── which sheet, which row ───────────────────────────────────────────────────────────────────


_OURS = ("数据", "说明")  # the sheet to fill in, and the notes, of what qtools writes


def _sheet(name: str, sheets: list[Sheet], columns: Sequence[str]) -> Sheet:
    """The one sheet with all these columns, or else with most: the caller says what is missing."""
    if not sheets:
        raise QualityDataError(f"“{name}”里没有数据。", hint="请检查工作表，或换一个文件。")
    found = [_hits(sheet, columns) for sheet in sheets]
    best = [sheet for sheet, hits in zip(sheets, found, strict=True) if hits == max(found)]
    if len(best) == 1:
        return best[0]
    ours = {sheet.name for sheet in sheets} >= set(_OURS)  # a template or a run sheet
    named = [sheet for sheet in best if sheet.name == _OURS[0]]
    if ours and named:
        return named[0]
    largest = max(best, key=_size)
    if max(found) < len(set(columns)):
        return largest
    listed = "、".join(f"“{sheet.name}”" for sheet in best)
    raise QualityDataError(
        f"“{name}”里有 {len(best)} 张工作表都可能是要读的：{listed}。",
        hint=f"请写明读哪一张，例如 sheet=“{largest.name}”（命令行：--sheet {largest.name}）。",
    )


def _size(sheet: Sheet) -> int:
    return sum(cell is not None for row in sheet.cells for cell in row)


def _hits(sheet: Sheet, columns: Sequence[str]) -> int:
    """How many of these columns the best heading row of a sheet has."""
    rows = [
        row for row in range(min(_HEADING_DEPTH, len(sheet.cells))) if any_cell(sheet.cells[row])
    ]
    return max((len(set(columns) & _headings(sheet, row)) for row in rows), default=0)


def _headings(sheet: Sheet, row: int) -> set[str]:
    return set(_names(sheet, row, _depth(sheet, row)))


def _heading(
    name: str, sheet: Sheet, columns: Sequence[str], header: int | None
) -> tuple[int, int]:
    """Row of the headings, and how many rows they take."""
    if header is not None:
        if not 1 <= header <= len(sheet.cells) or not any_cell(sheet.cells[header - 1]):
            raise QualityDataError(
                f"“{name}”的第 {header} 行是空的，不能当表头。",
                hint="header（命令行：--header）按 Excel 的行号写。",
            )
        return header - 1, _depth(sheet, header - 1)
    top = _row_with(sheet, columns) if columns else None
    if top is None:
        top = _first_heading(sheet)
    if top is None:
        raise QualityDataError(
            f"看不出“{name}”的哪一行是表头。",
            hint="请让每一列都有各不相同的列名，或用 header（命令行：--header）写明表头的行号，"
            "按 Excel 的行号写。",
        )
    return top, _depth(sheet, top)


def _row_with(sheet: Sheet, columns: Sequence[str]) -> int | None:
    """First row whose headings include all of these."""
    for row in range(min(_HEADING_DEPTH, len(sheet.cells))):
        if any_cell(sheet.cells[row]) and set(columns) <= _headings(sheet, row):
            return row
    return None


def _first_heading(sheet: Sheet) -> int | None:
    """First row of distinct names, not all numbers, that covers every column used below it."""
    for row in range(min(_HEADING_DEPTH, len(sheet.cells))):
        if not any_cell(sheet.cells[row]) or _is_title(sheet, row):
            continue
        depth = _depth(sheet, row)
        labels = _names(sheet, row, depth)
        below = sheet.cells[row + depth :]
        used = [any(line[place] is not None for line in below) for place in range(len(labels))]
        if any(use and not label for use, label in zip(used, labels, strict=True)):
            continue
        given = [label for label in labels if label]
        if not all(is_clean(label) for label in given):
            return row
    return None


def _is_title(sheet: Sheet, row: int) -> bool:
    """One merged cell across, with nothing beside it."""
    spans = [s for s in sheet.merged if s[0] == row and s[3] > s[1]]
    alone = sum(cell is not None for cell in sheet.cells[row]) == 1
    return alone and any(sheet.cells[row][s[1]] is not None for s in spans)


def _depth(sheet: Sheet, row: int) -> int:
    """Rows that the headings take: merged downwards, or merged across with names below."""
    if _is_title(sheet, row):
        return 1
    spans = [s for s in sheet.merged if s[0] == row]
    depth = max([s[2] - s[0] + 1 for s in spans], default=1)
    across = any(s[3] > s[1] for s in spans)
    return min(max(depth, 2) if across else depth, max(len(sheet.cells) - row, 1))


def _names(sheet: Sheet, top: int, depth: int) -> list[str]:
    """Heading of each column; those of several rows are joined by a hyphen."""
    rows = [list(row) for row in sheet.cells[top : top + depth]]
    for first, left, last, right in sheet.merged:
        if top <= first < top + depth:
            for row in range(first, min(last, top + depth - 1) + 1):
                rows[row - top][left : right + 1] = [sheet.cells[first][left]] * (right - left + 1)
    labels = []
    for place in range(len(rows[0]) if rows else 0):
        parts = [_heading_text(row[place]) for row in rows]
        labels.append("-".join(dict.fromkeys(part for part in parts if part)))
    return labels


def _heading_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def _require_names(
    name: str, sheet: Sheet, labels: Sequence[str], used: Sequence[int], top: int
) -> None:
    nameless = [_letter(place) for place in used if not labels[place]]
    if nameless:
        found = _first_heading(sheet)
        better = found + 1 if found is not None and found != top else None
        where = f"；表头看来在第 {better} 行（命令行：--header {better}）。" if better else "。"
        raise QualityDataError(
            f"“{name}”的 {'、'.join(nameless)} 列有数据，但第 {top + 1} 行没有它的列名。",
            hint="请补上列名，或删去表外的内容" + where,
        )
    given = [labels[place] for place in used]
    twice = [label for label in dict.fromkeys(given) if given.count(label) > 1]
    if twice:
        at = {one: [_letter(place) for place in used if labels[place] == one] for one in twice}
        listed = "、".join(f"“{label}”（{'、'.join(at[label])} 列）" for label in twice)
        raise QualityDataError(
            f"“{name}”有重复的列名：{listed}。", hint="请把列名改成各不相同的名字。"
        )


def _letter(place: int) -> str:
    """Excel's name of a column."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _is_downward(span: tuple[int, int, int, int]) -> bool:
    """Whether a merged range is one column wide and several rows high."""
    return span[1] == span[3] and span[2] > span[0]


def _fill_merged(sheet: Sheet, start: int) -> list[list[Any]]:
    """Cells with each range merged downwards below the headings filled by its one value."""
    cells = [list(row) for row in sheet.cells]
    for span in sheet.merged:
        if span[0] >= start and _is_downward(span):
            for row in range(span[0], min(span[2], len(cells) - 1) + 1):
                cells[row][span[1]] = cells[span[0]][span[1]]
    return cells
