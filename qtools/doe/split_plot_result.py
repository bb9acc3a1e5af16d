"""裂区结果 Tests of both strata, the analysis that ignores whole plots, and what it would claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number, p_text
from qtools.doe.comparisons import Difference, all_pairs
from qtools.doe.settings import setting_names, setting_rows
from qtools.doe.terms import ModelMatrix
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Vector = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class StratumTest:
    """检验 F of a term on the degrees of freedom of its stratum."""

    term: str
    whole: bool
    df1: int
    df2: int
    f: float
    p: float

    @classmethod
    def of(cls, term: str, whole: bool, df1: int, df2: int, f: float) -> StratumTest:
        """With its p value."""
        from scipy.special import fdtrc

        p = 0.0 if np.isinf(f) else float(fdtrc(df1, df2, f))
        return cls(term, whole, int(df1), int(df2), float(f), p)


@dataclass(frozen=True, slots=True, eq=False)
class SplitPlot(Result):
    """裂区分析结果 Tests by stratum and variances of whole plots and of readings.

    Parameters
    ----------
    whole_plot, response : str
    block : str or None
    whole_factors : int
        The first so many factors of ``matrix`` are whole-plot factors.
    matrix : ModelMatrix
        With blocks as a last factor, if any.
    y, residuals : ndarray of float64, shape (n,)
        Residuals are what neither terms nor whole plots explain.
    plots : ndarray of intp, shape (n,)
    rows : tuple of int
    beta : ndarray of float64, shape (p,)
    covariance : ndarray of float64, shape (p, p)
    sub_var, whole_var_raw : float
        Variances of readings and of whole plots; the latter may be negative.
    plot_size : float
        Harmonic mean of readings a whole plot.
    df_whole, df_sub : int
    balanced : bool
        Whether the strata are orthogonal, so that the tests are exact.
    tests, wrong : tuple of StratumTest
        Right, and as if completely randomised.
    fixed_terms : tuple of int
        Positions of block terms.
    naive_beta_covariance : ndarray of float64, shape (p, p)
    naive_df : int
    confidence : float
    read_checks : tuple of Check
    """

    title: ClassVar[str] = "裂区分析"

    whole_plot: str
    block: str | None
    response: str
    whole_factors: int
    matrix: ModelMatrix
    y: Vector
    plots: Codes
    rows: tuple[int, ...]
    beta: Vector
    covariance: Vector
    sub_var: float
    whole_var_raw: float
    plot_size: float
    df_whole: int
    df_sub: int
    balanced: bool
    residuals: Vector
    tests: tuple[StratumTest, ...]
    wrong: tuple[StratumTest, ...]
    fixed_terms: tuple[int, ...]
    naive_beta_covariance: Vector
    naive_df: int
    confidence: float
    read_checks: tuple[Check, ...]

    @property
    def n_plots(self) -> int:
        """Whole plots."""
        return int(self.plots.max()) + 1

    @property
    def whole_var(self) -> float:
        """Variance of whole plots, at least 0."""
        return max(self.whole_var_raw, 0.0)

    @property
    def variance_limits(self) -> tuple[Interval, Interval]:
        """Intervals of the two standard deviations: MLS for whole plots, χ² for readings."""
        from scipy.special import chdtri

        from qtools.variance.mls import mls_limits

        m, s2 = self.plot_size, self.sub_var
        ms = (s2 + m * self.whole_var_raw, s2)
        low, high = mls_limits([1 / m, -1 / m], ms, (self.df_whole, self.df_sub), self.confidence)
        risk = 1 - self.confidence
        ends = [
            (s2 * self.df_sub / chdtri(self.df_sub, t)) ** 0.5 for t in (risk / 2, 1 - risk / 2)
        ]
        how = "MLS" if self.balanced else "MLS（近似）"
        return (
            Interval(max(low, 0.0) ** 0.5, max(high, 0.0) ** 0.5, self.confidence, how),
            Interval(float(ends[0]), float(ends[1]), self.confidence, "χ²"),
        )

    @property
    def main(self) -> tuple[int, ...]:
        """Positions of the factors with a main effect, blocks left out."""
        n = len(self.matrix.factors) - len(self.fixed_terms)
        return tuple(place for place in range(n) if (place,) in self.matrix.terms)

    def differences(self, factor: str, *, ignored: bool = False) -> tuple[Difference, ...]:
        """All differences of a factor's settings, on the freedom of its stratum (Tukey–Kramer).

        With ``ignored``, as if there were no whole plots.
        """
        place = [own.name for own in self.matrix.factors].index(factor)
        rows, names = setting_rows(self.matrix, place), setting_names(self.matrix.factors[place])
        covariance = self.naive_beta_covariance if ignored else self.covariance
        df = self.df_whole if place < self.whole_factors else self.df_sub
        if ignored:
            df = self.naive_df
        return all_pairs(names, rows @ self.beta, rows @ covariance @ rows.T, df, self.confidence)

    def range_of(self, factor: str) -> Difference:
        """Highest less lowest setting of a factor."""
        wide = max(self.differences(factor), key=lambda d: abs(d.value))
        return wide if wide.value >= 0 else wide.turned()

    def table(self) -> pd.DataFrame:
        """检验表 Each term on its own stratum, and beside it as if completely randomised."""
        import pandas as pd

        rows = [
            [t.term, "整区" if t.whole else "子区", t.df1, t.df2, t.f, t.p, w.df2, w.f, w.p]
            for t, w in zip(self.tests, self.wrong, strict=True)
        ]
        heads = ["项", "层", "df₁", "df₂", "F", "p", "当作全随机：df₂", "当作全随机：F",
                 "当作全随机：p"]  # fmt: skip
        return pd.DataFrame(rows, columns=heads)

    def variances(self) -> pd.DataFrame:
        """两种波动 Standard deviations of whole plots and of readings, with intervals."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        whole, sub = self.variance_limits
        rows = [
            [f"整区（{self.whole_plot}）之间", self.whole_var**0.5, whole.low, whole.high,
             self.df_whole],
            ["同一整区的读数之间", self.sub_var**0.5, sub.low, sub.high, self.df_sub],
        ]  # fmt: skip
        heads = ["波动", "标准差", f"{percent} 下限", f"{percent} 上限", "误差自由度"]
        return pd.DataFrame(rows, columns=heads)

    def pairs(self, factor: str) -> pd.DataFrame:
        """两两之差 Differences of a factor's settings with simultaneous intervals."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        rows = [
            [f"{d.level} − {d.other}", d.value, d.interval.low, d.interval.high, d.p,
             "有差别" if d.significant else "分不出"]
            for d in self.differences(factor)
        ]  # fmt: skip
        heads = ["差", "估计值", f"同时 {percent} 下限", f"同时 {percent} 上限", "p", "结论"]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """均值图 Means of the first sub-plot factor's settings, a line a whole-plot setting."""
        from qtools.doe.split_plot_view import figure

        return figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys; ``termK_…`` in the order of ``.table()``, ``wrong_…`` beside it."""
        whole, sub = self.variance_limits
        values: dict[str, Metric | None] = {
            "n": len(self.y), "n_plots": self.n_plots, "df_whole": self.df_whole,
            "df_sub": self.df_sub, "whole_sd": self.whole_var**0.5, "sub_sd": self.sub_var**0.5,
            "whole_var": self.whole_var, "sub_var": self.sub_var, "balanced": self.balanced,
            "n_significant": sum(t.p < 1 - self.confidence for t in self.tests),
            "n_wrong_significant": sum(t.p < 1 - self.confidence for t in self.wrong),
        }  # fmt: skip
        for number, (t, w) in enumerate(zip(self.tests, self.wrong, strict=True), 1):
            values |= {
                f"term{number}_f": t.f, f"term{number}_df2": t.df2, f"term{number}_p": t.p,
                f"term{number}_wrong_f": w.f, f"term{number}_wrong_p": w.p,
            }  # fmt: skip
        return with_intervals(values, {"whole_sd": whole, "sub_sd": sub})

    @property
    def verdict(self) -> Verdict:
        """Which terms hold on their own stratum, and whether ignoring the plots would mislead."""
        alpha = 1 - self.confidence
        how = "各层精确的 F 检验" if self.balanced else "REML 与包含法自由度的 F 检验"
        rule = (
            f"{how}：只含整区因子的项用整区之间的误差，其余用整区之内的误差，p < {alpha:g} 算有影响"
        )
        source = "Cochran 与 Cox（1957）第 7 章；Pinheiro 与 Bates（2000）2.4.2 节"
        names = {self.matrix.factors[place].name for place in self.main}
        found = [t for t in self.tests if t.p < alpha]
        shown = []
        for t in found[:4]:
            if t.term in names:
                wide = self.range_of(t.term)
                low, high = (format_number(v, 3) for v in (wide.interval.low, wide.interval.high))
                shown.append(
                    f"{t.term}（{wide.level} 比 {wide.other} 高 {format_number(wide.value, 3)}，"
                    f"{low} 到 {high}）"
                )
            else:
                shown.append(f"{t.term}（{p_text(t.p)}）")
        level: Level = "info" if found else "caution"
        text = (
            f"有影响的：{'、'.join(shown)}。" if found else "哪一项都看不出影响，但不等于没有影响。"
        )
        false = [w.term for t, w in zip(self.tests, self.wrong, strict=True) if w.p < alpha <= t.p]
        missed = [w.term for t, w in zip(self.tests, self.wrong, strict=True) if t.p < alpha <= w.p]
        if false:
            text += f"当作全随机来算，会多报{'、'.join(false)}。"
        if missed:
            text += f"当作全随机来算，会漏掉{'、'.join(missed)}。"
        return Verdict(level, text, rule, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Those of reading, of few whole plots, of a negative variance, of odd rows."""
        from qtools.doe.split_plot_view import checks

        return checks(self)
