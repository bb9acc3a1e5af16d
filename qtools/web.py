"""网页部件 Figures and exercises as HTML, for the book's pages and for a reader's own report.

Strings in, strings out: no Sphinx here, so that ``qtools run`` can write the same figures and
forms. ``static/figures.js`` draws the figures, ``static/exercise.js`` checks the answers,
``static/handbook.css`` dresses both; without JavaScript a page still shows data and solutions.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qtools.display import format_number
from qtools.errors import QualityDataError
from qtools.figure_table import data_table, plain_title

_LEVEL_WORDS = {1: "基础", 2: "进阶", 3: "挑战"}


def static_dir() -> Path:
    """Directory of the scripts and the style sheet (静态文件)."""
    return Path(__file__).parent / "static"


def plotly_js() -> Path:
    """The drawing library's file (图形库), taken from the plotly wheel."""
    return _file_of("plotly", "package_data/plotly.min.js")


def mathjax_js() -> Path:
    """The single file that typesets formulas (公式排版), taken from its wheel."""
    return _file_of("sphinx-mathjax-offline", "static/mathjax/tex-svg-full.js")


def _file_of(package: str, path: str) -> Path:
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (file := Path(folder) / path).is_file():
            return file
    raise QualityDataError(
        f"找不到 {package} 包里的文件 {path}。",
        hint="请重新安装依赖：pip install -r requirements.lock",
    )


def script_json(data: object) -> str:
    r"""Write data as JSON that is safe inside a ``<script>`` element.

    Examples
    --------
    >>> script_json({"标题": "</script>"})
    '{"标题":"\\u003c/script>"}'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


# --- figures -------------------------------------------------------------------------------------


def figure_html(figure: Mapping[str, Any]) -> str:
    """Turn a plotly figure into a block that ``figures.js`` draws (图形).

    The figure's alternative text is its label; a data table stands in ``<noscript>``, from which
    the script also fills the folded 数据表 under the drawing.

    Parameters
    ----------
    figure : mapping
        The figure as JSON: ``data`` and ``layout``, as a notebook's output keeps it.

    Returns
    -------
    str
        ``<div class="qt-figure-box">`` with one ``div.qt-figure`` in it.

    Examples
    --------
    >>> html = figure_html({"data": [{"y": [1, 2]}], "layout": {"meta": {"alt": "两个点"}}})
    >>> 'role="img" aria-label="两个点"' in html
    True
    """
    layout = figure.get("layout") or {}
    traces = figure.get("data") or []
    title = plain_title(layout)
    meta = layout.get("meta")
    alt = (meta.get("alt") if isinstance(meta, Mapping) else None) or title or "图"
    height = layout.get("height")
    style = f' style="min-height:{float(height):.0f}px"' if height else ""
    slim = {key: value for key, value in layout.items() if key not in ("template", "meta")}
    return (
        '<div class="qt-figure-box">'
        f'<div class="qt-figure" role="img" aria-label="{escape(alt)}"{style}>'
        f'<script type="application/json">{script_json({"data": traces, "layout": slim})}</script>'
        "</div>"
        f"<noscript><p>{escape(alt)}</p>{data_table(traces, layout, title or alt)}</noscript>"
        "</div>"
    )


# --- exercises -----------------------------------------------------------------------------------


_WIDE = "\u2e80-\u303f\u3400-\u9fff\uff00-\uff65"  # Chinese and its punctuation
_STOPS = "、。，．：；！？（）《》「」『』【】〔〕"  # each has half a blank in itself
_NEEDLESS = (
    re.compile(f"(?<=[{_STOPS}])(\0*)[ \n]+"),
    re.compile(f"[ \n]+(\0*)(?=[{_STOPS}])"),
    re.compile(f"(?<=[{_WIDE}])(\0*)\n(\0*)(?=[{_WIDE}])"),
)


def tighten(parts: Sequence[str | None]) -> list[str]:
    r"""Drop the blanks that Chinese does not have (去掉多余的空格).

    A line broken between two Chinese characters is one line, and a full-width stop brings its
    own blank: what Markdown needs as ``**重点。** 然后`` is shown as 重点。然后.

    Parameters
    ----------
    parts : sequence of str or None
        Runs of one paragraph's text; None stands for what is not to be touched, such as code.

    Returns
    -------
    list of str
        As many runs; an empty one for None.

    Examples
    --------
    >>> tighten(["重点。", " 然后（", None, "）\n看 GRR。\n"])
    ['重点。', '然后（', '', '）看 GRR。']
    """
    text = "\0".join("\1" if part is None else part for part in parts)
    for needless in _NEEDLESS:
        text = needless.sub(lambda found: "".join(found.groups()), text)
    return [part.replace("\1", "") for part in text.split("\0")] if parts else []


def tighten_tokens(state: Any) -> None:
    """The same as a rule of markdown-it: over the texts of each block (``core.ruler``)."""
    for token in state.tokens:
        children = token.children or ()
        shown = [c for c in children if c.content or c.type == "softbreak"]
        texts = [
            "\n" if c.type == "softbreak" else c.content if c.type == "text" else None
            for c in shown
        ]
        for child, text in zip(shown, tighten(texts), strict=True):
            if child.type == "text" or (child.type == "softbreak" and not text):
                child.type, child.content = "text", text


@cache
def _markdown() -> Any:
    """Markdown reader: HTML in the text is shown, not obeyed; ``$…$`` becomes a formula."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(text: str, options: Mapping[str, Any]) -> str:
        if options["display_mode"]:
            return f'<div class="math notranslate nohighlight">\\[{escape(text)}\\]</div>'
        return f'<span class="math notranslate nohighlight">\\({escape(text)}\\)</span>'

    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    reader.use(dollarmath_plugin, renderer=formula, double_inline=False, label_normalizer=None)
    reader.core.ruler.push("qt_tighten", tighten_tokens)
    return reader


