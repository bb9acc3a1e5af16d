"""笔记本 What a notebook calls besides methods: record numbers, say them, set and check exercises.

Everything recorded travels in the metadata of the notebook's outputs, so the sentence on the
page, the regression test and a reader's report all read the same number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtools.display import html_table
from qtools.errors import QualityDataError
from qtools.notebook import bank
from qtools.notebook.answers import Outcome, judge
from qtools.notebook.bank import validate_bank
from qtools.result import Metric, Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EXERCISE_MIME",
    "METADATA_KEY",
    "Outcome",
    "check",
    "exercise",
    "forget",
    "hint",
    "judge",
    "record",
    "recorded",
    "say",
    "show",
    "solution",
    "validate_bank",
]

EXERCISE_MIME = "application/vnd.qtools.exercise+json"
METADATA_KEY = "qtools"

_LEVELS = {1: "基础", 2: "进阶", 3: "挑战"}


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Metric
    cell: str  # the cell that recorded it
    run: int  # the execution of that cell


_store: dict[str, _Entry] = {}


# --- numbers -------------------------------------------------------------------------------------


def record(result: Result | Mapping[str, Any], prefix: str = "") -> None:
    """记录 Keep numbers for the sentences of this notebook and for its regression test.

    They are stored in the output's metadata as built-in int, float, str or bool; nothing is
    shown. A cell that is run again replaces what it recorded before.

    Parameters
    ----------
    result : Result or mapping
        A result of qtools (its ``.metrics()``), or names and values. Names are ASCII identifiers.
    prefix : str
        Put before each name: ``prefix="anova"`` stores ``anova_ndc``.

    Raises
    ------
    QualityDataError
        If a name was already recorded by another cell (or twice by this one), a value is not a
        finite number, text or truth value, or a name is not an identifier.

    Examples
    --------
    >>> forget()
    >>> record({"mean": 563.0357, "n": 168}, prefix="run")
    >>> say("{run_n} 个读数，平均 {run_mean:.1f}。")
    168 个读数，平均 563.0。
    >>> forget()
    """
    metrics = result.metrics() if isinstance(result, Result) else result
    if not isinstance(metrics, Mapping):
        raise QualityDataError(
            f"qt.record 收到的是 {type(result).__name__}。",
            hint='请给它一个分析结果，或一个字典，例如 qt.record({"mean": 5.1})。',
        )
    cell, run = _where()
    stale = [key for key, entry in _store.items() if entry.cell == cell and entry.run != run]
    for key in stale:
        del _store[key]
    fresh: dict[str, Metric] = {}
    for name, value in metrics.items():
        key = f"{prefix}_{name}" if prefix else str(name)
        if not (key.isascii() and key.isidentifier()):
            raise QualityDataError(
                f"记录的名字“{key}”不能用。", hint="请用英文字母、数字和下划线，字母开头。"
            )
        if key in _store:
            raise QualityDataError(
                f"“{key}”已经记录过了。",
                hint="请加 prefix= 或换个名字；若你刚移动或复制过单元格，请重启内核并全部运行。",
            )
        fresh[key] = _builtin(key, value)
    _store.update({key: _Entry(value, cell, run) for key, value in fresh.items()})
    _show({}, metadata={METADATA_KEY: fresh})


def _builtin(key: str, value: Any) -> Metric:
    number = bank.plain(value)
    if isinstance(number, float) and not math.isfinite(number):
        raise QualityDataError(
            f"“{key}”的值是 {number}，不能记录。", hint="请先查清为什么算不出来，再决定记什么。"
        )
    if isinstance(number, bool | int | float | str):
        # str(…), float(…): a subclass such as numpy's str_ becomes the plain kind
        return next(kind(number) for kind in (bool, int, float, str) if isinstance(number, kind))
    raise QualityDataError(
        f"“{key}”是 {type(value).__name__}，不能记录。",
        hint="只记录数、文字和是非值；表格请直接显示。",
    )


def _where() -> tuple[str, int]:
    """The running cell and its execution.

    JupyterLab and VS Code send the cell's id; a batch run does not, but runs each cell once.
    """
    shell = _shell()
    if shell is None:
        return "", 0
    run = int(shell.execution_count)
    kernel = getattr(shell, "kernel", None)
    try:
        parent = kernel.get_parent("shell") if kernel else {}
        cell = (parent.get("metadata") or {}).get("cellId")
    except (AttributeError, LookupError, TypeError):
        cell = None
    return str(cell or run), run


def say(text: str) -> None:
    """写句子 Display a Markdown sentence whose numbers come from what was recorded.

    Parameters
    ----------
    text : str
        Fields in braces are recorded names: ``{anova_ndc}``, ``{anova_pct_study_var:.2f}``. A
        float without a format keeps four significant digits. Write a formula's braces twice.

    Raises
    ------
    QualityDataError
        If a name was not recorded (names near it are listed) or the braces are malformed.
    """
    known = {key: entry.value for key, entry in _store.items()}
    sentence = bank.Sentence("记录过的名字").vformat(text, (), known)
    _show({"text/markdown": sentence, "text/plain": sentence})


def show(frame: pd.DataFrame, caption: str = "") -> None:
    """显示表格 Display a small table as results show theirs: caption, headings, rounded numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Full precision; rounding happens here. A column named ``p`` holds p values.
    caption : str
        Short title in Chinese.
    """
    _show({"text/html": html_table(frame, caption), "text/plain": frame.to_string()})


def recorded(nb: Any) -> dict[str, Metric]:
    """取出记录 All that the cells of an executed notebook recorded.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        Executed notebook.
    """
    out: dict[str, Metric] = {}
    for cell in nb["cells"]:
        for output in cell.get("outputs", ()):
            out.update(output.get("metadata", {}).get(METADATA_KEY, {}))
    return out


def forget() -> None:
    """清空记录 Forget everything recorded in this process, as a new kernel does."""
    _store.clear()


# --- exercises -----------------------------------------------------------------------------------


def exercise(name: str) -> None:
    """出题 Display an exercise: its prompt in JupyterLab, a form on the site.

    Parameters
    ----------
    name : str
        Exercise of a bank, such as ``"msa-01"``.
    """
    item = bank.payload(name)
    unit = f"（单位：{item['unit']}）" if item["unit"] else ""
    lines = [
        f"**练习 {item['id']}**　{item['kind']} · {_LEVELS[item['level']]}{unit}",
        item["prompt"],
    ]
    if item["options"]:
        lines.append("\n".join(f"{n}. {text}" for n, text in enumerate(item["options"], start=1)))
    wanted = "选项的序号" if item["options"] else "你的答案"
    lines.append(
        f'检查：`qt.check("{item["id"]}", {wanted})`　'
        f'提示：`qt.hint("{item["id"]}")`　解答：`qt.solution("{item["id"]}")`'
    )
    _markdown("\n\n".join(lines), extra={EXERCISE_MIME: item})


def check(name: str, answer: object = None) -> None:
    """检查答案 Say whether an answer is right: 未作答, 不对 with a hint, or 正确.

    Parameters
    ----------
    name : str
        Exercise, such as ``"msa-01"``.
    answer : number or str
        ``27.86``, ``"27,86"``, ``"２７．８６％"`` are all understood; options count from 1.
    """
    outcome = judge(name, answer)
    mark = {"未作答": "○", "不对": "✗", "正确": "✓"}[outcome.state]
    text = f"：{outcome.message}" if outcome.message else "！"
    _markdown(f"{mark} **{name} {outcome.state}**{text}")


def hint(name: str) -> None:
    """提示 Display the hint of an exercise."""
    _markdown(f"**{name} 提示**：{bank.payload(name)['hint']}")


def solution(name: str) -> None:
    """解答 Display the solution of an exercise."""
    _markdown(f"**{name} 解答**\n\n{bank.payload(name)['solution']}")


# --- display -------------------------------------------------------------------------------------


def _markdown(text: str, extra: Mapping[str, Any] | None = None) -> None:
    _show({**(extra or {}), "text/markdown": text, "text/plain": text})


def _shell() -> Any:
    """The running IPython shell, or None in a plain Python process."""
    import sys

    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def _show(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Display a MIME bundle; a plain Python process prints its text.

    Metadata travels on an output without data: the Lab, the book and a report draw nothing for it.
    """
    if _shell() is not None:
        from IPython.display import display

        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
    elif "text/plain" in data:
        print(data["text/plain"])
