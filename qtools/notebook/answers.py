"""批改 What people type as an answer, read as a number and judged in three outcomes."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from qtools.notebook import bank

State = Literal["未作答", "不对", "正确"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """批改结果 What became of an answer: one of three states, and a sentence for the reader."""

    state: State
    message: str


def parse(answer: object, unit: str = "") -> float | None:
    """Read an answer as people write it: ``"27,86"``, ``"２７．８６％"``, ``"27.86 %"``, ``27.86``.

    A single comma is a decimal comma; with a point behind, or repeated, commas group thousands.

    Returns
    -------
    float or None
        None if nothing was answered; NaN if what was answered is not a number.

    Examples
    --------
    >>> parse("２７．８６％", "%"), parse("−1,5"), parse("1,234.5 mm", "mm"), parse("  ")
    (27.86, -1.5, 1234.5, None)
    """
    value = bank.plain(answer)
    if value is None or value is ...:
        return None
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return math.nan
    text = "".join(unicodedata.normalize("NFKC", value).replace("−", "-").split())
    if not text:
        return None
    suffix = "".join(unicodedata.normalize("NFKC", unit).split())
    if suffix:
        text = text.removesuffix(suffix)
    text = text.replace("、", ",")
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return float(text.replace(",", "")) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def judge(name: str, answer: object) -> Outcome:
    """批改 Judge an answer: 未作答, 不对 (with the hint that fits the mistake) or 正确.

    Parameters
    ----------
    name : str
        Exercise, such as ``"msa-01"``.
    answer : number or str
        As typed; see :func:`parse`. ``None``, ``""`` and ``...`` are no answer.
    """
    item = bank.payload(name)
    number = parse(answer, item["unit"])
    if number is None:
        return Outcome("未作答", "还没有答案：把你算出的数填进去再检查。")
    if not math.isfinite(number):
        wanted = "选项的序号" if item["options"] else "一个数"
        return Outcome("不对", f"答案应当是{wanted}，例如 {2 if item['options'] else '12.5'}。")
    # the last digit of a float must not decide over an answer on the edge of its tolerance
    slack = item["tolerance"] + 1e-9 * max(abs(item["answer"]), 1e-300)
    if abs(number - item["answer"]) <= slack:
        return Outcome("正确", "")
    coarse = _rounding(answer, item["unit"])
    known = [m for m in item["mistakes"] if abs(number - m["answer"]) <= max(slack, coarse)]
    rounded = not item["options"] and abs(number - item["answer"]) <= coarse
    if known:
        nearest = min(known, key=lambda m: abs(number - m["answer"]))
        if not rounded or abs(number - nearest["answer"]) <= abs(number - item["answer"]):
            return Outcome("不对", str(nearest["hint"]))
    if rounded:
        return Outcome("不对", "数对了，位数不够：请多保留一位。")
    return Outcome("不对", str(item["hint"]))


def _rounding(answer: object, unit: str) -> float:
    """Half a unit of the last digit given: what rounding can have taken away (0 without a point).

    Whole numbers count only from two digits on: 4 for 4.4 is another number, not a coarse one.

    Examples
    --------
    >>> [round(_rounding(typed, "%"), 6) for typed in ("27.9 %", 7.8, "28", "4")]
    [0.05, 0.05, 0.5, 0.0]
    """
    value = bank.plain(answer)
    number = parse(answer, unit)
    if number is None or not math.isfinite(number) or number == 0:
        return 0.0
    typed = value if isinstance(value, str) else repr(value)
    text = "".join(unicodedata.normalize("NFKC", typed).split()).replace(",", ".")
    found = re.match(r"[+\-−]?(\d+)(?:\.(\d+))?", text)
    if found is None or "e" in text.casefold():
        return 0.0
    whole, decimals = found.group(1), found.group(2) or ""
    if isinstance(value, float) and decimals == "0":
        decimals = ""
    if len((whole + decimals).lstrip("0")) < 2:
        return 0.0
    return 0.5 * 10.0 ** -len(decimals) * (1 + 1e-9)
