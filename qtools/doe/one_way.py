"""单因子试验 One factor, in blocks or not: analysis of variance and the comparisons behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools import frames
from qtools.doe.comparisons import (
    Difference,
    against_control,
    all_pairs,
    unequal_control,
    unequal_pairs,
)
from qtools.doe.factor import Factor
from qtools.doe.fit import Fit, fit
from qtools.doe.one_way_parts import (
    LevelMean,
    block_tests,
    brown_forsythe,
    factor_test,
    uneven,
    welch_test,
)
from qtools.doe.one_way_result import OneWay
from qtools.doe.reading import Experiment, read_experiment
from qtools.doe.terms import ModelMatrix
from qtools.errors import QualityDataError
from qtools.variance import flat

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Vector = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

Spread = Literal["auto", "equal", "unequal"]
SPREAD_ALPHA = 0.05  # Brown–Forsythe below this: spreads count as different
OWN_SPREAD = 3  # readings; with 2 a level's own spread is next to unknown


def one_way(
    df: pd.DataFrame,
    *,
    factor: str,
    value: str,
    block: str | None = None,
    control: str | None = None,
    spread: Spread = "auto",
    confidence: float = 0.95,
) -> OneWay:
    """单因子方差分析 Which levels differ, by how much, with one risk for all comparisons.

    Model: a reading is the mean of its level, plus the effect of its block (if any), plus an
    independent error. F tests are of type III; Welch's F stands beside them where there are no
    blocks. Differences have simultaneous intervals: Tukey–Kramer for all pairs or Dunnett against
    a control where spreads count as equal; Games–Howell, or Welch's t at Šidák's level, where they
    do not.

    Parameters
    ----------
    df : DataFrame
        One row a reading.
    factor : str
        Column of levels; numbers are taken as names.
    value : str
        Column of readings.
    block : str, optional
        Column of blocks (days, batches of material, machines ...).
    control : str, optional
        Level that the others are compared with; without it all pairs are compared.
    spread : {"auto", "equal", "unequal"}
        Whether the levels count as equally spread; ``"auto"`` says no where the Brown–Forsythe test
        does at 5 %, and where the most readings are twice the fewest or more (the test sees little
        then, and a pooled spread can multiply the risk) and no level has fewer than 3. With blocks
        the spread is always taken as equal.
    confidence : float
        Of each family of simultaneous intervals, and of the other intervals.

    Returns
    -------
    OneWay
        ``.table()`` means, ``.anova()``, ``.pairs()``, ``.figure()``, ``.pairs_figure()``.

    Raises
    ------
    QualityDataError
        If a column is unusable, there is one level only, no level is repeated, a level has no
        reading, the control is no level, readings are constant, or blocks and levels cannot be
        told apart.

    References
    ----------
    NIST/SEMATECH e-Handbook (2012) 1.3.5.4, 7.4.3, 7.4.7; Welch (1951), Biometrika 38, 330-336;
    Brown & Forsythe (1974), JASA 69, 364-367.

    Examples
    --------
    >>> import pandas as pd
    >>> hard = [51, 52, 53, 52, 53, 54, 58, 59, 60]
    >>> steel = pd.DataFrame({"炉": list("甲甲甲乙乙乙丙丙丙"), "硬度": hard})
    >>> found = one_way(steel, factor="炉", value="硬度")
    >>> round(found.factor_test.f, 6), [pair.level + pair.other for pair in found.different]
    (43.0, ['丙甲', '丙乙'])
    """
    frames.require_confidence(confidence)
    if spread not in ("auto", "equal", "unequal"):
        raise QualityDataError(
            f"spread={spread!r} 不认识。",
            hint="写 auto（由检验决定）、equal（散布相同）或 unequal（散布不同）。",
        )
    if block and spread == "unequal":
        raise QualityDataError(
            "有区组时，这里的比较都假定各水平的散布相同，不能写 spread='unequal'。",
            hint="去掉区组，或对响应取对数等变换后再算。",
        )
    read = read_experiment(df, factors=[factor], response=value, block=block, categorical=[factor])
    own = read.factors[0]
    codes = np.rint((read.points[:, 0] + 1) / 2 * (len(own.levels) - 1)).astype(np.intp)
    order = _order(own)
    names = tuple(str(own.levels[place]) for place in order)
    codes = np.argsort(order)[codes]
    _require_readings(df, factor, names, codes)
    chosen = _control(control, names)
    model = _fit(Factor(factor, names), codes, read, block)
    if model.df == 0:
        every = "的组合" if block else ""
        raise QualityDataError(
            f"每个“{factor}”{every}只有一个读数，没有多余的自由度来估计误差，无从比较。",
            hint="每个水平至少要有两个独立的读数。",
        )
    if model.sse == 0:
        raise QualityDataError(
            f"{frames.source(df)}同一水平的“{value}”全都相同，误差为 0，比较没有意义。",
            hint="多半是分辨力不够，或把一个结果抄了几遍。请核对原始记录。",
        )
    levels, means, covariance = _levels(model, names, codes, read.y)
    brown = None if block else brown_forsythe(read.y, codes, len(names))
    welch = None if block else welch_test(levels, means)
    counts = [level.n for level in levels]
    unequal = spread == "unequal" or (
        spread == "auto"
        and brown is not None
        and (brown.p < SPREAD_ALPHA or (uneven(counts) and min(counts) >= OWN_SPREAD))
    )
    if unequal and welch is None:
        if spread == "unequal":
            raise QualityDataError(
                f"有的“{factor}”只有一个读数，或几个读数全都相同，估计不了它自己的散布。",
                hint="补测几个；或写 spread='equal'，用各水平合并的散布。",
            )
        unequal = False
    differences = _differences(levels, means, covariance, model, chosen, unequal, confidence)
    return OneWay(
        factor=factor, value=value, block=block, levels=levels,
        control=None if chosen is None else names[chosen],
        y=read.y, codes=codes, rows=read.rows, studentized=_studentized(model),
        factor_test=factor_test(model),
        block_test=block_tests(model, read, codes) if block else None,
        error_ss=model.sse, sst=model.sst, welch_test=welch, spread_test=brown,
        unequal=unequal, asked=spread, differences=differences, confidence=confidence,
        read_checks=read.checks,
    )  # fmt: skip


def _order(factor: Factor) -> list[int]:
    """Numbered levels in their order, others as they came."""
    texts = [str(level) for level in factor.levels]
    try:
        return sorted(range(len(texts)), key=lambda place: float(texts[place]))
    except ValueError:
        return list(range(len(texts)))


def _require_readings(df: pd.DataFrame, factor: str, names: tuple[str, ...], codes: Codes) -> None:
    counts = np.bincount(codes, minlength=len(names))
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    if empty:
        raise QualityDataError(
            f"{frames.source(df)}“{factor}”的水平{'、'.join(f'“{name}”' for name in empty)}"
            "一个结果也没有。",
            hint="补做试验，或先把这个水平的行删去并说明理由。",
        )


def _control(control: str | None, names: tuple[str, ...]) -> int | None:
    if control is None:
        return None
    plain = [frames.plain(name) for name in names]
    if frames.plain(str(control)) not in plain:
        raise QualityDataError(
            f"对照“{control}”不是水平；水平有：{'、'.join(names)}。", hint="请写其中的一个。"
        )
    return plain.index(frames.plain(str(control)))


def _fit(factor: Factor, codes: Codes, read: Experiment, block: str | None) -> Fit:
    factors = [factor]
    points = [factor.positions[codes]]
    if block:
        used, blocks = np.unique(read.blocks, return_inverse=True)
        if len(used) < 2:
            raise QualityDataError(
                f"区组“{block}”只有一个。", hint="只有一个区组就不必写区组；否则请核对这一列。"
            )
        other = Factor(block, tuple(read.block_names[place] for place in used))
        factors.append(other)
        points.append(other.positions[blocks.ravel()])
    terms = tuple((place,) for place in range(len(factors)))
    return fit(ModelMatrix(tuple(factors), terms, np.column_stack(points)), read.y)


def _levels(
    model: Fit, names: tuple[str, ...], codes: Codes, y: Vector
) -> tuple[tuple[LevelMean, ...], Vector, Vector]:
    """Levels, their means (over equally weighted blocks) less a common number, covariance."""
    factors = model.matrix.factors
    span = model.matrix.spans[0]
    own = model.matrix.at(
        np.column_stack([factors[0].positions, *[np.zeros(len(names)) for _ in factors[1:]]])
    ).x
    rows = np.zeros((len(names), model.matrix.x.shape[1]))
    rows[:, 0], rows[:, span] = 1.0, own[:, span]
    covariance = rows @ model.unscaled @ rows.T * (model.sse / model.df)
    means, found = rows[:, span] @ model.beta[span], []
    for place, name in enumerate(names):
        mine = y[codes == place]
        sd = float(mine.std(ddof=1)) if len(mine) > 1 else None
        if sd is not None and flat(mine):
            sd = 0.0
        mean = float(mine.mean()) if len(factors) == 1 else float(rows[place] @ model.beta)
        se = float(covariance[place, place] ** 0.5)
        found.append(LevelMean(name, len(mine), mean, sd, se))
    return tuple(found), means, covariance


def _differences(
    levels: tuple[LevelMean, ...], means: Vector, covariance: Vector, model: Fit,
    control: int | None, unequal: bool, confidence: float,
) -> tuple[Difference, ...]:  # fmt: skip
    names = tuple(level.name for level in levels)
    if not unequal:
        if control is None:
            return all_pairs(names, means, covariance, model.df, confidence)
        return against_control(names, means, covariance, model.df, control, confidence)
    variances = np.array([level.sd or 0.0 for level in levels]) ** 2
    counts = np.array([level.n for level in levels], dtype=np.float64)
    if control is None:
        return unequal_pairs(names, means, variances, counts, confidence)
    return unequal_control(names, means, variances, counts, control, confidence)


def _studentized(model: Fit) -> Vector:
    found = model.studentized
    return np.zeros(model.n) if found is None else found
