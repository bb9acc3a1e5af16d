"""三级变差的图与提醒 Figure and coded caveats of :class:`qtools.msa.LevelStudy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number
from qtools.result import Check

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.msa.levels_result import LevelStudy

_ALPHA = 0.05  # joint risk of calling a spread or a bias changed
_LOST = 0.6  # effective degrees of freedom, as a part of the nominal ones
FEW_RUNS = 5
_SPAN = 0.36  # half of the room of an instrument on the axis


def figure(study: LevelStudy) -> go.Figure:
    """偏差图 Small points are days, large ones averages of a run with their ± 2 standard errors."""
    fig = theme.new_figure()
    _, instrument, run = study.codes
    names = [level.name or "全部" for level in study.levels]
    n_runs = len(study.runs)
    for r in range(n_runs):
        color, symbol = theme.COLORS[r % 7], theme.SYMBOLS[r % 7]
        left = -_SPAN + (2 * _SPAN) * r / n_runs
        width = 2 * _SPAN / n_runs
        place = np.flatnonzero(run == r)
        # days spread over the room of their run, in the order of the file
        spread = np.empty(place.size)
        for g in range(len(names)):
            mine = np.flatnonzero(instrument[place] == g)
            spread[mine] = left + width * (0.1 + 0.8 * (np.arange(mine.size) + 0.5) / mine.size)
        label = f"{study.columns[2]} {study.runs[r]}" if n_runs > 1 else "每天"
        fig.add_scatter(
            x=(instrument[place] + spread).tolist(),
            y=study.deviations[place].tolist(),
            mode="markers",
            name=label,
            marker={"color": color, "symbol": symbol, "size": 5, "opacity": 0.55},
            hovertemplate="%{y:.4g}<extra></extra>",
        )
        means = [
            float(study.deviations[place[instrument[place] == g]].mean()) for g in range(len(names))
        ]
        fig.add_scatter(
            x=[g + left + width / 2 for g in range(len(names))],
            y=means,
            mode="markers",
            name="这一轮的平均" if n_runs == 1 else "大点：各轮的平均",
            legendrank=2000,
            showlegend=r == 0,
            marker={
                "color": color,
                "symbol": symbol,
                "size": 13,
                "line": {"color": theme.INK, "width": 2},
            },
            hovertemplate=f"{label}的平均：%{{y:.4g}}<extra></extra>",
        )
    fig.add_hline(y=0, line={"color": theme.INK, "width": 1})
    what = study.columns[1] or "仪器"
    shifts = "，".join(
        f"{name}：{'、'.join(format_number(float(shift), 2) for shift in level.shifts)}"
        for name, level in zip(names, study.levels, strict=True)
    )
    alt = (
        f"散点图：横轴是{what}，每台内按轮次分开；纵轴是每天的平均与同一样件总平均之差，"
        f"大点是一轮的平均。各轮对自己总平均的移动：{shifts}。{study.verdict.text}"
    )
    theme.finish(fig, title=f"{study.value}：每天的偏差，按{what}和轮次", alt=alt, height=440)
    ticks = {"tickvals": list(range(len(names))), "ticktext": names}
    fig.update_xaxes(title_text=what, showgrid=False, range=[-0.5, len(names) - 0.5], **ticks)
    return fig.update_yaxes(title_text=f"{study.value}与样件平均之差")


def checks(study: LevelStudy) -> tuple[Check, ...]:
    """提醒 What limits the answer, most serious first."""
    out = [*_clusters(study), *_spread(study), *_bias(study), *_runs(study)]
    for place, name in ((1, "日间"), (2, "轮间")):
        negative = [
            f"“{level.name}”" if level.name else "全部数据"
            for level in study.levels
            if len(level.raw) > place and level.raw[place] < 0
        ]
        if negative:
            text = (
                f"{'、'.join(negative)}的{name}方差估计为负，按 0 计：它淹没在下一级的散布里，"
                "不等于不存在。"
            )
            out.append(Check("levels.negative-component", text))
    if not study.even:
        text = "各组合的天数不一样，K 用调和平均，区间是近似的。"
        out.append(Check("levels.uneven", text, "info"))
    return tuple(out)


def _clusters(study: LevelStudy) -> list[Check]:
    """Days in two heaps: something that was not named changed between them."""
    found = study.clusters
    if found is None:
        return []
    low, high = format_number(found.low), format_number(found.high)
    names = "、".join(f"“{name}”" for name in found.columns)
    cause = (
        f"没有用到的列{names}正好把它们分开：请写明它的用途（样件写 artefact，仪器写 instrument，"
        f"轮次写 run；命令行：例如 --artefact {found.columns[0]}）"
        if names
        else "多半是几件样件混在一起（请写明样件所在的列 artefact），或单位、小数点写错"
    )
    text = f"同一组合的日平均相差悬殊，低的一堆在 {low} 左右，高的在 {high} 左右。{cause}。"
    return [Check("levels.clusters", text, "bad")]


def _spread(study: LevelStudy) -> list[Check]:
    """Short-term standard deviations that are another in another run."""
    from scipy.special import fdtrc

    found = []
    for level in study.levels:
        low, high = np.argmin(level.short_by_run), np.argmax(level.short_by_run)
        small, large = level.short_by_run[low], level.short_by_run[high]
        if small == large:
            continue
        runs = len(study.runs)
        tail = 1.0
        if small > 0:
            tail = float(fdtrc(level.df_by_run[high], level.df_by_run[low], large / small))
        tests = len(study.levels) * runs * (runs - 1)
        if small == 0 or tests * tail < _ALPHA:
            what = f"“{level.name}”" if level.name else ""
            found.append(
                f"{what}从 {format_number(small**0.5, 3)}（{study.columns[2]} {study.runs[low]}）"
                f"变为 {format_number(large**0.5, 3)}（{study.columns[2]} {study.runs[high]}）"
            )
    if not found:
        return []
    text = (
        f"短期标准差在轮次之间变了：{'；'.join(found)}。合并的 s₁ 只是平均，先查那一轮出了什么事。"
    )
    return [Check("levels.spread-moves", text)]


def _bias(study: LevelStudy) -> list[Check]:
    moved = [
        f"“{level.name}”（{' → '.join(format_number(b, 3) for b in bias.by_run)}）"
        for level, bias in zip(study.levels, study.biases, strict=bool(study.biases))
        if bias.moved_p is not None and bias.moved_p < _ALPHA
    ]
    if not moved:
        return []
    text = (
        f"偏差随轮次变：{'、'.join(moved)}。变号的不能修正；同向而大小在变的，"
        "修正值的不确定度已按轮次算。"
    )
    return [Check("levels.bias-moves", text)]


def _runs(study: LevelStudy) -> list[Check]:
    used, runs = study.used, len(study.runs)
    if runs == 1:
        text = "只有一轮，看不到隔几周、几个月的变化：u 只对这一轮成立，长期的要再测一轮才知道。"
        return [Check("levels.one-run", text)]
    out = []
    if used.df[2] < _LOST * used.nominal:
        text = (
            f"一换轮次，各样件一起动：第三级名义上有 {used.nominal} 个自由度，"
            f"实际只相当于 {used.df[2]:.1f} 个。轮间变差的区间因此很宽。"
        )
        out.append(Check("levels.runs-shared", text))
    if runs < FEW_RUNS:
        text = f"只有 {runs} 轮，轮间变差估不准；轮次之间若还换了人或温度也变了，这些也都算在里面。"
        out.append(Check("levels.few-runs", text, "info"))
    return out
