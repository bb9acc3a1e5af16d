"""能力提醒 Coded caveats of a capability study: what the indices presuppose, and what was seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtools.display import p_text
from qtools.result import Check

if TYPE_CHECKING:
    from qtools.capability.result import ProcessCapability

_LEVELS = {"bad": 0, "caution": 1, "info": 2, "good": 3}


def collect(result: ProcessCapability) -> tuple[Check, ...]:
    """All caveats that apply, most serious first."""
    found = [check for rule in _RULES if (check := rule(result))]
    return tuple(sorted(found, key=lambda check: _LEVELS[check.level]))


def _unstable(r: ProcessCapability) -> Check | None:
    """Indices forecast; an unstable process has no one distribution to forecast from."""
    s = r.stability
    if s.stable:
        return None
    text = (
        f"{_signals(r)}。过程不稳：先判稳再算 Cpk；不稳只报 Pp/Ppk。"
        "此时 Cp、Cpk 只说明“若消除这些变动，过程最好能到哪里”。"
    )
    return Check("capability.unstable", text, "bad")


def _chance_signals(r: ProcessCapability) -> Check | None:
    """A few points beyond 3σ among many prove nothing, and are still worth a look."""
    if not r.stability.stable or not r.stability.signals:
        return None
    text = (
        f"{_signals(r)}。还不足以说过程不稳，但这些点仍请照样去查当时发生了什么；"
        "再积累数据，看信号会不会变多。"
    )
    return Check("capability.chance-signals", text, "info")


def _signals(r: ProcessCapability) -> str:
    """Where the signals are, and how far chance explains them."""
    s = r.stability
    where = "，".join(
        f"{panel.name}图 {panel.points} 个点有 {panel.signals} 个超出控制限"
        for panel in s.panels
        if panel.signals
    )
    return (
        f"{s.chart}：{where}。过程若稳定，碰巧有 {s.signals} 个以上信号的机会"
        f"{_percent(s.by_count)}，碰巧有点远到这一步的机会{_percent(s.by_distance)}"
        "（近似：各点各图当作互相独立，控制限当作已知）"
    )


def _percent(p: float) -> str:
    return "不到 0.1%" if p < 0.001 else f"约 {100 * p:.2g}%"


def _dependent(r: ProcessCapability) -> Check | None:
    """Readings of one unit resemble each other: fewer facts than readings."""
    if not r.dependent or r.between is None:
        return None
    levels = r.nested or (r.subgroup,)
    seen = "；".join(f"“{levels[k]}”{_f_text(r.between.f[k], r.between.p[k])}" for k in r.dependent)
    text = (
        f"读数不独立：组间变差显著（{seen}）。总变差的有效自由度约 {r.between.total_df:.1f}，"
        f"而不是 {r.n - 1}；按独立读数算的区间（含 ppm）偏窄。"
    )
    if r.nested:
        near = r.index("ppk_nested")
        text += (
            f"请以嵌套口径为准：Ppk = {near.value:.3f}"
            f"［{near.interval.low:.3f}, {near.interval.high:.3f}］。"
        )
    else:
        text += f"请用 nested=（如 nested=('{r.subgroup}',)，由外到内写）得到嵌套口径的区间。"
    return Check("capability.dependent-readings", text)


def _f_text(f: float, p: float) -> str:
    """F and p, also where the denominator is 0."""
    return f"F = {f:.2f}，{p_text(p)}" if math.isfinite(f) else "每个单元内部毫无变差，F 没有上限"


def _mean_out(r: ProcessCapability) -> Check | None:
    """The mean lies beyond a limit: negative Cpk and Ppk."""
    if r.spec.room(r.mean) >= 0:
        return None
    text = (
        f"均值 {r.mean:.6g} 已在规格以外，Cpk、Ppk 为负，按模型超过一半的产品不合格。"
        "请先核对单位和规范限，再调中心。"
    )
    return Check("capability.mean-out-of-spec", text, "bad")


def _out_of_spec(r: ProcessCapability) -> Check | None:
    """Readings outside the limits: observed beside expected."""
    h = r.histogram
    out = h.below + h.above
    if not out:
        return None
    expected = r.n * _expected_ppm(r) / 1e6
    sides = [
        f"{count} 个{side}"
        for count, side in ((h.below, "低于下限"), (h.above, "高于上限"))
        if count
    ]
    text = (
        f"{r.n} 个读数中有 {out} 个超出规格（{'，'.join(sides)}），正态模型预期 {expected:.2g} 个。"
        "指数再高也抵不过已经出现的不合格，请逐个追查。"
    )
    return Check("capability.out-of-spec", text)


def _nonnormal(r: ProcessCapability) -> Check | None:
    """Tails are what ppm and indices are about, and tails follow the shape."""
    a2, p = r.normality
    if p >= r.criteria.alpha:
        return None
    observed = r.histogram.below + r.histogram.above
    expected = r.n * _expected_ppm(r) / 1e6
    text = (
        f"读数偏离正态分布（Anderson–Darling A² = {a2:.2f}，{p_text(p)}）："
        "ppm 和区间靠正态尾部推算，可能差出几倍"
        f"（预期超规格 {expected:.2g} 个，实见 {observed} 个）。"
        "请先看直方图：双峰先分层，偏斜考虑变换或按分位数算。"
    )
    return Check("capability.nonnormal", text)


def _few(r: ProcessCapability) -> Check | None:
    """Few readings: say how wide the interval is."""
    if r.n >= r.criteria.few_readings:
        return None
    near = r.index("ppk")
    text = (
        f"只有 {r.n} 个读数（本手册建议至少 {r.criteria.few_readings} 个）："
        f"Ppk 的区间宽到 {near.interval.low:.2f}～{near.interval.high:.2f}，"
        "形状和尾部更看不清，结论只作参考。"
    )
    return Check("capability.few-readings", text)


def _within_vs_overall(r: ProcessCapability) -> Check | None:
    """What varies between subgroups is in Pp and not in Cp."""
    ratio = r.overall.value / r.within.value
    if ratio < r.criteria.inflation:
        return None
    wide = r.spec.width is not None
    pair = [r.index(key) for key in (("cp", "pp") if wide else ("cpk", "ppk"))]
    shown = "，".join(f"{i.name} = {i.value:.2f}" for i in pair)
    text = (
        f"总标准差是组内标准差的 {ratio:.2f} 倍（{shown}）：差额来自子组之间或前后之间的变动。"
        "顾客收到的是总变差，对外请报 Pp/Ppk；差额就是改进的余地。"
    )
    return Check("capability.within-vs-overall", text)


def _off_centre(r: ProcessCapability) -> Check | None:
    """A target that is not the midpoint: Cpm and Cpk then pull in two directions."""
    lsl, usl, target = r.spec.lsl, r.spec.usl, r.spec.target
    if lsl is None or usl is None or target is None:
        return None
    middle = lsl + (usl - lsl) / 2
    if abs(target - middle) <= 1e-9 * (usl - lsl):
        return None
    text = (
        f"目标值 {target:.6g} 不在规格中点 {middle:.6g}："
        "对准目标时 Cpk 不是最大，对准中点时 Cpm 不是最大。请先问清目标值从何而来，再决定看哪个。"
    )
    return Check("capability.target-off-centre", text, "info")


def _extrapolated(r: ProcessCapability) -> Check | None:
    """An expected ppm far beyond what n readings could show."""
    h, spec = r.histogram, r.spec
    inside = (spec.lsl is None or spec.lsl < h.low) and (spec.usl is None or spec.usl > h.high)
    ppm = _expected_ppm(r)
    if not inside or r.n * ppm >= 1e6:
        return None
    limits = "规范限" if spec.width is None else "两条规范限都"
    text = (
        f"{limits}在读数范围（{h.low:.6g}～{h.high:.6g}）以外：预期的 {ppm:.3g} ppm "
        f"是正态曲线尾部的外推，{r.n} 个读数既不能证实也不能推翻。"
    )
    return Check("capability.extrapolated-ppm", text, "info")


def _expected_ppm(r: ProcessCapability) -> float:
    return sum(index.value for index in r.indices if index.key.startswith("ppm_"))


_RULES = (
    *(_unstable, _mean_out, _out_of_spec, _dependent, _within_vs_overall),
    *(_nonnormal, _few, _chance_signals, _off_centre, _extrapolated),
)
