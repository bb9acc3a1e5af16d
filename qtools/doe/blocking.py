"""区组 Blocks of regular two-level designs: which effects are given up for them.

A block contrast is an effect whose column decides the block, as a bit mask of factors. With 2^s
blocks there are 2^s − 1 of them, the products of s, each given up together with its aliases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.words import Word
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

BLOCKS = (1, 2, 4, 8)
_MOST_BASE = 9
_ORDERS, _BITS = 4, 15  # orders of effects that are counted; bits kept for each count


def choose(columns: Sequence[int], base: int, blocks: int) -> tuple[int, ...]:
    """选区组 Independent block contrasts that lose no main effect and the fewest interactions.

    Every subgroup of contrasts is compared: first by two-factor interactions lost, then by those
    of three and of four factors.

    Parameters
    ----------
    columns : sequence of int
        Column of each factor as a mask of base factors.
    base : int
        Number of base factors: the design has 2^base runs.
    blocks : int
        2, 4 or 8.

    Returns
    -------
    tuple of int
        Masks of base factors.

    Raises
    ------
    QualityDataError
        If blocks would hold a single run, or every choice loses a main effect.

    Examples
    --------
    >>> [f"{mask:b}" for mask in choose([0b001, 0b010, 0b100], 3, 2)]
    ['111']
    """
    depth = blocks.bit_length() - 1
    if base > _MOST_BASE:
        raise QualityDataError(
            f"{1 << base} 次试验的设计，这里不分区组。", hint=f"至多 {1 << _MOST_BASE} 次。"
        )
    if blocks >= 1 << base:
        raise QualityDataError(
            f"{1 << base} 次试验分不成 {blocks} 个区组：每个区组只剩一次试验。",
            hint="减少区组，或增加试验次数（runs、replicates）。",
        )
    cost = _costs(columns, base)
    best: tuple[int, ...] = ()
    total = int(np.iinfo(np.int64).max)
    for chosen, group, spent in _subgroups(cost, depth - 1):
        if spent >= total:
            break
        free = np.setdiff1d(np.arange(1, 1 << base), group)
        sums = spent + sum((cost[free ^ one] for one in group), start=np.zeros_like(free))
        at = int(sums.argmin())
        if sums[at] < total:
            best, total = (*chosen, int(free[at])), int(sums[at])
    if total >> (_BITS * (_ORDERS - 1)):
        raise QualityDataError(
            f"{1 << base} 次试验分成 {blocks} 个区组，总有主效应与区组混杂。",
            hint="减少区组，增加试验次数（runs），或减少因子。",
        )
    return best


def _costs(columns: Sequence[int], base: int) -> npt.NDArray[np.int64]:
    """Effects of one, two, three, four factors in each column, packed into one number."""
    cost = np.zeros(1 << base, dtype=np.int64)
    for order in range(1, _ORDERS + 1):
        chosen = np.array(list(combinations(columns, order)), dtype=np.int64)
        if chosen.size:
            place = np.bitwise_xor.reduce(chosen, axis=1)
            cost += np.bincount(place, minlength=1 << base) << (_BITS * (_ORDERS - order))
    return cost


def _subgroups(
    cost: npt.NDArray[np.int64], depth: int
) -> Iterator[tuple[tuple[int, ...], list[int], int]]:
    """Generators, elements and cost of every subgroup of 2^depth contrasts, the cheapest first."""
    if not depth:
        yield (), [0], 0
        return
    singles = np.argsort(cost[1:], kind="stable") + 1
    if depth == 1:
        for one in singles:
            yield (int(one),), [0, int(one)], int(cost[one])
        return
    first, second = (singles[place] for place in np.triu_indices(len(singles), 1))
    third = first ^ second
    once = (first < second) & (second < third) | (second < first) & (first < third)
    first, second, third = first[once], second[once], third[once]
    spent = cost[first] + cost[second] + cost[third]
    for at in np.argsort(spent, kind="stable"):
        one, two = int(first[at]), int(second[at])
        yield (one, two), [0, one, two, one ^ two], int(spent[at])


def assign(base_points: Matrix, contrasts: Sequence[int]) -> Codes:
    """Block of each run, from the signs of the contrasts; shape (n,)."""
    blocks = np.zeros(len(base_points), dtype=np.intp)
    for bit, mask in enumerate(contrasts):
        inside = [place for place in range(base_points.shape[1]) if mask >> place & 1]
        blocks += (base_points[:, inside].prod(axis=1) > 0).astype(np.intp) << bit
    return blocks


def given_up(contrasts: Sequence[int], words: Sequence[Word]) -> tuple[int, ...]:
    """与区组混杂的效应 Effects given up for blocks as masks of factors, the lowest order first.

    Of each contrast and its aliases, all main effects and two-factor interactions; where it has
    none, its effects of the lowest order.

    Examples
    --------
    >>> [f"{mask:05b}" for mask in given_up([0b00111], [(0b11110, 1)])]
    ['00111', '11001']
    """
    group = [0]
    for mask in contrasts:
        group += [mask ^ other for other in group]
    found: list[int] = []
    for mask in group[1:]:
        alike = [mask, *(mask ^ word for word, _ in words)]
        least = max(2, min(one.bit_count() for one in alike))
        found += [one for one in alike if one.bit_count() <= least]
    return tuple(sorted(found, key=lambda mask: (mask.bit_count(), mask)))
