"""报告 An executed chapter as one HTML file that needs no network, no server and no second file."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qtools
from qtools import web
from qtools.display import format_number
from qtools.workbook.catalogue import tags
from qtools.workbook.parameters import Parameter

if TYPE_CHECKING:
    from qtools.workbook.catalogue import Chapter

PLOTLY_MIME = "application/vnd.plotly.v1+json"
_TEXT_MIMES = ("text/html", "text/markdown", "text/plain")
_HIDDEN = {"parameters", "injected-parameters"}  # a table at the end shows the parameters
_ANSWER = "answer"  # the cell whose section says the decision
_NOTES = {"note": "说明", "tip": "提示", "hint": "提示", "warning": "注意", "important": "重要"}
_NOTES |= {"caution": "小心", "attention": "注意", "danger": "警告", "seealso": "另见"}
_MATHJAX = {
    "options": {"enableMenu": False, "ignoreHtmlClass": "qt-report", "processHtmlClass": "math"},
    "svg": {"fontCache": "local"},
}
# The file draws itself; whatever else it might ask for is refused by the browser.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:"
)


def render(nb: Any, chapter: Chapter, used: Mapping[str, object], facts: str = "") -> str:
    """Write an executed notebook as a self-contained page (自包含报告).

    First the title, what was read and the question, then the section with the decision, then the
    rest of the chapter; the parameters stand at the end. Code is folded; plotly and MathJax are
    inside once, and only if there is a figure or a formula.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        Executed notebook, without its ``course`` cells.
    chapter : Chapter
        What was executed.
    used : mapping
        Parameters that the reader gave, by name.
    facts : str
        What was read of the reader's own file, in one line.

    Returns
    -------
    str
        HTML.
    """
    cells = [cell for cell in nb.cells if not _HIDDEN & set(tags(cell))]
    title, rest = cells[:1], cells[1:]  # the title's cell asks the question that is decided
    ordered = [_cell(cell, chapter, first=True) for cell in title]
    ordered += [_cell(cell, chapter) for cell in _decision_first(rest)]
    body = "\n".join([*ordered, _parameters(chapter, used)])
    head = _header(chapter, used, facts)
    scripts = ""
    if 'class="qt-figure"' in body:
        scripts += _script(web.plotly_js()) + _script(web.static_dir() / "figures.js")
    if 'class="math' in body:
        scripts += f"<script>window.MathJax = {json.dumps(_MATHJAX)};</script>"
        scripts += _script(web.mathjax_js())
    sheets = [web.static_dir() / name for name in ("handbook.css", "report.css")]
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets) + _code_css()
    return (
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(chapter.title)} · {escape(_source(chapter, used))}</title>\n"
        f"<style>\n{style}</style>\n</head>\n"
        f'<body class="qt-report">\n{head}\n<main>\n{body}\n</main>\n'
        f"<footer>由 qtools {escape(qtools.__version__)} 按《质量数据分析手册》{escape(chapter.id)}"
        " 章的方法计算。本文件不需要联网，可以直接转发、打印。</footer>\n"
        f"{scripts}\n</body>\n</html>\n"
    )


def _source(chapter: Chapter, used: Mapping[str, object]) -> str:
    """Name of the file that was analysed, or of the book's own data."""
    files = [p for p in chapter.parameters if p.is_file]
    given = [str(used[p.name]) for p in files if used.get(p.name) is not None]
    if given:
        return "、".join(Path(name).name for name in given)
    return f"手册自带数据 {'、'.join(chapter.data)}" if chapter.data else "手册自带数据"


def _decision_first(cells: Sequence[Any]) -> list[Any]:
    """The section with the decision, from its heading to the next one, before all others."""
    start = next((at for at, cell in enumerate(cells) if cell.get("id") == _ANSWER), 0)
    headings = (
        at
        for at, cell in enumerate(cells)
        if at > start and cell.cell_type == "markdown" and cell.source.startswith("## ")
    )
    end = next(headings, len(cells))
    return [*cells[start:end], *cells[:start], *cells[end:]]


