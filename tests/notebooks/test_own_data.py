"""A reader's own file through the command line: what comes out of Excel, WPS and old systems.

The classic gauge study is written under other headings and in other encodings; the report must
then give its published answer (AIAG, MSA 4th ed. 2010: %GRR 27.86, ndc 4).
"""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import qtools as qt
from qtools import cli, data, workbook
from qtools.site import authoring

HEADINGS = {"零件": "件号", "检验员": "测量者", "次数": "遍", "读数": "厚度（µm）"}
ROLES = ["--part", "件号", "--operator", "测量者", "--value", "厚度（µm）"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder, as a reader does."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def study():
    """The gauge study under a reader's own headings."""
    return data.load("gage-classic").rename(columns=HEADINGS)


def text_of(path: Path) -> str:
    body = re.search(r"<body.*?</main>", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert body
    # without scripts and without blocks of code, whose example commands name the book's columns
    bare = re.sub(r"<(script|pre)\b.*?</\1>", "", body.group(), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", bare))


def refused(capsys, *words: str) -> str:
    """Message of a command that ends with 2 and leaves no file behind."""
    before = sorted(Path.cwd().iterdir())
    assert cli.invoke(list(words)) == 2
    done = capsys.readouterr()
    assert "Traceback" not in done.err
    assert done.out == ""
    assert sorted(Path.cwd().iterdir()) == before
    return done.err


def test_bom_csv_with_chinese_headings(study, here):
    study.to_csv("量具 研究.csv", index=False, encoding="utf-8-sig")
    before = Path("量具 研究.csv").read_bytes()
    words = ["run", "msa/gage-rr", "--data", "量具 研究.csv", *ROLES, "-o", "报告.html"]
    done = subprocess.run(  # once as a program, from another folder than the checkout
        [sys.executable, "-c", "from qtools.cli import main; main()", *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "报告：报告.html\n"), done.stderr
    assert "Traceback" not in done.stderr
    shown = text_of(here / "报告.html")
    assert "%GRR = 27.86 %，ndc = 4" in shown
    assert "量具 研究.csv" in shown
    assert "厚度（µm）" in shown
    assert Path("量具 研究.csv").read_bytes() == before
    assert sorted(p.name for p in here.iterdir()) == ["报告.html", "量具 研究.csv"]


def test_gbk_csv(study, here):
    study = study.rename(columns={"厚度（µm）": "厚度"})  # GBK has no µ
    study.to_csv("旧系统.csv", index=False, encoding="gbk")
    words = ["--part", "件号", "--operator", "测量者", "--value", "厚度"]
    assert cli.invoke(["run", "msa/gage-rr", "--data", "旧系统.csv", *words, "-o", "r.html"]) == 0
    assert "%GRR = 27.86 %，ndc = 4" in text_of(here / "r.html")


def test_excel_with_a_title_above_the_headings(study, here):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["二车间 2026 年 3 月 量具研究"])
    sheet.append([])
    sheet.append(list(study.columns))
    for row in study.itertuples(index=False):
        sheet.append(list(row))
    book.save("研究.xlsx")
    assert cli.invoke(["run", "msa/gage-rr", "--data", "研究.xlsx", *ROLES, "-o", "r.html"]) == 0
    assert "%GRR = 27.86 %，ndc = 4" in text_of(here / "r.html")


def test_wrong_column(study, capsys):
    study.to_csv("a.csv", index=False)
    message = refused(
        capsys, "run", "msa/gage-rr", "--data", "a.csv", *ROLES[:4], "--value", "读数"
    )
    for part in ("a.csv", "读数", "厚度（µm）", "怎么办"):
        assert part in message


def test_text_in_the_value_column(study, capsys):
    study["厚度（µm）"] = study["厚度（µm）"].astype(str)
    study.loc[4, "厚度（µm）"] = "重测"
    study.to_csv("a.csv", index=False, encoding="utf-8-sig")
    message = refused(capsys, "run", "msa/gage-rr", "--data", "a.csv", *ROLES)
    for part in ("厚度（µm）", "重测", "第 6 行"):  # the fifth record stands in row 6
        assert part in message


def test_unknown_option(capsys):
    message = refused(capsys, "run", "msa/gage-rr", "--tolerence", "4")
    assert "没有参数 --tolerence。你要的是不是 --tolerance" in message
    assert "--alpha-pool" in message


def test_baseline_on_own_excel(here):
    """Other headings, no target, no nesting; the overall Ppk is the published one (NIST)."""
    own = data.load("furnace").rename(columns={"膜厚": "壁厚", "炉次": "批号"})
    own[["批号", "壁厚"]].to_excel("批次.xlsx", index=False)
    roles = {"value": "壁厚", "subgroup": "批号", "nested": "无", "target": "无"}
    limits = {"lsl": "460", "usl": "660", "unit": "mm"}
    words = [word for key, value in (roles | limits).items() for word in (f"--{key}", value)]
    assert cli.invoke(["run", "dmaic/baseline", "--data", "批次.xlsx", *words, "-o", "r.html"]) == 0
    shown = text_of(here / "r.html")
    assert "1.2733" in shown
    assert "壁厚" in shown
    assert "膜厚" not in shown


def report(here, frame, chapter: str, **options: str) -> str:
    """Text of the report of a chapter on a frame."""
    frame.to_csv("own.csv", index=False, encoding="utf-8-sig")
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    assert cli.invoke(["run", chapter, "--data", "own.csv", *words, "-o", "r.html"]) == 0
    return text_of(here / "r.html")


def test_gauge_whose_repeats_are_identical(here):
    """Operators differ, repeats do not: no acceptance, no invented number."""
    own = data.load("gage-classic")
    cells = own.groupby(["零件", "检验员"])["读数"].transform("mean").round(1)
    shown = report(here, own.assign(读数=cells), "msa/gage-rr")
    assert "还不能判定：同一位检验员重复测同一个零件，读数完全一致" in shown
    assert "可接受：" not in shown


def test_gauge_without_any_spread_of_its_own(here):
    """GRR is 0, so there is no ndc; rounding of the means must not give one."""
    own = data.load("gage-classic")
    parts = own.groupby("零件")["读数"].transform("mean").round(2) + 10.13
    shown = report(here, own.assign(读数=parts), "msa/gage-rr", tolerance="4")
    assert "还不能判定" in shown
    assert shown.count("ndc = 算不出（GRR 为 0）") == 2


def test_gauge_read_once(here):
    own = data.load("gage-classic").query("次数 == 1")
    shown = report(here, own, "msa/gage-rr")
    assert "均值极差法：用不上，它要交叉、不缺读数、每个组合至少测两次" in shown
    assert "每个组合只测了 1 次：交互与重复性分不开" in shown


def test_gauge_of_two_operators_and_two_trials(here):
    """What the text says of constants and degrees of freedom is that of the study."""
    own = data.load("gage-classic").query("检验员 != 'C' and 次数 < 3")
    shown = report(here, own, "msa/gage-rr")
    assert "每格测 2 次，常数是 1.128（K₁ = 0.8862）" in shown  # AIAG MSA 4th ed., d₂ and K₁
    assert "有 2 个，再现性只有 1 个自由度" in shown


def test_few_ranges_by_hand_and_in_the_table_agree(here):
    own = data.load("gage-classic").query("检验员 != 'C' and 零件 <= 5")
    shown = report(here, own, "msa/gage-rr")
    by_hand = re.search(r"常数是 (\d\.\d+)（K₁ = \d\.\d+）。10 个极差.*?EV = (\d\.\d+)", shown)
    assert by_hand
    assert by_hand[1] == "1.716"  # d₂*(3, 10), AIAG MSA 4th ed., appendix C
    ranges = qt.msa.gage_rr(own, part="零件", operator="检验员", value="读数", method="range")
    assert by_hand[2] == f"{ranges.repeatability_var**0.5:.4f}"


@pytest.mark.parametrize("design", ["both", "nested"])
@pytest.mark.parametrize("flat", ["炉次", "炉区", "炉次和炉区"])
def test_layer_that_does_nothing(flat, design, here):
    own = data.load("furnace")
    rng = np.random.default_rng(3)
    reading = 560 + 10 * rng.normal(size=len(own))
    if flat == "炉区":
        reading += 20 * rng.normal(size=21)[own["炉次"].to_numpy(int) - 1]
    if flat == "炉次":
        reading += 20 * rng.normal(size=84)[np.arange(len(own)) // 2]
    shown = report(here, own.assign(膜厚=reading), "dmaic/variation", design=design)
    assert "由 REML：最外层" in shown


def test_layers_without_a_residual(here):
    """REML has no maximum there; expected mean squares have an answer, and the report is made."""
    own = data.load("furnace")
    cells = own.groupby(["炉次", "炉区"])["膜厚"].transform("mean")
    shown = report(here, own.assign(膜厚=cells), "dmaic/variation")
    assert "这份数据给不出 REML 的结果" in shown
    assert "残差为 0" in shown
    assert "决定：先查" in shown


def test_unbalanced_layers_are_crossed_by_reml(here):
    own = data.load("furnace").drop(index=[0, 1, 9, 25, 77])
    shown = report(here, own, "dmaic/variation")
    assert "所以没有交叉方差分析表" in shown
    assert "决定：先查“炉次”" in shown


def test_every_chapter_has_a_template_that_runs(chapter, here, capsys):
    """The template, its example copied into the sheet to fill in, runs by the command it prints."""
    path = workbook.template(chapter, "我的 模板.xlsx")
    book = openpyxl.load_workbook(path)
    for row in book["示例"].iter_rows(min_row=2, values_only=True):
        book["数据"].append(row)
    book.save(path)
    notes = [str(row[0]) for row in book["说明"].iter_rows(values_only=True)]
    (command,) = [line for line in notes if line.startswith("qtools run ")]
    assert cli.invoke(shlex.split(command)[1:]) == 0, capsys.readouterr().err
    assert "工作表“数据”，表头在第 1 行" in text_of(here / "报告.html")
    assert any("“名单”" in line for line in notes) == ("名单" in book.sheetnames)


def test_the_books_limits_do_not_judge_other_data(chapter, here):
    """What may be left out is None on one's own file; on the book's data it is the book's."""
    Path("a.csv").write_text("甲\n1\n", encoding="utf-8")
    optional = {p.name for p in chapter.parameters if p.optional}
    used = workbook.resolve(chapter, {"data": "a.csv"})
    assert {name for name, value in used.items() if value is None} == optional
    assert workbook.resolve(chapter, {"data": chapter.data[0]}) == {"data": chapter.data[0]}


def test_a_default_column_is_told_as_such(capsys):
    data.load("furnace").rename(columns={"炉次": "批号"}).to_csv("a.csv", index=False)
    message = refused(capsys, "run", "dmaic/baseline", "--data", "a.csv", "--value", "膜 厚")
    assert "你没有写 --subgroup，用的是本书的默认列名“炉次”，而你的文件里没有它" in message
    assert "--value 写的“膜 厚”找不到" in message
    assert "“膜 厚”是不是“膜厚”" in message
    assert "“批号”" in message


def test_a_wide_table_is_sent_to_the_template(capsys):
    wide = "件号,张三-1,张三-2,李四-1,李四-2\nP1,1.2,1.3,1.1,1.2\n"
    Path("宽.csv").write_text(wide, encoding="utf-8")
    message = refused(capsys, "run", "N201", "--data", "宽.csv", "--part", "件号")
    assert "宽表" in message
    assert "qtools template msa/gage-rr" in message


def test_sheet_and_heading_row_can_be_named(study, here, capsys):
    book = openpyxl.Workbook()
    for title, factor in (("一月", 1), ("二月", 2)):
        sheet = book.create_sheet(title)
        sheet.append(["量具研究"])
        sheet.append(list(study.columns))
        for *labels, value in study.itertuples(index=False):
            sheet.append([*labels, value * factor + (labels[2] == 1) * (factor - 1)])
    book.save("两月.xlsx")
    words = ["run", "msa/gage-rr", "--data", "两月.xlsx", *ROLES]
    assert "命令行：--sheet 一月" in refused(capsys, *words)
    assert cli.invoke([*words, "--sheet", "一月", "--header", "2"]) == 0
    shown = text_of(here / "gage-rr-两月-一月-报告.html")
    assert "%GRR = 27.86 %，ndc = 4" in shown
    assert "两月.xlsx，工作表“一月”，表头在第 2 行，90 行记录" in shown
    assert shown.index("30 秒答案") < shown.index("情境与数据") < shown.index("本次所用的参数")
    capsys.readouterr()
    assert "只用于你自己的文件" in refused(capsys, "run", "msa/gage-rr", "--sheet", "一月")


def test_no_report_tells_the_books_story(chapter):
    """What stays without ``course`` cells does not name the book's data."""
    cells = authoring.read(chapter.path).cells
    kept = [
        cell
        for cell in cells
        if cell.cell_type == "markdown" and "course" not in workbook.tags(cell)
    ]
    prose = "\n".join(re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL) for cell in kept)
    assert [name for name in chapter.data if name in prose] == []
