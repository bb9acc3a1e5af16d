"""The Sphinx side, on a small book of its own: outputs, search index, page assets."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from docutils import nodes
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from qtools import sphinx_ext, sphinx_search, theme
from qtools.sphinx_ext import HtmlBlock, MimeRenderer
from qtools.sphinx_search import BigramSearch, normalize_text, split_words

# --- words ---------------------------------------------------------------------------------------


def test_chinese_runs_become_pairs_and_other_words_stay() -> None:
    assert split_words("过程能力指数Cpk") == ["过程", "程能", "能力", "力指", "指数", "cpk"]
    assert split_words("看 X̄-S 与 R&R，27.86 %") == [
        "看", "xbar-s", "xbar", "s", "与", "r&r", "r", "r", "27.86", "27", "86",
    ]  # fmt: skip
    assert split_words("") == []


@given(st.text(alphabet="控制图过程Cpk-/ ，。１２ X̄σ²", max_size=30))
def test_width_and_case_do_not_matter(text: str) -> None:
    assert split_words(text) == split_words(text.upper()) == split_words(normalize_text(text))


@given(st.text("一二三四五六七八九十", min_size=2, max_size=8), st.text("甲乙丙", max_size=5))
def test_a_run_is_found_inside_a_longer_one(run: str, more: str) -> None:
    assert set(split_words(run)) <= set(split_words(more + run + more))


def test_plain_numbers_stay_out_of_the_index() -> None:
    language = BigramSearch({})
    kept = [word for word in ("27.86", "1", "", "i-mr", "控制", "c4") if language.word_filter(word)]
    assert kept == ["i-mr", "控制", "c4"]
    assert language.split("控制图") == ["控制", "制图"]


# --- outputs -------------------------------------------------------------------------------------


def handle(mime: str, content: Any, *, inline: bool = False) -> Any:
    return MimeRenderer.handle_mime(None, SimpleNamespace(mime_type=mime, content=content), inline)


def test_outputs_of_others_are_left_to_others() -> None:
    assert handle("text/html", "<p>别人的</p>") is None
    assert handle("image/png", "") is None
    assert handle(sphinx_ext.PLOTLY_MIME, {}, inline=True) is None


def test_private_outputs_leave_no_trace() -> None:
    assert handle("application/vnd.qtools.metrics+json", {"a": 1}) == []


def test_pandas_tables_get_a_box_that_scrolls() -> None:
    import pandas as pd

    (node,) = handle(
        "text/html", pd.DataFrame({"甲": [1, None], "乙": ["零件", "1.2e-05"]})._repr_html_()
    )
    html = node.astext()
    assert "qt-scroll" in html
    assert 'class="qt-table qt-frame"' in html
    assert "<style" not in html
    assert '<td class="qt-text">零件</td>' in html
    assert "<td>1.2e-05</td>" in html
    assert "<td>—</td>" in html
    assert "text_html" not in node["classes"]
    (ours,) = handle("text/html", '<section class="qt-result"></section>')
    assert ours.astext() == '<section class="qt-result"></section>'


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        ('qt.say("平均 {mean}")', True),
        ('# 练习\nqt.exercise("msa-01")\nqt.exercise("msa-02")', True),
        ("qt.record(result)", True),
        ("result = f()\nqt.record(result)", False),
        ("qt.hint('msa-01')", False),
        ("result", False),
        ("%matplotlib inline", False),
        ("# 只有注释", False),
    ],
)
def test_calls_that_only_speak_are_not_shown(source: str, hidden: bool) -> None:
    assert sphinx_ext._only_speaks(source) is hidden


# --- a small book --------------------------------------------------------------------------------

EXERCISE = {
    "id": "msa-01", "level": 1, "kind": "计算", "prompt": "求独一无二的 $x$。", "unit": "",
    "options": [], "answer": 2.0, "tolerance": 0.1, "mistakes": [], "hint": "想", "solution": "解",
}  # fmt: skip


def cell(source: str, *outputs: Any) -> Any:
    return v4.new_code_cell(source, outputs=list(outputs), execution_count=1)


def folded(source: str, tag: str) -> Any:
    found = cell(source)
    found.metadata["tags"] = [tag]
    return found


def chapter() -> Any:
    fig = theme.new_figure()
    fig.add_scatter(y=[1, 2, 3])
    theme.finish(fig, title="趋势", alt="三个点的折线")
    show = v4.new_output
    return v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}},
        cells=[
            v4.new_markdown_cell(
                "# 移动极差\n\n## 估计\n\n相邻两点之差。\n\n"
                "**重点。** 断行之处\n没有空格，`a， b` 与 GRR 不动。"
            ),
            folded("# 交叉核对：另一条路 <1>\nb = 1", "hide-cell"),
            folded("c = 1", "hide-input"),
            cell("qt.record(r)", show("display_data", data={}, metadata={"qtools": {"a": 1}})),
            cell("a = 1", show("display_data", data={}, metadata={"qtools": {"a": 1}})),
            cell("fig", show("execute_result", execution_count=1, data={
                sphinx_ext.PLOTLY_MIME: json.loads(fig.to_json()), "text/plain": "Figure()"})),
            cell('qt.exercise("msa-01")', show("display_data", data={
                sphinx_ext.EXERCISE_MIME: EXERCISE, "text/markdown": "题", "text/plain": "题"})),
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("book")
    (source / "index.md").write_text(
        "# 首页\n\n```{toctree}\nplain\nchapter\n```\n\n<b>粗</b>\n", encoding="utf-8"
    )
    (source / "plain.md").write_text("# 平常一页\n\n没有图，只有文字。\n", encoding="utf-8")
    nbformat.write(chapter(), source / "chapter.ipynb")
    build(source)
    return source


def build(source: Path) -> None:
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    with warnings.catch_warnings(), docutils_namespace():
        warnings.simplefilter("ignore")
        app = Sphinx(
            source, None, source / "out", source / "tree", "html", status=None, warning=None,
            warningiserror=True,
            confoverrides={
                "extensions": ["myst_nb", "sphinx_thebe", "qtools.sphinx_ext"],
                "html_theme": "sphinx_book_theme", "language": "zh_CN",
                "nb_execution_mode": "off", "myst_enable_extensions": ["dollarmath"],
                "exclude_patterns": ["out", "tree", "jupyter_execute"], "thebe_config": {},
            },
        )  # fmt: skip
        app.build()
        assert app.statuscode == 0


def page(book: Path, name: str) -> str:
    return (book / "out" / f"{name}.html").read_text(encoding="utf-8")


def texts(book: Path) -> dict[str, Any]:
    body = (book / "out/_static/searchtext.js").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(body.removeprefix("window.QT_TEXTS = ").rstrip(";\n"))
    return found


def test_a_chapter_shows_figure_and_form_but_no_record(book: Path) -> None:
    html = page(book, "chapter")
    assert 'class="qt-figure" role="img" aria-label="三个点的折线"' in html
    assert 'id="exercise-msa-01"' in html
    assert "record" not in html
    assert html.count("cell_output") == 2


def test_prose_has_no_blanks_that_chinese_does_not_have(book: Path) -> None:
    html = page(book, "chapter")
    assert "<strong>重点。</strong>断行之处没有空格，" in html
    assert "</code> 与 GRR 不动。" in html
    assert "a， b" in html.replace('</span> <span class="pre">', " ")


def test_folded_cells_say_what_they_hold(book: Path) -> None:
    html = page(book, "chapter")
    assert "<summary>交叉核对：另一条路 &lt;1&gt;</summary>" in html
    assert "<summary>代码</summary>" in html
    assert "Toggle" not in html


def test_pages_load_what_they_need_from_the_book_itself(book: Path) -> None:
    chapter, plain = page(book, "chapter"), page(book, "plain")
    for name in ("plotly.min.js", "figures.js", "exercise.js", "tex-svg-full.js"):
        assert name in chapter
        assert name not in plain
        assert name not in page(book, "index")
        assert (book / "out/_static" / name).is_file()
    assert "thebe" not in (chapter + plain).lower()
    assert '"enableMenu": false' in chapter


def test_the_search_page_has_words_and_places(book: Path) -> None:
    html = page(book, "search")
    assert "searchtext.js" in html
    assert "searchindex.js" not in page(book, "plain")
    sections = texts(book)["chapter"]
    assert [section[1] for section in sections] == ["移动极差", "估计"]
    assert sections[0][0] == ""
    assert f'id="{sections[1][0]}"' in page(book, "chapter")
    assert "三个点的折线" in sections[1][2]
    assert "独一无二" in sections[1][2]
    assert "断行之处没有空格" in sections[1][2]
    assert sections[1][2].endswith("a = 1 fig")  # code behind prose
    assert "normalizeText" in (book / "out/_static/language_data.js").read_text("utf-8")
    stored = (book / "out/searchindex.js").read_text("utf-8")
    index = json.loads(stored.removeprefix("Search.setIndex(").removesuffix(")"))
    assert {"移动", "动极", "极差"} <= set(index["titleterms"])
    assert {"相邻", "点之"} <= set(index["terms"])
    assert "移动极差" not in index["titleterms"]


def test_the_theme_speaks_chinese(book: Path) -> None:
    html = page(book, "chapter")
    assert 'title="打开或收起目录"' in html
    assert 'aria-label="全书目录"' in html
    assert 'aria-label="Main"' not in html
    for english in ("Color mode", "System Settings", "Toggle primary", "Click to show"):
        assert english not in html


def test_a_second_build_remembers_the_pages_it_does_not_write(book: Path) -> None:
    (book / "plain.md").write_text("# 平常一页\n\n改成了别的字。\n", encoding="utf-8")
    build(book)
    assert texts(book)["plain"][0][2] == "改成了别的字。"
    assert [section[1] for section in texts(book)["chapter"]] == ["移动极差", "估计"]


def test_a_failed_build_and_other_builders_write_no_texts(tmp_path: Path) -> None:
    app = SimpleNamespace(builder=SimpleNamespace(format="latex"), outdir=tmp_path)
    sphinx_search._remember_text(app, nodes.document(None, None), "a")  # type: ignore[arg-type]
    sphinx_search._write_texts(app, None)  # type: ignore[arg-type]
    sphinx_search._write_texts(app, ValueError())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_other_builders_skip_blocks() -> None:
    with pytest.raises(nodes.SkipNode):
        sphinx_ext._visit_text_only(None, HtmlBlock())
