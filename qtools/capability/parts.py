"""能力结果的组成 What a capability study stores and hands out in small pieces."""

from __future__ import annotations

from dataclasses import dataclass

from qtools.result import Interval


@dataclass(frozen=True, slots=True)
class Stability:
    """稳定性 What the control chart behind the study saw, by the 3σ limits alone.

    Parameters
    ----------
    chart : str
        Name of the chart.
    panels : tuple of (str, int, int)
        What each panel plots, its points, and those beyond its limits.
    """

    chart: str
    panels: tuple[tuple[str, int, int], ...]

    @property
    def stable(self) -> bool:
        """No point beyond the limits of any panel."""
        return not any(signals for _, _, signals in self.panels)


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
