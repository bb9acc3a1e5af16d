"""混料设计 Mixture designs: proportions that add up to the whole, so that no factor moves alone.

Proportions x of q components lie on a simplex, and between lower and upper bounds where there are
any. A design names its runs by proportions (or percentages); models have no intercept (Scheffé),
see :mod:`qtools.doe.mixture_fit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import frames
from qtools.display import format_number
from qtools.doe.design import Design
from qtools.doe.efficiency import rank
from qtools.doe.factor import Factor, read_factors
from qtools.doe.making import make, whole
from qtools.doe.mixture_points import SAME, VERTEX, extreme_points, simplex_points
from qtools.doe.mixture_terms import MODELS, mixture_terms, model_name
from qtools.doe.terms import ModelMatrix
from qtools.errors import QualityDataError
from qtools.result import Check, Metric, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Matrix = npt.NDArray[np.float64]

_KINDS = ("lattice", "centroid", "extreme")
_FAMILIES = {"lattice": "单纯形格子设计", "centroid": "单纯形重心设计", "extreme": "极端顶点设计"}
_SOURCES = {
    "lattice": "Scheffé（1958）",
    "centroid": "Scheffé（1963）",
    "extreme": "McLean 与 Anderson（1966）",
}
_MOST = 12  # components


@dataclass(frozen=True, slots=True, eq=False)
class MixtureDesign(Design):
    """混料设计 A design of proportions.

    ``points`` hold proportions from 0 to 1; settings on the run sheet are proportions times
    ``total``.

    Parameters
    ----------
    lower, upper : tuple of float
        Bounds of the proportions.
    total : float
        1, or 100 for percent.
    """

    title: ClassVar[str] = "混料设计"

    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()
    total: float = 1.0

    def matrix(self, model: str | int | Sequence[str] | None = None) -> ModelMatrix:
        """Model matrix of a Scheffé model: ``linear``, ``quadratic``, ``special-cubic``."""
        chosen = str(self.model if model is None else model)
        terms = mixture_terms(chosen, len(self.factors))
        return ModelMatrix(self.factors, terms, self.points, intercept=False)

    @property
    def estimable(self) -> tuple[str, ...]:
        """Models that the design can estimate, the simplest first."""
        out = []
        for name in MODELS:
            x = self.matrix(name).x
            if len(x) >= x.shape[1] and rank(x) == x.shape[1]:
                out.append(name)
        return tuple(out)

    def table(self) -> pd.DataFrame:
        """概况 Components with bounds, kinds of points, models that can be estimated."""
        import pandas as pd

        kinds = "，".join(f"{kind} {self.kinds.count(kind)}" for kind in dict.fromkeys(self.kinds))
        rows: list[tuple[str, str]] = [
            (name, f"{format_number(low * self.total, 4)} 到 {format_number(high * self.total, 4)}")
            for name, low, high in zip(self.names, self.lower, self.upper, strict=True)
        ]
        rows += [
            ("合计", format_number(self.total)),
            ("试验次数", f"{self.n_runs}（{kinds}）"),
            ("随机次序的种子", str(self.seed)),
            ("能估计的模型", "、".join(map(model_name, self.estimable)) or "没有"),
        ]
        return pd.DataFrame(rows, columns=["项", "内容"])

    def figure(self) -> go.Figure:
        """三角图 The points in the triangle of the first three components."""
        from qtools.doe.mixture_view import draw_design

        return draw_design(self)

    def metrics(self) -> dict[str, Metric]:
        """``n_runs n_components n_vertices seed``."""
        return {
            "n_runs": self.n_runs,
            "n_components": len(self.factors),
            "n_vertices": self.kinds.count(VERTEX),
            "seed": self.seed,
        }

    @property
    def verdict(self) -> Verdict:
        """Runs and the richest model."""
        able = self.estimable
        richest = f"最多能估计{model_name(able[-1])}" if able else "一次模型也估计不了"
        text = f"{self.family}：{len(self.factors)} 个成分，{self.n_runs} 种配比，{richest}。"
        rule = "各成分之和固定，模型不含常数项（Scheffé）；系数要能唯一解出来"
        return Verdict("good" if able else "bad", text, rule, self.source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """No replicates, narrow bounds."""
        out = []
        if len(np.unique(np.round(self.points, SAME), axis=0)) == self.n_runs:
            text = "没有重复，看不出误差有多大；请把几个点（顶点和重心）各做两次。"
            out.append(Check("mixture.no-replicates", text))
        if any(high - low < 0.1 for low, high in zip(self.lower, self.upper, strict=True)):
            text = "有的成分范围很窄，它和别的成分的系数会互相牵连，区间会宽。"
            out.append(Check("mixture.narrow", text, "info"))
        return tuple(out)


def mixture_design(
    components: int | Sequence[str],
    *,
    kind: str = "lattice",
    degree: int = 2,
    lower: Sequence[float] | Mapping[str, float] | None = None,
    upper: Sequence[float] | Mapping[str, float] | None = None,
    total: float = 1.0,
    replicates: int = 1,
    seed: int = 1,
) -> MixtureDesign:
    """混料设计 Simplex lattice, simplex centroid, or extreme vertices.

    Parameters
    ----------
    components : int or sequence of str
        Number or names of the components, at least two.
    kind : {"lattice", "centroid", "extreme"}
        ``"extreme"`` where upper bounds, or bounds on both sides, cut the simplex.
    degree : int
        Of the lattice {q, m}; for extreme vertices, 2 adds the middles of the edges. The overall
        centroid is part of centroid and extreme-vertices designs.
    lower, upper : sequence or mapping of float, optional
        Bounds in the unit of ``total``; a mapping may leave out components that have none. Lattice
        and centroid take lower bounds alone (pseudo-components).
    total : float
        What the components add up to: 1, or 100 for percent.
    replicates : int
        How often each point is run.
    seed : int
        Of the random order.

    Returns
    -------
    MixtureDesign

    Raises
    ------
    QualityDataError
        If bounds leave no mixture, or do not go with the kind of design.

    References
    ----------
    Scheffé (1958), JRSS B 20, 344-360; (1963) 25, 235-263. McLean & Anderson (1966), Technometrics
    8, 447-454. Cornell (2002), *Experiments with Mixtures*, 3rd ed., ch. 2-4.

    Examples
    --------
    >>> design = mixture_design(["甲", "乙", "丙"], kind="lattice", degree=2)
    >>> design.n_runs, design.estimable
    (6, ('linear', 'quadratic'))
    """
    found = read_factors(components)
    q = whole("成分个数", len(found), least=2, most=_MOST)
    if kind not in _KINDS:
        raise QualityDataError(
            f"kind={kind!r} 不认识。",
            hint="可写 lattice（格子）、centroid（重心）、extreme（极端顶点）。",
        )
    if not (frames.is_number(total) and total > 0):
        raise QualityDataError(f"合计 total={total!r} 不对。", hint="写 1，百分数写 100。")
    whole("格子的次数 degree", degree, least=1, most=6)
    whole("重复次数 replicates", replicates, least=1)
    names = tuple(factor.name for factor in found)
    low = _bounds(names, lower, "lower", 0.0, total)
    high = _bounds(names, upper, "upper", 1.0, total)
    _require_room(names, low, high)
    # what the bounds of the others leave
    implied = np.round(np.minimum(high, 1 - (low.sum() - low)), 12)
    low = np.round(np.maximum(low, 1 - (high.sum() - high)), 12)
    if kind == "extreme":
        points, kinds = extreme_points(low, implied, degree)
    else:
        cut = [names[i] for i in range(q) if high[i] < 1 - (low.sum() - low[i]) - 1e-12]
        if cut:
            raise QualityDataError(
                f"“{'、'.join(cut)}”有上限，格子和重心设计用不上。",
                hint="请改用 kind='extreme'（极端顶点）。",
            )
        points, kinds = simplex_points(kind, q, degree)
        points = low + (1 - low.sum()) * points
    # settings equal the points times the total: coded −1 … +1 stands for −total … +total
    scaled = tuple(Factor(name, (-float(total), float(total))) for name in names)
    plain = make(
        _FAMILIES[kind], scaled, np.tile(points, (replicates, 1)), seed=seed,
        kinds=kinds * replicates, model="quadratic", source=_SOURCES[kind],
    )  # fmt: skip
    kept = {field.name: getattr(plain, field.name) for field in fields(plain)}
    return MixtureDesign(
        **kept, lower=tuple(map(float, low)), upper=tuple(map(float, implied)), total=float(total)
    )


def _bounds(
    names: tuple[str, ...],
    given: Sequence[float] | Mapping[str, float] | None,
    option: str,
    free: float,
    total: float,
) -> Matrix:
    if given is None:
        return np.full(len(names), free)
    if isinstance(given, Mapping):
        strange = [str(name) for name in given if name not in names]
        if strange:
            raise QualityDataError(
                f"{option} 里的“{'、'.join(strange)}”不是成分。",
                hint=f"成分有：{'、'.join(names)}。",
            )
        given = [given.get(name, free * total) for name in names]
    if len(given) != len(names) or not all(frames.is_number(value) for value in given):
        raise QualityDataError(
            f"{option}={list(given)!r} 不对。", hint=f"要 {len(names)} 个数，一个成分一个。"
        )
    values = np.array([float(value) for value in given]) / total
    outside = [name for name, v in zip(names, values, strict=True) if not -1e-12 <= v <= 1 + 1e-12]
    if outside:
        raise QualityDataError(
            f"“{'、'.join(outside)}”的界限不在 0 到 {total:g} 之间。",
            hint="合计是 1 就写比例；写百分数时 total=100。",
        )
    return np.clip(values, 0.0, 1.0)


def _require_room(names: tuple[str, ...], low: Matrix, high: Matrix) -> None:
    crossed = [name for name, a, b in zip(names, low, high, strict=True) if a > b + 1e-12]
    if crossed:
        raise QualityDataError(f"“{'、'.join(crossed)}”的下限高于上限。", hint="请核对界限。")
    if low.sum() >= 1 - 1e-12 or high.sum() <= 1 + 1e-12:
        which = "下限加起来已经到了" if low.sum() >= 1 - 1e-12 else "上限加起来也不超过"
        raise QualityDataError(
            f"各成分的{which}合计，没有可以变的余地。", hint="请放宽界限，让配比有得选。"
        )
