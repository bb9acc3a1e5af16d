"""计数模型的拟合 Poisson and negative binomial models with a log link, by Fisher scoring on arrays.

The negative binomial has variance μ + μ²/θ; its θ is the maximum of the likelihood, found in turn
with the coefficients. Nothing here knows of tables or names.

References
----------
McCullagh & Nelder (1989), *Generalized Linear Models*, ch. 6; Venables & Ripley (2002), MASS, 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]

_STEPS = 100
_POISSON = 1e6  # θ beyond this is no longer told from a Poisson distribution


@dataclass(frozen=True)
class CountFit:
    """计数拟合 Coefficients of log rates.

    Parameters
    ----------
    x : ndarray of float64, shape (n, p)
    y : ndarray of float64, shape (n,)
        Counts.
    offset : ndarray of float64, shape (n,)
        Logarithms of exposure.
    beta : ndarray of float64, shape (p,)
    theta : float
        Of the negative binomial; infinite for Poisson.
    """

    x: Matrix
    y: Vector
    offset: Vector
    beta: Vector
    theta: float

    @cached_property
    def mu(self) -> Vector:
        """Fitted counts."""
        return np.asarray(np.exp(self.x @ self.beta + self.offset))

    @property
    def df(self) -> int:
        """Residual degrees of freedom (θ is not counted, as in R)."""
        return len(self.y) - len(self.beta)

    @cached_property
    def weights(self) -> Vector:
        """Information of each row about its log rate."""
        return np.asarray(self.mu / (1 + self.mu / self.theta))

    @cached_property
    def bread(self) -> Matrix:
        """(X′WX)⁻¹, the covariance of the coefficients if the model holds."""
        return np.asarray(np.linalg.inv((self.x * self.weights[:, None]).T @ self.x))

    @cached_property
    def pearson_residuals(self) -> Vector:
        """(y − μ)/√V."""
        return np.asarray((self.y - self.mu) / np.sqrt(self.mu * (1 + self.mu / self.theta)))

    @cached_property
    def leverage(self) -> Vector:
        """Diagonal of the weighted hat matrix."""
        return np.asarray(np.einsum("ij,jk,ik->i", self.x, self.bread, self.x) * self.weights)

    @property
    def pearson(self) -> float:
        """Pearson's χ²."""
        return float((self.pearson_residuals**2).sum())

    @property
    def deviance(self) -> float:
        """偏差 Twice the log-likelihood lost against a model with a mean of its own a row."""
        return float(deviance_parts(self.y, self.mu, self.theta).sum())

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood with all constants."""
        return log_likelihood(self.y, self.mu, self.theta)

    @property
    def aic(self) -> float:
        """AIC; θ is a parameter too."""
        return float(2 * (len(self.beta) + np.isfinite(self.theta)) - 2 * self.log_likelihood)

    def zero_probability(self) -> Vector:
        """Chance of a count of 0 in each row."""
        if np.isfinite(self.theta):
            return np.asarray((1 + self.mu / self.theta) ** -self.theta)
        return np.asarray(np.exp(-self.mu))


def deviance_parts(y: Vector, mu: Vector, theta: float) -> Vector:
    """Each row's part of the deviance."""
    from scipy.special import xlogy

    if not np.isfinite(theta):
        return np.asarray(2 * (xlogy(y, y / mu) - (y - mu)))
    return np.asarray(2 * (xlogy(y, y / mu) - (y + theta) * np.log((y + theta) / (mu + theta))))


def log_likelihood(y: Vector, mu: Vector, theta: float) -> float:
    """Log-likelihood of counts, Poisson or negative binomial."""
    from scipy.special import gammaln, xlogy

    if not np.isfinite(theta):
        return float((xlogy(y, mu) - mu - gammaln(y + 1)).sum())
    own = gammaln(y + theta) - gammaln(theta) - gammaln(y + 1)
    own += theta * np.log(theta / (theta + mu)) + xlogy(y, mu / (mu + theta))
    return float(own.sum())


