"""方差分量的数值基础 Sums of squares and expected mean squares of random-effects models.

Model: a reading is the sum of independent effects, one of each source, and a residual. A *source*
is a factor (crossed design), an interaction, or a level (nested design). An :class:`Anova` holds
sums of squares and the matrix ``ems`` of expected mean squares (row: mean square, column:
component); from these follow, with nothing stored twice, the ANOVA estimators of the components,
F tests with Satterthwaite's synthesised denominators, and the total variance with its effective
degrees of freedom. Nested data of any balance are here, balanced crossed data in ``crossed.py``,
likelihoods in ``reml.py``, intervals in ``mls.py``.

Sums of squares are never formed by subtraction of large numbers: readings are centred, means are
taken of what is left, and those are squared, so that a large offset costs no digits. What is no
more than rounding counts as 0: identical repeats have no spread, not one of 1e-30.

References
----------
Searle, Casella & McCulloch (1992), *Variance Components*, ch. 3-5, appendix F.
Satterthwaite (1946), Biometrics Bulletin 2, 110-114.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Anova:
    """随机效应方差分析 Mean squares of a random-effects model and what follows from them.

    Parameters
    ----------
    ss : tuple of float
        Sums of squares, outermost level (or first factor) first, residual last.
    df : tuple of int or float
        Their degrees of freedom.
    ems : tuple of tuple of float
        ``ems[j][k]`` is the coefficient of component ``k`` in the expectation of mean square ``j``.
    n : int
        Readings.
    mean : float
        Grand mean of the readings.
    mean_weights : tuple of float
        Weights of the components in the variance of the grand mean.
    balanced : bool
        Whether every unit holds equally many readings; only then are the mean squares independent
        multiples of χ².
    """

    ss: tuple[float, ...]
    df: tuple[float, ...]
    ems: tuple[tuple[float, ...], ...]
    n: int
    mean: float
    mean_weights: tuple[float, ...]
    balanced: bool

    @property
    def ms(self) -> tuple[float, ...]:
        """Mean squares."""
        return tuple(s / d for s, d in zip(self.ss, self.df, strict=True))

    @property
    def estimator(self) -> Vector:
        """Matrix that turns mean squares into components: the inverse of ``ems``."""
        inverse: Vector = np.linalg.inv(np.array(self.ems))
        inverse[np.abs(inverse) < 1e-13 * np.abs(inverse).max()] = 0.0
        return inverse

    @property
    def components(self) -> tuple[float, ...]:
        """ANOVA estimates of the components, raw: a negative one stays negative."""
        return tuple((self.estimator @ np.array(self.ms)).tolist())

    @property
    def denominators(self) -> Vector:
        """Row ``j``: the combination of mean squares that tests component ``j`` (last row zero)."""
        ems = np.array(self.ems)
        others = ems * (1.0 - np.eye(len(ems)))
        rows: Vector = others @ self.estimator
        rows[np.abs(rows) < 1e-12] = 0.0
        return rows

    @property
    def f(self) -> tuple[float, ...]:
        """F ratios, one for each source but the residual; NaN where the denominator is 0."""
        below = self.denominators[:-1] @ np.array(self.ms)
        return tuple(_ratio(top, low) for top, low in zip(self.ms[:-1], below, strict=True))

    @property
    def f_df(self) -> tuple[float, ...]:
        """Degrees of freedom of the denominators, Satterthwaite's where they are synthesised."""
        return tuple(_satterthwaite(row, self.ms, self.df) for row in self.denominators[:-1])

    @property
    def p(self) -> tuple[float, ...]:
        """Upper tail probabilities of the F ratios."""
        from scipy.special import fdtrc

        triples = zip(self.f, self.df[:-1], self.f_df, strict=True)
        return tuple(float(fdtrc(up, low, f)) for f, up, low in triples)

    @property
    def total_weights(self) -> Vector:
        """Weights of the mean squares in the total variance, negative components left out."""
        kept = np.array(self.components) > 0
        weights: Vector = self.estimator[kept].sum(axis=0)
        return weights

    @property
    def total_variance(self) -> float:
        """Sum of the components, a negative one counted as 0."""
        return float(sum(max(part, 0.0) for part in self.components))

    @property
    def total_df(self) -> float:
        """Satterthwaite's degrees of freedom of the total variance."""
        return _satterthwaite(self.total_weights, self.ms, self.df)

    @property
    def mean_variance(self) -> float:
        """Variance of the grand mean; for balanced nested data the outermost mean square / n."""
        raw = float(np.dot(self.mean_weights, self.components))
        if self.balanced and raw >= -1e-12 * max(self.ms):  # 0 but for the last digit is 0
            return max(raw, 0.0)
        return float(np.dot(self.mean_weights, np.maximum(self.components, 0.0)))


