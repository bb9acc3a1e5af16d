"""接收准则 Acceptance criteria of measurement systems, as data.

The manual leaves the borders open ("under 10 %", "10 % to 30 %", "over 30 %"); this handbook
reads exactly 10 % and exactly 30 % as belonging to the middle band.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtools.result import Level


@dataclass(frozen=True, slots=True)
class Band:
    """等级带 One band of %GRR: everything below ``limit`` that no earlier band took.

    Parameters
    ----------
    limit : float
        Upper border in percent.
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

    def holds(self, value: float) -> bool:
        """Whether a value lies under this band's border; rounding of the last digits aside."""
        value = round(value, 9)
        return value <= self.limit if self.closed else value < self.limit


@dataclass(frozen=True, slots=True)
class GageCriteria:
    """量具接收准则 Bands of %GRR from good to bad, and the least number of distinct categories.

    Parameters
    ----------
    bands : tuple of Band
        Best first; the last one has no upper border.
    ndc_minimum : int
        Fewest distinct categories.
    rule : str
        The criteria in one Chinese sentence.
    source : str
        Where they come from.
    """

    bands: tuple[Band, ...]
    ndc_minimum: int
    rule: str
    source: str

    def band(self, value: float) -> Band:
        """The band of a %GRR.

        Examples
        --------
        >>> [CRITERIA.band(value).name for value in (9.99, 10, 30, 30.01)]
        ['可接受', '视用途而定', '视用途而定', '不可接受']
        """
        return next(band for band in self.bands if band.holds(value))

    @property
    def limits(self) -> tuple[float, ...]:
        """Borders between the bands."""
        return tuple(band.limit for band in self.bands[:-1])


CRITERIA = GageCriteria(
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
