"""方法比对结果 What a comparison of two methods found: table, metrics, decision, caveats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number
from qtools.estimate import t_quantile
from qtools.msa.comparison_lines import PairLine
from qtools.msa.means import MeanBias
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Vector

_Z = 1.959963984540054  # 95 % of a normal distribution


@dataclass(frozen=True, slots=True)
class Agreement:
    """一致性 Mean difference and the limits that hold 95 % of differences.

    Parameters
    ----------
    mean : MeanBias
        Of the differences test − reference.
    """

    mean: MeanBias

    @property
    def bias(self) -> float:
        """Mean difference."""
        return self.mean.bias

    @property
    def half(self) -> float:
        """1.96·s."""
        return _Z * self.mean.sd

    @property
    def half_interval(self) -> Interval:
        """Of 1.96·s, from χ²."""
        from scipy.special import chdtri

        level, df = self.mean.confidence, self.mean.df
        low, high = (
            self.half * float(df / chdtri(df, tail)) ** 0.5
            for tail in ((1 - level) / 2, (1 + level) / 2)
        )
        return Interval(low, high, level, f"χ²，自由度 {df}")

    @property
    def lower(self) -> float:
        """Lower limit of agreement."""
        return self.bias - self.half

    @property
    def upper(self) -> float:
        """Upper limit of agreement."""
        return self.bias + self.half

    @property
    def limits(self) -> tuple[Interval, Interval]:
        """Exact intervals of the lower and the upper limit (Carkeet 2015)."""
        from scipy.special import nctdtrit

        root, level = self.mean.n**0.5, self.mean.confidence
        tails = ((1 - level) / 2, (1 + level) / 2)
        low, high = (
            float(nctdtrit(self.mean.df, _Z * root, tail)) * self.mean.sd / root for tail in tails
        )
        method = f"精确，非中心 t，自由度 {self.mean.df}"
        return (
            Interval(self.bias - high, self.bias - low, level, method),
            Interval(self.bias + low, self.bias + high, level, method),
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """差值的样子 Whether differences depend on the level, and whether they look normal.

    Parameters
    ----------
    slope, se : float
        Of the differences on the pair's mean, with the standard error.
    df : int
    slope_p, bend_p, spread_p, normal_p : float or None
        Trend, curvature, growing spread (absolute residuals on the mean), Shapiro and Wilk.
    """

    slope: float
    se: float
    df: int
    slope_p: float
    bend_p: float | None
    spread_p: float | None
    normal_p: float | None


@dataclass(frozen=True, slots=True, eq=False)
class MethodComparison(Result):
    """方法比对结果 Agreement of a test method with a reference, and the line between them.

    Parameters
    ----------
    reference, test : str
        Columns of the two methods.
    x, y : ndarray of float64, shape (n,)
        Their readings.
    ratio : float
        Deming's λ, variance of the test's errors over the reference's.
    limit : float or None
        Largest acceptable difference.
    confidence : float
        Level of all intervals.
    agreement : Agreement
        Bland and Altman.
    r : float
        Pearson's correlation.
    deming, passing_bablok : PairLine or None
        None where the methods do not rise together (or there are too many pairs).
    shape : Shape or None
        None where the differences or the means do not vary.
    """

    title: ClassVar[str] = "方法比对"

    reference: str
    test: str
    x: Vector
    y: Vector
    ratio: float
    limit: float | None
    confidence: float
    agreement: Agreement
    r: float
    deming: PairLine | None
    passing_bablok: PairLine | None
    shape: Shape | None

    @property
    def n(self) -> int:
        """Pairs."""
        return int(self.x.size)

    @property
    def beyond(self) -> int | None:
        """Pairs that differ by more than the limit."""
        if self.limit is None:
            return None
        room = self.limit * (1 + 1e-9) + 1e-12 * float(abs(self.x).max())
        return int(np.sum(abs(self.y - self.x) > room))

    @property
    def intervals(self) -> dict[str, Interval | None]:
        """By metric key."""
        lower, upper = self.agreement.limits
        found: dict[str, Interval | None] = {
            "bias": self.agreement.mean.interval,
            "loa_lower": lower,
            "loa_upper": upper,
            "r": self._r_interval(),
            "pct_beyond": self._beyond_interval(),
        }
        if self.shape is not None:
            half = t_quantile(self.confidence, self.shape.df) * self.shape.se
            slope, method = self.shape.slope, f"t，自由度 {self.shape.df}"
            found["trend"] = Interval(slope - half, slope + half, self.confidence, method)
        for key, line in (("deming", self.deming), ("pb", self.passing_bablok)):
            if line is not None:
                found[f"{key}_slope"] = line.slope_interval
                found[f"{key}_intercept"] = line.intercept_interval
        return found

    def _r_interval(self) -> Interval | None:
        from scipy.special import ndtri

        if abs(self.r) > 1 - 1e-12:
            return None
        half = float(ndtri((1 + self.confidence) / 2)) / (self.n - 3) ** 0.5
        middle = float(np.arctanh(self.r))
        ends = np.tanh([middle - half, middle + half])
        return Interval(float(ends[0]), float(ends[1]), self.confidence, "Fisher z")

    def _beyond_interval(self) -> Interval | None:
        from scipy.special import betaincinv

        if self.beyond is None:
            return None
        k, n, tail = self.beyond, self.n, (1 - self.confidence) / 2
        low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
        high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
        return Interval(100 * low, 100 * high, self.confidence, "Clopper–Pearson")

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``bias``, ``loa_lower``, ``loa_upper``, ``deming_slope``, ``pb_slope`` …."""
        shape, agreement = self.shape, self.agreement
        values: dict[str, Metric | None] = {
            "n": self.n,
            "bias": agreement.bias,
            "sd": agreement.mean.sd,
            "loa_lower": agreement.lower,
            "loa_upper": agreement.upper,
            "pct_beyond": None if self.beyond is None else 100 * self.beyond / self.n,
            "trend": None if shape is None else shape.slope,
            "trend_p": None if shape is None else shape.slope_p,
            "normal_p": None if shape is None else shape.normal_p,
            "r": self.r,
        }
        for key, line in (("deming", self.deming), ("pb", self.passing_bablok)):
            if line is not None:
                values[f"{key}_slope"] = line.slope
                values[f"{key}_intercept"] = line.intercept
        return with_intervals(values, self.intervals)

    def table(self) -> pd.DataFrame:
        """比对表 One row an index, with its interval and how that was obtained."""
        import pandas as pd

        names = {
            "bias": f"平均差（{self.test} − {self.reference}）",
            "loa_lower": "一致性下限",
            "loa_upper": "一致性上限",
            "pct_beyond": f"差值超过 ±{format_number(self.limit)} 的 %",
            "trend": "差值随均值的斜率",
            "deming_slope": f"Deming 斜率（λ = {self.ratio:g}）",
            "deming_intercept": "Deming 截距",
            "pb_slope": "Passing–Bablok 斜率",
            "pb_intercept": "Passing–Bablok 截距",
            "r": "相关系数 r（不是一致性）",
        }
        metrics, intervals = self.metrics(), self.intervals
        rows = []
        for key, name in names.items():
            if key in metrics:
                limits = intervals.get(key)
                low, high, how = (
                    (None, None, "没有区间")
                    if limits is None
                    else (limits.low, limits.high, limits.method)
                )
                rows.append([name, metrics[key], low, high, how])
        percent = f"{100 * self.confidence:g} %"
        heads = ["指标", "估计值", f"{percent} 下限", f"{percent} 上限", "区间的算法"]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """比对图 Differences against means, and test against reference with both lines."""
        from qtools.msa.comparison_view import comparison_figure

        return comparison_figure(self)

    @property
    def verdict(self) -> Verdict:
        """Whether the test method may replace the reference, and how firm that is."""
        from qtools.msa.comparison_decision import decide

        return decide(self)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the limits of agreement and the lines take for granted, and does not hold."""
        from qtools.msa.comparison_caveats import caveats

        return caveats(self)
