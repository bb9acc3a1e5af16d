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
    if low <= high:
        known = [x for x in (low, high, *result.values) if np.isfinite(x)]
        fig.add_hrect(
            y0=low if np.isfinite(low) else min(known) - result.U,
            y1=high if np.isfinite(high) else max(known) + result.U,
            fillcolor=theme.SKY, opacity=0.25, line_width=0, **where,
        )  # fmt: skip
    for zone, name in enumerate(ZONES):
        at = np.flatnonzero(zones == zone)
        if at.size:
            fig.add_scatter(
                x=(at + 1).tolist(), y=result.values[at].tolist(), mode="markers", name=name,
                error_y={"array": [result.U] * at.size, "thickness": 1.2},
                marker={"color": _COLORS[zone], "symbol": _SYMBOLS[zone], "size": 8},
                showlegend=True, **where,
            )  # fmt: skip
    for limit, sign in ((result.lower, 1), (result.upper, -1)):
        if np.isfinite(limit):
            fig.add_hline(y=limit, line={"color": theme.RED, "width": 1.5}, **where)
            edge = limit + sign * result.band
            if result.guard:
                fig.add_hline(
                    y=edge, line={"color": theme.BLUE, "width": 1.5, "dash": "dash"}, **where
                )
    fig.update_xaxes(title_text="序号", showgrid=False, **where)
    fig.update_yaxes(title_text="测得值", showgrid=False, **where)


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
