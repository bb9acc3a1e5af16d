"""三级变差 Three levels of variation: repetitions, days, runs; and differences among instruments.

Each row is one occasion: the mean and the standard deviation of J repetitions on one artefact.
Level 1 pools those standard deviations; level 2 pools the standard deviations of the occasions of
one run; level 3 those of the averages of the runs. All pool over artefacts, never over instruments:
instruments are what is compared. With K occasions in a run the three variances expect
σ²₁, σ²₁/J + σ²d and (σ²₁/J + σ²d)/K + σ²r. That is a balanced nested analysis of variance of which
the innermost level is known by summaries only, so ``variance_components`` cannot take it.

Two things go wrong in practice: level 3 is taken as known from all artefacts, though one run moves
them together (its effective degrees of freedom say so); and a bias is corrected that is another
in each run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.levels_clusters import split_days
from qtools.msa.levels_parts import InstrumentBias, InstrumentLevels
from qtools.msa.levels_result import LevelStudy
from qtools.variance import dust

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from qtools.variance import Codes, Vector

_SHOWN = 3  # missing combinations named in a message


def level_study(
    df: pd.DataFrame,
    *,
    value: str,
    sd: str,
    repeats: int,
    artefact: str | None = None,
    instrument: str | None = None,
    run: str | None = None,
    days: int = 1,
    confidence: float = 0.95,
) -> LevelStudy:
    r"""三级变差研究 Short-term, day-to-day and run-to-run variation of one or several instruments.

    Parameters
    ----------
    df : pandas.DataFrame
        One row an occasion (a day), in any order.
    value, sd : str
        Columns of the mean and the standard deviation of the repetitions of an occasion.
    repeats : int
        Repetitions of an occasion, J; at least 2.
    artefact, instrument, run : str, optional
        Columns of the artefacts measured, of the instruments compared, of the runs. Every
        instrument must have at least two occasions with every artefact in every run.
    days : int
        A value will be reported as the mean of so many days of ``repeats`` repetitions, in one run.
    confidence : float
        Level of the intervals; that of the differences among instruments holds jointly.

    Returns
    -------
    LevelStudy

    Raises
    ------
    QualityDataError
        If columns or options cannot be used, a combination has fewer than two rows, or the
        standard deviations are negative or all 0.

    Notes
    -----
    :math:`s_d^2 = s_2^2 - s_1^2/J`, :math:`s_r^2 = s_3^2 - s_2^2/K` with MLS intervals; a negative
    one counts as 0. The standard uncertainty (type A) of a reported value is
    :math:`u^2 = s_r^2 + s_d^2/M + s_1^2/(JM) + u_b^2` for M days. A bias is the deviation from the
    average of all instruments; an instrument is corrected only if it deviates in the same sense in
    every run (joint intervals, Bonferroni, from the instrument × artefact residuals of all runs).
    :math:`u_b` is the standard error of the mean deviation, from cells or from runs, whichever is
    larger; without a correction the mean deviation itself is added. Degrees of freedom of u:
    Welch–Satterthwaite; those of level 3 allow for runs that move all artefacts together.
    Where occasions are uneven, K is their harmonic mean, and the intervals are approximate.

    References
    ----------
    NIST/SEMATECH e-Handbook of Statistical Methods (2012), 2.4.3 to 2.4.5, 2.5.3.1, 2.6.1, 2.6.3.

    Examples
    --------
    >>> import qtools as qt
    >>> study = qt.msa.level_study(qt.load("resistivity"), value="电阻率", sd="标准差", repeats=6,
    ...     artefact="晶片", instrument="探针", run="轮次")
    >>> used = study.used
    >>> used.name, [round(s, 4) for s in used.sds]
    ('2362', [0.0729, 0.0362, 0.0196])
    """
    _require_counts(repeats, days)
    frames.require_confidence(confidence)
    keys = (artefact, instrument, run)
    used = [value, sd, *(key for key in keys if key is not None)]
    frames.require_columns(df, used)
    y, s = frames.numbers(df, value), _sds(df, sd)
    groups = [
        (np.zeros(len(df), np.intp), [""]) if key is None else frames.codes(df, key) for key in keys
    ]
    cells = _cells(df, y, s, [codes for codes, _ in groups], [names for _, names in groups], keys)
    runs = groups[2][1]
    levels = tuple(
        _levels(name, cells.of(place), repeats) for place, name in enumerate(groups[1][1])
    )
    return LevelStudy(
        value=value,
        columns=keys,
        artefacts=tuple(groups[0][1]),
        runs=tuple(runs),
        codes=(groups[0][0], groups[1][0], groups[2][0]),
        deviations=cells.from_artefact(groups[0][0]),
        repeats=repeats,
        days=days,
        even=bool(cells.counts.min() == cells.counts.max()),
        levels=levels,
        biases=_biases(cells, confidence) if len(levels) > 1 else (),
        confidence=confidence,
        clusters=split_days(df, y, s / repeats**0.5, [codes for codes, _ in groups], used),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Sums over cells, arrays of shape (artefacts, instruments, runs); y from which y₀ is taken."""

    y: Vector
    counts: npt.NDArray[np.intp]
    means: Vector
    within: Vector  # sum of squares of occasions about their cell's mean
    short: Vector  # sum of the squared standard deviations of occasions

    def of(self, instrument: int) -> _Cells:
        """Those of one instrument, shape (artefacts, runs)."""
        at = (slice(None), instrument)
        return _Cells(self.y, self.counts[at], self.means[at], self.within[at], self.short[at])

    def from_artefact(self, artefact: Codes) -> Vector:
        """Readings as deviations from their artefact's average, each cell counting alike."""
        out: Vector = self.y - self.means.mean(axis=(1, 2))[artefact]
        return out


