"""无重复试验的判断 Lenth's method: which effects stand out where nothing was repeated.

Most effects of a factorial are next to nothing, so the median of their sizes tells how far chance
alone reaches. ``s₀ = 1.5·median|c|``; the pseudo standard error is the same of the effects below
``2.5·s₀``. How many of it an effect must reach has several answers, and verdicts depend on them:

* Lenth (1989) took Student's t with m/3 degrees of freedom, which is too wide on average;
* Ye and Hamada (2000) simulated the quantiles of c/PSE when no effect exists;
* either for one effect at a time (individual error rate: margin of error, ME), or for all m at
  once (experiment-wise: simultaneous margin of error, SME).

The simulation here is of the same null distribution, with a fixed seed and about 4 million ratios,
kept for each m: critical values repeat exactly and are good to about 0.5 %.

References
----------
Lenth (1989), Technometrics 31, 469-473. Ye and Hamada (2000), Journal of Quality Technology 32,
57-66.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.estimate import t_p, t_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

Critical = Literal["simulated", "t"]
Rate = Literal["individual", "experiment"]

CRITICAL_NAMES: dict[str, str] = {"simulated": "模拟临界值", "t": "t 近似"}
RATE_NAMES: dict[str, str] = {"individual": "逐项", "experiment": "全体"}
CRITICALS: tuple[Critical, ...] = ("simulated", "t")
RATES: tuple[Rate, ...] = ("individual", "experiment")
LEAST = 3  # effects without which a median of their sizes means nothing
RATIOS, SEED = 4_000_000, 1989
_TAIL = np.logspace(0, -5, 1001)  # probabilities at which the simulated tail is kept


@dataclass(frozen=True, slots=True, eq=False)
class Lenth:
    """Lenth 法 Pseudo standard error and margins of error of a set of effects.

    Parameters
    ----------
    effects : ndarray of float64, shape (m,)
        Of one precision, such as those of an orthogonal two-level design.
    confidence : float
        One less it is the risk of calling an effect real that is not.
    critical : {"simulated", "t"}
        Where the critical values come from.
    """

    effects: Vector
    confidence: float
    critical: Critical

    @property
    def m(self) -> int:
        """Number of effects."""
        return len(self.effects)

    @property
    def s0(self) -> float:
        """First guess of the standard error: 1.5 times the median size."""
        return float(1.5 * np.median(np.abs(self.effects)))

    @property
    def pse(self) -> float:
        """伪标准误 Pseudo standard error (PSE)."""
        return float(_pse(np.sort(np.abs(self.effects))[None, :])[0])

    def quantile(self, rate: Rate, critical: Critical | None = None) -> float:
        """临界值 How many PSE an effect must exceed."""
        simultaneous = rate == "experiment"
        if (critical or self.critical) == "t":
            inside = self.confidence ** (1 / self.m) if simultaneous else self.confidence
            return t_quantile(inside, self.m / 3)
        tail = _null(self.m)[int(simultaneous)]
        return float(np.interp(np.log(1 - self.confidence), np.log(_TAIL[::-1]), tail[::-1]))

    def margin(self, rate: Rate, critical: Critical | None = None) -> float:
        """误差限 Critical value times PSE."""
        return self.quantile(rate, critical) * self.pse

    @property
    def me(self) -> float:
        """误差限 Margin of error (ME), for one effect."""
        return self.margin("individual")

    @property
    def sme(self) -> float:
        """同时误差限 Simultaneous margin of error (SME), for all effects at once."""
        return self.margin("experiment")

    def p(self, rate: Rate = "individual") -> Vector:
        """各效应的 p 值 How often chance alone gives a ratio as large; at least 10⁻⁵."""
        if self.pse == 0:
            return np.where(self.effects == 0, 1.0, 0.0)
        ratio = (
            np.abs(self.effects) / self.pse * (1 - 1e-9)
        )  # the median itself is a frequent ratio
        if self.critical == "t":
            one = np.array([t_p(float(value), self.m / 3) for value in ratio])
            return one if rate == "individual" else -np.expm1(self.m * np.log1p(-one))
        tail = _null(self.m)[int(rate == "experiment")]
        return np.asarray(np.exp(np.interp(ratio, tail, np.log(_TAIL))))


def lenth(
    effects: Sequence[float] | Vector,
    *,
    confidence: float = 0.95,
    critical: Critical = "simulated",
) -> Lenth:
    """Lenth 法 Pseudo standard error, margin of error and simultaneous margin of effects.

    Parameters
    ----------
    effects : sequence of float
        High mean less low mean, or any contrasts of one precision; at least 3, better 7.
    confidence : float
    critical : {"simulated", "t"}
        Simulated null distribution (Ye and Hamada), or Student's t with m/3 degrees of freedom.

    Returns
    -------
    Lenth
        With ``pse``, ``me``, ``sme``, ``p()``.

    Raises
    ------
    QualityDataError
        If effects are too few or no numbers, or an option is unknown.

    Examples
    --------
    >>> found = lenth([24.7, 1.2, -3.4, 0.6, 14.1, -2.2, 0.9], critical="t")
    >>> round(found.pse, 3), round(found.me, 2), round(found.sme, 2)
    (1.8, 6.78, 16.21)
    """
    frames.require_confidence(confidence)
    if critical not in CRITICAL_NAMES:
        raise QualityDataError(
            f'critical="{critical}" 不认识。', hint='可选："simulated"（模拟）、"t"（t 近似）。'
        )
    try:
        values = np.asarray(effects, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        raise QualityDataError("效应里有不是数字的。", hint="每个效应写一个数。")
    if len(values) < LEAST:
        raise QualityDataError(
            f"只有 {len(values)} 个效应，Lenth 法要从多数微不足道的效应里估计误差。",
            hint=f"至少 {LEAST} 个，最好 7 个以上。",
        )
    return Lenth(values, confidence, critical)


def _pse(sizes: Vector) -> Vector:
    """PSE of rows of sizes that rise from left to right."""
    n, m = sizes.shape
    s0 = 1.5 * (sizes[:, (m - 1) // 2] + sizes[:, m // 2]) / 2
    kept = np.maximum((sizes < 2.5 * s0[:, None]).sum(axis=1), 1)
    row = np.arange(n)
    return np.asarray(1.5 * (sizes[row, (kept - 1) // 2] + sizes[row, kept // 2]) / 2)


def simulate(m: int, draws: int, seed: int = SEED) -> Vector:
    """模拟 Ratios |c|/PSE of m effects that are chance alone, shape (draws, m), rising in rows.

    Examples
    --------
    >>> simulate(7, 3).shape
    (3, 7)
    """
    sizes = np.abs(np.random.default_rng(seed).standard_normal((draws, m)))
    sizes.sort(axis=1)
    return np.asarray(sizes / _pse(sizes)[:, None])


@lru_cache(maxsize=16)
def _null(m: int) -> tuple[Vector, Vector]:
    """Ratios that single effects, and the largest of m, exceed with the probabilities _TAIL."""
    ratios = simulate(m, max(RATIOS // m, 20_000))
    return np.quantile(ratios, 1 - _TAIL), np.quantile(ratios[:, -1], 1 - _TAIL)
