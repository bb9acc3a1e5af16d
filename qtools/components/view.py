"""方差分量的图与提醒 Figure and coded caveats of :class:`qtools.VarianceComponents`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools import theme
from qtools.result import Check

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.components import VarianceComponents

FEW_DF = 5  # below this the upper limit of a variance is more than six times its estimate


def figure(result: VarianceComponents) -> go.Figure:
    """占比图 Horizontal bars of the shares with their intervals."""
    intervals = [result.parts.intervals[f"{key}_pct"] for key in result.parts.keys]
    labels = [f"{share:.1f} %" for share in result.shares]
    pairs = list(zip(result.shares, intervals, strict=True))
    fig = theme.new_figure()
    fig.add_bar(
        x=result.shares,
        y=result.names,
        orientation="h",
        marker_color=[
            theme.BLUE if place == result.largest else theme.SKY for place in range(len(pairs))
        ],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [max(limit.high - share, 0.0) for share, limit in pairs],
            "arrayminus": [max(share - limit.low, 0.0) for share, limit in pairs],
            "color": theme.INK,
        },
        customdata=[[limit.low, limit.high] for limit in intervals],
        hovertemplate="%{y}：%{x:.1f} %（%{customdata[0]:.1f}–%{customdata[1]:.1f} %）"
        "<extra></extra>",
        showlegend=False,
    )
    percent = f"{100 * result.confidence:g} %"
    fig.update_xaxes(title=f"占总方差的百分比（横线：{percent} 区间）", range=[0, 100])
    fig.update_yaxes(autorange="reversed")
    shown = "，".join(f"{a} {b}" for a, b in zip(result.names, labels, strict=True))
    return theme.finish(
        fig,
        title=f"{result.value}的变差来自哪里",
        alt=f"条形图，各来源占总方差的百分比及 {percent} 区间：{shown}。",
        height=180 + 56 * len(result.parts.keys),
    )


def checks(result: VarianceComponents) -> tuple[Check, ...]:
    """提醒 What limits the answer: negative components, few units, labels that recur."""
    parts, names = result.parts, result.names
    out: list[Check] = []
    negative = [name for name, part in zip(names, parts.raw, strict=True) if part < 0]
    if negative:
        shown = "、".join(f"“{name}”" for name in negative)
        text = f"{shown}的方差估计为负，按 0 报告：它与 0 分不清，不等于它真的不存在。"
        out.append(Check("variance.negative-component", text))
    zero = [name for name, part in zip(names, parts.raw, strict=True) if part == 0]
    if zero:
        shown = "、".join(f"“{name}”" for name in zero)
        text = f"{shown}的方差估计落在边界 0 上：它与 0 分不清，区间上限才说明它最多可能有多大。"
        out.append(Check("variance.zero-component", text))
    few = [
        f"“{name}”（{units} 个）"
        for name, source, units in zip(names, parts.factors, parts.units, strict=True)
        if source and units - 1 < FEW_DF
    ]
    if few:
        text = f"单元太少：{'、'.join(few)}。方差的区间会宽到好几倍，结论要留余地。"
        out.append(Check("variance.few-units", text))
    if not parts.replicated:
        text = "每个组合只有一个读数，最高阶的交互与残差分不开，都算在残差里。"
        out.append(Check("variance.no-replicates", text))
    if not parts.balanced and result.method == "ems":
        text = "数据不平衡：分量用期望均方法的一般公式估计，区间改由 REML 剖面似然给出。"
        out.append(Check("variance.unbalanced", text, "info"))
    for place in parts.recurring:
        text = (
            f"“{result.columns[place]}”的编号在每个“{result.columns[place - 1]}”里都一样。"
            '若同一编号指同一个位置或同一个人，请再用 design="crossed" 看它有没有固定差别。'
        )
        out.append(Check("variance.labels-recur", text, "info"))
    return tuple(out)
