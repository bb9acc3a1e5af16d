"""三角图 Mixtures of three components in a triangle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.doe.mixture import MixtureDesign
    from qtools.doe.mixture_fit import MixtureFit

    Matrix = npt.NDArray[np.float64]

_STEPS = 36


def _ternary(fig: go.Figure, names: tuple[str, ...], total: float) -> None:
    axis = {
        "gridcolor": theme.GRID,
        "linecolor": theme.INK,
        "ticks": "outside",
        "min": 0,
        "tickvals": [total * share for share in (0.2, 0.4, 0.6, 0.8)],
    }
    fig.update_layout(
        ternary={
            "sum": total,
            "domain": {"x": [0.1, 0.9], "y": [0.0, 0.94]},  # room for names at the corners
            "bgcolor": "rgba(0,0,0,0)",
            "aaxis": axis | {"title": {"text": names[0]}},
            "baxis": axis | {"title": {"text": names[1]}},
            "caxis": axis | {"title": {"text": names[2]}},
        }
    )


def draw_design(design: MixtureDesign) -> go.Figure:
    """Points of a design: triangle for three components, else a strip for each."""
    fig = theme.new_figure()
    names, points = design.names, design.points * design.total
    kinds = list(dict.fromkeys(design.kinds))
    for place, kind in enumerate(kinds):
        own = points[[one == kind for one in design.kinds]]
        look = {"color": theme.COLORS[place], "symbol": theme.SYMBOLS[place], "size": 11}
        if len(names) == 3:
            fig.add_scatterternary(
                a=own[:, 0],
                b=own[:, 1],
                c=own[:, 2],
                mode="markers",
                name=kind,
                marker=look,
                cliponaxis=False,
            )
        else:
            at = np.tile(np.arange(len(names)), len(own))
            fig.add_scatter(
                x=own.ravel(), y=[names[i] for i in at], mode="markers", name=kind, marker=look
            )
    if len(names) == 3:
        _ternary(fig, names, design.total)
    else:
        fig.update_xaxes(title_text="含量")
    counts = "，".join(f"{kind} {design.kinds.count(kind)} 个" for kind in kinds)
    alt = f"混料设计的试验点：{'、'.join(names)} 的 {design.n_runs} 种配比，{counts}。"
    return theme.finish(fig, title="试验的配比", alt=alt, height=480)


def draw_fit(found: MixtureFit) -> go.Figure:
    """Predicted response over the triangle, or predicted against observed."""
    fig = theme.new_figure()
    names, points = found.names, found.fit.matrix.points * found.total
    y, fitted = found.fit.y, found.fit.fitted
    if len(names) != 3:
        fig.add_scatter(
            x=fitted, y=y, mode="markers", name="试验", marker={"color": theme.BLUE, "size": 9}
        )
        ends = [float(min(y.min(), fitted.min())), float(max(y.max(), fitted.max()))]
        fig.add_scatter(
            x=ends, y=ends, mode="lines", name="相等", line={"color": theme.INK, "dash": "dash"}
        )
        fig.update_xaxes(title_text="模型值")
        fig.update_yaxes(title_text=found.response)
        alt = f"散点图：{found.response}的实测值对模型值，R² = {found.fit.pct_r2:.1f} %。"
        return theme.finish(fig, title="模型与实测", alt=alt)
    grid = found.region(_STEPS)
    values = found.fit.matrix.at(grid).x @ found.fit.beta
    shown = grid * found.total
    fig.add_scatterternary(
        a=shown[:, 0], b=shown[:, 1], c=shown[:, 2], mode="markers", showlegend=False,
        marker={
            "symbol": "hexagon", "size": 11, "color": values,
            "colorscale": [[0, "#F4F8FC"], [0.5, theme.SKY], [1, theme.BLUE]],
            "colorbar": {"title": {"text": found.response}},
        },
        hovertemplate="%{a:.3g} + %{b:.3g} + %{c:.3g}：%{marker.color:.4g}<extra></extra>",
    )  # fmt: skip
    fig.add_scatterternary(
        a=points[:, 0], b=points[:, 1], c=points[:, 2], mode="markers", name="试验点",
        cliponaxis=False,
        marker={"symbol": "circle-open", "size": 12, "color": theme.INK, "line": {"width": 2}},
    )  # fmt: skip
    top = found.best()[0]
    fig.add_scatterternary(
        a=[top[0] * found.total], b=[top[1] * found.total], c=[top[2] * found.total],
        mode="markers", name="模型最高处", cliponaxis=False,
        marker={"symbol": "star", "size": 15, "color": theme.RED},
    )  # fmt: skip
    _ternary(fig, names, found.total)
    where = "、".join(f"{name} {x * found.total:.3g}" for name, x in zip(names, top, strict=True))
    alt = (
        f"三角图：{found.response}的模型值随 {'、'.join(names)} 的配比变化，"
        f"最低 {values.min():.4g}，最高 {values.max():.4g}；最高处在 {where}。"
    )
    return theme.finish(fig, title=f"配比与{found.response}", alt=alt, height=520)
