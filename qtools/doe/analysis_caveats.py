"""分析的提醒 What the analysis of a factorial experiment must be read with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.display import format_number
from qtools.doe.analysis_aliases import Alias, aliases, inseparable
from qtools.doe.analysis_residuals import ALPHA, residual_checks
from qtools.doe.analysis_words import SHOWN, number
from qtools.doe.lenth import CRITICAL_NAMES, CRITICALS, RATE_NAMES, RATES
from qtools.doe.transformation import REACH
from qtools.result import Check

if TYPE_CHECKING:
    from qtools.doe.analysis_result import FactorialAnalysis

FEW_DF, FEW_EFFECTS = 4, 7  # below: t is wide; Lenth's median rests on next to nothing


def checks(result: FactorialAnalysis) -> tuple[Check, ...]:
    """All caveats, those that change the decision first."""
    out = [*_power(result), *_disagreement(result), *_aliases(result), *_adequacy(result)]
    out += [*residual_checks(result), *_power_transformation(result)]
    if result.unused_blocks:
        out.append(
            Check(
                "doe.blocks-unused", "表里有“区组”一列，却没有写 block：区组之间的差别都进了误差。"
            )
        )
    rank = {"bad": 0, "caution": 1, "info": 2, "good": 3}
    found = [*result.experiment.checks, *out]
    return tuple(sorted(found, key=lambda check: rank[check.level]))


def _power(result: FactorialAnalysis) -> list[Check]:
    fitted, out = result.fit, []
    m = len(result.terms)
    if fitted.df == 0:
        how = "改用 Lenth 法：大多数效应不过是误差" if result.lenth else "连 Lenth 法也用不上"
        text = (
            f"模型饱和：{fitted.n} 次试验估计 {len(fitted.beta)} 个系数，没有残差，"
            f"因此没有 t 区间、失拟和残差图；{how}。"
        )
        out.append(Check("doe.saturated", text, "info" if result.decided else "caution"))
        if result.lenth and m < FEW_EFFECTS:
            text = f"只有 {m} 个效应，Lenth 法的中位数靠不住；至少要 {FEW_EFFECTS} 个，或重复试验。"
            out.append(Check("doe.few-effects", text))
        if result.lenth and result.uneven:
            text = (
                "效应的精度不一样（缺了试验，或不正交），已按各自的标准误折算，Lenth 法只是近似。"
            )
            out.append(Check("doe.lenth-uneven", text, "info"))
        if result.lenth and result.lenth.pse == 0:
            text = "一半以上的效应正好是 0，没有可比的误差：多半是响应取得太粗。"
            out.append(Check("doe.zero-pse", text))
    elif fitted.sse == 0:
        out.append(
            Check("doe.zero-residual", "残差全是 0：模型与数据分毫不差，请核对数据是否算出来的。")
        )
    elif fitted.df < FEW_DF:
        text = (
            f"残差只有 {fitted.df} 个自由度，区间很宽，中等的效应也看不出来；请加做中心点或重复。"
        )
        out.append(Check("doe.few-df", text))
    if result.dropped:
        shown = "、".join(result.dropped[:SHOWN])
        more = "等" if len(result.dropped) > SHOWN else ""
        text = (
            f"有 {len(result.dropped)} 项没有放进模型（{shown}{more}）："
            "与模型里的项分不开，或留给了残差。"
        )
        out.append(Check("doe.left-out", text, "info"))
    return out


def _disagreement(result: FactorialAnalysis) -> list[Check]:
    """Terms whose verdict depends on the critical value."""
    found = result.lenth
    if not found or found.pse == 0:
        return []
    ways = [(critical, rate) for rate in RATES for critical in CRITICALS]
    limits = {way: found.margin(way[1], way[0]) for way in ways}
    torn = [
        test
        for test in sorted(result.terms, key=lambda test: -test.size)
        if min(limits.values()) < test.size <= max(limits.values())
    ]
    if not torn:
        return []
    short = {way: f"{RATE_NAMES[way[1]]}·{CRITICAL_NAMES[way[0]][:2].strip()}" for way in ways}
    each = "，".join(f"{short[way]} {number(limits[way])}" for way in ways)
    groups: dict[str, list[str]] = {}
    for test in torn[: 2 * SHOWN]:
        passed = "、".join(short[way] for way in ways if test.size > limits[way])
        groups.setdefault(passed, []).append(f"{test.name}（{number(test.size)}）")
    named = "；".join(f"{'、'.join(names)}只过{passed}" for passed, names in groups.items())
    text = f"换一种临界值，结论就不同。界限：{each}。{named}。写明用的是哪一种，用确认试验定夺。"
    return [Check("doe.lenth-disagrees", text)]


def _aliases(result: FactorialAnalysis) -> list[Check]:
    """Terms left out that fall on fitted terms, completely or in part."""
    found = aliases(result)
    together = [inseparable(own) for own in found if own.whole and _single(own)]
    whole = [" 与 ".join(own.names) for own in found if own.whole and not _single(own)]
    partly = [f"{' 与 '.join(own.names)}（{number(own.size)}）" for own in found if not own.whole]
    out = []
    if together:
        text = f"{_some(together)}：要把它们分别改动，补做试验。"
        out.append(Check("doe.moves-together", text))
    if whole:
        text = f"这些试验分不开：{_some(whole)}。"
        text += "前者的效应里可能有后者的一份，靠折叠或加做试验才拆得开。"
        out.append(Check("doe.aliased", text))
    if partly:
        text = f"没有放进模型的项若存在，会按括号里的比例混入：{_some(partly)}。"
        out.append(Check("doe.partly-aliased", text, "info"))
    return out


def _single(found: Alias) -> bool:
    return len(found.term) == len(found.other) == 1


def _some(texts: list[str]) -> str:
    return "；".join(texts[:SHOWN]) + ("；等" if len(texts) > SHOWN else "")


def _adequacy(result: FactorialAnalysis) -> list[Check]:
    out = []
    lack = result.fit.lack_of_fit
    if lack and lack[3] < ALPHA:
        text = (
            f"失拟显著（F = {number(lack[2])}，p = {format_number(lack[3], 2)}）："
            "模型漏了重复试验看得出的东西，请加高阶项或变换响应。"
        )
        out.append(Check("doe.lack-of-fit", text))
    p, size = result.curvature_p, result.curvature
    if p is not None and size is not None and p < ALPHA:
        side = "高" if size > 0 else "低"
        text = (
            f"中心点比直线模型预测的{side} {number(abs(size))}（p = {format_number(p, 2)}）："
            "响应是弯的，两水平之间不能按直线内插；请补轴点做响应面。"
        )
        out.append(Check("doe.curvature", text))
    return out


def _power_transformation(result: FactorialAnalysis) -> list[Check]:
    found = result.box_cox
    if found is None or found.untouched:
        return []
    low, high = (
        "−∞" if found.low is None else number(found.low),
        "∞" if found.high is None else number(found.high),
    )
    at = f"λ 在 ±{REACH:g} 以外" if found.value is None else f"λ = {number(found.value)}"
    text = f"Box–Cox：{at}，区间 {low} 到 {high} 不含 1；"
    if found.plain is None:
        text += "没有哪一种次方合适，先看响应是不是几乎不变，或有离得太远的结果。"
    else:
        power, name = found.plain
        text += f"把响应{name}（λ = {number(power)}）再分析，交互或散布的差别也许就没有了。"
    return [Check("doe.box-cox", text)]
