"""Structure of the committed notebooks, without a kernel, and of what they became once executed."""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections import Counter
from typing import Any

import jupytext
import pytest
from jupytext.combine import combine_inputs_with_outputs

from qtools import data, notebook, workbook
from qtools.notebook import bank
from qtools.site import authoring, pages
from qtools.site.skeleton import SECTIONS
from qtools.workbook import Chapter, run_sheet

CHINESE = re.compile("[\u4e00-\u9fff]")
EXERCISE = re.compile(r'qt\.exercise\("([^"]+)"\)')


@pytest.fixture
def nb(chapter: Chapter) -> Any:
    return authoring.read(chapter.path)


def code_cells(nb: Any) -> list[Any]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def columns(line: str) -> int:
    """Width on a projector: a Chinese character takes two columns."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


# --- as committed ------------------------------------------------------------------------------


def test_normal_form(chapter: Chapter, nb: Any) -> None:
    assert chapter.path.read_text(encoding="utf-8") == authoring.to_text(authoring.tidy(nb))


def test_no_outputs(nb: Any) -> None:
    for cell in code_cells(nb):
        assert cell.outputs == [], cell.id
        assert cell.execution_count is None, cell.id


def test_ids_readable_and_unique(nb: Any) -> None:
    ids = [cell.id for cell in nb.cells]
    assert [name for name, n in Counter(ids).items() if n > 1] == []
    assert [name for name in ids if not authoring.ID.fullmatch(name)] == []


def test_title_names_number_and_level(chapter: Chapter, nb: Any) -> None:
    first = nb.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert f"{chapter.id} · {chapter.level} · " in first.source
    headings = [line for cell in nb.cells for line in _headings(cell, 1)]
    assert len(headings) == 1, "one title a page"


def test_metadata_complete(chapter: Chapter, nb: Any) -> None:
    facts = nb.metadata["qtools"]
    assert set(facts) - {"design", "analysis"} == {"id", "level", "data", "exercises", "policy"}
    assert facts.get("design", "full") in run_sheet.FAMILIES
    assert re.fullmatch(r"N\d{3,4}", facts["id"])
    assert facts["level"] in ("L1", "L2", "L3")
    have = {card.name for card in data.cards()}
    assert set(facts["data"]) <= have
    assert set(facts["exercises"]) <= set(bank.banks())
    rows = {row["编号"] for row in pages.read_table("policy-map.csv")}
    assert facts["policy"]
    assert set(facts["policy"]) - {"全部"} <= rows


def test_metadata_agrees_with_contents(chapter: Chapter) -> None:
    planned = {row["文件"]: row for row in pages.read_table("contents.csv") if row["文件"]}
    if chapter.name in planned:
        row = planned[chapter.name]
        assert (chapter.id, chapter.level) == (row["编号"], row["层级"])


def test_numbers_of_chapters_unique() -> None:
    found = Counter(chapter.id for chapter in workbook.chapters())
    assert [name for name, n in found.items() if n > 1] == []


def test_data_sets_used_are_those_named(chapter: Chapter, nb: Any) -> None:
    """A data set that a cell names but the metadata does not would not renew the execution."""
    source = "\n".join(cell.source for cell in code_cells(nb))
    used = {card.name for card in data.cards() if re.search(rf"""["']{card.name}["']""", source)}
    assert used == set(chapter.data)


def test_one_parameters_cell_with_chinese_help(chapter: Chapter, nb: Any) -> None:
    cells = [cell for cell in nb.cells if "parameters" in tags(cell)]
    assert len(cells) == 1
    lines = [line for line in cells[0].source.splitlines() if line.strip()]
    assert [line for line in lines if not re.match(r"\w+(: [^=]+)? = .+  # ", line)] == []
    assert len(chapter.parameters) == len(lines)
    for parameter in chapter.parameters:
        assert CHINESE.search(parameter.help), parameter.name
    assert chapter.parameters[0].name == "data"


def test_skeleton_sections_in_order(nb: Any) -> None:
    if not any("course" in tags(cell) for cell in nb.cells):
        pytest.skip("工作表：没有课程单元格，不用骨架")
    headings = [line for cell in nb.cells for line in _headings(cell, 2)]
    assert len(headings) == len(SECTIONS), headings
    for word, heading in zip(SECTIONS, headings, strict=True):
        assert word in heading, f"{heading} 的位置上应当是“{word}”"


def _headings(cell: Any, level: int) -> list[str]:
    if cell.cell_type != "markdown":
        return []
    text = re.sub(r"```.*?```", "", cell.source, flags=re.S)
    return re.findall(rf"^#{{{level}}} (.+)$", text, flags=re.M)


def test_three_learning_goals(nb: Any) -> None:
    goals = next((c.source for c in nb.cells if "## 学习目标" in c.source), None)
    if goals is not None:
        assert len(re.findall(r"^\d\. ", goals, flags=re.M)) == 3


def test_code_fits_a_projector(nb: Any) -> None:
    for cell in code_cells(nb):
        lines = cell.source.splitlines()
        assert len(lines) <= 15, cell.id
        assert [line for line in lines if columns(line) > 88] == [], cell.id


def test_code_parses_and_hides_nothing(nb: Any) -> None:
    """Every cell is plain Python, without path tricks, shell escapes or silenced warnings."""
    for cell in code_cells(nb):
        tree = ast.parse(cell.source)
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        modules = {
            alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not {"filterwarnings", "simplefilter", "read_csv", "read_excel"} & names, cell.id
        assert not {"sys", "os", "warnings", "subprocess"} & modules, cell.id


def test_exercises(chapter: Chapter, nb: Any) -> None:
    if not chapter.exercises:
        assert not any("course" in tags(cell) for cell in nb.cells)
        return
    used = [name for cell in code_cells(nb) for name in EXERCISE.findall(cell.source)]
    known = {name for part in chapter.exercises for name in bank.ids(part)}
    assert len(used) >= 3
    assert len(set(used)) == len(used)
    assert set(used) <= known
    assert "找错" in {bank.payload(name)["kind"] for name in used}


def test_exercises_are_course(nb: Any) -> None:
    for cell in code_cells(nb):
        if re.search(r"qt\.(exercise|check|hint|solution)\(", cell.source):
            assert "course" in tags(cell), cell.id


def test_prose_addresses_the_reader(nb: Any) -> None:
    """你, not 您; full-width punctuation after Chinese."""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$|\]\([^)]*\)", "", cell.source, flags=re.S)
            assert "您" not in text, cell.id
            assert re.findall(r"[\u4e00-\u9fff][,;:?!]", text) == [], cell.id


