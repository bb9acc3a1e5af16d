"""The pages as files: links, hosts, sizes, headings, labels."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

Pages = dict[str, BeautifulSoup]


def test_the_chapters_are_there(pages: Pages, site_html: Path) -> None:
    from qtools import workbook

    assert {"index.html", "search.html", "glossary.html", "numbers.html"} <= set(pages)
    assert {f"notebooks/{chapter.name}.html" for chapter in workbook.chapters()} <= set(pages)


def test_every_link_anchor_and_image_resolves(pages: Pages, site_html: Path) -> None:
    ids = {name: {tag["id"] for tag in soup.select("[id]")} for name, soup in pages.items()}
    broken = []
    for name, soup in pages.items():
        for tag in soup.select("a[href], link[href], img[src], script[src]"):
            address = str(tag.get("href") or tag.get("src"))
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (site_html / name).parent / unquote(parts.path) if parts.path else None
            if target is not None and not target.is_file():
                broken.append(f"{name}: {address}")
                continue
            page = name if target is None else target.resolve().relative_to(site_html.resolve())
            known = ids.get(str(page) if isinstance(page, str) else page.as_posix())
            if parts.fragment and known is not None and unquote(parts.fragment) not in known:
                broken.append(f"{name}: {address}")
    assert broken == []


def test_no_page_names_a_file_of_another_host(pages: Pages, site_html: Path) -> None:
    foreign = []
    for name, soup in pages.items():
        tags = [
            tag
            for tag in soup.select("[src], link[href], [srcset], [data], form[action]")
            if not (tag.name == "link" and "canonical" in (tag.get("rel") or []))
        ]
        foreign += [
            f"{name}: <{tag.name} {key}={tag[key]}>"
            for tag in tags
            for key in ("src", "href", "srcset", "data", "action")
            if re.match(r"\s*(https?:)?//", str(tag.get(key, "")), re.IGNORECASE)
        ]
        foreign += [
            f"{name}: inline script {script.text[:80]}"
            for script in soup.select("script:not([src]):not([type])")
            if "http" in script.text
        ]
    for sheet in site_html.rglob("*.css"):
        found = re.findall(
            r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^)'\"\s]+)", sheet.read_text("utf-8")
        )
        foreign += [f"{sheet.name}: {address}" for address in found]
    assert foreign == []


def test_pages_stay_small(pages: Pages, site_html: Path) -> None:
    sizes = {name: (site_html / name).stat().st_size for name in pages}
    assert {name: size for name, size in sizes.items() if size >= 300_000} == {}


def test_scripts_come_only_where_they_are_needed(pages: Pages) -> None:
    for name, soup in pages.items():
        scripts = " ".join(str(tag["src"]) for tag in soup.select("script[src]"))
        needs = {
            "plotly.min.js": soup.select_one(".qt-figure"),
            "exercise.js": soup.select_one(".qt-exercise"),
            "tex-svg-full.js": soup.select_one(".math"),
            "searchindex.js": soup.select_one("#qt-search-results"),
        }
        for script, need in needs.items():
            assert (script in scripts) == (need is not None), (name, script)
        assert "thebe" not in scripts, name


def test_pages_speak_chinese_and_their_headings_are_in_order(pages: Pages) -> None:
    for name, soup in pages.items():
        assert soup.html is not None
        assert soup.html.get("lang") == "zh-CN", name
        levels = [int(tag.name[1]) for tag in soup.select("main :is(h1, h2, h3, h4, h5, h6)")]
        assert levels.count(1) == 1, (name, levels)
        assert levels[0] == 1, (name, levels)
        jumps = [(a, b) for a, b in pairwise(levels) if b > a + 1]
        assert jumps == [], (name, levels)


def test_every_field_has_a_label_and_every_picture_its_text(pages: Pages) -> None:
    nameless = []
    for name, soup in pages.items():
        labelled = {label.get("for") for label in soup.select("label[for]")}
        nameless += [
            f"{name}: {field}"
            for field in soup.select("input:not([type=hidden]), select, textarea")
            if not field.get("aria-label") and field.get("id") not in labelled
        ]
        nameless += [f"{name}: {image}" for image in soup.select("img:not([alt])")]
        nameless += [
            f"{name}: figure without text"
            for figure in soup.select(".qt-figure")
            if len(str(figure.get("aria-label", ""))) < 8
        ]
        for figure in soup.select(".qt-figure-box"):
            assert figure.select_one("noscript table"), f"{name}: figure without data"
    assert nameless == []


def test_nothing_of_the_machinery_shows(pages: Pages) -> None:
    for name, soup in pages.items():
        article = soup.select_one("article")
        words = article.get_text(" ") if article else ""
        assert "injected-parameters" not in str(article), name
        for trace in ("papermill", "Traceback", "qt.record(", "qt.exercise("):
            if name.startswith("notebooks/") and trace in words:
                boxes = article.select(".cell_input, .cell_output") if article else []
                only_speaks = [
                    b for b in boxes
                    if trace in b.get_text() and all(
                        line.startswith(("qt.record(", "qt.exercise(", "qt.say("))
                        for line in b.get_text().strip().splitlines()
                    )
                ]  # fmt: skip
                assert only_speaks == [], (name, trace)
