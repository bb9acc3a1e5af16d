"""典型分析 A fitted quadratic and its geometry: stationary point, axes, ridge, optimum, doubt.

The surface is y = b₀ + b′x + x′Bx in coded values. Its stationary point is −B⁻¹b/2; the
eigenvectors of B are the axes along which it bends, each by its eigenvalue.

References
----------
Box & Wilson (1951), JRSS B 13, 1-45; Box & Hunter (1954), Biometrika 41, 190-199 (confidence
region); Draper (1963), Technometrics 5, 469-479 (ridge); Bisgaard & Ankenman (1996), Technometrics
38, 238-246 (standard errors of eigenvalues).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.terms import Term

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

_FLAT = 1e-9  # of the largest eigenvalue: the surface does not bend at all that way


@dataclass(frozen=True)
class Quadratic:
    """二次曲面 y = constant + linear·x + x′ square x, in coded values.

    Parameters
    ----------
    constant : float
    linear : ndarray, shape (k,)
    square : ndarray, shape (k, k)
        Symmetric; off the diagonal, half the coefficients of the interactions.

    Examples
    --------
    >>> bowl = Quadratic(1.0, np.array([2.0, 0.0]), np.array([[-1.0, 0.0], [0.0, -4.0]]))
    >>> bowl.stationary.tolist(), bowl.eigenvalues.tolist(), bowl.kind
    ([1.0, 0.0], [-1.0, -4.0], '最大')
    """

    constant: float
    linear: Vector
    square: Matrix

    def at(self, points: Matrix) -> Vector:
        """Values at points, shape (n, k)."""
        bend = np.einsum("ij,jk,ik->i", points, self.square, points)
        return np.asarray(self.constant + points @ self.linear + bend)

    @cached_property
    def _axes(self) -> tuple[Vector, Matrix]:
        values, vectors = np.linalg.eigh(self.square)
        order = np.argsort(values)[::-1]
        vectors = vectors[:, order]
        largest = np.abs(vectors).argmax(axis=0)
        signs = np.sign(vectors[largest, np.arange(len(values))])  # the largest part is positive
        return values[order], vectors * np.where(signs, signs, 1.0)

    @property
    def eigenvalues(self) -> Vector:
        """特征值 Curvature along each axis, the largest first."""
        return self._axes[0]

    @property
    def axes(self) -> Matrix:
        """特征向量 Directions of the axes, one a column, of length 1."""
        return self._axes[1]

    @property
    def curved(self) -> bool:
        """Whether the model has any second-order term."""
        return bool(self.square.any())

    @property
    def stationary(self) -> Vector | None:
        """驻点 Where the slope is 0; None if the surface is flat along some axis."""
        size = np.abs(self.eigenvalues)
        if not self.curved or size.min() <= _FLAT * size.max():
            return None
        return np.asarray(np.linalg.solve(self.square, -self.linear / 2) + 0.0)

    @property
    def kind(self) -> str:
        """What the stationary point is: 最大, 最小, 鞍点 or 岭; 平面 without curvature."""
        if not self.curved:
            return "平面"
        if self.stationary is None:
            return "岭"
        if (self.eigenvalues < 0).all():
            return "最大"
        return "最小" if (self.eigenvalues > 0).all() else "鞍点"


def read_quadratic(beta: Vector, terms: Sequence[Term], k: int) -> Quadratic:
    """Coefficients in the order of terms, the intercept first, as a quadratic of k factors."""
    linear, square = np.zeros(k), np.zeros((k, k))
    for value, term in zip(beta[1:], terms, strict=True):
        if len(term) == 1:
            linear[term[0]] = value
        else:
            square[term] += value / 2
            square[term[::-1]] += value / 2
    return Quadratic(float(beta[0]), linear, square)


def ridge(surface: Quadratic, radius: float, highest: bool) -> Vector:
    """岭径 The highest (or lowest) point at a distance from the centre, by Lagrange's rule.

    (B − μI)x = −b/2, with μ above the largest eigenvalue for the highest point; the distance falls
    as μ rises, so that there is one solution.

    Examples
    --------
    >>> slope = Quadratic(0.0, np.array([3.0, 4.0]), np.zeros((2, 2)))
    >>> ridge(slope, 5.0, highest=True).round(9).tolist()
    [3.0, 4.0]
    """
    from scipy.optimize import brentq

    sign = 1.0 if highest else -1.0
    values, axes = sign * surface.eigenvalues, surface.axes
    part = sign * (axes.T @ surface.linear) / 2
    if radius == 0:
        return np.zeros(len(values))
    top = float(values.max())
    scale = max(float(np.linalg.norm(part)) / radius, float(np.abs(values).max()), 1e-300)

    def distance(gap: float) -> float:
        return float(np.linalg.norm(part / (top + gap - values))) - radius

    least = scale * 1e-10
    if distance(least) <= 0:  # the slope along the top axis is 0: go out along it, either way
        rest = top - values > least
        x = np.zeros(len(values))
        x[rest] = part[rest] / (top - values[rest])
        x[int(np.flatnonzero(~rest)[0])] = math.sqrt(max(radius**2 - float(x @ x), 0.0))
        return np.asarray(axes @ x)
    gap = brentq(distance, least, 3 * scale, xtol=least * 1e-6, rtol=1e-14)
    return np.asarray(axes @ (part / (top + gap - values)))


def gradient_columns(points: Matrix, terms: Sequence[Term]) -> Matrix:
    """∂(model row)/∂x at points, shape (n, k, p), the intercept first."""
    n, k = points.shape
    out = np.zeros((n, k, 1 + len(terms)))
    for place, term in enumerate(terms, start=1):
        if len(term) == 1:
            out[:, term[0], place] = 1.0
        else:
            out[:, term[0], place] += points[:, term[1]]
            out[:, term[1], place] += points[:, term[0]]
    return out


def slope_statistic(
    points: Matrix, beta: Vector, covariance: Matrix, terms: Sequence[Term]
) -> Vector:
    """坡度检验 F statistic of "the slope is 0 here": small where the stationary point may lie."""
    columns = gradient_columns(points, terms)
    slope = columns @ beta
    spread = columns @ covariance @ columns.transpose(0, 2, 1)
    solved = np.linalg.solve(spread, slope[:, :, None])[:, :, 0]
    return np.asarray((slope * solved).sum(axis=1) / points.shape[1])
