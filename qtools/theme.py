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
    fig.update_layout(
        template="none",
        title={"text": title, "x": 0.0, "xanchor": "left", "font": {"size": 16}},
        meta={"alt": alt},
        font={"family": FONT, "size": 13, "color": INK},
        colorway=list(COLORS),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        height=height,
        margin={"l": 64, "r": 24, "t": 64, "b": 56},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "xanchor": "right", "x": 1.0},
        hoverlabel={"font": {"family": FONT}},
    )
    fig.update_xaxes(**axis, automargin=True)
    fig.update_yaxes(**axis, automargin=True)
    return fig
