"""能力等级 The ladder of capability grades and the limits behind caveats, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from qtools.errors import QualityDataError
from qtools.result import Level


@dataclass(frozen=True, slots=True)
class Grade:
    """等级 One step of the ladder: an index above ``above`` reaches it.

    Parameters
    ----------
    name : str
        Name as the page shows it.
    above : float
        The index must be greater than this; −∞ for the lowest grade.
    level : {"good", "caution", "bad", "info"}
        Colour of a verdict that gives this grade.
    """

    name: str
    above: float
    level: Level


@dataclass(frozen=True, slots=True)
class Criteria:
    """判定准则 Grades, best first, and the limits from which a caveat is given.

    Parameters
    ----------
    grades : tuple of Grade
        In falling order of ``above``; the last one takes what is left (−∞).
    source : str
        Where the ladder comes from, as the page shows it.
    alpha : float
        Level of the tests behind caveats (dependence, normality) and of the judgement of stability.
    few_readings : int
        Below this number of readings the caveat ``capability.few-readings`` is given.
    inflation : float
        Ratio of overall to within-subgroup σ from which ``capability.within-vs-overall`` is given.

    Raises
    ------
    QualityDataError
        If the ladder is empty, not in falling order, or leaves indices without a grade.

    Examples
    --------
    >>> [CRITERIA.grade(cpk).name for cpk in (1.68, 1.67, 1.0, -0.2)]
    ['特级', '一级', '三级', '四级']
    """

    grades: tuple[Grade, ...]
    source: str
    alpha: float = 0.05
    few_readings: int = 50
    inflation: float = 1.2

    def __post_init__(self) -> None:
        limits = [grade.above for grade in self.grades]
        falling = all(high > low for high, low in pairwise(limits))
        if not limits or not falling or limits[-1] != -math.inf:
            raise QualityDataError(
                "能力等级表排得不对。",
                hint="等级从高到低排，界限（above）严格递减，最低一级的界限写 -math.inf。",
            )

    def grade(self, index: float) -> Grade:
        """等级 The grade that an index reaches; exactly at a limit it is the lower one."""
        return next((g for g in self.grades if index > g.above), self.grades[-1])

    @property
    def rule(self) -> str:
        """The ladder as one Chinese sentence."""
        *upper, lowest = self.grades
        steps = [f"{grade.name} > {_limit(grade.above)}" for grade in upper]
        rest = f"{lowest.name}为其余" if upper else f"只设{lowest.name}"
        return "，".join([*steps, rest]) + "；正好等于界限的归低一级（本手册约定）"


def _limit(above: float) -> str:
    """1 as 1.00, the way ladders are printed."""
    return f"{above:.2f}" if round(above, 2) == above else f"{above:g}"


CRITERIA = Criteria(
    grades=(
        Grade("特级", 1.67, "good"),
        Grade("一级", 1.33, "good"),
        Grade("二级", 1.00, "caution"),
        Grade("三级", 0.67, "bad"),
        Grade("四级", -math.inf, "bad"),
    ),
    source="国内教材通行的惯例，不是标准条文；边界归属各书不一，待核",
)
"""The customary ladder: thresholds by custom, the side of each boundary set by this handbook."""
