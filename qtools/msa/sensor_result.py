"""传感器研究结果 What calibration cycles say about a sensor: table, metrics, figure, caveats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import theme
from qtools.display import format_number, p_text
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Vector

FEW_REPEATS = 3
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Deviation:
    """偏离 Deviations at several points, of which the largest counts.

    Parameters
    ----------
    sizes, places : ndarray of float64, shape (m,)
        Deviations in the unit of the output, and where.
    span : float
        Full-scale output.
    margin : float or None
        Largest error of all at the level of confidence; None without repeats.
    confidence : float
    """

    sizes: Vector
    places: Vector
    span: float
    margin: float | None
    confidence: float

    @property
    def worst(self) -> int:
        """Index of the largest deviation."""
        return int(np.argmax(abs(self.sizes)))

    @property
    def percent(self) -> float:
        """Largest deviation in percent of the full-scale output."""
        return 100 * float(abs(self.sizes[self.worst])) / self.span

    @property
    def interval(self) -> Interval | None:
        """Simultaneous limits of the largest deviation, in percent."""
        if self.margin is None:
            return None
        half = 100 * self.margin / self.span
        low = max(self.percent - half, 0.0)
        return Interval(low, self.percent + half, self.confidence, "同时区间，最大模，保守")


@dataclass(frozen=True, slots=True, eq=False)
class SensorStudy(Result):
    """传感器研究结果 Nonlinearity, hysteresis and repeatability in percent of full scale.

    Parameters
    ----------
    reference, value : str
        Columns of the applied quantity and of the output.
    directions : tuple of str
        The two directions, the first one met first; empty where none were told.
    places : ndarray of float64, shape (p,)
        Calibration points in rising order.
    means : ndarray of float64, shape (p, number of directions)
        Mean output; NaN where there is no reading.
    n, repeats : int
        Readings, and the fewest of one point and direction.
    slope, level : float
        Least-squares line: sensitivity, and output at the mean of the points.
    slope_interval : Interval or None
    s : float or None
        Standard deviation pooled within point and direction; None without repeats.
    df : int
        Its degrees of freedom.
    line, ends : Deviation
        From the least-squares line, and from the line through the ends.
    hysteresis : Deviation or None
        Second direction minus first; None without directions.
    cycle_p : float or None
        Test of "no cycle is displaced".
    confidence : float
    """

    title: ClassVar[str] = "传感器静态性能"

    reference: str
    value: str
    directions: tuple[str, ...]
    places: Vector
    means: npt.NDArray[np.float64]
    n: int
    repeats: int
    slope: float
    level: float
    slope_interval: Interval | None
    s: float | None
    df: int
    line: Deviation
    ends: Deviation
    hysteresis: Deviation | None
    cycle_p: float | None
    confidence: float

    @property
    def points(self) -> int:
        """Calibration points."""
        return int(self.places.size)

    @property
    def full_scale(self) -> float:
        """Full-scale output: rise of the least-squares line over the range."""
        return self.line.span

    @property
    def intercept(self) -> float:
        """Output of the line at reference 0."""
        return float(self.level - self.slope * self.places.mean())

    @property
    def pct_repeatability(self) -> float | None:
        """Pooled standard deviation in percent of the full-scale output."""
        return None if self.s is None else 100 * self.s / self.full_scale

    @property
    def intervals(self) -> dict[str, Interval | None]:
        """By metric key."""
        return {
            "sensitivity": self.slope_interval,
            "pct_nonlinearity": self.line.interval,
            "pct_nonlinearity_ends": self.ends.interval,
            "pct_hysteresis": None if self.hysteresis is None else self.hysteresis.interval,
            "pct_repeatability": self._repeatability_interval(),
        }

    def _repeatability_interval(self) -> Interval | None:
        from scipy.special import chdtri

        percent = self.pct_repeatability
        if percent is None:
            return None
        tail = (1 - self.confidence) / 2
        low, high = (percent * float(self.df / chdtri(self.df, p)) ** 0.5 for p in (tail, 1 - tail))
        return Interval(low, high, self.confidence, f"χ²，自由度 {self.df}")

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``pct_nonlinearity``, ``pct_hysteresis``, ``pct_repeatability`` …."""
        values: dict[str, Metric | None] = {
            "n": self.n,
            "n_points": self.points,
            "full_scale": self.full_scale,
            "sensitivity": self.slope,
            "intercept": self.intercept,
            "pct_nonlinearity": self.line.percent,
            "pct_nonlinearity_ends": self.ends.percent,
            "pct_hysteresis": None if self.hysteresis is None else self.hysteresis.percent,
            "pct_repeatability": self.pct_repeatability,
            "cycle_p": self.cycle_p,
        }
        return with_intervals(values, self.intervals)

    def table(self) -> pd.DataFrame:
        """性能表 One row a property, in percent of full scale, with the point it comes from."""
        import pandas as pd

        rows = []
        for name, key, found in (
            ("非线性（最小二乘直线）", "pct_nonlinearity", self.line),
            ("非线性（端点连线）", "pct_nonlinearity_ends", self.ends),
            ("迟滞", "pct_hysteresis", self.hysteresis),
            ("重复性（1 个标准差）", "pct_repeatability", None),
        ):
            if key in self.metrics():
                limits = self.intervals[key]
                place = None if found is None else float(found.places[found.worst])
                rows.append(
                    [
                        name,
                        self.metrics()[key],
                        None if limits is None else limits.low,
                        None if limits is None else limits.high,
                        place,
                        "没有区间" if limits is None else limits.method,
                    ]
                )
        percent = f"{100 * self.confidence:g} %"
        heads = [
            "项目", "占满量程输出 %", f"{percent} 下限", f"{percent} 上限", "最大处", "区间的算法",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """误差曲线 Each direction less the least-squares line, and the line through the ends."""
        fig = theme.new_figure()
        fit = self.level + self.slope * (self.places - self.places.mean())
        share = 100 / self.full_scale
        for column, name in enumerate(self.directions or ("平均输出",)):
            rest = (self.means[:, column] - fit) * share
            held = np.isfinite(rest)
            fig.add_scatter(
                x=self.places[held].tolist(), y=rest[held].tolist(), name=name,
                mode="lines+markers",
                marker={"color": theme.COLORS[column], "symbol": theme.SYMBOLS[column], "size": 8},
                line={"color": theme.COLORS[column], "dash": theme.DASHES[column]},
            )  # fmt: skip
        chord = (self.line.sizes - self.ends.sizes) * share
        fig.add_scatter(
            x=self.places[[0, -1]].tolist(), y=chord[[0, -1]].tolist(), mode="lines",
            name="端点连线", line={"color": theme.GREEN, "dash": "dot", "width": 2},
        )  # fmt: skip
        fig.add_hline(y=0, line={"color": theme.INK, "width": 1})
        alt = (
            "折线图：各校准点的平均输出与最小二乘直线之差（占满量程 %），按行程分；"
            f"两条线离得越开，迟滞越大，一起弯得越厉害，非线性越大。{self.verdict.text}"
        )
        theme.finish(fig, title="传感器误差曲线", alt=alt, height=440)
        fig.update_xaxes(title_text=self.reference, showgrid=False)
        return fig.update_yaxes(title_text=f"{self.value}与直线之差，占满量程 %")

    @property
    def verdict(self) -> Verdict:
        """Which of the three is the largest, and how well it is known."""
        parts = {"非线性": (self.line.percent, self.line.interval)}
        if self.hysteresis is not None:
            parts["迟滞"] = (self.hysteresis.percent, self.hysteresis.interval)
        if self.pct_repeatability is not None:
            parts["重复性（1 个标准差）"] = (self.pct_repeatability, self._repeatability_interval())
        name = max(parts, key=lambda key: parts[key][0])
        told = "、".join(f"{key} {format_number(size, 3)} %" for key, (size, _) in parts.items())
        limits = parts[name][1]
        span = (
            ""
            if limits is None
            else f"，{100 * self.confidence:g} % 区间 {format_number(limits.low, 3)}–"
            f"{format_number(limits.high, 3)} %"
        )
        text = f"最大的一项是{name}{span}。占满量程输出：{told}。合不合格，按产品标准的限值另判。"
        rule = (
            "非线性取平均输出与最小二乘直线的最大偏差，迟滞取上、下行平均输出的最大差，"
            "重复性取同点同行程的合并标准差，都除以最小二乘直线的满量程输出"
        )
        return Verdict("info", text, rule, "本手册的定义；产品标准另有规定的，以标准为准")

    @property
    def checks(self) -> tuple[Check, ...]:
        """Displaced cycles, too few repeats, one direction only."""
        out = []
        if self.cycle_p is not None and self.cycle_p < _ALPHA:
            text = (
                f"各循环之间整体错开（{p_text(self.cycle_p)}）：读数不独立，重复性与区间都偏小。"
                "请查预热、零点漂移和温度。"
            )
            out.append(Check("sensor.cycles-differ", text))
        if self.s is None:
            text = "同一点、同一行程只有一个读数，看不出重复性，也没有区间。请至少做 3 个循环。"
            out.append(Check("sensor.no-repeats", text))
        elif self.s == 0:
            text = "同一点的读数完全相同，看不出重复性：多半是分辨力不够，或是照抄了前一个循环。"
            out.append(Check("sensor.no-spread", text))
        elif self.repeats < FEW_REPEATS:
            text = f"有的点只重复了 {self.repeats} 次（常见的做法是 3 个循环以上），区间很宽。"
            out.append(Check("sensor.few-repeats", text))
        if self.hysteresis is None:
            text = "没有上、下行两个方向的读数，看不出迟滞。"
            out.append(Check("sensor.one-direction", text, "info"))
        return tuple(out)
