"""结果协议 What every method returns: a frozen object with table, figure, metrics, verdict, checks.

A new method defines ``@dataclass(frozen=True, slots=True, eq=False) class Name(Result)``, stores
the independent facts as fields, and derives everything else in properties. The display is
written once, here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from qtools.display import html_table

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

Metric = float | int | bool | str
Level = Literal["good", "caution", "bad", "info"]

LEVEL_NAMES: Mapping[Level, str] = {
    "good": "通过",
    "caution": "留意",
    "bad": "不通过",
    "info": "说明",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """置信区间 A two-sided confidence interval with the method that gave it.

    Parameters
    ----------
    low, high : float
        Limits, in the unit of the index.
    confidence : float
        Confidence level between 0 and 1.
    method : str
        How the limits were obtained, in Chinese, as the page shows it.

    Examples
    --------
    >>> interval = Interval(1.17234, 1.45372, 0.95, "χ²，自由度 167")
    >>> 1.31313 in interval
    True
    """

    low: float
    high: float
    confidence: float
    method: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Verdict:
    """判定 The decision a result supports, and the rule that made it.

    Parameters
    ----------
    level : {"good", "caution", "bad", "info"}
        What colour the decision has; ``"info"`` where the result alone decides nothing.
    text : str
        One Chinese sentence: the decision first, then the number it rests on.
    rule : str
        The rule as applied, in Chinese.
    source : str
        Where the rule comes from (standard, author, year, page), or 惯例.
    """

    level: Level
    text: str
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class Check:
    """提醒 A coded caveat: programs branch on ``code``, people read ``text``.

    Parameters
    ----------
    code : str
        ``family.what``, ASCII, stable across versions, such as ``"gage-rr.negative-variance"``.
    text : str
        The caveat in Chinese: what was seen and what it means for the reader's decision.
    level : {"good", "caution", "bad", "info"}
        How serious it is.
    """

    code: str
    text: str
    level: Level = "caution"


def with_intervals(
    values: Mapping[str, Metric | None], intervals: Mapping[str, Interval | None]
) -> dict[str, Metric]:
    """Metrics with ``KEY_low`` and ``KEY_high`` behind each key that has an interval.

    Keys whose value is None are left out: an index that does not exist has no metric.

    Examples
    --------
    >>> with_intervals({"cp": 1.3, "cpk": None}, {"cp": Interval(1.1, 1.5, 0.95, "χ²")})
    {'cp': 1.3, 'cp_low': 1.1, 'cp_high': 1.5}
    """
    out: dict[str, Metric] = {}
    for key, value in values.items():
        if value is None:
            continue
        out[key] = value
        interval = intervals.get(key)
        if interval is not None:
            out[f"{key}_low"] = interval.low
            out[f"{key}_high"] = interval.high
    return out


class Result(ABC):
    """分析结果 Base of every result: frozen facts in, four views out.

    ``.table()`` is what people read (full precision; rounding happens when it is shown),
    ``.figure()`` what they look at, ``.metrics()`` the flat public keys that sentences, exercises
    and tests use, ``.verdict`` and ``.checks`` the rule that decided and what was assumed.
    """

    __slots__ = ()
    title: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep ``@dataclass`` from replacing the readable text with a dump of the fields."""
        super().__init_subclass__(**kwargs)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    @abstractmethod
    def table(self) -> pd.DataFrame:
        """Table with Chinese labels, one row an item."""

    @abstractmethod
    def figure(self) -> go.Figure:
        """Figure built only from stored fields, with its alternative text in ``layout.meta``."""

    @abstractmethod
    def metrics(self) -> dict[str, Metric]:
        """Flat ASCII keys, full precision, no missing values: the public, stable numbers."""

    @property
    @abstractmethod
    def verdict(self) -> Verdict:
        """The decision, its rule and the rule's source."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Coded caveats, most serious first; empty when nothing was seen."""
        return ()

    def __repr__(self) -> str:
        lines = [f"{self.title}：{self.verdict.text}"]
        lines += [f"[{check.code}] {check.text}" for check in self.checks]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": repr(self)}

    def _html(self) -> str:
        verdict = self.verdict
        parts = [
            f'<section class="qt-result" aria-label="{escape(self.title)}">',
            f'<p class="qt-verdict qt-{verdict.level}">'
            f"<strong>{LEVEL_NAMES[verdict.level]}</strong>　{escape(verdict.text)}</p>",
            html_table(self.table(), caption=self.title),
            f'<p class="qt-rule">判定规则：{escape(verdict.rule)}（{escape(verdict.source)}）</p>',
        ]
        if self.checks:
            items = "".join(
                f'<li class="qt-{check.level}" data-code="{escape(check.code)}">'
                f"{escape(check.text)}</li>"
                for check in self.checks
            )
            parts.append(f'<ul class="qt-checks">{items}</ul>')
        return "".join([*parts, "</section>"])
