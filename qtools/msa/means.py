"""均值的 t 推断 Mean deviation of independent units from a reference, with its t interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.estimate import t_p, t_quantile
from qtools.result import Interval
from qtools.variance import flat

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Vector


@dataclass(frozen=True, slots=True)
class MeanBias:
    """平均偏倚 Mean deviation of n independent units, its standard error, t test and interval.

    Parameters
    ----------
    bias : float
        Mean of the deviations from the reference, in the unit of the readings.
    sd : float
        Standard deviation of the units.
    n : int
        Units: readings, or days.
    confidence : float
        Level of the interval.
    """

    bias: float
    sd: float
    n: int
    confidence: float

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.n - 1

    @property
    def se(self) -> float:
        """Standard error s/√n."""
        return float(self.sd / self.n**0.5)

    @property
    def t(self) -> float | None:
        """Bias over its standard error; None where nothing varies."""
        return self.bias / self.se if self.se > 0 else None

    @property
    def p(self) -> float | None:
        """Two-sided p value of "no bias"; None where nothing varies."""
        return None if self.t is None else t_p(self.t, self.df)

    @property
    def interval(self) -> Interval:
        """Bias ± t·se."""
        half = t_quantile(self.confidence, self.df) * self.se
        method = f"t，自由度 {self.df}"
        return Interval(self.bias - half, self.bias + half, self.confidence, method)

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return 0.0 not in self.interval


def mean_bias(deviations: Vector, confidence: float) -> MeanBias:
    """平均偏倚 From the deviations of the units, at least two.

    Examples
    --------
    >>> found = mean_bias(np.array([0.1, 0.3, 0.2]), 0.95)
    >>> round(found.bias, 6), round(found.t, 4)
    (0.2, 3.4641)
    """
    sd = 0.0 if flat(deviations) else float(np.std(deviations, ddof=1))
    return MeanBias(float(deviations.mean()), sd, deviations.size, confidence)


def readings(df: pd.DataFrame, value: str, why: str, least: int = 2) -> Vector:
    """读数 Column of readings, enough of them and not all alike.

    Raises
    ------
    QualityDataError
        If a cell is not a number, there are fewer than ``least``, or all are equal.
    """
    x = frames.numbers(df, value).copy()  # a later change of df leaves the result alone
    if x.size < least:
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”只有 {x.size} 个读数，{why}至少要 {least} 个。",
            hint="请补充读数。",
        )
    if flat(x):
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”的 {x.size} 个读数全都相同，看不出重复性，无从判断。",
            hint="多半是分辨力不够（读数被取整），或是照抄了前一次。请用读得更细的量具再测。",
        )
    return x


def require_number(name: str, value: object, *, positive: bool = False) -> None:
    """选项检查 Refuse an option that is not a finite number, or not above 0 where it must be.

    Raises
    ------
    QualityDataError
        Naming the option and what it got.
    """
    good = frames.is_number(value) and bool(np.isfinite(float(value)))  # type: ignore[arg-type]
    if not good or (positive and float(value) <= 0):  # type: ignore[arg-type]
        what = "要是正数" if positive else "要是一个数"
        hint = "只写数字，不带单位，单位与读数相同。"
        raise QualityDataError(f"{name}={value!r} 不能用，它{what}。", hint=_unquote(value, hint))


def require_tolerance(tolerance: object) -> None:
    """公差检查 Refuse a width of the tolerance that is not a positive number; None is none.

    Raises
    ------
    QualityDataError
        Showing what was given.
    """
    if tolerance is None or (frames.is_number(tolerance) and 0 < tolerance < np.inf):  # type: ignore[operator]
        return
    raise QualityDataError(
        f"公差 {tolerance!r} 不对：公差是上、下规范限之差，必须大于 0。",
        hint=_unquote(tolerance, "没有公差就不写。"),
    )


def _unquote(value: object, hint: str) -> str:
    """The hint, or what to do about a number that came as text."""
    return f"请写成数字，不加引号：不写 {value!r}。" if isinstance(value, str) else hint


def step(x: Vector) -> float | None:
    """读数间隔 Least distance between readings that differ; None where no reading repeats.

    Where nothing repeats no scale shows: the least distance is chance.
    """
    distinct = np.unique(x)
    gaps = np.diff(distinct)
    gaps = gaps[gaps > 1e-9 * max(float(np.abs(x).max()), float(np.ptp(x)))]
    return float(f"{gaps.min():.9g}") if gaps.size and distinct.size < x.size else None
