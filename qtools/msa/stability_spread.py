"""短期散布 Short-term standard deviations of a check standard: their chart, and all later ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qtools.result import Interval
from qtools.spc import ControlChart, ImrChart


@dataclass(frozen=True, slots=True, eq=False)
class SdChart(ImrChart):
    """单值—短期标准差控制图 Single values above, standard deviations within occasions below.

    Parameters
    ----------
    repeats : int
        Readings behind each standard deviation.
    risk : float
        Probability that one exceeds its limit by chance.
    """

    title: ClassVar[str] = "单值—短期标准差控制图"

    repeats: int
    risk: float


@dataclass(frozen=True, slots=True)
class SpreadRatio:
    """散布之比 Later short-term standard deviation over that of the baseline, both pooled.

    Parameters
    ----------
    f : float
        Ratio of the pooled variances.
    df : tuple of int
        Degrees of freedom of the later ones and of the baseline.
    confidence : float
    """

    f: float
    df: tuple[int, int]
    confidence: float

    @property
    def value(self) -> float:
        """Ratio of standard deviations."""
        return float(self.f**0.5)

    @property
    def interval(self) -> Interval:
        """From the F distribution, for normal readings."""
        from scipy.special import fdtri

        risk = (1 - self.confidence) / 2
        low, high = (float((self.f / fdtri(*self.df, p)) ** 0.5) for p in (1 - risk, risk))
        return Interval(low, high, self.confidence, f"F，自由度 {self.df[0]} 和 {self.df[1]}")

    @property
    def p(self) -> float:
        """Two-sided p value of "both are equal"."""
        from scipy.special import fdtr, fdtrc

        return float(min(1.0, 2 * min(fdtr(*self.df, self.f), fdtrc(*self.df, self.f))))

    @property
    def grew(self) -> bool:
        """Whether the interval lies above 1."""
        return self.interval.low > 1

    @property
    def words(self) -> str:
        """The ratio with its interval, in a clause."""
        span = self.interval
        return (
            f"后来的短期标准差合起来是基准段的 {self.value:.2f} 倍（{100 * self.confidence:g} % "
            f"区间 {span.low:.2f}–{span.high:.2f}）"
        )


def spread_ratio(chart: ControlChart, baseline: int, confidence: float) -> SpreadRatio | None:
    """散布之比 Of the occasions after the baseline; None without them or without repeats.

    One chart looks for a single wide occasion; many that are a little wider show only together.

    References
    ----------
    NIST/SEMATECH e-Handbook of Statistical Methods, 2.2.3.1 (pooled s) and 1.3.5.9 (F test).
    """
    late = chart.spread.points[baseline:]
    if not isinstance(chart, SdChart) or not late.size:
        return None
    f = float(np.mean(late**2)) / float(chart.spread.center[0]) ** 2
    df = chart.repeats - 1
    return SpreadRatio(f, (late.size * df, baseline * df), confidence)
