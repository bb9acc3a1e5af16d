"""量具重复性与再现性 Gauge R&R study: crossed or nested, balanced or not, with further factors.

Model: reading = mean + part + operator + part×operator + repeatability, all random. The mean
squares of part, operator, interaction and residual (p parts, o operators, r trials) estimate
σ²ₑ + r·σ²ₚₒ + r·o·σ²ₚ, σ²ₑ + r·σ²ₚₒ + r·p·σ²ₒ, σ²ₑ + r·σ²ₚₒ and σ²ₑ. Two things go wrong in
practice: a component comes out negative (it is set to 0 and reported), and two analyses of one
data set differ since one pools the interaction and the other does not (the result says which).

Uneven studies (missing or surplus readings) and those with further factors have no single table of
mean squares; their components are REML estimates, the same model with the greatest restricted
likelihood, and their limits come from a parametric bootstrap that is solved for the components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.analysis import by_ranges, by_variances
from qtools.msa.criteria import GAGE, GageCriteria
from qtools.msa.intervals import gage_intervals
from qtools.msa.means import require_tolerance
from qtools.msa.result import METHOD_NAMES, NDC_FACTOR, GageRR
from qtools.msa.study import read_study

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["anova", "range"]
Design = Literal["crossed", "nested"]
DESIGN_NAMES: Mapping[Design, str] = {"crossed": "交叉", "nested": "嵌套"}


def gage_rr(
    df: pd.DataFrame,
    *,
    part: str,
    operator: str,
    value: str,
    method: Method = "anova",
    design: Design = "crossed",
    factors: Sequence[str] = (),
    tolerance: float | None = None,
    k: float = 6.0,
    alpha_pool: float = 0.25,
    ndc_factor: float = NDC_FACTOR,
    confidence: float = 0.90,
    criteria: GageCriteria = GAGE,
) -> GageRR:
    """量具重复性与再现性 Gauge R&R: how much of the spread is the measurement's own, and whose.

    Parameters
    ----------
    df : pandas.DataFrame
        Long table, one row a reading, in any order.
    part, operator, value : str
        Columns of part, operator and reading.
    method : {"anova", "range"}
        Analysis of variance (REML where the study is uneven or has further factors), or average
        and range with exact d₂*.
    design : {"crossed", "nested"}
        Crossed: every operator measures every part. Nested: each operator has parts of his own, as
        in destructive tests; part labels count within the operator.
    factors : sequence of str
        Further random columns (station, day, batch …), by REML. A column that is the same in all
        readings of a part (its batch) counts with the parts, any other with the gauge.
    tolerance : float, optional
        Width of the tolerance USL − LSL, in the unit of the readings; without it no %tolerance.
    k : float
        Study variation is k·σ: 6 since the manual's third edition, 5.15 before.
    alpha_pool : float
        The interaction is pooled with repeatability if its p value exceeds this; 0 pools always,
        1 never. Without any spread of repeats there is no test and it stays.
    ndc_factor : float
        1.41 as the manual prints it, or √2.
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
        If columns or options cannot be used, the combinations that were measured do not fit the
        design or fall apart into groups, or there is no spread to be analysed.

    Notes
    -----
    ndc = ⌊1.41·PV/GRR⌋. Intervals of balanced studies: MLS for variances, standard deviations and
    %tolerance (Burdick & Graybill 1992); generalized confidence intervals for %contribution,
    %study variation and ndc (Hamada & Weerahandi 2000). For ranges the same formulas are used with
    the effective degrees of freedom of each range, which is an approximation. Intervals of REML
    estimates: :mod:`qtools.variance.inversion`, which gives the generalized intervals where data
    are balanced.

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

    Readings that are missing are no obstacle:

    >>> short = qt.msa.gage_rr(study[5:], part="零件", operator="检验员", value="读数")
    >>> short.method, [check.code for check in short.checks][0]
    ('reml', 'gage-rr.unbalanced')
    """
    _require_options(method, design, factors, tolerance, k, alpha_pool, ndc_factor)
    frames.require_confidence(confidence)
    study = read_study(df, part, operator, value, factors, design == "nested")
    found = by_ranges(study) if method == "range" else by_variances(study, alpha_pool)
    products = ("part", *found.batches)
    return GageRR(
        study=study,
        analysis=found,
        intervals=gage_intervals(
            found.model, found.sources, products, tolerance, k, confidence, ndc_factor
        ),
        tolerance=tolerance,
        k=k,
        alpha_pool=alpha_pool,
        ndc_factor=ndc_factor,
        confidence=confidence,
        criteria=criteria,
    )


def _require_options(
    method: str,
    design: str,
    factors: Sequence[str],
    tolerance: float | None,
    k: float,
    alpha_pool: float,
    ndc_factor: float,
) -> None:
    """Refuse options before any work is done."""
    for name, value, known in (
        ("method", method, {key: METHOD_NAMES[key] for key in get_args(Method)}),
        ("design", design, DESIGN_NAMES),
    ):
        if value not in known:
            choices = "、".join(f'"{key}"（{known[key]}）' for key in known)
            raise QualityDataError(f'{name}="{value}" 不认识。', hint=f"可选：{choices}。")
    if isinstance(factors, str):
        raise QualityDataError(
            f"factors 要写成几个列名，不是一个字 {factors!r}。",
            hint=f'请写 factors=["{factors}"]。',
        )
    require_tolerance(tolerance)
    if not (frames.is_number(k) and 0 < k < np.inf):
        raise QualityDataError(f"k = {k!r} 不对：它必须大于 0。", hint="常用 6；老口径为 5.15。")
    if not (frames.is_number(alpha_pool) and 0 <= alpha_pool <= 1):
        raise QualityDataError(
            f"alpha_pool = {alpha_pool!r} 不是 0 到 1 之间的数。", hint="常用 0.25；1 表示不合并。"
        )
    if not (frames.is_number(ndc_factor) and 1.41 <= ndc_factor < 1.4143):
        raise QualityDataError(
            f"ndc_factor = {ndc_factor!r} 不对。", hint="手册写 1.41，精确值是 √2（2**0.5）。"
        )
