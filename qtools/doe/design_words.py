"""设计的用语 How a design's resolution, model and leaks are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.result import Level, Verdict

if TYPE_CHECKING:
    from qtools.doe.design import Design

CLEAR = "主效应和二因子交互都不与二因子交互混杂"
MEANING: dict[int, tuple[Level, str]] = {
    1: ("bad", "有主效应与总平均混杂，这个设计不能用"),
    2: ("bad", "有主效应互相混杂，这个设计不能用"),
    3: ("caution", "主效应不互相混杂，却与二因子交互混杂，只宜筛选"),
    4: ("good", "主效应不与二因子交互混杂，二因子交互之间有混杂"),
    5: ("good", CLEAR),
}
_RULE = "最短的字有几个字母，分辨度就是几；效率以正交设计为 100 %"
_NO_LEAK = 1e-9
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def roman(number: int) -> str:
    """Resolution as it is written.

    Examples
    --------
    >>> roman(4)
    'IV'
    """
    return _ROMAN[number] if number < len(_ROMAN) else str(number)


def model_name(model: str | tuple[str, ...]) -> str:
    """Model as readers see it."""
    names = {"main": "主效应模型", "interactions": "二因子交互模型", "quadratic": "二次模型"}
    if isinstance(model, str):
        return names.get(model, "全模型")
    return f"{len(model)} 项的模型"


def verdict_of(design: Design) -> Verdict:
    """What a design can tell apart: its resolution if it is regular, or else what leaks.

    A word that holds in runs which are no regular fraction says nothing of the other effects, so
    there is no resolution: interactions fall on main effects in part.
    """
    head = f"{design.family}：{len(design.factors)} 个因子，{design.n_runs} 次试验"
    level: Level = "good"
    if design.resolution is not None:
        level, meaning = MEANING.get(design.resolution, ("good", CLEAR))
        text = f"{head}，分辨度 {roman(design.resolution)}：{meaning}。"
    elif design.regular:
        text = f"{head}：{'除与区组混杂的以外，' if design.confounded else ''}每个效应都能分开。"
    else:
        found, named = design.efficiency()["d_efficiency"], model_name(design.model)
        if found <= 0:
            return Verdict("bad", f"{head}，估计不了{named}。", _RULE, design.source)
        text = f"{head}，能估计{named}，D 效率 {found:.0f} %"
        leak = design.leak if design.model == "main" else None
        if leak is not None and leak > _NO_LEAK:
            level = "caution"
            text += f"；二因子交互会往主效应里漏，最多漏进 {100 * leak:.0f} %"
        elif leak is not None:
            text += "；主效应不与二因子交互混杂"
        text += "。"
    return Verdict(level, text, _RULE, design.source)