def test_text_round_trip_loses_nothing(nb: Any) -> None:
    """``jupytext --to py:percent``, then ``--update --to ipynb``, as CONTRIBUTING.md has it."""
    text = jupytext.writes(authoring.tidy(nb), fmt="py:percent")
    back = jupytext.reads(text, fmt="py:percent")
    fmt = {"extension": ".py", "format_name": "percent"}
    merged = combine_inputs_with_outputs(back, authoring.tidy(nb), fmt=fmt)
    assert authoring.to_text(authoring.tidy(merged)) == authoring.to_text(authoring.tidy(nb))


# --- once executed -----------------------------------------------------------------------------


def outputs(nb: Any) -> list[tuple[str, Any]]:
    return [(cell.id, output) for cell in code_cells(nb) for output in cell.outputs]


def test_no_warnings_in_outputs(chapter: Chapter, executed: dict[str, Any]) -> None:
    for name, output in outputs(executed[chapter.name]):
        assert output.output_type != "error", name
        assert not (output.output_type == "stream" and output.name == "stderr"), (name, output.text)
        text = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        assert "Warning" not in text, name


def test_every_figure_has_an_alternative_text(chapter: Chapter, executed: dict[str, Any]) -> None:
    figures = [
        (name, output.data["application/vnd.plotly.v1+json"])
        for name, output in outputs(executed[chapter.name])
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    assert figures, "a chapter without a figure"
    for name, figure in figures:
        alt = figure["layout"].get("meta", {}).get("alt", "")
        assert CHINESE.search(alt), name
        assert len(alt) >= 10, name


def test_recorded_values_are_finite(chapter: Chapter, executed: dict[str, Any]) -> None:
    metrics = notebook.recorded(executed[chapter.name])
    assert metrics
    for key, value in metrics.items():
        assert isinstance(value, bool | int | str) or math.isfinite(value), key


NUMBER = re.compile(r"(?<![\w.,−-])\d[\d,]*(?:\.\d+)?(?![\w.]*\w)")


def typed_results(text: str, metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Numbers of three or more significant digits in a text that equal a recorded number.

    Equal means: the recorded number, rounded to the decimals of the text, is the text's.
    """
    plain = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+", " ", text, flags=re.S)
    found = []
    for written in NUMBER.findall(plain):
        digits = written.replace(",", "")
        if len(digits.replace(".", "").lstrip("0")) < 3:
            continue
        decimals = len(digits.partition(".")[2])
        for key, value in metrics.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and f"{abs(value):.{decimals}f}" == digits:
                found.append((written, key))
    return found


def test_no_result_is_typed_by_hand(chapter: Chapter, executed: dict[str, Any]) -> None:
    nb = executed[chapter.name]
    metrics = notebook.recorded(nb)
    found = {
        cell.id: hits
        for cell in nb.cells
        if cell.cell_type == "markdown" and (hits := typed_results(cell.source, metrics))
    }
    assert found == {}, "写成 qt.say 的句子"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%GRR 是 27.86 %。", ["27.86"]),
        ("平均 563.0357 Å", ["563.0357"]),
        ("平均 563 Å", ["563"]),
        ("共 1,680 个", ["1,680"]),
        ("差 0.00123", ["0.00123"]),
        ("约 28 %", []),
        ("GB/T 563.1-2020", []),
        ("代码 `563` 与 [页](563.html)", []),
        ("另一个数 27.87", []),
    ],
)
def test_typed_results_are_found(text: str, found: list[str]) -> None:
    metrics = {"grr": 27.8612, "mean": 563.035714, "n": 1680, "d": -0.00123, "ok": True, "s": "563"}
    assert [written for written, _ in typed_results(text, metrics)] == found
