"""限制最大似然 Restricted maximum likelihood (REML) of variance components, profile intervals.

A *criterion* gives −2 × the restricted log-likelihood, up to a constant, of a vector of
components (residual last); ``likelihood.py`` has those of nested, balanced and crossed data.

References
----------
Patterson & Thompson (1971), Biometrika 58, 545-554.
Searle, Casella & McCulloch (1992), *Variance Components*, ch. 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Vector
    from qtools.variance.likelihood import Criterion

_FLOOR = 1e-12  # smallest residual, as a part of the total, that the likelihood is asked for
_NOTHING = 1e-6  # the others together count as 0 below this part of a component


@dataclass(frozen=True, slots=True, eq=False)
class Reml:
    """限制最大似然估计 Fitted components, with the criterion that gave them.

    Parameters
    ----------
    components : ndarray, shape (k,)
        Estimates, residual last, none negative.
    criterion : callable
        −2 × restricted log-likelihood up to a constant.
    minimum : float
        Its value at the estimates.
    """

    components: Vector
    criterion: Criterion
    minimum: float


def fit(criterion: Criterion, start: npt.ArrayLike) -> Reml:
    """拟合 Components that minimise a criterion; none is negative, the residual is positive.

    Parameters
    ----------
    criterion : callable
        As above.
    start : array_like, shape (k,)
        First guess, such as the ANOVA estimates; what is not positive is lifted.
    """
    first = np.asarray(start, dtype=np.float64)
    scale = float(np.maximum(first, 0.0).sum())
    best = _minimise(lambda z: criterion(_lift(z, scale)), np.sqrt(np.maximum(first / scale, 0.01)))
    for _ in range(2):  # restarts with a fresh Hessian finish flat valleys
        best = _minimise(lambda z: criterion(_lift(z, scale)), best)
    components = _lift(best, scale)
    components[components < 1e-9 * scale] = 0.0
    components[-1] = max(components[-1], _FLOOR * scale)
    return Reml(components, criterion, criterion(components))


def profile_component(model: Reml, which: int, confidence: float) -> tuple[float, float]:
    """剖面似然区间 Limits of one component."""
    k = len(model.components)
    others = [i for i in range(k) if i != which]

    def place(target: float, z: Vector) -> Vector:
        out = np.empty(k)
        out[others] = z**2
        out[which] = target
        return out

    total = float(model.components.sum())
    return _profile(model, place, float(model.components[which]), total, confidence, others)


def profile_share(model: Reml, which: int, confidence: float) -> tuple[float, float]:
    """剖面似然区间 Limits of one component's share of the total, between 0 and 1."""
    k = len(model.components)
    others = [i for i in range(k) if i != which]

    def place(odds: float, z: Vector) -> Vector:
        out = np.empty(k)
        out[others] = z**2
        out[which] = odds * out[others].sum()
        return out

    own, rest = float(model.components[which]), float(model.components[others].sum())
    if rest > _NOTHING * own:
        low, high = _profile(model, place, own / rest, 1.0, confidence, others)
        return low / (1.0 + low), high / (1.0 + high) if np.isfinite(high) else 1.0

    # all the others are 0, the share is 1: look at the rest as a multiple of this component
    def inverse(ratio: float, z: Vector) -> Vector:
        out = np.empty(k)
        out[which] = z[0] ** 2
        out[others] = ratio * z[0] ** 2 * z[1:] ** 2 / np.sum(z[1:] ** 2)
        return out

    low, high = _profile(model, inverse, rest / own, 1.0, confidence, [which, *others])
    return 1.0 / (1.0 + high), 1.0 / (1.0 + low)


def profile_total(model: Reml, confidence: float) -> tuple[float, float]:
    """剖面似然区间 Limits of the total variance."""

    def place(target: float, z: Vector) -> Vector:
        return np.asarray(target * z**2 / np.sum(z**2))

    total = float(model.components.sum())
    return _profile(model, place, total, total, confidence, range(len(model.components)))


def total_df(model: Reml) -> float:
    """有效自由度 2·T²/Var(T) of the total T, from the curvature of the criterion at its minimum.

    For balanced data without a component at zero this is Satterthwaite's value.
    """
    x = model.components
    total = float(x.sum())
    free = np.flatnonzero(x > 1e-6 * total)
    steps = 1e-3 * x[free]
    k = len(free)
    hessian = np.empty((k, k))

    def at(*moves: tuple[int, float]) -> float:
        moved = x.copy()
        for place, sign in moves:
            moved[free[place]] += sign * steps[place]
        return model.criterion(moved)

    for i in range(k):
        for j in range(k):
            corners = [s * t * at((i, s), (j, t)) for s in (1, -1) for t in (1, -1)]
            hessian[i, j] = sum(corners) / (4.0 * steps[i] * steps[j])
    variance = 2.0 * float(np.linalg.inv(hessian).sum())
    return 2.0 * total**2 / variance


def _lift(z: Vector, scale: float) -> Vector:
    out: Vector = z**2 * scale
    out[-1] = max(out[-1], _FLOOR * scale)
    return out


def _minimise(function: Criterion, start: Vector) -> Vector:
    """Quasi-Newton with central differences; the parameters are standard deviations."""
    from scipy.optimize import minimize

    step = 1e-5 * max(float(np.abs(start).max()), 1e-300)

    def gradient(z: Vector) -> Vector:
        moves = step * np.eye(len(z))
        return np.array([function(z + m) - function(z - m) for m in moves]) / (2.0 * step)

    found = minimize(function, start, jac=gradient, method="BFGS", options={"gtol": 1e-7})
    return np.asarray(np.abs(found.x), dtype=np.float64)


def _profile(
    model: Reml,
    place: Callable[[float, Vector], Vector],
    estimate: float,
    scale: float,
    confidence: float,
    others: Sequence[int],
) -> tuple[float, float]:
    """Where the criterion, minimised over all else, has risen by the quantile of χ²(1)."""
    from scipy.optimize import brentq
    from scipy.special import chdtri

    rise = float(chdtri(1, 1.0 - confidence))
    total = float(model.components.sum())
    floor = np.sqrt(1e-4 * total)
    start = best = np.maximum(np.sqrt(model.components[list(others)]), floor)

    def gap(target: float) -> float:
        nonlocal best

        def function(z: Vector) -> float:
            components = place(target, z)
            components[-1] = max(components[-1], _FLOOR * total)
            return model.criterion(components)

        best = _minimise(function, min(start, np.maximum(best, floor), key=function))
        return function(best) - model.minimum - rise

    tiny = 1e-8 * scale
    low = 0.0
    if estimate > tiny and gap(tiny) > 0:
        low = float(brentq(gap, tiny, estimate, rtol=1e-6, xtol=1e-9 * scale))
    lower, upper = max(estimate, tiny), max(estimate, 0.01 * scale) * 2.0
    while gap(upper) < 0:
        lower, upper = upper, upper * 3.0
        if upper > 1e9 * scale:
            return low, np.inf
    return low, float(brentq(gap, lower, upper, rtol=1e-6, xtol=1e-9 * scale))
