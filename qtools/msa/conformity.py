"""符合性判定 Conformity with limits in view of the uncertainty: zones, and two kinds of risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.conformity_result import Conformity
from qtools.msa.conformity_risk import Normal
from qtools.msa.criteria import Ladder
from qtools.msa.means import require_number

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Vector


def conformity(
    value: float | Sequence[float] | Vector | pd.Series,
    U: float,
    *,
    lower: float | None = None,
    upper: float | None = None,
    guard: float | Ladder = 1.0,
    k: float = 2.0,
    prior: tuple[float, float] | None = None,
) -> Conformity:
    """符合性判定 Conformity of measured values with limits, given their uncertainty.

    An instrument's error against its maximum permissible error is ``conformity(error, U,
    lower=-mpe, upper=mpe, guard=qt.msa.ONE_THIRD)``.

    Parameters
    ----------
    value : float, or sequence of float, shape (n,)
        Measured value, or several that share U and the limits.
    U : float
        Expanded uncertainty, in the unit of the values.
    lower, upper : float, optional
        Tolerance limits; at least one.
    guard : float or Ladder
        r of the guard band g = rU: 0 is simple acceptance, 1 accepts only what lies inside by U.
        A ladder over U divided by half the tolerance sets r = 0 in its best band, else 1.
    k : float
        Coverage factor of U.
    prior : (mean, sd), optional
        Normal distribution of the true values among all items.

    Returns
    -------
    Conformity
        Specific risk of a value y: the true value has N(y, u²), or with a prior N(m₀, s₀²) the
        posterior N(m₀ + w(y − m₀), w·u²) with w = s₀²/(s₀² + u²), u = U/k. Global risks:
        integrals of prior × chance of acceptance over the true values outside (consumer's) and of
        prior × chance of no acceptance inside (producer's), by Gauss–Legendre quadrature.

    Raises
    ------
    QualityDataError
        If a value or an option is unusable, or there is no limit.

    References
    ----------
    JCGM 106:2012, The role of measurement uncertainty in conformity assessment, clauses 7 to 9.
    JJF 1094-2002 for the one-third rule, to be verified.

    Examples
    --------
    >>> import qtools as qt
    >>> result = qt.msa.conformity(0.07, 0.02, lower=-0.08, upper=0.08)
    >>> result.verdict.level, round(float(result.pct_conforming[0]), 2)
    ('caution', 84.13)
    >>> result = qt.msa.conformity(0.07, 0.02, lower=-0.08, upper=0.08, guard=qt.msa.ONE_THIRD)
    >>> result.verdict.level, result.guard
    ('good', 0.0)
    """
    require_number("扩展不确定度 U", U, positive=True)
    require_number("包含因子 k", k, positive=True)
    low, high = _limits(lower, upper)
    if isinstance(guard, Ladder):
        if not np.isfinite(high - low):
            raise QualityDataError(
                "按 U 与最大允许误差之比定保护带，要同时给出上、下限。",
                hint="仪器示值误差写 lower=-MPE、upper=MPE；单侧的要求请直接写 guard=1。",
            )
        r = 0.0 if guard.band(U / ((high - low) / 2)) == guard.bands[0] else 1.0
    else:
        require_number("保护带系数 guard", guard)
        if guard < 0:
            raise QualityDataError(
                f"保护带系数 guard={guard!r} 不能用，它不能小于 0。",
                hint="不设保护带写 0，保护带等于 U 写 1。",
            )
        r = float(guard)
    return Conformity(
        _values(value), float(U), float(k), low, high, r,
        guard if isinstance(guard, Ladder) else None, _prior(prior),
    )  # fmt: skip


def _limits(lower: float | None, upper: float | None) -> tuple[float, float]:
    for name, limit in (("下限 lower", lower), ("上限 upper", upper)):
        if limit is not None:
            require_number(name, limit)
    if lower is None and upper is None:
        raise QualityDataError(
            "上限 upper 和下限 lower 都没有给出，无从判定。",
            hint="仪器示值误差写 lower=-MPE、upper=MPE。",
        )
    low = -np.inf if lower is None else float(lower)
    high = np.inf if upper is None else float(upper)
    if low >= high:
        raise QualityDataError(
            f"下限 {low:g} 不小于上限 {high:g}。", hint="请核对两个限，不要写反。"
        )
    return low, high


def _values(value: object) -> Vector:
    import pandas as pd

    if isinstance(value, pd.Series) and value.name is not None:
        found = frames.numbers(value.to_frame(), str(value.name))
    else:
        several = np.ndim(value) > 0  # type: ignore[arg-type]
        found = frames.numbers(pd.DataFrame({"测得值": value if several else [value]}), "测得值")
    if found.size == 0:
        raise QualityDataError("一个测得值也没有。", hint="请给出一个数，或一列数。")
    return found.copy()


def _prior(prior: tuple[float, float] | None) -> Normal | None:
    if prior is None:
        return None
    if len(prior) != 2:
        raise QualityDataError(
            f"prior={prior!r} 不能用，它是（均值，标准差）两个数。", hint="例如 prior=(0, 0.03)。"
        )
    require_number("prior 的均值", prior[0])
    require_number("prior 的标准差", prior[1], positive=True)
    return Normal(float(prior[0]), float(prior[1]))
