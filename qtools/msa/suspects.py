"""可疑的读数 Readings to be checked before anything else is believed; caveats and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools.display import format_number
from qtools.msa.means import step
from qtools.msa.outliers import far_readings
from qtools.result import Check

if TYPE_CHECKING:
    from qtools.msa.result import GageRR
    from qtools.msa.study import Study

_SHOWN = 5
ALIKE = 0.25  # cells whose repeats are all alike; more of them, and the scale is too coarse


def suspects(result: GageRR) -> list[Check]:
    """可疑之处 Coded caveats about single readings and the scale they are read on."""
    study = result.study
    if _is_counter(study):
        text = (
            f"列“{study.value}”在每个组合里都是同样几个连续的整数：它多半是“第几次”之类的序号，"
            "不是读数，上面的数都没有意义。请写明读数所在的列（value；命令行：--value 列名）。"
        )
        return [Check("gage-rr.not-a-reading", text, "bad")]
    far = _outliers(study)  # they spoil the spread that a scale is compared with
    return [*far, *_duplicates(study), *([] if far else _coarse(result))]


def doubts(result: GageRR) -> str:
    """决定里的疑点 Sentences for the decision; empty where nothing speaks against it."""
    study, found = result.study, {check.code for check in suspects(result)}
    if "gage-rr.not-a-reading" in found:
        return f"但列“{study.value}”像是序号，不是读数，先核对。"
    out = ""
    if "gage-rr.outlier" in found:
        out += f"但{_outlier_rows(study)}的读数远在外面，先核对，改正了再算一遍。"
    if study.recurring:
        out += (
            f"“{study.part}”的编号在不同的{study.operator}名下重复出现：若其实是同一个，"
            "要按交叉研究算，上面的数不成立。"
        )
    return out


def _outlier_rows(study: Study) -> str:
    """第 5 行、第 8 或 9 行, the first few."""
    found = far_readings(study.y, *study.codes[:2])
    rows = [f"第 {' 或 '.join(str(study.rows[place]) for place in own)} 行" for own in found]
    more = f"等 {len(rows)} 处" if len(rows) > _SHOWN else ""
    return "、".join(rows[:_SHOWN]) + more


def _outliers(study: Study) -> list[Check]:
    found = far_readings(study.y, *study.codes[:2])
    if not found:
        return []
    shown = "、".join(format_number(float(study.y[place])) for own in found[:3] for place in own)
    text = (
        f"{_outlier_rows(study)}的“{study.value}”（{shown}）远在同一组合其余读数之外："
        "多半是抄错、小数点错位，或拿错了零件。请核对原始记录；"
        "没有抄错也不要悄悄删去，先查那一次测量出了什么事。"
    )
    return [Check("gage-rr.outlier", text, "bad")]


def _duplicates(study: Study) -> list[Check]:
    if not study.repeated_rows:
        return []
    rows = "、".join(str(row) for row in study.repeated_rows[:_SHOWN])
    more = f"等 {len(study.repeated_rows)} 行" if len(study.repeated_rows) > _SHOWN else ""
    text = f"第 {rows} 行{more}与前面某一行每一列都相同：是不是粘贴了两遍？请核对。"
    return [Check("gage-rr.duplicate-rows", text)]


def _coarse(result: GageRR) -> list[Check]:
    """The scale against the spread of repeats; identical repeats are said by another caveat."""
    study, gap = result.study, step(result.study.y)
    if gap is None or result.no_spread:
        return []
    sd = result.repeatability_var**0.5
    cell = np.ravel_multi_index(study.codes[:2], study.counts.shape)
    order = np.argsort(cell, kind="stable")
    size = np.unique(cell, return_counts=True)[1]
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    ordered = study.y[order]
    spread = np.maximum.reduceat(ordered, start) - np.minimum.reduceat(ordered, start)
    alike = float(np.mean(spread[size > 1] < gap / 2)) if (size > 1).any() else 0.0
    if gap <= sd and alike <= ALIKE:
        return []
    text = (
        f"读数的最小间隔是 {format_number(gap)}，重复性的标准差是 {format_number(sd, 3)}；"
        f"{100 * alike:.0f} % 的组合里几次读数完全一样：刻度太粗，重复性估不准。"
        "请用读得更细的量具，或估读到刻度以下再测一遍。"
    )
    return [Check("gage-rr.coarse", text)]


def _is_counter(study: Study) -> bool:
    """Whether each cell holds the same consecutive integers: which time, not what was read."""
    if not np.array_equal(study.y, np.round(study.y)):
        return False
    own = np.unique(study.y)
    cells = np.ravel_multi_index(study.codes[:2], study.counts.shape)
    each = np.unique(np.column_stack([cells, study.y]), axis=0)
    same = study.even and study.usual == own.size > 1
    whole = each.shape[0] == np.unique(cells).size * own.size
    return bool(same and whole and np.array_equal(np.diff(own), np.ones(own.size - 1)))
