"""交换算法 Exchange of coordinates or of whole points, for all random starts at once.

Replacing row x of a design by z multiplies |X′X| by

    (1 + d(z)) (1 − d(x)) + d(x, z)²        d(x, z) = x′(X′X)⁻¹z, d(x) = d(x, x)

(Fedorov 1972), so that no determinant is computed for a trial. The starts are one more axis of the
arrays: a step costs about as much for fifty as for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

_BETTER = 1e-9  # relative gain in |X′X| that counts
_PASSES = 200
_RIDGE = 1e-7  # lets a start climb out of a singular design


def exchange_coordinates(
    start: Matrix, axes: Sequence[Matrix], expand: Callable[[Matrix], Matrix]
) -> Matrix:
    """坐标交换 Change one coordinate at a time to its best value (Meyer & Nachtsheim 1995).

    Parameters
    ----------
    start : ndarray, shape (r, n, k)
        Points of each start.
    axes : sequence of ndarray
        Values that each coordinate may take.
    expand : callable
        Points, shape (m, k), to rows of the model, shape (m, p).

    Returns
    -------
    ndarray, shape (r, n, k)
    """
    points = start.copy()
    r, n, k = points.shape
    x = expand(points.reshape(-1, k)).reshape(r, n, -1)
    active = np.arange(r)
    for _ in range(_PASSES):
        changed = np.zeros(r, dtype=bool)
        for i in range(n):
            inverse = _inverse(x[active])
            for j in range(k):
                values = axes[j]
                trial = np.repeat(points[active, i][:, None, :], len(values), axis=1)
                trial[:, :, j] = values
                z = expand(trial.reshape(-1, k)).reshape(len(active), len(values), -1)
                gain = _gain(inverse, x[active, i], z)
                best = gain.argmax(axis=1)
                better = gain[np.arange(len(active)), best] > 1 + _BETTER
                if not better.any():
                    continue
                at, chosen = np.flatnonzero(better), best[better]
                rows = active[at]
                points[rows, i, j] = values[chosen]
                new = z[at, chosen]
                inverse[at] = _replaced(inverse[at], x[rows, i], new)
                x[rows, i] = new
                changed[rows] = True
        active = np.flatnonzero(changed)
        if not active.size:
            break
    return points


def exchange_points(start: npt.NDArray[np.intp], candidates: Matrix) -> npt.NDArray[np.intp]:
    """换点 Replace whole runs by the best of a list of candidates.

    Parameters
    ----------
    start : ndarray of int, shape (r, n)
        Candidates in each start.
    candidates : ndarray, shape (m, p)
        Rows of the model.
    """
    chosen = start.copy()
    r, n = chosen.shape
    active = np.arange(r)
    for _ in range(_PASSES):
        changed = np.zeros(r, dtype=bool)
        for i in range(n):
            x = candidates[chosen[active]]
            inverse = _inverse(x)
            z = np.broadcast_to(candidates, (len(active), *candidates.shape))
            gain = _gain(inverse, x[:, i], z)
            best = gain.argmax(axis=1)
            better = gain[np.arange(len(active)), best] > 1 + _BETTER
            chosen[active[better], i] = best[better]
            changed[active[better]] = True
        active = np.flatnonzero(changed)
        if not active.size:
            break
    return chosen


def log_determinants(x: Matrix) -> Matrix:
    """Log |X′X| of each design, shape (r,); −∞ where it is singular."""
    sign, value = np.linalg.slogdet(np.swapaxes(x, 1, 2) @ x)
    return np.where(sign > 0, value, -np.inf)


def _inverse(x: Matrix) -> Matrix:
    information = np.swapaxes(x, 1, 2) @ x
    p = information.shape[-1]
    scale = np.trace(information, axis1=1, axis2=2) / p
    return np.asarray(np.linalg.inv(information + _RIDGE * scale[:, None, None] * np.eye(p)))


def _gain(inverse: Matrix, old: Matrix, new: Matrix) -> Matrix:
    """Factor of |X′X| for each trial, shape (r, m)."""
    from_old = (old[:, None, :] @ inverse)[:, 0]
    d_old = (from_old * old).sum(axis=1)[:, None]
    cross = (new @ from_old[:, :, None])[:, :, 0]
    d_new = ((new @ inverse) * new).sum(axis=2)
    return np.asarray((1 + d_new) * (1 - d_old) + cross**2)


def _replaced(inverse: Matrix, old: Matrix, new: Matrix) -> Matrix:
    """(X′X)⁻¹ after rows ``old`` gave way to ``new``: two updates of rank one."""
    for row, sign in ((new, 1.0), (old, -1.0)):
        u = (inverse @ row[:, :, None])[:, :, 0]
        scale = sign / (1 + sign * (u * row).sum(axis=1))
        inverse = inverse - scale[:, None, None] * u[:, :, None] * u[:, None, :]
    return inverse
