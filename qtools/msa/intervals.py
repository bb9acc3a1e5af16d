"""量具区间 Intervals of a gauge study: MLS, GCI, or the inverted parametric bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools.result import Interval
from qtools.variance import Anova, mls
from qtools.variance.inversion import inverted_draws

if TYPE_CHECKING:
    from qtools.variance import Vector
    from qtools.variance.mixed import Mixed

MLS = "改进大样本法（MLS）"
GCI = "广义置信区间（GCI）"
BOOTSTRAP = "参数自助法（逆推）"
REPEATS = "repeatability"


def sides(
    model: Anova | Mixed, sources: Sequence[str], products: Sequence[str]
) -> tuple[Vector, Vector, Vector]:
    """两边的抽样 Draws of each component, and of the variances of parts and of the gauge.

    Parameters
    ----------
    model : Anova or Mixed
    sources : sequence of str
        Keys of its components.
    products : sequence of str
        Those that count with the parts.

    Returns
    -------
    components : ndarray, shape (m, sources)
        Of a REML model with negative solutions, which only sums may use.
    part, grr : ndarray, shape (m,)
        None negative, and GRR not below repeatability.
    """
    mine = np.isin(sources, products)
    draws = mls.pivotal_components(model) if isinstance(model, Anova) else inverted_draws(model)
    part, grr = (draws[:, which].sum(axis=1) for which in (mine, ~mine))
    # of REML draws: components cut at 0 one by one would have too large a sum
    least = draws[:, sources.index(REPEATS)] if REPEATS in sources else 0.0
    return draws, np.maximum(part, 0.0), np.maximum(grr, least)


def gage_intervals(
    model: Anova | Mixed,
    sources: Sequence[str],
    products: Sequence[str],
    tolerance: float | None,
    k: float,
    confidence: float,
    ndc_factor: float,
) -> dict[str, Interval]:
    """Intervals by metric key: ``SOURCE_var``, ``SOURCE_sd``, ``pct_…``, ``ndc``.

    Parameters
    ----------
    model, sources, products
        As in :func:`sides`.
    """
    draws, part, grr = sides(model, sources, products)
    weights = {REPEATS: np.zeros(len(sources))}
    weights |= dict(zip(sources, np.eye(len(sources)), strict=True))
    mine = np.isin(sources, products).astype(float)
    if mine.sum() > 1:
        weights["part_within"] = weights["part"]
    weights |= {"part": mine, "grr": 1.0 - mine, "total": np.ones(len(sources))}
    linear = MLS if isinstance(model, Anova) else BOOTSTRAP
    ratio = GCI if isinstance(model, Anova) else BOOTSTRAP
    out: dict[str, Interval] = {}
    for key, weight in weights.items():
        if isinstance(model, Anova):
            row = weight @ model.estimator
            row = np.where(np.abs(row) < 1e-12, 0.0, row)
            low, high = mls.mls_limits(row, model.ms, model.df, confidence)
        else:
            low, high = mls.gci_limits(np.maximum(draws @ weight, 0.0), confidence)
        if key == "grr":  # it is not less than one of its parts
            own = out[f"{REPEATS}_var"]
            low, high = max(low, own.low), max(high, own.high)
        if key == "total":  # nor is the total less than either side
            both = out["part_var"], out["grr_var"]
            low = max(low, *(own.low for own in both))
            high = max(high, *(own.high for own in both))
        out[f"{key}_var"] = Interval(low, high, confidence, linear)
        out[f"{key}_sd"] = Interval(low**0.5, high**0.5, confidence, linear)
    if tolerance is not None:
        sd, scale = out["grr_sd"], 100.0 * k / tolerance
        out["pct_tolerance"] = Interval(scale * sd.low, scale * sd.high, confidence, linear)
    low, high = mls.gci_limits(_share(grr, part), confidence)
    out["pct_contribution"] = Interval(100.0 * low, 100.0 * high, confidence, ratio)
    out["pct_study_var"] = Interval(100.0 * low**0.5, 100.0 * high**0.5, confidence, ratio)
    if low > 0:  # ndc falls as the share of GRR rises
        few, many = (int(ndc_factor * (1.0 / share - 1.0) ** 0.5) for share in (high, low))
        out["ndc"] = Interval(few, many, confidence, ratio)
    return out


def _share(grr: Vector, part: Vector) -> Vector:
    """GRR in the total; where both are 0 in a draw, nothing is known of it."""
    total = grr + part
    return np.where(total > 0, grr, 0.5) / np.where(total > 0, total, 1.0)
