"""偏倚研究 Bias study: one standard read many times, on one day or on several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import frames
from qtools.display import format_number, p_text
from qtools.errors import QualityDataError
from qtools.msa.criteria import BIAS, Ladder
from qtools.msa.means import MeanBias, mean_bias, readings, require_number
from qtools.msa.size import Width, judge, read_width
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals
from qtools.sigma import subgroup_statistics

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Vector

FEW_READINGS = 10
FEW_DAYS = 5
_NARROWER = 0.8  # an interval that takes readings as independent, against that of the days


@dataclass(frozen=True, slots=True, eq=False)
class BiasStudy(Result):
    """偏倚研究结果 Mean deviation from the reference, its t interval, and how much it matters.

    Parameters
    ----------
    value : str
        Column of readings.
    day : str or None
        Column of days; then each day's mean is one unit.
    names : tuple of str
        Names of the days; empty where each reading is a unit.
    units : ndarray of float64, shape (k,)
        Readings, or means of the days, in order of appearance.
    n : int
        Readings.
    reference : float
        Value of the standard.
    mean : MeanBias
        From the units.
    naive : MeanBias
        From the readings, as if all were independent.
    width : Width or None
        What the bias is compared with.
    criteria : Ladder
        Bands of the size of a bias, in percent of the width.
    """

    title: ClassVar[str] = "偏倚研究"

    value: str
    day: str | None
    names: tuple[str, ...]
    units: Vector
    n: int
    reference: float
    mean: MeanBias
    naive: MeanBias
    width: Width | None
    criteria: Ladder

    @property
    def unit(self) -> str:
        """What is counted as independent."""
        return "读数" if self.day is None else f"“{self.day}”的平均"

    @property
    def pct_bias(self) -> float | None:
        """Size of the bias in percent of the width; None without one."""
        return None if self.width is None else self.width.percent(self.mean.bias)

    @property
    def intervals(self) -> dict[str, Interval]:
        """By metric key: ``bias``, and ``pct_bias`` where there is a width."""
        found = {"bias": self.mean.interval}
        if self.width is not None:
            found["pct_bias"] = self.width.interval(self.mean.interval)
        return found

    def table(self) -> pd.DataFrame:
        """偏倚表 Bias with its interval and test, and its size."""
        import pandas as pd

        percent = f"{100 * self.mean.confidence:g} %"
        lines: list[tuple[str, float, Interval, MeanBias | None]] = [
            (f"偏倚（{self.unit}为单位）", self.mean.bias, self.mean.interval, self.mean)
        ]
        if self.day is not None:
            naive = self.naive
            lines.append(("对照：把每个读数当作独立", naive.bias, naive.interval, naive))
        if self.width is not None:
            size = self.width.percent(self.mean.bias)
            lines.append((f"占{self.width.name} %", size, self.intervals["pct_bias"], None))
        rows = [
            [
                name, number, limits.low, limits.high, mean and mean.n, mean and mean.sd,
                mean and mean.t, mean and mean.p,
            ]
            for name, number, limits, mean in lines
        ]  # fmt: skip
        heads = [
            "指标",
            "估计值",
            f"{percent} 下限",
            f"{percent} 上限",
            "单位数",
            "标准差",
            "t",
            "p",
        ]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """运行图 Units in order, the reference, the interval of their mean."""
        from qtools.msa.bias_view import run_chart

        room = None
        if self.width is not None:
            room = self.criteria.limits[0] / 100 * self.width.value
        limits = self.mean.interval
        noun = "读数" if self.day is None else f"{self.day}平均"
        alt = (
            f"运行图：{self.mean.n} 个{noun}按次序排列，基准值 {self.reference:g}，"
            f"阴影是平均值的区间。{self.verdict.text}"
        )
        return run_chart(
            self.units,
            self.reference,
            room,
            self.value,
            "偏倚研究：读数与基准值",
            alt,
            names=self.names,
            noun=self.day or "测量次序",
            band=(self.reference + limits.low, self.reference + limits.high),
        )

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``bias`` with limits, ``t``, ``p``, ``sd``, ``pct_bias`` …."""
        values: dict[str, Metric | None] = {
            "n": self.n,
            "n_units": self.mean.n,
            "bias": self.mean.bias,
            "sd": self.mean.sd,
            "df": self.mean.df,
            "t": self.mean.t,
            "p": self.mean.p,
            "naive_t": None if self.day is None else self.naive.t,
            "naive_p": None if self.day is None else self.naive.p,
            "pct_bias": self.pct_bias,
        }
        return with_intervals(values, self.intervals)

    @property
    def verdict(self) -> Verdict:
        """Whether a bias is seen, whether it matters, and whether the two agree."""
        limits, percent = self.mean.interval, f"{100 * self.mean.confidence:g} %"
        low, high = format_number(limits.low, 3), format_number(limits.high, 3)
        seen = self.mean.significant
        text = "有偏倚" if seen else "看不出偏倚"
        numbers = f"平均偏倚 {format_number(self.mean.bias, 4)}，{percent} 区间从 {low} 到 {high}"
        numbers += "，不含 0" if seen else "，含 0"
        level: Level = "caution" if seen else "good"
        told = "给出公差或过程变差，才能说要不要紧" if seen else ""
        if self.width is not None:
            level, told = judge(seen, self.mean.bias, limits, self.width, self.criteria)
            told = told if seen or level == "good" else f"但{told}"
        parts = "；".join(filter(None, (numbers, told)))
        return Verdict(level, f"{text}：{parts}。", self.criteria.rule, self.criteria.source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Days that move together, few units, readings taken as independent."""
        out = []
        if self.day is None:
            if self.mean.n < FEW_READINGS:
                text = f"只有 {self.mean.n} 个读数（惯例至少 {FEW_READINGS} 个），区间很宽。"
                out.append(Check("bias.few-readings", text))
            text = (
                "没有给出测量日期，每个读数都当作独立的。若是同一天接连测的，真实的区间要宽得多；"
                "请分几天测，并写明日期所在的列。"
            )
            return (*out, Check("bias.no-days", text, "info"))
        width = [mean.interval.high - mean.interval.low for mean in (self.naive, self.mean)]
        if width[0] < _NARROWER * width[1]:
            text = (
                f"同一“{self.day}”的读数彼此相近：把 {self.n} 个读数当作独立，区间会缩到 "
                f"{100 * width[0] / width[1]:.0f} %，"
                f"{p_text(self.naive.p or 0.0)}；按“{self.day}”算，{p_text(self.mean.p or 0.0)}。"
                "结论以后者为准。"
            )
            out.append(Check("bias.days-differ", text))
        if self.mean.n < FEW_DAYS:
            text = f"只有 {self.mean.n} 个“{self.day}”，区间很宽；多测几天，比一天多测几次有用。"
            out.append(Check("bias.few-days", text))
        return tuple(out)


def bias_study(
    df: pd.DataFrame,
    *,
    value: str,
    reference: float,
    day: str | None = None,
    tolerance: float | None = None,
    process_variation: float | None = None,
    confidence: float = 0.95,
    criteria: Ladder = BIAS,
) -> BiasStudy:
    """偏倚研究 Bias study: t interval of the mean deviation from a reference value.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        One row a reading of one standard, at least two.
    value : str
        Column of readings, or of differences with ``reference=0``.
    reference : float
        Value of the standard, in the unit of the readings.
    day : str, optional
        Column of days (or shifts, runs). Readings of one day are not independent, so the mean of
        each day is then one unit; days count alike, however many readings they have.
    tolerance, process_variation : float, optional
        Width that the bias is compared with: USL − LSL, or 6σ of the process. Not both.
    confidence : float
        Level of the intervals.
    criteria : Ladder
        Bands of the size of a bias in percent of that width.

    Returns
    -------
    BiasStudy
        b = mean of the units − reference; b ± t(1−α/2; k−1)·s/√k from k units.

    Raises
    ------
    QualityDataError
        If an option or a cell is unusable, there are fewer than two units, or they are all equal.

    References
    ----------
    AIAG, Measurement Systems Analysis, 4th ed. (2010), chapter III section B (independent sample
    method). Units of analysis: NIST/SEMATECH e-Handbook of Statistical Methods, 2.5.3.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"读数": [6.1, 5.9, 6.2, 6.3, 6.0, 6.1]})
    >>> study = bias_study(df, value="读数", reference=6.0)
    >>> round(study.mean.bias, 4), round(study.mean.t, 4)
    (0.1, 1.7321)
    """
    frames.require_confidence(confidence)
    require_number("基准值 reference", reference)
    width = read_width(tolerance, process_variation)
    frames.require_columns(df, [value] if day is None else [value, day])
    deviations = readings(df, value, "偏倚研究") - reference
    naive = mean_bias(deviations, confidence)
    names: tuple[str, ...] = ()
    units = deviations
    if day is not None:
        codes, labels = frames.codes(df, day)
        if len(labels) < 2:
            raise QualityDataError(
                f"{frames.source(df)}列“{day}”里只有“{labels[0]}”一个，看不出隔日的变化。",
                hint="请至少分 2 天测；只有一天的数据，就不要写日期所在的列。",
            )
        names, units = tuple(labels), subgroup_statistics(deviations, codes).mean
    mean = naive if day is None else mean_bias(units, confidence)
    if mean.sd == 0:
        raise QualityDataError(
            f"{frames.source(df)}各个“{day}”的平均读数完全一样，估不出它们之间的变差。",
            hint="请核对数据；也可以不写日期所在的列，按读数分析。",
        )
    return BiasStudy(
        value, day, names, units + np.float64(reference), deviations.size, float(reference),
        mean, naive, width, criteria,
    )  # fmt: skip
