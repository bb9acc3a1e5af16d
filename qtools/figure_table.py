"""图的数据表 The numbers of a plotly figure as a table, for readers who do not see the drawing."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape, unescape
from typing import Any

from qtools.display import format_column

_ROWS = 30  # rows shown of each series


def plain_title(layout: Mapping[str, Any]) -> str:
    """Plain text of a figure's title (图题)."""
    return plain_text(layout.get("title"))


def plain_text(title: object) -> str:
    """Plain text of a plotly title (纯文本): a string or a mapping, with or without markup.

    Examples
    --------
    >>> plain_text({"text": "膜厚<br><b>Å</b>"})
    '膜厚 Å'
    """
    if isinstance(title, Mapping):
        title = title.get("text")
    text = re.sub(r"<br\s*/?>", " ", str(title or ""))
    return unescape(re.sub(r"<[^<>]+>", "", text)).strip()


def decode_array(values: object) -> list[Any]:
    """List of a trace's values, also when plotly stored them as base64 (``bdata``).

    Examples
    --------
    >>> decode_array({"dtype": "i2", "bdata": "AQACAA=="})
    [1, 2]
    """
    if isinstance(values, Mapping) and "bdata" in values:
        import numpy as np

        kind = np.dtype(str(values["dtype"])).newbyteorder("<")
        array = np.frombuffer(base64.b64decode(values["bdata"]), dtype=kind)
        if shape := values.get("shape"):
            sizes = shape.split(",") if isinstance(shape, str) else shape
            array = array.reshape([int(size) for size in sizes])
        listed: list[Any] = array.tolist()
        return listed
    if isinstance(values, Sequence) and not isinstance(values, str):
        return list(values)
    return []


def _rows(trace: Mapping[str, Any]) -> list[tuple[Any, Any, Any]]:
    """Rows (x, y, z) of a trace, whatever its kind; a missing part is an empty string."""
    x = decode_array(trace.get("x", trace.get("labels")))
    y = decode_array(trace.get("y", trace.get("values")))
    z = decode_array(trace.get("z"))
    if z and isinstance(z[0], list):  # a grid: heat map, contours
        across = x or range(1, len(z[0]) + 1)
        down = y or range(1, len(z) + 1)
        return [
            (a, d, value)
            for d, line in zip(down, z, strict=False)
            for a, value in zip(across, line, strict=False)
        ]
    size = max(len(x), len(y), len(z))

    def column(values: list[Any], *, counted: bool) -> Iterator[Any]:
        blank = iter(range(1, size + 1)) if counted else iter([""] * size)
        return iter(values) if values else blank

    return list(
        zip(
            column(x, counted=bool(y)), column(y, counted=False), column(z, counted=False),
            strict=False,
        )
    )  # fmt: skip


def _mixture(
    trace: Mapping[str, Any], layout: Mapping[str, Any]
) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Rows and headings of a trace in a triangle: its three shares, and the value as colour."""
    columns = [decode_array(trace.get(letter)) for letter in "abc"]
    axes = layout.get("ternary") or {}
    heads = [plain_text((axes.get(f"{letter}axis") or {}).get("title")) for letter in "abc"]
    marker = trace.get("marker") or {}
    if values := decode_array(marker.get("color")):
        columns.append(values)
        heads.append(plain_text((marker.get("colorbar") or {}).get("title")) or "值")
    return list(zip(*columns, strict=True)), heads


def _axis_title(layout: Mapping[str, Any], trace: Mapping[str, Any], letter: str) -> str:
    number = str(trace.get(f"{letter}axis", letter))[1:]
    axis = layout.get(f"{letter}axis{number}") or {}
    return plain_text(axis.get("title")) or {"x": "横轴", "y": "纵轴"}[letter]


def data_table(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], title: str) -> str:
    """HTML table of a figure's numbers (数据表), series by series; long ones are cut and say so."""
    bodies = []
    for place, trace in enumerate(traces, start=1):
        rows: list[tuple[Any, ...]]
        if trace.get("type") == "scatterternary":
            rows, heads = _mixture(trace, layout)
        else:
            rows = [*_rows(trace)]
            heads = [_axis_title(layout, trace, "x"), _axis_title(layout, trace, "y")]
            heads += ["值"] if any(row[2] != "" for row in rows) else []
        if not rows:
            continue
        name = plain_text(trace.get("name")) or f"系列 {place}"
        more = f"（共 {len(rows)} 行，只列前 {_ROWS} 行）" if len(rows) > _ROWS else ""
        span = len(heads)
        columns = [format_column([_plain(row[k]) for row in rows[:_ROWS]]) for k in range(span)]
        bodies.append(
            f'<tbody><tr><th colspan="{span}" scope="rowgroup">{escape(name)}{more}</th></tr>'
            f"<tr>{''.join(f'<th scope=col>{escape(head)}</th>' for head in heads)}</tr>"
            + "".join(
                f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
                for cells in zip(*columns, strict=True)
            )
            + "</tbody>"
        )
    if not bodies:
        return ""
    return (
        '<div class="qt-scroll"><table class="qt-table qt-data">'
        f"<caption>数据表：{escape(title)}</caption>{''.join(bodies)}</table></div>"
    )


def _plain(value: object) -> object:
    return plain_text(value) if isinstance(value, str) else value
