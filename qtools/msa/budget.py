"""预算的结果 What a budget found: sensitivities and components stored, all else derived."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.msa.criteria import Ladder
from qtools.msa.inputs import Input
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.msa.inputs import Vector

_CURVED = 0.1  # second-order effects above this part of u deserve a Monte Carlo run
_FEW_DF = 10
_LARGE = 50.0  # percent of the variance


@dataclass(frozen=True, slots=True, eq=False)
class UncertaintyBudget(Result):
    """不确定度预算 Estimate, sensitivities and components; the rest is derived.

    Parameters
    ----------
    inputs : mapping of str to Input
    estimate : float
        y at the estimates of the inputs.
    sensitivities : tuple of float
        cᵢ = ∂y/∂xᵢ, in the order of ``inputs``.
    curvature : ndarray, shape (n, n)
        ∂²y/∂xᵢ∂xⱼ·u(xᵢ)u(xⱼ), in the unit of y, by differences as wide as u.
    correlation : ndarray, shape (n, n)
    coverage : float
    tolerance : float or None
        Width of the tolerance, in the unit of y.
    criteria : Ladder
        Limits of 2U/T in percent.
    """

    title: ClassVar[str] = "不确定度预算"

    inputs: Mapping[str, Input]
    estimate: float
    sensitivities: tuple[float, ...]
    curvature: Vector
    correlation: Vector
    coverage: float
    tolerance: float | None
    criteria: Ladder

    @property
    def components(self) -> Vector:
        """cᵢ·u(xᵢ), signed, in the unit of y."""
        return np.array(self.sensitivities) * [one.u for one in self.inputs.values()]

    @property
    def u(self) -> float:
        """Combined standard uncertainty of y."""
        parts = self.components
        return math.sqrt(max(float(parts @ self.correlation @ parts), 0.0))

    @property
    def shares(self) -> Vector:
        """Part of each input in u²(y), in percent; with correlation its covariances included."""
        parts = self.components
        return 100.0 * parts * (self.correlation @ parts) / self.u**2

    @property
    def df_effective(self) -> float:
        """Effective degrees of freedom by Welch–Satterthwaite; above 10⁶ they are infinite."""
        df = np.array([one.df for one in self.inputs.values()])
        scale = float(np.sum((self.components / self.u) ** 4 / df))
        return 1 / scale if scale > 1e-6 else float("inf")

    @property
    def k(self) -> float:
        """包含因子 Coverage factor: t quantile at the truncated effective degrees of freedom."""
        from scipy.special import ndtri, stdtrit

        p = (1 + self.coverage) / 2
        df = self.df_effective
        # 7.999999 is 8: truncation must not act on rounding
        return float(ndtri(p) if np.isinf(df) else stdtrit(max(np.floor(df + 1e-9), 1.0), p))

    @property
    def expanded(self) -> float:
        """扩展不确定度 U = k·u."""
        return self.k * self.u

    @property
    def interval(self) -> Interval:
        """Coverage interval y ± U."""
        method = f"k = {self.k:.2f}"
        low, high = self.estimate - self.expanded, self.estimate + self.expanded
        return Interval(low, high, self.coverage, method)

    @property
    def pct_tolerance(self) -> float | None:
        """2U in percent of the tolerance; None without a tolerance."""
        return None if self.tolerance is None else 200.0 * self.expanded / self.tolerance

    @property
    def pct_interval(self) -> Interval | None:
        """How well 2U/T is known, from the χ² of the effective degrees of freedom.

        None where most of the variance was entered without degrees of freedom, or with so many
        that the effective ones are infinite: then these say nothing of it.
        """
        ratio = self.pct_tolerance
        if ratio is None or self.assumed > _LARGE or np.isinf(self.df_effective):
            return None
        from scipy.special import chdtri

        risk, df = (1 - self.coverage) / 2, self.df_effective
        low, high = (ratio * float(np.sqrt(df / chdtri(df, p))) for p in (risk, 1 - risk))
        return Interval(low, high, self.coverage, f"χ²，自由度 {df:.4g}")

    @property
    def second_order(self) -> float:
        """Standard deviation that the curvature adds, √(½ΣΣ(f_ij·uᵢuⱼ)²), in the unit of y."""
        return float(np.sqrt((self.curvature**2).sum() / 2))

    @property
    def shift(self) -> float:
        """Shift of the mean by the curvature, ½ΣΣ r_ij·f_ij·uᵢuⱼ, in the unit of y."""
        return float((self.curvature * self.correlation).sum() / 2)

    @property
    def assumed(self) -> float:
        """Percent of u²(y) from inputs without degrees of freedom."""
        return float(self.shares[np.isinf([one.df for one in self.inputs.values()])].sum())

    @property
    def order(self) -> list[int]:
        """Places of the inputs, the largest contribution first."""
        return [int(place) for place in np.argsort(-np.abs(self.components), kind="stable")]

    @property
    def top(self) -> str:
        """Name of the input that contributes most."""
        return list(self.inputs)[self.order[0]]

    def table(self) -> pd.DataFrame:
        """预算表 One row an input, the largest contribution first; the result below."""
        import pandas as pd

        items = list(self.inputs.items())
        rows = [
            {
                "输入量": items[i][0],
                "贡献 %": self.shares[i],
                "估计值": items[i][1].estimate,
                "标准不确定度": items[i][1].u,
                "分布": items[i][1].name,
                "自由度": items[i][1].df,
                "灵敏系数": self.sensitivities[i],
                "分量 |c|·u": abs(self.components[i]),
            }
            for i in self.order
        ]
        total = {"输入量": "合成", "贡献 %": 100.0, "估计值": self.estimate, "分布": "—"}
        total |= {"自由度": self.df_effective, "分量 |c|·u": self.u}
        return pd.DataFrame([*rows, total])

    def figure(self) -> go.Figure:
        """预算图 Bars of the components beside the combined uncertainty."""
        from qtools.msa.uncertainty_view import budget_figure

        return budget_figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``y`` with its interval, ``u expanded k df_effective pct_tolerance`` …."""
        df = self.df_effective
        values: dict[str, Metric | None] = {
            "y": self.estimate,
            "u": self.u,
            "expanded": self.expanded,
            "k": self.k,
            "df_effective": None if np.isinf(df) else df,
            "coverage": self.coverage,
            "pct_tolerance": self.pct_tolerance,
            "top": self.top,
            "top_pct": float(self.shares[self.order[0]]),
            "second_order": self.second_order,
            "shift": self.shift,
        }
        return with_intervals(values, {"y": self.interval, "pct_tolerance": self.pct_interval})

    @property
    def verdict(self) -> Verdict:
        """How much of the tolerance the measurement takes, and which input to improve first."""
        statement = f"y = {stated(self.estimate, self.expanded)}（k = {self.k:.2f}，"
        statement += f"包含概率约 {100 * self.coverage:g} %）"
        first = f"先改“{self.top}”，它占合成方差的 {self.shares[self.order[0]]:.0f} %"
        ratio = self.pct_tolerance
        if ratio is None:
            rule = "没有给公差，只报告结果；按贡献从大到小改进"
            text = f"{first}。{statement}。"
            return Verdict("info", text, rule, "JJF 1059.1-2012")
        band = self.criteria.band(ratio)
        limit = self.criteria.limits[0]
        why = "多数分量没有写自由度" if self.assumed > _LARGE else "写的自由度大到等于完全知道"
        firm = f"；{why}，这个比例自己有多准还说不上来"
        known = self.pct_interval
        if known is not None:
            crossed = known.low < limit < known.high
            span = f"自由度给出的区间 {known.low:.1f}–{known.high:.1f} %"
            firm = f"，{span}，{'跨过界限，结论不牢' if crossed else '没有跨过界限'}"
        text = f"{band.name}：测量占去公差的 {ratio:.1f} %（2U/T，界限 {limit:g} %）{firm}。"
        return Verdict(
            band.level, f"{text}{first}。{statement}。", self.criteria.rule, self.criteria.source
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """What limits the budget: curvature, degrees of freedom, correlation, one large part."""
        out = []
        bent = max(self.second_order, abs(self.shift)) / self.u
        if bent > _CURVED:
            text = (
                f"在输入量的不确定度范围内，模型弯得厉害：二阶项约为 u 的 {100 * bent:.0f} %，"
                "一阶公式不可靠。请看蒙特卡洛法的结果，不要只报这张表。"
            )
            out.append(Check("uncertainty.nonlinear", text))
        df = self.df_effective
        correlated = bool(np.any(self.correlation != np.eye(len(self.inputs))))
        if df < _FEW_DF:
            text = (
                f"有效自由度只有 {df:.1f}，不确定度本身也估得不准；"
                "多测几次（加大自由度小的分量的 n），比再加小数位有用。"
            )
            out.append(Check("uncertainty.few-df", text))
        if correlated and np.isfinite(df):
            text = "有相关的输入量，有效自由度的公式是按独立推的，这里只是近似。"
            out.append(Check("uncertainty.correlated-df", text))
        share = float(self.shares[self.order[0]])
        if len(self.inputs) > 1 and share > _LARGE and not self._normal(self.order[0]):
            text = (
                f"“{self.top}”一项占 {share:.0f} %，又不是正态：结果的分布会像它，"
                "k 取 2 左右会把区间报得偏宽，请用蒙特卡洛法核对。"
            )
            out.append(Check("uncertainty.one-large-part", text))
        if self.assumed > _LARGE:
            text = (
                f"占方差 {self.assumed:.0f} % 的分量没有写自由度，按“完全知道”处理；"
                "有效自由度只反映写了自由度的分量，所以不给 2U/T 的区间。"
            )
            out.append(Check("uncertainty.df-assumed", text, "info"))
        text = "预算表只算列进去的量：没想到的来源（偏倚、漂移、取样、定义）不会自己出现。"
        return (*out, Check("uncertainty.only-what-is-listed", text, "info"))

    def _normal(self, place: int) -> bool:
        return list(self.inputs.values())[place].shape == "normal"


def stated(value: float, expanded: float) -> str:
    """结果写法 Value ± U: U with two significant digits, the value to the same decimals.

    Examples
    --------
    >>> stated(3.2049, 2.7876), stated(50000838.6, 92.7), stated(0, 0.00996)
    ('3.2 ± 2.8', '50000839 ± 93', '0.000 ± 0.010')
    """
    exponent = int(f"{expanded:.1e}".partition("e")[2])
    decimals = max(1 - exponent, 0)
    return f"{value:.{decimals}f} ± {expanded:.{decimals}f}"
