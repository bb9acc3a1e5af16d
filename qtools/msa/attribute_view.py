"""计数型图 Indices with their limits by rater; disputed parts by rater."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qtools.msa.attribute_parts import Index
    from qtools.msa.attribute_result import AttributeAgreement

MOST_PARTS = 40  # rows of the figure of disputed parts


def draw(result: AttributeAgreement) -> go.Figure:
    """指标图 One panel an index: value and interval of each rater (or pair), limits dashed."""
    panels: dict[str, list[Index]] = {}
    for index in result.indices:
        panels.setdefault(index.name, []).append(index)
    if not panels:
        return _empty()
    titles = [
        name + (f"（{own[0].unit.strip()}）" if own[0].unit else "") for name, own in panels.items()
    ]
    heights = [len(own) + 0.8 for own in panels.values()]
    fig = theme.new_figure(
        rows=len(panels), cols=1, subplot_titles=titles, row_heights=heights,
        vertical_spacing=min(0.13, 0.5 / len(panels)),
    )  # fmt: skip
    for row, own in enumerate(panels.values(), start=1):
        _panel(fig, row, own)
    words = [f"{i.whose}{i.name} {i.value:.{1 if i.unit else 2}f}{i.unit}" for i in result.indices]
    height = 150 + 78 * len(panels) + 26 * sum(map(len, panels.values()))
    return theme.finish(
        fig,
        title="各项指标、区间与界限",
        alt=f"点与区间图，每项指标一栏，虚线是接收界限。{'，'.join(words[:16])}。",
        height=height,
    )


def _panel(fig: go.Figure, row: int, own: list[Index]) -> None:
    for place, (level, color) in enumerate(
        (("good", theme.BLUE), ("caution", theme.ORANGE), ("bad", theme.RED))
    ):
        those = [index for index in own if index.band.level == level]
        if not those:
            continue
        spans = [(i.interval.low, i.interval.high) if i.interval else (i.value,) * 2 for i in those]
        fig.add_scatter(
            x=[index.value for index in those],
            y=[index.whose for index in those],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - i.value for (_, high), i in zip(spans, those, strict=True)],
                "arrayminus": [i.value - low for (low, _), i in zip(spans, those, strict=True)],
                "color": color,
                "thickness": 2,
            },
            mode="markers",
            marker={"color": color, "symbol": theme.SYMBOLS[place], "size": 11},
            name=those[0].band.name,
            showlegend=False,
            hovertemplate="%{y}：%{x:.3g}<extra>" + those[0].band.name + "</extra>",
            row=row,
            col=1,
        )
    for limit in own[0].ladder.limits:
        fig.add_vline(
            x=limit, line={"color": theme.INK, "dash": "dash", "width": 1}, row=row, col=1
        )
    ends = [end for i in own for end in ((i.interval.low, i.interval.high) if i.interval else ())]
    ends += [*own[0].ladder.limits, *(index.value for index in own)]
    room = 0.06 * (max(ends) - min(ends))  # no limit and no end of an interval on the axis
    fig.update_xaxes(range=[min(ends) - room, max(ends) + room], row=row, col=1)
    names = [index.whose for index in own]
    fig.update_yaxes(
        categoryorder="array", categoryarray=names[::-1], range=[-0.6, len(names) - 0.4],
        type="category", row=row, col=1,
    )  # fmt: skip


def _empty() -> go.Figure:
    fig = theme.new_figure()
    fig.add_annotation(
        text="没有可画的指标：判定全都一样",
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        showarrow=False,
    )
    return theme.finish(fig, title="各项指标", alt="没有可画的指标，判定全都一样。", height=240)


def draw_parts(result: AttributeAgreement) -> go.Figure:
    """争议图 Rows are disputed parts, columns raters; the number is how often he was wrong."""
    study = result.study
    wrong, order = study.wrong, study.disputed
    shown = order[:MOST_PARTS]
    what = "判错" if study.truth is not None else "与多数不同"
    fig = theme.new_figure()
    names = [_row_name(result, int(place)) for place in shown]
    most = max(int(wrong.max(initial=0)), 1)
    rows, raters = np.nonzero(wrong[shown])
    times = wrong[shown][rows, raters].tolist()
    fig.add_scatter(
        x=[study.rater_names[rater] for rater in raters],
        y=[names[row] for row in rows],
        mode="markers+text",
        marker={
            "opacity": 1,
            "size": [13 + 9 * n / most for n in times],
            "color": [theme.RED if n == most else theme.BLUE for n in times],
            "symbol": ["square" if n == most else "circle" for n in times],
        },
        text=[str(n) for n in times],
        textfont={"color": "#FFFFFF", "size": 11},
        hovertemplate=f"%{{y}}，%{{x}}：{what} %{{text}} 次<extra></extra>",
    )
    fig.update_xaxes(
        type="category", categoryorder="array", categoryarray=list(study.rater_names),
        range=[-0.5, len(study.rater_names) - 0.5],
    )  # fmt: skip
    fig.update_yaxes(
        type="category", categoryorder="array", categoryarray=names[::-1],
        range=[-0.6, max(len(names), 1) - 0.4],
    )  # fmt: skip
    by_rater = "、".join(
        f"{rater} {int(n)} 次"
        for rater, n in zip(study.rater_names, wrong.sum(axis=0), strict=True)
    )
    more = f"（共 {len(order)} 件，只画前 {MOST_PARTS} 件）" if len(order) > MOST_PARTS else ""
    return theme.finish(
        fig,
        title=f"哪些件、谁{what}了几次{more}",
        alt=f"点阵图，行是有人{what}的 {len(order)} 件，列是检验员，数是次数。合计：{by_rater}。",
        height=150 + 26 * max(len(names), 2),
    )


def _row_name(result: AttributeAgreement, place: int) -> str:
    study = result.study
    name = f"{study.part} {study.part_names[place]}"
    return name if study.truth is None else f"{name}（{study.levels[study.truth[place]]}）"
