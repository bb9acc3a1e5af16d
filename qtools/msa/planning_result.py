"""量具研究设计的结果 Designs of gauge studies with the limits of %GRR to be expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools import theme
from qtools.result import Check, Metric, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

DOUBLED = ("parts", "operators", "trials")
_NAMES = {"parts": "零件加倍", "operators": "检验员加倍", "trials": "次数加倍"}


@dataclass(frozen=True, slots=True)
class Row:
    """一个设计 Parts, operators, trials, and the limits of %GRR in percent."""

    parts: int
    operators: int
    trials: int
    low: float
    high: float

    @property
    def readings(self) -> int:
        """Number of readings."""
        return self.parts * self.operators * self.trials

    @property
    def width(self) -> float:
        """Upper less lower limit, in percentage points."""
        return self.high - self.low

    @property
    def shape(self) -> str:
        """Sizes in words of digits: 10×3×2."""
        return f"{self.parts}×{self.operators}×{self.trials}"


@dataclass(frozen=True, slots=True, eq=False)
class GagePlan(Result):
    """量具研究设计 The cheapest design that meets a wish, and what doubling each size would do.

    Parameters
    ----------
    pct_study_var : float
        %GRR that is expected.
    operator_share : float
        Part of the gauge's variance due to operators.
    upper, width : float or None
        The wish: one of them.
    budget : int
        Most readings.
    confidence : float
    rows : tuple of Row
        Designs within the budget, by readings.
    best : Row
        The cheapest that meets the wish, or the nearest to it.
    met : bool
        Whether it does.
    doubled : tuple of Row
        The best one with parts, operators, trials doubled.
    """

    title: ClassVar[str] = "量具研究的设计"

    pct_study_var: float
    operator_share: float
    upper: float | None
    width: float | None
    budget: int
    confidence: float
    rows: tuple[Row, ...]
    best: Row
    met: bool
    doubled: tuple[Row, ...]

    @property
    def wish(self) -> str:
        """The wish in words."""
        if self.upper is not None:
            return f"%GRR 的区间上限不超过 {self.upper:g} %"
        return f"%GRR 的区间不宽于 {self.width:g} 个百分点"

    @property
    def helps_most(self) -> tuple[str, Row]:
        """Which size to double for the lowest upper limit, and the design that this gives."""
        return min(zip(DOUBLED, self.doubled, strict=True), key=lambda pair: pair[1].high)

    def cheapest(self) -> tuple[Row, ...]:
        """With each number of operators: the designs that beat all cheaper ones."""
        out = []
        for operators in sorted({row.operators for row in self.rows}):
            least = float("inf")
            for row in self.rows:
                if row.operators == operators and row.high < least:
                    least = row.high
                    out.append(row)
        return tuple(out)

    def table(self) -> pd.DataFrame:
        """设计表 The chosen design, then what doubling one size at a time would do."""
        import pandas as pd

        chosen = "选中的设计" if self.met else "预算内最接近的设计"
        names = [chosen, *(_NAMES[key] for key in DOUBLED)]
        percent = f"{100 * self.confidence:g} %"
        rows = [
            {
                "设计": name,
                "零件": row.parts,
                "检验员": row.operators,
                "次数": row.trials,
                "读数": row.readings,
                f"%GRR {percent} 下限": row.low,
                f"%GRR {percent} 上限": row.high,
            }
            for name, row in zip(names, (self.best, *self.doubled), strict=True)
        ]
        return pd.DataFrame(rows)

    def figure(self) -> go.Figure:
        """设计图 Upper limit of %GRR over the number of readings, a line for each crew size."""
        fig = theme.new_figure()
        rows = self.cheapest()
        crews = sorted({row.operators for row in rows})
        for place, crew in enumerate(crews):
            own = [row for row in rows if row.operators == crew]
            look = place % len(theme.COLORS)
            fig.add_scatter(
                x=[row.readings for row in own],
                y=[row.high for row in own],
                mode="lines+markers",
                name=f"{crew} 人",
                line={"color": theme.COLORS[look], "dash": theme.DASHES[look]},
                marker={"symbol": theme.SYMBOLS[look], "size": 7},
                text=[row.shape for row in own],
                hovertemplate="%{text}：上限 %{y:.1f} %<extra></extra>",
            )
        fig.add_hline(
            self.pct_study_var,
            line={"color": theme.INK, "width": 1},
            annotation_text=f"预计的 %GRR {self.pct_study_var:.3g} %",
            annotation_position="bottom right",
        )
        if self.upper is not None:
            fig.add_hline(
                self.upper,
                line={"color": theme.RED, "dash": "dash"},
                annotation_text=f"愿望 {self.upper:g} %",
                annotation_position="top right",
            )
        fig.add_scatter(
            x=[self.best.readings],
            y=[self.best.high],
            mode="markers",
            marker={"symbol": "circle-open", "size": 18, "color": theme.INK, "line_width": 2},
            name="选中" if self.met else "最接近",
        )
        fig.update_xaxes(title_text="读数个数（零件 × 检验员 × 次数）")
        fig.update_yaxes(title_text=f"%GRR 的 {100 * self.confidence:g} % 上限")
        last = {crew: [row.high for row in rows if row.operators == crew][-1] for crew in crews}
        ends = "，".join(f"{crew} 人 {high:.1f} %" for crew, high in last.items())
        alt = (
            f"折线图：横轴是读数个数，纵轴是 %GRR 的区间上限，每种检验员人数一条线。"
            f"用满预算时的上限：{ends}。圈出的是 {self.best.shape}。"
        )
        title = f"圈出的是 {self.best.shape}；再要缩短，{_NAMES[self.helps_most[0]]}最有用"
        return theme.finish(fig, title=title, alt=alt, height=460)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``parts operators trials readings low high met``, ``double_SIZE_high``."""
        best = self.best
        out: dict[str, Metric] = {
            "parts": best.parts,
            "operators": best.operators,
            "trials": best.trials,
            "readings": best.readings,
            "low": best.low,
            "high": best.high,
            "met": self.met,
            "n_designs": len(self.rows),
        }
        return out | {
            f"double_{key}_high": row.high for key, row in zip(DOUBLED, self.doubled, strict=True)
        }

    @property
    def verdict(self) -> Verdict:
        """Which design, at what price, and what would help most."""
        best = self.best
        design = f"{best.parts} 个零件 × {best.operators} 人 × {best.trials} 次"
        found = f"{design}，共 {best.readings} 个读数，预计区间 {best.low:.1f}–{best.high:.1f} %"
        key, row = self.helps_most
        more = f"再要缩短，{_NAMES[key]}最有用（上限降到 {row.high:.1f} %）"
        short = f"{self.budget} 个读数之内达不到愿望；最接近的是"
        return Verdict(
            "good" if self.met else "caution",
            f"{'用' if self.met else short} {found}。{more}。",
            f"{self.wish}；读数最少的设计入选，一样多时取上限较低的",
            "广义置信区间（Hamada 与 Weerahandi，2000），均方取期望值",
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the plan rests on."""
        share = 100 * self.operator_share
        text = (
            f"前提：%GRR 真是 {self.pct_study_var:.3g} %，量具方差里 {share:.3g} % 来自人，"
            "没有交互，每个组合测一样多次，次序打乱。先做一次小研究再定，比猜好。"
        )
        luck = "区间按均方的期望值算，约一半的研究会比它宽：愿望紧的，留些余量。"
        return (
            Check("plan.expected-only", luck, "info"),
            Check("plan.assumptions", text, "info"),
        )
