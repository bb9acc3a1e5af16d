"""测量不确定度 Uncertainty budget by the law of propagation (GUM).

y = f(x₁, …), cᵢ = ∂f/∂xᵢ, u²(y) = ΣΣ cᵢcⱼ·r(xᵢ, xⱼ)·u(xᵢ)u(xⱼ); the Welch–Satterthwaite
formula gives the effective degrees of freedom, truncated as JJF 1059.1 and GUM G.4.1 do, and the
t quantile gives k. Two things go wrong in practice: the model is curved within the uncertainty
of its inputs (reported, and checked by the Monte Carlo method), and a component that was left out
is never missed by any formula.
"""

from __future__ import annotations

from collections.abc import Mapping

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.budget import UncertaintyBudget
from qtools.msa.criteria import QMP, Ladder
from qtools.msa.inputs import Input, Model
from qtools.msa.means import require_tolerance
from qtools.msa.propagation import correlation_matrix, derivatives, require_model


def uncertainty_budget(
    model: Model,
    inputs: Mapping[str, Input],
    *,
    coverage: float = 0.95,
    correlations: Mapping[tuple[str, str], float] | None = None,
    tolerance: float | None = None,
    criteria: Ladder = QMP,
) -> UncertaintyBudget:
    """不确定度评定（GUM 法） Propagate standard uncertainties through a model.

    Parameters
    ----------
    model : callable
        Function of the inputs by keyword, made of arithmetic and numpy's functions.
    inputs : mapping of str to Input
        Estimate, standard uncertainty, distribution and degrees of freedom of each.
    coverage : float
        Coverage probability of y ± U.
    correlations : mapping of (str, str) to float, optional
        Correlation coefficients of pairs of inputs; all others are 0.
    tolerance : float, optional
        Width of the tolerance, in the unit of y: gives 2U/T.
    criteria : Ladder
        Limits of 2U/T: of a measuring process (``QMP``) or a measuring system (``QMS``).

    Returns
    -------
    UncertaintyBudget

    Raises
    ------
    QualityDataError
        If inputs, correlations or options cannot be used, or the model gives no finite number.

    Notes
    -----
    Derivatives are five-point differences with a step of u/20; curvature is taken over ±u. The
    second-order figures leave out third derivatives (GUM 5.1.2, note), so they warn and do not
    correct.

    References
    ----------
    JCGM 100:2008 (GUM), 5.1, 5.2, G.4; JJF 1059.1-2012.

    Examples
    --------
    >>> import qtools as qt
    >>> inputs = {"V": qt.msa.Input.normal(5.0, 0.002), "I": qt.msa.Input.bounded(0.02, 1e-5)}
    >>> budget = qt.msa.uncertainty_budget(lambda V, I: V / I, inputs)
    >>> round(budget.estimate, 3), round(budget.u, 4), budget.top
    (250.0, 0.1233, 'V')
    """
    frames.require_confidence(coverage, "包含概率 coverage")
    require_tolerance(tolerance)
    require_model(model, inputs)
    correlation = correlation_matrix(inputs, correlations)
    estimate, slopes, curvature = derivatives(model, inputs)
    result = UncertaintyBudget(
        inputs=dict(inputs),
        estimate=estimate,
        sensitivities=slopes,
        curvature=curvature,
        correlation=correlation,
        coverage=coverage,
        tolerance=tolerance,
        criteria=criteria,
    )
    if result.u <= 1e-12 * abs(estimate):
        raise QualityDataError(
            "合成标准不确定度是 0：在这些估计值上，模型对每个输入量的变化都不敏感（或正好抵消）。",
            hint="请核对模型；若是余弦、平方这类在极值处的模型，用蒙特卡洛法。",
        )
    return result