def fit_counts(
    x: Matrix, y: Vector, offset: Vector, theta: float = np.inf, start: Vector | None = None
) -> CountFit:
    """拟合 Coefficients of log rates by Fisher scoring, θ given.

    Raises
    ------
    QualityDataError
        If a coefficient runs away: somewhere there is no count at all.

    Examples
    --------
    >>> x = np.array([[1.0, -1], [1, -1], [1, 1], [1, 1]])
    >>> found = fit_counts(x, np.array([3.0, 5, 8, 8]), np.zeros(4))
    >>> np.exp(found.x[[0, 2]] @ found.beta).round(6).tolist()
    [4.0, 8.0]
    """
    if start is None:
        first = np.log(y + 0.5) - offset
        start = np.asarray(np.linalg.lstsq(x, first, rcond=None)[0])
    beta: Vector = start
    value = deviance_parts(y, np.exp(x @ beta + offset), theta).sum()
    for _ in range(_STEPS):
        eta = x @ beta
        mu = np.exp(eta + offset)
        root = np.sqrt(mu / (1 + mu / theta))
        step = np.linalg.lstsq(x * root[:, None], root * (y - mu) / mu, rcond=None)[0]
        for _ in range(30):
            trial = beta + step
            with np.errstate(over="ignore", invalid="ignore"):
                new = deviance_parts(y, np.exp(x @ trial + offset), theta).sum()
            if new <= value + 1e-9 * (1 + abs(value)):
                break
            step = step / 2
        beta = trial
        if np.abs(x @ beta).max() > 35 + np.abs(offset).max():
            break
        if abs(value - new) <= 1e-13 * (1 + abs(value)) and np.abs(step).max() < 1e-9:
            return CountFit(x, y, offset, beta, theta)
        value = new
    raise QualityDataError(
        "计数模型没有收敛：有些组合一个计数也没有，那里的率估计成了 0，效应无限大。",
        hint="去掉这样的交互作用，合并水平，或补做试验。",
    )


def fit_negative_binomial(x: Matrix, y: Vector, offset: Vector, start: CountFit) -> CountFit:
    """负二项拟合 Coefficients and θ of the greatest likelihood; Poisson if θ runs to infinity.

    Parameters
    ----------
    x, y, offset : ndarray of float64
    start : CountFit
        The Poisson fit.
    """
    excess = float(((start.y - start.mu) ** 2 - start.mu).sum())
    if excess <= 0 and theta_slope(y, start.mu, _POISSON) >= 0:
        return start
    found, theta = start, max(float((start.mu**2).sum()) / max(excess, 1e-9), 1e-3)
    theta = min(theta, 1e3)
    for _ in range(_STEPS):
        moved = best_theta(y, found.mu, theta)
        if moved >= _POISSON:
            return start
        found = fit_counts(x, y, offset, moved, found.beta)
        if abs(moved - theta) <= 1e-11 * moved:
            break
        theta = moved
    return found


def theta_slope(y: Vector, mu: Vector, theta: float) -> float:
    """Derivative of the log-likelihood by log θ."""
    from scipy.special import psi

    own = psi(y + theta) - psi(theta) + np.log(theta / (theta + mu)) + 1
    own -= (y + theta) / (mu + theta)
    return float(theta * own.sum())


def best_theta(y: Vector, mu: Vector, theta: float) -> float:
    """θ of the greatest likelihood for given means; at least the bound of Poisson if none."""
    from scipy.optimize import brentq

    low = high = np.log(theta)
    while theta_slope(y, mu, float(np.exp(low))) < 0 and low > -12:
        low -= 1.0
    while theta_slope(y, mu, float(np.exp(high))) > 0:
        high += 1.0
        if np.exp(high) > _POISSON:
            return _POISSON
    if low == high:
        return float(np.exp(low))
    root = brentq(lambda t: theta_slope(y, mu, float(np.exp(t))), low, high, xtol=1e-13)
    return float(np.exp(root))


def theta_se(y: Vector, mu: Vector, theta: float) -> float:
    """Standard error of θ from the curvature of the likelihood in θ."""
    from scipy.special import polygamma

    own = polygamma(1, theta) - polygamma(1, theta + y) - 1 / theta
    own += 2 / (mu + theta) - (y + theta) / (mu + theta) ** 2
    return float(own.sum() ** -0.5)
