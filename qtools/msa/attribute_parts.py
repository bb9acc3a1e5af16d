"""计数型结果的各项 One rater, one comparison, one index with a limit."""

from __future__ import annotations

from dataclasses import dataclass, field

from qtools.msa.attribute_share import Share
from qtools.msa.criteria import Band, Ladder
from qtools.msa.kappa import Coefficient
from qtools.result import Interval


@dataclass(frozen=True, slots=True)
class Kappas:
    """科恩 κ Cohen's kappa of one comparison, with its weighted forms where levels are ordered."""

    plain: Coefficient | None = None
    linear: Coefficient | None = None
    quadratic: Coefficient | None = None


@dataclass(frozen=True, slots=True)
class RaterLine:
    """检验员 What was found about one rater; None where it cannot be told.

    Parameters
    ----------
    name : str
    within, fleiss, w : Share, Coefficient
        Parts he judged alike in all trials; Fleiss' kappa and Kendall's W over trials.
    effective, right : Share
        Parts all right; decisions right.
    miss, false_alarm : Share
        Of decisions on bad, on good parts.
    kappas : Kappas
        Against the reference.
    tau : Coefficient
        Kendall's τ_b against the reference.
    """

    name: str
    within: Share | None = None
    fleiss: Coefficient | None = None
    w: Coefficient | None = None
    effective: Share | None = None
    right: Share | None = None
    miss: Share | None = None
    false_alarm: Share | None = None
    kappas: Kappas = field(default_factory=Kappas)
    tau: Coefficient | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """判定依据 One index that a limit is set for: whose, its value, its interval, its band."""

    name: str
    whose: str
    value: float
    interval: Interval | None
    ladder: Ladder
    unit: str = " %"

    @property
    def band(self) -> Band:
        """Where the value lies."""
        return self.ladder.band(self.value)

    @property
    def crossed(self) -> tuple[float, ...]:
        """Limits inside the interval."""
        span = self.interval
        return tuple(x for x in self.ladder.limits if span and span.low < x < span.high)

    @property
    def unproven(self) -> bool:
        """Whether the value is good and the interval reaches into the worst band."""
        return self.band.level == "good" and self.ladder.reaches_worst(self.interval)
