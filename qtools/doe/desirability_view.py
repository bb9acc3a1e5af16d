"""意愿函数的图 Desirability curves, and two responses on the Pareto front."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.doe.surface_tables import described
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.doe.desirability_result import Desirability

    Matrix = npt.NDArray[np.float64]


def draw(found: Desirability) -> go.Figure:
    """One panel a response: its curve, the prediction at the best setting, its interval."""
    m = len(found.names)
    fig = theme.new_figure(
        rows=m, cols=1, subplot_titles=list(found.names), vertical_spacing=0.42 / m
    )
    d = found.desirabilities(found.best)
    for place, (one, goal) in enumerate(zip(found.surfaces, found.goals, strict=True)):
        at = {"row": place + 1, "col": 1}
        first = place == 0
        ahead, mean = one.prediction(found.best), one.mean_at(found.best)[0]
        marks = [v for v in (goal.lower, goal.target, goal.upper) if v is not None]
        low, high = min([*marks, ahead.low]), max([*marks, ahead.high])
        wide = 0.06 * (high - low)
        y = np.unique([*np.linspace(low - wide, high + wide, 301), *marks])
        fig.add_scatter(
            x=y, y=goal.desirability(y), mode="lines", name="意愿 d", showlegend=first, **at,
            line={"color": theme.BLUE, "width": 2},
            hovertemplate="%{x:.4g}：d = %{y:.3f}<extra></extra>",
        )  # fmt: skip
        fig.add_scatter(
            x=[ahead.low, ahead.high], y=[float(d[place])] * 2, mode="lines", **at,
            name="单次的预测区间", showlegend=first, line={"color": theme.GREY, "width": 2},
        )  # fmt: skip
        fig.add_scatter(
            x=[mean.interval.low, mean.interval.high], y=[float(d[place])] * 2, mode="lines", **at,
            name="平均的区间", showlegend=first, line={"color": theme.ORANGE, "width": 7},
        )  # fmt: skip
        fig.add_scatter(
            x=[mean.value], y=[float(d[place])], mode="markers", name="预测平均", showlegend=first,
            marker={"symbol": "diamond", "size": 12, "color": theme.RED}, **at,
        )  # fmt: skip
        for limit in (goal.lower, goal.upper):
            if limit is not None:
                edge = {"color": theme.INK, "width": 1, "dash": "dash"}
                fig.add_vline(x=limit, line=edge, row=place + 1, col=1)
        fig.update_yaxes(range=[-0.08, 1.08], title_text="d", **at)
    values = "，".join(f"{name} {value:.2f}" for name, value in zip(found.names, d, strict=True))
    alt = (
        f"{m} 条意愿曲线，菱形是折中设置处的预测，虚线是界限。各响应的 d：{values}。"
        f"{found.verdict.text}"
    )
    title = "各响应的意愿曲线与预测（虚线是界限）"
    return theme.finish(fig, title=title, alt=alt, height=165 * m + 130)


def at_odds(found: Desirability) -> tuple[int, int]:
    """The two responses whose shortfalls run most against each other on the front."""
    from scipy.stats import rankdata

    y = np.array([found.predicted(point) for point in found.front])
    loss = [rankdata(goal.shortfall(y[:, i])) for i, goal in enumerate(found.goals)]
    pairs = list(combinations(range(len(loss)), 2))

    def alike(pair: tuple[int, int]) -> float:
        one, two = loss[pair[0]], loss[pair[1]]
        if np.ptp(one) == 0 or np.ptp(two) == 0:
            return 1.0
        return float(np.corrcoef(one, two)[0, 1])

    return min(pairs, key=alike)


def draw_front(found: Desirability, pair: tuple[str, str] | None) -> go.Figure:
    """Settings of the front in the plane of two responses, shaded by D."""
    if pair is not None and (len(set(pair)) != 2 or not set(pair) <= set(found.names)):
        raise QualityDataError(
            f"前沿图要两个不同的响应，{pair!r} 不是。", hint=f"响应有：{'、'.join(found.names)}。"
        )
    names = found.names
    i, j = at_odds(found) if pair is None else (names.index(pair[0]), names.index(pair[1]))
    y = np.array([found.predicted(point) for point in found.front])
    total = [found.overall_at(point) for point in found.front]
    fig = theme.new_figure()
    fig.add_scatter(
        x=y[:, i], y=y[:, j], mode="markers", name="前沿上的设置",
        marker={"size": 7, "color": total, "colorscale": [[0, "#DCE9F5"], [1, theme.BLUE]],
                "showscale": True, "colorbar": {"title": {"text": "D"}},
                "line": {"width": 0.5, "color": theme.INK}},
        customdata=[described(found.surfaces[0].settings(point)) for point in found.front],
        hovertemplate="%{customdata}<br>%{x:.4g}，%{y:.4g}<extra></extra>",
    )  # fmt: skip
    first = "总意愿 D 最高" if found.overall > 0 else "离界限最近"
    for name, point, symbol, color in (
        (first, found.best, "diamond", theme.RED),
        ("单次合格的概率最高", found.reliable, "square", theme.GREEN),
    ):
        if point is None:
            continue
        at = found.predicted(point)
        fig.add_scatter(
            x=[at[i]], y=[at[j]], mode="markers", name=name,
            marker={"size": 14, "symbol": symbol, "color": color,
                    "line": {"color": "white", "width": 1}},
        )  # fmt: skip
    one, two = found.names[i], found.names[j]
    alt = (
        f"散点图：帕累托前沿上 {len(found.front)} 处设置的“{one}”和“{two}”的预测，"
        f"“{one}”从 {y[:, i].min():.4g} 到 {y[:, i].max():.4g}，"
        f"“{two}”从 {y[:, j].min():.4g} 到 {y[:, j].max():.4g}；菱形是{first}的一处。"
    )
    theme.finish(fig, title=f"前沿：要“{one}”好，“{two}”就要让", alt=alt, height=460)
    fig.update_xaxes(title_text=one)
    return fig.update_yaxes(title_text=two)
