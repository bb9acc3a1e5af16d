"""方差分量 Where the spread comes from: nested or crossed random effects, EMS or REML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, get_args

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.result import Check, Metric, Result, Verdict, with_intervals
from qtools.variance import flat
from qtools.variance.random_effects import (
    Decomposition,
    Design,
    Method,
    decompose_crossed,
    decompose_nested,
)

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

METHOD_NAMES: Mapping[Method, str] = {"ems": "期望均方法（EMS）", "reml": "限制最大似然（REML）"}


@dataclass(frozen=True, slots=True, eq=False)
class VarianceComponents(Result):
    """方差分量 Components of variance with intervals, shares, F tests.

    Parameters
    ----------
    value : str
        Column of readings.
    design : {"nested", "crossed"}
    method : {"ems", "reml"}
    columns : tuple of str
        Columns of the sources, as given.
    parts : Decomposition
        Components, intervals, mean squares.
    n : int
        Readings.
    confidence : float
        Level of the intervals.
    """

    title: ClassVar[str] = "方差分量"

    value: str
    design: Design
    method: Method
    columns: tuple[str, ...]
    parts: Decomposition
    n: int
    confidence: float

    @property
    def names(self) -> tuple[str, ...]:
        """Sources as people read them, residual last."""
        columns = self.columns
        if self.design == "nested":
            inner = [f"{low}（{up}内）" for up, low in pairwise(columns)]
            return (columns[0], *inner, f"残差（同一{columns[-1]}内）")
        crossed = ["×".join(columns[i] for i in source) for source in self.parts.factors[:-1]]
        return (*crossed, "残差（重复读数）" if self.parts.replicated else "残差（含交互）")

    @property
    def components(self) -> tuple[float, ...]:
        """Components as reported: a negative estimate counts as 0."""
        return tuple(max(part, 0.0) for part in self.parts.raw)

    @property
    def total(self) -> float:
        """Total variance: the sum of the components."""
        return float(sum(self.components))

    @property
    def shares(self) -> tuple[float, ...]:
        """Percentages of the total variance."""
        return tuple(100.0 * part / self.total for part in self.components)

    @property
    def largest(self) -> int:
        """Position of the largest component."""
        return int(np.argmax(self.components))

    @property
    def separated(self) -> bool:
        """Whether the largest component's interval lies above all the others'."""
        limits = [self.parts.intervals[f"{key}_var"] for key in self.parts.keys]
        others = [limit.high for place, limit in enumerate(limits) if place != self.largest]
        return limits[self.largest].low > max(others)

    def table(self) -> pd.DataFrame:
        """分量表 Share and component with their intervals, standard deviation."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        rows: list[list[object]] = []
        for place, (name, key) in enumerate(zip(self.names, self.parts.keys, strict=True)):
            limits, share = self.parts.intervals[f"{key}_var"], self.parts.intervals[f"{key}_pct"]
            row: list[object] = [name, self.shares[place], share.low, share.high]
            row += [self.components[place], limits.low, limits.high]
            rows.append([*row, self.components[place] ** 0.5])
        limits = self.parts.intervals["total_var"]
        row = ["合计", 100.0, None, None, self.total, limits.low, limits.high]
        rows.append([*row, self.total**0.5])
        heads = ["来源", "占比 %", f"占比 {percent} 下限", f"占比 {percent} 上限"]
        heads += ["方差分量", f"{percent} 下限", f"{percent} 上限", "标准差"]
        return pd.DataFrame(rows, columns=heads)

    def anova(self) -> pd.DataFrame:
        """方差分析表 Sums of squares, mean squares, F tests, raw components.

        Raises
        ------
        QualityDataError
            For unbalanced crossed data, which have no unique sums of squares.
        """
        import pandas as pd

        if self.parts.anova is None:
            raise QualityDataError(
                "交叉数据不平衡，平方和没有唯一的分法，给不出方差分析表。",
                hint="请看 table() 里的方差分量和区间。",
            )
        table = self.parts.anova
        f, p = self._tests()
        return pd.DataFrame(
            {
                "来源": self.names,
                "平方和 SS": table.ss,
                "自由度": table.df,
                "均方 MS": table.ms,
                "F": f,
                "p": p,
                "分量（未截断）": table.components,
            }
        )

    def figure(self) -> go.Figure:
        """占比图 Horizontal bars of the shares with their intervals."""
        from qtools.components.view import figure

        return figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``KEY_var``, ``KEY_pct`` with limits, ``KEY_f``, ``KEY_p``, ``total_…``."""
        f, p = self._tests()
        values: dict[str, Metric | None] = {}
        for place, key in enumerate(self.parts.keys):
            values[f"{key}_var"] = self.components[place]
            values[f"{key}_pct"] = self.shares[place]
            values[f"{key}_f"], values[f"{key}_p"] = f[place], p[place]
        values |= {
            "total_var": self.total,
            "total_sd": self.total**0.5,
            "total_df": self.parts.total_df,
        }
        return with_intervals(values | {"n": self.n, "method": self.method}, self.parts.intervals)

    @property
    def verdict(self) -> Verdict:
        """Which source is largest, and whether its interval stands clear of the others."""
        name, share = self.names[self.largest], self.shares[self.largest]
        percent = f"{100 * self.confidence:g} %"
        if self.separated:
            sure = f"它的 {percent} 区间高于其余各项，排名可信。"
        else:
            sure = f"但它的 {percent} 区间与别的来源重叠，排名还不牢。"
        return Verdict(
            "info",
            f"最大的来源是“{name}”，占总方差的 {share:.1f} %；{sure}",
            f"按{METHOD_NAMES[self.method]}的方差分量排序；最大者的区间下限高于其余各项的上限，才说排名可信",
            "惯例；区间方法见 Burdick 与 Graybill（1992）",
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """What limits the answer: negative components, few units, labels that recur, …."""
        from qtools.components.view import checks

        return checks(self)

    def _tests(self) -> tuple[list[float | None], list[float | None]]:
        """F and p of each source, None where there is none (the residual always)."""
        empty: list[float | None] = [None] * len(self.parts.keys)
        if self.parts.anova is None:
            return empty, list(empty)
        f = [value if np.isfinite(value) else None for value in self.parts.anova.f]
        p = [value if np.isfinite(value) else None for value in self.parts.anova.p]
        return [*f, None], [*p, None]


def variance_components(
    df: pd.DataFrame,
    *,
    value: str,
    levels: Sequence[str],
    design: Design = "nested",
    method: Method = "ems",
    confidence: float = 0.95,
) -> VarianceComponents:
    """方差分量 Split the variance of readings among random sources.

    Parameters
    ----------
    df : pandas.DataFrame
        Long table, one row a reading.
    value : str
        Column of readings.
    levels : sequence of str
        Columns of the sources: nested, the outermost first, where a label counts within its
        parent (zone 1 of run 1 and zone 1 of run 2 are two units); crossed, in any order, where a
        label means the same thing everywhere. What remains within the innermost is the residual.
    design : {"nested", "crossed"}
        Nested to any depth; crossed with all interactions. Crossed data with one reading a cell
        cannot separate the highest interaction from the residual, and a caveat says so.
    method : {"ems", "reml"}
        ANOVA estimators from expected mean squares (balanced crossed, any nested data), or
        restricted maximum likelihood (any data).
    confidence : float
        Level of the two-sided intervals.

    Returns
    -------
    VarianceComponents

    Raises
    ------
    QualityDataError
        If columns or options cannot be used, a source has nothing to compare, all readings are
        equal, or crossed data are unbalanced and ``method="ems"``.

    Notes
    -----
    Intervals: EMS on balanced data, MLS for components and total (Burdick & Graybill 1992) and
    generalized confidence intervals for shares (Hamada & Weerahandi 2000); otherwise the profile
    of the restricted likelihood. A negative EMS estimate is kept in ``raw`` and the ANOVA table,
    reported as 0, and carries the caveat ``variance.negative-component``.

    References
    ----------
    Searle, Casella & McCulloch (1992), *Variance Components*, ch. 3-6. In R:
    ``lme4::lmer(y ~ 1 + (1|run/zone))`` and ``lmer(y ~ 1 + (1|run) + (1|zone) + (1|run:zone))``.

    Examples
    --------
    >>> import qtools as qt
    >>> result = qt.variance_components(qt.load("furnace"), value="膜厚", levels=["炉次", "炉区"])
    >>> [round(part, 3) for part in result.components]
    [312.557, 225.383, 120.893]
    >>> [round(share, 2) for share in result.shares]
    [47.44, 34.21, 18.35]
    """
    _require_options(levels, design, method, confidence)
    frames.require_columns(df, [value, *levels])
    y = frames.numbers(df, value)
    codes = [frames.codes(df, column)[0] for column in levels]
    if flat(y):
        raise QualityDataError(
            f"列“{value}”的读数全都相同，没有变差可以分解。",
            hint="请检查数据，或换分辨力更高的量具。",
        )
    decompose = decompose_nested if design == "nested" else decompose_crossed
    return VarianceComponents(
        value=value,
        design=design,
        method=method,
        columns=tuple(levels),
        parts=decompose(y, codes, levels, method, confidence),
        n=y.size,
        confidence=confidence,
    )


def _require_options(levels: Sequence[str], design: str, method: str, confidence: float) -> None:
    """Refuse options before any work is done."""
    if isinstance(levels, str) or not levels:
        raise QualityDataError("levels 要写成列名的列表。", hint='例如 levels=["炉次", "炉区"]。')
    for name, given, allowed in (
        ("design", design, get_args(Design)),
        ("method", method, get_args(Method)),
    ):
        if given not in allowed:
            choices = "、".join(f'"{choice}"' for choice in allowed)
            raise QualityDataError(f'{name}="{given}" 不认识。', hint=f"可选：{choices}。")
    if design == "crossed" and len(levels) < 2:
        raise QualityDataError("交叉设计至少要两列。", hint='只有一层分组时请用 design="nested"。')
    frames.require_confidence(confidence)
