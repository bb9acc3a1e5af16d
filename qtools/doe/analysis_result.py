"""析因试验的分析结果 What the analysis of a factorial experiment returns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number
from qtools.doe.analysis_settings import means_of, model_rows
from qtools.doe.anova import TermTest, Tests, added_column, anova_frame
from qtools.doe.fit import Fit
from qtools.doe.lenth import CRITICAL_NAMES, RATE_NAMES, Lenth, Rate
from qtools.doe.reading import Experiment
from qtools.doe.terms import Term, term_name
from qtools.doe.transformation import BoxCox
from qtools.errors import QualityDataError
from qtools.estimate import Estimate
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FactorialAnalysis(Result):
    """析因试验分析 Effects of the terms of a model and what decided which are real.

    Parameters
    ----------
    experiment : Experiment
        Factors, coded points and responses as read.
    fit : Fit
        Of blocks, terms and curvature.
    places : tuple of int
        Where the terms are in the model.
    block : str or None
    curvature_at : int or None
        Where curvature is in the model.
    tests : Tests
    box_cox : BoxCox or None
        None without residual freedom or with responses that are not positive.
    order : ndarray of float64 or None
        Run order.
    dropped : tuple of str
        Terms that ``model="auto"`` left out because the runs cannot tell them apart.
    unused_blocks : bool
        Whether the table has blocks that were not asked for.
    confidence : float
    rate : {"individual", "experiment"}
    """

    title: ClassVar[str] = "析因试验分析"

    experiment: Experiment
    fit: Fit
    places: tuple[int, ...]
    block: str | None
    curvature_at: int | None
    tests: Tests
    box_cox: BoxCox | None
    order: Vector | None
    dropped: tuple[str, ...]
    unused_blocks: bool
    confidence: float
    rate: Rate

    @property
    def terms(self) -> tuple[TermTest, ...]:
        """Tests of the terms, in the order of the model."""
        return self.tests.terms

    @property
    def lenth(self) -> Lenth | None:
        """Lenth's method, where it decided."""
        return self.tests.lenth

    @property
    def active(self) -> tuple[str, ...]:
        """显著的项 Names of the terms that stand out, the largest first."""
        ranked = sorted(self.terms, key=lambda test: -test.size)
        return tuple(test.name for test in ranked if test.active)

    @property
    def reduced(self) -> tuple[str, ...]:
        """精简模型 Active terms with the lower-order terms they are made of; for ``model=``."""
        return tuple(term_name(term, self.experiment.factors) for term in self._reduced())

    def _reduced(self) -> list[Term]:
        """Active terms and what lies under them."""
        kept: set[Term] = set()
        for test in self.terms:
            if test.active:
                own = range(1, len(test.term) + 1)
                kept |= {part for order in own for part in combinations(test.term, order)}
        return [test.term for test in self.terms if test.term in kept]

    def effect(self, name: str) -> float:
        """效应 Of the term with this name, as ``.table()`` has it.

        Raises
        ------
        QualityDataError
            If the model has no such term, or it has several columns.
        """
        for test in self.terms:
            if test.name == name and test.effect is not None:
                return test.effect
        names = "、".join(test.name for test in self.terms if test.effect is not None)
        raise QualityDataError(f"模型里没有效应“{name}”。", hint=f"有：{names}。")

    @property
    def curvature(self) -> float | None:
        """弯曲 Mean at the centre less what the factorial runs predict there."""
        if self.curvature_at is None:
            return None
        return float(2 * self.fit.beta[self.fit.matrix.spans[self.curvature_at].start])

    @property
    def curvature_p(self) -> float | None:
        """弯曲的 p 值 Of "no curvature"; None without residual freedom."""
        if self.curvature_at is None or not self.fit.sse:
            return None
        found = self.fit.coefficient(self.fit.matrix.spans[self.curvature_at].start, 0.95)
        return None if found is None else found.p

    @property
    def drift(self) -> Estimate | None:
        """漂移 Change of the response from run to run, beyond the model."""
        return None if self.order is None else added_column(self.fit, self.order, self.confidence)

    @property
    def outside(self) -> tuple[Vector, Vector] | None:
        """Externally studentized residuals and their two-sided p values, of each run alone."""
        from scipy.special import stdtr

        inside, df = self.fit.studentized, self.fit.df
        if inside is None or df < 2:
            return None
        capped = np.minimum(inside**2, df * (1 - 1e-12))
        t = inside * np.sqrt((df - 1) / (df - capped))
        t = np.where(self.fit.leverage > 1 - 1e-9, 0.0, t)
        return t, np.asarray(2 * stdtr(df - 1, -np.abs(t)))

    @property
    def normality_p(self) -> float | None:
        """正态性 p value of Shapiro and Wilk's test of the residuals; None below 6 df."""
        from scipy.stats import shapiro

        inside = self.fit.studentized
        if inside is None or self.fit.df < 6 or not np.ptp(inside):
            return None
        return float(shapiro(inside).pvalue)

    def means(self, points: Matrix) -> list[tuple[float, Interval | None]]:
        """预测平均 Mean response at coded points, blocks averaged, with t intervals if any."""
        rows = model_rows(self.fit, self.places, self.experiment, np.atleast_2d(points))
        return means_of(self.fit, rows, self.confidence)

    def settings(self, noise: Sequence[str] = ()) -> pd.DataFrame:
        """设置 Highest and lowest mean response by the reduced model, and where they are.

        Parameters
        ----------
        noise : sequence of str
            Factors that nobody can set in production: means are over their settings.

        Raises
        ------
        QualityDataError
            If a name is no factor, or no term is active.
        """
        from qtools.doe.analysis_settings import extremes

        return extremes(self, self._reduced(), noise)

    def anova(self) -> pd.DataFrame:
        """方差分析表 Type III sums of squares; residual, lack of fit and pure error."""
        return anova_frame(self.fit, range(len(self.fit.matrix.terms)))

    def table(self) -> pd.DataFrame:
        """效应表 Effects with intervals, from the largest to the smallest."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        rows = [
            (test.name, test.effect, test.interval and test.interval.low,
             test.interval and test.interval.high, test.df, test.ss, test.p,
             "是" if test.active else "否" if self.decided else None)
            for test in sorted(self.terms, key=lambda test: -test.size)
        ]  # fmt: skip
        heads = [
            "项",
            "效应",
            f"{percent} 下限",
            f"{percent} 上限",
            "自由度",
            "平方和",
            "p",
            "显著",
        ]
        return pd.DataFrame(rows, columns=heads)

    def level_means(self) -> pd.DataFrame:
        """水平平均 Fitted mean at each setting of each factor, others averaged."""
        from qtools.doe.analysis_view import level_means

        return level_means(self)

    def figure(self) -> go.Figure:
        """排列图 Pareto chart of the sizes of effects, with the margins that decide."""
        from qtools.doe.analysis_view import pareto

        return pareto(self)

    def half_normal(self) -> go.Figure:
        """半正态图 Sizes of effects against half-normal quantiles."""
        from qtools.doe.analysis_view import half_normal

        return half_normal(self)

    def effects_figure(self) -> go.Figure:
        """效应图 Fitted means by factor, and by pairs of factors that interact."""
        from qtools.doe.analysis_view import effects

        return effects(self)

    def residuals_figure(self) -> go.Figure:
        """残差图 Residuals against normal quantiles, fitted values and order."""
        from qtools.doe.analysis_view import residuals

        return residuals(self)

    def metrics(self) -> dict[str, Metric]:
        """``n df_residual s pct_r2 …``, ``effectN`` with limits and ``effectN_p``, ``pse me …``."""
        fitted, found, lack = self.fit, self.lenth, self.fit.lack_of_fit
        values: dict[str, Metric | None] = {
            "n": fitted.n,
            "df_residual": fitted.df,
            "s": fitted.s,
            "pct_r2": fitted.pct_r2 if fitted.df else None,
            "pct_r2_adj": fitted.pct_r2_adj,
            "pct_r2_pred": fitted.pct_r2_pred,
        }
        limits: dict[str, Interval | None] = {}
        for place, test in enumerate(self.terms, start=1):
            values[f"effect{place}"] = test.effect
            limits[f"effect{place}"] = test.interval
            values[f"effect{place}_p"] = test.p
        values |= {"me": self.tests.margin, "sme": self.tests.margin_all}
        values["n_active"] = len(self.active) if self.decided else None
        if found:
            values |= {"pse": found.pse, "lenth_method": f"{found.critical}, {self.rate}"}
        if lack:
            values |= {"lack_of_fit_f": lack[2], "lack_of_fit_p": lack[3]}
        values |= {"curvature": self.curvature, "curvature_p": self.curvature_p}
        if self.box_cox:
            values |= {
                "boxcox_lambda": self.box_cox.value,
                "boxcox_lambda_low": self.box_cox.low,
                "boxcox_lambda_high": self.box_cox.high,
            }
        return with_intervals(values, limits)

    @property
    def decided(self) -> bool:
        """Whether anything could tell effects from chance."""
        return self.tests.margin is not None

    @property
    def method(self) -> str:
        """判断方法 What decided, in words, with its limit."""
        alpha, found = f"{100 * (1 - self.confidence):g} %", self.lenth
        limit = self.tests.margin if self.rate == "individual" else self.tests.margin_all
        name = "ME" if self.rate == "individual" else "SME"
        if limit is None:
            return "没有残差自由度，效应又少（或大半为 0），没有判断的办法"
        way = (
            f"{RATE_NAMES[self.rate]}误判率 {alpha}，|效应| 超过 {name} = {format_number(limit, 4)}"
        )
        if found:
            kind = CRITICAL_NAMES[found.critical]
            return f"Lenth 法（{kind}），PSE = {format_number(found.pse, 4)}，{way}"
        kind = "" if self.rate == "individual" else "（Bonferroni）"
        return f"t 检验{kind}，残差自由度 {self.fit.df}，{way}"

    @property
    def verdict(self) -> Verdict:
        """Which terms are real, and the settings that raise and lower the response."""
        from qtools.doe.analysis_caveats import verdict_text

        source = "Lenth（1989）；Ye 与 Hamada（2000）" if self.lenth else "Fisher 的方差分析"
        worry = any(check.level == "caution" for check in self.checks)
        level: Level = "caution" if worry else "info"
        return Verdict(level, verdict_text(self), self.method, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Missing runs, aliases, methods that disagree, outliers, lack of fit, and the like."""
        from qtools.doe.analysis_caveats import checks

        return checks(self)
