"""控制图提醒 Coded caveats of control charts: what was assumed, and whether the data bear it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qtools.display import p_text
from qtools.result import Check
from qtools.sigma import Sigma
from qtools.spc.criteria import ALPHA, DOMINANT_SHARE, MAX_RANGE_SIZE, MIN_SUBGROUPS

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.spc.result import Panel

    Floats = npt.NDArray[np.float64]

_SHAPIRO_MAX = 5000  # Royston's (1995) approximation of the p-value ends here
_LEVELS = {"bad": 0, "caution": 1, "info": 2, "good": 3}


def collect(*found: Check | None) -> tuple[Check, ...]:
    """Those that were seen, most serious first."""
    return tuple(
        sorted((check for check in found if check), key=lambda check: _LEVELS[check.level])
    )


def few(k: int, noun: str) -> Check | None:
    """Trial limits from few points move a lot when the next points come."""
    if k >= MIN_SUBGROUPS:
        return None
    text = (
        f"只有 {k} 个{noun}：控制限本身还不准。惯例先积累 20～25 个{noun}再定控制限，"
        "现在的结论只作参考。"
    )
    return Check("spc.few-subgroups", text)


def ties(values: Floats, sigma: Sigma) -> Check | None:
    """Readings coarser than σ: limits are then set by rounding.

    Wheeler & Lyday (1989), Evaluating the Measurement Process: the increment of measurement
    should not exceed the process standard deviation. Only where a value repeats: few or evenly
    spaced distinct values are no scale.
    """
    distinct = np.unique(values)
    steps = np.diff(distinct)
    steps = steps[steps > 1e-9 * max(np.abs(distinct).max(), sigma.value)]
    continuous = distinct.size == values.size  # nothing repeats: no scale shows
    if not steps.size or continuous or steps.min() <= sigma.value:
        return None
    text = (
        f"读数的最小间隔 {steps.min():.4g} 大于 σ̂（{sigma.value:.4g}），"
        f"只有 {distinct.size} 种读数：分辨力不够，变差被取整左右，控制限不可靠。"
        "请用更细的刻度记录。"
    )
    return Check("spc.ties", text)


def autocorrelation(values: Floats) -> Check | None:
    """Successive values that resemble each other make the moving range too small.

    The lag-1 coefficient r₁ has mean −1/n and variance (n−2)²/(n²(n−1)) for independent normal
    values (Moran 1948, Biometrika 35, 255-260).
    """
    n = len(values)
    if n < 8:
        return None
    d = values - values[0]
    d -= d.mean()
    r1 = float(d[1:] @ d[:-1] / (d @ d))
    z = (r1 + 1 / n) * n * math.sqrt(n - 1) / (n - 2)
    p = math.erfc(abs(z) / math.sqrt(2))
    if p >= ALPHA:
        return None
    effect = "偏窄，误报增多" if r1 > 0 else "偏宽，漏报增多"
    text = (
        f"相邻的值彼此相关（一阶自相关 r₁ = {r1:.2f}，{p_text(p)}）：移动极差估计的控制限{effect}。"
        "请先看有无漂移或采样过密，再相信各条准则。"
    )
    return Check("spc.autocorrelation", text)


def nonnormal(values: Floats) -> Check | None:
    """3σ limits and zone rules of single values lean on the normal distribution."""
    n = len(values)
    if not 8 <= n <= _SHAPIRO_MAX:
        return None
    from scipy.stats import shapiro

    p = float(shapiro(values - values.mean()).pvalue)
    if p >= ALPHA:
        return None
    text = (
        f"单值明显偏离正态分布（Shapiro–Wilk，{p_text(p)}）：3σ 的误报率不再是 0.27%。"
        "若因个别异常点所致，先查异常点；若分布本来偏斜，请考虑变换或改用子组均值。"
    )
    return Check("spc.nonnormal", text)


def within_too_small(location: Panel, sizes: npt.NDArray[np.intp], sigma: Sigma) -> Check | None:
    """Between-subgroup variation dominates: is the within-subgroup σ the right yardstick?

    Compares the variance between subgroup means with what σ̂ explains, F = Σnᵢ(x̄ᵢ−x̄̄)²/(k−1)/σ̂²
    (a large F alone may be one shift), and asks that a sizable share of points lies beyond 3σ.
    """
    from scipy.stats import f

    deviations = location.points - location.center
    ratio = float(sizes @ deviations**2) / (len(sizes) - 1) / sigma.value**2
    p = float(f.sf(ratio, len(sizes) - 1, sigma.df))
    beyond = (location.points > location.line("ucl")) | (location.points < location.line("lcl"))
    out = int(beyond.sum())
    if p >= ALPHA or out < DOMINANT_SHARE * len(sizes):
        return None
    text = (
        f"子组均值的标准差是组内变差所能解释的 {math.sqrt(ratio):.1f} 倍（{p_text(p)}），"
        f"{len(sizes)} 个子组有 {out} 个超出 3σ：若组间变差是这个过程固有的，"
        "组内变差就不是合适的尺子。请对子组均值再作单值—移动极差图（三向控制图）后下结论。"
    )
    return Check("spc.within-too-small", text)


def unequal(sizes: npt.NDArray[np.intp]) -> Check | None:
    """Limits that belong to each point."""
    if (sizes == sizes[0]).all():
        return None
    text = (
        f"子组大小不等（{sizes.min()}～{sizes.max()}）：σ̂ 按各子组的精度加权（Burr 1969），"
        "控制限随子组大小变化，准则用标准化后的点判断。"
    )
    return Check("spc.unequal-sizes", text, "info")


def range_inefficient(sizes: npt.NDArray[np.intp], sigma: Sigma) -> Check | None:
    """Large subgroups: the range uses two of their values."""
    if sigma.key != "r" or sizes.max() <= MAX_RANGE_SIZE:
        return None
    text = (
        f"子组多到 {sizes.max()} 个值：极差只用其中最大和最小两个，效率低，"
        f"超过 {MAX_RANGE_SIZE} 个时请改用均值—标准差图。"
    )
    return Check("spc.range-inefficient", text, "info")
