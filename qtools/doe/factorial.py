"""析因设计 Full factorial designs and regular fractions of two-level factorials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from qtools.doe.design import Design, make, whole
from qtools.doe.factor import Factor, Setting, read_factors


def full_factorial(
    factors: int | Sequence[str] | Sequence[Factor] | Mapping[str, Sequence[Setting]],
    *,
    replicates: int = 1,
    center: int = 0,
    seed: int = 1,
) -> Design:
    """全因子设计 Every combination of settings, the first factor changing fastest.

    Parameters
    ----------
    factors
        A number of two-level factors, names, or names with their settings; see
        :func:`qtools.doe.factor.read_factors`.
    replicates : int
        How often each combination is run.
    center : int
        Runs in the middle; continuous factors only.
    seed : int
        Of the random order.

    Examples
    --------
    >>> design = full_factorial({"温度": (160, 180), "压力": (1, 2)}, center=2, seed=7)
    >>> design.n_runs, design.resolution
    (6, None)
    """
    found = read_factors(factors)
    whole("重复次数 replicates", replicates, least=1)
    grid = list(product(*[factor.positions.tolist() for factor in reversed(found)]))
    points = np.array(grid, dtype=np.float64)[:, ::-1]
    return make(
        "全因子设计", found, np.tile(points, (replicates, 1)), seed=seed, center=center,
        regular=True, model="interactions", source="Yates（1937）；Box、Hunter 与 Hunter（2005）",
    )  # fmt: skip
