"""别名图 Which effects of a design look alike: correlations between the columns of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools import theme
from qtools.doe.terms import ModelMatrix, read_terms

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

    from qtools.doe.design import Design

    Matrix = npt.NDArray[np.float64]

_MOST, _FEW = 45, 16  # columns that can still be read; that can be read in the usual size


def draw(design: Design) -> go.Figure:
    """别名图 Absolute correlations as squares: dark off the diagonal is confounding."""
    terms = read_terms("quadratic", design.factors) if len(design.factors) > 1 else ((0,),)
    matrix = ModelMatrix(design.factors, terms, design.points)
    columns: list[Matrix] = []
    names: list[str] = []
    for block, name in zip(matrix.blocks, matrix.names, strict=True):
        for column in (block - block.mean(axis=0)).T:
            if np.linalg.norm(column) > 1e-9 and len(names) < _MOST:
                columns.append(column / np.linalg.norm(column))
                names.append(name if block.shape[1] == 1 else f"{name} {len(names) + 1}")
    unit = np.array(columns)
    alike = np.abs(unit @ unit.T).round(6)
    mixed = int((np.triu(alike, 1) > 1e-6).sum())
    fig = theme.new_figure()
    fig.add_heatmap(
        z=alike.tolist(),
        x=names,
        y=names,
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        colorscale=[[0, "rgba(0,0,0,0)"], [0.001, "#DCE9F5"], [1, theme.BLUE]],
        colorbar={"title": {"text": "|r|"}},
        hovertemplate="%{y} 与 %{x}：|r| = %{z:.2f}<extra></extra>",
    )
    alt = (
        f"热图：{len(names)} 个效应两两的相关系数的绝对值，对角线以外有 {mixed} 对不为 0。"
        f"{design.verdict.text}"
    )
    height = max(480, 160 + 17 * len(names))
    theme.finish(fig, title="哪些效应分不开（颜色越深，越像）", alt=alt, height=height)
    every = {"dtick": 1, "tickfont": {"size": 10 if len(names) > _FEW else 12}}
    fig.update_xaxes(showgrid=False, tickangle=-60, **every)
    return fig.update_yaxes(showgrid=False, autorange="reversed", **every)
