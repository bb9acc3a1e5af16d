"""数据 The data sets of the handbook, your own files, and the values published about them.

One way in: ``qt.load(name or path)``. Each data set lies in ``data/NAME`` as ``data.csv`` beside
``card.yml``, which says where it comes from, under which licence, what its columns mean, and
which published values the handbook's own functions must reproduce on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtools import frames
from qtools.data.cards import TYPES, Card, Column, parse_card
from qtools.data.cases import Case, Verification, compare, evaluate, parse, printed_constants
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Card",
    "Case",
    "Column",
    "Verification",
    "all_cases",
    "card",
    "cards",
    "check",
    "evaluate",
    "load",
    "reading",
    "root",
    "verify",
]


def root() -> Path:
    """手册的根 Where data, notebooks and exercises lie: the checkout, or the installed package."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "data").is_dir():
        return checkout
    return package / "_share"


def load(
    source: str | Path,
    columns: Sequence[str] | None = None,
    *,
    sheet: str | int | None = None,
    header: int | None = None,
    units: bool = False,
) -> pd.DataFrame:
    """读数据 A data set of the handbook by name, or your own .csv or .xlsx by path.

    Nothing is guessed silently. A column is numeric only if every filled cell is a clean number;
    one typo leaves it text, and the method that needs numbers names the rows. Labels stay as
    written (``007``, ``NA``). The file is only ever read.

    Parameters
    ----------
    source : str or Path
        Name of a data set (``"furnace"``), or path of a .csv (UTF-8, GBK; comma, semicolon or
        tab) or .xlsx file.
    columns : sequence of str, optional
        Columns that must be there. They also find the heading row and the worksheet.
    sheet : str or int, optional
        Worksheet by name, or by number counted from 1. Needed only if several fit.
    header : int, optional
        Row of the headings as Excel counts. Found by itself where it stands clear.
    units : bool
        Read full-width digits and numbers with a unit (``１２．３ mm``) as numbers: one unit a
        column, noted in ``df.attrs["qtools_units"]``.

    Returns
    -------
    pandas.DataFrame
        One row a record. Merged label cells are filled over their range; entirely blank rows and
        columns are left out, and the index keeps count of them, so that messages give the row
        numbers that Excel shows.

    Raises
    ------
    QualityDataError
        If the file or data set is not there, cannot be read, has no clear heading row, or lacks
        one of ``columns``.

    Examples
    --------
    >>> load("flowrate", columns=["流量"])["流量"].mean().round(2).item()
    50.81
    """
    from qtools.data import tables

    path, name = _locate(source)
    if sheet is None and header is None:
        sheet, header = _reading.get(path.absolute(), (None, None))
    frame = tables.read(path, columns or (), sheet=sheet, header=header, units=units)
    frame.attrs["qtools_source"] = name
    if columns is not None:
        frames.require_columns(frame, list(columns))
    return frame


_reading: dict[Path, tuple[str | int | None, int | None]] = {}


def reading(
    source: str | Path, *, sheet: str | int | None = None, header: int | None = None
) -> None:
    """读法 Have :func:`load` read this file so, where the call itself says nothing about it.

    ``qtools run --sheet`` and ``--header`` come to a chapter's ``qt.load(data, …)`` in this way.

    Parameters
    ----------
    source : str or Path
        The file.
    sheet, header
        As :func:`load` takes them.
    """
    _reading[_locate(source)[0].absolute()] = (sheet, header)


def _locate(source: str | Path) -> tuple[Path, str]:
    """Path and the name that messages give it: a data set's name or a file's."""
    known = names()
    if str(source) in known:
        return root() / "data" / str(source) / "data.csv", str(source)
    path = Path(source).expanduser()
    if path.exists():
        return path, path.name
    if not path.suffix and path.parent == Path():
        listed = "、".join(f"“{name}”" for name in known)
        near = _near(str(source), known)
        raise QualityDataError(
            f"没有叫“{source}”的数据集；现有：{listed}。",
            hint=(f"你要的是不是{near}？" if near else "")
            + "读你自己的文件时，请写全文件名和扩展名，如 我的数据.xlsx。",
        )
    folder = path.absolute().parent
    if not folder.is_dir():
        raise QualityDataError(f"找不到文件“{path}”：文件夹“{folder}”不存在。", hint="请核对路径。")
    near = _near(path.name, [item.name for item in folder.iterdir() if item.is_file()])
    hint = f"你要的是不是{near}？" if near else "请核对文件名、扩展名和所在的文件夹。"
    raise QualityDataError(f"在文件夹“{folder}”里找不到文件“{path.name}”。", hint=hint)


