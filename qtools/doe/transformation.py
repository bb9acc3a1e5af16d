"""Box–Cox 变换 The power of a response that suits a model: profile likelihood of λ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.variance import flat

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

REACH = 10.0  # λ is looked for between −REACH and REACH
LEAST_DF = 3  # residual freedom without which a power fits anything
# powers that people use, the plainest first
_PLAIN: tuple[tuple[float, str], ...] = (
    (1.0, "不变换"),
    (0.0, "取对数"),
    (0.5, "开平方"),
    (-1.0, "取倒数"),
    (2.0, "平方"),
    (-0.5, "开平方后取倒数"),
    (-2.0, "平方后取倒数"),
)


@dataclass(frozen=True, slots=True, eq=False)
class BoxCox:
    """Box–Cox 变换 Likelihood of powers of a response under a linear model.

    Parameters
    ----------
    x : ndarray of float64, shape (n, p)
        Columns of the model.
    y : ndarray of float64, shape (n,)
        Positive responses.
    value : float or None
        λ of the greatest likelihood; None where it lies beyond ±10.
    low, high : float or None
        Profile likelihood limits; None where they lie beyond ±10.
    confidence : float
    """

    x: Matrix
    y: Vector
    value: float | None
    low: float | None
    high: float | None
    confidence: float

    @property
    def untouched(self) -> bool:
        """Whether λ = 1, no transformation, lies within the limits."""
        return (self.low is None or self.low <= 1) and (self.high is None or self.high >= 1)

    @property
    def plain(self) -> tuple[float, str] | None:
        """The plainest power within the limits, and its name; the best one where none is.

        None where the best one lies beyond ±10: so steep a power suits no response.
        """
        for power, name in _PLAIN:
            above = self.low is None or self.low <= power
            if above and (self.high is None or power <= self.high):
                return power, name
        return None if self.value is None else (self.value, f"取 {self.value:.2g} 次方")

    def log_likelihood(self, power: float) -> float:
        """Profile log likelihood of a power, up to a constant."""
        return _criterion(self.x, self.y)(power)


def box_cox(x: Matrix, y: Vector, confidence: float = 0.95) -> BoxCox:
    """Box–Cox 变换 Maximum likelihood power of a response, with its profile interval.

    Parameters
    ----------
    x : ndarray of float64, shape (n, p)
        Columns of the model, an intercept among them.
    y : ndarray of float64, shape (n,)
    confidence : float

    Raises
    ------
    QualityDataError
        If a response is not positive or never varies, or fewer than 3 degrees of freedom are left
        over.

    Notes
    -----
    −n/2·log of the residual sum of squares of (y^λ − 1)/(λ·ẏ^(λ−1)), ẏ the geometric mean; limits
    where it is half a χ² quantile with 1 degree of freedom below its maximum. Box and Cox (1964),
    Journal of the Royal Statistical Society B 26, 211-252. ``boxcox`` of R's MASS gives the same.

    Examples
    --------
    >>> t = np.arange(1.0, 13)
    >>> x = np.column_stack([np.ones(12), t])
    >>> wave = np.tile([0.01, -0.02, 0.01], 4)
    >>> found = box_cox(x, np.exp(0.2 * t + wave))
    >>> round(found.value, 1), found.plain[1]
    (-0.0, '取对数')
    """
    from scipy.special import chdtri

    frames.require_confidence(confidence)
    if not (np.isfinite(y).all() and (y > 0).all()):
        raise QualityDataError(
            "响应里有 0 或负数，不能用 Box–Cox 变换。", hint="计数用泊松模型；别的先看零点怎样定。"
        )
    if flat(y) or len(y) - x.shape[1] < LEAST_DF:
        raise QualityDataError(
            "响应不变，或残差自由度太少，看不出该不该变换。",
            hint=f"残差至少要有 {LEAST_DF} 个自由度；先把模型缩小。",
        )
    score = _criterion(x, y)
    grid = np.linspace(-REACH, REACH, 81)
    place = int(np.argmax([score(float(power)) for power in grid]))
    left, right = float(grid[max(place - 1, 0)]), float(grid[min(place + 1, len(grid) - 1)])
    best = _highest(score, left, right)
    beyond = max(score(-REACH), score(REACH)) >= score(best)  # it rises up to the end
    floor = score(best) - float(chdtri(1, 1 - confidence)) / 2
    low, high = (_crossing(score, floor, best, end) for end in (-REACH, REACH))
    return BoxCox(x, y, None if beyond else best, low, high, confidence)


def _criterion(x: Matrix, y: Vector) -> Callable[[float], float]:
    q = np.linalg.qr(x)[0]
    logs = np.log(y)
    logs = logs - logs.mean()  # of y over its geometric mean, so that no power overflows

    def score(power: float) -> float:
        z = np.expm1(power * logs) / power if abs(power) > 1e-12 else logs
        z = z - z.mean()
        rest = z - q @ (q.T @ z)
        return float(-len(y) / 2 * np.log(max(float(rest @ rest), 1e-300)))

    return score


def _highest(score: Callable[[float], float], left: float, right: float) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda power: -score(power), bounds=(left, right), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x)


def _crossing(
    score: Callable[[float], float], floor: float, best: float, end: float
) -> float | None:
    from scipy.optimize import brentq

    if score(end) > floor:
        return None
    return float(brentq(lambda power: score(power) - floor, best, end, xtol=1e-10))
