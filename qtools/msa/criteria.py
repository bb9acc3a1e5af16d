"""接收准则 Acceptance criteria of measurement systems, as data: replace a table, not the code.

Manuals leave the borders between their bands open ("under 10 %", "10 % to 30 %", "over 30 %").
Each band here says whether its border belongs to it, and the rule's sentence says so too.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtools.result import Interval, Level


@dataclass(frozen=True, slots=True)
class Band:
    """等级带 One rung of a ladder, taken by what no better rung took.

    Parameters
    ----------
    limit : float
        Border towards the next worse band, in the unit of the index; the last band has ±inf.
    closed : bool
        Whether the border itself belongs to this band.
    level : {"good", "caution", "bad", "info"}
    name : str
        The decision in Chinese.
    """

    limit: float
    closed: bool
    level: Level
    name: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """判定阶梯 Bands of one index from best to worst, with the rule and its source.

    Parameters
    ----------
    bands : tuple of Band
        Best first; the last one has no border.
    rule : str
        The criteria in one Chinese sentence, the borders' side included.
    source : str
        Where they come from.
    rising : bool
        True where a large value is bad (%GRR, miss rate), False where it is good (kappa, Cg).
    """

    bands: tuple[Band, ...]
    rule: str
    source: str
    rising: bool = True

    def band(self, value: float) -> Band:
        """The band of a value; rounding of the last digits does not move it over a border.

        Examples
        --------
        >>> [GAGE.band(value).name for value in (9.99, 10, 30, 30.01)]
        ['可接受', '视用途而定', '视用途而定', '不可接受']
        """
        value = round(value, 9)
        for band in self.bands[:-1]:
            inside = value < band.limit if self.rising else value > band.limit
            if inside or (band.closed and value == band.limit):
                return band
        return self.bands[-1]

    @property
    def limits(self) -> tuple[float, ...]:
        """Borders between the bands, from the best on."""
        return tuple(band.limit for band in self.bands[:-1])

    def reaches_worst(self, span: Interval | None) -> bool:
        """Whether an interval reaches into a band that is bad.

        Examples
        --------
        >>> [GAGE.reaches_worst(Interval(6.0, high, 0.9, "")) for high in (30.0, 71.0)]
        [False, True]
        """
        if span is None:
            return False
        return self.band(span.high if self.rising else span.low).level == "bad"


@dataclass(frozen=True, slots=True)
class GageCriteria(Ladder):
    """量具接收准则 Bands of %GRR, and the least number of distinct categories.

    Parameters
    ----------
    ndc_minimum : int
        Fewest distinct categories.
    """

    ndc_minimum: int = 5


# Policy of gauge and attribute studies alike, a part of the rule that their verdicts state.
UNPROVEN = "估计值可接受、区间却够到最差一档的，只作“还证明不了”，按留意处理"

GAGE = GageCriteria(
    bands=(
        Band(10.0, closed=False, level="good", name="可接受"),
        Band(30.0, closed=True, level="caution", name="视用途而定"),
        Band(float("inf"), closed=True, level="bad", name="不可接受"),
    ),
    ndc_minimum=5,
    rule=(
        "%GRR 小于 10 % 可接受，10 %–30 % 视用途与成本而定，大于 30 % 不可接受；ndc 不少于 5。"
        "恰为 10 % 或 30 % 的，本手册归入中间一档；给出公差时，%研究变差与 %公差取较差的一个"
    ),
    source="AIAG《测量系统分析》第 4 版（2010）；边界归属为本手册约定",
)

TYPE1 = Ladder(
    bands=(
        Band(1.33, closed=True, level="good", name="合格"),
        Band(float("-inf"), closed=True, level="bad", name="不合格"),
    ),
    rule="Cg 与 Cgk 都不小于 1.33 为合格；恰为 1.33 的算合格",
    source="ISO 22514-7 与企业惯例，待核；口径（0.2T/6s、0.15T、4s 等）各企业不同，须写明",
    rising=False,
)

BIAS = Ladder(
    bands=(
        Band(10.0, closed=True, level="good", name="小"),
        Band(float("inf"), closed=True, level="bad", name="大"),
    ),
    rule="偏倚的区间含 0，就看不出偏倚；偏倚不超过公差（或过程变差）的 10 % 算小",
    source="区间含 0：AIAG《测量系统分析》第 4 版（2010）；10 % 为本手册约定，请按用途另定",
)

QMS = Ladder(
    bands=(
        Band(15.0, closed=True, level="good", name="合格"),
        Band(float("inf"), closed=True, level="bad", name="不合格"),
    ),
    rule="测量系统的 2U/T（Q_MS）不大于 15 % 为合格；恰为 15 % 的算合格",
    source="ISO 22514-7:2021；15 % 为其推荐值，待核",
)

QMP = Ladder(
    bands=(
        Band(30.0, closed=True, level="good", name="合格"),
        Band(float("inf"), closed=True, level="bad", name="不合格"),
    ),
    rule="测量过程的 2U/T（Q_MP）不大于 30 % 为合格；恰为 30 % 的算合格",
    source="ISO 22514-7:2021；30 % 为其推荐值，待核",
)

ONE_THIRD = Ladder(
    bands=(
        Band(1 / 3, closed=True, level="good", name="不设保护带"),
        Band(float("inf"), closed=True, level="caution", name="保护带等于 U"),
    ),
    rule=(
        "U95 不大于最大允许误差 MPEV 的 1/3 时，按 |Δ| ≤ MPEV 判；"
        "否则按 MPEV ∓ U95 分合格、不合格、待定三区"
    ),
    source="JJF 1094-2002，待核；恰为 1/3 的不设保护带",
)


@dataclass(frozen=True, slots=True)
class AttributeCriteria:
    """计数型接收准则 Ladders of effectiveness, miss rate, false-alarm rate (in %) and kappa."""

    effectiveness: Ladder
    miss: Ladder
    false_alarm: Ladder
    kappa: Ladder


_ATTRIBUTE_SOURCE = "AIAG《测量系统分析》第 4 版（2010），待核；恰在界上的归属为本手册约定"


def _attribute(best: float, worst: float, rule: str, *, closed: bool, rising: bool) -> Ladder:
    """Three bands; the border to the worst one belongs to the middle."""
    end = float("inf") if rising else float("-inf")
    bands = (
        Band(best, closed=closed, level="good", name="可接受"),
        Band(worst, closed=True, level="caution", name="勉强，要改进"),
        Band(end, closed=True, level="bad", name="不可接受"),
    )
    return Ladder(bands, rule, _ATTRIBUTE_SOURCE, rising)


ATTRIBUTE = AttributeCriteria(
    effectiveness=_attribute(
        90.0, 80.0, "有效性不小于 90 % 可接受，80 %–90 % 勉强，小于 80 % 不可接受",
        closed=True, rising=False,
    ),
    miss=_attribute(
        2.0, 5.0, "漏判率不大于 2 % 可接受，2 %–5 % 勉强，大于 5 % 不可接受",
        closed=True, rising=True,
    ),
    false_alarm=_attribute(
        5.0, 10.0, "误判率不大于 5 % 可接受，5 %–10 % 勉强，大于 10 % 不可接受",
        closed=True, rising=True,
    ),
    kappa=_attribute(
        0.75, 0.40, "κ 大于 0.75 良好，0.40–0.75 勉强，小于 0.40 差", closed=False, rising=False
    ),
)  # fmt: skip
