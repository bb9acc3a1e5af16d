"""成书 The book: executed notebooks, assembled with its pages, built by Sphinx.

``execute_all`` → ``_build/notebooks`` → ``assemble`` → ``_build/src`` → ``build`` → ``_build/html``
Each step writes only what changed, so the next step has little to do; what is published appears
whole or not at all.
"""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtools import data
from qtools.errors import QualityDataError
from qtools.site.authoring import read, tidy, tidy_files, to_text, write_if_changed
from qtools.site.execution import (
    Execution,
    Progress,
    build_dir,
    content_key,
    execute_all,
    hash_files,
)
from qtools.site.skeleton import new_chapter, next_steps

__all__ = [
    "Execution",
    "assemble",
    "build",
    "content_key",
    "execute_all",
    "new_chapter",
    "next_steps",
    "tidy",
    "tidy_files",
]

# What shapes the pages around the executed notebooks: a change here rebuilds every page.
_FRAME = (
    "sphinx_ext.py",
    "sphinx_search.py",
    "web.py",
    "figure_table.py",
    "static",
    "templates",
)


# --- assemble --------------------------------------------------------------------------------


def assemble(executions: Sequence[Execution] | None = None) -> tuple[Path, bool]:
    """拼合 Put sources, executed notebooks and generated pages into ``_build/src``.

    Returns
    -------
    folder : Path
        ``_build/src``; only files whose content changed were written.
    removed : bool
        Whether a file went away, so that pages of an earlier build have to go as well.
    """
    from qtools.site import pages

    done = execute_all() if executions is None else executions
    folder = build_dir() / "src"
    wanted: dict[str, str | Path] = {**_book_files(), **pages.generate(done)}
    for execution in done:
        wanted[f"notebooks/{execution.name}.ipynb"] = to_text(_folded(read(execution.path)))
    removed = False
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
            removed = True
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name, content in wanted.items():
        if isinstance(content, str):
            write_if_changed(folder / name, content)
        elif not (folder / name).is_file() or _differs(content, folder / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(content, folder / name)
    return folder, removed


def _book_files() -> dict[str, Path]:
    """Pages and static files of ``book/``; tables and exercise banks are read by others."""
    top = data.root() / "book"
    files = [path for path in top.rglob("*") if path.is_file()]
    names = {path.relative_to(top).as_posix(): path for path in files}
    return {
        name: path
        for name, path in names.items()
        if not name.startswith("exercises/") and path.suffix != ".csv" and "/." not in f"/{name}"
    }


def _differs(a: Path, b: Path) -> bool:
    return a.read_bytes() != b.read_bytes()


def _folded(nb: Any) -> Any:
    """Cross-checks, tagged ``fold``, are published folded; all other code is shown."""
    for cell in nb["cells"]:
        tags = cell["metadata"].get("tags", [])
        if "fold" in tags:
            cell["metadata"]["tags"] = [*tags, "hide-cell"]
    return nb


# --- build -----------------------------------------------------------------------------------


def build(
    workers: int = 2,
    *,
    clean: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """成书 Execute, assemble, and build the book with every warning an error.

    Sphinx works in ``_build/sphinx``, where it finds its earlier pages again; ``_build/html`` is
    replaced only after a build without a warning. A failed build forgets its pages, so that the
    warnings come again with the next one.

    Parameters
    ----------
    workers : int
        Notebooks executed at the same time.
    clean : bool
        Build every page anew. Executions that still hold are kept.
    progress : callable, optional
        Passed to :func:`execute_all`.
    say : callable
        Gets one line a step, with its time.

    Returns
    -------
    Path
        ``_build/html/index.html``.

    Raises
    ------
    QualityDataError
        If a notebook fails or Sphinx warns.
    """
    top = build_dir()
    begin = start = time.perf_counter()
    done = execute_all(workers, progress=progress)
    fresh = sum(not execution.reused for execution in done)
    say(f"执行：{len(done)} 个 notebook，其中 {fresh} 个重新执行　{_since(start)}")
    start = time.perf_counter()
    source, removed = assemble(done)
    say(f"拼合：{sum(1 for p in source.rglob('*') if p.is_file())} 个文件　{_since(start)}")
    start = time.perf_counter()
    work = top / "sphinx"
    key = _frame_key(source)
    note = work / "key"
    if clean or removed or not note.is_file() or note.read_text(encoding="utf-8") != key:
        shutil.rmtree(work, ignore_errors=True)
    if not _sphinx(source, work):
        shutil.rmtree(work, ignore_errors=True)
        raise QualityDataError("书没有建成：Sphinx 报告了警告或错误（见上）。")
    write_if_changed(note, key)
    index = _publish(work / "html", top / "html")
    say(f"成书：{sum(1 for _ in index.parent.rglob('*.html'))} 个页面　{_since(start)}")
    say(f"合计：{_since(begin)}")
    say(str(index))
    return index


def _since(start: float) -> str:
    return f"{time.perf_counter() - start:.1f} 秒"


def _frame_key(source: Path) -> str:
    package = Path(__file__).resolve().parents[1]
    files: list[Path] = []
    for name in _FRAME:
        path = package / name
        files += [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    top = data.root()
    files += [source / "_config.yml", source / "_toc.yml", top / "requirements.lock"]
    return hash_files(files, [platform.python_version()], top)


def _sphinx(source: Path, work: Path) -> bool:
    """Run Sphinx as Jupyter Book configures it; whether it had nothing to complain about.

    ``jupyter-book build`` would do the same, but ends with exit code 0 after some failures.
    """
    from jupyter_book.sphinx import build_sphinx

    outcome = build_sphinx(
        source,
        work / "html",
        noconfig=True,
        path_config=source / "_config.yml",
        confoverrides={
            "external_toc_path": str(source / "_toc.yml"),
            "latex_individualpages": False,
            "nitpicky": True,
        },
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    return isinstance(outcome, int) and outcome == 0


def _publish(work: Path, html: Path) -> Path:
    """Put the built pages in place with two renames: a reader sees the old book or the new."""
    new, old = html.with_name("html.new"), html.with_name("html.old")
    for path in (new, old):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(work, new)
    if html.exists():
        html.rename(old)
    new.rename(html)
    shutil.rmtree(old, ignore_errors=True)
    return html / "index.html"
