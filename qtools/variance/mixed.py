"""混合模型 Random-effects models of any balance: sources in any relation, fitted by REML.

A *source* is a grouping of the readings (parts, operators, their combinations, stations …). The
readings are gathered into cells (``cells.py``); a source with one unit a cell stands on the
diagonal D of the covariance of the cell means, D + Z·G·Z', so that a study of 200 parts by 20
operators needs matrices of 220 rows and not of 4 000.

With P the projection of the restricted likelihood and V_i the pattern of component i, the
likelihood is greatest where F·θ = q, F_ij = tr(P V_i P V_j), q_i = y'P V_i P y. The solution of
these equations, with the fit put in for P, is the next fit (Fisher scoring); a component that
would be negative stays at 0.

References
----------
Searle, Casella & McCulloch (1992), *Variance Components*, ch. 6, 8 and 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError
from qtools.variance.cells import Cells

if TYPE_CHECKING:
    from qtools.variance import Vector

MAX_UNITS = 1000
_TINY = 1e-10  # a component of 0 counts as this part of the diagonal where it is divided by
_STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """限制最大似然模型 Fitted components of any sources, and the equations they solve.

    Parameters
    ----------
    cells : Cells
    components : ndarray, shape (sources + 1,)
        REML estimates in the order of the sources, residual last, none negative.
    raw : ndarray, shape (sources + 1,)
        The same; where a component lies at 0, what the equations without that border say.
    criterion : float
        −2 × the restricted log-likelihood, up to a constant.
    """

    cells: Cells
    components: Vector
    raw: Vector
    criterion: float


def diagonal(cells: Cells, components: Vector) -> Vector:
    """Variance of a cell mean beside the sources in Z, by group of equally full cells."""
    fine = 0.0 if cells.fine is None else float(components[cells.fine])
    out: Vector = components[-1] / np.unique(cells.count) + fine
    return out


def scale_of(cells: Cells, components: Vector, place: int) -> float:
    """Standard deviation of a source in Z, not quite 0."""
    least = _TINY * float(diagonal(cells, components).mean())
    return float(np.sqrt(max(float(components[place]), least)))


class Equations:
    """似然方程 What of the data does not depend on the components; criterion, F and q at some."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        total = sum(cells.sizes[place] for place in cells.inner)
        if total > MAX_UNITS:
            raise QualityDataError(
                f"数据不平衡，且各来源共有 {total} 个水平，超过这种算法的上限 {MAX_UNITS} 个。",
                hint="请补齐或删去一些组合，使每个组合的读数一样多；或分批分析。",
            )
        # The restricted likelihood is free of the mean, and so of the mean of a source's effects.
        # Without that direction, which all sources share, large effects stay well apart.
        columns, at = [np.ones((cells.count.size, 1))], 1
        self.blocks: dict[int, slice] = {}
        for place in cells.inner:
            size = cells.sizes[place]
            columns.append(cells.columns([place]) @ _contrasts(size))
            self.blocks[place] = slice(at, at + size - 1)
            at += size - 1
        b = np.hstack(columns)
        self.each, group = np.unique(cells.count, return_inverse=True)
        which = [group == place for place in range(self.each.size)]
        self.beta = np.linalg.lstsq(b, cells.means, rcond=None)[0]
        e = cells.means - b @ self.beta
        self.cells_of = np.array([rows.sum() for rows in which])
        self.bb = np.array([b[rows].T @ b[rows] for rows in which])
        self.be = np.array([b[rows].T @ e[rows] for rows in which])
        self.ee = np.array([e[rows] @ e[rows] for rows in which])

    def at(self, components: Vector) -> tuple[float, Vector, Vector]:
        """Criterion, F and q.

        B holds a column of ones and the columns of the sources, scaled by the standard deviations
        of their effects. With A = B'D⁻¹B (``whole``), Λ = 1 for the latter, Y = (A + Λ)⁻¹, the
        projection is P = D⁻¹ − D⁻¹B·Y·B'D⁻¹, so that P·B = D⁻¹B·Y·Λ, Λ·B'P·B·Λ = Λ − Λ·Y·Λ.
        """
        cells, blocks = self.cells, self.blocks
        d, scale = diagonal(cells, components), np.ones(self.bb.shape[1])
        for place, block in blocks.items():
            scale[block] = scale_of(cells, components, place)

        def gram(weights: Vector) -> Vector:
            out: Vector = np.tensordot(weights, self.bb, axes=1) * np.outer(scale, scale)
            return out

        whole = gram(1.0 / d)
        random = np.arange(len(whole)) > 0
        y, log_det = inverse(whole + np.diag(random.astype(float)))
        j = np.where(random, y, 0.0)
        w = np.where(np.outer(random, random), np.eye(len(y)) - y, 0.0)
        # of small effects the difference 1 − Y has few digits, the product A·Y has all
        np.fill_diagonal(w, np.where(random, np.einsum("ij,ji->i", whole, j), 0.0))
        beta = np.where(random, self.beta / scale, 0.0)
        t = scale * (self.be.T @ (1.0 / d))
        r = w @ beta + j.T @ t
        quadratic = beta @ (w @ beta + 2.0 * (j.T @ t)) + self.ee @ (1.0 / d) - t @ y @ t

        residual, size = float(components[-1]), len(components)
        q, f = np.zeros(size), np.zeros((size, size))
        for a, rows in blocks.items():
            q[a] = float(r[rows] @ r[rows]) / scale[rows.start] ** 2
            for b, cols in blocks.items():
                f[a, b] = (
                    float(np.sum(w[rows, cols] ** 2)) / (scale[rows.start] * scale[cols.start]) ** 2
                )
        patterns = {size - 1: 1.0 / self.each}
        if cells.fine is not None:
            patterns[cells.fine] = np.ones_like(d)
        c = scale * (j @ beta - y @ t)  # P·m is D⁻¹(e + B·c)
        rest = self.ee + 2.0 * self.be @ c + np.einsum("i,gij,j->g", c, self.bb, c)
        grams = {a: gram(e / d**2) for a, e in patterns.items()}
        for a, e in patterns.items():
            q[a] = float(np.sum(e * rest / d**2))
            mixed = np.einsum("ij,ij->j", j, grams[a] @ j)
            for b, cols in blocks.items():
                f[a, b] = f[b, a] = float(mixed[cols].sum()) / scale[cols.start] ** 2
            ya = y @ grams[a]
            for b, other in patterns.items():
                f[a, b] = (
                    float(np.sum(self.cells_of * e * other / d**2))
                    - 2.0 * float(np.sum(y * gram(e * other / d**3)))
                    + float(np.sum(ya * (y @ grams[b]).T))
                )
        q[-1] += cells.ss / residual**2
        f[-1, -1] += cells.df / residual**2
        criterion = float(self.cells_of @ np.log(d)) + log_det + quadratic
        criterion += cells.df * np.log(residual) + cells.ss / residual
        return float(criterion), f, q


