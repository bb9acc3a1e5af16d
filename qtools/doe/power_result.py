"""功效的结果 Power of an experiment, with what the doubt about σ does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import theme
from qtools.display import format_number
from qtools.doe.power_parts import (
    CURVE,
    SOURCE,
    Term,
    add_band,
    add_wish,
    chance,
    detectable,
    sd_checks,
    sd_interval,
)
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True, slots=True, eq=False)
class Power(Result):
    """功效 The chance to see an effect, for each term that will be tested.

    Parameters
    ----------
    design : str
        Name of the design.
    n_runs : int
    terms : tuple of Term
    df : int
        Residual degrees of freedom.
    effect, sd : float
    sd_df : float or None
        On which ``sd`` was estimated; None where it counts as known.
    alpha, target, confidence : float
    f : float or None
        Cohen's f where the effect was given so.
    """

    title: ClassVar[str] = "功效"

    design: str
    n_runs: int
    terms: tuple[Term, ...]
    df: int
    effect: float
    sd: float
    sd_df: float | None
    alpha: float
    target: float
    confidence: float
    f: float | None

    @property
    def worst(self) -> Term:
        """The term that is seen least."""
        return min(self.terms, key=lambda term: self.power_of(term))

    @property
    def power(self) -> float:
        """Power of the term that is seen least."""
        return self.power_of(self.worst)

    @property
    def mde(self) -> float:
        """最小可检出效应 Difference that is seen with the target's chance, for the worst term."""
        return max(self.mde_of(term) for term in self.terms)

    @property
    def sd_interval(self) -> Interval | None:
        """Limits of σ."""
        return sd_interval(self.sd, self.sd_df, self.confidence)

    @property
    def intervals(self) -> dict[str, Interval]:
        """Limits of power and detectable effect that follow from those of σ."""
        found = self.sd_interval
        if found is None:
            return {}
        method = f"由 σ 的区间（{found.method}）换算"
        low, high = (self.power_of(self.worst, sd) for sd in (found.high, found.low))
        sizes = [self.mde / self.sd * sd for sd in (found.low, found.high)]
        return {
            "power": Interval(low, high, self.confidence, method),
            "mde": Interval(sizes[0], sizes[1], self.confidence, method),
            "sd": found,
        }

    def power_of(self, term: Term, sd: float | None = None, effect: float | None = None) -> float:
        """Power of one term, at another σ or effect where given."""
        ratio = (effect if effect is not None else self.effect) / (sd or self.sd)
        return chance(ratio, term.spread, term.df, self.df, self.alpha)

    def mde_of(self, term: Term) -> float:
        """Minimum detectable effect of one term."""
        return self.sd * detectable(self.target, term.spread, term.df, self.df, self.alpha)

    def table(self) -> pd.DataFrame:
        """功效表 One row a term."""
        import pandas as pd

        found = self.sd_interval
        rows = []
        for term in self.terms:
            row: dict[str, object] = {"项": term.name, "自由度": term.df}
            row["功效 %"] = 100 * self.power_of(term)
            if found is not None:
                row["下限 %"] = 100 * self.power_of(term, found.high)
                row["上限 %"] = 100 * self.power_of(term, found.low)
            row[f"{100 * self.target:g} % 能看出的差"] = self.mde_of(term)
            rows.append(row)
        return pd.DataFrame(rows)

    def figure(self) -> go.Figure:
        """功效曲线 Chance to see an effect over its size, with the band of σ."""
        term, found = self.worst, self.sd_interval
        sizes = np.linspace(0, 1.5 * max(self.effect, self.mde), CURVE)

        def curve(sd: float) -> list[float]:
            return [100 * self.power_of(term, sd, float(size)) for size in sizes]

        fig = theme.new_figure()
        if found is not None:
            add_band(fig, sizes.tolist(), curve(found.high), curve(found.low), self.confidence)
        fig.add_scatter(
            x=sizes, y=curve(self.sd), mode="lines", name=f"{self.n_runs} 次试验",
            line={"color": theme.BLUE, "width": 2.5},
        )  # fmt: skip
        fig.add_scatter(
            x=[self.effect], y=[100 * self.power], mode="markers", name="要找的差",
            marker={"color": theme.RED, "symbol": "diamond", "size": 11},
        )  # fmt: skip
        add_wish(fig, self.target)
        fig.update_xaxes(title_text="真有的差（σ 的倍数）" if self.f else "真有的差（响应的单位）")
        fig.update_yaxes(title_text="看得出来的机会 %", range=[0, 102])
        alt = (
            f"功效曲线：横轴是真有的差，纵轴是看得出来的机会。差 {format_number(self.effect, 4)} 时"
            f"机会 {100 * self.power:.0f} %；"
            f"{100 * self.target:g} % 的机会要差 {format_number(self.mde, 4)}。"
            f"{self._doubt()}"
        )
        return theme.finish(fig, title=f"差多大才看得出来（{term.name}）", alt=alt)

    def metrics(self) -> dict[str, Metric]:
        """``n_runs df effect sd alpha power mde`` with limits, ``termK_power`` in table order."""
        values: dict[str, Metric | None] = {
            "n_runs": self.n_runs, "df": self.df, "effect": self.effect, "sd": self.sd,
            "alpha": self.alpha, "power": self.power, "mde": self.mde,
        }  # fmt: skip
        if len(self.terms) > 1:
            values |= {
                f"term{place}_power": self.power_of(term)
                for place, term in enumerate(self.terms, start=1)
            }
        return with_intervals(values, self.intervals)

    def _doubt(self) -> str:
        found = self.intervals.get("power")
        if found is None:
            return ""
        return (
            f"σ 是从 {self.sd_df:g} 个自由度估计来的，"
            f"机会可能低到 {100 * found.low:.0f} %，也可能高到 {100 * found.high:.0f} %。"
        )

    @property
    def verdict(self) -> Verdict:
        """Whether the experiment is likely to see what it looks for."""
        found = self.intervals.get("power")
        low = found.low if found else self.power
        level: Level = "good" if low >= self.target else "caution"
        if self.power < 0.5:
            level = "bad"
        size = f"f = {self.f:g}" if self.f else f"差 {format_number(self.effect, 4)}"
        text = (
            f"{self.n_runs} 次试验，若真有{size}，有 {100 * self.power:.0f} % 的机会看得出来"
            f"（σ = {format_number(self.sd, 4)}）。{self._doubt()}"
        )
        rule = f"功效不低于 {100 * self.target:g} %（σ 取区间上限时也是）才算够；不到一半的不值得做"
        return Verdict(level, text, rule, SOURCE)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Doubtful σ, few residual degrees of freedom."""
        out = list(sd_checks(self.sd_df, self.confidence))
        if self.df < 4:
            text = (
                f"误差只剩 {self.df} 个自由度，t 的临界值很大；"
                "多做几次（重复或中心点），比多加因子划算。"
            )
            out.append(Check("power.few-error-df", text))
        return tuple(out)
