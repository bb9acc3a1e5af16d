"""正交表 Orthogonal arrays: L4 to L32, their interaction columns, and factors placed in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar
from unicodedata import normalize

import numpy as np

from qtools.doe.array_tables import TABLES
from qtools.doe.design import Design
from qtools.doe.factor import LETTERS, Factor, Factors, read_factors
from qtools.doe.making import make
from qtools.doe.placing import place
from qtools.doe.terms import ModelMatrix, read_terms
from qtools.doe.words import column_words
from qtools.errors import QualityDataError
from qtools.result import Check, Level, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Table = npt.NDArray[np.intp]

_MOST_WORDS = 12  # factors up to which the defining relation is written out


@dataclass(frozen=True, slots=True, eq=False)
class ArrayDesign(Design):
    """正交表设计 A design whose factors sit in columns of an orthogonal array.

    Every factor counts as levels, numbers too: the main-effect model has m − 1 degrees of freedom
    for m levels, as in a table of level means.

    Parameters
    ----------
    array : str
        Name of the table, such as ``"L9(3^4)"``.
    columns : tuple of int
        Column of each factor, from 1.
    interactions : tuple of (str, columns)
        Wanted interactions and the columns kept free for them.
    """

    title: ClassVar[str] = "正交表设计"

    array: str = ""
    columns: tuple[int, ...] = ()
    interactions: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def free_columns(self) -> tuple[int, ...]:
        """空列 Columns with neither a factor nor a wanted interaction: they carry the error."""
        used = {*self.columns, *(c for _, cs in self.interactions for c in cs)}
        return tuple(c for c in range(1, array_table(self.array).shape[1] + 1) if c not in used)

    def matrix(self, model: str | int | Sequence[str] | None = None) -> ModelMatrix:
        """Model matrix with every factor as levels."""
        shadows = tuple(Factor(f.name, _texts(f)) for f in self.factors)
        even = [
            shadow.positions[np.abs(column[:, None] - factor.positions).argmin(axis=1)]
            for shadow, factor, column in zip(shadows, self.factors, self.points.T, strict=True)
        ]
        wanted = self.model if model is None else model
        return ModelMatrix(shadows, read_terms(wanted, shadows), np.column_stack(even))

    def header(self) -> pd.DataFrame:
        """表头设计 What sits in each column: a factor, an interaction, or nothing."""
        import pandas as pd

        held = dict(zip(self.columns, self.names, strict=True))
        for name, columns in self.interactions:
            held |= dict.fromkeys(columns, name)
        width = array_table(self.array).shape[1]
        rows = [(c, held.get(c, "（空）")) for c in range(1, width + 1)]
        return pd.DataFrame(rows, columns=["列", "放什么"])

    def table(self) -> pd.DataFrame:
        """概况 The table, its header, and the columns left for error."""
        import pandas as pd

        rows = [("正交表", self.array)]
        rows += [(f"第 {c} 列", f"{f.name}：{'、'.join(_texts(f))}")
                 for c, f in zip(self.columns, self.factors, strict=True)]  # fmt: skip
        rows += [(f"第 {'、'.join(map(str, cs))} 列", f"{name}（不放因子）")
                 for name, cs in self.interactions]  # fmt: skip
        free = "、".join(map(str, self.free_columns))
        rows += [("空列", free or "没有"), ("试验次数", str(self.n_runs))]
        rows += [("随机次序的种子", str(self.seed))]
        return pd.DataFrame(rows, columns=["项", "内容"])

    @property
    def verdict(self) -> Verdict:
        """Whether anything is left to judge the factors by."""
        head = f"{self.array}：{len(self.factors)} 个因子，{self.n_runs} 次试验，两两均衡搭配"
        level: Level = "good" if self.free_columns else "caution"
        tail = "没有空列，不做重复就没有误差可比，极差大小说明不了问题"
        if self.free_columns:
            tail = f"空列有 {len(self.free_columns)} 个，可以用来估计误差"
        rule = "空列和重复是误差的来源，至少要有一样"
        return Verdict(level, f"{head}；{tail}。", rule, self.source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What interactions do to the columns."""
        names = dict(zip(self.columns, self.names, strict=True))
        kept = {name for name, _ in self.interactions}
        mixed = []
        for a, b in combinations(self.columns, 2):
            hit = [names[c] for c in complete(self.array, a, b) or () if c in names]
            if hit and f"{names[a]}×{names[b]}" not in kept:
                mixed.append(f"{names[a]}×{names[b]} 落在{'、'.join(hit)}上")
        if mixed:
            more = f"，共 {len(mixed)} 对" if len(mixed) > 4 else ""
            text = f"交互作用若存在，会混进主效应：{'；'.join(mixed[:4])}{more}。"
            return (Check("orthogonal-array.confounded", text),)
        if self.array in IRREGULAR and len(self.columns) > 2:
            text = "这张表把交互作用摊到许多列上，交互作用估计不了，只会使主效应偏一点。"
            return (Check("orthogonal-array.partial", text, "info"),)
        return ()


