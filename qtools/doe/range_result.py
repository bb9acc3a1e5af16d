"""直观分析结果 Ranges, their order, the error behind them, and the combination they point to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number, p_text
from qtools.doe.factor import Factor, Setting
from qtools.doe.fit import Fit
from qtools.doe.range_best import best_point
from qtools.doe.terms import term_name
from qtools.doe.ties import steps
from qtools.errors import QualityDataError
from qtools.estimate import Estimate, t_quantile
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Vector = npt.NDArray[np.float64]

_SOURCE = "Taguchi（1987）；方差分析用第三类平方和"


@dataclass(frozen=True, slots=True, eq=False)
class LevelAnalysis(Result):
    """直观分析 Means of levels with the fit of a main-effect model behind them.

    Parameters
    ----------
    what : str
        Name of the characteristic.
    factors : tuple of Factor
        As levels.
    fit : Fit
        Of all terms that are not pooled.
    goal : {"larger", "smaller", "target"} or None
        None: no mean is better than another.
    target : float or None
    pooled : tuple of str
        Factors counted as error.
    confidence : float
    notes : tuple of Check
        Caveats of the data.
    condensed : bool
        Whether each inner run is one number: repeats then give no error.
    """

    title: ClassVar[str] = "直观分析与方差分析"

    what: str
    factors: tuple[Factor, ...]
    fit: Fit
    goal: str | None
    target: float | None
    pooled: tuple[str, ...]
    confidence: float
    notes: tuple[Check, ...]
    condensed: bool = False

    @property
    def means(self) -> tuple[Vector, ...]:
        """水平均值 Mean of the response at each level of each factor."""
        out = []
        for factor, column in zip(self.factors, self.fit.matrix.points.T, strict=True):
            place = np.abs(column[:, None] - factor.positions).argmin(axis=1)
            off = np.bincount(place, self.fit.y - self.fit.y.mean()) / np.bincount(place)
            out.append(off + self.fit.y.mean())
        return tuple(out)

    @property
    def ranges(self) -> tuple[float, ...]:
        """极差 Largest less smallest mean of each factor."""
        return tuple(float(np.ptp(own)) for own in self.means)

    @property
    def ranks(self) -> tuple[int, ...]:
        """主次 1 for the factor of largest range; ties share the better place."""
        own = steps(np.array(self.ranges), float(np.abs(self.fit.y).max()))
        return tuple(int((own > value).sum()) + 1 for value in own)

    @property
    def tests(self) -> tuple[tuple[float | None, float | None] | None, ...]:
        """F and p of each factor; None where it is pooled, (None, None) without error."""
        return tuple(
            None if (i,) not in self.fit.matrix.terms else self._test((i,))
            for i in range(len(self.factors))
        )

    def _test(self, term: tuple[int, ...]) -> tuple[float | None, float | None]:
        from scipy.special import fdtrc

        if not self.fit.s:
            return None, None
        place = self.fit.matrix.terms.index(term)
        df = self.fit.matrix.df[place]
        f = self.fit.term_ss(place) / df / self.fit.s**2
        return float(f), float(fdtrc(df, self.fit.df, f))

    @property
    def significant(self) -> tuple[str, ...]:
        """Factors whose F test is significant at 1 − confidence."""
        return tuple(
            factor.name
            for factor, test in zip(self.factors, self.tests, strict=True)
            if test is not None and test[1] is not None and test[1] < 1 - self.confidence
        )

    @property
    def free(self) -> tuple[bool, ...]:
        """不限 Which factors are in no term of the model, so that any level will do."""
        used = {place for term in self.fit.matrix.terms for place in term}
        return tuple(place not in used for place in range(len(self.factors)))

    @property
    def best_point(self) -> Vector:
        """最优水平组合 Coded levels of the combination with the best predicted mean.

        Factors that are in no term stand at the level with the best mean of its own, which the
        prediction does not use.

        Raises
        ------
        QualityDataError
            If no mean is better than another (no goal).
        """
        if self.goal is None:
            raise QualityDataError(
                f"{self.what}没有望大、望小或目标值，谈不上最好的组合。",
                hint="看 .means 和 .ranges；要最好的组合，请写明目标。",
            )
        tried = [place for place, free in enumerate(self.free) if not free]
        return best_point(
            self.fit,
            self.factors,
            self.means,
            tried,
            self._best,
            aimed=self.goal == "target",
        )

    @property
    def best_levels(self) -> tuple[Setting, ...]:
        """最好的水平 Of each factor, in words: 不限 where it is in no term, — without a goal."""
        if self.goal is None:
            return ("—",) * len(self.factors)
        return tuple(
            "不限" if free else factor.settings([value])[0]
            for factor, value, free in zip(
                self.factors, self.best_point.tolist(), self.free, strict=True
            )
        )

    @property
    def best_text(self) -> str:
        """The best combination in words: ``温度 = 90，时间不限``."""
        return "，".join(
            f"{factor.name}不限" if free else f"{factor.name} = {level}"
            for factor, level, free in zip(self.factors, self.best_levels, self.free, strict=True)
        )

    def _best(self, values: Vector) -> int:
        """Position of the best of some means; the first of ties."""
        size = float(np.abs(values).max())
        if self.goal == "target":
            return int(steps(np.abs(values - (self.target or 0.0)), size).argmin())
        return int(steps(values if self.goal == "smaller" else -values, size).argmin())

    @property
    def optimum(self) -> Estimate | float:
        """预测 Predicted mean at the best combination; a bare number without error."""
        point = self.best_point[None, :]
        if not self.fit.s:
            return float((self.fit.matrix.at(point).x @ self.fit.beta)[0])
        return self.fit.mean_at(point, self.confidence)[0]

    def prediction_interval(self, runs: int = 1) -> Interval | None:
        """预测区间 For the mean of new runs at the best combination: ȳ̂ ± t·s·√(1/nₑ + 1/runs).

        1/nₑ is x′(X′X)⁻¹x: Taguchi's effective number of readings. None without error.
        """
        found = self.optimum
        if isinstance(found, float) or not self.fit.s:
            return None
        half = t_quantile(self.confidence, self.fit.df)
        half *= (found.se**2 + self.fit.s**2 / runs) ** 0.5
        text = f"t，自由度 {self.fit.df}，{runs} 次确认试验的平均"
        return Interval(found.value - half, found.value + half, self.confidence, text)

    def confirm(self, values: Sequence[float]) -> Verdict:
        """验证 Confirmation runs at the best combination against the prediction interval.

        Parameters
        ----------
        values : sequence of float
            This characteristic in the new runs.

        Raises
        ------
        QualityDataError
            If there is no value, or the analysis has no error to predict with.
        """
        own = np.asarray(values, dtype=np.float64)
        if own.size == 0 or not np.isfinite(own).all():
            raise QualityDataError("没有确认试验的结果，或有不是数的。", hint="写出每次的结果。")
        interval = self.prediction_interval(own.size)
        if interval is None:
            raise QualityDataError(
                "没有误差，给不出预测区间，确认试验无从比较。",
                hint=f"留空列、{'' if self.condensed else '做重复，'}"
                "或把事先认定不重要的因子并入误差（pool）。",
            )
        mean = float(own.mean())
        good = mean in interval
        low, high = format_number(interval.low, 4), format_number(interval.high, 4)
        text = (
            f"{own.size} 次确认试验平均 {format_number(mean, 4)}，"
            f"{'落在' if good else '不在'}预测区间 {low} 到 {high} 里"
            + ("。" if good else "：要么模型漏了东西（多半是交互作用），要么条件已经变了；"
               f"模型全对，每 100 回也有 {100 * (1 - self.confidence):.3g} 回落在外面。"
               "查明以前不照用，再做几次。")
        )  # fmt: skip
        return Verdict("good" if good else "bad", text, "确认试验落在预测区间里才算验证", _SOURCE)

    def levels(self) -> pd.DataFrame:
        """水平均值表 One row a level."""
        import pandas as pd

        rows = [
            (factor.name, level, mean)
            for factor, own in zip(self.factors, self.means, strict=True)
            for level, mean in zip(factor.levels, own.tolist(), strict=True)
        ]
        return pd.DataFrame(rows, columns=["因子", "水平", f"{self.what}的均值"])

    def table(self) -> pd.DataFrame:
        """直观分析表 Means of levels, range, order, F and p of each factor."""
        import pandas as pd

        best = self.best_levels
        width = max(len(factor.levels) for factor in self.factors)
        rows = []
        for i, factor in enumerate(self.factors):
            test = self.tests[i] or (None, None)
            own: list[float | None] = self.means[i].tolist()
            rows.append(
                [factor.name, *own, *[None] * (width - len(own)), self.ranges[i], self.ranks[i],
                 best[i], *test]
            )  # fmt: skip
        heads = [f"k{level}" for level in range(1, width + 1)]
        return pd.DataFrame(
            rows, columns=["因子", *heads, "极差 R", "次序", "最好的水平", "F", "p"]
        )

    def anova(self) -> pd.DataFrame:
        """方差分析表 Terms, empty columns, repeats, and the error they make together."""
        import pandas as pd

        rows: list[tuple[object, ...]] = []
        for place, term in enumerate(self.fit.matrix.terms):
            ss, df = self.fit.term_ss(place), self.fit.matrix.df[place]
            rows.append((term_name(term, self.factors), ss, df, ss / df, *self._test(term)))
        pure, pure_df = self.fit.pure_error
        if pure_df and self.fit.df > pure_df:
            ss, df = max(self.fit.sse - pure, 0.0), self.fit.df - pure_df
            rows.append(("其中：空列", ss, df, ss / df, None, None))
            rows.append(("其中：重复", pure, pure_df, pure / pure_df, None, None))
        if self.fit.df:
            mean_square = self.fit.sse / self.fit.df
            rows.append(("误差", self.fit.sse, self.fit.df, mean_square, None, None))
        rows.append(("总计", self.fit.sst, self.fit.n - 1, None, None, None))
        return pd.DataFrame(rows, columns=["来源", "平方和 SS", "自由度", "均方 MS", "F", "p"])

    def figure(self) -> go.Figure:
        """水平均值图 Mean of each level, a panel a factor."""
        from qtools.doe.range_view import draw

        return draw((self,), f"{self.what}的水平均值")

    def metrics(self) -> dict[str, Metric]:
        """``n error_df s``, ``range1 rank1 f1 p1 best1 mean1_1 …`` a factor, ``optimum …``."""
        out: dict[str, Metric | None] = {
            "n": self.fit.n, "n_factors": len(self.factors), "mean": float(self.fit.y.mean()),
            "error_df": self.fit.df, "s": self.fit.s, "n_significant": len(self.significant),
        }  # fmt: skip
        for i in range(1, len(self.factors) + 1):
            test = self.tests[i - 1] or (None, None)
            out[f"range{i}"], out[f"rank{i}"] = self.ranges[i - 1], self.ranks[i - 1]
            out[f"f{i}"], out[f"p{i}"] = test
            own = self.means[i - 1].tolist()
            out |= {f"mean{i}_{level}": mean for level, mean in enumerate(own, start=1)}
        if self.goal is None:
            return with_intervals(out, {})
        out |= {f"best{i}": str(own) for i, own in enumerate(self.best_levels, start=1)}
        found = self.optimum
        out["optimum"] = found if isinstance(found, float) else found.value
        interval = None if isinstance(found, float) else found.interval
        intervals = {"optimum": interval}
        ahead = self.prediction_interval()
        if ahead is not None:
            out |= {"prediction_low": ahead.low, "prediction_high": ahead.high}
        return with_intervals(out, intervals)

    @property
    def verdict(self) -> Verdict:
        """What can be said of the ranges."""
        order = sorted(range(len(self.factors)), key=lambda i: self.ranks[i])
        listed = " → ".join(self.factors[i].name for i in order)
        rule = f"因子的 F 检验，α = {1 - self.confidence:.2g}；误差来自{self._sources}"
        if not self.fit.s:
            why = f"没有{self._sources}"
            if self.fit.df:
                why = f"{self._sources}的结果毫无差别"
            text = f"只能排次序，不能下结论：极差从大到小 {listed}；{why}，没有误差可比。"
            return Verdict("caution", text, rule, _SOURCE)
        if not self.significant:
            text = (
                f"没有一个因子站得住：极差从大到小 {listed}，"
                f"但都没有超出误差（自由度 {self.fit.df}）。"
            )
            return Verdict("caution", text, rule, _SOURCE)
        parts = [
            f"{factor.name}（{p_text(float(test[1]))}）"
            for factor, test in zip(self.factors, self.tests, strict=True)
            if factor.name in self.significant and test is not None and test[1] is not None
        ]
        text = f"站得住的因子：{'、'.join(parts)}"
        text += f"；最好的组合 {self.best_text}，须做确认试验。" if self.goal else "。"
        return Verdict("good", text, rule, _SOURCE)

    @property
    def _sources(self) -> str:
        return "空列和并入的列" if self.condensed else "空列、并入的列和重复"

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the ranges do not say."""
        out = list(self.notes)
        if not self.fit.df:
            other = "事先写明并入哪一列" if self.condensed else "每个条件做两次"
            text = (
                f"误差没有自由度：极差再大，也说不出是因子还是波动。下一次留一个空列，或{other}。"
            )
            out.append(Check("range-analysis.no-error", text))
        elif self.fit.df < 4:
            text = f"误差只有 {self.fit.df} 个自由度，F 检验很钝：不显著不等于没有影响。"
            out.append(Check("range-analysis.few-df", text))
        return tuple(out)
