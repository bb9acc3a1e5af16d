"""The built site, parsed once and visited once in a real browser without any network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

_NO_BROWSER = "没有找到 Chromium：浏览器测试没有跑（apt-get install chromium fonts-noto-cjk）"
_skipped: list[str] = []

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

FIGURES = """() => [...document.querySelectorAll('.qt-figure')].map(box => {
    const svg = box.querySelector('svg.main-svg');
    const text = box.querySelector('.gtitle');
    return {
        drawn: !!svg && !!box.querySelector(
            '.plot path, .trace, .layer-above path, .heatmaplayer image[*|href^="data:image/png"]'
        ),
        ground: svg ? svg.style.background : 'none drawn',
        ink: text ? getComputedStyle(text).fill : 'no text',
        inside: !svg || svg.getBoundingClientRect().right <= box.getBoundingClientRect().right + 1,
    }})"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Visit:
    """What a browser saw of one page."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    overflow: dict[str, int] = field(default_factory=dict)
    figures: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def pages(site_html: Path) -> dict[str, BeautifulSoup]:
    """Every page of the site, parsed, by its path."""
    return {
        path.relative_to(site_html).as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(site_html.rglob("*.html"))
        if "_static" not in path.parts
    }


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests of the session."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        if os.environ.get("QTOOLS_REQUIRE_BROWSER") == "1":
            pytest.fail(_NO_BROWSER)
        _skipped.append(_NO_BROWSER)
        pytest.skip(_NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Nobody overlooks that the site was not looked at."""
    for line in dict.fromkeys(_skipped):
        terminalreporter.section("网站没有在浏览器里检查过", red=True, bold=True)
        terminalreporter.write_line(line, red=True)


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A fresh page with a memory of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def visits(browser: Any, site_html: Path, pages: dict[str, BeautifulSoup]) -> dict[str, Visit]:
    """Every page from ``file:``, at four widths and media."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme="light", locale="zh-CN"
    )
    seen = {name: _visit(context, site_html / name, soup) for name, soup in pages.items()}
    context.close()
    return seen


def _visit(context: Any, path: Path, soup: BeautifulSoup) -> Visit:
    visit = Visit()
    page = context.new_page()
    page.on("console", lambda m: m.type == "error" and visit.errors.append(m.text))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("request", lambda request: visit.requests.append(request.url))
    page.goto(path.as_uri())
    has_figures = soup.select_one(".qt-figure") is not None
    if has_figures:
        page.wait_for_function(
            "[...document.querySelectorAll('.qt-figure')].every(f => f.querySelector('svg'))",
            timeout=20_000,
        )
    if soup.select_one(".math"):
        page.wait_for_function("document.querySelector('mjx-container')", timeout=20_000)
    settings = {
        "desktop": (1280, {"color_scheme": "light"}),
        "dark": (1280, {"color_scheme": "dark"}),
        "phone": (360, {"color_scheme": "light"}),
        "print": (680, {"media": "print", "color_scheme": "light"}),
    }
    for name, (width, media) in settings.items():
        page.emulate_media(**media)
        if page.viewport_size["width"] != width:
            page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))")
        visit.overflow[name] = page.evaluate(OVERFLOW)
        if has_figures:
            visit.figures[name] = page.evaluate(FIGURES)
    page.close()
    return visit
