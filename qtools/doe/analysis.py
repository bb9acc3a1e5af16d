"""分析析因试验 Analysis of a factorial experiment: effects, tests, lack of fit, residuals.

Least squares in coded units, type III sums of squares with contrasts that sum to zero. Blocks are
columns of their own before the factors. Centre runs of a two-level design get one column too, so
that curvature is neither taken for error nor for an effect. What is left over is the error; where
nothing is left over, Lenth's method decides (:mod:`qtools.doe.lenth`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.analysis_result import FactorialAnalysis
from qtools.doe.anova import tests_of
from qtools.doe.design import BLOCK, CODE, HEADS, RUN, Design
from qtools.doe.estimable import center_column, estimable, says_more
from qtools.doe.factor import Factor, Setting
from qtools.doe.fit import Fit, fit
from qtools.doe.lenth import CRITICAL_NAMES, RATE_NAMES, Critical, Rate
from qtools.doe.reading import Experiment, read_experiment
from qtools.doe.terms import ModelMatrix, Term, read_terms
from qtools.doe.transformation import LEAST_DF, BoxCox, box_cox
from qtools.errors import QualityDataError
from qtools.variance import flat

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

CURVATURE = "弯曲"
_RESPONSE = "响应"
_MODELS = ("auto", "main", "interactions", "quadratic", "full")


def analyze(
    data: pd.DataFrame | Design,
    *,
    response: str | Sequence[float],
    factors: Sequence[str] | None = None,
    model: str | int | Sequence[str] = "interactions",
    block: str | None = None,
    confidence: float = 0.95,
    lenth: Critical = "simulated",
    rate: Rate = "individual",
    coding: Mapping[str, Sequence[Setting]] | None = None,
    categorical: Sequence[str] = (),
) -> FactorialAnalysis:
    """分析析因试验 Effects with intervals, analysis of variance, and what decided.

    Parameters
    ----------
    data : DataFrame or Design
        A table, one row a run (a run sheet that came back is checked); or the design itself.
    response : str or sequence of float
        Column of the response; with a design, the results in run order.
    factors : sequence of str, optional
        Columns of settings. Not needed for a design or a run sheet.
    model : str, int, or sequence of str
        ``"main"``, ``"interactions"``, ``"full"``, a highest order, or terms such as
        ``["温度", "温度×时间"]`` (:func:`qtools.doe.terms.read_terms`); or ``"auto"``: all
        interactions that the runs can tell apart, the lowest orders first.
    block : str, optional
        Column of blocks.
    confidence : float
        Level of the intervals; one less it is the risk of calling an effect real that is not.
    lenth : {"simulated", "t"}
        Critical values of Lenth's method, used only where no residual is left.
    rate : {"individual", "experiment"}
        Whether that risk is of each effect, or of all together (SME; Bonferroni for t).
    coding : mapping of str to sequence, optional
        Settings of numeric factors coded −1 and +1, by default their lowest and highest; of texts,
        all settings in order, by default that of :func:`qtools.doe.reading.read_experiment`.
    categorical : sequence of str
        Numeric columns whose numbers are only names.

    Returns
    -------
    FactorialAnalysis

    Raises
    ------
    QualityDataError
        As :func:`qtools.doe.reading.read_experiment`, or if the model cannot be estimated: the
        message names what can be.

    Notes
    -----
    Effect = high less low mean = 2 × coefficient in coded units. F and t against the residual
    mean square; curvature is the mean at the centre less what the factorial runs predict there.

    Examples
    --------
    >>> from qtools.doe.factorial import full_factorial
    >>> design = full_factorial({"温度": (160, 180), "压力": (1, 2)}, replicates=2, seed=1)
    >>> heat = design.runs["温度"].to_numpy()
    >>> noise = np.array([0.3, -0.2, 0.1, -0.4, 0.2, 0.1, -0.3, 0.2])
    >>> found = analyze(design, response=heat / 10 + noise)
    >>> found.active, round(found.effect("温度"), 2)
    (('温度',), 1.8)
    """
    frames.require_confidence(confidence)
    _require("lenth", lenth, CRITICAL_NAMES)
    _require("rate", rate, RATE_NAMES)
    if isinstance(data, Design):
        if data.n_blocks > 1:
            block = block or BLOCK
        coding = _coding(data) | dict(coding or {})
        factors = list(factors) if factors is not None else list(data.names)
        data, response = _with_results(data, response)
    frames.require_table(data)
    if not isinstance(response, str):
        raise QualityDataError(
            "response 要写响应所在的列名。", hint="给出设计（Design）时，才写一串结果。"
        )
    factors = _columns_of_sheet(data) if factors is None else factors
    read = read_experiment(
        data, factors=factors, response=response, block=block,
        coding=coding, categorical=categorical,
    )  # fmt: skip
    matrix, places, dropped = _matrix(read, _plain(model), block)
    found = fit(matrix, read.y)
    return FactorialAnalysis(
        experiment=read,
        fit=found,
        places=places,
        block=block,
        curvature_at=len(matrix.terms) - 1 if matrix.terms[-1][0] >= len(read.factors) else None,
        tests=tests_of(found, places, confidence, lenth, rate),
        box_cox=_box_cox(found, confidence),
        order=_order(data, response),
        dropped=dropped,
        unused_blocks=block is None and _several(data, BLOCK),
        confidence=confidence,
        rate=rate,
    )


def _require(name: str, value: object, known: Mapping[str, str]) -> None:
    if value not in known:
        words = "、".join(f'"{key}"（{text}）' for key, text in known.items())
        raise QualityDataError(f'{name}="{value}" 不认识。', hint=f"可选：{words}。")


def _plain(model: str | int | Sequence[str]) -> str | int | Sequence[str]:
    """A list of one word, as a command line gives it, is that word; a digit is an order."""
    if isinstance(model, int | str):
        return model
    words = [str(word) for word in model]
    if len(words) == 1 and (words[0] in _MODELS or words[0].isdecimal()):
        return int(words[0]) if words[0].isdecimal() else words[0]
    return words


def _coding(design: Design) -> dict[str, Sequence[Setting]]:
    return {
        factor.name: (factor.levels[0], factor.levels[-1]) if factor.continuous else factor.levels
        for factor in design.factors
    }


def _with_results(design: Design, response: object) -> tuple[pd.DataFrame, str]:
    if isinstance(response, str):
        raise QualityDataError(
            "给出设计时，response 要写按试验序排列的结果。",
            hint="例如 response=[12.1, 13.4, …]；已经填好的试验单，把表本身交给 analyze。",
        )
    results = list(response)  # type: ignore[call-overload]
    if len(results) != design.n_runs:
        raise QualityDataError(
            f"设计有 {design.n_runs} 次试验，结果却有 {len(results)} 个。",
            hint="按试验序逐次写；没有做成的写 None。",
        )
    name = _RESPONSE
    while name in design.names:
        name += "值"
    return design.runs.assign(**{name: results}), name


def _columns_of_sheet(df: pd.DataFrame) -> list[str]:
    """Factors of a run sheet: what stands before its codes."""
    columns = [str(name) for name in df.columns]
    if CODE not in columns:
        raise QualityDataError(
            "没有写明因子的列。", hint="用 factors=['速度', '进给'] 写明哪些列是因子。"
        )
    return [name for name in columns[: columns.index(CODE)] if name not in HEADS]


def _matrix(
    read: Experiment, model: str | int | Sequence[str], block: str | None
) -> tuple[ModelMatrix, tuple[int, ...], tuple[str, ...]]:
    """Columns of blocks, terms and curvature; where the terms are; what did not fit in."""
    factors, points, k = list(read.factors), read.points, len(read.factors)
    before: list[Term] = []
    if block:
        if len(read.block_names) < 2:
            raise QualityDataError(
                f"“{block}”这一列只有一个区组。", hint="不分区组，就不要写 block。"
            )
        own = Factor(block, read.block_names)
        points = np.column_stack([points, own.positions[read.blocks]])
        before.append((len(factors),))
        factors.append(own)
    extra: list[Term] = []
    center = center_column(read.factors, read.points)
    if center is not None:
        points = np.column_stack([points, center])
        if says_more(ModelMatrix(tuple(factors), tuple(before), points).x, center):
            extra.append((len(factors),))
        factors.append(Factor(CURVATURE, ("析因点", "中心点")))
    if model == "auto":
        terms, dropped = estimable(tuple(factors), k, points, (*before, *extra))
    else:
        terms, dropped = read_terms(model, read.factors), ()
    own_x = ModelMatrix(tuple(factors), (*before, *terms), points).x
    if center is not None and extra and not says_more(own_x, center):
        extra = []
    whole = (*before, *terms, *extra)
    places = tuple(range(len(before), len(before) + len(terms)))
    used = k + len(before) + len(extra)
    return ModelMatrix(tuple(factors[:used]), whole, points[:, :used]), places, dropped


def _box_cox(found: Fit, confidence: float) -> BoxCox | None:
    usable = found.df >= LEAST_DF and found.sse > 0 and bool((found.y > 0).all())
    return box_cox(found.matrix.x, found.y, confidence) if usable and not flat(found.y) else None


def _several(df: pd.DataFrame, column: str) -> bool:
    """Whether a column is there and varies."""
    return column in df.columns and len(df[column].dropna().unique()) > 1


def _order(df: pd.DataFrame, response: str) -> Vector | None:
    """Run order of the runs that were used, if the table has it."""
    import pandas as pd

    if RUN not in df.columns or not pd.api.types.is_numeric_dtype(df[RUN]):
        return None
    order = df.loc[df[response].notna(), RUN].to_numpy(dtype=np.float64)
    return order if np.isfinite(order).all() and len(set(order)) == len(order) else None
