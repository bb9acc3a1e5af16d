"""方法比对的提醒 What limits of agreement and lines take for granted, and does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.display import format_number, p_text
from qtools.msa.comparison_lines import MOST_PAIRS
from qtools.result import Check

if TYPE_CHECKING:
    from qtools.msa.comparison_result import MethodComparison

FEW_PAIRS = 40
ALPHA = 0.05


def caveats(result: MethodComparison) -> tuple[Check, ...]:
    """提醒 In order of weight."""
    return (*_relation(result), *_differences(result), *_size(result))


def _relation(result: MethodComparison) -> list[Check]:
    out = []
    if result.r <= 0:
        text = (
            f"两种方法的读数不同向（r = {format_number(result.r, 2)}），关系线没有意义，没有计算。"
            "请先核对每一行是不是同一个样品。"
        )
        out.append(Check("comparison.not-rising", text, "bad"))
    elif result.n > MOST_PAIRS:
        text = (
            f"共 {result.n} 对，超过 {MOST_PAIRS} 对：Passing–Bablok 要比较每两对，太费内存，"
            "没有计算；其余照算。需要时请随机抽取一部分。"
        )
        out.append(Check("comparison.too-many-pairs", text, "info"))
    elif result.passing_bablok is None or result.passing_bablok.slope_interval is None:
        text = "Passing–Bablok 的斜率或区间算不出来：对数太少，或两种方法的关系太散。"
        out.append(Check("comparison.no-passing-bablok", text))
    if result.deming is not None and result.deming.slope_interval is None:
        text = "Deming 回归的区间算不出来：去掉某一对，关系就不存在了。整条线靠这一对撑着。"
        out.append(Check("comparison.one-pair", text))
    return out


def _differences(result: MethodComparison) -> list[Check]:
    if result.agreement.mean.sd == 0:
        text = "每一对的差值都相同：后一列多半是由前一列算出来的，不是另测的。请核对原始记录。"
        return [Check("comparison.same-difference", text, "bad")]
    shape = result.shape
    if shape is None:
        return []
    out = _only_the_mean(result)
    if shape.slope_p < ALPHA:
        text = (
            f"差值随水平变化（斜率 {format_number(shape.slope, 3)}，{p_text(shape.slope_p)}）："
            "一致性界限在低端和高端不会一样合适。原因或是比例差，或是两种方法的散布不同，"
            "看 Deming 与 Passing–Bablok 的斜率。"
        )
        out.append(Check("comparison.trend", text))
    if shape.bend_p is not None and shape.bend_p < ALPHA:
        text = (
            f"差值随水平弯着变（{p_text(shape.bend_p)}）：一条直线、一个平均差都说不清两种方法的关系，"
            "请分段比较。"
        )
        out.append(Check("comparison.bend", text))
    if shape.spread_p is not None and shape.spread_p < ALPHA:
        text = (
            f"差值的散布随水平变化（{p_text(shape.spread_p)}）：界限在一端太宽，在另一端太窄。"
            "可以改看相对差（百分比）或分段。"
        )
        out.append(Check("comparison.spread", text))
    if shape.normal_p is not None and shape.normal_p < ALPHA:
        text = (
            f"差值不像正态（Shapiro–Wilk {p_text(shape.normal_p)}）：界限只是近似，"
            "请同时看超差的实际比例。"
        )
        out.append(Check("comparison.not-normal", text))
    return out


def _only_the_mean(result: MethodComparison) -> list[Check]:
    """A mean difference that neither line can call constant or proportional."""
    mean, intervals = result.agreement.mean, result.intervals
    seen = [
        limits is not None and value not in limits
        for line in ("deming", "pb")
        for limits, value in (
            (intervals.get(f"{line}_slope"), 1.0),
            (intervals.get(f"{line}_intercept"), 0.0),
        )
    ]
    if not mean.significant or any(seen):
        return []
    low, high = (format_number(end, 3) for end in (mean.interval.low, mean.interval.high))
    text = (
        f"平均差 {format_number(mean.bias, 3)} 的区间从 {low} 到 {high}，不含 0：两种方法有系统差。"
        "两条回归线的斜率区间都含 1、截距区间都含 0，只是分不清它是固定差还是比例差，"
        "不等于没有差。"
    )
    return [Check("comparison.mean-difference", text, "info")]


def _size(result: MethodComparison) -> list[Check]:
    if result.n >= FEW_PAIRS:
        return []
    text = f"只有 {result.n} 对（常见的做法是 {FEW_PAIRS} 对以上），一致性界限的区间很宽。"
    return [Check("comparison.few-pairs", text)]
