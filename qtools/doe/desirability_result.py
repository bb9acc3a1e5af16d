"""意愿函数的结果 The compromise, its price for each response, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number, p_text
from qtools.doe.goals import Goal
from qtools.doe.region import Region
from qtools.doe.surface_result import ResponseSurface
from qtools.doe.surface_tables import MANY, described
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

ENOUGH = 90.0  # percent of single runs that keep all limits: 本手册约定
_POOR = 80.0  # percent of R² below which a surface predicts too little: 本手册约定


@dataclass(frozen=True, slots=True, eq=False)
class Desirability(Result):
    """意愿函数 A compromise over several response surfaces.

    Parameters
    ----------
    surfaces : tuple of ResponseSurface
    goals : tuple of Goal
        In the order of the surfaces.
    region : Region
        Where all of them had runs.
    best : ndarray, shape (k,)
        Coded setting of the highest overall desirability.
    front : ndarray, shape (n, k)
        Settings on the Pareto front, of a sample of the region: no other is better in one response
        without being worse in another. Weights do not enter.
    reliable : ndarray, shape (k,), or None
        Setting of that sample at which a single run most often keeps all limits; None if no draw
        did anywhere.
    errors : ndarray, shape (draws, m)
        Errors of the responses, see :func:`qtools.doe.desirability.draw_errors`.
    joint : bool
        Whether errors of the responses were drawn together.
    seed : int
    """

    title: ClassVar[str] = "意愿函数"

    surfaces: tuple[ResponseSurface, ...]
    goals: tuple[Goal, ...]
    region: Region
    best: Vector
    front: Matrix
    reliable: Vector | None
    errors: Matrix
    joint: bool
    seed: int

    @property
    def names(self) -> tuple[str, ...]:
        """The responses."""
        return tuple(one.response for one in self.surfaces)

    def predicted(self, point: Vector) -> Vector:
        """Predicted means at a coded point."""
        from qtools.doe.desirability import predictions

        return np.asarray(predictions(self.surfaces, np.atleast_2d(point))[0])

    def desirabilities(self, point: Vector) -> Vector:
        """D of each response at a coded point."""
        pairs = zip(self.goals, self.predicted(point), strict=True)
        return np.array([float(goal.desirability([y])[0]) for goal, y in pairs])

    def overall_at(self, point: Vector) -> float:
        """D at a coded point."""
        from qtools.doe.desirability import overall

        return float(overall(self.goals, self.predicted(point)[None])[0])

    @property
    def overall(self) -> float:
        """总意愿 D at the best setting."""
        return self.overall_at(self.best)

    @property
    def interval(self) -> Interval:
        """Interval of D at the best setting: coefficients drawn, quantiles taken."""
        from qtools.doe.desirability import overall

        h = np.array([one.leverage(self.best)[0] for one in self.surfaces])
        found = overall(self.goals, self.predicted(self.best) + np.sqrt(h) * self.errors)
        level = self.surfaces[0].confidence
        low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
        return Interval(float(low), float(high), level, f"抽样 {len(found)} 次")

    def pct_kept(self, point: Vector, unit: bool = True) -> float:
        """Percent of draws in which all responses keep their limits: of a run, or of the mean."""
        from qtools.doe.desirability import probability

        at = np.atleast_2d(point)
        return 100 * float(probability(self.surfaces, self.goals, at, self.errors, unit)[0])

    def pct_each(self, point: Vector) -> Vector:
        """Percent of single runs that keep the limits of each response, by its t distribution."""
        from scipy.special import stdtr

        out = []
        for one, goal, y in zip(self.surfaces, self.goals, self.predicted(point), strict=True):
            spread = one.s * float(1 + one.leverage(point)[0]) ** 0.5 or 1e-300
            low = 0.0 if goal.lower is None else stdtr(one.fit.df, (goal.lower - y) / spread)
            high = 1.0 if goal.upper is None else stdtr(one.fit.df, (goal.upper - y) / spread)
            out.append(100 * float(high - low))
        return np.array(out)

    @property
    def pct_alike(self) -> float:
        """Percent of the region whose D is not below the lower end of the interval of the best."""
        from qtools.doe.desirability import overall, predictions

        found = overall(self.goals, predictions(self.surfaces, self.region.inside))
        return 100 * float(((found > 0) & (found >= self.interval.low)).mean())

    @property
    def balanced(self) -> Vector:
        """Setting of the front whose least satisfied response is the most satisfied."""
        from qtools.doe.desirability import margin

        worst = np.array([float(self.desirabilities(point).min()) for point in self.front])
        alike = self.front[worst == worst.max()]
        return np.asarray(alike[int(margin(self.surfaces, self.goals, alike).argmax())])

    def table(self) -> pd.DataFrame:
        """One row a response: goal, prediction, interval, d, share of runs within the limits."""
        import pandas as pd

        each = self.pct_each(self.best)
        rows = []
        for place, (one, goal) in enumerate(zip(self.surfaces, self.goals, strict=True)):
            ahead = one.prediction(self.best)
            mean = one.mean_at(self.best)[0]
            rows.append(
                [one.response, goal.text,
                 format_number(mean.value),
                 f"{format_number(mean.interval.low, 4)} 至 {format_number(mean.interval.high, 4)}",
                 f"{format_number(ahead.low, 4)} 至 {format_number(ahead.high, 4)}",
                 format_number(float(self.desirabilities(self.best)[place]), 3),
                 format_number(each[place], 3)]
            )  # fmt: skip
        columns = ["响应", "要求", "预测平均", "平均的区间", "单次的预测区间", "意愿 d",
                   "单次合格的概率（%）"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def alternatives(self) -> pd.DataFrame:
        """另外的选择 Highest D, most often within all limits, best for the worst-off response.

        Where D is 0 everywhere, or no draw keeps all limits, there is no such setting: 没有. The
        one nearest to the limits is then told instead.
        """
        import pandas as pd

        possible = self.overall > 0
        choices = [
            ("总意愿 D 最高", self.best if possible else None),
            ("单次合格的概率最高", self.reliable),
            ("最差的一项最好", self.balanced if possible else None),
        ]
        rows: list[list[object]] = []
        for name, point in choices if possible else [*choices, ("离界限最近", self.best)]:
            if point is None:
                rows.append([name, *["没有"] * (len(self.best) + len(self.names) + 3)])
                continue
            settings = self.surfaces[0].settings(point)
            kept = self.pct_kept(point)
            least = float(self.desirabilities(point).min())
            values = [*settings.values(), *self.predicted(point).tolist()]
            rows.append([name, *values, self.overall_at(point), least, kept])
        columns = ["选法", *self.surfaces[0].names, *self.names, "D", "最小的 d", "全部合格（%）"]
        return pd.DataFrame(rows, columns=columns)

    def front_table(self) -> pd.DataFrame:
        """前沿 One row a response: least and greatest prediction on the Pareto front."""
        import pandas as pd

        y = np.array([self.predicted(point) for point in self.front])
        rows = [
            [name, goal.text, float(y[:, place].min()), float(y[:, place].max())]
            for place, (name, goal) in enumerate(zip(self.names, self.goals, strict=True))
        ]
        return pd.DataFrame(rows, columns=["响应", "要求", "前沿上最低", "前沿上最高"])

    def figure(self) -> go.Figure:
        """意愿曲线 d against each response, with the prediction and its interval."""
        from qtools.doe.desirability_view import draw

        return draw(self)

    def front_figure(self, pair: tuple[str, str] | None = None) -> go.Figure:
        """前沿图 Two responses on the Pareto front; by default the pair that is most at odds."""
        from qtools.doe.desirability_view import draw_front

        return draw_front(self, pair)

    def metrics(self) -> dict[str, Metric]:
        """Flat numbers, responses and factors numbered from 1.

        ``d`` with its interval, ``pct_unit`` and ``pct_means`` (all limits kept, by a run, by the
        means), ``pct_reliable``, ``pct_alike``, ``front_n``, ``bestI bestI_coded reliableI``, of
        each response ``yI`` with its interval, ``dI pct_unitI``.
        """
        values: dict[str, Metric | None] = {"d": self.overall}
        intervals: dict[str, Interval | None] = {"d": self.interval}
        values |= {
            "pct_unit": self.pct_kept(self.best), "pct_means": self.pct_kept(self.best, False),
            "pct_alike": self.pct_alike, "front_n": len(self.front), "joint": self.joint,
        }  # fmt: skip
        first = self.surfaces[0]
        for place, value in enumerate(first.settings(self.best).values(), start=1):
            values[f"best{place}"] = float(value)
            values[f"best{place}_coded"] = float(self.best[place - 1])
        if self.reliable is not None:
            values["pct_reliable"] = self.pct_kept(self.reliable)
            values["d_reliable"] = self.overall_at(self.reliable)
            for place, value in enumerate(first.settings(self.reliable).values(), start=1):
                values[f"reliable{place}"] = float(value)
        each, d = self.pct_each(self.best), self.desirabilities(self.best)
        for place, one in enumerate(self.surfaces, start=1):
            mean = one.mean_at(self.best)[0]
            values |= {
                f"y{place}": mean.value, f"d{place}": float(d[place - 1]),
                f"pct_unit{place}": float(each[place - 1]),
            }  # fmt: skip
            intervals[f"y{place}"] = mean.interval
        return with_intervals(values, intervals)

    @property
    def verdict(self) -> Verdict:
        """The compromise, and how often a run there keeps every limit."""
        where = described(self.surfaces[0].settings(self.best))
        kept = self.pct_kept(self.best)
        rule = (
            f"D = 0 是有响应出界；单次试验全部合格的概率不低于 {ENOUGH:g} % 才算稳妥（本手册约定）"
        )
        source = "Derringer 与 Suich（1980）；Peterson（2004）"
        if self.overall == 0:
            pairs = zip(self.names, self.goals, self.predicted(self.best), strict=True)
            out = [name for name, goal, y in pairs if not goal.within(np.array([y]))[0]]
            text = (
                f"试验范围里没有一处设置能让全部响应的预测都在界限内；最接近的是 {where}，"
                f"那里“{'、'.join(out)}”仍然出界。要放宽要求，或扩大范围另做试验。"
            )
            return Verdict("bad", text, rule, source)
        level: Level = "good" if kept >= ENOUGH else "caution"
        text = (
            f"折中的设置：{where}，D = {format_number(self.overall, 3)}；"
            f"照这样做一次，全部合格的概率约 {format_number(kept, 3)} %。"
        )
        if level == "caution":
            each = self.pct_each(self.best)
            weak = self.names[int(each.argmin())]
            text += f"最没有把握的是“{weak}”（{format_number(float(each.min()), 3)} %）。"
        return Verdict(level, text, rule, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the surfaces warn of, and what the compromise rests on."""
        out: list[Check] = []

        def note(code: str, text: str, level: Level = "caution") -> None:
            out.append(Check(f"doe-desirability.{code}", text, level))

        for one in self.surfaces:
            lack = one.fit.lack_of_fit
            if lack is not None and lack[3] < 1 - one.confidence:
                note("lack-of-fit", f"“{one.response}”的模型失拟显著（{p_text(lack[3])}）："
                     "D 建立在一条不合数据的曲面上，折中点先要验证。")  # fmt: skip
            elif one.fit.pct_r2 < _POOR:
                note("poor-fit", f"“{one.response}”的模型只解释了 {one.fit.pct_r2:.0f} % 的变差，"
                     "它的意愿值不牢靠。")  # fmt: skip
        if self.region.on_border(self.best):
            note("border", "折中的设置在试验范围的边上，更好的折中也许在范围之外。")
        alike = self.pct_alike
        if alike >= MANY and self.interval.low < self.overall:
            note("chosen", f"D 不低于其区间下端的设置占试验范围的 {alike:.0f} %，折中点是从同一批"
                 "数据里挑出来的：它的 D 和合格的概率都偏乐观，要靠验证试验。")  # fmt: skip
        if not self.joint:
            note("independent", "各响应的误差是分开抽的（模型不同，或自由度太少），"
                 "没有计入它们之间的相关，联合概率是近似的。", "info")  # fmt: skip
        seen = {check.code: check for one in self.surfaces for check in one.given}
        return (*seen.values(), *out)
