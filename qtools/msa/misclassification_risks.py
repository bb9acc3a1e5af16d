"""误判概率 Probabilities of wrong decisions: bivariate normal integrals through Owen's T."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Vector

_TINY = 1e-12  # a share of the total variance that stands for none


def risks(
    part_var: npt.ArrayLike, grr_var: npt.ArrayLike, low: float, high: float
) -> dict[str, Vector]:
    """误判概率 Percentages of wrong decisions for limits measured from the process mean.

    Parameters
    ----------
    part_var, grr_var : array_like
        Variances of the same shape; what is 0 counts as a vanishing share of the total.
    low, high : float
        Limits less the mean; infinite where there is none.

    Returns
    -------
    dict of str to ndarray
        By metric key.

    Examples
    --------
    A limit at the mean errs on both sides with probability arccos(ρ)/2π each, ρ² = 3/4 here:

    >>> round(float(risks(3.0, 1.0, -float("inf"), 0.0)["pct_false_accept"]), 4)
    8.3333
    """
    from scipy.special import ndtr

    total = np.asarray(part_var, dtype=np.float64) + np.asarray(grr_var, dtype=np.float64)
    part = np.clip(np.asarray(part_var) / total, _TINY, 1.0 - _TINY)
    rho = np.sqrt(part)
    nudge = 1e-9 * np.sqrt(total.min())  # Owen's form divides by the limit, which may be the mean
    low, high = (limit if limit else nudge for limit in (low, high))
    x = [limit / np.sqrt(part * total) for limit in (low, high)]
    y = [limit / np.sqrt(total) for limit in (low, high)]
    inside_x = ndtr(x[1]) - ndtr(x[0])
    inside_y = ndtr(y[1]) - ndtr(y[0])
    both = (
        _normal(x[1], y[1], rho)
        - _normal(x[0], y[1], rho)
        - _normal(x[1], y[0], rho)
        + _normal(x[0], y[0], rho)
    )
    accept = np.clip(inside_y - both, 0.0, 1.0)
    reject = np.clip(inside_x - both, 0.0, 1.0)
    bad = ndtr(x[0]) + ndtr(-x[1])  # a difference from 1 would lose the digits of small shares
    floor = np.finfo(np.float64).tiny
    return {
        "pct_nonconforming": 100.0 * bad,
        "pct_false_accept": 100.0 * accept,
        "pct_false_reject": 100.0 * reject,
        "pct_bad_accepted": 100.0 * np.clip(accept / np.maximum(bad, floor), 0.0, 1.0),
        "pct_good_rejected": 100.0 * reject / np.maximum(inside_x, floor),
    }


def _normal(h: Vector, k: Vector, rho: Vector) -> Vector:
    """Bivariate normal distribution function through Owen's T; no element of h or k is 0."""
    from scipy.special import ndtr, owens_t

    for one, other in ((h, k), (k, h)):
        if np.isinf(one).all():  # a limit that is not there
            return np.asarray(ndtr(other) if np.all(one > 0) else np.zeros(np.shape(rho)))
    root = np.sqrt((1.0 - rho) * (1.0 + rho))
    first = owens_t(h, (k / h - rho) / root)
    second = owens_t(k, (h / k - rho) / root)
    opposite = np.where(h * k < 0, 0.5, 0.0)
    return np.asarray(0.5 * ndtr(h) + 0.5 * ndtr(k) - first - second - opposite)
