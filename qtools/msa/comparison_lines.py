"""两法的关系线 Lines through pairs that both carry error: Deming, and Passing and Bablok."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.estimate import t_quantile
from qtools.result import Interval

if TYPE_CHECKING:
    from qtools.variance import Vector

MOST_PAIRS = 5000  # Passing and Bablok look at every two of them


@dataclass(frozen=True, slots=True)
class PairLine:
    """关系线 test = intercept + slope · reference, with intervals where there are any.

    Parameters
    ----------
    slope, intercept : float
    slope_interval, intercept_interval : Interval or None
        None where the data are too few or too extreme for one.
    """

    slope: float
    intercept: float
    slope_interval: Interval | None
    intercept_interval: Interval | None


def deming(x: Vector, y: Vector, ratio: float, confidence: float) -> PairLine:
    """戴明回归 Deming regression: both columns have error, of a known ratio of variances.

    The slope b and intercept a make Σ(y − a − bx)²/(λ + b²) least, where λ is the variance of
    the errors of y over that of x: b = (u + √(u² + 4λ·sxy²))/(2·sxy) with u = syy − λ·sxx.
    λ = 1 is orthogonal regression. Limits: estimate ± t(n−2) times the jackknife's standard
    error (Linnet 1993).

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Pairs with a positive covariance, n ≥ 5.
    ratio : float
        λ, above 0.
    confidence : float

    Examples
    --------
    >>> x = np.array([1.0, 2, 3, 4, 5, 6])
    >>> line = deming(x, 2 * x + 1, 1.0, 0.95)
    >>> round(line.slope, 9), round(line.intercept, 9)
    (2.0, 1.0)
    """
    n = x.size
    u, v = _centred(x), _centred(y)
    sums = np.array([u @ u, v @ v, u @ v])
    slope = float(_slope(sums[0], sums[1], sums[2], ratio))
    left = sums[:, None] - n / (n - 1) * np.array([u * u, v * v, u * v])
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = _slope(left[0], left[1], left[2], ratio)
        # the line's height at the mean of all x: no offset costs digits
        heights = (-v + slopes * u) / (n - 1)
    mean_x, mean_y = float(x.mean()), float(y.mean())
    intercept = mean_y - slope * mean_x
    if not (np.isfinite(slopes).all() and left[2].min() > 0):
        return PairLine(slope, intercept, None, None)
    intercepts = heights - slopes * mean_x
    method = f"刀切法，t，自由度 {n - 2}"
    half = t_quantile(confidence, n - 2) * (n - 1) / n**0.5
    spread = [half * float(np.std(found, ddof=1)) for found in (slopes, intercepts)]
    return PairLine(
        slope,
        intercept,
        Interval(slope - spread[0], slope + spread[0], confidence, method),
        Interval(intercept - spread[1], intercept + spread[1], confidence, method),
    )


def _centred(x: Vector) -> Vector:
    shifted = x - x[0]
    return np.asarray(shifted - shifted.mean())


def _slope(sxx: Vector, syy: Vector, sxy: Vector, ratio: float) -> Vector:
    """The root that does not subtract nearly equal numbers."""
    u = syy - ratio * sxx
    root = np.hypot(u, 2 * ratio**0.5 * sxy)
    return np.where(u >= 0, (u + root) / (2 * sxy), 2 * ratio * sxy / np.where(u < 0, root - u, 1))


def passing_bablok(x: Vector, y: Vector, confidence: float) -> PairLine | None:
    """Passing–Bablok 回归 Shifted median of the slopes between every two pairs.

    Slopes of −1 and of two equal pairs are left out, vertical ones count as +∞; with K slopes
    below −1 and N in all, the estimate is the median shifted by K, the limits are the slopes of
    rank M + K and N + 1 − M + K with M = (N − z·√(n(n−1)(2n+5)/18))/2 rounded. The intercept is
    the median of y − bx, its limits are those of the slope's limits.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
    confidence : float

    Returns
    -------
    PairLine or None
        None where the shifted median is not a finite slope: the methods do not rise together.

    References
    ----------
    Passing & Bablok (1983), J. Clin. Chem. Clin. Biochem. 21, 709-720.

    Examples
    --------
    >>> x = np.array([1.0, 2, 3, 4, 5, 6])
    >>> line = passing_bablok(x, np.array([1.1, 2.0, 3.2, 3.9, 5.1, 9.0]), 0.95)
    >>> round(line.slope, 4), round(line.intercept, 4)
    (1.05, -0.025)
    """
    from scipy.special import ndtri

    n = x.size
    slopes = np.sort(_pair_slopes(x - x[0], y - y[0], float(max(abs(x).max(), abs(y).max()))))
    count, shift = slopes.size, int(np.sum(slopes < -1))
    ranks = np.array([(count - 1) // 2, count // 2]) + shift
    if count == 0 or ranks[1] >= count or not np.isfinite(slopes[ranks[1]]):
        return None
    slope = float(slopes[ranks].mean())
    width = ndtri((1 + confidence) / 2) * (n * (n - 1) * (2 * n + 5) / 18) ** 0.5
    first = int(np.floor((count - width) / 2 + 0.5))
    low, high = first + shift, count + 1 - first + shift
    if first < 1 or high > count or not np.isfinite(slopes[high - 1]):
        return PairLine(slope, _median_intercept(x, y, slope), None, None)
    limits = float(slopes[low - 1]), float(slopes[high - 1])
    ends = sorted(_median_intercept(x, y, limit) for limit in limits)
    return PairLine(
        slope,
        _median_intercept(x, y, slope),
        Interval(*limits, confidence, "秩，近似"),
        Interval(ends[0], ends[1], confidence, "斜率的限代入"),
    )


def _pair_slopes(x: Vector, y: Vector, scale: float) -> Vector:
    """Slopes of every two pairs, but for equal pairs and −1; vertical is +∞."""
    n, dust = x.size, 8 * np.finfo(float).eps * scale
    out = np.empty(n * (n - 1) // 2)
    size = 0
    for place in range(n - 1):
        dx, dy = x[place + 1 :] - x[place], y[place + 1 :] - y[place]
        dx, dy = np.where(abs(dx) <= dust, 0.0, dx), np.where(abs(dy) <= dust, 0.0, dy)
        keep = ((dx != 0) | (dy != 0)) & ((abs(dx + dy) > dust) | (dx == 0))
        dx, dy = dx[keep], dy[keep]
        found = np.full(dx.size, np.inf)
        np.divide(dy, dx, out=found, where=dx != 0)
        out[size : size + dx.size] = found
        size += dx.size
    return out[:size]


def _median_intercept(x: Vector, y: Vector, slope: float) -> float:
    rise = np.median((y - y[0]) - slope * (x - x[0]))
    return float(y[0] + rise - slope * x[0])
