"""数据表检查 What every method asks of a table before it computes: columns, numbers, labels.

Row numbers in messages are those the reader sees: ``qt.load`` notes in ``df.attrs`` the file and
the row of its first record; a frame made in memory counts from 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING

from qtools.errors import QualityDataError
from qtools.headings import near, plain, wide

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = [
    "codes",
    "is_number",
    "missing_hint",
    "near",
    "numbers",
    "plain",
    "require_columns",
    "require_confidence",
    "row_numbers",
    "source",
    "wide",
]

_FOOTER = 3  # rows of totals and signatures; more faults than that are something else
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


def require_table(frame: object) -> None:
    """Refuse what is no table, such as the name of a file.

    Examples
    --------
    >>> require_table("我的数据.xlsx")
    Traceback (most recent call last):
    qtools.errors.QualityDataError: 要一张表（DataFrame），收到的是 str。
    怎么办：文件先读进来：df = qt.load("我的数据.xlsx")，再把 df 交给它。
    """
    if not hasattr(frame, "columns") or not hasattr(frame, "attrs"):
        raise QualityDataError(
            f"要一张表（DataFrame），收到的是 {type(frame).__name__}。",
            hint='文件先读进来：df = qt.load("我的数据.xlsx")，再把 df 交给它。',
        )


def require_columns(frame: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Refuse a frame that lacks a column, naming those it has.

    Raises
    ------
    QualityDataError
        If it is no frame, or empty, or a wanted column is absent, repeated, or asked for twice.
    """
    require_table(frame)
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
        hint = "请检查文件和工作表。"
        sheets = frame.attrs.get("qtools_sheet"), *frame.attrs.get("qtools_other_sheets", ())
        if sheets[0] == "数据" and "示例" in sheets:  # a template as it was written
            hint = "请先在工作表“数据”里填，每行一条记录；样子见工作表“示例”。"
        raise QualityDataError(f"{source(frame)}数据一行也没有。", hint=hint)


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
    """A word about totals and signatures, if the last record is among the rows at fault.

    Not where the faults go on above it, nor where the frame ends before the file does.
    """
    at, last = {int(place) for place in places}, len(frame) - 1
    if last not in at or set(range(max(last - _FOOTER, 0), last)) <= at:
        return ""
    (row,) = row_numbers(frame, [last])
    if row != frame.attrs.get("qtools_last_row", row):
        return ""
    return f"表尾的第 {row} 行若是合计、审核或签名，就删去它；不是的话，"


def numbers(
    frame: pd.DataFrame, column: str, *, blank: float | None = None
) -> npt.NDArray[np.float64]:
    """Column as float64, refusing text, blanks and infinities with their rows.

    Nothing is coerced silently: ``"12.3 mm"`` and ``"—"`` are errors here, not missing values.

    Parameters
    ----------
    frame : pandas.DataFrame
    column : str
    blank : float, optional
        What blank cells stand for; without it they are refused.

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
    empty = series.isna().to_numpy()
    wrong = np.flatnonzero(~np.isfinite(converted) & ~empty)
    if wrong.size:
        what, how = _not_numbers([series.iloc[place] for place in wrong])
        raise QualityDataError(
            f"{source(frame)}列“{column}”里有{what}。",
            hint=_footer(frame, wrong) + how,
            rows=row_numbers(frame, wrong),
        )
    if blank is not None:
        converted = np.where(empty, blank, converted)
    elif empty.any():
        at = np.flatnonzero(empty)
        raise QualityDataError(
            f"{source(frame)}列“{column}”有 {at.size} 个空格子。",
            hint=_footer(frame, at) + "请补上数据，或先删去这些行并说明理由。",
            rows=row_numbers(frame, at),
        )
    return converted


def _not_numbers(cells: Sequence[object]) -> tuple[str, str]:
    """What is wrong with cells that hold no numbers, and what to do about it."""
    shown = "、".join(f"“{_label(cell)}”" for cell in cells[:3])
    if all(hasattr(cell, "isoformat") for cell in cells):
        return (
            f"不是数字的内容（日期）：{shown}",
            "多半是 Excel 自动改成的；请把格子设为“数值”格式，再重新填数。",
        )
    if all(isinstance(cell, str) and not cell.isascii() and _is_plain(cell) for cell in cells):
        return (
            f"不是数字的内容（用全角字符写的数）：{shown}",
            "请改成半角：在 Excel 里用 =ASC(格子) 转换，再粘贴为数值；"
            "在 Python 里也可以写 qt.load(文件, units=True)。",
        )
    return f"不是数字的内容：{shown}", "请在原文件里改成数字；单位写在列名里，不要写在格子里。"


def _is_plain(text: str) -> bool:
    """Whether a text is a number but for the width of its characters."""
    try:
        float(plain(text).replace("−", "-"))
    except ValueError:
        return False
    return True


def require_confidence(confidence: float, name: str = "置信水平 confidence") -> None:
    """置信水平检查 Refuse a level of confidence that is not a number from 0.5 up to below 1.

    Below one half the limits of several approximations change places, and nobody asks for such an
    interval on purpose: 0.05 is the risk, meant is 0.95.

    Parameters
    ----------
    confidence : float
        Level of a two-sided interval.
    name : str
        What messages call it: its Chinese name and that of the argument.

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
            f"{name}={confidence!r} 不在 0.5 和 1 之间。",
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
    """1.0 read from Excel is the label 1; a day has no hour."""
    if hasattr(level, "isoformat"):
        return str(level).removesuffix(" 00:00:00")
    if isinstance(level, float) and level.is_integer():
        return str(int(level))
    return str(level)
