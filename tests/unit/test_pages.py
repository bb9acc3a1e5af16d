"""Generated pages: what they say about real tables and about made-up ones."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qtools import QualityDataError, data, workbook
from qtools.data import Card, Column
from qtools.data.cases import Case, Verification, compare
from qtools.site import markdown, pages, pages_data
from qtools.site.execution import Execution
from qtools.workbook import Chapter

GLOSSARY = pages.read_table("glossary.csv")
CONTENTS = pages.read_table("contents.csv")
POLICY = pages.read_table("policy-map.csv")
NUMBERS = {row["编号"] for row in CONTENTS}


def chapter(number: str = "N201", name: str = "msa/gage-rr", **more: tuple[str, ...]) -> Chapter:
    return Chapter(name, Path("x.ipynb"), number, "量具 R&R", "L1", **more)


# --- Markdown ----------------------------------------------------------------------------------


@given(st.text("aβ测量 *_`<>[]{}|\\~$#&0", min_size=1, max_size=30).map(str.strip).filter(bool))
def test_escaped_text_shows_itself(text: str) -> None:
    html = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(f"| x |\n|---|\n| {markdown.escape(text)} |")
    )
    [shown] = re.findall("<td>(.*?)</td>", html)
    assert "<" not in shown, "no markup came out of it"
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(name, sign)
    assert shown == text


def test_table_marks_numbers_and_short_columns() -> None:
    made = markdown.table(("名", "数", "态"), [("a", "1", "有")], numeric=(1,), short=(2,))
    assert made == "| 名 | 数 | 态 |\n| --- | ---: | :---: |\n| a | 1 | 有 |\n"


# --- the tables of the book --------------------------------------------------------------------


def test_contents_has_every_chapter_once() -> None:
    assert len(CONTENTS) == len(NUMBERS) == 70
    files = [row["文件"] for row in CONTENTS if row["文件"]]
    assert len(set(files)) == len(files)
    assert {row["层级"] for row in CONTENTS} == {"L1", "L2", "L3"}
    rows = {row["编号"] for row in POLICY}
    assert {item for row in CONTENTS for item in row["通知行"].split()} - {"全部"} <= rows


def test_policy_map_is_complete() -> None:
    """The counts that the mapping itself states: 76 rows, 17 / 40 / 19."""
    assert len({row["编号"] for row in POLICY}) == len(POLICY) == 76
    assert Counter(row["定位"] for row in POLICY) == {"核心": 17, "支撑": 40, "背景": 19}
    assert {name for row in POLICY for name in row["章"].split()} <= NUMBERS
    assert [row["编号"] for row in POLICY if row["定位"] == "核心" and not row["章"]] == []


def test_glossary_terms_are_unique_and_complete() -> None:
    terms = [row["term_zh"] for row in GLOSSARY]
    assert len(set(terms)) == len(terms) == 233
    for row in GLOSSARY:
        assert row["term_en"], row
        assert row["definition_zh"], row
        assert row["see_also"], row


@pytest.mark.parametrize("path", sorted((data.root() / "book").glob("*.*")), ids=lambda p: p.name)
def test_nothing_is_asserted_that_must_not_be(path: Path) -> None:
    """What the table of facts forbids, and half-width punctuation between Chinese."""
    text = path.read_text(encoding="utf-8")
    assert "10201-2024" not in text
    assert "[?]" not in text
    assert "您" not in text
    if path.suffix == ".md":
        assert re.findall(r"[\u4e00-\u9fff][,;:?!](?!:)", text) == []


def test_a_lost_table_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    with pytest.raises(QualityDataError, match=r"book/glossary\.csv"):
        pages.read_table("glossary.csv")


# --- pages about the book ----------------------------------------------------------------------


def test_contents_links_what_exists_and_nothing_else() -> None:
    text = pages.contents(CONTENTS, [chapter()])
    assert "计划 70 章，现有 1 章" in text
    assert text.count("| 已有 |") == 1
    assert text.count("| 在写 |") == 69
    assert text.count("notebooks/") == 1
    assert "[量具 R&R](notebooks/msa/gage-rr.ipynb)" in text


def test_contents_lists_a_worksheet_that_nobody_numbered() -> None:
    text = pages.contents(CONTENTS, [chapter("N1201", "dmaic/diagnosis")])
    assert "## 工作表与其他" in text
    assert "现有 0 章" in text


def test_policy_map_counts_add_up() -> None:
    have = [chapter(), chapter("N103", "dmaic/baseline"), chapter("N001", "start/how-to-use")]
    text = pages.policy_map(POLICY, have)
    found = re.search(
        r"共 (\d+) 项，已有 (\d+) 项，部分已有 (\d+) 项，待建 (\d+) 项，不单列章 (\d+)", text
    )
    assert found
    total, *parts = map(int, found.groups())
    assert total == sum(parts) == 76
    row = next(line for line in text.splitlines() if line.startswith("| 2.3 |"))
    assert "部分 1/7" in row
    assert "[量具 R&R](notebooks/msa/gage-rr.ipynb)、N202" in row


def test_glossary_page_has_every_term() -> None:
    text = pages.glossary(GLOSSARY)
    assert text.count("\n: *") == 233
    assert "共 233 条" in text
    assert "记号 α\\*" in text


def test_citation_names_the_version() -> None:
    from qtools import __version__

    assert __version__ in pages.citation()


@pytest.mark.parametrize(
    ("opening", "found"),
    [
        ("# 题\n\n**本章要作的决定：** 先查哪层？", "先查哪层？"),
        ("# 题\n\n**本章要作的决定：先查哪层？** 因为", "先查哪层？"),
        ("# 题\n\n没有写", "—"),
    ],
)
def test_decision_is_taken_from_the_opening(opening: str, found: str) -> None:
    assert pages.decision(opening) == found


def test_execution_report_says_what_was_executed() -> None:
    done = Execution(
        "msa/gage-rr", Path("x"), "0123456789abcdef", 3.456, "2026-01-02", reused=False
    )
    again = Execution(
        "msa/gage-rr", Path("x"), "0123456789abcdef", 3.456, "2026-01-02", reused=True
    )
    text = pages.execution_report([done], [chapter()])
    assert "| `msa/gage-rr` | 3.5 | 2026-01-02 | `0123456789` |" in text
    assert pages.execution_report([again], [chapter()]) == text, "reuse changes no page"


def test_pinned_counts_the_recorded_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "tests/notebooks/expected/msa"
    folder.mkdir(parents=True)
    (folder / "gage-rr.json").write_text('{"a": 1, "b": 2}', encoding="utf-8")
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    assert pages.pinned() == {"msa/gage-rr": 2}


# --- pages about data --------------------------------------------------------------------------


def verified(value: str, computed: object, **more: object) -> Verification:
    facts = {
        "id": "d.x",
        "what": "均值",
        "expr": "1",
        "value": value,
        "source": "NIST",
        "where": "d",
    }
    return compare(Case(**{**facts, **more}), computed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "computed", "shown"),
    [
        ("563.0357", 563.035714, "563.035714"),
        ("27.86", 27.8612, "27.8612"),
        ("4", 4, "4"),
        ("True", True, "是"),
        ("1.2e-05", 1.2345e-05, "1.234e-05"),
    ],
)
def test_computed_values_show_two_digits_more(value: str, computed: object, shown: str) -> None:
    assert pages_data.shown(verified(value, computed)) == shown


def test_what_does_not_reproduce_is_shown_with_both_figures() -> None:
    bad = verified("1.001", 1.0138, reproduces=False, note="公式给出的是右边的数。")
    text = pages_data.verification_table([verified("4", 4), bad])
    assert "| 均值 {sup}`1` | 1.001 | 1.01380 | **未复现** |\n" in text
    assert "出处：NIST。" in text
    assert "1. 均值：公式给出的是右边的数。" in text


def test_each_source_is_written_once_under_the_table() -> None:
    rows = [verified("4", 4, source=name) for name in ("甲书", "乙书", "甲书")]
    text = pages_data.verification_table(rows)
    assert re.findall(r"一致 \| (\w) \|", text) == ["a", "b", "a"]
    assert "- **a**　甲书\n- **b**　乙书\n" in text
    many = [verified("4", 4, source=f"书 {place}") for place in range(28)]
    assert "- **ab**　书 27" in pages_data.verification_table(many)


def test_numbers_page_counts_and_groups() -> None:
    card = _card()
    checked = [
        verified("4", 4),
        verified("1.0", 2.0, reproduces=False),
        verified("5", 4, where="nist.yml"),
    ]
    text = pages_data.numbers(checked, [card], {"msa/gage-rr": 12})
    assert "共 3 条：一致 1 条，未复现 1 条，不一致 1 条" in text
    assert text.index("[小数据](data/d.md)") < text.index("其他参照值：NIST 统计参考数据集")
    assert "| `msa/gage-rr` | 12 |" in text


def _card() -> Card:
    return Card(
        name="d",
        title="小数据",
        description="说明。",
        kind="仿真",
        source="本书",
        licence="CC0",
        spdx="CC0-1.0",
        rows=1,
        sha256="abc",
        columns=(Column("x_1", "mm", "小数", "读数"),),
        changes=("改了列名",),
        published=(),
        path=Path("data.csv"),
    )


def test_data_card_page(monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    monkeypatch.setattr(data, "load", lambda _: pd.DataFrame({"x_1": [1.5]}))
    text = pages_data.data_card(_card(), [verified("4", 4)], [chapter(data=("d",))])
    for part in (
        "**仿真数据。** 说明。",
        "CC0（`CC0-1.0`）",
        "与出处的不同：改了列名",
        "[量具 R&R](../notebooks/msa/gage-rr.ipynb)",
        "| x\\_1 | mm | 小数 | 读数 |",
        '<th scope="row">1.5</th>',
        "## 公布的结果",
    ):
        assert part in text


def test_every_data_set_of_the_handbook_has_a_page() -> None:
    cards = data.cards()
    listed = pages_data.datasets(cards, [])
    for card in cards:
        assert f"(data/{card.name}.md)" in listed
        page = pages_data.data_card(card, [], [])
        assert card.sha256 in page
        for column in card.columns:
            assert markdown.escape(column.name) in page


# --- all of them -------------------------------------------------------------------------------


def test_every_page_is_in_the_table_of_contents() -> None:
    """Sphinx would say so too, after a minute; here an author learns it in a second."""
    chapters = workbook.chapters()
    done = [Execution(one.name, one.path, "k", 1.0, "2026-01-01", reused=True) for one in chapters]
    made = pages.generate(done)
    for one in chapters:
        assert f"notebooks/{one.name}.ipynb" in str(made["_chapters.txt"])
    book = data.root() / "book"
    toc = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))
    listed = {toc["root"]}
    listed |= {entry["file"] for part in toc["parts"] for entry in part["chapters"]}
    have = {Path(name).with_suffix("").as_posix() for name in made if name.endswith(".md")}
    have |= {path.stem for path in book.glob("*.md")}
    have |= {f"notebooks/{one.name}" for one in chapters}
    assert {name for name in have if not name.startswith("data/")} == listed
