"""显示 Numbers and tables as readers see them; nothing is rounded before it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def format_number(value: object, digits: int = 5) -> str:
    """Show a number to a reader: significant digits, no exponent in the everyday range.

    A trailing zero is shown only where it stands for a rounded digit: 0.5 is exact, 0.50000 is
    not.

    Parameters
    ----------
    value : object
        A number; anything else is shown by ``str``, a missing value as a dash.
    digits : int
        Significant digits of a float. Integers keep all theirs.

    Examples
    --------
    >>> [format_number(v) for v in (563.035714, 0.000012345, 168, 167.0, None, 12345678.9)]
    ['563.04', '1.2345e-05', '168', '167', '—', '12345679']
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):  # pandas stays unimported
        return "—"
    if isinstance(value, str):
        return value
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)
    if math.isnan(number):
        return "—"
    if type(value).__name__ in ("bool", "bool_"):
        return "是" if value else "否"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if not hasattr(value, "is_integer") or type(value).__name__.startswith(("int", "uint")):
        return str(value)
    if number != 0 and not 1e-4 <= abs(number) < 1e9:
        return f"{number:.{digits - 1}e}"
    # the exponent after rounding: 9.99996 is 10.000
    exponent = int(f"{number:.{digits - 1}e}".partition("e")[2])
    shown = f"{number:.{max(digits - 1 - exponent, 0)}f}"
    if "." in shown and float(shown) == number:
        return shown.rstrip("0").rstrip(".")
    return shown


_MOST_DIGITS = 7  # of the largest number in a column with common decimals


def format_column(values: Sequence[object]) -> list[str]:
    """Show the numbers of one column: as many decimals in every row, where magnitudes are alike.

    Numbers typed with few decimals keep them all. Computed ones get the decimals that show the
    largest to 1 in 5 000 and the smallest to 1 in 500; where that takes more than seven digits,
    each number is shown by :func:`format_number`. Whole columns have no decimals, 0 is 0.

    Examples
    --------
    >>> format_column([0.29, -0.8, 1.34])
    ['0.29', '-0.80', '1.34']
    >>> format_column([563.035714, 17.7531, 1.259155, None])
    ['563.036', '17.753', '1.259', '—']
    >>> format_column([61441.6667, 1.0 / 3e5])
    ['61442', '3.3333e-06']
    """
    own = [format_number(value) for value in values]
    floats = {
        place: float(value)  # type: ignore[arg-type]
        for place, value in enumerate(values)
        if isinstance(value, float) or type(value).__name__.startswith("float")  # numpy's too
        if math.isfinite(value)  # type: ignore[arg-type]
    }
    sizes = [abs(number) for number in floats.values() if number]
    if len(sizes) < 2 or not 1e-4 <= min(sizes) <= max(sizes) < 1e9:
        return own
    whole = math.floor(math.log10(max(sizes))) + 1  # digits before the point, if positive
    exact = max(len(f"{size:.15g}".partition(".")[2]) for size in sizes)
    wanted = max(
        0, math.ceil(math.log10(2500 / max(sizes))), math.ceil(math.log10(250 / min(sizes)))
    )
    decimals = exact if whole + exact <= _MOST_DIGITS else wanted
    if whole + decimals > _MOST_DIGITS:
        return own
    return [
        f"{floats[place]:.{decimals}f}" if floats.get(place) else text
        for place, text in enumerate(own)
    ]


def format_p(value: object) -> str:
    """P value as a reader wants it: three decimals, and no more zeros than that.

    Examples
    --------
    >>> [format_p(p) for p in (0.97411, 0.0421, 1.2e-64, None)]
    ['0.974', '0.042', '< 0.001', '—']
    """
    if not isinstance(value, float) or math.isnan(value):
        return format_number(value)
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def p_text(p: float) -> str:
    """P value inside a sentence: ``p = 0.042`` or ``p < 0.001``."""
    shown = format_p(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


_NUMERIC = ' class="qt-num"'


def _is_p(heading: str) -> bool:
    """Whether a column holds p values: ``p``, or ``…：p`` for another analysis beside it."""
    return heading == "p" or heading.endswith("：p")


def html_table(frame: pd.DataFrame, caption: str = "") -> str:
    """Accessible HTML of a small table: caption, header scopes, numbers rounded for display only.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns become headings; the index is left out, except a named one.
    caption : str
        Short title read out by screen readers and shown above the table.
    """
    if frame.index.name is not None:
        frame = frame.reset_index()
    columns = [list(column) for _, column in frame.items()]
    shown = [
        list(map(format_p, column)) if _is_p(str(name)) else format_column(column)
        for name, column in zip(frame.columns, columns, strict=True)
    ]
    numeric = [
        place > 0 and not any(isinstance(v, str) for v in c) for place, c in enumerate(columns)
    ]
    head = "".join(
        f'<th scope="col"{_NUMERIC if number else ""}>{escape(str(name))}</th>'
        for name, number in zip(frame.columns, numeric, strict=True)
    )
    body = []
    for row, texts in zip(zip(*columns, strict=True), zip(*shown, strict=True), strict=True):
        cells = [f'<th scope="row">{escape(texts[0])}</th>']
        cells += [
            f"<td>{escape(text)}</td>"
            if isinstance(value, str)
            else f"<td{_NUMERIC}>{escape(text)}</td>"
            for value, text in zip(row[1:], texts[1:], strict=True)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="qt-scroll"><table class="qt-table">{title}'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
