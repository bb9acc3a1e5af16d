"""数据表检查 What every method asks of a table before it computes: columns, numbers, labels.

Row numbers in messages are those the reader sees: ``qt.load`` notes in ``df.attrs`` the file and
the row of its first record; a frame made in memory counts from 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

_EXCEL_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


def source(frame: pd.DataFrame) -> str:
    """Where the frame came from, as a prefix for messages: ``文件“…”的`` or nothing."""
    name = frame.attrs.get("qtools_source")
    sheet = frame.attrs.get("qtools_sheet") if frame.attrs.get("qtools_other_sheets") else None
    return (f"“{name}”的" + (f"工作表“{sheet}”的" if sheet else "")) if name else ""


def row_numbers(frame: pd.DataFrame, positions: Iterable[int]) -> list[int]:
    """Positions in the frame as the row numbers that the reader sees.

    The index of a frame from ``qt.load`` counts rows below the heading, blank ones included, so
    the numbers stay right after rows were left out, filtered or sorted.
    """
    first = frame.attrs.get("qtools_first_row")
    if first is None or frame.index.dtype.kind not in "iu":
        return [int(first or 1) + int(place) for place in positions]
    return [int(first) + int(frame.index[int(place)]) for place in positions]


def plain(text: str) -> str:
    """Text without what the eye does not see: spaces, width of characters, letter case.

    Examples
    --------
    >>> plain("膜 厚（Å）") == plain("膜厚(å)")
    True
    """
    import unicodedata

    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def near(name: str, others: Sequence[str]) -> list[str]:
    """Names that a reader may have meant, nearest first.

    Examples
    --------
    >>> near("读 数", ["零件", "读数", "序号"]), near("外径", ["直径", "外径(mm)"])
    (['读数'], ['外径(mm)'])
    """
    import difflib

    same = [other for other in others if plain(other) == plain(name)]
    same += [other for other in others if _without_unit(other) == _without_unit(name)]
    forms = {plain(other): other for other in reversed(others)}
    alike = difflib.get_close_matches(plain(name), list(forms), n=3, cutoff=0.6)
    return list(dict.fromkeys([*same, *(forms[form] for form in alike)]))


def _without_unit(name: str) -> str:
    """A heading without the unit in brackets behind it."""
    import re

    return re.sub(r"[(\[【].*$", "", plain(name)) or plain(name)


def wide(frame: pd.DataFrame, wanted: Sequence[str]) -> list[str]:
    """宽表 Columns of numbers that look like one quantity, a column for each person and trial.

    Parameters
    ----------
    frame : pandas.DataFrame
        As read.
    wanted : sequence of str
        Columns that were asked for.

    Returns
    -------
    list of str
        The columns whose headings agree but for a number at the end, if a wanted column is
        missing and there are at least two for one beginning; else nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> wide(pd.DataFrame({"件": [1], "甲-1": [2.1], "甲-2": [2.2]}), ["件", "人", "读数"])
    ['甲-1', '甲-2']
    """
    import re

    if all(name in frame.columns for name in wanted):
        return []
    stems: dict[str, list[str]] = {}
    for name in frame.columns.difference(list(wanted), sort=False):
        found = re.fullmatch(r"(.*?)\D?\d+\D?", str(name))
        if found and frame[name].dtype.kind in "if":
            stems.setdefault(found.group(1), []).append(str(name))
    return [name for group in stems.values() if len(group) > 1 for name in group]


def require_columns(frame: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Refuse a frame that lacks a column, naming those it has.

    Raises
    ------
    QualityDataError
        If the frame is empty, or a wanted column is absent, repeated, or asked for twice.
    """
    have = [str(name) for name in frame.columns]
    missing = [name for name in wanted if name not in have]
    if missing:
        raise QualityDataError(
            f"{source(frame)}数据里找不到列{_quoted(missing)}；现有的列：{_quoted(have)}。",
            hint=missing_hint(frame, wanted),
        )
    for name in wanted:
        if have.count(name) > 1:
            raise QualityDataError(
                f"{source(frame)}数据里有 {have.count(name)} 个同名的列“{name}”。",
                hint="请把列名改成各不相同的名字。",
            )
    if len(set(wanted)) < len(wanted):
        twice = next(name for name in wanted if list(wanted).count(name) > 1)
        raise QualityDataError(f"列“{twice}”被指定了两次用途。", hint="请为每个参数写不同的列名。")
    if len(frame) == 0:
        raise QualityDataError(f"{source(frame)}数据一行也没有。", hint="请检查文件和工作表。")


