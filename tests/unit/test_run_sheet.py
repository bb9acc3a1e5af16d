"""Run sheets: options of `qtools template`, the workbook, and what comes back."""

import nbformat
import openpyxl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from qtools import cli, data, workbook
from qtools.doe.sheet import verify_sheet
from qtools.errors import QualityDataError
from qtools.workbook import run_sheet

PARAMS = """data = "flowrate"  # 数据
factors = ["流量"]  # 因子
response = "批号"  # 响应"""
PLAN = {"factors": "温度=160/180,压力=1/2", "response": "强度,外观", "seed": "7"}


@pytest.fixture
def top(tmp_path, monkeypatch):
    for name, design in (("plan", "full"), ("plain", "")):
        about = {"id": f"N9{len(name)}", "level": "L1"} | ({"design": design} if design else {})
        cells = [
            new_markdown_cell("# 试验"),
            new_code_cell(PARAMS, metadata={"tags": ["parameters"]}),
        ]
        path = tmp_path / "root" / "notebooks" / "t" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=cells, metadata={"qtools": about}), path)
    monkeypatch.setattr(data, "root", lambda: tmp_path / "root")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(top, **changes):
    path = workbook.template("t/plan", top / "单.xlsx", plan={**PLAN, **changes}, force=True)
    return openpyxl.load_workbook(path)


def test_the_sheet_has_every_run_once_and_empty_responses(top):
    sheet = written(top)["数据"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("试验序", "标准序", "温度", "压力", "核对码", "强度", "外观", "备注")
    assert [row[0] for row in rows[1:]] == [1, 2, 3, 4]
    # Yates order of a 2²: the first factor changes fastest
    settings = {row[1]: row[2:4] for row in rows[1:]}
    assert settings == {1: (160, 1), 2: (180, 1), 3: (160, 2), 4: (180, 2)}
    assert all(row[5:] == (None, None, None) for row in rows[1:])
    assert [row[1] for row in rows[1:]] != [1, 2, 3, 4]


def test_settings_are_locked_and_responses_are_not(top):
    sheet = written(top)["数据"]
    assert sheet.protection.sheet
    assert [cell.protection.locked for cell in sheet[2]] == [True] * 5 + [False] * 3
    (rule,) = sheet.data_validations.dataValidation
    assert str(rule.sqref) == "F2:F5 G2:G5"


def test_the_notes_give_the_command_that_analyses_it(top):
    told = [row[0] for row in written(top)["说明"].iter_rows(values_only=True)]
    assert (
        "qtools run t/plan --data 单.xlsx --factors 温度,压力 --response 强度 -o 报告.html" in told
    )
    assert any("照“试验序”从上往下做" in str(line) for line in told)


def test_options_of_the_design_are_used(top):
    rows = list(written(top, center="2", replicates="2")["数据"].iter_rows(values_only=True))
    assert len(rows) == 1 + 2 * 4 + 2
    assert rows[0][2] == "点型"
    assert sorted(row[2] for row in rows[1:]) == ["中心点"] * 2 + ["析因点"] * 8
    centre = [row[3:5] for row in rows[1:] if row[2] == "中心点"]
    assert centre == [(170, 1.5)] * 2


def test_words_are_settings_too(top):
    rows = list(
        written(top, factors="材料=甲/乙/丙,速度=１/２")["数据"].iter_rows(values_only=True)
    )
    assert {row[2:4] for row in rows[1:]} == {(m, v) for m in "甲乙丙" for v in (1, 2)}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"factors": "温度"}, "“温度”没有写水平"),
        ({"factors": "温度=160"}, "不足两个"),
        ({"factors": "温度=160/180,温度=1/2"}, "重名"),
        ({"factors": "温度=180/160"}, "没有从低到高"),
        ({"factors": "温度=160/高"}, "混着写"),
        ({"factors": ""}, "没有写因子"),
        ({"runs": "4"}, "没有选项 --runs"),
        ({"center": "两个"}, "--center 要一个整数"),
        ({"response": "温度"}, "重名"),
        ({"design": "taguchi"}, "没有“taguchi”这种设计"),
        ({"design": "fraction"}, "--runs（试验次数），或 --resolution"),
        ({"design": "array"}, "--name（正交表，如 L9）"),
        ({"design": "uniform"}, "--runs（试验次数）"),
    ],
)
def test_unusable_options_are_refused_and_nothing_is_written(top, changes, what):
    with pytest.raises(QualityDataError, match=what):
        workbook.template("t/plan", top / "单.xlsx", plan={**PLAN, **changes})
    assert not (top / "单.xlsx").exists()


