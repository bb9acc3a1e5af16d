"""一致性系数 Kappas, Kendall's W and tau-b with intervals whose unit is the part.

A kappa is a smooth function of proportions, so its variance follows from the influence of each
decision (delta method). Influences are summed within a part before they are squared: repeated
decisions on one part are no independent evidence. With one pair of decisions a part this is the
variance of Fleiss, Cohen & Everitt (1969).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools.result import Interval

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Codes, Vector

    Counts = npt.NDArray[np.intp]

Weights = Literal["none", "linear", "quadratic"]
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Coefficient:
    """系数 A coefficient of agreement with its standard error and interval.

    Parameters
    ----------
    value : float
    se : float
        Standard error; 0 where nothing varies from part to part.
    interval : Interval or None
        None where the parts cannot tell how far the value would vary: a standard error of 0
        does not say that the value is exact.
    n : int
        Pairs of decisions, or parts, that it rests on.
    """

    value: float
    se: float
    interval: Interval | None
    n: int


def cohen_kappa(
    one: Codes,
    other: Codes,
    unit: Codes,
    levels: int,
    weights: Weights = "none",
    confidence: float = 0.95,
) -> Coefficient | None:
    """科恩 κ Cohen's (weighted) kappa of paired decisions, with an interval by part.

    Parameters
    ----------
    one, other : ndarray of intp, shape (n,)
        Codes of the paired decisions.
    unit : ndarray of intp, shape (n,)
        Part of each pair.
    levels : int
        Number of levels, unused ones included.
    weights : {"none", "linear", "quadratic"}
        Credit for a near miss: none, 1 − d/(L−1), or 1 − (d/(L−1))², for d levels apart.
    confidence : float
        Level of the interval.

    Returns
    -------
    Coefficient or None
        None without pairs, or where both sides use one and the same level only.

    Notes
    -----
    κ = (pₒ − pₑ)/(1 − pₑ). Interval κ ± z·SE within [−1, 1]; where agreement is perfect the
    standard error is 0, and the lower limit comes from Wilson's limit of the share of parts.
    Where it is 0 otherwise (one side uses one level only; all pairs differ) there is none.

    References
    ----------
    Cohen (1960), Educ. Psychol. Meas. 20, 37-46; (1968), Psychol. Bull. 70, 213-220.
    Fleiss, Cohen & Everitt (1969), Psychol. Bull. 72, 323-327.

    Examples
    --------
    >>> import numpy as np
    >>> one, other = np.repeat([[0, 0, 1, 1], [0, 1, 0, 1]], [44, 6, 3, 97], axis=1)
    >>> round(cohen_kappa(one, other, np.arange(150), 2).value, 4)
    0.8629
    """
    n = one.size
    if n == 0:
        return None
    table = np.bincount(one * levels + other, minlength=levels**2).reshape(levels, levels) / n
    place = np.arange(levels)
    apart = np.abs(place[:, None] - place) / max(levels - 1, 1)
    credit = {"none": apart == 0, "linear": 1 - apart, "quadratic": 1 - apart**2}[weights] * 1.0
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    by_row, by_column = credit @ columns, rows @ credit
    seen, chance = float((credit * table).sum()), float(rows @ by_row)
    if 1 - chance < _TINY:
        return None
    kappa = (seen - chance) / (1 - chance)
    influence = credit[one, other] - seen
    influence -= (1 - kappa) * (by_row[one] + by_column[other] - 2 * chance)
    sums = np.bincount(unit, weights=influence / (1 - chance))
    se = _settled(float(np.sqrt(sums @ sums)) / n)
    interval = _limits(kappa, se, chance, np.unique(unit).size, confidence)
    return Coefficient(kappa, se, interval, n)


def fleiss_kappa(counts: Counts, confidence: float = 0.95) -> Coefficient | None:
    """弗莱斯 κ Fleiss' kappa of several decisions a part, with an interval by part.

    Parameters
    ----------
    counts : ndarray of int, shape (parts, levels)
        Decisions by part and level. Parts with fewer than two are left out; parts may differ in
        number of decisions, and each part counts once in the share of agreeing pairs.
    confidence : float
        Level of the interval.

    Returns
    -------
    Coefficient or None
        None with fewer than two parts, or if all decisions are equal.

    Notes
    -----
    The standard error is the linearised one over parts (Gwet 2008), not Fleiss' of 1971, which
    holds for κ = 0 only.

    References
    ----------
    Fleiss (1971), Psychol. Bull. 76, 378-382. Gwet (2008), Br. J. Math. Stat. Psychol. 61, 29-48.

    Examples
    --------
    >>> import numpy as np
    >>> round(fleiss_kappa(np.array([[3, 0], [0, 3], [2, 1], [3, 0]])).value, 4)
    0.625
    """
    counts = counts[counts.sum(axis=1) > 1]
    parts = len(counts)
    if parts < 2:
        return None
    sizes = counts.sum(axis=1)
    shares = counts.sum(axis=0) / counts.sum()
    agree = (counts * (counts - 1)).sum(axis=1) / (sizes * (sizes - 1))
    seen, chance = float(agree.mean()), float(shares @ shares)
    if 1 - chance < _TINY:
        return None
    kappa = (seen - chance) / (1 - chance)
    drift = 2 * (counts - sizes[:, None] * shares) @ shares / sizes.mean()
    influence = (agree - seen - (1 - kappa) * drift) / (1 - chance)
    se = _settled(float(np.sqrt(influence @ influence / (parts * (parts - 1)))))
    return Coefficient(kappa, se, _limits(kappa, se, chance, parts, confidence), parts)


def _settled(se: float) -> float:
    """0 where only rounding is left."""
    return 0.0 if se < _TINY else se


def _limits(
    kappa: float, se: float, chance: float, parts: int, confidence: float
) -> Interval | None:
    from scipy.special import ndtri

    z = float(ndtri((1 + confidence) / 2))
    if 1 - kappa < _TINY:  # nothing varies: what share of parts may still disagree?
        low = (1 / (1 + z * z / parts) - chance) / (1 - chance)
        return Interval(max(low, -1.0), 1.0, confidence, f"{parts} 个零件全一致，Wilson 下限换算")
    if se == 0:
        return None
    name = "κ ± z·SE，按零件聚类（Fleiss、Cohen 与 Everitt 1969 的 delta 法）"
    return Interval(max(kappa - z * se, -1.0), min(kappa + z * se, 1.0), confidence, name)


def kendall_w(ratings: Codes, confidence: float = 0.95) -> Coefficient | None:
    """肯德尔 W Kendall's coefficient of concordance with correction for ties.

    Parameters
    ----------
    ratings : ndarray of intp, shape (parts, judges)
        Ordered codes, none missing.
    confidence : float
        Level of the interval, a jackknife over parts.

    Returns
    -------
    Coefficient or None
        None with fewer than two judges, or if no judge tells any two parts apart.

    References
    ----------
    Kendall & Gibbons (1990), Rank Correlation Methods, 5th ed., chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> round(kendall_w(np.array([[0, 0, 1], [1, 2, 1], [2, 1, 2], [3, 3, 3]])).value, 4)
    0.8621
    """
    if ratings.shape[1] < 2:
        return None
    return _jackknifed(ratings, _concordance, (0.0, 1.0), confidence)


def _concordance(ratings: Codes) -> float | None:
    parts, judges = ratings.shape
    total, ties = np.zeros(parts), 0.0
    for column in ratings.T:
        tied = np.bincount(column)
        total += (np.cumsum(tied) - (tied - 1) / 2)[column]
        ties += float((tied.astype(float) ** 3 - tied).sum())
    most = judges**2 * (float(parts) ** 3 - parts) - judges * ties
    if most < _TINY:
        return None
    off = total - total.mean()
    return float(12 * off @ off / most)


def tau_b(one: Codes, other: Codes, unit: Codes, confidence: float = 0.95) -> Coefficient | None:
    """肯德尔 τ_b Rank correlation of paired ordered decisions, ties allowed for.

    Parameters
    ----------
    one, other, unit : ndarray of intp, shape (n,)
        Ordered codes, and the part of each pair.
    confidence : float
        Level of the interval, a jackknife over parts.

    Returns
    -------
    Coefficient or None
        None without pairs, or if one side uses one level only.

    References
    ----------
    Kendall & Gibbons (1990), Rank Correlation Methods, 5th ed., chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> found = tau_b(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2]), np.arange(4))
    >>> round(found.value, 4)
    0.8
    """
    if one.size == 0:
        return None
    size = int(max(one.max(), other.max())) + 1
    tables = np.zeros((int(unit.max()) + 1, size * size), dtype=np.intp)
    np.add.at(tables, (unit, one * size + other), 1)
    tables = tables[tables.sum(axis=1) > 0]
    return _jackknifed(tables, _tau_of_tables, (-1.0, 1.0), confidence)


def _tau_of_tables(tables: Counts) -> float | None:
    cells = tables.sum(axis=0).astype(float)
    size = round(cells.size**0.5)
    table = cells.reshape(size, size)
    n = table.sum()
    below = np.zeros_like(table)  # decisions that are higher on both sides
    left = np.zeros_like(table)  # higher on one side, lower on the other
    for i in range(size):
        for j in range(size):
            below[i, j] = table[i + 1 :, j + 1 :].sum()
            left[i, j] = table[i + 1 :, :j].sum()
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    most = (n * n - rows @ rows) * (n * n - columns @ columns)
    if most < _TINY:
        return None
    return float(2 * (table * (below - left)).sum() / np.sqrt(most))


def _jackknifed(
    parts: Counts,
    statistic: Callable[[Counts], float | None],
    bounds: tuple[float, float],
    confidence: float,
) -> Coefficient | None:
    """A statistic of the rows, with the interval that leaves out one row at a time."""
    from scipy.special import stdtrit

    value = statistic(parts)
    if value is None:
        return None
    n = len(parts)
    _, first, times = np.unique(parts, axis=0, return_index=True, return_counts=True)
    without = [statistic(np.delete(parts, place, axis=0)) for place in first] if n > 2 else [None]
    known: Vector = np.array([np.nan if one is None else one for one in without])
    if np.isnan(known).any():
        return Coefficient(value, 0.0, None, n)
    off = known - times @ known / n
    se = float(np.sqrt((n - 1) / n * (times @ off**2)))
    if se < _TINY:
        return Coefficient(value, 0.0, None, n)
    reach = float(stdtrit(n - 1, (1 + confidence) / 2)) * se
    low, high = max(value - reach, bounds[0]), min(value + reach, bounds[1])
    return Coefficient(value, se, Interval(low, high, confidence, f"{n} 个零件的刀切法"), n)
