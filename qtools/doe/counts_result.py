"""计数结果 Rates, ratios, tests of terms, and how far counts scatter more than Poisson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number, p_text
from qtools.doe.comparisons import Difference, all_pairs
from qtools.doe.counts_fit import CountFit, theta_se
from qtools.doe.counts_parts import (
    FAMILIES,
    Effects,
    Family,
    LevelRate,
    ZeroLevel,
    exponential,
)
from qtools.doe.factor import Factor
from qtools.doe.settings import setting_names, setting_rows
from qtools.doe.terms import ModelMatrix
from qtools.estimate import Estimate, t_quantile
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Vector = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class CountAnalysis(Result):
    """计数分析结果 A log-linear model of counts and what was chosen.

    Parameters
    ----------
    factors : tuple of Factor
    count : str
    exposure, cluster : str or None
    matrix : ModelMatrix
    family : {"poisson", "quasi-poisson", "negative-binomial"}
        The one used; ``asked`` is what was asked for.
    asked : str
    poisson, binomial : CountFit
        ``binomial`` is the Poisson fit where counts do not scatter more than Poisson.
    effects : Effects
    clusters : ndarray of intp or None
    total, looked : float
        All counts and all exposure, zero levels included.
    rows : tuple of int
    zeros : tuple of ZeroLevel
    confidence : float
    read_checks : tuple of Check
    """

    title: ClassVar[str] = "计数分析（对数线性模型）"

    factors: tuple[Factor, ...]
    count: str
    exposure: str | None
    cluster: str | None
    matrix: ModelMatrix
    family: Family
    asked: str
    poisson: CountFit
    binomial: CountFit
    effects: Effects
    clusters: Codes | None
    total: float
    looked: float
    rows: tuple[int, ...]
    zeros: tuple[ZeroLevel, ...]
    confidence: float
    read_checks: tuple[Check, ...]

    @property
    def fit(self) -> CountFit:
        """The fit that the rates come from."""
        return self.binomial if self.family == "negative-binomial" else self.poisson

    @property
    def dispersion(self) -> float:
        """离散系数 Pearson's χ² of the Poisson fit over its degrees of freedom; 1 is Poisson."""
        return self.poisson.pearson / self.poisson.df

    @property
    def dispersion_interval(self) -> Interval:
        """χ² interval of the dispersion."""
        from scipy.special import chdtri

        df, risk = self.poisson.df, 1 - self.confidence
        low, high = (self.poisson.pearson / chdtri(df, t) for t in (risk / 2, 1 - risk / 2))
        return Interval(float(low), float(high), self.confidence, f"χ²（近似），自由度 {df}")

    @property
    def dispersion_p(self) -> float:
        """The p of "counts scatter as Poisson", against more."""
        from scipy.special import chdtrc

        return float(chdtrc(self.poisson.df, self.poisson.pearson))

    @property
    def theta_interval(self) -> Interval | None:
        """Interval of θ, symmetric in log θ; None for Poisson."""
        theta = self.binomial.theta
        if not np.isfinite(theta):
            return None
        se = theta_se(self.binomial.y, self.binomial.mu, theta) / theta
        reach = float(np.exp(t_quantile(self.confidence, np.inf) * se))
        return Interval(theta / reach, theta * reach, self.confidence, "对数 θ 的正态近似")

    @property
    def main(self) -> tuple[int, ...]:
        """Positions of the factors with a main effect."""
        return tuple(place for place in range(len(self.factors)) if (place,) in self.matrix.terms)

    def rates(self) -> tuple[LevelRate, ...]:
        """率 Adjusted rates: the other factors at the mean of the logs of their levels."""
        out = []
        for place in self.main:
            rows, factor = setting_rows(self.matrix, place), self.factors[place]
            for at, level in enumerate(setting_names(factor)):
                ratio = self.estimate(rows[at] - rows[0]) if at else None
                rate = self.estimate(rows[at])
                out.append(LevelRate(factor.name, level, self._raw(place, at), rate, ratio))
        return tuple(out)

    def _raw(self, place: int, at: int) -> float | None:
        if self.factors[place].continuous:
            return None
        mine = np.isclose(self.matrix.points[:, place], self.factors[place].positions[at])
        return float(self.fit.y[mine].sum() / np.exp(self.fit.offset[mine]).sum())

    def estimate(self, row: Vector) -> Estimate:
        """A combination of coefficients with its standard error."""
        variance = float(row @ self.effects.covariance @ row)
        value = float(row @ self.fit.beta)
        df = self.effects.freedom(row)
        return Estimate(value, max(variance, 0.0) ** 0.5, df, self.confidence)

    def ratio(self, factor: str, level: str, other: str) -> Estimate:
        """Log of the ratio of two levels' rates, with an interval for this one ratio."""
        place = [own.name for own in self.factors].index(factor)
        rows, names = setting_rows(self.matrix, place), setting_names(self.factors[place])
        return self.estimate(rows[names.index(level)] - rows[names.index(other)])

    def differences(self, factor: str) -> tuple[Difference, ...]:
        """Logs of all ratios of a factor's levels, Tukey–Kramer."""
        place = [own.name for own in self.factors].index(factor)
        rows, names = setting_rows(self.matrix, place), setting_names(self.factors[place])
        covariance = rows @ self.effects.covariance @ rows.T
        logs = rows @ self.fit.beta
        df = np.full(covariance.shape, np.inf)
        for a, b in zip(*np.triu_indices(len(rows), 1), strict=True):
            df[a, b] = self.effects.freedom(rows[b] - rows[a])
        return all_pairs(names, logs, covariance, df, self.confidence)

    def pairs(self, factor: str) -> pd.DataFrame:
        """两两之比 All ratios of a factor's levels with Tukey–Kramer simultaneous intervals."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        lines = [
            [f"{d.level} ÷ {d.other}", *np.exp([d.value, d.interval.low, d.interval.high]).tolist(),
             d.p, "有差别" if d.significant else "分不出"]
            for d in self.differences(factor)
        ]  # fmt: skip
        heads = ["比", "估计值", f"同时 {percent} 下限", f"同时 {percent} 上限", "p", "结论"]
        return pd.DataFrame(lines, columns=heads)

    def table(self) -> pd.DataFrame:
        """各水平的率 Raw rate, adjusted rate with interval, ratio to the first level."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        heads = ["因子", "水平", "直接算的率", "调整后的率", f"{percent} 下限", f"{percent} 上限",
                 "与第一个之比", "比的下限", "比的上限"]  # fmt: skip
        rows: list[list[object]] = []
        for own in self.rates():
            interval = own.log_rate.interval
            row: list[object] = [own.factor, own.level, own.raw]
            row += np.exp([own.log_rate.value, interval.low, interval.high]).tolist()
            if own.log_ratio is None:
                row += [None, None, None]
            else:
                interval = own.log_ratio.interval
                row += np.exp([own.log_ratio.value, interval.low, interval.high]).tolist()
            rows.append(row)
        rows += [
            [zero.factor, zero.level, 0.0, None, 0.0, zero.upper(self.confidence), None, None, None]
            for zero in self.zeros
        ]
        return pd.DataFrame(rows, columns=heads)

    def terms(self) -> pd.DataFrame:
        """各项的检验 Type III, by likelihood ratio, quasi-likelihood F or robust Wald F."""
        import pandas as pd

        name = "χ²" if self.effects.how.endswith("χ²") else "F"
        rows = [
            [term, df1, None if np.isinf(df2) else df2, value, p]
            for term, df1, df2, value, p in self.effects.tests
        ]
        return pd.DataFrame(rows, columns=["项", "df₁", "df₂", name, "p"])

    def families(self) -> pd.DataFrame:
        """几种模型 The same model under each family: fit, dispersion, and how wide errors are."""
        import pandas as pd

        rows: list[list[object]] = []
        base = self.poisson
        errors = self.largest_se
        rows.append(["泊松", base.deviance, base.df, base.pearson / base.df, base.aic,
                     errors(base.bread)])  # fmt: skip
        rows.append(["拟泊松（标准误 × √φ）", None, base.df, self.dispersion, None,
                     errors(base.bread * self.dispersion)])  # fmt: skip
        own = self.binomial
        if np.isfinite(own.theta):
            rows.append([f"负二项（θ = {format_number(own.theta, 3)}）", own.deviance, own.df,
                         own.pearson / own.df, own.aic, errors(own.bread)])  # fmt: skip
        if self.clusters is not None:
            df = next(
                d.df
                for d in self.differences(self.largest[0])
                if {d.level, d.other} == {self.largest[1].level, self.largest[1].other}
            )
            rows.append([f"{FAMILIES[self.family]}，按“{self.cluster}”聚类", None, df,
                         None, None, errors(self.effects.covariance)])  # fmt: skip
        what, wide = self.largest
        heads = ["模型", "偏差", "自由度", "Pearson χ²/自由度", "AIC",
                 f"ln({wide.level}/{wide.other}) 的标准误（{what}）"]  # fmt: skip
        return pd.DataFrame(rows, columns=heads)

    @property
    def largest(self) -> tuple[str, Difference]:
        """The factor with the widest range of rates, and that range."""
        found = [(self.factors[place].name, self.range_of(self.factors[place].name))
                 for place in self.main]  # fmt: skip
        return max(found, key=lambda pair: pair[1].value)

    def range_of(self, factor: str) -> Difference:
        """Log ratio of a factor's highest to its lowest rate, with the interval of all pairs."""
        wide = max(self.differences(factor), key=lambda d: abs(d.value))
        return wide if wide.value >= 0 else wide.turned()

    def largest_se(self, covariance: Vector) -> float:
        """Standard error of the widest log ratio under another covariance."""
        factor, wide = self.largest
        place = [own.name for own in self.factors].index(factor)
        rows, names = setting_rows(self.matrix, place), setting_names(self.factors[place])
        row = rows[names.index(wide.level)] - rows[names.index(wide.other)]
        return float((row @ covariance @ row) ** 0.5)

    def figure(self) -> go.Figure:
        """率图 Adjusted rates of all levels with their intervals, a panel a factor."""
        from qtools.doe.counts_view import figure

        return figure(self)

    def residual_figure(self) -> go.Figure:
        """残差图 Standardised Pearson residuals by fitted count."""
        from qtools.doe.counts_view import residual_figure

        return residual_figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys; ``termK_…`` in the order of ``.terms()``, ``factorK_ratio`` widest ratio."""
        mixed = bool(np.isfinite(self.binomial.theta))
        values: dict[str, Metric | None] = {
            "n": len(self.fit.y), "total": self.total, "mean_rate": self.total / self.looked,
            "family": self.family, "deviance": self.fit.deviance, "df": self.fit.df,
            "poisson_deviance": self.poisson.deviance,
            "dispersion": self.dispersion, "dispersion_p": self.dispersion_p,
            "theta": self.binomial.theta if mixed else None,
            "aic_poisson": self.poisson.aic,
            "aic_negative_binomial": self.binomial.aic if mixed else None,
            "n_clusters": None if self.clusters is None else int(self.clusters.max()) + 1,
            "n_significant": sum(p < 1 - self.confidence for *_, p in self.effects.tests),
            "n_zero_levels": len(self.zeros),
        }  # fmt: skip
        intervals: dict[str, Interval | None] = {
            "dispersion": self.dispersion_interval, "theta": self.theta_interval,
        }  # fmt: skip
        for number, (*_, value, p) in enumerate(self.effects.tests, 1):
            values |= {f"term{number}_stat": value, f"term{number}_p": p}
        for number, place in enumerate(self.main, 1):
            wide = self.range_of(self.factors[place].name)
            key = f"factor{number}_ratio"
            values |= {f"factor{number}_high": wide.level, f"factor{number}_low": wide.other}
            values |= {key: float(np.exp(wide.value)), f"factor{number}_se": wide.se}
            intervals[key] = exponential(wide.interval)
        return with_intervals(values, intervals)

    @property
    def verdict(self) -> Verdict:
        """Which factors change the rate, by what ratio; the strongest first."""
        alpha = 1 - self.confidence
        how = f" {self.effects.how} " if self.effects.how[0].isascii() else self.effects.how
        rule = (
            f"{FAMILIES[self.family]}模型，各项用{how}检验（第三类），"
            f"p < {alpha:g} 的算有影响；倍数的区间是该因子全部水平之比的同时区间（Tukey–Kramer）"
        )
        source = "McCullagh 与 Nelder（1989）第 6 章；Venables 与 Ripley（2002）7.4 节"
        if self.cluster:
            source += "；Liang 与 Zeger（1986）"
        significant = [name for name, *_, p in self.effects.tests if p < alpha]
        untold = self._untold(significant)
        names = [self.factors[place].name for place in self.main]
        mains = sorted(
            ((name, self.range_of(name)) for name in names if name in significant),
            key=lambda pair: -pair[1].value,
        )
        level: Level = "info"
        if mains:
            shown = []
            for factor, wide in mains[:3]:
                ends = exponential(wide.interval)
                times = format_number(float(np.exp(wide.value)), 3)
                shown.append(
                    f"{factor}（{wide.level} 的率是 {wide.other} 的 {times} 倍，"
                    f"{format_number(ends.low, 3)} 到 {format_number(ends.high, 3)}）"
                )
            more = f"等 {len(mains)} 个因子" if len(mains) > 3 else ""
            text = f"有影响的：{'、'.join(shown)}{more}。{untold}"
        elif significant:
            text = f"主效应单看都不明显，但{'、'.join(significant)}有影响：要按组合看。{untold}"
        else:
            level = "caution"
            name, *_, p = min(self.effects.tests, key=lambda test: test[-1])
            text = (
                f"看不出哪个因子有影响（p 最小的是{name}，{p_text(p)}），"
                f"但不等于没有影响：看区间有多宽。{untold}"
            )
        return Verdict(level, text, rule, source)

    def _untold(self, significant: list[str]) -> str:
        """What the ratios above leave out: levels without a count."""
        texts = []
        for zero in self.zeros:
            tested = (
                "没有进聚类的检验" if self.cluster
                else "已算进检验" + ("" if zero.factor in significant else "，还看不出它与别的不同")
            )  # fmt: skip
            upper = format_number(zero.upper(self.confidence), 3)
            texts.append(
                f"{zero.factor} {zero.level} 一个也没有数到（率不高于 {upper}），{tested}，"
                "不在上面的倍数里"
            )
        return f"另外，{'；'.join(texts)}。" if texts else ""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Of reading, zeros, scatter, clusters, odd rows."""
        from qtools.doe.counts_view import checks

        return checks(self)
