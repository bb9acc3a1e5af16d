"""析因设计 Full factorial designs and regular fractions of two-level factorials."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe import blocking, catalogue
from qtools.doe.design import Design
from qtools.doe.design_words import roman
from qtools.doe.factor import Factor, Factors, read_factors
from qtools.doe.making import make, whole
from qtools.doe.words import Word, read_generators, resolution, subgroup, word_text
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


_MOST_RUNS = 2**14


def full_factorial(
    factors: Factors,
    *,
    replicates: int = 1,
    center: int = 0,
    blocks: int = 1,
    seed: int = 1,
) -> Design:
    """全因子设计 Every combination of settings, the first factor changing fastest.

    Parameters
    ----------
    factors
        A number of two-level factors, names, or names with their settings; see
        :func:`qtools.doe.factor.read_factors`.
    replicates : int
        How often each combination is run.
    center : int
        Runs in the middle, in each block; continuous factors only.
    blocks : int
        1, 2, 4 or 8; more than one for two-level factors only. Replicates are whole blocks where
        that works out, so that nothing is given up; else ``confounded`` lists what is.
    seed : int
        Of the random order.

    Raises
    ------
    QualityDataError
        If factors or numbers are unusable, or blocks would hide a main effect.

    Examples
    --------
    >>> design = full_factorial({"温度": (160, 180), "压力": (1, 2)}, center=2, seed=7)
    >>> design.n_runs, design.resolution
    (6, None)
    >>> full_factorial(3, blocks=2).confounded, full_factorial(3, replicates=2, blocks=2).confounded
    (('ABC',), ())
    """
    found = read_factors(factors)
    total = int(np.prod([float(len(factor.levels)) for factor in found]))
    if total > _MOST_RUNS:
        raise QualityDataError(
            f"全因子设计要做 {total} 次试验。", hint="减少因子或水平，或用部分析因设计。"
        )
    if blocks != 1:
        _require_two_levels(found, "分区组")
    grid = list(product(*[factor.positions.tolist() for factor in reversed(found)]))
    points = np.array(grid, dtype=np.float64)[:, ::-1]
    return _made(
        "全因子设计", found, points, [1 << place for place in range(len(found))], [],
        replicates=replicates, center=center, blocks=blocks, seed=seed, generators=(),
        source="Yates（1937）；Box、Hunter 与 Hunter（2005）",
    )  # fmt: skip


def fractional_factorial(
    factors: Factors,
    *,
    runs: int | None = None,
    resolution: int | None = None,
    generators: Sequence[str] | None = None,
    center: int = 0,
    replicates: int = 1,
    blocks: int = 1,
    seed: int = 1,
) -> Design:
    """部分析因设计 A regular fraction of a two-level factorial.

    Say exactly one of ``runs``, ``resolution`` and ``generators``. The first two take the fraction
    of minimum aberration from :mod:`qtools.doe.catalogue`.

    Parameters
    ----------
    factors
        A number of factors, names, or names with their two settings.
    runs : int
        4, 8, 16, 32, 64 or 128, without replicates and centre runs.
    resolution : int
        The least that is wanted (3, 4, 5, …); the smallest design that reaches it is taken.
    generators : sequence of str
        Such as ``["E=ABCD"]`` or ``["振动=速度×进给"]``; factors that none defines are the base
        factors, in standard order.
    center : int
        Runs in the middle, in each block; continuous factors only.
    replicates : int
        How often each run is made.
    blocks : int
        1, 2, 4 or 8; what is given up for them is listed in ``confounded``.
    seed : int
        Of the random order.

    Raises
    ------
    QualityDataError
        If a factor has more than two settings, not exactly one of the three is said, no such
        fraction exists, or blocks would hide a main effect.

    Examples
    --------
    >>> design = fractional_factorial(7, runs=8)
    >>> design.generators, design.resolution, design.word_length_pattern
    (('D=AB', 'E=AC', 'F=BC', 'G=ABC'), 3, (7, 7, 0, 0, 1))
    >>> fractional_factorial(7, resolution=4).n_runs
    16
    >>> fractional_factorial(["甲", "乙", "振动"], generators=["振动=甲×乙"]).aliases["振动"]
    ('甲×乙',)
    """
    found = read_factors(factors)
    _require_two_levels(found, "做部分析因设计")
    if sum(option is not None for option in (runs, resolution, generators)) != 1:
        raise QualityDataError(
            "runs（试验次数）、resolution（分辨度）、generators（生成元）要写而且只写一个。",
            hint="例如 fractional_factorial(7, runs=16)。",
        )
    k = len(found)
    if generators is not None:
        texts = [generators] if isinstance(generators, str) else list(generators)
        defined, source = read_generators(texts, found), "给定的生成元"
    else:
        size = _size(k, runs) if runs is not None else _reaching(k, resolution)
        if size == 1 << k:
            return full_factorial(
                found, replicates=replicates, center=center, blocks=blocks, seed=seed
            )
        defined, source = catalogue.generators(k, size), catalogue.SOURCE
    base = [place for place in range(k) if place not in defined]
    if not base or 1 << len(base) > _MOST_RUNS or len(defined) > 12:
        raise QualityDataError(
            f"{k} 个因子、{len(defined)} 个生成元，做不成设计。",
            hint="生成元至多 12 个，而且要留下基本因子。",
        )
    columns = [1 << base.index(place) if place in base else 0 for place in range(k)]
    points = np.ones((1 << len(base), k))
    points[:, base] = np.array(list(product((-1.0, 1.0), repeat=len(base))))[:, ::-1]
    for place, (mask, sign) in defined.items():
        right = [other for other in base if mask >> other & 1]
        points[:, place] = sign * points[:, right].prod(axis=1)
        columns[place] = sum(columns[other] for other in right)
    names = [factor.name for factor in found]
    shown = tuple(
        f"{names[place]}={word_text(mask ^ 1 << place, sign, names)}"
        for place, (mask, sign) in defined.items()
    )
    return _made(
        "部分析因设计", found, points, columns, subgroup([*defined.values()]),
        replicates=replicates, center=center, blocks=blocks, seed=seed, generators=shown,
        source=source,
    )  # fmt: skip


def _require_two_levels(factors: tuple[Factor, ...], what: str) -> None:
    more = [factor.name for factor in factors if len(factor.levels) != 2]
    if more:
        raise QualityDataError(
            f"因子“{'、'.join(more)}”不是两个水平，不能{what}。",
            hint="给它两个水平，或用正交表、最优设计。",
        )


def _size(k: int, runs: int) -> int:
    """Runs as asked for, if there is such a fraction."""
    whole("试验次数 runs", runs, least=2)
    found = catalogue.sizes(k)
    if runs in found or (runs == 1 << k and k <= 7):
        return runs
    able = "、".join(map(str, found)) or "（没有）"
    hint = f"{k} 个因子可以做 {able} 次。"
    if runs > 1 << k:
        hint += "要更多次，请加重复（replicates）。"
    elif runs <= k:
        hint += f"{runs} 次试验连 {k} 个主效应都估计不了。"
    elif runs % 4 == 0:
        hint += f"{runs} 次可以用 Plackett–Burman 设计。"
    raise QualityDataError(f"{k} 个因子没有 {runs} 次试验的部分析因设计。", hint=hint)


def _reaching(k: int, wanted: int | None) -> int:
    """Fewest runs of a resolution at least as high as wanted."""
    least = whole("分辨度 resolution", wanted, least=3)
    found = catalogue.sizes(k)
    for runs, reached in found.items():
        if reached is None or reached >= least:
            return runs
    best = max((reached for reached in found.values() if reached), default=None)
    raise QualityDataError(
        f"{k} 个因子、128 次试验以内，达不到分辨度 {roman(least)}。",
        hint=f"最高是 {roman(best)}；减少因子，或写 generators 用更多的试验。"
        if best
        else "部分析因设计表里只有 3 到 11 个因子；更多的因子请写 generators，或减少因子。",
    )


def _made(
    family: str,
    factors: tuple[Factor, ...],
    points: Matrix,
    columns: Sequence[int],
    words: list[Word],
    *,
    replicates: int,
    center: int,
    blocks: int,
    seed: int,
    generators: tuple[str, ...],
    source: str,
) -> Design:
    """The design with its replicates and blocks."""
    whole("重复次数 replicates", replicates, least=1)
    whole("区组数 blocks", blocks, least=1)
    if blocks not in blocking.BLOCKS:
        raise QualityDataError(f"分不成 {blocks} 个区组。", hint="区组数写 1、2、4 或 8。")
    together = gcd(replicates, blocks)  # groups of replicates, each a set of whole blocks
    inside = blocks // together
    base = len(points).bit_length() - 1
    own = np.zeros(len(points), dtype=np.intp)
    lost: tuple[int, ...] = ()
    if inside > 1:
        contrasts = blocking.choose(columns, base, inside)
        where = [columns.index(1 << bit) for bit in range(base)]
        own = blocking.assign(points[:, where], contrasts)
        effects = [sum(1 << where[bit] for bit in range(base) if m >> bit & 1) for m in contrasts]
        lost = blocking.given_up(effects, words)
    copies = [own + inside * (copy % together) for copy in range(replicates)]
    clear = (resolution(words) or 5) >= 5 and not any(mask.bit_count() == 2 for mask in lost)
    names = [factor.name for factor in factors]
    return make(
        family, factors, np.tile(points, (replicates, 1)), seed=seed, center=center,
        blocks=np.concatenate(copies), words=tuple(words), regular=True, generators=generators,
        confounded=tuple(word_text(mask, 1, names) for mask in lost),
        model="interactions" if clear else "main", source=source,
    )  # fmt: skip
