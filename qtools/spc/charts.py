"""计量控制图 Charts for measurements: I-MR, X̄-R and X̄-S.

A chart sets its limits from the data that it shows (phase I, 分析用控制图): σ comes from the
differences between neighbours (I-MR) or from within the subgroups (X̄-R, X̄-S), never from the
overall standard deviation, which a shift would inflate. All constants are exact, so limits
differ from those computed with printed tables (1.128, 2.66, A₂ …) in the fourth or fifth digit.

The spread chart is judged by its limits alone. Ranges and standard deviations have skewed
distributions, for which the zone and run rules do not keep their false-alarm rates, and
successive moving ranges share a value, so their runs and trends are spurious (Nelson 1984,
JQT 16(4), 237-239, sets the tests for a normal location statistic; Montgomery, SQC, 6.4).

The location chart rests on the spread chart: where the latter signals, look there first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames, sigma
from qtools.errors import QualityDataError
from qtools.spc.criteria import RuleSet, rule_set
from qtools.spc.result import ImrChart, Panel, XbarRChart, XbarSChart
from qtools.spc.rules import evaluate

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

_SPREAD_RULES = ("nelson-1",)
_DECIMALS = 9  # of z: a point computed to lie 1e-15 beyond a line lies on it


def imr_chart(df: pd.DataFrame, *, value: str, rules: str | Sequence[str] = "nelson") -> ImrChart:
    """单值-移动极差控制图 Individuals and moving range chart.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        Rows in time order, at least two.
    value : str
        Column of measurements.
    rules : str or sequence of str
        A rule set (``"nelson"``, ``"we"``, ``"3sigma"``) or keys of single rules.

    Returns
    -------
    ImrChart
        Limits x̄ ± 3·MR̄/d₂(2) and MR̄(1 ± 3·d₃(2)/d₂(2)), lower limit at least 0.

    Raises
    ------
    QualityDataError
        If there are fewer than two values, a cell is not a number, all values are equal, or a
        rule is unknown.

    References
    ----------
    NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2.

    Examples
    --------
    >>> import pandas as pd
    >>> flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    >>> chart = imr_chart(pd.DataFrame({"流量": flow}), value="流量")
    >>> {key: round(x, 4) for key, x in chart.metrics().items() if key.startswith("x_")}
    {'x_center': 50.81, 'x_ucl': 55.8024, 'x_lcl': 45.8176}
    """
    chosen = rule_set(rules)
    frames.require_columns(df, [value])
    x = frames.numbers(df, value).copy()  # a later change of df leaves the result alone
    if len(x) < 2:
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”只有 {len(x)} 个值，单值—移动极差图至少要 2 个。",
            hint="请补充数据；通常先积累 20 个以上的点再定控制限。",
        )
    s = sigma.from_moving_range(x)
    _require_variation(s, f"{frames.source(df)}列“{value}”的值全都相同")
    one, two = np.ones(1), np.full(1, 2, dtype=np.intp)
    location = _location("单值", x, float(x.mean()), s.value * one, chosen.rules)
    ranges = np.abs(np.diff(x))
    spread = _spread("mr", "移动极差", ranges, two, s, sigma.d2, sigma.d3, start=1)
    sizes = np.ones(len(x), dtype=np.intp)
    return ImrChart(value, None, (), sizes, x, s, chosen, location, spread)


def xbar_r_chart(
    df: pd.DataFrame, *, value: str, subgroup: str, rules: str | Sequence[str] = "nelson"
) -> XbarRChart:
    """均值-极差控制图 Mean and range chart.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        One row a measurement; subgroups in time order of their first row.
    value : str
        Column of measurements.
    subgroup : str
        Column that names each row's subgroup; at least two subgroups of at least two values.
    rules : str or sequence of str
        As in :func:`imr_chart`; applied to the means.

    Returns
    -------
    XbarRChart
        Limits x̄̄ ± 3σ̂/√nᵢ and (d₂ ± 3d₃)σ̂ with σ̂ = R̄/d₂; for unequal sizes σ̂ is Burr's
        weighted combination and the limits belong to each point.

    Raises
    ------
    QualityDataError
        If there is one subgroup only, a subgroup has one value, nothing varies within
        subgroups, a cell is not a number, or a rule is unknown.

    References
    ----------
    Montgomery, D. C., Introduction to Statistical Quality Control, chapter 6; Burr (1969),
    Journal of Quality Technology 1(3), 163-167.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"班": list("aabbcc"), "长度": [5.1, 4.9, 5.0, 5.2, 4.8, 5.0]})
    >>> round(xbar_r_chart(df, value="长度", subgroup="班").metrics()["r_center"], 6)
    0.2
    """
    names, x, s, stats, chosen, location = _means(df, value, subgroup, rules, sigma.from_ranges)
    spread = _spread("r", "极差", stats.range, stats.size, s, sigma.d2, sigma.d3)
    return XbarRChart(value, subgroup, names, stats.size, x, s, chosen, location, spread)


def xbar_s_chart(
    df: pd.DataFrame, *, value: str, subgroup: str, rules: str | Sequence[str] = "nelson"
) -> XbarSChart:
    """均值-标准差控制图 Mean and standard deviation chart.

    Parameters
    ----------
    df, value, subgroup, rules
        As in :func:`xbar_r_chart`.

    Returns
    -------
    XbarSChart
        Limits x̄̄ ± 3σ̂/√nᵢ and (c₄ ± 3√(1−c₄²))σ̂ with σ̂ = s̄/c₄; for unequal sizes σ̂ is
        Burr's weighted combination and the limits belong to each point.

    Raises
    ------
    QualityDataError
        As :func:`xbar_r_chart`.

    References
    ----------
    Montgomery, D. C., Introduction to Statistical Quality Control, section 6.3; Burr (1969),
    Journal of Quality Technology 1(3), 163-167.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"班": list("aabbcc"), "长度": [5.1, 4.9, 5.0, 5.2, 4.8, 5.0]})
    >>> chart = xbar_s_chart(df, value="长度", subgroup="班")
    >>> round(chart.sigma.value, 6), chart.sigma.name
    (0.177245, 's̄/c₄')
    """
    estimator = sigma.from_standard_deviations
    names, x, s, stats, chosen, location = _means(df, value, subgroup, rules, estimator)
    spread = _spread("s", "标准差", stats.sd, stats.size, s, sigma.c4, _c5)
    return XbarSChart(value, subgroup, names, stats.size, x, s, chosen, location, spread)


def _means(
    df: pd.DataFrame,
    value: str,
    subgroup: str,
    rules: str | Sequence[str],
    estimator: Callable[..., sigma.Sigma],
) -> tuple[
    tuple[str, ...],
    Floats,
    sigma.Sigma,
    sigma.Subgroups,
    RuleSet,
    Panel,
]:
    """What both charts of subgroup means share: all but the spread panel."""
    names, codes, x = _subgrouped(df, value, subgroup)
    chosen = rule_set(rules)
    s = estimator(x, codes, names=names)
    _require_variation(s, f"{frames.source(df)}列“{value}”在每个子组内部都没有变差")
    stats = sigma.subgroup_statistics(x, codes)
    location = _location("均值", stats.mean, _mean(x), s.value / np.sqrt(stats.size), chosen.rules)
    return tuple(names), x, s, stats, chosen, location


def _c5(n: int) -> float:
    """Standard deviation of s of n normal values, in units of σ."""
    return float((1 - sigma.c4(n) ** 2) ** 0.5)


def _subgrouped(
    df: pd.DataFrame, value: str, subgroup: str
) -> tuple[list[str], npt.NDArray[np.intp], Floats]:
    frames.require_columns(df, [value, subgroup])
    x = frames.numbers(df, value).copy()
    codes, names = frames.codes(df, subgroup)
    if len(names) < 2:
        raise QualityDataError(
            f"{frames.source(df)}列“{subgroup}”里只有 1 个子组“{names[0]}”，画不成控制图。",
            hint="请核对子组列；若数据没有分组，请用单值—移动极差图。",
        )
    return names, codes, x


def _require_variation(s: sigma.Sigma, what: str) -> None:
    if s.value == 0:
        raise QualityDataError(
            f"{what}（σ̂ = 0），控制限没有意义。",
            hint="请检查量具的分辨力，以及数据是否照抄、截断或取整过。",
        )


def _mean(x: Floats) -> float:
    """Grand mean from a value of the data, so that an offset costs no digits."""
    return float(x[0] + (x - x[0]).mean())


def _standardise(points: Floats, center: Floats, sd: Floats) -> Floats:
    z = points - center
    z /= sd
    return np.round(z, _DECIMALS, out=z)


def _location(
    name: str, points: Floats, center: float, sd: Floats, rules: tuple[str, ...]
) -> Panel:
    """Location panel; ``sd`` of the plotted statistic, one value or one a point."""
    if (sd == sd[0]).all():
        sd = sd[:1]
    middle = np.full(1, center)
    broken = evaluate(_standardise(points, middle, sd), rules)
    return Panel("x", name, points, middle, middle + 3 * sd, middle - 3 * sd, rules, broken)


def _spread(
    key: str,
    name: str,
    points: Floats,
    sizes: npt.NDArray[np.intp],
    s: sigma.Sigma,
    mean: sigma.Constant,
    sd: sigma.Constant,
    *,
    start: int = 0,
) -> Panel:
    """Spread panel from the mean and standard deviation of the statistic in units of σ."""
    if (sizes == sizes[0]).all():
        sizes = sizes[:1]
    middle = sigma.by_size(mean, sizes) * s.value
    width = sigma.by_size(sd, sizes) * s.value
    broken = evaluate(_standardise(points, middle, width), _SPREAD_RULES)
    lower = np.maximum(middle - 3 * width, 0)
    return Panel(
        key, name, points, middle, middle + 3 * width, lower, _SPREAD_RULES, broken, start=start
    )
