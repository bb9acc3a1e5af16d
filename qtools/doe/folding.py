"""折叠 Fold-over: the same runs again with the signs of factors changed, to part aliases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.blocking import given_up
from qtools.doe.design import CENTER, Design
from qtools.doe.making import make
from qtools.doe.words import resolution, word_text
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]


def fold_over(
    design: Design, factors: Sequence[str] | None = None, *, seed: int | None = None
) -> Design:
    """折叠设计 A two-level design together with its mirror image, in two blocks.

    Words with an odd number of folded factors change their sign and are lost, the others stay.
    Folding all factors frees main effects from two-factor interactions; folding one factor frees
    that factor and all its interactions.

    Parameters
    ----------
    design : Design
        All factors at two settings, without blocks; it is the first block and keeps its order.
    factors : sequence of str, optional
        Factors whose settings are exchanged; all by default.
    seed : int, optional
        Of the random order of the second block; one more than the design's by default.

    Returns
    -------
    Design
        Twice the runs. ``confounded`` holds the lost words: they now tell the blocks apart.

    Raises
    ------
    QualityDataError
        If the design has blocks or other settings, a name is no factor of it, or the fold would
        repeat the same runs.

    Examples
    --------
    >>> from qtools.doe.factorial import fractional_factorial
    >>> first = fractional_factorial(7, runs=8)
    >>> both = fold_over(first)
    >>> both.n_runs, both.resolution, first.aliases["A"][0], fold_over(first, ["A"]).aliases["A"][0]
    (16, 4, 'BD', 'ABCF')
    """
    if design.n_blocks > 1:
        raise QualityDataError("分了区组的设计不能再折叠。", hint="请折叠没有分区组的设计。")
    corner = np.array([kind != CENTER for kind in design.kinds])
    if not np.isin(np.abs(design.points[corner]), 1.0).all():
        raise QualityDataError(
            f"{design.family}不是两水平的，不能折叠。", hint="折叠只用于两水平的设计。"
        )
    known = {frames.plain(name): place for place, name in enumerate(design.names)}
    wanted = design.names if factors is None else [factors] if isinstance(factors, str) else factors
    unknown = [str(name) for name in wanted if frames.plain(str(name)) not in known]
    if unknown or not wanted:
        raise QualityDataError(
            f"“{'、'.join(unknown)}”不是这个设计的因子。" if unknown else "没有写明折叠哪些因子。",
            hint=f"因子有：{'、'.join(design.names)}；不写就是全部折叠。",
        )
    folded = sum(1 << place for place in {known[frames.plain(str(name))] for name in wanted})
    kept = [word for word in design.words if (word[0] & folded).bit_count() % 2 == 0]
    lost = [word for word in design.words if word not in kept]
    flip = np.array([-1.0 if folded >> place & 1 else 1.0 for place in range(len(known))])
    mirror = design.points * flip + 0.0
    if _same_runs(design.points, mirror):
        raise QualityDataError(
            "这样折叠，得到的还是原来那些试验，拆不开任何别名。",
            hint="只折叠一个因子，例如 fold_over(design, ["
            f"{design.names[0]!r}])，可以拆开它的各个交互作用。"
            if design.words
            else "这个设计里没有别名，不需要折叠；要重复，请用 replicates。",
        )
    n = design.n_runs
    clear = design.regular and (resolution(kept) or 5) >= 5
    both = make(
        f"折叠的{design.family}", design.factors, np.vstack([design.points, mirror]),
        seed=design.seed + 1 if seed is None else seed, kinds=design.kinds * 2,
        blocks=np.repeat(np.arange(2), n), words=tuple(kept), regular=design.regular,
        model="interactions" if clear else design.model, source=design.source,
        confounded=tuple(
            word_text(mask, 1, design.names)
            for mask in (given_up([lost[0][0]], kept) if lost else ())
        ),
    )  # fmt: skip
    return replace(both, order=np.concatenate([design.order, both.order[n:]]))


def _same_runs(one: Matrix, other: Matrix) -> bool:
    """Whether two sets of points hold the same points equally often."""
    (a, many), (b, often) = (
        np.unique(points, axis=0, return_counts=True) for points in (one, other)
    )
    return np.array_equal(a, b) and np.array_equal(many, often)
