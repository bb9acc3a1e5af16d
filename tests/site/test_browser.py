"""The pages as people see them: from file:, without a network, light, dark, small and printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from .conftest import Visit

Pages = dict[str, BeautifulSoup]
Visits = dict[str, Visit]


def test_no_page_complains(visits: Visits) -> None:
    assert {name: visit.errors for name, visit in visits.items() if visit.errors} == {}


def test_no_page_asks_another_host(visits: Visits) -> None:
    asked = {
        url
        for visit in visits.values()
        for url in visit.requests
        if not url.startswith(("file:", "data:", "blob:"))
    }
    assert asked == set()


@pytest.mark.parametrize("mode", ["desktop", "dark", "phone", "print"])
def test_no_page_is_wider_than_the_screen(visits: Visits, mode: str) -> None:
    wide = {name: visit.overflow[mode] for name, visit in visits.items()}
    assert {name: pixels for name, pixels in wide.items() if pixels > 0} == {}


def test_every_figure_is_drawn_and_follows_the_page(visits: Visits, pages: Pages) -> None:
    total = 0
    for name, visit in visits.items():
        expected = len(pages[name].select(".qt-figure"))
        for mode, figures in visit.figures.items():
            assert len(figures) == expected, (name, mode)
            for place, figure in enumerate(figures):
                where = (name, mode, place, figure)
                assert figure["drawn"], where
                assert figure["ground"] in ("rgba(0, 0, 0, 0)", "transparent"), where
                assert figure["inside"], where
        if expected:
            for light, dark in zip(visit.figures["desktop"], visit.figures["dark"], strict=True):
                assert _brightness(light["ink"]) < 100 < 180 < _brightness(dark["ink"]), name
            total += expected
    assert total >= 4


def _brightness(colour: str) -> float:
    numbers = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(numbers) / 3


def test_paper_gets_light_figures_that_fit(tab: Any, site_html: Path, pages: Pages) -> None:
    name = next(name for name, soup in pages.items() if soup.select_one(".qt-figure"))
    tab.emulate_media(color_scheme="dark")
    tab.goto((site_html / name).as_uri())
    tab.wait_for_selector(".qt-figure svg.main-svg")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    ink, width = tab.evaluate("""() => {
        const svg = document.querySelector('.qt-figure svg.main-svg');
        const text = document.querySelector('.qt-figure .gtitle');
        return [getComputedStyle(text).fill, svg.getBoundingClientRect().width]}""")
    assert _brightness(ink) < 100
    assert width <= 660
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert _brightness(tab.evaluate(
        "getComputedStyle(document.querySelector('.qt-figure .gtitle')).fill"
    )) > 180  # fmt: skip


def test_a_reader_switches_to_dark(tab: Any, site_html: Path, pages: Pages) -> None:
    name = next(name for name, soup in pages.items() if soup.select_one(".qt-figure"))
    tab.goto((site_html / name).as_uri())
    tab.wait_for_selector(".qt-figure svg.main-svg")
    ink = "getComputedStyle(document.querySelector('.qt-figure .gtitle')).fill"
    before = _brightness(tab.evaluate(ink))
    button = tab.locator(".theme-switch-button").first
    for _ in range(3):
        button.click()
        if tab.evaluate("document.documentElement.dataset.theme") == "dark":
            break
    assert before < 100 < 180 < _brightness(tab.evaluate(ink))


def test_the_data_of_a_figure_opens_as_a_table(tab: Any, site_html: Path, pages: Pages) -> None:
    name = next(name for name, soup in pages.items() if soup.select_one(".qt-figure"))
    tab.goto((site_html / name).as_uri())
    summary = tab.locator(".qt-figure-box summary").first
    summary.focus()
    tab.keyboard.press("Enter")
    table = tab.locator(".qt-figure-box details table").first
    table.wait_for()
    assert table.locator("td").count() >= 2


def test_without_javascript_data_and_solutions_stand_on_the_page(
    browser: Any, site_html: Path, pages: Pages
) -> None:
    name = next(
        name
        for name, soup in pages.items()
        if soup.select_one(".qt-figure") and soup.select_one(".qt-exercise")
    )
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site_html / name).as_uri())
    assert page.locator("noscript table").first.is_visible()
    assert page.locator(".qt-exercise noscript").first.is_visible()
    page.locator(".qt-solution summary").first.click()
    assert page.locator(".qt-answer").first.is_visible()
    context.close()


# --- search --------------------------------------------------------------------------------------

TERMS = ["控制图", "过程能力指数", "测量系统分析", "方差分量", "移动极差"]
TERMS += ["置信区间", "量具", "Cpk", "ndc", "炉次"]


def _search(tab: Any, site_html: Path, query: str) -> list[str]:
    from urllib.parse import quote

    tab.goto((site_html / "search.html").as_uri() + "?q=" + quote(query))
    tab.wait_for_function("document.querySelector('#qt-search-status').textContent")
    links = tab.locator(".qt-search-title a")
    return [links.nth(i).get_attribute("href") or "" for i in range(links.count())]


@pytest.mark.parametrize("term", TERMS)
def test_search_finds(tab: Any, site_html: Path, pages: Pages, term: str) -> None:
    errors: list[str] = []
    tab.on("console", lambda message: message.type == "error" and errors.append(message.text))
    found = _search(tab, site_html, term)
    assert found
    assert tab.locator("#qt-search-results mark").first.text_content().lower() == term.lower()
    for link in found:
        text = pages[link.split("#")[0].removeprefix("./")].get_text("")
        assert term.lower() in "".join(text.lower().split()), link
    assert errors == []


def test_search_wants_every_word_whole(tab: Any, site_html: Path, pages: Pages) -> None:
    rare = _search(tab, site_html, "移动极差")
    assert 0 < len(rare) < len(pages) - 2
    both = _search(tab, site_html, "移动极差 置信区间")
    assert set(both) <= set(rare)
    assert _search(tab, site_html, "图制控") == []
    assert "没有找到" in (tab.locator("#qt-search-status").text_content() or "")


def test_search_reads_bars_widths_and_cases_alike(tab: Any, site_html: Path) -> None:
    assert _search(tab, site_html, "X̄-S") == _search(tab, site_html, "xbar-s")
    assert _search(tab, site_html, "ＣＰＫ") == _search(tab, site_html, "cpk") != []


def test_a_single_character_gets_advice(tab: Any, site_html: Path) -> None:
    assert _search(tab, site_html, "图") == []
    assert "请输入至少两个字" in (tab.locator("#qt-search-status").text_content() or "")


def test_search_from_any_page_by_keyboard(tab: Any, site_html: Path, pages: Pages) -> None:
    name = next(name for name in pages if name.startswith("notebooks/"))
    tab.goto((site_html / name).as_uri())
    tab.keyboard.press("Control+k")
    tab.keyboard.type("控制图")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".qt-search-title a")
    tab.locator(".qt-search-part a, .qt-search-title a").first.click()
    tab.wait_for_selector("article h1")


# --- exercises -----------------------------------------------------------------------------------


def _exercises(pages: Pages) -> list[tuple[str, str, dict[str, Any]]]:
    import json

    return [
        (name, str(section["id"]), json.loads(script.text))
        for name, soup in pages.items()
        for section in soup.select("section.qt-exercise")
        if (script := section.select_one("script[type='application/json']")) is not None
    ]


class Form:
    """One exercise in the browser."""

    def __init__(self, tab: Any, address: str, identity: str) -> None:
        tab.goto(address)
        self.section = tab.locator(f"#{identity}")
        self.input = self.section.locator("input[type=text]")
        self.status = self.section.locator("[role=status]")
        self.section.locator("xpath=.").wait_for()
        tab.wait_for_selector(".qt-progress")

    def answer(self, text: str) -> str:
        self.input.fill(text)
        self.section.locator("button[type=submit]").click()
        return str(self.status.text_content())


def test_answers_in_every_way_people_type_them(tab: Any, site_html: Path, pages: Pages) -> None:
    name, identity, data = next(one for one in _exercises(pages) if one[2]["unit"] == "%")
    form = Form(tab, (site_html / name).as_uri(), identity)
    shown = f"{data['answer']:.2f}"
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in f"{shown}%")
    assert form.answer("").startswith("未作答")
    assert form.answer("2786").startswith("不对")
    assert form.answer("不知道").startswith("不对")
    for typed in (
        shown,
        wide,
        shown.replace(".", ","),
        f" {shown} % ",
        "+" + shown.replace(".", "。"),
    ):
        assert form.answer(typed).startswith("正确"), typed
    assert "答对 1 题" in tab.locator(".qt-progress").text_content()
    tab.reload()
    tab.wait_for_selector(".qt-progress")
    assert "答对 1 题" in tab.locator(".qt-progress").text_content()


def test_each_known_mistake_gets_its_own_hint(tab: Any, site_html: Path, pages: Pages) -> None:
    seen = 0
    for name, identity, data in _exercises(pages):
        form = None
        for mistake in data["mistakes"]:
            form = form or Form(tab, (site_html / name).as_uri(), identity)
            if form.input.count() == 0:
                form.section.locator(f"input[value='{mistake['answer']:.0f}']").check()
                form.section.locator("button[type=submit]").click()
                said = str(form.status.text_content())
            else:
                said = form.answer(repr(mistake["answer"]))
            hint = BeautifulSoup(mistake["hint"], "html.parser")
            for formula in hint.select(".math"):
                formula.decompose()
            assert said.startswith("不对"), (identity, said)
            first = hint.get_text()[:6]
            assert first in said, (identity, said)
            seen += 1
        if seen >= 12:
            break
    assert seen >= 3


def test_the_keyboard_reaches_hint_and_solution(tab: Any, site_html: Path, pages: Pages) -> None:
    name, identity, _ = next(one for one in _exercises(pages) if one[2]["mistakes"])
    form = Form(tab, (site_html / name).as_uri(), identity)
    button = form.section.locator("[data-do=hint]")
    button.focus()
    tab.keyboard.press("Enter")
    assert form.section.locator(".qt-hint").is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    form.section.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert form.section.locator(".qt-answer").is_visible()


# --- twins in Python and JavaScript --------------------------------------------------------------


def test_words_are_split_alike_on_both_sides(tab: Any, site_html: Path) -> None:
    from qtools.sphinx_search import normalize_text, split_words

    samples = [
        "控制图与 I-MR 图，X̄-S、R̄/d₂、ŝ",
        "ＣＰＫ≥1.33（％） Cp/Cpk；R&R",
        "σ²=σ_GRR²+σ_P²",
        "a", "图", "ΑΣ ΣΑ", "𠮷野家", "１２．５％", "é_x-9.5./y", "—…\n\tÅ膜厚", "α·β naïve ﬁne ①②",
        *(chr(code) * 2 for code in range(0x21, 0x2FF)),
    ]  # fmt: skip
    tab.goto((site_html / "search.html").as_uri())
    assert tab.evaluate("all => all.map(normalizeText)", samples) == [
        normalize_text(sample) for sample in samples
    ]
    assert tab.evaluate("all => all.map(splitQuery)", samples) == [
        split_words(sample) for sample in samples
    ]


def test_numbers_are_read_alike_in_the_notebook_and_on_the_page(
    tab: Any, site_html: Path, pages: Pages
) -> None:
    from qtools.notebook.answers import parse

    name = _exercises(pages)[0][0]
    tab.goto((site_html / name).as_uri())
    tab.wait_for_selector(".qt-progress")
    typed = [
        "27.86",
        "２７．８６％",
        "27,86",
        "−1,5",
        "1,234.5",
        "1,234,567",
        "1e-3",
        ".5",
        "27.86 %",
    ]
    for text in typed:
        readings = tab.evaluate("t => qtReadNumber(t, '%')", text)
        assert parse(text, "%") in readings, text
    for text in ("", "abc", "1 / 3", "--2", "0x1f"):
        assert tab.evaluate("t => qtReadNumber(t, '%')", text) == [], text
