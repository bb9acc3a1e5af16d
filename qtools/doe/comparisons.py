"""多重比较 Differences of means, read together: Tukey–Kramer, Games–Howell, Dunnett, Šidák.

All distributions here are integrals over the standard deviation (a scaled χ) of a probability for
known spread, taken by Gauss–Legendre quadrature: no random numbers, all comparisons in one array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from qtools.estimate import t_p
from qtools.result import Interval

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

_NODES = 96
_REACH = 8.5  # standard deviations of z beyond which nothing is left


@dataclass(frozen=True, slots=True)
class Difference:
    """差 Mean of one level less that of another, with a simultaneous interval.

    Parameters
    ----------
    level, other : str
        ``value`` is the mean of ``level`` less the mean of ``other``.
    value, se : float
    df : float
    p : float
        Adjusted for all comparisons of the family.
    interval : Interval
        Simultaneous.
    """

    level: str
    other: str
    value: float
    se: float
    df: float
    p: float
    interval: Interval

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return 0.0 not in self.interval

    def turned(self) -> Difference:
        """The same difference the other way round."""
        own = self.interval
        interval = Interval(-own.high, -own.low, own.confidence, own.method)
        return Difference(self.other, self.level, -self.value, self.se, self.df, self.p, interval)


@cache
def _legendre(low: float, high: float) -> tuple[Vector, Vector]:
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    return low + (node + 1) / 2 * (high - low), weight * (high - low) / 2


def _over_spread(probability: Callable[[Vector], Vector], df: float) -> float:
    """Mean of a probability over s, where df·s² is χ² with df degrees of freedom."""
    from scipy.special import chdtri, gammaln

    if not np.isfinite(df):
        return float(probability(np.ones(1))[0])
    low, high = (float((chdtri(df, tail) / df) ** 0.5) for tail in (1 - 1e-14, 1e-14))
    s, weight = _legendre(low, high)
    log_density = np.log(2 * (df / 2)) - gammaln(df / 2) + (df / 2 - 1) * np.log(df * s**2 / 2)
    density = np.exp(log_density + np.log(s) - df * s**2 / 2)
    return float((weight * density) @ probability(s) / (weight @ density))


def studentized_range_sf(q: float, k: int, df: float) -> float:
    """学生化极差 Probability that the studentised range of k means exceeds q.

    Parameters
    ----------
    q : float
    k : int
        Means, at least 2.
    df : float
        Degrees of freedom of the standard deviation; may be infinite.

    Examples
    --------
    The 5 % point for 3 means and 10 degrees of freedom is 3.877 in the tables.

    >>> round(studentized_range_sf(3.877, 3, 10), 3)
    0.05
    """
    from scipy.special import ndtr

    z, weight = _legendre(-_REACH, _REACH)
    weight = weight * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    def within(s: Vector) -> Vector:
        inside = ndtr(z) - ndtr(z - q * s[:, None])
        return np.asarray(k * (inside ** (k - 1)) @ weight)

    return min(max(1 - _over_spread(within, df), 0.0), 1.0)


def dunnett_sf(d: float, share: Vector, df: float) -> float:
    """邓尼特 Probability that the greatest |t| against one control exceeds d.

    Parameters
    ----------
    d : float
    share : ndarray of float64, shape (k,)
        n_i/(n_i + n_0) of each level: the correlation of two comparisons is √(share_i·share_j).
    df : float

    References
    ----------
    Dunnett (1955), JASA 50, 1096-1121.

    Examples
    --------
    Two-sided 5 % point for 4 treatments and 20 degrees of freedom, equal sizes: 2.65.

    >>> round(dunnett_sf(2.65, np.full(4, 0.5), 20), 3)
    0.05
    """
    from scipy.special import ndtr

    z, weight = _legendre(-_REACH, _REACH)
    weight = weight * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    root, rest = np.sqrt(share)[:, None], np.sqrt(1 - share)[:, None]

    def within(s: Vector) -> Vector:
        reach = d * s[:, None, None]
        inside = ndtr((root * z + reach) / rest) - ndtr((root * z - reach) / rest)
        return np.asarray(np.prod(inside, axis=1) @ weight)

    return min(max(1 - _over_spread(within, df), 0.0), 1.0)


def _critical(tail: Callable[[float], float], risk: float) -> float:
    """Point beyond which a falling tail probability is the risk."""
    from scipy.optimize import brentq

    high = 4.0
    while tail(high) > risk:
        high *= 2
    return float(brentq(lambda point: tail(point) - risk, 0.0, high, xtol=1e-10))


@lru_cache(maxsize=512)
def _range_point(k: int, df: float, risk: float) -> float:
    return _critical(lambda q: studentized_range_sf(q, k, df), risk)


def all_pairs(
    names: tuple[str, ...], means: Vector, covariance: Vector, df: float | Vector,
    confidence: float,
) -> tuple[Difference, ...]:  # fmt: skip
    """成对比较 Every later level less every earlier one, Tukey–Kramer.

    Parameters
    ----------
    names : tuple of str
    means : ndarray of float64, shape (k,)
        Means or adjusted means.
    covariance : ndarray of float64, shape (k, k)
        Of the means.
    df : float or ndarray of float64, shape (k, k)
        Of the residual standard deviation; or of each pair's own standard error.
    confidence : float
        Of all intervals together.

    References
    ----------
    Tukey (1953); Kramer (1956), Biometrics 12, 307-310; Hayter (1984), Ann. Statist. 12, 61-75
    (conservative for unequal sizes).
    """
    k, root = len(names), 2**0.5
    freedom = np.broadcast_to(np.asarray(df, dtype=np.float64), (k, k))
    out = []
    for a in range(k):
        for b in range(a + 1, k):
            value = float(means[b] - means[a])
            se = float((covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]) ** 0.5)
            own = float(freedom[a, b])
            p = studentized_range_sf(abs(value) / se * root, k, own)
            half = _range_point(k, own, 1 - confidence) / root * se
            interval = _interval(value, half, confidence, "Tukey–Kramer 同时区间")
            out.append(Difference(names[b], names[a], value, se, own, p, interval))
    return tuple(out)


def unequal_pairs(
    names: tuple[str, ...], means: Vector, variances: Vector, counts: Vector, confidence: float
) -> tuple[Difference, ...]:
    """成对比较 Every pair with its own standard error and degrees of freedom, Games–Howell.

    Parameters
    ----------
    names : tuple of str
    means, variances, counts : ndarray of float64, shape (k,)
        Of the readings of each level.
    confidence : float

    References
    ----------
    Games & Howell (1976), J. Educ. Statist. 1, 113-125.
    """
    k, root = len(names), 2**0.5
    out = []
    for a in range(k):
        for b in range(a + 1, k):
            value = float(means[b] - means[a])
            se, df = welch(variances[[a, b]], counts[[a, b]])
            p = studentized_range_sf(abs(value) / se * root, k, df)
            half = _range_point(k, df, 1 - confidence) / root * se
            interval = _interval(value, half, confidence, "Games–Howell 同时区间")
            out.append(Difference(names[b], names[a], value, se, df, p, interval))
    return tuple(out)


def against_control(
    names: tuple[str, ...], means: Vector, covariance: Vector, df: float, control: int,
    confidence: float,
) -> tuple[Difference, ...]:  # fmt: skip
    """与对照比较 Every other level less the control, Dunnett.

    Where blocks are unbalanced the correlations of the comparisons are no products, and Šidák's
    inequality takes the place of Dunnett's distribution (on the safe side).

    Parameters
    ----------
    names : tuple of str
    means : ndarray of float64, shape (k,)
    covariance : ndarray of float64, shape (k, k)
    df : float
    control : int
        Position of the control.
    confidence : float
        Of all intervals together.

    References
    ----------
    Dunnett (1955), JASA 50, 1096-1121; Šidák (1967), JASA 62, 626-633.
    """
    others = [place for place in range(len(names)) if place != control]
    contrast = np.zeros((len(others), len(names)))
    contrast[np.arange(len(others)), others] = 1.0
    contrast[:, control] = -1.0
    values, own = contrast @ means, contrast @ covariance @ contrast.T
    se = np.sqrt(np.diag(own))
    share = covariance[control, control] / se**2
    product = np.sqrt(np.outer(share, share))
    off = ~np.eye(len(others), dtype=bool)
    exact = bool(np.allclose((own / np.outer(se, se))[off], product[off], rtol=0, atol=1e-9))
    method = "Dunnett 同时区间" if exact else "Šidák 同时区间（偏保守）"

    def tail(d: float) -> float:
        return dunnett_sf(d, share, df) if exact else 1 - (1 - t_p(d, df)) ** len(others)

    critical = _critical(tail, 1 - confidence)
    return tuple(
        Difference(
            names[place], names[control], float(value), float(e), df, tail(abs(value) / e),
            _interval(float(value), critical * float(e), confidence, method),
        )
        for place, value, e in zip(others, values, se, strict=True)
    )  # fmt: skip


def unequal_control(
    names: tuple[str, ...], means: Vector, variances: Vector, counts: Vector, control: int,
    confidence: float,
) -> tuple[Difference, ...]:  # fmt: skip
    """与对照比较 Every other level less the control, each by Welch's t with Šidák's level."""
    out = []
    m = len(names) - 1
    for place in range(len(names)):
        if place == control:
            continue
        value = float(means[place] - means[control])
        se, df = welch(variances[[place, control]], counts[[place, control]])

        def tail(d: float, df: float = df) -> float:
            return 1 - (1 - t_p(d, df)) ** m

        half = _critical(tail, 1 - confidence) * se
        interval = _interval(value, half, confidence, "Welch 与 Šidák 同时区间")
        p = tail(abs(value) / se)
        out.append(Difference(names[place], names[control], value, se, df, p, interval))
    return tuple(out)


def welch(variances: Vector, counts: Vector) -> tuple[float, float]:
    """Standard error of a difference of two means of unequal spread, and its freedom (Welch)."""
    parts = variances / counts
    total = float(parts.sum())
    return total**0.5, float(total**2 / (parts**2 / (counts - 1)).sum())


def _interval(value: float, half: float, confidence: float, method: str) -> Interval:
    return Interval(value - half, value + half, confidence, method)


def letters(names: tuple[str, ...], means: Vector, pairs: tuple[Difference, ...]) -> dict[str, str]:
    """分组字母 Levels that share a letter cannot be told apart.

    Letters are the maximal sets of levels without a significant pair, the greatest mean first
    (Piepho 2004, J. Comput. Graph. Statist. 13, 456-466: insert and absorb).

    Examples
    --------
    >>> far = Difference("丙", "甲", 3.0, 1.0, 9, 0.01, Interval(1, 5, 0.95, ""))
    >>> letters(("甲", "乙", "丙"), np.array([1.0, 2.0, 4.0]), (far,))
    {'丙': 'A', '乙': 'AB', '甲': 'B'}
    """
    sets = [frozenset(names)]
    for pair in pairs:
        if not pair.significant:
            continue
        both = {pair.level, pair.other}
        split = [own - {one} if both <= own else own for own in sets for one in sorted(both)]
        sets = [own for own in dict.fromkeys(split) if not any(own < other for other in split)]
    order = [names[place] for place in np.argsort(-means, kind="stable")]
    sets.sort(key=lambda own: [order.index(name) for name in order if name in own])
    signs = [chr(65 + place) if place < 26 else f"Z{place - 25}" for place in range(len(sets))]
    return {
        name: "".join(sign for sign, own in zip(signs, sets, strict=True) if name in own)
        for name in order
    }
