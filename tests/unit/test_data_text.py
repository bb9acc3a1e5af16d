"""Reading CSV: encodings, delimiters, headings, types, and everything that is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtools as qt
from qtools import data, frames
from qtools.data.cells import is_clean

TABLE = "零件,检验员,读数\n1,张三,0.29\n2,李四,-0.56\n"


def write(folder: Path, text: str | bytes, name: str = "数据.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_chinese_encoding_reads_the_same(tmp_path, encoding):
    frame = data.load(write(tmp_path, TABLE, encoding=encoding))
    assert list(frame.columns) == ["零件", "检验员", "读数"]
    assert frame["检验员"].tolist() == ["张三", "李四"]
    assert frame["读数"].tolist() == [0.29, -0.56]


def test_gb18030_characters_beyond_gbk(tmp_path):
    frame = data.load(write(tmp_path, "姓名,读数\n㑇𠀀,1\n", encoding="gb18030"))
    assert frame["姓名"].tolist() == ["㑇𠀀"]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path, mark, end):
    text = TABLE.replace(",", mark).replace("\n", end)
    frame = data.load(write(tmp_path, text))
    assert frame.shape == (2, 3)
    assert frame["读数"].dtype == np.float64


def test_semicolons_win_over_decimal_commas_and_the_commas_are_not_numbers(tmp_path):
    frame = data.load(write(tmp_path, "a;b\n1,5;2,5\n3,5;4,5\n"))
    assert list(frame.columns) == ["a", "b"]
    with pytest.raises(qt.QualityDataError, match="1,5"):
        frames.numbers(frame, "a")


def test_ambiguous_delimiter_is_refused(tmp_path):
    with pytest.raises(qt.QualityDataError, match="逗号、分号"):
        data.load(write(tmp_path, "a,b;c\n1,2;3\n"))


def test_quoted_cells_keep_delimiters_and_line_breaks(tmp_path):
    frame = data.load(write(tmp_path, '名称,读数\n"甲,乙",1\n"丙\n丁",2\n'))
    assert frame["名称"].tolist() == ["甲,乙", "丙\n丁"]


def test_one_column(tmp_path):
    assert data.load(write(tmp_path, "读数\n1.5\n2.5\n"))["读数"].tolist() == [1.5, 2.5]


def test_rows_of_another_width_are_named(tmp_path):
    with pytest.raises(qt.QualityDataError) as caught:
        data.load(write(tmp_path, "a,b\n1,2\n3,4\n5,6,7\n8,9\n"))
    assert caught.value.rows == (4,)


# ── headings and rows ────────────────────────────────────────────────────────────────────────


def test_title_lines_above_the_headings(tmp_path):
    frame = data.load(write(tmp_path, "测量记录\n\n零件,读数\n1,0.5\n2,x\n"))
    assert list(frame.columns) == ["零件", "读数"]
    assert frame.attrs["qtools_first_row"] == 4
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (5,)


def test_columns_find_the_heading_row(tmp_path):
    path = write(tmp_path, "车间,甲,2024\n零件,读数,备注\n1,0.5,好\n")
    frame = data.load(path, columns=["零件", "读数"])
    assert frame["读数"].tolist() == [0.5]
    assert data.load(path, header=2).equals(frame)


def test_wanted_but_absent_column_names_the_file_and_the_near_one(tmp_path):
    with pytest.raises(qt.QualityDataError) as caught:
        data.load(write(tmp_path, TABLE), columns=["零件", "读 数"])
    assert "“数据.csv”" in str(caught.value)
    assert "“读 数”是不是“读数”" in str(caught.value)


def test_blank_rows_and_columns_are_left_out_and_row_numbers_stay(tmp_path):
    path = write(tmp_path, "读数,标签,\n1,a,\n,,\n2,b,\n错,c,\n,,\n,,\n")
    frame = data.load(path)
    assert frame.shape == (3, 2)
    with pytest.raises(qt.QualityDataError) as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (5,)
    turned = frame.iloc[::-1]  # sorting and filtering keep the numbers too
    assert frames.row_numbers(turned, [0, 2]) == [5, 2]
    assert frames.row_numbers(frame[frame["标签"] == "c"], [0]) == [5]


def test_column_with_a_name_and_no_values_is_kept(tmp_path):
    frame = data.load(write(tmp_path, "读数,备注\n1,\n2,\n"))
    assert frame["备注"].isna().all()


def test_headings_lose_outer_spaces_and_line_breaks(tmp_path):
    frame = data.load(write(tmp_path, ' 零件 ,"读数\n（mm）"\n1,2\n'))
    assert list(frame.columns) == ["零件", "读数 （mm）"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("读数,读数\n1,2\n", "重复的列名"),
        ("1,2\n3,4\n", "看不出"),
        ("a,\n1,2\n", "看不出"),
    ],
)
def test_no_clear_heading(tmp_path, text, said):
    with pytest.raises(qt.QualityDataError, match=said):
        data.load(write(tmp_path, text))


def test_faults_of_a_given_heading_row_are_named(tmp_path):
    with pytest.raises(qt.QualityDataError, match="重复的列名：“读数”（A、B 列）"):
        data.load(write(tmp_path, "读数, 读数\n1,2\n"), header=1)
    with pytest.raises(qt.QualityDataError, match="B 列有数据"):
        data.load(write(tmp_path, "a,\n1,2\n"), header=1)
    for row in (0, 2, 99):
        with pytest.raises(qt.QualityDataError, match="不能当表头"):
            data.load(write(tmp_path, "a,b\n,\n1,2\n"), header=row)


def test_headings_without_rows_are_refused_where_columns_are_wanted(tmp_path):
    path = write(tmp_path, "零件,读数\n")
    assert len(data.load(path)) == 0
    with pytest.raises(qt.QualityDataError, match="一行也没有"):
        data.load(path, columns=["读数"])


# ── what is a number ─────────────────────────────────────────────────────────────────────────


def test_one_typo_keeps_the_column_text_and_its_row_is_named(tmp_path):
    frame = data.load(write(tmp_path, "读数\n1.5\n2.5O\n3.5\n"))
    assert frame["读数"].tolist() == ["1.5", "2.5O", "3.5"]
    with pytest.raises(qt.QualityDataError, match=r"2\.5O") as caught:
        frames.numbers(frame, "读数")
    assert caught.value.rows == (3,)


def test_labels_stay_as_written(tmp_path):
    text = "编号,姓名,批号,条码,真假\n007,NA,1E5,6901234567890123456,TRUE\n010,null,2E5,1,FALSE\n"
    frame = data.load(write(tmp_path, text))
    assert frame["编号"].tolist() == ["007", "010"]
    assert frame["姓名"].tolist() == ["NA", "null"]
    assert frame["批号"].tolist() == ["1E5", "2E5"]
    assert frame["条码"].tolist() == ["6901234567890123456", "1"]
    assert frame["真假"].tolist() == ["TRUE", "FALSE"]


def test_whole_numbers_are_integers_and_a_gap_makes_them_floats(tmp_path):
    frame = data.load(write(tmp_path, "甲,乙\n1,3\n2,\n"))
    assert frame["甲"].dtype == np.int64
    assert frame["乙"].dtype == np.float64
    with pytest.raises(qt.QualityDataError, match="空格子") as caught:
        frames.numbers(frame, "乙")
    assert caught.value.rows == (3,)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_that_python_wrote_reads_back_exactly(tmp_path_factory, x):
    text = repr(x)
    assert is_clean(text)
    frame = data.load(write(tmp_path_factory.mktemp("f"), f"x\n{text}\n"))
    assert frame["x"].iloc[0] == x


def test_full_width_digits_are_text_unless_asked(tmp_path):
    path = write(tmp_path, "读数\n１２．３\n－４\n")
    with pytest.raises(qt.QualityDataError, match="不是数字"):
        frames.numbers(data.load(path), "读数")
    assert data.load(path, units=True)["读数"].tolist() == [12.3, -4.0]


def test_units_are_taken_off_and_noted(tmp_path):
    path = write(tmp_path, "直径,温度,标签,含量\n12.3 mm,25℃,3号,1.5％\n12.4㎜,２６ °C,4号,2%\n")
    frame = data.load(path, units=True)
    assert frame["直径"].tolist() == [12.3, 12.4]
    assert frame["温度"].tolist() == [25, 26]
    assert frame["含量"].tolist() == [1.5, 2.0]
    assert frame["标签"].tolist() == ["3号", "4号"]
    assert frame.attrs["qtools_units"] == {"直径": "mm", "温度": "°C", "含量": "%"}
    assert data.load(path)["直径"].tolist() == ["12.3 mm", "12.4㎜"]


@pytest.mark.parametrize("odd", ["12.4 cm", "12.4"])
def test_mixed_units_are_refused_with_their_rows(tmp_path, odd):
    path = write(tmp_path, f"直径\n12.3 mm\n{odd}\n12.5 mm\n")
    with pytest.raises(qt.QualityDataError, match="单位不统一") as caught:
        data.load(path, units=True)
    assert caught.value.rows == (3,)


# ── files that are no tables ─────────────────────────────────────────────────────────────────


def test_unknown_data_set_lists_those_there_are():
    with pytest.raises(qt.QualityDataError) as caught:
        data.load("furnce")
    assert "“furnace”" in str(caught.value)
    assert "你要的是不是“furnace”" in str(caught.value)


def test_missing_file_suggests_the_nearest(tmp_path):
    write(tmp_path, TABLE, name="测量数据.csv")
    with pytest.raises(qt.QualityDataError, match=r"你要的是不是“测量数据\.csv”"):
        data.load(tmp_path / "测量数椐.csv")
    with pytest.raises(qt.QualityDataError, match=r"你要的是不是“测量数据\.csv”"):
        data.load(tmp_path / "测量数据.xlsx")
    with pytest.raises(qt.QualityDataError, match="请核对文件名"):
        data.load(tmp_path / "完全不同.xlsx")
    with pytest.raises(qt.QualityDataError, match="不存在"):
        data.load(tmp_path / "没有" / "数据.csv")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("空.csv", b"", "空文件"),
        ("空.csv", b" \r\n\r\n", "空文件"),
        ("空.csv", b"\xef\xbb\xbf,,\n,,\n", "没有数据"),
        ("旧.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "只读 .xlsx 和 .csv"),
        ("图.pdf", b"%PDF-1.7", "只读 .xlsx 和 .csv"),
        ("数.parquet", b"PAR1", "只读 .xlsx 和 .csv"),
        ("~$数据.xlsx", b"x", "临时文件"),
        ("假.csv", b"PK\x03\x04....", "内容却是Excel"),
        ("假.xlsx", b"a,b\n1,2\n", "内容却是文本"),
        ("假.xlsx", b"PK\x03\x04not a workbook", "打不开"),
        ("假.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "旧式的 .xls"),
        (
            "密.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "打开密码",
        ),
        ("长.csv", b'a,b\n1,"2' + b"\n3,4" * 50_000, "双引号"),
        ("图.csv", b"\x00\x01\x02\xff\xfa\x80\x81", "编码"),
    ],
)
def test_refused_with_what_to_do(tmp_path, name, content, said):
    with pytest.raises(qt.QualityDataError, match=said) as caught:
        data.load(write(tmp_path, content, name=name))
    assert caught.value.hint


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(qt.QualityDataError, match="是文件夹"):
        data.load(tmp_path)
    write(tmp_path, TABLE)
    with pytest.raises(qt.QualityDataError, match=r"请写明其中哪个文件：“数据\.csv”"):
        data.load(tmp_path)


def test_text_has_no_worksheets(tmp_path):
    with pytest.raises(qt.QualityDataError, match="没有工作表"):
        data.load(write(tmp_path, TABLE), sheet=1)


def test_file_in_use(tmp_path, monkeypatch):
    path = write(tmp_path, TABLE)

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(qt.QualityDataError, match="被别的程序占用"):
        data.load(path)


def test_the_file_is_only_read(tmp_path):
    path = write(tmp_path, TABLE)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    before = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
    data.load(path, columns=["读数"], units=True)
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) == before
    assert [item.name for item in tmp_path.iterdir()] == ["数据.csv"]


def test_names_and_paths(tmp_path, monkeypatch):
    write(tmp_path, TABLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data.load("数据.csv").attrs["qtools_source"] == "数据.csv"
    assert len(data.load("~/数据.csv")) == 2
    assert data.load("flowrate").attrs["qtools_source"] == "flowrate"
    pd.testing.assert_frame_equal(qt.load("数据.csv"), data.load(Path("数据.csv")))
