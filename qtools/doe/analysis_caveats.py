"""分析的提醒 What the analysis of a factorial experiment must be read with, and its verdict."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools.display import format_number
from qtools.doe.lenth import CRITICAL_NAMES, RATE_NAMES, Critical, Rate
from qtools.doe.terms import ModelMatrix, term_name
from qtools.result import Check

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.doe.analysis_result import FactorialAnalysis

    Vector = npt.NDArray[np.float64]

FEW_DF, FEW_EFFECTS = 4, 7  # below: t is wide; Lenth's median rests on next to nothing
ALPHA = 0.05  # of the tests of assumptions
_SHOWN = 6
CRITICALS: tuple[Critical, ...] = ("simulated", "t")
RATES: tuple[Rate, ...] = ("individual", "experiment")
_PARTLY = 0.1  # aliasing that is named


def number(value: float) -> str:
    """Effect or mean as sentences have it."""
    return format_number(value, 4).replace("-", "−")


def verdict_text(result: FactorialAnalysis) -> str:
    """Which terms are real, and the settings of the highest and lowest mean."""
    response = result.experiment.response
    if not result.decided:
        why = "残差为 0" if result.fit.df else "没有残差自由度"
        return f"还判断不了“{response}”的哪些效应是真的：{why}，效应没有可比的误差。"
    if not result.active:
        return f"没有一个效应超出误差：{len(result.terms)} 项里没有看得出影响“{response}”的。"
    named = {test.name: test.effect for test in result.terms}
    words = []
    for name in result.active[:_SHOWN]:
        effect = named[name]
        words.append(name if effect is None else f"{name}（{number(effect)}）")
    more = f" 等 {len(result.active)} 项" if len(result.active) > _SHOWN else ""
    text = f"影响“{response}”的有 {'、'.join(words)}{more}。"
    table = result.settings()
    high, low = (
        "、".join(f"{name} {format_number(row[name])}" for name in table.columns[1:-3])
        for _, row in table.iterrows()
    )
    best, worst = (number(float(value)) for value in table["预测"])
    return text + f"“{response}”最高在 {high}（预测 {best}），最低在 {low}（预测 {worst}）。"


def checks(result: FactorialAnalysis) -> tuple[Check, ...]:
    """All caveats, those that change the decision first."""
    out = [*_power(result), *_disagreement(result), *_aliases(result), *_adequacy(result)]
    out += [*_residuals(result), *_power_transformation(result)]
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
        if result.lenth and np.ptp(_units(result)) > 1e-6:
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
        shown = "、".join(result.dropped[:_SHOWN])
        more = "等" if len(result.dropped) > _SHOWN else ""
        text = (
            f"有 {len(result.dropped)} 项没有放进模型（{shown}{more}）："
            "与模型里的项分不开，或留给了残差。"
        )
        out.append(Check("doe.left-out", text, "info"))
    return out


def _units(result: FactorialAnalysis) -> Vector:
    spans = [result.fit.matrix.spans[place].start for place in result.places]
    own = np.diag(result.fit.unscaled)[spans]
    return np.asarray(np.sqrt(own / own.mean()))


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
    each = "，".join(
        f"{RATE_NAMES[rate]}·{CRITICAL_NAMES[critical]} {number(limits[critical, rate])}"
        for critical, rate in ways
    )
    names = "；".join(
        f"{test.name}（{number(test.size)}）在"
        + "、".join(
            f"{RATE_NAMES[rate]}·{CRITICAL_NAMES[critical]}"
            for critical, rate in ways
            if test.size > limits[critical, rate]
        )
        + "下算显著"
        for test in torn[:_SHOWN]
    )
    text = (
        f"换一种临界值，结论就不同。界限：{each}。{names}。请写明用的是哪一种，并用确认试验定夺。"
    )
    return [Check("doe.lenth-disagrees", text)]


def _aliases(result: FactorialAnalysis) -> list[Check]:
    """Interactions left out that fall on fitted terms, completely or in part."""
    read, fitted = result.experiment, result.fit
    k = len(read.factors)
    modelled = {fitted.matrix.terms[place] for place in result.places}
    rest = [term for term in combinations(range(k), 2) if term not in modelled]
    whole: list[str] = []
    partly: list[str] = []
    for term in rest:
        column = ModelMatrix(read.factors, (term,), read.points, intercept=False).x
        onto = np.linalg.lstsq(fitted.matrix.x, column, rcond=None)[0]
        size = {
            place: float(np.abs(onto[fitted.matrix.spans[place]]).max()) for place in result.places
        }
        hit = max(size, key=lambda place: size[place])
        pair = f"{fitted.matrix.names[hit]} 与 {term_name(term, read.factors)}"
        left = column - fitted.matrix.x @ onto
        if np.linalg.norm(left) < 1e-8 * np.linalg.norm(column) and size[hit] > 0.999:
            whole.append(pair)
        elif size[hit] > _PARTLY:
            partly.append(f"{pair}（{number(size[hit])}）")
    out = []
    if whole:
        shown = "；".join(whole[:_SHOWN]) + ("；等" if len(whole) > _SHOWN else "")
        text = f"这些试验分不开：{shown}。前者的效应里可能有后者的一份，靠折叠或加做试验才拆得开。"
        out.append(Check("doe.aliased", text))
    if partly:
        shown = "；".join(partly[:_SHOWN]) + ("；等" if len(partly) > _SHOWN else "")
        text = f"没有放进模型的交互若存在，会按括号里的比例混入：{shown}。"
        out.append(Check("doe.partly-aliased", text, "info"))
    return out


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


def _residuals(result: FactorialAnalysis) -> list[Check]:
    out: list[Check] = []
    outside = result.outside
    rows = result.experiment.rows
    if outside is not None:
        p = outside[1] * result.fit.n
        for at in np.flatnonzero(p < ALPHA)[:3].tolist():
            text = (
                f"第 {rows[at]} 行的“{result.experiment.response}”离模型太远（学生化残差 "
                f"{number(float(outside[0][at]))}，"
                f"Bonferroni p = {format_number(float(p[at]), 2)}）："
                "先查记录和现场，查不出原因不要删。"
            )
            out.append(Check("doe.outlier", text))
    normality = result.normality_p
    if normality is not None and normality < ALPHA and not out:
        text = f"残差不像正态（Shapiro–Wilk p = {format_number(normality, 2)}），p 值只作参考。"
        out.append(Check("doe.non-normal", text, "info"))
    drift = result.drift
    if drift is not None and drift.p < ALPHA:
        way = "升高" if drift.value > 0 else "降低"
        text = (
            f"响应随试验序{way}（每次 {number(drift.value)}，p = {format_number(drift.p, 2)}）："
            "有东西在漂，次序没有随机化的话，它会冒充因子的效应。"
        )
        out.append(Check("doe.drift", text))
    return out + _spread(result)


def _spread(result: FactorialAnalysis) -> list[Check]:
    """散布效应 Residuals that scatter more at one setting than the other (Levene, Bonferroni)."""
    from qtools.estimate import t_p

    fitted, read = result.fit, result.experiment
    inside = fitted.studentized
    if inside is None or fitted.df < max(FEW_DF, fitted.n / 3):
        return []
    found = []
    ways = [place for place, factor in enumerate(read.factors) if len(factor.levels) == 2]
    for place in ways:
        sides = [inside[read.points[:, place] == side] for side in (-1.0, 1.0)]
        if min(len(side) for side in sides) < 4:
            continue
        off = [np.abs(side - np.median(side)) for side in sides]
        n = [len(side) for side in off]
        pooled = sum(float(((side - side.mean()) ** 2).sum()) for side in off) / (sum(n) - 2)
        if pooled <= 0:
            continue
        t = float(off[1].mean() - off[0].mean()) / (pooled * (1 / n[0] + 1 / n[1])) ** 0.5
        p = t_p(t, sum(n) - 2) * len(ways)
        if p < ALPHA:
            factor = read.factors[place]
            wide = factor.levels[1 if t > 0 else 0]
            found.append(f"{factor.name} {format_number(wide)}（p = {format_number(p, 2)}）")
    if not found:
        return []
    text = f"残差在 {'、'.join(found)} 时散得更开：这个因子影响散布，选设置时散布也要看。"
    return [Check("doe.dispersion", text)]


def _power_transformation(result: FactorialAnalysis) -> list[Check]:
    found = result.box_cox
    if found is None or found.untouched:
        return []
    power, name = found.plain
    low, high = (
        "−∞" if found.low is None else number(found.low),
        "∞" if found.high is None else number(found.high),
    )
    text = (
        f"Box–Cox：λ = {number(found.value)}，区间 {low} 到 {high} 不含 1；"
        f"把响应{name}（λ = {number(power)}）再分析，交互或散布的差别也许就没有了。"
    )
    return [Check("doe.box-cox", text)]
