"""Seconds of `make book` in a copy of the checkout: cold, unchanged, one notebook, one method.

Run by `make bench`; `--repeats 1` for a quick look. Each time is that of a whole process, as a
person waits for it, and is the median of the repeats.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIP = shutil.ignore_patterns(".git", ".venv", "_build", "__pycache__", ".*_cache", ".hypothesis")
BUILD = "if __name__ == '__main__':\n    from qtools import site\n    site.build(workers=2)\n"


def build(top: Path) -> float:
    """Seconds of one build; what it printed if it fails."""
    script = top / "build_the_book.py"
    script.write_text(BUILD, encoding="utf-8")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=top,
        env={**os.environ, "PYTHONPATH": str(top), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds


def clean(top: Path) -> None:
    shutil.rmtree(top / "_build", ignore_errors=True)


def unchanged(top: Path) -> None:
    """Nothing to prepare."""


def one_notebook(top: Path) -> None:
    path = sorted((top / "notebooks").rglob("*.ipynb"))[0]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("import qtools as qt", "import qtools as qt  #", 1), "utf-8")


def one_method(top: Path) -> None:
    path = sorted((top / "qtools" / "msa").glob("*.py"))[0]
    with path.open("a", encoding="utf-8") as handle:
        handle.write(f"# {time.time_ns()}\n")


STEPS: list[tuple[str, str, Callable[[Path], None]]] = [
    ("cold", "90", clean),
    ("nothing changed", "15", unchanged),
    ("one notebook changed", "-", one_notebook),
    ("one line in qtools/msa changed", "-", one_method),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    chapters = len(list((ROOT / "notebooks").rglob("*.ipynb")))
    with tempfile.TemporaryDirectory(prefix="qtools-bench-") as folder:
        top = Path(folder) / "handbook"
        shutil.copytree(ROOT, top, ignore=SKIP)
        times: dict[str, list[float]] = {name: [] for name, _, _ in STEPS}
        for _ in range(repeats):
            for name, _, prepare in STEPS:
                prepare(top)
                times[name].append(build(top))
    print(f"make book, {chapters} chapters, 2 workers, median of {repeats} (target)")
    for name, target, _ in STEPS:
        print(f"  {name:32s} {statistics.median(times[name]):6.1f} s  ({target})")
    cold, second = (statistics.median(times[name]) for name in ("cold", "nothing changed"))
    share = (cold - second) / chapters  # with the fixed cost of a cold build: an upper bound
    print(f"  {'per chapter, at most':32s} {share:6.1f} s  (4)")


if __name__ == "__main__":
    main()
