"""量具运行图的图与提醒 Figure and coded caveats of a run chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number, p_text
from qtools.result import Check

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.msa.run_chart_result import GageRunChart
    from qtools.variance import Codes, Vector

MAX_PEOPLE = 8  # bands; beyond, those that stand out most
MAX_POINTS = 600  # of a band: beyond, each part shows its range only
MAX_NAMES = 12  # parts whose names fit under a band
_BAND, _GAP = 145, 62  # pixels of a band; between bands with tick labels and a title of their own


def figure(result: GageRunChart) -> go.Figure:
    """运行图 A band for each operator: deviations from the part's mean, in order within a part."""
    study = result.study
    part, owner = study.codes[:2]
    people = len(result.people)
    shown = list(range(people))
    if people > MAX_PEOPLE:
        shown = sorted(sorted(shown, key=lambda place: -_stands_out(result, place))[:MAX_PEOPLE])
    base = study.y - study.y[0]
    deviation = base - (np.bincount(part, weights=base) / np.bincount(part))[part]
    fig = theme.new_figure(
        rows=len(shown),
        cols=1,
        shared_xaxes=not study.nested,
        vertical_spacing=min(
            (_GAP if study.nested else 20) / (_BAND * len(shown)), 0.5 / len(shown)
        ),
        subplot_titles=[_title(result, place) for place in shown],
    )
    for row, place in enumerate(shown, 1):
        own = owner == place
        names = np.unique(part[own]) if study.nested else np.arange(len(study.part_names))
        at = np.searchsorted(names, part[own])
        _band(fig, at, deviation[own], row)
        every = max(1, -(-names.size // MAX_NAMES))
        fig.update_xaxes(
            tickvals=list(range(0, names.size, every)),
            ticktext=[study.part_names[which] for which in names[::every]],
            range=[-0.6, names.size - 0.4],
            showgrid=False,
            row=row,
            col=1,
        )
        fig.add_hline(0, line={"color": theme.INK, "width": 1}, row=row, col=1)
        who = result.people[place]
        if who.mean is not None:
            look = {"color": theme.RED, "width": 1.5, "dash": "dash"}
            fig.add_hline(who.mean, line=look, row=row, col=1)
    reach = 1.08 * float(np.abs(deviation).max())
    fig.update_yaxes(range=[-reach, reach])
    fig.update_xaxes(title_text=study.part, row=len(shown), col=1)
    fig.update_yaxes(title_text="偏差", row=(len(shown) + 1) // 2, col=1)
    lines = "红色虚线是他的偏移，" if not study.nested else ""
    alt = (
        f"每位{study.operator}一栏，横轴是{study.part}，纵轴是读数减去该{study.part}平均；"
        f"同一{study.part}的几次读数按先后排开，{lines}黑线是 0。{result.verdict.text}"
    )
    title = f"各人的读数：与{study.part}平均之差"
    if people > MAX_PEOPLE:
        title += f"（{people} 人中最突出的 {MAX_PEOPLE} 人）"
    height = 150 + _BAND * len(shown) + (_GAP * (len(shown) - 1) if study.nested else 0)
    return theme.finish(fig, title=title, alt=alt, height=height)


def _stands_out(result: GageRunChart, place: int) -> float:
    who = result.people[place]
    return abs(who.mean or 0.0) + (who.sd or 0.0)


def _title(result: GageRunChart, place: int) -> str:
    who = result.people[place]
    said = [] if who.mean is None else [f"偏移 {format_number(who.mean, 3)}"]
    said += [] if who.sd is None else [f"重复 s = {format_number(who.sd, 3)}"]
    return f"{result.study.operator} {who.name}　{'，'.join(said)}"


def _band(fig: go.Figure, at: Codes, deviation: Vector, row: int) -> None:
    """Readings of one operator; where there are too many, from least to greatest of each part."""
    order = np.argsort(at, kind="stable")
    at, deviation = at[order], deviation[order]
    first = np.concatenate([[True], np.diff(at) > 0])
    start = np.flatnonzero(first)
    size = np.diff([*start, at.size])
    if at.size > MAX_POINTS:
        ends = [np.minimum.reduceat(deviation, start), np.maximum.reduceat(deviation, start)]
        x, y = np.repeat(at[start], 3).astype(float), np.repeat(np.nan, 3 * start.size)
        y[::3], y[1::3] = ends
    else:
        turn = np.arange(at.size) - np.repeat(start, size)
        step = 0.6 / max(int(size.max()) - 1, 1)
        x = at + (turn - (np.repeat(size, size) - 1) / 2) * step
        # a gap between parts
        x, y = (np.insert(each.astype(float), start[1:], np.nan) for each in (x, deviation))
    fig.add_scatter(
        x=x.tolist(),
        y=[None if np.isnan(each) else each for each in y.tolist()],
        mode="lines" if at.size > MAX_POINTS else "lines+markers",
        line={"color": theme.BLUE, "width": 1.5},
        marker={"size": 6},
        showlegend=False,
        hovertemplate="%{y:.4g}<extra></extra>",
        row=row,
        col=1,
    )


def caveats(result: GageRunChart) -> tuple[Check, ...]:
    """提醒 Each pattern with its numbers, then what could not be asked."""
    study = result.study
    out = []
    if result.identical:
        text = (
            f"{result.repeated} 个有重复的组合里，{result.identical} 个的几次读数完全一样："
            "量具的分辨力可能不够（读数被取整），也可能照抄了前一次。请核对原始记录。"
        )
        often = 2 * result.identical > result.repeated
        out.append(Check("run-chart.identical-repeats", text, "caution" if often else "info"))
    copied = [who.name for who in result.people if who.sd == 0]
    if copied and len(copied) < len(result.people):
        text = f"只有 {'、'.join(copied)} 的重复读数从来没有差别：问一问是怎样读、怎样记的。"
        out.append(Check("run-chart.one-without-spread", text))
    for who in result.off:
        if who.mean is None or who.offset is None:
            continue
        text = (
            f"{who.name} 比各人平均{'高' if who.mean > 0 else '低'} {abs(who.mean):.4g}"
            f"（同时区间 {who.offset.low:.4g} 到 {who.offset.high:.4g}，不含 0）："
            "查他的装夹、对零和读数习惯，不必先怪人。"
        )
        out.append(Check("run-chart.operator-off", text))
    for who in result.wide:
        text = (
            f"{who.name} 的重复标准差 {who.sd:.4g}，比其余各人合并的大"
            f"（Cochran 检验，校正后 {p_text(who.spread_p or 0.0)}）：多看一眼他的手法。"
        )
        out.append(Check("run-chart.wide-repeats", text))
    drift = result.drift
    if drift is not None and drift.p < result.risk:
        text = (
            f"同一组合里，后测的比先测的{'高' if drift.change > 0 else '低'}：从头到尾变了 "
            f"{drift.change:.4g}（区间 {drift.interval.low:.4g} 到 {drift.interval.high:.4g}）。"
            "量具或环境在漂，重复性里混进了时间。"
        )
        out.append(Check("run-chart.drift", text))
    if study.nested:
        text = (
            f"嵌套研究：各位{study.operator}测的{study.part}不同，看不出谁读得高、谁读得低，"
            "只能比较各人重复读数的散布。"
        )
        out.append(Check("run-chart.nested", text, "info"))
    if not result.repeated:
        text = "每个组合只有 1 个读数，没有重复，比不了各人的散布。"
        out.append(Check("run-chart.no-repeats", text, "info"))
    return tuple(out)
