"""混料分析 Scheffé's models of a mixture experiment: coefficients, variances, the best blend.

y = Σ βᵢxᵢ + Σ βᵢⱼxᵢxⱼ (+ Σ βᵢⱼₖxᵢxⱼxₖ): βᵢ is the response of the pure component, and βᵢⱼ/4 is how
far the half-and-half blend of two lies above the straight line between them. There is no intercept,
yet the constant is in the model, since proportions add up to one: R² is about the mean. A program
that measures it about 0, because no intercept was written, shows one far too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import frames
from qtools.display import format_number, p_text
from qtools.doe.fit import Fit, fit
from qtools.doe.mixture_points import least_blend
from qtools.doe.mixture_terms import MODELS, mixture_terms, model_name
from qtools.doe.reading import read_experiment
from qtools.doe.terms import ModelMatrix
from qtools.errors import QualityDataError
from qtools.estimate import Estimate
from qtools.result import Check, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Matrix = npt.NDArray[np.float64]

_ROUNDED = 2e-3  # of the whole: 0.333 + 0.333 + 0.333 is let pass


@dataclass(frozen=True, slots=True, eq=False)
class MixtureFit(Result):
    """混料模型 A fitted Scheffé model.

    Parameters
    ----------
    response : str
    model : str
    fit : Fit
        Without intercept; its points are proportions.
    total : float
        1 or 100, as the table has it.
    confidence : float
    notes : tuple of Check
        From reading.
    """

    title: ClassVar[str] = "混料模型"

    response: str
    model: str
    fit: Fit
    total: float
    confidence: float
    notes: tuple[Check, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Components."""
        return tuple(factor.name for factor in self.fit.matrix.factors)

    @property
    def coefficients(self) -> tuple[Estimate | None, ...]:
        """Coefficients for proportions from 0 to 1; None where no error is left."""
        return tuple(self.fit.coefficient(i, self.confidence) for i in range(len(self.fit.beta)))

    def table(self) -> pd.DataFrame:
        """系数表 Coefficients with intervals; p only for blends, whose 0 means something."""
        import pandas as pd

        rows = []
        percent = f"{100 * self.confidence:g} %"
        pairs = zip(self.fit.matrix.terms, self.fit.matrix.names, strict=True)
        for place, (term, name) in enumerate(pairs):
            found = self.coefficients[place]
            rows.append(
                {
                    "项": name,
                    "系数": float(self.fit.beta[place]),
                    "标准误": found and found.se,
                    f"{percent} 下限": found and found.interval.low,
                    f"{percent} 上限": found and found.interval.high,
                    "p": found.p if found and len(term) > 1 else None,
                }
            )
        return pd.DataFrame(rows)

    def steps(self) -> list[tuple[str, int, float]]:
        """What each richer model explains beyond the simpler one: name, df, sum of squares."""
        q, out, before, columns = len(self.names), [], self.fit.sst, 1
        for name in MODELS:
            terms = mixture_terms(name, q)
            if len(terms) > len(self.fit.matrix.terms):
                break
            matrix = ModelMatrix(self.fit.matrix.factors, terms, self.fit.matrix.points, False)
            sse = fit(matrix, self.fit.y - self.fit.y.mean()).sse
            if len(terms) > columns:
                out.append((model_name(name), len(terms) - columns, before - sse))
            before, columns = sse, len(terms)
        return out

    def anova(self) -> pd.DataFrame:
        """方差分析表 Sums of squares of linear, quadratic, cubic terms in this order."""
        import pandas as pd
        from scipy.special import fdtrc

        df, sse = self.fit.df, self.fit.sse
        rows: list[dict[str, object]] = []
        for name, own, ss in self.steps():
            row: dict[str, object] = {"来源": f"{name}的项", "自由度": own, "平方和 SS": ss}
            row["均方 MS"] = ss / own
            if df and sse:
                row["F"] = ss / own / (sse / df)
                row["p"] = float(fdtrc(own, df, row["F"]))
            rows.append(row)
        error: dict[str, object] = {"来源": "误差", "自由度": df, "平方和 SS": sse}
        rows += [error | {"均方 MS": sse / df if df else None}]
        rows += [{"来源": "合计", "自由度": self.fit.n - 1, "平方和 SS": self.fit.sst}]
        return pd.DataFrame(rows).astype({"自由度": int})

    def predict(self, proportions: Sequence[Sequence[float]]) -> list[Estimate]:
        """预测 Mean response of blends given in the unit of the table, with intervals.

        Raises
        ------
        QualityDataError
            If a blend does not add up, or no residual degree of freedom is left.
        """
        points = np.atleast_2d(np.asarray(proportions, dtype=np.float64)) / self.total
        if points.shape[1] != len(self.names) or np.abs(points.sum(axis=1) - 1).max() > _ROUNDED:
            raise QualityDataError(
                f"配比要 {len(self.names)} 个数，加起来等于 {self.total:g}。",
                hint=f"次序：{'、'.join(self.names)}。",
            )
        if not self.fit.df:
            raise QualityDataError(
                "模型用尽了全部自由度，预测没有区间。", hint="请少拟合几项，或加做重复试验。"
            )
        return self.fit.mean_at(points, self.confidence)

    def region(self, steps: int = 36) -> Matrix:
        """Blends on a fine lattice within the ranges that were tried, shape (m, q)."""
        points = self.fit.matrix.points
        low, high = points.min(axis=0), points.max(axis=0)
        q = len(low)
        per = steps if q == 3 else max(4, int(20_000 ** (1 / (q - 1))))
        axes = [np.linspace(low[i], high[i], min(per, steps) + 1) for i in range(q - 1)]
        grid = np.array(list(product(*axes)))
        last = 1 - grid.sum(axis=1, keepdims=True)
        inside = (last >= low[-1] - 1e-9) & (last <= high[-1] + 1e-9)
        return np.vstack([np.hstack([grid, last])[inside.ravel()], points])

    def best(self, *, maximize: bool = True) -> tuple[tuple[float, ...], float]:
        """最好的配比 Blend with the highest (or lowest) fitted mean, within the ranges tried."""
        grid = self.region(100 if len(self.names) == 3 else 36)
        sign = -1.0 if maximize else 1.0
        point, least = least_blend(
            lambda at: sign * (self.fit.matrix.at(at).x @ self.fit.beta), grid
        )
        return tuple(float(x) for x in point), sign * least

    def figure(self) -> go.Figure:
        """三角图 Fitted response over the triangle (three components)."""
        from qtools.doe.mixture_view import draw_fit

        return draw_fit(self)

    def metrics(self) -> dict[str, Metric]:
        """``n df s pct_r2 pct_r2_adj``, ``b1 b2 b1_2 …`` with limits, ``lack_of_fit_p``."""
        values: dict[str, Metric | None] = {
            "n": self.fit.n, "df": self.fit.df, "s": self.fit.s, "pct_r2": self.fit.pct_r2,
            "pct_r2_adj": self.fit.pct_r2_adj,
        }  # fmt: skip
        intervals = {}
        for place, term in enumerate(self.fit.matrix.terms):
            key = "b" + "_".join(str(i + 1) for i in term)
            values[key] = float(self.fit.beta[place])
            found = self.coefficients[place]
            intervals[key] = found.interval if found else None
        lack = self.fit.lack_of_fit
        values["lack_of_fit_p"] = lack[3] if lack else None
        return with_intervals(values, intervals)

    @property
    def verdict(self) -> Verdict:
        """How well the model describes, and whether blending matters."""
        r2 = self.fit.pct_r2
        text = f"{model_name(self.model)}解释了{self.response}变化的 {r2:.1f} %（R²）"
        level: Level = "info"
        anova = self.anova()
        if len(self.steps()) > 1 and "p" in anova:
            p = float(anova["p"][1])
            level = "good" if p < 0.05 else "caution"
            effect = "混合有超出按比例平均的效果" if p < 0.05 else "看不出混合有额外的效果"
            text += f"；{effect}（二次项 {p_text(p)}）"
        rule = "二次项整体的 F 检验，p 小于 0.05 为有；R² 以总平均为基准"
        return Verdict(level, text + "。", rule, "Scheffé（1958）；Cornell（2002）")

    @property
    def checks(self) -> tuple[Check, ...]:
        """Lack of fit, no freedom, and what reading found."""
        out = list(self.notes)
        lack = self.fit.lack_of_fit
        if lack and lack[3] < 0.05:
            text = f"失拟显著（{p_text(lack[3])}）：模型不够用，换更高次的，或缩小范围。"
            out.append(Check("mixture.lack-of-fit", text))
        if not self.fit.df:
            text = "系数和试验一样多，没有自由度估计误差：系数没有区间。"
            out.append(Check("mixture.saturated", text))
        return tuple(out)