def _near(name: str, others: Sequence[str]) -> str:
    """Names that differ in the suffix, or a little in the stem: a suffix alone is no likeness."""
    stem, suffix = Path(name).stem, Path(name).suffix
    same = [other for other in others if Path(other).stem == stem and suffix != Path(other).suffix]
    stems = frames.near(stem, list(dict.fromkeys(Path(other).stem for other in others)))
    found = [*same, *(other for one in stems for other in others if Path(other).stem == one)]
    return "、".join(f"“{other}”" for other in dict.fromkeys(found))


def names() -> list[str]:
    """数据集名 Names of the handbook's data sets."""
    return sorted(path.parent.name for path in (root() / "data").glob("*/data.csv"))


@lru_cache
def card(name: str) -> Card:
    """数据卡 The card of one data set.

    Raises
    ------
    QualityDataError
        If there is no such data set, or its card lacks a field.

    Examples
    --------
    >>> card("furnace").rows
    168
    """
    import yaml

    if name not in names():
        _locate(name)
    path = root() / "data" / name / "card.yml"
    if not path.is_file():
        raise QualityDataError(f"数据集“{name}”没有数据卡 card.yml。")
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parse_card(name, raw, path.with_name("data.csv"))


def cards() -> list[Card]:
    """全部数据卡 The cards of all data sets, by name."""
    return [card(name) for name in names()]


def verify(case: Case, folder: Path | None = None) -> Verification:
    """核对公布值 Compute a case and compare it with the printed value.

    Parameters
    ----------
    case : Case
        From a card or from ``tests/reference``.
    folder : Path, optional
        Where the CSV that the case names lies; ``tests/reference`` of the checkout by default.

    Examples
    --------
    >>> verify(card("furnace").published[0]).status
    '一致'
    """
    space: dict[str, Any] = {}
    if case.data is not None:
        beside = (folder or root() / "tests" / "reference") / case.data
        space["df"] = load(beside if beside.suffix else case.data)
    computed = evaluate(case.expr, **space)
    if case.constants == "printed":  # the first evaluation has imported what is to be changed
        with printed_constants():
            computed = evaluate(case.expr, **space)
    return compare(case, computed)


def all_cases() -> list[Case]:
    """全部公布值 Cases of every card and, in a checkout, of ``tests/reference``.

    Raises
    ------
    QualityDataError
        If a file breaks the schema or two cases share an id.
    """
    import yaml

    found = [case for one in cards() for case in one.published]
    for path in sorted((root() / "tests" / "reference").glob("*.yml")):
        if path.name != "coverage.yml":
            found += parse(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    seen: dict[str, str] = {}
    for case in found:
        other = seen.setdefault(case.id, case.where)
        if other != case.where or sum(each.id == case.id for each in found) > 1:
            raise QualityDataError(f"公布值的 id“{case.id}”重复：在“{other}”和“{case.where}”里。")
    return found


def check(only: Sequence[str] = ()) -> list[str]:
    """核对数据集 What differs between data sets and their cards, in Chinese; nothing if all agrees.

    Parameters
    ----------
    only : sequence of str
        Names of data sets; all by default.
    """
    faults = []
    for name in only or names():
        try:
            faults += _check(card(name))
        except QualityDataError as error:
            faults.append(f"{name}：{error}")
    return faults


def _check(one: Card) -> list[str]:
    faults = []
    digest = hashlib.sha256(one.path.read_bytes()).hexdigest()
    if digest != one.sha256:
        faults.append(f"data.csv 的 sha256 是 {digest}，数据卡写的是 {one.sha256}")
    frame = load(one.name)
    if len(frame) != one.rows:
        faults.append(f"有 {len(frame)} 行，数据卡写的是 {one.rows} 行")
    if list(frame.columns) != [column.name for column in one.columns]:
        faults.append(f"列是 {'、'.join(frame.columns)}，与数据卡不同")
    faults += [
        f"列“{column.name}”读出来不是{column.type}"
        for column in one.columns
        if column.name in frame and frame[column.name].dtype.kind != TYPES[column.type]
    ]
    for case in one.published:
        result = verify(case)
        if result.status == "不一致":
            what = "却算得出来" if result.agrees else "不一致"
            faults.append(
                f"公布值“{case.id}”（{case.what}）{what}：公布 {case.value}，算得 {result.computed}"
            )
    return [f"{one.name}：{fault}" for fault in faults]
