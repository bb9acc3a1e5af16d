"""设置 Means that a fitted factorial model predicts, and the settings of the highest and lowest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from qtools.display import format_number
from qtools.doe.fit import Fit, fit
from qtools.doe.making import whole
from qtools.doe.reading import Experiment
from qtools.doe.terms import ModelMatrix, Term
from qtools.errors import QualityDataError
from qtools.estimate import Estimate, t_quantile
from qtools.result import Interval

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from qtools.doe.analysis_result import FactorialAnalysis

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

SIGNS = {"max": 1.0, "大": 1.0, "min": -1.0, "小": -1.0}
_MOST = 50_000  # combinations of settings that are compared


def model_rows(fitted: Fit, places: Sequence[int], read: Experiment, points: Matrix) -> Matrix:
    """Rows of the model at coded points: blocks averaged, curvature that of a factorial run."""
    terms = tuple(fitted.matrix.terms[place] for place in places)
    own = ModelMatrix(read.factors, terms, points)
    x = np.zeros((len(points), len(fitted.beta)))
    x[:, 0] = 1.0
    for place, columns in zip(places, own.blocks, strict=True):
        x[:, fitted.matrix.spans[place]] = columns
    for span in fitted.matrix.spans[max(places) + 1 :]:
        x[:, span] = -1.0
    return x


def means_of(fitted: Fit, rows: Matrix, confidence: float) -> list[tuple[float, Interval | None]]:
    """Means at rows of the model, with t intervals where there is a residual."""
    values = (rows @ fitted.beta).tolist()
    if not fitted.df or not fitted.sse:
        return [(value, None) for value in values]
    variance = np.einsum("ij,jk,ik->i", rows, fitted.unscaled, rows) * fitted.sse / fitted.df
    return [
        (value, Estimate(value, float(v**0.5), fitted.df, confidence).interval)
        for value, v in zip(values, variance, strict=True)
    ]


def require_options(read: Experiment, goal: str, noise: Sequence[str], runs: int) -> float:
    """Refuse a goal, a factor or a number of runs that is none; return the goal's sign."""
    if unknown := [name for name in noise if name not in read.names]:
        raise QualityDataError(
            f"“{'、'.join(unknown)}”不是因子。", hint=f"因子有：{'、'.join(read.names)}。"
        )
    if goal not in SIGNS:
        raise QualityDataError(
            f"目标“{goal}”看不懂。", hint="写 大（响应越大越好）或 小（越小越好）。"
        )
    whole("确认试验的次数 runs", runs, least=1)
    return SIGNS[goal]


def ranking(
    result: FactorialAnalysis, terms: Sequence[Term], goal: str, noise: Sequence[str], runs: int
) -> pd.DataFrame:
    """Settings from the best mean to the worst, by the model of some terms fitted anew."""
    import pandas as pd

    read, matrix = result.experiment, result.fit.matrix
    sign = require_options(read, goal, noise, runs)
    used = sorted({place for term in terms for place in term})
    free = [place for place in used if read.names[place] not in noise]
    if not free:
        raise QualityDataError(
            "没有可以设置的、显著的因子。", hint="没有看得出的效应时，不要挑设置。"
        )
    before = matrix.terms[: min(result.places)]
    after = matrix.terms[max(result.places) + 1 :]
    own = ModelMatrix(matrix.factors, (*before, *terms, *after), matrix.points)
    reduced = fit(own, read.y)
    averaged = [place for place in used if place not in free]
    ours, theirs = _candidates(read, free, terms), _grid(read, averaged, terms)
    points = np.zeros((len(ours), len(theirs), len(read.factors)))
    points[:, :, free] = ours[:, None, :]
    points[:, :, averaged] = theirs[None, :, :]
    places = range(len(before), len(before) + len(terms))
    rows = model_rows(reduced, places, read, points.reshape(-1, len(read.factors)))
    each = rows.reshape(len(ours), len(theirs), -1)
    rows = each.mean(axis=1)
    order = np.argsort(-sign * (rows @ reduced.beta), kind="stable")
    rows, ours, each = rows[order], ours[order], each[order]
    out: dict[str, object] = {
        read.names[place]: read.factors[place].settings(ours[:, at])
        for at, place in enumerate(free)
    }
    out["预测"] = rows @ reduced.beta
    if reduced.df and reduced.sse:
        t, s2 = t_quantile(result.confidence, reduced.df), reduced.sse / reduced.df
        share = np.einsum("ij,jk,ik->i", rows, reduced.unscaled, rows)
        behind = rows - rows[0]
        apart = t * np.sqrt(s2 * np.einsum("ij,jk,ik->i", behind, reduced.unscaled, behind))
        lost = sign * (behind @ reduced.beta)
        out |= {
            "下限": out["预测"] - t * np.sqrt(s2 * share),
            "上限": out["预测"] + t * np.sqrt(s2 * share),
        }
        for at, noisy in enumerate(theirs):  # new runs meet one setting of what nobody can set
            where = _setting_text(read, averaged, noisy)
            met = each[:, at]
            middle = met @ reduced.beta
            half = t * np.sqrt(
                s2 * (np.einsum("ij,jk,ik->i", met, reduced.unscaled, met) + 1 / runs)
            )
            out |= {f"确认下限{where}": middle - half, f"确认上限{where}": middle + half}
        told = np.where(lost < -apart - 1e-12 * abs(read.y).max(), "是", "否")
        out["与最好的分得开"] = told
        out["与最好的分得开"][0] = "—"  # type: ignore[index]
    first = [*(read.names[place] for place in free), "预测", "与最好的分得开"]
    return pd.DataFrame({head: out[head] for head in (*first, *out) if head in out})


def only_runs(read: Experiment, which: Sequence[int]) -> bool:
    """Whether combinations of the ends of some factors would lie outside the runs.

    So they do where numbers were run at more than two settings besides the middle (axial points,
    uniform designs), or at three and never all at an end together (Box and Behnken).
    """
    ways = [place for place in which if read.factors[place].continuous]
    own = np.abs(read.points[:, ways])
    end, middle = np.abs(own - 1) < 1e-9, own < 1e-9
    if not (end | middle).all():
        return True
    return bool(ways) and not end.all(axis=1).any()


def _candidates(read: Experiment, which: Sequence[int], terms: Sequence[Term]) -> Matrix:
    """Coded settings that are compared: combinations of ends, or only those that were run."""
    if only_runs(read, which):
        return np.unique(np.round(read.points[:, which], 9), axis=0)
    return _grid(read, which, terms)


def _setting_text(read: Experiment, which: Sequence[int], coded: Vector) -> str:
    """Settings of some factors as a heading has them; nothing where there are none."""
    parts = [
        f"{read.names[place]} {format_number(read.factors[place].settings(coded[[at]])[0])}"
        for at, place in enumerate(which)
    ]
    return f"（{'、'.join(parts)}）" if parts else ""


def _grid(read: Experiment, which: Sequence[int], terms: Sequence[Term]) -> Matrix:
    """Coded settings of some factors, all combinations."""
    ways = []
    for place in which:
        factor = read.factors[place]
        square = [-1.0, 0.0, 1.0] if (place, place) in terms else [-1.0, 1.0]
        ways.append(square if factor.continuous else factor.positions.tolist())
    if np.prod([len(way) for way in ways], dtype=float) > _MOST:
        raise QualityDataError("因子太多，逐个设置比较不完。", hint="请先精简模型。")
    points = list(product(*ways))  # one empty point where nothing is to be set
    return np.array(points, dtype=np.float64).reshape(len(points), len(which))
