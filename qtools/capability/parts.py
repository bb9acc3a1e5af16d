"""能力结果的组成 What a capability study stores and hands out in small pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtools.result import Interval


@dataclass(frozen=True, slots=True)
class PanelSignals:
    """一张分图的信号 What one panel of the charts showed.

    Parameters
    ----------
    name : str
        What it plots.
    points, signals : int
        Its points, and those beyond its 3σ limits.
    false_alarm : float
        Probability that a point of a stable process lies beyond the limits.
    extreme : float
        Probability that a point of a stable process lies as far out as the farthest signal; 1
        without signals.
    """

    name: str
    points: int
    signals: int
    false_alarm: float
    extreme: float


@dataclass(frozen=True, slots=True)
class Stability:
    """稳定性 What the control charts behind the study saw, against what a stable process shows.

    A process is called unstable if its signals are too many or too far out to be chance, each
    question at half of ``alpha``. Points and panels are taken as independent and the limits as
    known. Both are approximations (two successive moving ranges share a value); by simulation of
    stable nested processes of 21 to 100 runs the judgement errs in 2 to 5 % of them at
    ``alpha`` = 0.05.

    Parameters
    ----------
    chart : str
        Name of the chart.
    panels : tuple of PanelSignals
    alpha : float
        Probability of calling a stable process unstable, nominally.

    Examples
    --------
    >>> one = Stability("I-MR", (PanelSignals("单值", 100, 1, 0.0027, 0.002),), 0.05)
    >>> one.signals, round(one.by_count, 3), round(one.by_distance, 3), one.stable
    (1, 0.237, 0.181, True)
    """

    chart: str
    panels: tuple[PanelSignals, ...]
    alpha: float = 0.05

    @property
    def signals(self) -> int:
        """Points beyond 3σ limits on all panels."""
        return sum(panel.signals for panel in self.panels)

    @property
    def by_count(self) -> float:
        """P(as many signals or more | stable), by Poisson's law for rare events."""
        from scipy.special import pdtrc

        if not self.signals:
            return 1.0
        expected = sum(panel.points * panel.false_alarm for panel in self.panels)
        return float(pdtrc(self.signals - 1, expected))

    @property
    def by_distance(self) -> float:
        """P(at least one of all points as far out as the farthest | stable)."""
        farthest = min((panel.extreme for panel in self.panels), default=1.0)
        if farthest >= 1:
            return 1.0
        points = sum(panel.points for panel in self.panels)
        return -math.expm1(points * math.log1p(-farthest))

    @property
    def stable(self) -> bool:
        """No more, and no farther, signals than chance explains."""
        return 2 * min(self.by_count, self.by_distance) >= self.alpha


@dataclass(frozen=True, slots=True)
class Histogram:
    """直方图 Counts between edges, and the range of the readings.

    Parameters
    ----------
    edges : tuple of float
        One more than ``counts``.
    counts : tuple of int
    low, high : float
        Least and greatest reading.
    below, above : int
        Readings outside the lower and the upper specification limit.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    low: float
    high: float
    below: int
    above: int


@dataclass(frozen=True, slots=True)
class Index:
    """指数 One index with its interval and the estimate of σ it stands on.

    Parameters
    ----------
    key, name : str
        Metric key, and name as the page shows it.
    value : float
    interval : Interval
    spread : str
        Name of the estimator of σ.
    df : float
        Degrees of freedom of the interval.
    """

    key: str
    name: str
    value: float
    interval: Interval
    spread: str
    df: float
