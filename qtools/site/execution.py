"""执行 Every notebook executed once, and again only when something it depends on has changed."""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import platform
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtools import data
from qtools.errors import QualityDataError
from qtools.site.authoring import read, tidy, to_text, write_if_changed

if TYPE_CHECKING:
    from qtools.workbook import Chapter

Progress = Callable[[int, int, str], None]

# Floors 3 and 4: no notebook imports them, so a change here re-executes nothing.
UPPER = {
    "cli", "console", "figure_table", "site", "sphinx_ext", "sphinx_search", "templates", "web",
    "workbook", "workshop",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Execution:
    """执行记录 One executed notebook, and what it was executed from.

    Parameters
    ----------
    name : str
        The chapter, ``PART/NAME``.
    path : Path
        The executed notebook.
    key : str
        Hash of everything the outputs depend on, see :func:`content_key`.
    seconds : float
        Time of the execution that made the outputs.
    date : str
        Day of that execution, ISO 8601.
    reused : bool
        Whether an earlier execution was found with the same key.
    """

    name: str
    path: Path
    key: str
    seconds: float
    date: str
    reused: bool


def build_dir() -> Path:
    """Where generated files go: ``_build`` in the checkout.

    Raises
    ------
    QualityDataError
        If there is no checkout: an installed package carries no sources of the book.
    """
    top = data.root()
    if not (top / "book" / "_config.yml").is_file():
        raise QualityDataError(
            "这里只有安装好的 qtools，没有书的源文件。",
            hint="成书请在手册的代码仓库里运行；用自己的数据只需 qtools run。",
        )
    return top / "_build"


def content_key(chapter: Chapter, *, course: bool = True) -> str:
    """内容指纹 Hash of all that a notebook's outputs depend on.

    The notebook in its normal form (with its parameters), the text of every module of qtools that
    a notebook can import, the data sets and exercise banks its metadata names, the locked
    versions of all dependencies, and the version of Python.
    """
    top = data.root()
    package = Path(__file__).resolve().parents[1]
    files = [p for p in package.rglob("*.py") if not _is_upper(p.relative_to(package))]
    for name in chapter.data:
        files += [p for p in (top / "data" / name).rglob("*") if p.is_file()]
    files += [top / "book" / "exercises" / f"{bank}.yml" for bank in chapter.exercises]
    files.append(top / "requirements.lock")
    head = [platform.python_version(), str(course), to_text(tidy(read(chapter.path)))]
    return hash_files(files, head, top)


def _is_upper(path: Path) -> bool:
    """Whether a file of the package lies on floor 3 or 4, or is a copy for the installation."""
    return path.parts[0].removesuffix(".py") in UPPER or path.parts[0] in ("_share", "static")


def hash_files(files: Sequence[Path], head: Sequence[str], top: Path) -> str:
    """Hash of texts and of files by name and content, whatever the order and the line ends."""
    digest = hashlib.sha256("\0".join(head).encode())
    for path in sorted(set(files)):
        if path.is_file():
            name = Path(os.path.relpath(path, top)).as_posix()
            body = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"\0{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:20]


def execute_all(
    workers: int = 2,
    only: Sequence[str] | None = None,
    *,
    course: bool = True,
    progress: Progress | None = None,
) -> list[Execution]:
    """执行全部章节 Execute the notebooks whose outputs are out of date.

    Parameters
    ----------
    workers : int
        Processes that execute at the same time.
    only : sequence of str, optional
        Names of chapters; all when left out.
    course : bool
        False leaves out the cells tagged ``course``, as ``qtools run`` does.
    progress : callable, optional
        Called with (done, total, sentence) after each notebook.

    Returns
    -------
    list of Execution
        In the order of :func:`qtools.workbook.chapters`.

    Raises
    ------
    QualityDataError
        After all others have run, naming every notebook that failed, with its error; also for a
        name in ``only`` that is no chapter.
    """
    from qtools import workbook

    chapters = workbook.chapters()
    unknown = sorted(set(only or ()) - {chapter.name for chapter in chapters})
    if unknown:
        raise QualityDataError(
            f"没有这一章：{'、'.join(unknown)}。", hint="qtools list 列出全部章节。"
        )
    wanted = [chapter for chapter in chapters if only is None or chapter.name in only]
    folder = build_dir() / ("notebooks" if course else "notebooks-without-course")
    found = {chapter.name: _cached(chapter, folder, course) for chapter in wanted}
    stale = [(chapter, e) for chapter in wanted if not (e := found[chapter.name]).reused]
    failures: dict[str, str] = {}
    for done, (name, outcome) in enumerate(_run(stale, workers, course), start=1):
        if isinstance(outcome, str):
            failures[name], note = outcome, "失败"
        else:
            found[name] = outcome
            note = f"{outcome.seconds:.1f} 秒"
        if progress:
            progress(done, len(stale), f"{name}　{note}")
    if failures:
        names = [chapter.name for chapter in wanted if chapter.name in failures]
        texts = "\n\n".join(f"【{name}】\n{failures[name]}" for name in names)
        raise QualityDataError(
            f"{len(names)} 个 notebook 没有执行成功：{'、'.join(names)}。\n\n{texts}"
        )
    return [found[chapter.name] for chapter in wanted]


def _cached(chapter: Chapter, folder: Path, course: bool) -> Execution:
    """The earlier execution when its key still holds, else an empty one that has to be made."""
    path = folder / f"{chapter.name}.ipynb"
    key = content_key(chapter, course=course)
    note = _sidecar(path)
    if path.is_file() and note.is_file():
        old = json.loads(note.read_text(encoding="utf-8"))
        if old["key"] == key:
            return Execution(chapter.name, path, key, old["seconds"], old["date"], reused=True)
    return Execution(chapter.name, path, key, 0.0, "", reused=False)


def _sidecar(path: Path) -> Path:
    return path.with_suffix(".json")


def _run(
    stale: Sequence[tuple[Chapter, Execution]], workers: int, course: bool
) -> Iterator[tuple[str, Execution | str]]:
    """Execute in worker processes; yield each result, or the error's text, as it comes."""
    if not stale:
        return
    others = set(multiprocessing.active_children())
    scratch = tempfile.TemporaryDirectory(prefix="qtools-", ignore_cleanup_errors=True)
    pool = ProcessPoolExecutor(
        max_workers=max(1, min(workers, len(stale))),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(scratch.name,),
    )
    try:
        jobs: dict[Future[float | str], Execution] = {
            pool.submit(_execute, str(chapter.path), str(e.path), course): e for chapter, e in stale
        }
        for job in as_completed(jobs):
            before = jobs[job]
            try:
                outcome = job.result()
            except BrokenProcessPool:
                outcome = "执行它的进程意外退出（可能是内存不足）。"
            if isinstance(outcome, str):
                yield before.name, outcome
                continue
            today = time.strftime("%Y-%m-%d")
            after = Execution(before.name, before.path, before.key, outcome, today, reused=False)
            facts = {"key": after.key, "seconds": after.seconds, "date": after.date}
            write_if_changed(_sidecar(after.path), json.dumps(facts, indent=1) + "\n")
            yield before.name, after
    except BaseException:  # Ctrl-C: a kernel ends by itself when its worker is gone
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        scratch.cleanup()


def _start_worker(scratch: str) -> None:
    """Leave Ctrl-C and temporary files to the parent; one thread each, for two share a machine."""
    tempfile.tempdir = scratch
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    else:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of kernels that were told to stop
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def _execute(source: str, target: str, course: bool) -> float | str:
    """Execute one notebook (in a worker) and write it whole; seconds, or the error's text."""
    from qtools import workbook

    start = time.perf_counter()
    try:
        nb = workbook.execute(Path(source), course=course)
    except Exception as error:  # whatever a notebook raises has to be named with its chapter
        return f"{_place(error, Path(source))}{error or type(error).__name__}"
    seconds = round(time.perf_counter() - start, 2)
    _sidecar(Path(target)).unlink(missing_ok=True)  # no old key beside new outputs
    write_if_changed(Path(target), to_text(nb))
    return seconds


def _place(error: Exception, path: Path) -> str:
    """The cell where a data error was raised; other errors name their cell themselves."""
    source = getattr(error.__cause__, "source", None)
    if not isinstance(error, QualityDataError) or source is None:
        return ""
    found = (cell["id"] for cell in read(path)["cells"] if cell["source"] == source)
    return f"单元格 {next(found, '?')}："
