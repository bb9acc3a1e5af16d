"""量具图表 Figure and ANOVA table of a gauge study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.errors import QualityDataError
from qtools.variance import Anova

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.msa.result import GageRR

MAX_POINTS = 1000  # beyond this only means are drawn


def anova_table(result: GageRR) -> pd.DataFrame:
    """方差分析表 The analysis with the interaction; after pooling, that one too."""
    import pandas as pd

    if result.method == "range":
        raise QualityDataError("均值极差法没有方差分析表。", hint='请用 method="anova" 再算一次。')
    cross = f"{result.part}×{result.operator}"
    rows: list[list[object]] = []
    first = result.full or result.model
    rows += _rows(first, [result.part, result.operator, cross], "")
    if result.pooled:
        rows += _rows(result.model, [result.part, result.operator], "（合并后）")
    return pd.DataFrame(rows, columns=["来源", "平方和 SS", "自由度", "均方 MS", "F", "p"])


def _rows(anova: Anova, names: list[str], suffix: str) -> list[list[object]]:
    names = [*names[: len(anova.df) - 1], "重复性（残差）"]
    tests: list[tuple[float, float]] = [*zip(anova.f, anova.p, strict=True), (np.nan, np.nan)]
    facts = zip(names, anova.ss, anova.df, anova.ms, tests, strict=True)
    rows: list[list[object]] = [
        [f"{name}{suffix}", ss, df, ms, f, p] for name, ss, df, ms, (f, p) in facts
    ]
    if not suffix:
        rows.append(["合计", sum(anova.ss), sum(anova.df), None, None, None])
    return rows


def figure(result: GageRR) -> go.Figure:
    """量具图 Above: share of variance and study variation; below: readings by part and operator."""
    fig = theme.new_figure(
        rows=2,
        cols=1,
        row_heights=[0.42, 0.58],
        vertical_spacing=0.24,
        subplot_titles=("各来源的占比", f"每个{result.part}的读数，按{result.operator}"),
    )
    _bars(fig, result)
    _readings(fig, result)
    fig.update_yaxes(title_text="占比（%）", row=1, col=1)
    fig.update_xaxes(showgrid=False, row=1, col=1)
    fig.update_yaxes(title_text=result.value, row=2, col=1)
    fig.update_xaxes(title_text=result.part, type="category", row=2, col=1)
    shares = "，".join(
        f"{name} {100 * float(np.sqrt(variance / result.total_var)):.1f} %"
        for name, variance in _sources(result)
    )
    alt = (
        f"上图为条形图，各来源的 %研究变差：{shares}。"
        f"下图为折线图，横轴是 {len(result.part_names)} 个{result.part}，"
        f"每条线是一位{result.operator}的平均读数，共 {len(result.operator_names)} 条。"
    )
    theme.finish(fig, title="量具的变差占多少", alt=alt, height=660)
    # each panel: its title, under it the legend, then the plot
    fig.update_annotations(yshift=24)
    own = {"orientation": "h", "x": 0.0, "xanchor": "left", "yanchor": "bottom"}
    return fig.update_layout(
        barmode="group",
        margin={"t": 98},
        legend=own | {"y": fig.layout.yaxis2.domain[1]},
        legend2=own | {"y": 1.0},
    )


def _sources(result: GageRR) -> list[tuple[str, float]]:
    labels = result.labels()
    return [(labels[key], part) for key, part in result.variances().items() if key != "total"]


def _bars(fig: go.Figure, result: GageRR) -> None:
    sources = _sources(result)
    short = [name.split("（")[0] for name, _ in sources]
    ratio = np.array([part for _, part in sources]) / result.total_var
    for name, heights, color in (
        ("贡献率", 100 * ratio, theme.SKY),
        ("%研究变差", 100 * np.sqrt(ratio), theme.BLUE),
    ):
        fig.add_bar(
            x=short,
            y=heights.tolist(),
            name=name,
            marker_color=color,
            legend="legend2",
            hovertemplate="%{x}：%{y:.1f} %<extra>" + name + "</extra>",
            row=1,
            col=1,
        )


def _readings(fig: go.Figure, result: GageRR) -> None:
    parts, operators, trials = result.readings.shape
    means = result.readings.mean(axis=2)
    points = result.readings.size <= MAX_POINTS and trials > 1
    for place in range(operators):
        look = place % len(theme.COLORS)
        color, name = theme.COLORS[look], result.operator_names[place]
        if points:
            fig.add_scatter(
                x=[name for name in result.part_names for _ in range(trials)],
                y=result.readings[:, place, :].ravel().tolist(),
                mode="markers",
                marker={"color": color, "symbol": theme.SYMBOLS[look], "size": 6, "opacity": 0.45},
                name=name,
                legendgroup=name,
                showlegend=False,
                row=2,
                col=1,
            )
        fig.add_scatter(
            x=list(result.part_names),
            y=means[:, place].tolist(),
            mode="lines+markers" if parts <= 60 else "lines",
            line={"color": color, "dash": theme.DASHES[look], "width": 2},
            marker={"symbol": theme.SYMBOLS[look], "size": 8},
            name=f"{result.operator} {name}",
            legendgroup=name,
            row=2,
            col=1,
        )
