"""章节 The chapters of the handbook, as their notebooks describe themselves."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qtools import data
from qtools.errors import QualityDataError
from qtools.site.authoring import read
from qtools.workbook.parameters import Parameter, parse

PARAMETERS = "parameters"


@dataclass(frozen=True, slots=True)
class Chapter:
    """一章 A notebook of the handbook, as its metadata and its parameters cell describe it.

    Parameters
    ----------
    name : str
        ``PART/NAME``, as the command line takes it.
    path : Path
        The notebook.
    id, title, level : str
        ``"N201"``; the heading; ``"L1"`` to ``"L3"``.
    data, exercises, policy : tuple of str
        Data sets and exercise banks it uses, items of the policy notice it serves.
    parameters : tuple of Parameter
        In the order of the cell.
    design : str
        Kind of design its run sheets have, see :mod:`qtools.workbook.run_sheet`; empty without.
    analysis : str
        Chapter that analyses its run sheets; empty for this one.
    """

    name: str
    path: Path
    id: str
    title: str
    level: str
    data: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = field(default=(), repr=False)
    design: str = ""
    analysis: str = ""


def chapters() -> list[Chapter]:
    """全部章节 The chapters of the handbook, ordered by their numbers.

    Raises
    ------
    QualityDataError
        If a notebook cannot be read or says nothing about itself, naming it.
    """
    paths = sorted((data.root() / "notebooks").glob("*/*.ipynb"))
    return sorted(map(_chapter, paths), key=lambda found: (found.id, found.name))


def chapter(name: str) -> Chapter:
    """一章 The chapter of that name or number; ``.ipynb`` and ``notebooks/`` do not matter.

    Raises
    ------
    QualityDataError
        If there is none, listing those that come near.
    """
    plain = name.replace("\\", "/").removesuffix(".ipynb").strip("/").removeprefix("notebooks/")
    path = data.root() / "notebooks" / f"{plain}.ipynb"
    if plain.count("/") == 1 and ".." not in plain and path.is_file():
        return _chapter(path)
    every = chapters()
    numbered = [found for found in every if found.id.casefold() == plain.casefold()]
    if numbered:
        return numbered[0]
    names = [found.name for found in every]
    same = [found for found in names if found.split("/")[1] == plain]
    near = same or difflib.get_close_matches(plain, names, n=3, cutoff=0.5) or names
    raise QualityDataError(
        f"没有“{name}”这一章；{'相近的' if near != names else '现有的'}章：{'、'.join(near)}。",
        hint="qtools list 列出全部章节。",
    )


def _chapter(path: Path) -> Chapter:
    nb = read(path)
    name = f"{path.parent.name}/{path.stem}"
    about = nb["metadata"].get("qtools") or {}
    first = nb["cells"][0]["source"] if nb["cells"] else ""
    title = first.splitlines()[0].removeprefix("# ").strip() if first.startswith("# ") else ""
    if not title or not about.get("id"):
        raise QualityDataError(
            f"{name} 缺少标题或编号。", hint="第一格写“# 标题”，元数据里写 qtools 的 id 和 level。"
        )
    cells = [cell["source"] for cell in nb["cells"] if PARAMETERS in tags(cell)]
    listed = {
        key: tuple(str(item) for item in about.get(key) or ())
        for key in ("data", "exercises", "policy")
    }
    return Chapter(
        name, path, str(about["id"]), title, str(about.get("level", "")), **listed,
        parameters=parse(cells[0], name) if cells else (), design=str(about.get("design", "")),
        analysis=str(about.get("analysis", "")),
    )  # fmt: skip


def tags(cell: Any) -> list[str]:
    """Tags of a notebook's cell."""
    return list(cell["metadata"].get("tags", ()))
