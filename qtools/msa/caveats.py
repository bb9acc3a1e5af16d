"""量具提醒 Coded caveats of a gauge study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.display import p_text
from qtools.msa.decision import ratios_of
from qtools.msa.suspects import suspects
from qtools.result import Check

if TYPE_CHECKING:
    from qtools.msa.result import GageRR

FEW_PARTS = 10  # a common study has ten parts, AIAG MSA 4th ed.
FEW_OPERATORS = 3
NARROW = 0.5  # spread of the parts as a part of the tolerance
SIGNIFICANT = 0.05  # an interaction below this p value is worth a look at the lines
NEAR = 0.5  # ndc before truncation this close to its minimum


def caveats(result: GageRR) -> tuple[Check, ...]:
    """提醒 What was seen and what it means, most serious first."""
    found = [
        *suspects(result),
        *_design(result),
        *_components(result),
        *_firmness(result),
        *_size(result),
        *_interaction(result),
    ]
    rank = {"bad": 0, "caution": 1, "good": 2, "info": 3}
    return tuple(sorted(found, key=lambda check: rank[check.level]))


def _design(result: GageRR) -> list[Check]:
    out = []
    study = result.study
    uneven = study.uneven_text()
    if uneven:
        text = (
            f"读数不齐：通常每个组合 {study.usual} 个；{uneven}。"
            "各分量改用限制最大似然（REML）估计，区间由参数自助法给出。前提是缺的读数与读数大小无关；测不出、不合格而没有记的，请补测。"
        )
        out.append(Check("gage-rr.unbalanced", text))
    if study.nested:
        text = (
            f"嵌套研究：看不出{result.part}×{result.operator}的交互，它混在{result.part}间的变差里；"
            f"各位{result.operator}分到的{result.part}若本来就有高有低，会算成人的差别。"
        )
        out.append(Check("gage-rr.nested", text, "info"))
    if study.recurring:
        text = (
            f"“{result.part}”的编号在不同的{result.operator}名下重复出现，按各人自己的{result.part}算。"
            "若其实是同一个，就是交叉研究：请用 N201 章（qtools run msa/gage-rr，不写 --design），"
            '在 Python 里写 design="crossed"。'
        )
        out.append(Check("gage-rr.recurring-labels", text))
    if study.factors:
        batches = [int(key.removeprefix("factor")) - 1 for key in result.analysis.batches]
        kept = [
            f"“{name}”计入{result.part if place in batches else '量具'}"
            for place, name in enumerate(study.factors)
        ]
        text = (
            f"扩展研究：{'、'.join(kept)}。一个{result.part}的读数全在同一水平的因子（如批次）"
            f"计入{result.part}，其余计入量具；只估计主效应。"
        )
        out.append(Check("gage-rr.expanded", text, "info"))
    return out


def _components(result: GageRR) -> list[Check]:
    out = []
    labels = result.labels()
    negative = [key for key, part in result.raw.items() if part < 0]
    if negative:
        shown = "、".join(f"“{labels[key]}”" for key in negative)
        text = f"{shown}的方差估计为负，按 0 报告：它与 0 分不清，不等于它真的不存在。"
        out.append(Check("gage-rr.negative-variance", text))
    if result.no_spread:
        text = (
            f"{result.no_spread}：多半是量具的分辨力不够（读数被取整），也可能是照抄了前一次。"
            "重复性只能报作 0，交互也无从检验，%GRR 只会偏小。"
        )
        out.append(Check("gage-rr.zero-variation", text))
    if result.tolerance is not None:
        spread = result.k * result.part_var**0.5
        if spread < NARROW * result.tolerance:
            share = 100 * spread / result.tolerance
            text = (
                f"这批{result.part}的变差（{result.k:g}σ）只有公差的 {share:.0f} %：零件挑得太像，"
                "%研究变差会偏大、ndc 会偏小；请按日常变差选零件，并同时看 %公差。"
            )
            out.append(Check("gage-rr.parts-narrow", text))
    return out


def _firmness(result: GageRR) -> list[Check]:
    out = []
    criteria = result.criteria
    key, (label, ratio) = next(iter(ratios_of(result).items()))
    upper, band = result.intervals[key].high, criteria.band(ratio)
    percent = f"{100 * result.confidence:g} %"
    if criteria.band(upper) is not band:
        text = (
            f"{label}的 {percent} 区间上限是 {upper:.1f} %，已越过 {band.limit:g} % 这条线："
            "数据不够多，结论还不能算数。加检验员或零件，比加重复次数有用。"
        )
        out.append(Check("gage-rr.wide-interval", text))
    if abs(result.ndc_raw - criteria.ndc_minimum) < NEAR:
        text = (
            f"ndc 取整前是 {result.ndc_raw:.2f}，离 {criteria.ndc_minimum} 很近："
            "换一种方法（方差分析法或均值极差法）就可能落到另一边，不要只凭它下结论。"
        )
        out.append(Check("gage-rr.ndc-near-limit", text))
    return out


def _size(result: GageRR) -> list[Check]:
    out = []
    parts, operators = result.study.counts.shape
    trials = result.study.trials
    if parts < FEW_PARTS:
        text = f"只有 {parts} 个{result.part}（通常用 {FEW_PARTS} 个以上），零件间变差估计得很粗。"
        out.append(Check("gage-rr.few-parts", text))
    if operators < FEW_OPERATORS:
        text = f"“{result.operator}”只有 {operators} 个，再现性的区间会非常宽。"
        out.append(Check("gage-rr.few-operators", text))
    if trials < 2:
        text = "每个组合只测了 1 次：交互与重复性分不开，都算在重复性里。"
        out.append(Check("gage-rr.no-replicates", text))
    return out


def _interaction(result: GageRR) -> list[Check]:
    if result.method == "range":
        text = "均值极差法看不到零件与检验员的交互；怀疑有交互时请用方差分析法。"
        return [Check("gage-rr.interaction-unseen", text, "info")]
    if result.full is None:
        return []
    limit = f"{result.alpha_pool:g}"
    if result.pooled:
        p = result.interaction_p
        shown = "无法检验" if p is None else f"{p_text(p)}，大于 {limit}"
        kept = (result.unpooled_grr_var or 0.0) ** 0.5
        text = (
            f"交互项 {shown}，已并入重复性（合并）；"
            f"若不合并（unpooled），GRR 的标准差是 {kept:.4g}，"
            f"合并（pooled）是 {result.grr_var**0.5:.4g}。比较两份报告前先看口径。"
        )
        return [Check("gage-rr.interaction-pooled", text, "info")]
    p = result.interaction_p
    if p is None:
        return []  # said with the repeats that have no spread
    seen = (
        "有的检验员测某些零件偏高或偏低，请看图里交叉的线。"
        if p <= SIGNIFICANT
        else "它在这批数据里看不出来，只是按你的设定没有合并。"
    )
    text = f"交互项 {p_text(p)}，不大于 {limit}，单独列出（不合并）：{seen}"
    return [Check("gage-rr.interaction-kept", text, "info")]
