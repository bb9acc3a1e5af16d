"""量具运行图的结果 What a run chart of a gauge study shows, and what stands out in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.msa.study import Study


@dataclass(frozen=True, slots=True)
class Person:
    """一位检验员 What one operator does.

    Parameters
    ----------
    name : str
    n : int
        Readings.
    offset : Interval or None
        Simultaneous interval of the distance from the mean of all operators; None where parts
        belong to operators, or nothing is left over to tell it by.
    mean : float or None
        That distance itself.
    sd : float or None
        Standard deviation of repeats; None without repeats.
    df : int
        Its degrees of freedom.
    spread : Interval or None
    spread_p : float or None
        Bonferroni's p value of a variance above that of the others.
    """

    name: str
    n: int
    mean: float | None
    offset: Interval | None
    sd: float | None
    df: int
    spread: Interval | None
    spread_p: float | None

    @property
    def off(self) -> bool:
        """Whether 0 is outside the interval of the offset."""
        return self.offset is not None and 0.0 not in self.offset


@dataclass(frozen=True, slots=True)
class Drift:
    """漂移 Change of the readings from the first to the last of the study, and its test."""

    change: float
    interval: Interval
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class GageRunChart(Result):
    """量具运行图 Deviations from part means, person by person.

    Parameters
    ----------
    study : Study
        Readings in the order they were taken, with their labels.
    people : tuple of Person
    drift : Drift or None
        None where no order was given or there are no repeats.
    identical : int
        Combinations whose repeats are all equal.
    repeated : int
        Combinations with repeats.
    confidence : float
    """

    title: ClassVar[str] = "量具运行图"

    study: Study
    people: tuple[Person, ...]
    drift: Drift | None
    identical: int
    repeated: int
    confidence: float

    @property
    def risk(self) -> float:
        """Error probability of each of the three questions."""
        return 1.0 - self.confidence

    @property
    def off(self) -> tuple[Person, ...]:
        """Operators who read high or low."""
        return tuple(person for person in self.people if person.off)

    @property
    def wide(self) -> tuple[Person, ...]:
        """Operators whose repeats scatter more than those of the others."""
        found = [who for who in self.people if who.spread_p is not None]
        return tuple(who for who in found if (who.spread_p or 0.0) < self.risk)

    def table(self) -> pd.DataFrame:
        """人员表 Offset and standard deviation of repeats of each operator, with limits."""
        import pandas as pd

        rows = []
        for who in self.people:
            row: dict[str, object] = {self.study.operator: who.name, "读数": who.n}
            if not self.study.nested:
                row |= _limits("偏移", who.mean, who.offset)
            row |= _limits("重复标准差", who.sd, who.spread) | {"自由度": who.df}
            rows.append(row)
        return pd.DataFrame(rows)

    def figure(self) -> go.Figure:
        """运行图 A band for each operator: deviations from the part's mean, part by part."""
        from qtools.msa.run_chart_view import figure

        return figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``operatorK_offset``, ``operatorK_sd`` with limits, ``drift``, counts."""
        values: dict[str, Metric | None] = {
            "n": int(self.study.y.size),
            "n_off": len(self.off),
            "n_wide": len(self.wide),
            "n_identical": self.identical,
        }
        limits: dict[str, Interval | None] = {}
        for place, who in enumerate(self.people, 1):
            values |= {f"operator{place}_offset": who.mean, f"operator{place}_sd": who.sd}
            limits |= {f"operator{place}_offset": who.offset, f"operator{place}_sd": who.spread}
        tested = [who.spread_p for who in self.people if who.spread_p is not None]
        values["spread_p"] = min(tested) if tested else None
        if self.drift is not None:
            values |= {"drift": self.drift.change, "drift_p": self.drift.p}
            limits["drift"] = self.drift.interval
        return with_intervals(values, limits)

    @property
    def verdict(self) -> Verdict:
        """Which patterns stand out, or that none does."""
        found = [f"{who.name} 读数偏{'高' if (who.mean or 0) > 0 else '低'}" for who in self.off]
        found += [f"{who.name} 的重复读数散得更开" for who in self.wide]
        if self.drift is not None and self.drift.p < self.risk:
            found.append(f"读数随测量次序{'上升' if self.drift.change > 0 else '下降'}")
        asked = ["谁读得偏"] * (not self.study.nested) + ["谁散得更开"] * (self.repeated > 0)
        asked += ["随次序漂移"] * (self.drift is not None)
        text = f"要看一看：{'；'.join(found)}。" if found else f"看不出{'、'.join(asked)}。"
        if self.repeated and self.identical == self.repeated:
            text = "重复读数全都一样，看不出重复性：先查分辨力，再查是不是照抄。"
            found = ["identical"]
        rules = ["偏移的同时区间不含 0，算偏"] * (not self.study.nested)
        wide = f"方差与其余各人之比的 F 检验（Cochran）校正后 p 小于 {self.risk:.2g}，算散"
        rules += [wide] * (self.repeated > 0)
        rules += [f"次序的斜率 p 小于 {self.risk:.2g}，算漂"] * (self.drift is not None)
        source = "Cochran（1941）；'t Lam（2010）；Bonferroni 校正"
        return Verdict("caution" if found else "good", text, "；".join(rules), source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Each pattern with its numbers, then what could not be asked."""
        from qtools.msa.run_chart_view import caveats

        return caveats(self)


def _limits(name: str, value: float | None, limits: Interval | None) -> dict[str, object]:
    low, high = (None, None) if limits is None else (limits.low, limits.high)
    return {name: value, f"{name}下限": low, f"{name}上限": high}
