"""模型项 Terms of a model as arrays: main effects, interactions, squares; never formula strings.

A term is a sorted tuple of positions of factors: ``(0,)`` is a main effect, ``(0, 2)`` an
interaction, ``(1, 1)`` a square. A continuous factor, and a categorical one with two settings, has
one column: its coded value. A categorical factor with m > 2 settings has m − 1 columns of
contrasts that sum to zero over the settings, so that type III sums of squares mean what they say;
they are orthogonal and of mean square 1, as a two-level column is, so that an orthogonal design
has an efficiency of 100 %.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.factor import Factor
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

Term = tuple[int, ...]

_ORDERS = {"main": 1, "interactions": 2, "quadratic": 2}


def term_name(term: Term, factors: Sequence[Factor]) -> str:
    """Term as readers see it.

    Examples
    --------
    >>> heat, time = Factor("温度", (1, 2)), Factor("时间", (1, 2))
    >>> [term_name(term, (heat, time)) for term in ((0,), (0, 1), (1, 1))]
    ['温度', '温度×时间', '时间²']
    """
    if len(term) == 2 and term[0] == term[1]:
        return f"{factors[term[0]].name}²"
    return "×".join(factors[place].name for place in term)


def read_terms(model: str | int | Sequence[str], factors: Sequence[Factor]) -> tuple[Term, ...]:
    """读模型 The terms of a model, in order: main effects, then interactions and squares.

    Parameters
    ----------
    model : str, int, or sequence of str
        ``"main"``, ``"interactions"`` (with all two-factor interactions), ``"quadratic"`` (with
        squares of continuous factors besides), ``"full"`` (every interaction); the highest order
        of interaction as a number; or the terms themselves: ``["温度", "温度×时间", "时间²"]``,
        where ``*`` and ``:`` may be written for ×, and ``^2`` for ².
    factors : sequence of Factor

    Raises
    ------
    QualityDataError
        If a name is no factor, a term is repeated, or a square of a categorical factor is asked.
    """
    k = len(factors)
    if isinstance(model, str) and model in (*_ORDERS, "full"):
        terms = _up_to(k, _ORDERS.get(model, k))
        if model == "quadratic":
            terms += [(place, place) for place in range(k) if factors[place].continuous]
        return tuple(terms)
    if isinstance(model, int):
        if isinstance(model, bool) or not 1 <= model <= k:
            raise QualityDataError(
                f"交互作用的最高阶数 {model} 不在 1 到 {k}（因子个数）之间。",
                hint="1 是只有主效应，2 是加上二因子交互。",
            )
        return tuple(_up_to(k, model))
    if isinstance(model, str):
        model = [model]
    terms = [_read(str(text), factors) for text in model]
    if not terms:
        raise QualityDataError("模型里一项也没有。", hint="至少写一项，例如一个因子的名字。")
    for term in terms:
        if terms.count(term) > 1:
            raise QualityDataError(
                f"模型里“{term_name(term, factors)}”写了两遍。", hint="每一项写一遍。"
            )
    return tuple(sorted(terms, key=lambda term: (len(term), len(set(term)) < len(term), term)))


def _up_to(k: int, highest: int) -> list[Term]:
    return [term for order in range(1, highest + 1) for term in combinations(range(k), order)]


def _read(text: str, factors: Sequence[Factor]) -> Term:
    names = {frames.plain(factor.name): place for place, factor in enumerate(factors)}
    if frames.plain(text) in names:
        return (names[frames.plain(text)],)
    places: list[int] = []
    for part in re.split(r"\s*[×*:]\s*", text):
        square = re.fullmatch(r"(.+?)\s*(?:²|\^\s*2)", part)
        name = frames.plain(square[1] if square else part)
        if name not in names:
            raise QualityDataError(
                f"模型项“{text}”里的“{part}”不是因子。",
                hint=f"因子有：{'、'.join(factor.name for factor in factors)}；"
                "交互作用写成 甲×乙 或 甲*乙，平方写成 甲² 或 甲^2。",
            )
        places += [names[name]] * (2 if square else 1)
    term = tuple(sorted(places))
    powers = [place for place in set(term) if term.count(place) > 1]
    if powers and (len(term) > 2 or not factors[powers[0]].continuous):
        raise QualityDataError(
            f"模型项“{text}”用不了：只有连续因子有平方项，而且最多到二次。",
            hint="请去掉这一项。",
        )
    return term


@dataclass(frozen=True)
class ModelMatrix:
    """模型矩阵 Columns of an intercept and of terms at given points.

    Parameters
    ----------
    factors : tuple of Factor
    terms : tuple of Term
    points : ndarray of float64, shape (n, k)
        Coded values.
    intercept : bool
        Whether the first column is of ones.
    """

    factors: tuple[Factor, ...]
    terms: tuple[Term, ...]
    points: Matrix
    intercept: bool = True

    @cached_property
    def blocks(self) -> tuple[Matrix, ...]:
        """Columns of each term, shape (n, df of the term)."""
        own = [_own_columns(self.points[:, i], factor) for i, factor in enumerate(self.factors)]
        out = []
        for term in self.terms:
            block = np.ones((len(self.points), 1))
            for place in term:
                block = (block[:, :, None] * own[place][:, None, :]).reshape(len(block), -1)
            out.append(block)
        return tuple(out)

    @property
    def df(self) -> tuple[int, ...]:
        """Columns of each term."""
        return tuple(block.shape[1] for block in self.blocks)

    @cached_property
    def x(self) -> Matrix:
        """All columns, the intercept first, shape (n, p)."""
        ones = [np.ones((len(self.points), 1))] if self.intercept else []
        return np.hstack([*ones, *self.blocks])

    @cached_property
    def spans(self) -> tuple[slice, ...]:
        """Where each term's columns are in ``x``."""
        ends = np.cumsum([int(self.intercept), *self.df])
        return tuple(slice(a, b) for a, b in pairwise(ends))

    @property
    def names(self) -> tuple[str, ...]:
        """Terms as readers see them."""
        return tuple(term_name(term, self.factors) for term in self.terms)

    def at(self, points: Matrix) -> ModelMatrix:
        """The same model at other points."""
        return ModelMatrix(self.factors, self.terms, np.atleast_2d(points), self.intercept)


def _own_columns(coded: Matrix, factor: Factor) -> Matrix:
    m = len(factor.levels)
    if factor.continuous or m == 2:
        return coded[:, None]
    level = np.abs(coded[:, None] - factor.positions).argmin(axis=1)
    return np.asarray(contrasts(m)[level], dtype=np.float64)


def contrasts(m: int) -> Matrix:
    """Helmert's contrasts of m levels, shape (m, m − 1): columns sum to 0 and have mean square 1.

    Examples
    --------
    >>> contrasts(2).tolist()
    [[-1.0], [1.0]]
    """
    level, column = np.indices((m, m - 1))
    raw = np.where(level <= column, -1.0, np.where(level == column + 1, column + 1.0, 0.0))
    scaled: Matrix = raw / np.sqrt((raw**2).mean(axis=0))
    return scaled
