"""线性研究结果 What a linearity study found: the line of bias, each standard, the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number
from qtools.estimate import Estimate
from qtools.msa.criteria import Ladder
from qtools.msa.line import Line
from qtools.msa.means import MeanBias, mean_bias
from qtools.msa.size import Width, judge
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals
from qtools.sigma import subgroup_statistics

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Codes, Vector


CURVED = 0.05  # lack of fit below this p value: a line is not enough


@dataclass(frozen=True, slots=True, eq=False)
class LinearityStudy(Result):
    """线性研究结果 Line of bias on reference, bias at each standard, lack of fit.

    Parameters
    ----------
    value, reference : str
        Columns of readings and of reference values.
    x, bias : ndarray of float64, shape (n,)
        Reference value and bias of each reading.
    codes : ndarray of intp, shape (n,)
        Which standard each reading belongs to.
    names : tuple of str
        Standards, in order of their reference values.
    line : Line
        Bias on reference.
    pure_ss : float
        Sum of squares of repeats about the mean of their reference value.
    pure_df : int
        Its degrees of freedom.
    strays : tuple of int
        Rows whose reading lies much nearer to another standard.
    width : Width or None
        What the bias is compared with.
    criteria : Ladder
        Bands of the size of a bias, in percent of the width.
    """

    title: ClassVar[str] = "线性研究"

    value: str
    reference: str
    x: Vector
    bias: Vector
    codes: Codes
    names: tuple[str, ...]
    line: Line
    pure_ss: float
    pure_df: int
    strays: tuple[int, ...]
    width: Width | None
    criteria: Ladder

    @property
    def intercept(self) -> Estimate:
        """Height of the line at a reference value of 0."""
        return self.line.at(0.0)

    @property
    def mean_bias(self) -> Estimate:
        """Height of the line at the mean reference value: the bias of all readings on average."""
        return self.line.at(self.line.center)

    @property
    def ends(self) -> tuple[tuple[float, Estimate], tuple[float, Estimate]]:
        """Both ends of the range, and the bias there on the line."""
        low, high = float(self.x.min()), float(self.x.max())
        return (low, self.line.at(low)), (high, self.line.at(high))

    @property
    def worst(self) -> tuple[float, Estimate]:
        """End of the range where the line is farthest from 0, and the bias there."""
        return max(self.ends, key=lambda end: abs(end[1].value))

    @property
    def _ends(self) -> str:
        """How a line without a mean bias runs: far standards can have the same sign."""
        (_, low), (_, high) = self.ends
        return "，两端一高一低" if low.value * high.value < 0 else ""

    @property
    def lack_of_fit(self) -> tuple[float, float] | None:
        """F and p of "a line is enough"; None with two references, or without spread of repeats."""
        levels = np.unique(self.x).size
        if levels < 3 or self.pure_df == 0 or self.pure_ss == 0:
            return None
        from scipy.special import fdtrc

        rest = max(self.line.sse - self.pure_ss, 0.0) / (levels - 2)
        f = rest / (self.pure_ss / self.pure_df)
        return f, float(fdtrc(levels - 2, self.pure_df, f))

    @property
    def repeat_sd(self) -> float | None:
        """Pooled standard deviation of repeats of one reference value; None without repeats."""
        return float((self.pure_ss / self.pure_df) ** 0.5) if self.pure_df else None

    @property
    def curved(self) -> bool:
        """Whether a line is not enough."""
        lack = self.lack_of_fit
        return lack is not None and lack[1] < CURVED

    @property
    def means(self) -> Vector:
        """Mean bias of each standard; what is no more than rounding is 0."""
        means = subgroup_statistics(self.bias, self.codes).mean
        least = 8 * np.finfo(float).eps * float(np.abs(self.x).max())
        return np.where(np.abs(means) <= least, 0.0, means)

    @property
    def fails(self) -> tuple[str, ...]:
        """Which of ``"location"`` (the level) and ``"slope"`` differs from 0."""
        location, slope = self.mean_bias.significant, self.line.slope_estimate.significant
        return ("location",) * location + ("slope",) * slope

    @property
    def intervals(self) -> dict[str, Interval]:
        """Limits by metric key."""
        slope = self.line.slope_estimate.interval
        found = {
            "slope": slope,
            "intercept": self.intercept.interval,
            "mean_bias": self.mean_bias.interval,
            "worst_bias": self.worst[1].interval,
            "pct_linearity": Width(1.0, "").interval(slope),
        }
        if self.width is not None:
            found["pct_worst_bias"] = self.width.interval(self.worst[1].interval)
            found["pct_mean_bias"] = self.width.interval(self.mean_bias.interval)
        for place, test in enumerate(self.tests(), start=1):
            if test is not None:
                found[f"bias{place}"] = test.interval
        return found

    def tests(self) -> list[MeanBias | None]:
        """Mean bias of each standard from its own repeats; None where it was read once."""
        own = [self.bias[self.codes == place] for place in range(len(self.names))]
        return [mean_bias(b, self.line.confidence) if b.size > 1 else None for b in own]

    def table(self) -> pd.DataFrame:
        """线性表 Slope, level and intercept of the line with their tests and intervals."""
        import pandas as pd

        percent = f"{100 * self.line.confidence:g} %"
        place, worst = self.worst
        lines = {
            "斜率（线性）": self.line.slope_estimate,
            "平均偏倚（位置）": self.mean_bias,
            "截距（参考值为 0 处）": self.intercept,
            f"两端中偏倚较大处（参考值 {format_number(place)}）": worst,
        }
        heads = ["项", "估计值", f"{percent} 下限", f"{percent} 上限", "标准误", "t", "p"]
        rows = [
            [name, e.value, e.interval.low, e.interval.high, e.se, e.t, e.p]
            for name, e in lines.items()
        ]
        return pd.DataFrame(rows, columns=heads)

    def standards(self) -> pd.DataFrame:
        """各标准件 Mean bias of each standard, with the t interval of its own repeats."""
        import pandas as pd

        percent = f"{100 * self.line.confidence:g} %"
        stats = subgroup_statistics(self.bias, self.codes)
        first = np.unique(self.codes, return_index=True)[1]
        rows: list[list[object]] = []
        for place, test in enumerate(self.tests()):
            row = [self.names[place], float(self.x[first[place]]), int(stats.size[place])]
            rest: list[object] = [None] * 5
            if test is not None:
                rest = [test.interval.low, test.interval.high, test.sd, test.t, test.p]
            rows.append([*row, float(self.means[place]), *rest])
        heads = ["标准件", "参考值", "读数个数", "平均偏倚", f"{percent} 下限", f"{percent} 上限"]
        table = pd.DataFrame(rows, columns=[*heads, "标准差", "t", "p"])
        named_by_value = list(self.names) == [f"{value:g}" for value in table["参考值"]]
        return table.drop(columns="标准件") if named_by_value else table

    def figure(self) -> go.Figure:
        """线性图 Bias against reference: readings, means, the line with its band, and 0."""
        from qtools.msa.linearity_view import draw

        return draw(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``slope``, ``intercept``, ``mean_bias`` …; ``bias1`` … by standard."""
        slope, lack = self.line.slope_estimate, self.lack_of_fit
        values: dict[str, Metric | None] = {
            "n": self.line.n,
            "df": self.line.df,
            "slope": slope.value,
            "slope_t": slope.t,
            "slope_p": slope.p,
            "intercept": self.intercept.value,
            "intercept_t": self.intercept.t,
            "intercept_p": self.intercept.p,
            "mean_bias": self.mean_bias.value,
            "mean_bias_t": self.mean_bias.t,
            "mean_bias_p": self.mean_bias.p,
            "worst_bias": self.worst[1].value,
            "s": self.line.s,
            "pct_r2": self.line.pct_r2,
            "pct_linearity": 100 * abs(slope.value),
            "lack_of_fit_f": lack and lack[0],
            "lack_of_fit_p": lack and lack[1],
        }
        if self.width is not None:
            values["pct_mean_bias"] = self.width.percent(self.mean_bias.value)
            values["pct_worst_bias"] = self.width.percent(self.worst[1].value)
        values |= {f"bias{place}": float(mean) for place, mean in enumerate(self.means, start=1)}
        return with_intervals(values, self.intervals)

    @property
    def verdict(self) -> Verdict:
        """Whether location or slope fails, whether a line tells it, and whether that matters."""
        fails, slope = self.fails, self.line.slope_estimate
        mean = format_number(self.mean_bias.value, 4)
        text = {
            (): "看不出偏倚，也看不出偏倚随量值变化",
            ("location",): f"位置不过关：平均偏 {mean}；看不出偏倚随量值变化",
            ("slope",): f"线性不过关：偏倚随量值变化{self._ends}，平均起来却看不出",
            ("location", "slope"): (
                f"位置和线性都不过关：平均偏 {mean}，而且偏倚随量值变化，不能只减一个常数"
            ),
        }[fails]
        low, high = (format_number(v, 3) for v in (slope.interval.low, slope.interval.high))
        percent = f"{100 * self.line.confidence:g} %"
        numbers = f"斜率 {format_number(slope.value, 4)}，{percent} 区间从 {low} 到 {high}"
        level: Level = "info" if not fails else "bad" if "slope" in fails else "caution"
        place, worst = self.worst
        told = "给出公差或过程变差，才能说要不要紧"
        if not fails:
            ends = (format_number(v, 3) for v in (worst.interval.low, worst.interval.high))
            told = (
                f"看不出不等于没有：参考值 {format_number(place)} 处的偏倚，"
                f"{percent} 区间从 {' 到 '.join(ends)}，{told}"
            )
        if self.width is not None:
            level, told = judge(bool(fails), worst.value, worst.interval, self.width, self.criteria)
            told = f"偏倚较大的一端（参考值 {format_number(place)}）{told}"
        parts = "；".join(filter(None, (numbers, told)))
        rule = "斜率的区间含 0，就看不出偏倚随量值变化；" + self.criteria.rule
        if self.curved and level in ("good", "info"):
            level = "caution"
        return Verdict(level, f"{text}。{parts}。{self._doubts}", rule, self.criteria.source)

    @property
    def _doubts(self) -> str:
        """What makes the line a poor answer, in sentences."""
        found = ""
        if self.curved and not self.strays:
            place = int(np.argmax(np.abs(self.means)))
            found = (
                "但偏倚弯着变，一条直线说不清：各标准件的平均偏倚里最大的是 "
                f"{format_number(float(self.means[place]), 3)}（标准件 {self.names[place]}），"
                "要分段看、分段修正。"
            )
        if self.strays:
            rows = "、".join(map(str, self.strays[:3])) + (" 等" if len(self.strays) > 3 else "")
            found += f"先核对第 {rows} 行，像是拿错标准件或填错参考值；改正以前，上面的数都不算。"
        return found

    @property
    def checks(self) -> tuple[Check, ...]:
        """Stray rows, a curve, uneven spread, few standards or repeats."""
        from qtools.msa.linearity_caveats import caveats

        return caveats(self)
