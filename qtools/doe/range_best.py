"""最优水平组合 Levels with the best predicted mean, over all combinations or one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.factor import Factor
from qtools.doe.fit import Fit

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

_MOST = 20_000  # combinations that are all tried
_ROUNDS = 5  # over the factors where there are more


def best_point(
    fit: Fit,
    factors: Sequence[Factor],
    means: Sequence[Vector],
    tried: Sequence[int],
    best: Callable[[Vector], int],
    aimed: bool,
) -> Vector:
    """Coded levels of the combination with the best predicted mean.

    Parameters
    ----------
    fit : Fit
    factors : sequence of Factor
    means : sequence of ndarray
        Of the levels of each factor, which decide for factors that are not tried.
    tried : sequence of int
        Factors that are in the model.
    best : callable
        Position of the best of some means.
    aimed : bool
        Whether a target is to be met, so that a factor cannot be set without the others.
    """

    def predicted(points: Matrix) -> Vector:
        return np.asarray(fit.matrix.at(points).x @ fit.beta)

    axes = [factor.positions for factor in factors]
    point = np.array([axis[best(own)] for axis, own in zip(axes, means, strict=True)])
    alone = all(len(term) == 1 for term in fit.matrix.terms) and not aimed
    if alone or np.prod([float(len(axes[i])) for i in tried]) > _MOST:
        for _ in range(1 if alone else _ROUNDS):  # adjusted for other factors, one at a time
            for i in tried:
                trial = np.tile(point, (len(axes[i]), 1))
                trial[:, i] = axes[i]
                point[i] = axes[i][best(predicted(trial))]
        return point
    own = np.array(list(product(*[axes[i] for i in tried])))
    grid = np.tile(point, (len(own), 1))
    grid[:, list(tried)] = own
    return np.asarray(grid[best(predicted(grid))])
