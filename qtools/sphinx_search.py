"""中文检索 Search that finds Chinese: an index of character pairs, and the text to quote from.

Sphinx writes the index (``searchindex.js``) with the words of :func:`split_words`; beside it goes
``searchtext.js``, the sections of every page, where ``static/search.js`` checks and quotes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.search import SearchLanguage

from qtools import web

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUN = re.compile(
    f"[{_CHINESE}]+|(?:(?![{_CHINESE}])\\w)+(?:[-./&](?:(?![{_CHINESE}])\\w)+)*",
)
_IS_CHINESE = re.compile(f"[{_CHINESE}]")


def normalize_text(text: str) -> str:
    """Fold width, case and accents alike in the index and in the query (规范化).

    A bar over a letter becomes a word, so that X̄-S and Xbar-S are the same.

    Examples
    --------
    >>> normalize_text("Ｃｐｋ，X̄-S，d₂")
    'cpk,xbar-s,d2'
    """
    text = unicodedata.normalize("NFKD", text)
    text = re.sub("([A-Za-z])\u0304", r"\1bar", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFKC", text).lower().replace("ς", "σ")  # Σ at a word's end


def split_words(text: str) -> list[str]:
    """Split a text into the words of the search index (切词).

    A run of Chinese becomes its character pairs; other words stay whole, and those joined by a
    hyphen, stop, slash or ampersand also count in parts. ``static/splitter.js`` is the twin.

    Examples
    --------
    >>> split_words("控制图与 I-MR")
    ['控制', '制图', '图与', 'i-mr', 'i', 'mr']
    """
    words: list[str] = []
    for run in _RUN.findall(normalize_text(text)):
        if _IS_CHINESE.match(run):
            pairs = [run[i : i + 2] for i in range(len(run) - 1)]
            words += pairs or [run]
        else:
            words.append(run)
            parts = re.split(r"[-./&]", run)
            words += parts if len(parts) > 1 else []
    return words


class BigramSearch(SearchLanguage):
    """Chinese search by character pairs (中文检索), in place of Sphinx's word segmentation."""

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = (web.static_dir() / "splitter.js").read_text(encoding="utf-8")

    def split(self, input: str) -> list[str]:  # noqa: A002
        """Words of a text, as :func:`split_words` gives them."""
        return split_words(input)

    def word_filter(self, word: str) -> bool:
        """Keep what a reader may look up; plain numbers are found in the pages' text."""
        return not re.fullmatch(r"[\d._]*", word)


def _section_texts(doctree: nodes.document) -> list[list[str]]:
    """``[anchor, heading, text]`` of each section: where search results point and quote."""
    found: list[list[str]] = []

    def parts(node: nodes.Node) -> Iterator[tuple[bool, str]]:
        for child in node.children:
            if isinstance(child, nodes.section | nodes.title | nodes.comment | nodes.math_block):
                continue
            if isinstance(child, nodes.raw):
                shown = re.sub(
                    r"<(style|script|noscript)\b.*?</\1>", " ", child.astext(), flags=re.S
                )
                yield False, re.sub(r"<[^<>]+>", " ", shown)
            elif isinstance(child, nodes.TextElement) or "html" in child.attributes:
                yield isinstance(child, nodes.literal_block), child.astext()
            else:
                yield from parts(child)

    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        heading = title.astext() if title is not None else ""
        # prose first: a result quotes a sentence rather than a line of code
        texts = [text for _, text in sorted(parts(section), key=lambda part: part[0])]
        top = isinstance(section.parent, nodes.document)
        text = re.sub(r"\s+", " ", " ".join(texts)).strip()
        found.append(["" if top else section["ids"][0], heading, text])
    return found


def _remember_text(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format == "html":
        _texts(app)[docname] = _section_texts(doctree)


_TEXTS_HEAD = "window.QT_TEXTS = "


def _texts_file(app: Sphinx) -> Path:
    return Path(app.outdir) / "_static" / "searchtext.js"


def _texts(app: Sphinx) -> dict[str, Any]:
    """Texts of the pages by name: those written before, replaced as pages are written again."""
    texts: dict[str, Any] | None = getattr(app, "_qtools_texts", None)
    if texts is None:
        texts = {}
        if (file := _texts_file(app)).is_file():
            body = file.read_text(encoding="utf-8").removeprefix(_TEXTS_HEAD).rstrip(";\n")
            texts = json.loads(body)
        app._qtools_texts = texts  # type: ignore[attr-defined]
    return texts


def _write_texts(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    known = app.env.found_docs
    texts = {name: text for name, text in sorted(_texts(app).items()) if name in known}
    body = f"{_TEXTS_HEAD}{web.script_json(texts)};\n"
    file = _texts_file(app)
    if not file.is_file() or file.read_text(encoding="utf-8") != body:
        file.write_text(body, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register index and texts with Sphinx; called by :mod:`qtools.sphinx_ext`."""
    app.add_search_language(BigramSearch)
    app.connect("doctree-resolved", _remember_text)
    app.connect("build-finished", _write_texts)
