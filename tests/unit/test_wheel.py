"""An installation without the checkout: the wheel carries data, exercises and notebooks."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The package as a wheel unpacks it, far from the checkout."""
    top = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--disable-pip-version-check"),
            *("--wheel-dir", str(top), str(ROOT)),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = top.glob("qtools_handbook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(top / "site")
    return top / "site"


def run(installed: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True,
        encoding="utf-8", check=False,
    )  # fmt: skip


def test_what_the_wheel_carries(installed):
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*")}
    for source in ("data/furnace/data.csv", "data/furnace/card.yml", "book/exercises/msa.yml"):
        assert f"qtools/_share/{source}" in names
        assert (installed / "qtools/_share" / source).read_bytes() == (ROOT / source).read_bytes()
    assert "qtools/_share/notebooks/msa/gage-rr.ipynb" in names
    assert "qtools/static/figures.js" in names
    assert not [name for name in names if "_build" in name or name.startswith("tests")]


def test_load_check_and_run_without_the_checkout(installed, tmp_path):
    code = (
        "import qtools as qt; from pathlib import Path;"
        "print(Path(qt.__file__).parent.parent); print(len(qt.load('furnace')));"
        "print(qt.data.check())"
    )
    done = run(installed, "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    home, rows, faults = done.stdout.splitlines()
    assert Path(home) == installed  # it is the wheel's package that answered
    assert (rows, faults) == ("168", "[]")
    report = tmp_path / "报告.html"
    words = ("-m", "qtools.cli", "run", "start/how-to-use", "-o", str(report))
    done = run(installed, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "50.81" in report.read_text(encoding="utf-8")
