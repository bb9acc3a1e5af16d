"""A reader's own file through the command line: what comes out of Excel, WPS and old systems.

The classic gauge study is written under other headings and in other encodings; the report must
then give its published answer (AIAG, MSA 4th ed. 2010: %GRR 27.86, ndc 4).
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

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


def test_every_chapter_has_a_template_that_runs(chapter, here):
    """The template with its example copied into the sheet to fill in runs as it is."""
    path = workbook.template(chapter, "模板.xlsx")
    book = openpyxl.load_workbook(path)
    for row in book["示例"].iter_rows(min_row=2, values_only=True):
        book["数据"].append(row)
    book.save(path)
    values = workbook.resolve(chapter, {"data": "模板.xlsx"})
    workbook.execute(chapter.path, values, course=False)


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
