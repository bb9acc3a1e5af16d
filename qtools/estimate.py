"""估计 An estimate with its standard error, and Student's t behind its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtools.result import Interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """估计 A coefficient with its standard error and degrees of freedom.

    Parameters
    ----------
    value, se : float
    df : float
    confidence : float

    Examples
    --------
    >>> slope = Estimate(2.0, 0.5, 10, 0.95)
    >>> slope.t, round(slope.interval.low, 4), slope.significant
    (4.0, 0.8859, True)
    """

    value: float
    se: float
    df: float
    confidence: float

    @property
    def t(self) -> float:
        """Estimate over standard error; infinite where nothing is left about the model."""
        return self.value / self.se if self.se > 0 else math.copysign(math.inf, self.value)

    @property
    def p(self) -> float:
        """Two-sided p value of "it is 0"."""
        return t_p(self.t, self.df)

    @property
    def interval(self) -> Interval:
        """Estimate ± t·se."""
        half = t_quantile(self.confidence, self.df) * self.se
        method = f"t，自由度 {self.df:g}"
        return Interval(self.value - half, self.value + half, self.confidence, method)

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return 0.0 not in self.interval


def t_quantile(confidence: float, df: float) -> float:
    """Quantile of Student's t for a two-sided interval.

    Examples
    --------
    >>> round(t_quantile(0.95, 10), 4)
    2.2281
    """
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + confidence) / 2))


def t_p(t: float, df: float) -> float:
    """Two-sided p value of a t statistic.

    Examples
    --------
    >>> round(t_p(2.2281, 10), 4)
    0.05
    """
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))
