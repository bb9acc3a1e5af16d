"""稳定性研究 Stability study: a check standard read again and again, charted over time.

Location and spread are judged apart. Location: single values against 3σ limits, which see a jump;
an exponentially weighted moving average, which sees a small lasting shift; and the slope of a
line, which sees a drift. Spread: moving ranges, or, where each occasion has several readings, their
short-term standard deviation against a limit from the F distribution; those after the baseline are
also pooled and compared with the baseline's, since many small rises show only together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.line import fit_line
from qtools.msa.means import mean_bias, readings, require_number
from qtools.msa.stability_result import StabilityStudy
from qtools.msa.stability_spread import SdChart
from qtools.spc import ImrChart, Panel, evaluate, imr_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from qtools.variance import Vector

WIDTH = 3.0  # of the EWMA limits, in its own standard deviations
_SPREAD_RULES = ("nelson-1",)


def stability_study(
    df: pd.DataFrame,
    *,
    value: str,
    order: str | None = None,
    reference: float | None = None,
    baseline: int | None = None,
    short_sd: str | None = None,
    repeats: int | None = None,
    rules: str | Sequence[str] = "3sigma",
    ewma_weight: float = 0.2,
    spread_risk: float = 0.00135,
    confidence: float = 0.95,
) -> StabilityStudy:
    """稳定性研究 Stability of a check standard: control chart, EWMA, drift, short-term spread.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        One row an occasion; in time order, unless ``order`` says it.
    value : str
        Column of the check standard's readings, or of the mean of each occasion.
    order : str, optional
        Column of times, as numbers or dates; rows are sorted by it, and the drift is per its
        unit (a day, for dates). Without it, per occasion.
    reference : float, optional
        Value of the standard, for a t interval of the mean bias.
    baseline : int, optional
        So many first occasions fix all limits; the others are judged by them. Default: all.
    short_sd : str, optional
        Column of the standard deviation within each occasion.
    repeats : int, optional
        Readings behind each of these, at least two; asked for with ``short_sd``.
    rules : str or sequence of str
        Run rules of the single values. The EWMA already looks for runs: by default 3σ alone.
    ewma_weight : float
        λ of the EWMA, above 0 and up to 1; 0.2 looks for shifts of about one σ.
    spread_risk : float
        Probability that a short-term standard deviation exceeds its limit by chance; 0.00135 is
        that of a 3σ limit, the e-Handbook uses 0.05.
    confidence : float
        Level of the intervals.

    Returns
    -------
    StabilityStudy
        Limits x̄ ± 3σ̂ with σ̂ = MR̄/d₂; EWMA zᵢ = λxᵢ + (1−λ)zᵢ₋₁ from z₀ = x̄ with limits
        x̄ ± 3σ̂ √(λ/(2−λ)·(1−(1−λ)²ⁱ)); least-squares slope; s₁ = √(mean of s²) with limit
        s₁√F(1−risk; J−1, K(J−1)) for K occasions of J readings in the baseline.

    Raises
    ------
    QualityDataError
        If an option or a cell is unusable, there are fewer than three occasions, or all readings
        are equal.

    References
    ----------
    NIST/SEMATECH e-Handbook of Statistical Methods, 2.2.2.1.1 (EWMA), 2.2.3.1 and 2.6.2.2.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"读数": [5.01, 5.02, 4.99, 5.00, 5.03, 4.98, 5.00, 5.01]})
    >>> study = stability_study(df, value="读数", reference=5.0)
    >>> study.chart.n_signals, round(study.drift.value, 5), round(study.bias.bias, 4)
    (0, -0.00119, 0.005)
    """
    frames.require_confidence(confidence)
    _require_options(ewma_weight, spread_risk, short_sd, repeats)
    if reference is not None:
        require_number("基准值 reference", reference)
    columns = [name for name in (value, order, short_sd) if name is not None]
    frames.require_columns(df, columns)
    df, when = _in_order(df, order)
    x = readings(df, value, "稳定性研究", least=3)
    first = _baseline(baseline, len(x))
    chart = _judged(imr_chart(df.iloc[:first], value=value, rules=rules), x)
    if short_sd is not None and repeats is not None:
        chart = _with_short_sd(chart, _sds(df, short_sd), first, repeats, spread_risk)
    center, sigma = float(chart.location.center[0]), chart.sigma.value
    return StabilityStudy(
        order=order,
        baseline=first,
        chart=chart,
        sd_overall=float(np.std(x[:first] - x[0], ddof=1)),
        ewma=ewma(x, center, sigma, ewma_weight),
        ewma_weight=float(ewma_weight),
        drift=fit_line(when, x, confidence).slope_estimate,
        bias=None if reference is None else mean_bias(x - reference, confidence),
        reference=None if reference is None else float(reference),
    )


def ewma(x: Vector, center: float, sigma: float, weight: float) -> Panel:
    """指数加权移动平均 EWMA from the centre line on, with limits that widen to their asymptote.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
    center, sigma : float
        Of the single values.
    weight : float
        λ, above 0 and up to 1.

    Examples
    --------
    >>> panel = ewma(np.array([52.0, 47.0]), 50.0, 2.0539, 0.3)
    >>> panel.points.round(2).tolist()
    [50.6, 49.52]
    """
    points = np.empty(x.size)
    height = 0.0
    for place, off in enumerate(x - center):
        height = weight * float(off) + (1 - weight) * height
        points[place] = height
    grown = 1 - (1 - weight) ** (2 * np.arange(1, x.size + 1))
    sd = sigma * np.sqrt(weight / (2 - weight) * grown)
    broken = evaluate(np.round(points / sd, 9), _SPREAD_RULES)
    middle = np.full(1, center)
    return Panel(
        "ewma", "EWMA", center + points, middle, center + WIDTH * sd, center - WIDTH * sd,
        _SPREAD_RULES, broken,
    )  # fmt: skip


def _judged(chart: ImrChart, x: Vector) -> ImrChart:
    """All values judged by the limits of a chart of the first ones."""
    location, spread = chart.location, chart.spread
    z = np.round((x - location.center) / chart.sigma.value, 9)
    ranges = np.abs(np.diff(x))
    beyond = np.round((ranges - spread.center) / (spread.ucl - spread.center) * 3, 9)
    return replace(
        chart,
        values=x,
        sizes=np.ones(x.size, dtype=np.intp),
        location=replace(location, points=x, broken=evaluate(z, location.rules)),
        spread=replace(spread, points=ranges, broken=evaluate(beyond, spread.rules)),
    )


def _with_short_sd(chart: ImrChart, sds: Vector, first: int, repeats: int, risk: float) -> SdChart:
    """The chart with short-term standard deviations in place of moving ranges."""
    from scipy.special import fdtri

    pooled = float(np.sqrt(np.mean(sds[:first] ** 2)))
    df = repeats - 1
    ucl = pooled * float(fdtri(df, first * df, 1 - risk)) ** 0.5
    spread = Panel(
        "s", "短期标准差", sds, np.full(1, pooled), np.full(1, ucl), np.zeros(1), _SPREAD_RULES,
        (sds > ucl)[None, :],
    )  # fmt: skip
    return SdChart(
        chart.value, None, (), chart.sizes, chart.values, chart.sigma, chart.rules,
        chart.location, spread, repeats, risk,
    )  # fmt: skip


def _sds(df: pd.DataFrame, short_sd: str) -> Vector:
    sds = frames.numbers(df, short_sd).copy()
    wrong = np.flatnonzero(sds < 0)
    if wrong.size or not sds.any():
        what = f"有 {wrong.size} 个负数" if wrong.size else "全是 0"
        raise QualityDataError(
            f"{frames.source(df)}列“{short_sd}”{what}，不是标准差。",
            hint="请核对；这一列要填每次几个读数的标准差。",
            rows=frames.row_numbers(df, wrong),
        )
    return sds


def _in_order(df: pd.DataFrame, order: str | None) -> tuple[pd.DataFrame, Vector]:
    """Rows in time order, and their times in the unit of the drift."""
    if order is None:
        return df, np.arange(1.0, len(df) + 1)
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(df[order]):
        gone = np.flatnonzero(df[order].isna().to_numpy())
        if gone.size:
            raise QualityDataError(
                f"{frames.source(df)}列“{order}”有 {gone.size} 个空格子。",
                hint="请补上日期，或先删去这些行并说明理由。",
                rows=frames.row_numbers(df, gone),
            )
        since = df[order] - df[order].min()
        when = since.dt.total_seconds().to_numpy(dtype=np.float64) / 86400
    else:
        when = frames.numbers(df, order)
    place = np.argsort(when, kind="stable")
    if len(when) and when.min() == when.max():
        raise QualityDataError(
            f"{frames.source(df)}列“{order}”的时间全都相同，排不出先后。",
            hint="请写明每次测量的日期或序号；各行已按先后排好的，就不要写这一列。",
        )
    return df.iloc[place], when[place]


def _baseline(baseline: int | None, n: int) -> int:
    if baseline is None:
        return n
    if not frames.is_number(baseline) or baseline != int(baseline) or not 3 <= baseline <= n:
        raise QualityDataError(
            f"基准段 baseline={baseline!r} 不能用：数据有 {n} 次。",
            hint=f"它是定控制限用的前几次，写 3 到 {n} 的整数；通常 20 次以上。不写就用全部。",
        )
    return int(baseline)


def _require_options(weight: object, risk: object, short_sd: str | None, repeats: object) -> None:
    for name, value, low in (
        ("EWMA 权重 ewma_weight", weight, "0.2"),
        ("误报风险 spread_risk", risk, "0.00135"),
    ):
        require_number(name, value, positive=True)
        top = 1.0 if "权重" in name else 0.5
        if float(value) > top:  # type: ignore[arg-type]
            raise QualityDataError(
                f"{name}={value!r} 太大，要在 0 和 {top:g} 之间。", hint=f"通常写 {low}。"
            )
    if (short_sd is None) != (repeats is None):
        raise QualityDataError(
            "短期标准差的列 short_sd 和每次读数的个数 repeats 要一起给。",
            hint='例如 short_sd="标准差"，repeats=6。',
        )
    if repeats is not None and (
        not frames.is_number(repeats) or repeats != int(repeats) or repeats < 2  # type: ignore[call-overload,operator]
    ):
        raise QualityDataError(
            f"每次读数的个数 repeats={repeats!r} 不能用。", hint="写 2 以上的整数。"
        )
