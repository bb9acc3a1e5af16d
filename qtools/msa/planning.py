"""量具研究的设计 How many parts, operators and trials a gauge study needs for a useful answer.

Each design of a grid is judged by the limits of %GRR that a crossed study would give if its mean
squares came out as expected. With the total variance 1, g = (%GRR/100)², a share s of it due to
operators and no interaction, they are (p parts, o operators, r trials)

    E(MS) = e + r·o·(1 − g), e + r·p·s·g, e        with e = (1 − s)·g

on p − 1, o − 1 and p·o·r − p − o + 1 degrees of freedom; the limits are generalized ones, as
:func:`gage_rr` computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.planning_result import GagePlan, Row
from qtools.variance.mls import SEED

if TYPE_CHECKING:
    from qtools.variance import Vector

PARTS = (5, 8, 10, 12, 15, 20, 25, 30)
OPERATORS = (2, 3, 4, 5, 6, 8, 10)
TRIALS = (2, 3, 4, 5)
_POINTS = 2**12
_COARSE = 250  # degrees of freedom beyond which a normal approximation of χ² is good to 4 digits


def plan_gage_study(
    *,
    pct_study_var: float,
    operator_share: float = 0.5,
    upper: float | None = None,
    width: float | None = None,
    budget: int = 150,
    parts: Sequence[int] = PARTS,
    operators: Sequence[int] = OPERATORS,
    trials: Sequence[int] = TRIALS,
    confidence: float = 0.90,
) -> GagePlan:
    """量具研究设计 The cheapest crossed study whose interval of %GRR is short enough.

    Parameters
    ----------
    pct_study_var : float
        %GRR that is expected, in percent of the total standard deviation, between 0 and 100.
    operator_share : float
        Part of the gauge's variance that is due to operators, from 0 to below 1.
    upper : float, optional
        Wish: the upper limit of %GRR is not above this, in percent.
    width : float, optional
        Wish instead of it: upper less lower limit, in percentage points.
    budget : int
        Most readings.
    parts, operators, trials : sequences of int
        Numbers to be tried, at least 2 each.
    confidence : float
        Level of the two-sided interval.

    Returns
    -------
    GagePlan

    Raises
    ------
    QualityDataError
        If not exactly one wish is given, an option is out of range, or no design fits the budget.

    Notes
    -----
    The limits hold for mean squares at their expectations, so about half of such studies give a
    higher upper limit: leave a margin.

    References
    ----------
    Burdick & Larsen (1997), J. Quality Technology 29, 261-273 (operators govern the width).
    Hamada & Weerahandi (2000), J. Quality Technology 32, 241-253.

    Examples
    --------
    >>> plan = plan_gage_study(pct_study_var=20, upper=35)
    >>> plan.best.parts, plan.best.operators, plan.best.trials, plan.best.readings
    (5, 8, 2, 80)
    """
    _require(pct_study_var, operator_share, upper, width, budget, (parts, operators, trials))
    frames.require_confidence(confidence)
    shapes = [
        (p, o, r)
        for p in sorted(set(parts))
        for o in sorted(set(operators))
        for r in sorted(set(trials))
    ]
    affordable = [shape for shape in shapes if np.prod(shape) <= budget]
    if not affordable:
        raise QualityDataError(
            f"预算 {budget} 个读数，最小的设计也要 {min(np.prod(shape) for shape in shapes)} 个。",
            hint="请增加 budget，或让 parts、operators、trials 里有更小的数。",
        )
    rows = [_row(pct_study_var, operator_share, shape, confidence) for shape in affordable]
    rows.sort(key=lambda row: (row.readings, row.high))
    if upper is not None:
        good = [row for row in rows if row.high <= upper]
    else:
        good = [row for row in rows if row.width <= (width or 0.0)]
    best = good[0] if good else min(rows, key=lambda row: row.high if upper else row.width)
    p, o, r = best.parts, best.operators, best.trials
    doubled = ((2 * p, o, r), (p, 2 * o, r), (p, o, 2 * r))
    return GagePlan(
        pct_study_var=float(pct_study_var),
        operator_share=float(operator_share),
        upper=upper,
        width=width,
        budget=int(budget),
        confidence=confidence,
        rows=tuple(rows),
        best=best,
        met=bool(good),
        doubled=tuple(_row(pct_study_var, operator_share, shape, confidence) for shape in doubled),
    )


def _row(pct: float, share: float, shape: tuple[int, int, int], confidence: float) -> Row:
    """Limits of %GRR of one design, at the expected mean squares."""
    p, o, r = shape
    g = (pct / 100.0) ** 2
    error = (1.0 - share) * g
    expected = (error + r * o * (1.0 - g), error + r * p * share * g, error)
    df = (p - 1, o - 1, p * o * r - p - o + 1)
    draws = [
        ms * _ratios(n, column) for column, (ms, n) in enumerate(zip(expected, df, strict=True))
    ]
    part = np.maximum(draws[0] - draws[2], 0.0) / (r * o)
    grr = np.maximum(draws[1] - draws[2], 0.0) / (r * p) + draws[2]
    alpha = (1.0 - confidence) / 2.0
    low, high = np.quantile(100.0 * np.sqrt(grr / (grr + part)), [alpha, 1.0 - alpha])
    return Row(p, o, r, float(low), float(high))


@lru_cache(maxsize=1)
def _points() -> Vector:
    from scipy.stats import qmc

    return np.asarray(np.maximum(qmc.Sobol(3, seed=SEED).random(_POINTS), 0.5 / _POINTS**2))


@lru_cache(maxsize=512)
def _ratios(df: int, column: int) -> Vector:
    """Draws of df/χ² in one coordinate of the points; Wilson & Hilferty's where df is large."""
    from scipy.special import chdtri, ndtri

    u = _points()[:, column]
    if df > _COARSE:
        return np.asarray((1.0 - 2.0 / (9.0 * df) - ndtri(u) * (2.0 / (9.0 * df)) ** 0.5) ** -3.0)
    return np.asarray(df / chdtri(df, u))


