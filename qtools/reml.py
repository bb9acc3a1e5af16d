"""限制最大似然 Restricted maximum likelihood (REML) of variance components, profile intervals.

A *criterion* is a function that gives −2 × the restricted log-likelihood, up to a constant, of a
vector of components (residual last). There is one for nested data of any balance (sums up the
tree, in time proportional to the units), one for balanced data (the mean squares suffice), and
one for unbalanced crossed data (dense, over the cells). Fit and intervals are the same for all.

References
----------
Patterson & Thompson (1971), Biometrika 58, 545-554.
Searle, Casella & McCulloch (1992), *Variance Components*, ch. 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Anova, Codes, Vector

    Criterion = Callable[[Vector], float]

MAX_CELLS = 1500
_FLOOR = 1e-12  # smallest residual, as a part of the total, that the likelihood is asked for


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


def balanced_criterion(anova: Anova) -> Criterion:
    """Criterion of balanced data: Σ df·ln E(MS) + SS/E(MS)."""
    ems, ss, df = np.array(anova.ems), np.array(anova.ss), np.array(anova.df)

    def criterion(components: Vector) -> float:
        expected = ems @ components
        return float(df @ np.log(expected) + np.sum(ss / expected))

    return criterion


def nested_criterion(values: npt.ArrayLike, levels: Sequence[Codes]) -> Criterion:
    """Criterion of nested data of any balance, from the innermost units up to the grand mean.

    Each unit passes on the weighted mean of its parts and that mean's variance; what the parts
    differ among themselves enters the likelihood on the way. The grand mean is integrated out.
    """
    y = np.asarray(values, dtype=np.float64)
    unit = np.zeros(y.size, dtype=np.intp)
    units = [unit]
    for codes in levels:
        unit = np.unique(unit * (int(np.max(codes)) + 1) + codes, return_inverse=True)[1]
        units.append(unit.astype(np.intp))
    parents = [outer[np.unique(inner, return_index=True)[1]] for outer, inner in pairwise(units)]
    count = np.bincount(units[-1])
    shifted = y - y[0]
    means = np.bincount(units[-1], weights=shifted) / count
    rest = shifted - means[units[-1]]
    ss, df = float(rest @ rest), y.size - count.size

    def criterion(components: Vector) -> float:
        residual = components[-1]
        out = df * np.log(residual) + ss / residual
        mean, variance = means, residual / count
        for component, parent in zip(components[-2::-1], parents[::-1], strict=True):
            variance = variance + component
            weight = 1.0 / variance
            total = np.bincount(parent, weights=weight)
            upper = np.bincount(parent, weights=weight * mean) / total
            spread = mean - upper[parent]
            out += np.log(variance).sum() + np.log(total).sum() + weight @ spread**2
            mean, variance = upper, 1.0 / total
        # the last mean's own density integrates to one under the flat prior of the grand mean
        return float(out + np.log(count).sum())

    return criterion


def crossed_criterion(
    values: npt.ArrayLike, factors: Sequence[Codes], sources: Sequence[tuple[int, ...]]
) -> Criterion:
    """Criterion of crossed data of any balance, over the cells that hold readings.

    Raises
    ------
    QualityDataError
        If there are more than ``MAX_CELLS`` cells.
    """
    y = np.asarray(values, dtype=np.float64)
    shape = tuple(int(np.max(codes)) + 1 for codes in factors)
    cell = np.ravel_multi_index(tuple(factors), shape)
    present, first, cell, count = np.unique(
        cell, return_index=True, return_inverse=True, return_counts=True
    )
    if present.size > MAX_CELLS:
        raise QualityDataError(
            f"数据不平衡，且有 {present.size} 个组合，超过这种算法的上限 {MAX_CELLS} 个。",
            hint="请补齐或删去一些组合，使每个组合的读数一样多。",
        )
    shifted = y - y[0]
    means = np.bincount(cell, weights=shifted) / count
    rest = shifted - means[cell]
    ss, df = float(rest @ rest), y.size - present.size
    same = []
    for source in sources:
        label = np.ravel_multi_index(
            tuple(factors[i][first] for i in source), tuple(shape[i] for i in source)
        )
        same.append((label[:, None] == label[None, :]).astype(np.float64))
    stack = np.array(same)
    design = np.column_stack([np.ones(present.size), means])

    def criterion(components: Vector) -> float:
        residual = components[-1]
        covariance = np.tensordot(components[:-1], stack, axes=1)
        covariance[np.diag_indices_from(covariance)] += residual / count
        root = np.linalg.cholesky(covariance)
        white = np.linalg.solve(root, design)
        one = white[:, 0] @ white[:, 0]
        left = white[:, 1] - white[:, 0] * (white[:, 0] @ white[:, 1] / one)
        out = np.log(count).sum()
        if df:
            out += df * np.log(residual) + ss / residual
        return float(out + 2.0 * np.log(np.diag(root)).sum() + np.log(one) + left @ left)

    return criterion


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

    rest = float(model.components[others].sum())
    odds = float(model.components[which]) / rest
    low, high = _profile(model, place, odds, 1.0, confidence, others)
    return low / (1.0 + low), high / (1.0 + high) if np.isfinite(high) else 1.0


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
    start = np.maximum(np.sqrt(model.components[list(others)]), floor)

    def gap(target: float) -> float:
        def function(z: Vector) -> float:
            components = place(target, z)
            components[-1] = max(components[-1], _FLOOR * total)
            return model.criterion(components)

        return function(_minimise(function, start)) - model.minimum - rise

    tiny = 1e-8 * scale
    low = 0.0
    if estimate > tiny and gap(tiny) > 0:
        low = float(brentq(gap, tiny, estimate, rtol=1e-7, xtol=1e-10 * scale))
    lower, upper = max(estimate, tiny), max(estimate, 0.01 * scale) * 2.0
    while gap(upper) < 0:
        lower, upper = upper, upper * 3.0
        if upper > 1e9 * scale:
            return low, np.inf
    return low, float(brentq(gap, lower, upper, rtol=1e-7, xtol=1e-10 * scale))
