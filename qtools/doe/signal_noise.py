"""信噪比 Signal-to-noise ratios of inner runs, and what the factors do to them, mean and spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools import frames
from qtools.doe.inner_outer import Inner, gather
from qtools.doe.range_analysis import analyze_levels
from qtools.doe.signal_noise_result import SignalToNoise
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Vector = npt.NDArray[np.float64]

SnKind = Literal["smaller", "larger", "nominal", "nominal-taguchi", "spread", "target"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """一种信噪比 A signal-to-noise ratio: its formula, and the fewest readings it takes.

    Parameters
    ----------
    label : str
        In Chinese.
    formula : str
        As shown to readers.
    least : int
        Readings of an inner run.
    compute : callable
        From readings and target.
    """

    label: str
    formula: str
    least: int
    compute: Callable[[Vector, float], float]


def _lg(value: float) -> float:
    return 10 * float(np.log10(value))


RATIOS: Mapping[str, Ratio] = {
    "smaller": Ratio(
        "望小", "−10 lg(Σy²/n)", 1, lambda y, _: -_lg(float((y**2).mean()))
    ),
    "larger": Ratio(
        "望大", "−10 lg(Σ(1/y²)/n)", 1, lambda y, _: -_lg(float((1 / y**2).mean()))
    ),
    "nominal": Ratio(
        "望目（均值平方比方差）", "10 lg(ȳ²/s²)", 2,
        lambda y, _: _lg(float(y.mean() ** 2 / y.var(ddof=1))),
    ),
    "nominal-taguchi": Ratio(
        "望目（田口原式）", "10 lg[(ȳ² − s²/n)/s²]", 2,
        lambda y, _: _lg(float((y.mean() ** 2 - y.var(ddof=1) / y.size) / y.var(ddof=1))),
    ),
    "spread": Ratio("只看散布", "−10 lg s²", 2, lambda y, _: -_lg(float(y.var(ddof=1)))),
    "target": Ratio(
        "对目标值的偏差", "−10 lg[Σ(y − T)²/n]", 1, lambda y, t: -_lg(float(((y - t) ** 2).mean()))
    ),
}  # fmt: skip


def signal_to_noise(
    df: pd.DataFrame,
    *,
    factors: Sequence[str],
    response: str | Sequence[str],
    kind: SnKind,
    target: float | None = None,
    interactions: Sequence[str] = (),
    pool: Sequence[str] = (),
    confidence: float = 0.95,
) -> SignalToNoise:
    """信噪比分析 S/N of each inner run, with level means, ranges and analysis of variance.

    The mean ȳ and the spread 20 lg s are analysed beside it, so that it shows what an S/N ratio
    is made of. Readings of an inner run make one ratio, however many they are: the error of the
    ratios comes from empty and pooled columns alone.

    Parameters
    ----------
    df : DataFrame
        One row a reading (an inner run at one outer run), or one row an inner run with several
        columns of readings. Rows with the same control settings are one inner run.
    factors : sequence of str
        Control factors (可控因子).
    response : str or sequence of str
        Column or columns of readings.
    kind : {"smaller", "larger", "nominal", "nominal-taguchi", "spread", "target"}
        Which ratio: :data:`RATIOS` holds the formulas. ``"nominal"`` is 10 lg(ȳ²/s²), Minitab's
        default of nominal-is-best; ``"nominal-taguchi"`` takes s²/n off ȳ² first; ``"spread"``
        leaves ȳ out.
    target : float, optional
        For ``kind="target"``; its use in the others is refused.
    interactions, pool, confidence
        As :func:`qtools.doe.range_analysis`.

    Raises
    ------
    QualityDataError
        If readings do not allow the ratio: a reading that is not positive (larger), identical
        readings of a run or a single one (nominal, spread), all of them zero or on target.

    References
    ----------
    Taguchi (1987), *System of Experimental Design*; Box (1988), Technometrics 30, 1-17, on what
    ȳ²/s² assumes.

    Examples
    --------
    >>> import pandas as pd
    >>> sheet = pd.DataFrame({"甲": ["低", "高"], "一": [9.0, 19.0], "二": [11.0, 21.0]})
    >>> found = signal_to_noise(sheet, factors=["甲"], response=["一", "二"], kind="nominal")
    >>> found.sn.fit.y.round(4).tolist()
    [16.9897, 23.0103]
    """
    frames.require_confidence(confidence)
    if kind not in RATIOS:
        raise QualityDataError(
            f"信噪比的种类 {kind!r} 不对。",
            hint="望小 smaller，望大 larger，望目 nominal，只看散布 spread，对目标值 target。",
        )
    if (kind == "target") != (target is not None):
        raise QualityDataError(
            "对目标值的信噪比（target）要写出目标值，别的种类不要写。",
            hint="例如 kind='target', target=50；望目 nominal 先稳散布，再另调均值，不用目标值。",
        )
    if target is not None and not frames.is_number(target):
        raise QualityDataError(f"目标值 {target!r} 不是数。", hint="写一个数。")
    inner = gather(df, factors, response)
    _require(df, inner, kind, target)
    ratio = RATIOS[kind]
    aim = 0.0 if target is None else float(target)
    sn = np.array([ratio.compute(own, aim) for own in inner.readings])
    mean = np.array([own.mean() for own in inner.readings])
    options = {"interactions": interactions, "pool": pool, "confidence": confidence,
               "condensed": True}  # fmt: skip
    common = (inner.factors, inner.points)
    spread = None
    if _spreads(inner):
        logs = np.array([2 * _lg(float(own.std(ddof=1))) for own in inner.readings])
        spread = analyze_levels("20 lg s", *common, logs, goal="smaller", **options)  # type: ignore[arg-type]
    # where S/N is about the spread, the mean is set afterwards by other means: none is best
    goal = kind if kind in ("larger", "smaller", "target") else None
    return SignalToNoise(
        kind=kind, label=ratio.label, formula=ratio.formula, target=target, inner=inner,
        sn=analyze_levels("信噪比", *common, sn, goal="larger", **options),  # type: ignore[arg-type]
        mean=analyze_levels("均值", *common, mean, goal=goal, target=target, **options),  # type: ignore[arg-type]
        spread=spread,
    )  # fmt: skip


def _spreads(inner: Inner) -> bool:
    return all(own.size > 1 and np.ptp(own) > 0 for own in inner.readings)


def _require(df: pd.DataFrame, inner: Inner, kind: str, target: float | None) -> None:
    """Refuse readings that have no such ratio, naming the rows."""
    where = frames.source(df)
    if kind == "larger":
        bad = [(row, y) for own, rows in zip(inner.readings, inner.rows, strict=True)
               for y, row in zip(own.tolist(), rows, strict=True) if y <= 0]  # fmt: skip
        if bad:
            raise QualityDataError(
                f"{where}望大的信噪比要倒数，读数却有 {bad[0][1]:g}。",
                hint="望大只用于恒为正的量；有零或负数的，用 spread 或直接分析均值。",
                rows=sorted({row for row, _ in bad}),
            )
    for run, own in enumerate(inner.readings):
        at = f"“{inner.settings(run)}”这一组"
        rows = sorted(set(inner.rows[run]))
        if own.size < RATIOS[kind].least:
            raise QualityDataError(
                f"{where}{at}只有 {own.size} 个读数，算不出散布。",
                hint="每个条件至少两个读数（外表或重复）；只有一个读数的，用 larger、smaller，"
                "或 range_analysis。",
                rows=rows,
            )
        if RATIOS[kind].least > 1 and np.ptp(own) == 0:
            raise QualityDataError(
                f"{where}{at}的 {own.size} 个读数完全相同，信噪比是无穷大。",
                hint="多半是分辨力不够，或把一个数抄了几遍。请核对原始记录。",
                rows=rows,
            )
        if kind in ("smaller", "target") and not np.any(own - (target or 0.0)):
            raise QualityDataError(
                f"{where}{at}的读数全都恰在{'目标值' if kind == 'target' else '零'}上，"
                "信噪比是无穷大。",
                hint="请核对分辨力和原始记录。",
                rows=rows,
            )
        if kind == "nominal-taguchi" and own.mean() ** 2 <= own.var(ddof=1) / own.size:
            raise QualityDataError(
                f"{where}{at}的均值小到与误差分不开，田口原式的信噪比算不出来。",
                hint="改用 nominal 或 spread。",
                rows=rows,
            )
        if kind == "nominal" and own.mean() == 0:
            raise QualityDataError(
                f"{where}{at}的均值是 0，ȳ²/s² 没有意义。", hint="改用 spread 或 target。",
                rows=rows,
            )  # fmt: skip
