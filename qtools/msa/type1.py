"""一型研究 Type-1 gauge study: one person, one standard, many readings; Cg and Cgk.

Cg sets the spread of the repeats against a share of the tolerance; Cgk takes the bias off that
share first. Houses differ in the share (0.20 or 0.15 of the tolerance) and in the width of the
spread (6s or 4s): both are parameters, and every result names those it used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools import frames
from qtools.capability.indices import chi_factors
from qtools.display import format_number, p_text
from qtools.errors import QualityDataError
from qtools.msa.criteria import TYPE1, Ladder
from qtools.msa.means import MeanBias, mean_bias, readings, require_number, step
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Vector

FEW = 25  # usual are 50 readings, and not under 25
RESOLUTION = 0.05  # of the tolerance: coarser readings hide the spread
_BISSELL = "Bissell 正态近似"


@dataclass(frozen=True, slots=True, eq=False)
class Type1Study(Result):
    """一型研究结果 Bias and repeatability on one standard against a share of the tolerance.

    Parameters
    ----------
    value : str
        Column of readings.
    readings : ndarray of float64, shape (n,)
        In the order they were taken.
    reference, tolerance : float
        Value of the standard, and the width USL − LSL, in the unit of the readings.
    share : float
        Part of the tolerance that the gauge may use.
    k : float
        Width of the spread in standard deviations.
    mean : MeanBias
        Bias with its t test.
    criteria : Ladder
        Bands of Cg and Cgk.
    """

    title: ClassVar[str] = "一型研究（Cg、Cgk）"

    value: str
    readings: Vector
    reference: float
    tolerance: float
    share: float
    k: float
    mean: MeanBias
    criteria: Ladder

    @property
    def room(self) -> float:
        """Half of the share: how far a reading may lie from the reference."""
        return self.share * self.tolerance / 2

    @property
    def cg(self) -> float:
        """Share of the tolerance over k standard deviations."""
        return 2 * self.room / (self.k * self.mean.sd)

    @property
    def cgk(self) -> float:
        """Room that the bias leaves over k/2 standard deviations; negative beyond the room."""
        return (self.room - abs(self.mean.bias)) / (self.k / 2 * self.mean.sd)

    @property
    def pct_bias(self) -> float:
        """Bias in percent of the tolerance, without sign."""
        return 100 * abs(self.mean.bias) / self.tolerance

    @property
    def step(self) -> float | None:
        """Least distance between readings that differ; None where no reading repeats."""
        return step(self.readings)

    @property
    def intervals(self) -> dict[str, Interval]:
        """By metric key: t for the bias, χ² for Cg, Bissell's approximation for Cgk."""
        from scipy.special import ndtri

        mean, confidence = self.mean, self.mean.confidence
        low, high = chi_factors(mean.df, confidence)
        z = float(ndtri((1 + confidence) / 2))
        se = math.sqrt(1 / (mean.n * (self.k / 2) ** 2) + self.cgk**2 / (2 * mean.df))
        return {
            "bias": mean.interval,
            "sd": Interval(mean.sd / high, mean.sd / low, confidence, "χ²"),
            "cg": Interval(self.cg * low, self.cg * high, confidence, "χ²"),
            "cgk": Interval(self.cgk - z * se, self.cgk + z * se, confidence, _BISSELL),
        }

    @property
    def fails(self) -> tuple[str, ...]:
        """Which of ``"spread"`` and ``"location"`` keeps the gauge from passing.

        The spread where Cg fails: no correction of the bias could help. The location where Cgk
        fails although Cg does not, or where a significant bias leaves no room, so that no spread
        could be small enough.
        """
        spread = self.criteria.band(self.cg).level != "good"
        below = self.criteria.band(self.cgk).level != "good"
        alone = self.mean.significant and abs(self.mean.bias) >= self.room
        location = below and (alone if spread else True)
        return ("spread",) * spread + ("location",) * location

    def table(self) -> pd.DataFrame:
        """研究表 Index, estimate, interval and how the interval was found."""
        import pandas as pd

        percent = f"{100 * self.mean.confidence:g} %"
        shown = {
            "cg": (f"Cg（{self.share:g}T／{self.k:g}s）", self.cg),
            "cgk": ("Cgk", self.cgk),
            "bias": ("偏倚", self.mean.bias),
            "sd": ("标准差 s", self.mean.sd),
        }
        rows = []
        for key, (name, number) in shown.items():
            limits = self.intervals[key]
            rows.append([name, number, limits.low, limits.high, limits.method])
        heads = ["指标", "估计值", f"{percent} 下限", f"{percent} 上限", "区间方法"]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """运行图 Readings in order, the reference, and the room of ± half the share."""
        from qtools.msa.bias_view import run_chart

        room = format_number(self.room, 3)
        alt = (
            f"运行图：{self.mean.n} 个读数按测量次序排列，基准值 {self.reference:g}，"
            f"虚线是基准值 ± {room}（公差的 ± {50 * self.share:g} %）。{self.verdict.text}"
        )
        return run_chart(
            self.readings, self.reference, self.room, self.value, "一型研究的运行图", alt
        )

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``cg``, ``cgk``, ``bias``, ``sd`` with limits, the test, ``step``."""
        values: dict[str, Metric | None] = {
            "n": self.mean.n,
            "cg": self.cg,
            "cgk": self.cgk,
            "bias": self.mean.bias,
            "sd": self.mean.sd,
            "t": self.mean.t,
            "p": self.mean.p,
            "pct_bias": self.pct_bias,
            "step": self.step,
            "share": self.share,
            "k": self.k,
        }
        return with_intervals(values, self.intervals)

    @property
    def verdict(self) -> Verdict:
        """Whether the gauge passes, what fails, and how firm that is."""
        fails = self.fails
        band = self.criteria.band(min(self.cg, self.cgk))
        numbers = f"Cg = {self.cg:.2f}，Cgk = {self.cgk:.2f}"
        why = {
            (): "",
            ("spread",): f"；不过关的是散布（重复性）{self._location}",
            ("location",): "；散布够小，不过关的是位置（偏倚），修正偏倚后再测",
            ("spread", "location"): "；散布和位置都不过关，先管散布",
        }[fails]
        line = self.criteria.limits[0]
        firm = [
            f"{name} 的 {100 * self.mean.confidence:g} % 区间从 {limits.low:.2f} 到 "
            f"{limits.high:.2f}"
            for name, limits in (("Cg", self.intervals["cg"]), ("Cgk", self.intervals["cgk"]))
            if limits.low < line <= limits.high
        ]
        note = f"。{'，'.join(firm)}，跨过了 {line:g}，这个结论还不稳" if firm else ""
        rule = f"{self.criteria.rule}。口径：公差的 {100 * self.share:g} %，{self.k:g}s"
        text = f"{band.name}：{numbers}{why}{note}。"
        return Verdict(band.level, text, rule, self.criteria.source)

    @property
    def _location(self) -> str:
        """What can be said of the location where the spread fails alone."""
        limits = self.mean.interval
        if max(abs(limits.low), abs(limits.high)) >= self.room:
            return "；位置过不过关还看不出，偏倚的区间够到了允许的偏差之外"
        if not self.mean.significant:
            return "，不是位置"
        share = 100 * abs(self.mean.bias) / self.room
        return f"；偏倚显著，占去允许偏差的 {share:.0f} %，先管散布"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Coarse readings, a significant bias, few readings."""
        out = []
        if self.step is not None and self.step > RESOLUTION * self.tolerance:
            text = (
                f"读数的最小间隔 {format_number(self.step, 3)} 是公差的 "
                f"{100 * self.step / self.tolerance:.1f} %，超过 {100 * RESOLUTION:g} %："
                "分辨力不够，Cg 被取整左右，不可靠。请先换读得更细的量具。"
            )
            out.append(Check("type1.resolution", text, "bad"))
        if self.mean.significant and self.mean.p is not None:
            text = (
                f"偏倚显著（{p_text(self.mean.p)}），约为公差的 {self.pct_bias:.1f} %："
                "即使合格，也宜校准或修正，以免全部读数偏向一边。"
            )
            out.append(Check("type1.bias-significant", text))
        if self.mean.n < FEW:
            text = (
                f"只有 {self.mean.n} 个读数（惯例 50 个，至少 {FEW} 个）：区间很宽，"
                "Cg 和 Cgk 只作参考。"
            )
            out.append(Check("type1.few-readings", text))
        return tuple(out)


