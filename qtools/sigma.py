"""σ 的估计 The estimators of σ that charts and indices use, each under its own name.

One data set has several sigmas. Each estimator here returns a :class:`Sigma` that carries its
own name and its own effective degrees of freedom, so that a limit or an index can say which
one it used and an interval can use the degrees of freedom that belong to it. Deviations are
taken from a value of the subgroup itself before they are averaged and squared, so a large
offset costs no digits. The exact constants ``c4``, ``d2``, ``d3`` are available here too.

References
----------
Burr, I. W. (1969). Control charts for measurements with varying sample sizes. Journal of
Quality Technology 1(3), 163-167.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qtools.constants import by_size, c4, d2, d3, effective_df
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

Constant = Callable[[int], float]

__all__ = [
    "NAMES",
    "Constant",
    "Sigma",
    "Subgroups",
    "by_size",
    "c4",
    "d2",
    "d3",
    "effective_df",
    "from_moving_range",
    "from_ranges",
    "from_standard_deviations",
    "overall",
    "pooled",
    "subgroup_statistics",
]

Estimator = Literal["mr", "r", "s", "pooled", "overall"]
NAMES: dict[Estimator, str] = {
    "mr": "MR̄/d₂",
    "r": "R̄/d₂",
    "s": "s̄/c₄",
    "pooled": "合并标准差 sₚ",
    "overall": "总标准差 s",
}


@dataclass(frozen=True, slots=True)
class Sigma:
    """标准差估计 An estimate of σ that names its estimator.

    Parameters
    ----------
    value : float
        The estimate, in the unit of the data.
    df : float
        Effective degrees of freedom: those of the chi variable that has the estimator's
        squared coefficient of variation (exact for ``pooled`` and ``overall``).
    key : {"mr", "r", "s", "pooled", "overall"}
        Which estimator.
    name : str
        Its name as the page shows it.
    statistic : float
        What was averaged: mean moving range, mean range, mean standard deviation; for
        ``pooled`` and ``overall`` the estimate itself.
    n : int
        Number of values used.
    """

    value: float
    df: float
    key: Estimator
    name: str
    statistic: float
    n: int


# ── what estimators are made of ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, eq=False)
class Subgroups:
    """子组统计量 Size, mean, range and standard deviation of each subgroup, in the codes' order.

    Arrays of shape (k,); the standard deviation and the range of one value are 0.
    """

    size: npt.NDArray[np.intp]
    mean: Floats
    range: Floats
    sd: Floats


def subgroup_statistics(values: Floats, codes: Codes) -> Subgroups:
    """子组统计量 Statistics of each subgroup, in two passes from a value of that subgroup.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    codes : ndarray of intp, shape (n,)
        0 … k−1, each present; rows of a subgroup need not be adjacent.

    Examples
    --------
    >>> import numpy as np
    >>> stats = subgroup_statistics(np.array([1.0, 5, 3, 4]) + 1e9, np.array([0, 1, 0, 1]))
    >>> stats.range.tolist(), stats.sd.round(6).tolist()
    ([2.0, 1.0], [1.414214, 0.707107])
    """
    import numpy as np

    size = np.bincount(codes)
    if (codes[1:] < codes[:-1]).any():
        order = np.argsort(codes, kind="stable")
        values, codes = values[order], codes[order]
    start = np.concatenate(([0], np.cumsum(size)[:-1]))
    first = values[start]
    shifted = values - first[codes]
    mean = np.add.reduceat(shifted, start) / size
    shifted -= mean[codes]
    squares = np.add.reduceat(shifted**2, start) - np.add.reduceat(shifted, start) ** 2 / size
    sd = np.sqrt(np.maximum(squares, 0) / np.maximum(size - 1, 1))
    spread = np.maximum.reduceat(values, start) - np.minimum.reduceat(values, start)
    return Subgroups(size, first + mean, spread, sd)


def _several_each(stats: Subgroups, names: Sequence[str] | None) -> None:
    """Refuse subgroups of one value: they say nothing about spread."""
    import numpy as np

    lonely = np.flatnonzero(stats.size < 2)
    if lonely.size:
        shown = [names[place] if names is not None else str(place + 1) for place in lonely[:5]]
        more = " 等" if lonely.size > len(shown) else ""
        raise QualityDataError(
            f"有 {lonely.size} 个子组只有 1 个值：{'、'.join(shown)}{more}；一个值算不出组内变差。",
            hint="请补齐或删去这些子组；若每个子组本来就只有一个值，请改用单值—移动极差的方法。",
        )


# ── estimators ───────────────────────────────────────────────────────────────────────────────


def from_moving_range(values: Floats) -> Sigma:
    """移动极差估计 σ from the mean moving range of two successive values, MR̄/d₂(2).

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        In time order, at least two.

    Notes
    -----
    Neighbouring moving ranges share a value, so they are correlated. The differences have
    variance 2σ² and correlation −1/2 at lag 1, and for a bivariate normal pair with
    correlation ρ, E|XY| = (2/π)(√(1−ρ²) + ρ arcsin ρ) in units of the two standard deviations
    (Kamat 1953, Biometrika 40, 20-34). With m = n − 1 ranges this gives exactly

        Var(MR̄)/σ² = [m·2(1−2/π) + 2(m−1)·(4/π)(√¾ + π/12 − 1)] / m²,

    and the effective degrees of freedom follow from its coefficient of variation.

    Examples
    --------
    >>> import numpy as np
    >>> flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    >>> sigma = from_moving_range(np.array(flow))
    >>> round(sigma.statistic, 4), round(sigma.value, 4), sigma.name
    (1.8778, 1.6641, 'MR̄/d₂')
    """
    import numpy as np

    _at_least_two(values)
    m = len(values) - 1
    mean = float(np.abs(np.diff(values)).mean())
    variance = 2 * (1 - 2 / math.pi)
    covariance = 4 / math.pi * (math.sqrt(0.75) + math.pi / 12 - 1)
    squared_cv = (m * variance + 2 * (m - 1) * covariance) / m**2 / d2(2) ** 2
    return Sigma(mean / d2(2), effective_df(squared_cv), "mr", NAMES["mr"], mean, len(values))


def from_ranges(values: Floats, codes: Codes, *, names: Sequence[str] | None = None) -> Sigma:
    """极差估计 σ from subgroup ranges: R̄/d₂ for equal sizes.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    codes : ndarray of intp, shape (n,)
        Subgroup of each value, 0 … k−1.
    names : sequence of str, optional
        Names of the subgroups, for messages.

    Notes
    -----
    Unequal sizes: the minimum-variance linear unbiased combination Σ wᵢ(Rᵢ/d₂ᵢ) / Σ wᵢ with
    wᵢ = d₂ᵢ²/d₃ᵢ² (Burr 1969), whose squared coefficient of variation is 1/Σwᵢ. ``statistic``
    is the plain mean of the ranges; the centre line at size n is d₂(n)·σ̂.

    Raises
    ------
    QualityDataError
        If a subgroup has only one value.

    Examples
    --------
    >>> import numpy as np
    >>> from_ranges(np.array([1.0, 3, 2, 6]), np.array([0, 0, 1, 1])).statistic
    3.0
    """
    stats = subgroup_statistics(values, codes)
    _several_each(stats, names)
    mean, sd = by_size(d2, stats.size), by_size(d3, stats.size)
    return _combine("r", stats.range / mean, (mean / sd) ** 2, float(stats.range.mean()), stats)


def from_standard_deviations(
    values: Floats, codes: Codes, *, names: Sequence[str] | None = None
) -> Sigma:
    """标准差估计 σ from subgroup standard deviations: s̄/c₄ for equal sizes.

    Parameters
    ----------
    values, codes, names
        As in :func:`from_ranges`.

    Notes
    -----
    Unequal sizes: Σ hᵢ(sᵢ/c₄ᵢ) / Σ hᵢ with hᵢ = c₄ᵢ²/(1−c₄ᵢ²) (Burr 1969), squared
    coefficient of variation 1/Σhᵢ. One subgroup of n gives n − 1 degrees of freedom exactly.

    Raises
    ------
    QualityDataError
        If a subgroup has only one value.

    Examples
    --------
    >>> import numpy as np
    >>> sigma = from_standard_deviations(np.array([1.0, 3, 2, 6]), np.array([0, 0, 1, 1]))
    >>> round(sigma.statistic, 6), round(sigma.value, 6)
    (2.12132, 2.658681)
    """
    stats = subgroup_statistics(values, codes)
    _several_each(stats, names)
    c = by_size(c4, stats.size)
    return _combine("s", stats.sd / c, c**2 / (1 - c**2), float(stats.sd.mean()), stats)


def _combine(
    key: Estimator, estimates: Floats, weights: Floats, statistic: float, stats: Subgroups
) -> Sigma:
    """Weighted mean of unbiased estimates whose weights are their inverse squared CVs."""
    total = float(weights.sum())
    value = float(weights @ estimates) / total
    return Sigma(value, effective_df(1 / total), key, NAMES[key], statistic, int(stats.size.sum()))


def pooled(values: Floats, codes: Codes, *, names: Sequence[str] | None = None) -> Sigma:
    """合并标准差 Root of the pooled within-subgroup variance; its square is unbiased.

    √[Σ(nᵢ−1)sᵢ² / Σ(nᵢ−1)] with Σ(nᵢ−1) degrees of freedom.

    Parameters
    ----------
    values, codes, names
        As in :func:`from_ranges`.

    Raises
    ------
    QualityDataError
        If a subgroup has only one value.

    Examples
    --------
    >>> import numpy as np
    >>> sigma = pooled(np.array([1.0, 3, 2, 6]), np.array([0, 0, 1, 1]))
    >>> round(sigma.value, 6), sigma.df
    (2.236068, 2.0)
    """
    stats = subgroup_statistics(values, codes)
    _several_each(stats, names)
    df = stats.size - 1
    value = math.sqrt(float(df @ stats.sd**2) / int(df.sum()))
    n = int(stats.size.sum())
    return Sigma(value, float(df.sum()), "pooled", NAMES["pooled"], value, n)


def overall(values: Floats) -> Sigma:
    """总标准差 Sample standard deviation of all values, n − 1 degrees of freedom.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least two.

    Examples
    --------
    >>> import numpy as np
    >>> round(overall(np.array([1.0, 2, 3, 4]) + 1e9).value, 6)
    1.290994
    """
    import numpy as np

    _at_least_two(values)
    shifted = values - values[0]
    shifted -= shifted.mean()
    squares = float(np.sum(shifted**2) - np.sum(shifted) ** 2 / len(values))
    value = math.sqrt(max(squares, 0.0) / (len(values) - 1))
    return Sigma(value, float(len(values) - 1), "overall", NAMES["overall"], value, len(values))


def _at_least_two(values: Floats) -> None:
    if len(values) < 2:
        raise QualityDataError(
            f"只有 {len(values)} 个值，估计标准差至少要 2 个值。", hint="请补充数据。"
        )
