"""单因子的各种检验 Tests behind :class:`qtools.doe.OneWay`: levels, blocks, spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.doe.fit import Fit
from qtools.doe.reading import Experiment

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Test:
    """检验 An F test; ``ss`` is None where there is no sum of squares behind it."""

    __test__: ClassVar[bool] = False  # not a case of pytest's

    ss: float | None
    df1: float
    df2: float
    f: float
    p: float

    @classmethod
    def of_ss(cls, ss: float, df: float, error_ss: float, error_df: float) -> Test:
        """Mean square over the mean square of the error."""
        from scipy.special import fdtrc

        f = (ss / df) / (error_ss / error_df)
        return cls(ss, df, error_df, f, float(fdtrc(df, error_df, f)))


@dataclass(frozen=True, slots=True)
class LevelMean:
    """水平 A level: readings, mean (over equally weighted blocks), own standard deviation.

    ``sd`` is None for a single reading; ``se`` comes from the residual spread of all levels.
    """

    name: str
    n: int
    mean: float
    sd: float | None
    se: float


@dataclass(frozen=True, slots=True)
class BlockTest:
    """区组 What blocks took away, and whether levels act alike in all of them.

    Parameters
    ----------
    test : Test
        Of blocks, type III.
    n : int
    alike : Test or None
        Of "levels differ by the same in every block".
    how : str
        By which test that was asked.
    complete : bool
        Whether every level stands equally often in every block.
    """

    test: Test
    n: int
    alike: Test | None
    how: str
    complete: bool


UNEVEN = 2  # greatest over smallest number of readings
FEW_READINGS = 6  # a level


def uneven(counts: Sequence[int]) -> bool:
    """Whether numbers of readings differ so far that a pooled spread is a risk.

    With 3, 3, 3 and 12 readings and standard deviations 3, 3, 3 and 1, Tukey–Kramer's family
    error is 25 % where 5 % was asked, Games–Howell's 10 %.
    """
    return max(counts) >= UNEVEN * min(counts)


def factor_test(model: Fit, place: int = 0) -> Test:
    """F of a term, type III."""
    ss, df = model.term_ss(place), model.matrix.df[place]
    return Test.of_ss(ss, df, model.sse, model.df)


def block_tests(model: Fit, read: Experiment, codes: Codes) -> BlockTest:
    """Blocks, and whether levels act alike in all of them (cells, or Tukey's one degree)."""
    cell = codes * (read.blocks.max() + 1) + read.blocks
    counts = np.bincount(np.unique(cell, return_inverse=True)[1].ravel())
    alike: Test | None = None
    if (counts > 1).any():
        where = np.unique(cell, return_inverse=True)[1].ravel()
        off = read.y - read.y.mean()
        pure = float(((off - (np.bincount(where, off) / counts)[where]) ** 2).sum())
        df, pure_df = len(counts) - len(model.beta), len(read.y) - len(counts)
        if df > 0 and pure > 0:
            alike = Test.of_ss(max(model.sse - pure, 0.0), df, pure, pure_df)
        how = "区组与因子的交互（格内有重复）"
    else:
        fitted = model.fitted - read.y.mean()
        x = model.matrix.x
        curve = fitted**2
        curve = curve - x @ (model.unscaled @ (x.T @ curve))
        size = float(curve @ curve)
        if model.df > 1 and size > 1e-18 * float(fitted**2 @ fitted**2):
            ss = float(curve @ model.residuals) ** 2 / size
            if ss < model.sse:
                alike = Test.of_ss(ss, 1, model.sse - ss, model.df - 1)
        how = "Tukey 单自由度非可加性检验"
    balanced = len(counts) == len(set(codes.tolist())) * len(set(read.blocks.tolist()))
    return BlockTest(
        factor_test(model, 1), len(set(read.blocks.tolist())), alike, how,
        bool(balanced and (counts == counts[0]).all()),
    )  # fmt: skip


def brown_forsythe(y: Vector, codes: Codes, k: int) -> Test | None:
    """Analysis of variance of distances from the median of the own level."""
    y = y - y.mean()
    away = np.concatenate([np.abs(y[codes == c] - np.median(y[codes == c])) for c in range(k)])
    sizes = np.bincount(codes, minlength=k)
    where = np.repeat(np.arange(k), sizes)
    means = np.bincount(where, away) / sizes
    within = float(((away - means[where]) ** 2).sum())
    between = float((sizes * (means - away.mean()) ** 2).sum())
    if within <= 1e-24 * float((y**2).sum()) or len(y) <= k:
        return None
    return Test.of_ss(between, k - 1, within, len(y) - k)


def welch_test(levels: tuple[LevelMean, ...], mean: Vector) -> Test | None:
    """Welch's test that means are equal, spreads being what they are."""
    from scipy.special import fdtrc

    if any(not level.sd for level in levels):
        return None
    k = len(levels)
    n = np.array([level.n for level in levels], dtype=np.float64)
    weight = n / np.array([level.sd or 0.0 for level in levels]) ** 2
    centre = float(weight @ mean / weight.sum())
    lack = float(((1 - weight / weight.sum()) ** 2 / (n - 1)).sum())
    f = float(weight @ (mean - centre) ** 2) / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * lack)
    df2 = (k**2 - 1) / (3 * lack)
    return Test(None, k - 1, df2, f, float(fdtrc(k - 1, df2, f)))