def nested_anova(
    values: npt.ArrayLike, levels: Sequence[Codes], names: Sequence[str] = ()
) -> Anova:
    r"""嵌套方差分析 Nested analysis of variance, any depth, balanced or not.

    A label counts within its parent: zone 1 of run 1 and zone 1 of run 2 are two units.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Readings.
    levels : sequence of int arrays, each of shape (n,)
        Codes of each level, outermost first.
    names : sequence of str, optional
        Names of the levels for messages.

    Returns
    -------
    Anova

    Raises
    ------
    QualityDataError
        If a level has nothing to compare: one unit only, one unit in each parent, or no unit of
        the innermost level measured twice.

    Notes
    -----
    With :math:`S_{jk} = \sum_v n_v^2 / n_{j(v)}` over the units ``v`` of level ``k`` and their
    ancestors at level ``j`` (level 0: all data), the expectation of the sum of squares of level
    ``j`` holds component ``k ≥ j`` with the coefficient :math:`S_{jk} - S_{j-1,k}`
    (Searle, Casella & McCulloch 1992, appendix F).

    Examples
    --------
    >>> import numpy as np
    >>> run = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> zone = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    >>> anova = nested_anova([1, 2, 3, 4, 7, 8, 5, 6], [run, zone])
    >>> anova.df, anova.ms
    ((1, 2, 4), (32.0, 4.0, 0.5))
    >>> anova.components
    (7.0, 1.75, 0.5)
    """
    y = np.asarray(values, dtype=np.float64)
    n = y.size
    floor = dust(y)
    units = [np.zeros(n, dtype=np.intp)]
    for codes in levels:
        pairs = units[-1] * (int(np.max(codes)) + 1) + codes
        units.append(np.unique(pairs, return_inverse=True)[1].astype(np.intp))
    counts = [np.bincount(unit) for unit in units]
    sizes = [len(count) for count in counts]
    _require_nested(sizes, n, names)
    df = [*np.diff(sizes).tolist(), n - sizes[-1]]

    rest = y - y[0]
    ss = []
    for unit, count in zip(units, counts, strict=True):
        means, rest = _sweep(rest, unit, count)
        ss.append(float(np.dot(count, means**2)))
    ss = [part if part > floor else 0.0 for part in [*ss[1:], float(np.dot(rest, rest))]]

    depth = len(levels)
    share = np.zeros((depth + 1, depth))  # S[j, k]
    for k in range(1, depth + 1):
        first = np.unique(units[k], return_index=True)[1]
        for j in range(k + 1):
            share[j, k - 1] = float(np.sum(counts[k] ** 2 / counts[j][units[j][first]]))
    ems = np.zeros((depth + 1, depth + 1))
    ems[:, depth] = 1.0
    for j in range(1, depth + 1):
        ems[j - 1, j - 1 : depth] = (share[j, j - 1 :] - share[j - 1, j - 1 :]) / df[j - 1]
    return Anova(
        ss=tuple(ss),
        df=tuple(df),
        ems=tuple(map(tuple, ems.tolist())),
        n=n,
        mean=float(y[0] + np.mean(y - y[0])),
        mean_weights=(*(share[0] / n).tolist(), 1.0 / n),
        balanced=all(len(set(count.tolist())) == 1 for count in counts)
        and all(_even(units[j], units[j + 1]) for j in range(depth)),
    )


def _sweep(rest: Vector, unit: Codes, count: npt.NDArray[np.intp]) -> tuple[Vector, Vector]:
    """Means of units and what is left; the second pass takes up the rounding of the first."""
    means = np.bincount(unit, weights=rest) / count
    left = rest - means[unit]
    slip = np.bincount(unit, weights=left) / count
    return means + slip, left - slip[unit]


def _even(outer: Codes, inner: Codes) -> bool:
    """Whether every outer unit holds equally many inner ones."""
    first = np.unique(inner, return_index=True)[1]
    return len(set(np.bincount(outer[first]).tolist())) == 1


def dust(values: npt.ArrayLike) -> float:
    """Sum of squares of readings that no computation can tell from 0.

    Each reading is off by half a unit of its own last digit, and each centred mean by some units
    of the last digit of the largest deviation.

    Examples
    --------
    >>> dust([1e7, 1e7 + 1.0]) < 1e-15
    True
    """
    y = np.asarray(values, dtype=np.float64)
    eps = float(np.finfo(np.float64).eps)
    size = eps * (64.0 * float(np.ptp(y)) + float(np.abs(y).max()))
    return y.size * size**2


def flat(values: npt.ArrayLike) -> bool:
    """Whether readings are equal, or so nearly that each of up to eight sources may be dust.

    Examples
    --------
    >>> flat([0.1, 0.1]), flat([0.3, 0.1 + 0.2]), flat([0.1, 0.2])
    (True, True, False)
    """
    return float(np.ptp(values)) ** 2 <= 16.0 * dust(values)


def _ratio(top: float, low: float) -> float:
    return float(top / low) if low > 0 else np.nan


def _satterthwaite(weights: Vector, ms: Sequence[float], df: Sequence[float]) -> float:
    """Effective degrees of freedom of a combination of mean squares; NaN if it is zero."""
    parts = weights * np.array(ms)
    below = float(np.sum(parts**2 / np.array(df)))
    return float(parts.sum() ** 2 / below) if below > 0 else np.nan


def _require_nested(sizes: Sequence[int], n: int, names: Sequence[str]) -> None:
    def name(level: int) -> str:
        return f"“{names[level - 1]}”" if names else f"第 {level} 层"

    for level in range(1, len(sizes)):
        if sizes[level] == sizes[level - 1]:
            where = "只有 1 个单元" if level == 1 else f"在每个{name(level - 1)}里都只有 1 个单元"
            raise QualityDataError(
                f"{name(level)}{where}，它的变差无法与上一层分开。",
                hint="请补充数据，或从 levels 里去掉这一层。",
            )
    if sizes[-1] == n:
        raise QualityDataError(
            f"{name(len(sizes) - 1)}的每个单元都只测了 1 次，它的变差与残差分不开。",
            hint="请至少让一部分单元有重复测量；或从 levels 里去掉这一层，它就并入残差。",
        )
