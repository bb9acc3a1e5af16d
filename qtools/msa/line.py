"""直线 A least-squares line with what a study asks of it: slope, level, limits at any place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.estimate import Estimate, t_quantile
from qtools.variance import dust

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Vector


@dataclass(frozen=True, slots=True)
class Line:
    """最小二乘直线 y = level + slope·(x − x̄), kept at its centre so that no offset costs digits.

    Parameters
    ----------
    level, slope : float
        Mean of y, and the slope.
    center, sxx : float
        Mean of x and the sum of squared deviations from it.
    n : int
    sse, syy : float
        Sums of squares about the line and about the mean.
    confidence : float
    """

    level: float
    slope: float
    center: float
    sxx: float
    n: int
    sse: float
    syy: float
    confidence: float

    @property
    def df(self) -> int:
        """Degrees of freedom about the line."""
        return self.n - 2

    @property
    def s(self) -> float:
        """Standard deviation about the line."""
        return float((self.sse / self.df) ** 0.5)

    @property
    def pct_r2(self) -> float:
        """R² in percent."""
        return 100 * (1 - self.sse / self.syy)

    @property
    def slope_estimate(self) -> Estimate:
        """Slope with its standard error."""
        return Estimate(self.slope, self.s / self.sxx**0.5, self.df, self.confidence)

    def at(self, x: float) -> Estimate:
        """Height of the line at x, with the standard error of the fitted mean."""
        off = x - self.center
        se = self.s * (1 / self.n + off**2 / self.sxx) ** 0.5
        return Estimate(self.level + self.slope * off, se, self.df, self.confidence)

    def band(self, x: Vector) -> tuple[Vector, Vector, Vector]:
        """Line and its pointwise confidence limits at several places."""
        off = x - self.center
        fit = self.level + self.slope * off
        half = (
            t_quantile(self.confidence, self.df) * self.s * np.sqrt(1 / self.n + off**2 / self.sxx)
        )
        return fit, fit - half, fit + half


def fit_line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], confidence: float) -> Line:
    """拟合直线 Least squares of y on x: n ≥ 3, and x takes at least two values.

    What is no more than rounding counts as no residual.

    Examples
    --------
    >>> line = fit_line(np.array([0.0, 1, 2, 3]), np.array([1.0, 3, 5, 6]), 0.95)
    >>> round(line.slope, 6), round(line.at(0).value, 6), round(line.s, 6)
    (1.7, 1.2, 0.387298)
    """
    u, v = x - x[0], y - y[0]
    center = float(u.mean())
    u, rise = u - center, float(v.mean())
    v = v - rise
    sxx = float(u @ u)
    slope = float(u @ v) / sxx
    rest = v - slope * u
    sse = float(rest @ rest)
    if sse <= dust(y):
        sse = 0.0
    level = float(y[0]) + rise
    return Line(level, slope, float(x[0]) + center, sxx, len(x), sse, float(v @ v), confidence)