def markdown_html(text: str, *, inline: bool = False) -> str:
    r"""Render the Markdown of a prompt, hint or solution (题面排版), safely escaped.

    Examples
    --------
    >>> markdown_html("求 $C_p$，**保留**两位", inline=True)
    '求 <span class="math notranslate nohighlight">\\(C_p\\)</span>，<strong>保留</strong>两位'

    A line broken between two Chinese characters is joined without a space.

    >>> markdown_html("公差为 4。\n用方差分析法。")
    '<p>公差为 4。用方差分析法。</p>'
    """
    reader = _markdown()
    html: str = reader.renderInline(text) if inline else reader.render(text)
    # the plugin wraps a formula in one more element, which nothing needs
    html = re.sub(r'<span class="math inline">(.*?</span>)</span>', r"\1", html, flags=re.DOTALL)
    html = re.sub(r'<div class="math block">\s*(.*?</div>)\s*</div>', r"\1", html, flags=re.DOTALL)
    return html.strip()


def has_math(html: str) -> bool:
    """Whether a rendered block holds a formula, so that its page needs MathJax."""
    return 'class="math ' in html


def frame_html(html: str) -> str:
    """Put a pandas table into our own dress (数据表), in a box that scrolls by itself.

    Columns of words are set left, columns of numbers right; what is missing is a dash.
    """
    html = re.sub(r"<style scoped>.*?</style>", "", html, flags=re.DOTALL)
    html = html.replace('border="1" class="dataframe"', 'class="qt-table qt-frame"')
    html = re.sub(r"<td>(?:NaN|None|NaT|&lt;NA&gt;)</td>", "<td>—</td>", html)
    html = re.sub(r"<td>(?=[^<\d]*[^\W\d])", '<td class="qt-text">', html)
    return f'<div class="qt-scroll">{html}</div>'


