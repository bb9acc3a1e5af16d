"""判定的写法 Levels of an attribute study: their order, and which of them mean 不合格."""

from __future__ import annotations

from collections.abc import Sequence

from qtools import frames
from qtools.errors import QualityDataError

# How shops write 不合格 and 合格; anything else has to be named by the caller.
_CHINESE = ("不合格", "不合格品", "不良", "不良品", "不通过", "拒收", "次品", "废品", "坏")
_ENGLISH = ("ng", "nok", "no-go", "nogo", "fail", "failed", "reject", "rejected", "bad", "defect")
REJECT_WORDS = frozenset((*_CHINESE, *_ENGLISH))
_CHINESE_GOOD = ("合格", "合格品", "良", "良品", "通过", "接收", "正品", "好")
_ENGLISH_GOOD = ("ok", "go", "pass", "passed", "accept", "accepted", "good")
ACCEPT_WORDS = frozenset((*_CHINESE_GOOD, *_ENGLISH_GOOD))


def find_reject(levels: Sequence[str], reject: Sequence[object] | str | None) -> tuple[str, ...]:
    """不合格的写法 Levels that mean 不合格: as told, or recognised; empty if unclear.

    Recognised is the one common word for 不合格, beside one other level or beside a common word
    for 合格 and whatever else there is (待定, 返工): one reading is possible.

    Examples
    --------
    >>> find_reject(["OK", "NG"], None), find_reject(["0", "1"], None), find_reject(["0", "1"], "0")
    (('NG',), (), ('0',))
    >>> find_reject(["OK", "待定", "NG"], None), find_reject(["轻", "重", "报废"], None)
    (('NG',), ())
    """
    if reject is None or (not isinstance(reject, str) and len(reject) == 0):
        found = [level for level in levels if frames.plain(level) in REJECT_WORDS]
        clear = len(levels) == 2 or any(frames.plain(level) in ACCEPT_WORDS for level in levels)
        return tuple(found) if clear and len(found) == 1 else ()
    told = [reject] if isinstance(reject, str) else [_text(level) for level in reject]
    unknown = [level for level in told if level not in levels]
    have = "、".join(f"“{level}”" for level in levels)
    if unknown:
        raise QualityDataError(
            f"reject 里的“{unknown[0]}”不是数据里的判定；判定有：{have}。",
            hint="请写明表示不合格的那个判定，写法要和数据里一模一样。",
        )
    if set(told) == set(levels):
        raise QualityDataError(
            f"reject 把全部判定（{have}）都算作不合格了。", hint="请只写表示不合格的判定。"
        )
    return tuple(level for level in levels if level in told)


def _text(level: object) -> str:
    """A level as :func:`qtools.frames.codes` names it: 1.0 is 1."""
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def read_levels(levels: Sequence[object] | None) -> tuple[str, ...] | None:
    """有次序的判定 Ordered levels as told; None where they have no order.

    Examples
    --------
    >>> read_levels([1, 2.0, 3]), read_levels([])
    (('1', '2', '3'), None)
    """
    if levels is None or (not isinstance(levels, str) and len(levels) == 0):
        return None
    if isinstance(levels, str):
        raise QualityDataError(
            f"levels 要按次序写出几个判定，不是一个字 {levels!r}。",
            hint='例如 levels=["轻", "中", "重"]。',
        )
    known = tuple(_text(level) for level in levels)
    if len(set(known)) < max(len(known), 2):
        raise QualityDataError(
            f"levels 写的是 {'、'.join(known)}：至少要两个判定，而且不能重复。",
            hint='请从一端到另一端各写一次，例如 levels=["轻", "中", "重"]。',
        )
    return known
