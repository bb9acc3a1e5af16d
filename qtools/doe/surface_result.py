"""响应面的结果 What a response surface says: settings, their prediction, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.doe import surface_tables as tables
from qtools.doe.canonical import Quadratic, read_quadratic
from qtools.doe.factor import Factor, Setting
from qtools.doe.fit import Fit
from qtools.doe.region import Region
from qtools.doe.terms import ModelMatrix, Term
from qtools.estimate import Estimate, t_quantile
from qtools.result import Check, Interval, Metric, Result, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trust:
    """置信域 Where the stationary point may lie, within the region of the runs.

    Parameters
    ----------
    pct_region : float
        Share of the region that it covers, in percent.
    ends : (ndarray, ndarray) or None
        Least and greatest coded setting in it; None if it does not meet the region.
    open : bool
        Whether it reaches the border, so that the runs do not close it.
    limit : float
        Quantile of F below which a point is in it.
    """

    pct_region: float
    ends: tuple[Vector, Vector] | None
    open: bool
    limit: float


@dataclass(frozen=True, slots=True)
class Tied:
    """难分的设置 Settings whose predicted mean cannot be told from that of the best one.

    Parameters
    ----------
    pct_region : float
        Share of the region that they cover, in percent; each point by its own t test.
    ends : (ndarray, ndarray)
        Least and greatest coded setting among them.
    """

    pct_region: float
    ends: tuple[Vector, Vector]


@dataclass(frozen=True, slots=True, eq=False)
class ResponseSurface(Result):
    """响应面 A fitted surface with its optimum in the region of the runs.

    Parameters
    ----------
    factors : tuple of Factor
    terms : tuple of Term
        Of the model, without blocks.
    response : str
    goal : "max", "min" or float
    confidence : float
    fit : Fit
        Least squares; blocks, if any, are its last term.
    points : ndarray, shape (n, k)
        Coded runs.
    block_names : tuple of str
        One name without blocks.
    region : Region
        Where there were runs.
    best : ndarray, shape (k,)
        Coded setting that serves the goal best in the region.
    trust : Trust or None
        Confidence region of the stationary point; None without curvature or residual.
    tied : Tied or None
        Settings as good as the best, as far as the runs can tell; None for a target.
    given : tuple of Check
        What was seen when the data were read.
    """

    title: ClassVar[str] = "响应面"

    factors: tuple[Factor, ...]
    terms: tuple[Term, ...]
    response: str
    goal: str | float
    confidence: float
    fit: Fit
    points: Matrix
    block_names: tuple[str, ...]
    region: Region
    best: Vector
    trust: Trust | None
    tied: Tied | None
    given: tuple[Check, ...] = ()

    # --- the surface -----------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(factor.name for factor in self.factors)

    @property
    def surface(self) -> Quadratic:
        """二次曲面 The fitted surface in coded values."""
        return read_quadratic(self.fit.beta[: 1 + len(self.terms)], self.terms, len(self.factors))

    @property
    def s(self) -> float:
        """Residual standard deviation; estimator: √(SSE/df) of the fit."""
        return float((self.fit.sse / self.fit.df) ** 0.5)

    def rows(self, points: Matrix) -> Matrix:
        """Model rows at coded points, for the average block."""
        x = ModelMatrix(self.factors, self.terms, np.atleast_2d(points)).x
        return np.hstack([x, np.zeros((len(x), len(self.fit.beta) - x.shape[1]))])

    def leverage(self, points: Matrix) -> Vector:
        """x′(X′X)⁻¹x at coded points: variance of the mean over σ²."""
        x = self.rows(points)
        return np.asarray(np.einsum("ij,jk,ik->i", x, self.fit.unscaled, x))

    def mean_at(self, points: Matrix) -> list[Estimate]:
        """Mean response at coded points, with standard errors."""
        values = self.rows(points) @ self.fit.beta
        errors = self.s * np.sqrt(self.leverage(points))
        return [
            Estimate(float(value), float(se), self.fit.df, self.confidence)
            for value, se in zip(values, errors, strict=True)
        ]

    def prediction(self, point: Vector, runs: int = 1, confidence: float | None = None) -> Interval:
        """预测区间 For the mean of future runs at a coded point: ŷ ± t·s·√(h + 1/m)."""
        level = self.confidence if confidence is None else confidence
        half = t_quantile(level, self.fit.df) * self.s
        half *= float(self.leverage(point)[0] + 1 / runs) ** 0.5
        middle = float((self.rows(point) @ self.fit.beta)[0])
        method = f"{runs} 次的平均，t，自由度 {self.fit.df}"
        return Interval(middle - half, middle + half, level, method)

    def settings(self, point: Vector) -> dict[str, Setting]:
        """Coded point in natural units."""
        pairs = zip(self.factors, point, strict=True)
        return {factor.name: factor.settings([value])[0] for factor, value in pairs}

    def coefficient(self, place: int) -> Estimate:
        """Coefficient of a column of the model, the intercept at 0."""
        se = self.s * float(self.fit.unscaled[place, place]) ** 0.5
        return Estimate(float(self.fit.beta[place]), se, self.fit.df, self.confidence)

    def eigenvalue(self, place: int) -> Estimate:
        """Curvature along an axis with its standard error (Bisgaard & Ankenman 1996)."""
        axis = self.surface.axes[:, place]
        weight = np.zeros(len(self.fit.beta))
        for at, term in enumerate(self.terms, start=1):
            if len(term) == 2:
                weight[at] = axis[term[0]] * axis[term[1]]
        variance = float(weight @ self.fit.unscaled @ weight) * self.s**2
        value = float(self.surface.eigenvalues[place])
        return Estimate(value, variance**0.5, self.fit.df, self.confidence)

    # --- what it says ----------------------------------------------------------------------------

    @property
    def wanted(self) -> str | None:
        """Kind of stationary point that is an optimum for the goal; None for a target."""
        return {"max": "最大", "min": "最小"}.get(str(self.goal))

    @property
    def stationary_inside(self) -> bool:
        """Whether the stationary point lies where there were runs."""
        point = self.surface.stationary
        return point is not None and bool(self.region.contains(point)[0])

    @property
    def located(self) -> bool:
        """Whether the optimum is inside and the runs close its confidence region."""
        right = self.surface.kind == self.wanted and self.stationary_inside
        return right and (self.trust is None or not self.trust.open)

    @property
    def on_border(self) -> bool:
        """Whether the best setting lies on the border of the region."""
        return self.region.on_border(self.best)

    @property
    def climbs(self) -> bool:
        """Whether the way to the goal is up: for a target, seen from the centre."""
        if self.wanted is None:
            return float(self.goal) > self.surface.constant
        return self.goal == "max"

    @property
    def reached(self) -> bool:
        """Whether a target value can be had in the region."""
        if self.wanted is not None:
            return False
        off = abs(self.mean_at(self.best)[0].value - float(self.goal))
        spread = float(np.ptp(self.surface.at(self.region.sample)))
        return off <= 1e-3 * spread

    def path(self, step: float = 0.25, upto: float | None = None) -> pd.DataFrame:
        """爬坡路径 Best point at each distance from the centre, with its predicted mean.

        Without curvature this is the path of steepest ascent (or descent); with it, the ridge.

        Parameters
        ----------
        step : float
            Coded distance between the rows.
        upto : float, optional
            Farthest distance; by default the region's, half as far again on a border.
        """
        return tables.path(self, step, upto)

    def coefficients(self) -> pd.DataFrame:
        """系数 Coefficients in coded units with intervals."""
        return tables.coefficients(self)

    def anova(self) -> pd.DataFrame:
        """方差分析 Linear, interaction and square terms as groups, then lack of fit."""
        return tables.anova(self)

    def canonical(self) -> pd.DataFrame:
        """典型分析 Eigenvalues with intervals, and the direction of each axis."""
        return tables.canonical(self)

    def table(self) -> pd.DataFrame:
        """Best setting, stationary point and the ends of its confidence region, per factor."""
        return tables.overview(self)

    def figure(self) -> go.Figure:
        """等高线 Contours with runs, best setting and confidence region; a curve for one factor."""
        from qtools.doe.surface_view import draw

        return draw(self)

    def path_figure(self) -> go.Figure:
        """岭线图 Predicted mean and settings along the path."""
        from qtools.doe.surface_view import draw_path

        return draw_path(self)

    def metrics(self) -> dict[str, Metric]:
        """Flat numbers, numbered by factor from 1.

        ``n df s pct_r2 pct_r2_adj pct_r2_pred model_p linear_p interaction_p square_p lof_p``,
        ``kind stationary_inside located on_border tied_pct trust_pct``, ``bestI stationaryI`` in
        natural units, ``bestI_coded stationaryI_coded``, ``eigenvalueI``, ``best_mean
        best_pi_low best_pi_high``, coefficients in coded units ``b0 bI bIJ bII``.
        """
        return tables.metrics(self)

    @property
    def verdict(self) -> Verdict:
        """Where to run, and whether the optimum is known."""
        return tables.verdict(self)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What stands against reading the optimum off the surface."""
        return (*self.given, *tables.checks(self))
