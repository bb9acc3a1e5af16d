"""试验单 The sheet that a workshop fills in, and the check that nobody changed its settings.

Each row carries a code made of its number in the design and a checksum of its settings. What comes
back is recomputed row by row, so that an edited setting, a lost row and a row entered twice are
seen, whatever program the sheet went through.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING
from zlib import crc32

from qtools import frames
from qtools.doe.design import CODE, HEADS, STANDARD, Design
from qtools.doe.factor import Factor, Setting
from qtools.errors import QualityDataError
from qtools.result import Check

if TYPE_CHECKING:
    import pandas as pd


def run_sheet(design: Design, responses: str | Sequence[str] = ("响应",)) -> pd.DataFrame:
    """试验单 Runs in the order in which they are made, with codes and empty responses.

    Parameters
    ----------
    design : Design
    responses : str or sequence of str
        Columns to be filled in.

    Returns
    -------
    DataFrame
        Columns of :attr:`Design.runs`, then ``核对码``, then the responses.

    Raises
    ------
    QualityDataError
        If no response is named, or one has the name of a factor or of another column.

    Examples
    --------
    >>> from qtools.doe.factorial import full_factorial
    >>> sheet = run_sheet(full_factorial({"温度": (160, 180)}, seed=1), ["强度"])
    >>> list(sheet.columns)
    ['试验序', '标准序', '温度', '核对码', '强度']
    """
    if isinstance(responses, str):
        responses = [responses]
    sheet = design.runs
    for factor in design.factors:
        sheet[factor.name] = _settable(factor, sheet[factor.name].tolist())
    taken = {frames.plain(name) for name in (*HEADS, *design.names)}
    for name in responses:
        if frames.plain(str(name)) in taken:
            raise QualityDataError(f"响应“{name}”与别的列重名。", hint="请换一个名字。")
        taken.add(frames.plain(str(name)))
    if not responses:
        raise QualityDataError("没有写响应的名字。", hint="至少写一个，例如 强度。")
    names = list(design.names)
    n = design.n_runs
    sheet[CODE] = [
        _code(standard, n, dict(zip(names, row, strict=True)))
        for standard, row in zip(
            sheet[STANDARD], sheet[names].itertuples(index=False, name=None), strict=True
        )
    ]
    for name in responses:
        sheet[name] = None
    return sheet


def verify_sheet(df: pd.DataFrame) -> tuple[Check, ...]:
    """核对试验单 Refuse a sheet whose settings were edited; say which runs are missing.

    A frame without the column ``核对码`` was not made here and is not checked.

    Parameters
    ----------
    df : DataFrame
        As it came back.

    Returns
    -------
    tuple of Check
        ``doe.missing-run`` if rows of the design are absent.

    Raises
    ------
    QualityDataError
        If settings or headings were edited, a run appears twice, or a row has no code.
    """
    if CODE not in df.columns:
        return ()
    columns = [str(name) for name in df.columns]
    names = [name for name in columns[: columns.index(CODE)] if name not in HEADS]
    rows = [dict(zip(names, row, strict=True)) for row in df[names].itertuples(False, None)]
    read = [re.fullmatch(r"\s*(\d+)/(\d+)-([0-9a-f]{5})\s*", str(text)) for text in df[CODE]]
    bare = [place for place, found in enumerate(read) if found is None]
    if bare:
        raise QualityDataError(
            f"{frames.source(df)}有 {len(bare)} 行的“{CODE}”是空的或被改过。",
            hint="试验单里的行不要自己添；加做的试验请另出一张试验单。",
            rows=frames.row_numbers(df, bare),
        )
    found = [(int(m[1]), int(m[2]), m[0].strip()) for m in read if m]
    sizes = {n for _, n, _ in found}
    if len(sizes) > 1:
        raise QualityDataError(
            f"{frames.source(df)}数据里混着几张试验单的行。",
            hint=f"一次只分析一张试验单；这里有 {'、'.join(map(str, sorted(sizes)))} 次的。",
        )
    edited = [
        place
        for place, ((standard, n, code), row) in enumerate(zip(found, rows, strict=True))
        if _code(standard, n, row) != code
    ]
    if edited:
        units = _with_units(df, names, edited)
        if units:
            raise units
        raise QualityDataError(
            f"{frames.source(df)}有 {len(edited)} 行的因子设置与试验单不符，改过了。",
            hint="请把设置改回试验单上的值；若当时真的按别的设置做了，就删去“核对码”一列，"
            "按实际的设置分析，并在报告里写明。改过因子的列名，也请改回。",
            rows=frames.row_numbers(df, edited),
        )
    standards = [standard for standard, _, _ in found]
    twice = [place for place, one in enumerate(standards) if standards.index(one) < place]
    if twice:
        raise QualityDataError(
            f"{frames.source(df)}同一次试验出现了两遍。",
            hint="请删去复制出来的行；重复做的试验要用有重复的试验单。",
            rows=frames.row_numbers(df, twice),
        )
    (n,) = sizes
    lost = sorted(set(range(1, n + 1)) - set(standards))
    if not lost:
        return ()
    listed = "、".join(map(str, lost[:8])) + ("等" if len(lost) > 8 else "")
    text = (
        f"试验单上的 {n} 次试验缺了 {len(lost)} 次（标准序 {listed}），设计不再正交，"
        "估计值互相牵连，区间变宽；能补做就补做。"
    )
    return (Check("doe.missing-run", text),)


def _with_units(
    df: pd.DataFrame, names: Sequence[str], rows: Sequence[int]
) -> QualityDataError | None:
    """The error for a setting typed with its unit; None where that is not what happened."""
    for name in names:
        typed = [df[name].iloc[place] for place in rows]
        odd = [place for place, value in zip(rows, typed, strict=True) if isinstance(value, str)]
        numbers = sum(frames.is_number(value) for value in df[name])
        if odd and numbers:
            return QualityDataError(
                f"{frames.source(df)}因子“{name}”里写的是“{df[name].iloc[odd[0]]}”，不是数字。",
                hint="设置只写数字，不带单位，与试验单上的一样。",
                rows=frames.row_numbers(df, odd),
            )
    return None


def _settable(factor: Factor, settings: Sequence[Setting]) -> list[Setting]:
    """Settings to a thousandth of the range: nobody turns a knob to 184.142136.

    Levels as they were given and the middle stay what they are.
    """
    if not factor.continuous:
        return list(settings)
    low, high = float(factor.levels[0]), float(factor.levels[-1])
    kept = {*factor.levels, *factor.settings([0.0])}
    decimals = 3 - math.floor(math.log10(high - low))
    return [s if s in kept else round(float(s), decimals) for s in settings]


def _code(standard: int, n: int, settings: Mapping[str, object]) -> str:
    words = [f"{standard}/{n}"]
    for name, value in settings.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        words.append(f"{name.strip()}=" + (f"{value:.10g}" if number else str(value).strip()))
    return f"{words[0]}-{crc32('|'.join(words).encode('utf-8')) & 0xFFFFF:05x}"
