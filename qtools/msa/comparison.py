"""方法比对 Comparison of two methods on the same items: agreement first, the relation second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.estimate import t_p
from qtools.msa.comparison_lines import MOST_PAIRS, deming, passing_bablok
from qtools.msa.comparison_result import Agreement, MethodComparison, Shape
from qtools.msa.means import mean_bias, require_number
from qtools.variance import flat

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Vector

FEWEST_PAIRS = 5  # Passing and Bablok's ranks do not exist for fewer
_MOST_TESTED = 5000  # beyond, Shapiro and Wilk's p value is not to be relied on


def method_comparison(
    df: pd.DataFrame,
    *,
    reference: str,
    test: str,
    ratio: float = 1.0,
    limit: float | None = None,
    confidence: float = 0.95,
) -> MethodComparison:
    """方法比对 Method comparison: Bland–Altman, Deming and Passing–Bablok on the same pairs.

    Parameters
    ----------
    df : pandas.DataFrame
        One row an item measured by both methods, at least five.
    reference, test : str
        Columns of the two methods, in the same unit. Differences are test − reference.
    ratio : float
        Deming's λ: variance of the errors of the test method over that of the reference.
    limit : float, optional
        Largest difference on one item that the use tolerates, in the unit of the readings;
        without it nothing is decided.
    confidence : float
        Level of the intervals. The limits of agreement are always those of 95 % of differences.

    Returns
    -------
    MethodComparison
        Limits of agreement d̄ ± 1.96·s; each limit is a quantile of the normal distribution, so
        its exact interval is d̄ + s·t′/√n with t′ the quantiles of the noncentral t of n − 1
        degrees of freedom and noncentrality ±1.96·√n.

    Raises
    ------
    QualityDataError
        If an option or a cell is unusable, there are fewer than five pairs, or one of the
        columns does not vary.

    References
    ----------
    Bland & Altman (1986), Lancet 327, 307-310; (1999), Statistical Methods in Medical Research 8,
    135-160. Carkeet (2015), Optometry and Vision Science 92, e71-e80 (exact intervals). Linnet
    (1993), Clinical Chemistry 39, 424-432 (Deming, jackknife). Passing & Bablok (1983), J. Clin.
    Chem. Clin. Biochem. 21, 709-720.

    Examples
    --------
    >>> import qtools as qt
    >>> pairs = qt.load("iron-slag")
    >>> found = qt.msa.method_comparison(pairs, reference="化学法", test="磁法", limit=5)
    >>> round(found.agreement.bias, 3), found.verdict.level
    (-0.377, 'bad')
    """
    frames.require_confidence(confidence)
    require_number("方差比 ratio", ratio, positive=True)
    if limit is not None:
        require_number("可接受的差值 limit", limit, positive=True)
    frames.require_columns(df, [reference, test])
    x, y = (frames.numbers(df, name).copy() for name in (reference, test))
    if x.size < FEWEST_PAIRS:
        raise QualityDataError(
            f"{frames.source(df)}列“{reference}”“{test}”只有 {x.size} 对读数，"
            f"方法比对至少要 {FEWEST_PAIRS} 对。",
            hint="请补测；常见的做法是 40 对以上，并覆盖日常的整个量程。",
        )
    for name, column in ((reference, x), (test, y)):
        if flat(column):
            raise QualityDataError(
                f"{frames.source(df)}列“{name}”的 {column.size} 个读数全都相同，"
                "比不出两种方法的关系。",
                hint="请选覆盖日常量程的样品，再用两种方法各测一遍。",
            )
    d = y - x
    agreement = Agreement(mean_bias(d, confidence))
    u, v = x - x.mean(), y - y.mean()
    r = float(np.clip(u @ v / ((u @ u) * (v @ v)) ** 0.5, -1, 1))
    rising = r > 0
    return MethodComparison(
        reference=reference,
        test=test,
        x=x,
        y=y,
        ratio=float(ratio),
        limit=None if limit is None else float(limit),
        confidence=confidence,
        agreement=agreement,
        r=r,
        deming=deming(x, y, ratio, confidence) if rising else None,
        passing_bablok=passing_bablok(x, y, confidence)
        if rising and x.size <= MOST_PAIRS
        else None,
        shape=None if agreement.mean.sd == 0 else _shape((x + y) / 2, d),
    )


def _shape(middle: Vector, d: Vector) -> Shape | None:
    """趋势 What the limits of agreement take for granted; None where the means do not vary."""
    from scipy import stats

    n = d.size
    if flat(middle):
        return None
    m, e = middle - middle.mean(), d - d.mean()
    slope = float(m @ e / (m @ m))
    rest = e - slope * m
    se = float((rest @ rest / (n - 2) / (m @ m)) ** 0.5)
    normal_p = None
    if n <= _MOST_TESTED and np.ptp(d) > 1e-12 * max(abs(d).max(), 1e-300):
        normal_p = float(stats.shapiro(d).pvalue)
    if flat(rest + d.mean()):
        return Shape(slope, 0.0, n - 2, 0.0, None, None, normal_p)
    unit = m / abs(m).max()
    bend = unit**2 - (unit**2).mean()
    bend = bend - (bend @ unit) / (unit @ unit) * unit
    return Shape(
        slope, se, n - 2, t_p(slope / se, n - 2),
        _partial_p(bend, rest, n - 3),
        _partial_p(unit, abs(rest) - abs(rest).mean(), n - 2),
        normal_p,
    )  # fmt: skip


def _partial_p(z: Vector, e: Vector, df: int) -> float | None:
    """Two-sided p of the slope of e on z, both centred, |z| ≤ 1; None where z does not vary."""
    zz, ee = float(z @ z), float(e @ e)
    if zz <= 1e-18 * z.size or ee == 0:
        return None
    r2 = min(float(z @ e) ** 2 / (zz * ee), 1 - 1e-15)
    return t_p((r2 / (1 - r2) * df) ** 0.5, df)
