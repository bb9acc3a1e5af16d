"""配比的点 Points of a simplex: lattices, centroids, and the vertices that bounds leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

_STARTS = 8
VERTEX, EDGE, BLEND, CENTROID = "顶点", "棱中点", "混合点", "总重心"
SAME = 9  # decimals in which two points are one


def extreme_vertices(lower: Sequence[float], upper: Sequence[float]) -> Matrix:
    """极端顶点 Vertices of the mixtures between bounds, shape (v, q), in falling order.

    At a vertex all components but one are at a bound, and that one makes up the whole: every such
    point within the bounds is one (McLean & Anderson's algorithm, exhaustively).

    Examples
    --------
    >>> extreme_vertices([0.2, 0.1, 0.1], [0.6, 0.6, 0.5]).round(3).tolist()[0]
    [0.6, 0.3, 0.1]
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    q = len(low)
    out = []
    for slack in range(q):
        rest = [place for place in range(q) if place != slack]
        for ends in product(*[sorted({low[place], high[place]}) for place in rest]):
            point = np.zeros(q)
            point[rest] = ends
            point[slack] = 1 - sum(ends)
            if low[slack] - 1e-12 <= point[slack] <= high[slack] + 1e-12:
                out.append(np.round(point, 12))
    rounded = np.asarray(np.round(np.array(out), SAME + 1), dtype=np.float64)
    corners: Matrix = np.unique(rounded, axis=0)[::-1]
    return corners


def extreme_points(low: Matrix, high: Matrix, degree: int) -> tuple[Matrix, list[str]]:
    """Vertices, middles of the edges where ``degree`` is 2, and the overall centroid."""
    corners = extreme_vertices(low.tolist(), high.tolist())
    points, kinds = [corners], [VERTEX] * len(corners)
    if degree >= 2:
        middles = [
            (one + other) / 2
            for one, other in combinations(corners, 2)
            if _edge(one, other, low, high)
        ]
        points += [np.array(middles).reshape(-1, len(low))]
        kinds += [EDGE] * len(middles)
    if len(corners) > 1:
        points.append(corners.mean(axis=0, keepdims=True))
        kinds.append(CENTROID)
    return np.vstack(points), kinds


def _edge(one: Matrix, other: Matrix, low: Matrix, high: Matrix) -> bool:
    """Whether two vertices share all bounds but one, so that the line between them is an edge."""
    at_low = (np.abs(one - low) < 1e-9) & (np.abs(other - low) < 1e-9)
    at_high = (np.abs(one - high) < 1e-9) & (np.abs(other - high) < 1e-9)
    return int((at_low | at_high).sum()) >= len(low) - 2


def simplex_points(kind: str, q: int, degree: int) -> tuple[Matrix, list[str]]:
    """Lattice or centroid of the whole simplex, and what each point is."""
    import pydoe

    if kind == "lattice":
        points = np.asarray(pydoe.simplex_lattice_design(q, degree), dtype=np.float64)
    else:
        points = np.asarray(pydoe.simplex_centroid_design(q), dtype=np.float64)
    kinds = []
    for point in points:
        used = int((point > 1e-9).sum())
        even = bool(np.ptp(point[point > 1e-9]) < 1e-9)
        if used == 1:
            kinds.append(VERTEX)
        elif used == q and even:
            kinds.append(CENTROID)
        else:
            kinds.append(EDGE if used == 2 and even else BLEND)
    return points / points.sum(axis=1, keepdims=True), kinds


def least_blend(value: Callable[[Matrix], Vector], tried: Matrix) -> tuple[Vector, float]:
    """Blend where a smooth function is least, within the ranges of the blends tried.

    The best of those tried are starts of a search along the simplex (SLSQP), whose end counts only
    where it is a blend within the ranges and better.

    Parameters
    ----------
    value : callable
        Blends, shape (n, q), to values.
    tried : ndarray of float64, shape (m, q)
        Spread over the region; rows add up to 1.
    """
    from scipy.optimize import minimize

    low, high = tried.min(axis=0), tried.max(axis=0)
    found = value(tried)
    scale = float(np.ptp(found)) or 1.0
    place = int(found.argmin())
    best, least = tried[place], float(found[place])
    for start in np.argsort(found, kind="stable")[:_STARTS]:
        done = minimize(
            lambda x: float(value(x[None])[0] - found[place]) / scale, tried[start],
            method="SLSQP", bounds=list(zip(low, high, strict=True)),
            constraints={"type": "eq", "fun": lambda x: float(x.sum()) - 1},
            options={"maxiter": 200, "ftol": 1e-14},
        )  # fmt: skip
        point = np.clip(done.x, low, high)
        own = float(value(point[None])[0])
        if abs(float(point.sum()) - 1) < 1e-9 and own < least - 1e-12 * scale:
            best, least = point, own
    return best, least
