"""随机效应分解 Components with intervals from readings and codes: nested or crossed, EMS or REML.

What ``components.py`` reports is computed here, without tables or labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools.errors import QualityDataError
from qtools.result import Interval
from qtools.variance import Anova, likelihood, mls, nested_anova, reml
from qtools.variance.crossed import crossed_anova, crossed_cube, crossed_sources

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Codes

Design = Literal["nested", "crossed"]
Method = Literal["ems", "reml"]


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """分解结果 Components of variance and what they rest on; sources in order, residual last.

    Parameters
    ----------
    keys : tuple of str
        ``level1`` …, ``interaction`` (with three factors or more ``interaction12`` …),
        ``residual``.
    factors : tuple of tuple of int
        Which columns make each source; empty for the residual.
    units : tuple of int
        Units of each source; readings for the residual.
    raw : tuple of float
        Estimates as computed; negative ones (EMS) stay negative.
    anova : Anova or None
        Mean squares and F tests; None for unbalanced crossed data.
    intervals : mapping of str to Interval
        ``KEY_var`` and ``KEY_pct`` of each source, ``total_var`` and ``total_sd``.
    total_df : float
        Effective degrees of freedom of the total variance.
    balanced : bool
    replicated : bool
        False for crossed data with one reading a cell: no interaction can be separated.
    recurring : tuple of int
        Nested levels whose labels recur in every parent, so that they may be crossed.
    """

    keys: tuple[str, ...]
    factors: tuple[tuple[int, ...], ...]
    units: tuple[int, ...]
    raw: tuple[float, ...]
    anova: Anova | None
    intervals: Mapping[str, Interval]
    total_df: float
    balanced: bool
    replicated: bool = True
    recurring: tuple[int, ...] = ()


def decompose_nested(
    y: npt.NDArray[np.float64],
    codes: Sequence[Codes],
    names: Sequence[str],
    method: Method,
    confidence: float,
) -> Decomposition:
    """嵌套分解 Nested data of any depth and balance; see :func:`qtools.variance_components`."""
    anova = nested_anova(y, codes, names)
    depth = len(codes)
    units = np.cumsum([1, *anova.df[:-1]])[1:].tolist()
    keys = (*(f"level{place + 1}" for place in range(depth)), "residual")
    model = None
    if method == "reml" or not anova.balanced:
        model = _fit(likelihood.nested_criterion(y, codes), anova.components, anova.ss[-1])
    raw, intervals, total_df = _estimates(anova, model, method, keys, confidence)
    return Decomposition(
        keys=keys,
        factors=(*(tuple(range(place + 1)) for place in range(depth)), ()),
        units=(*units, y.size),
        raw=raw,
        anova=anova,
        intervals=intervals,
        total_df=total_df,
        balanced=anova.balanced,
        recurring=tuple(
            place
            for place in range(1, depth)
            if np.unique(codes[place]).size * units[place - 1] == units[place]
        ),
    )


def decompose_crossed(
    y: npt.NDArray[np.float64],
    codes: Sequence[Codes],
    names: Sequence[str],
    method: Method,
    confidence: float,
) -> Decomposition:
    """交叉分解 Crossed data; unbalanced ones by REML only."""
    cube = crossed_cube(y, codes)
    if cube is not None:
        anova = crossed_anova(cube, names)
        sources = crossed_sources(len(codes), cube.shape[-1] > 1)
        criterion, start, within = (
            likelihood.balanced_criterion(anova),
            anova.components,
            anova.ss[-1],
        )
        replicated = cube.shape[-1] > 1
    else:
        anova = None
        replicated = _require_crossed(codes, names, method)
        sources = crossed_sources(len(codes), replicated)
        criterion = likelihood.crossed_criterion(y, codes, sources)
        start, within = (float(np.var(y)),) * (len(sources) + 1), 1.0
    keys = (*(_crossed_key(source, len(codes)) for source in sources), "residual")
    model = _fit(criterion, start, within) if method == "reml" else None
    raw, intervals, total_df = _estimates(anova, model, method, keys, confidence)
    sizes = [np.unique(code).size for code in codes]
    return Decomposition(
        keys=keys,
        factors=(*sources, ()),
        units=(*(int(np.prod([sizes[i] for i in source])) for source in sources), y.size),
        raw=raw,
        anova=anova,
        intervals=intervals,
        total_df=total_df,
        balanced=cube is not None,
        replicated=replicated,
    )


def _crossed_key(source: tuple[int, ...], factors: int) -> str:
    if len(source) == 1:
        return f"level{source[0] + 1}"
    places = "".join(str(place + 1) for place in source) if factors > 2 else ""
    return f"interaction{places}"


def _require_crossed(codes: Sequence[Codes], names: Sequence[str], method: Method) -> bool:
    """Whether unbalanced crossed data have replicates; refuse what cannot be analysed."""
    shape = tuple(int(code.max()) + 1 for code in codes)
    counts = np.bincount(np.ravel_multi_index(tuple(codes), shape), minlength=int(np.prod(shape)))
    used = int(np.count_nonzero(counts))
    if used in shape:
        raise QualityDataError(
            f"“{names[shape.index(used)]}”的每个编号只与另一列的一个编号同时出现，这不是交叉数据。",
            hint='请改用 design="nested"，由外到内写 levels。',
        )
    if method == "ems":
        empty = counts.size - used
        what = f"{empty} 个组合没有读数" if empty else "各组合的读数个数不同"
        raise QualityDataError(
            f"{'×'.join(names)}的数据不平衡（{what}），期望均方法不适用。",
            hint='请补齐读数，或用 method="reml"。',
        )
    return bool(counts.max() > 1)


def _fit(criterion: likelihood.Criterion, start: Sequence[float], within: float) -> reml.Reml:
    if within <= 0:
        raise QualityDataError(
            "同一单元内的重复读数全都相同，残差为 0，似然没有最大值。",
            hint="请检查读数是否被四舍五入得太粗，或换分辨力更高的量具。",
        )
    return reml.fit(criterion, start)


def _estimates(
    anova: Anova | None,
    model: reml.Reml | None,
    method: Method,
    keys: Sequence[str],
    confidence: float,
) -> tuple[tuple[float, ...], dict[str, Interval], float]:
    """Raw components, intervals by key, degrees of freedom of the total."""
    places = range(len(keys))
    if model is not None:
        name = "REML 剖面似然"
        parts = [reml.profile_component(model, place, confidence) for place in places]
        shares = [reml.profile_share(model, place, confidence) for place in places]
        total = reml.profile_total(model, confidence)
        part_name = share_name = name
    else:
        assert anova is not None  # noqa: S101 - EMS without a likelihood has mean squares
        part_name, share_name = "改进大样本法（MLS）", "广义置信区间（GCI）"
        rows = anova.estimator
        parts = [mls.mls_limits(row, anova.ms, anova.df, confidence) for row in rows]
        draws = mls.pivotal_components(anova)
        sums = draws.sum(axis=1)
        shares = [mls.gci_limits(draws[:, place] / sums, confidence) for place in places]
        total = mls.mls_limits(anova.total_weights, anova.ms, anova.df, confidence)
    if method == "reml" and model is not None:
        raw, df = tuple(model.components.tolist()), reml.total_df(model)
    else:
        assert anova is not None  # noqa: S101
        raw, df = anova.components, anova.total_df
    intervals = {
        f"{key}_var": Interval(*limits, confidence, part_name)
        for key, limits in zip(keys, parts, strict=True)
    }
    intervals |= {
        f"{key}_pct": Interval(100.0 * low, 100.0 * high, confidence, share_name)
        for key, (low, high) in zip(keys, shares, strict=True)
    }
    intervals["total_var"] = Interval(*total, confidence, part_name)
    intervals["total_sd"] = Interval(total[0] ** 0.5, total[1] ** 0.5, confidence, part_name)
    return raw, intervals, df
