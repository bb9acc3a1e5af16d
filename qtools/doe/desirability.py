"""意愿函数 One compromise of several responses, what else could be had, and how safe it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.desirability_result import Desirability
from qtools.doe.goals import Goal
from qtools.doe.making import whole
from qtools.doe.region import Region
from qtools.doe.surface_result import ResponseSurface
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

_STARTS = 6
_FRONT = 1500  # points among which the Pareto front is sought
_SEARCH = 1000  # draws with which settings are ranked by their probability
_FLAT = 1e-2  # of the radius: settings of the highest D farther apart than it are many
_LEVEL = 1e-9  # of D: settings within it are as good as each other


def desirability(
    surfaces: Sequence[ResponseSurface],
    goals: Mapping[str, Goal],
    *,
    draws: int = 20_000,
    seed: int = 1,
) -> Desirability:
    """意愿函数 Settings that serve several responses at once (Derringer & Suich 1980).

    Each predicted response becomes a desirability d between 0 and 1; the overall one is their
    weighted geometric mean, D = (Π dᵢ^wᵢ)^(1/Σw), highest over the region of the runs. Where many
    settings have the highest D, the one whose predictions lie farthest inside all limits, in
    prediction standard deviations, is taken.

    Parameters
    ----------
    surfaces : sequence of ResponseSurface
        One a response, of the same factors.
    goals : mapping of str to Goal
        By response.
    draws : int
        Draws of the responses at a setting, for intervals and probabilities.
    seed : int

    Returns
    -------
    Desirability
        Probabilities are predictive: errors of all responses are drawn together from the residual
        covariance (inverse Wishart, so that each response alone has its t distribution), or one by
        one where the surfaces rest on different models or runs.

    Raises
    ------
    QualityDataError
        If surfaces do not share their factors, a response has no goal, or there are fewer than two.

    References
    ----------
    Derringer & Suich (1980), J. Quality Technology 12, 214-219; Peterson (2004), ibid. 36, 139-153.

    Examples
    --------
    >>> import qtools as qt
    >>> df = qt.load("tyre")
    >>> goals = qt.doe.read_goals(
    ...     ["耐磨", "定伸", "伸长率", "硬度"], lower=[120, 1000, 400, 60],
    ...     target=[170, 1300, 500, 67.5], upper=["无", "无", 600, 75])
    >>> surfaces = [
    ...     qt.doe.response_surface(df, factors=["白炭黑", "硅烷", "硫黄"], response=name)
    ...     for name in goals]
    >>> round(desirability(surfaces, goals).overall, 3)
    0.583
    """
    whole("抽样次数 draws", draws, least=200, most=1_000_000)
    whole("种子 seed", seed, least=0)
    surfaces = tuple(surfaces)
    _require(surfaces, goals)
    wanted = tuple(goals[surface.response] for surface in surfaces)
    region = Region(
        np.max([one.region.low for one in surfaces], axis=0),
        np.min([one.region.high for one in surfaces], axis=0),
        min(one.region.radius for one in surfaces),
    )
    best = _best(surfaces, wanted, region)
    errors, joint = draw_errors(surfaces, draws, seed)
    some = np.vstack([region.sample[:: 1 + len(region.sample) // _FRONT], best])
    predicted = predictions(surfaces, some)
    chances = probability(surfaces, wanted, some, errors[:_SEARCH])
    useful = overall(wanted, predicted) > 0
    kept = some[useful] if useful.any() else some
    front = kept[undominated(shortfalls(wanted, predictions(surfaces, kept)))]
    reliable = None
    if chances.max() > 0:
        likely = some[chances == chances.max()]  # many, where all draws keep the limits
        reliable = likely[int(margin(surfaces, wanted, likely).argmax())]
    return Desirability(surfaces, wanted, region, best, front, reliable, errors, joint, seed)


def predictions(surfaces: Sequence[ResponseSurface], points: Matrix) -> Matrix:
    """Predicted means at coded points, shape (n, responses)."""
    return np.column_stack([one.surface.at(points) for one in surfaces])


def overall(goals: Sequence[Goal], y: Matrix) -> Vector:
    """总意愿 Weighted geometric mean of the desirabilities, over the last axis of ``y``."""
    total = np.zeros(y.shape[:-1])
    with np.errstate(divide="ignore"):
        for place, goal in enumerate(goals):
            total += goal.importance * np.log(goal.desirability(y[..., place]))
    return np.asarray(np.exp(total / sum(goal.importance for goal in goals)))


def shortfalls(goals: Sequence[Goal], y: Matrix) -> Matrix:
    """How far each response is from fully satisfying, shape (n, responses)."""
    return np.column_stack([goal.shortfall(y[:, place]) for place, goal in enumerate(goals)])


def margin(surfaces: Sequence[ResponseSurface], goals: Sequence[Goal], points: Matrix) -> Vector:
    """余地 Distance to the nearest limit of any response, in prediction standard deviations."""
    out = np.full(len(points), np.inf)
    for one, goal in zip(surfaces, goals, strict=True):
        y = one.surface.at(points)
        spread = np.maximum(one.s * np.sqrt(1 + one.leverage(points)), 1e-300)
        for limit, sign in ((goal.lower, 1.0), (goal.upper, -1.0)):
            if limit is not None:
                out = np.minimum(out, sign * (y - limit) / spread)
    return out


def undominated(loss: Matrix) -> npt.NDArray[np.bool_]:
    """帕累托 Rows that no other row beats in one column without losing in another.

    Examples
    --------
    >>> undominated(np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 2.0], [1.0, 1.0]])).tolist()
    [True, True, False, True]
    """
    keep = np.ones(len(loss), dtype=bool)
    for place, own in enumerate(loss):
        beaten = (loss <= own).all(axis=1) & (loss < own).any(axis=1)
        keep[place] = not beaten.any()
    return keep


def draw_errors(surfaces: Sequence[ResponseSurface], draws: int, seed: int) -> tuple[Matrix, bool]:
    """Errors of the responses of a unit, shape (draws, responses), and whether they go together.

    Multiplied by √h they are errors of the predicted mean, by √(1 + h) those of a new run.
    """
    rng = np.random.default_rng(seed)
    m = len(surfaces)
    first = surfaces[0].fit
    normal = rng.normal(size=(draws, m))
    residuals = np.column_stack(
        [one.fit.residuals if one.fit.n == first.n else np.zeros(first.n) for one in surfaces]
    )
    same = all(np.array_equal(one.fit.matrix.x, first.matrix.x) for one in surfaces)
    if not same or first.df < m or np.linalg.matrix_rank(residuals) < m:
        scale = [one.s * np.sqrt(one.fit.df / rng.chisquare(one.fit.df, draws)) for one in surfaces]
        return normal * np.column_stack(scale), False
    # Bartlett: with S = L L′, Σ = L A′⁻¹ A⁻¹ L′; the degrees of freedom leave each margin its t
    lower = np.linalg.cholesky(residuals.T @ residuals)
    bartlett = np.tril(rng.normal(size=(draws, m, m)), -1)
    df = first.df + m - 1
    for place in range(m):
        bartlett[:, place, place] = np.sqrt(rng.chisquare(df - place, draws))
    solved = np.linalg.solve(bartlett.transpose(0, 2, 1), normal[:, :, None])[:, :, 0]
    return solved @ lower.T, True


def probability(
    surfaces: Sequence[ResponseSurface],
    goals: Sequence[Goal],
    points: Matrix,
    errors: Matrix,
    unit: bool = True,
) -> Vector:
    """Share of draws in which every response keeps its limits, at coded points.

    ``unit``: of a new run; else of the mean.
    """
    middle = predictions(surfaces, points)
    h = np.column_stack([one.leverage(points) for one in surfaces])
    spread = np.sqrt(h + float(unit))
    out = np.empty(len(points))
    for place in range(len(points)):
        y = middle[place] + spread[place] * errors
        kept = [goal.within(y[:, at]) for at, goal in enumerate(goals)]
        out[place] = np.all(kept, axis=0).mean()
    return out


def _require(surfaces: Sequence[ResponseSurface], goals: Mapping[str, Goal]) -> None:
    if len(surfaces) < 2:
        raise QualityDataError(
            "意愿函数至少要两个响应。", hint="只有一个响应，看响应面的最好设置就够了。"
        )
    first = surfaces[0]
    names = [one.response for one in surfaces]
    if len(set(names)) < len(names):
        raise QualityDataError(f"响应 {'、'.join(names)} 里有重复。", hint="每个响应一个响应面。")
    for one in surfaces[1:]:
        if one.factors != first.factors:
            raise QualityDataError(
                f"“{one.response}”和“{first.response}”的响应面因子或编码不同，不能放在一起。",
                hint="所有响应面用同样的因子、同样的次序，来自同一批试验。",
            )
    lost = [name for name in names if name not in goals]
    if lost:
        raise QualityDataError(
            f"响应“{'、'.join(lost)}”没有写目标。", hint="goals 里每个响应写一个 Goal。"
        )
    extra = [name for name in goals if name not in names]
    if extra:
        raise QualityDataError(
            f"目标“{'、'.join(extra)}”没有对应的响应面。", hint="去掉它，或补上那个响应的响应面。"
        )


def _best(surfaces: Sequence[ResponseSurface], goals: Sequence[Goal], region: Region) -> Vector:
    """Point of the highest D, the safest of many; where D is 0 everywhere, the least violation."""
    from scipy.optimize import minimize

    sample = region.sample
    y = predictions(surfaces, sample)
    size = np.ptp(y, axis=0)
    size[size == 0] = 1.0
    possible = bool((overall(goals, y) > 0).any())
    fitted = [one.surface for one in surfaces]

    def loss(points: Matrix) -> Vector:
        values = np.column_stack([one.at(points) for one in fitted])
        if possible:
            return -overall(goals, values)
        beyond = [goal.outside(values[:, i]) / size[i] for i, goal in enumerate(goals)]
        return np.asarray(np.max(beyond, axis=0))

    found = loss(sample)
    ends = [(float(found.min()), sample[int(found.argmin())])]
    for start in _apart(sample[np.argsort(found, kind="stable")], region.radius / 5):
        done = minimize(
            lambda x: float(loss(region.inward(x))[0]), start, method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-10, "maxiter": 600},
        )  # fmt: skip
        ends.append((float(done.fun), region.inward(done.x)[0]))
    least, best = min(ends, key=lambda end: end[0])
    if possible:
        level = np.vstack([best, sample[found <= least + _LEVEL]])
        level = np.vstack([level, *[x for value, x in ends if value <= least + _LEVEL]])
        safest = level[int(margin(surfaces, goals, level).argmax())]
        if np.linalg.norm(level - best, axis=1).max() > _FLAT * region.radius:

            def unsafe(x: Vector) -> float:
                at = region.inward(x)
                beyond = float(loss(at)[0]) - least
                return 1e6 * beyond if beyond > _LEVEL else -float(margin(surfaces, goals, at)[0])

            done = minimize(unsafe, safest, method="Nelder-Mead", options={"xatol": 1e-6})
            best = region.inward(done.x)[0]
    return np.asarray(best + 0.0)


def _apart(ranked: Matrix, distance: float) -> list[Vector]:
    """The first points of a ranking that are not near each other."""
    chosen: list[Vector] = []
    for point in ranked[:2000]:
        if all(np.linalg.norm(point - other) > distance for other in chosen):
            chosen.append(point)
        if len(chosen) == _STARTS:
            break
    return chosen
