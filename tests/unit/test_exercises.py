"""Every exercise bank: valid, with reachable hints, and used by the chapters that name it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from qtools import workbook
from qtools.notebook import bank
from qtools.site import authoring

BANKS = bank.banks()
USED = Counter(
    name
    for chapter in workbook.chapters()
    for cell in authoring.read(chapter.path).cells
    if cell.cell_type == "code"
    for name in re.findall(r'qt\.exercise\("([^"]+)"\)', cell.source)
)


@pytest.mark.parametrize("part", BANKS)
def test_bank_is_valid(part: str) -> None:
    assert bank.validate_bank(part) == []


@pytest.mark.parametrize("part", BANKS)
def test_every_mistake_is_outside_the_tolerance(part: str) -> None:
    """A second look, apart from validate_bank: a wrong answer must never count as right."""
    for name in bank.ids(part):
        item = bank.payload(name)
        for mistake in item["mistakes"]:
            assert abs(mistake["answer"] - item["answer"]) > item["tolerance"], name


@pytest.mark.parametrize("part", BANKS)
def test_every_exercise_is_used_once(part: str) -> None:
    assert {name: USED[name] for name in bank.ids(part) if USED[name] != 1} == {}


@pytest.mark.parametrize("part", BANKS)
def test_options_are_answered_by_their_number(part: str) -> None:
    for name in bank.ids(part):
        item = bank.payload(name)
        if item["options"]:
            assert item["answer"] in range(1, len(item["options"]) + 1), name
            assert item["tolerance"] == 0, name
        else:
            assert item["kind"] != "找错", f"{name}：找错题要给出选项"
