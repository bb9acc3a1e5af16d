"""列名 Names as the eye sees them: which are alike, which was meant, which make a wide table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def plain(text: str) -> str:
    """Text without what the eye does not see: spaces, width of characters, letter case.

    Examples
    --------
    >>> plain("膜 厚（Å）") == plain("膜厚(å)")
    True
    """
    import unicodedata

    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def near(name: str, others: Sequence[str]) -> list[str]:
    """Names that a reader may have meant, nearest first.

    Examples
    --------
    >>> near("读 数", ["零件", "读数", "序号"]), near("外径", ["直径", "外径(mm)"])
    (['读数'], ['外径(mm)'])
    """
    import difflib

    same = [other for other in others if plain(other) == plain(name)]
    same += [other for other in others if _without_unit(other) == _without_unit(name)]
    forms = {plain(other): other for other in reversed(others)}
    alike = difflib.get_close_matches(plain(name), list(forms), n=3, cutoff=0.6)
    return list(dict.fromkeys([*same, *(forms[form] for form in alike)]))


def _without_unit(name: str) -> str:
    """A heading without the unit in brackets behind it."""
    import re

    return re.sub(r"[(\[【].*$", "", plain(name)) or plain(name)


def wide(frame: pd.DataFrame, wanted: Sequence[str]) -> list[str]:
    """宽表 Columns of numbers that look like one quantity, a column for each person and trial.

    Parameters
    ----------
    frame : pandas.DataFrame
        As read.
    wanted : sequence of str
        Columns that were asked for.

    Returns
    -------
    list of str
        The columns whose headings agree but for a number at the end, if a wanted column is
        missing and there are at least two for one beginning; else nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> wide(pd.DataFrame({"件": [1], "甲-1": [2.1], "甲-2": [2.2]}), ["件", "人", "读数"])
    ['甲-1', '甲-2']
    """
    import re

    if all(name in frame.columns for name in wanted):
        return []
    stems: dict[str, list[str]] = {}
    for name in frame.columns.difference(list(wanted), sort=False):
        found = re.fullmatch(r"(.*?)\D?\d+\D?", str(name))
        if found and frame[name].dtype.kind in "if":
            stems.setdefault(found.group(1), []).append(str(name))
    return [name for group in stems.values() if len(group) > 1 for name in group]
