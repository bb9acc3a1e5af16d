"""稳定性 Whether the charts behind a study show more signals than a stable process would.

"Any point beyond any limit" cries wolf: a stable process of 100 subgroups on three panels does so
more often than not. What decides here is how surprising the signals are in a stable process, see
:class:`qtools.capability.parts.Stability`. The charts themselves keep their classical limits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qtools import sigma
from qtools.capability.parts import PanelSignals, Stability

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.spc.result import ControlChart, Panel
    from qtools.variance import Anova

    Floats = npt.NDArray[np.float64]

_ROUND = 1e-9  # a point computed to lie 1e-15 beyond a line lies on it


def of_chart(chart: ControlChart, alpha: float) -> Stability:
    """稳定性 Of a study without nested levels: the location and the spread panel of its chart."""
    return Stability(chart.title, (_location(chart.location), _spread(chart)), alpha)


def of_nested(
    x: Floats, outer: npt.NDArray[np.intp], name: str, between: Anova, alpha: float
) -> Stability:
    """三向控制图 Of a nested study: I and MR of the outer means, S within the outer units.

    Who names nested levels takes the differences between outer units as part of the process; limits
    of their means from the spread within would call every such process unstable.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Readings in time order.
    outer : ndarray of intp, shape (n,)
        Outermost unit of each reading.
    name : str
        Name of that level.
    between : Anova
        Analysis of variance of the nested levels.
    alpha : float
        Level of the judgement.
    """
    import pandas as pd

    from qtools import spc

    stats = sigma.subgroup_statistics(x, outer)
    panels = []
    if np.ptp(stats.mean) > 0:  # else nothing moves, and there are no limits to draw
        chart = spc.imr_chart(pd.DataFrame({name: stats.mean}), value=name, rules="3sigma")
        panels = [_location(chart.location, f"“{name}”均值"), _spread(chart, "均值的移动极差")]
    several = stats.size > 1
    if (stats.sd[several] > 0).any():
        share = within_df(between) / sum(between.df[1:])
        df = np.asarray(share * (stats.size[several] - 1), np.float64)
        panels.append(_chi("组内标准差", stats.sd[several], df))
    return Stability("三向控制图（外层均值的 I-MR，加组内标准差图）", tuple(panels), alpha)


def within_df(between: Anova) -> float:
    """组内方差的有效自由度 Satterthwaite's degrees of freedom of the variance within outer units.

    Readings of an outer unit that share an inner unit are alike, so the variance of the n readings
    of one outer unit has fewer than n − 1 degrees of freedom. It is Σ SSⱼ / Σ dfⱼ over the inner
    levels and the residual, and (Σ SSⱼ)² / Σ (SSⱼ²/dfⱼ) are its degrees of freedom in all units
    together. The spread is judged here and not within the innermost units, because a change of the
    inner levels (zones of a furnace drifting apart) is a change of the process, too.
    """
    ss, df = np.array(between.ss[1:]), np.array(between.df[1:])
    return float(ss.sum() ** 2 / (ss**2 / df).sum())


def _location(panel: Panel, name: str = "") -> PanelSignals:
    """Normal points: each tail of the 3σ limits."""
    from scipy.special import ndtr

    z = 3 * (panel.points - panel.center) / (panel.ucl - panel.center)
    tails = 2 * ndtr(-np.abs(z[panel.signals]))
    return _counted(name or panel.name, len(z), tails, 2 * float(ndtr(-3.0)))


def _spread(chart: ControlChart, name: str = "") -> PanelSignals:
    """Standard deviations, ranges or moving ranges."""
    panel = chart.spread
    label = name or panel.name
    if panel.key == "s":
        return _chi(label, panel.points, np.asarray(chart.sizes - 1, np.float64))
    sizes = chart.sizes if panel.key == "r" else np.full(len(panel.points), 2)
    tails = [_range_tail(sizes[at], panel.points[at] / chart.sigma.value) for at in panel.signals]
    kinds, count = np.unique(sizes, return_counts=True)
    alarms = [_range_alarm(n) for n in kinds]
    return _counted(label, len(sizes), np.array(tails), float(count @ alarms) / len(sizes))


def _range_above(n: int, w: float) -> float:
    """P(range of n normal values > w·σ); of two, 2Φ(−w/√2)."""
    from scipy.special import ndtr
    from scipy.stats import studentized_range

    if n == 2:
        return 2 * float(ndtr(-w / math.sqrt(2)))
    return float(studentized_range.sf(w, n, np.inf))


def _range_tail(n: int, w: float) -> float:
    above = _range_above(n, w)
    return 2 * min(above, 1 - above)


def _range_alarm(n: int) -> float:
    """P(range beyond its 3σ limits)."""
    mean, sd = sigma.d2(int(n)), sigma.d3(int(n))
    return _range_above(n, mean + 3 * sd) + 1 - _range_above(n, max(mean - 3 * sd, 0))


def _chi(name: str, points: Floats, df: Floats) -> PanelSignals:
    """Standard deviations with limits (c₄ ± 3√(1 − c₄²))·σ̂, c₄ that of each point's ν.

    σ̂ weights each s/c₄ by its precision (Burr 1969), which is s̄/c₄ where all ν are equal.
    """
    from scipy.special import chdtr, chdtrc, poch

    c4 = np.sqrt(2 / df) * poch(df / 2, 0.5)
    width = 3 * np.sqrt(1 - c4**2)
    weight = (c4 / width) ** 2
    ratio = points / (weight @ (points / c4) / weight.sum())
    low, high = np.maximum(c4 - width, 0), c4 + width
    beyond = (ratio < low - _ROUND) | (ratio > high + _ROUND)
    square = df[beyond] * ratio[beyond] ** 2
    tails = 2 * np.minimum(chdtr(df[beyond], square), chdtrc(df[beyond], square))
    alarm = chdtr(df, df * low**2) + chdtrc(df, df * high**2)
    return _counted(name, len(points), tails, float(alarm.mean()))


def _counted(name: str, points: int, tails: Floats, alarm: float) -> PanelSignals:
    return PanelSignals(name, points, len(tails), alarm, float(min(tails, default=1.0)))
