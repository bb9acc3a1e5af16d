"""量具判定 The decision of a gauge study: which rule decided, and how firmly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.result import Verdict

if TYPE_CHECKING:
    from qtools.msa.result import GageRR

_ORDER = ("good", "caution", "bad")


def decide(result: GageRR) -> Verdict:
    """判定 The worse of %GRR and %tolerance by the bands; too few categories forbid 可接受."""
    criteria = result.criteria
    rule, source = criteria.rule, criteria.source
    ratios = {"pct_study_var": ("%GRR（占总变差）", result.pct_study_var)}
    if result.pct_tolerance is not None:
        ratios["pct_tolerance"] = ("%公差", result.pct_tolerance)
    key = max(ratios, key=lambda name: ratios[name][1])
    label, ratio = ratios[key]
    band = criteria.band(ratio)
    if result.ndc is None or (result.no_spread and band.level != "bad"):
        text = (
            f"还不能判定：{result.no_spread}，这批数据看不出重复性，算出的 {label} "
            f"{ratio:.2f} % 只会偏小。多半是分辨力不够（读数被取整），或是照抄了前一次；"
            "请核对原始记录，用读得更细的量具、遮住前一次的读数再测一遍。"
        )
        return Verdict("caution", text, rule, source)
    enough = result.ndc >= criteria.ndc_minimum
    level, name = band.level, band.name
    if not enough and level == "good":
        second = criteria.bands[1]
        level, name = second.level, second.name
    reason = f"{label}为 {ratio:.2f} %，{_place(result, ratio)}"
    if len(ratios) > 1:
        other = next(pair for other_key, pair in ratios.items() if other_key != key)
        reason += f"（由它决定，{other[0]}为 {other[1]:.2f} %）"
    minimum = criteria.ndc_minimum
    reason += f"；ndc = {result.ndc}，" + (
        f"达到 {minimum}" if enough else f"不到 {minimum}，分不出足够多的类别"
    )
    limits = result.intervals[key]
    crossed = [f"{limit:g} %" for limit in criteria.limits if limits.low < limit < limits.high]
    percent = f"{100 * result.confidence:g} %"
    span = f"{percent} 区间 {limits.low:.1f}–{limits.high:.1f} %"
    firm = f"{span} 跨过 {'、'.join(crossed)}，结论不牢" if crossed else f"{span} 没有跨过界限"
    text = f"{name}：{reason}。{firm}。估计用{result.estimator}。"
    return Verdict(level, text, rule, source)


def _place(result: GageRR, ratio: float) -> str:
    """Where a ratio lies between the limits, in words."""
    limits = result.criteria.limits
    place = result.criteria.bands.index(result.criteria.band(ratio))
    if place == 0:
        return f"小于 {limits[0]:g} %"
    if place == len(limits):
        return f"大于 {limits[-1]:g} %"
    return f"在 {limits[place - 1]:g} %–{limits[place]:g} % 之间"
