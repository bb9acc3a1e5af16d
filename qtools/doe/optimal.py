"""D-最优设计 D-optimal designs: runs that make the coefficients of a model most certain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from qtools import frames
from qtools.doe.design import Design
from qtools.doe.exchange import exchange_coordinates, exchange_points, log_determinants
from qtools.doe.factor import Factor, Factors, read_factors
from qtools.doe.making import make, whole
from qtools.doe.terms import ModelMatrix, read_terms
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]

_MOST_CANDIDATES = 5_000
_FINE = (11, 7, 5, 3, 2)  # grid points of a continuous factor in a constrained region
_SOURCE = "Meyer 与 Nachtsheim（1995）；Fedorov（1972）"


def d_optimal(
    factors: Factors,
    runs: int,
    *,
    model: str | int | Sequence[str] = "main",
    candidates: pd.DataFrame | None = None,
    constraint: Callable[[pd.DataFrame], npt.ArrayLike] | None = None,
    restarts: int = 50,
    seed: int = 1,
) -> Design:
    """D-最优设计 Runs with the largest |X′X| for a model, in a free or a constrained region.

    A continuous factor with two settings takes these, and the middle too where the model has its
    square; with more settings, exactly those. With ``candidates`` or ``constraint`` whole points
    are exchanged, else coordinates.

    Parameters
    ----------
    factors
        A number, names, or names with settings; see :func:`qtools.doe.factor.read_factors`.
    runs : int
        At least as many as the model has coefficients.
    model
        Terms, as for :func:`qtools.doe.terms.read_terms`.
    candidates : DataFrame, optional
        Possible runs in natural units, a column for each factor.
    constraint : callable, optional
        Takes a table of settings and returns, for each row, whether it can be run:
        ``lambda t: t["温度"] + 2 * t["时间"] <= 210``. A grid of candidates is made and sifted.
    restarts : int
        Random starts.
    seed : int
        Of the starts and of the random order.

    Returns
    -------
    Design

    Raises
    ------
    QualityDataError
        If there are fewer runs than coefficients, no candidate is left, or the candidates cannot
        tell the terms apart.

    Notes
    -----
    The algorithm finds a local optimum from each start, then searches again from the best of them
    with a fifth of the runs drawn anew. More starts make it likelier that the best is the global
    optimum, and none proves it.

    References
    ----------
    Meyer & Nachtsheim (1995), Technometrics 37, 60-69. Fedorov (1972), *Theory of Optimal
    Experiments*. Atkinson, Donev & Tobias (2007), ch. 11-12.

    Examples
    --------
    >>> d_optimal(3, 8, restarts=5).efficiency()["d_efficiency"]
    100.0
    >>> d_optimal({"温度": (160, 180), "材料": ("甲", "乙", "丙")}, 12, restarts=5).n_runs
    12
    """
    found = read_factors(factors)
    n = whole("试验次数 runs", runs, least=2, most=500)
    whole("起点个数 restarts", restarts, least=1, most=10_000)
    whole("种子 seed", seed, least=0)
    terms = read_terms(model, found)
    width = ModelMatrix(found, terms, np.zeros((1, len(found)))).x.shape[1]
    if n < width:
        raise QualityDataError(
            f"模型有 {width} 个系数，{n} 次试验不够。",
            hint=f"至少 {width} 次；想留出误差的自由度，再加 4 次以上。",
        )

    def expand(points: Matrix) -> Matrix:
        return ModelMatrix(found, terms, points).x

    squared = {term[0] for term in terms if len(term) == 2 and term[0] == term[1]}
    axes = [_axis(factor, place in squared) for place, factor in enumerate(found)]
    draws = np.random.default_rng(seed)
    if candidates is None and constraint is None:
        start = np.stack([draws.choice(axis, (restarts, n)) for axis in axes], axis=2)

        def rows_of(designs: Matrix) -> Matrix:
            return expand(designs.reshape(-1, len(found))).reshape(len(designs), n, -1)

        ends = exchange_coordinates(start, axes, expand)
        again = exchange_coordinates(_kicked(ends, rows_of(ends), start, draws), axes, expand)
        both = np.concatenate([ends, again])
        points = both[_best(rows_of(both))]
    else:
        listed = _candidates(found, axes, candidates, constraint)
        rows = expand(listed)
        _require_estimable(rows, width)
        first = draws.integers(len(listed), size=(restarts, n))
        chosen = exchange_points(first, rows)
        more = exchange_points(_kicked(chosen, rows[chosen], first, draws), rows)
        pool = np.concatenate([chosen, more])
        points = listed[pool[_best(rows[pool])]]
    ordered = points[np.lexsort(points.T)]
    kept = model if isinstance(model, str) else tuple(_names(found, terms))
    return make("D-最优设计", found, ordered, seed=seed, model=kept, source=_SOURCE)


def _axis(factor: Factor, squared: bool) -> Matrix:
    if factor.continuous and len(factor.levels) == 2:
        return np.array([-1.0, 0.0, 1.0] if squared else [-1.0, 1.0])
    return np.asarray(factor.positions, dtype=np.float64)


def _kicked(
    ends: npt.NDArray[Any], x: Matrix, start: npt.NDArray[Any], draws: np.random.Generator
) -> npt.NDArray[Any]:
    """The better tenth of the designs, with a few runs of each drawn anew, for a second search."""
    r, n = ends.shape[:2]
    order = log_determinants(x).argsort()[::-1]
    out: npt.NDArray[Any] = ends[order[np.arange(r) * max(1, r // 10) // r]].copy()
    for own, fresh in zip(out, start, strict=True):
        rows = draws.choice(n, max(1, n // 5), replace=False)
        own[rows] = fresh[rows]
    return out


def _best(x: Matrix) -> int:
    return int(log_determinants(x).argmax())


def _names(factors: tuple[Factor, ...], terms: Sequence[tuple[int, ...]]) -> tuple[str, ...]:
    return ModelMatrix(factors, tuple(terms), np.zeros((1, len(factors)))).names


def _candidates(
    factors: tuple[Factor, ...],
    axes: Sequence[Matrix],
    candidates: pd.DataFrame | None,
    constraint: Callable[[pd.DataFrame], npt.ArrayLike] | None,
) -> Matrix:
    """Coded points that may be run, without repetitions."""
    import pandas as pd

    names = [factor.name for factor in factors]
    if candidates is not None:
        frames.require_columns(candidates, names)
        points = np.column_stack([_coded(candidates, factor) for factor in factors])
    else:
        points = _grid(factors, axes)
    if constraint is not None:
        settings = {
            factor.name: factor.settings(column)
            for factor, column in zip(factors, points.T, strict=True)
        }
        try:
            kept = np.asarray(constraint(pd.DataFrame(settings)), dtype=bool)
        except (KeyError, TypeError, ValueError) as error:
            raise QualityDataError(
                f"约束条件算不出来：{error}。",
                hint="写成函数，例如 lambda t: t['温度'] + 2 * t['时间'] <= 210。",
            ) from error
        if kept.shape != (len(points),):
            raise QualityDataError(
                "约束条件没有给每一行一个“可以”或“不可以”。",
                hint="写成函数，例如 lambda t: t['温度'] + 2 * t['时间'] <= 210。",
            )
        points = points[kept]
    if not len(points):
        raise QualityDataError("没有一个候选点满足约束。", hint="请核对约束条件和因子的范围。")
    if len(points) > _MOST_CANDIDATES:
        raise QualityDataError(
            f"候选点有 {len(points)} 个，太多了。", hint=f"请减少到 {_MOST_CANDIDATES} 个以内。"
        )
    return np.unique(np.round(points, 12), axis=0)


def _grid(factors: tuple[Factor, ...], axes: Sequence[Matrix]) -> Matrix:
    """A grid as fine as the number of candidates allows: optima lie on the constraint."""
    for count in _FINE:
        fine = [
            np.linspace(-1.0, 1.0, max(count, len(axis)))
            if factor.continuous and len(factor.levels) == 2
            else axis
            for factor, axis in zip(factors, axes, strict=True)
        ]
        if np.prod([float(len(axis)) for axis in fine]) <= _MOST_CANDIDATES:
            return np.array(list(product(*fine)), dtype=np.float64)
    raise QualityDataError(
        f"{len(factors)} 个因子的候选点太多。", hint="请给 candidates：只列做得到的组合。"
    )


def _coded(candidates: pd.DataFrame, factor: Factor) -> Matrix:
    if factor.continuous:
        return factor.coded(frames.numbers(candidates, factor.name))
    texts = [str(value).strip() for value in candidates[factor.name]]
    strange = sorted(set(texts) - {str(level) for level in factor.levels})
    if strange:
        raise QualityDataError(
            f"候选点里“{factor.name}”的“{'、'.join(strange[:5])}”不是它的水平。",
            hint=f"水平有：{'、'.join(map(str, factor.levels))}。",
        )
    return factor.coded(texts)


def _require_estimable(rows: Matrix, width: int) -> None:
    from qtools.doe.efficiency import rank

    if rank(rows) < width:
        raise QualityDataError(
            "候选点分不开模型里的全部项，怎么挑也估计不了。",
            hint="请放宽约束、多列几个候选点，或少写几项。",
        )
