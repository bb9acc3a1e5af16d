"""The house holds together: environment, package and lock agree; nothing private is committed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = {
    re.sub(r"[-_.]+", "-", name).lower(): version
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK, flags=re.M)
}


def requirements() -> list[str]:
    return PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]


def tracked() -> list[Path]:
    try:
        names = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("这里不是 git 检出，无法列出受管的文件")
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("requirement", requirements())
def test_lock_satisfies_the_project(requirement):
    from packaging.requirements import Requirement

    wanted = Requirement(requirement)
    name = re.sub(r"[-_.]+", "-", wanted.name).lower()
    assert name in LOCKED, f"{name} 不在 requirements.lock 里：运行 make lock"
    versions = re.findall(rf"^{re.escape(name)}==([^ ;\\]+)", LOCK, flags=re.M | re.I)
    assert versions
    for version in versions:
        assert wanted.specifier.contains(version, prereleases=True), f"{name} {version}"


def test_every_locked_package_has_hashes():
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK)
    without = [block.split()[0] for block in blocks if "==" in block and "--hash=" not in block]
    assert without == []
    assert len(LOCKED) > 100


def test_lock_names_no_registry():
    assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links", LOCK)


def test_environment_agrees_with_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip = environment["dependencies"]
    assert python.replace("python ", "") == PROJECT["requires-python"]
    assert pip == "pip"  # thin: the lock is installed by pip, nothing is listed twice
    spec = PROJECT["requires-python"]
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
    from packaging.specifiers import SpecifierSet

    assert not SpecifierSet(spec).contains("3.14.0")
    assert not SpecifierSet(spec).contains("3.10.9")


def test_installed_versions_are_the_locked_ones():
    from importlib.metadata import version

    for name in ("numpy", "pandas", "plotly", "jupyter-book", "papermill", "statsmodels"):
        pins = re.findall(rf"^{name}==([^ ;\\]+)", LOCK, flags=re.M)
        assert version(name) in pins, f"{name}：环境与锁文件不一致，请重新安装"


def test_version_is_the_same_everywhere():
    import qtools

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert qtools.__version__ == PROJECT["version"] == citation["version"]
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_readmes_name_commands_that_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    commands = subprocess.run(
        [sys.executable, "-m", "qtools.cli", "--help"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout
    for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"`make ([a-z]+)", text):
            assert target in targets, f"{name}: make {target}"
        for command in re.findall(r"(?<!import )\bqtools ([a-z]+)\b", text):
            assert re.search(rf"\b{command}\b", commands), f"{name}: qtools {command}"


def test_import_is_light():
    """Numpy-free: `import qtools` loads none of the heavy libraries."""
    code = (
        "import sys, qtools;"
        "heavy={'pandas','scipy','plotly','statsmodels','papermill','sphinx','sklearn','numpy'};"
        "print(','.join(sorted(heavy & set(sys.modules))))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


def test_nothing_private_or_huge_is_tracked():
    private = re.compile(
        r"(?<![\w.])/(?:work|tmp|root|home)/\w|python" + r"hosted|pypi\.org/simple|registry\.npm"
    )
    for path in tracked():
        assert path.stat().st_size < 1_000_000, path
        assert not path.is_symlink(), f"{path}: 符号链接在 Windows 的压缩包里会坏"
        if path.suffix in {".png", ".xlsx"}:
            continue
        found = private.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path}: {found and found.group()}"


def test_imports_only_point_down_the_floors():
    floors = {
        0: "display result estimate variance sigma constants theme errors headings frames",
        1: "spc capability components msa doe",
        2: "notebook data",
        3: "site workbook web figure_table sphinx_ext sphinx_search",
        4: "cli console workshop",
    }
    floor_of = {name: floor for floor, names in floors.items() for name in names.split()}
    for path in sorted((ROOT / "qtools").rglob("*.py")):
        own = path.relative_to(ROOT / "qtools").parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        assert own in floor_of, f"qtools/{own} 没有写进楼层表"
        text = path.read_text(encoding="utf-8")
        for used in re.findall(r"^\s*(?:from|import) qtools\.(\w+)", text, flags=re.M):
            assert floor_of[used] <= floor_of[own], f"{path.name} 向上引用了 qtools.{used}"
