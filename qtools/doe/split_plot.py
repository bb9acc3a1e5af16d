"""裂区试验 Factors that are hard to change, tested on the whole plots they were set for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.factor import Factor
from qtools.doe.fit import fit
from qtools.doe.reading import Experiment, read_experiment
from qtools.doe.split_plot_result import SplitPlot, StratumTest
from qtools.doe.terms import ModelMatrix, Term, read_terms
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Vector = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


def split_plot(
    df: pd.DataFrame,
    *,
    whole_plot: str,
    whole_factors: Sequence[str],
    sub_factors: Sequence[str],
    response: str,
    block: str | None = None,
    model: str | int | Sequence[str] = "interactions",
    categorical: Sequence[str] = (),
    confidence: float = 0.95,
) -> SplitPlot:
    """裂区分析 Each factor tested against the error it was exposed to.

    Model: fixed terms (and fixed blocks), a random effect of each whole plot, a residual of each
    reading. The variance ratio γ is that of the greatest restricted likelihood, not cut off at 0,
    so that for balanced data the F tests are exactly those of the strata. Degrees of freedom by
    containment: terms of whole-plot factors alone have those between whole plots, all others those
    within. Beside it stands what the same model says when whole plots are ignored.

    Parameters
    ----------
    df : DataFrame
        One row a reading.
    whole_plot : str
        Column that names each whole plot: one setting of the hard-to-change factors, made once.
    whole_factors, sub_factors : sequence of str
        Columns of factors set once a whole plot, and anew for each reading.
    response : str
    block : str, optional
        Column of blocks of whole plots.
    model : str, int, or sequence of str
        Terms, as for :func:`qtools.doe.terms.read_terms`.
    categorical : sequence of str
        Numeric columns whose numbers are only names.
    confidence : float

    Raises
    ------
    QualityDataError
        If a whole-plot factor changes within a whole plot, a sub-plot factor never does, whole
        plots are not repeated, or terms cannot be told apart.

    References
    ----------
    Cochran & Cox (1957), *Experimental Designs*, ch. 7; Pinheiro & Bates (2000), *Mixed-Effects
    Models in S and S-PLUS*, 2.4.2 (degrees of freedom); Box & Jones (2000-01), Quality Eng. 13.

    Examples
    --------
    >>> import pandas as pd
    >>> oven = pd.DataFrame({"炉": list("aabbccdd"), "温度": list("低低低低高高高高"),
    ...     "配方": list("甲乙") * 4, "硬度": [10.1, 12, 11, 13.1, 14, 16.2, 15.1, 17]})
    >>> found = split_plot(oven, whole_plot="炉", whole_factors=["温度"], sub_factors=["配方"],
    ...     response="硬度")
    >>> [(test.term, test.df2) for test in found.tests]
    [('温度', 2), ('配方', 2), ('温度×配方', 2)]
    """
    frames.require_confidence(confidence)
    both = [*_listed(whole_factors, "whole_factors"), *_listed(sub_factors, "sub_factors")]
    frames.require_columns(df, [*both, response, whole_plot] + ([block] if block else []))
    read = read_experiment(
        df, factors=both, response=response, block=block, categorical=categorical
    )
    plots = frames.codes(df, whole_plot)[0]
    plots = np.unique(plots[df[response].notna().to_numpy()], return_inverse=True)[1].ravel()
    k = len(whole_factors)
    _require_structure(df, read, plots, k, whole_plot)
    terms = read_terms(model, read.factors)
    matrix, fixed = _matrix(read, terms, block)
    naive = fit(matrix, read.y)
    whole = [all(place < k for place in term) for term in matrix.terms]
    n, m = len(read.y), int(plots.max()) + 1
    df_whole = m - _plot_rank(matrix, whole, plots)
    df_sub = (
        n
        - m
        - sum(df for place, df in enumerate(matrix.df) if not whole[place] and place not in fixed)
    )
    if df_whole < 1 or df_sub < 1:
        where = "整区" if df_whole < 1 else "整区之内"
        raise QualityDataError(
            f"{where}没有多余的自由度来估计误差（整区 {m} 个，读数 {n} 个）。",
            hint="每种整区设置至少要独立做两遍（重新设定一次才算一遍），或从模型里去掉几项。",
        )
    mixed = fit_split(matrix.x, read.y, plots)
    tests, wrong = [], []
    for place, (name, span) in enumerate(zip(matrix.names, matrix.spans, strict=True)):
        if place in fixed:
            continue
        own, df1 = mixed.beta[span], matrix.df[place]
        f = float(own @ np.linalg.solve(mixed.covariance[span, span], own)) / df1
        df2 = df_whole if whole[place] else df_sub
        tests.append(StratumTest.of(name, whole[place], df1, df2, f))
        ss = naive.term_ss(place)
        plain = ss / df1 / (naive.sse / naive.df) if naive.sse else np.inf
        wrong.append(StratumTest.of(name, whole[place], df1, naive.df, plain))
    counts = np.bincount(plots)
    return SplitPlot(
        whole_plot=whole_plot, block=block, response=response, whole_factors=k, matrix=matrix,
        y=read.y, plots=plots, rows=read.rows, beta=mixed.beta, covariance=mixed.covariance,
        sub_var=mixed.sub_var, whole_var_raw=float(mixed.sub_var * mixed.gamma),
        plot_size=float(1 / np.mean(1 / counts)), df_whole=df_whole, df_sub=df_sub,
        balanced=_balanced(matrix, whole, plots, counts), residuals=mixed.residuals,
        tests=tuple(tests), wrong=tuple(wrong), fixed_terms=tuple(sorted(fixed)),
        naive_beta_covariance=naive.unscaled * (naive.sse / naive.df), naive_df=naive.df,
        confidence=confidence, read_checks=read.checks,
    )  # fmt: skip


def _listed(names: Sequence[str], option: str) -> list[str]:
    if isinstance(names, str) or not names:
        raise QualityDataError(
            f"{option} 要写成列名的列表，至少一个。",
            hint="整区因子：换一次要停机、升温的；子区因子：每个读数都能换的。",
        )
    return list(names)


def _require_structure(
    df: pd.DataFrame, read: Experiment, plots: Codes, k: int, whole_plot: str
) -> None:
    """Whole-plot factors and blocks constant within whole plots, sub-plot factors not."""
    if plots.max() < 1:
        raise QualityDataError(f"列“{whole_plot}”只有一个整区。", hint="至少要有几个整区。")
    columns = [(factor.name, read.points[:, i]) for i, factor in enumerate(read.factors[:k])]
    if read.blocks.any():
        columns.append(("区组", read.blocks.astype(np.float64)))
    for name, values in columns:
        low = np.full(plots.max() + 1, np.inf)
        high = -low
        np.minimum.at(low, plots, values)
        np.maximum.at(high, plots, values)
        moved = np.flatnonzero(low != high)
        if moved.size:
            at = np.flatnonzero(plots == moved[0])
            raise QualityDataError(
                f"{frames.source(df)}“{name}”在同一个“{whole_plot}”里变了，"
                f"共 {moved.size} 个整区如此。",
                hint="整区因子（和区组）在一个整区里不能变；会变的写进 sub_factors，"
                "或者整区的名字没有写到底（例如每一炉都要有自己的名字）。",
                rows=[read.rows[place] for place in at],
            )
    for i, factor in enumerate(read.factors[k:], k):
        values = read.points[:, i]
        low = np.full(plots.max() + 1, np.inf)
        high = -low
        np.minimum.at(low, plots, values)
        np.maximum.at(high, plots, values)
        if (low == high).all():
            raise QualityDataError(
                f"{frames.source(df)}“{factor.name}”在每个“{whole_plot}”里都不变。",
                hint="它是整区因子，请写进 whole_factors。",
            )


def _matrix(
    read: Experiment, terms: tuple[Term, ...], block: str | None
) -> tuple[ModelMatrix, set[int]]:
    """Model with blocks as a last, fixed factor; positions of its terms that are no question."""
    if not block:
        return ModelMatrix(read.factors, terms, read.points), set()
    used, codes = np.unique(read.blocks, return_inverse=True)
    if len(used) < 2:
        raise QualityDataError(f"区组“{block}”只有一个。", hint="只有一个区组就不必写区组。")
    factor = Factor(block, tuple(read.block_names[place] for place in used))
    points = np.column_stack([read.points, factor.positions[codes.ravel()]])
    own = (len(read.factors),)
    return ModelMatrix((*read.factors, factor), (*terms, own), points), {len(terms)}


def _plot_rank(matrix: ModelMatrix, whole: list[bool], plots: Codes) -> int:
    """Dimensions that whole-plot terms and blocks take up among whole plots."""
    first = np.unique(plots, return_index=True)[1]
    last = len(matrix.terms) - 1
    blocks = [
        block[first]
        for place, block in enumerate(matrix.blocks)
        if whole[place] or (place == last and matrix.terms[place][0] == len(matrix.factors) - 1
                            and _constant(matrix.blocks[place], plots))
    ]  # fmt: skip
    x = np.hstack([np.ones((len(first), 1)), *blocks])
    return int(np.linalg.matrix_rank(x))


def _constant(columns: Matrix, plots: Codes) -> bool:
    first = np.unique(plots, return_index=True)[1]
    return bool(np.allclose(columns, columns[first][plots]))


def _balanced(matrix: ModelMatrix, whole: list[bool], plots: Codes, counts: Codes) -> bool:
    """Whether strata are orthogonal: equal whole plots, sub-plot columns that sum to 0 in each."""
    if not (counts == counts[0]).all():
        return False
    for block, own in zip(matrix.blocks, whole, strict=True):
        if own or _constant(block, plots):
            continue
        sums = np.zeros((len(counts), block.shape[1]))
        np.add.at(sums, plots, block)
        if np.abs(sums).max() > 1e-9 * len(plots):
            return False
    return True


@dataclass(frozen=True)
class SplitFit:
    """裂区拟合 Generalised least squares at the variance ratio γ of the restricted likelihood."""

    beta: Vector
    covariance: Matrix
    sub_var: float
    gamma: float
    residuals: Vector


def fit_split(x: Matrix, y: Vector, plots: Codes) -> SplitFit:
    """限制最大似然 One random effect of each whole plot; γ = its variance over the residual's.

    With H the blocks I + γ·11′, H⁻¹ = I − γ/(1 + γ·m)·11′ and |H| = Π(1 + γ·m). γ may be as low
    as just above −1/m, where the variance of a plot's mean would vanish.

    Examples
    --------
    >>> x, plots = np.ones((6, 1)), np.repeat([0, 1, 2], 2)
    >>> found = fit_split(x, np.array([1.0, 3, 4, 6, 8, 10]), plots)
    >>> round(found.sub_var, 6), round(found.sub_var * found.gamma, 4)
    (2.0, 11.3333)
    """
    from scipy.optimize import minimize_scalar

    m = np.bincount(plots).astype(np.float64)
    shift = float(y.mean())
    scale = np.linalg.norm(x, axis=0)
    z = x / scale
    centred = y - shift
    n, p = x.shape
    sums_x = np.zeros((len(m), p))
    np.add.at(sums_x, plots, z)
    sums_y = np.bincount(plots, centred)
    xx, xy = z.T @ z, z.T @ centred

    def solve(gamma: float) -> tuple[Vector, Matrix, float, float]:
        weight = gamma / (1 + gamma * m)
        a = xx - (sums_x * weight[:, None]).T @ sums_x
        b = xy - sums_x.T @ (weight * sums_y)
        beta = np.linalg.solve(a, b)
        rest = centred - z @ beta
        q = float(rest @ rest - weight @ np.bincount(plots, rest) ** 2)
        log_det = float(np.log1p(gamma * m).sum() + np.linalg.slogdet(a)[1])
        return beta, a, q, (n - p) * float(np.log(q)) + log_det

    least = -1 / m.max()

    def criterion(t: float) -> float:
        return solve(least + float(np.exp(t)))[3]

    grid = np.linspace(np.log(-least) - 6, np.log(-least) + 14, 41)
    values = [criterion(t) for t in grid]
    best = int(np.argmin(values))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(criterion, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    gamma = float(least + np.exp(found.x))
    beta, a, q, _ = solve(gamma)
    sub_var = float(q / (n - p))
    rest = centred - z @ beta
    effect = gamma / (1 + gamma * m) * np.bincount(plots, rest)
    covariance = np.linalg.inv(a) * sub_var / np.outer(scale, scale)
    beta = beta / scale
    beta[0] += shift
    return SplitFit(beta, covariance, sub_var, gamma, np.asarray(rest - effect[plots]))
