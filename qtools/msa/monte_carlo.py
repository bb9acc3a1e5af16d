"""蒙特卡洛法 Propagation of distributions by random draws (JCGM 101, JJF 1059.2).

Each input is drawn from its distribution, the model turns the draws into draws of y, and the
coverage interval is read off them: no linear model, no normal result, no degrees of freedom are
needed. Two things go wrong in practice: too few draws for the digits that are reported (the
standard error of the end points says so), and inputs whose distribution leaves the domain of the
model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.budget import UncertaintyBudget, stated
from qtools.msa.inputs import Input, Model
from qtools.msa.propagation import correlation_matrix, evaluate, require_model
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.msa.inputs import Vector
    from qtools.msa.validation import Validation

_CHUNK = 100_000  # draws at a time: memory stays small whatever n and the number of inputs
_FEWEST = 10_000
_SKEWED = 0.1  # of the skewness


@dataclass(frozen=True, slots=True, eq=False)
class MonteCarloUncertainty(Result):
    """蒙特卡洛结果 Sorted draws of y; mean, u and coverage intervals are derived.

    Parameters
    ----------
    inputs : mapping of str to Input
    draws : ndarray, shape (n,)
        Ascending, in the unit of y.
    coverage : float
    seed : int
    copula : bool
        Whether correlated inputs that are not normal were tied by a Gaussian copula.
    """

    title: ClassVar[str] = "蒙特卡洛不确定度"

    inputs: Mapping[str, Input]
    draws: Vector
    coverage: float
    seed: int
    copula: bool

    @property
    def n(self) -> int:
        """Number of draws."""
        return int(self.draws.size)

    @property
    def estimate(self) -> float:
        """Mean of the draws."""
        return float(self.draws[0] + (self.draws - self.draws[0]).mean())

    @property
    def u(self) -> float | None:
        """Standard deviation of the draws; None where an input has no variance (t with ν ≤ 2)."""
        if any(one.shape == "normal" and one.df <= 2 for one in self.inputs.values()):
            return None
        return float((self.draws - self.draws[self.n // 2]).std(ddof=1))

    @property
    def skewness(self) -> float:
        """偏斜 Of the coverage interval: (upper arm − lower arm)/(sum) around the median."""
        middle = float(np.quantile(self.draws, 0.5))
        low, high = self.interval.low, self.interval.high
        return (high - 2 * middle + low) / (high - low)

    @property
    def interval(self) -> Interval:
        """概率对称区间 Equal probability on both sides."""
        tail = (1 - self.coverage) / 2
        low, high = (float(np.quantile(self.draws, p)) for p in (tail, 1 - tail))
        return Interval(low, high, self.coverage, "概率对称")

    @property
    def shortest(self) -> Interval:
        """最短包含区间 The shortest interval of this coverage."""
        span = round(self.coverage * self.n)
        widths = self.draws[span:] - self.draws[: self.n - span]
        # of equally short ones (flat density) the middle one
        place = int(np.median(np.flatnonzero(widths <= widths.min() * (1 + 1e-12))))
        return Interval(
            float(self.draws[place]), float(self.draws[place + span]), self.coverage, "最短"
        )

    @property
    def standard_errors(self) -> tuple[float, float]:
        """Standard errors of the end points of :attr:`interval`, from the order statistics."""
        tail = (1 - self.coverage) / 2
        return self._error(tail), self._error(1 - tail)

    def _error(self, p: float) -> float:
        half = 2 * (p * (1 - p) / self.n) ** 0.5  # two standard errors in probability
        low, high = np.quantile(self.draws, [max(p - half, 0.0), min(p + half, 1.0)])
        return float(high - low) / 4

    def compare(self, budget: UncertaintyBudget, *, digits: int = 2) -> Validation:
        """与 GUM 法比较 Validate the law of propagation by these draws (JCGM 101:2008, 8).

        Parameters
        ----------
        budget : UncertaintyBudget
            Of the same model and inputs.
        digits : int
            Significant digits of u that are to be trusted, 1 or 2.

        Raises
        ------
        QualityDataError
            If coverage or inputs differ, or ``digits`` is not 1 or 2.
        """
        from qtools.msa.validation import Validation

        if digits not in (1, 2):
            raise QualityDataError(f"digits={digits!r} 不对。", hint="u 保留 1 位或 2 位有效数字。")
        if budget.coverage != self.coverage or dict(budget.inputs) != dict(self.inputs):
            raise QualityDataError(
                "两种方法的输入量或包含概率不一样，不能比较。",
                hint="请用同一个 model、inputs 和 coverage 各算一次。",
            )
        return Validation(budget=budget, simulation=self, digits=digits)

    def table(self) -> pd.DataFrame:
        """结果表 Both coverage intervals with the standard errors of the end points."""
        import pandas as pd

        low, high = self.standard_errors
        rows = [
            ["概率对称区间", self.interval.low, self.interval.high, low, high],
            ["最短区间", self.shortest.low, self.shortest.high, None, None],
        ]
        names = ["区间", "下限", "上限", "下限的标准误", "上限的标准误"]
        frame = pd.DataFrame(rows, columns=names)
        frame.insert(1, "宽度", frame["上限"] - frame["下限"])
        return frame

    def figure(self) -> go.Figure:
        """分布图 Histogram of y with the coverage interval."""
        from qtools.msa.uncertainty_view import simulation_figure

        return simulation_figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``y`` with its interval, ``u shortest_low shortest_high n seed`` …."""
        low, high = self.standard_errors
        values: dict[str, Metric | None] = {
            "y": self.estimate,
            "u": self.u,
            "shortest_low": self.shortest.low,
            "shortest_high": self.shortest.high,
            "low_se": low,
            "high_se": high,
            "skewness": self.skewness,
            "coverage": self.coverage,
            "n": self.n,
            "seed": self.seed,
        }
        return with_intervals(values, {"y": self.interval})

    @property
    def verdict(self) -> Verdict:
        """The coverage interval; it decides nothing by itself."""
        found = self.interval
        half = (found.high - found.low) / 2
        shown = (stated(end, half).split(" ±")[0] for end in (found.low, found.high))
        text = (
            f"y 以 {100 * self.coverage:g} % 的概率在 {'–'.join(shown).replace('–-', '–−')} 之间"
            f"（{self.n} 次抽样，种子 {self.seed}）。"
        )
        rule = "按各输入量的分布抽样，取两侧概率相等的区间"
        return Verdict("info", text, rule, "JJF 1059.2-2012；JCGM 101:2008，第 7 章")

    @property
    def checks(self) -> tuple[Check, ...]:
        """Asymmetry, few draws, inputs without variance, the copula."""
        out = []
        if self.u is None:
            text = (
                "有输入量的自由度不超过 2：它的 t 分布没有方差，不报标准不确定度，只报区间。"
                "请加大那个分量的 n。"
            )
            out.append(Check("monte-carlo.no-variance", text))
        if abs(self.skewness) > _SKEWED:
            side = "上" if self.skewness > 0 else "下"
            text = (
                f"结果的分布不对称，{side}侧拖得长：“y ± U”会把一侧报窄、另一侧报宽，"
                "请报区间的两端。"
            )
            out.append(Check("monte-carlo.skewed", text))
        if self.n < _FEWEST:
            text = f"只抽了 {self.n} 次，区间的端点还在晃；一般抽 10⁶ 次。"
            out.append(Check("monte-carlo.few-draws", text))
        if self.copula:
            text = "相关的输入量里有不是正态的，用高斯联结抽样，实际的相关系数会与给定值略有出入。"
            out.append(Check("monte-carlo.copula", text, "info"))
        return tuple(out)


