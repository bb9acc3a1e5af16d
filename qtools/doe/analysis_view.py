"""分析的图 Pictures of a factorial analysis: Pareto, half-normal, residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.doe.analysis_result import FactorialAnalysis
    from qtools.doe.anova import TermTest

    Vector = npt.NDArray[np.float64]

_BARS = 20  # of a Pareto chart
_WORD = 14  # letters of a name on an axis
_PLOT, _LETTER = 330, 17  # pixels: of a plot, of a line of letters
_LOOK = {True: (theme.RED, "显著"), False: (theme.BLUE, "不显著")}


def pareto(result: FactorialAnalysis) -> go.Figure:
    """排列图 Bars of the sizes of effects, the largest on top, with both margins."""
    ranked = sorted(result.terms, key=lambda test: -test.size)
    shown = ranked[:_BARS]
    fig = theme.new_figure()
    for active, (color, label) in _LOOK.items():
        own = [test for test in shown if test.active is active]
        if not own:
            continue
        fig.add_bar(
            x=[test.size for test in own],
            y=[_short(test.name) for test in own],
            orientation="h",
            name=label if result.decided else "效应",
            marker={"color": color, "pattern": {"shape": "" if active else "/"}},
            customdata=[[test.name, _signed(test)] for test in own],
            hovertemplate="%{customdata[0]}：%{customdata[1]}<extra></extra>",
        )
    _margins(fig, result, vertical=True)
    fig.update_yaxes(
        categoryorder="array", categoryarray=[_short(test.name) for test in reversed(shown)]
    )
    fig.update_xaxes(title_text=_size_title(result), rangemode="tozero")
    left = f"（最大的 {_BARS} 项）" if len(ranked) > _BARS else ""
    names = "、".join(result.active[:5]) or "没有"
    return theme.finish(
        fig,
        title=f"效应排列图{left}",
        alt=f"横向条形图，每条一个效应的绝对值，从大到小；超过界限的有：{names}。{result.method}。",
        height=max(320, 22 * len(shown) + 130),
    )


def half_normal(result: FactorialAnalysis) -> go.Figure:
    """半正态图 Sizes against half-normal quantiles: chance alone lies on the line."""
    from scipy.special import ndtri

    ranked = sorted(result.terms, key=lambda test: test.size)
    m = len(ranked)
    quantile = ndtri(0.5 + 0.5 * (np.arange(1, m + 1) - 0.5) / m)
    fig = theme.new_figure()
    for active, (color, label) in _LOOK.items():
        own = [at for at in range(m) if ranked[at].active is active]
        if not own:
            continue
        fig.add_scatter(
            x=quantile[own],
            y=[ranked[at].size for at in own],
            mode="markers",
            name=label if result.decided else "效应",
            marker={"color": color, "symbol": "diamond" if active else "circle", "size": 9},
            customdata=[[ranked[at].name, _signed(ranked[at])] for at in own],
            hovertemplate="%{customdata[0]}：%{customdata[1]}<extra></extra>",
            cliponaxis=False,
        )
    _name_points(fig, result, quantile)
    error = _error(result)
    if error:
        top = float(quantile[-1])
        fig.add_scatter(
            x=[0, top], y=[0, error * top], mode="lines", name="只有误差",
            line={"color": theme.GREY, "dash": "dash"}, hoverinfo="skip",
        )  # fmt: skip
    _margins(fig, result, vertical=False)
    fig.update_xaxes(title_text="半正态分位数", rangemode="tozero")
    fig.update_yaxes(title_text=_size_title(result), rangemode="tozero")
    names = "、".join(result.active[:5]) or "没有"
    return theme.finish(
        fig,
        title="效应的半正态图",
        alt=f"散点图，横轴半正态分位数，纵轴效应的绝对值；{m} 个效应里离开误差直线的有：{names}。",
        height=460,
    )


def _error(result: FactorialAnalysis) -> float | None:
    """Standard error of an effect: what chance alone makes of the plot."""
    from qtools.doe.anova import scale

    if result.lenth:
        return result.lenth.pse
    s = result.fit.s
    return None if not s else s * scale(result.fit, result.places)


def _name_points(fig: go.Figure, result: FactorialAnalysis, quantile: Vector) -> None:
    """Names left of the points; where points crowd, one above the other with a leader.

    Above and to the left of the points there is room at every width of the page; a name to the
    right of the last points is cut where the figure is narrower than it was when it was drawn.
    """
    ranked = sorted(result.terms, key=lambda test: test.size)
    limits = [own for own in (result.tests.margin, result.tests.margin_all) if own is not None]
    pixel = 1.1 * max(ranked[-1].size, *limits, 0.0) / _PLOT or 1.0
    taken = -np.inf  # highest pixel so far
    for test, x in zip(ranked, quantile, strict=True):
        if not test.active:
            continue
        height = test.size / pixel
        taken = _clear(max(taken + _LETTER, height), [own / pixel for own in limits])
        up = taken - height
        fig.add_annotation(
            x=float(x), y=test.size, text=_short(test.name), showarrow=True, arrowhead=0,
            arrowwidth=1, arrowcolor=theme.GREY if up else "rgba(0,0,0,0)",
            standoff=5, font={"size": 12}, ax=-16 if up else -9, ay=-up, xanchor="right",
        )  # fmt: skip


def _clear(middle: float, lines: Sequence[float]) -> float:
    """Height of a word, moved above the lines that would strike it through."""
    for line in sorted(lines):
        if abs(middle - line) < _LETTER / 2:
            middle = line + _LETTER / 2
    return middle


def _margins(fig: go.Figure, result: FactorialAnalysis, *, vertical: bool) -> None:
    """Lines of the margins of error, both named."""
    add = fig.add_vline if vertical else fig.add_hline
    for name, value, dash, side in (
        ("ME", result.tests.margin, "dash", "right"),
        ("SME", result.tests.margin_all, "dot", "left"),
    ):
        if value is not None:
            where = {"xanchor": side} if vertical else {}
            add(
                value,
                line={"color": theme.INK, "dash": dash, "width": 1.5},
                annotation={
                    "text": f"{name} {format_number(value, 3)}",
                    "yanchor": "bottom",
                    "font": {"size": 12},
                    **where,
                },
                annotation_position="top" if vertical else "top left",
            )


def _size_title(result: FactorialAnalysis) -> str:
    return "效应的绝对值" + ("（按标准误折算）" if result.uneven else "")


def _short(name: str) -> str:
    return name if len(name) <= _WORD else name[: _WORD - 1] + "…"


def _signed(test: TermTest) -> str:
    return format_number(test.size if test.effect is None else test.effect, 4)


def residuals(result: FactorialAnalysis) -> go.Figure:
    """残差图 Studentized residuals: normal quantiles, fitted values, run order."""
    from scipy.special import ndtri

    fitted = result.fit
    own = fitted.studentized
    if own is None:
        own = np.zeros(fitted.n)
    rank = np.argsort(np.argsort(own))
    quantile = ndtri((rank + 0.625) / (fitted.n + 0.25))
    when = np.arange(1, fitted.n + 1) if result.order is None else result.order
    last = "试验序" if result.order is not None else "行的次序"
    panels: list[tuple[str, Vector]] = [
        ("正态分位数", quantile), ("拟合值", fitted.fitted), (last, np.asarray(when, dtype=float)),
    ]  # fmt: skip
    fig = theme.new_figure(
        rows=1, cols=3, shared_yaxes=True, horizontal_spacing=0.04,
        subplot_titles=["像不像正态", "散得匀不匀", "随时间漂不漂"],
    )  # fmt: skip
    rows = [f"第 {row} 行" for row in result.experiment.rows]
    for col, (name, x) in enumerate(panels, start=1):
        fig.add_scatter(
            x=x, y=own, mode="markers", showlegend=False, text=rows,
            marker={"color": theme.BLUE, "size": 8},
            hovertemplate="%{text}：%{y:.2f}<extra></extra>", row=1, col=col,
        )  # fmt: skip
        fig.update_xaxes(title_text=name, row=1, col=col)
    ends = [float(quantile.min()), float(quantile.max())]
    fig.add_scatter(
        x=ends, y=ends, mode="lines", showlegend=False, hoverinfo="skip",
        line={"color": theme.GREY, "dash": "dash"}, row=1, col=1,
    )  # fmt: skip
    fig.add_hline(0, line={"color": theme.GREY, "width": 1}, col="all")
    fig.update_yaxes(title_text="学生化残差", col=1)
    worst = float(np.abs(own).max())
    state = "模型饱和，没有残差" if not fitted.s else f"绝对值最大的学生化残差是 {worst:.2f}"
    return theme.finish(
        fig,
        title="残差：学生化以后",
        alt=f"三格散点图，残差对正态分位数、拟合值和{last}；{state}。",
        height=360,
    )
