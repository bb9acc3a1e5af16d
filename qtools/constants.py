"""精确常数 c₄, d₂, d₃ and effective degrees of freedom, computed from their definitions.

Nothing is looked up: a table's 1.128 moves the fourth digit of a limit.

References
----------
Tippett, L. H. C. (1925). On the extreme individuals and the range of samples taken from a
normal population. Biometrika 17, 364-387.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def _c4_of_df(df: float) -> float:
    """E(s)/σ for any real number of degrees of freedom > 0."""
    if df < 300:
        return math.sqrt(2 / df) * math.gamma((df + 1) / 2) / math.gamma(df / 2)
    # Γ(z+½)/Γ(z) for large z (Tricomi & Erdélyi 1951), z = df/2; the next term is < 2e-15
    r = 1 / df
    return 1 - r / 4 + r**2 / 32 + 5 * r**3 / 128 - 21 * r**4 / 2048 - 399 * r**5 / 8192


@lru_cache(maxsize=4096)
def c4(n: int) -> float:
    """无偏系数 c₄ Mean of the standard deviation of n normal values, in units of σ.

    Parameters
    ----------
    n : int
        Sample size, at least 2.

    Returns
    -------
    float
        √(2/(n−1)) · Γ(n/2) / Γ((n−1)/2).

    Examples
    --------
    >>> round(c4(5), 10)
    0.939985603
    """
    _require_size(n)
    return _c4_of_df(n - 1)


@lru_cache(maxsize=4096)
def _range_moments(n: int) -> tuple[float, float]:
    """Mean and standard deviation of the range of n standard normal values.

    P(W ≤ w) = n ∫ φ(x) [Φ(x+w) − Φ(x)]ⁿ⁻¹ dx by the trapezoid rule (exponentially accurate for
    an analytic integrand that vanishes at both ends); E(W) = ∫ P(W > w) dw and
    E(W²) = 2 ∫ w P(W > w) dw by Gauss-Legendre over [0, 20].
    """
    _require_size(n)
    import numpy as np
    from scipy.special import ndtr

    step = 0.025
    x = np.arange(-10.0, 10.0 + step, step)
    density = n * step * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    nodes, weights = np.polynomial.legendre.leggauss(160)
    w, weights = 10 * (nodes + 1), 10 * weights
    below = (ndtr(x[:, None] + w) - ndtr(x)[:, None]) ** (n - 1)
    above = 1 - density @ below
    mean = float(weights @ above)
    second = float(2 * (weights * w) @ above)
    return mean, math.sqrt(second - mean**2)


def d2(n: int) -> float:
    """极差系数 d₂ Mean of the range of n normal values, in units of σ (Tippett 1925).

    Parameters
    ----------
    n : int
        Sample size, at least 2.

    Examples
    --------
    >>> round(d2(2), 10), round(d2(5), 10)
    (1.1283791671, 2.3259289473)
    """
    return _range_moments(n)[0]


def d3(n: int) -> float:
    """极差系数 d₃ Standard deviation of the range of n normal values, in units of σ.

    Parameters
    ----------
    n : int
        Sample size, at least 2.

    Examples
    --------
    >>> round(d3(2), 10), round(d3(5), 10)
    (0.8525024664, 0.8640819411)
    """
    return _range_moments(n)[1]


def by_size(
    constant: Callable[[int], float], sizes: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """A constant for each subgroup, computed once per distinct size.

    Examples
    --------
    >>> import numpy as np
    >>> by_size(c4, np.array([2, 5, 2])).round(4).tolist()
    [0.7979, 0.94, 0.7979]
    """
    import numpy as np

    distinct, place = np.unique(sizes, return_inverse=True)
    return np.array([constant(int(size)) for size in distinct])[place]


def _require_size(n: int) -> None:
    if n < 2:
        raise ValueError("n must be at least 2")


def effective_df(squared_cv: float) -> float:
    """有效自由度 Degrees of freedom of the chi variable with this squared coefficient of variation.

    Solves (1 − c₄²)/c₄² = CV² exactly for a real number of degrees of freedom (the rule of
    thumb 1/(2 CV²) is its limit for large numbers).

    Parameters
    ----------
    squared_cv : float
        Var(σ̂)/E(σ̂)², positive.

    Examples
    --------
    >>> round(effective_df((1 - c4(8) ** 2) / c4(8) ** 2), 9)
    7.0
    """
    from scipy.optimize import brentq

    def gap(log_df: float) -> float:
        c = _c4_of_df(math.exp(log_df))
        return math.log((1 - c * c) / (c * c)) - math.log(squared_cv)

    if squared_cv < 1e-7:  # 1 − c₄² runs out of digits; ν = 1/(2CV²) + 1/4 + O(CV²) there
        return 0.5 / squared_cv + 0.25
    return math.exp(brentq(gap, math.log(1e-3), math.log(1e8), xtol=1e-14, rtol=1e-14))
