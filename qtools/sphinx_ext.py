"""网站扩展 All that is ours on the Sphinx side: figures, exercises, page assets, Chinese search.

Loaded twice: by myst-nb for :class:`MimeRenderer` (an entry point, so this module stays light)
and by Sphinx as an extension (``sphinx.extra_extensions`` in ``_config.yml``).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from gettext import NullTranslations
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes

from qtools import sphinx_search, web
from qtools.figure_table import plain_title

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

PLOTLY_MIME = "application/vnd.plotly.v1+json"
EXERCISE_MIME = "application/vnd.qtools.exercise+json"
OWN_MIMES = "application/vnd.qtools."  # whatever else starts so is for programs, not for readers
_SPEAKING = ("qt.say", "qt.exercise", "qt.record")


# --- outputs of notebooks ------------------------------------------------------------------------


class HtmlBlock(nodes.General, nodes.Element):  # type: ignore[misc]
    """A finished block of HTML (网页块).

    ``kind`` says which script its page needs; the text inside is what search finds.
    """


def _block(kind: str, html: str, words: str) -> HtmlBlock:
    block: HtmlBlock = HtmlBlock(kind=kind, html=html, math=web.has_math(html))
    block += nodes.Text(words)
    return block


class MimeRenderer:
    """Outputs only this book has (输出渲染): plotly figures, exercises, records, wide tables."""

    mime_priority_overrides: ClassVar = [("*", PLOTLY_MIME, 1), ("*", EXERCISE_MIME, 1)]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: int) -> list[nodes.Element] | None:  # noqa: ARG004
        """Return the nodes of an output, an empty list to hide it, None to leave it to others."""
        if inline:
            return None
        kind, content = data.mime_type, data.content
        if kind == PLOTLY_MIME:
            layout = content.get("layout") or {}
            words = [(layout.get("meta") or {}).get("alt", ""), plain_title(layout)]
            return [_block("figure", web.figure_html(content), " ".join(words))]
        if kind == EXERCISE_MIME:
            words = [content["prompt"], *(content.get("options") or ())]
            return [_block("exercise", web.exercise_html(content), " ".join(map(str, words)))]
        if kind.startswith(OWN_MIMES):
            return []
        if kind == "text/html" and ("qt-" in content or 'class="dataframe"' in content):
            # without the theme's class for foreign HTML, which paints a light box on dark pages
            html = web.frame_html(content) if 'class="dataframe"' in content else content
            return [nodes.raw(text=html, format="html", classes=["qt-output"])]
        return None


def _only_speaks(source: str) -> bool:
    """Whether a cell's statements are all calls of ``qt.say``, ``qt.exercise`` or ``qt.record``."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a magic command
        return False
    return bool(statements) and all(
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value.func) in _SPEAKING
        for statement in statements
    )


def _visit_block(visitor: Any, node: HtmlBlock) -> None:
    visitor.body.append(node["html"])
    raise nodes.SkipNode


def _visit_text_only(visitor: Any, node: HtmlBlock) -> None:  # noqa: ARG001
    raise nodes.SkipNode


def _tidy_doctree(app: Sphinx, doctree: nodes.document) -> None:
    """Show readers what is theirs: no empty boxes, no calls that only speak to the machinery.

    A cell that does nothing but ``qt.say``, ``qt.exercise`` or ``qt.record`` is shown by its
    sentence or form alone. Formulas inside our blocks are announced to MathJax. Blanks that
    Chinese does not have are dropped from the prose.
    """
    for box in list(doctree.findall(nodes.container)):
        if (box.get("nb_element") == "cell_code_output" and not box.children) or (
            box.get("nb_element") == "cell_code_source" and _only_speaks(box.astext())
        ):
            box.parent.remove(box)
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        if not cell.children:
            cell.parent.remove(cell)
        elif cell.get("hide_mode"):
            cell["prompt_show"] = _fold_title(cell)
    for paragraph in list(doctree.findall(nodes.TextElement)):
        if not isinstance(paragraph, nodes.FixedTextElement | nodes.Inline):
            _tighten(paragraph)
    if any(block["math"] for block in doctree.findall(HtmlBlock)):
        app.env.get_domain("math").data["has_equations"][app.env.docname] = True


def _fold_title(cell: nodes.Element) -> str:
    """What a folded cell says of itself: the comment it begins with, or what it holds."""
    first: str = cell.astext().lstrip().partition("\n")[0]
    if first.startswith("#"):
        return first.lstrip("# ").strip()
    return "代码" if cell["hide_mode"] == "input" else "代码与结果"


