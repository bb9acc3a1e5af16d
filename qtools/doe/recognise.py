"""认设计 The design behind a table of runs: is it a fraction, and what does it confound?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtools.doe.blocking import given_up
from qtools.doe.design import CENTER, CORNER, EDGE, STAR, Design
from qtools.doe.reading import Experiment, read_experiment
from qtools.doe.words import Word, subgroup, word_text

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]

_SOURCE = "Box 与 Hunter（1961）：定义关系由试验点本身求得"
_MOST_WORDS = 12  # generators of a defining relation that is still written out
_RESPONSE = "qtools 占位"


def read_design(
    df: pd.DataFrame,
    *,
    factors: Sequence[str],
    response: str | None = None,
    block: str | None = None,
) -> Design:
    """认设计 The design of an experiment from its table, with the aliases that it has.

    The defining relation is found from the runs: every product of factors that is the same in all
    of them (a null space over two elements). So a reader's own fraction is understood whoever made
    it, and one with missing runs tells what is still confounded in full.

    Parameters
    ----------
    df : DataFrame
        One row a run.
    factors : sequence of str
        Columns of settings.
    response : str, optional
        Its column; runs where it is blank are left out.
    block : str, optional
        Column of blocks.

    Returns
    -------
    Design
        Runs in the order of the table; ``regular`` if it is a full factorial or a regular
        fraction, each run made equally often.

    Raises
    ------
    QualityDataError
        As :func:`qtools.doe.reading.read_experiment` does.

    Examples
    --------
    >>> from qtools.doe.factorial import fractional_factorial
    >>> runs = fractional_factorial(["速度", "进给", "材料"], runs=4).runs
    >>> read_design(runs, factors=["速度", "进给", "材料"]).generators
    ('材料=速度×进给',)
    """
    if response is None:
        held = df.assign(**{_RESPONSE: range(len(df))})
        held.attrs.update(df.attrs)
        df = held
    found = read_experiment(
        df, factors=factors, response=response or _RESPONSE, block=block, constant=True
    )
    return of_experiment(found)


def of_experiment(found: Experiment) -> Design:
    """Design of an experiment that was read; see :func:`read_design`."""
    points = np.round(found.points, 9) + 0.0
    kinds = _kinds(points, all(len(f.levels) == 2 for f in found.factors))
    corner = points[[kind == CORNER for kind in kinds]]
    two_level = bool(len(corner)) and set(kinds) <= {CORNER, CENTER} and (abs(corner) == 1).all()
    generators: dict[int, Word] = {}
    lost: tuple[int, ...] = ()
    regular = False
    if two_level:
        masks = _null_space(_flips(corner, np.zeros(len(corner))), len(found.factors))
        generators = {place: (mask, _sign(corner[0], mask)) for place, mask in masks.items()}
        if len(generators) > _MOST_WORDS:
            generators, two_level = {}, False
    words = subgroup([*generators.values()])
    if two_level:
        each, often = np.unique(corner, axis=0, return_counts=True)
        regular = len(each) == 1 << len(found.factors) - len(generators) and len(set(often)) == 1
        blocks = found.blocks[[kind == CORNER for kind in kinds]]
        within = _null_space(_flips(corner, blocks), len(found.factors))
        contrasts = [mask for place, mask in within.items() if place not in generators]
        lost = given_up(contrasts, words) if regular and contrasts else ()
    fraction = bool(generators)
    family = ("部分析因设计" if fraction else "全因子设计") if regular else "试验设计"
    names = found.names
    return Design(
        family, found.factors, points, np.arange(len(points)), 0, tuple(kinds), found.blocks,
        words=tuple(words), regular=regular, source=_SOURCE,
        generators=tuple(
            f"{names[place]}={word_text(mask ^ 1 << place, sign, names)}"
            for place, (mask, sign) in generators.items()
        ),
        confounded=tuple(word_text(mask, 1, names) for mask in lost),
    )  # fmt: skip


def _kinds(points: Matrix, two_settings: bool) -> list[str]:
    if not two_settings:
        return [CORNER] * len(points)
    size = np.abs(points)
    return [
        CORNER if (row == 1).all()
        else CENTER if not row.any()
        else STAR if np.count_nonzero(row) == 1
        else EDGE
        for row in size
    ]  # fmt: skip


def _flips(points: Matrix, blocks: npt.NDArray[np.generic]) -> list[int]:
    """Factors that differ between each run and the first one of its block, as masks."""
    out = []
    for block in np.unique(blocks):
        own = points[blocks == block] > 0
        bits = (own[1:] != own[0]) @ (1 << np.arange(points.shape[1], dtype=np.int64))
        out += [int(mask) for mask in bits]
    return out


def _null_space(rows: Sequence[int], k: int) -> dict[int, int]:
    """Masks whose product never changes, by the last factor of each; earlier ones are free."""
    reduced: dict[int, int] = {}  # pivot → row that has no other pivot
    for row in rows:
        for pivot, other in reduced.items():
            if row >> pivot & 1:
                row ^= other
        if row:
            own = (row & -row).bit_length() - 1
            reduced = {
                pivot: other ^ row if other >> own & 1 else other
                for pivot, other in reduced.items()
            } | {own: row}
    free = [place for place in range(k) if place not in reduced]
    return {
        place: (1 << place) | sum(1 << pivot for pivot, row in reduced.items() if row >> place & 1)
        for place in free
    }


def _sign(point: Matrix, mask: int) -> int:
    inside = [place for place in range(len(point)) if mask >> place & 1]
    return int(np.prod(point[inside]))