def exercise_html(payload: Mapping[str, Any]) -> str:
    """Turn an exercise into a form that ``exercise.js`` checks (练习).

    Parameters
    ----------
    payload : mapping
        ``id level kind prompt unit options answer tolerance mistakes hint solution``, all
        evaluated and formatted, as ``qt.exercise`` emits them. ``tolerance`` is absolute;
        ``mistakes`` is a list of ``{answer, hint}``; with ``options`` the answer is the number
        of the right one, counted from 1.

    Returns
    -------
    str
        ``<section class="qt-exercise">``; without JavaScript it shows hint, answer and solution.
    """
    name = str(payload["id"])
    key = escape(re.sub(r"[^\w-]", "-", name))
    unit = str(payload.get("unit") or "")
    options = [str(option) for option in payload.get("options") or ()]
    answer = float(payload["answer"])
    if options:
        number = round(answer)
        right = f"第 {number} 项：{markdown_html(options[number - 1], inline=True)}"
    else:
        right = escape(_plain_answer(answer, float(payload["tolerance"])) + _unit(unit))
    data = {
        "id": name,
        "answer": answer,
        "tolerance": float(payload["tolerance"]),
        "unit": unit,
        "mistakes": [
            {"answer": float(m["answer"]), "hint": markdown_html(str(m["hint"]), inline=True)}
            for m in payload.get("mistakes") or ()
        ],
    }
    hint = markdown_html(str(payload.get("hint") or ""))
    solution = markdown_html(str(payload.get("solution") or ""))
    level = int(payload.get("level") or 1)
    kind = str(payload.get("kind") or "")
    control = _choices(key, options) if options else _input(key, unit)
    hint_button = (
        f'<button type="button" class="qt-button" data-do="hint" aria-expanded="false"'
        f' aria-controls="{key}-hint">提示</button>'
    )
    return (
        f'<section class="qt-exercise" id="exercise-{key}" aria-labelledby="{key}-title">'
        f'<p class="qt-exercise-title" id="{key}-title"><span>练习 {escape(name)}</span>'
        + (f'<span class="qt-tag">{escape(kind)}</span>' if kind else "")
        + f'<span class="qt-tag">{_LEVEL_WORDS.get(level, f"{level} 级")}</span></p>'
        f'<div class="qt-exercise-prompt" id="{key}-prompt">'
        f"{markdown_html(str(payload['prompt']))}</div>"
        f'<form class="qt-exercise-form" novalidate>{control}'
        f'<div class="qt-buttons"><button type="submit" class="qt-button qt-primary">检查</button>'
        f"{hint_button if hint else ''}</div></form>"
        f'<p class="qt-feedback" role="status" aria-live="polite"></p>'
        + (f'<div class="qt-hint" id="{key}-hint" hidden>{hint}</div>' if hint else "")
        + f'<details class="qt-solution"><summary>查看解答</summary>'
        f'<p class="qt-answer"><strong>答案：</strong>{right}</p>{solution}</details>'
        f"<noscript><p>浏览器没有启用 JavaScript，不能检查答案；请自己算完再看上面的解答。</p>"
        + (f"<p><strong>提示：</strong></p>{hint}" if hint else "")
        + f'</noscript><script type="application/json">{script_json(data)}</script></section>'
    )


def _plain_answer(answer: float, tolerance: float) -> str:
    """Show the answer with one digit more than its tolerance asks for."""
    if answer == round(answer):
        return f"{answer:.0f}"
    if tolerance > 0:
        return f"{answer:.{min(max(0, 1 - math.floor(math.log10(tolerance))), 8)}f}"
    return format_number(answer)


def _unit(unit: str) -> str:
    return unit if unit in ("%", "％", "°", "‰") else f" {unit}" if unit else ""


def _input(key: str, unit: str) -> str:
    shown = f'<span class="qt-unit" id="{key}-unit">{escape(unit)}</span>' if unit else ""
    described = f"{key}-prompt {key}-unit" if unit else f"{key}-prompt"
    return (
        f'<div class="qt-field"><label for="{key}-input">你的答案</label>'
        f'<input id="{key}-input" name="answer" type="text" inputmode="decimal" '
        f'autocomplete="off" spellcheck="false" aria-describedby="{described}">{shown}</div>'
    )


def _choices(key: str, options: Sequence[str]) -> str:
    items = "".join(
        f'<label class="qt-choice" for="{key}-{place}">'
        f'<input type="radio" id="{key}-{place}" name="answer" value="{place}">'
        f"<span>{place}．{markdown_html(option, inline=True)}</span></label>"
        for place, option in enumerate(options, start=1)
    )
    return f'<fieldset aria-describedby="{key}-prompt"><legend>你的选择</legend>{items}</fieldset>'
