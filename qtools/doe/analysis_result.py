"""析因试验的分析结果 What the analysis of a factorial experiment returns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.doe.analysis_decision import decision_text
from qtools.doe.analysis_residuals import shapiro_p, studentized
from qtools.doe.analysis_settings import means_of, model_rows
from qtools.doe.analysis_words import method_text, verdict_text, ways
from qtools.doe.anova import TermTest, Tests, added_column, anova_frame, uneven
from qtools.doe.fit import Fit
from qtools.doe.lenth import Lenth, Rate
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
    def uneven(self) -> bool:
        """Whether effects differ in precision, so that their sizes are on a common scale."""
        return uneven(self.fit, self.places)

    @property
    def active(self) -> tuple[str, ...]:
        """显著的项 Names of the terms that stand out, the largest first."""
        return tuple(t.name for t in sorted(self.terms, key=lambda t: -t.size) if t.active)

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
        return studentized(self.fit)

    @property
    def normality_p(self) -> float | None:
        """正态性 Of Shapiro and Wilk's test of the residuals; None below 6 degrees of freedom."""
        return shapiro_p(self.fit)

    def means(self, points: Matrix) -> list[tuple[float, Interval | None]]:
        """预测平均 Mean response at coded points, blocks averaged, with t intervals if any."""
        rows = model_rows(self.fit, self.places, self.experiment, np.atleast_2d(points))
        return means_of(self.fit, rows, self.confidence)

    def settings(
        self, *, goal: str = "max", noise: Sequence[str] = (), runs: int = 3
    ) -> pd.DataFrame:
        """设置 Settings from the best mean response to the worst, by the reduced model.

        Means have t intervals; ``确认下限`` and ``确认上限`` hold the mean of new runs there. With
        noise factors in the model there is a pair of columns for each of their settings, such as
        ``确认下限（批 批1）``: new runs meet one of them, not their mean. A setting is told from
        the best one if the interval of their difference leaves 0 out.

        Parameters
        ----------
        goal : {"max", "min"}
            ``大`` and ``小`` are the same.
        noise : sequence of str
            Factors that nobody can set in production: means are over their settings.
        runs : int
            Confirmation runs, all at one setting of the noise factors.

        Raises
        ------
        QualityDataError
            If a name is no factor, no term is active, or an option is unknown.
        """
        from qtools.doe.analysis_settings import ranking

        return ranking(self, self._reduced(), goal, noise, runs)

    def decision(self, *, goal: str = "max", noise: Sequence[str] = (), runs: int = 3) -> str:
        """决定 What to set in one sentence, or why not to; options as :meth:`settings`."""
        return decision_text(self, goal, noise, runs)

    def ways(self) -> pd.DataFrame:
        """判断方法对照 Each error rate and critical value: the limit, and what passes it."""
        return ways(self)

    def anova(self) -> pd.DataFrame:
        """方差分析表 Type III sums of squares; residual, lack of fit and pure error."""
        return anova_frame(self.fit, range(len(self.fit.matrix.terms)))

    def table(self) -> pd.DataFrame:
        """效应表 Effects with intervals, from the largest to the smallest."""
        import pandas as pd

        rows = [
            (test.name, test.effect, "是" if test.active else "否" if self.decided else None,
             test.interval and test.interval.low, test.interval and test.interval.high,
             test.df, test.ss, test.p)
            for test in sorted(self.terms, key=lambda test: -test.size)
        ]  # fmt: skip
        ends = [f"{100 * self.confidence:g} % {end}限" for end in "下上"]
        return pd.DataFrame(rows, columns=["项", "效应", "显著", *ends, "自由度", "平方和", "p"])

    def level_means(self) -> pd.DataFrame:
        """水平平均 Fitted mean at each setting of each factor, others averaged."""
        from qtools.doe.analysis_means_view import level_means

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
        from qtools.doe.analysis_means_view import effects

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
        return method_text(self)

    @property
    def verdict(self) -> Verdict:
        """Which terms are real, and the settings that raise and lower the response."""
        source = "Lenth（1989）；Ye 与 Hamada（2000）" if self.lenth else "Fisher 的方差分析"
        worry = any(check.level == "caution" for check in self.checks)
        level: Level = "caution" if worry else "info"
        return Verdict(level, verdict_text(self), self.method, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Missing runs, aliases, methods that disagree, outliers, lack of fit, and the like."""
        from qtools.doe.analysis_caveats import checks

        return checks(self)
