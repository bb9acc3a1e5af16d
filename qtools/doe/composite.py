"""响应面设计 Central composite and Box–Behnken designs: runs for a quadratic model."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from qtools.doe.design import CENTER, CORNER, EDGE, STAR, Design
from qtools.doe.factor import LETTERS, Factor, Factors, read_factors
from qtools.doe.making import make, whole
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

Kind = Literal["rotatable", "faced", "inscribed"]

_NAMES: dict[str, str] = {
    "rotatable": "中心复合设计（可旋转）",
    "faced": "中心复合设计（面心）",
    "inscribed": "中心复合设计（内接）",
}
# generators of fractions of resolution V or more: the defined factors, and what defines them
_FRACTIONS: dict[int, tuple[str, ...]] = {
    5: ("E=ABCD",),
    6: ("F=ABCDE",),
    7: ("G=ABCDEF",),
    8: ("G=ABCD", "H=ABEF"),
}
_CENTER = 4  # centre runs beside the factorial points where nothing is said
# Box & Behnken (1960): the factors that move together, the others in the middle; and, where the
# design can be run in blocks, which sets belong to which block
_SETS: dict[int, tuple[tuple[int, ...], ...]] = {
    3: tuple(combinations(range(3), 2)),
    4: tuple(combinations(range(4), 2)),
    5: tuple(combinations(range(5), 2)),
    6: tuple(tuple(sorted((place + i) % 6 for place in (0, 1, 3))) for i in range(6)),
    7: tuple(tuple(sorted((place + i) % 7 for place in (0, 1, 3))) for i in range(7)),
}
_SET_BLOCKS: dict[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    4: (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))),
    5: (
        ((0, 1), (1, 2), (2, 3), (3, 4), (0, 4)),  # two cycles: each factor twice in each block
        ((0, 2), (2, 4), (1, 4), (1, 3), (0, 3)),
    ),
}


def central_composite(
    factors: Factors,
    *,
    kind: Kind = "rotatable",
    center: int = _CENTER,
    fraction: bool | None = None,
    blocks: bool = False,
    seed: int = 1,
) -> Design:
    """中心复合设计 Factorial points, star points on the axes and centre runs (CCD).

    Parameters
    ----------
    factors
        Two to eight, continuous; see :func:`qtools.doe.factor.read_factors`. Their two settings
        are the factorial points, except of an inscribed design, where they are the star points.
    kind : {"rotatable", "faced", "inscribed"}
        Distance of the star points: α = F^(1/4) for F factorial points, so that the precision of a
        prediction depends on the distance from the centre only; 1 (three settings a factor); or a
        rotatable design shrunk until its star points are at ±1, for limits that must be kept.
    center : int
        Centre runs; of a design in blocks, those beside the factorial points.
    fraction : bool, optional
        Whether the factorial points are a fraction of resolution V or more; from 5 factors on they
        are, by default.
    blocks : bool
        Whether the star points are a block of their own, run later. α and the centre runs of the
        second block are then chosen so that blocks do not touch the coefficients:
        α² = k (1 + s/2k)/(1 + c/F) with c and s centre runs, s the one that comes nearest to a
        rotatable design.
    seed : int
        Of the random order.

    Raises
    ------
    QualityDataError
        If the number of factors, a setting or an option does not allow the design.

    References
    ----------
    Box & Wilson (1951), JRSS B 13, 1-45; Box & Hunter (1957), Ann. Math. Stat. 28, 195-241.

    Examples
    --------
    >>> design = central_composite({"温度": (160, 180), "压力": (1, 2)}, center=3)
    >>> design.n_runs, float(design.points.max().round(4))
    (11, 1.4142)
    """
    found = _continuous(factors, 2, 8, "中心复合设计")
    if kind not in get_args(Kind):
        raise QualityDataError(
            f"kind = {kind!r} 不对。",
            hint="写 rotatable（可旋转）、faced（面心）或 inscribed（内接）。",
        )
    whole("中心点个数 center", center, least=0)
    if blocks and kind != "rotatable":
        raise QualityDataError(
            '分区组的中心复合设计只有 kind="rotatable" 一种：轴点的距离要由正交的条件定。',
            hint="请去掉 kind，或不分区组。",
        )
    k = len(found)
    cube, generators = _cube(k, fraction)
    alpha, beside = (1.0 if kind == "faced" else len(cube) ** 0.25), 0
    if blocks:
        alpha, beside = _orthogonal(k, len(cube), center)
    star = np.vstack([alpha * sign * np.eye(k)[i] for i in range(k) for sign in (-1, 1)])
    parts = [cube, np.zeros((center, k)), star, np.zeros((beside, k))]
    points = np.vstack(parts) / (alpha if kind == "inscribed" else 1.0)
    kinds = [
        name for name, part in zip((CORNER, CENTER, STAR, CENTER), parts, strict=True) for _ in part
    ]
    first = len(cube) + center
    return make(
        _NAMES[kind], found, points, seed=seed, kinds=kinds,
        blocks=np.array([0] * first + [int(blocks)] * (len(points) - first), dtype=np.intp),
        generators=generators, model="quadratic",
        source="Box 与 Wilson（1951）；Box 与 Hunter（1957）",
    )  # fmt: skip


def box_behnken(
    factors: Factors, *, center: int = 3, blocks: bool = False, seed: int = 1
) -> Design:
    """Box–Behnken 设计 Three settings a factor, never all factors at an end together (BBD).

    Parameters
    ----------
    factors
        Three to seven, continuous.
    center : int
        Centre runs; in each block, if there are blocks.
    blocks : bool
        Whether to run it in blocks that do not touch the coefficients: 3 blocks for 4 factors, 2
        for 5, 6 and 7; impossible for 3.
    seed : int
        Of the random order.

    Returns
    -------
    Design
        12, 24, 40, 48 or 56 runs and the centre runs. Two factors move together for k = 3 to 5;
        three for 6 and 7, whose sets are cyclic ((1, 2, 4) and its shifts; for 7 the lines of the
        Fano plane). Pairs would give 60 and 84 runs there.

    Raises
    ------
    QualityDataError
        If the number of factors, a setting or an option does not allow the design.

    References
    ----------
    Box & Behnken (1960), Technometrics 2, 455-475, table 1.

    Examples
    --------
    >>> [box_behnken(k, center=0).n_runs for k in range(3, 8)]
    [12, 24, 40, 48, 56]
    """
    found = _continuous(factors, 3, 7, "Box–Behnken 设计")
    k = len(found)
    if blocks and k == 3:
        raise QualityDataError(
            "3 个因子的 Box–Behnken 设计不能分成正交的区组。",
            hint="请不分区组，或改用分区组的中心复合设计（central_composite，blocks=True）。",
        )
    rows: list[Matrix] = []
    held: list[int] = []
    for chosen in _SETS[k]:
        for signs in product((-1.0, 1.0), repeat=len(chosen)):
            row = np.zeros(k)
            row[list(chosen)] = signs[::-1]
            rows.append(row)
            held.append(_block(k, chosen, signs) if blocks else 0)
    return make(
        "Box–Behnken 设计", found, np.array(rows), seed=seed, kinds=[EDGE] * len(rows),
        blocks=np.array(held, dtype=np.intp), center=center, model="quadratic",
        source="Box 与 Behnken（1960），表 1",
    )  # fmt: skip


def _block(k: int, chosen: tuple[int, ...], signs: tuple[float, ...]) -> int:
    """Sets of pairs are dealt to blocks whole; of three factors, half a factorial to each."""
    if k in _SET_BLOCKS:
        return next(at for at, sets in enumerate(_SET_BLOCKS[k]) if chosen in sets)
    return int(np.prod(signs) > 0)


def _continuous(factors: Factors, least: int, most: int, family: str) -> tuple[Factor, ...]:
    found = read_factors(factors)
    if not least <= len(found) <= most:
        raise QualityDataError(
            f"{family}要 {least} 到 {most} 个因子，这里有 {len(found)} 个。",
            hint="因子多的时候，先做筛选试验，留下要紧的几个再做响应面。",
        )
    texts = [factor.name for factor in found if not factor.continuous]
    if texts:
        raise QualityDataError(
            f"{family}的因子要连续可调，“{'、'.join(texts)}”的水平是文字。",
            hint="请把它固定在一个水平上，或每个水平各做一个响应面设计。",
        )
    return found


def _cube(k: int, fraction: bool | None) -> tuple[Matrix, tuple[str, ...]]:
    """Factorial points, the first factor changing fastest, and the generators of a fraction."""
    generators = _FRACTIONS.get(k, ()) if fraction in (None, True) else ()
    if fraction and not generators:
        raise QualityDataError(
            f"{k} 个因子没有分辨度 V 的部分析因，二次模型的交互作用会混在一起。",
            hint="请做全部析因点（去掉 fraction=True）。",
        )
    base = k - len(generators)
    corners = np.array(list(product((-1.0, 1.0), repeat=base)))[:, ::-1]
    for text in generators:
        places = [LETTERS.index(letter) for letter in text.partition("=")[2]]
        corners = np.column_stack([corners, corners[:, places].prod(axis=1)])
    return corners, generators


def _orthogonal(k: int, corners: int, center: int) -> tuple[float, int]:
    """Distance of star points and centre runs beside them, for blocks orthogonal to the model."""
    found = [((k * (1 + s / (2 * k)) / (1 + center / corners)) ** 0.5, s) for s in range(2 * k + 1)]
    return min(found, key=lambda pair: abs(pair[0] - corners**0.25))
