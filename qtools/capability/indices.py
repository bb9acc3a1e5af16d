"""能力指数的公式 Capability indices and their intervals, for any estimate of σ.

An index is computed with one :class:`Spread`: an estimate of σ with its degrees of freedom ν and
the variance of the mean that goes with it. The same formulas then serve the within-subgroup
view (Cp, Cpk), the overall view (Pp, Ppk) and the nested view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtools.result import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


_FAR = 2e4
"""√n·z from which the normal limit of the noncentral t serves: such ζ give 0 or 10⁶ ppm."""


@dataclass(frozen=True, slots=True)
class Spec:
    """规格 Specification limits and target; a missing limit is None.

    Parameters
    ----------
    lsl, usl, target : float or None
        In the unit of the readings.
    """

    lsl: float | None
    usl: float | None
    target: float | None

    @property
    def width(self) -> float | None:
        """Tolerance USL − LSL; None for a one-sided specification."""
        return None if self.lsl is None or self.usl is None else self.usl - self.lsl

    def room(self, mean: float) -> float:
        """Distance from the mean to the nearest limit, negative outside."""
        below = math.inf if self.lsl is None else mean - self.lsl
        above = math.inf if self.usl is None else self.usl - mean
        return min(below, above)


@dataclass(frozen=True, slots=True)
class Spread:
    """口径 An estimate of σ with what its intervals need.

    Parameters
    ----------
    value : float
        Estimate of σ, in the unit of the readings.
    df : float
        Its (effective) degrees of freedom ν.
    name : str
        Name of the estimator as the page shows it.
    mean_variance : float
        Estimated variance of the mean of the readings, in squared units.
    unbiased : bool
        Whether σ̂ itself is unbiased (MR̄/d₂, R̄/d₂, s̄/c₄), and not its square.
    """

    value: float
    df: float
    name: str
    mean_variance: float
    unbiased: bool = False


def chi_factors(df: float, confidence: float, *, unbiased: bool = False) -> tuple[float, float]:
    """卡方因子 Limits of σ̂/σ that an index of the form d/σ̂ is multiplied by.

    Parameters
    ----------
    df : float
        Degrees of freedom ν > 0, not necessarily whole.
    confidence : float
        Between 0 and 1.
    unbiased : bool
        For an estimator with E(σ̂) = σ.

    Returns
    -------
    low, high : float
        √(χ²(α/2; ν)/ν) and √(χ²(1−α/2; ν)/ν), for an unbiased σ̂ both divided by
        c₄ = E(χ_ν)/√ν.

    Notes
    -----
    For s, νs²/σ² is χ²_ν, so P(σ·lower ≤ s ≤ σ·upper) = 1 − α (Kushler & Hurley 1992, Journal of
    Quality Technology 24(4), 188-195). For an estimator made unbiased it is c₄σ̂ that plays the
    part of s, with ν chosen for the same coefficient of variation (Patnaik 1950, Biometrika 37,
    78-87): exact for one subgroup's s/c₄, close for the others.

    Examples
    --------
    >>> [round(1.3131334 * factor, 4) for factor in chi_factors(167, 0.95)]
    [1.1723, 1.4537]
    """
    from scipy.special import chdtri, poch

    scale = math.sqrt(df)
    if unbiased:
        scale = math.sqrt(2) * float(poch(df / 2, 0.5))
    tail = (1 - confidence) / 2
    low, high = (math.sqrt(float(chdtri(df, p))) / scale for p in (1 - tail, tail))
    return low, high


def width_interval(index: float, spread: Spread, confidence: float) -> Interval:
    """Cp、Pp 的区间 χ² interval of an index tolerance/6σ̂; see :func:`chi_factors`.

    Notes
    -----
    Exact for s, for the pooled standard deviation and for s/c₄ of one subgroup, given independent
    normal readings. Approximate for MR̄/d₂, R̄/d₂ and s̄/c₄ of several subgroups, whose ν only
    matches their coefficient of variation, and for the nested view, whose ν is Satterthwaite's.
    There the lower limit is slightly optimistic: by simulation of furnaces of 21 runs the true
    nested Pp lies below it in 4 to 5 %, not 2.5 %. The nested Ppk keeps its level, and it is Ppk
    on which a promise rests (:attr:`ProcessCapability.deciding`).
    """
    low, high = chi_factors(spread.df, confidence, unbiased=spread.unbiased)
    return Interval(index * low, index * high, confidence, "χ²")


def nearest_interval(index: float, spread: Spread, confidence: float) -> Interval:
    """Cpk、Ppk 的区间 Bissell's normal approximation, for any spread.

    Notes
    -----
    With U = min(USL − x̄, x̄ − LSL) the index is U/(3σ̂). If x̄ and σ̂ are independent, the delta
    method gives, to first order,

        Var(Ĉ) = Var(x̄)/(9σ²) + C² Var(σ̂)/σ²,   Var(σ̂)/σ² = 1/(2ν).

    For independent readings Var(x̄) = σ²/n and this is Bissell (1990, Applied Statistics 39(3),
    331-340): C·(1 ± z √(1/(9nC²) + 1/(2ν))). For nested readings σ² is the sum of the variance
    components, ν its Satterthwaite degrees of freedom, and Var(x̄) = Σ wₖσₖ² with wₖ the sum of
    squared shares of the units of level k: the outermost mean square over n for balanced data,
    where x̄ and the mean squares are independent. Readings of one run move together, so Var(x̄)
    is then larger, and ν smaller, than Bissell's n and n − 1 pretend.

    The mean is taken to lie nearer to one limit than to the other; at the very centre the interval
    is too low rather than too high.

    Examples
    --------
    >>> s = 25.3846703
    >>> interval = nearest_interval(1.2732652, Spread(s, 167, "s", s**2 / 168), 0.95)
    >>> round(interval.low, 5), round(interval.high, 5)
    (1.12771, 1.41882)
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + confidence) / 2))
    se = math.sqrt(spread.mean_variance / (9 * spread.value**2) + index**2 / (2 * spread.df))
    return Interval(index - z * se, index + z * se, confidence, "Bissell 正态近似")


