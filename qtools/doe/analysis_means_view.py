"""效应图 Fitted means by factor and by pairs of factors, as a table and as a picture."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.display import format_number
from qtools.doe.analysis_settings import model_rows

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.doe.analysis_result import FactorialAnalysis

_PANELS, _ACROSS = 3, 3  # interactions that are drawn, and panels in a row


def level_means(result: FactorialAnalysis) -> pd.DataFrame:
    """水平平均 Fitted mean at each setting of each factor, the others averaged."""
    import pandas as pd

    rows = []
    for place, factor in enumerate(result.experiment.factors):
        for coded, setting in zip(factor.positions, factor.levels, strict=True):
            rows.append((factor.name, format_number(setting), _mean(result, {place: float(coded)})))
    return pd.DataFrame(rows, columns=["因子", "水平", "平均"])


def _mean(result: FactorialAnalysis, held: dict[int, float]) -> float:
    """Mean of the fitted model with some factors held, over both ends of the others."""
    read = result.experiment
    point = np.zeros((1, len(read.factors)))
    for place, coded in held.items():
        point[0, place] = coded
    x = model_rows(result.fit, result.places, read, point)[0]
    for at in result.places:
        term, span = result.fit.matrix.terms[at], result.fit.matrix.spans[at]
        several = [p for p in term if len(read.factors[p].levels) > 2 and p not in held]
        if any(not read.factors[p].continuous for p in several):
            x[span] = 0.0  # contrasts sum to 0 over the settings
    return float(x @ result.fit.beta)


def effects(result: FactorialAnalysis) -> go.Figure:
    """效应图 Means by factor; below, pairs of factors whose interaction is active."""
    read = result.experiment
    k = len(read.factors)
    pairs = _pairs(result)
    cols = min(max(k, len(pairs)), _ACROSS)
    rows = -(-k // cols) + (-(-len(pairs) // cols) if pairs else 0)
    names = [factor.name for factor in read.factors] + [""] * (-k % cols)
    names += [f"{read.names[a]}×{read.names[b]}" for a, b in pairs]
    fig = theme.new_figure(
        rows=rows, cols=cols, shared_yaxes="all", subplot_titles=names,
        vertical_spacing=0.3 / rows if rows > 1 else 0.1, horizontal_spacing=0.05,
    )  # fmt: skip
    for place, factor in enumerate(read.factors):
        means = [_mean(result, {place: float(coded)}) for coded in factor.positions]
        _line(fig, [format_number(level) for level in factor.levels], means,
              place // cols + 1, place % cols + 1, 0, "", False)  # fmt: skip
    first, looks = -(-k // cols), dict[str, int]()
    for at, (a, b) in enumerate(pairs):
        one, other = read.factors[a], read.factors[b]
        for which, coded in enumerate(other.positions):
            means = [_mean(result, {a: float(c), b: float(coded)}) for c in one.positions]
            label = f"{other.name} {format_number(other.levels[which])}"
            new = label not in looks  # one look stands for one setting in all panels
            look = looks.setdefault(label, len(looks) + 1)
            _line(fig, [format_number(level) for level in one.levels], means,
                  first + at // cols + 1, at % cols + 1, look, label, new)  # fmt: skip
    fig.update_xaxes(type="category")
    fig.update_yaxes(title_text=read.response, col=1)
    words = "、".join(f"{read.names[a]}×{read.names[b]}" for a, b in pairs)
    return theme.finish(
        fig,
        title="各因子各水平的平均" + ("；下面是有交互的因子对" if pairs else ""),
        alt=f"折线小图，每个因子一格，线越陡效应越大；交互的因子对：{words or '没有'}，"
        "两条线不平行就是交互。",
        height=200 * rows + 90,
    )


def _pairs(result: FactorialAnalysis) -> list[tuple[int, int]]:
    """Pairs of factors of the largest active interactions."""
    found: list[tuple[int, int]] = []
    for test in sorted(result.terms, key=lambda test: -test.size):
        if test.active and len(set(test.term)) > 1:
            found += [pair for pair in combinations(test.term, 2) if pair not in found]
    return [(a, b) for a, b in found][:_PANELS]


def _line(
    fig: go.Figure, x: list[str], y: list[float], row: int, col: int, look: int,
    label: str, told: bool,
) -> None:  # fmt: skip
    fig.add_scatter(
        x=x, y=y, mode="lines+markers", name=label, showlegend=told,
        line={"color": theme.COLORS[look % 7], "dash": theme.DASHES[look % 7]},
        marker={"symbol": theme.SYMBOLS[look % 7], "size": 8},
        row=row, col=col,
    )  # fmt: skip
