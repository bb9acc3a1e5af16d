"""响应面的图 Contours over two factors, a curve over one, and the path of best points."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.doe import surface_tables as tables
from qtools.doe.canonical import slope_statistic

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.doe.surface_result import ResponseSurface

    Matrix = npt.NDArray[np.float64]

_GRID = 61
_SHADES = [[0, "#F7FBFF"], [0.5, "#9ECAE1"], [1, "#2171B5"]]
_MARGIN = 0.08  # beyond the region, so that marks on its border are whole


def draw(found: ResponseSurface) -> go.Figure:
    """Contours of the predicted mean; one panel a pair of factors, others at the best setting."""
    if len(found.factors) == 1:
        return _curve(found)
    pairs = list(combinations(range(len(found.factors)), 2))
    if len(pairs) > 3:  # those over which the prediction changes most
        pairs = sorted(pairs, key=lambda pair: -np.ptp(_plane(found, pair)[2]))[:3]
    titles = [f"{found.names[j]}（纵）对 {found.names[i]}（横）" for i, j in pairs]
    many = len(pairs) > 1
    fig = theme.new_figure(
        rows=len(pairs), cols=1, subplot_titles=titles if many else None, vertical_spacing=0.11
    )
    z = np.concatenate([_plane(found, pair)[2].ravel() for pair in pairs])
    for row, pair in enumerate(pairs, start=1):
        _panel(fig, found, pair, row, (float(z.min()), float(z.max())))
    where = tables.described(found.settings(found.best))
    rest = "其余因子固定在最好的设置，" if many else ""
    alt = (
        f"等高线图：“{found.response}”的预测平均，{rest}菱形是最好的设置（{where}）。"
        f"{found.verdict.text}"
    )
    title = f"“{found.response}”的预测平均" + ("" if many else "：颜色越深，值越高")
    return theme.finish(fig, title=title, alt=alt, height=470 if not many else 380 * len(pairs))


def _axis(found: ResponseSurface, place: int) -> Matrix:
    low, high = found.region.low[place], found.region.high[place]
    beyond = _MARGIN * (high - low)
    return np.linspace(low - beyond, high + beyond, _GRID)


def _plane(found: ResponseSurface, pair: tuple[int, int]) -> tuple[Matrix, Matrix, Matrix]:
    """Coded points of a plane through the best setting, and predictions there."""
    i, j = pair
    a, b = np.meshgrid(_axis(found, i), _axis(found, j))
    points = np.tile(found.best, (a.size, 1))
    points[:, i], points[:, j] = a.ravel(), b.ravel()
    return points, a, found.surface.at(points).reshape(a.shape)


def _panel(
    fig: go.Figure,
    found: ResponseSurface,
    pair: tuple[int, int],
    row: int,
    span: tuple[float, float],
) -> None:
    i, j = pair
    one, two = found.factors[i], found.factors[j]
    points, _, z = _plane(found, pair)
    x, y = one.settings(_axis(found, i)), two.settings(_axis(found, j))
    at = {"row": row, "col": 1}
    hover = f"{one.name} %{{x:.4g}}，{two.name} %{{y:.4g}}<br>{found.response} %{{z:.4g}}"
    fig.add_contour(
        x=x, y=y, z=z.tolist(), colorscale=_SHADES, zmin=span[0], zmax=span[1], **at,
        contours={"showlabels": True, "labelfont": {"size": 11, "color": theme.INK}},
        line={"width": 1, "color": "#6BAED6"}, showscale=False, showlegend=False,
        hovertemplate=hover + "<extra></extra>", ncontours=12,
    )  # fmt: skip
    if len(found.factors) == 2 and found.trust is not None:
        _trust(fig, found, points, x, y, at)
    outline = _outline(found, i, j) if len(found.factors) == 2 else None
    if outline is not None:
        fig.add_scatter(
            x=one.settings(outline[:, 0]), y=two.settings(outline[:, 1]), mode="lines", **at,
            name="试验范围", line={"color": theme.INK, "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
        )  # fmt: skip
    runs = np.unique(found.points[:, [i, j]].round(9), axis=0)
    fig.add_scatter(
        x=one.settings(runs[:, 0]), y=two.settings(runs[:, 1]), mode="markers", name="试验点", **at,
        marker={"size": 8, "color": "white", "line": {"color": theme.INK, "width": 1.5}},
        showlegend=row == 1, hovertemplate="试验点 %{x:.4g}，%{y:.4g}<extra></extra>",
    )  # fmt: skip
    fig.add_scatter(
        x=one.settings([found.best[i]]), y=two.settings([found.best[j]]), mode="markers", **at,
        name="最好的设置", showlegend=row == 1,
        marker={"size": 14, "symbol": "diamond", "color": theme.RED,
                "line": {"color": "white", "width": 1}},
        hovertemplate="最好的设置 %{x:.4g}，%{y:.4g}<extra></extra>",
    )  # fmt: skip
    stationary = found.surface.stationary
    if len(found.factors) == 2 and stationary is not None and found.stationary_inside:
        fig.add_scatter(
            x=one.settings([stationary[i]]), y=two.settings([stationary[j]]), mode="markers", **at,
            name=f"驻点（{found.surface.kind}）",
            marker={"size": 12, "symbol": "x", "color": theme.INK},
            hovertemplate="驻点 %{x:.4g}，%{y:.4g}<extra></extra>",
        )  # fmt: skip
    fig.update_xaxes(title_text=one.name, **at)
    fig.update_yaxes(title_text=two.name, **at)


def _trust(
    fig: go.Figure,
    found: ResponseSurface,
    points: Matrix,
    x: list[float | str],
    y: list[float | str],
    at: dict[str, int],
) -> None:
    """The region in which the test of the slope does not reject."""
    limit = found.trust.limit if found.trust else 1.0
    p = 1 + len(found.terms)
    covariance = found.fit.unscaled[:p, :p] * found.s**2
    statistic = slope_statistic(points, found.fit.beta[:p], covariance, found.terms)
    share = (statistic / limit).reshape(len(y), len(x))
    percent = f"{100 * found.confidence:g}"
    fig.add_contour(
        x=x, y=y, z=np.minimum(share, 3.0).tolist(), **at, showscale=False, hoverinfo="skip",
        contours={"type": "constraint", "operation": ">", "value": 1.0},  # shades what fails it
        fillcolor="rgba(230,159,0,0.35)", line={"color": theme.ORANGE, "width": 2},
        name=f"驻点的 {percent} % 置信域", showlegend=True,
    )  # fmt: skip


def _outline(found: ResponseSurface, i: int, j: int) -> Matrix:
    """Border of the region of two factors, all round."""
    angle = np.linspace(0, 2 * np.pi, 721)
    ways = np.column_stack([np.cos(angle), np.sin(angle)]) * 10 * found.region.radius
    # towards the border from the centre: shrink until inside
    low, high = found.region.low[[i, j]], found.region.high[[i, j]]
    reach = np.where(ways > 0, high, -low) / np.maximum(np.abs(ways), 1e-12)
    scale = np.minimum(reach.min(axis=1), found.region.radius / np.linalg.norm(ways, axis=1))
    return np.asarray(ways * scale[:, None])


def _curve(found: ResponseSurface) -> go.Figure:
    factor = found.factors[0]
    coded = np.linspace(found.region.low[0], found.region.high[0], 121)
    means = found.mean_at(coded[:, None])
    x = factor.settings(coded)
    fig = theme.new_figure()
    fig.add_scatter(
        x=[*x, *x[::-1]],
        y=[m.interval.high for m in means] + [m.interval.low for m in means][::-1],
        fill="toself", fillcolor="rgba(0,114,178,0.15)", line={"width": 0}, hoverinfo="skip",
        name="平均的置信区间",
    )  # fmt: skip
    fig.add_scatter(x=x, y=[m.value for m in means], name="预测平均", line={"color": theme.BLUE})
    fig.add_scatter(
        x=factor.settings(found.points[:, 0]), y=found.fit.y.tolist(), mode="markers",
        name="试验结果", marker={"color": theme.INK, "size": 8},
    )  # fmt: skip
    best = factor.settings(found.best)
    fig.add_scatter(
        x=best, y=[found.mean_at(found.best)[0].value], mode="markers", name="最好的设置",
        marker={"size": 14, "symbol": "diamond", "color": theme.RED},
    )  # fmt: skip
    alt = f"曲线图：“{found.response}”的预测平均随“{factor.name}”变。{found.verdict.text}"
    theme.finish(fig, title=f"“{found.response}”的预测平均和试验结果", alt=alt)
    fig.update_xaxes(title_text=factor.name)
    return fig.update_yaxes(title_text=found.response)


def draw_path(found: ResponseSurface) -> go.Figure:
    """Predicted mean with its interval, and the settings, against the distance from the centre."""
    step = found.region.radius / 16
    frame = found.path(step=step)
    x = frame["距中心（编码）"]
    fig = theme.new_figure(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.14,
        subplot_titles=[f"“{found.response}”的预测平均", "因子的设置（编码）"],
    )  # fmt: skip
    fig.add_scatter(
        x=[*x, *x[::-1]], y=[*frame["区间上限"], *frame["区间下限"][::-1]], fill="toself", row=1,
        col=1, fillcolor="rgba(0,114,178,0.15)", line={"width": 0}, name="平均的置信区间",
        hoverinfo="skip",
    )  # fmt: skip
    blue = {"color": theme.BLUE}
    fig.add_scatter(x=x, y=frame["预测平均"], name="预测平均", line=blue, row=1, col=1)
    for place, factor in enumerate(found.factors):
        look = (place + 1) % len(theme.COLORS)
        fig.add_scatter(
            x=x, y=factor.coded(frame[factor.name].tolist()), name=factor.name, row=2, col=1,
            mode="lines+markers",
            line={"color": theme.COLORS[look], "dash": theme.DASHES[place % len(theme.DASHES)]},
            marker={"symbol": theme.SYMBOLS[place % len(theme.SYMBOLS)], "size": 6},
        )  # fmt: skip
    kept = np.cumprod(frame["在试验范围内"] == "是").astype(bool)  # up to where it first leaves
    edge = float(x[kept].iloc[-1])
    for row in (1, 2):
        fig.add_vline(x=edge, line={"color": theme.INK, "dash": "dot"}, row=row, col=1)
    way = "升" if found.climbs else "降"
    inside = frame.loc[kept, "预测平均"]
    alt = (
        f"折线图：离中心越远，沿最好的方向“{found.response}”的预测平均怎样{way}，"
        f"从 {inside.iloc[0]:.4g} 到 {inside.iloc[-1]:.4g}；竖虚线是试验范围的边，再往外是外推。"
    )
    theme.finish(fig, title="沿最好的方向往外走（竖虚线外是外推）", alt=alt, height=560)
    fig.update_xaxes(title_text="距中心（编码单位）", row=2, col=1)
    return fig.update_yaxes(title_text="编码", row=2, col=1)
