"""计数分析的零件 Pieces of :class:`qtools.doe.CountAnalysis`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools.doe.counts_cluster import ClusterSpread
from qtools.estimate import Estimate
from qtools.result import Interval

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

Family = Literal["poisson", "quasi-poisson", "negative-binomial"]
FAMILIES = {"poisson": "泊松", "quasi-poisson": "拟泊松", "negative-binomial": "负二项"}


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """效应 Covariance of the coefficients and the tests of the terms.

    Parameters
    ----------
    covariance : ndarray of float64, shape (p, p)
    df : float
        Of Student's t behind intervals; infinite for the normal distribution.
    tests : tuple of (name, df1, df2, statistic, p)
        One a term; ``df2`` is infinite where the statistic is χ².
    how : str
    spread : ClusterSpread or None
        Where each combination of coefficients has degrees of freedom of its own (CR2).
    """

    covariance: Vector
    df: float
    tests: tuple[tuple[str, float, float, float, float], ...]
    how: str
    spread: ClusterSpread | None = None

    def freedom(self, row: Vector) -> float:
        """Degrees of freedom of a combination of coefficients."""
        return self.df if self.spread is None else self.spread.df(row)


@dataclass(frozen=True, slots=True)
class ZeroLevel:
    """零计数水平 A level without a single count, and how much of it was looked at."""

    factor: str
    level: str
    looked: float

    def upper(self, confidence: float) -> float:
        """Exact Poisson upper limit of its rate, two-sided as all intervals here (Garwood 1936)."""
        return -float(np.log((1 - confidence) / 2)) / self.looked


@dataclass(frozen=True, slots=True)
class LevelRate:
    """率 Adjusted rate of a level: log estimate and its ratio to the first level's."""

    factor: str
    level: str
    raw: float | None
    log_rate: Estimate
    log_ratio: Estimate | None


def exponential(interval: Interval) -> Interval:
    """Interval of a ratio from that of its logarithm."""
    low, high = float(np.exp(interval.low)), float(np.exp(interval.high))
    return Interval(low, high, interval.confidence, interval.method)