def _cells(
    df: pd.DataFrame,
    y: Vector,
    s: Vector,
    codes: list[Codes],
    names: list[list[str]],
    columns: tuple[str | None, ...],
) -> _Cells:
    shape = tuple(map(len, names))
    cell = np.ravel_multi_index(tuple(codes), shape)
    size = int(np.prod(shape))
    counts = np.bincount(cell, minlength=size)
    few = np.flatnonzero(counts < 2)
    if few.size:
        shown = "；".join(
            "、".join(
                f"{column} {names[axis][place]}"
                for axis, (column, place) in enumerate(
                    zip(columns, np.unravel_index(one, shape), strict=True)
                )
                if column is not None
            )
            or "全部数据"
            for one in few[:_SHOWN]
        )
        more = " 等" if few.size > _SHOWN else ""
        raise QualityDataError(
            f"{frames.source(df)}有 {few.size} 个组合不到 2 行（2 天）：{shown}{more}，"
            "日间变差无从比较。",
            hint="每种组合至少测 2 天；补测，或删去不全的那一项并说明理由。",
            rows=frames.row_numbers(df, np.flatnonzero(np.isin(cell, few))),
        )
    shifted = y - y[0]
    means = np.bincount(cell, shifted, size) / counts
    rest = shifted - means[cell]
    slip = np.bincount(cell, rest, size) / counts
    means, rest = means + slip, rest - slip[cell]
    within = np.bincount(cell, rest**2, size).astype(np.float64)
    within[within <= dust(y)] = 0.0
    short = np.bincount(cell, s**2, size).astype(np.float64)
    return _Cells(
        shifted,
        counts.reshape(shape),
        means.reshape(shape),
        within.reshape(shape),
        short.reshape(shape),
    )


def _levels(name: str, cells: _Cells, repeats: int) -> InstrumentLevels:
    """Variances at the three levels and their degrees of freedom, of one instrument."""
    artefacts, runs = cells.means.shape
    n = int(cells.counts.sum())
    df2 = n - cells.counts.size
    variances = [float(cells.short.sum() / n), float(cells.within.sum() / df2)]
    df: list[float] = [n * (repeats - 1), df2]
    nominal = artefacts * (runs - 1)
    if nominal:
        moved = cells.means - cells.means.mean(axis=1, keepdims=True)
        common = moved.mean(axis=0)
        together = artefacts * float(np.sum(common**2))
        apart = float(np.sum((moved - common) ** 2))
        variances.append((together + apart) / nominal)
        df.append(_effective(together, runs - 1, apart, nominal - runs + 1))
    return InstrumentLevels(
        name=name,
        variances=tuple(variances),
        df=tuple(df),
        nominal=nominal,
        repeats=repeats,
        occasions=float(1 / np.mean(1 / cells.counts)),
        short_by_run=tuple((cells.short.sum(axis=0) / cells.counts.sum(axis=0)).tolist()),
        df_by_run=tuple(((repeats - 1) * cells.counts.sum(axis=0)).tolist()),
        shifts=cells.means.mean(axis=0) - cells.means.mean(),
    )


