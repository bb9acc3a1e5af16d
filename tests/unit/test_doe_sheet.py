"""Run sheets: what goes to the workshop, and what comes back."""

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.doe.sheet import CODE

FACTORS = {"温度": (160, 180), "材料": ("甲", "乙")}


@pytest.fixture
def sheet():
    return qt.doe.run_sheet(qt.doe.full_factorial(FACTORS, replicates=2, seed=3), ["强度", "外观"])


def returned(sheet, **changes):
    """The sheet as it comes back, in another order, with 强度 filled in."""
    return (
        sheet.assign(强度=np.arange(len(sheet)) + 20.0, **changes).iloc[::-1].reset_index(drop=True)
    )


def test_sheet_has_every_combination_in_run_order_and_empty_responses(sheet):
    assert list(sheet.columns) == ["试验序", "标准序", "温度", "材料", CODE, "强度", "外观"]
    assert sheet["试验序"].tolist() == list(range(1, 9))
    assert sorted(sheet["标准序"]) == list(range(1, 9))
    assert sheet["标准序"].tolist() != list(range(1, 9))
    counts = sheet.groupby(["温度", "材料"]).size()
    assert counts.tolist() == [2, 2, 2, 2]
    assert sheet[["强度", "外观"]].isna().all(axis=None)
    assert sheet[CODE].is_unique


def test_sheet_comes_back_in_any_order_and_through_a_text_file(sheet, tmp_path):
    assert qt.doe.verify_sheet(returned(sheet)) == ()
    path = tmp_path / "回来的.csv"
    returned(sheet).to_csv(path, index=False, encoding="utf-8-sig")
    assert qt.doe.verify_sheet(qt.load(path)) == ()


def test_numbers_written_as_whole_or_decimal_are_the_same_setting(sheet):
    back = returned(sheet)
    assert qt.doe.verify_sheet(back.assign(温度=back["温度"].astype(int))) == ()


def test_frame_without_codes_is_not_a_sheet_of_ours(sheet):
    back = returned(sheet).drop(columns=CODE)
    back.loc[0, "温度"] = 999
    assert qt.doe.verify_sheet(back) == ()


def test_edited_setting_is_refused_and_the_row_named(sheet):
    back = returned(sheet)
    back.loc[2, "温度"] = 165.0
    with pytest.raises(qt.QualityDataError, match="1 行的因子设置与试验单不符") as error:
        qt.doe.verify_sheet(back)
    assert "3" in str(error.value)


def test_edited_text_and_renamed_factor_are_refused(sheet):
    back = returned(sheet)
    back.loc[0, "材料"] = {"甲": "乙", "乙": "甲"}[back.loc[0, "材料"]]
    with pytest.raises(qt.QualityDataError, match="因子设置与试验单不符"):
        qt.doe.verify_sheet(back)
    with pytest.raises(qt.QualityDataError, match="8 行的因子设置"):
        qt.doe.verify_sheet(returned(sheet).rename(columns={"温度": "料温"}))


def test_run_entered_twice_is_refused(sheet):
    back = returned(sheet)
    with pytest.raises(qt.QualityDataError, match="同一次试验出现了两遍"):
        qt.doe.verify_sheet(pd.concat([back, back.iloc[[3]]], ignore_index=True))


def test_row_of_ones_own_is_refused(sheet):
    back = returned(sheet)
    back.loc[5, CODE] = None
    with pytest.raises(qt.QualityDataError, match="1 行的“核对码”"):
        qt.doe.verify_sheet(back)


def test_two_sheets_in_one_table_are_refused(sheet):
    other = qt.doe.run_sheet(qt.doe.full_factorial(FACTORS, seed=3), ["强度", "外观"])
    with pytest.raises(qt.QualityDataError, match="混着几张试验单") as error:
        qt.doe.verify_sheet(pd.concat([sheet, other], ignore_index=True))
    assert "4、8 次" in str(error.value)


def test_missing_runs_are_told(sheet):
    back = returned(sheet)
    lost = sorted(back["标准序"].iloc[[1, 4]])
    (check,) = qt.doe.verify_sheet(back.drop(index=[1, 4]))
    assert check.code == "doe.missing-run"
    assert f"标准序 {lost[0]}、{lost[1]}" in check.text


@pytest.mark.parametrize(
    ("responses", "words"),
    [([], "没有写响应"), (["温度"], "重名"), (["强度", "强 度"], "重名"), (["核对码"], "重名")],
)
def test_bad_names_of_responses(responses, words):
    with pytest.raises(qt.QualityDataError, match=words):
        qt.doe.run_sheet(qt.doe.full_factorial(FACTORS), responses)


def test_settings_are_written_as_a_workshop_can_set_them():
    """Star points to a thousandth of the range; given levels and the middle stay exact."""
    design = qt.doe.central_composite({"温度": (160, 180), "压力": (1.0003, 2.0005)}, center=2)
    sheet = qt.doe.run_sheet(design, ["强度"])
    # 170 ± 10·√2 and 1.5004 ± 0.5001·√2
    assert sorted(set(sheet["温度"])) == [155.86, 160, 170, 180, 184.14]
    assert sorted(set(sheet["压力"])) == [0.793, 1.0003, 1.5004, 2.0005, 2.208]
    assert qt.doe.verify_sheet(sheet) == ()


def test_a_setting_typed_with_its_unit_is_told_as_such():
    sheet = qt.doe.run_sheet(qt.doe.full_factorial({"温度": (160, 180)}), "强度")
    assert list(sheet.columns[-1:]) == ["强度"]
    sheet["温度"] = sheet["温度"].astype(object)
    sheet.loc[1, "温度"] = "160℃"
    with pytest.raises(qt.QualityDataError, match="写的是“160℃”，不是数字") as caught:
        qt.doe.verify_sheet(sheet)
    assert caught.value.rows == (2,)