def _texts(factor: Factor) -> tuple[str, ...]:
    return tuple(v if isinstance(v, str) else f"{v:.10g}" for v in factor.levels)


IRREGULAR = ("L12(2^11)", "L18(2×3^7)")


def read_name(name: str) -> str:
    """表名 The table a reader means: ``"L9"``, ``"l18(2^1*3^7)"``, ``"L₁₆(4⁵)"``.

    Raises
    ------
    QualityDataError
        If there is no such table.

    Examples
    --------
    >>> read_name("L16"), read_name("L16(4⁵)"), read_name("l18(2^1*3^7)")
    ('L16(2^15)', 'L16(4^5)', 'L18(2×3^7)')
    """
    small = str.maketrans("₀₁₂₃₄₅₆₇₈₉（）xX*", "0123456789()×××")
    text = re.sub(r"[⁰¹²³⁴-⁹]+", lambda found: "^" + _plain(found[0]), str(name)).translate(small)
    key = re.sub(r"\^1(?!\d)|\s", "", text).upper()
    for full in TABLES:
        if key in (full, full.split("(")[0]):
            return full
    raise QualityDataError(f"没有正交表“{name}”。", hint=f"有这些：{'、'.join(TABLES)}。")


def _plain(digits: str) -> str:
    return digits.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))


@lru_cache
def _table(full: str) -> Table:
    return TABLES[full]()


def array_table(name: str) -> Table:
    """正交表 The table itself, levels 0, 1, …, shape (runs, columns), in the printed order.

    Examples
    --------
    >>> (array_table("L9") + 1)[3].tolist()
    [2, 1, 2, 3]
    """
    return _table(read_name(name)).copy()


def complete(name: str, a: int, b: int) -> tuple[int, ...] | None:
    """Columns that columns a and b determine; None if they do not hold the whole interaction."""
    table = _table(read_name(name))
    one, two = table[:, a - 1], table[:, b - 1]
    cell = one * (two.max() + 1) + two
    found, df = [], 0
    for place_, column in enumerate(table.T, start=1):
        pairs = len(set(zip(cell.tolist(), column.tolist(), strict=True)))
        if place_ not in (a, b) and pairs == len(set(cell.tolist())):
            found.append(place_)
            df += int(column.max())
    return tuple(found) if df == int(one.max() * two.max()) else None


