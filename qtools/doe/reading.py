"""读试验数据 The table of an experiment as coded points and responses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.design import STANDARD
from qtools.doe.factor import Factor, Setting
from qtools.doe.sheet import verify_sheet
from qtools.errors import QualityDataError
from qtools.result import Check
from qtools.variance import flat

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

# ways to write low, middle and high; one column keeps to one of them
_VOCABULARIES: tuple[tuple[str, str, str], ...] = (
    ("低", "中", "高"),
    ("-", "0", "+"),
    ("-1", "0", "+1"),
    ("-1", "0", "1"),
    ("小", "中", "大"),
    ("low", "mid", "high"),
    ("l", "m", "h"),
    ("s", "m", "l"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """试验数据 Coded points and the response of each, as read.

    Parameters
    ----------
    factors : tuple of Factor
    points : ndarray of float64, shape (n, k)
        Coded settings.
    y : ndarray of float64, shape (n,)
    response : str
        Its column.
    rows : tuple of int
        Row numbers as the reader sees them.
    blocks : ndarray of intp, shape (n,)
        All 0 without blocks.
    block_names : tuple of str
    checks : tuple of Check
        Missing runs, blank responses.
    """

    factors: tuple[Factor, ...]
    points: Matrix
    y: Vector
    response: str
    rows: tuple[int, ...]
    blocks: Codes
    block_names: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(factor.name for factor in self.factors)


def read_experiment(
    df: pd.DataFrame,
    *,
    factors: Sequence[str],
    response: str,
    block: str | None = None,
    coding: Mapping[str, Sequence[Setting]] | None = None,
    categorical: Sequence[str] = (),
    constant: bool = False,
) -> Experiment:
    """读试验数据 Factors, coded points and one response from a long table.

    A column of numbers is a continuous factor, coded −1 at its lowest and +1 at its highest value
    unless ``coding`` says otherwise. A column of texts is categorical; 低/高, −/+ and the like are
    put in order, other words as they come in the standard order of a design (``标准序``), or in
    the rows. Runs whose response is blank are left out with a caveat. A sheet made by
    :func:`qtools.doe.run_sheet` is checked against its codes.

    Parameters
    ----------
    df : DataFrame
        One row a run.
    factors : sequence of str
        Columns of settings.
    response : str
        Column of the response.
    block : str, optional
        Column of blocks.
    coding : mapping of str to sequence, optional
        Settings of numeric factors that are coded −1 and +1; of texts, all settings in order.
    categorical : sequence of str
        Numeric columns whose numbers are only names.
    constant : bool
        Whether a response that never varies is let through.

    Raises
    ------
    QualityDataError
        If a column is missing or unusable, a factor has one setting only, settings are written in
        several ways, the response is text or constant, or the sheet was edited.
    """
    if isinstance(factors, str) or not factors:
        raise QualityDataError(
            "没有写明因子的列。", hint="用列名的列表写明，例如 ['速度', '进给']。"
        )
    columns = [*factors, response] + ([block] if block else [])
    frames.require_columns(df, columns)
    checks = list(verify_sheet(df))
    blank = df[response].isna().to_numpy()
    if blank.all():
        raise QualityDataError(
            f"{frames.source(df)}列“{response}”全是空的。", hint="请填上试验结果再分析。"
        )
    if blank.any():
        at = frames.row_numbers(df, np.flatnonzero(blank))
        listed = "、".join(map(str, at[:5])) + ("等" if len(at) > 5 else "")
        text = (
            f"第 {listed} 行的“{response}”是空的，这 {len(at)} 次试验没有用上；"
            "设计不再正交，区间变宽，能补做就补做。"
        )
        checks.append(Check("doe.missing-run", text))
    y = _response(df, blank, response)
    if not constant and (y.size < 2 or flat(y)):
        raise QualityDataError(
            f"{frames.source(df)}列“{response}”的 {y.size} 个结果全都相同，看不出任何效应。",
            hint="多半是分辨力不够，或没有填完。请核对原始记录。",
        )
    coding = dict(coding or {})
    found = [_factor(df, name, coding.get(name), name in categorical) for name in factors]
    points = np.column_stack([coded for _, coded in found])[~blank]
    blocks, names = np.zeros(len(df), dtype=np.intp), ["1"]
    if block:
        blocks, names = frames.codes(df, block)
    rows = tuple(frames.row_numbers(df, np.flatnonzero(~blank)))
    return Experiment(
        tuple(factor for factor, _ in found), points, y, response, rows,
        blocks[~blank], tuple(names), tuple(checks),
    )  # fmt: skip


def _response(df: pd.DataFrame, blank: npt.NDArray[np.bool_], response: str) -> Vector:
    """Numbers of the rows that have one, with the row numbers of the whole table in errors."""
    if not blank.any():
        return frames.numbers(df, response).copy()
    filled = df.assign(**{response: df[response].mask(blank, 0.0)})
    filled.attrs.update(df.attrs)
    return frames.numbers(filled, response)[~blank]


def _factor(
    df: pd.DataFrame, name: str, coding: Sequence[Setting] | None, categorical: bool
) -> tuple[Factor, Vector]:
    import pandas as pd

    series = df[name]
    numeric = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    if numeric and not categorical:
        values = frames.numbers(df, name)
        low, high = float(values.min()), float(values.max())
        if low >= high:
            raise _constant(df, name, f"{values[0]:g}")
        if coding is not None:
            low, high = _ends(name, coding)
        factor = Factor(name, (low, high))
        return factor, factor.coded(values)
    if not numeric:
        _one_way_of_writing(df, name)
    codes, labels = frames.codes(df, name)
    if len(labels) < 2:
        raise _constant(df, name, labels[0])
    order = _in_order(df, name, labels) if coding is None else [str(level) for level in coding]
    if unknown := [label for label in labels if label not in order]:
        raise QualityDataError(
            f"{frames.source(df)}因子“{name}”的水平“{'、'.join(unknown)}”不在给出的次序里。",
            hint=f"给出的是：{'、'.join(order)}；文字的因子要写出全部水平。",
        )
    factor = Factor(name, tuple(order))
    return factor, factor.coded([labels[code] for code in codes])


def _constant(df: pd.DataFrame, name: str, level: str) -> QualityDataError:
    return QualityDataError(
        f"{frames.source(df)}因子“{name}”只有一个水平（{level}），看不出它的效应。",
        hint="把它从因子里去掉，或补做另一个水平的试验。",
    )


def _ends(name: str, coding: Sequence[Setting]) -> tuple[float, float]:
    if len(coding) != 2 or not all(map(frames.is_number, coding)) or coding[0] >= coding[1]:  # type: ignore[operator]
        raise QualityDataError(
            f"因子“{name}”的编码 {coding!r} 看不懂。", hint="写成 (低, 高)，两个不同的数。"
        )
    return float(coding[0]), float(coding[1])


def _in_order(df: pd.DataFrame, name: str, labels: Sequence[str]) -> list[str]:
    """Labels from low to high where they are words for that, else as in the standard order."""
    plain = [_plain(label) for label in labels]
    for words in _VOCABULARIES:
        if set(plain) <= set(words):
            return [label for _, label in sorted(zip(map(words.index, plain), labels, strict=True))]
    if STANDARD in df.columns and df[STANDARD].dtype.kind in "iuf":
        labels = frames.codes(df.sort_values(STANDARD, kind="stable"), name)[1]
    return list(labels)


def _one_way_of_writing(df: pd.DataFrame, name: str) -> None:
    """Refuse a column in which one setting is written as 高 here and as + or 1 there."""
    texts = [str(value).strip() for value in df[name].dropna()]
    plain = [_plain(text) for text in texts]
    distinct = dict.fromkeys(plain)
    if any(set(distinct) <= set(words) for words in _VOCABULARIES):
        return
    signs = {word for words in _VOCABULARIES for word in words}
    mixed = [word for word in distinct if word in signs]
    numbers = [word for word in distinct if _is_number(word)]
    if len(mixed) < 2 and not (numbers and len(numbers) < len(distinct)):
        return
    usual = max(_VOCABULARIES, key=lambda words: sum(word in words for word in plain))
    odd = [place for place, word in enumerate(plain) if word not in usual]
    shown = "、".join(f"“{word}”" for word in list(distinct)[:6])
    places = np.flatnonzero(df[name].notna().to_numpy())[odd]
    raise QualityDataError(
        f"{frames.source(df)}因子“{name}”的水平有几种写法混着：{shown}。",
        hint="同一个因子只用一种写法：都写高、低，或都写 +、-，或都写数字。",
        rows=frames.row_numbers(df, places),
    )


def _plain(text: str) -> str:
    """Text without what the eye does not see; the minus sign and dashes are one."""
    return re.sub("[−–—]", "-", frames.plain(text))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