def _require(
    pct: float,
    share: float,
    upper: float | None,
    width: float | None,
    budget: int,
    sizes: tuple[Sequence[int], Sequence[int], Sequence[int]],
) -> None:
    """Refuse options before any work is done."""
    if not (frames.is_number(pct) and 0 < pct < 100):
        raise QualityDataError(
            f"预计的 %GRR pct_study_var={pct!r} 不在 0 和 100 之间。", hint="20 % 写成 20。"
        )
    if not (frames.is_number(share) and 0 <= share < 1):
        raise QualityDataError(
            f"operator_share={share!r} 不在 0 和 1 之间。",
            hint="它是人占量具方差的份额；不知道就写 0.5。",
        )
    if (upper is None) == (width is None):
        raise QualityDataError(
            "愿望要写一个，也只能写一个。",
            hint="upper 是 %GRR 区间上限的最大值，width 是区间的最大宽度。",
        )
    for name, wish, least in (("upper", upper, pct), ("width", width, 0.0)):
        if wish is not None and not (frames.is_number(wish) and least < wish < np.inf):
            raise QualityDataError(
                f"{name}={wish!r} 不对：它要大于 {least:g}。",
                hint="上限总在估计值之上，再大的研究也降不到它以下。" if name == "upper" else "",
            )
    for name, given in zip(("parts", "operators", "trials"), sizes, strict=True):
        if not given or not all(isinstance(n, int) and n >= 2 for n in given):
            raise QualityDataError(
                f"{name}={given!r} 不对：要写几个不小于 2 的整数。", hint=f"例如 {name}=(2, 3)。"
            )
    if not (isinstance(budget, int) and budget > 0):
        raise QualityDataError(f"budget={budget!r} 不是正整数。", hint="它是最多能测几个读数。")
