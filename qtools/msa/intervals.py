"""量具区间 Intervals of a gauge study: MLS for what is linear, GCI for ratios."""

from __future__ import annotations

import numpy as np

from qtools.result import Interval
from qtools.variance import Anova, mls

MLS = "改进大样本法（MLS）"
GCI = "广义置信区间（GCI）"


def gage_intervals(
    model: Anova, tolerance: float | None, k: float, confidence: float, ndc_factor: float
) -> dict[str, Interval]:
    """Intervals by metric key: ``SOURCE_var``, ``SOURCE_sd``, ``pct_…``, ``ndc``.

    Parameters
    ----------
    model : Anova
        Part, operator, perhaps interaction, repeatability.
    """
    rows = model.estimator
    weights = {"part": rows[0], "operator": rows[1], "repeatability": rows[-1]}
    if len(rows) == 4:
        weights["interaction"] = rows[2]
    weights["grr"] = rows[1:].sum(axis=0)
    weights["total"] = rows.sum(axis=0)
    out: dict[str, Interval] = {}
    for key, row in weights.items():
        row = np.where(np.abs(row) < 1e-12, 0.0, row)
        low, high = mls.mls_limits(row, model.ms, model.df, confidence)
        out[f"{key}_var"] = Interval(low, high, confidence, MLS)
        out[f"{key}_sd"] = Interval(low**0.5, high**0.5, confidence, MLS)
    if tolerance is not None:
        sd, scale = out["grr_sd"], 100.0 * k / tolerance
        out["pct_tolerance"] = Interval(scale * sd.low, scale * sd.high, confidence, MLS)
    draws = mls.pivotal_components(model)
    grr = draws[:, 1:].sum(axis=1)
    low, high = mls.gci_limits(grr / (grr + draws[:, 0]), confidence)
    out["pct_contribution"] = Interval(100.0 * low, 100.0 * high, confidence, GCI)
    out["pct_study_var"] = Interval(100.0 * low**0.5, 100.0 * high**0.5, confidence, GCI)
    if low > 0:  # ndc falls as the share of GRR rises
        few, many = (int(ndc_factor * (1.0 / share - 1.0) ** 0.5) for share in (high, low))
        out["ndc"] = Interval(few, many, confidence, GCI)
    return out
