"""自己的数据 What a chapter is told for a reader's own file, what was read, and what it lacks.

The book's limits, targets and units belong to the book's data. On another file, whatever may be
left out is left out unless the reader gives it; the rest keeps its default, and is told.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtools import data, frames
from qtools.errors import QualityDataError
from qtools.workbook.catalogue import Chapter
from qtools.workbook.parameters import Parameter

if TYPE_CHECKING:
    import pandas as pd


def resolve(found: Chapter, values: Mapping[str, object]) -> dict[str, Any]:
    """取值 Values of the named parameters in their types, files by their absolute paths.

    With a file of one's own, an optional parameter that is not named is None, not the book's.

    Raises
    ------
    QualityDataError
        If a parameter is unknown, has the wrong type, or a file is not there.
    """
    known = {parameter.name: parameter for parameter in found.parameters}
    used: dict[str, Any] = {}
    for given, value in values.items():
        key = given.replace("-", "_")
        if key not in known:
            raise unknown_option(found, "--" + given.replace("_", "-"))
        used[key] = known[key].convert(value)
        if known[key].is_file and isinstance(used[key], str):
            used[key] = _located(used[key])
    _require_files(found, used)
    if any(is_own(used.get(p.name)) for p in found.parameters if p.is_file):
        used |= {p.name: None for p in found.parameters if p.optional and p.name not in used}
    return used


def _require_files(found: Chapter, used: Mapping[str, Any]) -> None:
    """Refuse ``check_value`` and the like, which speak of the file ``data_check``, without it."""
    for file in found.parameters:
        stem = file.name.removeprefix("data_") if file.is_file else ""
        if not stem or file.name == "data" or used.get(file.name, file.default) is not None:
            continue
        of_it = [p for p in found.parameters if p.name.startswith(f"{stem}_")]
        said = [p.option for p in of_it if used.get(p.name) is not None]
        if said:
            raise QualityDataError(
                f"写了 {'、'.join(said)}，却没有写 {file.option}。",
                hint=f"{said[0]} 说的是另一个文件：请用 {file.option} 写明是哪个文件，或去掉它。",
            )


def is_own(value: object) -> bool:
    """Whether the value of a file parameter is a reader's file, not the name of a data set."""
    return isinstance(value, str) and value not in data.names()


def _located(value: str) -> str:
    """Absolute path of a file; the name of a data set as it is."""
    return str(data._locate(value)[0].resolve()) if is_own(value) else value


def unknown_option(found: Chapter, option: str) -> QualityDataError:
    """The error for an option that a chapter does not have, listing those it has."""
    options = [parameter.option for parameter in found.parameters]
    near = difflib.get_close_matches(option, options, n=1)
    guess = f"你要的是不是 {near[0]}？" if near else ""
    have = "、".join(options) or "（没有）"
    return QualityDataError(
        f"{found.name} 没有参数 {option}。{guess}",
        hint=f"可用的参数：{have}。运行 qtools run {found.name} --help 看说明。",
    )


def columns(found: Chapter) -> tuple[Parameter, ...]:
    """列名参数 Parameters whose defaults name columns of the chapter's default data."""
    source = next((p.default for p in found.parameters if p.is_file), None)
    if not isinstance(source, str):
        return ()
    have = set(data.load(source).columns)
    return tuple(
        p for p in found.parameters
        if not p.is_file and (items := names(p.default)) and set(items) <= have
    )  # fmt: skip


def names(value: object) -> list[str]:
    """Value of a parameter as a list of texts; None is none."""
    if value is None:
        return []
    return [str(item) for item in (value if isinstance(value, list | tuple) else [value])]


def read(
    found: Chapter,
    used: Mapping[str, Any],
    *,
    sheet: str | int | None = None,
    header: int | None = None,
) -> pd.DataFrame | None:
    """先读一遍 Read a reader's file before anything is computed; None for the book's own data.

    Parameters
    ----------
    found : Chapter
        What is to be computed.
    used : mapping
        Its parameters, from :func:`resolve`.
    sheet, header
        As :func:`qtools.data.load` takes them.

    Raises
    ------
    QualityDataError
        If the file cannot be read or lacks a column; a column that the reader did not name is
        told as such.
    """
    from qtools.data import tables

    path = used.get("data")
    if not is_own(path):
        if sheet is not None or header is not None:
            raise QualityDataError(
                "--sheet 和 --header 只用于你自己的文件。", hint="请用 --data 写明是哪个文件。"
            )
        return None
    roles = [(p, names(used.get(p.name, p.default))) for p in columns(found)]
    wanted = list(dict.fromkeys(name for _, names in roles for name in names))
    frame = tables.read(Path(str(path)), wanted, sheet=sheet, header=header)
    frame.attrs["qtools_source"] = Path(str(path)).name
    _require(found, frame, roles, used)
    if len(frame) == 0:  # here, where it is still known what other sheets the file has
        frames.require_columns(frame, wanted)
    return frame


def _require(
    found: Chapter,
    frame: pd.DataFrame,
    roles: Sequence[tuple[Parameter, list[str]]],
    used: Mapping[str, Any],
) -> None:
    have = [str(name) for name in frame.columns]
    lost = [(p, [name for name in names if name not in have]) for p, names in roles]
    lost = [(p, names) for p, names in lost if names]
    if not lost:
        return
    unsaid = [(p, names) for p, names in lost if p.name not in used]
    said = [(p, names) for p, names in lost if p.name in used]
    parts = []
    if unsaid:
        options = "、".join(p.option for p, _ in unsaid)
        defaults = _quoted([name for _, names in unsaid for name in names])
        parts.append(f"你没有写 {options}，用的是本书的默认列名{defaults}，而你的文件里没有它")
    if said:
        parts.append("、".join(f"{p.option} 写的{_quoted(names)}" for p, names in said) + "找不到")
    wanted = [name for _, names in roles for name in names]
    hint = frames.missing_hint(frame, wanted)
    if frames.wide(frame, wanted):
        hint += f"长表的样子：qtools template {found.name} -o 模板.xlsx。"
    elif unsaid:
        hint += f"例如 {unsaid[0][0].option} 你的列名。"
    raise QualityDataError(
        f"{frames.source(frame)}数据缺列：{'；'.join(parts)}。现有的列：{_quoted(have)}。",
        hint=hint,
    )


def _quoted(names: Sequence[str]) -> str:
    return "、".join(f"“{name}”" for name in names)


def describe(frame: pd.DataFrame) -> str:
    """读到了什么 One line: file, sheet, row of the headings, records, and what was put right."""
    attrs = frame.attrs
    parts = [str(attrs.get("qtools_source", ""))]
    if attrs.get("qtools_sheet"):
        parts.append(f"工作表“{attrs['qtools_sheet']}”")
    parts += [f"表头在第 {attrs['qtools_first_row'] - 1} 行", f"{len(frame)} 行记录"]
    if attrs.get("qtools_merged"):
        parts.append(f"列{_quoted(attrs['qtools_merged'])}的合并单元格已按范围填满")
    if attrs.get("qtools_blank_rows"):
        parts.append(f"略去 {attrs['qtools_blank_rows']} 个空行")
    return "，".join(parts)
