"""能估计的项 Which terms the runs of an experiment can tell apart; the column of curvature."""

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
    Vector = npt.NDArray[np.float64]

_ALL, _TOP = 8, 4  # all interactions of 8 factors are tried, and 4-way ones of more


def center_column(factors: Sequence[Factor], points: Matrix) -> Vector | None:
    """弯曲的一列 +1 for centre runs and −1 for others; None without centre runs.

    Runs are in the middle if every number is, and all others are at low and high settings. What
    fits a model adds this column wherever :func:`says_more` than the model has: so does
    :func:`qtools.doe.analysis.analyze`, and :func:`qtools.doe.power.power` counts it.

    Examples
    --------
    >>> from qtools.doe.factorial import full_factorial
    >>> design = full_factorial(1, center=1)
    >>> center_column(design.factors, design.points).tolist()
    [-1.0, -1.0, 1.0]
    """
    ways = [place for place, factor in enumerate(factors) if factor.continuous]
    if not ways:
        return None
    own = np.abs(points[:, ways])
    center = (own < 1e-9).all(axis=1)
    if not center.any() or center.all() or (np.abs(own[~center] - 1) > 1e-9).any():
        return None
    return np.where(center, 1.0, -1.0)


def says_more(x: Matrix, column: Vector) -> bool:
    """Whether a column is none of what the columns of a model (blocks, terms, squares) span."""
    q = np.linalg.qr(x)[0]
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
