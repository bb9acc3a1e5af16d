"""分不开的项 Terms left out of a model that the runs cannot tell from terms in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.terms import ModelMatrix, Term, term_name

if TYPE_CHECKING:
    from qtools.doe.analysis_result import FactorialAnalysis

PARTLY = 0.1  # aliasing that is named


@dataclass(frozen=True, slots=True)
class Alias:
    """混杂 A term that is not in the model, and the term in it that takes it up most.

    Parameters
    ----------
    term, other : tuple of int
        In the model; left out.
    names : tuple of str
        Of both.
    size : float
        How much of ``other`` the coefficient of ``term`` holds.
    whole : bool
        Whether the runs cannot tell the two apart at all.
    reach : tuple of tuple of int
        All terms of the model that hold a part of ``other``.
    """

    term: Term
    other: Term
    names: tuple[str, str]
    size: float
    whole: bool
    reach: tuple[Term, ...]


def aliases(result: FactorialAnalysis) -> tuple[Alias, ...]:
    """Main effects and interactions of two factors left out of the model, where they fall."""
    return tuple(_aliases(result))


def _aliases(result: FactorialAnalysis) -> Iterator[Alias]:
    read, matrix = result.experiment, result.fit.matrix
    k = len(read.factors)
    modelled = {matrix.terms[place] for place in result.places}
    tried: list[Term] = [*((place,) for place in range(k)), *combinations(range(k), 2)]
    for other in tried:
        if other in modelled:
            continue
        column = ModelMatrix(read.factors, (other,), read.points, intercept=False).x
        onto = np.linalg.lstsq(matrix.x, column, rcond=None)[0]
        size = {place: float(np.abs(onto[matrix.spans[place]]).max()) for place in result.places}
        hit = max(size, key=lambda place: size[place])
        left = np.linalg.norm(column - matrix.x @ onto) / np.linalg.norm(column)
        if size[hit] > PARTLY:
            yield Alias(
                term=matrix.terms[hit],
                other=other,
                names=(matrix.names[hit], term_name(other, read.factors)),
                size=size[hit],
                whole=bool(left < 1e-8 and size[hit] > 0.999),
                reach=tuple(matrix.terms[place] for place in size if size[place] > PARTLY),
            )


def inseparable(found: Alias) -> str:
    """分不开 The two names in words: factors move together, other terms are one column."""
    one, other = found.names
    if len(found.term) == len(found.other) == 1:
        return f"{one} 与 {other} 总是一起变，分不开是谁"
    return f"{one} 与 {other} 分不开"
