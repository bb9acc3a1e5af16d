"""方法比对图 Differences against means above, test against reference below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.msa.comparison_result import MethodComparison


def comparison_figure(result: MethodComparison) -> go.Figure:
    """比对图 Bland and Altman's plot, and the scatter with both lines and the line of equality."""
    fig = theme.new_figure(
        rows=2,
        cols=1,
        vertical_spacing=0.17,
        subplot_titles=("差值与均值：能不能互换", "两法的关系：差在哪里"),
    )
    _differences(fig, result)
    _lines(fig, result)
    alt = (
        f"上图：{result.n} 对的差值（{result.test} − {result.reference}）对均值，横线是平均差与"
        f" 95 % 一致性界限，阴影是界限的区间。下图：{result.test}对{result.reference}的散点、"
        f"相等线与回归线。{result.verdict.text}"
    )
    theme.finish(fig, title="方法比对", alt=alt, height=860)
    fig.update_layout(legend={"y": -0.12, "yanchor": "top"}, margin={"b": 110, "t": 84})
    return fig


def _marker(n: int, color: str) -> dict[str, object]:
    return {"color": color, "size": 7 if n <= 300 else 4, "opacity": 0.65}


def _differences(fig: go.Figure, result: MethodComparison) -> None:
    a, where = result.agreement, {"row": 1, "col": 1}
    d = result.y - result.x
    middle = (result.x + result.y) / 2
    fig.add_scatter(
        x=middle.tolist(), y=d.tolist(), mode="markers", marker=_marker(result.n, theme.BLUE),
        name="差值", showlegend=False, **where,
    )  # fmt: skip
    for limits in a.limits:  # after the points: plotly leaves an empty panel without shapes
        fig.add_hrect(
            y0=limits.low, y1=limits.high, fillcolor=theme.SKY, opacity=0.3, line_width=0,
            layer="below", **where,
        )  # fmt: skip
    rows = [
        (a.upper, "一致性上限", theme.BLUE, "dash", "bottom"),
        (a.bias, "平均差", theme.BLUE, "solid", "bottom"),
        (a.lower, "一致性下限", theme.BLUE, "dash", "top"),
    ]
    if result.limit is not None:
        rows += [
            (result.limit, "可接受", theme.RED, "dot", "bottom"),
            (-result.limit, "可接受", theme.RED, "dot", "top"),
        ]
    ends = [float(middle.min()), float(middle.max())]
    for height, name, color, dash, anchor in rows:
        fig.add_hline(y=height, line={"color": color, "dash": dash, "width": 1.5}, **where)
        right = color == theme.BLUE
        fig.add_annotation(
            text=f"{name} {format_number(height, 3)}", x=ends[right], y=height,
            xanchor="right" if right else "left", yanchor=anchor, showarrow=False,
            font={"size": 11, "color": color}, **where,
        )  # fmt: skip
    fig.update_xaxes(title_text="两法的均值", showgrid=False, **where)
    fig.update_yaxes(title_text=f"{result.test} − {result.reference}", showgrid=False, **where)


def _lines(fig: go.Figure, result: MethodComparison) -> None:
    where = {"row": 2, "col": 1}
    x, y = result.x, result.y
    fig.add_scatter(
        x=x.tolist(), y=y.tolist(), mode="markers", marker=_marker(result.n, theme.BLUE),
        name="样品", **where,
    )  # fmt: skip
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    traces = [("相等线", 1.0, 0.0, theme.INK, "dot", (low, high))]
    for name, line, color, dash in (
        ("Deming", result.deming, theme.RED, "solid"),
        ("Passing–Bablok", result.passing_bablok, theme.GREEN, "dash"),
    ):
        if line is not None:
            span = (float(x.min()), float(x.max()))
            traces.append((name, line.slope, line.intercept, color, dash, span))
    for name, slope, intercept, color, dash, span in traces:
        fig.add_scatter(
            x=list(span), y=(intercept + slope * np.array(span)).tolist(), mode="lines",
            line={"color": color, "dash": dash, "width": 2}, name=name, **where,
        )  # fmt: skip
    fig.update_xaxes(title_text=result.reference, **where)
    fig.update_yaxes(title_text=result.test, **where)
