"""传感器静态性能 Static performance of a sensor from calibration cycles, in % of full scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.estimate import t_quantile
from qtools.msa.means import readings
from qtools.msa.sensor_result import Deviation, SensorStudy
from qtools.result import Interval
from qtools.variance import dust

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from qtools.variance import Vector

    Matrix = npt.NDArray[np.float64]

_DRAWS = 20_000
_SEED = 1


def sensor_study(
    df: pd.DataFrame,
    *,
    reference: str,
    value: str,
    direction: str | None = None,
    cycle: str | None = None,
    confidence: float = 0.95,
) -> SensorStudy:
    """传感器静态性能 Linearity, hysteresis and repeatability of a sensor.

    Parameters
    ----------
    df : pandas.DataFrame
        One row a reading.
    reference, value : str
        Columns of the applied quantity (at least three points) and of the output.
    direction : str, optional
        Column with two labels, rising and falling; needed for hysteresis.
    cycle : str, optional
        Column of the calibration cycle, to see whether whole cycles are displaced.
    confidence : float
        Level of the intervals.

    Returns
    -------
    SensorStudy
        With the mean output of each point and direction, and m the mean of both: nonlinearity is
        the largest deviation of m from the least-squares line through m, or from the line through
        the first and the last m; hysteresis the largest difference between the directions;
        repeatability the standard deviation pooled within point and direction. All in percent of
        the full-scale output, which is the rise of the least-squares line over the range.

        The first three are maxima over the points, T = max|c|. Their intervals T ± q·s are
        simultaneous: q is the quantile of the largest error of all c, from independent normal
        errors with the pooled s (studentized maximum modulus of 20 000 draws with a fixed seed).
        They are conservative. Repeatability: χ². Sensitivity: t. The full-scale output counts as
        known.

    Raises
    ------
    QualityDataError
        If a cell is unusable, there are fewer than three points, the directions are not two, one
        cycle has a point twice in one direction, or the output does not depend on the input.

    References
    ----------
    Studentized maximum modulus: Stoline & Ury (1979), Technometrics 21, 87-93.

    Examples
    --------
    >>> import qtools as qt
    >>> cycles = qt.load("sensor-sim")
    >>> found = qt.msa.sensor_study(cycles, reference="压力", value="输出", direction="行程")
    >>> round(found.hysteresis.percent, 2), found.points
    (0.26, 11)
    """
    frames.require_confidence(confidence)
    columns = [name for name in (reference, value, direction, cycle) if name is not None]
    frames.require_columns(df, columns)
    x, y = frames.numbers(df, reference), readings(df, value, "传感器研究", 3)
    places, point = np.unique(x, return_inverse=True)
    if places.size < 3:
        raise QualityDataError(
            f"{frames.source(df)}列“{reference}”只有 {places.size} 个校准点，看线性至少要 3 个。",
            hint="请在量程内均匀地取点，常见 5 个以上。",
        )
    way, names = _directions(df, direction)
    rounds = _cycles(df, cycle, point, way)
    cell = point * len(names) + way
    held, cell = np.unique(cell, return_inverse=True)
    count = np.bincount(cell)
    start = float(y[0])
    mean = np.bincount(cell, y - start) / count
    rest = (y - start) - mean[cell]
    df_within = int(y.size - held.size)
    sse = float(rest @ rest)
    sse = 0.0 if sse <= dust(y) else sse
    s = (sse / df_within) ** 0.5 if df_within else None
    average = _averages(held // len(names), places.size)
    u = places - places.mean()
    rise = u / (u @ u) @ average
    slope = float(rise @ mean)
    span = abs(slope) * float(np.ptp(places))
    if span <= 1e-9 * float(np.ptp(y)):
        raise QualityDataError(
            f"{frames.source(df)}列“{value}”不随“{reference}”变化，谈不上灵敏度和线性。",
            hint="请核对列名，是不是把输入、输出写反了。",
        )
    maps = _contrasts(places, average, held, len(names))
    limits = {
        name: None if s is None else _modulus(matrix, count, df_within, confidence) * s
        for name, matrix in maps.items()
    }
    found = {
        name: Deviation(matrix @ mean, where, span, limits[name], confidence)
        for (name, matrix), where in zip(
            maps.items(), _where(places, held, len(names)), strict=False
        )
    }
    se = None if s is None else s * float(np.sum(rise**2 / count)) ** 0.5
    half = None if se is None else t_quantile(confidence, df_within) * se
    means = np.full((places.size, len(names)), np.nan)
    means[held // len(names), held % len(names)] = mean + start
    return SensorStudy(
        reference=reference,
        value=value,
        directions=names if direction is not None else (),
        places=places,
        means=means,
        n=int(y.size),
        repeats=int(count.min()),
        slope=slope,
        level=start + float((average @ mean).mean()),
        slope_interval=None
        if half is None
        else Interval(slope - half, slope + half, confidence, f"t，自由度 {df_within}"),
        s=s,
        df=df_within,
        line=found["line"],
        ends=found["ends"],
        hysteresis=found.get("hysteresis"),
        cycle_p=None if rounds is None or not sse else _cycle_p(rest, rounds, df_within),
        confidence=confidence,
    )


def _directions(
    df: pd.DataFrame, direction: str | None
) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    if direction is None:
        return np.zeros(len(df), dtype=np.intp), ("",)
    codes, names = frames.codes(df, direction)
    if len(names) != 2:
        told = "、".join(f"“{name}”" for name in names[:5])
        raise QualityDataError(
            f"{frames.source(df)}列“{direction}”有 {len(names)} 种写法：{told}；"
            "行程要正好两种，上行与下行。",
            hint="请统一写法；只做了一个方向的，就不要写行程所在的列。",
        )
    return codes, tuple(names)


def _cycles(
    df: pd.DataFrame, cycle: str | None, point: npt.NDArray[np.intp], way: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp] | None:
    """Codes of the cycles; a cycle visits each point once in each direction."""
    if cycle is None:
        return None
    codes, names = frames.codes(df, cycle)
    keys = np.stack([codes, point, way])
    _, first, count = np.unique(keys, axis=1, return_index=True, return_counts=True)
    if (count > 1).any():
        twice = keys[:, first[np.argmax(count > 1)]]
        at = np.flatnonzero((keys == twice[:, None]).all(axis=0))
        raise QualityDataError(
            f"{frames.source(df)}列“{cycle}”为 {names[twice[0]]} 的循环里，同一个校准点、"
            f"同一个行程有 {at.size} 个读数。",
            hint="请核对循环与行程的标记；一个循环里本来就重复测的，请各编一个循环号。",
            rows=frames.row_numbers(df, at),
        )
    return codes


def _averages(point: npt.NDArray[np.intp], points: int) -> Matrix:
    """Mean of the directions of each point, as a map from the cells."""
    out = np.zeros((points, point.size))
    out[point, np.arange(point.size)] = 1
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def _contrasts(
    places: Vector, average: Matrix, held: npt.NDArray[np.intp], ways: int
) -> dict[str, Matrix]:
    """What is looked at, as maps from the mean of each cell."""
    n = places.size
    u = places - places.mean()
    line = np.eye(n) - 1 / n - np.outer(u, u) / (u @ u)
    share = (places - places[0]) / (places[-1] - places[0])
    ends = np.eye(n)
    ends[:, 0] -= 1 - share
    ends[:, -1] -= share
    maps = {"line": line @ average, "ends": ends @ average}
    both = _both(held, ways)
    if both.size:
        at = {int(cell): place for place, cell in enumerate(held)}
        gap = np.zeros((both.size, held.size))
        for row, point in enumerate(both):
            gap[row, at[2 * int(point) + 1]], gap[row, at[2 * int(point)]] = 1, -1
        maps["hysteresis"] = gap
    return maps


def _both(held: npt.NDArray[np.intp], ways: int) -> npt.NDArray[np.intp]:
    """Points with readings in both directions."""
    return np.flatnonzero(np.bincount(held // ways) == 2) if ways == 2 else np.empty(0, np.intp)


def _where(places: Vector, held: npt.NDArray[np.intp], ways: int) -> tuple[Vector, ...]:
    return places, places, places[_both(held, ways)]


def _modulus(matrix: Matrix, count: npt.NDArray[np.intp], df: int, confidence: float) -> float:
    """Quantile of the largest error of all contrasts over the pooled standard deviation."""
    rng = np.random.default_rng(_SEED)
    draws = max(min(_DRAWS, int(2e7) // matrix.size), 1000)
    errors = rng.standard_normal((draws, count.size)) / np.sqrt(count)
    largest = abs(errors @ matrix.T).max(axis=1)
    return float(np.quantile(largest / np.sqrt(rng.chisquare(df, draws) / df), confidence))


def _cycle_p(rest: Vector, rounds: npt.NDArray[np.intp], df: int) -> float | None:
    """F test of "no cycle is displaced", on the deviations from the cell means."""
    from scipy.special import fdtrc

    count = np.bincount(rounds)
    between = float(np.sum(np.bincount(rounds, rest) ** 2 / count))
    k, left = count.size - 1, float(rest @ rest) - between
    if k < 1 or df - k < 1 or left <= 0:
        return None
    return float(fdtrc(k, df - k, (between / k) / (left / (df - k))))