def _contrasts(size: int) -> Vector:
    """Orthonormal columns, each of sum 0, shape (size, size − 1)."""
    return np.asarray(np.linalg.qr(np.eye(size)[:, 1:] - 1.0 / size)[0])


def inverse(matrix: Vector) -> tuple[Vector, float]:
    """Inverse and log-determinant of a positive definite matrix of any scaling."""
    root = 1.0 / np.sqrt(np.diag(matrix))
    scaled = matrix * np.outer(root, root)
    log_det = float(np.linalg.slogdet(scaled)[1]) - 2.0 * float(np.log(root).sum())
    out: Vector = np.linalg.inv(scaled) * np.outer(root, root)
    return (out + out.T) / 2.0, log_det


def fit_mixed(cells: Cells) -> Mixed:
    """拟合 Components at the greatest restricted likelihood.

    Parameters
    ----------
    cells : Cells
        With some sum of squares that the sources, taken as fixed, leave over.

    Examples
    --------
    Balanced data without a component at the border give the ANOVA estimates.

    >>> from qtools.variance.cells import gather
    >>> part, operator = (axis.ravel() for axis in np.indices((3, 2)))
    >>> model = fit_mixed(gather([1.0, 3.0, 4.0, 5.0, 8.0, 11.0], [part, operator]))
    >>> np.round(model.components, 9).tolist()
    [14.333333333, 1.833333333, 0.5]
    """
    equations = Equations(cells)
    rest, df = cells.remainder(range(len(cells.sizes)))
    theta = np.full(len(cells.sizes) + 1, float(cells.means.var()) / max(len(cells.sizes), 1))
    theta[-1] = rest / df
    value, f, q = equations.at(theta)
    for _ in range(_STEPS):
        moved = _step(equations, theta, value, f, q)
        change = np.abs(moved[0] - theta)
        theta, value, f, q = moved
        if np.all(change <= 1e-9 * theta + 1e-12 * theta[-1] / cells.n):
            break
    raw = theta.copy()
    zero = theta == 0
    raw[zero] = np.minimum(_solve(f, q)[zero], 0.0)
    return Mixed(cells, theta, raw, value)


def _solve(f: Vector, q: Vector) -> Vector:
    root = 1.0 / np.sqrt(np.maximum(np.diag(f), 1e-300))
    out: Vector = root * np.linalg.lstsq(f * np.outer(root, root), root * q, rcond=1e-14)[0]
    return out


def _step(
    equations: Equations, theta: Vector, value: float, f: Vector, q: Vector
) -> tuple[Vector, float, Vector, Vector]:
    """One step of scoring, shortened until the criterion falls; at last a sure, small one."""
    expected = f @ theta
    free = (theta > 0) | (q > expected * (1.0 + 1e-9))
    for _ in range(len(theta)):  # components that would be negative are left out one by one
        target = np.zeros_like(theta)
        target[free] = _solve(f[np.ix_(free, free)], q[free])
        under = np.flatnonzero(free & (target < 0) & (np.arange(len(theta)) < len(theta) - 1))
        if not under.size:
            break
        free[under[np.argmin(target[under] / (theta[under] + theta[-1]))]] = False
    target = np.maximum(target, 0.0)
    target[-1] = max(target[-1], 0.01 * theta[-1])
    slack = 1e-11 * (1.0 + abs(value))
    for part in (1.0, 0.3, 0.1, 0.01):
        trial = theta + part * (target - theta)
        trial[trial < 1e-12 * trial[-1] / equations.cells.n] = 0.0
        found = equations.at(trial)
        if found[0] <= value + slack:
            return (trial, *found)
    usable = (expected > 0) & (q > 0)
    trial = theta * np.sqrt(np.where(usable, q, 1.0) / np.where(usable, expected, 1.0))
    return (trial, *equations.at(trial))
