"""控制图结果 One result for every pair of charts: a location panel and a spread panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.result import Check, Metric, Result, Verdict
from qtools.sigma import Sigma
from qtools.spc import caveats
from qtools.spc.criteria import RULE_SETS, RuleSet
from qtools.spc.rules import RULES

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """分图 The points of one chart, its lines, and the rules that each point breaks.

    Parameters
    ----------
    key : str
        ASCII name in metric keys: ``"x"``, ``"mr"``, ``"r"``, ``"s"``.
    name : str
        What is plotted, in Chinese.
    points : ndarray of float64, shape (n,)
    center, ucl, lcl : ndarray of float64, shape (1,) or (n,)
        One value where the line is straight, else one a point.
    rules : tuple of str
        Keys of the rules applied.
    broken : ndarray of bool, shape (len(rules), n)
        Which point completes which pattern.
    start : int
        Points of the data before the first one plotted (1 for moving ranges).
    """

    key: str
    name: str
    points: Floats
    center: Floats
    ucl: Floats
    lcl: Floats
    rules: tuple[str, ...]
    broken: npt.NDArray[np.bool_]
    start: int = 0

    @property
    def signals(self) -> npt.NDArray[np.intp]:
        """Positions of the points that break at least one rule."""
        return np.flatnonzero(self.broken.any(axis=0))

    def labels(self, position: int) -> list[str]:
        """Short names of the rules broken by one point."""
        rules = zip(self.rules, self.broken[:, position], strict=True)
        return [RULES[key].label for key, hit in rules if hit]

    def line(self, which: str) -> Floats:
        """A line (``"center"``, ``"ucl"``, ``"lcl"``) at every point, shape (n,)."""
        values: Floats = getattr(self, which)
        return np.broadcast_to(values, self.points.shape)

    def metrics(self) -> dict[str, Metric]:
        """Lines under ``KEY_center`` …; those that vary by point are left out."""
        lines = {"center": self.center, "ucl": self.ucl, "lcl": self.lcl}
        return {
            f"{self.key}_{name}": float(line[0]) for name, line in lines.items() if line.size == 1
        }


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart(Result):
    """计量控制图 A pair of control charts with limits from its own data.

    Parameters
    ----------
    value : str
        Column of measurements.
    subgroup : str or None
        Column of subgroups; None for single values.
    names : tuple of str
        Names of the subgroups in time order; empty for single values, which are numbered.
    sizes : ndarray of intp, shape (k,)
        Values behind each point of the location panel.
    values : ndarray of float64, shape (n,)
        The measurements as read.
    sigma : Sigma
        The estimate of σ behind the limits, with its estimator and degrees of freedom.
    rules : RuleSet
        Run rules applied to the location panel.
    location, spread : Panel
        The two charts.
    """

    title: ClassVar[str] = "控制图"
    noun: ClassVar[str] = "子组"

    value: str
    subgroup: str | None
    names: tuple[str, ...]
    sizes: npt.NDArray[np.intp]
    values: Floats
    sigma: Sigma
    rules: RuleSet
    location: Panel
    spread: Panel

    @property
    def n_signals(self) -> int:
        """Points of the location panel that break at least one rule."""
        return len(self.location.signals)

    @property
    def spread_n_signals(self) -> int:
        """Points of the spread panel beyond its limits."""
        return len(self.spread.signals)

    def point_name(self, panel: Panel, position: int) -> str:
        """The point as people call it: the subgroup's name, or its number in the data."""
        place = position + panel.start
        return self.names[place] if self.names else str(place + 1)

    def table(self) -> pd.DataFrame:
        """控制限表 Centre line and limits of both panels, one row a panel."""
        import pandas as pd

        varies = f"随{self.noun}大小变化"
        rows = []
        for panel in (self.location, self.spread):
            lines = {
                "中心线 CL": panel.center,
                "下控制限 LCL": panel.lcl,
                "上控制限 UCL": panel.ucl,
            }
            row: dict[str, object] = {"分图": panel.name, "点数": len(panel.points)}
            row |= {key: float(x[0]) if x.size == 1 else varies for key, x in lines.items()}
            row |= {"异常点数": len(panel.signals), "σ̂": self.sigma.value, "口径": self.sigma.name}
            rows.append(row)
        return pd.DataFrame(rows)

    def signals(self) -> pd.DataFrame:
        """异常点表 One row for each point and each rule that it breaks, in time order."""
        import pandas as pd

        heads = ["分图", "点号" if not self.names else "子组", "值", "准则", "准则内容", "常见原因"]
        rows: list[tuple[object, ...]] = []
        for panel in (self.location, self.spread):
            for position, number in np.argwhere(panel.broken.T):
                rule = RULES[panel.rules[number]]
                name = self.point_name(panel, position)
                value = float(panel.points[position])
                note = rule.note if panel is self.location else "组内或相邻变差突然变大（或变小）"
                rows.append((panel.name, name, value, rule.label, rule.name, note))
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """控制图 Both panels; signalling points differ in symbol and colour."""
        from qtools.spc.figure import draw

        return draw(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``x_…`` and ``mr_…``/``r_…``/``s_…`` lines, σ, counts of signals."""
        return {
            **self.location.metrics(),
            **self.spread.metrics(),
            "sigma": self.sigma.value,
            "sigma_estimator": self.sigma.key,
            "n": len(self.location.points),
            "n_signals": self.n_signals,
            "spread_n_signals": self.spread_n_signals,
        }

    @property
    def verdict(self) -> Verdict:
        """Whether the process was stable while these data were taken."""
        rule = f"{self.rules.name}，任一点违反任一条即判异；{self.spread.name}图只看 3σ 控制限。"
        alone = RULE_SETS["3sigma"].arl0
        if len(self.rules.rules) > 1:
            simulated = "（仿真）" if "仿真" in self.rules.arl0_source else ""
            together = f"为 {self.rules.arl0} 点{simulated}" if self.rules.arl0 else "更短"
            rule += (
                f"准则合用会抬高误报率：过程稳定时，只用 3σ 平均 {alone} 点误报一次，合用{together}"
            )
        else:
            rule += f"过程稳定时，只用 3σ 平均 {alone} 点误报一次"
        source = "；".join(filter(None, (self.rules.source, self.rules.arl0_source)))
        if not self.n_signals and not self.spread_n_signals:
            k = len(self.location.points)
            charts = f"{self.location.name}图和{self.spread.name}图"
            text = f"没有发现失控信号：{k} 个{self.noun}在{charts}上都未违反准则。"
            return Verdict("good", text, rule, source)
        found = "；".join(
            self._finding(panel) for panel in (self.spread, self.location) if len(panel.signals)
        )
        return Verdict("bad", f"过程不稳定：{found}。", rule, source)

    def _finding(self, panel: Panel) -> str:
        first = int(panel.signals[0])
        broken = [panel.rules[number] for number in np.flatnonzero(panel.broken[:, first])]
        rules = "；".join(f"准则 {RULES[key].label}：{RULES[key].name}" for key in broken)
        return (
            f"{panel.name}图 {len(panel.points)} 个点中有 {len(panel.signals)} 个违反准则，"
            f"最先是{self.noun} {self.point_name(panel, first)}（{rules}）"
        )


@dataclass(frozen=True, slots=True, eq=False)
class ImrChart(ControlChart):
    """单值-移动极差控制图 Result of :func:`qtools.spc.imr_chart`."""

    title: ClassVar[str] = "单值—移动极差控制图（I-MR）"
    noun: ClassVar[str] = "点"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Caveats: few points, coarse readings, autocorrelation, non-normality."""
        return caveats.collect(
            caveats.few(len(self.values), self.noun),
            caveats.ties(self.values, self.sigma),
            caveats.autocorrelation(self.values),
            caveats.nonnormal(self.values),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _SubgroupChart(ControlChart):
    @property
    def checks(self) -> tuple[Check, ...]:
        """Caveats: few or unequal subgroups, coarse readings, within-subgroup σ too small."""
        return caveats.collect(
            caveats.few(len(self.sizes), self.noun),
            caveats.ties(self.values, self.sigma),
            caveats.within_too_small(self.location, self.sizes, self.sigma),
            caveats.unequal(self.sizes),
            caveats.range_inefficient(self.sizes, self.sigma),
        )


@dataclass(frozen=True, slots=True, eq=False)
class XbarRChart(_SubgroupChart):
    """均值-极差控制图 Result of :func:`qtools.spc.xbar_r_chart`."""

    title: ClassVar[str] = "均值—极差控制图（X̄-R）"


@dataclass(frozen=True, slots=True, eq=False)
class XbarSChart(_SubgroupChart):
    """均值-标准差控制图 Result of :func:`qtools.spc.xbar_s_chart`."""

    title: ClassVar[str] = "均值—标准差控制图（X̄-S）"
