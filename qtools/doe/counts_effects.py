"""计数模型的效应 Covariance of a count model's coefficients, and tests of its terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.counts_cluster import ClusterSpread, Correction, classic, reduced_bias
from qtools.doe.counts_fit import CountFit, fit_counts
from qtools.doe.counts_parts import Effects, Family
from qtools.doe.terms import ModelMatrix

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]
    ZeroRows = dict[int, tuple[Matrix, Vector, int]]

_NO_FREEDOM = 0.05  # of the denominator where clusters are too few for a test: p comes near 1


def clustered_effects(
    matrix: ModelMatrix, best: CountFit, codes: Codes, correction: Correction
) -> Effects:
    """Wald tests on a cluster-robust covariance: F of g − 1 for CR1, Hotelling's T² for CR2."""
    from scipy.special import fdtrc

    spread = reduced_bias(best, codes) if correction == "CR2" else classic(best, codes)
    tests: list[tuple[str, float, float, float, float]] = []
    base = float(codes.max())
    for name, span in zip(matrix.names, matrix.spans, strict=True):
        own, k = best.beta[span], int(span.stop - span.start)
        f = float(own @ np.linalg.pinv(spread.covariance[span, span]) @ own) / k
        df = base
        if correction == "CR2":
            eta = spread.test_df(np.eye(len(best.beta))[span])
            df = max(eta - k + 1, _NO_FREEDOM)
            f *= df / eta
        tests.append((name, float(k), df, f, float(fdtrc(k, df, f))))
    own_spread: ClusterSpread | None = spread if correction == "CR2" else None
    how = f"Wald F（聚类稳健，{correction}）"
    return Effects(spread.covariance, base, tuple(tests), how, own_spread)


def independent_effects(
    matrix: ModelMatrix, best: CountFit, poisson: CountFit, family: Family, zeros: ZeroRows
) -> Effects:
    """Likelihood-ratio tests (F for quasi-Poisson), levels without a count included.

    A level without a count has a mean of 0 in the larger model, so it adds nothing to the
    deviance there; in the model without its factor its rows have the rate of the rest.

    Parameters
    ----------
    matrix : ModelMatrix
    best, poisson : CountFit
        Of the rows whose levels have counts.
    family : str
    zeros : dict of int to (x, offset, levels)
        By the position of a factor: rows of its levels without a count, and how many these are.
    """
    from scipy.special import chdtrc, fdtrc

    phi = poisson.pearson / poisson.df if family == "quasi-poisson" else 1.0
    covariance = best.bread * phi
    tests: list[tuple[str, float, float, float, float]] = []
    for term, name, span in zip(matrix.terms, matrix.names, matrix.spans, strict=True):
        x, y, offset, k = best.x, best.y, best.offset, int(span.stop - span.start)
        if len(term) == 1 and term[0] in zeros:
            more, looked, levels = zeros[term[0]]
            x, y = np.vstack([x, more]), np.append(y, np.zeros(len(more)))
            offset, k = np.append(offset, looked), k + levels
        left = np.delete(x, np.arange(span.start, span.stop), axis=1)
        start = np.asarray(np.linalg.lstsq(left, x @ best.beta, rcond=None)[0])
        less = fit_counts(left, y, offset, best.theta, start)
        lost = float(max(less.deviance - best.deviance, 0.0))
        if family == "quasi-poisson":
            f = float(lost / k / phi)
            tests.append((name, float(k), float(best.df), f, float(fdtrc(k, best.df, f))))
        else:
            tests.append((name, float(k), np.inf, lost, float(chdtrc(k, lost))))
    how = "拟似然 F" if family == "quasi-poisson" else "似然比 χ²"
    return Effects(
        covariance, float(best.df) if family == "quasi-poisson" else np.inf, tuple(tests), how
    )
