"""造设计 How designs come from their points: centre runs, blocks, a random order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.design import CENTER, CORNER, HEADS, Design
from qtools.doe.factor import Factor
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


def make(
    family: str,
    factors: tuple[Factor, ...],
    points: Matrix,
    *,
    seed: int,
    kinds: Sequence[str] | None = None,
    blocks: Codes | None = None,
    center: int = 0,
    **facts: object,
) -> Design:
    """造设计 A design from its points: centre runs added, order drawn at random within blocks.

    Parameters
    ----------
    family : str
    factors : tuple of Factor
    points : ndarray, shape (n, k)
        Coded, without centre runs; rounding dust is taken off.
    seed : int
        Of the random order.
    kinds : sequence of str, optional
        All :data:`CORNER` by default.
    blocks : ndarray of intp, optional
        Blocks, done one after the other; runs are shuffled within.
    center : int
        Centre runs to add, in each block.
    **facts
        Further fields of :class:`Design`.

    Raises
    ------
    QualityDataError
        If centre runs are asked for and a factor is categorical, a factor has the name of a
        column of the run sheet, or a number is unusable.
    """
    whole("中心点个数 center", center, least=0)
    whole("种子 seed", seed, least=0)
    clash = [f.name for f in factors if frames.plain(f.name) in HEADS]
    if clash:
        raise QualityDataError(
            f"因子“{clash[0]}”与试验单上的一列重名。", hint=f"{'、'.join(HEADS)} 是试验单自己的列。"
        )
    n, k = points.shape
    kinds = list(kinds) if kinds is not None else [CORNER] * n
    blocks = np.zeros(n, dtype=np.intp) if blocks is None else np.asarray(blocks, dtype=np.intp)
    if center:
        texts = [factor.name for factor in factors if not factor.continuous]
        if texts:
            raise QualityDataError(
                f"“{'、'.join(texts)}”的水平是文字，没有中心点。",
                hint="去掉中心点（center=0），或重复几次试验（replicates）。",
            )
        held = np.repeat(np.arange(int(blocks.max()) + 1), center)
        points = np.vstack([points, np.zeros((len(held), k))])
        kinds += [CENTER] * len(held)
        blocks = np.concatenate([blocks, held])
    draws = np.random.default_rng(seed).random(len(points))
    order = np.lexsort((draws, blocks)).astype(np.intp)
    points = np.round(points, 12) + 0.0
    return Design(
        family, factors, points, order, seed, tuple(kinds), blocks, **facts  # type: ignore[arg-type]
    )  # fmt: skip


def whole(what: str, value: object, *, least: int, most: int | None = None) -> int:
    """Refuse an option that is no whole number within bounds; return it."""
    good = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not good or value < least or (most is not None and value > most):  # type: ignore[operator]
        upto = f"到 {most} 之间" if most is not None else "或以上"
        raise QualityDataError(f"{what} = {value!r} 不对。", hint=f"要 {least} {upto}的整数。")
    return int(value)  # type: ignore[call-overload, no-any-return]
