"""图形样式 One look for every figure: colour-blind safe, readable in print and in grey.

Figures are drawn on a transparent ground with the colours below; on the site, a script swaps
``INK``, ``GRID`` and so on for their dark counterparts when the page turns dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Okabe & Ito (2008): distinguishable with every common colour deficiency, ordered by contrast.
BLUE = "#0072B2"
RED = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREY = "#7F7F7F"
COLORS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, GREY)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")

INK = "#222222"
GRID = "#D9D9D9"
FONT = (
    "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',"
    "'Hiragino Sans GB',sans-serif"
)


def new_figure(*, rows: int = 1, cols: int = 1, **subplots: Any) -> go.Figure:
    """Empty figure in the handbook's style; with ``rows`` or ``cols``, plotly's subplots.

    Parameters
    ----------
    rows, cols : int
        Panels.
    **subplots
        Passed on to ``plotly.subplots.make_subplots`` (``shared_xaxes=``, ``subplot_titles=`` …),
        which refuses names it does not know.
    """
    import plotly.graph_objects as go
    import plotly.io as pio
    from plotly.subplots import make_subplots

    # A notebook keeps about 10 KB a figure; the stock default would embed all of plotly.js.
    if pio.renderers.default != "plotly_mimetype":
        pio.renderers.default = "plotly_mimetype"
    if rows == cols == 1 and not subplots:
        return go.Figure()
    return make_subplots(rows=rows, cols=cols, **subplots)


def finish(fig: go.Figure, *, title: str, alt: str, height: int = 420) -> go.Figure:
    """Set title, alternative text and the common style; return the same figure.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
        A figure of :func:`new_figure` with its traces.
    title : str
        What the figure shows, in Chinese.
    alt : str
        What a reader who does not see it should know: type of figure, axes, and the finding.
    height : int
        Pixels.
    """
    axis = {"gridcolor": GRID, "linecolor": INK, "zeroline": False, "ticks": "outside"}
    words = _left_align_panel_titles(fig)
    named = [trace for trace in fig.data if getattr(trace, "showlegend", None) is not False]
    legend = len(named) > 1 or any(trace.showlegend for trace in named)
    top = _TITLE + words + (_LINE if legend else 0)
    fig.update_layout(
        template="none",
        title={
            "text": title,
            "font": {"size": 16},
            "x": 0.0,
            "xanchor": "left",
            "y": 1.0,
            "yanchor": "top",
            "pad": {"t": 14},
        },
        meta={"alt": alt},
        font={"family": FONT, "size": 13, "color": INK},
        colorway=list(COLORS),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        height=height,
        margin={"l": 64, "r": 24, "t": top, "b": _BOTTOM},
        legend={
            "orientation": "h",
            "x": 0.0,
            "xanchor": "left",
            "yanchor": "bottom",
            "y": 1 + words / max(height - top - _BOTTOM, 1),
        },
        hoverlabel={"font": {"family": FONT}},
    )
    fig.update_xaxes(**axis, automargin=True, title_font_size=13, title_standoff=10)
    fig.update_yaxes(**axis, automargin=True, title_font_size=13, title_standoff=10)
    return fig


_TITLE, _LINE, _BOTTOM = 46, 26, 56  # pixels: the title, one line of words, under the plot


def _left_align_panel_titles(fig: go.Figure) -> int:
    """Set titles of panels to the left, as the figure's; return the room words over the plot need.

    These are the titles of the top panels and the names of vertical lines.
    """
    domains = [tuple(axis.domain or (0.0, 1.0)) for axis in fig.select_xaxes()]
    lines = 0
    for note in fig.layout.annotations:
        if note.xref == note.yref == "paper" and note.xanchor == "center" and not note.showarrow:
            start = next((low for low, high in domains if low <= note.x <= high), 0.0)
            note.update(x=start, xanchor="left", font={"size": 14})
        over = (note.yref or "").endswith(("paper", "domain")) and note.yanchor == "bottom"
        if over and note.y > 0.98:
            lines = max(lines, 1 + note.text.count("<br>"))
    return 18 * lines + 8 if lines else 0
