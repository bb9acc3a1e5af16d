"""逐项检验 Each term of a fitted model: effect, interval, sum of squares, and whether it is real.

With residual freedom a term is tested by F (t for one column) against the residual; without it, by
Lenth's method. Effects of unlike precision (runs missing) are put on one scale first: an effect
over its own standard error, times that of a typical effect. Sums of squares are of type III.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.fit import Fit
from qtools.doe.lenth import LEAST, Critical, Lenth, Rate
from qtools.doe.terms import Term
from qtools.estimate import Estimate, t_quantile
from qtools.result import Interval
from qtools.variance import dust

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TermTest:
    """一项的检验 What is known of one term.

    Parameters
    ----------
    name : str
    term : tuple of int
        Positions of its factors.
    df : int
    ss : float
        Type III sum of squares.
    effect : float or None
        High less low, twice the coefficient; None for terms of several columns.
    size : float
        Absolute effect on the common scale; of several columns, the root of their mean square.
    interval : Interval or None
    p : float or None
        For this term alone.
    p_all : float or None
        For the largest of all terms: of Lenth's simulation, or Bonferroni's.
    active : bool
        Whether it stands out at the confidence and error rate that were asked.
    """

    name: str
    term: Term
    df: int
    ss: float
    effect: float | None
    size: float
    interval: Interval | None
    p: float | None
    p_all: float | None
    active: bool


@dataclass(frozen=True, slots=True, eq=False)
class Tests:
    """全部检验 Tests of all terms and the margins that decided.

    Parameters
    ----------
    terms : tuple of TermTest
    lenth : Lenth or None
        None where the residual decided, or nothing could.
    margin, margin_all : float or None
        What an effect must exceed alone, and among all; on the common scale.
    """

    terms: tuple[TermTest, ...]
    lenth: Lenth | None
    margin: float | None
    margin_all: float | None


def scale(fit: Fit, places: Sequence[int]) -> float:
    """Standard error of a typical effect over σ: the median of the terms of one column."""
    own = [_unit(fit, place) for place in places if fit.matrix.df[place] == 1]
    return float(np.median(own)) if own else 2 / fit.n**0.5


def _unit(fit: Fit, place: int) -> float:
    column = fit.matrix.spans[place].start
    return float(2 * fit.unscaled[column, column] ** 0.5)


def uneven(fit: Fit, places: Sequence[int]) -> bool:
    """Whether the terms differ in precision: runs missing, or settings that are unlike."""
    own = [_unit(fit, place) for place in places if fit.matrix.df[place] == 1]
    return bool(own) and float(np.ptp(own)) > 1e-6 * max(own)


def tests_of(
    fit: Fit, places: Sequence[int], confidence: float, critical: Critical, rate: Rate
) -> Tests:
    """逐项检验 Effects, intervals and p values of the terms at some places of a model."""
    typical = scale(fit, places)
    df = [fit.matrix.df[place] for place in places]
    ss = np.array([fit.term_ss(place) for place in places])
    ss[ss <= dust(fit.y)] = 0.0  # rounding is no effect
    sizes = np.sqrt(ss / df) * typical
    m, alpha = len(places), 1 - confidence
    found: Lenth | None = None
    p: list[float] = []
    p_all: list[float] = []
    margin = margin_all = None
    if fit.df and fit.sse:
        from scipy.special import fdtrc

        ms = fit.sse / fit.df
        p = [float(fdtrc(own, fit.df, s / own / ms)) for own, s in zip(df, ss, strict=True)]
        p_all = [min(1.0, m * each) for each in p]
        error = ms**0.5 * typical
        margin = t_quantile(confidence, fit.df) * error
        margin_all = t_quantile(1 - alpha / m, fit.df) * error
    elif not fit.df and set(df) == {1} and m >= LEAST:
        found = Lenth(sizes, confidence, critical)
        if found.pse > 0:
            margin, margin_all = found.me, found.sme
            p, p_all = found.p().tolist(), found.p("experiment").tolist()
    used, limit = (p, margin) if rate == "individual" else (p_all, margin_all)
    terms = []
    for at, place in enumerate(places):
        column = fit.matrix.spans[place].start
        effect = None if df[at] > 1 else float(2 * fit.beta[column]) if ss[at] else 0.0
        interval = None
        if effect is not None and margin is not None:
            interval = _interval(fit, place, effect, margin / typical, confidence, found)
        if not found:  # of several columns, F and the margin are not the same question
            active = bool(used) and used[at] < alpha
        else:
            active = limit is not None and bool(sizes[at] > limit)
        terms.append(
            TermTest(fit.matrix.names[place], fit.matrix.terms[place], df[at], float(ss[at]),
                     effect, float(sizes[at]), interval,
                     p[at] if p else None, p_all[at] if p_all else None, active)
        )  # fmt: skip
    return Tests(tuple(terms), found, margin, margin_all)


def _interval(
    fit: Fit, place: int, effect: float, per_unit: float, confidence: float, found: Lenth | None
) -> Interval:
    half = per_unit * _unit(fit, place)
    method = f"Lenth，{found.m} 个效应" if found else f"t，自由度 {fit.df}"
    return Interval(effect - half, effect + half, confidence, method)


def added_column(fit: Fit, column: Vector, confidence: float) -> Estimate | None:
    """加一列 Coefficient of one more column in a fitted model, without fitting it anew.

    None if the model spans the column already, or no residual freedom would be left.
    """
    q = np.linalg.qr(fit.matrix.x)[0]
    z = column - q @ (q.T @ column)
    length = float(z @ z)
    if fit.df < 2 or length <= 1e-12 * float(column @ column) or not fit.sse:
        return None
    slope = float(z @ fit.residuals) / length
    rest = max(fit.sse - slope**2 * length, 0.0)
    return Estimate(slope, (rest / (fit.df - 1) / length) ** 0.5, fit.df - 1, confidence)


def anova_frame(fit: Fit, order: Sequence[int]) -> pd.DataFrame:
    """方差分析表 Sources, type III sums of squares, mean squares, F, p; then lack of fit."""
    import pandas as pd
    from scipy.special import fdtrc

    ms = fit.sse / fit.df if fit.df else 0.0
    rows: list[tuple[object, ...]] = []
    for place in order:
        df, ss = fit.matrix.df[place], fit.term_ss(place)
        f = ss / df / ms if ms else None
        p = None if f is None else float(fdtrc(df, fit.df, f))
        rows.append((fit.matrix.names[place], df, ss, ss / df, f, p))
    if fit.df:
        rows.append(("残差", fit.df, fit.sse, ms, None, None))
    lack, (pure, pure_df) = fit.lack_of_fit, fit.pure_error
    if lack:
        ss, df, f, p = lack
        rows.append(("　失拟", df, ss, ss / df, f, p))
        rows.append(("　纯误差", pure_df, pure, pure / pure_df, None, None))
    rows.append(("合计", fit.n - 1, fit.sst, None, None, None))
    return pd.DataFrame(rows, columns=["来源", "自由度", "平方和 SS", "均方 MS", "F", "p"])
