"""偏倚的大小 How large a bias is for the user: in percent of the tolerance or process variation."""

from __future__ import annotations

from dataclasses import dataclass

from qtools.errors import QualityDataError
from qtools.msa.criteria import Ladder
from qtools.msa.means import require_number
from qtools.result import Interval, Level


@dataclass(frozen=True, slots=True)
class Width:
    """尺子 What a bias is compared with.

    Parameters
    ----------
    value : float
        Width in the unit of the readings, above 0.
    name : str
        What it is: 公差 or 过程变差.
    """

    value: float
    name: str

    def percent(self, bias: float) -> float:
        """Size of a bias in percent of the width."""
        return 100 * abs(bias) / self.value

    def interval(self, limits: Interval) -> Interval:
        """Limits of a bias as limits of its size: from 0 where the bias may be 0."""
        low, high = sorted((self.percent(limits.low), self.percent(limits.high)))
        low = 0.0 if 0.0 in limits else low
        return Interval(low, high, limits.confidence, limits.method)


def read_width(tolerance: object, process_variation: object) -> Width | None:
    """尺子 The one that was given, or None.

    Parameters
    ----------
    tolerance : float, optional
        USL − LSL.
    process_variation : float, optional
        Six standard deviations of the process.

    Raises
    ------
    QualityDataError
        If both are given, or one is not a positive number.
    """
    given = {"公差": tolerance, "过程变差": process_variation}
    options = {"公差": "tolerance", "过程变差": "process_variation"}
    found = {name: value for name, value in given.items() if value is not None}
    if len(found) > 1:
        raise QualityDataError(
            "公差 tolerance 和过程变差 process_variation 只能给一个。",
            hint="拿偏倚去比规范，给公差；拿它去比过程的散布，给过程变差（6σ）。",
        )
    for name, value in found.items():
        require_number(f"{name} {options[name]}", value, positive=True)
        return Width(float(value), name)  # type: ignore[arg-type]
    return None


def judge(
    seen: bool, bias: float, limits: Interval, width: Width, criteria: Ladder
) -> tuple[Level, str]:
    """两件事合起来判 Whether a bias is significant and whether it is large, in one clause.

    Parameters
    ----------
    seen : bool
        Whether it is significant.
    bias : float
    limits : Interval
        Of the bias, in the unit of the readings.
    width : Width
    criteria : Ladder
        Bands of its size in percent of the width; the best one counts as small.
    """
    size, worst = width.percent(bias), width.interval(limits).high
    band, firm = criteria.band(size), criteria.band(worst).level == "good"
    limit = f"{criteria.limits[0]:g} %"
    share, most = f"占{width.name}的 {size:.1f} %", f"最多可到{width.name}的 {worst:.1f} %"
    if not seen and firm:
        return "good", f"{most}，不超过 {limit}"
    if not seen:
        return "caution", f"{most}：看不出不等于没有，数据还不够"
    if band.level != "good":
        least = width.interval(limits).low
        sure = criteria.band(least).level != "good"
        doubt = "" if sure else f"（区间从 {least:.1f} % 起，跨过 {limit}，要不要紧还不牢）"
        return band.level, f"{share}，超过 {limit}：既显著又要紧，先校准或修正{doubt}"
    if firm:
        return "caution", f"{share}：显著但不大，可以先用，宜修正"
    return "caution", f"{share}：显著，{most}，还不能放心"
