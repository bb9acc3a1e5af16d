"""符合性判定图 Values over the zones; who carries the risk as the guard band grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.msa.conformity_result import Conformity

_SYMBOLS = ("circle", "diamond", "x")
_COLORS = (theme.BLUE, theme.ORANGE, theme.RED)


def conformity_figure(result: Conformity) -> go.Figure:
    """判定图 Values with ±U, limits and acceptance limits; below, the global risks against r."""
    risks = result.prior is not None
    fig = (
        theme.new_figure(
            rows=2, cols=1, vertical_spacing=0.2,
            subplot_titles=("每个值落在哪一区", "保护带把风险推给谁"),
        )
        if risks
        else theme.new_figure()
    )  # fmt: skip
    where = {"row": 1, "col": 1} if risks else {}
    _values(fig, result, where)
    words = "测得值与 ±U，实线是允许限，虚线是接受区的边。"
    if risks:
        words += "下图：买方与卖方的总体风险随保护带系数 r 的变化。"
        _risks(fig, result)
    theme.finish(
        fig, title="符合性判定", alt=words + result.verdict.text, height=780 if risks else 440
    )
    return fig


def _values(fig: go.Figure, result: Conformity, where: dict[str, int]) -> None:
    from qtools.msa.conformity_result import ZONES

    zones = result.zones
    low, high = result.accepted
    for zone, name in enumerate(ZONES):
        at = np.flatnonzero(zones == zone)
        if at.size:
            fig.add_scatter(
                x=(at + 1).tolist(), y=result.values[at].tolist(), mode="markers", name=name,
                error_y={"array": [result.U] * at.size, "thickness": 1.2},
                marker={"color": _COLORS[zone], "symbol": _SYMBOLS[zone], "size": 8},
                showlegend=True, **where,
            )  # fmt: skip
    shown = [x for x in (result.lower, result.upper) if np.isfinite(x)]
    lines = [(x, "允许限", theme.RED, "solid") for x in shown]
    if result.guard:
        lines += [(x, "接受区", theme.BLUE, "dash") for x in (low, high) if np.isfinite(x)]
    spots = [*shown, *(result.values - result.U), *(result.values + result.U)]
    pad = 0.1 * (max(spots) - min(spots))
    bottom, top = min(spots) - pad, max(spots) + pad
    if low <= high:
        fig.add_hrect(
            y0=max(low, bottom), y1=min(high, top), fillcolor=theme.SKY, opacity=0.3,
            line_width=0, layer="below", **where,
        )  # fmt: skip
    for height, name, color, dash in lines:
        fig.add_hline(y=height, line={"color": color, "width": 1.5, "dash": dash}, **where)
        fig.add_annotation(
            text=name, x=0.5, y=height, xanchor="left", yanchor="bottom", showarrow=False,
            font={"size": 11, "color": color}, **where,
        )  # fmt: skip
    n = result.values.size
    step = 1 if n <= 12 else None
    fig.update_xaxes(title_text="序号", showgrid=False, range=[0.5, n + 0.5], dtick=step, **where)
    fig.update_yaxes(title_text="测得值", showgrid=False, range=[bottom, top], **where)


def _risks(fig: go.Figure, result: Conformity) -> None:
    where = {"row": 2, "col": 1}
    factors = np.linspace(0, max(1.0, result.guard), 21)
    found = [result.risks(float(r)) for r in factors]
    for key, name, color, dash in (
        ("consumer", "买方：不合格而放行", theme.RED, "solid"),
        ("producer", "卖方：合格而不放行", theme.BLUE, "dash"),
    ):
        fig.add_scatter(
            x=factors.tolist(), y=[one[key] for one in found], mode="lines", name=name,
            line={"color": color, "dash": dash, "width": 2}, showlegend=True, **where,
        )  # fmt: skip
    fig.add_vline(x=result.guard, line={"color": theme.GREY, "dash": "dot"}, **where)
    fig.update_xaxes(title_text="保护带系数 r（g = rU）", **where)
    fig.update_yaxes(title_text="占全体 %", rangemode="tozero", **where)
