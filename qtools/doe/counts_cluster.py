"""聚类稳健 Errors of count models that trust nothing but clusters to be independent.

CR1 is the sandwich with the factor g/(g − 1)·(n − 1)/(n − p) of Stata and statsmodels, read with
g − 1 degrees of freedom: far too small where a level stands in a few clusters only. CR2 (Bell &
McCaffrey 2002) takes the leverage of each cluster out of its residuals, and reads each combination
with Satterthwaite's degrees of freedom, each term with Hotelling's T² of Pustejovsky & Tipton. The
working covariance of both is that of the fitted model, rows independent.

References
----------
Liang & Zeger (1986), Biometrika 73, 13-22; Bell & McCaffrey (2002), Survey Methodology 28,
169-181; Pustejovsky & Tipton (2018), J. Bus. Econ. Stat. 36, 672-683.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools.doe.counts_fit import CountFit
from qtools.doe.terms import ModelMatrix
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

Correction = Literal["CR2", "CR1"]
_SINGULAR = 1e-8  # of 1 − leverage: a cluster alone decides a coefficient


@dataclass(frozen=True, slots=True, eq=False)
class ClusterSpread:
    """聚类稳健协方差 Covariance of coefficients, with what its own degrees of freedom need.

    Parameters
    ----------
    covariance : ndarray of float64, shape (p, p)
    bread : ndarray of float64, shape (p, p)
    squares, leans : ndarray of float64, shape (g, p, p)
        Of each cluster: L′L and X′L, where L′ takes its residuals to the coefficients; empty
        for CR1.
    """

    covariance: Matrix
    bread: Matrix
    squares: Matrix
    leans: Matrix

    def df(self, row: Vector) -> float:
        """Satterthwaite's degrees of freedom of a combination's variance."""
        return self.test_df(row[None, :])

    def test_df(self, rows: Matrix) -> float:
        """η of Hotelling's T² for q combinations (Pustejovsky & Tipton 2018, sec. 3.2)."""
        g, q = len(self.squares), len(rows)
        if not g:
            raise ValueError("CR1 has no degrees of freedom of its own")
        # under the working model a cluster's part is u′z, z standard normal residuals
        lean = np.einsum("gij,sj->gsi", self.leans, rows).reshape(g * q, -1)
        product = -(lean @ self.bread @ lean.T).reshape(g, q, g, q)
        own = np.einsum("si,gij,tj->gst", rows, self.squares, rows)
        product[np.arange(g), :, np.arange(g), :] += own
        expected = np.einsum("gsgt->st", product)
        half = np.linalg.inv(np.linalg.cholesky(expected))
        product = np.einsum("as,gsht,bt->gahb", half, product, half, optimize=True)
        diagonal = np.einsum("gshs->sgh", product)
        variance = float((diagonal.sum(axis=0) ** 2).sum())
        variance += float(np.einsum("gsht,gths->", product, product, optimize=True))
        return q * (q + 1) / variance


def classic(fit: CountFit, cluster: Codes) -> ClusterSpread:
    """CR1 The sandwich with the factor of Stata and statsmodels."""
    score = fit.x * ((fit.y - fit.mu) / (1 + fit.mu / fit.theta))[:, None]
    sums = np.zeros((int(cluster.max()) + 1, fit.x.shape[1]))
    np.add.at(sums, cluster, score)
    n, p, g = *fit.x.shape, len(sums)
    factor = g / (g - 1) * (n - 1) / (n - p)
    covariance = np.asarray(factor * fit.bread @ (sums.T @ sums) @ fit.bread)
    none = np.zeros((0, p, p))
    return ClusterSpread(covariance, fit.bread, none, none)


def reduced_bias(fit: CountFit, cluster: Codes) -> ClusterSpread:
    """CR2 The sandwich of residuals freed from the leverage of their cluster."""
    x = fit.x * np.sqrt(fit.weights)[:, None]
    g, p = int(cluster.max()) + 1, x.shape[1]
    covariance, squares, leans = np.zeros((p, p)), np.zeros((g, p, p)), np.zeros((g, p, p))
    root = np.linalg.cholesky(fit.bread)
    for at in range(g):
        mine = cluster == at
        own, r = x[mine], fit.pearson_residuals[mine]
        # I − H of the cluster differs from I in at most p directions
        left, single, _ = np.linalg.svd(own @ root, full_matrices=False)
        rest = np.maximum(1 - single**2, _SINGULAR)
        freed = own + left @ ((rest**-0.5 - 1)[:, None] * (left.T @ own))
        back = freed @ fit.bread
        part = back.T @ r
        covariance += np.outer(part, part)
        squares[at], leans[at] = back.T @ back, own.T @ back
    return ClusterSpread(covariance, fit.bread, squares, leans)


def clusters_per_level(matrix: ModelMatrix, cluster: Codes) -> list[tuple[str, str, Codes]]:
    """Factor, level and its clusters, for all categorical factors in the model."""
    out = []
    for place, factor in enumerate(matrix.factors):
        if factor.continuous or not any(place in term for term in matrix.terms):
            continue
        for level, position in zip(factor.levels, factor.positions, strict=True):
            mine = np.isclose(matrix.points[:, place], position)
            out.append((factor.name, str(level), np.unique(cluster[mine])))
    return out


def require_clusters(
    matrix: ModelMatrix, fit: CountFit, cluster: Codes, names: tuple[str, ...], heading: str
) -> None:
    """Refuse what a single cluster decides: its residuals sum to 0 whatever its luck was."""
    why = "只做了一次的，没有东西可以用来估计它的误差"
    for factor, level, own in clusters_per_level(matrix, cluster):
        if len(own) < 2:
            raise QualityDataError(
                f"因子“{factor}”的水平“{level}”只在一组（{heading} {names[own[0]]}）里做过："
                f"{why}。",
                hint="在别的组里再做这个水平；或去掉这个水平的行；不能去掉聚类的列了事。",
            )
    x = fit.x * np.sqrt(fit.weights)[:, None]
    root = np.linalg.cholesky(fit.bread)
    for at, name in enumerate(names):
        own = x[cluster == at] @ root
        if np.linalg.norm(own, 2) ** 2 > 1 - _SINGULAR:
            raise QualityDataError(
                f"没有“{heading} {name}”这一组，模型里就有项估计不了：{why}。",
                hint="去掉只靠这一组的项或水平，或在别的组里再做。",
            )