def _visit_fold(visitor: Any, node: nodes.Element) -> None:
    title = escape(node["prompt_show"])
    visitor.body.append(f'<details class="qt-fold"><summary>{title}</summary>\n')


def _depart_fold(visitor: Any, node: nodes.Element) -> None:  # noqa: ARG001
    visitor.body.append("</details>\n")


def _tighten(paragraph: nodes.TextElement) -> None:
    texts = list(paragraph.findall(nodes.Text))
    kept = [isinstance(text.parent, nodes.literal | nodes.math | nodes.raw) for text in texts]
    runs = [None if keep else str(text) for text, keep in zip(texts, kept, strict=True)]
    for text, keep, run in zip(texts, kept, web.tighten(runs), strict=True):
        if not keep and run != str(text):
            text.parent.replace(text, nodes.Text(run))


# --- pages ---------------------------------------------------------------------------------------


_STATIC = ("handbook.css", "figures.js", "exercise.js", "search.js")


def _configure(app: Sphinx, config: Config) -> None:
    """Settings this extension needs, whatever the book's configuration says otherwise.

    Jupyter Book always loads sphinx-thebe, which writes addresses of other hosts into each page;
    nothing of it is left connected.
    """
    from myst_nb.sphinx_ import HideCodeCellNode

    for listeners in list(app.events.listeners.values()):
        for listener in list(listeners):
            if listener.handler.__module__.startswith("sphinx_thebe"):
                app.disconnect(listener.id)
    app.add_node(HideCodeCellNode, override=True, html=(_visit_fold, _depart_fold))
    files = [web.static_dir() / name for name in _STATIC]
    config.html_static_path += [str(path) for path in (*files, web.plotly_js(), web.mathjax_js())]
    config.templates_path.insert(0, str(Path(__file__).parent / "templates"))
    config.html_use_index = False  # an empty page
    config.mathjax_path = web.mathjax_js().name
    config.mathjax3_config = {
        **(config.mathjax3_config or {}),
        "options": {"enableMenu": False},
        "svg": {"fontCache": "local"},
    }
    config.html_context.setdefault("default_mode", "auto")
    config.togglebutton_hint, config.togglebutton_hint_hide = "展开", "收起"


class _Words(NullTranslations):
    """界面用语 Words of the theme that its own Chinese catalogue lacks."""

    _WORDS: ClassVar = {
        "Color mode": "颜色模式：亮、暗、跟随系统",
        "System Settings": "跟随系统",
        "Link to this heading": "这一节的链接",
        "Click to show": "展开",
        "Click to hide": "收起",
    }

    def gettext(self, message: str) -> str:
        """Return the Chinese word, or the message where there is none."""
        return self._WORDS.get(message, message)


def _add_words(app: Sphinx) -> None:  # noqa: ARG001
    from sphinx.locale import translators

    translators["general", "sphinx"].add_fallback(_Words())


def _page_assets(app: Sphinx, *event: Any) -> None:
    """Scripts a page needs and no other; out with those that ask another host.

    Sphinx would load MathJax on every page whose table of contents leads to a formula.
    """
    _pagename, _templatename, context, doctree = event
    kinds = {block["kind"] for block in doctree.findall(HtmlBlock)} if doctree else set()
    if "figure" in kinds:
        app.add_js_file("plotly.min.js", loading_method="defer", priority=600)
        app.add_js_file("figures.js", loading_method="defer", priority=601)
    if "exercise" in kinds:
        app.add_js_file("exercise.js", loading_method="defer", priority=602)
    unwanted = ["thebe"] if _has_formula(doctree) else ["thebe", "mathjax", app.config.mathjax_path]
    for assets in (context["script_files"], context["css_files"]):
        assets[:] = [
            asset for asset in assets if not any(word in _asset_words(asset) for word in unwanted)
        ]


def _has_formula(doctree: nodes.document | None) -> bool:
    return doctree is not None and (
        any(True for _ in doctree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block)))
        or any(block["math"] for block in doctree.findall(HtmlBlock))
    )


def _asset_words(asset: Any) -> str:
    attributes: Mapping[str, str] = getattr(asset, "attributes", {})
    return f"{getattr(asset, 'filename', asset)} {attributes.get('body', '')}".lower()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    skip = (_visit_text_only, None)
    app.add_node(HtmlBlock, html=(_visit_block, None), latex=skip, text=skip)
    sphinx_search.setup(app)
    app.add_css_file("handbook.css", priority=900)
    app.connect("config-inited", _configure, priority=400)
    app.connect("builder-inited", _add_words)
    app.connect("doctree-read", _tidy_doctree)
    app.connect("html-page-context", _page_assets, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
