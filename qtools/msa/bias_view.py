"""偏倚图 Figures of readings on one standard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.variance import Vector


def run_chart(
    x: Vector,
    reference: float,
    room: float | None,
    value: str,
    title: str,
    alt: str,
    *,
    names: tuple[str, ...] = (),
    noun: str = "测量次序",
    band: tuple[float, float] | None = None,
) -> go.Figure:
    """运行图 Points in order with reference and mean; ± room and a band where there are any."""
    fig = theme.new_figure()
    if band is not None:
        fig.add_hrect(y0=band[0], y1=band[1], fillcolor=theme.SKY, opacity=0.25, line_width=0)
    n = x.size
    places = list(names) if names else list(range(1, n + 1))
    fig.add_scatter(
        x=places,
        y=x.tolist(),
        mode="lines+markers",
        line={"color": theme.BLUE, "width": 1},
        marker={"color": theme.BLUE, "size": 7 if n <= 60 else 4},
        name=value,
        showlegend=False,
    )
    lines = [
        (reference, "基准", theme.GREEN, "solid"),
        (float(x.mean()), "均值", theme.BLUE, "dot"),
    ]
    if room is not None:
        lines += [
            (reference + room, "上限", theme.RED, "dash"),
            (reference - room, "下限", theme.RED, "dash"),
        ]
    heights = np.array([*(height for height, *_ in lines), *(band or ())])
    low, high = min(x.min(), heights.min()), max(x.max(), heights.max())
    lines.sort(key=lambda line: line[0])
    least = 0.06 * float(high - low)
    last = -np.inf
    for height, name, color, dash in lines:
        fig.add_hline(y=height, line={"color": color, "dash": dash, "width": 1.5})
        last = max(height, last + least)  # names that would lie over each other move up
        fig.add_annotation(
            text=f"{name} {format_number(float(f'{height:.9g}'), 4)}",
            x=1,
            xref="paper",
            y=last,
            xanchor="left",
            showarrow=False,
            font={"size": 11, "color": color},
        )
    theme.finish(fig, title=title, alt=alt, height=380)
    fig.update_layout(margin={"r": 104})
    fig.update_xaxes(title_text=noun, showgrid=False, type="category" if names else None)
    pad = 0.06 * float(high - low)
    return fig.update_yaxes(title_text=value, range=[low - pad, high + pad], showgrid=False)
