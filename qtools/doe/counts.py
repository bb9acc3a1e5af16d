"""计数响应 Counts as rates: which settings change them, with errors that fit counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from qtools import frames
from qtools.doe.counts_cluster import Correction, require_clusters
from qtools.doe.counts_effects import clustered_effects, independent_effects
from qtools.doe.counts_fit import CountFit, fit_counts, fit_negative_binomial
from qtools.doe.counts_parts import Family, ZeroLevel
from qtools.doe.counts_result import CountAnalysis
from qtools.doe.factor import Factor
from qtools.doe.fit import fit
from qtools.doe.reading import Experiment, read_experiment
from qtools.doe.terms import ModelMatrix, Term, read_terms, term_name
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Vector = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]
    ZeroRows = dict[int, tuple[Vector, Vector, int]]

AUTO_ALPHA = 0.05  # the negative binomial is taken where it fits better at this level


def analyze_counts(
    df: pd.DataFrame,
    *,
    factors: Sequence[str],
    count: str,
    model: str | int | Sequence[str] = "main",
    exposure: str | None = None,
    family: Literal["auto", "poisson", "quasi-poisson", "negative-binomial"] = "auto",
    cluster: str | None = None,
    correction: Correction = "CR2",
    categorical: Sequence[str] = (),
    confidence: float = 0.95,
) -> CountAnalysis:
    """计数模型 Rates of counts by factor: ratios, tests of terms, dispersion.

    A generalised linear model with a log link; terms are sum-to-zero columns, so tests are of
    type III. Without clusters a term is tested by its likelihood ratio (for quasi-Poisson by F),
    levels without a count included; with clusters by Wald's F on the cluster-robust covariance of
    the levels that have counts.

    Parameters
    ----------
    df : DataFrame
        One row a count.
    factors : sequence of str
        Columns of settings; texts are categorical, numbers continuous.
    count : str
        Column of counts: whole numbers from 0.
    model : str, int, or sequence of str
        As for :func:`qtools.doe.terms.read_terms`.
    exposure : str, optional
        Column of how much was looked at (boards, metres, hours); rates are per unit of it.
    family : {"auto", "poisson", "quasi-poisson", "negative-binomial"}
        ``"auto"`` takes the negative binomial where its likelihood is greater at the 5 % level.
    cluster : str, optional
        Column that names what was made or set up in one go: rows of one cluster are no
        independent evidence.
    correction : {"CR2", "CR1"}
        Of the cluster-robust covariance. CR2 holds its risk with few clusters; CR1 has the factor
        g/(g − 1)·(n − 1)/(n − p) and g − 1 degrees of freedom, as in Stata and statsmodels, and
        rejects far too often with few clusters a level.
    categorical : sequence of str
        Numeric columns whose numbers are only names.
    confidence : float

    Returns
    -------
    CountAnalysis
        ``.table()`` rates, ``.terms()``, ``.families()``, ``.pairs(factor)``, ``.figure()``.

    Raises
    ------
    QualityDataError
        If counts are not whole numbers from 0, exposure is not positive, there is one cluster
        only, a level stands in one cluster only, terms cannot be told apart, or a combination has
        no count at all.

    References
    ----------
    McCullagh & Nelder (1989), ch. 6; Venables & Ripley (2002), MASS, 7.4; Liang & Zeger (1986),
    Biometrika 73, 13-22; Bell & McCaffrey (2002), Survey Methodology 28, 169-181; Pustejovsky &
    Tipton (2018), J. Bus. Econ. Stat. 36, 672-683.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"线": list("甲甲甲乙乙乙"), "疵点": [2, 4, 3, 9, 11, 10]})
    >>> found = analyze_counts(df, factors=["线"], count="疵点")
    >>> found.family, round(found.metrics()["factor1_ratio"], 3)
    ('poisson', 3.333)
    """
    frames.require_confidence(confidence)
    if family not in ("auto", "poisson", "quasi-poisson", "negative-binomial"):
        raise QualityDataError(
            f"family={family!r} 不认识。",
            hint="写 auto、poisson（泊松）、quasi-poisson（拟泊松）"
            "或 negative-binomial（负二项）。",
        )
    if correction not in ("CR2", "CR1"):
        raise QualityDataError(
            f"correction={correction!r} 不认识。",
            hint="写 CR2（小样本修正）或 CR1（Stata、statsmodels 的算法）。",
        )
    others = [name for name in (exposure, cluster) if name]
    if not isinstance(factors, str):
        frames.require_columns(df, [*factors, count, *others])
    kept = df[df[count].notna()] if count in df.columns else df
    read = read_experiment(
        df, factors=factors, response=count, categorical=categorical, constant=True
    )
    kept.attrs.update(df.attrs)
    _require_counts(kept, count, read)
    looked = _exposure(kept, exposure)
    groups = None if cluster is None else frames.codes(kept, cluster)
    terms = read_terms(model, read.factors)
    if not any(len(term) == 1 for term in terms):
        raise QualityDataError(
            "模型里没有主效应，说不出各水平的率。", hint="把相关因子本身也写进模型。"
        )
    gone, zeros = _zero_levels(read, terms, looked)
    used = np.asarray(~gone.any(axis=1))
    own = tuple(_used_factor(factor, read.points[used, i]) for i, factor in enumerate(read.factors))
    points = np.column_stack(
        [
            new.coded(old.settings(read.points[used, i]))
            for i, (old, new) in enumerate(zip(read.factors, own, strict=True))
        ]
    )
    matrix = ModelMatrix(own, terms, points)
    y, offset = read.y[used], np.log(looked[used])
    fit(matrix, y)  # says which terms cannot be told apart
    _require_filled_cells(matrix, y)
    poisson = fit_counts(matrix.x, y, offset)
    if poisson.df < 1:
        raise QualityDataError(
            f"{len(y)} 个计数、{matrix.x.shape[1]} 个系数：没有多余的自由度看离散程度。",
            hint="去掉一些项，或补做试验。",
        )
    binomial = fit_negative_binomial(matrix.x, y, offset, poisson)
    chosen = _choose(family, poisson, binomial)
    best = binomial if chosen == "negative-binomial" else poisson
    codes: Codes | None = None
    if groups is None:
        rows = _zero_rows(read, matrix, gone, np.log(looked))
        effects = independent_effects(matrix, best, poisson, chosen, rows)
    else:
        kinds, codes = np.unique(groups[0][used], return_inverse=True)
        if len(kinds) < 2:
            raise QualityDataError(
                f"列“{cluster}”只有一组。", hint="至少要两组；或者不写聚类的列。"
            )
        names = tuple(groups[1][kind] for kind in kinds)
        require_clusters(matrix, best, codes, names, str(cluster))
        effects = clustered_effects(matrix, best, codes, correction)
    return CountAnalysis(
        factors=own, count=count, exposure=exposure, cluster=cluster, matrix=matrix,
        family=chosen, asked=family, poisson=poisson, binomial=binomial, effects=effects,
        clusters=codes, total=float(read.y.sum()), looked=float(looked.sum()),
        rows=tuple(row for row, keep in zip(read.rows, used, strict=True) if keep),
        zeros=zeros, confidence=confidence, read_checks=read.checks,
    )  # fmt: skip


def _require_counts(df: pd.DataFrame, count: str, read: Experiment) -> None:
    wrong = np.flatnonzero((read.y < 0) | (read.y != np.round(read.y)))
    if wrong.size:
        samples = "、".join(f"{read.y[place]:g}" for place in wrong[:3])
        raise QualityDataError(
            f"{frames.source(df)}列“{count}”里有不是计数的数：{samples}。",
            hint="计数是 0、1、2……；率请还原成个数，再用 exposure 写明检查了多少。",
            rows=[read.rows[place] for place in wrong],
        )
    if not read.y.any():
        raise QualityDataError(
            f"{frames.source(df)}列“{count}”全是 0，各水平的率都可能是 0，无从比较。",
            hint="检查更多，或换一个出现得更多的缺陷。",
        )


def _exposure(df: pd.DataFrame, exposure: str | None) -> Vector:
    if exposure is None:
        return np.ones(len(df))
    looked = frames.numbers(df, exposure)
    wrong = np.flatnonzero(looked <= 0)
    if wrong.size:
        raise QualityDataError(
            f"{frames.source(df)}列“{exposure}”里有 0 或负数：没有检查就没有计数。",
            hint="请填检查了多少（件、米、小时），或删去没有检查的行。",
            rows=frames.row_numbers(df, wrong),
        )
    return looked


def _zero_levels(
    read: Experiment, terms: Sequence[Term], looked: Vector
) -> tuple[npt.NDArray[np.bool_], tuple[ZeroLevel, ...]]:
    """Rows (by factor) of levels without any count, whose log rate −∞ tells nothing of others."""
    gone = np.zeros((len(read.y), len(read.factors)), dtype=bool)
    zeros: list[ZeroLevel] = []
    for place, factor in enumerate(read.factors):
        if factor.continuous or (place,) not in terms:
            continue
        for level, position in zip(factor.levels, factor.positions, strict=True):
            mine = np.isclose(read.points[:, place], position)
            if not read.y[mine].any():
                gone[:, place] |= mine
                zeros.append(ZeroLevel(factor.name, str(level), float(looked[mine].sum())))
    for term in terms:
        if len(term) > 1 and gone[:, list(term)].any():
            name = next(zero.factor for zero in zeros
                        if zero.factor in {read.factors[place].name for place in term})  # fmt: skip
            level = "、".join(zero.level for zero in zeros if zero.factor == name)
            raise QualityDataError(
                f"交互作用“{term_name(term, read.factors)}”估计不了："
                f"{name} {level} 一个计数也没有，那里的率估计成 0，效应无限大。",
                hint="去掉这一项；或去掉这个水平的行，另行报告它的上限。",
            )
    return gone, tuple(zeros)


def _zero_rows(
    read: Experiment, matrix: ModelMatrix, gone: npt.NDArray[np.bool_], offset: Vector
) -> ZeroRows:
    """Rows of levels without a count, a factor at a time: model columns, offsets, levels.

    In the factor itself the rows stand at any level: its columns go before they are used.
    """
    out: ZeroRows = {}
    for place in np.flatnonzero(gone.any(axis=0)).tolist():
        mine = gone[:, place] & (gone.sum(axis=1) == 1)
        if not mine.any():
            continue
        points = np.zeros((int(mine.sum()), len(read.factors)))
        for i, (old, new) in enumerate(zip(read.factors, matrix.factors, strict=True)):
            if i != place:
                points[:, i] = new.coded(old.settings(read.points[mine, i]))
            else:
                points[:, i] = new.positions[0]
        levels = len(np.unique(np.round(read.points[mine, place], 9)))
        out[place] = (matrix.at(points).x, offset[mine], levels)
    return out


def _used_factor(factor: Factor, points: Vector) -> Factor:
    """The factor with the levels that are left."""
    if factor.continuous:
        return factor
    levels = tuple(
        level
        for level, position in zip(factor.levels, factor.positions, strict=True)
        if np.isclose(points, position).any()
    )
    if len(levels) < 2:
        raise QualityDataError(
            f"因子“{factor.name}”只有“{'、'.join(map(str, levels))}”有计数，别的水平全是 0。",
            hint="两个水平的比较请用精确检验；或把它从因子里去掉。",
        )
    return Factor(factor.name, levels)


def _require_filled_cells(matrix: ModelMatrix, y: Vector) -> None:
    """Refuse interactions of categorical factors with a combination that has no count at all."""
    for term in matrix.terms:
        if len(term) < 2 or any(matrix.factors[place].continuous for place in term):
            continue
        cells, where = np.unique(
            np.round(matrix.points[:, list(term)], 9), axis=0, return_inverse=True
        )
        empty = np.flatnonzero(np.bincount(where.ravel(), y) == 0)
        if empty.size:
            shown = "；".join(
                "、".join(
                    f"{matrix.factors[place].name} {matrix.factors[place].settings([code])[0]}"
                    for place, code in zip(term, cells[at], strict=True)
                )
                for at in empty[:3]
            )
            raise QualityDataError(
                f"交互作用“{term_name(term, matrix.factors)}”估计不了："
                f"组合（{shown}）一个计数也没有，那里的率估计成 0，效应无限大。",
                hint="去掉这一项，合并水平，或在那里多做几次。",
            )


def _choose(family: str, poisson: CountFit, binomial: CountFit) -> Family:
    if family == "poisson":
        return "poisson"
    if family == "quasi-poisson":
        return "quasi-poisson"
    if not np.isfinite(binomial.theta):
        return "poisson"
    if family == "negative-binomial":
        return "negative-binomial"
    from scipy.special import chdtrc

    ratio = max(2 * (binomial.log_likelihood - poisson.log_likelihood), 0.0)
    return "negative-binomial" if chdtrc(1, ratio) / 2 < AUTO_ALPHA else "poisson"
