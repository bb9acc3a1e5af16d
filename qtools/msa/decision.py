"""量具判定 The decision of a gauge study: which rule decided, and how firmly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.msa.criteria import UNPROVEN
from qtools.msa.suspects import doubts
from qtools.result import Verdict

if TYPE_CHECKING:
    from qtools.msa.result import GageRR

_ORDER = ("good", "caution", "bad")


def ratios_of(result: GageRR) -> dict[str, tuple[str, float]]:
    """比率 Name and value of each ratio that has limits, by metric key; the deciding one first."""
    found = {"pct_study_var": ("%GRR（占总变差）", result.pct_study_var)}
    if result.pct_tolerance is not None:
        found["pct_tolerance"] = ("%公差", result.pct_tolerance)
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))


def decide(result: GageRR) -> Verdict:
    """判定 The worse of %GRR and %tolerance by the bands; too few categories forbid 可接受.

    Nor is a gauge 可接受 while an interval of either ratio reaches into the worst band.
    """
    criteria = result.criteria
    rule, source = f"{criteria.rule}；{UNPROVEN}", criteria.source
    ratios = ratios_of(result)
    key = next(iter(ratios))
    label, ratio = ratios[key]
    band = criteria.band(ratio)
    if result.ndc is None or (result.no_spread and band.level != "bad"):
        text = (
            f"还不能判定：{result.no_spread}，这批数据看不出重复性，算出的 {label} "
            f"{ratio:.2f} % 只会偏小。多半是分辨力不够（读数被取整），或是照抄了前一次；"
            "请核对原始记录，用读得更细的量具、遮住前一次的读数再测一遍。"
        )
        return Verdict("caution", text + doubts(result), rule, source)
    enough = result.ndc >= criteria.ndc_minimum
    level, name = band.level, band.name
    if not enough and level == "good":
        second = criteria.bands[1]
        level, name = second.level, second.name
    unproven = [other for other in ratios if criteria.reaches_worst(result.intervals[other])]
    shown = key
    if level == "good" and unproven:
        level, name = "caution", f"看得到的{name}，还证明不了"
        shown = key if key in unproven else unproven[0]
    reason = f"{label}为 {_shown(ratio, criteria.limits)} %，{_place(result, ratio)}"
    if len(ratios) > 1:
        other = next(pair for other_key, pair in ratios.items() if other_key != key)
        reason += f"（由它决定，{other[0]}为 {_shown(other[1], criteria.limits)} %）"
    minimum = criteria.ndc_minimum
    reason += f"；ndc = {result.ndc}，" + (
        f"达到 {minimum}" if enough else f"不到 {minimum}，分不出足够多的类别"
    )
    limits = result.intervals[shown]
    crossed = [f"{limit:g} %" for limit in criteria.limits if limits.low < limit < limits.high]
    percent = f"{100 * result.confidence:g} %"
    whose = "" if shown == key else f"{ratios[shown][0]}的 "
    span = f"{whose}{percent} 区间 {limits.low:.1f}–{limits.high:.1f} %"
    firm = f"{span} 跨过 {'、'.join(crossed)}，结论不牢" if crossed else f"{span} 没有跨过界限"
    text = f"{name}：{reason}。{firm}。估计用{result.estimator}。{doubts(result)}"
    return Verdict(level, text, rule, source)


def _shown(value: float, limits: tuple[float, ...]) -> str:
    """Two decimals, or as many more as tell a value from a limit that it is not.

    Examples
    --------
    >>> _shown(9.9999, (10.0, 30.0)), _shown(10.0, (10.0, 30.0)), _shown(27.857, (10.0, 30.0))
    ('9.9999', '10.00', '27.86')
    """
    for digits in range(2, 9):
        text = f"{value:.{digits}f}"
        if float(text) not in limits or round(value, 9) in limits:
            break
    return text


def _place(result: GageRR, ratio: float) -> str:
    """Where a ratio lies between the limits, in words."""
    limits = result.criteria.limits
    place = result.criteria.bands.index(result.criteria.band(ratio))
    if place == 0:
        return f"小于 {limits[0]:g} %"
    if place == len(limits):
        return f"大于 {limits[-1]:g} %"
    return f"在 {limits[place - 1]:g} %–{limits[place]:g} % 之间"
