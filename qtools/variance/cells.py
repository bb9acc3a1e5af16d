"""单元 Readings gathered into cells, the combinations of the labels of all sources of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools.variance import dust

if TYPE_CHECKING:
    import numpy.typing as npt

    from qtools.variance import Codes, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """单元数据 Readings gathered by the combinations of all labels.

    Parameters
    ----------
    labels : tuple of int arrays, each of shape (cells,)
        Unit of each source in each cell.
    sizes : tuple of int
        Units of each source.
    count : ndarray of int, shape (cells,)
        Readings in each cell.
    means : ndarray, shape (cells,)
        Cell means, less the grand mean.
    ss, df : float, int
        Sum of squares within cells, with its degrees of freedom.
    """

    labels: tuple[Codes, ...]
    sizes: tuple[int, ...]
    count: Codes
    means: Vector
    ss: float
    df: int

    @property
    def n(self) -> int:
        """Readings."""
        return int(self.count.sum())

    @property
    def fine(self) -> int | None:
        """The source with one unit a cell, which stands on the diagonal beside others in Z."""
        whole = [place for place, size in enumerate(self.sizes) if size == self.count.size]
        return whole[0] if whole and len(self.sizes) > 1 else None

    @property
    def inner(self) -> tuple[int, ...]:
        """The other sources, which stand in Z."""
        return tuple(place for place in range(len(self.sizes)) if place != self.fine)

    def finer(self, place: int) -> tuple[int, ...]:
        """Sources whose unit determines that of a source, itself included."""
        own = self.labels[place]
        return tuple(
            other
            for other, label in enumerate(self.labels)
            if np.unique(label * (int(own.max()) + 1) + own).size == self.sizes[other]
        )

    def columns(self, places: Sequence[int]) -> Vector:
        """Indicators of the units of some sources, side by side; a column of ones for none."""
        if not places:
            return np.ones((self.count.size, 1))
        return np.hstack([np.eye(self.sizes[place])[self.labels[place]] for place in places])

    def remainder(self, places: Sequence[int]) -> tuple[float, int]:
        """Sum of squares and degrees of freedom that some sources, taken as fixed, leave over."""
        if self.fine in places:
            return self.ss, self.df
        root = np.sqrt(self.count)
        x = self.columns(places)
        weighted = root[:, None] * x
        beta, _, rank, _ = np.linalg.lstsq(weighted, root * self.means, rcond=None)
        rest = root * (self.means - x @ beta)
        rest -= weighted @ np.linalg.lstsq(weighted, rest, rcond=None)[0]
        return self.ss + float(rest @ rest), self.df + self.count.size - int(rank)


def gather(values: npt.ArrayLike, sources: Sequence[Codes]) -> Cells:
    """归并 Readings by the combinations of all labels.

    Parameters
    ----------
    values : array_like of float, shape (n,)
    sources : sequence of int arrays, each of shape (n,)

    Examples
    --------
    >>> part, operator = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 1])
    >>> cells = gather([1.0, 2.0, 5.0, 6.0, 8.0], [part, operator])
    >>> cells.count.tolist(), cells.ss, cells.df
    ([1, 1, 1, 2], 2.0, 1)
    """
    y = np.asarray(values, dtype=np.float64)
    key = np.zeros(y.size, dtype=np.intp)
    for codes in sources:
        key = np.unique(key * (int(codes.max()) + 1) + codes, return_inverse=True)[1]
    _, first, place, count = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    shifted = y - y[0]
    shifted = shifted - shifted.mean()
    means = np.bincount(place, weights=shifted) / count
    rest = shifted - means[place]
    ss = float(rest @ rest)
    labels = [np.unique(codes[first], return_inverse=True)[1].astype(np.intp) for codes in sources]
    return Cells(
        labels=tuple(labels),
        sizes=tuple(int(label.max()) + 1 for label in labels),
        count=count.astype(np.intp),
        means=means,
        ss=ss if ss > dust(y) else 0.0,
        df=y.size - count.size,
    )
