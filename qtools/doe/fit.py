"""最小二乘 Least squares of a response on the terms of a model, and what every analysis asks of it.

The response is centred before the fit and the mean put back into the intercept, and columns are
scaled, so that neither a large offset nor mixed units cost digits. Sums of squares of terms are of
type III: what a term explains beyond all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.terms import ModelMatrix
from qtools.errors import QualityDataError
from qtools.estimate import Estimate
from qtools.variance import dust

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

_SAME = 9  # decimals of coded values in which points count as one point


@dataclass(frozen=True)
class Fit:
    """拟合 Coefficients and sums of squares of a linear model.

    Parameters
    ----------
    matrix : ModelMatrix
    y : ndarray of float64, shape (n,)
    beta : ndarray of float64, shape (p,)
        Coefficients in coded units, the intercept first.
    unscaled : ndarray of float64, shape (p, p)
        (X′X)⁻¹: covariance of the coefficients over σ².
    sse : float
        Residual sum of squares; 0 where it is no more than rounding.
    """

    matrix: ModelMatrix
    y: Vector
    beta: Vector
    unscaled: Matrix
    sse: float

    @property
    def n(self) -> int:
        """Runs."""
        return len(self.y)

    @property
    def df(self) -> int:
        """Degrees of freedom of the residual; 0 for a saturated model."""
        return len(self.y) - len(self.beta)

    @property
    def s(self) -> float | None:
        """Residual standard deviation; None for a saturated model."""
        return float((self.sse / self.df) ** 0.5) if self.df else None

    @cached_property
    def fitted(self) -> Vector:
        """Fitted values."""
        return np.asarray(self.matrix.x @ self.beta)

    @cached_property
    def residuals(self) -> Vector:
        """Response less fitted value; all 0 where they are no more than rounding."""
        return np.asarray(self.y - self.fitted) if self.sse else np.zeros(self.n)

    @cached_property
    def leverage(self) -> Vector:
        """Diagonal of the hat matrix."""
        x = self.matrix.x
        return np.asarray(np.einsum("ij,jk,ik->i", x, self.unscaled, x))

    @property
    def sst(self) -> float:
        """Sum of squares about the mean."""
        return float(((self.y - self.y.mean()) ** 2).sum())

    @property
    def pct_r2(self) -> float:
        """R² in percent."""
        return 100 * (1 - self.sse / self.sst)

    @property
    def pct_r2_adj(self) -> float | None:
        """R² adjusted for degrees of freedom, in percent; None for a saturated model."""
        if not self.df:
            return None
        return 100 * (1 - (self.sse / self.df) / (self.sst / (self.n - 1)))

    @property
    def press(self) -> float | None:
        """预测残差平方和 PRESS; None if a run decides its own fitted value alone."""
        free = 1 - self.leverage
        if not self.df or (free < 1e-9).any():
            return None
        return float(((self.residuals / free) ** 2).sum())

    @property
    def pct_r2_pred(self) -> float | None:
        """R² of prediction, in percent: 1 − PRESS / SST."""
        press = self.press
        return None if press is None else 100 * (1 - press / self.sst)

    @property
    def studentized(self) -> Vector | None:
        """Residuals over their own standard errors (internally); None without residual."""
        if not self.s:
            return None
        free = np.maximum(1 - self.leverage, 1e-12)
        return np.asarray(self.residuals / (self.s * np.sqrt(free)))

    def coefficient(self, place: int, confidence: float) -> Estimate | None:
        """Coefficient of a column with its standard error; None for a saturated model."""
        if not self.df:
            return None
        se = (self.sse / self.df * self.unscaled[place, place]) ** 0.5
        return Estimate(float(self.beta[place]), float(se), self.df, confidence)

    def term_ss(self, place: int) -> float:
        """Type III sum of squares of a term, by its position in ``matrix.terms``."""
        span = self.matrix.spans[place]
        own = self.beta[span]
        return float(own @ np.linalg.solve(self.unscaled[span, span], own))

    @cached_property
    def cells(self) -> npt.NDArray[np.intp]:
        """Code of the distinct point of each run: replicates share one."""
        points = np.round(self.matrix.points, _SAME) + 0.0
        return np.unique(points, axis=0, return_inverse=True)[1].ravel().astype(np.intp)

    @property
    def pure_error(self) -> tuple[float, int]:
        """Sum of squares of replicates about their own means, and its degrees of freedom."""
        counts = np.bincount(self.cells)
        off = self.y - self.y.mean()
        means = np.bincount(self.cells, off) / counts
        ss = float(((off - means[self.cells]) ** 2).sum())
        return (ss if ss > dust(self.y) else 0.0), int(self.n - len(counts))

    @property
    def lack_of_fit(self) -> tuple[float, int, float, float] | None:
        """失拟 Sum of squares, degrees of freedom, F and p of "the model is enough".

        None without replicates, without spare points, or where replicates do not differ.
        """
        from scipy.special import fdtrc

        pure, pure_df = self.pure_error
        df = self.df - pure_df
        if df <= 0 or pure_df == 0 or pure == 0:
            return None
        ss = max(self.sse - pure, 0.0)
        f = (ss / df) / (pure / pure_df)
        return ss, df, f, float(fdtrc(df, pure_df, f))

    def mean_at(self, points: Matrix, confidence: float) -> list[Estimate]:
        """Mean response at coded points, with standard errors; needs residual freedom."""
        x = self.matrix.at(points).x
        variance = np.einsum("ij,jk,ik->i", x, self.unscaled, x) * (self.sse / self.df)
        return [
            Estimate(float(value), float(v**0.5), self.df, confidence)
            for value, v in zip(x @ self.beta, variance, strict=True)
        ]


def fit(matrix: ModelMatrix, y: Vector) -> Fit:
    """拟合 Least squares.

    Raises
    ------
    QualityDataError
        If there are fewer runs than coefficients, or columns cannot be told apart; the message
        names the terms that share what they say.

    Examples
    --------
    >>> from qtools.doe.factor import read_factors
    >>> corners = np.array([[-1.0, -1], [1, -1], [-1, 1], [1, 1]])
    >>> model = ModelMatrix(read_factors(2), ((0,), (1,)), corners)
    >>> found = fit(model, np.array([10.0, 14, 20, 25]))
    >>> found.beta.round(6).tolist(), found.df, round(found.sse, 6)
    ([17.25, 2.25, 5.25], 1, 0.25)
    """
    x = matrix.x
    n, p = x.shape
    _require_estimable(matrix)
    shift = float(y.mean()) if matrix.intercept else 0.0
    scale = np.linalg.norm(x, axis=0)
    q, r = np.linalg.qr(x / scale)
    centred = y - shift
    beta = np.linalg.solve(r, q.T @ centred) / scale
    inverse = np.linalg.inv(r)
    unscaled = (inverse @ inverse.T) / np.outer(scale, scale)
    rest = centred - x @ beta
    sse = float(rest @ rest) if n > p else 0.0
    if sse <= dust(y):
        sse = 0.0
    if matrix.intercept:
        beta[0] += shift
    return Fit(matrix, np.asarray(y, dtype=np.float64), beta, unscaled, sse)


def _require_estimable(matrix: ModelMatrix) -> None:
    from qtools.doe.efficiency import rank

    x = matrix.x
    n, p = x.shape
    if n >= p and rank(x) == p:
        return
    kept = [np.ones((n, 1))] if matrix.intercept else []
    lost: list[str] = []
    for block, name in zip(matrix.blocks, matrix.names, strict=True):
        trial = np.hstack([*kept, block])
        if trial.shape[1] <= n and rank(trial) == trial.shape[1]:
            kept.append(block)
        else:
            lost.append(name)
    able = [name for name in matrix.names if name not in lost]
    why = f"只有 {n} 次试验，模型却有 {p} 个系数" if n < p else "有些项在这些试验里同进同退"
    raise QualityDataError(
        f"这个模型估计不了：{why}。分不开的项：{'、'.join(lost[:8])}"
        + ("等。" if len(lost) > 8 else "。"),
        hint=f"能一起估计的有：{'、'.join(able[:12]) or '只有总平均'}。"
        "请把别的项从模型里去掉，或加做试验（折叠设计可以拆开别名）。",
    )
