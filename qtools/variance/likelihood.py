"""限制似然 −2 × the restricted log-likelihood of variance components, up to a constant.

One criterion for nested data of any balance (sums up the tree, in time proportional to the
units), one for balanced data (the mean squares suffice), one for crossed data of any balance.

References
----------
Searle, Casella & McCulloch (1992), *Variance Components*, ch. 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Anova, Codes, Vector

    Criterion = Callable[[Vector], float]

MAX_UNITS = 400


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
    """Criterion of crossed data of any balance, in time that does not grow with the readings.

    Cell means have the covariance D + Z·G·Z': the highest interaction and the residual stand on
    the diagonal D, the other sources in Z. With means = Zβ + e by least squares, all that is
    needed follows from (I + G·Z'D⁻¹Z)⁻¹ applied to β, so that large effects beside a tiny noise
    do not cancel.

    Raises
    ------
    QualityDataError
        If the sources in Z have more than ``MAX_UNITS`` units.
    """
    y = np.asarray(values, dtype=np.float64)
    shape = tuple(int(np.max(codes)) + 1 for codes in factors)
    cell, first, place, count = np.unique(
        np.ravel_multi_index(tuple(factors), shape),
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    shifted = y - y[0]
    shifted = shifted - shifted.mean()
    means = np.bincount(place, weights=shifted) / count
    rest = shifted - means[place]
    ss, df = float(rest @ rest), y.size - cell.size

    inner = [source for source in sources if len(source) < len(factors)]
    highest = len(inner) < len(sources)
    labels = [
        np.unique(
            np.ravel_multi_index([factors[i][first] for i in source], [shape[i] for i in source]),
            return_inverse=True,
        )[1]
        for source in inner
    ]
    sizes = [int(label.max()) + 1 for label in labels]
    if sum(sizes) > MAX_UNITS:
        raise QualityDataError(
            f"数据不平衡，且各因子共有 {sum(sizes)} 个水平，超过这种算法的上限 {MAX_UNITS} 个。",
            hint="请补齐或删去一些组合，使每个组合的读数一样多。",
        )
    z = np.hstack([np.eye(size)[label] for size, label in zip(sizes, labels, strict=True)])
    beta = np.linalg.lstsq(z, means, rcond=None)[0]
    e = means - z @ beta
    one = np.zeros(len(beta))
    one[: sizes[0]] = 1.0  # the indicators of the first source add up to the constant
    groups = [count == n for n in np.unique(count)]
    each = np.array([count[group][0] for group in groups])
    cells = np.array([group.sum() for group in groups])
    zz = np.array([z[group].T @ z[group] for group in groups])
    ze = np.array([z[group].T @ e[group] for group in groups])
    ee = np.array([e[group] @ e[group] for group in groups])

    def criterion(components: Vector) -> float:
        residual = components[-1]
        diagonal = residual / each + (components[-2] if highest else 0.0)
        a, s = np.tensordot(1.0 / diagonal, zz, axes=1), ze.T @ (1.0 / diagonal)
        g = np.repeat(components[: len(sizes)], sizes)
        b = g[:, None] * a + np.eye(len(g))
        by, bx, bs = np.linalg.solve(b, np.column_stack([beta, one, g * s])).T
        xx, xy = one @ a @ bx, one @ a @ by + s @ bx
        yy = beta @ a @ by + 2.0 * (s @ by) + ee @ (1.0 / diagonal) - s @ bs
        out = cells @ np.log(diagonal) + np.linalg.slogdet(b)[1] + np.log(xx) + yy - xy**2 / xx
        return float(out + (df * np.log(residual) + ss / residual if df else 0.0))

    return criterion
