"""量具重复性与再现性 Crossed gauge R&R study by analysis of variance or by ranges.

Model: reading = mean + part + operator + part×operator + repeatability, all random. The mean
squares of part, operator, interaction and residual (p parts, o operators, r trials) estimate
σ²ₑ + r·σ²ₚₒ + r·o·σ²ₚ, σ²ₑ + r·σ²ₚₒ + r·p·σ²ₒ, σ²ₑ + r·σ²ₚₒ and σ²ₑ. Two things go wrong in
practice: a component comes out negative (it is set to 0 and reported), and two analyses of one
data set differ since one pools the interaction and the other does not (the result says which).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.criteria import GAGE, GageCriteria
from qtools.msa.intervals import gage_intervals
from qtools.msa.ranges import range_analysis
from qtools.msa.result import METHOD_NAMES, NDC_FACTOR, GageRR, Method
from qtools.msa.study import read_study
from qtools.variance.crossed import crossed_anova, pool

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Anova


def gage_rr(
    df: pd.DataFrame,
    *,
    part: str,
    operator: str,
    value: str,
    method: Method = "anova",
    tolerance: float | None = None,
    k: float = 6.0,
    alpha_pool: float = 0.25,
    confidence: float = 0.90,
    criteria: GageCriteria = GAGE,
) -> GageRR:
    """量具重复性与再现性 Crossed gauge R&R: every operator measures every part equally often.

    Parameters
    ----------
    df : pandas.DataFrame
        Long table, one row a reading, in any order.
    part, operator, value : str
        Columns of part, operator and reading.
    method : {"anova", "range"}
        Analysis of variance, or average and range with exact d₂*.
    tolerance : float, optional
        Width of the tolerance USL − LSL, in the unit of the readings; without it no %tolerance.
    k : float
        Study variation is k·σ: 6 since the manual's third edition, 5.15 before.
    alpha_pool : float
        The interaction is pooled with repeatability if its p value exceeds this; 0 pools always,
        1 never. Without any spread of repeats there is no test and it stays.
    confidence : float
        Level of the two-sided intervals.
    criteria : GageCriteria
        Acceptance limits.

    Returns
    -------
    GageRR

    Raises
    ------
    QualityDataError
        If columns or options cannot be used, or the study is unbalanced (the missing or surplus
        combinations are named), has one part or one operator, or readings that are all equal.

    Notes
    -----
    ndc = ⌊1.41·PV/GRR⌋. Intervals: MLS for variances, standard deviations and %tolerance
    (Burdick & Graybill 1992); generalized confidence intervals for %contribution, %study
    variation and ndc (Hamada & Weerahandi 2000). For ranges the same formulas are used with the
    effective degrees of freedom of each range, which is an approximation.

    References
    ----------
    AIAG, *Measurement Systems Analysis*, 4th ed. (2010), chapter III section B.
    Burdick, Borror & Montgomery (2003), J. Quality Technology 35, 342-354.

    Examples
    --------
    >>> import qtools as qt
    >>> study = qt.load("gage-classic")
    >>> result = qt.msa.gage_rr(study, part="零件", operator="检验员", value="读数")
    >>> round(result.pct_study_var, 2), result.ndc, result.pooled
    (27.86, 4, True)
    """
    _require_options(method, tolerance, k, alpha_pool, confidence)
    readings, parts, operators = read_study(df, part, operator, value)
    full: Anova | None = None
    if method == "range":
        if readings.shape[2] < 2:
            raise QualityDataError(
                "均值极差法要用重复读数的极差，可每个组合只有 1 个读数。",
                hint='请至少重复测 2 次；或用 method="anova"（此时交互与重复性分不开）。',
            )
        model = range_analysis(readings)
    else:
        model = crossed_anova(readings, (part, operator))
        if readings.shape[2] > 1:
            full = model
            # identical repeats give no test, so nothing speaks for pooling (NaN > α is false)
            if full.ss[2] == 0 or full.p[2] > alpha_pool:
                model = pool(full, 2)
    return GageRR(
        part=part,
        operator=operator,
        value=value,
        part_names=parts,
        operator_names=operators,
        readings=readings,
        method=method,
        full=full,
        model=model,
        intervals=gage_intervals(model, tolerance, k, confidence, NDC_FACTOR),
        tolerance=tolerance,
        k=k,
        alpha_pool=alpha_pool,
        confidence=confidence,
        criteria=criteria,
    )


def _require_options(
    method: str, tolerance: float | None, k: float, alpha_pool: float, confidence: float
) -> None:
    """Refuse options before any work is done."""
    if method not in get_args(Method):
        choices = "、".join(f'"{name}"（{METHOD_NAMES[name]}）' for name in METHOD_NAMES)
        raise QualityDataError(f'method="{method}" 不认识。', hint=f"可选：{choices}。")
    if tolerance is not None and not (frames.is_number(tolerance) and 0 < tolerance < np.inf):
        raise QualityDataError(
            f"公差 {tolerance!r} 不对：公差是上、下规范限之差，必须大于 0。",
            hint="没有公差就不写。",
        )
    if not (frames.is_number(k) and 0 < k < np.inf):
        raise QualityDataError(f"k = {k!r} 不对：它必须大于 0。", hint="常用 6；老口径为 5.15。")
    if not (frames.is_number(alpha_pool) and 0 <= alpha_pool <= 1):
        raise QualityDataError(
            f"alpha_pool = {alpha_pool!r} 不是 0 到 1 之间的数。", hint="常用 0.25；1 表示不合并。"
        )
    frames.require_confidence(confidence)