def cpm(width: float, off: float, spread: Spread) -> tuple[float, float]:
    """田口能力指数 Cpm and the degrees of freedom of its denominator.

    Parameters
    ----------
    width : float
        USL − LSL.
    off : float
        x̄ − T.
    spread : Spread
        Overall s for the usual Cpm.

    Returns
    -------
    index : float
        (USL − LSL) / (6 √(σ̂² + (x̄ − T)²)) (Chan, Cheng & Spiring 1988, Journal of Quality
        Technology 20(3), 162-175).
    df : float
        Degrees of freedom of τ̂² = σ̂² + (x̄ − T)², matched to its variance: with ξ = (x̄ − T)/σ̂,
        (1 + ξ²)² / (1/ν + 2ξ² Var(x̄)/σ²). For σ̂² with divisor n this is Boyles (1991, Journal of
        Quality Technology 23(1), 17-26): n(1 + ξ²)²/(1 + 2ξ²).

    Examples
    --------
    >>> index, df = cpm(200, 0, Spread(25.0, 49, "s", 25.0**2 / 50))
    >>> round(index, 4), round(df, 9)
    (1.3333, 49.0)
    """
    square = (off / spread.value) ** 2
    index = width / (6 * spread.value * math.sqrt(1 + square))
    noise = 1 / spread.df + 2 * square * spread.mean_variance / spread.value**2
    return index, (1 + square) ** 2 / noise


def cpm_interval(index: float, df: float, confidence: float, *, unbiased: bool = False) -> Interval:
    """Cpm 的区间 Boyles's (1991) χ² interval with the degrees of freedom of :func:`cpm`.

    ``unbiased`` as in :func:`chi_factors`: on target Cpm within then has the interval of Cp.
    """
    low, high = chi_factors(df, confidence, unbiased=unbiased)
    return Interval(index * low, index * high, confidence, "Boyles χ² 近似")


