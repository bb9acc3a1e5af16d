"""残差的毛病 What residuals of a factorial analysis give away: outliers, drift, uneven scatter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools.display import format_number
from qtools.doe.analysis_words import number
from qtools.doe.fit import Fit
from qtools.estimate import t_p
from qtools.result import Check

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.doe.analysis_result import FactorialAnalysis

    Vector = npt.NDArray[np.float64]

ALPHA = 0.05  # of the tests of assumptions
_LEAST_DF, _LEAST_SIDE = 6, 4  # below, scatter and shape cannot be judged
_LEAST_OUT = 4  # residual freedom below which no run stands out from so few others


def studentized(fitted: Fit) -> tuple[Vector, Vector] | None:
    """学生化残差 Externally studentized residuals and two-sided p values of each alone.

    None below 2 degrees of freedom; 0 for a run that decides its own fitted value.
    """
    from scipy.special import stdtr

    inside, df = fitted.studentized, fitted.df
    if inside is None or df < 2:
        return None
    capped = np.minimum(inside**2, df * (1 - 1e-12))
    t = inside * np.sqrt((df - 1) / (df - capped))
    t = np.where(fitted.leverage > 1 - 1e-9, 0.0, t)
    return t, np.asarray(2 * stdtr(df - 1, -np.abs(t)))


def shapiro_p(fitted: Fit) -> float | None:
    """正态性 Shapiro and Wilk's test of the studentized residuals."""
    from scipy.stats import shapiro

    inside = fitted.studentized
    if inside is None or fitted.df < _LEAST_DF or not np.ptp(inside):
        return None
    return float(shapiro(inside).pvalue)


def residual_checks(result: FactorialAnalysis) -> list[Check]:
    """残差的提醒 Outliers, shape, drift, uneven scatter."""
    out: list[Check] = []
    outside = result.outside
    rows = result.experiment.rows
    if outside is not None and result.fit.df >= _LEAST_OUT:
        p = outside[1] * result.fit.n
        for at in np.flatnonzero(p < ALPHA)[:3].tolist():
            text = (
                f"第 {rows[at]} 行的“{result.experiment.response}”离模型太远（学生化残差 "
                f"{number(float(outside[0][at]))}，"
                f"Bonferroni p = {format_number(float(p[at]), 2)}）："
                "先查记录和现场，查不出原因不要删。"
            )
            out.append(Check("doe.outlier", text))
    normality = result.normality_p
    if normality is not None and normality < ALPHA and not out:
        text = f"残差不像正态（Shapiro–Wilk p = {format_number(normality, 2)}），p 值只作参考。"
        out.append(Check("doe.non-normal", text, "info"))
    drift = result.drift
    if drift is not None and drift.p < ALPHA:
        way = "升高" if drift.value > 0 else "降低"
        text = (
            f"响应随试验序{way}（每次 {number(drift.value)}，p = {format_number(drift.p, 2)}）："
            "有东西在漂，次序没有随机化的话，它会冒充因子的效应。"
        )
        out.append(Check("doe.drift", text))
    return out + _spread(result)


def _spread(result: FactorialAnalysis) -> list[Check]:
    """散布效应 Residuals that scatter more at one setting than the other (Levene, Bonferroni)."""
    fitted, read = result.fit, result.experiment
    inside = fitted.studentized
    if inside is None or fitted.df < max(_LEAST_DF, fitted.n / 3):
        return []
    found = []
    ways = [place for place, factor in enumerate(read.factors) if len(factor.levels) == 2]
    for place in ways:
        sides = [inside[read.points[:, place] == side] for side in (-1.0, 1.0)]
        if min(len(side) for side in sides) < _LEAST_SIDE:
            continue
        off = [np.abs(side - np.median(side)) for side in sides]
        n = [len(side) for side in off]
        pooled = sum(float(((side - side.mean()) ** 2).sum()) for side in off) / (sum(n) - 2)
        if pooled <= 0:
            continue
        t = float(off[1].mean() - off[0].mean()) / (pooled * (1 / n[0] + 1 / n[1])) ** 0.5
        p = t_p(t, sum(n) - 2) * len(ways)
        if p < ALPHA:
            factor = read.factors[place]
            wide = factor.levels[1 if t > 0 else 0]
            found.append(f"{factor.name} {format_number(wide)}（p = {format_number(p, 2)}）")
    if not found:
        return []
    text = f"残差在 {'、'.join(found)} 时散得更开：这个因子影响散布，选设置时散布也要看。"
    return [Check("doe.dispersion", text)]
