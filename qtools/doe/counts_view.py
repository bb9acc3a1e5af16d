"""计数的图与提醒 Figures and coded caveats of :class:`qtools.doe.CountAnalysis`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number, p_text
from qtools.doe.counts_cluster import clusters_per_level
from qtools.doe.settings import numbered
from qtools.result import Check, Interval

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.doe.counts_result import CountAnalysis

    Vector = npt.NDArray[np.float64]

_ALPHA = 0.01
FEW_CLUSTERS = 10  # a level; below it CR1 was measured to reject 15-70 % where 5 % was asked
_FAR = 4.0  # standardised Pearson residuals beyond this are worth a look


def unit(found: CountAnalysis) -> str:
    """What a rate is counted in."""
    return f"{found.count}／{found.exposure}" if found.exposure else f"每行的{found.count}"


def figure(found: CountAnalysis) -> go.Figure:
    """率图 One panel a factor, on a common logarithmic scale."""
    rates = found.rates()
    names = list(dict.fromkeys(rate.factor for rate in rates))
    widths = [max(sum(rate.factor == name for rate in rates), 2) + 1 for name in names]
    fig = theme.new_figure(
        rows=1, cols=len(names), shared_yaxes=True, subplot_titles=names, column_widths=widths,
        horizontal_spacing=0.02,
    )  # fmt: skip
    words = []
    for column, name in enumerate(names, 1):
        own = [rate for rate in rates if rate.factor == name]
        value = np.exp([rate.log_rate.value for rate in own])
        high = np.exp([rate.log_rate.interval.high for rate in own])
        low = np.exp([rate.log_rate.interval.low for rate in own])
        x = [rate.level for rate in own]
        raw = [(rate.level, rate.raw) for rate in own if rate.raw is not None]
        fig.add_scatter(
            x=[level for level, _ in raw], y=[rate for _, rate in raw], mode="markers",
            name="直接算的率", marker={"color": theme.GREY, "size": 8, "symbol": "circle-open"},
            showlegend=column == 1 and bool(raw), legendgroup="raw", row=1, col=column,
            hovertemplate="%{y:.3g}<extra></extra>",
        )  # fmt: skip
        fig.add_scatter(
            x=x, y=value.tolist(), mode="markers", name="调整后的率与区间",
            marker={"color": theme.BLUE, "size": 10, "symbol": "diamond"},
            error_y={"type": "data", "array": (high - value).tolist(),
                     "arrayminus": (value - low).tolist(), "color": theme.BLUE, "thickness": 2,
                     "width": 5},
            showlegend=column == 1, legendgroup="adjusted", row=1, col=column,
            hovertemplate="%{y:.3g}<extra></extra>",
        )  # fmt: skip
        # a category of its own for each level: numbers stay names
        fig.update_xaxes(type="category", tickvals=x, showgrid=False, row=1, col=column)
        wide = found.range_of(name)
        words.append(f"{name}：{wide.level} 最高，{wide.other} 最低")
    alt = (
        f"区间图：{len(names)} 个分图各是一个因子的水平，纵轴为{unit(found)}（对数刻度），"
        f"菱形是调整后的率，横杠是区间，圆圈是直接算的率。{'；'.join(words)}。"
    )
    theme.finish(fig, title=f"{unit(found)}：各水平的率", alt=alt, height=440)
    fig.update_yaxes(type="log", **_ticks([r.log_rate.interval for r in rates]))
    return fig.update_yaxes(title_text=unit(found), row=1, col=1)


def _ticks(logs: list[Interval]) -> dict[str, list[float] | list[str]]:
    """1, 2, 5, 10 ... within the drawn range, written out."""
    low = min(own.low for own in logs) / np.log(10)
    high = max(own.high for own in logs) / np.log(10)
    marks = [
        digit * 10.0**power
        for power in range(int(np.floor(low)), int(np.ceil(high)) + 1)
        for digit in ((1, 2, 5) if high - low < 4 else (1,))
    ]
    return {"tickvals": marks, "ticktext": [f"{mark:g}" for mark in marks]}


def standardized(found: CountAnalysis) -> Vector:
    """Pearson residuals over their own standard errors, dispersion included for quasi-Poisson."""
    own = found.fit
    phi = found.dispersion if found.family == "quasi-poisson" else 1.0
    return np.asarray(own.pearson_residuals / np.sqrt(phi * np.maximum(1 - own.leverage, 1e-9)))


def residual_figure(found: CountAnalysis) -> go.Figure:
    """残差图 Standardised Pearson residuals by fitted count, with ± 2 lines."""
    fig = theme.new_figure()
    r = standardized(found)
    fig.add_scatter(
        x=found.fit.mu.tolist(), y=r.tolist(), mode="markers", customdata=list(found.rows),
        marker={"color": theme.BLUE, "size": 6, "symbol": "circle-open"}, showlegend=False,
        name="标准化残差",
        hovertemplate="第 %{customdata} 行：拟合 %{x:.3g}，残差 %{y:.2f}<extra></extra>",
    )  # fmt: skip
    for y in (-2, 2):
        fig.add_hline(y=y, line={"color": theme.RED, "width": 1, "dash": "dash"})
    outside = 100 * float((np.abs(r) > 2).mean())
    alt = (
        f"散点图：横轴为拟合的计数（对数刻度），纵轴为标准化残差，虚线在 ±2；"
        f"{outside:.0f} % 的点在虚线之外。"
    )
    theme.finish(fig, title="标准化残差与拟合值", alt=alt, height=380)
    fig.update_xaxes(type="log", title_text=f"拟合的{found.count}")
    ends = np.log([found.fit.mu.min(), found.fit.mu.max()])
    fig.update_xaxes(**_ticks([Interval(float(ends[0]), float(ends[1]), 0.95, "")]))
    return fig.update_yaxes(title_text="标准化残差")


def checks(found: CountAnalysis) -> tuple[Check, ...]:
    """提醒 What limits the answer, most serious first."""
    return (
        *found.read_checks, *_numbered(found), *_zeros(found), *_scatter(found),
        *_clusters(found), *_odd(found),
    )  # fmt: skip


def _numbered(found: CountAnalysis) -> list[Check]:
    names = [found.factors[place].name for place in found.main if numbered(found.matrix, place)]
    if not names:
        return []
    text = (
        f"“{'、'.join(names)}”里的 1、2、3……当作了刻度，率按同样的倍数逐级变；"
        "若只是编号（机台、班次、批号），请写进 categorical。"
    )
    return [Check("counts.numbered-levels", text)]


def _zeros(found: CountAnalysis) -> list[Check]:
    if not found.zeros:
        return []
    shown = "；".join(
        f"{zero.factor} {zero.level}（上限 {format_number(zero.upper(found.confidence), 3)}）"
        for zero in found.zeros
    )
    tested = (
        "也不进聚类的检验：那里没有波动可以用来估计误差" if found.cluster
        else "但算进该因子的检验（它的偏差是 0）"
    )  # fmt: skip
    text = (
        f"一个计数也没有的水平没有率比：{shown}；{tested}。0 个不等于率为 0，"
        "上限按独立的泊松计数精确算出；若计数成堆，真正的上限更高。"
    )
    return [Check("counts.zero-level", text)]


def _scatter(found: CountAnalysis) -> list[Check]:
    phi, interval = found.dispersion, found.dispersion_interval
    seen = (
        f"φ = {format_number(phi, 3)}（{format_number(interval.low, 3)} 到 "
        f"{format_number(interval.high, 3)}）"
    )
    out = []
    if found.dispersion_p < _ALPHA:
        if found.family == "poisson" and found.cluster is None:
            text = (
                f"计数比泊松分布更散（过度离散）：{seen}，{p_text(found.dispersion_p)}。"
                f"这里的标准误大约只有应有的 {format_number(100 / phi**0.5, 2)} %，"
                "p 值太小，区间太窄；请用 negative-binomial 或 quasi-poisson。"
            )
            out.append(Check("counts.overdispersed", text, "bad"))
        else:
            text = f"计数比泊松分布更散（过度离散）：{seen}，已经算进标准误。"
            out.append(Check("counts.overdispersed", text, "info"))
    elif interval.high < 1:
        text = f"计数比泊松分布还整齐：{seen}。先问是不是挑过、凑过、或有上限；区间在这里偏宽。"
        out.append(Check("counts.underdispersed", text))
    if found.asked == "negative-binomial" and found.family == "poisson":
        text = "计数不比泊松分布散，θ 没有有限的估计，负二项退回泊松。"
        out.append(Check("counts.no-theta", text, "info"))
    zero = found.fit.zero_probability()
    expected, spread = float(zero.sum()), float((zero * (1 - zero)).sum()) ** 0.5
    seen_zeros = int((found.fit.y == 0).sum())
    if seen_zeros > expected + 4 * spread + 1:
        text = (
            f"0 太多：{seen_zeros} 行是 0，模型只指望 {expected:.0f} 行。"
            "会不会有的行根本没有检查，或有一种完好的状态？"
        )
        out.append(Check("counts.many-zeros", text))
    return out


def _clusters(found: CountAnalysis) -> list[Check]:
    if found.clusters is None:
        return []
    out = []
    levels = clusters_per_level(found.matrix, found.clusters)
    few = [(len(own), f"{factor} {level}") for factor, level, own in levels]
    g, where = min([(int(found.clusters.max()) + 1, "总共"), *few])
    if g < FEW_CLUSTERS:
        own = (
            "已用小样本修正（CR2，Satterthwaite 自由度），代价是区间宽、不易看出差别"
            if found.effects.spread is not None
            else "CR1 的标准误在这里偏小，p 值太小；请用 correction='CR2'"
        )
        text = f"{where}只有 {g} 组（每个水平最好有 {FEW_CLUSTERS} 组以上）：{own}。"
        out.append(Check("counts.few-clusters", text))
    none = [name for name, df1, df2, *_ in found.effects.tests
            if found.effects.spread is not None and df2 < 1]  # fmt: skip
    if none:
        text = f"{'、'.join(none)}的组数太少，检验几乎没有自由度：p 大不说明没有影响。"
        out.append(Check("counts.no-freedom", text))
    wide, naive = found.largest_se(found.effects.covariance), found.largest_se(found.fit.bread)
    if wide > 1.5 * naive:
        text = (
            f"同一“{found.cluster}”的计数一同高低：{found.largest[0]}的对数率比的标准误，"
            f"按独立算 {format_number(naive, 2)}，按聚类算 {format_number(wide, 2)}。"
        )
        out.append(Check("counts.clustered", text, "info"))
    return out


def _odd(found: CountAnalysis) -> list[Check]:
    r = standardized(found)
    far = np.flatnonzero(np.abs(r) > _FAR)
    if not far.size:
        return []
    far = far[np.argsort(-np.abs(r[far]))][:5]
    shown = "、".join(
        f"第 {found.rows[at]} 行（{found.fit.y[at]:g}，拟合 {found.fit.mu[at]:.2g}）" for at in far
    )
    text = f"有的计数离拟合很远：{shown}。先查记录和现场，再谈因子。"
    return [Check("counts.outlier", text)]
