"""分析的话 What the analysis of a factorial experiment says: verdict, method, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.display import format_number
from qtools.doe.lenth import CRITICAL_NAMES, CRITICALS, RATE_NAMES, RATES, Rate

if TYPE_CHECKING:
    import pandas as pd

    from qtools.doe.analysis_result import FactorialAnalysis

SHOWN = 6  # names in one sentence


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


def method_text(result: FactorialAnalysis) -> str:
    """判断方法 What decided, with its limit."""
    alpha, found = f"{100 * (1 - result.confidence):g} %", result.lenth
    limit = result.tests.margin if result.rate == "individual" else result.tests.margin_all
    name = "ME" if result.rate == "individual" else "SME"
    if limit is None:
        return "没有残差自由度，效应又少（或大半为 0），没有判断的办法"
    size = "折算后的 |效应|" if result.uneven else "|效应|"
    way = f"{RATE_NAMES[result.rate]}误判率 {alpha}，{size} 超过 {name} = {format_number(limit, 4)}"
    if result.uneven:
        way += "（各项的标准误不同，先按标准误折算到同一把尺子上，再比）"
    if found:
        kind = CRITICAL_NAMES[found.critical]
        return f"Lenth 法（{kind}），PSE = {format_number(found.pse, 4)}，{way}"
    kind = "" if result.rate == "individual" else "（Bonferroni）"
    return f"t 检验{kind}，残差自由度 {result.fit.df}，{way}"
