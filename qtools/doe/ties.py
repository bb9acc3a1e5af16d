"""并列 Values that rounding alone tells apart count as equal, whatever their unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

_SHARE = 1e-9  # of the spread of the values
_ULPS = 64 * float(np.finfo(np.float64).eps)


def steps(values: Vector, size: float | None = None) -> Vector:
    """Values above the least in steps too small to matter: ties are equal, the least are 0.

    A step is 1e-9 of the spread of the values, and no less than what computing leaves of numbers
    as large as ``size`` (the largest value itself unless told), so that neither a small unit nor
    a large offset decides.

    Examples
    --------
    >>> steps(np.array([3e-6, 1e-6, 1e-6 + 1e-17, 2e-6])).argsort(kind="stable").tolist()
    [1, 2, 3, 0]
    """
    if size is None:
        size = float(np.abs(values).max())
    step = max(_SHARE * float(np.ptp(values)), _ULPS * size)
    return np.asarray(np.round((values - values.min()) / (step or 1.0)))
