"""功效的零件 Power of one test, the limits of σ, and what the figures of a plan share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from qtools import frames, theme
from qtools.errors import QualityDataError
from qtools.result import Check, Interval

if TYPE_CHECKING:
    import plotly.graph_objects as go

SOURCE = "非中心 F 分布；Cohen（1988）"
_FEW_DF = 10  # degrees of freedom of σ below which its doubt decides the plan
CURVE = 61


@dataclass(frozen=True, slots=True)
class Term:
    """一项 What a test is about.

    Parameters
    ----------
    name : str
    df : int
        Columns of the term.
    spread : float
        max d′(X′X)⁻¹d over pairs of its settings: variance of that difference over σ².
    """

    name: str
    df: int
    spread: float


@lru_cache(maxsize=4096)
def chance(ratio: float, spread: float, df1: int, df2: float, alpha: float) -> float:
    """功效 Power of the F test of a term, at a difference of ``ratio`` standard deviations.

    Examples
    --------
    >>> round(chance(1.0, 2 / 20, 1, 38, 0.05), 4)
    0.869
    """
    from scipy.special import fdtri, ncfdtr

    limit = fdtri(df1, df2, 1 - alpha)
    return float(1 - ncfdtr(df1, df2, ratio**2 / spread, limit))


@lru_cache(maxsize=1024)
def detectable(target: float, spread: float, df1: int, df2: float, alpha: float) -> float:
    """最小可检出 Difference, in standard deviations, that is seen with the target's chance."""
    from scipy.optimize import brentq

    high = 1.0
    while chance(high, spread, df1, df2, alpha) < target:
        high *= 2
    found = brentq(lambda r: chance(r, spread, df1, df2, alpha) - target, 0.0, high, xtol=1e-12)
    return float(found)


def sd_interval(sd: float, df: float | None, confidence: float) -> Interval | None:
    """σ 的区间 Limits of a standard deviation from χ²; None where it counts as known."""
    if df is None:
        return None
    from scipy.special import chdtri

    tail = (1 - confidence) / 2
    low, high = (sd * math.sqrt(df / chdtri(df, p)) for p in (tail, 1 - tail))
    return Interval(low, high, confidence, f"χ²，自由度 {df:g}")


def sd_checks(sd_df: float | None, confidence: float) -> tuple[Check, ...]:
    """What the plan owes to a σ that is guessed or rough."""
    if sd_df is None:
        text = "σ 当作已知的数。它是猜的或估计的，请写 sd_df，看看功效会晃多大。"
        return (Check("power.sd-taken-as-known", text, "info"),)
    if sd_df < _FEW_DF:
        text = (
            f"σ 只由 {sd_df:g} 个自由度估计：它的 {100 * confidence:g} % 区间很宽，"
            "功效的上下限要一起看；能多做几次预试验的，先做。"
        )
        return (Check("power.rough-sd", text),)
    return ()


def add_band(
    fig: go.Figure, x: list[float], low: list[float], high: list[float], confidence: float
) -> None:
    """Band between two curves: what the doubt about σ does."""
    fig.add_scatter(
        x=[*x, *reversed(x)], y=[*high, *reversed(low)], mode="lines", fill="toself",
        line={"width": 0}, fillcolor="rgba(0,114,178,0.15)", hoverinfo="skip",
        name=f"σ 的 {100 * confidence:g} % 区间换算",
    )  # fmt: skip


def add_wish(fig: go.Figure, target: float) -> None:
    """Dashed line at the wanted power, in percent."""
    fig.add_hline(
        100 * target, line={"color": theme.GREY, "dash": "dash"},
        annotation_text=f"想要的 {100 * target:g} %", annotation_position="bottom right",
    )  # fmt: skip


def read_sizes(
    effect: float | None, sd: float | None, f: float | None, kind: str, term: Term
) -> tuple[float, float]:
    """Effect and σ in the unit of the response, or their ratio with σ = 1 from Cohen's f."""
    if f is not None:
        if effect is not None or sd is not None or kind != "one-way":
            raise QualityDataError(
                "f 只用于单因子试验，而且不与 effect、sd 同时写。",
                hint="f 是各水平均值的标准差与 σ 之比；知道差和 σ 的，写 effect 和 sd。",
            )
        _positive("效应大小 f", f)
        # Two levels Δ apart and the others between them have f² = Δ²/(2kσ²).
        return float(f) * math.sqrt(2 * (term.df + 1)), 1.0
    if effect is None or sd is None:
        raise QualityDataError(
            "没有写 effect 或 sd。",
            hint="effect 是值得找的最小差别，sd 是同样条件下单次结果的标准差，单位与响应相同。",
        )
    _positive("效应 effect", effect)
    _positive("标准差 sd", sd)
    return float(effect), float(sd)


def _positive(what: str, value: object) -> None:
    if not (frames.is_number(value) and 0 < value < math.inf):  # type: ignore[operator]
        raise QualityDataError(f"{what} = {value!r} 不对。", hint="它要是大于 0 的数。")


def read_options(sd_df: float | None, alpha: float, target: float, confidence: float) -> None:
    """Refuse options out of range."""
    if sd_df is not None:
        _positive("标准差的自由度 sd_df", sd_df)
    if not (frames.is_number(alpha) and 0 < alpha < 0.5):
        raise QualityDataError(
            f"显著性水平 alpha={alpha!r} 不在 0 和 0.5 之间。", hint="常用 0.05：5 % 写成 0.05。"
        )
    if not (frames.is_number(target) and alpha < target < 1):
        raise QualityDataError(
            f"想要的功效 {target!r} 不在 alpha 和 1 之间。", hint="常用 0.8 或 0.9：90 % 写成 0.9。"
        )
    frames.require_confidence(confidence)
