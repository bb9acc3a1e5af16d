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


def source_labels(result: GageRR) -> dict[str, str]:
    """Source key → name as people read it."""
    out = {
        "grr": "量具合计 GRR",
        "repeatability": "重复性 EV",
        "operator": f"再现性 AV（{result.operator}）",
        "interaction": f"交互（{result.part}×{result.operator}）",
        "part": f"{result.part}间 PV" + (f"（{result.operator}内）" if result.study.nested else ""),
        "part_within": f"其中：{result.part}间（不计批次）",
        "total": "总变差 TV",
    }
    for place, name in enumerate(result.study.factors, 1):
        key = f"factor{place}"
        own = key in result.analysis.batches
        out[key] = f"其中：{name}（随{result.part}）" if own else f"{name}（计入量具）"
    return out


def components_table(result: GageRR) -> pd.DataFrame:
    """量具表 One row a source: shares, standard deviation with limits, variance."""
    import pandas as pd

    percent = f"{100 * result.confidence:g} %"
    labels = result.labels()
    rows = []
    for key, variance in result.variances().items():
        sd = variance**0.5
        limits = result.intervals[f"{key}_sd"]
        row = {
            "来源": labels[key],
            "%研究变差": 100.0 * float(np.sqrt(variance / result.total_var)),
            "贡献率 %": 100.0 * variance / result.total_var,
        }
        if result.tolerance is not None:
            row["%公差"] = 100.0 * result.k * sd / result.tolerance
        row |= {
            "标准差": sd,
            f"{percent} 下限": limits.low,
            f"{percent} 上限": limits.high,
            f"{result.k:g}σ": result.k * sd,
            "方差": variance,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def anova_table(result: GageRR) -> pd.DataFrame:
    """方差分析表 The analysis with the interaction; after pooling, that one too."""
    import pandas as pd

    if result.method == "range":
        raise QualityDataError("均值极差法没有方差分析表。", hint='请用 method="anova" 再算一次。')
    first = result.full or result.model
    if not (isinstance(first, Anova) and isinstance(result.model, Anova)):
        raise QualityDataError(
            "读数不齐或有别的因子时，平方和怎样拆不止一种，没有方差分析表。",
            hint="请看分量表：各分量由限制最大似然（REML）估计。",
        )
    names = [result.part, result.operator, f"{result.part}×{result.operator}"]
    if result.study.nested:
        names = [result.operator, f"{result.part}（{result.operator}内）"]
    rows = _rows(first, names, "")
    if result.pooled:
        rows += _rows(result.model, names, "（合并后）")
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
    fig.update_xaxes(
        title_text=result.part,
        type="category",
        categoryorder="array",
        categoryarray=list(result.part_names),
        tickfont_size=11,  # names of ten parts side by side on a telephone
        row=2,
        col=1,
    )
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
    study = result.study
    part, operator = study.codes[:2]
    parts, operators = study.counts.shape
    names = np.array(result.part_names)
    points = study.y.size <= MAX_POINTS and study.trials > 1
    base = study.y[0]
    for place in range(operators):
        look = place % len(theme.COLORS)
        color, name = theme.COLORS[look], result.operator_names[place]
        own = operator == place
        count = np.bincount(part[own], minlength=parts)
        seen = np.flatnonzero(count)
        sums = np.bincount(part[own], weights=study.y[own] - base, minlength=parts)
        means = base + sums[seen] / count[seen]
        if points:
            order = np.argsort(part[own], kind="stable")
            fig.add_scatter(
                x=names[part[own][order]].tolist(),
                y=study.y[own][order].tolist(),
                mode="markers",
                marker={"color": color, "symbol": theme.SYMBOLS[look], "size": 6, "opacity": 0.45},
                name=name,
                legendgroup=name,
                showlegend=False,
                row=2,
                col=1,
            )
        fig.add_scatter(
            x=names[seen].tolist(),
            y=means.tolist(),
            mode="lines+markers" if parts <= 60 else "lines",
            line={"color": color, "dash": theme.DASHES[look], "width": 2},
            marker={"symbol": theme.SYMBOLS[look], "size": 8},
            name=f"{result.operator} {name}",
            legendgroup=name,
            row=2,
            col=1,
        )
