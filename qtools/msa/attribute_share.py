"""比率 Shares of parts, and of decisions that are clustered in parts, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools.result import Interval

if TYPE_CHECKING:
    from qtools.variance import Codes

Method = Literal["wilson", "clopper-pearson"]
METHOD_NAMES: dict[str, str] = {"wilson": "Wilson", "clopper-pearson": "Clopper–Pearson"}


@dataclass(frozen=True, slots=True)
class Share:
    """比率 Hits among chances, in percent, with an interval whose unit is the part.

    Parameters
    ----------
    hits, total : int
        Count and its denominator.
    parts : int
        Parts behind the denominator.
    touched : int
        Parts with at least one hit.
    interval : Interval
        Limits in percent.
    """

    hits: int
    total: int
    parts: int
    touched: int
    interval: Interval

    @property
    def percent(self) -> float:
        """Share in percent."""
        return 100 * self.hits / self.total


def share_of_parts(hits: int, parts: int, method: Method, confidence: float) -> Share | None:
    """零件的比率 Binomial share of parts; None without parts.

    Examples
    --------
    >>> share = share_of_parts(42, 50, "clopper-pearson", 0.95)
    >>> round(share.percent), round(share.interval.low), round(share.interval.high)
    (84, 71, 93)
    """
    if parts == 0:
        return None
    low, high = limits(hits, parts, method, confidence)
    name = f"{METHOD_NAMES[method]}，{parts} 个零件"
    return Share(hits, parts, parts, hits, Interval(100 * low, 100 * high, confidence, name))


def share_of_decisions(
    hits: Codes, totals: Codes, method: Method, confidence: float
) -> Share | None:
    """判定的比率 Share of decisions; the interval uses the effective number of decisions.

    Decisions on one part are alike, so that they count for fewer: their number is divided by the
    design effect, the variance between parts over that of independent decisions, held between 1
    and its greatest possible value. Where one part or none has a hit (or one or none has not only
    hits) it cannot be estimated and takes the greatest value: as many independent decisions as
    parts.

    A hit on one more part should not lower the upper limit, yet an estimated effect does that: two
    parts touched once each look like 54 independent decisions, which bound a share more closely
    than no hit in 18 parts. So the upper limit is not below that of the most touched parts alone,
    for any number of them; the lower limit likewise. (A second hit on the same part can still move
    a limit by about a point, since it shows clustering.)

    Parameters
    ----------
    hits, totals : ndarray of int, shape (parts,)
        Hits and chances of each part.
    method : {"wilson", "clopper-pearson"}
    confidence : float

    References
    ----------
    Rao & Scott (1992), Biometrics 48, 577-585. Korn & Graubard (1998), Survey Methodology 24,
    193-201.

    Examples
    --------
    >>> import numpy as np
    >>> apart = share_of_decisions(np.array([1, 1, 1, 0]), np.full(4, 3), "wilson", 0.95)
    >>> alike = share_of_decisions(np.array([3, 0, 0, 0]), np.full(4, 3), "wilson", 0.95)
    >>> apart.percent == alike.percent, apart.interval.high < alike.interval.high
    (True, True)
    """
    hits, totals = hits[totals > 0], totals[totals > 0]
    parts, n, found = totals.size, int(totals.sum()), int(hits.sum())
    if n == 0:
        return None
    size = _effective(hits, totals)
    low, high = limits(found / n * size, size, method, confidence)
    high = max(high, _upper_of_fewer(hits, totals, method, confidence))
    low = min(low, 1 - _upper_of_fewer(totals - hits, totals, method, confidence))
    name = f"{METHOD_NAMES[method]}，{n} 次判定按 {parts} 个零件聚类，有效次数 {size:.1f}"
    touched = int(np.count_nonzero(hits))
    return Share(found, n, parts, touched, Interval(100 * low, 100 * high, confidence, name))


def _effective(hits: Codes, totals: Codes) -> float:
    """Effective number of decisions."""
    parts, n = totals.size, float(totals.sum())
    p, most = float(hits.sum()) / n, float(totals @ totals) / n
    if min(np.count_nonzero(hits), np.count_nonzero(totals - hits)) < 2:
        return n / most
    off = hits - p * totals
    effect = float(off @ off) * parts / (parts - 1) / (n * p * (1 - p))
    return n / float(np.clip(effect, 1.0, most))


def _upper_of_fewer(hits: Codes, totals: Codes, method: Method, confidence: float) -> float:
    """Greatest upper limit if only the 0, 1, 2, … most touched parts had their hits."""
    order = np.argsort(-hits, kind="stable")
    highest = 0.0
    for kept in range(max(int(np.count_nonzero(hits)), 1)):
        fewer = np.zeros_like(hits)
        fewer[order[:kept]] = hits[order[:kept]]
        size = _effective(fewer, totals)
        share = float(fewer.sum()) / float(totals.sum())
        highest = max(highest, limits(share * size, size, method, confidence)[1])
    return highest


def limits(hits: float, n: float, method: Method, confidence: float) -> tuple[float, float]:
    """区间 Limits of a binomial proportion; numbers need not be whole.

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22, 209-212. Clopper & Pearson (1934), Biometrika 26,
    404-413.
    """
    from scipy.special import betaincinv, ndtri

    if method == "clopper-pearson":
        tail = (1 - confidence) / 2
        low = float(betaincinv(hits, n - hits + 1, tail)) if hits > 0 else 0.0
        high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
        return low, high
    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    p = hits / n
    center = (p + z2 / (2 * n)) / (1 + z2 / n)
    reach = (z2 * (p * (1 - p) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return (center - reach if hits > 0 else 0.0), (center + reach if hits < n else 1.0)