def missing_hint(frame: pd.DataFrame, wanted: Sequence[str]) -> str:
    """What to do where columns are missing: names that come near, a wide table, another sheet."""
    have = [str(name) for name in frame.columns]
    meant = [(name, near(name, have)) for name in wanted if name not in have]
    guess = "；".join(f"“{name}”是不是“{found[0]}”" for name, found in meant if found)
    hint = f"{guess}？" if guess else ""
    many = wide(frame, wanted)
    if many:
        return (
            f"{hint}{_quoted(many[:3])}{'等' if len(many) > 3 else ''}若是同一个量的多次测量，这是"
            "宽表；请改成长表：每行只放一个读数，旁边的列写明是哪一件、谁测的、第几次。"
        )
    hint += "请核对列名（空格、全角半角也要一致），或用参数写明你的列名。"
    others = frame.attrs.get("qtools_other_sheets")
    if others:
        hint += f"要读别的工作表，就写 sheet=“{others[0]}”（命令行：--sheet {others[0]}）。"
    return hint


def _quoted(names: Sequence[str]) -> str:
    return "、".join(f"“{name}”" for name in names) or "（没有列）"


def _footer(frame: pd.DataFrame, places: Iterable[int]) -> str:
    """A word about totals and signatures, if the last record is among the rows at fault."""
    last = len(frame) - 1
    if last < 1 or last not in {int(place) for place in places}:
        return ""
    (row,) = row_numbers(frame, [last])
    return f"表尾的第 {row} 行若是合计、审核或签名，就删去它；不是的话，"


