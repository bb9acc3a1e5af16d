"""Every published value against what qtools computes, and every function against a source."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from qtools import data

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
CASES = data.all_cases()
# numerics and methods; what only draws, words or holds tables is for unit tests
MODULES = (
    *("constants", "sigma", "variance", "variance.crossed", "variance.mls", "variance.likelihood"),
    *("variance.cells", "variance.mixed", "variance.inversion"),
    *("variance.reml", "variance.random_effects", "spc", "capability", "components", "msa", "doe"),
)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_published_value(case: data.Case) -> None:
    result = data.verify(case, HERE)
    if case.reproduces:
        assert result.agrees, f"{case.what}: {case.value} published, {result.computed} computed"
    else:  # listed as 未复现: should it agree one day, the mark is wrong
        assert not result.agrees, f"{case.id} does reproduce"
        assert case.note, f"{case.id} must say why it does not reproduce"


def test_ids_are_family_and_name_in_ascii() -> None:
    for case in CASES:
        assert re.fullmatch(r"[a-z0-9-]+\.[a-z0-9.-]+", case.id), case.id


def public_functions() -> set[str]:
    found = set()
    for name in MODULES:
        module = import_module(f"qtools.{name}")
        for key in getattr(module, "__all__", vars(module)):
            value = getattr(module, key)
            home = getattr(value, "__module__", "") or ""
            here = home == module.__name__ or home.startswith(f"{module.__name__}.")
            if not key.startswith("_") and inspect.isroutine(value) and here:
                found.add(f"{name}.{key}")
    return found


def coverage() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(
        (HERE / "coverage.yml").read_text(encoding="utf-8")
    )
    return loaded


def test_every_public_function_has_an_independent_source_or_says_why_not() -> None:
    assert set(coverage()) == public_functions()


@pytest.mark.parametrize("name", sorted(coverage()))
def test_coverage_entry_is_true(name: str) -> None:
    entry = coverage()[name]
    if "尚未覆盖" in entry:
        assert set(entry) == {"尚未覆盖"}
        assert len(entry["尚未覆盖"]) > 10
        return
    assert set(entry) == {"source", "by"}
    assert entry["source"]
    assert entry["by"]
    ids = {case.id for case in CASES}
    for by in entry["by"]:
        if by.startswith("tests/"):
            text = (CHECKOUT / by).read_text(encoding="utf-8")
            assert name.rpartition(".")[2] in text, f"{by} does not test {name}"
        else:
            assert by in ids, f"no case {by}"
