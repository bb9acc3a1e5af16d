"""样本量的结果 Runs that an experiment needs, with what the doubt about σ does to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools import theme
from qtools.display import format_number
from qtools.doe.power_parts import (
    CURVE,
    SOURCE,
    add_band,
    add_wish,
    chance,
    sd_checks,
    sd_interval,
)
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True, slots=True, eq=False)
class SampleSize(Result):
    """样本量 The smallest balanced experiment that sees an effect with the wanted chance.

    Parameters
    ----------
    kind : {"two-level", "one-way"}
    factors, levels : int
    effect, sd : float
    sd_df : float or None
    alpha, target, confidence : float
    f : float or None
    step : int
        Runs come in multiples of it.
    first : int
        The smallest number of runs that leaves a residual degree of freedom.
    coefficients : int
        Of the model.
    """

    title: ClassVar[str] = "样本量"

    kind: str
    factors: int
    levels: int
    effect: float
    sd: float
    sd_df: float | None
    alpha: float
    target: float
    confidence: float
    f: float | None
    step: int
    first: int
    coefficients: int

    def power_at(self, runs: int, sd: float | None = None) -> float:
        """Power with a number of runs."""
        one_way = self.kind == "one-way"
        spread = 2 * self.levels / runs if one_way else 4 / runs
        df1 = self.levels - 1 if one_way else 1
        df2 = runs - self.coefficients
        return chance(self.effect / (sd or self.sd), spread, df1, df2, self.alpha)

    def needed(self, sd: float) -> int | None:
        """Runs that reach the target at a given σ; None beyond 100 000."""
        low, high = 0, 1  # in steps after the first: power rises with runs
        while self.power_at(self.first + high * self.step, sd) < self.target:
            low, high = high, 2 * high
            if self.first + high * self.step > 200_000:
                return None
        if self.power_at(self.first, sd) >= self.target:
            return self.first
        while high - low > 1:
            middle = (low + high) // 2
            reached = self.power_at(self.first + middle * self.step, sd) >= self.target
            low, high = (low, middle) if reached else (middle, high)
        return self.first + high * self.step

    @property
    def runs(self) -> int:
        """Runs in all."""
        return self.needed(self.sd) or 0

    @property
    def per_level(self) -> int:
        """Runs at each level of a factor."""
        return self.runs // (self.levels if self.kind == "one-way" else 2)

    @property
    def power(self) -> float:
        """Power that these runs have."""
        return self.power_at(self.runs)

    @property
    def intervals(self) -> dict[str, Interval]:
        """Runs that σ at its limits would take, and what it does to the power of the plan."""
        found = sd_interval(self.sd, self.sd_df, self.confidence)
        if found is None:
            return {}
        method = f"由 σ 的区间（{found.method}）换算"
        low, high = self.needed(found.low), self.needed(found.high)
        out = {
            "power": Interval(
                self.power_at(self.runs, found.high), self.power_at(self.runs, found.low),
                self.confidence, method,
            )
        }  # fmt: skip
        if low and high:
            out["runs"] = Interval(low, high, self.confidence, method)
        return out

    def table(self) -> pd.DataFrame:
        """样本量表 The plan, fewer runs and more."""
        import pandas as pd

        found = sd_interval(self.sd, self.sd_df, self.confidence)
        steps = {self.runs + place * self.step for place in (-2, -1, 0, 1, 2)}
        steps |= {2 * self.runs}
        rows = []
        for runs in sorted(n for n in steps if n >= self.first):
            row: dict[str, object] = {"试验次数": runs, "选中": "←" if runs == self.runs else ""}
            row["误差自由度"] = runs - self.coefficients
            row["功效 %"] = 100 * self.power_at(runs)
            if found is not None:
                row["下限 %"] = 100 * self.power_at(runs, found.high)
                row["上限 %"] = 100 * self.power_at(runs, found.low)
            rows.append(row)
        return pd.DataFrame(rows)

    def figure(self) -> go.Figure:
        """功效随次数 Chance to see the effect over the number of runs."""
        found = sd_interval(self.sd, self.sd_df, self.confidence)
        last = max(2 * self.runs, self.first + 6 * self.step)
        stride = self.step * max(1, (last - self.first) // (self.step * CURVE))
        sizes = list(range(self.first, last + 1, stride))

        def curve(sd: float) -> list[float]:
            return [100 * self.power_at(n, sd) for n in sizes]

        fig = theme.new_figure()
        if found is not None:
            x = [float(n) for n in sizes]
            add_band(fig, x, curve(found.high), curve(found.low), self.confidence)
        fig.add_scatter(
            x=sizes, y=curve(self.sd), mode="lines+markers", name="功效",
            line={"color": theme.BLUE, "width": 2}, marker={"size": 5},
        )  # fmt: skip
        fig.add_scatter(
            x=[self.runs], y=[100 * self.power], mode="markers", name="选中",
            marker={"color": theme.RED, "symbol": "diamond", "size": 11},
        )  # fmt: skip
        add_wish(fig, self.target)
        fig.update_xaxes(title_text="试验次数")
        fig.update_yaxes(title_text="看得出来的机会 %", range=[0, 102])
        alt = f"折线图：横轴是试验次数，纵轴是看得出来的机会。{self.verdict.text}"
        return theme.finish(fig, title="多做几次，机会大多少", alt=alt)

    def metrics(self) -> dict[str, Metric]:
        """``runs per_level power effect sd alpha``, with limits where σ is an estimate."""
        values: dict[str, Metric | None] = {
            "runs": self.runs, "per_level": self.per_level, "power": self.power,
            "effect": self.effect, "sd": self.sd, "alpha": self.alpha,
        }  # fmt: skip
        return with_intervals(values, self.intervals)

    @property
    def verdict(self) -> Verdict:
        """How many runs."""
        layout = (
            f"{self.levels} 个水平各 {self.per_level} 次，共 {self.runs} 次"
            if self.kind == "one-way"
            else f"{self.factors} 个二水平因子，共 {self.runs} 次（高低各一半）"
        )
        size = f"f = {self.f:g}" if self.f else f"差 {format_number(self.effect, 4)}"
        text = f"要有 {100 * self.target:g} % 的机会看出{size}，{layout}。"
        found = self.intervals
        if "runs" in found:
            text += f"σ 若在区间的两端，要 {found['runs'].low:g} 到 {found['runs'].high:g} 次。"
        elif found:
            text += "σ 若在区间的上端，要的次数多到不现实：先把 σ 估准。"
        rule = f"功效首次不低于 {100 * self.target:g} % 的平衡设计，显著性水平 {self.alpha:g}"
        return Verdict("info", text, rule, SOURCE)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Doubtful σ."""
        return sd_checks(self.sd_df, self.confidence)
