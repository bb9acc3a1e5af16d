"""扣掉试样 %GRR of a destructive study less what its specimens differ by, if that is known.

Where a part is destroyed by its measurement, several specimens stand for it, and what they differ
by counts as repeatability: σ²(seen) = σ²(gauge) + σ²(specimens). With σ(specimens) known from
elsewhere it belongs to the parts. Two things go wrong: it is taken from the whole gauge and so
eats the operators' part, and an estimate of repeatability that falls below it by chance is read as
a contradiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.intervals import REPEATS, sides
from qtools.result import Interval
from qtools.variance import mls

if TYPE_CHECKING:
    from qtools.msa.result import GageRR


@dataclass(frozen=True, slots=True)
class LessSpecimens:
    """扣掉试样以后 %GRR without the specimens.

    Parameters
    ----------
    grr : float
        In percent of the total standard deviation, which keeps the specimens.
    interval : Interval
        Takes the specimens' standard deviation as known.
    absorbed : bool
        Whether nothing of the estimate of repeatability is left.
    contradicted : bool
        Whether the specimens' standard deviation exceeds the upper limit of repeatability.
    """

    grr: float
    interval: Interval
    absorbed: bool
    contradicted: bool


def less_specimens(gage: GageRR, sd: float) -> LessSpecimens:
    """扣掉试样 Take the specimens' variance from repeatability, in the estimate and in each draw.

    Parameters
    ----------
    gage : GageRR
        Study in which specimens stand for repeats.
    sd : float
        Their standard deviation within a part, in the unit of the readings; taken as known.

    Notes
    -----
    Repeatability less σ² is not below 0; operators and interaction stay whole. With repeatability
    estimated on ν degrees of freedom and a perfect gauge, it falls below σ² in about half of all
    studies: only the upper limit of its interval can contradict σ.

    Raises
    ------
    QualityDataError
        If ``sd`` is not a number from 0 on.
    """
    if not frames.is_number(sd) or not 0 <= sd < np.inf:
        raise QualityDataError(
            f"试样的标准差 {sd!r} 不能用，它要是不小于 0 的数。", hint="不知道就不填。"
        )
    sources = gage.analysis.sources
    components, part, grr = sides(gage.model, sources, gage.products)
    repeats = np.zeros_like(grr)
    if REPEATS in sources:
        repeats = np.clip(components[:, sources.index(REPEATS)], 0.0, grr)
    left = np.maximum(repeats - sd**2, 0.0) + (grr - repeats)
    drawn = 100.0 * np.sqrt(left / (part + grr))
    low, high = mls.gci_limits(drawn, gage.confidence)
    room = gage.repeatability_var - sd**2
    rest = max(room, 0.0) + (gage.grr_var - gage.repeatability_var)
    method = gage.intervals["pct_study_var"].method
    return LessSpecimens(
        grr=100.0 * float(np.sqrt(rest / gage.total_var)),
        interval=Interval(low, high, gage.confidence, f"{method}，试样的标准差当作已知"),
        absorbed=room <= 0,
        contradicted=sd > gage.intervals[f"{REPEATS}_sd"].high,
    )
