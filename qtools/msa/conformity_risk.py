"""判定风险 Probabilities behind an acceptance rule, for one value and for all items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qtools.variance import Vector

_NODES = 48
_STEPS = np.array([-9.0, -6, -4, -2.5, -1.2, 0, 1.2, 2.5, 4, 6, 9])


@dataclass(frozen=True, slots=True)
class Normal:
    """正态分布 Mean and standard deviation of the true values among all items.

    Parameters
    ----------
    mean, sd : float
    """

    mean: float
    sd: float


def inside(low: float, high: float, mean: Vector, sd: float) -> Vector:
    """Probability that N(mean, sd²) lies between two limits, without loss in the far tails."""
    from scipy.special import ndtr

    a, b = (low - mean) / sd, (high - mean) / sd
    upper = a > 0  # both ends in the upper tail: turn it over
    return np.asarray(ndtr(np.where(upper, -a, b)) - ndtr(np.where(upper, -b, a)))


def posterior(values: Vector, u: float, prior: Normal | None) -> tuple[Vector, float]:
    """Mean and standard deviation of the true value behind each measured one."""
    if prior is None:
        return values, u
    weight = prior.sd**2 / (prior.sd**2 + u**2)
    return prior.mean + weight * (values - prior.mean), float(weight**0.5 * u)


def global_risks(
    lower: float, upper: float, band: float, u: float, prior: Normal
) -> dict[str, float]:
    """总体风险 Consumer's and producer's risk, undecided and outside, in percent of all items.

    Examples
    --------
    >>> found = global_risks(-1.0, 1.0, 0.0, 1e-6, Normal(0.0, 0.5))
    >>> round(found["outside"], 4), round(found["consumer"], 4)
    (4.55, 0.0)
    """
    places = prior.mean + _STEPS * prior.sd
    turns = [edge + s * band for edge in (lower, upper) if np.isfinite(edge) for s in (-1, 0, 1)]
    cuts = np.unique(np.concatenate([places, *(turn + _STEPS * u for turn in turns)]))
    cuts = cuts[(cuts >= places[0]) & (cuts <= places[-1])]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(cuts)[:, None] / 2
    eta = (cuts[:-1, None] + half + half * nodes).ravel()
    mass = (half * weights).ravel() * np.exp(-0.5 * ((eta - prior.mean) / prior.sd) ** 2)
    mass /= prior.sd * (2 * np.pi) ** 0.5
    good = (eta >= lower) & (eta <= upper)
    accept = inside(lower + band, upper - band, eta, u)
    if lower + band > upper - band:
        accept = np.zeros_like(eta)
    keep = inside(lower - band, upper + band, eta, u)  # accepted or undecided
    return {
        "consumer": 100 * float(mass @ (accept * ~good)),
        "producer": 100 * float(mass @ ((1 - accept) * good)),
        "undecided": 100 * float(mass @ (keep - accept)),
        "outside": 100 * (1 - float(inside(lower, upper, np.array([prior.mean]), prior.sd)[0])),
    }
