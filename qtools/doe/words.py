"""定义关系 Defining relation of a regular two-level fraction, by arithmetic on bits.

A word is a set of factors whose product is +1 or −1 in every run: bit ``i`` of its mask stands for
factor ``i``. Multiplying words is exclusive-or of masks; the words of a fraction with p generators
are the 2^p − 1 products of its generators.

References
----------
Box & Hunter (1961), Technometrics 3, 311-351; Fries & Hunter (1980), Technometrics 22, 601-608.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.factor import LETTERS, Factor
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Masks = npt.NDArray[np.int64]

Word = tuple[int, int]  # mask, and the sign of the product


def subgroup(generators: Sequence[Word]) -> list[Word]:
    """All words of a defining relation, the shortest first.

    Examples
    --------
    >>> [(f"{mask:b}", sign) for mask, sign in subgroup([(0b10111, 1), (0b101011, 1)])]
    [('10111', 1), ('101011', 1), ('111100', 1)]
    """
    words: list[Word] = [(0, 1)]
    for mask, sign in generators:
        words += [(mask ^ other, sign * own) for other, own in words]
    return sorted(words[1:], key=lambda word: (word[0].bit_count(), word[0]))


def word_length_pattern(words: Sequence[Word], k: int) -> tuple[int, ...]:
    """字长型 Numbers of words of length 3, 4, …, up to k, and at least up to 6.

    Examples
    --------
    >>> word_length_pattern(subgroup([(0b11111, 1)]), 5)
    (0, 0, 1, 0)
    """
    lengths = [mask.bit_count() for mask, _ in words]
    return tuple(lengths.count(length) for length in range(3, max(k, 6) + 1))


def resolution(words: Sequence[Word]) -> int | None:
    """分辨度 Length of the shortest word; None for a full factorial."""
    return min((mask.bit_count() for mask, _ in words), default=None)


def read_generators(texts: Sequence[str], factors: Sequence[Factor]) -> dict[int, Word]:
    """读生成元 Generators such as ``"E=ABCD"``, ``"E=-ABCD"`` or ``"振动=速度×进给"``.

    Returns
    -------
    dict of int to Word
        By the position of the factor that each defines.

    Raises
    ------
    QualityDataError
        If a text is no generator, names no factor, or they do not each define another factor.
    """
    letters = {letter: place for place, letter in enumerate(LETTERS[: len(factors)])}
    names = {frames.plain(factor.name): place for place, factor in enumerate(factors)}
    words: dict[int, Word] = {}
    for text in texts:
        left, equal, right = str(text).partition("=")
        right = right.strip()
        sign = -1 if right[:1] in "-−－" and right else 1
        parts = re.split(r"\s*[×*:]\s*", right.lstrip("-−－+ ").strip())
        if len(parts) == 1 and frames.plain(parts[0]) not in names:
            parts = list(parts[0].replace(" ", ""))
        places = [
            names.get(frames.plain(part), letters.get(part.strip().upper()))
            for part in [left.strip(), *parts]
        ]
        if not equal or None in places or len(places) < 3:
            raise QualityDataError(
                f"生成元“{text}”看不懂。",
                hint="写成 E=ABCD（字母按因子的次序）或 振动=速度×进给，等号右边至少两个因子。",
            )
        mask = 0
        for place in places:
            mask ^= 1 << int(place)  # type: ignore[arg-type]
        own = int(places[0])  # type: ignore[arg-type]
        if mask.bit_count() != len(places) or own in words:
            raise QualityDataError(
                f"生成元“{text}”里有因子重复，或“{left.strip()}”已经定义过。",
                hint="每个生成元定义一个新的因子，右边的因子各写一次。",
            )
        words[own] = (mask, sign)
    for (mask, _), text in zip(words.values(), texts, strict=True):
        if sum(mask >> place & 1 for place in words) > 1:
            raise QualityDataError(
                f"生成元“{text}”的右边用了另一个生成元定义的因子。",
                hint="等号右边只写基本因子（没有被定义的那些）。",
            )
    return words


def word_text(mask: int, sign: int, names: Sequence[str]) -> str:
    """Word as readers see it: letters run together, longer names joined by ×."""
    parts = [name for place, name in enumerate(names) if mask >> place & 1]
    joined = ("" if all(len(name) == 1 for name in names) else "×").join(parts)
    return ("−" if sign < 0 else "") + joined


def aliases(
    words: Sequence[Word], names: Sequence[str], order: int = 2
) -> dict[str, tuple[str, ...]]:
    """别名 What each effect up to an order is confounded with, the lowest order first.

    Examples
    --------
    >>> aliases([(0b111, 1)], "ABC")["A"]
    ('BC',)
    """
    k = len(names)
    out = {}
    for size in range(1, min(order, k) + 1):
        for places in combinations(range(k), size):
            mask = sum(1 << place for place in places)
            found = sorted(
                ((mask ^ word, sign) for word, sign in words),
                key=lambda word: (word[0].bit_count(), word[0]),
            )
            out[word_text(mask, 1, names)] = tuple(
                word_text(other, sign, names) for other, sign in found if other
            )
    return out


def column_words(columns: Sequence[int], sign: int = 1) -> tuple[Word, ...]:
    """列的字 Defining relation of factors that sit in columns of a two-level table.

    Parameters
    ----------
    columns : sequence of int
        Column numbers such that the product of columns i and j is column ``i ^ j``.
    sign : int
        Coded value that all columns have in a common run: words are products of it.

    Examples
    --------
    >>> column_words([1, 2, 3])
    ((7, 1),)
    """
    basis: dict[int, tuple[int, int]] = {}  # highest bit -> reduced column, factors in it
    generators: list[Word] = []
    for place, column in enumerate(columns):
        mask = 1 << place
        while column and (high := column.bit_length()) in basis:
            column, mask = column ^ basis[high][0], mask ^ basis[high][1]
        if column:
            basis[column.bit_length()] = (column, mask)
        else:
            generators.append((mask, sign ** mask.bit_count()))
    return tuple(subgroup(generators))


def chains(words: Sequence[Word], k: int, order: int = 2) -> list[list[Word]]:
    """别名链 Effects up to an order, those that look alike together, the lowest order first.

    Signs are those towards the first effect of each set.

    Examples
    --------
    >>> [[(f"{m:b}", sign) for m, sign in one] for one in chains([(0b111, -1)], 3)]
    [[('1', 1), ('110', -1)], [('10', 1), ('101', -1)], [('100', 1), ('11', -1)]]
    """
    effects = [
        sum(1 << place for place in places)
        for size in range(1, min(order, k) + 1)
        for places in combinations(range(k), size)
    ]
    sign_of = dict(words)
    out: list[list[Word]] = []
    seen: set[int] = set()
    for mask in effects:
        if mask not in seen:
            alike = [(other, sign_of[mask ^ other]) for other in effects if mask ^ other in sign_of]
            out.append([(mask, 1), *alike])
            seen.update(other for other, _ in alike)
    return out
