"""准则组 Rule sets of control charts, as data, with their false-alarm rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from qtools.errors import QualityDataError
from qtools.spc.rules import RULES

MIN_SUBGROUPS = 20
"""Trial limits want 20 to 25 subgroups (Montgomery, SQC, section 6.2.1)."""

MAX_RANGE_SIZE = 10
"""Above this subgroup size the range wastes information (Montgomery, SQC, section 6.3)."""

ALPHA = 0.01
"""Level of the tests behind caveats."""

DOMINANT_SHARE = 0.1
"""Share of subgroups beyond 3σ from which the within-subgroup yardstick itself is in doubt."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """准则组 A tuple of rule keys with a name.

    Parameters
    ----------
    key : str
        ASCII name, used in ``rules="nelson"``.
    name : str
        Name as the page shows it.
    rules : tuple of str
        Keys of :data:`qtools.spc.rules.RULES`.
    source : str
        Who published the set.
    arl0 : float, optional
        Average run length to the first false alarm, for independent normal points and known
        parameters: published, or simulated where ``arl0_source`` says so; None for a custom set.
    arl0_source : str
        Where that value comes from.
    """

    key: str
    name: str
    rules: tuple[str, ...]
    source: str
    arl0: float | None = None
    arl0_source: str = ""


RULE_SETS = MappingProxyType(
    {
        rule_set.key: rule_set
        for rule_set in (
            RuleSet(
                "3sigma",
                "3σ 准则",
                ("nelson-1",),
                "Shewhart (1931)",
                370.4,
                "正态双侧 3σ 以外概率的倒数，1/0.0026998",
            ),
            RuleSet(
                "nelson",
                "Nelson 八条准则",
                tuple(f"nelson-{number}" for number in range(1, 9)),
                "Nelson (1984)，JQT 16(4)：237–239",
                73.5,
                "本手册仿真（约 ± 0.2；独立正态，参数已知，从头数起）",
            ),
            RuleSet(
                "we",
                "Western Electric 四条准则",
                ("nelson-1", "nelson-5", "nelson-6", "we-4"),
                "Western Electric (1956)，Statistical Quality Control Handbook",
                91.75,
                "Champ & Woodall (1987)，Technometrics 29(4)：393–399",
            ),
        )
    }
)


def rule_set(rules: str | Sequence[str]) -> RuleSet:
    """准则组 The rule set of a name, or one made of a tuple of rule keys.

    Raises
    ------
    QualityDataError
        If a name is unknown, repeated, or none is given.

    Examples
    --------
    >>> rule_set("we").arl0
    91.75
    >>> rule_set(("nelson-1", "nelson-2")).name
    '自选准则 1、2'
    """
    if isinstance(rules, str):
        if rules in RULE_SETS:
            return RULE_SETS[rules]
        raise QualityDataError(f"没有叫“{rules}”的判异准则组。", hint=_known())
    keys = tuple(rules)
    unknown = [key for key in keys if key not in RULES]
    if unknown:
        shown = "、".join(f"“{key}”" for key in unknown)
        raise QualityDataError(f"没有叫{shown}的判异准则。", hint=_known())
    if not keys or len(set(keys)) < len(keys):
        what = "一条判异准则也没有给。" if not keys else "同一条判异准则给了两次。"
        raise QualityDataError(what, hint=_known())
    labels = "、".join(RULES[key].label for key in keys)
    return RuleSet("custom", f"自选准则 {labels}", keys, "自选")


def _known() -> str:
    sets = "、".join(f'"{key}"' for key in RULE_SETS)
    single = "、".join(f'"{key}"' for key in RULES)
    return f"准则组写 {sets} 之一；要自选，把单条准则的名字放进元组：{single}。"
