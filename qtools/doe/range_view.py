"""水平均值图 Means of levels, a column of panels a factor, a row a characteristic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.estimate import t_quantile

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.doe.range_result import LevelAnalysis

_ROW = 180


def draw(results: Sequence[LevelAnalysis], title: str) -> go.Figure:
    """水平均值图 Dots joined by lines, with intervals where there is an error."""
    factors = results[0].factors
    rows, cols = len(results), len(factors)
    fig = theme.new_figure(
        rows=rows, cols=cols, shared_yaxes=True, horizontal_spacing=0.02, vertical_spacing=0.14,
        column_titles=[factor.name for factor in factors],
    )  # fmt: skip
    for row, result in enumerate(results):
        color, symbol = theme.COLORS[row], theme.SYMBOLS[row]
        for col, (factor, means) in enumerate(zip(factors, result.means, strict=True)):
            labels = [str(level) for level in factor.levels]
            fig.add_scatter(
                x=labels, y=means.tolist(), mode="lines+markers", row=row + 1, col=col + 1,
                marker={"color": color, "symbol": symbol, "size": 9}, line={"color": color},
                error_y={"type": "data", "array": _half(result, col), "color": color},
                name=f"{result.what}（{factor.name}）", showlegend=False,
                hovertemplate=f"{factor.name} = %{{x}}<br>{result.what} %{{y:.4g}}<extra></extra>",
            )  # fmt: skip
            fig.add_scatter(
                x=[labels[0], labels[-1]], y=[float(result.fit.y.mean())] * 2, mode="lines",
                name="总平均", line={"color": theme.GREY, "dash": "dot", "width": 1},
                showlegend=False, hoverinfo="skip", row=row + 1, col=col + 1,
            )  # fmt: skip
        fig.update_yaxes(title_text=result.what, row=row + 1, col=1)
    fig.update_xaxes(type="category")
    first = results[0]
    order = sorted(range(cols), key=lambda i: first.ranks[i])
    shown = "误差条是各均值的置信区间" if first.fit.s else "没有误差，画不出区间"
    best = f"最好的组合 {first.best_text}。" if first.goal else ""
    alt = (
        f"水平均值图，{rows} 行 {cols} 列：每列一个因子，"
        f"每行一个指标（{'、'.join(r.what for r in results)}）。"
        f"{first.what}的极差从大到小：{'、'.join(factors[i].name for i in order)}；"
        f"{best}{shown}。"
    )
    return theme.finish(fig, title=title, alt=alt, height=120 + _ROW * rows)


def _half(result: LevelAnalysis, factor: int) -> list[float]:
    """Half widths of the intervals of the means; 0 without error."""
    if not result.fit.s:
        return [0.0] * len(result.means[factor])
    column = result.fit.matrix.points[:, factor]
    positions = result.factors[factor].positions
    counts = np.bincount(np.abs(column[:, None] - positions).argmin(axis=1))
    half = t_quantile(result.confidence, result.fit.df) * result.fit.s / np.sqrt(counts)
    return [float(value) for value in half]
