"""量具运行图 What the table of a gauge study hides: who reads high, who scatters, what drifts.

Every reading is seen as its deviation from the mean of its part, so that parts drop out and the
patterns of people remain. Three questions are answered with numbers:

* Does one operator read high or low? Offsets by least squares of the cell means on parts and
  operators (cells count alike), with simultaneous t intervals (Bonferroni).
* Do one operator's repeats scatter more? Each variance against the pooled one of the others, an F
  test with Bonferroni's correction: Cochran's test, for any degrees of freedom ('t Lam 2010).
* Do readings drift while the study goes on? Slope over the order within the cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.estimate import t_p, t_quantile
from qtools.msa.gage_rr import DESIGN_NAMES, Design
from qtools.msa.run_chart_result import Drift, GageRunChart, Person
from qtools.msa.study import Study, read_study
from qtools.result import Interval
from qtools.variance import dust

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Codes, Vector

_OFFSET, _SPREAD, _DRIFT = "t，Bonferroni 同时区间", "χ²", "t"


def gage_run_chart(
    df: pd.DataFrame,
    *,
    part: str,
    operator: str,
    value: str,
    design: Design = "crossed",
    order: str | None = None,
    confidence: float = 0.95,
) -> GageRunChart:
    """量具运行图 Readings of a gauge study person by person, and the patterns in them.

    Parameters
    ----------
    df : pandas.DataFrame
        Long table, one row a reading; rows in the order of measuring, unless ``order`` says it.
        Readings may be missing.
    part, operator, value : str
        Columns of part, operator and reading.
    design : {"crossed", "nested"}
        As in :func:`gage_rr`; with nested parts, offsets of operators cannot be told.
    order : str, optional
        Column of the order of measuring: numbers or dates. Only with it is drift tested.
    confidence : float
        Level of the intervals; one less it is the risk of each test.

    Returns
    -------
    GageRunChart

    Raises
    ------
    QualityDataError
        As :func:`gage_rr`, or if ``order`` cannot be used.

    Notes
    -----
    Offsets: least squares of the cell means on parts and operators, t with cells − parts −
    operators + 1 degrees of freedom, so interaction counts as error; where the repeats alone
    explain more than the cell means show, theirs are used. Repeats: pooled standard
    deviation of an operator's cells with χ² limits; F = s²/s²(others), p times the operators.
    Drift: regression on the rank of the order within the cells, times the length of the study.

    References
    ----------
    Cochran (1941), Annals of Eugenics 11, 47-52. 't Lam (2010), Analytica Chimica Acta 659, 68-84.

    Examples
    --------
    >>> import qtools as qt
    >>> study = qt.load("gage-classic")
    >>> chart = gage_run_chart(study, part="零件", operator="检验员", value="读数")
    >>> [round(person.mean, 4) for person in chart.people]
    [0.1889, 0.0669, -0.2558]
    >>> chart.verdict.text
    '要看一看：A 读数偏高；C 读数偏低；B 的重复读数散得更开。'
    """
    frames.require_confidence(confidence)
    if design not in DESIGN_NAMES:
        raise QualityDataError(
            f'design="{design}" 不认识。', hint='可选："crossed"（交叉）、"nested"（嵌套）。'
        )
    if order is not None:
        frames.require_columns(df, [part, operator, value, order])
        when = _ranks(df, order)
        df = df.iloc[np.argsort(when, kind="stable")]
    study = read_study(df, part, operator, value, (), design == "nested")
    cell = np.ravel_multi_index(study.codes[:2], study.counts.shape)
    cells, cell = np.unique(cell, return_inverse=True)
    owner = cells % len(study.operator_names)
    y = study.y - study.y[0]
    means, within = _sweep(y, cell)
    size = np.bincount(cell)
    equal = np.bincount(cell, weights=within**2) <= dust(study.y)
    spreads = _spreads(study, within, size, owner, confidence)
    repeats = float(within @ within), int(within.size - size.size), float(np.mean(1 / size))
    offsets = _offsets(study, means, cells // len(study.operator_names), owner, repeats, confidence)
    readings = np.bincount(study.codes[1]).tolist()
    rows = zip(study.operator_names, readings, offsets, spreads, strict=True)
    return GageRunChart(
        study=study,
        people=tuple(
            Person(name, n, mean, offset, sd, df_sd, spread, p)
            for name, n, (mean, offset), (sd, df_sd, spread, p) in rows
        ),
        drift=None if order is None else _drift(study, np.sort(when), cell, within, confidence),
        identical=int(np.sum(equal & (size > 1))),
        repeated=int(np.sum(size > 1)),
        confidence=confidence,
    )


def _ranks(df: pd.DataFrame, order: str) -> Vector:
    import pandas as pd
    from scipy.stats import rankdata

    if pd.api.types.is_datetime64_any_dtype(df[order]):
        frames.codes(df, order)  # refuses blanks, naming their rows
        return np.asarray(rankdata(df[order].to_numpy().astype("int64")))
    return np.asarray(rankdata(frames.numbers(df, order)))


def _sweep(x: Vector, cell: Codes) -> tuple[Vector, Vector]:
    """Means of cells and deviations from them, in two passes."""
    size = np.bincount(cell)
    means = np.bincount(cell, weights=x) / size
    rest = x - means[cell]
    slip = np.bincount(cell, weights=rest) / size
    return means + slip, rest - slip[cell]


def _offsets(
    study: Study,
    means: Vector,
    part: Codes,
    owner: Codes,
    repeats: tuple[float, int, float],
    confidence: float,
) -> list[tuple[float | None, Interval | None]]:
    """Offsets of operators that add up to 0, from the cell means freed of their parts.

    ``repeats`` is the sum of squares of repeats, its degrees of freedom, and their mean share in
    the variance of a cell mean: cell means cannot be surer than that, even if they look so.
    """
    people = len(study.operator_names)
    if study.nested:
        return [(None, None)] * people
    part = np.unique(part, return_inverse=True)[1]
    x = np.column_stack([_sweep(column, part)[1] for column in np.eye(people)[owner].T])
    y = _sweep(means, part)[1]
    inverse = np.linalg.inv(x.T @ x + 1.0) - 1.0 / people**2  # of offsets that add up to 0
    found = inverse @ (x.T @ y)
    df = means.size - (int(part.max()) + 1) - (people - 1)
    rest = float(np.sum((y - x @ found) ** 2))
    ways = [(rest / df, df)] if df else []
    ways += [(repeats[2] * repeats[0] / repeats[1], repeats[1])] if repeats[1] else []
    if not ways:
        return [(float(each), None) for each in found]
    variance, df = max(ways)
    variance = variance if variance * df > dust(study.y) else 0.0
    reach = t_quantile(1 - (1 - confidence) / people, df) * np.sqrt(np.diag(inverse) * variance)
    return [
        (float(m), Interval(float(m - r), float(m + r), confidence, _OFFSET))
        for m, r in zip(found, reach, strict=True)
    ]


def _spreads(
    study: Study, within: Vector, size: Codes, owner: Codes, confidence: float
) -> list[tuple[float | None, int, Interval | None, float | None]]:
    """Standard deviation of repeats, degrees of freedom, limits, p value, by operator."""
    from scipy.special import chdtri, fdtrc

    people = len(study.operator_names)
    ss = np.bincount(study.codes[1], weights=within**2, minlength=people)
    ss = np.where(ss > dust(study.y), ss, 0.0)
    df = np.bincount(owner, weights=size - 1, minlength=people).astype(int)
    tested = int(np.sum(df > 0))
    alpha = (1 - confidence) / 2
    out: list[tuple[float | None, int, Interval | None, float | None]] = []
    for own, n in zip(ss.tolist(), df.tolist(), strict=True):
        if n == 0:
            out.append((None, 0, None, None))
            continue
        low, high = (float((own / chdtri(n, tail)) ** 0.5) for tail in (alpha, 1 - alpha))
        others, rest = int(df.sum()) - n, float(ss.sum()) - own
        p = None
        if others and rest > 0:
            p = min(1.0, tested * float(fdtrc(n, others, (own / n) / (rest / others))))
        out.append(((own / n) ** 0.5, n, Interval(low, high, confidence, _SPREAD), p))
    return out


def _drift(
    study: Study, when: Vector, cell: Codes, within: Vector, confidence: float
) -> Drift | None:
    """Slope over the order, parts and operators held fixed by their cells."""
    x = _sweep(when, cell)[1]
    sxx, df = float(x @ x), within.size - int(cell.max()) - 2
    span = float(when[-1] - when[0])
    ss = float(within @ within)
    if sxx <= 1e-9 * span**2 or df < 1 or ss <= dust(study.y):
        return None
    slope = float(x @ within) / sxx
    rest = float(np.sum((within - slope * x) ** 2))
    se = (max(rest, dust(study.y)) / df / sxx) ** 0.5
    reach = t_quantile(confidence, df) * se
    low, high = sorted((span * (slope - reach), span * (slope + reach)))
    return Drift(span * slope, Interval(low, high, confidence, _DRIFT), t_p(slope / se, df))