def monte_carlo_uncertainty(
    model: Model,
    inputs: Mapping[str, Input],
    *,
    coverage: float = 0.95,
    n: int = 10**6,
    seed: int = 1,
    correlations: Mapping[tuple[str, str], float] | None = None,
) -> MonteCarloUncertainty:
    """不确定度评定（蒙特卡洛法） Propagate distributions through a model.

    Parameters
    ----------
    model : callable
        Function of the inputs by keyword that computes with arrays, as for
        :func:`uncertainty_budget`.
    inputs : mapping of str to Input
        Normal inputs with finite degrees of freedom are drawn from scaled and shifted t.
    coverage : float
        Coverage probability of the intervals.
    n : int
        Draws, 1 000 or more.
    seed : int
        Of the generator: the same seed gives the same numbers.
    correlations : mapping of (str, str) to float, optional
        Correlation coefficients of pairs of inputs; normal inputs are jointly normal, others are
        tied by a Gaussian copula.

    Returns
    -------
    MonteCarloUncertainty

    Raises
    ------
    QualityDataError
        If inputs, correlations or options cannot be used, or the model has no finite value for
        some draws.

    References
    ----------
    JCGM 101:2008, 6.4, 7; JJF 1059.2-2012.

    Examples
    --------
    Four rectangular inputs (JCGM 101:2008, 9.2.3): the interval ends at ±3.88, not ±3.92.

    >>> from qtools.msa import Input, monte_carlo_uncertainty
    >>> inputs = {name: Input.bounded(0, 3**0.5) for name in "abcd"}
    >>> found = monte_carlo_uncertainty(lambda a, b, c, d: a + b + c + d, inputs)
    >>> f"{found.interval.high:.2f}"
    '3.88'
    """
    frames.require_confidence(coverage, "包含概率 coverage")
    if not isinstance(n, int) or isinstance(n, bool) or n < 1000:
        raise QualityDataError(f"抽样次数 {n!r} 不对：至少 1000 的整数。", hint="一般用 1000000。")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise QualityDataError(f"种子 seed={seed!r} 不对：要 0 或正整数。", hint="例如 seed=1。")
    require_model(model, inputs)
    correlation = correlation_matrix(inputs, correlations)
    tied = [name for name, row in zip(inputs, correlation, strict=True) if (row != 0).sum() > 1]
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    parts = []
    for start in range(0, n, _CHUNK):
        size = min(_CHUNK, n - start)
        drawn = {name: one.draw(rng, size) for name, one in inputs.items() if name not in tied}
        if tied:
            scores = dict(zip(inputs, root @ rng.standard_normal((len(inputs), size)), strict=True))
            drawn |= {name: _marginal(inputs[name], scores[name]) for name in tied}
        parts.append(evaluate(model, {name: drawn[name] for name in inputs}))
    draws = np.sort(np.concatenate(parts))
    lost = int(n - np.isfinite(draws).sum())
    if lost:
        raise QualityDataError(
            f"{n} 次抽样里有 {lost} 次模型算不出有限的数：输入量的分布伸到了模型的定义域之外。",
            hint="请核对单位与半宽；根号里、分母里的量若不可能为负，换用有界的分布。",
        )
    if draws[-1] == draws[0]:
        raise QualityDataError("模型的结果是常数，与输入量无关。", hint="请核对模型。")
    copula = any(inputs[name].name != "正态" for name in tied)
    return MonteCarloUncertainty(
        inputs=dict(inputs), draws=draws, coverage=coverage, seed=seed, copula=copula
    )


def _marginal(one: Input, score: Vector) -> Vector:
    """Values of an input at standard normal scores."""
    if one.name == "正态":
        return np.asarray(one.estimate + one.u * score)
    from scipy.special import ndtr

    return one.quantile(np.clip(ndtr(score), 1e-15, 1 - 1e-15))
