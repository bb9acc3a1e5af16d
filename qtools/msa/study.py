"""量具研究的数据 The readings behind a gauge study with their labels, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.variance import flat
from qtools.variance.crossed import crossed_cube

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from qtools.variance import Codes, Vector

_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """研究数据 Readings, who took them on what, and how evenly.

    Parameters
    ----------
    part, operator, value : str
        Columns.
    factors : tuple of str
        Further columns.
    nested : bool
        Whether each operator has parts of his own.
    y : ndarray, shape (n,)
        Readings.
    codes : tuple of int arrays, each of shape (n,)
        Part, operator, further factors. Parts of a nested study count within their operator.
    names : tuple of tuple of str
        Levels in the order of their codes.
    recurring : bool
        Whether a nested study uses part labels again under another operator.
    rows : tuple of int
        Rows of the reader's table.
    repeated_rows : tuple of int
        Those that are like an earlier one in every column, though a column tells repeats apart.
    """

    part: str
    operator: str
    value: str
    factors: tuple[str, ...]
    nested: bool
    y: Vector
    codes: tuple[Codes, ...]
    names: tuple[tuple[str, ...], ...]
    recurring: bool
    rows: tuple[int, ...]
    repeated_rows: tuple[int, ...]

    @property
    def part_names(self) -> tuple[str, ...]:
        """Parts."""
        return self.names[0]

    @property
    def operator_names(self) -> tuple[str, ...]:
        """Operators."""
        return self.names[1]

    @property
    def counts(self) -> npt.NDArray[np.intp]:
        """Readings of each part by each operator, shape (parts, operators)."""
        shape = (len(self.part_names), len(self.operator_names))
        cell = np.ravel_multi_index(self.codes[:2], shape)
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)

    @property
    def wanted(self) -> npt.NDArray[np.bool_]:
        """Which combinations the design asks for, shape (parts, operators)."""
        counts = self.counts
        return counts > 0 if self.nested else np.ones_like(counts, dtype=bool)

    @property
    def usual(self) -> int:
        """Readings that most combinations have."""
        counts = self.counts
        return int(np.argmax(np.bincount(counts[counts > 0])))

    @property
    def trials(self) -> int:
        """Most readings of one combination."""
        return int(self.counts.max())

    @property
    def even(self) -> bool:
        """Whether each combination has equally many readings, and each operator as many parts."""
        counts = self.counts
        parts = np.count_nonzero(counts, axis=0)
        return bool(np.all(counts[self.wanted] == self.usual) and np.all(parts == parts[0]))

    @property
    def cube(self) -> Vector:
        """Readings of an even crossed study, shape (parts, operators, trials)."""
        cube = crossed_cube(self.y, self.codes[:2])
        assert cube is not None  # noqa: S101 - asked of even studies only
        return cube

    def uneven_text(self) -> str:
        """Which combinations are short or too full, in words; empty for an even study."""
        lines = [
            self._cells((self.counts < self.usual) & self.wanted, "缺"),
            self._cells(self.counts > self.usual, "多"),
        ]
        parts = np.count_nonzero(self.counts, axis=0)
        if self.nested and len(set(parts.tolist())) > 1:
            each = [f"{name} {n} 个" for name, n in zip(self.operator_names, parts, strict=True)]
            lines.append(f"各{self.operator}的{self.part}个数不同：{'、'.join(each[:_SHOWN])}")
        return "；".join(filter(None, lines))

    def _cells(self, which: npt.NDArray[np.bool_], what: str) -> str:
        """The first few cells that are short or too full."""
        places: Sequence[Sequence[int]] = np.argwhere(which).tolist()
        if not places:
            return ""
        counts = self.counts
        shown = [
            f"{self.part} {self.part_names[i]}"
            + ("" if self.nested else f" × {self.operator} {self.operator_names[j]}")
            + f"（{counts[i, j]} 个）"
            for i, j in places[:_SHOWN]
        ]
        more = f"等 {len(places)} 处" if len(places) > _SHOWN else ""
        return f"{what}读数的组合：{'、'.join(shown)}{more}"


def read_study(
    df: pd.DataFrame,
    part: str,
    operator: str,
    value: str,
    factors: Sequence[str] = (),
    nested: bool = False,
) -> Study:
    """读取研究 Readings and labels of a study that can be analysed, balanced or not.

    Raises
    ------
    QualityDataError
        If columns are unusable, a column of labels has one level, all readings are equal, or the
        combinations that were measured are not those of the design.
    """
    frames.require_columns(df, [part, operator, value, *factors])
    y = frames.numbers(df, value)
    coded = [frames.codes(df, column) for column in (part, operator, *factors)]
    whys = ("没有零件间的差别，就看不出量具能不能分辨零件", "再现性要比较不同的检验员")
    for place, (column, (_, names)) in enumerate(
        zip((part, operator, *factors), coded, strict=True)
    ):
        if len(names) < 2:
            why = whys[place] if place < len(whys) else "没有别的水平可比"
            raise QualityDataError(
                f"列“{column}”里只有“{names[0]}”一个；{why}。", hint="请补充数据，至少要 2 个。"
            )
    if flat(y):
        raise QualityDataError(
            f"列“{value}”的读数全都相同，没有变差可以分解。",
            hint="请检查数据；若读数没有抄错，说明量具的分辨力太低，或零件挑得太像。",
        )
    recurring = False
    if nested:
        coded[0], recurring = _own_parts(coded[0], coded[1])
    study = Study(
        part=part,
        operator=operator,
        value=value,
        factors=tuple(factors),
        nested=nested,
        y=y,
        codes=tuple(codes for codes, _ in coded),
        names=tuple(tuple(names) for _, names in coded),
        recurring=recurring,
        rows=tuple(frames.row_numbers(df, range(len(df)))),
        repeated_rows=_repeated_rows(df, [part, operator, value, *factors]),
    )
    if nested:
        _require_nested(study)
    else:
        _require_crossed(study)
    return study


def _repeated_rows(df: pd.DataFrame, used: Sequence[str]) -> tuple[int, ...]:
    """Rows like an earlier one in all columns; none where that is no rarity.

    Only a file with further columns can tell two equal readings from one that was pasted twice.
    """
    again = np.flatnonzero(df.duplicated().to_numpy())
    if len(df.columns) <= len(used) or again.size > 0.1 * len(df):
        return ()
    return tuple(frames.row_numbers(df, again))


def _own_parts(
    part: tuple[Codes, list[str]], operator: tuple[Codes, list[str]]
) -> tuple[tuple[Codes, list[str]], bool]:
    """Parts counted within their operator, and whether labels recur."""
    (codes, names), (people, persons) = part, operator
    key = people * len(names) + codes
    units, first, placed = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # in order of first appearance
    recurring = units.size > len(names)
    own = [
        f"{persons[unit // len(names)]}·{names[unit % len(names)]}"
        if recurring
        else names[unit % len(names)]
        for unit in units[np.argsort(order)].tolist()
    ]
    return (order[placed].astype(np.intp), own), recurring


def _require_nested(study: Study) -> None:
    part, operator = study.part, study.operator
    if np.all(np.count_nonzero(study.counts, axis=0) == 1):
        raise QualityDataError(
            f"每个“{operator}”只测了一个“{part}”，零件间的变差与人的差别分不开。",
            hint="嵌套研究里每位检验员要测几个自己的零件。",
        )
    if study.trials < 2:
        raise QualityDataError(
            f"每个“{part}”都只有 1 个读数，重复性与零件间变差分不开。",
            hint="请每个零件至少测 2 次；破坏性测量用同一批里尽量一样的几件当作重复。",
        )


def _require_crossed(study: Study) -> None:
    part, operator, counts = study.part, study.operator, study.counts
    if np.count_nonzero(counts) == len(counts):
        raise QualityDataError(
            f"每个“{part}”只由一个“{operator}”测过，这是嵌套研究，不是交叉研究。",
            hint='请写 design="nested"（命令行：--design nested）；'
            "交叉研究要每位检验员测每个零件。",
        )
    if np.count_nonzero(counts) == counts.shape[1]:
        raise QualityDataError(
            f"每个“{operator}”只测过一个“{part}”，零件间的变差与人的差别分不开。",
            hint="交叉研究要每位检验员测每个零件；请补测。",
        )
    reached = np.arange(counts.shape[1]) == 0
    while True:  # operators that share a part with those reached so far
        parts = counts[:, reached].any(axis=1)
        further = counts[parts].any(axis=0)
        if np.array_equal(further, reached):
            break
        reached = further
    if not reached.all():
        groups = ["、".join(np.array(study.operator_names)[which]) for which in (reached, ~reached)]
        raise QualityDataError(
            f"{operator} {groups[0]} 与 {groups[1]} 没有测过同一个“{part}”："
            "两组人之间的差别，分不清是人还是零件。",
            hint=f"请让他们至少同测几个{part}；或每组单独分析。",
        )
