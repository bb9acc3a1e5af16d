"""均匀设计 Uniform designs U_n(q^s) of Fang and Wang: few runs spread evenly over many levels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import theme
from qtools.display import format_number
from qtools.doe.design import Design
from qtools.doe.discrepancy import centered_discrepancy, good_lattice, uniform_table
from qtools.doe.efficiency import rank
from qtools.doe.factor import Factors, read_factors
from qtools.doe.making import make, whole
from qtools.errors import QualityDataError
from qtools.result import Check, Metric, Verdict

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_MOST_RUNS, _MOST_FACTORS = 100, 12
_SHOWN = 4  # factors in the figure
_METHODS = ("search", "glp")


@dataclass(frozen=True, slots=True, eq=False)
class UniformDesign(Design):
    """均匀设计 A design whose points are spread evenly, with the measure of it.

    Parameters
    ----------
    levels : int
        Levels of each factor, q.
    method : {"search", "glp"}
        Local search, or the good lattice points themselves.
    generator : tuple of int
        Generating vector of the best lattice; empty where there is none.
    starred : bool
        Whether that lattice is U*, made from n + 1 rows.
    lattice_discrepancy : float
        Centred L2-discrepancy of the best lattice, for comparison.
    """

    title: ClassVar[str] = "均匀设计"

    levels: int = 0
    method: str = "search"
    generator: tuple[int, ...] = ()
    starred: bool = False
    lattice_discrepancy: float = 0.0

    @property
    def level_table(self) -> pd.DataFrame:
        """水平表 Levels from 1 in standard order, as tables of uniform designs print them."""
        import pandas as pd

        places = np.rint((self.points + 1) / 2 * (self.levels - 1)).astype(int) + 1
        return pd.DataFrame(places, columns=list(self.names), index=self.coded.index)

    @property
    def discrepancy(self) -> float:
        """中心化 L2 偏差 Centred L2-discrepancy CD."""
        table = self.level_table.to_numpy()
        return centered_discrepancy((2 * table - 1) / (2 * self.levels))

    @property
    def symbol(self) -> str:
        """The table's name, U₇(7³) written as U7(7^3)."""
        return f"U{self.n_runs}({self.levels}^{len(self.factors)})"

    def table(self) -> pd.DataFrame:
        """概况 As for every design, with the discrepancies."""
        import pandas as pd

        star = "*" if self.starred else ""
        rows = [("均匀设计表", self.symbol), ("CD²", format_number(self.discrepancy**2, 5))]
        if self.generator:
            vector = ", ".join(map(str, self.generator))
            squared = format_number(self.lattice_discrepancy**2, 5)
            rows.append((f"最好的格子点 U{star} 的 CD²", f"{squared}（生成向量 {vector}）"))
        own = pd.DataFrame(rows, columns=["项", "内容"])
        # a dataclass with slots is made anew, so that super() would look at the first one
        return pd.concat([Design.table(self), own], ignore_index=True)

    def figure(self) -> go.Figure:
        """投影图 The points in each plane of two factors (of the first four)."""
        shown = range(min(len(self.factors), _SHOWN))
        pairs = list(combinations(shown, 2)) or [(0, 0)]
        cols = min(len(pairs), 3)
        fig = theme.new_figure(rows=-(-len(pairs) // cols), cols=cols)
        levels = self.level_table.to_numpy()
        for place, (i, j) in enumerate(pairs):
            at = {"row": place // cols + 1, "col": place % cols + 1}
            fig.add_scatter(
                x=levels[:, i], y=levels[:, j], mode="markers", showlegend=False,
                marker={"color": theme.BLUE, "size": 8}, **at,
            )  # fmt: skip
            fig.update_xaxes(title_text=f"{self.names[i]}（水平）", **at)
            fig.update_yaxes(title_text=f"{self.names[j]}（水平）", **at)
        alt = (
            f"散点图：{self.symbol} 的 {self.n_runs} 个试验点在两两因子平面上的投影，"
            f"每个水平上点数相同，没有大片空白。CD² = {self.discrepancy**2:.3g}。"
        )
        height = 260 * (-(-len(pairs) // cols)) + 80
        return theme.finish(fig, title="试验点铺得匀不匀", alt=alt, height=height)

    def metrics(self) -> dict[str, Metric]:
        """Keys of every design, and ``levels discrepancy discrepancy_squared``."""
        out: dict[str, Metric] = {
            "levels": self.levels,
            "discrepancy": self.discrepancy,
            "discrepancy_squared": self.discrepancy**2,
        }
        if self.generator:
            out["lattice_discrepancy_squared"] = self.lattice_discrepancy**2
        return Design.metrics(self) | out

    @property
    def verdict(self) -> Verdict:
        """Levels, runs, and how even."""
        text = (
            f"{self.symbol}：{len(self.factors)} 个因子各 {self.levels} 个水平，"
            f"{self.n_runs} 次试验，每个水平做 {self.n_runs // self.levels} 次，"
            f"CD² = {format_number(self.discrepancy**2, 4)}。"
        )
        rule = "CD² 是中心化 L2 偏差的平方，同样大小的表，越小越均匀；它不保证各项互不相关"
        return Verdict("info", text, rule, self.source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What even spread does not give."""
        out = [
            Check("uniform.no-replicates",
                  "均匀设计没有重复，误差只能从回归的残差里估计；最好在中间加做两三次。", "info")
        ]  # fmt: skip
        columns = self.matrix("main").x
        k = len(self.factors)
        if self.n_runs < 2 * (k + 1):
            text = f"{self.n_runs} 次试验、{k} 个因子：线性模型之外没有多少余地，宜加做几次。"
            out.insert(0, Check("uniform.few-runs", text))
        if rank(columns) < columns.shape[1]:
            text = "有的因子在这些试验里同进同退，线性模型也估计不了。"
            out.insert(0, Check("uniform.singular", text, "bad"))
        return tuple(out)


def uniform_design(
    factors: Factors,
    runs: int,
    *,
    levels: int | None = None,
    method: str = "search",
    seed: int = 1,
) -> UniformDesign:
    """均匀设计 Runs spread as evenly as possible, each level of each factor equally often.

    Parameters
    ----------
    factors
        A number, names, or names with (low, high); see :func:`qtools.doe.factor.read_factors`.
        Continuous factors only: levels are evenly spaced from low to high.
    runs : int
        n, from 2 to 100.
    levels : int, optional
        Levels of each factor; ``runs`` must be a multiple. By default as many as runs.
    method : {"search", "glp"}
        Local search from the best lattice, or the good lattice points themselves (tables of Fang
        and Wang).
    seed : int
        Of the random order; the table itself does not depend on it.

    Returns
    -------
    UniformDesign

    Raises
    ------
    QualityDataError
        If a factor is categorical, sizes are out of range, or runs are no multiple of levels.

    References
    ----------
    方开泰（1980），应用数学学报 3, 363-372. Fang & Wang (1994), *Number-theoretic Methods in
    Statistics*, ch. 5. Fang, Lin, Winker & Zhang (2000), Technometrics 42, 237-248. The
    local search plays the part of their threshold accepting.

    Examples
    --------
    >>> design = uniform_design({"温度": (160, 180), "时间": (10, 20)}, runs=5)
    >>> design.level_table["温度"].tolist(), round(design.discrepancy**2, 5)
    ([1, 2, 3, 4, 5], 0.01105)
    """
    found = read_factors(factors)
    n = whole("试验次数 runs", runs, least=2, most=_MOST_RUNS)
    s = whole("因子个数", len(found), least=1, most=_MOST_FACTORS)
    q = n if levels is None else whole("水平个数 levels", levels, least=2)
    if n % q:
        raise QualityDataError(
            f"{n} 次试验不能平分给 {q} 个水平。",
            hint=f"次数要是水平个数的倍数，例如 {-(-n // q) * q}。",
        )
    if method not in _METHODS:
        raise QualityDataError(
            f"method={method!r} 不认识。", hint="可写 search（搜索）或 glp（好格子点法）。"
        )
    texts = [factor.name for factor in found if not factor.continuous]
    if texts:
        raise QualityDataError(
            f"“{'、'.join(texts)}”的水平是文字，均匀设计要连续的量。",
            hint="文字的因子请用正交表，或 d_optimal。",
        )
    lattice, generator, starred = good_lattice(n, s, q)
    even = centered_discrepancy((2 * lattice + 1) / (2 * q))
    if method == "glp" and not generator:
        raise QualityDataError(
            f"{n} 次、{s} 个因子没有好格子点表。", hint="请改用 method='search'，或多做一次。"
        )
    table = lattice if method == "glp" else np.array(uniform_table(n, s, q))
    plain = make(
        "均匀设计", found, 2 * table / (q - 1) - 1, seed=seed, model="main",
        source="方开泰（1980）；Fang、Lin、Winker 与 Zhang（2000）",
    )  # fmt: skip
    kept = {field.name: getattr(plain, field.name) for field in fields(plain)}
    return UniformDesign(
        **kept, levels=q, method=method, generator=generator, starred=starred,
        lattice_discrepancy=even,
    )  # fmt: skip