def interaction_columns(array: str, a: int, b: int) -> tuple[int, ...]:
    """交互作用列 The columns that the interaction of columns a and b fills.

    A column belongs to it if its level follows from those of a and b.

    Parameters
    ----------
    array : str
        Name of the table.
    a, b : int
        Columns, from 1.

    Raises
    ------
    QualityDataError
        If the table has no interaction columns (L12, L18), or a column does not exist.

    Examples
    --------
    >>> interaction_columns("L8", 1, 2), interaction_columns("L27", 1, 5)
    ((3,), (6, 7))
    """
    full = read_name(array)
    width = _table(full).shape[1]
    for column in (a, b):
        if isinstance(column, bool) or not isinstance(column, int) or not 1 <= column <= width:
            raise QualityDataError(f"{full} 没有第 {column} 列。", hint=f"列号从 1 到 {width}。")
    if a == b:
        raise QualityDataError(f"第 {a} 列和它自己没有交互作用。", hint="写两个不同的列号。")
    found = complete(full, a, b)
    if found is None:
        raise QualityDataError(
            f"{full} 没有交互作用列：两列的交互作用分摊在许多列上，估计不了。",
            hint="要看交互作用，请用 L8、L16、L27，或部分析因、响应面设计。"
            "L18 的第 1、2 列之间的交互作用例外：不占列，可由两列的搭配直接估计。",
        )
    return found


def _only_names(factors: Factors) -> bool:
    """Whether no factor says its settings."""
    if isinstance(factors, int | Mapping):
        return isinstance(factors, int)
    return all(isinstance(one, str) and "=" not in normalize("NFKC", one) for one in factors)


def orthogonal_array(
    name: str,
    factors: Factors | None = None,
    *,
    columns: Sequence[int] | None = None,
    interactions: Sequence[str] = (),
    seed: int = 1,
) -> ArrayDesign:
    """正交表试验 Factors placed in the columns of an orthogonal array.

    Parameters
    ----------
    name : str
        ``"L4"``, ``"L8"``, ``"L9"``, ``"L12"``, ``"L16"`` (2^15), ``"L16(4^5)"``, ``"L18"``,
        ``"L25"``, ``"L27"``, ``"L32"``.
    factors
        A number, names, or names with their settings; every column gets one by default. Names
        alone take the levels of their column, evenly spaced from −1 to +1.
    columns : sequence of int, optional
        Column of each factor; by default the first ones that keep wanted interactions free.
    interactions : sequence of str
        Interactions that shall be estimable, such as ``["温度×时间"]``: no factor is placed on
        their columns.
    seed : int
        Of the random order.

    Raises
    ------
    QualityDataError
        If a factor does not fit its column, sits on a column of a wanted interaction, or there
        is no room.

    References
    ----------
    Taguchi (1987), *System of Experimental Design*; 正交表的列序与教材所印相同。

    Examples
    --------
    >>> design = orthogonal_array("L8", ["A", "B", "C", "D"], interactions=["A×B"])
    >>> design.columns, design.interactions, design.free_columns
    ((1, 2, 4, 5), (('A×B', (3,)),), (6, 7))
    """
    full = read_name(name)
    table = _table(full)
    sizes = tuple((table.max(axis=0) + 1).tolist())
    bare = factors is None or isinstance(factors, int) or _only_names(factors)
    if factors is None:
        few = len(sizes) <= len(LETTERS)
        factors = len(sizes) if few else [f"第{c}列" for c in range(1, len(sizes) + 1)]
    found = read_factors(factors)
    levels = None if bare else tuple(len(factor.levels) for factor in found)
    names = tuple(factor.name for factor in found)
    where, kept = place(full, sizes, names, levels, columns, interactions, interaction_columns)
    if bare:
        found = tuple(
            Factor(one, tuple(np.linspace(-1.0, 1.0, sizes[c - 1]).tolist()))
            for one, c in zip(names, where, strict=True)
        )
    points = np.column_stack(
        [factor.positions[table[:, c - 1]] for factor, c in zip(found, where, strict=True)]
    )
    regular = full not in IRREGULAR and set(sizes) == {2} and len(where) <= _MOST_WORDS
    words = column_words(where, -1) if regular else ()
    design = make(
        "正交表试验", found, points, seed=seed, words=words, regular=regular,
        model=("main" if not kept else (*names, *(one for one, _ in kept))),
        source="Taguchi（1987）",
    )  # fmt: skip
    own = {field.name: getattr(design, field.name) for field in fields(Design)}
    return ArrayDesign(**own, array=full, columns=where, interactions=kept)
