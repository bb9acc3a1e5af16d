"""交叉量具研究的数据 The balanced block of readings behind a gauge study, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
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


def read_study(
    df: pd.DataFrame, part: str, operator: str, value: str
) -> tuple[Vector, tuple[str, ...], tuple[str, ...]]:
    """读取研究 Readings as an array (parts, operators, trials) with the names of its axes.

    Raises
    ------
    QualityDataError
        If columns are unusable, there is one part or one operator only, a combination has more or
        fewer readings than the others, or all readings are equal.
    """
    frames.require_columns(df, [part, operator, value])
    y = frames.numbers(df, value)
    part_codes, parts = frames.codes(df, part)
    operator_codes, operators = frames.codes(df, operator)
    for column, names, why in (
        (part, parts, "没有零件间的差别，就看不出量具能不能分辨零件"),
        (operator, operators, "再现性要比较不同的检验员"),
    ):
        if len(names) < 2:
            raise QualityDataError(
                f"列“{column}”里只有“{names[0]}”一个；{why}。", hint="请补充数据，至少要 2 个。"
            )
    cube = crossed_cube(y, [part_codes, operator_codes])
    if cube is None:
        raise _unbalanced(df, (part, operator), (part_codes, operator_codes), (parts, operators))
    if flat(y):
        raise QualityDataError(
            f"列“{value}”的读数全都相同，没有变差可以分解。",
            hint="请检查数据；若读数没有抄错，说明量具的分辨力太低，或零件挑得太像。",
        )
    return cube, tuple(parts), tuple(operators)


def _unbalanced(
    df: pd.DataFrame,
    columns: tuple[str, str],
    codes: tuple[Codes, Codes],
    names: tuple[list[str], list[str]],
) -> QualityDataError:
    """What is missing or too much, cell by cell."""
    counts = np.zeros((len(names[0]), len(names[1])), dtype=np.intp)
    np.add.at(counts, codes, 1)
    if np.count_nonzero(counts) == len(names[0]):
        return QualityDataError(
            f"每个“{columns[0]}”只由一个“{columns[1]}”测过，这是嵌套研究，不是交叉研究。",
            hint=(
                "交叉研究要每位检验员测每个零件；破坏性测量请按嵌套数据用 qt.variance_components。"
            ),
        )
    usual = int(np.argmax(np.bincount(counts.ravel())[1:])) + 1
    lines = [
        _cells(counts < usual, counts, columns, names, usual),
        _cells(counts > usual, counts, columns, names, usual),
    ]
    extra: npt.NDArray[np.intp] = np.flatnonzero(counts[codes] > usual)
    return QualityDataError(
        f"{frames.source(df)}每个组合应当各有 {usual} 个读数；"
        + "；".join(filter(None, lines))
        + "。",
        hint=(
            "请补测缺的，或把多的删去并说明理由；也可以去掉整个零件或检验员。"
            "不想删数据，可先用 qt.variance_components 估计分量"
            '（design="crossed"，method="reml"）。'
        ),
        rows=frames.row_numbers(df, extra),
    )


def _cells(
    which: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.intp],
    columns: tuple[str, str],
    names: tuple[list[str], list[str]],
    usual: int,
) -> str:
    """The first few cells that are short or too full."""
    places: Sequence[Sequence[int]] = np.argwhere(which).tolist()
    if not places:
        return ""
    short = counts[places[0][0], places[0][1]] < usual
    shown = [
        f"{columns[0]} {names[0][i]} × {columns[1]} {names[1][j]}（{counts[i, j]} 个）"
        for i, j in places[:_SHOWN]
    ]
    more = f"等 {len(places)} 处" if len(places) > _SHOWN else ""
    return f"{'缺' if short else '多'}读数的组合：{'、'.join(shown)}{more}"