def _effective(together: float, df: int, apart: float, df_apart: int) -> float:
    """Degrees of freedom of what runs do to all artefacts and to each, Satterthwaite's.

    Never more than nominal; where artefacts do not move together, about nominal.
    """
    below = together**2 / df + (apart**2 / df_apart if df_apart else 0.0)
    return (together + apart) ** 2 / below if below > 0 else float(df + df_apart)


def _biases(cells: _Cells, confidence: float) -> tuple[InstrumentBias, ...]:
    """Deviations of each instrument from the average of all, by run and over all."""
    from scipy.special import stdtr, stdtrit

    artefacts, instruments, runs = cells.means.shape
    off = cells.means - cells.means.mean(axis=1, keepdims=True)
    by_run = off.mean(axis=0)  # (instruments, runs)
    mean = by_run.mean(axis=1)
    df = (instruments - 1) * (artefacts - 1) * runs
    error = float(np.sum((off - by_run) ** 2)) / max(df, 1)  # of a cell mean
    if df == 0:  # one artefact: from its occasions
        df = int(np.sum(cells.counts - 1))
        error = float(np.mean(cells.within / (cells.counts - 1) / cells.counts))
    if error <= dust(cells.y) / cells.y.size:
        raise QualityDataError(
            "各台仪器之间的差在每个样件上都分毫不差，估不出这个差有多准。",
            hint="请核对数据是不是照抄的；也可以不写仪器所在的列，逐台分析。",
        )
    se = (error * (1 - 1 / instruments) / artefacts) ** 0.5
    half = float(stdtrit(df, 1 - (1 - confidence) / (2 * instruments * runs))) * se
    pairs = instruments * runs * (runs - 1) / 2
    moved = np.ptp(by_run, axis=1) / (se * 2**0.5)
    out = []
    for place in range(instruments):
        spreads = [(se**2 / runs, df)]
        if runs > 1:
            by_cell = float(np.sum((off[:, place] - mean[place]) ** 2)) / (artefacts * runs - 1)
            shared = float(np.sum((by_run[place] - mean[place]) ** 2)) / (runs - 1)
            spreads = [
                (by_cell / (artefacts * runs), artefacts * runs - 1),
                (shared / runs, runs - 1),
            ]
        variance, own_df = max(spreads)
        tail = 2 * pairs * float(stdtr(df, -moved[place]))
        out.append(
            InstrumentBias(
                mean=float(mean[place]),
                by_run=tuple(by_run[place].tolist()),
                half=half,
                se=variance**0.5,
                df=own_df,
                moved_p=min(1.0, tail) if runs > 1 else None,
            )
        )
    return tuple(out)


def _sds(df: pd.DataFrame, column: str) -> Vector:
    sds = frames.numbers(df, column)
    wrong = np.flatnonzero(sds < 0)
    if wrong.size or not sds.any():
        what = f"有 {wrong.size} 个负数" if wrong.size else "全是 0"
        raise QualityDataError(
            f"{frames.source(df)}列“{column}”{what}，不是标准差。",
            hint="这一列要填每天那几次重复读数的标准差；请核对。",
            rows=frames.row_numbers(df, wrong),
        )
    return sds


def _require_counts(repeats: object, days: object) -> None:
    if repeats is None:
        raise QualityDataError(
            "没有写每天重复几次（repeats）：表里只有平均和标准差，这个数看不出来。",
            hint="请按你的记录写明，2 以上的整数。",
        )
    for name, value, least in (("重复次数 repeats", repeats, 2), ("天数 days", days, 1)):
        if not frames.is_number(value) or value != int(value) or value < least:  # type: ignore[call-overload,operator]
            raise QualityDataError(f"{name}={value!r} 不能用。", hint=f"写 {least} 以上的整数。")
