"""稳定性结果 What the chart of a check standard says of location and of spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools import theme
from qtools.display import format_number, p_text
from qtools.estimate import Estimate
from qtools.msa.means import MeanBias
from qtools.msa.stability_spread import SdChart, SpreadRatio, spread_ratio
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals
from qtools.spc import ControlChart, Panel
from qtools.spc.criteria import MIN_SUBGROUPS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


CHANCE = 0.05  # so rare must the number of standard deviations beyond their limit be


@dataclass(frozen=True, slots=True, eq=False)
class StabilityStudy(Result):
    """稳定性研究结果 Chart, EWMA, drift and short-term spread of a check standard.

    Parameters
    ----------
    order : str or None
        Column of times.
    baseline : int
        First occasions that fixed the limits.
    chart : ControlChart
        Single values, and moving ranges or short-term standard deviations, of all occasions.
    sd_overall : float
        Standard deviation of the baseline's values, s₂ in the e-Handbook.
    ewma : Panel
    ewma_weight : float
    drift : Estimate
        Slope per unit of ``order``, or per occasion.
    bias : MeanBias or None
        Against the reference.
    reference : float or None
    """

    title: ClassVar[str] = "稳定性研究（核查标准）"

    order: str | None
    baseline: int
    chart: ControlChart
    sd_overall: float
    ewma: Panel
    ewma_weight: float
    drift: Estimate
    bias: MeanBias | None
    reference: float | None

    @property
    def fails(self) -> tuple[str, ...]:
        """Which of ``"location"`` and ``"spread"`` signals.

        A significant drift is of location. A moving range beyond its limit is of spread only where
        nothing else signals: a jump makes one too. Short-term standard deviations tell them apart,
        and the later ones together may be larger though none exceeds its limit.
        """
        chart = self.chart
        jump = bool(chart.n_signals or self.ewma.signals.size)
        apart = isinstance(chart, SdChart) or not jump
        spread = bool(chart.spread_n_signals) and not self.spread_by_chance and apart
        spread = spread or (self.later is not None and self.later.grew)
        return ("location",) * (jump or self.drift.significant) + ("spread",) * spread

    @property
    def later(self) -> SpreadRatio | None:
        """Short-term spread after the baseline over that of the baseline."""
        return spread_ratio(self.chart, self.baseline, self.drift.confidence)

    @property
    def spread_expected(self) -> float:
        """Short-term standard deviations that exceed their limit by chance alone."""
        chart = self.chart
        return chart.risk * len(chart.spread.points) if isinstance(chart, SdChart) else 0.0

    @property
    def spread_by_chance(self) -> bool:
        """Whether so many exceed it: where one or more are to be expected, not each is a signal."""
        from scipy.special import bdtrc

        chart, found = self.chart, self.chart.spread_n_signals
        if not isinstance(chart, SdChart) or self.spread_expected < 1 or not found:
            return False
        return float(bdtrc(found - 1, len(chart.spread.points), chart.risk)) > CHANCE

    @property
    def n_late(self) -> int:
        """Occasions after the baseline."""
        return len(self.chart.values) - self.baseline

    @property
    def unit(self) -> str:
        """What the drift is counted by."""
        return f"每 1 单位“{self.order}”" if self.order else "每次"

    def table(self) -> pd.DataFrame:
        """控制限表 One row a chart: centre, limits, signals; the EWMA with its last limits."""
        import pandas as pd

        panels = (self.chart.location, self.ewma, self.chart.spread)
        heads = ["分图", "点数", "中心线 CL", "下控制限 LCL", "上控制限 UCL", "异常点数"]
        rows = [
            [panel.name, len(panel.points), float(panel.center[-1]), float(panel.lcl[-1]),
             float(panel.ucl[-1]), len(panel.signals)]
            for panel in panels
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=heads)

    def trend(self) -> pd.DataFrame:
        """漂移与偏倚 Slope over time, and mean bias where there is a reference."""
        import pandas as pd

        percent = f"{100 * self.drift.confidence:g} %"
        found: dict[str, Estimate | MeanBias] = {f"漂移（{self.unit}）": self.drift}
        if self.bias is not None:
            found["平均偏倚"] = self.bias
        rows = [
            [name, e.value if isinstance(e, Estimate) else e.bias, e.interval.low,
             e.interval.high, e.t, e.p]
            for name, e in found.items()
        ]  # fmt: skip
        if (late := self.later) is not None:
            name, span = "短期标准差之比（后来／基准段）", late.interval
            rows.append([name, late.value, span.low, span.high, None, late.p])
        heads = ["项", "估计值", f"{percent} 下限", f"{percent} 上限", "t", "p"]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """控制图 Single values above, spread below; a line ends the baseline."""
        from qtools.spc.figure import draw

        fig = draw(self.chart)
        fig.layout.meta["alt"] = (
            f"{self.chart.title}，两张分图：上为单值，下为{self.chart.spread.name}，"
            f"横轴为 {len(self.chart.location.points)} 次核查的时间次序。{self.verdict.text}"
        )
        return self._mark(fig)

    def ewma_figure(self) -> go.Figure:
        """EWMA 图 Single values as points, their EWMA as a line, its limits."""
        fig = theme.new_figure()
        panel, n = self.ewma, len(self.ewma.points)
        x = list(range(1, n + 1))
        for which, name, color, dash in (
            ("ucl", "控制限", theme.RED, "dash"),
            ("lcl", "", theme.RED, "dash"),
            ("center", "中心线", theme.GREEN, "solid"),
        ):
            fig.add_scatter(
                x=x, y=panel.line(which).tolist(), mode="lines", name=name, hoverinfo="skip",
                showlegend=bool(name), line={"color": color, "width": 1.5, "dash": dash},
            )  # fmt: skip
        fig.add_scatter(
            x=x, y=self.chart.location.points.tolist(), mode="markers", name="单值",
            marker={"color": theme.GREY, "size": 6, "symbol": "circle-open"},
        )  # fmt: skip
        fig.add_scatter(
            x=x, y=panel.points.tolist(), mode="lines+markers", name="EWMA",
            line={"color": theme.BLUE, "width": 2}, marker={"color": theme.BLUE, "size": 6},
        )  # fmt: skip
        at = panel.signals
        if at.size:
            fig.add_scatter(
                x=(at + 1).tolist(), y=panel.points[at].tolist(), mode="markers", name="异常点",
                marker={"color": theme.RED, "size": 11, "symbol": "diamond",
                        "line": {"color": theme.INK, "width": 1}},
            )  # fmt: skip
        alt = (
            f"EWMA 图（λ = {self.ewma_weight:g}）：{n} 次核查的单值、它们的指数加权移动平均"
            f"和控制限。{len(at)} 个点的 EWMA 出界。"
        )
        theme.finish(fig, title=f"{self.chart.value}：EWMA（λ = {self.ewma_weight:g}）", alt=alt)
        fig.update_xaxes(title_text="点号（时间次序）", showgrid=False)
        fig.update_yaxes(title_text=self.chart.value, showgrid=False)
        return self._mark(fig)

    def _mark(self, fig: go.Figure) -> go.Figure:
        """A line between the occasions that fixed the limits and the later ones."""
        if self.n_late:
            line = {"color": theme.INK, "width": 1, "dash": "dot"}
            fig.add_vline(x=self.baseline + 0.5, line=line)
        return fig

    def metrics(self) -> dict[str, Metric]:
        """Public keys: those of the chart, ``ewma_…``, ``drift``, ``bias``, ``spread_ratio`` …."""
        values: dict[str, Metric | None] = {
            **self.chart.metrics(),
            "baseline": self.baseline,
            "sd_overall": self.sd_overall,
            "ewma_last": float(self.ewma.points[-1]),
            "ewma_ucl": float(self.ewma.ucl[-1]),
            "ewma_lcl": float(self.ewma.lcl[-1]),
            "ewma_n_signals": len(self.ewma.signals),
            "drift": self.drift.value,
            "drift_p": self.drift.p,
        }
        intervals: dict[str, Interval | None] = {"drift": self.drift.interval}
        if self.bias is not None:
            values |= {"bias": self.bias.bias, "bias_p": self.bias.p}
            intervals["bias"] = self.bias.interval
        if (late := self.later) is not None:
            values |= {"spread_ratio": late.value, "spread_ratio_p": late.p}
            intervals["spread_ratio"] = late.interval
        return with_intervals(values, intervals)

    @property
    def verdict(self) -> Verdict:
        """Whether the measurement stayed the same, in location and in spread."""
        fails, chart = self.fails, self.chart
        base = f"控制限由前 {self.baseline} 次定" if self.n_late else "控制限由全部数据定"
        rule = (
            f"{base}：单值用{chart.rules.name}，EWMA 和{chart.spread.name}只看控制限，"
            f"漂移看斜率的 {100 * self.drift.confidence:g} % 区间含不含 0"
        )
        late = self.later
        if late is not None:
            rule += "；后来的短期标准差合起来，看它与基准段之比的区间在不在 1 以上"
        told = "" if late is None else f"（{late.words}）"
        source = f"NIST/SEMATECH e-Handbook 2.2 节；{chart.rules.source}"
        n = len(chart.location.points)
        if not fails:
            text = f"看不出不稳定：{n} 次核查，看不出位置有跳动或漂移，也看不出散布变大{told}。"
            return Verdict("good", text, rule, source)
        found = [
            f"{name}图 {len(panel.points)} 个点中有 {len(panel.signals)} 个出现信号，"
            f"最先是第 {int(panel.signals[0]) + panel.start + 1} 次"
            for name, panel in (
                ("单值", chart.location), ("EWMA ", self.ewma), (chart.spread.name, chart.spread),
            )
            if panel.signals.size and not (panel is chart.spread and self.spread_by_chance)
        ]  # fmt: skip
        if self.drift.significant:
            slope = format_number(self.drift.value, 3)
            jump = chart.n_signals or self.ewma.signals.size
            either = "；跳动也会拉出斜率，是跳动还是漂移请看图" if jump else ""
            found.append(f"有漂移：{self.unit} {slope}（{p_text(self.drift.p)}{either}）")
        if late is not None and late.grew:
            found.append(late.words)
        what = {
            ("location",): f"位置变了，看不出散布变大{told}",
            ("spread",): "散布变大了，看不出位置变",
            ("location", "spread"): "位置和散布都变了",
        }[fails]
        if not isinstance(chart, SdChart):
            what = what.partition("，")[0]
            if chart.spread_n_signals and fails == ("location",):
                what += "（没有短期标准差，移动极差分不清是跳动还是散布变大）"
        drift_only = fails == ("location",) and not chart.n_signals and not self.ewma.signals.size
        level: Level = "caution" if drift_only else "bad"
        return Verdict(level, f"不稳定：{what}。{'；'.join(found)}。", rule, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Those of the chart, a bias against the reference, few occasions in the baseline."""
        out = [check for check in self.chart.checks if check.code != "spc.few-subgroups"]
        if self.baseline < MIN_SUBGROUPS:
            text = (
                f"控制限只由 {self.baseline} 次核查定出（惯例先积累 {MIN_SUBGROUPS} 次以上），"
                "还不准，现在的结论只作参考。"
            )
            out.append(Check("stability.few-occasions", text))
        if self.bias is not None and self.bias.significant:
            low, high = (
                format_number(v, 3) for v in (self.bias.interval.low, self.bias.interval.high)
            )
            text = (
                f"平均比基准值 {format_number(self.reference)} 偏 "
                f"{format_number(self.bias.bias, 3)}（区间从 {low} 到 {high}）："
                "稳定不等于准，请另做偏倚研究。"
            )
            out.append(Check("stability.biased", text))
        if self.spread_expected >= 1:
            n, found = len(self.chart.spread.points), self.chart.spread_n_signals
            text = (
                f"短期标准差的控制限误报风险定得高：即使一切正常，{n} 个点平均也有 "
                f"{self.spread_expected:.1f} 个出界，这里有 {found} 个"
                + ("，不能算信号。" if self.spread_by_chance or not found else "。")
            )
            out.append(Check("stability.spread-risk", text, "info"))
        return tuple(out)
