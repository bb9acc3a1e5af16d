"""能力图 Histogram with normal curves and specification, from stored fields."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.capability.result import ProcessCapability


def draw(result: ProcessCapability) -> go.Figure:
    """Bars for readings; solid curve overall, dashed within; limits and target as named lines."""
    import plotly.graph_objects as go

    h = result.histogram
    edges = np.array(h.edges)
    width = float(edges[1] - edges[0])
    fig = theme.new_figure()
    fig.add_trace(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=list(h.counts),
            width=width,
            marker={"color": theme.SKY, "line": {"color": theme.INK, "width": 0.7}},
            opacity=0.55,
            name="读数",
            hovertemplate="%{x}<br>%{y} 个<extra></extra>",
        )
    )
    low, high = _range(result)
    x = np.linspace(low, high, 201)
    curves = (
        ("总", result.overall, theme.INK, "solid"),
        ("组内", result.within, theme.RED, "dash"),
    )
    for name, sigma, color, dash in curves:
        density = np.exp(-0.5 * ((x - result.mean) / sigma.value) ** 2)
        scale = result.n * width / (sigma.value * math.sqrt(2 * math.pi))
        fig.add_trace(
            go.Scatter(
                x=x,
                y=scale * density,
                mode="lines",
                line={"color": color, "dash": dash, "width": 2},
                name=f"正态曲线（{name} σ̂ = {format_number(sigma.value, 4)}）",
                hoverinfo="skip",
            )
        )
    _lines(fig, result)
    theme.finish(
        fig, title=f"{result.value}：直方图与规格（n = {result.n}）", alt=_alt(result), height=460
    )
    fig.update_layout(bargap=0)
    fig.update_xaxes(title_text=result.value, range=[low, high], showgrid=False)
    fig.update_yaxes(title_text="读数个数", rangemode="tozero")
    return fig


def _lines(fig: go.Figure, result: ProcessCapability) -> None:
    spec = result.spec
    for name, at, color, dash in (
        ("LSL", spec.lsl, theme.RED, "longdash"),
        ("目标", spec.target, theme.GREEN, "dot"),
        ("USL", spec.usl, theme.RED, "longdash"),
    ):
        if at is None:
            continue
        fig.add_shape(
            type="line",
            x0=at,
            x1=at,
            y0=0,
            y1=1,
            yref="y domain",
            line={"color": color, "dash": dash, "width": 2},
        )
        fig.add_annotation(
            x=at,
            y=1,
            yref="y domain",
            yanchor="bottom",
            showarrow=False,
            text=f"{name}<br>{at:.6g}",
            font={"size": 12, "color": color},
        )


def _range(result: ProcessCapability) -> tuple[float, float]:
    """From the outermost of readings, limits, target and ±3.5s, with a little room."""
    h, spec = result.histogram, result.spec
    reach = 3.5 * result.overall.value
    marks = [at for at in (spec.lsl, spec.target, spec.usl) if at is not None]
    low = min(*marks, h.edges[0], result.mean - reach)
    high = max(*marks, h.edges[-1], result.mean + reach)
    room = 0.03 * (high - low)
    return low - room, high + room


def _alt(result: ProcessCapability) -> str:
    h, spec = result.histogram, result.spec
    limits = "，".join(
        f"{name} {at:.6g}"
        for name, at in (("下规范限", spec.lsl), ("目标", spec.target), ("上规范限", spec.usl))
        if at is not None
    )
    near = result.index("ppk")
    return (
        f"“{result.value}”的直方图（{result.n} 个读数，"
        f"{h.low:.6g}～{h.high:.6g}）"
        f"与两条正态曲线（实线为总标准差，虚线为组内），竖线为{limits}。"
        f"均值 {result.mean:.6g}，{h.below + h.above} 个读数超出规格，"
        f"Ppk = {near.value:.3f}。{result.verdict.text}"
    )
