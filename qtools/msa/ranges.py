"""均值极差法 The average-and-range method, with exact constants, put as mean squares.

The method estimates σ from ranges: EV = R̄·K₁, AV = √((X̄diff·K₂)² − EV²/(n·r)), PV = R_p·K₃,
with K = 1/d₂* and d₂*(m, g) = √(d₂² + d₃²/g) for the mean of g ranges of m values (Patnaik
1950, Biometrika 37, 78-87). Where more than 15 ranges are averaged, the manual takes d₂
itself (AIAG MSA 4th ed. 2010, appendix C); so does this module.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtools.constants import d2, d3, effective_df
from qtools.variance import Anova, dust

if TYPE_CHECKING:
    from qtools.variance import Vector

MANY_RANGES = 15


def d2_star(m: int, g: int) -> float:
    """极差均方常数 Expected root mean square of the mean of ``g`` ranges of ``m`` normal values.

    Examples
    --------
    AIAG's K₂ for three appraisers and K₃ for ten parts:

    >>> round(1 / d2_star(3, 1), 4), round(1 / d2_star(10, 1), 4)
    (0.5231, 0.3146)
    """
    return math.sqrt(d2(m) ** 2 + d3(m) ** 2 / g)


def k1(trials: int, ranges: int) -> float:
    """K₁ Factor that turns the mean of ``ranges`` ranges of ``trials`` readings into σ.

    Examples
    --------
    >>> round(k1(3, 30), 4), round(k1(2, 30), 4)
    (0.5908, 0.8862)
    """
    return 1.0 / (d2(trials) if ranges > MANY_RANGES else d2_star(trials, ranges))


def range_analysis(cube: Vector) -> Anova:
    """均值极差分析 Variances from ranges, in the form of mean squares of part, operator, residual.

    The "mean square" of a row is the squared range estimate, its degrees of freedom those of the
    chi variable with the same coefficient of variation, and ``ems`` says what it estimates: that
    of operators holds repeatability/(n·r), which is subtracted; that of parts is taken as it is.

    Parameters
    ----------
    cube : ndarray, shape (parts, operators, trials)
        Readings, at least two trials.
    """
    parts, operators, trials = cube.shape
    shifted = cube - cube.flat[0]
    mean_range = float((shifted.max(axis=2) - shifted.min(axis=2)).mean())
    operator_means, part_means = shifted.mean(axis=(0, 2)), shifted.mean(axis=(1, 2))
    ms: tuple[float, ...] = (
        (float(part_means.max() - part_means.min()) / d2_star(parts, 1)) ** 2,
        (float(operator_means.max() - operator_means.min()) / d2_star(operators, 1)) ** 2,
        (mean_range * k1(trials, parts * operators)) ** 2,
    )
    floor = dust(cube) / cube.size
    ms = tuple(m if m > floor else 0.0 for m in ms)
    df = (
        effective_df((d3(parts) / d2(parts)) ** 2),
        effective_df((d3(operators) / d2(operators)) ** 2),
        effective_df((d3(trials) / d2(trials)) ** 2 / (parts * operators)),
    )
    return Anova(
        ss=tuple(m * f for m, f in zip(ms, df, strict=True)),
        df=df,
        ems=((1.0, 0.0, 0.0), (0.0, 1.0, 1.0 / (parts * trials)), (0.0, 0.0, 1.0)),
        n=cube.size,
        mean=float(cube.flat[0] + shifted.mean()),
        mean_weights=(1.0 / parts, 1.0 / operators, 1.0 / cube.size),
        balanced=True,
    )
