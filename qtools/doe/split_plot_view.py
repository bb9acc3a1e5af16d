"""裂区的图与提醒 Figure and coded caveats of :class:`qtools.doe.SplitPlot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.result import Check

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.doe.split_plot_result import SplitPlot

_FAR = 4.0  # residuals of a reading beyond so many standard deviations are worth a look


def figure(found: SplitPlot) -> go.Figure:
    """均值图 Means of the first sub-plot factor's settings, a line a whole-plot setting."""
    fig = theme.new_figure()
    first, sub = found.matrix.factors[0], found.matrix.factors[found.whole_factors]
    at = found.matrix.points
    order = np.unique(np.round(at[:, found.whole_factors], 9))
    labels = [str(own) for own in sub.settings(order)] if not sub.continuous else [
        f"{own:g}" for own in sub.settings(order) if isinstance(own, float)
    ]  # fmt: skip
    lines = np.unique(np.round(at[:, 0], 9))
    for number, setting in enumerate(lines):
        mine = np.isclose(at[:, 0], setting)
        means = [
            float(found.y[mine & np.isclose(at[:, found.whole_factors], own)].mean())
            if (mine & np.isclose(at[:, found.whole_factors], own)).any() else None
            for own in order
        ]  # fmt: skip
        name = first.settings([setting])[0]
        label = f"{name:g}" if isinstance(name, float) else name
        style = number % 7
        fig.add_scatter(
            x=labels, y=means, mode="lines+markers", name=f"{first.name} {label}",
            line={"color": theme.COLORS[style], "dash": theme.DASHES[style], "width": 2},
            marker={"symbol": theme.SYMBOLS[style], "size": 9},
            hovertemplate="%{y:.4g}<extra></extra>",
        )  # fmt: skip
    alt = (
        f"折线图：横轴为子区因子{sub.name}的水平，每条线是整区因子{first.name}的一个水平，"
        f"纵轴为{found.response}的平均。{found.verdict.text}"
    )
    theme.finish(fig, title=f"{found.response}：各{first.name}、各{sub.name}的平均", alt=alt)
    fig.update_xaxes(title_text=sub.name, type="category", showgrid=False)
    return fig.update_yaxes(title_text=found.response)


def checks(found: SplitPlot) -> tuple[Check, ...]:
    """提醒 What limits the answer, most serious first."""
    out = list(found.read_checks)
    if found.df_whole < 5:
        text = (
            f"整区误差只有 {found.df_whole} 个自由度：整区因子的检验很弱，看不出不等于没有；"
            "下次多做几个整区，而不是在整区里多取读数。"
        )
        out.append(Check("split-plot.few-whole-plots", text))
    if found.whole_var_raw < 0:
        text = (
            "整区之间的方差估计为负，按 0 显示：整区的平均比独立读数还接近。"
            "检验仍用未截断的估计，整区因子不会因此更容易显著。"
        )
        out.append(Check("split-plot.negative-variance", text, "info"))
    if not found.balanced:
        text = "数据不平衡：检验是近似的（REML，自由度用包含法），p 值离界限近时不要当真。"
        out.append(Check("split-plot.unbalanced", text, "info"))
    far = np.flatnonzero(np.abs(found.residuals) > _FAR * found.sub_var**0.5)
    if far.size:
        listed = "、".join(str(found.rows[place]) for place in far[:5])
        text = f"第 {listed} 行的残差超过 {_FAR:g} 倍标准差：先查记录。"
        out.append(Check("split-plot.outlier", text))
    return tuple(out)
