"""题库 Exercise banks: one YAML file a part, with answers as expressions over qtools."""

from __future__ import annotations

import difflib
import math
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from qtools.display import format_number
from qtools.errors import QualityDataError

_FIELDS = {
    "id", "level", "kind", "prompt", "unit", "options", "values", "answer", "tolerance",
    "mistakes", "hint", "solution",
}  # fmt: skip
_REQUIRED = ("level", "kind", "prompt", "answer", "tolerance", "hint", "solution")
_KINDS = ("计算", "判读", "找错")
_PERCENT_HINT = "题目要的是百分数：把你的小数乘以 100 再填。"


class Sentence(string.Formatter):
    """句子模板 ``str.format`` over a mapping of names, with errors that a Chinese author can use.

    A float without a format keeps four significant digits, a truth value reads 是 or 否.

    Examples
    --------
    >>> Sentence("已有的名字").vformat("均值 {mean}，n = {n}", (), {"mean": 563.0357, "n": 168})
    '均值 563.0，n = 168'
    """

    def __init__(self, known: str) -> None:
        self.known = known

    def vformat(self, format_string: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """Fill in the fields, or say in Chinese what is wrong with them."""
        try:
            return super().vformat(format_string, args, kwargs)
        except QualityDataError:
            raise
        except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
            raise QualityDataError(
                f"句子“{_short(format_string)}”的花括号写法不对：{error}。",
                hint="字段写成 {名字} 或 {名字:.2f}；公式里的花括号要写两遍：\\bar{{x}}。",
            ) from error

    def get_field(self, field_name: str, _: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Look a name up; attributes and indices are not for sentences."""
        if field_name not in kwargs:
            names = sorted(kwargs)
            near = difflib.get_close_matches(field_name, names, n=4, cutoff=0.4) or names[:8]
            shown = "、".join(near) or "（还没有）"
            raise QualityDataError(
                f"句子里用了“{field_name}”，但没有这个名字；{self.known}里相近的有：{shown}。",
                hint="请核对名字和前缀；公式里的花括号要写两遍：\\bar{{x}}。",
            )
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        """Format one value; four significant digits unless told otherwise."""
        if format_spec:
            return format(value, format_spec)
        return format_number(value, 4)


def _short(text: str, length: int = 24) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[:length] + "…"


# --- reading a bank ------------------------------------------------------------------------------


def payload(name: str) -> dict[str, Any]:
    """One exercise, evaluated and formatted: all that a page or a judge needs.

    Parameters
    ----------
    name : str
        ``PART-NN``, such as ``"msa-01"``.

    Returns
    -------
    dict
        ``id level kind prompt unit options answer tolerance mistakes hint solution``;
        ``tolerance`` is absolute, in the unit of the answer.

    Raises
    ------
    QualityDataError
        If there is no such exercise, or its entry is wrong: file, id and field are named.
    """
    part = str(name).rpartition("-")[0]
    return _payload(_bank(part), str(name))


def ids(part: str) -> list[str]:
    """Names of a part's exercises, in the order of the file."""
    return [str(entry.get("id")) for entry in _entries(*_bank(part))]


def banks() -> list[str]:
    """Parts that have a bank."""
    from qtools import data

    return sorted(path.stem for path in (data.root() / "book" / "exercises").glob("*.yml"))


def validate_bank(part: str) -> list[str]:
    """Everything that is wrong with a bank, one Chinese line each; empty if nothing is.

    Evaluates every expression and fills in every sentence. Besides what :func:`payload` refuses:
    repeated ids, ids of another part, and a known mistake that lies within the answer's tolerance
    or within that of another mistake, so that its hint could never be shown.
    """
    problems: list[str] = []
    file, _ = place = _bank(part)
    try:
        names = ids(part)
    except QualityDataError as error:
        return [str(error)]
    for name in dict.fromkeys(names):
        where = f"{Path(file).name} 的 {name}"
        if names.count(name) > 1:
            problems.append(f"{where}：id 重复。")
        if name.rpartition("-")[0] != part or not name.rpartition("-")[2].isdigit():
            problems.append(f"{where}：id 应写成 {part}-01 的样子。")
        try:
            item = _payload(place, name)
        except QualityDataError as error:
            problems.append(str(error))
            continue
        taken = [("答案", item["answer"])]
        for number, mistake in enumerate(item["mistakes"], start=1):
            for what, value in taken:
                if abs(mistake["answer"] - value) <= item["tolerance"]:
                    problems.append(f"{where}：第 {number} 个典型错误落在{what}的容差之内。")
            taken.append((f"第 {number} 个典型错误", mistake["answer"]))
    return problems


def _bank(part: str) -> tuple[str, int]:
    """File of a part's bank and its time stamp: an author who saves it sees the change."""
    from qtools import data

    path = data.root() / "book" / "exercises" / f"{part}.yml"
    if not part or not path.is_file():
        have = "、".join(banks()) or "（没有）"
        raise QualityDataError(
            f"找不到题库“{part}”；现有的题库：{have}。", hint="题号写成“题库名-两位数”，如 msa-01。"
        )
    return str(path), path.stat().st_mtime_ns


@lru_cache(maxsize=64)
def _entries(file: str, stamp: int) -> list[dict[str, Any]]:  # noqa: ARG001  (stamp: cache key)
    import yaml

    path = Path(file)
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise QualityDataError(f"题库 {path.name} 不是合法的 YAML：{error}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise QualityDataError(f"题库 {path.name} 应当是一个列表，每题一项，以“- id:”开头。")
    return entries


@lru_cache(maxsize=1024)
def _payload(place: tuple[str, int], name: str) -> dict[str, Any]:
    entries = {str(entry.get("id")): entry for entry in reversed(_entries(*place))}
    file = Path(place[0]).name
    if name not in entries:
        have = "、".join(reversed(list(entries)))
        raise QualityDataError(f"题库 {file} 里没有“{name}”；现有的题：{have}。")
    return _Entry(file, name, entries[name]).evaluated()


class _Entry:
    """One entry of a bank on its way to a payload; every complaint names file, id and field."""

    def __init__(self, file: str, name: str, entry: dict[str, Any]) -> None:
        self.where, self.entry = f"题库 {file} 的 {name}", entry
        self.names: dict[str, Any] = {}
        for field in _REQUIRED:
            if entry.get(field) in (None, ""):
                raise self.wrong(field, "没有填")
        if unknown := sorted(set(entry) - _FIELDS):
            raise self.wrong(unknown[0], "不是题库的字段")
        if entry["kind"] not in _KINDS:
            raise self.wrong("kind", f"应为{'、'.join(_KINDS)}之一")
        if entry["level"] not in (1, 2, 3):
            raise self.wrong("level", "应为 1、2 或 3")

    def wrong(self, field: str, what: str) -> QualityDataError:
        return QualityDataError(f"{self.where}，字段 {field}：{what}")

    def number(self, field: str, expression: object) -> float:
        value = self.value(field, expression)
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise self.wrong(field, f"算出来的不是一个数，而是 {value!r}") from error
        if not math.isfinite(number):
            raise self.wrong(field, f"算出来的是 {number}")
        return number

    def value(self, field: str, expression: object) -> Any:
        from qtools import data

        try:
            return plain(data.evaluate(str(expression), **self.names))
        except Exception as error:  # whatever an expression raises belongs to its author
            raise self.wrong(field, f"算式出错（{type(error).__name__}）：{error}") from error

    def text(self, field: str, template: object) -> str:
        try:
            return Sentence("这道题的 values").vformat(str(template).strip(), (), self.names)
        except QualityDataError as error:
            raise self.wrong(field, str(error)) from error

    def tolerance(self, answer: float) -> float:
        given = self.entry["tolerance"]
        if isinstance(given, dict) and len(given) == 1:
            ((kind, size),) = given.items()
            if kind in ("abs", "rel") and isinstance(size, int | float) and size >= 0:
                return float(size) * (abs(answer) if kind == "rel" else 1.0)
        raise self.wrong("tolerance", "应写成 {abs: 0.05} 或 {rel: 0.01}")

    def evaluated(self) -> dict[str, Any]:
        entry = self.entry
        for name, expression in (entry.get("values") or {}).items():
            self.names[str(name)] = self.value(f"values.{name}", expression)
        answer = self.number("answer", entry["answer"])
        tolerance = self.tolerance(answer)
        unit = str(entry.get("unit") or "")
        prompt = self.text("prompt", entry["prompt"])  # before the answer has a name
        options = [self.text("options", option) for option in entry.get("options") or ()]
        if options and answer not in range(1, len(options) + 1):
            raise self.wrong("answer", f"应为选项的序号 1 到 {len(options)}，而不是 {answer:g}")
        self.names["answer"] = int(answer) if options else answer
        mistakes: list[dict[str, Any]] = []
        for place, mistake in enumerate(entry.get("mistakes") or (), start=1):
            field = f"mistakes[{place}]"
            if not isinstance(mistake, dict) or set(mistake) != {"answer", "hint"}:
                raise self.wrong(field, "应有 answer 和 hint 两项")
            number = self.number(f"{field}.answer", mistake["answer"])
            mistakes.append({"answer": number, "hint": self.text(field, mistake["hint"])})
        if unit in ("%", "％") and abs(answer - answer / 100) > tolerance:
            near = [m["answer"] for m in mistakes if abs(m["answer"] - answer / 100) <= tolerance]
            if not near:
                mistakes.append({"answer": answer / 100, "hint": _PERCENT_HINT})
        return {
            "id": str(entry["id"]),
            "level": int(entry["level"]),
            "kind": str(entry["kind"]),
            "prompt": prompt,
            "unit": unit,
            "options": options,
            "answer": self.names["answer"],
            "tolerance": tolerance,
            "mistakes": mistakes,
            "hint": self.text("hint", entry["hint"]),
            "solution": self.text("solution", entry["solution"]),
        }


def plain(value: Any) -> Any:
    """Built-in number of a numpy scalar or one-element array; anything else as it is."""
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        return value.item()
    return value
