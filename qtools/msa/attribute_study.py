"""计数型研究的数据 The decisions behind an attribute study in a cube, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.attribute_levels import read_levels

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Codes


RARE, MANY = 2, 20  # so few times among so many decisions: a slip of the pen, perhaps


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """判定 Who decided what on which part, and what is true.

    Parameters
    ----------
    part, rater, rating : str
        Columns.
    levels : tuple of str
        Ratings that are possible; in their order where they are ordered.
    ordered : bool
    part_names, rater_names : tuple of str
        In order of first appearance.
    cube : ndarray of intp, shape (parts, raters, trials)
        Codes of the decisions, −1 where there is none.
    truth : ndarray of intp, shape (parts,), or None
        Codes of the reference.
    rows : tuple of tuple of int
        Rows of the reader's table, by part.
    rare : dict of str to tuple of int
        Levels that hardly ever occur, perhaps by a slip of the pen, with their rows.
    """

    part: str
    rater: str
    rating: str
    levels: tuple[str, ...]
    ordered: bool
    part_names: tuple[str, ...]
    rater_names: tuple[str, ...]
    cube: Codes
    truth: Codes | None
    rows: tuple[tuple[int, ...], ...]
    rare: dict[str, tuple[int, ...]]

    def counts(self, rater: int | None = None) -> Codes:
        """Decisions by part and level, shape (parts, levels), of one rater or of all."""
        found = self.cube if rater is None else self.cube[:, rater]
        flat = found.reshape(len(found), -1, 1)
        return np.asarray((flat == np.arange(len(self.levels))).sum(axis=1), dtype=np.intp)

    def pairs(self, one: int, other: int) -> tuple[Codes, Codes, Codes]:
        """Decisions of two raters on the same part in the same trial, and the part of each."""
        a, b = self.cube[:, one], self.cube[:, other]
        part, trial = np.nonzero((a >= 0) & (b >= 0))
        return a[part, trial], b[part, trial], part

    def against_truth(self, rater: int) -> tuple[Codes, Codes, Codes]:
        """Decisions of a rater, what would have been right, and the part of each."""
        assert self.truth is not None  # noqa: S101 - asked only of studies with a reference
        own = self.cube[:, rater]
        part, trial = np.nonzero(own >= 0)
        return own[part, trial], self.truth[part], part

    @property
    def missing(self) -> int:
        """Decisions that an even study of this size would have besides."""
        return int((self.cube < 0).sum())

    @property
    def wrong(self) -> Codes:
        """Decisions by part and rater that are not right, shape (parts, raters).

        Without a reference, right is the most frequent decision on the part; where none is, no
        decision is right.
        """
        right = self.truth
        if right is None:
            counts = self.counts()
            tied = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) > 1
            right = np.where(tied, len(self.levels), counts.argmax(axis=1))
        found = (self.cube >= 0) & (self.cube != right[:, None, None])
        return np.asarray(found.sum(axis=2), dtype=np.intp)

    @property
    def disputed(self) -> Codes:
        """Parts with a decision that is not right, most of them first."""
        wrong = self.wrong.sum(axis=1)
        return np.argsort(-wrong, kind="stable")[: np.count_nonzero(wrong)]


def read_ratings(
    df: pd.DataFrame,
    part: str,
    rater: str,
    rating: str,
    trial: str | None,
    reference: str | None,
    levels: Sequence[object] | None,
) -> Ratings:
    """读取判定 Decisions of a study that can be analysed, with gaps or without.

    Raises
    ------
    QualityDataError
        If columns are unusable, a rating is unknown, a part has two references, a rater decided
        twice in one trial, or there is nothing that could be compared.
    """
    optional = [column for column in (trial, reference) if column is not None]
    frames.require_columns(df, [part, rater, rating, *optional])
    _require_filled(df, rating)
    parts, part_names = frames.codes(df, part)
    raters, rater_names = frames.codes(df, rater)
    known = read_levels(levels)
    decided = [rating] if reference is None else [rating, reference]
    found = [frames.codes(df, column) for column in decided]
    names = list(known or dict.fromkeys(name for _, own in found for name in own))
    coded = [
        _place(df, column, codes, own, names)
        for column, (codes, own) in zip(decided, found, strict=True)
    ]
    if reference is not None and not set(found[0][1]) & set(found[1][1]):
        told, true = ("、".join(own[:3]) for _, own in found)
        raise QualityDataError(
            f"{frames.source(df)}列“{rating}”（{told}）和列“{reference}”（{true}）的写法没有一个相同。",
            hint="基准要用和判定一样的写法，例如都写“合格”“不合格”。",
        )
    if len(part_names) < 2:
        raise QualityDataError(
            f"{frames.source(df)}列“{part}”里只有“{part_names[0]}”一个；一件东西看不出一致不一致。",
            hint="请多挑一些件，好的、坏的和边界上的都要有，通常 50 件。",
        )
    truth = None if reference is None else _truth(df, parts, part_names, part, reference, coded[1])
    trials = _trials(df, parts, raters, (part_names, rater_names), trial)
    cube = np.full((len(part_names), len(rater_names), int(trials.max()) + 1), -1, dtype=np.intp)
    cube[parts, raters, trials] = coded[0]
    if cube.shape[1:] == (1, 1) and truth is None:
        raise QualityDataError(
            f"{frames.source(df)}只有一位“{rater}”、每件只判一次，又没有基准：没有可比的东西。",
            hint="请让他再判一遍，或多请一位检验员，或写明基准所在的列（reference）。",
        )
    order = np.argsort(parts, kind="stable")
    rows = np.array(frames.row_numbers(df, order))
    split = np.split(rows, np.cumsum(np.bincount(parts))[:-1])
    return Ratings(
        part, rater, rating, tuple(names), known is not None, tuple(part_names),
        tuple(rater_names), cube, truth, tuple(tuple(own.tolist()) for own in split),
        {} if known else _rare(df, coded, names),
    )  # fmt: skip


def _rare(
    df: pd.DataFrame, coded: Sequence[Codes], names: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """Levels written once or twice among many, beside two or more that are common."""
    if len(names) < 3 or len(df) < MANY:
        return {}
    counts = np.sum([np.bincount(codes, minlength=len(names)) for codes in coded], axis=0)
    few = np.flatnonzero(counts <= RARE)
    if len(names) - few.size < 2:
        return {}
    at = {
        place: np.flatnonzero(np.any([codes == place for codes in coded], axis=0))
        for place in few.tolist()
    }
    return {names[place]: tuple(frames.row_numbers(df, rows)) for place, rows in at.items()}


def _require_filled(df: pd.DataFrame, rating: str) -> None:
    """Refuse blank decisions with a hint of their own: what was not judged is no row."""
    blank = np.flatnonzero(df[rating].isna().to_numpy())
    if blank.size:
        raise QualityDataError(
            f"{frames.source(df)}列“{rating}”有 {blank.size} 个空格子。",
            hint="漏记的请补上；确实没有判的，删去这些行，报告会写明缺了几次。",
            rows=frames.row_numbers(df, blank),
        )


def _place(df: pd.DataFrame, column: str, codes: Codes, own: list[str], names: list[str]) -> Codes:
    """Codes of a column among all levels; unknown levels and double spellings are refused."""
    alike = {frames.plain(name): name for name in reversed(names)}
    for place, name in enumerate(own):
        meant = alike.get(frames.plain(name), name)
        if name in names and meant == name:
            continue
        rows = frames.row_numbers(df, np.flatnonzero(codes == place))
        if meant != name:
            raise QualityDataError(
                f"{frames.source(df)}列“{column}”里的“{name}”与别处的“{meant}”看来是同一个判定，"
                "只差全半角、大小写或空格。",
                hint=f"请统一写成“{meant}”。",
                rows=rows,
            )
        raise QualityDataError(
            f"{frames.source(df)}列“{column}”里有不认识的判定“{name}”；"
            f"levels 里有：{'、'.join(names)}。",
            hint="请改正这些格子；若确有这一级，就把它写进 levels。",
            rows=rows,
        )
    return np.array([names.index(name) for name in own], dtype=np.intp)[codes]


def _truth(
    df: pd.DataFrame,
    parts: Codes,
    part_names: Sequence[str],
    part: str,
    reference: str,
    coded: Codes,
) -> Codes:
    truth = coded[np.unique(parts, return_index=True)[1]]
    odd = np.flatnonzero(coded != truth[parts])
    if odd.size:
        raise QualityDataError(
            f"{frames.source(df)}“{part}”为“{part_names[parts[odd[0]]]}”的那一件，"
            f"列“{reference}”前后不一样。",
            hint="一件只有一个基准，请核对这些行（与该件第一行比）。",
            rows=frames.row_numbers(df, odd),
        )
    return truth


def _trials(
    df: pd.DataFrame,
    parts: Codes,
    raters: Codes,
    names: tuple[Sequence[str], Sequence[str]],
    trial: str | None,
) -> Codes:
    """Trial of each decision: as told, or by the order of rows within part and rater."""
    cell = parts * (int(raters.max()) + 1) + raters
    if trial is None:
        order = np.argsort(cell, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(cell))[:-1]])
        out = np.empty_like(cell)
        out[order] = np.arange(cell.size) - start[cell[order]]
        return out
    trials, labels = frames.codes(df, trial)
    key = cell * len(labels) + trials
    first = np.unique(key, return_index=True)[1]
    again = np.setdiff1d(np.arange(key.size), first)
    if again.size:
        at = int(again[0])
        raise QualityDataError(
            f"{frames.source(df)}零件“{names[0][parts[at]]}”由“{names[1][raters[at]]}”在第"
            f"“{labels[trials[at]]}”次判了不止一次。",
            hint=f"请核对这些行的“{trial}”；若这一列不是第几次，就不要写它（trial）。",
            rows=frames.row_numbers(df, again),
        )
    if len(labels) > np.bincount(cell).max():
        raise QualityDataError(
            f"{frames.source(df)}列“{trial}”有 {len(labels)} 个不同的值，"
            f"可每人每件最多只判了 {np.bincount(cell).max()} 次。",
            hint="这一列要写第几次（1、2、3）；没有这样的列就不写 trial，按行的先后算。",
        )
    return trials