def tail_ppm(z: float, n: int, confidence: float) -> tuple[float, Interval]:
    """尾部不合格率 Expected ppm beyond a limit by the normal model, with its exact interval.

    Parameters
    ----------
    z : float
        Distance of the limit from the mean in units of overall s: (x̄ − LSL)/s or (USL − x̄)/s.
    n : int
        Number of readings, independent and normal.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    ppm : float
        10⁶ Φ(−z).
    interval : Interval
        √n·z follows a noncentral t with n − 1 degrees of freedom and noncentrality √n·ζ, where ζ
        is the true distance in units of σ (Owen 1968, Technometrics 10(3), 445-478). The two ζ
        that put z at the α/2 points bound 10⁶ Φ(−ζ). For √n·|z| > 20000 (limits in the wrong
        unit) ζ = z ± q √(1/n + z²/(2(n−1))), where ppm are 0 or 10⁶ except for n > 10⁵ readings.

    Examples
    --------
    >>> ppm, interval = tail_ppm(3.0, 50, 0.95)
    >>> round(ppm), round(interval.low), round(interval.high)
    (1350, 131, 9565)
    """
    from scipy.special import ndtr

    nearest, farthest = _noncentrality_limits(z, n, confidence)
    interval = Interval(
        1e6 * float(ndtr(-farthest)), 1e6 * float(ndtr(-nearest)), confidence, "非中心 t（精确）"
    )
    return 1e6 * float(ndtr(-z)), interval


def _noncentrality_limits(z: float, n: int, confidence: float) -> tuple[float, float]:
    """Limits of ζ from an observed z, by inverting the noncentral t distribution."""
    from scipy.optimize import brentq
    from scipy.special import nctdtr, ndtri

    if z < 0:  # by symmetry, the numerically easy side
        low, high = _noncentrality_limits(-z, n, confidence)
        return -high, -low
    tail = (1 - confidence) / 2
    root = math.sqrt(n)
    se = math.sqrt(1 / n + z * z / (2 * (n - 1)))
    if root * z > _FAR:  # scipy's noncentral t gives NaN from about 1e5
        half = float(ndtri(1 - tail)) * se
        return z - half, z + half

    def limit(p: float) -> float:
        def gap(zeta: float) -> float:  # falls in ζ
            return float(nctdtr(n - 1, root * zeta, root * z)) - p

        low = high = z
        while gap(low) < 0:
            low -= se
        while gap(high) > 0:
            high += se
        return float(brentq(gap, low, high, xtol=1e-12))

    return limit(1 - tail), limit(tail)


def anderson_darling(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """正态性检验 Anderson-Darling test of normality with mean and variance estimated.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Not all equal.

    Returns
    -------
    a2 : float
        A² with Stephens's factor 1 + 0.75/n + 2.25/n².
    p : float
        D'Agostino & Stephens (1986), Goodness-of-Fit Techniques, table 4.9.

    Examples
    --------
    >>> import numpy as np
    >>> flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    >>> anderson_darling(np.array(flow))[1] > 0.05
    True
    """
    import numpy as np
    from scipy.special import log_ndtr

    n = len(values)
    d = np.sort(values) - values[0]
    d -= d.mean()
    z = d / math.sqrt(float(d @ d) / (n - 1))
    odd = 2 * np.arange(1, n + 1) - 1
    a2 = -n - float(odd @ (log_ndtr(z) + log_ndtr(-z[::-1]))) / n
    a2 *= 1 + 0.75 / n + 2.25 / n**2
    if a2 <= 0.2:
        return a2, 1 - math.exp(-13.436 + 101.14 * a2 - 223.73 * a2**2)
    if a2 <= 0.34:
        return a2, 1 - math.exp(-8.318 + 42.796 * a2 - 59.938 * a2**2)
    if a2 < 0.6:
        return a2, math.exp(0.9177 - 4.279 * a2 - 1.38 * a2**2)
    top = min(a2, 100.0)  # the fitted parabola turns up beyond
    return a2, math.exp(1.2937 - 5.709 * top + 0.0186 * top**2)
