"""成堆的日平均 Days far apart for a cause with a name: another artefact, or a wrong unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Codes, Vector

FEWEST = 3  # days of a heap, on average
FAR = 5.0  # gap between two heaps, in ranges of the wider one
NOISE = 10.0  # standard deviation of the days, in standard errors of a day
EXPLAINED = 0.9  # part of the sum of squares of the days, by a column that was not used


@dataclass(frozen=True, slots=True)
class Clusters:
    """成堆 Days of one combination that are far apart.

    Parameters
    ----------
    low, high : float
        Averages of the lowest and the highest heap.
    columns : tuple of str
        Columns that were not used and tell the heaps apart.
    """

    low: float
    high: float
    columns: tuple[str, ...]


def split_days(
    df: pd.DataFrame, y: Vector, se: Vector, codes: Sequence[Codes], used: Sequence[str]
) -> Clusters | None:
    """Heaps of the first combination whose days have them; None without.

    The days must scatter NOISE times as much as repetitions explain. Then a column that was not
    used explains EXPLAINED of that, or there is one gap of FAR times the range of either side (of
    six normal days about one study in a thousand has such a gap, of more days fewer).

    Parameters
    ----------
    df : pandas.DataFrame
    y, se : ndarray, shape (n,)
        Average of each day and its standard error from repetitions alone.
    codes : sequence of int arrays
        Artefact, instrument, run.
    used : sequence of str
        Columns that the study uses.
    """
    cell = np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].ravel()
    for one in range(int(cell.max()) + 1):
        at = np.flatnonzero(cell == one)
        noise = float(np.mean(se[at] ** 2)) ** 0.5
        if at.size < 2 * FEWEST or np.std(y[at]) <= NOISE * noise:
            continue
        names = [str(name) for name in df.columns if name not in used]
        apart = {name: _means(df, name, y, at) for name in names}
        found = {name: means for name, means in apart.items() if means}
        if found:
            means = next(iter(found.values()))
            return Clusters(min(means), max(means), tuple(found))
        ordered = np.sort(y[at])
        gaps = np.diff(ordered)[FEWEST - 1 : at.size - FEWEST]
        low, high = np.split(ordered, [int(np.argmax(gaps)) + FEWEST])
        if gaps.max() > FAR * max(np.ptp(low), np.ptp(high)):
            return Clusters(float(low.mean()), float(high.mean()), ())
    return None


def _means(df: pd.DataFrame, name: str, y: Vector, at: Codes) -> list[float]:
    """Averages by the entries of a column, if these are labels that explain the days."""
    labels = [frames.plain(str(cell)) for cell in df[name].iloc[at]]
    names, own = np.unique(labels, return_inverse=True)
    if not 2 <= names.size <= at.size / FEWEST:
        return []
    shifted = y[at] - y[at].mean()
    means = np.bincount(own, shifted) / np.bincount(own)
    between, total = float(np.sum(means[own] ** 2)), float(shifted @ shifted)
    return (means + y[at].mean()).tolist() if between > EXPLAINED * total else []
