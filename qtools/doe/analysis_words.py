"""分析的话 What the analysis of a factorial experiment says: verdict, decision, method, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtools.display import format_number
from qtools.doe.analysis_settings import require_options
from qtools.doe.lenth import CRITICAL_NAMES, CRITICALS, RATE_NAMES, RATES, Rate
from qtools.doe.terms import Term

if TYPE_CHECKING:
    import pandas as pd

    from qtools.doe.analysis_result import FactorialAnalysis

SHOWN = 6  # names in one sentence
_WORDS = {"max": "大", "大": "大", "min": "小", "小": "小"}


def number(value: float) -> str:
    """Effect or mean as sentences have it."""
    return format_number(value, 4).replace("-", "−")


def verdict_text(result: FactorialAnalysis) -> str:
    """Which terms are real, and the settings of the highest and lowest mean."""
    response, known = result.experiment.response, result.experiment.names
    if not result.decided:
        why = "残差为 0" if result.fit.df else "没有残差自由度"
        return f"还判断不了“{response}”的哪些效应是真的：{why}，效应没有可比的误差。"
    if not result.active:
        return f"没有一个效应超出误差：{len(result.terms)} 项里没有看得出影响“{response}”的。"
    named = {test.name: test.effect for test in result.terms}
    words = []
    for name in result.active[:SHOWN]:
        effect = named[name]
        words.append(name if effect is None else f"{name}（{number(effect)}）")
    more = f" 等 {len(result.active)} 项" if len(result.active) > SHOWN else ""
    text = f"影响“{response}”的有 {'、'.join(words)}{more}。"
    table = result.settings()
    ends = table.iloc[[0, -1]]
    high, low = (
        "、".join(f"{name} {format_number(row[name])}" for name in table if name in known)
        for _, row in ends.iterrows()
    )
    best, worst = (number(float(value)) for value in ends["预测"])
    return text + f"“{response}”最高在 {high}（预测 {best}），最低在 {low}（预测 {worst}）。"


def ways(result: FactorialAnalysis) -> pd.DataFrame:
    """判断方法对照 Limits of every way to decide, and the terms that pass them."""
    import pandas as pd

    found = result.lenth
    rows: list[tuple[str, Rate, float]] = []
    if found:
        for rate in RATES:
            for critical in CRITICALS:
                limit = found.margin(rate, critical)
                rows.append((f"Lenth，{CRITICAL_NAMES[critical]}", rate, limit))
    elif result.decided:
        rows = [
            ("t", "individual", result.tests.margin or 0.0),
            ("t，Bonferroni", "experiment", result.tests.margin_all or 0.0),
        ]
    ranked = sorted(result.terms, key=lambda test: -test.size)
    table = []
    for way, rate, limit in rows:
        passed = [test.name for test in ranked if test.size > limit]
        shown = "、".join(passed[: 2 * SHOWN]) + ("等" if len(passed) > 2 * SHOWN else "")
        table.append((way, RATE_NAMES[rate], limit, len(passed), shown or "没有"))
    return pd.DataFrame(table, columns=["方法", "误判率", "界限", "项数", "超过界限的项"])


def decision_text(result: FactorialAnalysis, goal: str, noise: Sequence[str], runs: int) -> str:
    """决定 What to set, in one sentence for the reader, or why not to."""
    require_options(result.experiment, goal, noise, runs)
    response = result.experiment.response
    if not result.decided:
        return "还不能决定：没有误差可比。先补做几次重复，再谈改设置。"
    if not result.active:
        return "不凭这次试验改设置：没有看得出的效应。"
    used = {name for test in result.terms if test.active for name in _names(result, test.term)}
    if used <= set(noise):
        return f"没有可以改的设置：影响“{response}”的只有选不了的{'、'.join(sorted(used))}。"
    table = result.settings(goal=goal, noise=noise, runs=runs)
    heads = [name for name in table.columns if name in result.experiment.names]
    best = table.iloc[0]
    chosen = "、".join(f"{name} {format_number(best[name])}" for name in heads)
    text = f"要“{response}”{_WORDS[goal]}，取 {chosen}，预测平均 {format_number(best['预测'], 4)}"
    if "下限" in table:
        low, high = format_number(best["下限"], 4), format_number(best["上限"], 4)
        text += f"（{100 * result.confidence:g} % 区间 {low} 到 {high}）"
        same = int((table["与最好的分得开"] == "否").sum())
        text += f"；还有 {same} 种设置与它分不开" if same else "；别的设置都比它差，分得开"
    return text.replace("-", "−") + "。"


def _names(result: FactorialAnalysis, term: Term) -> set[str]:
    return {result.experiment.names[place] for place in term}


def method_text(result: FactorialAnalysis) -> str:
    """判断方法 What decided, with its limit."""
    alpha, found = f"{100 * (1 - result.confidence):g} %", result.lenth
    limit = result.tests.margin if result.rate == "individual" else result.tests.margin_all
    name = "ME" if result.rate == "individual" else "SME"
    if limit is None:
        return "没有残差自由度，效应又少（或大半为 0），没有判断的办法"
    way = f"{RATE_NAMES[result.rate]}误判率 {alpha}，|效应| 超过 {name} = {format_number(limit, 4)}"
    if found:
        kind = CRITICAL_NAMES[found.critical]
        return f"Lenth 法（{kind}），PSE = {format_number(found.pse, 4)}，{way}"
    kind = "" if result.rate == "individual" else "（Bonferroni）"
    return f"t 检验{kind}，残差自由度 {result.fit.df}，{way}"
