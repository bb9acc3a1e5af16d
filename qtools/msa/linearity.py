"""线性研究 Linearity study: standards over the range of use, each read several times.

Each reading's bias is regressed on its reference value. The level of the line says whether the
gauge is off as a whole (location), its slope whether the bias changes over the range (linearity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.criteria import BIAS, Ladder
from qtools.msa.line import fit_line
from qtools.msa.linearity_result import LinearityStudy
from qtools.msa.means import readings
from qtools.msa.size import read_width
from qtools.sigma import subgroup_statistics
from qtools.variance import dust

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from qtools.variance import Codes, Vector


def linearity_study(
    df: pd.DataFrame,
    *,
    reference: str,
    value: str,
    part: str | None = None,
    tolerance: float | None = None,
    process_variation: float | None = None,
    confidence: float = 0.95,
    criteria: Ladder = BIAS,
) -> LinearityStudy:
    """线性研究 Linearity study: bias regressed on the reference value.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        One row a reading, at least three.
    reference : str
        Column of the standards' values, in the unit of the readings; at least two distinct.
    value : str
        Column of readings.
    part : str, optional
        Column that names the standards; without it, one standard a reference value.
    tolerance, process_variation : float, optional
        Width that biases are compared with. Not both.
    confidence : float
        Level of the intervals.
    criteria : Ladder
        Bands of the size of a bias in percent of that width.

    Returns
    -------
    LinearityStudy
        Least squares of (reading − reference) on reference, with t tests on n − 2 degrees of
        freedom; %linearity is 100·|slope|, in percent of whatever width one takes.

    Raises
    ------
    QualityDataError
        If an option or a cell is unusable, a standard has two reference values, there are fewer
        than two reference values or three readings, or nothing is left over by the line.

    References
    ----------
    AIAG, Measurement Systems Analysis, 4th ed. (2010), chapter III section B, table III-B 4.
    Lack of fit: Draper & Smith, Applied Regression Analysis, chapter 2.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"参考值": [2, 2, 6, 6, 10, 10], "读数": [2.5, 2.3, 6.1, 6.2, 9.6, 9.8]})
    >>> study = linearity_study(df, reference="参考值", value="读数")
    >>> round(study.line.slope, 4), study.fails
    (-0.0875, ('slope',))
    """
    frames.require_confidence(confidence)
    width = read_width(tolerance, process_variation)
    columns = [reference, value] if part is None else [reference, value, part]
    frames.require_columns(df, columns)
    x = frames.numbers(df, reference).copy()
    y = readings(df, value, "线性研究", least=3)
    if np.unique(x).size < 2:
        raise QualityDataError(
            f"{frames.source(df)}列“{reference}”里只有 {x[0]:g} 一个参考值，看不出线性。",
            hint="线性研究要在量程内取至少 2 个（通常 5 个）标准件，请补测；"
            "眼下只有一个，可以在 Python 里用 qt.msa.bias_study 看这一处的偏倚。",
        )
    codes, names = _standards(df, x, part)
    bias = y - x
    line = fit_line(x, bias, confidence)
    if line.sse <= dust(y) + dust(x):
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”的读数全都恰好落在一条直线上，看不出重复性，无从判断。",
            hint="多半是分辨力不够（读数被取整），或读数是算出来的。请核对原始记录。",
        )
    levels = np.unique(x, return_inverse=True)[1]
    within = bias - subgroup_statistics(bias, levels).mean[levels]
    pure = float(within @ within)
    if pure <= dust(y) + dust(x):
        pure = 0.0
    strays = tuple(frames.row_numbers(df, _strays(x, y)))
    return LinearityStudy(
        value, reference, x, bias, codes, names, line, pure, len(x) - int(levels.max()) - 1,
        strays, width, criteria,
    )  # fmt: skip


def _standards(df: pd.DataFrame, x: Vector, part: str | None) -> tuple[Codes, tuple[str, ...]]:
    """Codes and names of the standards in order of their reference values."""
    if part is None:
        values, codes = np.unique(x, return_inverse=True)
        return codes.astype(np.intp), tuple(f"{value:g}" for value in values)
    codes, names = frames.codes(df, part)
    first = x[np.unique(codes, return_index=True)[1]]
    odd = np.flatnonzero(x != first[codes])
    if odd.size:
        name = names[codes[odd[0]]]
        raise QualityDataError(
            f"{frames.source(df)}“{part}”为“{name}”的标准件有不止一个参考值："
            f"{first[codes[odd[0]]]:g} 和 {x[odd[0]]:g}。",
            hint="一个标准件只有一个参考值，请核对这些行。",
            rows=frames.row_numbers(df, odd),
        )
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return rank[codes].astype(np.intp), tuple(names[place] for place in order)


def _strays(x: Vector, y: Vector) -> npt.NDArray[np.intp]:
    """Rows whose reading lies at another standard, and far from where readings usually lie."""
    own = np.abs(y - x)
    nearest = np.abs(y[:, None] - np.unique(x)).min(axis=1)
    return np.flatnonzero((4 * nearest < own) & (own > 4 * np.median(own)))
