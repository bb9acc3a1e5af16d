"""方法比对的判定 The decision of a comparison: which limit decides, and what would mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.display import format_number
from qtools.result import Verdict

if TYPE_CHECKING:
    from qtools.msa.comparison_result import MethodComparison

_RULE = (
    "95 % 一致性界限（平均差 ± 1.96 s）都在 ±{limit} 之内，才可以代替；"
    "界限的区间也在里面，结论才牢。可接受的差值由用途定，先定后测"
)
_SOURCE = "Bland 与 Altman（1986，1999）；按区间分牢与不牢为本手册约定"


def decide(result: MethodComparison) -> Verdict:
    """判定 Whether the test method may replace the reference, and how firm that is."""
    a = result.agreement
    low, high = format_number(a.lower, 3), format_number(a.upper, 3)
    span = f"约 95 % 的差值在 {low} 到 {high} 之间"
    if result.limit is None:
        text = f"还不能判定能否代替：{span}。差多少算多，由用途定；请给出可接受的差值 limit。"
        return Verdict("info", text, _RULE.format(limit=" limit "), _SOURCE)
    limit = format_number(result.limit)
    rule = _RULE.format(limit=limit)
    lower, upper = a.limits
    if -result.limit <= a.lower and a.upper <= result.limit:
        if -result.limit <= lower.low and upper.high <= result.limit:
            text = f"可以代替：{span}，没有超出 ±{limit}；界限的区间也没有超出，结论牢。"
            return Verdict("good", text, rule, _SOURCE)
        text = (
            f"还不能放心代替：{span}，没有超出 ±{limit}；但界限的区间从 "
            f"{format_number(lower.low, 3)} 到 {format_number(upper.high, 3)}，已经超出，"
            "结论不牢，请补测。"
        )
        return Verdict("caution", text, rule, _SOURCE)
    text = f"不能代替：{span}，超出 ±{limit}；{_beyond(result)}。{_cure(result)}。"
    return Verdict("bad", text, rule, _SOURCE)


def _beyond(result: MethodComparison) -> str:
    """Which limit of agreement decides, and whether its own interval lies outside as well."""
    assert result.limit is not None  # noqa: S101 - asked only where a limit decides
    a, (lower, upper) = result.agreement, result.agreement.limits
    # how far outside: the limit itself, and the near end of its interval
    sides = {
        "下限": (-result.limit - a.lower, -result.limit - lower.high, lower),
        "上限": (a.upper - result.limit, upper.low - result.limit, upper),
    }
    name, (_, inner, own) = max(sides.items(), key=lambda side: (side[1][1], side[1][0]))
    ends = f"{format_number(own.low, 3)} 到 {format_number(own.high, 3)}"
    if inner > 0:
        return f"{name}的整个区间（{ends}）都在外面，结论牢"
    return f"{name}的区间（{ends}）跨过它，结论不牢"


def _cure(result: MethodComparison) -> str:
    """Whether a correction of the mean difference would do, by the interval of the spread."""
    assert result.limit is not None  # noqa: S101 - asked only where a limit decides
    span = result.agreement.half_interval
    ends = f"{format_number(span.low, 3)} 到 {format_number(span.high, 3)}"
    spread = f"散布 ±{format_number(result.agreement.half, 3)}（区间 {ends}）"
    if span.low > result.limit:
        return f"单是{spread}就超出了，修正平均差也没有用"
    if span.high <= result.limit:
        return f"{spread}本身没有超出，修正系统差以后可以另取样品再比"
    return f"{spread}超没超出还分不清，修正平均差够不够也就说不准，请补测"
