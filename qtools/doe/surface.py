"""响应面 Fit of a quadratic surface, and where on it to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from numbers import Real
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools import frames
from qtools.doe.canonical import Quadratic, read_quadratic, slope_statistic
from qtools.doe.factor import Factor, read_factors
from qtools.doe.fit import Fit, fit
from qtools.doe.reading import Experiment, read_experiment
from qtools.doe.region import Region, best_in
from qtools.doe.surface_result import ResponseSurface, Tied, Trust
from qtools.doe.terms import ModelMatrix, Term, read_terms, term_name
from qtools.errors import QualityDataError
from qtools.estimate import t_quantile

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

Goal = Literal["max", "min"] | float

_MANY = 12  # factors beyond which a quadratic is no longer a sensible model
_REACHED = 1e-6  # of the spread of predictions: the target counts as reached


def response_surface(
    df: pd.DataFrame,
    *,
    factors: Sequence[str],
    response: str,
    goal: Goal = "max",
    coding: Mapping[str, tuple[float, float]] | None = None,
    block: str | None = None,
    model: str | Sequence[str] = "quadratic",
    confidence: float = 0.95,
) -> ResponseSurface:
    """响应面 Quadratic surface of a response, its optimum in the region of the runs, and the doubt.

    Parameters
    ----------
    df : DataFrame
        One row a run.
    factors : sequence of str
        Columns of settings, numbers.
    response : str
        Column of the response.
    goal : {"max", "min"} or float
        Highest, lowest, or as near as can be to a value; of the settings that reach it, those
        where the mean is known best.
    coding : mapping of str to (low, high), optional
        Settings coded −1 and +1; by default the least and the greatest of each factor.
    block : str, optional
        Column of blocks: their differences are taken out; predictions are for the average block.
    model : str or sequence of str
        Terms, as :func:`qtools.doe.terms.read_terms` takes them.
    confidence : float
        Of every interval and of the confidence region.

    Returns
    -------
    ResponseSurface
        Least squares; intervals by t on the residual degrees of freedom; confidence region of the
        stationary point after Box & Hunter (1954); ridge after Draper (1963).

    Raises
    ------
    QualityDataError
        If columns are unusable, a factor is text, the model cannot be estimated or leaves no
        degree of freedom, or an option is none of those.

    References
    ----------
    Myers, Montgomery & Anderson-Cook (2016), *Response Surface Methodology*, 4th ed., ch. 6.

    Examples
    --------
    >>> import qtools as qt
    >>> df = qt.load("cvd")
    >>> found = response_surface(df, factors=["压力", "气体比"], response="应力", goal="min")
    >>> round(found.fit.pct_r2, 2), found.surface.kind
    (99.19, '最大')
    """
    goal = _read_goal(goal)
    if not 0 < confidence < 1:
        raise QualityDataError(f"置信水平 {confidence!r} 不在 0 和 1 之间。", hint="例如 0.95。")
    found = read_experiment(df, factors=factors, response=response, block=block, coding=coding)
    _require_numbers(df, found)
    terms = read_terms(model, found.factors)
    _require_terms(terms, found.factors)
    fitted = fit(_matrix(found, terms), found.y)
    if fitted.df == 0:
        raise QualityDataError(
            f"{fitted.n} 次试验正好够估计 {len(fitted.beta)} 个系数，没有剩下的自由度："
            "曲面会通过每一点，最优点有多可靠却算不出来。",
            hint="请在中心点多做几次，或减少模型项，例如去掉不要紧的交互作用。",
        )
    p = 1 + len(terms)
    surface = read_quadratic(fitted.beta[:p], terms, len(found.factors))
    region = Region.of(found.points)
    best = _best(surface, fitted, terms, region, goal, found.points)
    return ResponseSurface(
        found.factors, terms, response, goal, confidence, fitted, found.points, found.block_names,
        region, best, _trust(surface, fitted, terms, region, confidence),
        _tied(fitted, terms, region, best, goal, confidence), found.checks,
    )  # fmt: skip


def _read_goal(goal: object) -> Goal:
    words: dict[str, Literal["max", "min"]] = {
        "max": "max", "大": "max", "望大": "max", "最大": "max",
        "min": "min", "小": "min", "望小": "min", "最小": "min",
    }  # fmt: skip
    if isinstance(goal, str):
        plain = frames.plain(goal)
        if plain in words:
            return words[plain]
        with suppress(ValueError):
            goal = float(plain)
    if isinstance(goal, Real) and not isinstance(goal, bool) and np.isfinite(float(goal)):
        return float(goal)
    raise QualityDataError(
        f"目标 goal = {goal!r} 看不懂。",
        hint="写 大（max，越大越好）、小（min，越小越好），或一个目标值。",
    )


def _require_numbers(df: pd.DataFrame, found: Experiment) -> None:
    texts = [factor.name for factor in found.factors if not factor.continuous]
    if texts:
        raise QualityDataError(
            f"{frames.source(df)}响应面的因子要写成数字，“{'、'.join(texts)}”是文字。",
            hint="把高、低换成实际的设置（如 160、180）；真是类别的因子，请按类别分开，"
            "各做一个响应面。",
        )
    if len(found.factors) > _MANY:
        raise QualityDataError(
            f"响应面给了 {len(found.factors)} 个因子，太多了。",
            hint="请先做筛选，留下要紧的 2 到 5 个。",
        )


def _require_terms(terms: tuple[Term, ...], factors: Sequence[Factor]) -> None:
    """Every factor has a term, and no term is beyond second order."""
    used = {place for term in terms for place in term}
    idle = [factor.name for place, factor in enumerate(factors) if place not in used]
    if idle:
        raise QualityDataError(
            f"因子“{'、'.join(idle)}”不在模型的任何一项里，曲面说不出它该调到多少。",
            hint="请把它从 factors 里去掉，或在 model 里加上含它的项。",
        )
    high = [term_name(term, factors) for term in terms if len(term) > 2]
    if high:
        raise QualityDataError(
            f"模型项“{'、'.join(high)}”高于二次，响应面用不上。",
            hint="留下主效应、二因子交互和平方项；三因子交互请用因子试验的分析。",
        )


def _matrix(found: Experiment, terms: tuple[Term, ...]) -> ModelMatrix:
    """Model matrix; blocks come last, as one more factor with contrasts that sum to 0."""
    if len(found.block_names) < 2:
        return ModelMatrix(found.factors, terms, found.points)
    block = Factor("区组", tuple(f"区组 {name}" for name in found.block_names))
    k = len(found.factors)
    points = np.column_stack([found.points, block.positions[found.blocks]])
    return ModelMatrix((*found.factors, block), (*terms, (k,)), points)


def _best(
    surface: Quadratic,
    fitted: Fit,
    terms: tuple[Term, ...],
    region: Region,
    goal: Goal,
    runs: Matrix,
) -> Vector:
    """The setting to run, coded: constrained optimisation from several starts."""
    start = runs if surface.stationary is None else np.vstack([surface.stationary, runs])
    if goal == "max":
        return best_in(region, lambda x: -surface.at(x), start)
    if goal == "min":
        return best_in(region, surface.at, start)
    target = float(goal)
    near = best_in(region, lambda x: (surface.at(x) - target) ** 2, start)
    spread = float(np.ptp(surface.at(region.sample)))
    if abs(float(surface.at(near[None])[0]) - target) > 1e-3 * spread:
        return near
    p = 1 + len(terms)
    inverse = fitted.unscaled[:p, :p]

    def doubt(points: Matrix) -> Vector:
        x = _rows(terms, points)
        off = ((surface.at(points) - target) / (_REACHED**0.5 * spread)) ** 2
        return np.asarray(np.einsum("ij,jk,ik->i", x, inverse, x) + off)

    return best_in(region, doubt, np.vstack([near, start]))


def _trust(
    surface: Quadratic,
    fitted: Fit,
    terms: tuple[Term, ...],
    region: Region,
    confidence: float,
) -> Trust | None:
    """Where the stationary point may lie, over a sample of the region."""
    from scipy.special import fdtri

    if not surface.curved or not fitted.sse:
        return None
    p = 1 + len(terms)
    k = len(region.low)
    covariance = fitted.unscaled[:p, :p] * (fitted.sse / fitted.df)
    limit = float(fdtri(k, fitted.df, confidence))

    def covered(points: Matrix) -> npt.NDArray[np.bool_]:
        statistic = slope_statistic(points, fitted.beta[:p], covariance, terms)
        return np.asarray(statistic <= limit)

    centre = np.zeros(k) if surface.stationary is None else surface.stationary
    share, ends = region.covered(covered, region.inward(centre)[0])
    return Trust(share, ends, bool(covered(region.border).any()), limit)


def _tied(
    fitted: Fit,
    terms: tuple[Term, ...],
    region: Region,
    best: Vector,
    goal: Goal,
    confidence: float,
) -> Tied | None:
    """Points whose mean is not significantly worse than that of the best, each by its own t."""
    if goal not in ("max", "min"):
        return None
    p = 1 + len(terms)
    limit = t_quantile(confidence, fitted.df) * (fitted.sse / fitted.df) ** 0.5

    def alike(points: Matrix) -> npt.NDArray[np.bool_]:
        away = _rows(terms, points) - _rows(terms, best[None])
        spread = np.einsum("ij,jk,ik->i", away, fitted.unscaled[:p, :p], away)
        off = np.abs(away @ fitted.beta[:p])
        return np.asarray(off <= limit * np.sqrt(np.maximum(spread, 0.0)))

    share, ends = region.covered(alike, best)
    return Tied(share, ends or (best, best))


def _rows(terms: tuple[Term, ...], points: Matrix) -> Matrix:
    """Model rows of continuous factors at coded points, without blocks."""
    return ModelMatrix(read_factors(points.shape[1]), terms, points).x