def _header(chapter: Chapter, used: Mapping[str, object], facts: str) -> str:
    now = datetime.datetime.now().astimezone()
    read = escape(facts or _source(chapter, used))
    return (
        '<header><p class="qt-report-brand">质量数据分析手册 · 分析报告</p>'
        f"<h1>{escape(chapter.title)}</h1>"
        f'<dl class="qt-facts"><dt>读到了什么</dt><dd>{read}</dd>'
        f'<dt>生成时间</dt><dd><time datetime="{now.isoformat(timespec="seconds")}">'
        f"{now:%Y-%m-%d %H:%M}</time></dd>"
        f"<dt>方法</dt><dd>{escape(chapter.id)}（{escape(chapter.name)}），"
        f"qtools {escape(qtools.__version__)}</dd></dl></header>"
    )


def _parameters(chapter: Chapter, used: Mapping[str, object]) -> str:
    """The parameters that were used, at the end of the report."""
    rows = "".join(
        f'<tr><th scope="row">{escape(p.told or p.name)}</th><td>{_value(p, used)}</td>'
        f"<td><code>{escape(p.option)}</code></td></tr>"
        for p in chapter.parameters
    )
    if not rows:
        return ""
    return (
        '<div class="qt-scroll qt-parameters"><table class="qt-table">'
        "<caption>本次所用的参数</caption>"
        '<thead><tr><th scope="col">参数</th><th scope="col">取值</th>'
        f'<th scope="col">选项</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _value(parameter: Parameter, used: Mapping[str, object]) -> str:
    value = used.get(parameter.name, parameter.default)
    if parameter.is_file and isinstance(value, str):
        value = Path(value).name
    items = value if isinstance(value, list | tuple) else [value]
    shown = [f"{item:g}" if isinstance(item, float) else format_number(item) for item in items]
    if value is None:
        return "（未填）"
    text = "、".join(shown) or "（空）"
    if parameter.name in used:
        return f'<span class="qt-given">{escape(text)}</span>'
    return f'{escape(text)} <span class="qt-by-default">（默认）</span>'


# --- cells ---------------------------------------------------------------------------------------


def _cell(cell: Any, chapter: Chapter, *, first: bool = False) -> str:
    if cell.cell_type == "markdown":
        return _prose(cell.source, chapter) if first else _markdown().render(cell.source)
    if cell.cell_type != "code" or not cell.source.strip():
        return ""
    shown = "".join(_output(output) for output in cell.outputs)
    code = _code(cell.source)
    if "fold" in tags(cell):
        title = cell.source.lstrip().splitlines()[0]
        name = title.lstrip("# ").strip() if title.startswith("#") else "交叉核对"
        return _fold(name, code + shown)
    return _fold("代码", code) + shown


def _prose(source: str, chapter: Chapter) -> str:
    """The first cell without its heading and its line of numbers: the header says both."""
    lines = re.sub(r"\A# .*\n?", "", source).strip().split("\n\n")
    kept = [part for part in lines if not part.strip().startswith(f"{chapter.id} ")]
    html: str = _markdown().render("\n\n".join(kept))
    return html


def _fold(title: str, html: str) -> str:
    return f'<details class="qt-fold"><summary>{escape(title)}</summary>{html}</details>'


def _output(output: Any) -> str:
    if output.output_type == "stream":
        text = f"<pre>{escape(output.text.rstrip())}</pre>" if output.text.strip() else ""
        return text if output.name == "stdout" or not text else _fold("运行时的提示", text)
    bundle = output.get("data") or {}
    if PLOTLY_MIME in bundle:
        return web.figure_html(bundle[PLOTLY_MIME])
    for kind in _TEXT_MIMES:
        if kind in bundle:
            return _text(kind, "".join(bundle[kind]))
    return ""


def _text(kind: str, text: str) -> str:
    if kind == "text/markdown":
        return web.markdown_html(text)
    if kind == "text/plain":
        return f"<pre>{escape(text)}</pre>"
    if 'class="dataframe"' in text:
        return web.frame_html(text)
    return text


# --- prose and code ------------------------------------------------------------------------------


@cache
def _markdown() -> Any:
    """MyST's Markdown as far as a report needs it; links into the book become plain text."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.colon_fence import colon_fence_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.myst_role import myst_role_plugin

    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for plugin in (colon_fence_plugin, deflist_plugin, myst_role_plugin):
        reader.use(plugin)
    reader.use(dollarmath_plugin, double_inline=True)
    rules = {
        "table_open": lambda *_: '<div class="qt-scroll"><table class="qt-table">',
        "table_close": lambda *_: "</table></div>",
        "math_inline": lambda tokens, at, *_: _math(tokens[at].content, block=False),
        "math_inline_double": lambda tokens, at, *_: _math(tokens[at].content, block=True),
        "math_block": lambda tokens, at, *_: _math(tokens[at].content, block=True),
        "math_block_label": lambda tokens, at, *_: _math(tokens[at].content, block=True),
        "myst_role": lambda tokens, at, *_: escape(re.sub(r"\s*<.*>$", "", tokens[at].content)),
        "fence": lambda tokens, at, *_: _fence(tokens[at].info.strip(), tokens[at].content),
        "colon_fence": lambda tokens, at, *_: _fence(tokens[at].info.strip(), tokens[at].content),
    }
    for token, rule in rules.items():
        reader.add_render_rule(token, lambda _self, *found, rule=rule: rule(*found))
    reader.core.ruler.push("qt_links", _unlink)
    reader.core.ruler.push("qt_tighten", web.tighten_tokens)
    return reader


def _unlink(state: Any) -> None:
    """Keep links to other sites; those into the book lead nowhere from a single file."""
    for token in state.tokens:
        kept, depth = [], []
        for child in token.children or ():
            if child.type == "link_open":
                depth.append(
                    re.match(r"(?:https?|mailto):", child.attrGet("href") or "") is not None
                )
                if not depth[-1]:
                    continue
            elif child.type == "link_close" and not depth.pop():
                continue
            elif child.type == "image" and not str(child.attrGet("src")).startswith("data:"):
                child.type, child.content = "text", child.content or "图"
            kept.append(child)
        if token.children:
            token.children = kept


def _math(text: str, *, block: bool) -> str:
    if block:
        return f'<div class="math">\\[{escape(text.strip())}\\]</div>\n'
    return f'<span class="math">\\({escape(text.strip())}\\)</span>'


def _fence(info: str, content: str) -> str:
    """A block of code, or a directive: notes keep their frame, others show their text."""
    directive = re.match(r"\{([\w:-]+)\}\s*(.*)", info)
    if not directive:
        return _code(content, info.split()[0] if info else "")
    name, title = directive.groups()
    if name == "math":
        return _math(content, block=True)
    text = re.sub(r"\A(?:---\n.*?\n---\n|(?::[\w-]+:[^\n]*\n)+)", "", content, flags=re.DOTALL)
    inner = _markdown().render(text)
    if name not in {*_NOTES, "admonition", "dropdown"}:
        return str(inner)
    if name in _NOTES and title:
        inner = _markdown().render(title) + inner
        title = ""
    heading = escape(title or _NOTES.get(name, "说明"))
    return f'<aside class="qt-note"><p class="qt-note-title">{heading}</p>{inner}</aside>\n'


def _code(source: str, language: str = "python") -> str:
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    return str(highlight(source, lexer, HtmlFormatter(cssclass="qt-code")))


def _code_css() -> str:
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".qt-code")
    dark = HtmlFormatter(style="a11y-high-contrast-dark").get_style_defs(".qt-code")
    ground = re.compile(r"^.*(?:background|line-height|linenos|\.hll).*$\n?", re.MULTILINE)
    return (
        f"{ground.sub('', light)}\n@media screen and (prefers-color-scheme: dark) {{\n"
        f"{ground.sub('', dark)}\n}}\n"
    )


def _script(path: Path) -> str:
    """A script's text inside the page; what would end the element early is written otherwise."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE).replace("<!--", r"<\!--")
    return f"<script>{text}</script>"
