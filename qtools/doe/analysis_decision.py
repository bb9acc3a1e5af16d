"""分析的决定 What to set after a factorial experiment, and what the decision must be read with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtools.display import format_number
from qtools.doe.analysis_aliases import aliases, inseparable
from qtools.doe.analysis_residuals import ALPHA
from qtools.doe.analysis_settings import only_runs, require_options
from qtools.doe.analysis_words import number

if TYPE_CHECKING:
    import pandas as pd

    from qtools.doe.analysis_result import FactorialAnalysis

_WORDS = {"max": "大", "大": "大", "min": "小", "小": "小"}
_FEW = 3  # factors, or aliases, that a decision names


def decision_text(result: FactorialAnalysis, goal: str, noise: Sequence[str], runs: int) -> str:
    """决定 What to set, for the reader, or why not to; then what may upset it."""
    read = result.experiment
    require_options(read, goal, noise, runs)
    response = read.response
    if not result.decided:
        return "还不能决定：没有误差可比。先补做几次重复，再谈改设置。"
    if not result.active:
        text = "不凭这次试验改设置：没有看得出的效应。"
        return text + "".join(f"{word}。" for word in [*_bent(result), *_lack(result)])
    used = {read.names[p] for test in result.terms if test.active for p in test.term}
    if used <= set(noise):
        return f"没有可以改的设置：影响“{response}”的只有选不了的{'、'.join(sorted(used))}。"
    table = result.settings(goal=goal, noise=noise, runs=runs)
    text = f"要“{response}”{_WORDS[goal]}，{_best(result, table)}"
    free = _free(result, used, noise)
    worries = [*_torn(result), *_inside(result, used, noise), *_bent(result), *_lack(result)]
    return "".join(f"{sentence}。" for sentence in [text, *free, *worries])


def _best(result: FactorialAnalysis, table: pd.DataFrame) -> str:
    heads = [name for name in table.columns if name in result.experiment.names]
    best = table.iloc[0]
    chosen = "、".join(f"{name} {_setting(best[name])}" for name in heads)
    text = f"取 {chosen}，预测平均 {number(best['预测'])}"
    if "下限" in table:
        low, high = number(best["下限"]), number(best["上限"])
        text += f"（{100 * result.confidence:g} % 区间 {low} 到 {high}）"
        same = int((table["与最好的分得开"] == "否").sum())
        text += f"；还有 {same} 种设置与它分不开" if same else "；别的设置都比它差，分得开"
    return text


def _setting(value: object) -> str:
    return format_number(value).replace("-", "−") if not isinstance(value, str) else value


def _free(result: FactorialAnalysis, used: set[str], noise: Sequence[str]) -> list[str]:
    """Factors that showed nothing, and what they may be set to."""
    read = result.experiment
    together = {
        read.names[p] for own in aliases(result) if own.whole for p in (*own.term, *own.other)
    }
    rest = [f for f in read.factors if f.name not in {*used, *noise, *together}]
    if not rest:
        return []
    if len(rest) > _FEW:
        return [f"其余 {len(rest)} 个因子看不出作用，在试过的范围里取多少都行"]
    names = "、".join(factor.name for factor in rest)
    if only_runs(read, [p for p, name in enumerate(read.names) if name not in noise]):
        return [f"{names} 看不出作用，照那次试验的设置即可"]
    if len(rest) > _FEW:
        return [f"其余 {len(rest)} 个因子看不出作用，在试过的范围里取多少都行"]
    words = []
    for factor in rest:
        join = " 到 " if factor.continuous else "、"
        words.append(f"{factor.name} {join.join(_setting(level) for level in factor.levels)}")
    return [f"{'，'.join(words)} 都行（看不出作用）"]


def _torn(result: FactorialAnalysis) -> list[str]:
    """Other names that the terms of the decision may have."""
    active = {test.term for test in result.terms if test.active}
    found = aliases(result)
    whole = [own for own in found if own.whole and own.term in active]
    out = []
    if whole:
        whole.sort(key=lambda own: len(own.term) + len(own.other))
        named = "；".join(inseparable(own) for own in whole[:_FEW])
        more = f"；等 {len(whole)} 对" if len(whole) > _FEW else ""
        out.append(f"其中 {named}{more}，照此改设置以前先拆开（折叠或加做试验）")
    mains = {term for term in active if len(term) == 1}
    if any(not own.whole and mains & set(own.reach) for own in found):
        out.append("没有放进模型的交互若存在，会部分混进这些效应，用确认试验核对")
    return out


def _inside(result: FactorialAnalysis, used: set[str], noise: Sequence[str]) -> list[str]:
    """Whether only settings of runs, or only ends, were compared."""
    read = result.experiment
    free = [p for p, name in enumerate(read.names) if name in used and name not in noise]
    squared = {test.term[0] for test in result.terms if test.term == 2 * test.term[:1]}
    middle = [
        p
        for p in free
        if read.factors[p].continuous and p not in squared and result.curvature_at is None
        and (abs(abs(read.points[:, p]) - 1) > 1e-9).any()
    ]  # fmt: skip
    out = ["只在做过的设置里比较（没做过的搭配是外推）"] if only_runs(read, free) else []
    if middle:
        names = "、".join(read.names[p] for p in middle[:_FEW]) + (
            "等" if len(middle) > _FEW else ""
        )
        out.append(f"模型没有平方项，{names} 的中间水平没有当真比较过，请用响应面一章（N304）分析")
    return out


def _bent(result: FactorialAnalysis) -> list[str]:
    """Significant curvature."""
    p, size = result.curvature_p, result.curvature
    if p is None or size is None or p >= ALPHA:
        return []
    side = "高" if size > 0 else "低"
    return [
        f"中间比两端{side} {number(abs(size))}（p = {format_number(p, 2)}），"
        "两水平的模型看不出最优点，宜做响应面（N304）"
    ]


def _lack(result: FactorialAnalysis) -> list[str]:
    """Significant lack of fit."""
    lack = result.fit.lack_of_fit
    if not lack or lack[3] >= ALPHA:
        return []
    return [f"模型失拟（p = {format_number(lack[3], 2)}），预测与区间靠不住，先补项再定"]
