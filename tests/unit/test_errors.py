"""The one exception: complete by itself, and whole after a process boundary."""

from __future__ import annotations

import copy
import pickle

import pytest

from qtools import QualityDataError


def test_message_alone():
    assert str(QualityDataError("坏了。")) == "坏了。"


def test_message_rows_and_hint():
    error = QualityDataError("坏了。", hint="修一修。", rows=[2, 7])
    assert str(error) == "坏了。\n有问题的行：第 2、7 行。\n怎么办：修一修。"


@pytest.mark.parametrize(("count", "tail"), [(5, "第 1、2、3、4、5 行。"), (6, "5 行，共 6 行。")])
def test_only_the_first_rows_are_listed(count, tail):
    error = QualityDataError("坏了。", rows=range(1, count + 1))
    assert str(error).endswith(tail)
    assert len(error.rows) == count


@pytest.mark.parametrize("again", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])  # noqa: S301
def test_all_parts_survive(again):
    error = again(QualityDataError("坏了。", hint="修一修。", rows=[2, "7"]))
    assert (error.message, error.hint, error.rows) == ("坏了。", "修一修。", (2, "7"))
    assert str(error) == "坏了。\n有问题的行：第 2、7 行。\n怎么办：修一修。"


def test_it_is_a_value_error():
    with pytest.raises(ValueError, match="坏了"):
        raise QualityDataError("坏了。")
