"""判异准则 The run rules of control charts: six primitives and a table.

Every rule takes standardised points z = (point − centre line)/σ of the plotted statistic, so the
same rule serves constant limits and limits that vary by point, and gives for each point whether
the pattern is complete *at* that point.

Conventions, the same for every rule:

- a point exactly on a line is not beyond it, and a point on the centre line is on no side;
- equal neighbours end a trend and an alternation;
- 2 of 3 and 4 of 5 count points on one side, those beyond 3σ included, and are charged to a
  point that is itself beyond the line; the points before the first are taken as in control, so
  two points beyond 2σ at the very start already complete 2 of 3;
- a run that goes on is charged to each further point;
- a point may break several rules; all are reported.

Speed comes from working on bool and int8 arrays: "the last w all true" is the AND of
two overlapping windows whose length is a power of two, O(n log w) with no loop over points.

References
----------
Nelson, L. S. (1984). The Shewhart control chart — tests for special causes. Journal of Quality
Technology 16(4), 237-239.
Western Electric (1956). Statistical Quality Control Handbook, 25-28.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Test = Callable[[Floats], Bools]


@dataclass(frozen=True, slots=True)
class Rule:
    """判异准则 One run rule.

    Parameters
    ----------
    key : str
        Stable ASCII name, used in ``rules=("nelson-1", "nelson-2")``.
    label : str
        Short name beside a point: the number people know it by.
    name : str
        What the rule says, in Chinese.
    note : str
        What such a pattern usually means on the shop floor.
    test : callable
        Standardised points, shape (n,), to bool, shape (n,).
    """

    key: str
    label: str
    name: str
    note: str
    test: Test


# ── primitives ───────────────────────────────────────────────────────────────────────────────


def _all_of_last(hit: Bools, window: int) -> Bools:
    """Whether the last ``window`` entries, this one included, are all true."""
    out = np.zeros(hit.shape, dtype=np.bool_)
    if hit.size < window:
        return out
    run, length = hit, 1
    while 2 * length <= window:
        run = run[length:] & run[:-length]
        length *= 2
    rest = window - length
    out[window - 1 :] = run[rest:] & run[: run.size - rest]
    return out


def _some_of_last(hit: Bools, needed: int, window: int) -> Bools:
    """Whether this entry and at least ``needed`` of the last ``window`` are true."""
    count = hit.astype(np.int8)
    for back in range(1, min(window, hit.size)):
        count[back:] += hit[:-back]
    return (count >= needed) & hit


def _beyond(line: float) -> Test:
    return lambda z: np.abs(z) > line


def _same_side(window: int) -> Test:
    return lambda z: _all_of_last(z > 0, window) | _all_of_last(z < 0, window)


def _trend(window: int) -> Test:
    def test(z: Floats) -> Bools:
        out = np.zeros(z.shape, dtype=np.bool_)
        now, before = z[1:], z[:-1]
        out[1:] = _all_of_last(now > before, window - 1) | _all_of_last(now < before, window - 1)
        return out

    return test


def _alternating(window: int) -> Test:
    def test(z: Floats) -> Bools:
        out = np.zeros(z.shape, dtype=np.bool_)
        up, down = z[1:] > z[:-1], z[1:] < z[:-1]
        turn = (up[1:] & down[:-1]) | (down[1:] & up[:-1])
        out[2:] = _all_of_last(turn, window - 2)
        return out

    return test


def _some_beyond(needed: int, window: int, line: float) -> Test:
    return lambda z: (
        _some_of_last(z > line, needed, window) | _some_of_last(z < -line, needed, window)
    )


def _within(window: int, line: float) -> Test:
    return lambda z: _all_of_last(np.abs(z) < line, window)


def _none_within(window: int, line: float) -> Test:
    return lambda z: _all_of_last(np.abs(z) > line, window)


# ── the table ────────────────────────────────────────────────────────────────────────────────

_TABLE = (
    Rule(
        "nelson-1",
        "1",
        "1 点超出 3σ 控制限",
        "一次大的偏移：查当时的设备、材料、操作和读数",
        _beyond(3),
    ),
    Rule(
        "nelson-2",
        "2",
        "连续 9 点在中心线同一侧",
        "平均水平移动了：查换料、换班、换刀、校准",
        _same_side(9),
    ),
    Rule(
        "nelson-3",
        "3",
        "连续 6 点递增或递减",
        "有漂移：查刀具磨损、温升、药液消耗、操作疲劳",
        _trend(6),
    ),
    Rule(
        "nelson-4",
        "4",
        "连续 14 点交替升降",
        "两个来源轮流出现：查两台设备、两名人员或过度调整",
        _alternating(14),
    ),
    Rule(
        "nelson-5",
        "5",
        "连续 3 点中有 2 点在同侧 2σ 以外",
        "中等偏移的早期信号",
        _some_beyond(2, 3, 2),
    ),
    Rule(
        "nelson-6",
        "6",
        "连续 5 点中有 4 点在同侧 1σ 以外",
        "小偏移的早期信号",
        _some_beyond(4, 5, 1),
    ),
    Rule(
        "nelson-7",
        "7",
        "连续 15 点在中心线两侧 1σ 以内",
        "子组里混进了不同来源（分层），或控制限过时、数据不实",
        _within(15, 1),
    ),
    Rule(
        "nelson-8",
        "8",
        "连续 8 点都在 1σ 以外（不论哪一侧）",
        "两个总体混在一张图上：按设备、班次、供方分层再画",
        _none_within(8, 1),
    ),
    Rule(
        "we-4",
        "WE4",
        "连续 8 点在中心线同一侧",
        "平均水平移动了：查换料、换班、换刀、校准",
        _same_side(8),
    ),
)

RULES = MappingProxyType({rule.key: rule for rule in _TABLE})


def evaluate(z: Floats, keys: Sequence[str]) -> Bools:
    """逐条判异 Every rule at every point.

    Parameters
    ----------
    z : ndarray of float64, shape (n,)
        Standardised points in time order.
    keys : sequence of str
        Keys of ``RULES``.

    Returns
    -------
    ndarray of bool, shape (len(keys), n)
        ``[i, j]``: point j completes the pattern of rule i.

    Raises
    ------
    KeyError
        If a key is not in ``RULES``; charts check names with a message beforehand.

    Examples
    --------
    >>> evaluate(np.array([0.5, 1, 1.5, 2, 2.5, 3.5]), ("nelson-1", "nelson-3")).tolist()
    [[False, False, False, False, False, True], [False, False, False, False, False, True]]
    """
    out = np.zeros((len(keys), len(z)), dtype=np.bool_)
    for row, key in zip(out, keys, strict=True):
        row[:] = RULES[key].test(z)
    return out
