"""一章的运行 One chapter executed, and a chapter recomputed on a reader's own data as a report."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qtools.errors import QualityDataError
from qtools.site.authoring import read
from qtools.workbook import own
from qtools.workbook.catalogue import Chapter, chapter, chapters, tags
from qtools.workbook.own import resolve
from qtools.workbook.parameters import Parameter

__all__ = [
    "Chapter",
    "NotebookError",
    "Parameter",
    "chapter",
    "chapters",
    "execute",
    "resolve",
    "run",
    "template",
    "write_whole",
]

COURSE = "course"
_START_SECONDS = 120
_STARTS = 3  # two kernels that start at once may be given one port: the loser dies and starts again
_READING = "qtools-reading"

Progress = Callable[[int, int], None]


class NotebookError(RuntimeError):
    """运行失败 A notebook stopped with an error that is not the reader's data: names the cell."""


# --- execution -----------------------------------------------------------------------------------


def execute(
    path: str | Path,
    parameters: Mapping[str, object] | None = None,
    *,
    course: bool = True,
    reading: Mapping[str, object] | None = None,
    progress: Progress | None = None,
) -> Any:
    """执行 Run a notebook from top to bottom: the one call of papermill.

    It runs in an empty temporary folder, in this Python and no other, without the user's start-up
    files. What papermill and nbclient note for themselves (paths, times) is taken out.

    Parameters
    ----------
    path : str or Path
        The notebook; it is only read.
    parameters : mapping, optional
        Values to inject behind the parameters cell. Names and types are not checked here: see
        :func:`run`.
    course : bool
        False leaves out the cells tagged ``course`` before execution.
    reading : mapping, optional
        Arguments of :func:`qtools.data.reading`, called before the first cell.
    progress : callable, optional
        Called with (done, total) code cells.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook; an injected cell is tagged ``injected-parameters``.

    Raises
    ------
    QualityDataError
        If the notebook raised one: its own message.
    NotebookError
        If it stopped for another reason, naming chapter and cell.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    # its inspection misses `x: float | None` and would call it unknown
    logging.getLogger("papermill").setLevel(logging.ERROR)
    path = Path(path)
    nb = read(path)
    if not course:
        nb.cells = [cell for cell in nb.cells if COURSE not in tags(cell)]
    if reading:
        nb.cells.insert(0, _reading_cell(reading))
    total = sum(cell.cell_type == "code" for cell in nb.cells) + bool(parameters)
    done = 0

    def count(**_: object) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    def once(folder: str) -> Any:
        return papermill.execute_notebook(
            nb,
            None,
            parameters=dict(parameters or {}),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=_START_SECONDS,
            kernel_manager_class=_kernel_manager(),
            resources={"metadata": {"path": folder}},
            record_timing=False,
            on_cell_executed=count,
        )

    with tempfile.TemporaryDirectory(prefix="qtools-", ignore_cleanup_errors=True) as folder:
        for start in range(1, _STARTS + 1):
            try:
                out = once(folder)
                break
            except PapermillExecutionError as error:
                raise _translated(error, path, nb) from error
            except (RuntimeError, TimeoutError) as error:  # DeadKernelError is a RuntimeError
                if done or start == _STARTS or isinstance(error, (DeadKernelError, TimeoutError)):
                    raise NotebookError(
                        f"{_name(path)}：运行它的 Python 进程没有启动或意外退出（可能是内存不足）。"
                    ) from error
    out.cells = [cell for cell in out.cells if cell.get("id") != _READING]
    for cell in out.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    out.metadata.pop("papermill", None)
    return out


def _reading_cell(reading: Mapping[str, object]) -> Any:
    from nbformat.v4 import new_code_cell

    words = ", ".join(f"{key}={value!r}" for key, value in reading.items())
    call = f"from qtools import data as _data\n_data.reading({words})"
    return new_code_cell(call, id=_READING)  # type: ignore[no-untyped-call]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _translated(error: Any, path: Path, nb: Any) -> Exception:
    """The notebook's own data error, or one that names the cell."""
    if error.ename == QualityDataError.__name__:
        return QualityDataError(str(error.evalue))
    cell = next((c.get("id") for c in nb.cells if c.source == error.source), None)
    place = f"单元格 {cell}" if cell else f"第 {error.cell_index + 1} 个单元格"
    return NotebookError(f"{_name(path)} 的{place}出错：{error.ename}: {error.evalue}")


