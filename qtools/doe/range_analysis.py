"""直观分析 Level means and ranges of an orthogonal array, and the error they are set against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools import frames
from qtools.doe.factor import Factor
from qtools.doe.fit import fit
from qtools.doe.inner_outer import gather
from qtools.doe.range_result import LevelAnalysis
from qtools.doe.terms import ModelMatrix, read_terms
from qtools.errors import QualityDataError
from qtools.result import Check

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

Goal = Literal["larger", "smaller", "target"]
GOALS: tuple[Goal, ...] = ("larger", "smaller", "target")


def range_analysis(
    df: pd.DataFrame,
    *,
    factors: Sequence[str],
    response: str | Sequence[str],
    goal: Goal = "larger",
    target: float | None = None,
    interactions: Sequence[str] = (),
    pool: Sequence[str] = (),
    confidence: float = 0.95,
) -> LevelAnalysis:
    """直观分析 Mean of each level, range R of each factor, and the analysis of variance behind it.

    Every factor counts as levels. The error is what is left: empty columns, columns of factors
    named in ``pool``, and repeats; without any of these a range has nothing to be compared with,
    and the result says so.

    Parameters
    ----------
    df : DataFrame
        One row a run; repeats are further rows, or further columns of readings.
    factors : sequence of str
        Columns of settings.
    response : str or sequence of str
        Column or columns of readings.
    goal : {"larger", "smaller", "target"}
        Which mean is best.
    target : float, optional
        For ``goal="target"``.
    interactions : sequence of str
        Interactions that have columns of their own: ``["温度×时间"]``.
    pool : sequence of str
        Factors whose columns are counted as error (合并误差).
    confidence : float
        Level of the intervals.

    Raises
    ------
    QualityDataError
        If data or options are unusable, or the terms cannot be told apart.

    References
    ----------
    Taguchi (1987), *System of Experimental Design*, vol. 1.

    Examples
    --------
    >>> import pandas as pd
    >>> sheet = pd.DataFrame({"温度": [80] * 3 + [85] * 3 + [90] * 3, "时间": [90, 120, 150] * 3,
    ...                       "转化率": [31, 54, 38, 53, 49, 42, 57, 62, 64]})
    >>> found = range_analysis(sheet, factors=["温度", "时间"], response="转化率")
    >>> [float(mean) for mean in found.means[0]], found.ranges
    ([41.0, 48.0, 61.0], (20.0, 8.0))
    """
    frames.require_confidence(confidence)
    read_goal(goal, target)
    inner = gather(df, factors, response)
    points = np.repeat(inner.points, inner.counts, axis=0)
    what = response if isinstance(response, str) else "响应"
    return analyze_levels(
        what, inner.factors, points, np.concatenate(inner.readings), goal=goal, target=target,
        interactions=interactions, pool=pool, confidence=confidence, checks=inner.checks,
    )  # fmt: skip


def read_goal(goal: str, target: float | None) -> None:
    """Refuse a goal that is none, and a target that is missing or not asked for."""
    if goal not in GOALS:
        raise QualityDataError(
            f"目标 {goal!r} 不对。", hint="望大写 larger，望小写 smaller，望目写 target。"
        )
    if (goal == "target") != (target is not None):
        raise QualityDataError(
            "望目（target）要写出目标值，别的不要写。", hint="例如 goal='target', target=50。"
        )
    if target is not None and not (frames.is_number(target) and np.isfinite(target)):
        raise QualityDataError(f"目标值 {target!r} 不是数。", hint="写一个数。")


def analyze_levels(
    what: str,
    factors: tuple[Factor, ...],
    points: Matrix,
    y: Vector,
    *,
    goal: Goal | None,
    target: float | None = None,
    interactions: Sequence[str] = (),
    pool: Sequence[str] = (),
    confidence: float = 0.95,
    checks: tuple[Check, ...] = (),
    condensed: bool = False,
) -> LevelAnalysis:
    """Level means and their analysis of variance, from coded points."""
    names = [factor.name for factor in factors]
    wrong = [name for name in pool if name not in names]
    if wrong:
        raise QualityDataError(
            f"要并入误差的“{'、'.join(map(str, wrong))}”不是因子。",
            hint=f"因子有：{'、'.join(names)}。",
        )
    kept = [name for name in names if name not in pool]
    if not kept:
        raise QualityDataError("全部因子都并入误差了。", hint="至少留一个。")
    terms = read_terms([*kept, *interactions], factors)
    found = fit(ModelMatrix(factors, terms, points), y)
    if not _balanced(factors, points):
        text = (
            "各因子的水平没有均衡搭配（缺了试验，或不是正交表）：水平均值里混着别的因子，"
            "极差不能照字面比；方差分析已按第三类平方和扣除。"
        )
        checks = (*checks, Check("range-analysis.unbalanced", text))
    if pool:
        text = (
            f"{'、'.join(pool)}并入了误差。若是看了极差才挑出最小的几个来并，"
            "误差偏小，显著的因子会太多。"
        )
        checks = (*checks, Check("range-analysis.pooled", text))
    return LevelAnalysis(
        what, factors, found, goal, target, tuple(pool), confidence, checks, condensed
    )


def _balanced(factors: tuple[Factor, ...], points: Matrix) -> bool:
    k = len(factors)
    for a in range(k):
        for b in range(a):
            one, two = (np.round(points[:, i], 9) for i in (a, b))
            counts = [
                int(((one == u) & (two == v)).sum()) for u in np.unique(one) for v in np.unique(two)
            ]
            if len(set(counts)) > 1:
                return False
    return True