def test_only_chapters_on_designs_have_run_sheets(top):
    with pytest.raises(QualityDataError, match="没有选项 --factors"):
        workbook.template("t/plain", top / "单.xlsx", plan={"factors": "温度=160/180"})


def test_the_command_line_writes_it(top, capsys):
    words = ["template", "t/plan", "--factors", PLAN["factors"], "--response", "强度"]
    assert cli.invoke(words) == 0
    assert capsys.readouterr().out == "试验单：plan-试验单.xlsx\n"
    assert cli.invoke(words) == 2  # it may hold somebody's data by now
    assert cli.invoke([*words, "--force"]) == 0
    assert cli.invoke(["template", "t/plan", "--factors"]) == 2
    assert "后面要写一个值" in capsys.readouterr().err


def test_what_comes_back_is_checked_row_by_row(top):
    book = written(top)
    sheet = book["数据"]
    for row in range(2, 6):
        sheet.cell(row, 6, 10.0 + row)
    book.save(top / "单.xlsx")
    df = data.load(str(top / "单.xlsx"), columns=["温度", "压力", "强度"])
    assert verify_sheet(df) == ()
    sheet["C3"] = 175
    book.save(top / "改.xlsx")
    with pytest.raises(QualityDataError, match="因子设置与试验单不符") as caught:
        verify_sheet(data.load(str(top / "改.xlsx"), columns=["温度", "压力", "强度"]))
    assert caught.value.rows == (3,)


def planned(name, /, **changes):
    plan = {"factors": "A=1/2,B=5/6", "response": "强度", "design": "full", **changes}
    return run_sheet.read(workbook.chapter(name), plan)


@pytest.mark.parametrize(
    ("name", "design", "options"),
    [
        ("doe/planning", "full", "doe/fractional --data x.xlsx --factors A,B --response 强度"),
        ("doe/one-factor", "full", "doe/one-factor --data x.xlsx --factor A --value 强度"),
        (
            "doe/counts-split-plot", "full",
            "doe/counts-split-plot --data x.xlsx --factors A,B --count 强度",
        ),
        (
            "doe/factorial", "composite",
            "doe/response-surface --data x.xlsx --factors A,B --response 强度 --goal 大"
            " --low 1,5 --high 2,6",
        ),
        (
            "doe/desirability", "composite",
            "doe/desirability --data x.xlsx --factors A,B --responses 强度",
        ),
    ],
)  # fmt: skip
def test_the_notes_name_the_chapter_that_analyses_the_design(name, design, options):
    found = planned(name, design=design)
    assert run_sheet.command(found, "x.xlsx") == f"qtools run {options} -o 报告.html"


def test_star_points_beyond_the_levels_are_told_before_the_first_run():
    """Rotatable for two factors: √2 half-widths from the middle."""
    first, second = run_sheet.warnings(planned("doe/response-surface", design="composite"))
    assert "A 从 0.7929 到 2.207，B 从 4.793 到 6.207" in first
    assert "--goal 大" in second
    faced = planned("doe/response-surface", design="composite", kind="faced", goal="小")
    assert run_sheet.warnings(faced) == []
    assert "--goal 小" in run_sheet.command(faced, "x.xlsx")


def test_levels_of_an_array_are_those_that_were_typed():
    options = {"factors": "材料=甲/乙/丙,温度=160/170/180", "design": "array", "name": "L9"}
    runs = planned("doe/orthogonal-array", **options).design.runs
    assert set(runs["材料"]) == {"甲", "乙", "丙"}
    assert set(runs["温度"]) == {160, 170, 180}
    with pytest.raises(QualityDataError, match="A"):
        planned("doe/orthogonal-array", design="array", name="L9")


def test_numbers_with_a_unit_are_refused():
    with pytest.raises(QualityDataError, match="带了单位") as caught:
        planned("doe/factorial", factors="温度=160℃/180℃,压力=1/2")
    assert "温度=160/180" in str(caught.value)
