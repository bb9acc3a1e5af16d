"""量具研究的分解 Components of a study: mean squares where it is even, REML where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.errors import QualityDataError
from qtools.msa.ranges import range_analysis
from qtools.variance import dust, nested_anova
from qtools.variance.cells import gather
from qtools.variance.crossed import crossed_anova, pool
from qtools.variance.mixed import fit_mixed

if TYPE_CHECKING:
    from qtools.msa.study import Study
    from qtools.variance import Anova, Codes
    from qtools.variance.mixed import Mixed


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """分解 Components of a gauge study and the model they come from.

    Parameters
    ----------
    method : {"anova", "range", "reml"}
    sources : tuple of str
        ``part``, ``operator``, ``interaction``, ``factor1`` …, ``repeatability``, in the model's
        order; without repeatability where repeats are identical in an uneven study.
    batches : tuple of str
        Those of them that count with the parts.
    model : Anova or Mixed
    full : Anova, Mixed or None
        Model with the interaction, where it can be separated.
    interaction_p : float or None
        P value of its F test; None where there is none.
    """

    method: str
    sources: tuple[str, ...]
    batches: tuple[str, ...]
    model: Anova | Mixed
    full: Anova | Mixed | None = None
    interaction_p: float | None = None


def by_ranges(study: Study) -> Analysis:
    """均值极差法 Components from ranges; even crossed studies with repeats only.

    Raises
    ------
    QualityDataError
        For any other study.
    """
    if study.nested or study.factors:
        raise QualityDataError(
            "均值极差法只用于没有别的因子的交叉研究。", hint='请用 method="anova"。'
        )
    if not study.even:
        raise QualityDataError(
            f"均值极差法要每个组合各有 {study.usual} 个读数；{study.uneven_text()}。",
            hint='请补测缺的，或把多的删去并说明理由；method="anova" 可以缺读数。',
        )
    if study.trials < 2:
        raise QualityDataError(
            "均值极差法要用重复读数的极差，可每个组合只有 1 个读数。",
            hint='请至少重复测 2 次；或用 method="anova"（此时交互与重复性分不开）。',
        )
    sources = ("part", "operator", "repeatability")
    return Analysis("range", sources, (), range_analysis(study.cube))


def by_variances(study: Study, alpha_pool: float) -> Analysis:
    """方差分析法 Components from mean squares if the study is even, else by REML."""
    if study.factors or not study.even:
        return _by_likelihood(study, alpha_pool)
    if study.nested:
        model = nested_anova(study.y, [study.codes[1], study.codes[0]])
        return Analysis("anova", ("operator", "part", "repeatability"), (), model)
    cube = study.cube
    model = crossed_anova(cube, (study.part, study.operator))
    sources = ("part", "operator", "repeatability")
    if cube.shape[2] == 1:
        return Analysis("anova", sources, (), model)
    p = model.p[2] if np.isfinite(model.p[2]) else None
    # identical repeats give no test, so nothing speaks for pooling
    if model.ss[2] == 0 or (p is not None and p > alpha_pool):
        return Analysis("anova", sources, (), pool(model, 2), model, p)
    return Analysis("anova", (*sources[:2], "interaction", sources[2]), (), model, model, p)


def _by_likelihood(study: Study, alpha_pool: float) -> Analysis:
    part, operator, *others = study.codes
    codes: dict[str, Codes] = {"part": part, "operator": operator}
    codes |= {f"factor{place}": factor for place, factor in enumerate(others, 1)}
    _require_separable(study, codes)
    batches = tuple(
        key
        for key, factor in codes.items()
        if key.startswith("factor") and _within(part, factor) and not _within(operator, factor)
    )
    plain, sources = _fit(study, codes)
    if study.nested:
        return Analysis("reml", sources, batches, plain)
    codes = {"part": part, "operator": operator, "interaction": _both(part, operator)} | codes
    keys = list(codes)
    cells = gather(study.y, list(codes.values()))
    rest, df = cells.remainder([place for place, key in enumerate(keys) if key != "interaction"])
    within, within_df = cells.remainder(range(len(keys)))
    if not 0 < within_df < df:  # no reading is left over to tell the interaction by
        return Analysis("reml", sources, batches, plain)
    seen = max(rest - within, 0.0)
    seen = seen if seen > dust(study.y) else 0.0
    p = _f_tail(seen, df - within_df, within, within_df)
    full, all_sources = _fit(study, codes)
    if seen == 0 or (p is not None and p > alpha_pool):
        return Analysis("reml", sources, batches, plain, full, p)
    return Analysis("reml", all_sources, batches, full, full, p)


def _fit(study: Study, codes: dict[str, Codes]) -> tuple[Mixed, tuple[str, ...]]:
    """Model and its sources; of identical repeats one is taken, and the finest source is last."""
    cells = gather(study.y, list(codes.values()))
    keys = [*codes, "repeatability"]
    if cells.ss == 0 and cells.df > 0 and cells.fine is not None:
        keys = [*codes]
        keys.append(keys.pop(cells.fine))
        first = np.unique(codes[keys[-1]], return_index=True)[1]
        cells = gather(study.y[first], [codes[key][first] for key in keys[:-1]])
    rest, df = cells.remainder(range(len(cells.sizes)))
    if df == 0 or rest <= dust(study.y):
        raise QualityDataError(
            f"除了{study.part}、{study.operator}等各列能说明的，“{study.value}”一点散布也没有剩下，"
            "重复性无从估计。",
            hint="多半是量具的分辨力不够（读数被取整），或照抄了前一次；请核对原始记录再测。",
        )
    return fit_mixed(cells), tuple(keys)


def _require_separable(study: Study, codes: dict[str, Codes]) -> None:
    """Refuse columns whose effects cannot be told from those of others."""
    cells = gather(study.y, list(codes.values()))
    columns = (study.part, study.operator, *study.factors)
    places = range(len(columns))
    finer = [cells.finer(place) for place in places]
    for place in reversed(places):
        twins = [other for other in finer[place] if other != place and place in finer[other]]
        if twins:
            raise QualityDataError(
                f"列“{columns[place]}”与“{columns[twins[0]]}”的水平一一对应，两者的影响分不开。",
                hint="请去掉其中一列，或补做能把它们分开的测量。",
            )
        others = [other for other in places if other not in finer[place]]
        if cells.remainder(others)[1] == cells.remainder([*others, place])[1]:
            raise QualityDataError(
                f"列“{columns[place]}”的影响与别的列完全混在一起，分不开。",
                hint="请补测一些组合，或去掉这一列。",
            )
    if cells.remainder(places)[1] == 0:
        raise QualityDataError(
            "估计各列的影响已经用完全部读数，没有剩下的可以估计重复性。",
            hint="请补做重复测量，或去掉一列因子。",
        )


def _both(one: Codes, other: Codes) -> Codes:
    return np.asarray(one * (int(other.max()) + 1) + other, dtype=np.intp)


def _within(unit: Codes, label: Codes) -> bool:
    """Whether each unit has one label."""
    return bool(np.unique(_both(unit, label)).size == np.unique(unit).size)


def _f_tail(top: float, top_df: int, low: float, low_df: int) -> float | None:
    """P value of an F test; None without anything to test against."""
    from scipy.special import fdtrc

    if low <= 0:
        return None
    return float(fdtrc(top_df, low_df, (top / top_df) / (low / low_df)))
