"""控制图的图 Drawing of paired control charts from their stored fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.spc.result import ControlChart, Panel

_NAMED_TICKS = 30  # up to here each subgroup's name stands on the axis
_WRITTEN = 20  # up to so many signals the rule numbers stand beside the points
_LINES = (
    ("ucl", "UCL", "上控制限", theme.RED, "dash"),
    ("center", "CL", "中心线", theme.GREEN, "solid"),
    ("lcl", "LCL", "下控制限", theme.RED, "dash"),
)


def draw(chart: ControlChart) -> go.Figure:
    """Location panel above spread panel, on one axis of time."""
    panels = (chart.location, chart.spread)
    fig = theme.new_figure(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07)
    for row, panel in enumerate(panels, start=1):
        _panel(fig, chart, panel, row)
    k = len(chart.location.points)
    alt = (
        f"{chart.title}，两张分图：上为{chart.location.name}，下为{chart.spread.name}，"
        f"横轴为{k} 个{chart.noun}的时间次序。{chart.verdict.text}"
    )
    name = chart.title.partition("（")[0]  # the sign X̄ loses its bar in many chart fonts
    theme.finish(fig, title=f"{chart.value}：{name}", alt=alt, height=560)
    fig.update_layout(margin={"r": 96})
    fig.update_xaxes(range=[0.5 - 0.01 * k, k + 0.5 + 0.01 * k], showgrid=False)
    fig.update_yaxes(showgrid=False)
    heading = "点号（时间次序）" if chart.subgroup is None else f"{chart.subgroup}（时间次序）"
    fig.update_xaxes(title_text=heading, row=2, col=1)
    if chart.names and k <= _NAMED_TICKS:
        places = list(range(1, k + 1))
        fig.update_xaxes(tickmode="array", tickvals=places, ticktext=list(chart.names))
    return fig


def _panel(fig: go.Figure, chart: ControlChart, panel: Panel, row: int) -> None:
    import plotly.graph_objects as go

    n = len(panel.points)
    x = np.arange(1, n + 1) + panel.start
    names = [f"{chart.noun} {chart.point_name(panel, i)}" for i in range(n)]
    for which, short, name, color, dash in _LINES:
        y = panel.line(which)
        straight = getattr(panel, which).size == 1
        at = x[[0, -1]] + np.array([-0.5, 0.5]) if straight else x
        fig.add_trace(
            go.Scatter(
                x=at,
                y=y[[0, -1]] if straight else y,
                mode="lines",
                line={"color": color, "dash": dash, "width": 1.5, "shape": "hvh"},
                name=f"{panel.name}图{name}",
                showlegend=False,
                hoverinfo="skip",
            ),
            row=row,
            col=1,
        )
        fig.add_annotation(
            text=f"{short} {format_number(float(y[-1])) if y[-1] else 0}",
            x=1,
            xref="x domain",
            y=float(y[-1]),
            xanchor="left",
            showarrow=False,
            font={"size": 11, "color": color},
            row=row,
            col=1,
        )
    size = 7 if n <= 60 else 5 if n <= 200 else 3
    fig.add_trace(
        go.Scatter(
            x=x,
            y=panel.points,
            mode="lines+markers",
            line={"color": theme.BLUE, "width": 1.5 if n <= 200 else 1},
            marker={"color": theme.BLUE, "size": size, "symbol": "circle"},
            name=panel.name,
            text=names,
            hovertemplate="%{text}<br>%{y}<extra></extra>",
            showlegend=False,
        ),
        row=row,
        col=1,
    )
    legend = panel is chart.location or not chart.n_signals
    _signals(fig, panel, row, x, names, legend=legend)
    if panel is chart.location and len(panel.rules) > 1:
        _zones(fig, panel, row)
    low = min(float(panel.points.min()), float(panel.lcl.min()))
    high = max(float(panel.points.max()), float(panel.ucl.max()))
    room = 0.12 * (high - low)  # for the rule numbers beside the outermost points
    fig.update_yaxes(title_text=panel.name, range=[low - room, high + room], row=row, col=1)


def _zones(fig: go.Figure, panel: Panel, row: int) -> None:
    """Thin lines at ±1σ and ±2σ, where the zone rules look, if limits are straight."""
    if panel.ucl.size > 1:
        return
    step = float(panel.ucl[0] - panel.center[0]) / 3
    for k in (-2, -1, 1, 2):
        y = float(panel.center[0]) + k * step
        line = {"color": theme.GREY, "width": 0.7, "dash": "dot"}
        fig.add_shape(
            type="line", x0=0, x1=1, xref="x domain", y0=y, y1=y, line=line, row=row, col=1
        )


def _signals(
    fig: go.Figure,
    panel: Panel,
    row: int,
    x: npt.NDArray[np.intp],
    names: list[str],
    *,
    legend: bool,
) -> None:
    """Points that break a rule: another symbol, another colour, the rules in the hover text."""
    import plotly.graph_objects as go

    at = panel.signals
    if not at.size:
        return
    rules = ["、".join(panel.labels(i)) for i in at]
    above = panel.points[at] >= panel.line("center")[at]
    written = len(at) <= _WRITTEN
    fig.add_trace(
        go.Scatter(
            x=x[at],
            y=panel.points[at],
            mode="markers+text" if written else "markers",
            marker={
                "color": theme.RED,
                "size": 11 if len(panel.points) <= 200 else 8,
                "symbol": "diamond",
                "line": {"color": theme.INK, "width": 1},
            },
            text=rules if written else None,
            textposition=["top center" if up else "bottom center" for up in above],
            textfont={"size": 11, "color": theme.RED},
            customdata=[f"{names[i]}<br>违反准则 {r}" for i, r in zip(at, rules, strict=True)],
            hovertemplate="%{customdata}<br>%{y}<extra></extra>",
            name="违反准则的点（旁注为准则号）" if written else "违反准则的点",
            showlegend=legend,
            legendgroup="signals",
        ),
        row=row,
        col=1,
    )
