"""单因子的图与提醒 Figures and coded caveats of :class:`qtools.doe.OneWay`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number, p_text
from qtools.doe.one_way_parts import FEW_READINGS, uneven
from qtools.result import Check

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.doe.comparisons import Difference
    from qtools.doe.one_way_result import OneWay

    Vector = npt.NDArray[np.float64]

_ALPHA = 0.05
_SHAPE = 0.01  # Shapiro–Wilk below this is worth a word
_SPAN = 0.26  # half of the room of a level's readings on the axis


def comparison_halves(found: OneWay) -> Vector:
    """比较区间 Half widths of intervals that do not meet where two levels differ.

    The least-squares choice of Hochberg, Weiss & Hart (1982), JASA 77, 767-772: exact for equal
    sizes with a pooled spread, and for two levels. Where it contradicts a comparison, the nearest
    lengths that contradict none, if there are any; else it stays (see :func:`contradicted`).
    """
    names = [level.name for level in found.levels]
    k = len(names)
    width = np.zeros((k, k))
    for pair in found.differences:
        a, b = names.index(pair.level), names.index(pair.other)
        width[a, b] = width[b, a] = (pair.interval.high - pair.interval.low) / 2
    if k == 2:
        return np.full(2, width[0, 1] / 2)
    rows = width.sum(axis=1)
    halves = np.maximum((rows - width.sum() / (2 * (k - 1))) / (k - 2), 0.0)
    if contradicted(found, halves):
        halves = _adjusted(found, halves, float(width.sum()) / (k * (k - 1)))
    return np.asarray(halves)


def contradicted(found: OneWay, halves: Vector) -> list[Difference]:
    """Pairs that the bars show otherwise than their simultaneous interval tells."""
    names = [level.name for level in found.levels]
    return [
        d for d in found.differences
        if (abs(d.value) > halves[names.index(d.level)] + halves[names.index(d.other)])
        != d.significant
    ]  # fmt: skip


def _adjusted(found: OneWay, halves: Vector, unit: float) -> Vector:
    """The lengths nearest to those given (sum of changes) that contradict no pair, if any."""
    from scipy.optimize import linprog

    names = [level.name for level in found.levels]
    k = len(names)
    sums, sign = np.zeros((len(found.differences), 2 * k)), np.zeros(len(found.differences))
    for at, d in enumerate(found.differences):
        sign[at] = 1.0 if d.significant else -1.0
        sums[at, [names.index(d.level), names.index(d.other)]] = sign[at]
    size = np.array([abs(d.value) for d in found.differences])
    near = np.block([[np.eye(k), -np.eye(k)], [-np.eye(k), -np.eye(k)]])
    for room in (0.02, 0.001):  # of a half width, to be seen between two bars
        solved = linprog(
            np.repeat([0.0, 1.0], k), A_ub=np.vstack([sums, near]),
            b_ub=np.concatenate([sign * size - room * unit, halves, -halves]),
        )  # fmt: skip
        if solved.success:
            return np.asarray(solved.x[:k])
    return halves


def figure(found: OneWay) -> go.Figure:
    """比较图 Readings beside the mean of each level with its comparison interval."""
    fig = theme.new_figure()
    k = len(found.levels)
    place = np.zeros(len(found.y))
    for level in range(k):
        mine = np.flatnonzero(found.codes == level)
        room = np.linspace(-_SPAN, _SPAN, len(mine)) if len(mine) > 1 else np.zeros(1)
        place[mine] = level + room
    fig.add_scatter(
        x=place.tolist(), y=found.y.tolist(), mode="markers", name="读数",
        marker={"color": theme.GREY, "size": 5, "symbol": "circle-open"},
        customdata=list(found.rows), hovertemplate="第 %{customdata} 行：%{y:.5g}<extra></extra>",
    )  # fmt: skip
    means = [level.mean for level in found.levels]
    title = f"{found.value}：各{found.factor}的平均"
    if found.control is None:
        halves, name = comparison_halves(found), "平均与比较区间（不相交即有差别）"
        note, wrong = "横杠不相交的两个水平有差别", contradicted(found, halves)
        if wrong:
            name = "平均与比较区间（近似，以表为准）"
            shown = "、".join(f"{d.level} 与 {d.other}" for d in wrong[:3])
            more = f"等 {len(wrong)} 对" if len(wrong) > 3 else ""
            note = f"横杠只是近似，{shown}{more}与表里的结论相反，以表为准"
            title += f"（横杠近似：{shown}{more}以表为准）"
    else:
        rule = {d.level: (d.interval.high - d.interval.low) / 2 for d in found.differences}
        halves = np.array([rule.get(level.name, 0.0) for level in found.levels])
        name, note = "平均与对照的同时区间", f"横杠没有碰到“{found.control}”那条线的，与它有差别"
        base = means[[level.name for level in found.levels].index(found.control)]
        fig.add_hline(y=base, line={"color": theme.RED, "width": 1.5, "dash": "dash"})
    fig.add_scatter(
        x=list(range(k)), y=means, mode="markers", name=name,
        marker={"color": theme.BLUE, "size": 11, "symbol": "diamond"},
        error_y={"type": "data", "array": halves.tolist(), "color": theme.BLUE, "thickness": 2.5,
                 "width": 7},
        hovertemplate="%{y:.5g} ± %{error_y.array:.3g}<extra></extra>",
    )  # fmt: skip
    alt = (
        f"散点图：横轴为“{found.factor}”的 {k} 个水平，纵轴为{found.value}；小圈是读数，"
        f"菱形是平均，横杠是同时区间，{note}。{found.verdict.text}"
    )
    theme.finish(fig, title=title, alt=alt, height=440)
    ticks = {"tickvals": list(range(k)), "ticktext": [level.name for level in found.levels]}
    fig.update_xaxes(title_text=found.factor, showgrid=False, range=[-0.6, k - 0.4], **ticks)
    return fig.update_yaxes(title_text=found.value)


def pairs_figure(found: OneWay) -> go.Figure:
    """两两之差图 The greatest differences (up to 20) with their simultaneous intervals."""
    fig = theme.new_figure()
    shown = sorted(found.differences, key=lambda d: -abs(d.value))[:20][::-1]
    for significant, name, color, symbol in (
        (True, "有差别", theme.RED, "square"),
        (False, "分不出", theme.BLUE, "circle"),
    ):
        own = [(at, d) for at, d in enumerate(shown) if d.significant is significant]
        if not own:
            continue
        fig.add_scatter(
            x=[d.value for _, d in own], y=[at for at, _ in own], mode="markers", name=name,
            marker={"color": color, "size": 9, "symbol": symbol}, showlegend=True,
            error_x={"type": "data", "array": [d.interval.high - d.value for _, d in own],
                     "color": color, "thickness": 2, "width": 5},
            hovertemplate="%{x:.4g} ± %{error_x.array:.3g}<extra></extra>",
        )  # fmt: skip
    fig.add_vline(x=0, line={"color": theme.INK, "width": 1, "dash": "dash"})
    part = f"最大的 {len(shown)} 个差" if len(shown) < len(found.differences) else "全部差"
    alt = (
        f"区间图：{part}，横轴是差，横杠是 {found.method} 的同时区间；不碰 0 的有差别。"
        f"{found.verdict.text}"
    )
    theme.finish(
        fig, title=f"{found.value}：{part}与同时区间（{found.method}）", alt=alt,
        height=150 + 24 * max(len(shown), 4),
    )  # fmt: skip
    labels = [f"{d.level} − {d.other}" for d in shown]
    fig.update_yaxes(tickvals=list(range(len(shown))), ticktext=labels, showgrid=False)
    return fig.update_xaxes(title_text=f"{found.value}之差")


def residual_figure(found: OneWay) -> go.Figure:
    """残差图 Studentised residuals by level on the left, normal quantiles on the right."""
    from scipy.special import ndtri

    fig = theme.new_figure(rows=1, cols=2, subplot_titles=("各水平的残差", "正态概率图"))
    marker = {"color": theme.BLUE, "size": 6, "symbol": "circle-open"}
    r = found.studentized
    fig.add_scatter(
        x=found.codes.tolist(), y=r.tolist(), mode="markers", marker=marker, showlegend=False,
        customdata=list(found.rows), row=1, col=1,
        hovertemplate="第 %{customdata} 行：%{y:.2f}<extra></extra>",
    )  # fmt: skip
    order = np.argsort(r, kind="stable")
    n = len(r)
    expected = ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    fig.add_scatter(
        x=expected.tolist(), y=r[order].tolist(), mode="markers", marker=marker, showlegend=False,
        customdata=[found.rows[at] for at in order], row=1, col=2,
        hovertemplate="第 %{customdata} 行：%{y:.2f}<extra></extra>",
    )  # fmt: skip
    ends = [float(expected[0]), float(expected[-1])]
    fig.add_scatter(
        x=ends, y=ends, mode="lines", showlegend=False, hoverinfo="skip", row=1, col=2,
        line={"color": theme.RED, "width": 1.5, "dash": "dash"},
    )  # fmt: skip
    worst = int(np.abs(r).argmax())
    alt = (
        f"两张分图：左为各{found.factor}的学生化残差，右为残差对正态分位数。"
        f"最大的是第 {found.rows[worst]} 行的 {r[worst]:.1f}。"
    )
    theme.finish(fig, title=f"{found.value}：学生化残差", alt=alt, height=380)
    names = [level.name for level in found.levels]
    fig.update_xaxes(tickvals=list(range(len(names))), ticktext=names, row=1, col=1)
    fig.update_xaxes(title_text=found.factor, row=1, col=1)
    fig.update_xaxes(title_text="正态分位数", row=1, col=2)
    return fig.update_yaxes(title_text="学生化残差", row=1, col=1)


def checks(found: OneWay) -> tuple[Check, ...]:
    """提醒 What limits the answer, most serious first."""
    out = [*found.read_checks, *_outlier(found), *_spread(found), *_blocks(found)]
    out += _uneven(found)
    out += _disagreement(found)
    single = [level.name for level in found.levels if level.n == 1]
    if single:
        text = f"“{'、'.join(single)}”只有一个读数，它自己的散布看不出来，比较全靠别的水平的散布。"
        out.append(Check("one-way.single-reading", text))
    if (shape := _shape(found)) is not None:
        out.append(shape)
    return tuple(out)


def external(found: OneWay) -> Vector:
    """Externally studentised residuals: each against the spread of the others."""
    df, r = found.factor_test.df2, found.studentized
    return np.asarray(r * np.sqrt((df - 1) / np.maximum(df - r**2, 1e-12)))


def _outlier(found: OneWay) -> list[Check]:
    from qtools.estimate import t_p

    df = found.factor_test.df2
    if df < 3:
        return []
    t = external(found)
    at = int(np.abs(t).argmax())
    if len(t) * t_p(float(t[at]), df - 1) >= _ALPHA:
        return []
    text = (
        f"第 {found.rows[at]} 行（{found.levels[found.codes[at]].name}，"
        f"{format_number(float(found.y[at]))}）离群：学生化残差 {t[at]:.1f}，"
        "连检验次数都算进去也不像偶然。先查原因；没有原因不能删，删与不删的结论都要报。"
    )
    return [Check("one-way.outlier", text)]


def _spread(found: OneWay) -> list[Check]:
    brown = found.spread_test
    if brown is None or (brown.p >= _ALPHA and not found.unequal):
        return []
    sds = [(level.sd, level.name) for level in found.levels if level.sd is not None]
    ends = "到 ".join(f"{format_number(sd, 3)}（{name}）" for sd, name in (min(sds), max(sds)))
    seen = f"标准差从 {ends}，Brown–Forsythe 检验 {p_text(brown.p)}"
    if found.unequal:
        why = (
            "各水平的散布不同" if brown.p < _ALPHA
            else "按要求不假定散布相同" if found.asked == "unequal"
            else "各水平次数悬殊，散布是否相同又看不准，不假定相同"
        )  # fmt: skip
        text = f"{why}（{seen}）：总的检验用 Welch 法，比较用 {found.method}，不用合并的标准差。"
        return [Check("one-way.unequal-spread", text, "info")]
    text = f"各水平的散布不同（{seen}），而比较用了合并的标准差：散布大的水平，区间偏窄。"
    return [Check("one-way.unequal-spread", text)]


def _uneven(found: OneWay) -> list[Check]:
    counts = [level.n for level in found.levels]
    if found.block_test is not None or not uneven(counts) or min(counts) >= FEW_READINGS:
        return []
    few = next(level for level in found.levels if level.n == min(counts))
    text = f"各水平次数悬殊（{min(counts)} 到 {max(counts)}），“{few.name}”又少："
    text += (
        "比较的总风险会略高于所说的（5 % 的量到过 10 %），紧贴界限的差别别当真；补测次数少的。"
        if found.unequal
        else "比较用了合并的标准差，若次数少的水平其实更散，总风险会是所说的好几倍"
        "（5 % 的量到过 25 %）；补测次数少的。"
    )
    return [Check("one-way.uneven-counts", text)]


def _disagreement(found: OneWay) -> list[Check]:
    welch, alpha = found.welch_test, 1 - found.confidence
    if welch is None or (welch.p < alpha) == (found.factor_test.p < alpha):
        return []
    text = (
        f"两种检验说的不一样：假定散布相同，{p_text(found.factor_test.p)}；不假定，"
        f"Welch 检验 {p_text(welch.p)}。证据就在界限上，别挑喜欢的那个，能补测就补测。"
    )
    return [Check("one-way.tests-disagree", text)]


def _blocks(found: OneWay) -> list[Check]:
    blocks = found.block_test
    if blocks is None:
        return []
    out = []
    if blocks.alike is not None and blocks.alike.p < _ALPHA:
        text = (
            f"水平之间的差别在各区组里不一样（{blocks.how}，"
            f"F = {format_number(blocks.alike.f, 4)}，{p_text(blocks.alike.p)}）："
            "平均的差别不能套到每个区组上，先分区组看。"
        )
        out.append(Check("one-way.block-interaction", text))
    if not blocks.complete:
        text = (
            "有的水平在有的区组里没有做，或次数不等：平均按各区组同样看重调整过（第三类平方和）。"
        )
        out.append(Check("one-way.incomplete-blocks", text, "info"))
    return out


def _shape(found: OneWay) -> Check | None:
    from scipy.stats import shapiro

    n = len(found.y)
    if not 8 <= n <= 5000:
        return None
    p = float(shapiro(found.studentized).pvalue)
    if p >= _SHAPE:
        return None
    text = (
        f"残差不像正态分布（Shapiro–Wilk {p_text(p)}）：平均的比较对此不大敏感，"
        "但若偏斜明显，取对数再算一遍，看结论变不变。"
    )
    return Check("one-way.not-normal", text, "info")
