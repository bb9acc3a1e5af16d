"""三级变差结果 What the three levels say, which instrument to use, and with what uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number
from qtools.msa.levels_clusters import Clusters
from qtools.msa.levels_parts import InstrumentBias, InstrumentLevels
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Codes, Vector

PARTS = ("重复性", "日间", "轮间")
ADVICE = (
    "多重复几次（分到几天里更好）",
    "多测几天再平均",
    "隔一段时间另测一轮，并用核查标准盯住它",
)


@dataclass(frozen=True, slots=True, eq=False)
class LevelStudy(Result):
    """三级变差研究结果 Standard deviations at three levels, differences, uncertainty.

    Parameters
    ----------
    value : str
        Column of the means of occasions.
    columns : tuple of (str or None)
        Columns of artefact, instrument, run.
    artefacts, runs : tuple of str
        Their names.
    codes : tuple of int arrays, each of shape (n,)
        Artefact, instrument and run of each row.
    deviations : ndarray of float64, shape (n,)
        Rows, from their artefact's average.
    repeats, days : int
        Repetitions of an occasion; days that a reported value will be the mean of.
    even : bool
        Whether all combinations have equally many rows.
    levels : tuple of InstrumentLevels
    biases : tuple of InstrumentBias
        Empty for one instrument.
    confidence : float
    clusters : Clusters or None
        Heaps of days of one combination that are far apart.
    """

    title: ClassVar[str] = "三级变差研究"

    value: str
    columns: tuple[str | None, str | None, str | None]
    artefacts: tuple[str, ...]
    runs: tuple[str, ...]
    codes: tuple[Codes, Codes, Codes]
    deviations: Vector
    repeats: int
    days: int
    even: bool
    levels: tuple[InstrumentLevels, ...]
    biases: tuple[InstrumentBias, ...]
    confidence: float
    clusters: Clusters | None

    def variance(self, place: int) -> float:
        """Variance of a value reported with an instrument, bias included."""
        bias = self.biases[place].variance if self.biases else 0.0
        return bias + sum(self.levels[place].shares(self.days))

    @property
    def best(self) -> int:
        """Position of the instrument with the smallest uncertainty."""
        return int(np.argmin([self.variance(place) for place in range(len(self.levels))]))

    @property
    def used(self) -> InstrumentLevels:
        """Levels of that instrument."""
        return self.levels[self.best]

    @property
    def correction(self) -> float:
        """What is added to its readings."""
        return self.biases[self.best].correction if self.biases else 0.0

    @property
    def u(self) -> float:
        """Standard uncertainty (type A) of a value reported with it."""
        return float(self.variance(self.best) ** 0.5)

    @property
    def u_df(self) -> float:
        """Welch–Satterthwaite degrees of freedom of u²."""
        weights = self.used.reported_weights(self.days)
        parts = weights * np.array(self.used.variances)
        below = float(np.sum(parts**2 / np.array(self.used.df)))
        if self.biases:
            bias = self.biases[self.best]
            below += bias.variance**2 / bias.df
        return self.variance(self.best) ** 2 / below

    @property
    def coverage(self) -> float:
        """Coverage factor k of the expanded uncertainty: quantile of Student's t."""
        from scipy.special import stdtrit

        return float(stdtrit(self.u_df, (1 + self.confidence) / 2))

    @property
    def parts(self) -> dict[str, float]:
        """u² of the reported value by source, in percent."""
        shares = dict(zip(PARTS, self.used.shares(self.days), strict=False))
        if self.biases:
            shares["偏差"] = self.biases[self.best].variance
        return {name: 100 * part / self.variance(self.best) for name, part in shares.items()}

    @property
    def largest(self) -> str:
        """Largest part of u²."""
        return max(self.parts, key=self.parts.__getitem__)

    def _u_interval(self, place: int) -> Interval:
        """Of the instrument's own part (without the bias), as a standard deviation."""
        level = self.levels[place]
        limits = level.interval(level.reported_weights(self.days), self.confidence)
        return Interval(limits.low**0.5, limits.high**0.5, self.confidence, limits.method)

    @property
    def separated(self) -> bool:
        """Whether the best instrument's own part lies below all the others' intervals."""
        high = self._u_interval(self.best).high
        others = [place for place in range(len(self.levels)) if place != self.best]
        return all(high < self._u_interval(place).low for place in others)

    def table(self) -> pd.DataFrame:
        """仪器表 One row an instrument: three levels, bias, correction, uncertainty."""
        import pandas as pd

        rows = []
        for place, level in enumerate(self.levels):
            sds = dict(zip(("s₁ 短期", "s₂ 日间", "s₃ 轮间"), level.sds, strict=False))
            row = {self.columns[1] or "仪器": level.name or "全部"} | sds
            if self.biases:
                bias = self.biases[place]
                row |= {"平均偏差": bias.mean, "偏差判读": bias.reading, "修正": bias.correction}
            rows.append(row | {"u": self.variance(place) ** 0.5})
        return pd.DataFrame(rows)

    def components(self) -> pd.DataFrame:
        """三级表 Levels of the instrument to be used: s, degrees of freedom, component, share."""
        import pandas as pd

        used, percent = self.used, f"{100 * self.confidence:g} %"
        rows = []
        for place, raw in enumerate(used.raw):
            limits = used.interval(used.weights[place], self.confidence)
            nominal = used.nominal if place == 2 else used.df[place]
            part = used.components[place] ** 0.5
            rows.append(
                [PARTS[place], used.sds[place], nominal, used.df[place], raw, part,
                 limits.low**0.5, limits.high**0.5, self.parts[PARTS[place]]]
            )  # fmt: skip
        heads = ["来源", "合并标准差 s", "名义自由度", "有效自由度", "方差分量（未截断）"]
        heads += ["分量的标准差", f"{percent} 下限", f"{percent} 上限", "占 u² %"]
        table = pd.DataFrame(rows, columns=heads)
        table["有效自由度"] = pd.Series(used.df, dtype=object)  # whole ones stay whole
        return table

    def plan(self) -> pd.DataFrame:
        """测量方案 Uncertainty of that instrument for other numbers of days and repeats."""
        import pandas as pd

        used, repeats = self.used, self.repeats
        bias = self.biases[self.best].variance if self.biases else 0.0
        rows = []
        for days, times in ((1, 1), (1, repeats), (1, 2 * repeats), (2, repeats), (3, repeats)):
            u = (sum(used.shares(days, times)) + bias) ** 0.5
            rows.append([f"{days} 天，每天 {times} 次", days * times, u])
        return pd.DataFrame(rows, columns=["方案", "测量总次数", "u"])

    def differences(self) -> pd.DataFrame:
        """偏差表 Deviations from the average of all instruments by run, with joint intervals."""
        import pandas as pd

        words = {-1: "偏低", 0: "含 0", 1: "偏高"}
        rows = [
            [level.name, run or "全部", mean, mean - bias.half, mean + bias.half, words[sense]]
            for level, bias in zip(self.levels, self.biases, strict=bool(self.biases))
            for run, mean, sense in zip(self.runs, bias.by_run, bias.seen, strict=True)
        ]
        percent = f"联合 {100 * self.confidence:g} %"
        heads = [self.columns[1] or "仪器", self.columns[2] or "轮次", "偏差"]
        return pd.DataFrame(rows, columns=[*heads, f"{percent} 下限", f"{percent} 上限", "区间"])

    def figure(self) -> go.Figure:
        """偏差图 Every row as a deviation from its artefact's average, by instrument and run."""
        from qtools.msa.levels_view import figure

        return figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: of the instrument used, then ``g1_…`` of each in order of appearance."""
        used, limits = self.used, self._u_interval(self.best)
        values: dict[str, Metric | None] = {
            "n": len(self.deviations),
            "n_instruments": len(self.levels),
            "n_runs": len(self.runs),
            "best": used.name or "全部",
            "correction": self.correction,
            "u": self.u,
            "u_df": self.u_df,
            "k": self.coverage,
            "expanded": self.coverage * self.u,
            "own_u": sum(used.shares(self.days)) ** 0.5,
            "largest": self.largest,
        }
        intervals: dict[str, Interval | None] = {"own_u": limits}
        names = ("repeat", "days", "runs")
        for place, (key, name) in enumerate(zip(names, PARTS, strict=True)):
            if place < len(used.variances):
                values[f"s{place + 1}"] = used.sds[place]
                values[f"df{place + 1}"] = used.df[place]
                values[f"{key}_var"] = used.components[place]
                values[f"{key}_pct"] = self.parts[name]
                intervals[f"{key}_var"] = used.interval(used.weights[place], self.confidence)
        if used.nominal:
            values["df3_nominal"] = used.nominal
        if self.biases:
            values["bias_pct"] = self.parts["偏差"]
            values["bias_se"] = self.biases[self.best].se
            for run, mean in enumerate(self.biases[self.best].by_run, 1):
                values[f"bias_run{run}"] = mean
                half = self.biases[self.best].half
                intervals[f"bias_run{run}"] = Interval(
                    mean - half, mean + half, self.confidence, ""
                )
        for place, level in enumerate(self.levels, 1):
            for number, s in enumerate(level.sds, 1):
                values[f"g{place}_s{number}"] = s
            if self.biases:
                values[f"g{place}_bias"] = self.biases[place - 1].mean
            values[f"g{place}_u"] = self.variance(place - 1) ** 0.5
        return with_intervals(values, intervals)

    @property
    def verdict(self) -> Verdict:
        """Which instrument, with which correction and uncertainty, and what would lower it."""
        plan = f"{self.days} 天、每天 {self.repeats} 次"
        text = f"按 {plan}的平均报告一个值，标准不确定度（A 类）u = {format_number(self.u, 3)}"
        level: Level = "info"
        if self.biases:
            name = f"{self.used.name}（{self.columns[1]}）"
            amount = format_number(abs(self.correction), 3)
            how = (
                f"读数{'加' if self.correction > 0 else '减'} {amount}"
                if self.correction
                else "不修正"
            )
            level = "good" if self.separated else "caution"
            text = f"用 {name}，{how}；{text}，{len(self.levels)} 台中最小，"
            text += "区间与别台分得开" if self.separated else "但区间与别台重叠，排名还不牢"
        step = dict(zip(PARTS, ADVICE, strict=True)).get(self.largest, "再测一轮，把偏差估准")
        share = self.parts[self.largest]
        text += f"。u² 里最大的是{self.largest}（{share:.0f} %）：要减小 u，先{step}。"
        if self.clusters is not None:
            level = "bad"
            text += "但日平均分成相距很远的几堆，这些数都不能用，先看提醒。"
        rule = (
            "选 u 最小的一台；每轮的偏差都同向、且联合区间不含 0 才修正，"
            "否则把平均偏差也算进 u。偏差是对各台平均的，不是对真值的"
            if self.biases
            else "u² = 轮间 + 日间 ÷ 天数 + 重复性 ÷ 总次数；负的分量按 0 计"
        )
        return Verdict(
            level, text, rule, "NIST/SEMATECH e-Handbook 2.4.5、2.6.3 节；选法为本手册约定"
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """Biases and spreads that change, runs that move artefacts together, …."""
        from qtools.msa.levels_view import checks

        return checks(self)
