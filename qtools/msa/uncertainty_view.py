"""不确定度图 Components as bars, draws as a histogram, and both methods in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.msa.budget import UncertaintyBudget
    from qtools.msa.monte_carlo import MonteCarloUncertainty
    from qtools.msa.validation import Validation

_MOST = 15  # bars; the smaller components are not drawn
_BINS = 80


def budget_figure(result: UncertaintyBudget) -> go.Figure:
    """预算图 Components |c|·u, the largest on top, under the combined uncertainty."""
    fig = theme.new_figure()
    names = list(result.inputs)
    order = result.order[:_MOST]
    labels = ["合成", *(names[place] for place in order)]
    sizes = [result.u, *(float(abs(result.components[place])) for place in order)]
    shares = ["", *(f"{result.shares[place]:.0f} %" for place in order)]
    fig.add_bar(
        x=sizes,
        y=labels,
        orientation="h",
        text=shares,
        textposition="outside",
        cliponaxis=False,
        marker={"color": [theme.GREY, *[theme.BLUE] * len(order)], "line": {"width": 0}},
        hovertemplate="%{y}：%{x:.4g}<extra></extra>",
        showlegend=False,
    )
    fig.update_xaxes(title_text="分量 |c|·u", range=[0, 1.15 * max(sizes)])
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
    parts = "，".join(f"{names[i]} {result.shares[i]:.0f} %" for i in order[:5])
    alt = (
        f"横条图，合成标准不确定度 {result.u:.4g}，下面按大小列出各输入量的分量；"
        f"占合成方差最多的依次是：{parts}。"
    )
    return theme.finish(fig, title="不确定度从哪里来", alt=alt, height=150 + 34 * len(labels))


def simulation_figure(result: MonteCarloUncertainty) -> go.Figure:
    """分布图 Histogram of the draws with the coverage interval."""
    fig = theme.new_figure()
    top = _histogram(fig, result)
    found = result.interval
    _interval(fig, found.low, found.high, "solid", theme.BLUE, "概率对称区间", top)
    alt = (
        f"直方图，{result.n} 次抽样得到的 y；{100 * result.coverage:g} % 的概率对称区间从 "
        f"{found.low:.5g} 到 {found.high:.5g}。"
    )
    return _finish(fig, "蒙特卡洛法得到的分布", alt)


def validation_figure(result: Validation) -> go.Figure:
    """比较图 The draws, the curve of the law of propagation, and both intervals."""
    from scipy.stats import norm, t

    fig = theme.new_figure()
    simulation, budget = result.simulation, result.budget
    top = _histogram(fig, simulation)
    df = budget.df_effective
    shape = norm if np.isinf(df) else t(max(np.floor(df + 1e-9), 1.0))
    x = budget.estimate + budget.u * np.linspace(-4.5, 4.5, 181)
    fig.add_scatter(
        x=x,
        y=shape.pdf((x - budget.estimate) / budget.u) / budget.u,
        mode="lines",
        line={"color": theme.RED, "width": 2.5},
        name="GUM 法",
    )
    found = simulation.interval
    _interval(fig, found.low, found.high, "solid", theme.BLUE, "蒙特卡洛区间", top)
    mine = budget.interval
    _interval(fig, mine.low, mine.high, "dash", theme.RED, "GUM 区间", top)
    alt = (
        f"直方图是 {simulation.n} 次抽样，曲线是 GUM 法假定的分布；"
        f"{100 * budget.coverage:g} % 区间，蒙特卡洛法 {found.low:.5g} 到 {found.high:.5g}，"
        f"GUM 法 {mine.low:.5g} 到 {mine.high:.5g}。"
    )
    return _finish(fig, "两种方法给出的分布", alt)


def _histogram(fig: go.Figure, result: MonteCarloUncertainty) -> float:
    """The draws in bins, as a density, whose top is returned; far tails are not in the picture."""
    low, high = np.quantile(result.draws, [0.0005, 0.9995])
    counts, edges = np.histogram(result.draws, bins=_BINS, range=(float(low), float(high)))
    width = float(edges[1] - edges[0])
    density = counts / (result.n * width)
    fig.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=density,
        width=width,
        marker={"color": theme.SKY, "line": {"width": 0}},
        name="抽样",
        hovertemplate="y = %{x:.4g}<extra></extra>",
    )
    return float(density.max())


def _interval(
    fig: go.Figure, low: float, high: float, dash: str, color: str, name: str, top: float
) -> None:
    """Both end points as vertical lines of the height ``top``, with one entry in the legend."""
    fig.add_scatter(
        x=[low, low, None, high, high],
        y=[0.0, top, None, 0.0, top],
        mode="lines",
        line={"color": color, "width": 2, "dash": dash},
        name=name,
    )


def _finish(fig: go.Figure, title: str, alt: str) -> go.Figure:
    fig.update_layout(bargap=0)
    fig.update_xaxes(title_text="y", showgrid=False)
    fig.update_yaxes(title_text="概率密度", rangemode="tozero")
    return theme.finish(fig, title=title, alt=alt, height=420)
