"""工作间 What authors and trainees start: the tests, JupyterLab, a look at the built site."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from qtools import data
from qtools.errors import QualityDataError

_INTERRUPTED = 130
_WORKERS = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadgroup")


def run_tests(words: Sequence[str]) -> int:
    """测试 Run pytest over the checkout; without arguments everything, in parallel, with coverage.

    Returns
    -------
    int
        0 if all passed, 1 if not, 2 if the arguments are wrong.

    Raises
    ------
    QualityDataError
        If there is no checkout or no pytest.
    """
    top = data.root()
    if not (top / "tests").is_dir():
        raise QualityDataError(
            "这里只有安装好的 qtools，没有测试。", hint="请在手册的代码仓库里运行。"
        )
    if importlib.util.find_spec("pytest") is None:
        raise QualityDataError(
            "没有安装测试工具。", hint="pip install --no-deps --require-hashes -r requirements.lock"
        )
    arguments = list(words) or [*_WORKERS, "--cov=qtools", "--cov-report=term:skip-covered"]
    done = _wait([sys.executable, "-m", "pytest", *arguments], cwd=top)
    return {0: 0, 2: _INTERRUPTED, 4: 2}.get(done, 1)


def lab(words: Sequence[str] = (), *, browser: bool = True, port: int | None = None) -> int:
    """实验室 JupyterLab on the notebooks, in Chinese, without news or update checks.

    Its settings, history and run files stay in this environment's ``var/qtools-lab``; the
    user's own Jupyter is neither read nor written. Without a checkout, the notebooks are first
    copied to ``notebooks`` in the current folder, since a trainee writes into them.

    Parameters
    ----------
    words : sequence of str
        Handed on to JupyterLab as they are.
    browser : bool
        Whether a browser is opened.
    port : int, optional
        Of this machine; a free one by default.
    """
    home = Path(sys.prefix) / "var" / "qtools-lab"
    home.mkdir(parents=True, exist_ok=True)
    folder = data.root() / "notebooks"
    if data.root().name == "_share":
        own = Path.cwd() / "notebooks"
        if not own.exists():
            shutil.copytree(folder, own)
        folder = own
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    env = {**os.environ, **{name: str(home / place) for name, place in places.items()}}
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.app_settings_dir={Path(__file__).parent / 'static' / 'lab'}",
        *([] if browser else ["--no-browser"]),
        *([] if port is None else [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]),
        *(["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
        *words,
    ]
    return _wait(command, env=env)


def serve(port: int = 0, *, say: Callable[[str], None] = print) -> None:
    """浏览 Serve the built site on 127.0.0.1 until Ctrl-C.

    Raises
    ------
    QualityDataError
        If the book is not built, or the port is taken.
    """
    folder = data.root() / "_build" / "html"
    if not (folder / "index.html").is_file():
        raise QualityDataError("网站还没有生成。", hint="先运行 qtools build。")
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as error:
        raise QualityDataError(f"端口 {port} 用不了：{error}。", hint="换一个，或不写。") from error
    with server:
        say(f"http://127.0.0.1:{server.server_address[1]}/　（Ctrl-C 结束）")
        server.serve_forever()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing about requests."""


def _wait(command: Sequence[str], **options: object) -> int:
    """Run a program to its end; Ctrl-C is the program's to handle, and then ours.

    Asked to end (SIGTERM), it hands that on, so that the program never stays behind.
    """
    with subprocess.Popen(list(command), **options) as process:  # type: ignore[call-overload]

        def end(*_: object) -> None:
            process.terminate()

        here = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, end) if here else None
        try:
            return int(process.wait())
        except KeyboardInterrupt:
            process.wait()
            return _INTERRUPTED
        finally:
            if here:
                signal.signal(signal.SIGTERM, before)
