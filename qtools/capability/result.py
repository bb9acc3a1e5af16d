"""过程能力结果 The result of a capability study: stored facts, indices derived from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from qtools.capability import indices
from qtools.capability.criteria import Criteria
from qtools.capability.indices import Spec, Spread
from qtools.capability.parts import Histogram, Index, Stability
from qtools.result import Check, Level, Metric, Result, Verdict, with_intervals
from qtools.sigma import Sigma

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Anova


@dataclass(frozen=True, slots=True, eq=False)
class ProcessCapability(Result):
    """过程能力分析 Capability and performance indices, each with its estimator and interval.

    Parameters
    ----------
    value : str
        Column of the readings.
    subgroup : str or None
        Column of subgroups; None where readings stand alone.
    nested : tuple of str
        Levels of the nested view, outermost first; empty without it.
    n : int
        Readings.
    mean : float
        Their mean.
    within, overall : Sigma
        The two estimates of σ.
    spec : Spec
        Limits and target.
    between : Anova or None
        Analysis of variance by ``nested``, or else by subgroup.
    normality : tuple of float
        Anderson-Darling A² and p.
    histogram : Histogram
        What the figure shows of the readings.
    stability : Stability
        What the control charts saw, and whether that is more than chance.
    confidence : float
        Level of all intervals.
    criteria : Criteria
        Ladder of grades and limits of caveats.
    """

    title: ClassVar[str] = "过程能力分析"

    value: str
    subgroup: str | None
    nested: tuple[str, ...]
    n: int
    mean: float
    within: Sigma
    overall: Sigma
    spec: Spec
    between: Anova | None
    normality: tuple[float, float]
    histogram: Histogram
    stability: Stability
    confidence: float
    criteria: Criteria

    # ── three views of the spread ────────────────────────────────────────────────────────────

    @property
    def within_spread(self) -> Spread:
        """组内口径 Readings of a stable process: Var(x̄) = σ²/n with the within-subgroup σ."""
        sigma = self.within
        unbiased = sigma.key in ("mr", "r", "s")
        return Spread(sigma.value, sigma.df, sigma.name, sigma.value**2 / self.n, unbiased)

    @property
    def overall_spread(self) -> Spread:
        """总口径 All readings taken as independent."""
        sigma = self.overall
        return Spread(sigma.value, sigma.df, sigma.name, sigma.value**2 / self.n)

    @property
    def nested_spread(self) -> Spread | None:
        """嵌套口径 Sum of the variance components, Satterthwaite's degrees of freedom."""
        anova = self.between
        if not self.nested or anova is None:
            return None
        name = f"嵌套分量合计（{'、'.join(self.nested)}）"
        return Spread(math.sqrt(anova.total_variance), anova.total_df, name, anova.mean_variance)

    # ── indices ──────────────────────────────────────────────────────────────────────────────

    @property
    def indices(self) -> tuple[Index, ...]:
        """指数 Every index that the specification allows, in the order of the table."""
        views = (
            ("cp", "Cp", "cpk", "Cpk", self.within_spread),
            ("pp", "Pp", "ppk", "Ppk", self.overall_spread),
            ("pp_nested", "Pp（嵌套）", "ppk_nested", "Ppk（嵌套）", self.nested_spread),
        )
        out = []
        width, level = self.spec.width, self.confidence
        for wide_key, wide_name, near_key, near_name, spread in views:
            if spread is None:
                continue
            if width is not None:
                index = width / (6 * spread.value)
                interval = indices.width_interval(index, spread, level)
                out.append(Index(wide_key, wide_name, index, interval, spread.name, spread.df))
            index = self.spec.room(self.mean) / (3 * spread.value)
            interval = indices.nearest_interval(index, spread, level)
            out.append(Index(near_key, near_name, index, interval, spread.name, spread.df))
        return (*out, *self._cpm(), *self._ppm())

    def _cpm(self) -> list[Index]:
        if self.spec.width is None or self.spec.target is None:
            return []
        out = []
        views = (
            ("cpm", "Cpm", self.overall_spread),
            ("cpm_within", "Cpm（组内）", self.within_spread),
        )
        for key, name, spread in views:
            index, df = indices.cpm(self.spec.width, self.mean - self.spec.target, spread)
            interval = indices.cpm_interval(index, df, self.confidence, unbiased=spread.unbiased)
            out.append(Index(key, name, index, interval, spread.name, df))
        return out

    def _ppm(self) -> list[Index]:
        s = self.overall
        tails = (
            ("ppm_below_lsl", "低于下规范限 ppm", self.spec.lsl, -1),
            ("ppm_above_usl", "高于上规范限 ppm", self.spec.usl, 1),
        )
        out = []
        for key, name, limit, side in tails:
            if limit is not None:
                z = side * (limit - self.mean) / s.value
                ppm, interval = indices.tail_ppm(z, self.n, self.confidence)
                out.append(Index(key, name, ppm, interval, s.name, s.df))
        return out

    def index(self, key: str) -> Index:
        """One index by its metric key.

        Raises
        ------
        KeyError
            If the specification does not allow it.
        """
        return {index.key: index for index in self.indices}[key]

    def metrics(self) -> dict[str, Metric]:
        """Public keys: each index with ``_low`` and ``_high``; those that do not exist are absent.

        ``n_below_lsl`` and ``n_above_usl`` are counts of readings, ``ppm_…`` come from the normal
        model with overall s.
        """
        nested = self.nested_spread
        values: dict[str, Metric | None] = {
            "n": self.n,
            "mean": self.mean,
            "sd_within": self.within.value,
            "sd_within_estimator": self.within.key,
            "sd_overall": self.overall.value,
            "sd_nested": nested.value if nested else None,
            "df_nested": nested.df if nested else None,
            "n_below_lsl": None if self.spec.lsl is None else self.histogram.below,
            "n_above_usl": None if self.spec.usl is None else self.histogram.above,
        }
        found = self.indices
        values |= {index.key: index.value for index in found}
        return with_intervals(values, {index.key: index.interval for index in found})

    def table(self) -> pd.DataFrame:
        """能力指数表 Mean, the estimates of σ, then each index with interval and estimator."""
        import pandas as pd

        rows: list[tuple[object, ...]] = [("均值", self.mean, None, None, "—", None)]
        spreads = (
            ("标准差（组内）", self.within_spread),
            ("标准差（总）", self.overall_spread),
            ("标准差（嵌套）", self.nested_spread),
        )
        rows += [(name, s.value, None, None, s.name, s.df) for name, s in spreads if s]
        rows += [
            (i.name, i.value, i.interval.low, i.interval.high, i.spread, i.df) for i in self.indices
        ]
        heads = ["指数", "估计", "区间下限", "区间上限", "σ 口径", "自由度"]
        return pd.DataFrame(rows, columns=heads)

    # ── decision ─────────────────────────────────────────────────────────────────────────────

    @property
    def dependent(self) -> tuple[int, ...]:
        """Levels of :attr:`between` whose units differ significantly, from 0 for the outermost.

        Units that differ while nothing varies within them (no finite F) do so without a test.
        """
        if self.between is None:
            return ()
        seen = zip(self.between.f, self.between.p, self.between.ms, strict=False)
        return tuple(
            k
            for k, (f, p, ms) in enumerate(seen)
            if (p < self.criteria.alpha if math.isfinite(f) else ms > 0)
        )

    @property
    def deciding(self) -> Index:
        """The index behind the verdict.

        Cpk for a stable process with independent readings; else Ppk, in the nested view if there
        is one.
        """
        if self.stability.stable and not self.dependent:
            return self.index("cpk")
        return self.index("ppk_nested" if self.nested else "ppk")

    @property
    def verdict(self) -> Verdict:
        """能力等级 The grade that the lower limit supports, and whether it is settled."""
        index = self.deciding
        low, here, high = (
            self.criteria.grade(x) for x in (index.interval.low, index.value, index.interval.high)
        )
        warning = ""
        level: Level = "caution"  # the interval reaches over more than one colour
        if low.level == "good" or high.level == "bad":
            level = low.level
        if not self.stability.stable:
            warning = "过程不稳，以下只描述已有的读数，不能用来承诺以后。"
            level = "caution" if level == "good" else level
        percent = f"{100 * self.confidence:g}%"
        text = (
            f"{warning}数据能支持的等级是{low.name}：{index.name} = {index.value:.3f}，"
            f"{percent} 置信下限 {index.interval.low:.3f}。"
        )
        top = f"上限 {index.interval.high:.3f} "
        if low is high:
            text += f"{top}也属{high.name}，等级已定。"
        else:
            where = f"点估计属{here.name}，{top}属{high.name}"
            if here is high:
                where = f"点估计和{top}都属{high.name}"
            text += f"{where}：等级还没有定下来，要定级须积累更多独立的读数。"
        rule = (
            f"3σ 以外的点多得或远得不像碰巧（α = {self.criteria.alpha:g}）才判不稳；"
            f"稳定且读数独立时看 Cpk，否则看 Ppk（有嵌套口径用嵌套的）；"
            f"按 {percent} 双侧区间的下限定级：{self.criteria.rule}"
        )
        return Verdict(level, text, rule, self.criteria.source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Coded caveats, most serious first."""
        from qtools.capability import caveats

        return caveats.collect(self)

    def figure(self) -> go.Figure:
        """直方图与规格 Histogram, the normal curves of both σ, limits and target."""
        from qtools.capability import figure

        return figure.draw(self)
