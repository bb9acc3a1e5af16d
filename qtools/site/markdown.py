"""Markdown 片段 Text, tables and links as the generated pages write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtools.workbook import Chapter

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>$|~])")


def escape(text: object) -> str:
    r"""Text as Markdown that shows exactly this text.

    Examples
    --------
    >>> escape("α* 与 s_r")
    'α\\* 与 s\\_r'
    """
    return _SPECIAL.sub(r"\\\1", str(text)).replace("\n", " ")


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Sequence[int] = (),
    short: Sequence[int] = (),
) -> str:
    """A Markdown table of cells that are Markdown already.

    Columns in ``numeric`` are set right, those in ``short`` centred; neither is broken.
    """
    marks = {**dict.fromkeys(numeric, "---:"), **dict.fromkeys(short, ":---:")}
    rule = [marks.get(place, "---") for place in range(len(head))]
    lines = [head, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def link(chapter: Chapter, up: str = "") -> str:
    """Link to a chapter's page, from the top of the book or, with ``up="../"``, from a folder."""
    return f"[{escape(chapter.title)}]({up}notebooks/{chapter.name}.ipynb)"