@cache
def _kernel_manager() -> type:
    """Kernels of this very Python, whatever kernel specs are installed for the user.

    One thread each, no history file, no start-up files.
    """
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    quiet = ["--HistoryManager.enabled=False", "--log-level=50"]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

    class ThisPython(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return KernelSpec(**{**get_kernel_dict(extra_arguments=quiet), "env": threads})

    return ThisPython


# --- a reader's own report -----------------------------------------------------------------------


def run(
    name: str | Chapter,
    values: Mapping[str, object],
    output: str | Path,
    *,
    sheet: str | int | None = None,
    header: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """出报告 Recompute a chapter on one's own data and write one self-contained HTML file.

    Parameters
    ----------
    name : str or Chapter
        Chapter, such as ``"msa/gage-rr"``.
    values : mapping
        Parameters by name, as typed or as Python values; the rest keep their defaults, but with
        a file of one's own what may be left out is None. Relative paths count from the current
        folder.
    output : str or Path
        The report, ``.html``; it appears whole or not at all, and replaces an earlier one.
    sheet, header
        Worksheet and row of the headings in the file ``data``, as :func:`qtools.data.load`
        takes them.
    progress : callable, optional
        Called with (done, total) code cells.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    QualityDataError
        If a parameter is unknown or has the wrong type, the output is no ``.html`` or its folder
        does not exist, or the notebook finds the data unusable.
    NotebookError
        If the notebook stops for another reason.
    """
    from qtools.workbook import report

    found = name if isinstance(name, Chapter) else chapter(name)
    output = Path(output)
    if output.suffix.lower() not in (".html", ".htm"):
        raise QualityDataError(
            f"报告“{output}”的扩展名不是 .html。", hint="例如 -o 报告.html；报告是一个网页文件。"
        )
    require_folder(output)
    used = resolve(found, values)
    frame = own.read(found, used, sheet=sheet, header=header)
    reading: dict[str, object] = {}
    if frame is not None:
        where = frame.attrs.get("qtools_sheet")
        reading = {"source": used["data"], "sheet": where, "header": header}
    nb = execute(found.path, used, course=False, reading=reading, progress=progress)
    facts = own.describe(frame) if frame is not None else ""
    write_whole(output, report.render(nb, found, used, facts).encode("utf-8"))
    return output


def require_folder(output: Path) -> None:
    """Refuse an output whose folder does not exist, before any work is done."""
    if not output.absolute().parent.is_dir():
        raise QualityDataError(
            f"文件夹“{output.parent}”不存在。", hint="请先建好文件夹，或换一个输出位置。"
        )
    if output.is_dir():
        raise QualityDataError(f"“{output}”是一个文件夹。", hint="请写出文件名。")


def write_whole(output: Path, content: bytes) -> None:
    """Write a file under a temporary name beside it, then rename: whole or not at all."""
    half = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        half.write_bytes(content)
        half.replace(output)
    except PermissionError as error:
        raise QualityDataError(
            f"“{output.name}”写不进去。", hint="它可能正在别的程序里打开；请关掉再试，或换个名字。"
        ) from error
    finally:
        half.unlink(missing_ok=True)


def template(
    name: str | Chapter,
    output: str | Path,
    *,
    force: bool = False,
    plan: Mapping[str, str] | None = None,
) -> Path:
    """模板 Write an Excel file to fill in, or with ``plan`` a run sheet of an experiment.

    See :func:`qtools.workbook.excel.write` and :func:`qtools.workbook.run_sheet.write`.
    """
    from qtools.workbook import excel, run_sheet

    found = name if isinstance(name, Chapter) else chapter(name)
    if plan:
        return run_sheet.write(found, plan, output, force=force)
    return excel.write(found, output, force=force)
