"""Reading Excel: sheets, merged cells, formulas, dates, numbers kept as text."""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import qtools as qt
from qtools import data, frames


def book(folder: Path, rows: list[list[Any]], merge: str = "", name: str = "数据.xlsx") -> Path:
    work = Workbook()
    sheet = work.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    for span in merge.split():
        sheet.merge_cells(span)
    work.save(folder / name)
    return folder / name


def test_a_plain_sheet(tmp_path):
    frame = data.load(book(tmp_path, [["零件", "读数"], [1, 0.5], [2, 0.75]]))
    assert frame["零件"].dtype == np.int64
    assert frame["读数"].tolist() == [0.5, 0.75]
    assert frame.attrs["qtools_source"] == "数据.xlsx"
    assert frame.attrs["qtools_first_row"] == 2


def test_merged_title_and_a_date_line_above_the_headings(tmp_path):
    rows = [
        ["测量记录表", None, None],
        ["日期：", dt.datetime(2024, 5, 1), None],
        ["零件", "检验员", "读数"],
        [1, "甲", 0.5],
        [2, "甲", "0.5?"],
    ]
    frame = data.load(book(tmp_path, rows, "A1:C1"))
    assert list(frame.columns) == ["零件", "检验员", "读数"]
    assert frame.attrs["qtools_first_row"] == 4
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (5,)


def test_the_row_of_the_headings_is_named_where_it_is_seen(tmp_path):
    rows = [["零件", "检验", None], [None, "人", "读数"], [1, "甲", 0.5], [2, "甲", 0.7]]
    path = book(tmp_path, rows, "A1:A2 B1:C1")
    assert list(data.load(path).columns) == ["零件", "检验-人", "检验-读数"]
    with pytest.raises(qt.QualityDataError, match="A 列有数据，但第 2 行") as caught:
        data.load(path, header=2)
    assert "表头看来在第 1 行（命令行：--header 1）" in str(caught.value)


def test_two_rows_of_merged_headings_are_joined(tmp_path):
    rows = [
        ["零件", "检验员甲", None, "检验员乙", None],
        [None, "第1次", "第2次", "第1次", "第2次"],
        [1, 0.1, 0.2, 0.3, 0.4],
    ]
    frame = data.load(book(tmp_path, rows, "A1:A2 B1:C1 D1:E1"))
    assert list(frame.columns) == [
        "零件",
        "检验员甲-第1次",
        "检验员甲-第2次",
        "检验员乙-第1次",
        "检验员乙-第2次",
    ]
    assert frame.iloc[0].tolist() == [1, 0.1, 0.2, 0.3, 0.4]
    assert frame.attrs["qtools_first_row"] == 3


def test_labels_merged_downwards_are_filled_and_merged_readings_refused(tmp_path):
    rows = [["零件", "读数", "均值"], [1, 0.1, 0.15], [None, 0.2, None], [2, 0.3, 0.3]]
    frame = data.load(book(tmp_path, rows, "A2:A3 C2:C3"))
    assert frame["零件"].tolist() == [1, 1, 2]
    assert frames.codes(frame, "零件")[1] == ["1", "2"]
    assert frames.numbers(frame, "读数").tolist() == [0.1, 0.2, 0.3]
    with pytest.raises(qt.QualityDataError, match="合并单元格"):
        frames.numbers(frame, "均值")


def test_table_that_does_not_start_in_the_corner(tmp_path):
    work = Workbook()
    sheet = work.active
    assert isinstance(sheet, Worksheet)
    for row, line in enumerate([["零件", "读数"], [1, 0.5], [2, "坏"]], 4):
        for column, value in enumerate(line, 3):
            sheet.cell(row, column, value)
    work.save(tmp_path / "偏.xlsx")
    frame = data.load(tmp_path / "偏.xlsx")
    assert list(frame.columns) == ["零件", "读数"]
    assert frame.attrs["qtools_first_row"] == 5
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (6,)


def test_blank_rows_inside_keep_row_numbers(tmp_path):
    rows = [["读数"], [1.5], [None], [" "], ["坏"]]
    frame = data.load(book(tmp_path, rows))
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (5,)


# ── sheets ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def three(tmp_path) -> Path:
    work = Workbook()
    first = work.active
    assert isinstance(first, Worksheet)
    first.title = "说明"
    first.append(["怎样填"])
    first.append(["每行一个读数"])
    for name, value in (("甲", 1.5), ("乙", 2.5)):
        sheet = work.create_sheet(name)
        sheet.append(["零件", f"读数{name}"])
        sheet.append([1, value])
    work.create_sheet("空")
    hidden = work.create_sheet("藏")
    hidden.append(["零件", "读数甲"])
    hidden.append([1, 9.5])
    hidden.sheet_state = "hidden"
    work.save(tmp_path / "三.xlsx")
    return tmp_path / "三.xlsx"


def test_sheet_by_name_and_by_number(three):
    assert data.load(three, sheet="乙")["读数乙"].tolist() == [2.5]
    assert data.load(three, sheet=2)["读数甲"].tolist() == [1.5]
    assert data.load(three, sheet="2")["读数甲"].tolist() == [1.5]
    assert data.load(three, sheet="藏")["读数甲"].tolist() == [9.5]