def type1_study(
    df: pd.DataFrame,
    *,
    value: str,
    reference: float,
    tolerance: float,
    share: float = 0.20,
    k: float = 6.0,
    confidence: float = 0.95,
    criteria: Ladder = TYPE1,
) -> Type1Study:
    """一型研究 Cg and Cgk from repeated readings of one standard by one person.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        One row a reading, in the order they were taken, at least two.
    value : str
        Column of readings.
    reference : float
        Value of the standard, in the unit of the readings.
    tolerance : float
        USL − LSL of the characteristic, in the same unit.
    share : float
        Part of the tolerance that the gauge may use, above 0 and up to 1: 0.20 or 0.15.
    k : float
        Width of the spread: 6 or 4 standard deviations.
    confidence : float
        Level of all intervals.
    criteria : Ladder
        Bands of Cg and Cgk.

    Returns
    -------
    Type1Study
        Cg = share·T/(k·s), Cgk = (share/2·T − |x̄ − reference|)/(k/2·s), s with divisor n − 1.

    Raises
    ------
    QualityDataError
        If an option or a cell is unusable, there are fewer than two readings, or all are equal.

    Notes
    -----
    (n − 1)s²/σ² is χ², so Cg has an exact interval. Cgk has that of Cpk with k/2 in the place of
    3 (Bissell 1990, Applied Statistics 39(3), 331-340): C ± z √(1/(n(k/2)²) + C²/(2(n − 1))).
    All suppose independent normal readings.

    References
    ----------
    ISO 22514-7 (capability of measurement processes); variants by house.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"读数": [10.01, 9.99, 10.00, 10.02, 9.98, 10.00]})
    >>> study = type1_study(df, value="读数", reference=10.0, tolerance=0.5)
    >>> round(study.cg, 4), round(study.cgk, 4)
    (1.1785, 1.1785)
    """
    frames.require_confidence(confidence)
    require_number("基准值 reference", reference)
    require_number("公差 tolerance", tolerance, positive=True)
    require_number("散布宽度 k", k, positive=True)
    if not frames.is_number(share) or not 0 < share <= 1:
        raise QualityDataError(
            f"公差份额 share={share!r} 不在 0 和 1 之间。", hint="20 % 写成 0.20。"
        )
    frames.require_columns(df, [value])
    x = readings(df, value, "一型研究")
    mean = mean_bias(x - reference, confidence)
    return Type1Study(
        value, x, float(reference), float(tolerance), float(share), float(k), mean, criteria
    )
