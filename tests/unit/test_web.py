"""Figures and exercises as HTML: what a reader without JavaScript sees, and what is escaped."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from qtools import QualityDataError, theme, web
from qtools.figure_table import data_table, decode_array


def parse(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def rows_of(html: str) -> list[list[str]]:
    return [
        [cell.get_text() for cell in row.select("td")]
        for row in parse(html).select("noscript tr")
        if row.select("td")
    ]


def top_and_legend(fig: Any) -> tuple[float, float]:
    """Top margin, and how far above the plot the legend starts, in pixels."""
    layout = fig.layout
    plot = layout.height - layout.margin.t - layout.margin.b
    return layout.margin.t, (layout.legend.y - 1) * plot


def test_the_legend_stands_between_the_title_and_what_is_written_over_the_plot() -> None:
    bare = theme.new_figure()
    bare.add_scatter(y=[1, 2], showlegend=False)
    low, _ = top_and_legend(theme.finish(bare, title="题", alt="图的说明文字"))
    fig = theme.new_figure()
    fig.add_scatter(y=[1, 2], name="甲")
    fig.add_scatter(y=[2, 1], name="乙")
    with_legend, start = top_and_legend(theme.finish(fig, title="题", alt="图的说明文字"))
    assert low < with_legend
    assert start == 0
    words = {"x": 1, "y": 1, "yref": "y domain", "yanchor": "bottom", "showarrow": False}
    fig.add_annotation(text="LSL<br>460", **words)
    highest, start = top_and_legend(theme.finish(fig, title="题", alt="图的说明文字"))
    assert start == pytest.approx(highest - with_legend)
    assert start >= 2 * 12 * 1.3  # two lines of 12 px


def test_titles_of_panels_stand_left_as_the_figures_does() -> None:
    fig = theme.new_figure(rows=1, cols=2, subplot_titles=("左图", "右图"))
    fig.add_scatter(y=[1, 2], row=1, col=1, showlegend=False)
    theme.finish(fig, title="题", alt="图的说明文字")
    assert [note.x for note in fig.layout.annotations] == [0, fig.layout.xaxis2.domain[0]]
    assert {note.xanchor for note in fig.layout.annotations} == {"left"}


@given(st.lists(st.text("中文，。（） \nab1", max_size=6) | st.none(), max_size=5))
def test_tightening_takes_blanks_only_and_once(parts: list[str | None]) -> None:
    done = web.tighten(parts)
    for before, after in zip(parts, done, strict=True):
        assert "".join((before or "").split()) == "".join(after.split())
    again = [None if part is None else text for part, text in zip(parts, done, strict=True)]
    assert web.tighten(again) == done


# --- files ---------------------------------------------------------------------------------------


def test_the_files_pages_need_are_there() -> None:
    names = {"figures.js", "exercise.js", "search.js", "splitter.js", "handbook.css"}
    assert names <= {path.name for path in web.static_dir().iterdir()}
    assert web.plotly_js().stat().st_size > 1_000_000
    assert web.mathjax_js().name == "tex-svg-full.js"


def test_a_missing_package_is_named_in_chinese() -> None:
    with pytest.raises(QualityDataError, match="找不到 qtools 包里的文件 nothing"):
        web._file_of("qtools", "nothing.js")


def test_our_scripts_and_styles_name_no_other_host() -> None:
    for path in web.static_dir().glob("*.*"):
        assert re.findall(r"(?:https?:)?//[a-z]", path.read_text("utf-8")) == [], path.name


# --- figures -------------------------------------------------------------------------------------


def figure(**layout: Any) -> dict[str, Any]:
    fig = theme.new_figure()
    fig.add_scatter(x=np.arange(3), y=np.array([560.5, 561.25, np.nan]), name="膜厚 <b>Å</b>")
    fig.update_xaxes(title="炉次")
    fig = theme.finish(fig, title="单值图", alt='三个点，"其中"一个缺失')
    fig.update_layout(**layout)
    out: dict[str, Any] = json.loads(fig.to_json())
    return out


def test_a_figure_has_its_text_its_json_and_its_numbers() -> None:
    html = web.figure_html(figure())
    soup = parse(html)
    box = soup.select_one("div.qt-figure-box > div.qt-figure")
    assert box is not None
    assert box["role"] == "img"
    assert box["aria-label"] == '三个点，"其中"一个缺失'
    stored = json.loads(box.select_one("script").text)
    assert stored["data"] == figure()["data"]
    assert stored["layout"]["title"]["text"] == "单值图"
    assert "template" not in stored["layout"]
    assert rows_of(html) == [["0", "560.50"], ["1", "561.25"], ["2", "—"]]
    heads = [tag.get_text() for tag in soup.select("noscript th")]
    assert heads == ["膜厚 Å", "炉次", "纵轴"]


def test_a_long_series_is_cut_and_says_so() -> None:
    html = web.figure_html({"data": [{"y": list(range(200))}], "layout": {"title": "长"}})
    assert len(rows_of(html)) == 30
    assert "共 200 行，只列前 30 行" in html
    assert 'aria-label="长"' in html


@pytest.mark.parametrize("kind", ["i1", "u2", "i4", "f4", "f8"])
def test_binary_arrays_are_read_as_plotly_writes_them(kind: str) -> None:
    values = np.array([0, 1, 2, 100], dtype=f"<{kind}")
    stored = {"dtype": kind, "bdata": base64.b64encode(values.tobytes()).decode()}
    assert decode_array(stored) == [0, 1, 2, 100]
    assert decode_array({**stored, "shape": "2, 2"}) == [[0, 1], [2, 100]]


def test_a_grid_becomes_long() -> None:
    trace = {"type": "heatmap", "x": ["甲", "乙"], "z": [[1, 2], [3, 4]]}
    html = web.figure_html({"data": [trace], "layout": {}})
    assert rows_of(html) == [
        ["甲", "1", "1"], ["乙", "1", "2"], ["甲", "2", "3"], ["乙", "2", "4"],
    ]  # fmt: skip


def test_a_triangle_lists_its_shares_and_its_values() -> None:
    layout = {
        "ternary": {
            f"{k}axis": {"title": {"text": n}} for k, n in zip("abc", "甲乙丙", strict=True)
        }
    }
    grid = {"type": "scatterternary", "a": [0.5, 0.2], "b": [0.3, 0.3], "c": [0.2, 0.5]}
    coloured = grid | {"marker": {"color": [9.5, 12.5], "colorbar": {"title": {"text": "伸长"}}}}
    plain = data_table([grid | {"marker": {"color": "#000000"}}], layout, "题")
    assert "<th scope=col>甲</th><th scope=col>乙</th><th scope=col>丙</th></tr>" in plain
    assert "<tr><td>0.5</td><td>0.3</td><td>0.2</td></tr>" in plain
    full = data_table([coloured], layout, "题")
    assert "<th scope=col>伸长</th>" in full
    assert "<td>12.5</td></tr>" in full


def test_second_panels_take_their_own_axis_titles() -> None:
    layout = {"xaxis2": {"title": {"text": "子组<br>序号"}}, "yaxis2": {"title": "极差"}}
    trace = {"x": [1], "y": [2], "xaxis": "x2", "yaxis": "y2"}
    html = web.figure_html({"data": [trace], "layout": layout})
    assert "子组 序号" in html
    assert "极差" in html


def test_a_figure_without_numbers_has_no_table() -> None:
    html = web.figure_html({"data": [{"type": "indicator"}], "layout": {}})
    assert "<table" not in html
    assert 'aria-label="图"' in html


def test_nothing_in_a_figure_breaks_out_of_its_script() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    soup = parse(web.figure_html({"data": [{"y": [1], "name": evil}], "layout": {"title": evil}}))
    assert soup.select("img") == []
    assert len(soup.select("script")) == 1


# --- exercises -----------------------------------------------------------------------------------


def payload(**changes: Any) -> dict[str, Any]:
    plain = {
        "id": "msa-01",
        "level": 1,
        "kind": "计算",
        "prompt": "求 $\\sigma$，保留**两位**小数。",
        "unit": "%",
        "options": None,
        "answer": 27.8576,
        "tolerance": 0.005,
        "mistakes": [{"answer": 7.76, "hint": "先开方 $\\sqrt{V}$。"}],
        "hint": "看方差表。",
        "solution": "$$\\frac{a}{b}$$\n\n所以如此。",
    }
    return {**plain, **changes}


def test_an_exercise_is_a_labelled_form() -> None:
    soup = parse(web.exercise_html(payload()))
    field = soup.select_one("input[type=text]")
    assert field is not None
    assert soup.select_one(f"label[for={field['id']}]") is not None
    for identity in str(field["aria-describedby"]).split():
        assert soup.select_one(f"#{identity}") is not None
    assert soup.select_one("[role=status][aria-live=polite]") is not None
    assert [button.get_text() for button in soup.select("button")] == ["检查", "提示"]
    assert soup.select_one(".qt-unit").get_text() == "%"
    assert soup.select_one(".qt-exercise-prompt strong").get_text() == "两位"
    assert soup.select_one("details .qt-answer").get_text() == "答案：27.8576%"
    assert "看方差表" in soup.select_one("noscript").get_text()
    data = json.loads(soup.select_one("script").text)
    assert (data["answer"], data["tolerance"]) == (27.8576, 0.005)
    assert data["mistakes"][0]["hint"].startswith('先开方 <span class="math')
    assert web.has_math(web.exercise_html(payload()))


def test_options_become_radio_buttons_in_a_group() -> None:
    soup = parse(
        web.exercise_html(payload(options=["甲", "**乙**"], answer=2, unit="", mistakes=[]))
    )
    assert soup.select_one("fieldset > legend") is not None
    assert [button["value"] for button in soup.select("input[type=radio]")] == ["1", "2"]
    assert {button["name"] for button in soup.select("input[type=radio]")} == {"answer"}
    for button in soup.select("input[type=radio]"):
        assert soup.select_one(f"label[for={button['id']}]") is not None
    assert soup.select_one(".qt-answer").get_text() == "答案：第 2 项：乙"


def test_an_exercise_without_hint_or_kind_leaves_no_empty_parts() -> None:
    soup = parse(web.exercise_html(payload(hint="", kind="", level=7, unit=None, mistakes=None)))
    assert [button.get_text() for button in soup.select("button")] == ["检查"]
    assert soup.select(".qt-hint, .qt-unit") == []
    assert [tag.get_text() for tag in soup.select(".qt-tag")] == ["7 级"]


@pytest.mark.parametrize(
    ("answer", "tolerance", "shown"),
    [(4.0, 0.5, "4"), (1.31313, 0.005, "1.3131"), (0.974, 0.0005, "0.97400"), (1.25, 0, "1.25")],
)
def test_the_answer_is_shown_a_digit_finer_than_its_tolerance(
    answer: float, tolerance: float, shown: str
) -> None:
    html = web.exercise_html(payload(answer=answer, tolerance=tolerance, unit="Å"))
    assert parse(html).select_one(".qt-answer").get_text() == f"答案：{shown} Å"


def test_html_in_an_exercise_is_shown_not_obeyed() -> None:
    evil = "<script>alert(1)</script> <img src=x> `<b>`"
    html = web.exercise_html(
        payload(prompt=evil, hint=evil, solution=evil, unit=evil, kind=evil,
                mistakes=[{"answer": 1, "hint": evil}])
    )  # fmt: skip
    soup = parse(html)
    assert soup.select("img, b") == []
    assert len(soup.select("script")) == 1
    options = web.exercise_html(payload(options=[evil], answer=1))
    assert parse(options).select("img, b") == []


def test_prompts_may_hold_tables_and_lists() -> None:
    html = web.markdown_html("- 甲\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert parse(html).select_one("li") is not None
    assert parse(html).select_one("table td").get_text() == "1"
    assert not web.has_math(html)
