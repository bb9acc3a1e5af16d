"""线性图 Bias against reference value, with the line and its band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.sigma import subgroup_statistics

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.msa.linearity_result import LinearityStudy

_PLACES = 41


def draw(result: LinearityStudy) -> go.Figure:
    """线性图 Readings, means of standards, the line with its confidence band, and zero."""
    fig = theme.new_figure()
    low, high = float(result.x.min()), float(result.x.max())
    at = np.linspace(low, high, _PLACES)
    fit, under, over = result.line.band(at)
    percent = f"{100 * result.line.confidence:g} %"
    fig.add_scatter(
        x=[*at.tolist(), *at[::-1].tolist()],
        y=[*over.tolist(), *under[::-1].tolist()],
        fill="toself",
        fillcolor="rgba(86,180,233,0.25)",
        line={"width": 0},
        name=f"直线的 {percent} 带",
        hoverinfo="skip",
    )
    fig.add_scatter(
        x=result.x.tolist(),
        y=result.bias.tolist(),
        mode="markers",
        marker={"color": theme.BLUE, "size": 7, "opacity": 0.5},
        name="每个读数",
        hovertemplate="参考值 %{x}<br>偏倚 %{y:.4g}<extra></extra>",
    )
    fig.add_scatter(
        x=at.tolist(),
        y=fit.tolist(),
        mode="lines",
        line={"color": theme.BLUE, "width": 2},
        name="回归直线",
        hoverinfo="skip",
    )
    first = np.unique(result.codes, return_index=True)[1]
    means = subgroup_statistics(result.bias, result.codes).mean
    fig.add_scatter(
        x=result.x[first].tolist(),
        y=means.tolist(),
        mode="markers",
        marker={
            "color": theme.ORANGE,
            "size": 11,
            "symbol": "diamond",
            "line": {"color": theme.INK, "width": 1},
        },
        text=list(result.names),
        name="各标准件的平均",
        hovertemplate="%{text}：%{y:.4g}<extra></extra>",
    )
    fig.add_hline(y=0, line={"color": theme.GREEN, "width": 1.5})
    alt = (
        f"散点图：横轴是参考值，纵轴是偏倚，{len(result.names)} 个标准件，{result.line.n} 个读数，"
        f"回归直线带 {percent} 带，横线是偏倚 0。{result.verdict.text}"
    )
    theme.finish(fig, title="偏倚随参考值怎样变化", alt=alt, height=460)
    fig.update_xaxes(title_text=result.reference, showgrid=False)
    return fig.update_yaxes(title_text="偏倚（读数 − 参考值）")
