"""最小混杂表 Minimum-aberration fractions of two-level factorials, 4 to 128 runs, up to 11 factors.

For each number of factors and runs, the generated factors as products of the base factors A, B,
C, …: ``"ABC BCD"`` for six factors in 16 runs means E = ABC and F = BCD. Among the fractions of
one size none has fewer words of the first length in which two of them differ (minimum
aberration); the tests search every choice of generators again.

References
----------
Box, Hunter & Hunter (1978), *Statistics for Experimenters*, table 12.15, as reprinted in the
NIST/SEMATECH e-Handbook, 5.3.3.4.7; Fries & Hunter (1980), Technometrics 22, 601-608;
Chen, Sun & Wu (1993), International Statistical Review 61, 131-145.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from qtools.doe.factor import LETTERS
from qtools.doe.words import Word, resolution, subgroup

SOURCE = "Box、Hunter 与 Hunter（1978）表 12.15；Fries 与 Hunter（1980）最小混杂"

FRACTIONS: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        (3, 4): "AB",
        (4, 8): "ABC",
        (5, 8): "AB AC",
        (6, 8): "AB AC BC",
        (7, 8): "AB AC BC ABC",
        (5, 16): "ABCD",
        (6, 16): "ABC BCD",
        (7, 16): "ABC BCD ACD",
        (8, 16): "BCD ACD ABC ABD",
        (9, 16): "ABC BCD ACD ABD ABCD",
        (10, 16): "ABC BCD ACD ABD ABCD AB",
        (11, 16): "ABC BCD ACD ABD ABCD AB AC",
        (6, 32): "ABCDE",
        (7, 32): "ABCD ABDE",
        (8, 32): "ABC ABD BCDE",
        (9, 32): "BCDE ACDE ABDE ABCE",
        (10, 32): "ABCD ABCE ABDE ACDE BCDE",
        (11, 32): "ABC BCD CDE ACD ADE BDE",
        (7, 64): "ABCDEF",
        (8, 64): "ABCD ABEF",
        (9, 64): "ABCD ACEF CDEF",
        (10, 64): "BCDF ACDF ABDE ABCE",
        (11, 64): "CDE ABCD ABF BDEF ADEF",
        (8, 128): "ABCDEFG",
        (9, 128): "ACDFG BCEFG",
        (10, 128): "ABCG BCDE ACDF",
        (11, 128): "ABCG BCDE ACDF ABCDEFG",
    }
)


def generators(k: int, runs: int) -> dict[int, Word]:
    """生成元 Words that define the factors behind the base factors, by the factor's position.

    Examples
    --------
    >>> {place: f"{mask:b}" for place, (mask, _) in generators(6, 16).items()}
    {4: '10111', 5: '101110'}
    """
    base = runs.bit_length() - 1
    return {
        place: (sum(1 << LETTERS.index(letter) for letter in letters) | 1 << place, 1)
        for place, letters in enumerate(FRACTIONS[k, runs].split(), start=base)
    }


def sizes(k: int) -> dict[int, int | None]:
    """各试验次数的分辨度 Runs that k factors can have here, with their resolution, fewest first.

    The full factorial ends the list where it has at most 128 runs; its resolution is None.

    Examples
    --------
    >>> sizes(5)
    {8: 3, 16: 5, 32: None}
    """
    found: dict[int, int | None] = {
        runs: resolution(subgroup([*generators(k, runs).values()]))
        for factors, runs in sorted(FRACTIONS)
        if factors == k
    }
    return found | ({1 << k: None} if k <= 7 else {})
