"""设计的用语 How a design's resolution and model are told."""

from __future__ import annotations

from qtools.result import Level

CLEAR = "主效应和二因子交互都不与二因子交互混杂"
MEANING: dict[int, tuple[Level, str]] = {
    1: ("bad", "有主效应与总平均混杂，这个设计不能用"),
    2: ("bad", "有主效应互相混杂，这个设计不能用"),
    3: ("caution", "主效应不互相混杂，却与二因子交互混杂，只宜筛选"),
    4: ("good", "主效应不与二因子交互混杂，二因子交互之间有混杂"),
    5: ("good", CLEAR),
}
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