def numbers(frame: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
    """Column as float64, refusing text, blanks and infinities with their rows.

    Nothing is coerced silently: ``"12.3 mm"`` and ``"—"`` are errors here, not missing values.

    Raises
    ------
    QualityDataError
        If a cell is not a finite number.
    """
    import numpy as np
    import pandas as pd

    series = frame[column]
    # dates have a numeric form too, but a column of dates is not a column of measurements
    if pd.api.types.is_datetime64_any_dtype(series) or pd.api.types.is_bool_dtype(series):
        raise QualityDataError(
            f"{source(frame)}列“{column}”是日期或是非值，不是测量值。", hint="请指定数值列。"
        )
    if column in frame.attrs.get("qtools_merged", ()):
        raise QualityDataError(
            f"{source(frame)}列“{column}”里有合并单元格：一个数不能当成几个读数。",
            hint="请取消合并，每行各填一个测量值。",
        )
    if series.dtype == object:  # True and complex numbers would convert silently
        odd = np.array([isinstance(v, (bool, complex, bytes)) for v in series], dtype=bool)
        series = series.mask(odd, series.astype(str))
    converted = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    blank = series.isna().to_numpy()
    wrong = np.flatnonzero(~np.isfinite(converted) & ~blank)
    if wrong.size:
        samples = "、".join(f"“{series.iloc[place]}”" for place in wrong[:3])
        raise QualityDataError(
            f"{source(frame)}列“{column}”里有不是数字的内容：{samples}。",
            hint=_footer(frame, wrong) + "请在原文件里改成数字；单位写在列名里，不要写在格子里。",
            rows=row_numbers(frame, wrong),
        )
    if blank.any():
        at = np.flatnonzero(blank)
        raise QualityDataError(
            f"{source(frame)}列“{column}”有 {at.size} 个空格子。",
            hint=_footer(frame, at) + "请补上数据，或先删去这些行并说明理由。",
            rows=row_numbers(frame, at),
        )
    return converted


def require_confidence(confidence: float) -> None:
    """置信水平检查 Refuse a level of confidence that is not a number from 0.5 up to below 1.

    Below one half the limits of several approximations change places, and nobody asks for such an
    interval on purpose: 0.05 is the risk, meant is 0.95.

    Parameters
    ----------
    confidence : float
        Level of a two-sided interval.

    Raises
    ------
    QualityDataError
        If it is not a number, below 0.5, or 1 and more.

    Examples
    --------
    >>> require_confidence(0.95)
    >>> require_confidence(95)
    Traceback (most recent call last):
    qtools.errors.QualityDataError: 置信水平 confidence=95 不在 0.5 和 1 之间。
    怎么办：95% 写成 0.95，不写 95，也不写 0.05。
    """
    if not is_number(confidence) or not 0.5 <= confidence < 1:
        raise QualityDataError(
            f"置信水平 confidence={confidence!r} 不在 0.5 和 1 之间。",
            hint="95% 写成 0.95，不写 95，也不写 0.05。",
        )


def is_number(value: object) -> bool:
    """是不是数 Whether an option is a real number: ``"3"``, ``True`` and complex are not.

    Examples
    --------
    >>> [is_number(value) for value in (3, 2.5, "3", True)]
    [True, True, False, False]
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def codes(frame: pd.DataFrame, column: str) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Labels of a column as integer codes and names, in order of first appearance.

    ``张三`` and ``张三 `` (or full-width ``Ａ`` and ``A``) would silently become two people, so
    labels that differ only by spaces or width are refused.

    Returns
    -------
    codes : ndarray of intp, shape (n,)
    names : list of str

    Raises
    ------
    QualityDataError
        If a label is blank, an error value or a stray date of Excel's, or if two labels differ
        only by spaces, width or letter case.
    """
    import numpy as np
    import pandas as pd

    series = frame[column]
    blank = series.isna().to_numpy()
    if blank.any():
        at = np.flatnonzero(blank)
        fill = "请补上；与上一行相同的也要写出来。"
        if frame.attrs.get("qtools_has_merged"):
            fill = "合并单元格请先取消合并并填满，每行写全。"
        raise QualityDataError(
            f"{source(frame)}列“{column}”有 {at.size} 个空格子。",
            hint=_footer(frame, at) + fill,
            rows=row_numbers(frame, at),
        )
    placed, levels = pd.factorize(series)
    if pd.api.types.is_integer_dtype(series):  # numbered labels cannot look alike
        return placed.astype(np.intp), [str(level) for level in levels.tolist()]
    written = [_label(level) for level in levels]
    dates = [hasattr(level, "isoformat") for level in levels]
    mixed = any(dates) and not all(dates)
    damaged = [
        text in _EXCEL_ERRORS or (mixed and date) for text, date in zip(written, dates, strict=True)
    ]
    if any(damaged):
        what = written[damaged.index(True)]
        raise QualityDataError(
            f"{source(frame)}列“{column}”里有 Excel 的错误值或自动变成的日期：“{what}”。",
            hint="请在 Excel 里把这一列设为“文本”格式，再重新填写这些格子。",
            rows=row_numbers(frame, np.flatnonzero(np.array(damaged)[placed])),
        )
    names = list(dict.fromkeys(written))
    if len(names) < len(written):  # the number 1 and the text 1 are one label
        place = {text: number for number, text in enumerate(names)}
        placed = np.array([place[text] for text in written])[placed]
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(plain(name), name)
        if other != name:
            # the rarer spelling is at fault; of two equally frequent ones, that with more spaces
            usual, rare = sorted(
                (other, name), key=lambda one: (-(placed == names.index(one)).sum(), len(one))
            )
            spaces = "".join(usual.split()) == "".join(rare.split())
            why = "只差全半角、大小写或空格"
            if spaces:
                why = f"{'多' if len(rare) > len(usual) else '少'}了空格（␣ 是一个空格）"
            raise QualityDataError(
                f"{source(frame)}列“{column}”里“{_visible(usual)}”和“{_visible(rare)}”看来是同一个，"
                f"{'后者' if spaces else ''}{why}。",
                hint=f"有问题的行写的是“{_visible(rare)}”，请改成“{_visible(usual)}”；"
                "若确实不同，请改成更容易区分的名字。",
                rows=row_numbers(frame, np.flatnonzero(placed == names.index(rare))),
            )
    return placed.astype(np.intp), names


def _visible(text: str) -> str:
    """Text whose spaces show."""
    return "".join("␣" if sign.isspace() else sign for sign in text)


def _label(level: object) -> str:
    """1.0 read from Excel is the label 1."""
    if isinstance(level, float) and level.is_integer():
        return str(int(level))
    return str(level)
