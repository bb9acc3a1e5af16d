"""表头设计 Which factor sits in which column of an orthogonal array."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from qtools import frames
from qtools.errors import QualityDataError

Kept = tuple[tuple[str, tuple[int, ...]], ...]
Lookup = Callable[[str, int, int], tuple[int, ...]]


def place(
    array: str,
    sizes: Sequence[int],
    names: Sequence[str],
    levels: Sequence[int] | None,
    columns: Sequence[int] | None,
    interactions: Sequence[str],
    lookup: Lookup,
) -> tuple[tuple[int, ...], Kept]:
    """Columns of the factors, and those kept free for wanted interactions.

    Parameters
    ----------
    array : str
    sizes : sequence of int
        Levels of each column.
    names : sequence of str
    levels : sequence of int, optional
        Levels of each factor; None if they take those of their columns.
    columns : sequence of int, optional
        As the reader wants them; found by trial in order otherwise.
    interactions : sequence of str
    lookup : callable
        :func:`qtools.doe.arrays.interaction_columns`.

    Raises
    ------
    QualityDataError
        If factors and columns do not fit, or interactions leave no room.
    """
    pairs = [_pair(text, names) for text in interactions]
    if len(names) > len(sizes):
        raise QualityDataError(
            f"{array} 只有 {len(sizes)} 列，放不下 {len(names)} 个因子。", hint="换一张大些的表。"
        )
    if pairs:
        lookup(array, 1, 2)  # refuses tables without interaction columns
    if columns is not None:
        return _given(array, sizes, names, levels, columns, pairs, lookup)
    for k, name in enumerate(names if levels is not None else ()):
        if levels is not None and levels[k] not in sizes:
            raise QualityDataError(
                f"{array} 没有 {levels[k]} 个水平的列，放不下因子“{name}”。",
                hint=f"这张表的列有 {'、'.join(map(str, sorted(set(sizes))))} 个水平；"
                "换一张表，或增减水平。",
            )
    found = _search(array, sizes, levels, len(names), pairs, lookup)
    if found is None:
        wanted = f"和 {len(pairs)} 个交互作用" if pairs else ""
        raise QualityDataError(
            f"{array} 放不下这 {len(names)} 个因子{wanted}。", hint="换一张大些的表，或少要几项。"
        )
    return found, _kept(array, names, found, pairs, lookup)


def _pair(text: str, names: Sequence[str]) -> tuple[int, int]:
    known = {frames.plain(name): k for k, name in enumerate(names)}
    parts = [frames.plain(part) for part in re.split(r"\s*[×*:]\s*", str(text))]
    if len(parts) != 2 or len(set(parts)) < 2 or not set(parts) <= set(known):
        raise QualityDataError(
            f"交互作用“{text}”看不懂。",
            hint=f"写成 甲×乙 或 甲*乙；因子有：{'、'.join(names)}。",
        )
    a, b = sorted(known[part] for part in parts)
    return a, b


def _kept(
    array: str,
    names: Sequence[str],
    where: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    lookup: Lookup,
) -> Kept:
    return tuple((f"{names[a]}×{names[b]}", lookup(array, where[a], where[b])) for a, b in pairs)


def _clash(
    array: str, where: Sequence[int], pairs: Sequence[tuple[int, int]], lookup: Lookup
) -> tuple[int, int] | None:
    """First interaction whose columns are taken, and the column; None if all is well."""
    taken = set(where)
    for at, (a, b) in enumerate(pairs):
        if max(a, b) >= len(where):
            continue
        own = lookup(array, where[a], where[b])
        for column in own:
            if column in taken:
                return at, column
        taken |= set(own)
    return None


def _given(
    array: str,
    sizes: Sequence[int],
    names: Sequence[str],
    levels: Sequence[int] | None,
    columns: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    lookup: Lookup,
) -> tuple[tuple[int, ...], Kept]:
    where = tuple(columns)
    good = all(isinstance(c, int) and 1 <= c <= len(sizes) for c in where)
    if not good or len(set(where)) < len(where) or len(where) != len(names):
        raise QualityDataError(
            f"列号 {list(columns)} 不对。",
            hint=f"给每个因子写一个不同的列号，从 1 到 {len(sizes)}，共 {len(names)} 个。",
        )
    for k, (name, column) in enumerate(zip(names, where, strict=True)):
        if levels is not None and levels[k] != sizes[column - 1]:
            raise QualityDataError(
                f"因子“{name}”有 {levels[k]} 个水平，{array} 的第 {column} 列"
                f"却是 {sizes[column - 1]} 个水平。",
                hint="换一列，或换一张表。",
            )
    clash = _clash(array, where, pairs, lookup)
    if clash:
        (a, b), column = pairs[clash[0]], clash[1]
        sits = f"因子“{names[where.index(column)]}”" if column in where else "另一个交互作用"
        raise QualityDataError(
            f"第 {column} 列要留给交互作用 {names[a]}×{names[b]}，却放着{sits}，两者会分不开。",
            hint="给因子换一列（不写 columns 就自动安排），或不要这个交互作用。",
        )
    return where, _kept(array, names, where, pairs, lookup)


def _search(
    array: str,
    sizes: Sequence[int],
    levels: Sequence[int] | None,
    k: int,
    pairs: Sequence[tuple[int, int]],
    lookup: Lookup,
    where: tuple[int, ...] = (),
) -> tuple[int, ...] | None:
    """First columns, in order, that keep all wanted interactions free, by backtracking."""
    if len(where) == k:
        return where
    for column in range(1, len(sizes) + 1):
        if column in where or (levels is not None and levels[len(where)] != sizes[column - 1]):
            continue
        trial = (*where, column)
        if _clash(array, trial, pairs, lookup) is None:
            found = _search(array, sizes, levels, k, pairs, lookup, trial)
            if found is not None:
                return found
    return None
