"""交叉数据的平方和 Sums of squares of crossed designs whose factors are all random.

As in ``variance.py``, what is squared are centred means, never a difference of large numbers.

References
----------
Searle, Casella & McCulloch (1992), *Variance Components*, ch. 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError
from qtools.variance import Anova, dust

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Codes, Vector


def crossed_sources(factors: int, replicated: bool) -> list[tuple[int, ...]]:
    """Sources of a crossed model: factors, then interactions; the residual is not among them.

    Without replicates the highest interaction cannot be told from the residual and is left out.

    Examples
    --------
    >>> crossed_sources(2, replicated=True)
    [(0,), (1,), (0, 1)]
    >>> crossed_sources(2, replicated=False)
    [(0,), (1,)]
    """
    orders = range(1, factors + 1 if replicated else factors)
    return [pick for order in orders for pick in combinations(range(factors), order)]


def crossed_cube(values: npt.ArrayLike, factors: Sequence[Codes]) -> Vector | None:
    """Readings as an array with one axis a factor and a last one of replicates; None if unbalanced.

    Examples
    --------
    >>> import numpy as np
    >>> crossed_cube([1, 2, 3, 4], [np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])])[:, :, 0]
    array([[1., 2.],
           [3., 4.]])
    """
    y = np.asarray(values, dtype=np.float64)
    shape = tuple(int(np.max(codes)) + 1 for codes in factors)
    cell = np.ravel_multi_index(tuple(factors), shape)
    counts = np.bincount(cell, minlength=int(np.prod(shape)))
    if counts.min() != counts.max():
        return None
    return y[np.argsort(cell, kind="stable")].reshape(*shape, int(counts[0]))


def crossed_anova(cube: Vector, names: Sequence[str] = ()) -> Anova:
    """交叉方差分析 Balanced crossed analysis of variance, all factors random, all interactions.

    Parameters
    ----------
    cube : ndarray, shape (a, b, …, r)
        Readings; the last axis holds the ``r ≥ 1`` replicates of a cell.
    names : sequence of str, optional
        Names of the factors for messages.

    Returns
    -------
    Anova
        Sources in the order of :func:`crossed_sources`.

    Raises
    ------
    QualityDataError
        If a factor has one level only.

    Notes
    -----
    E(MS of source S) = σ² + Σ over sources T ⊇ S of (n / levels of T) σ²_T.

    Examples
    --------
    >>> import numpy as np
    >>> anova = crossed_anova(np.array([[[1.0, 3.0], [2.0, 4.0]], [[6.0, 8.0], [9.0, 11.0]]]))
    >>> anova.df, anova.ms
    ((1, 1, 1, 4), (72.0, 8.0, 2.0, 2.0))
    >>> anova.f
    (36.0, 4.0, 1.0)
    """
    *levels, replicates = cube.shape
    for place, size in enumerate(levels):
        if size < 2:
            name = f"“{names[place]}”" if names else f"第 {place + 1} 个因子"
            raise QualityDataError(
                f"{name}只有 1 个水平，谈不上它引起的变差。",
                hint="请补充数据，或去掉这个因子。",
            )
    factors = len(levels)
    n = cube.size
    sources = crossed_sources(factors, replicates > 1)
    shifted = cube - cube.flat[0]
    shifted = shifted - shifted.mean()
    cells = shifted.mean(axis=-1)
    ss = [_effect_ss(cells, source, n) for source in sources]
    if replicates > 1:
        within = shifted - cells[..., np.newaxis]
        within -= within.mean(axis=-1, keepdims=True)
        ss.append(float(np.sum(within**2)))
    else:
        ss.append(_effect_ss(cells, tuple(range(factors)), n))
    floor = dust(cube)
    ss = [part if part > floor else 0.0 for part in ss]
    df = [int(np.prod([levels[i] - 1 for i in source])) for source in sources]
    df.append(n - 1 - sum(df))
    sizes = [int(np.prod([levels[i] for i in source])) for source in sources]
    ems = [
        [
            n / size if set(row) <= set(column) else 0.0
            for column, size in zip(sources, sizes, strict=True)
        ]
        + [1.0]
        for row in sources
    ]
    ems.append([0.0] * len(sources) + [1.0])
    return Anova(
        ss=tuple(ss),
        df=tuple(df),
        ems=tuple(map(tuple, ems)),
        n=n,
        mean=float(cube.flat[0] + np.mean(cube - cube.flat[0])),
        mean_weights=(*(1.0 / size for size in sizes), 1.0 / n),
        balanced=True,
    )


def _effect_ss(cells: Vector, source: tuple[int, ...], n: int) -> float:
    """Sum of squares of one source from the centred cell means."""
    rest = tuple(axis for axis in range(cells.ndim) if axis not in source)
    effect = cells.mean(axis=rest, keepdims=True) if rest else cells.copy()
    for axis in source:
        effect = effect - effect.mean(axis=axis, keepdims=True)
    return float(np.sum(effect**2) * n / effect.size)


def pool(anova: Anova, place: int) -> Anova:
    """合并 The same analysis with one source folded into the residual.

    Examples
    --------
    >>> anova = crossed_anova(np.array([[[1.0, 3.0], [2.0, 4.0]], [[6.0, 8.0], [9.0, 11.0]]]))
    >>> pool(anova, 2).df, pool(anova, 2).ms
    ((1, 1, 5), (72.0, 8.0, 2.0))
    """
    ss, df = list(anova.ss), list(anova.df)
    ss[-1] += ss.pop(place)
    df[-1] += df.pop(place)
    ems = np.delete(np.delete(np.array(anova.ems), place, axis=0), place, axis=1)
    weights = list(anova.mean_weights)
    weights.pop(place)
    return replace(
        anova,
        ss=tuple(ss),
        df=tuple(df),
        ems=tuple(map(tuple, ems.tolist())),
        mean_weights=tuple(weights),
    )
