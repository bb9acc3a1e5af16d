"""设计效率 D-, A- and G-efficiency of a design for a model, in percent of an orthogonal design."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.factor import Factor
from qtools.doe.terms import ModelMatrix

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

_MOST_POINTS = 20_000
_SAME = 1e-9


def rank(x: Matrix) -> int:
    """Columns that can be told apart, judged after scaling each to length 1."""
    length = np.linalg.norm(x, axis=0)
    return int(np.linalg.matrix_rank(x / np.where(length > 0, length, 1.0), tol=1e-8))


def efficiency(matrix: ModelMatrix, blocks: Codes | None = None) -> dict[str, float]:
    """效率 D-, A- and G-efficiency for a model.

    With X of n rows and p columns, D = 100·|X′X|^(1/p)/n, A = 100·p/(n·tr (X′X)⁻¹) and
    G = 100·p/(n·max d), d = x′(X′X)⁻¹x over the region: every combination of settings, and of
    low, middle and high for continuous factors (corners only where those are too many).

    Returns
    -------
    dict
        ``d_efficiency``, ``a_efficiency``, ``g_efficiency``; all 0 if the model is not estimable.

    References
    ----------
    Atkinson, Donev & Tobias (2007), *Optimum Experimental Designs, with SAS*, ch. 10-11.

    Examples
    --------
    >>> from qtools.doe.factor import read_factors
    >>> corners = np.array([[-1.0, -1], [1, -1], [-1, 1], [1, 1]])
    >>> efficiency(ModelMatrix(read_factors(2), ((0,), (1,)), corners))
    {'d_efficiency': 100.0, 'a_efficiency': 100.0, 'g_efficiency': 100.0}
    """
    x = matrix.x
    n, p = x.shape
    if blocks is not None and blocks.any():
        member = np.eye(int(blocks.max()) + 1)[blocks]
        x = x - member @ ((member.T @ x) / member.sum(axis=0)[:, None]) + x.mean(axis=0)
    if n < p or rank(x) < p:
        return {"d_efficiency": 0.0, "a_efficiency": 0.0, "g_efficiency": 0.0}
    information = x.T @ x
    inverse = np.linalg.inv(information)
    candidates = matrix.at(region(matrix.factors)).x
    worst = float(np.einsum("ij,jk,ik->i", candidates, inverse, candidates).max())
    logdet = float(np.linalg.slogdet(information)[1])
    found = {
        "d_efficiency": np.exp(logdet / p) / n,
        "a_efficiency": p / (n * np.trace(inverse)),
        "g_efficiency": p / (n * worst),
    }
    return {key: round(100 * float(value), 10) for key, value in found.items()}


def region(factors: tuple[Factor, ...]) -> Matrix:
    """Points that stand for the region of the factors, shape (m, k) in coded values."""
    thorough = [(-1.0, 0.0, 1.0) if f.continuous else tuple(f.positions) for f in factors]
    corners = [(-1.0, 1.0) if f.continuous else tuple(f.positions) for f in factors]
    for grid in (thorough, corners):
        if np.prod([float(len(axis)) for axis in grid]) <= _MOST_POINTS:
            return np.array(list(product(*grid)), dtype=np.float64)
    draws = np.random.default_rng(0)
    return np.column_stack([draws.choice(axis, _MOST_POINTS) for axis in corners])
