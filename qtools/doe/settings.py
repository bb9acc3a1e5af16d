"""各水平的行 What of a model's coefficients gives the mean at each setting of one factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.factor import Factor
from qtools.doe.terms import ModelMatrix

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]


def setting_rows(matrix: ModelMatrix, place: int) -> Matrix:
    """Combinations of coefficients at each setting of a factor, averaged over the others.

    Other categorical factors count each level alike, other continuous ones stand at coded 0.

    Examples
    --------
    >>> two = (Factor("甲", ("低", "高")), Factor("乙", ("低", "高")))
    >>> corners = np.array([[-1.0, -1], [1, -1], [-1, 1], [1, 1]])
    >>> setting_rows(ModelMatrix(two, ((0,), (1,), (0, 1)), corners), 1).tolist()
    [[1.0, 0.0, -1.0, 0.0], [1.0, 0.0, 1.0, 0.0]]
    """
    factor = matrix.factors[place]
    points = np.zeros((len(factor.levels), len(matrix.factors)))
    points[:, place] = factor.positions
    full = matrix.at(points).x
    rows = np.zeros_like(full)
    rows[:, 0] = 1.0
    for term, span in zip(matrix.terms, matrix.spans, strict=True):
        if set(term) == {place}:
            rows[:, span] = full[:, span]
    return rows


def setting_names(factor: Factor) -> tuple[str, ...]:
    """Settings as readers see them."""
    return tuple(f"{own:g}" if isinstance(own, float) else str(own) for own in factor.levels)


def numbered(matrix: ModelMatrix, place: int) -> bool:
    """Whether a continuous factor looks like numbers of machines or shifts: 1, 2, 3 and so on."""
    factor = matrix.factors[place]
    if not factor.continuous:
        return False
    found = sorted({float(own) for own in factor.settings(np.unique(matrix.points[:, place]))})
    return len(found) > 2 and found == [float(n) for n in range(1, len(found) + 1)]
