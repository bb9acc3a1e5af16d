"""Checks of a table: columns, numbers, labels; messages name column and rows."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtools as qt
from qtools import frames

FRAME = pd.DataFrame({"零件": [1, 1, 2], "读数": [0.5, 0.25, 1.0]})


def loaded(frame: pd.DataFrame, first: int = 2) -> pd.DataFrame:
    frame.attrs.update(qtools_source="数据.xlsx", qtools_first_row=first)
    return frame


# ── columns ──────────────────────────────────────────────────────────────────────────────────


def test_columns_that_are_there_pass():
    frames.require_columns(FRAME, ["零件", "读数"])


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["操作者"], "找不到列“操作者”；现有的列：“零件”、“读数”"),
        (["读 数"], "“读 数”是不是“读数”"),
        (["读数", "读数"], "被指定了两次"),
    ],
)
def test_faults_of_columns(wanted, said):
    with pytest.raises(qt.QualityDataError, match=said):
        frames.require_columns(FRAME, wanted)


def test_repeated_and_absent_columns_and_rows():
    twice = pd.DataFrame([[1, 2]], columns=["读数", "读数"])
    with pytest.raises(qt.QualityDataError, match="2 个同名的列“读数”"):
        frames.require_columns(twice, ["读数"])
    with pytest.raises(qt.QualityDataError, match="没有列"):
        frames.require_columns(pd.DataFrame(), ["读数"])
    with pytest.raises(qt.QualityDataError, match="“数据.xlsx”的数据一行也没有"):  # noqa: RUF043
        frames.require_columns(loaded(FRAME.iloc[:0].copy()), ["读数"])


@pytest.mark.parametrize(
    ("name", "others", "found"),
    [
        ("读数（mm）", ["读数(mm)", "零件"], ["读数(mm)"]),
        ("ＶＡＬＵＥ", ["part", "Value"], ["Value"]),
        ("测量结果", ["零件", "测量结果值"], ["测量结果值"]),
        ("操作者", ["零件", "读数"], []),
    ],
)
def test_near_names(name, others, found):
    assert frames.near(name, others) == found


# ── rows ─────────────────────────────────────────────────────────────────────────────────────


def test_rows_of_a_frame_made_in_memory_count_from_one():
    frame = FRAME.set_axis([10, 20, 30])
    assert frames.row_numbers(frame, [0, 2]) == [1, 3]


def test_rows_of_a_file_count_as_excel_does():
    frame = loaded(FRAME.copy(), first=4)
    assert frames.row_numbers(frame, [0, 2]) == [4, 6]
    assert frames.row_numbers(frame.sort_values("读数"), [0, 1]) == [5, 4]
    assert frames.row_numbers(frame.set_axis(list("abc")), [2]) == [6]


# ── numbers ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        np.array([1, 2, 3], dtype="float32"),
        pd.array([1, 2, 3], dtype="Int64"),
        pd.array([1, 2, 3], dtype="Float64"),
        ["1", "2.0", "3"],
        np.array([1, 2.0, "3"], dtype=object),
    ],
)
def test_numbers_become_float64(values):
    result = frames.numbers(pd.DataFrame({"读数": values}), "读数")
    assert result.dtype == np.float64
    assert result.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("12.3 mm", "不是数字的内容：“12.3 mm”"),
        ("—", "不是数字"),
        (float("inf"), "不是数字"),
        ("inf", "不是数字"),
        (True, "不是数字"),
        (pd.Timestamp("2024-01-01"), "不是数字"),
        (1 + 2j, "不是数字"),
        (None, "1 个空格子"),
        (float("nan"), "1 个空格子"),
    ],
)
def test_one_bad_cell_is_named(bad, said):
    frame = loaded(pd.DataFrame({"读数": pd.Series([1.0, bad, 2.0], dtype=object)}))
    with pytest.raises(qt.QualityDataError, match=said) as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (3,)
    assert "“数据.xlsx”的列“读数”" in str(caught.value)


@pytest.mark.parametrize(
    "values", [pd.to_datetime(["2024-01-01", "2024-01-02"]), [True, False], pd.array([True, None])]
)
def test_dates_and_truth_values_are_no_measurements(values):
    with pytest.raises(qt.QualityDataError, match="不是测量值"):
        frames.numbers(pd.DataFrame({"读数": values}), "读数")


def test_the_frame_is_left_alone():
    frame = pd.DataFrame({"读数": pd.Series([1.0, True], dtype=object)})
    with pytest.raises(qt.QualityDataError):
        frames.numbers(frame, "读数")
    assert frame["读数"].tolist() == [1.0, True]


# ── labels ───────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.sampled_from(["甲", "乙", "丙", "丁"]), min_size=1))
def test_codes_give_the_labels_back_in_order_of_appearance(labels):
    codes, names = frames.codes(pd.DataFrame({"人": labels}), "人")
    assert [names[code] for code in codes] == labels
    assert names == list(dict.fromkeys(labels))


def test_numbers_as_labels():
    for values in ([3, 1, 3], [3.0, 1.0, 3.0], ["3", "1", "3"]):
        codes, names = frames.codes(pd.DataFrame({"零件": values}), "零件")
        assert names == ["3", "1"]
        assert codes.tolist() == [0, 1, 0]


def test_the_number_one_and_the_text_one_are_one_label():
    frame = pd.DataFrame({"零件": pd.Series([1, 2, "1", 2.0], dtype=object)})
    codes, names = frames.codes(frame, "零件")
    assert names == ["1", "2"]
    assert codes.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("other", ["张三 ", "张　三", " 张三"])
def test_labels_that_differ_by_spaces_are_refused(other):
    frame = loaded(pd.DataFrame({"人": ["张三", "李四", other]}))
    with pytest.raises(qt.QualityDataError, match="看来是同一个") as caught:
        frames.codes(frame, "人")
    assert caught.value.rows == (4,)


@pytest.mark.parametrize("pair", [("A", "Ａ"), ("a", "A"), ("（1）", "(1)")])
def test_labels_that_differ_by_width_or_case_are_refused(pair):
    with pytest.raises(qt.QualityDataError, match="看来是同一个"):
        frames.codes(pd.DataFrame({"人": pair}), "人")


def test_blank_labels_are_refused():
    frame = loaded(pd.DataFrame({"人": ["甲", None, "乙", None]}))
    with pytest.raises(qt.QualityDataError, match="2 个空格子") as caught:
        frames.codes(frame, "人")
    assert caught.value.rows == (3, 5)


@pytest.mark.parametrize("level", [95, 1, 0.05, 0.499, 0, -1, math.nan, "0.95", True, None, 0.9j])
def test_a_level_of_confidence_must_be_one(level):
    with pytest.raises(qt.QualityDataError, match=r"不在 0\.5 和 1 之间"):
        frames.require_confidence(level)


@pytest.mark.parametrize("level", [0.5, 0.95, np.float32(0.9), np.float64(0.999)])
def test_usual_levels_of_confidence_pass(level):
    frames.require_confidence(level)


def test_the_rarer_spelling_is_named_with_its_spaces():
    frame = pd.DataFrame({"人": ["张三 ", "张三", "张三", "李四"]})
    with pytest.raises(qt.QualityDataError, match="后者多了空格") as caught:
        frames.codes(frame, "人")
    assert caught.value.rows == (1,)  # though it stands first
    assert "“张三␣”，请改成“张三”" in str(caught.value)


@pytest.mark.parametrize("column", ["件", "值"])
def test_a_last_row_with_blanks_may_be_a_total(column):
    frame = pd.DataFrame({"件": ["A", "B", None], "值": [1.0, 2.0, None]})
    check = frames.codes if column == "件" else frames.numbers
    with pytest.raises(qt.QualityDataError, match="表尾的第 3 行若是合计、审核或签名"):
        check(frame, column)
    with pytest.raises(qt.QualityDataError) as caught:
        check(frame.iloc[[0, 2, 1]].reset_index(drop=True), column)
    assert "表尾" not in str(caught.value)
    assert "合并" not in str(caught.value)


def test_a_footer_is_suspected_only_where_the_file_ends():
    frame = loaded(pd.DataFrame({"值": [1.0, None, 2.0, 3.0, None]}))
    frame.attrs["qtools_last_row"] = 6
    with pytest.raises(qt.QualityDataError, match="表尾的第 6 行"):
        frames.numbers(frame, "值")
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(frame[:2], "值")
    assert caught.value.rows == (3,)
    assert "表尾" not in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "said", "todo"),
    [
        (
            ["２５．０１", "２５．０２"],
            "不是数字的内容（用全角字符写的数）：“２５．０１”、“２５．０２”",
            "=ASC",
        ),
        ([1.0, "２５．０１"], "（用全角字符写的数）：“２５．０１”", "units=True"),
        (["２５．０１", "超差"], "不是数字的内容：“２５．０１”、“超差”", "单位写在列名里"),
        ([1.0, dt.datetime(2025, 3, 12)], "不是数字的内容（日期）：“2025-03-12”", "“数值”格式"),
    ],
)
def test_what_is_no_number_is_named(cells, said, todo):
    frame = pd.DataFrame({"值": [*cells * 3, 1.5]}, dtype=object)
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(frame, "值")
    assert said in str(caught.value)
    assert todo in str(caught.value)


def test_every_cell_in_full_width_is_no_footer():
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(loaded(pd.DataFrame({"值": ["２５"] * 9})), "值")
    assert "表尾" not in str(caught.value)


def test_blank_cells_may_stand_for_a_number():
    frame = pd.DataFrame({"值": [None, 2.0, None]})
    assert frames.numbers(frame, "值", blank=math.inf).tolist() == [math.inf, 2.0, math.inf]


def test_a_template_that_was_not_filled_in():
    frame = loaded(FRAME.iloc[:0].copy())
    frame.attrs.update(qtools_sheet="数据", qtools_other_sheets=["示例", "说明"])
    with pytest.raises(qt.QualityDataError, match=r"请先在工作表“数据”里填.*见工作表“示例”"):
        frames.require_columns(frame, ["读数"])


def test_a_wide_table_is_recognised():
    frame = pd.DataFrame({"件": ["P1"], "张三-1": [1.5], "张三-2": [1.6], "李四-1": [1.4]})
    with pytest.raises(
        qt.QualityDataError, match=r"“张三-1”、“张三-2”若是.*宽表.*每行只放一个读数"
    ):
        frames.require_columns(frame, ["件", "检验员", "读数"])
    assert frames.wide(frame, ["件"]) == []
