"""试验计划的结果 Candidate designs with power, price and what they can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools import theme
from qtools.display import format_number
from qtools.doe.design import Design
from qtools.doe.design_words import roman
from qtools.doe.factor import Factor
from qtools.doe.power_parts import sd_checks
from qtools.doe.power_result import Power
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_CLARITY = ("主效应与交互混在一起", "主效应干净", "二因子交互也分得开")


@dataclass(frozen=True, slots=True)
class Candidate:
    """一个备选 A design with what it gives.

    Parameters
    ----------
    name : str
    design : Design
    judged : Power or None
        Of main effects; None where no residual degree of freedom is left.
    clarity : int
        0, 1, 2: see the table.
    price : float
    """

    name: str
    design: Design
    judged: Power | None
    clarity: int
    price: float

    @property
    def power(self) -> float:
        """Power of the worst main effect; 0 where it cannot be tested."""
        return self.judged.power if self.judged else 0.0

    @property
    def label(self) -> str:
        """Name with runs."""
        return f"{self.name}，{self.design.n_runs} 次"


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Result):
    """试验计划 Candidates and the one that the rule chooses.

    Parameters
    ----------
    factors : tuple of Factor
    candidates : tuple of Candidate
        By runs.
    effect, sd : float
    sd_df : float or None
    budget : int
    cost : float
    worth : float or None
    clear : bool
    alpha, target, confidence : float
    seed : int
    """

    title: ClassVar[str] = "试验计划"

    factors: tuple[Factor, ...]
    candidates: tuple[Candidate, ...]
    effect: float
    sd: float
    sd_df: float | None
    budget: int
    cost: float
    worth: float | None
    clear: bool
    alpha: float
    target: float
    confidence: float
    seed: int

    @property
    def eligible(self) -> tuple[Candidate, ...]:
        """Candidates that are as clear as asked for and can be tested."""
        return tuple(
            one for one in self.candidates if one.judged and one.clarity >= int(self.clear)
        )

    @property
    def met(self) -> bool:
        """Whether a candidate reaches the target."""
        return any(one.power >= self.target for one in self.eligible)

    @property
    def best(self) -> Candidate:
        """The cheapest that reaches the target, the clearer of two; else the most powerful."""
        pool = self.eligible or self.candidates
        enough = [one for one in pool if one.power >= self.target]
        if enough:
            return min(enough, key=lambda one: (one.price, -one.clarity, -one.power))
        return max(pool, key=lambda one: (one.power, one.clarity, -one.price))

    @property
    def net(self) -> float | None:
        """期望净值 Worth × power − price of the chosen design, if the effect is there."""
        return None if self.worth is None else self.worth * self.best.power - self.best.price

    def table(self) -> pd.DataFrame:
        """比较表 One row a candidate."""
        import pandas as pd

        best, rows = self.best, []
        for one in self.candidates:
            found = one.design.efficiency("main")["d_efficiency"]
            limits = one.judged.intervals.get("power") if one.judged else None
            row: dict[str, object] = {
                "设计": one.name,
                "选中": "←" if one is best else "",
                "次数": one.design.n_runs,
                "分辨度": roman(one.design.resolution) if one.design.resolution else "—",
                "D 效率 %": found,
                "分得开什么": _CLARITY[one.clarity],
                "误差自由度": one.judged.df if one.judged else 0,
                "功效 %": 100 * one.judged.power if one.judged else None,
            }
            if self.sd_df is not None:
                row["下限 %"] = 100 * limits.low if limits else None
                row["上限 %"] = 100 * limits.high if limits else None
            row["费用"] = one.price
            if self.worth is not None:
                row["期望净值"] = self.worth * one.power - one.price
            rows.append(row)
        return pd.DataFrame(rows)

    def figure(self) -> go.Figure:
        """功效与费用 Power with its interval over price, marked by what each can tell apart."""
        fig = theme.new_figure()
        for clarity, name in enumerate(_CLARITY):
            own = [one for one in self.candidates if one.clarity == clarity and one.judged]
            if not own:
                continue
            limits = [one.judged.intervals.get("power") for one in own if one.judged]
            bars = {}
            if all(limits):
                pairs = [
                    (one.power, found) for one, found in zip(own, limits, strict=True) if found
                ]
                bars = {
                    "error_y": {
                        "type": "data", "symmetric": False, "thickness": 1,
                        "array": [100 * (got.high - p) for p, got in pairs],
                        "arrayminus": [100 * (p - got.low) for p, got in pairs],
                    }
                }  # fmt: skip
            fig.add_scatter(
                x=[one.price for one in own], y=[100 * one.power for one in own], mode="markers",
                name=name, text=[one.label for one in own],
                marker={
                    "color": theme.COLORS[(1, 4, 0)[clarity]],
                    "symbol": theme.SYMBOLS[(4, 1, 0)[clarity]], "size": 11,
                },
                hovertemplate="%{text}：功效 %{y:.0f} %，费用 %{x:.4g}<extra></extra>", **bars,
            )  # fmt: skip
        best = self.best
        fig.add_scatter(
            x=[best.price], y=[100 * best.power], mode="markers", name="选中",
            marker={"symbol": "circle-open", "size": 22, "color": theme.INK, "line": {"width": 2}},
        )  # fmt: skip
        fig.add_hline(
            100 * self.target, line={"color": theme.GREY, "dash": "dash"},
            annotation_text=f"想要的 {100 * self.target:g} %", annotation_position="bottom right",
        )  # fmt: skip
        fig.update_xaxes(title_text="费用")
        fig.update_yaxes(title_text="看得出来的机会 %", range=[0, 103])
        listed = "；".join(f"{one.label} {100 * one.power:.0f} %" for one in self.candidates)
        alt = f"散点图：各备选设计的费用与功效，竖线是 σ 的区间换算的范围。{listed}。"
        return theme.finish(fig, title="钱买到多大的机会", alt=alt, height=460)

    @property
    def intervals(self) -> dict[str, Interval]:
        """Limits of power and detectable effect of the chosen design."""
        return self.best.judged.intervals if self.best.judged else {}

    def metrics(self) -> dict[str, Metric]:
        """``n_runs power mde price n_candidates met``, ``net``, of the chosen design."""
        best = self.best
        values: dict[str, Metric | None] = {
            "n_runs": best.design.n_runs, "power": best.power,
            "mde": best.judged.mde if best.judged else None, "price": best.price,
            "n_candidates": len(self.candidates), "met": self.met, "net": self.net,
            "sd": self.sd, "effect": self.effect, "budget": self.budget,
        }  # fmt: skip
        return with_intervals(values, self.intervals)

    @property
    def verdict(self) -> Verdict:
        """Which design, with what chance, at what price; or that the money does not suffice."""
        best = self.best
        size = format_number(self.effect, 4)
        chance = f"{100 * best.power:.0f} %"
        found = self.intervals.get("power")
        doubt = (
            f"（σ 不准，实际可能是 {100 * found.low:.0f} % 到 {100 * found.high:.0f} %）"
            if found
            else ""
        )
        level: Level
        if self.met:
            level = "good" if found is None or found.low >= self.target else "caution"
            text = f"做“{best.label}”：真有 {size} 的差，看得出来的机会 {chance}{doubt}"
        else:
            level = "bad" if best.power < 0.5 else "caution"
            text = f"{self.budget} 次的预算不够：最好的“{best.label}”也只有 {chance} 的机会{doubt}"
            if not self.eligible:
                short = "主效应干净、又能检验的设计" if self.clear else "能检验主效应的设计"
                text = (
                    f"{self.budget} 次的预算里没有{short}；"
                    f"退而求其次，“{best.label}”{self._second_best(chance, doubt)}"
                )
        text += f"，费用 {format_number(best.price, 6)}。"
        if self.net is not None:
            text += f"真有这么大的差时，期望净值 {format_number(self.net, 5)}。"
        asked = "主效应不与二因子交互混杂、" if self.clear else ""
        rule = f"{asked}功效不低于 {100 * self.target:g} % 的设计里，费用最低的入选"
        return Verdict(level, text, rule, "非中心 F 分布；Box、Hunter 与 Hunter（2005）")

    def _second_best(self, chance: str, doubt: str) -> str:
        """What a design gives that is not as clear as asked for, or cannot be tested."""
        if self.best.judged is None:
            return "没有误差自由度，看得出来的机会算不出"
        return f"的机会是 {chance}{doubt}，但看到的主效应里可能混着二因子交互"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Rough σ, a plan that loses money, what power assumes."""
        out = list(sd_checks(self.sd_df, self.confidence))
        if self.net is not None and self.net <= 0:
            text = "就算真有这么大的差，期望净值也不是正的：这个试验按现在的价钱不值得做。"
            out.insert(0, Check("plan.not-worth", text, "bad"))
        if self.effect < self.sd / 2:
            text = "要找的差不到 σ 的一半：先想办法降低噪声（区组、改进测量），往往比加次数省。"
            out.append(Check("plan.small-effect", text))
        text = "功效按主效应模型、各次试验独立、随机次序算；交互若很大而没有拟合，机会会小一些。"
        return (*out, Check("plan.assumptions", text, "info"))
