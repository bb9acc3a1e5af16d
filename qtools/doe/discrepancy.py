"""均匀性 Centred L2-discrepancy of points in the unit cube, and designs that have little.

With x of n points in s dimensions (Hickernell 1998)

    CD² = (13/12)^s − 2/n Σᵢ Π (1 + |z|/2 − z²/2) + 1/n² Σᵢⱼ Π (1 + |zᵢ|/2 + |zⱼ|/2 − |xᵢ − xⱼ|/2)

where z = x − 1/2 and products run over dimensions. Swapping two entries of a column changes two
rows and columns of the double sum; one matrix product gives the change for every swap of a column
at once, which makes a local search from many starts cheap.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from math import comb, gcd
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Levels = npt.NDArray[np.intp]

_MOST_GENERATORS = 4_000
_STARTS, _EFFORT = 60, 60_000  # turns of the search: at least; over the size of the table
_PATIENCE = 0.01
_SEED = 19_781  # of the search: a table does not depend on the order in which its runs are made
_SAME = 1e-13


def centered_discrepancy(points: npt.ArrayLike) -> float:
    """中心化 L2 偏差 CD of points in the unit cube: how far they are from evenly spread.

    Parameters
    ----------
    points : array_like, shape (n, s)
        Between 0 and 1. Level j of q belongs to (2j − 1)/(2q).

    Returns
    -------
    float
        CD, the square root of the formula above; tables often print CD².

    Raises
    ------
    QualityDataError
        If there is no point or a coordinate lies outside 0 to 1.

    References
    ----------
    Hickernell (1998), Mathematics of Computation 67, 299-322, eq. (5.1b).

    Examples
    --------
    >>> round(centered_discrepancy([[0.25, 0.25], [0.75, 0.75]]) ** 2, 6)
    0.062283
    """
    x = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if x.size == 0 or x.ndim != 2 or not ((x >= 0) & (x <= 1)).all():
        raise QualityDataError(
            "偏差只对单位立方体里的点有定义，坐标要在 0 到 1 之间。",
            hint="q 个水平里的第 j 个，换算成 (2j − 1)/(2q)。",
        )
    n, s = x.shape
    near = np.abs(x - 0.5)
    single = np.prod(1 + near / 2 - near**2 / 2, axis=1)
    double = np.ones((n, n))
    for column, z in zip(x.T, near.T, strict=True):
        double *= 1 + (z[:, None] + z[None, :] - np.abs(column[:, None] - column[None, :])) / 2
    squared = (13 / 12) ** s - 2 / n * single.sum() + double.sum() / n**2
    return float(max(squared, 0.0) ** 0.5)


def good_lattice(n: int, s: int, levels: int) -> tuple[Levels, tuple[int, ...], bool]:
    """好格子点法 The most uniform lattice U_n, or U*_n made from n + 1 by leaving out the last row.

    Row i of column h is i·h modulo n (n + 1), h prime to the modulus. All sets of columns are
    tried where they are few, else those of one generator's powers, as Fang and Wang do.

    Returns
    -------
    tuple
        Levels from 0, shape (n, s); the generating vector; whether it is U*.
    """
    best: tuple[float, Levels, tuple[int, ...], bool] | None = None
    for starred in (False, True):
        modulus = n + starred
        for vector in _vectors(modulus, s):
            rows = np.arange(1, n + 1)[:, None] * np.array(vector) % modulus
            rows = np.where(rows == 0, modulus, rows) - 1
            table = (rows * levels // n).astype(np.intp)
            found = centered_discrepancy((2 * table + 1) / (2 * levels))
            if best is None or found < best[0] - _SAME:
                best = (found, table, vector, starred)
    if best is None:  # too few numbers prime to the modulus: any U-type table will do as a start
        draws = np.random.default_rng(_SEED)
        table = np.column_stack([draws.permutation(n) * levels // n for _ in range(s)])
        return table.astype(np.intp), (), False
    return best[1], best[2], best[3]


def _vectors(modulus: int, s: int) -> Iterator[tuple[int, ...]]:
    prime = [h for h in range(1, modulus) if gcd(h, modulus) == 1]
    if len(prime) < s:
        return
    if comb(len(prime) - 1, s - 1) <= _MOST_GENERATORS:
        yield from ((1, *rest) for rest in combinations(prime[1:], s - 1))
        return
    for a in prime[1:]:
        powers = tuple(pow(a, k, modulus) for k in range(s))
        if len(set(powers)) == s:
            yield powers


@lru_cache(maxsize=64)
def uniform_table(n: int, s: int, levels: int) -> tuple[tuple[int, ...], ...]:
    """均匀设计表 Levels from 0 of the most uniform table that a local search finds."""
    kernel, single = _kernel(levels)
    start, _, _ = good_lattice(n, s, levels)
    draws = np.random.default_rng(_SEED)
    best, least = _descend(start, kernel, single)
    table, value = best, least
    for _ in range(max(_STARTS, min(_EFFORT // (n * s), 120 * n)) if s > 1 else 0):
        shaken = table.copy()
        for _ in range(draws.integers(2, 5)):  # swap a few pairs
            column = draws.integers(s)
            i, j = draws.choice(n, 2, replace=False)
            shaken[[i, j], column] = shaken[[j, i], column]
        shaken, found = _descend(shaken, kernel, single)
        if found < value * (1 + _PATIENCE):  # a little worse is let pass, so that it wanders
            table, value = shaken, found
        if found < least - _SAME:
            best, least = shaken, found
    ordered = best[np.lexsort(best.T[::-1])]
    return tuple(tuple(int(level) for level in row) for row in ordered)


def _kernel(levels: int) -> tuple[Matrix, Matrix]:
    x = (2 * np.arange(levels) + 1) / (2 * levels)
    z = np.abs(x - 0.5)
    pair = 1 + (z[:, None] + z[None, :] - np.abs(x[:, None] - x[None, :])) / 2
    return pair, 1 + z / 2 - z**2 / 2


def _descend(table: Levels, kernel: Matrix, single: Matrix) -> tuple[Levels, float]:
    """Take the best swap of a column as long as one helps; return the table and its CD²."""
    table = table.copy()
    n, s = table.shape
    double = np.prod([kernel[np.ix_(c, c)] for c in table.T], axis=0)
    product = np.prod(single[table], axis=1)
    idle, column = 0, 0
    while idle < s:
        own = table[:, column]
        pair, alone = kernel[np.ix_(own, own)], single[own]
        rest, diagonal, self_ = double / pair, np.diag(double) / np.diag(pair), np.diag(pair)
        moved = rest @ pair - diagonal[:, None] * pair - rest * self_[None, :]
        kept = double.sum(axis=1) - np.diag(double)
        change = 2 * (moved - (kept[:, None] - double))
        change = change + diagonal[:, None] * (self_[None, :] - self_[:, None])
        linear = (product / alone)[:, None] * (alone[None, :] - alone[:, None])
        gain = (change + change.T) / n**2 - 2 / n * (linear + linear.T)
        i, j = np.unravel_index(int(gain.argmin()), gain.shape)
        if gain[i, j] > -_SAME:
            idle += 1
        else:
            idle = 0
            table[[i, j], column] = table[[j, i], column]
            own = table[:, column]
            double, product = rest * kernel[np.ix_(own, own)], product / alone * single[own]
        column = (column + 1) % s
    value = (13 / 12) ** s - 2 / n * float(product.sum()) + float(double.sum()) / n**2
    return table, value
