"""Recorded numbers: against published values, and against what is pinned.

``published.yml`` says which recorded number must equal which published value: a case of a data
card or of ``tests/reference``, or a value with its source. ``expected/PART/NAME.json`` pins all
recorded numbers, and is rewritten only with ``UPDATE_PINNED=1``.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from qtools import data, notebook, workbook
from qtools.data.cases import Case, compare
from qtools.workbook import Chapter

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
PUBLISHED: dict[str, dict[str, Any]] = yaml.safe_load(
    (HERE / "published.yml").read_text(encoding="utf-8")
)
PAIRS = [(name, key) for name, wanted in PUBLISHED.items() for key in wanted]
REL, ABS = 1e-6, 1e-12  # iterative fits and quadratures differ that much between platforms


def published(name: str, key: str) -> Case:
    entry = PUBLISHED[name][key]
    if isinstance(entry, str):
        return {case.id: case for case in data.all_cases()}[entry]
    return Case(key, key, key, entry["value"], entry["source"])


@pytest.mark.parametrize(("name", "key"), PAIRS, ids=[f"{n}:{k}" for n, k in PAIRS])
def test_recorded_equals_published(name: str, key: str, executed: dict[str, Any]) -> None:
    metrics = notebook.recorded(executed[name])
    assert key in metrics, "recorded under another name?"
    case = published(name, key)
    result = compare(case, metrics[key])
    assert result.status == "一致", f"公布 {case.value}，算出 {metrics[key]}（{case.source}）"


def test_every_chapter_names_its_published_values() -> None:
    """A chapter without any published value says so with an empty entry, not by silence."""
    assert set(PUBLISHED) == {chapter.name for chapter in workbook.chapters()}


def test_recorded_equals_pinned(chapter: Chapter, executed: dict[str, Any]) -> None:
    metrics = notebook.recorded(executed[chapter.name])
    path = EXPECTED / f"{chapter.name}.json"
    if os.environ.get("UPDATE_PINNED") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        # what is the same number stays as it was written: a diff shows only what moved
        fresh = {k: old[k] if k in old and same(old[k], v) else v for k, v in metrics.items()}
        text = json.dumps(fresh, ensure_ascii=False, indent=1, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert path.is_file(), "没有固定值：UPDATE_PINNED=1 qtools test tests/notebooks/test_metrics.py"
    pinned = json.loads(path.read_text(encoding="utf-8"))
    assert sorted(pinned) == sorted(metrics), "keys are public: none lost, none new"
    moved = {k: (pinned[k], metrics[k]) for k in metrics if not same(pinned[k], metrics[k])}
    assert moved == {}, "（固定值，现在的值）"


def same(a: Any, b: Any) -> bool:
    """Whether two recorded values are the same number, word or truth value."""
    if isinstance(a, bool | str) or isinstance(b, bool | str):
        return type(a) is type(b) and a == b
    return math.isclose(a, b, rel_tol=REL, abs_tol=ABS)


def test_same_tells_kinds_apart() -> None:
    assert same(1.0, 1.0 + 1e-9)
    assert not same(1.0, 1.0 + 1e-5)
    assert not same(1, True)
    assert not same("1", 1)


def test_nothing_is_pinned_for_a_chapter_that_is_gone() -> None:
    pinned = {p.relative_to(EXPECTED).with_suffix("").as_posix() for p in EXPECTED.rglob("*.json")}
    assert pinned <= {chapter.name for chapter in workbook.chapters()}
