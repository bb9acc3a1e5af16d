"""筛选设计 Plackett–Burman designs and definitive screening designs."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.design import EDGE, Design
from qtools.doe.factor import Factors, read_factors
from qtools.doe.making import make, whole
from qtools.doe.words import column_words
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

PB_RUNS = (8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48)
DSD_FACTORS = (3, 20)


def plackett_burman(
    factors: Factors,
    *,
    runs: int | None = None,
    center: int = 0,
    seed: int = 1,
) -> Design:
    """Plackett–Burman 设计 Up to n − 1 two-level factors in n runs, main effects orthogonal.

    With 8, 16 and 32 runs these are regular fractions and aliases are complete; otherwise each
    main effect is aliased in part with every two-factor interaction that leaves it out:
    :meth:`~qtools.doe.Design.alias_matrix`.

    Parameters
    ----------
    factors
        A number of factors, names, or names with two settings each.
    runs : int, optional
        One of :data:`PB_RUNS`; the smallest with more runs than factors by default.
    center : int
        Runs in the middle; continuous factors only.
    seed : int
        Of the random order.

    Raises
    ------
    QualityDataError
        If there is no such size, too many factors, or a factor with more than two settings.

    Notes
    -----
    Those of the paper up to the order of rows and columns: 12, 20 and 40 = 2·20 from
    :mod:`pydoe`; 24, 44, 48 by Paley's construction over 23, 43, 47 (pydoe doubles 12 instead,
    which confounds some main effects with a whole interaction), 36 from the twin primes 5 and 7.
    For 28 runs the paper prints blocks of nine; here it is Paley's over GF(27), orthogonal too,
    with other partial aliases.

    References
    ----------
    Plackett & Burman (1946), Biometrika 33, 305-325; Paley (1933), J. Math. Phys. 12, 311-320;
    Stanton & Sprott (1958), Canad. J. Math. 10, 73-77.

    Examples
    --------
    >>> plackett_burman(11).n_runs, plackett_burman(5, runs=12).n_runs
    (12, 12)
    >>> plackett_burman(5).aliases["A"]
    ('BC', 'DE', 'ABCDE')
    """
    found = read_factors(factors)
    k = len(found)
    wide = [factor.name for factor in found if len(factor.levels) > 2]
    if wide:
        raise QualityDataError(
            f"Plackett–Burman 设计只有两个水平，“{'、'.join(wide)}”却写了更多。",
            hint="每个因子写低、高两个水平；三水平的用 orthogonal_array 或 definitive_screening。",
        )
    size = next((n for n in PB_RUNS if n > k), None) if runs is None else runs
    listed = "、".join(map(str, PB_RUNS))
    if size not in PB_RUNS:
        what = f"{k} 个因子" if size is None else f"试验次数 {size!r}"
        raise QualityDataError(f"没有{what}的 Plackett–Burman 设计。", hint=f"次数有：{listed}。")
    if k >= size:
        raise QualityDataError(
            f"{size} 次试验最多放 {size - 1} 个因子，这里有 {k} 个。",
            hint=f"加大试验次数：{listed}。",
        )
    regular = size & (size - 1) == 0
    words = column_words(range(1, k + 1)) if regular and k <= 15 else ()
    return make(
        "Plackett–Burman 设计", found, _pb_points(size)[:, :k], seed=seed, center=center,
        words=words, regular=bool(words) or (regular and k <= 2),
        source="Plackett 与 Burman（1946）",
    )  # fmt: skip


def _pb_points(n: int) -> Matrix:
    """All n − 1 columns, shape (n, n − 1)."""
    if n == 28:
        return _cyclic(_residues_27())
    if n == 36:
        return _cyclic(_twin_primes())
    if n in (24, 44, 48):
        place = np.arange(n - 1)
        return _cyclic(_legendre(n - 1)[(place[None, :] - place[:, None]) % (n - 1)])
    import pydoe

    return np.asarray(pydoe.pbdesign(n - 1), dtype=np.float64)


def _cyclic(core: Matrix) -> Matrix:
    """Rows of a core of ±1 (a 0 counts as +1) and a last row of −1."""
    rows = np.where(core >= 0, 1.0, -1.0)
    return np.vstack([rows, -np.ones(rows.shape[1])])


def _legendre(p: int) -> Matrix:
    """0 for 0, +1 for squares, −1 for the others, modulo a prime."""
    out = -np.ones(p)
    out[(np.arange(1, p) ** 2) % p] = 1.0
    out[0] = 0.0
    return out


def _residues_27() -> Matrix:
    """Quadratic character of differences in GF(27) = GF(3)[x] / (x³ + 2x + 1), shape (27, 27)."""
    field = np.array(list(product(range(3), repeat=3)))  # coefficients of 1, x, x²
    squares = set()
    for one in field:
        raw = np.convolve(one, one)
        for power in (4, 3):  # x³ = x + 2
            raw[power - 2] += raw[power]
            raw[power - 3] += 2 * raw[power]
        squares.add(tuple(raw[:3] % 3))
    squares.discard((0, 0, 0))
    steps = (field[None, :, :] - field[:, None, :]) % 3
    return np.array(
        [[0.0 if not any(d) else 1.0 if tuple(d) in squares else -1.0 for d in row]
         for row in steps.tolist()]
    )  # fmt: skip


def _twin_primes() -> Matrix:
    """Cyclic core of order 35 from the difference set of the twin primes 5 and 7."""
    place = np.arange(35)
    first = _legendre(5)[place % 5] * _legendre(7)[place % 7]
    first[place % 5 == 0] = 1.0
    first[place % 7 == 0] = -1.0
    first *= -1 if first.sum() < 0 else 1  # one more + than −
    core: Matrix = first[(place[None, :] - place[:, None]) % 35]
    return core


def definitive_screening(
    factors: Factors,
    *,
    fake: int = 0,
    center: int = 1,
    seed: int = 1,
) -> Design:
    """确定性筛选设计 Definitive screening: m conference-matrix runs, their mirror images, a centre.

    Main effects are orthogonal to one another, to all squares and to all two-factor interactions.
    m is the number of factors (with the fake ones), made even.

    Parameters
    ----------
    factors
        A number of factors, names, or names with two numbers each (the range of the factor);
        3 to 20.
    fake : int
        Columns added and not used: degrees of freedom for error.
    center : int
        Runs in the middle; at least one, or squares cannot be estimated.
    seed : int
        Of the random order.

    Raises
    ------
    QualityDataError
        If there are fewer than 3 or more than 20 factors, or one is categorical.

    References
    ----------
    Jones & Nachtsheim (2011), J. Qual. Technol. 43, 1-15; Xiao, Lin & Bai (2012), J. Qual.
    Technol. 44, 2-8. Fake factors: Jones & Nachtsheim (2017), Technometrics 59, 319-329.

    Examples
    --------
    >>> definitive_screening(6).n_runs, definitive_screening(7).n_runs
    (13, 17)
    >>> definitive_screening(6, fake=2).n_runs
    17
    """
    found = read_factors(factors)
    k = len(found)
    whole("虚拟因子个数 fake", fake, least=0, most=8)
    whole("中心点个数 center", center, least=1)
    least, most = DSD_FACTORS
    if not (least <= k and k + fake <= most):
        raise QualityDataError(
            f"确定性筛选设计要 {least} 到 {most} 个因子（连同虚拟因子），这里有 {k + fake} 个。",
            hint="更少的因子用全因子或响应面设计。",
        )
    texts = [factor.name for factor in found if not factor.continuous]
    if texts:
        raise QualityDataError(
            f"“{'、'.join(texts)}”的水平是文字；确定性筛选设计每个因子都要有中间水平。",
            hint="只用连续因子；两水平的文字因子请用 plackett_burman 或部分析因。",
        )
    import pydoe

    points = np.asarray(pydoe.definitive_screening_design(k + fake), dtype=np.float64)
    points = points[points.any(axis=1)][:, :k]
    return make(
        "确定性筛选设计", found, points, seed=seed, center=center, kinds=[EDGE] * len(points),
        source="Jones 与 Nachtsheim（2011）；Xiao、Lin 与 Bai（2012）",
    )  # fmt: skip