def test_columns_find_the_sheet(three):
    assert data.load(three, columns=["零件", "读数乙"])["读数乙"].tolist() == [2.5]


def test_several_sheets_are_not_guessed(three):
    with pytest.raises(qt.QualityDataError, match=r"3 张工作表.*“说明”、“甲”、“乙”"):
        data.load(three)
    with pytest.raises(qt.QualityDataError, match=r"2 张工作表.*“甲”、“乙”"):
        data.load(three, columns=["零件"])


def test_absent_and_empty_sheets(three):
    for wanted in ("丙", 0, 9):
        with pytest.raises(qt.QualityDataError, match="2 “甲”"):
            data.load(three, sheet=wanted)
    with pytest.raises(qt.QualityDataError, match="没有数据"):
        data.load(three, sheet="空")


# ── cells ────────────────────────────────────────────────────────────────────────────────────


def test_clean_numbers_kept_as_text_are_numbers(tmp_path):
    frame = data.load(book(tmp_path, [["读数", "编号"], ["0.50", "007"], [0.75, "008"]]))
    assert frame["读数"].tolist() == [0.5, 0.75]
    assert frame["编号"].tolist() == ["007", "008"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(dt.datetime(2024, 1, 2), "2024-01-02"), ("#DIV/0!", "#DIV/0!"), (True, "True")],
)
def test_dates_errors_and_truth_values_in_a_number_column(tmp_path, wrong, said):
    frame = data.load(book(tmp_path, [["读数"], [1.5], [wrong], [2.5]]))
    with pytest.raises(qt.QualityDataError, match=said) as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (3,)


@pytest.mark.parametrize("wrong", [dt.datetime(2024, 1, 2), "#N/A"])
def test_dates_and_errors_in_a_label_column(tmp_path, wrong):
    frame = data.load(book(tmp_path, [["零件"], ["1-1"], [wrong], ["1-3"]]))
    with pytest.raises(qt.QualityDataError, match="自动变成的日期") as caught:
        frames.codes(frame, "零件")
    assert caught.value.rows == (3,)


def test_a_column_of_dates_is_dates(tmp_path):
    rows = [["日期", "合格"], [dt.datetime(2024, 1, 2), True], [dt.datetime(2024, 1, 3), False]]
    frame = data.load(book(tmp_path, rows))
    assert frame["日期"].dtype.kind == "M"
    assert frame["合格"].dtype == bool
    assert frames.codes(frame, "日期")[0].tolist() == [0, 1]
    for column in frame:
        with pytest.raises(qt.QualityDataError, match="不是测量值"):
            frames.numbers(frame, str(column))


def test_formulas_never_computed_are_refused(tmp_path):
    with pytest.raises(qt.QualityDataError, match="公式还没有算出结果") as caught:
        data.load(book(tmp_path, [["读数", "二倍"], [1.5, "=A2*2"], [2.5, "=A3*2"]]))
    assert caught.value.rows == (2, 3)


def test_formulas_that_excel_has_computed_are_read(tmp_path):
    path = book(tmp_path, [["读数", "二倍", "注"], [1.5, "=A2*2", '=""']])
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    sheet = sheet.replace("<f>A2*2</f><v></v>", "<f>A2*2</f><v>3</v>")
    sheet = sheet.replace("<f>A2*2</f><v />", "<f>A2*2</f><v>3</v>")
    sheet = sheet.replace('<c r="C2"', '<c r="C2" t="str"')
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    frame = data.load(path)
    assert frame["二倍"].tolist() == [3]
    assert frame["注"].isna().all()


def test_units_in_excel(tmp_path):
    frame = data.load(book(tmp_path, [["直径"], ["１２．３ mm"], ["12.4 mm"]]), units=True)
    assert frame["直径"].tolist() == [12.3, 12.4]
    path = book(tmp_path, [["直径"], [12.3], ["12.4 mm"]])
    with pytest.raises(qt.QualityDataError, match="没有单位"):
        data.load(path, units=True)


def test_the_workbook_is_only_read(tmp_path):
    path = book(tmp_path, [["读数"], [1.5]])
    before = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
    data.load(path)
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) == before


# ── what was read ────────────────────────────────────────────────────────────────────────────


def test_the_sheet_with_most_columns_is_the_one_that_lacks_some(three):
    with pytest.raises(qt.QualityDataError, match="工作表“乙”的数据里找不到列“人”") as caught:
        data.load(three, columns=["零件", "读数乙", "人"])
    assert "（命令行：--sheet " in str(caught.value)


def test_what_was_read_is_noted(three):
    attrs = data.load(three, columns=["读数乙"]).attrs
    assert (attrs["qtools_sheet"], attrs["qtools_first_row"]) == ("乙", 2)
    assert "甲" in attrs["qtools_other_sheets"]


def test_a_reading_set_beforehand_serves_a_plain_load(three, monkeypatch):
    monkeypatch.setattr(data, "_reading", {})
    data.reading(three, sheet="乙")
    assert list(data.load(three)) == ["零件", "读数乙"]
    assert list(data.load(three, sheet="甲")) == ["零件", "读数甲"]
