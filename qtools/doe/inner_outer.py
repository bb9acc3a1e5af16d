"""内外表 Inner and outer arrays crossed, and the readings gathered by inner run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.design import RUN, Design
from qtools.doe.factor import Factor
from qtools.doe.making import whole
from qtools.doe.reading import Experiment, read_experiment
from qtools.errors import QualityDataError
from qtools.result import Check

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

INNER, OUTER = "内表号", "外表号"


def cross(inner: Design, outer: Design, *, seed: int = 1) -> pd.DataFrame:
    """内外表 Every run of the control factors at every run of the noise factors.

    Parameters
    ----------
    inner, outer : Design
        Of the control factors (可控因子) and of the noise factors (噪声因子).
    seed : int
        Of the random order.

    Returns
    -------
    DataFrame
        One row a run, in the order in which they are made: ``试验序 内表号 外表号``, then the
        control factors, then the noise factors.

    Raises
    ------
    QualityDataError
        If a factor is in both designs.

    Examples
    --------
    >>> from qtools.doe.arrays import orthogonal_array
    >>> table = cross(orthogonal_array("L8", 7), orthogonal_array("L4", ["温度", "电压", "批"]))
    >>> len(table), list(table.columns[:4])
    (32, ['试验序', '内表号', '外表号', 'A'])
    """
    import pandas as pd

    known = {frames.plain(name) for name in (RUN, INNER, OUTER, *inner.names)}
    twice = [name for name in outer.names if frames.plain(name) in known]
    if twice:
        raise QualityDataError(
            f"“{'、'.join(twice)}”在内表和外表里都有，或与表头重名。",
            hint="一个因子要么可控（内表），要么是噪声（外表）；请换名字。",
        )
    whole("种子 seed", seed, least=0)
    n, m = inner.n_runs, outer.n_runs
    order = np.random.default_rng(seed).permutation(n * m)
    one, two = order // m, order % m
    head: dict[str, object] = {RUN: np.arange(1, n * m + 1), INNER: one + 1, OUTER: two + 1}
    for design, rows in ((inner, one), (outer, two)):
        for factor, column in zip(design.factors, design.points[rows].T, strict=True):
            head[factor.name] = factor.settings(column)
    return pd.DataFrame(head)


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """内表 Settings of the control factors as levels, and the readings of each.

    Parameters
    ----------
    factors : tuple of Factor
        As levels; numbers are sorted.
    points : ndarray of float64, shape (n, k)
        Coded levels of each inner run, in order of first appearance.
    readings : tuple of ndarray
        Of each inner run.
    rows : tuple of tuple of int
        Row numbers of the readings.
    checks : tuple of Check
    """

    factors: tuple[Factor, ...]
    points: Matrix
    readings: tuple[Vector, ...]
    rows: tuple[tuple[int, ...], ...]
    checks: tuple[Check, ...]

    @property
    def n(self) -> int:
        """Inner runs."""
        return len(self.readings)

    @property
    def counts(self) -> npt.NDArray[np.intp]:
        """Readings of each inner run."""
        return np.array([own.size for own in self.readings], dtype=np.intp)

    def settings(self, run: int) -> str:
        """Settings of an inner run in words."""
        return setting_text(self.factors, self.points[run])


def setting_text(factors: Sequence[Factor], point: Vector) -> str:
    """A combination of settings in words: ``温度 = 90，时间 = 120``."""
    return "，".join(
        f"{factor.name} = {factor.settings([value])[0]}"
        for factor, value in zip(factors, point.tolist(), strict=True)
    )


def gather(df: pd.DataFrame, factors: Sequence[str], response: str | Sequence[str]) -> Inner:
    """汇集 Rows with the same settings of the control factors are one inner run.

    Parameters
    ----------
    df : DataFrame
        One row a reading, or one row an inner run with several columns of readings.
    factors : sequence of str
    response : str or sequence of str
        Column or columns of readings.

    Raises
    ------
    QualityDataError
        As :func:`qtools.doe.reading.read_experiment`; also if all readings are equal.
    """
    columns = [response] if isinstance(response, str) else list(response)
    if not columns:
        raise QualityDataError("没有写明响应的列。", hint="写一列，或几列重复的读数。")
    if isinstance(factors, str) or not factors:
        raise QualityDataError("没有写明因子的列。", hint="用列名的列表写明。")
    frames.require_columns(df, [*factors, *columns])
    parts = [
        read_experiment(df, factors=factors, response=c, categorical=factors, constant=True)
        for c in columns
    ]
    levels = tuple(_sorted(factor) for factor in parts[0].factors)
    points = np.vstack([_recode(part, levels) for part in parts])
    y = np.concatenate([part.y for part in parts])
    rows = [row for part in parts for row in part.rows]
    if y.size < 2 or np.ptp(y) == 0:
        raise QualityDataError(
            f"{frames.source(df)}列“{'、'.join(columns)}”的 {y.size} 个结果全都相同，"
            "看不出任何效应。",
            hint="多半是分辨力不够，或没有填完。请核对原始记录。",
        )
    # in order of rows, then of columns
    order = np.lexsort((np.arange(y.size), np.array(rows)))
    cells: dict[tuple[float, ...], list[int]] = {}
    for place in order.tolist():
        cells.setdefault(tuple(np.round(points[place], 9).tolist()), []).append(place)
    checks = {check.text: check for part in parts for check in part.checks}
    return Inner(
        levels,
        np.array([points[own[0]] for own in cells.values()]),
        tuple(y[own] for own in cells.values()),
        tuple(tuple(rows[place] for place in own) for own in cells.values()),
        tuple(checks.values()),
    )


def _sorted(factor: Factor) -> Factor:
    """Levels that are numbers, from low to high."""
    try:
        return Factor(factor.name, tuple(sorted(factor.levels, key=float)))
    except ValueError:
        return factor


def _recode(part: Experiment, levels: tuple[Factor, ...]) -> Matrix:
    columns = [
        to.coded(own.settings(coded))
        for own, to, coded in zip(part.factors, levels, part.points.T, strict=True)
    ]
    return np.column_stack(columns)
