"""线性研究提醒 Coded caveats of a linearity study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools.display import p_text
from qtools.result import Check

if TYPE_CHECKING:
    from qtools.msa.linearity_result import LinearityStudy

FEW_STANDARDS = 5  # AIAG MSA 4th ed.: five standards or more over the range
FEW_READINGS = 10  # each read ten times or more
UNEVEN = 0.01
_SHOWN = 5


def caveats(result: LinearityStudy) -> tuple[Check, ...]:
    """提醒 What was seen and what it means, most serious first."""
    found = [*_strays(result), *_shape(result), *_size(result)]
    rank = {"bad": 0, "caution": 1, "good": 2, "info": 3}
    return tuple(sorted(found, key=lambda check: rank[check.level]))


def _strays(result: LinearityStudy) -> list[Check]:
    if not result.strays:
        return []
    rows = "、".join(str(row) for row in result.strays[:_SHOWN])
    more = f"等 {len(result.strays)} 行" if len(result.strays) > _SHOWN else ""
    text = (
        f"第 {rows} 行{more}的“{result.value}”更接近另一个标准件的参考值：多半是标准件拿错、"
        f"“{result.reference}”填错，或小数点错位。请先核对，这些行会左右斜率。"
    )
    return [Check("linearity.stray-reference", text, "bad")]


def _shape(result: LinearityStudy) -> list[Check]:
    out = []
    lack = result.lack_of_fit
    if lack is not None and result.curved:
        text = (
            f"偏倚与参考值的关系不是直线（失拟 F = {lack[0]:.2f}，{p_text(lack[1])}）："
            "只看斜率会误导，请看图里各标准件的平均偏倚，分段修正。"
        )
        out.append(Check("linearity.lack-of-fit", text))
    p = _uneven(result)
    if p is not None and p < UNEVEN:
        text = (
            f"各标准件读数的散布不一样大（Levene，{p_text(p)}）：直线的区间按同样大小计算，"
            "散布大的一端会显得比实际准。请看各标准件自己的区间。"
        )
        out.append(Check("linearity.uneven-spread", text))
    return out


def _uneven(result: LinearityStudy) -> float | None:
    """P value of equal spread (Brown & Forsythe 1974), where each standard has three readings."""
    groups = [result.bias[result.codes == place] for place in range(len(result.names))]
    if len(groups) < 2 or min(group.size for group in groups) < 3:
        return None
    from scipy.stats import f_oneway

    apart = [np.abs(group - np.median(group)) for group in groups]
    if all(np.ptp(one) < 1e-12 for one in apart):
        return None
    return float(f_oneway(*apart).pvalue)


def _size(result: LinearityStudy) -> list[Check]:
    out = []
    few = int(np.bincount(result.codes).min())
    if np.unique(result.x).size < FEW_STANDARDS:
        text = (
            f"只有 {np.unique(result.x).size} 个参考值（惯例至少 {FEW_STANDARDS} 个，"
            "盖住使用范围）：中间弯不弯看不清楚。"
        )
        out.append(Check("linearity.few-standards", text, "info"))
    if few < FEW_READINGS:
        text = f"每个标准件最少只测了 {few} 次（惯例至少 {FEW_READINGS} 次），区间偏宽。"
        out.append(Check("linearity.few-readings", text, "info"))
    return out
