"""两法比较 Whether the law of propagation may stand, judged by Monte Carlo (JCGM 101:2008, 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools.msa.budget import UncertaintyBudget
from qtools.msa.monte_carlo import MonteCarloUncertainty
from qtools.result import Check, Metric, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True, slots=True, eq=False)
class Validation(Result):
    """两法比较 Whether the law of propagation may stand, judged by the Monte Carlo result.

    Parameters
    ----------
    budget : UncertaintyBudget
    simulation : MonteCarloUncertainty
    digits : int
        Significant digits of u that are to be trusted.
    """

    title: ClassVar[str] = "GUM 法与蒙特卡洛法"

    budget: UncertaintyBudget
    simulation: MonteCarloUncertainty
    digits: int

    @property
    def delta(self) -> float:
        """数值容差 δ: half a unit of the last trusted digit of u."""
        exponent = int(f"{self.budget.u:.{self.digits - 1}e}".partition("e")[2])
        return 0.5 * 10.0 ** (exponent - self.digits + 1)

    @property
    def d_low(self) -> float:
        """Distance of the lower end points."""
        return abs(self.budget.interval.low - self.simulation.interval.low)

    @property
    def d_high(self) -> float:
        """Distance of the upper end points."""
        return abs(self.budget.interval.high - self.simulation.interval.high)

    @property
    def validated(self) -> bool:
        """Whether both distances are at most δ."""
        return max(self.d_low, self.d_high) <= self.delta

    def table(self) -> pd.DataFrame:
        """比较表 Estimate, u and interval by both methods, and the distances of the ends."""
        import pandas as pd

        rows: list[list[object]] = []
        for name, found in (("GUM 法", self.budget), ("蒙特卡洛法", self.simulation)):
            rows.append([name, found.estimate, found.u, found.interval.low, found.interval.high])
        rows.append(["端点之差", None, None, self.d_low, self.d_high])
        names = ["方法", "估计值", "标准不确定度", "下限", "上限"]
        return pd.DataFrame(rows, columns=names)

    def figure(self) -> go.Figure:
        """比较图 Histogram of the draws under the curve that the law of propagation assumes."""
        from qtools.msa.uncertainty_view import validation_figure

        return validation_figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``d_low d_high delta validated``."""
        return {
            "d_low": self.d_low,
            "d_high": self.d_high,
            "delta": self.delta,
            "validated": self.validated,
        }

    @property
    def verdict(self) -> Verdict:
        """Validated or not, with the distances."""
        rule = (
            "两种方法区间的两端之差都不超过 δ，GUM 法才算通过验证；"
            f"δ 是标准不确定度第 {self.digits} 位有效数字的半个单位"
        )
        worst = f"区间两端相差 {self.d_low:.2g} 与 {self.d_high:.2g}，δ = {self.delta:.2g}"
        source = "JCGM 101:2008，第 8 章；JJF 1059.2-2012"
        if self.validated:
            return Verdict("good", f"GUM 法通过验证，可以用它的 U：{worst}。", rule, source)
        return Verdict(
            "caution", f"GUM 法没有通过验证，请报蒙特卡洛法的区间：{worst}。", rule, source
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether there were draws enough to judge."""
        noise = 2 * max(self.simulation.standard_errors)
        if noise <= self.delta / 5 or max(self.d_low, self.d_high) > self.delta + noise:
            return ()
        text = (
            f"抽样的端点自己还有 ±{noise:.2g} 的晃动，不到 δ 的五分之一才够细：请加大 n"
            f"{'，或只信 1 位' if self.digits > 1 else ''}。"
        )
        return (Check("validation.few-draws", text),)
