"""计数型提醒 Coded caveats of an attribute study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.msa.attribute_levels import ACCEPT_WORDS
from qtools.msa.attribute_share import share_of_parts
from qtools.result import Check

if TYPE_CHECKING:
    from qtools.msa.attribute_result import AttributeAgreement

HIGH = 90.0  # agreement in percent that looks good by itself


def caveats(result: AttributeAgreement) -> tuple[Check, ...]:
    """提醒 What the study cannot tell, and where a number misleads; most serious first."""
    found = [*_design(result), *_reference(result), *_chance(result), *_size(result)]
    rank = {"bad": 0, "caution": 1, "good": 2, "info": 3}
    return tuple(sorted(found, key=lambda check: rank[check.level]))


def _design(result: AttributeAgreement) -> list[Check]:
    study = result.study
    out = [
        Check(
            "attribute.rare-level",
            f"第 {'、'.join(map(str, rows))} 行的“{name}”只出现 {len(rows)} 次，是不是抄错？"
            "请核对；确有这一种判定，就用 levels 写出全部判定。",
        )
        for name, rows in study.rare.items()
    ]
    if study.missing:
        short = np.argwhere((study.cube < 0).any(axis=2)).tolist()
        cells = [f"{study.part_names[i]} × {study.rater_names[j]}" for i, j in short[:5]]
        more = f"等 {len(short)} 处" if len(short) > 5 else ""
        text = (
            f"判定不齐，缺 {study.missing} 次：{'、'.join(cells)}{more}。各项只用有的判定，"
            "分母见表；少判一次的件更容易“全一致”，拿不准才没判的请补判。"
        )
        out.append(Check("attribute.unbalanced", text))
    strangers = [
        f"{study.rater_names[i]} 与 {study.rater_names[j]}"
        for i, j in result.pairs
        if study.pairs(i, j)[0].size == 0
    ]
    if strangers:
        text = f"{'、'.join(strangers)}没有判过同一件的同一次，两人一致不一致无从比较。"
        out.append(Check("attribute.no-common-parts", text))
    if len(study.rater_names) == 1:
        text = f"只有一位{study.rater}：看得到他自己一致不一致，看不到人与人之间的差别。"
        out.append(Check("attribute.one-rater", text))
    if all(line.within is None for line in result.raters):
        text = "每人每件只判了一次：看不到自己前后一致不一致。请隔一阵、打乱次序再判一遍。"
        out.append(Check("attribute.no-repeats", text))
    return out


def _reference(result: AttributeAgreement) -> list[Check]:
    study = result.study
    if study.truth is None:
        text = (
            "没有基准：大家一起判错，也会很一致。请由更准的量具或专家定出每件的基准，"
            "写明它所在的列（reference；命令行：--reference 列名）。"
        )
        return [Check("attribute.no-reference", text)]
    if not result.reject:
        names = "”还是“".join(study.levels)
        text = (
            f"看不出“{names}”里哪些表示不合格，漏判率和误判率没有算，判定也不含它们。"
            "请写明（reject；命令行：--reject 判定）。"
        )
        return [Check("attribute.reject-unknown", text)]
    out = []
    if result.reject_assumed:
        text = f"“{result.reject[0]}”按不合格算；若不是这个意思，请用 reject 写明。"
        out.append(Check("attribute.reject-assumed", text, "info"))
        used = {*np.unique(study.cube).tolist(), *np.unique(study.truth).tolist()}
        between = [
            level
            for code, level in enumerate(study.levels)
            if code in used
            and level not in result.reject
            and frames.plain(level) not in ACCEPT_WORDS
        ]
        if len(study.levels) > 2 and between:
            names = "、".join(f"“{level}”" for level in between)
            every = ",".join((*result.reject, *between))
            text = (
                f"{names}没有算作不合格：不合格件判成它，算漏判；合格件判成它，不算误判；"
                "基准是它的，按合格件算。"
                f"若它也表示不合格，请写明（reject；命令行：--reject {every}）。"
            )
            out.append(Check("attribute.between-levels", text))
    bad = np.isin(study.truth, [study.levels.index(level) for level in result.reject])
    for which, name, rate in ((bad, "不合格", "漏判率"), (~bad, "合格", "误判率")):
        if not which.any():
            text = f"基准里没有{name}的件，{rate}算不出来。请补选{name}的件，边界上的尤其要有。"
            out.append(Check("attribute.one-sided-parts", text, "bad"))
    return out


def _chance(result: AttributeAgreement) -> list[Check]:
    out = []
    compared = [line.kappas.plain for line in result.raters if result.study.truth is not None]
    compared += [
        kappas.plain for (i, j), kappas in result.pairs.items() if result.study.pairs(i, j)[0].size
    ]
    compared += [line.fleiss for line in result.raters if line.within is not None]
    if any(kappa is None for kappa in compared):
        text = (
            "有的比较里两边只用了同一种判定，偶然一致就是 100 %，κ 没有定义，已略去。"
            "请补选另一类的件。"
        )
        out.append(Check("attribute.kappa-undefined", text))
    paradox = [
        line.name
        for line in result.raters
        if line.right is not None
        and line.right.percent >= HIGH
        and line.kappas.plain is not None
        and result.criteria.kappa.band(line.kappas.plain.value).level != "good"
    ]
    if paradox:
        text = (
            f"{'、'.join(paradox)}的判定有 {HIGH:g} % 以上与基准相同，κ 却不到良好："
            "有一类件太少，随手都判成另一类也能大多判对。别只看一致率。"
        )
        out.append(Check("attribute.kappa-paradox", text))
    return out


def _size(result: AttributeAgreement) -> list[Check]:
    out = []
    parts = len(result.study.part_names)
    if parts < 50:
        text = f"只有 {parts} 件（通常 50 件）：区间偏宽，差一两件就能换一档。"
        out.append(Check("attribute.few-parts", text, "info"))
    known = [line.miss for line in result.raters if line.miss is not None]
    if known:
        fewest = min(share.parts for share in known)
        best = share_of_parts(0, fewest, result.method, result.confidence)
        limit = result.criteria.miss.limits[-1]
        if best is not None and best.interval.high > limit:
            text = (
                f"不合格件只有 {fewest} 件：就算一次不漏，漏判率的区间上限也有 "
                f"{best.interval.high:.1f} %，证明不了它不超过 {limit:g} %。要证明，就多选一些。"
            )
            out.append(Check("attribute.few-bad-parts", text, "info"))
    return out
