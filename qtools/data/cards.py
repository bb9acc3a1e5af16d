"""数据卡 What a reader must know before using a data set, read from its ``card.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qtools.data.cases import Case, parse
from qtools.errors import QualityDataError

KINDS = ("真实", "仿真", "引用")
TYPES = {"整数": "i", "小数": "f", "文本": "O", "日期": "M"}  # to numpy's kind of type


@dataclass(frozen=True, slots=True)
class Column:
    """列 One column of a data set: name, unit ("" if none), type (整数 小数 文本 日期), meaning."""

    name: str
    unit: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Card:
    """数据卡 What a reader must know before using a data set.

    Parameters
    ----------
    name : str
        The name that ``qt.load`` takes.
    title, description : str
        In Chinese.
    kind : {"真实", "仿真", "引用"}
        Measured, simulated, or quoted from a book as facts.
    source : str
        Citation with author, year and page or clause.
    licence, spdx : str
        Licence in words and as SPDX identifier.
    rows : int
        Number of records.
    sha256 : str
        Of ``data.csv``.
    columns : tuple of Column
    changes : tuple of str
        What was changed against the source.
    published : tuple of Case
        Published values that must be reproduced.
    path : Path
        The data set's ``data.csv``.
    """

    name: str
    title: str
    description: str
    kind: str
    source: str
    licence: str
    spdx: str
    rows: int
    sha256: str
    columns: tuple[Column, ...]
    changes: tuple[str, ...]
    published: tuple[Case, ...]
    path: Path


def parse_card(name: str, raw: object, path: Path) -> Card:
    """The card that a YAML mapping describes, each fault of it named.

    Raises
    ------
    QualityDataError
        If a field is missing, unknown, or not as it should be.
    """
    wanted = [
        *("title", "description", "kind", "source", "licence", "rows", "sha256"),
        *("columns", "changes", "published"),
    ]
    given = raw if isinstance(raw, Mapping) else {}
    wrong = [f"缺“{key}”" for key in wanted if key not in given]
    wrong += [f"多了“{key}”" for key in given if key not in wanted]
    if wrong:
        raise QualityDataError(f"数据集“{name}”的数据卡{'、'.join(wrong)}。")
    if given["kind"] not in KINDS:
        raise QualityDataError(
            f"数据集“{name}”的数据卡里 kind 是“{given['kind']}”，应当是 {'、'.join(KINDS)} 之一。"
        )
    try:
        columns = tuple(Column(**{"unit": "", **item}) for item in given["columns"])
        licence, spdx = given["licence"]["name"], given["licence"]["spdx"]
    except (KeyError, TypeError) as error:
        raise QualityDataError(
            f"数据集“{name}”的数据卡里 licence 或 columns 写法不对：{error}。"
        ) from error
    unknown = [column.type for column in columns if column.type not in TYPES]
    if unknown:
        raise QualityDataError(
            f"数据集“{name}”的数据卡里列的类型“{unknown[0]}”应当是 {'、'.join(TYPES)} 之一。"
        )
    return Card(
        name=name,
        **{key: given[key] for key in ("title", "description", "kind", "source")},
        licence=licence,
        spdx=spdx,
        rows=given["rows"],
        sha256=given["sha256"],
        columns=columns,
        changes=tuple(given["changes"]),
        published=parse(given["published"], name, data=name),
        path=path,
    )
