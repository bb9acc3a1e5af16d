"""直观分析结果 Ranges, their order, the error behind them, and the combination they point to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number, p_text
from qtools.doe.factor import Factor
from qtools.doe.fit import Fit
from qtools.doe.inner_outer import setting_text
from qtools.doe.terms import term_name
from qtools.errors import QualityDataError
from qtools.estimate import Estimate, t_quantile
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Vector = npt.NDArray[np.float64]

_MOST = 20_000  # combinations that are all tried
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
    goal : {"larger", "smaller", "target"}
    target : float or None
    pooled : tuple of str
        Factors counted as error.
    confidence : float
    notes : tuple of Check
        Caveats of the data.
    """

    title: ClassVar[str] = "直观分析与方差分析"

    what: str
    factors: tuple[Factor, ...]
    fit: Fit
    goal: str
    target: float | None
    pooled: tuple[str, ...]
    confidence: float
    notes: tuple[Check, ...]

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
        own = np.round(self.ranges, 12)
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
    def best_point(self) -> Vector:
        """最优水平组合 Coded levels of the combination with the best predicted mean."""
        axes = [factor.positions for factor in self.factors]
        additive = all(len(term) == 1 for term in self.fit.matrix.terms) and self.goal != "target"
        if additive or np.prod([float(len(axis)) for axis in axes]) > _MOST:
            point = np.array([axis[self._best(own)] for axis, own in
                              zip(axes, self.means, strict=True)])  # fmt: skip
            for _ in range(1 if additive else 5):  # adjusted for other factors, one at a time
                for i, axis in enumerate(axes):
                    trial = np.tile(point, (len(axis), 1))
                    trial[:, i] = axis
                    if self.factors[i].name not in self.pooled:
                        point[i] = axis[self._best(self._predict(trial))]
            return point
        grid = np.array(list(product(*axes)))
        return np.asarray(grid[self._best(self._predict(grid))])

    def _predict(self, points: npt.NDArray[np.float64]) -> Vector:
        return np.asarray(self.fit.matrix.at(points).x @ self.fit.beta)

    def _best(self, values: Vector) -> int:
        values = np.round(values, 10)
        if self.goal == "target":
            return int(np.abs(values - (self.target or 0.0)).argmin())
        return int(values.argmin() if self.goal == "smaller" else values.argmax())

    @property
    def optimum(self) -> Estimate | float:
        """预测 Predicted mean at the best combination; a bare number without error."""
        point = self.best_point[None, :]
        if not self.fit.s:
            return float(self._predict(point)[0])
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
                hint="留空列、做重复，或把事先认定不重要的因子并入误差（pool）。",
            )
        mean = float(own.mean())
        good = mean in interval
        low, high = format_number(interval.low, 4), format_number(interval.high, 4)
        text = (
            f"{own.size} 次确认试验平均 {format_number(mean, 4)}，"
            f"{'落在' if good else '不在'}预测区间 {low} 到 {high} 里"
            + ("。" if good else "：模型漏了东西（多半是交互作用），这个组合不能照用。")
        )
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

        best = self.best_point
        width = max(len(factor.levels) for factor in self.factors)
        rows = []
        for i, factor in enumerate(self.factors):
            test = self.tests[i] or (None, None)
            own: list[float | None] = self.means[i].tolist()
            rows.append(
                [factor.name, *own, *[None] * (width - len(own)), self.ranges[i], self.ranks[i],
                 factor.settings([best[i]])[0], *test]
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
        best = self.best_point
        for i, factor in enumerate(self.factors, start=1):
            test = self.tests[i - 1] or (None, None)
            out[f"range{i}"], out[f"rank{i}"] = self.ranges[i - 1], self.ranks[i - 1]
            out[f"f{i}"], out[f"p{i}"] = test
            out[f"best{i}"] = str(factor.settings([best[i - 1]])[0])
            own = self.means[i - 1].tolist()
            out |= {f"mean{i}_{level}": mean for level, mean in enumerate(own, start=1)}
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
        rule = f"因子的 F 检验，α = {1 - self.confidence:.2g}；误差来自空列、并入的列和重复"
        if not self.fit.s:
            why = "重复和空列的结果毫无差别" if self.fit.df else "没有空列也没有重复"
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
        best = setting_text(self.factors, self.best_point)
        text = f"站得住的因子：{'、'.join(parts)}；最好的组合 {best}，须做确认试验。"
        return Verdict("good", text, rule, _SOURCE)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the ranges do not say."""
        out = list(self.notes)
        if not self.fit.df:
            text = (
                "误差没有自由度：极差再大，也说不出是因子还是波动。"
                "下一次留一个空列，或每个条件做两次。"
            )
            out.append(Check("range-analysis.no-error", text))
        elif self.fit.df < 4:
            text = f"误差只有 {self.fit.df} 个自由度，F 检验很钝：不显著不等于没有影响。"
            out.append(Check("range-analysis.few-df", text))
        return tuple(out)
