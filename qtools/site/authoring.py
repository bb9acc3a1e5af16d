"""编写 Notebooks as they are committed: one normal form, and the skeleton of a new chapter."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qtools.errors import QualityDataError

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# what JupyterLab gives a new cell: eight hexadecimal digits, alone or at the head of a UUID
_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}-.*)?")

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}


def tidy(nb: Any) -> Any:
    r"""规范化 The normal form of a committed notebook; the argument is left alone.

    No outputs, counters or editor's metadata; ids that are readable and unique stay, others are
    derived from the cell before (``goals`` → ``goals-2``), so that a difference shows what an
    author changed and nothing else.

    Parameters
    ----------
    nb : nbformat.NotebookNode or dict
        Any notebook of format 4.

    Returns
    -------
    nbformat.NotebookNode
        Format 4.5. ``tidy(tidy(nb))`` equals ``tidy(nb)``.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> nb = tidy(new_notebook(cells=[new_code_cell("1 + 1\n", id="3f2a1b9c", execution_count=7)]))
    >>> nb.cells[0].id, nb.cells[0].source, nb.cells[0].execution_count
    ('title', '1 + 1', None)
    """
    from nbformat import from_dict

    cells = [_tidy_cell(cell) for cell in nb["cells"]]
    _name_cells(cells)
    metadata: dict[str, Any] = copy.deepcopy(METADATA)
    if "qtools" in nb["metadata"]:
        metadata["qtools"] = copy.deepcopy(dict(nb["metadata"]["qtools"]))
    plain = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return from_dict(plain)  # type: ignore[no-untyped-call]


def _tidy_cell(cell: Any) -> dict[str, Any]:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    tags = list(dict.fromkeys(cell.get("metadata", {}).get("tags", [])))
    out: dict[str, Any] = {
        "id": cell.get("id", ""),
        "cell_type": cell["cell_type"],
        "metadata": {"tags": tags} if tags else {},
        "source": text.strip("\n").rstrip(),
    }
    if cell["cell_type"] == "code":
        out |= {"outputs": [], "execution_count": None}
    if cell.get("attachments"):
        out["attachments"] = copy.deepcopy(dict(cell["attachments"]))
    return out


def _name_cells(cells: list[dict[str, Any]]) -> None:
    """Give each cell without a readable, unique id one derived from the cell before it."""
    kept: set[str] = set()
    for cell in cells:
        name = cell["id"]
        good = ID.fullmatch(name) and len(name) <= 64 and not _RANDOM_ID.fullmatch(name)
        cell["id"] = name if good and name not in kept else ""
        kept.add(cell["id"])
    before = ""
    for cell in cells:
        if not cell["id"]:
            stem = re.sub(r"-\d+$", "", before) or "title"
            free = (f"{stem}-{n}" for n in range(2, len(cells) + 3))
            cell["id"] = stem if stem not in kept else next(x for x in free if x not in kept)
            kept.add(cell["id"])
        before = cell["id"]


def to_text(nb: Any) -> str:
    """Deterministic JSON of a notebook: sorted keys, indent 1, Chinese as it is, newline at end."""
    import nbformat

    text = nbformat.writes(nb, indent=1, sort_keys=True, ensure_ascii=False)  # type: ignore[no-untyped-call]
    return str(text).rstrip("\n") + "\n"


def write_if_changed(path: Path, text: str) -> bool:
    """Write a text file whole, or not at all when it already says the same.

    Returns
    -------
    bool
        Whether the file was written. An interrupted run leaves the old file or the new one.
    """
    data = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        half.write_bytes(data)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return True


def read(path: Path) -> Any:
    """Read a notebook as it is on disk, without a converter's repairs or warnings.

    Raises
    ------
    QualityDataError
        If the file is not a notebook of format 4.
    """
    from nbformat import v4

    try:
        nb = v4.reads(path.read_text(encoding="utf-8-sig"))  # type: ignore[no-untyped-call]
        if nb["nbformat"] != 4 or not isinstance(nb["cells"], list):
            raise KeyError("nbformat")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise QualityDataError(
            f"“{path.name}”不是 nbformat 4 的 notebook。", hint="请用 JupyterLab 打开并另存。"
        ) from error
    return nb


def tidy_files(paths: Iterable[Path] = (), *, check: bool = False) -> list[Path]:
    """规范化文件 Put notebooks into their normal form.

    Parameters
    ----------
    paths : iterable of Path
        Notebooks or folders of notebooks; empty means every chapter of the handbook.
    check : bool
        Only say which files would change.

    Returns
    -------
    list of Path
        The files that were changed, or would be.

    Raises
    ------
    QualityDataError
        If a path does not exist or is not a notebook.
    """
    from qtools import data

    changed = []
    for path in _notebooks(paths or [data.root() / "notebooks"]):
        text = to_text(tidy(read(path)))
        if path.read_bytes() != text.encode("utf-8"):
            changed.append(path)
            if not check:
                write_if_changed(path, text)
    return changed


def _notebooks(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(path.rglob("*.ipynb"))
            found += [p for p in inside if ".ipynb_checkpoints" not in p.parts]
        elif path.is_file():
            found.append(path)
        else:
            raise QualityDataError(f"找不到“{path}”。", hint="请写 notebook 或文件夹的路径。")
    return found
