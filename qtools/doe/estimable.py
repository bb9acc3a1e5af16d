"""能估计的项 Which terms the runs of an experiment can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.factor import Factor
from qtools.doe.terms import ModelMatrix, Term, term_name
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

_ALL, _TOP = 8, 4  # all interactions of 8 factors are tried, and 4-way ones of more


def says_more(
    factors: tuple[Factor, ...], terms: Sequence[Term], extra: Sequence[Term], points: Matrix
) -> bool:
    """Whether the column of curvature is none of what blocks, terms and squares span."""
    q = np.linalg.qr(ModelMatrix(factors, tuple(terms), points).x)[0]
    column = ModelMatrix(factors, tuple(extra), points, intercept=False).x
    return float(np.linalg.norm(column - q @ (q.T @ column))) > 1e-8


def estimable(
    factors: tuple[Factor, ...], k: int, points: Matrix, others: Sequence[Term]
) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """Terms whose columns are new, the lowest orders first, and the names of those that are not.

    Runs that are missing make effects lean on each other, the more so the more there are. A model
    that leaves nothing over then does without its highest interactions.
    """
    n = len(points)
    most = len(np.unique(np.round(points, 9), axis=0))
    basis = np.linalg.qr(ModelMatrix(factors, tuple(others), points).x)[0]
    kept: list[Term] = []
    lost: list[Term] = []
    for term in _up_to(k):
        block = ModelMatrix(factors, (term,), points, intercept=False).x
        if basis.shape[1] + block.shape[1] <= most:
            rest = block - basis @ (basis.T @ block)
            rest -= basis @ (basis.T @ rest)
            if np.linalg.svd(rest, compute_uv=False).min() > 1e-8 * np.linalg.norm(block):
                kept.append(term)
                basis = np.hstack([basis, np.linalg.qr(rest)[0]])
                continue
        lost.append(term)
    while basis.shape[1] >= n and kept and len(kept[-1]) > 2:
        x = ModelMatrix(factors, tuple(kept), points).x
        if np.abs(x.T @ x - np.diag((x**2).sum(axis=0))).max() < 1e-6:
            break
        highest = len(kept[-1])
        lost = [term for term in kept if len(term) == highest] + lost
        kept = [term for term in kept if len(term) < highest]
        basis = ModelMatrix(factors, (*others, *kept), points).x
    if not kept:
        raise QualityDataError(
            "这些试验一个效应也估计不了。", hint="至少要有两个不同的设置，而且不与区组混杂。"
        )
    return tuple(kept), tuple(term_name(term, factors) for term in lost)


def _up_to(k: int) -> list[Term]:
    """Terms that are tried: all, or up to four factors at a time where there are many."""
    highest = k if k <= _ALL else _TOP
    return [term for order in range(1, highest + 1) for term in combinations(range(k), order)]
