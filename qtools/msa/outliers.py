"""远在外面的读数 Readings far from the rest of their cell: slips of the pen and of the comma.

A cell is one operator's readings of one part. Its range, in units of what is expected of a normal
range of so many readings, is compared with the median of all cells: half of them may be spoilt
before that moves. Without repeats the place of the range is taken by what is left after the
medians of part and operator. The limit is the quantile of that ratio's maximum in normal studies
of the same shape (simulated, always the same draws): one study in 500 shows such a reading by
chance. Rounding never makes a suspect: a range counts for one step less, the median for one more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from qtools.constants import d2
from qtools.msa.means import step

if TYPE_CHECKING:
    from qtools.variance import Codes, Vector

RISK = 0.002  # of naming a reading in a study that has none to be named
_DRAWS = 2500
_MOST = 1000  # readings of a simulated study; larger ones take the limit of this many, and more


def far_readings(y: Vector, part: Codes, operator: Codes) -> list[tuple[int, ...]]:
    """离群读数 Places of readings far outside, one of each cell; two where either may be meant.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Readings.
    part, operator : ndarray of intp, shape (n,)
        Parts of nested studies count within their operator.

    Examples
    --------
    >>> y = np.array([5.0, 5.1, 5.1, 5.0, 6.2, 6.3, 62.0, 6.1, 4.9, 4.8, 4.9, 5.0])
    >>> part, operator = np.repeat([0, 1, 2], 4), np.tile([0, 0, 1, 1], 3)
    >>> far_readings(y, part, operator)
    [(6,)]
    """
    cell = part * (int(operator.max()) + 1) + operator
    _, cell, size = np.unique(cell, return_inverse=True, return_counts=True)
    gap = step(y) or 0.0
    if size.max() < 2:
        return _without_repeats(y, part, operator, gap)
    order = np.argsort(cell, kind="stable")
    start = np.concatenate([[0], np.cumsum(size)[:-1]])[size > 1]
    repeated = size[size > 1]
    kept = order[np.isin(cell[order], np.flatnonzero(size > 1))]
    starts = np.concatenate([[0], np.cumsum(repeated)[:-1]])
    ranges = _ranges(y[kept], starts)
    expected = np.array([d2(int(n)) for n in repeated])
    usual = float(np.median((ranges + gap) / expected))
    if usual == 0:
        return []
    over = np.maximum(ranges - gap, 0.0) / expected / usual
    wide = np.flatnonzero(over > _limit(tuple(sorted(repeated.tolist()))))
    return [
        _farthest(y, order[start[place] : start[place] + repeated[place]], part) for place in wide
    ]


def _farthest(y: Vector, own: Codes, part: Codes) -> tuple[int, ...]:
    """The reading of a wide cell that is farthest from the part's others."""
    rest = np.flatnonzero(part == part[own[0]])
    rest = rest[~np.isin(rest, own)]
    if rest.size == 0 and own.size == 2:
        return tuple(own.tolist())
    center = np.median(y[rest]) if rest.size else np.median(y[own])
    return (int(own[np.argmax(np.abs(y[own] - center))]),)


def _ranges(y: Vector, starts: Codes) -> Vector:
    """Range of each run of readings, along the last axis."""
    high = np.maximum.reduceat(y, starts, axis=-1)
    return np.asarray(high - np.minimum.reduceat(y, starts, axis=-1))


@lru_cache(maxsize=32)
def _limit(sizes: tuple[int, ...]) -> float:
    """Quantile of the greatest ratio of a range to the median one, for cells of these sizes."""
    few = np.array(sizes)
    if few.sum() > _MOST:  # an even choice of the cells; the maximum of more is a little larger
        few = few[:: -(-int(few.sum()) // _MOST)]
    starts = np.concatenate([[0], np.cumsum(few)[:-1]])
    draws = np.random.default_rng(1).normal(size=(_DRAWS, int(few.sum())))
    ratio = _ranges(draws, starts) / np.array([d2(int(n)) for n in few])
    worst = ratio.max(axis=1) / np.median(ratio, axis=1)
    more = (1 + np.log(len(sizes) / few.size)) ** 0.5
    return float(np.quantile(worst, 1 - RISK)) * float(more)


def _without_repeats(y: Vector, part: Codes, operator: Codes, gap: float) -> list[tuple[int, ...]]:
    """The same of a full table with one reading a cell, from what its medians leave over."""
    shape = (int(part.max()) + 1, int(operator.max()) + 1)
    if y.size != shape[0] * shape[1] or min(shape) < 3:
        return []
    table = np.empty(shape)
    table[part, operator] = np.arange(y.size)
    place = table.astype(int)
    rest = np.abs(_left_over(y[place][None])[0])
    usual = float(np.median(rest[rest > 0])) + gap if (rest > 0).any() else 0.0
    if usual == 0:
        return []
    far = np.maximum(rest - gap, 0.0) / usual > _limit_without_repeats(shape)
    return [(int(one),) for one in place[far]]


def _left_over(tables: Vector) -> Vector:
    """Tables without the medians of their rows, then of their columns, shape (m, rows, columns)."""
    rest = tables - np.median(tables, axis=2, keepdims=True)
    return np.asarray(rest - np.median(rest, axis=1, keepdims=True))


@lru_cache(maxsize=32)
def _limit_without_repeats(shape: tuple[int, int]) -> float:
    few = (min(shape[0], 60), min(shape[1], 12))
    rest = np.abs(_left_over(np.random.default_rng(1).normal(size=(_DRAWS, *few))))
    flat = rest.reshape(_DRAWS, -1)
    usual = np.nanmedian(np.where(flat > 0, flat, np.nan), axis=1)
    more = (1 + np.log(shape[0] * shape[1] / (few[0] * few[1]))) ** 0.5
    return float(np.quantile(flat.max(axis=1) / usual, 1 - RISK)) * float(more)
