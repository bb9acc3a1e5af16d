"""一台仪器的三级变差 One instrument of a level study: its variances, its bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.result import Interval
from qtools.variance.mls import mls_limits

if TYPE_CHECKING:
    from qtools.variance import Vector


@dataclass(frozen=True, slots=True, eq=False)
class InstrumentLevels:
    """一台仪器的三级标准差 Pooled variances of one instrument and what follows from them.

    Parameters
    ----------
    name : str
    variances : tuple of float
        s₁², s₂² and, with several runs, s₃².
    df : tuple of float
        Degrees of freedom; those of s₃² are effective.
    nominal : int
        Degrees of freedom of s₃² if every artefact were independent evidence; 0 with one run.
    repeats : int
        J.
    occasions : float
        K, occasions of a run; the harmonic mean where uneven.
    short_by_run, df_by_run : tuple of float
        s₁² and its degrees of freedom in each run.
    shifts : ndarray, shape (runs,)
        Averages of the runs, from their mean.
    """

    name: str
    variances: tuple[float, ...]
    df: tuple[float, ...]
    nominal: int
    repeats: int
    occasions: float
    short_by_run: tuple[float, ...]
    df_by_run: tuple[int, ...]
    shifts: Vector

    @property
    def sds(self) -> tuple[float, ...]:
        """s₁, s₂, s₃."""
        return tuple(variance**0.5 for variance in self.variances)

    @property
    def weights(self) -> Vector:
        """Row k turns the variances into component k: repetitions, days, runs."""
        rows = np.array([[1, 0, 0], [-1 / self.repeats, 1, 0], [0, -1 / self.occasions, 1]])
        size = len(self.variances)
        return rows[:size, :size]

    @property
    def raw(self) -> tuple[float, ...]:
        """Components as estimated; a negative one stays negative."""
        return tuple((self.weights @ np.array(self.variances)).tolist())

    @property
    def components(self) -> tuple[float, ...]:
        """Components as reported, a negative one as 0."""
        return tuple(max(part, 0.0) for part in self.raw)

    def interval(self, weights: Vector, confidence: float) -> Interval:
        """MLS interval of a combination of the variances."""
        low, high = mls_limits(weights, self.variances, self.df, confidence)
        return Interval(low, high, confidence, "改进大样本法（MLS）")

    def shares(self, days: int, repeats: int | None = None) -> tuple[float, ...]:
        """方差构成 Parts of the variance of the mean of so many days: repetitions, days, runs."""
        repeats = repeats or self.repeats
        divisors = (repeats * days, days, 1)
        pairs = zip(self.components, divisors, strict=False)
        return tuple(part / divisor for part, divisor in pairs)

    def reported_weights(self, days: int) -> Vector:
        """Weights of the variances in that of a reported value, negative components left out."""
        divisors = np.array([self.repeats * days, days, 1])[: len(self.variances)]
        kept = np.array(self.raw) > 0
        out: Vector = (kept / divisors) @ self.weights
        return out


@dataclass(frozen=True, slots=True)
class InstrumentBias:
    """一台仪器的偏差 Deviation from the average of all instruments.

    Parameters
    ----------
    mean : float
    by_run : tuple of float
    half : float
        Half width of the joint intervals of ``by_run``.
    se : float
        Standard error of ``mean``, from cells or from runs, whichever is larger.
    df : int
    moved_p : float or None
        P value, joint, that the deviation is the same in all runs; None with one run.
    """

    mean: float
    by_run: tuple[float, ...]
    half: float
    se: float
    df: int
    moved_p: float | None

    @property
    def seen(self) -> tuple[int, ...]:
        """Sense of the deviation in each run: −1, 1, or 0 where the interval contains 0."""
        return tuple(int(np.sign(b)) if abs(b) > self.half else 0 for b in self.by_run)

    @property
    def consistent(self) -> bool:
        """Whether it deviates in the same sense in every run."""
        return abs(sum(self.seen)) == len(self.by_run)

    @property
    def correction(self) -> float:
        """What is added to a reading; 0 unless the deviation is consistent."""
        return -self.mean if self.consistent else 0.0

    @property
    def variance(self) -> float:
        """Part of the bias in the variance of a reported value, after the correction."""
        return self.se**2 + (0.0 if self.consistent else self.mean**2)

    @property
    def reading(self) -> str:
        """What to do with it, in Chinese."""
        if self.consistent:
            return "每轮同向：修正"
        return "轮次间不一致：不修正" if any(self.seen) else "看不出偏差：不修正"
