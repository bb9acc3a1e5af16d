"""过程能力分析 From a table of readings to the result of a capability study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools import frames, sigma
from qtools.capability import stability
from qtools.capability.criteria import CRITERIA, Criteria
from qtools.capability.indices import Spec, anderson_darling
from qtools.capability.parts import Histogram
from qtools.capability.result import ProcessCapability
from qtools.errors import QualityDataError
from qtools.variance import Anova, nested_anova

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from qtools.spc.result import ControlChart

    Floats = npt.NDArray[np.float64]

MIN_READINGS = 5
"""Fewer readings than this are refused: they show neither a shape nor a spread."""

_MAX_BINS = 60
_WITHIN = {"mr": "移动极差", "s": "s̄/c₄", "r": "R̄/d₂", "pooled": "合并标准差"}


def process_capability(
    df: pd.DataFrame,
    *,
    value: str,
    lsl: float | None = None,
    usl: float | None = None,
    target: float | None = None,
    subgroup: str | None = None,
    within: Literal["mr", "s", "r", "pooled"] | None = None,
    nested: Sequence[str] = (),
    confidence: float = 0.95,
    criteria: Criteria = CRITERIA,
) -> ProcessCapability:
    """过程能力分析 Capability (Cp, Cpk) and performance (Pp, Ppk, Cpm, ppm) with intervals.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        One row a reading, in time order; at least five.
    value : str
        Column of readings.
    lsl, usl : float, optional
        Specification limits in the unit of the readings; at least one. With one limit there are
        Cpk and Ppk, but no Cp, Pp, Cpm.
    target : float, optional
        Target; the midpoint of the limits if left out and both exist.
    subgroup : str, optional
        Column of subgroups, each of at least two readings. Without it σ within comes from
        successive readings.
    within : {"mr", "s", "r", "pooled"}, optional
        Estimator of σ within: MR̄/d₂ (without subgroups, the default there), s̄/c₄ (the default
        with subgroups), R̄/d₂ or the pooled standard deviation.
    nested : sequence of str
        Columns of nested levels, outermost first; adds the nested view, whose intervals do not
        take readings of one unit as independent, and judges stability between the outermost units
        by their own moving ranges, within them by their standard deviations.
    confidence : float
        Level of the two-sided intervals, from 0.5 to below 1.
    criteria : Criteria
        Ladder of grades and limits of caveats.

    Returns
    -------
    ProcessCapability
        Cp = (USL−LSL)/6σ̂ within, Cpk = min(USL−x̄, x̄−LSL)/3σ̂ within; Pp, Ppk the same with
        overall s; Cpm = (USL−LSL)/(6√(s²+(x̄−T)²)), ``cpm_within`` with σ̂ within. Intervals:
        χ² for Cp and Pp, Bissell (1990) for Cpk and Ppk, Boyles (1991) for Cpm, noncentral t
        for ppm, each with the degrees of freedom of its estimator; formulas and sources in
        :mod:`qtools.capability.indices`.

    Raises
    ------
    QualityDataError
        If no limit is given or one is not a number, LSL ≥ USL, the target lies outside, a column
        is missing or not numeric, there are too few readings or none differ, ``within`` is
        unknown or does not fit the subgroups, a nested level has nothing to compare, or
        ``confidence`` is not in [0.5, 1).

    References
    ----------
    Montgomery, D. C., Introduction to Statistical Quality Control, chapter 8.

    Examples
    --------
    >>> import pandas as pd
    >>> flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    >>> result = process_capability(pd.DataFrame({"流量": flow}), value="流量", lsl=40, usl=60)
    >>> result.within.name, round(result.metrics()["cp"], 3)
    ('MR̄/d₂', 2.003)
    """
    spec = _spec(lsl, usl, target)
    frames.require_confidence(confidence)
    levels = (nested,) if isinstance(nested, str) else tuple(nested)
    estimator = _estimator(within, subgroup)
    frames.require_columns(df, [value] if subgroup is None else [value, subgroup])
    frames.require_columns(df, [value, *levels])
    x = frames.numbers(df, value)
    overall = _overall(df, value, x)
    groups = None if subgroup is None else _groups(df, subgroup)
    inner = _within(x, groups, estimator)
    if inner.value == 0:
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”在每个子组内部都没有变差（组内 σ̂ = 0），"
            "算不出 Cp、Cpk。",
            hint="请检查子组列是否选对，量具的分辨力是否够用。",
        )
    between: Anova | None = None
    if levels:
        units = [frames.codes(df, name)[0] for name in levels]
        between = nested_anova(x, units, levels)
        judged = stability.of_nested(x, units[0], levels[0], between, criteria.alpha)
    else:
        if groups is not None and subgroup is not None:
            between = nested_anova(x, [groups[0]], [subgroup])
        judged = stability.of_chart(_chart(df, value, subgroup, estimator), criteria.alpha)
    return ProcessCapability(
        value=value,
        subgroup=subgroup,
        nested=levels,
        n=len(x),
        mean=float(x[0] + (x - x[0]).mean()),
        within=inner,
        overall=overall,
        spec=spec,
        between=between,
        normality=anderson_darling(x),
        histogram=_histogram(x, spec),
        stability=judged,
        confidence=confidence,
        criteria=criteria,
    )


def _spec(lsl: float | None, usl: float | None, target: float | None) -> Spec:
    """Specification, checked; the target defaults to the midpoint."""
    given = {"lsl": lsl, "usl": usl, "target": target}
    for name, at in given.items():
        if at is not None and not frames.is_number(at):
            raise QualityDataError(
                f"{name}={at!r} 不是数。", hint=f"请写数字，如 {name}=3.5，不加引号，不带单位。"
            )
    low, high, aim = (None if at is None else float(at) for at in given.values())
    for name, at in zip(given, (low, high, aim), strict=True):
        if at is not None and not math.isfinite(at):
            raise QualityDataError(
                f"{name}={at} 不是有限的数。", hint="没有这一侧的规范限就不写（None）。"
            )
    if low is None and high is None:
        raise QualityDataError(
            "没有给规范限，算不出能力指数。",
            hint="请给 lsl（下规范限）和 usl（上规范限）中的至少一个；控制限不是规范限。",
        )
    if low is not None and high is not None and low >= high:
        raise QualityDataError(
            f"下规范限 {low:g} 不小于上规范限 {high:g}。", hint="请核对 lsl 和 usl 是否写反。"
        )
    if aim is not None and ((low is not None and aim < low) or (high is not None and aim > high)):
        raise QualityDataError(
            f"目标值 {aim:g} 在规格以外。", hint="请核对 target、lsl、usl 的数值和单位。"
        )
    if aim is None and low is not None and high is not None:
        aim = low + (high - low) / 2
    return Spec(low, high, aim)


def _estimator(within: str | None, subgroup: str | None) -> str:
    if within is None:
        return "mr" if subgroup is None else "s"
    if within not in _WITHIN:
        known = "、".join(f'"{key}"（{name}）' for key, name in _WITHIN.items())
        raise QualityDataError(f"没有叫“{within}”的组内 σ 估计。", hint=f"请用 {known}。")
    if (within == "mr") != (subgroup is None):
        raise QualityDataError(
            f'within="{within}"（{_WITHIN[within]}）与子组的写法不配。',
            hint='没有子组时用 "mr"；"s"、"r"、"pooled" 要同时用 subgroup= 写明子组列。',
        )
    return within


def _overall(df: pd.DataFrame, value: str, x: Floats) -> sigma.Sigma:
    if len(x) < MIN_READINGS:
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”只有 {len(x)} 个读数，谈不上过程能力。",
            hint=f"至少要 {MIN_READINGS} 个，能用的结论通常要 50 个以上。",
        )
    overall = sigma.overall(x)
    if overall.value == 0:
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”的 {len(x)} 个读数全都相同，标准差是 0。",
            hint="请检查量具的分辨力，以及数据是否照抄、截断或取整过。",
        )
    return overall


def _groups(df: pd.DataFrame, subgroup: str) -> tuple[npt.NDArray[np.intp], list[str]]:
    codes, names = frames.codes(df, subgroup)
    if len(names) < 2:
        raise QualityDataError(
            f"{frames.source(df)}列“{subgroup}”里只有 1 个子组“{names[0]}”。",
            hint="请核对子组列；若数据没有分组，请不写 subgroup。",
        )
    return codes, names


def _within(
    x: Floats, groups: tuple[npt.NDArray[np.intp], list[str]] | None, estimator: str
) -> sigma.Sigma:
    if groups is None:
        return sigma.from_moving_range(x)
    codes, names = groups
    estimate = {
        "s": sigma.from_standard_deviations,
        "r": sigma.from_ranges,
        "pooled": sigma.pooled,
    }[estimator]
    return estimate(x, codes, names=names)


def _chart(df: pd.DataFrame, value: str, subgroup: str | None, estimator: str) -> ControlChart:
    """The chart that goes with a study without nested levels."""
    from qtools import spc

    if subgroup is None:
        return spc.imr_chart(df, value=value, rules="3sigma")
    make = spc.xbar_r_chart if estimator == "r" else spc.xbar_s_chart
    return make(df, value=value, subgroup=subgroup, rules="3sigma")


def _histogram(x: Floats, spec: Spec) -> Histogram:
    edges = np.histogram_bin_edges(x, bins="sturges" if len(x) < 50 else "fd")
    if len(edges) - 1 > _MAX_BINS:  # a stray reading would ask for thousands
        edges = np.histogram_bin_edges(x, bins=_MAX_BINS)
    counts, _ = np.histogram(x, bins=edges)
    below = 0 if spec.lsl is None else int((x < spec.lsl).sum())
    above = 0 if spec.usl is None else int((x > spec.usl).sum())
    low, high = float(x.min()), float(x.max())
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), low, high, below, above)
