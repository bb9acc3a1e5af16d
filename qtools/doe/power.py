"""功效与样本量 What an experiment of a given size can see, and the size that sees what matters.

The test of a term with ν₁ columns has the non-central F distribution on ν₁ and ν₂ degrees of
freedom. With C = (X′X)⁻¹ and d the difference between the term's columns at two of its settings,
the least non-centrality among all effects whose settings differ by Δ somewhere is

    λ = (Δ/σ)² / max d′Cd

over pairs of settings: for a two-level factor (Δ/se)², se = 2σ/√n where the design is orthogonal;
for one of k levels, n each, n(Δ/σ)²/2, two levels Δ apart and the others in their middle. Two
things go wrong in practice: σ is taken for known although a handful of runs estimated it, and the
residual degrees of freedom of the model are forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.design import Design
from qtools.doe.efficiency import rank, region
from qtools.doe.estimable import center_column, says_more
from qtools.doe.making import whole
from qtools.doe.power_layout import layout, step_of
from qtools.doe.power_parts import Term, read_options, read_sizes
from qtools.doe.power_result import Power
from qtools.doe.sample_size import SampleSize
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

_MOST_RUNS = 100_000


def power(
    runs: Design | int | Sequence[int],
    *,
    effect: float | None = None,
    sd: float | None = None,
    f: float | None = None,
    sd_df: float | None = None,
    kind: str = "two-level",
    factors: int = 1,
    levels: int = 2,
    model: str | int | Sequence[str] | None = None,
    alpha: float = 0.05,
    target: float = 0.9,
    confidence: float = 0.9,
) -> Power:
    """功效 The chance that an experiment sees an effect of a given size.

    Parameters
    ----------
    runs : Design, int, or sequence of int
        A design, with the columns of its blocks and of curvature (centre runs) that its analysis
        will have; or the number of runs in all; or, for ``kind="one-way"``, the runs of each level.
    effect : float
        Smallest difference that matters, in the unit of the response: high less low for a
        two-level factor, largest less smallest mean otherwise.
    sd : float
        Standard deviation of a single run, σ.
    f : float, optional
        Cohen's f instead of both, for ``kind="one-way"``: standard deviation of the level means
        (divided by k) over σ.
    sd_df : float, optional
        Degrees of freedom on which ``sd`` was estimated; then the power has an interval.
    kind : {"two-level", "one-way"}
        With a number of runs: two-level design that is orthogonal for the model, refused where
        none has these runs; or one factor with ``levels`` levels.
    factors : int
        Two-level factors; with ``model`` they fix the residual degrees of freedom.
    levels : int
        Levels of a one-way layout.
    model
        Terms that will be fitted, as for :func:`qtools.doe.terms.read_terms`: by default those
        that the design is meant for, or main effects.
    alpha : float
        Level of the test.
    target : float
        Power that is wanted; the minimum detectable effect is the one seen with this chance.
    confidence : float
        Level of the interval that stands for the doubt about ``sd``.

    Returns
    -------
    Power

    Raises
    ------
    QualityDataError
        If effect and sd (or f) are not positive, no residual degree of freedom is left, the
        model cannot be estimated, or an option is out of range.

    References
    ----------
    Cohen (1988), *Statistical Power Analysis for the Behavioral Sciences*, 2nd ed., ch. 8.
    Montgomery (2013), *Design and Analysis of Experiments*, 8th ed., sec. 3.7.

    Examples
    --------
    >>> found = power(16, effect=3.0, sd=2.0, factors=4)
    >>> found.df, round(found.power, 3)
    (11, 0.78)
    >>> round(power(40, kind="one-way", levels=4, f=0.5).power, 3)
    0.71
    """
    if isinstance(runs, Design):
        name = runs.family
        n, df, terms = _terms_of(runs, model)
        if f is not None:
            raise QualityDataError("有了设计，就不用 f。", hint="请写 effect 和 sd。")
    else:
        name = "单因子试验" if kind == "one-way" else "二水平正交设计"
        n, df, terms = layout(runs, kind, factors, levels, model)
        if f is not None and isinstance(runs, Sequence) and len(set(runs)) > 1:
            raise QualityDataError(
                "各水平次数不同，f 说不清是哪几个水平。", hint="请写 effect 和 sd。"
            )
    if df < 1:
        raise QualityDataError(
            f"{n} 次试验全用来估计模型的 {n - df} 个系数，没有剩下自由度估计误差，算不出功效。",
            hint="请加做试验（重复、中心点），或少拟合几项。",
        )
    effect, sd = read_sizes(effect, sd, f, kind, terms[0])
    read_options(sd_df, alpha, target, confidence)
    return Power(name, n, tuple(terms), df, effect, sd, sd_df, alpha, target, confidence, f)


def sample_size(
    *,
    effect: float | None = None,
    sd: float | None = None,
    f: float | None = None,
    sd_df: float | None = None,
    power: float = 0.9,
    kind: str = "two-level",
    factors: int = 1,
    levels: int = 2,
    model: str | int | None = None,
    alpha: float = 0.05,
    confidence: float = 0.9,
) -> SampleSize:
    """样本量 The smallest experiment that sees an effect with a wanted chance.

    Runs come in steps that keep the layout balanced: ``levels`` for a one-way layout, 2 for one
    two-level factor, 4 for the main effects of more. With interactions up to an order r, they come
    in replicates of the smallest full factorial or catalogued fraction of resolution 2r + 1: no
    smaller orthogonal design is known here, and other sizes see less than they seem to.

    Parameters
    ----------
    effect, sd, f, sd_df, kind, factors, levels, model, alpha, confidence
        As for :func:`power`.
    power : float
        Wanted chance.

    Returns
    -------
    SampleSize

    Raises
    ------
    QualityDataError
        As :func:`power`, or if more than 100 000 runs would be needed.

    References
    ----------
    Cohen (1988), ch. 8; Montgomery (2013), sec. 3.7.

    Examples
    --------
    >>> sample_size(effect=3.0, sd=2.0, factors=4).runs
    24
    >>> sample_size(f=0.4, kind="one-way", levels=3, power=0.8).runs
    66
    """
    whole("因子个数 factors", factors, least=1)
    whole("水平个数 levels", levels, least=2)
    step = levels if kind == "one-way" else step_of(factors, model)
    n, df, terms = layout(step, kind, factors, levels, model)
    effect, sd = read_sizes(effect, sd, f, kind, terms[0])
    read_options(sd_df, alpha, power, confidence)
    coefficients = n - df
    first = step * (coefficients // step + 1)  # leaves at least one residual degree of freedom
    found = SampleSize(
        kind, factors, levels, effect, sd, sd_df, alpha, power, confidence, f, step, first,
        coefficients,
    )  # fmt: skip
    if found.needed(sd) is None:
        raise QualityDataError(
            f"差 {effect:g}、σ = {sd:g} 时，{_MOST_RUNS} 次试验也到不了 {100 * power:g} % 的功效。",
            hint="这么小的差，请先想想值不值得找；或先把噪声降下来。",
        )
    return found


def _terms_of(
    design: Design, model: str | int | Sequence[str] | None
) -> tuple[int, int, list[Term]]:
    """Runs, residual degrees of freedom, and each term with max d′Cd over pairs of settings."""
    matrix = design.matrix(model)
    x = matrix.x
    if design.n_blocks > 1:  # blocks cost degrees of freedom and may be confounded
        dummies = np.eye(design.n_blocks)[design.blocks][:, 1:]
        x = np.hstack([x, dummies])
    center = center_column(design.factors, design.points)
    if center is not None and says_more(x, center):  # curvature, as the analysis has it
        x = np.column_stack([x, center])
    n, p = x.shape
    if n < p or rank(x) < p:
        raise QualityDataError(
            f"{design.family}的 {n} 次试验估计不了这个模型（{p} 个系数，含区组和弯曲）。",
            hint="请少拟合几项，或换一个设计。",
        )
    scale = np.linalg.norm(x, axis=0)
    inverse = np.linalg.inv((x / scale).T @ (x / scale)) / np.outer(scale, scale)
    grid = matrix.at(region(design.factors))
    terms = []
    for name, block, span in zip(matrix.names, grid.blocks, matrix.spans, strict=True):
        rows = np.unique(np.round(block, 10), axis=0)[:200]
        d = (rows[:, None, :] - rows[None, :, :]).reshape(-1, rows.shape[1])
        worst = float(np.einsum("ij,jk,ik->i", d, inverse[span, span], d).max())
        terms.append(Term(name, block.shape[1], worst))
    return n, n - p, terms