def mixture_analysis(
    df: pd.DataFrame,
    *,
    components: Sequence[str],
    response: str,
    model: str = "quadratic",
    confidence: float = 0.95,
) -> MixtureFit:
    """混料分析 Fit a Scheffé model to a table of proportions.

    Parameters
    ----------
    df : DataFrame
        One row a run.
    components : sequence of str
        Columns of proportions: adding up to 1, or to 100 in percent, in every row.
    response : str
    model : {"linear", "quadratic", "special-cubic"}
    confidence : float
        Of the intervals.

    Returns
    -------
    MixtureFit

    Raises
    ------
    QualityDataError
        If proportions of a row do not add up or lie outside 0 to the whole, or the model cannot be
        estimated.

    References
    ----------
    Scheffé (1958), JRSS B 20, 344-360; Cornell (2002), ch. 2; Marquardt & Snee (1974),
    Technometrics 16, 533-537 (tests of mixture models).

    Examples
    --------
    >>> import pandas as pd
    >>> yarn = pd.DataFrame({"聚乙烯": [1, .5, .5, 0, 0, 0], "聚苯乙烯": [0, .5, 0, 1, .5, 0],
    ...     "聚丙烯": [0, 0, .5, 0, .5, 1], "伸长": [11.7, 15.3, 16.9, 9.4, 10.5, 16.4]})
    >>> found = mixture_analysis(yarn, components=["聚乙烯", "聚苯乙烯", "聚丙烯"], response="伸长")
    >>> found.fit.beta.round(6).tolist()
    [11.7, 9.4, 16.4, 19.0, 11.4, -9.6]
    """
    frames.require_confidence(confidence)
    if isinstance(components, str) or len(components) < 2:
        raise QualityDataError("至少要两个成分的列。", hint="用列名的列表写明，例如 ['甲', '乙']。")
    mixture_terms(model, len(components))
    whole = dict.fromkeys(components, (-1.0, 1.0))
    data = read_experiment(df, factors=components, response=response, coding=whole)
    sums = data.points.sum(axis=1)
    total = 100.0 if np.median(sums) > 10 else 1.0
    bad = np.abs(sums / total - 1) > _ROUNDED
    bad |= ((data.points < -1e-9) | (data.points > total * (1 + 1e-9))).any(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise QualityDataError(
            f"{frames.source(df)}有 {int(bad.sum())} 行的配比不对：第一处"
            + (
                "有负数。"
                if (data.points[first] < 0).any()
                else f"加起来是 {format_number(float(sums[first]), 6)}，不是 {total:g}。"
            ),
            hint="各成分的比例（或百分数）之和要等于 1（或 100）；漏了哪个成分，也请补上。",
            rows=[data.rows[place] for place in np.flatnonzero(bad)],
        )
    points = data.points / sums[:, None]
    terms = mixture_terms(model, len(components))
    matrix = ModelMatrix(data.factors, terms, points, intercept=False)
    # the constant is in the model: taken off before the fit, put back into the pure components
    shift = float(data.y.mean())
    centred = fit(matrix, data.y - shift)
    beta = centred.beta.copy()
    beta[: len(components)] += shift
    found = Fit(matrix, data.y, beta, centred.unscaled, centred.sse)
    notes = list(data.checks)
    if np.abs(sums / total - 1).max() > 1e-6:
        text = "有的行因为四舍五入，合计略有出入，已按比例折算到正好。"
        notes.append(Check("mixture.rounded", text, "info"))
    return MixtureFit(response, model, found, total, confidence, tuple(notes))
