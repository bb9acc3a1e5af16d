"""试验范围 Where there were runs, points spread over it, and the best of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

_STARTS = 8
_PER_AXIS = {1: 401, 2: 61, 3: 21}  # points of the grid over the region; more factors: Halton
_POINTS = 6000
_RAYS = 1000
_ZOOMS, _ENOUGH = 12, 200  # halvings of the sampled part, points that are enough
_EDGE = 1e-4  # coded distance at which a point counts as on the border


@dataclass(frozen=True)
class Region:
    """试验范围 Where there were runs: between the ends of each factor and within a distance.

    Parameters
    ----------
    low, high : ndarray, shape (k,)
        Least and greatest coded setting of each factor.
    radius : float
        Distance of the farthest run from the centre of the coded values.
    """

    low: Vector
    high: Vector
    radius: float

    @classmethod
    def of(cls, points: Matrix) -> Region:
        """Region of the runs of a design."""
        reach = float(np.linalg.norm(points, axis=1).max())
        return cls(points.min(axis=0), points.max(axis=0), reach)

    def contains(self, points: Matrix) -> npt.NDArray[np.bool_]:
        """Which points, shape (n, k), lie in it."""
        points = np.atleast_2d(points)
        near = np.linalg.norm(points, axis=1) <= self.radius + _EDGE
        boxed = (points >= self.low - _EDGE) & (points <= self.high + _EDGE)
        return np.asarray(near & boxed.all(axis=1))

    def on_border(self, point: Vector) -> bool:
        """Whether a point of it lies on its border."""
        near = float(np.linalg.norm(point)) > self.radius - _EDGE
        return near or bool(((point < self.low + _EDGE) | (point > self.high - _EDGE)).any())

    def inward(self, points: Matrix) -> Matrix:
        """Points brought into the region: to the ends of each factor, then towards the centre."""
        boxed = np.clip(np.atleast_2d(points), self.low, self.high)
        far = np.linalg.norm(boxed, axis=1, keepdims=True)
        return np.asarray(boxed * np.minimum(1.0, self.radius / np.maximum(far, 1e-300)))

    @cached_property
    def _spread(self) -> Matrix:
        """Points spread evenly over the box, the same every time."""
        k = len(self.low)
        if k in _PER_AXIS:
            ends = zip(self.low, self.high, strict=True)
            return np.array(list(product(*[np.linspace(a, b, _PER_AXIS[k]) for a, b in ends])))
        from scipy.stats import qmc

        unit = qmc.Halton(k, scramble=False).random(_POINTS + 1)[1:]
        return np.asarray(self.low + unit * (self.high - self.low))

    @property
    def inside(self) -> Matrix:
        """Points spread evenly over the region."""
        return self._spread[self.contains(self._spread)]

    @property
    def border(self) -> Matrix:
        """Points of the border, seen from the middle in all directions."""
        middle = self.inward((self.low + self.high)[None] / 2)[0]
        ways = self._spread[:: 1 + len(self._spread) // _RAYS] - middle
        ways = ways[np.linalg.norm(ways, axis=1) > _EDGE]
        reach = np.where(ways > 0, self.high - middle, middle - self.low)
        with np.errstate(divide="ignore"):
            box = np.min(reach / np.abs(ways), axis=1)
        a, b = (ways**2).sum(axis=1), ways @ middle
        ball = (np.sqrt(b**2 + a * max(self.radius**2 - middle @ middle, 0.0)) - b) / a
        return np.asarray(middle + ways * np.minimum(box, ball)[:, None])

    @cached_property
    def sample(self) -> Matrix:
        """Points inside and on the border."""
        return np.vstack([self.inside, self.border])

    @property
    def volume(self) -> float:
        """Size of the region in coded units."""
        box = float(np.prod(self.high - self.low))
        return box * len(self.inside) / len(self._spread)

    def near(self, point: Vector, half: float) -> Region:
        """The part of the region within a distance of a point of it, factor by factor."""
        low, high = np.maximum(self.low, point - half), np.minimum(self.high, point + half)
        return Region(low, high, self.radius)

    def covered(
        self, test: Callable[[Matrix], npt.NDArray[np.bool_]], around: Vector
    ) -> tuple[float, tuple[Vector, Vector] | None]:
        """Percent of the region that passes a test, and the ends of what passes.

        Where hardly any point of the sample passes, points are laid closer and closer around a
        point of the region, so that a small set is seen as well as a large one.
        """
        found: list[Matrix] = []
        share, half = 0.0, float((self.high - self.low).max())
        for _ in range(_ZOOMS):
            local = self.near(around, half)
            hit = test(local.inside) if len(local.inside) else np.zeros(0, dtype=bool)
            if hit.any():
                own = 100 * float(hit.mean()) * local.volume / self.volume
                whole = all(local.contains(points).all() for points in found)
                share = own if whole else max(share, own)
                found.append(local.inside[hit])
            if hit.sum() >= _ENOUGH:
                break
            half /= 2
        found.append(self.border[test(self.border)])
        chosen = np.vstack(found)
        return share, ((chosen.min(axis=0), chosen.max(axis=0)) if len(chosen) else None)


def best_in(
    region: Region,
    value: Callable[[Matrix], Vector],
    start: Matrix | None = None,
) -> Vector:
    """The point of a region where a smooth function is least: several starts, deterministic.

    Parameters
    ----------
    region : Region
    value : callable
        Points, shape (n, k), to values.
    start : ndarray, optional
        Points to look at besides the sample of the region.
    """
    from scipy.optimize import minimize

    tried = region.sample if start is None else np.vstack([region.inward(start), region.sample])
    found = value(tried)
    spread = float(found.max() - found.min()) or 1.0
    best, least = tried[int(found.argmin())], float(found.min())
    for place in np.argsort(found, kind="stable")[:_STARTS]:
        done = minimize(
            lambda x: float(value(x[None])[0]) / spread,
            tried[place],
            method="SLSQP",
            bounds=list(zip(region.low, region.high, strict=True)),
            constraints={"type": "ineq", "fun": lambda x: region.radius**2 - float(x @ x)},
            options={"maxiter": 200, "ftol": 1e-12},
        )
        point = region.inward(done.x)[0]
        own = float(value(point[None])[0])
        if own < least - 1e-12 * spread:
            best, least = point, own
    return np.asarray(best + 0.0)
