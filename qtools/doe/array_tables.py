"""正交表的表 Orthogonal arrays as printed in textbooks, levels written 0, 1, 2, ….

Two-level tables of 2^m runs: column j is the parity of the run's binary digits picked by the
binary digits of j, the slowest digit of the run first, so that the interaction of columns i and j
is column ``i ^ j``. Three-level, four- and five-level tables: columns are points of the projective
space over GF(3), GF(4), GF(5). L12 and L18 are no such tables and are written out.

References
----------
Taguchi (1987), *System of Experimental Design*, vol. 2, appendix (tables and linear graphs);
Hedayat, Sloane & Stufken (1999), *Orthogonal Arrays*, ch. 3 and 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Table = npt.NDArray[np.intp]

_L12 = (
    "00000000000", "00000111111", "00111000111", "01011011001", "01101101010", "01110110100",
    "10110011010", "10101110001", "10011101100", "11100001101", "11010100011", "11001010110",
)  # fmt: skip
_L18 = (
    "00000000", "00111111", "00222222", "01001122", "01112200", "01220011",
    "02010212", "02121020", "02202101", "10022110", "10100221", "10211002",
    "11012021", "11120102", "11201210", "12021201", "12102012", "12210120",
)  # fmt: skip
# coefficients of the run's digits (slowest first) in each column
_L9 = ("10", "01", "11", "21")
_L27 = ("100", "010", "110", "210", "001", "101", "201", "011", "111", "211", "021", "121", "221")
_L25 = ("10", "01", "11", "21", "31", "41")
_GF4_TIMES = np.array([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2]])


def _written(rows: Sequence[str]) -> Table:
    return np.array([[int(level) for level in row] for row in rows], dtype=np.intp)


def _parity(m: int) -> Table:
    runs = np.array(list(product(range(2), repeat=m)))
    columns = np.array([[j >> digit & 1 for digit in range(m)] for j in range(1, 2**m)])
    return np.asarray(runs @ columns.T % 2, dtype=np.intp)


def _linear(q: int, columns: Sequence[str]) -> Table:
    """Columns over GF(q), q prime."""
    runs = np.array(list(product(range(q), repeat=len(columns[0]))))
    return np.asarray(runs @ _written(columns).T % q, dtype=np.intp)


def _l16_of_four() -> Table:
    a, b = np.array(list(product(range(4), repeat=2))).T
    return np.column_stack([a, b, *(_GF4_TIMES[c][a] ^ b for c in (1, 2, 3))]).astype(np.intp)


TABLES: Mapping[str, Callable[[], Table]] = {
    "L4(2^3)": lambda: _parity(2),
    "L8(2^7)": lambda: _parity(3),
    "L9(3^4)": lambda: _linear(3, _L9),
    "L12(2^11)": lambda: _written(_L12),
    "L16(2^15)": lambda: _parity(4),
    "L16(4^5)": _l16_of_four,
    "L18(2×3^7)": lambda: _written(_L18),
    "L25(5^6)": lambda: _linear(5, _L25),
    "L27(3^13)": lambda: _linear(3, _L27),
    "L32(2^31)": lambda: _parity(5),
}
