"""试验设计 A design: its runs in standard and in random order, and what it can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number
from qtools.doe import words as algebra
from qtools.doe.design_words import model_name, roman
from qtools.doe.efficiency import efficiency, rank
from qtools.doe.factor import Factor
from qtools.doe.terms import ModelMatrix, read_terms
from qtools.doe.words import Word
from qtools.errors import QualityDataError
from qtools.result import Check, Metric, Result, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Matrix = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]

STANDARD, RUN, BLOCK, KIND, CODE = "标准序", "试验序", "区组", "点型", "核对码"
HEADS = (RUN, STANDARD, BLOCK, KIND, CODE)  # columns of a run sheet that are no factors
CORNER, CENTER, STAR, EDGE = "析因点", "中心点", "轴点", "棱边点"


@dataclass(frozen=True, slots=True, eq=False)
class Design(Result):
    """试验设计 Runs of an experiment and what follows from them.

    Parameters
    ----------
    family : str
        What kind of design, in Chinese.
    factors : tuple of Factor
    points : ndarray of float64, shape (n, k)
        Coded settings, in standard order.
    order : ndarray of intp, shape (n,)
        Standard positions in the order in which they are run.
    seed : int
        Of the random order.
    kinds : tuple of str
        What each point is (:data:`CORNER`, :data:`CENTER`, :data:`STAR`, :data:`EDGE`).
    blocks : ndarray of intp, shape (n,)
        Block of each run, from 0; all 0 without blocks.
    words : tuple of (mask, sign)
        Words that are the same in every run of a two-level design (its defining relation if it is
        regular), see :mod:`qtools.doe.words`.
    regular : bool
        Whether it is a full factorial or a regular fraction, so that aliases are all or nothing.
    generators : tuple of str
        As given or chosen, such as ``"E=ABCD"``.
    confounded : tuple of str
        Effects that cannot be told from differences between blocks.
    model : str or tuple of str
        The model the design is meant for; efficiencies are those for it.
    source : str
        Where the construction comes from.
    """

    title: ClassVar[str] = "试验设计"

    family: str
    factors: tuple[Factor, ...]
    points: Matrix
    order: Codes
    seed: int
    kinds: tuple[str, ...]
    blocks: Codes
    words: tuple[Word, ...] = ()
    regular: bool = False
    generators: tuple[str, ...] = ()
    confounded: tuple[str, ...] = ()
    model: str | tuple[str, ...] = "main"
    source: str = ""

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.points)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(factor.name for factor in self.factors)

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return int(self.blocks.max()) + 1

    @property
    def resolution(self) -> int | None:
        """分辨度 Length of the shortest word; None unless it is a regular fraction."""
        return algebra.resolution(self.words) if self.regular else None

    @property
    def leak(self) -> float | None:
        """漏进主效应的份额 Largest share of a two-factor interaction in a fitted main effect.

        Of :meth:`alias_matrix`: 1 is complete confounding, 0 none; None with one factor, or where
        the runs cannot tell the main effects apart.
        """
        if len(self.factors) < 2 or rank(x := self.matrix("main").x) < x.shape[1]:
            return None
        return float(abs(self.alias_matrix()).to_numpy().max())

    @property
    def word_length_pattern(self) -> tuple[int, ...] | None:
        """字长型 Numbers of words of length 3, 4, …; None unless all aliases are complete."""
        if not self.regular:
            return None
        return algebra.word_length_pattern(self.words, len(self.factors))

    @property
    def defining_relation(self) -> tuple[str, ...]:
        """定义关系 The words that are +1 in every run, the shortest first."""
        return tuple(algebra.word_text(mask, sign, self.names) for mask, sign in self.words)

    @property
    def aliases(self) -> dict[str, tuple[str, ...]]:
        """别名 What each main effect and two-factor interaction is confounded with.

        Complete confounding only; empty where there is none. An effect given up for blocks has
        ``区组`` at the end. Designs such as Plackett–Burman confound in part: see
        :meth:`alias_matrix`.
        """
        if not self.words and not self.confounded:
            return {}
        found = algebra.aliases(self.words, self.names)
        return {
            name: (*own, BLOCK) if name in self.confounded else own for name, own in found.items()
        }

    def alias_table(self, order: int = 2) -> pd.DataFrame:
        """别名表 Sets of effects that look alike, one set a row; effects up to an order.

        Returns
        -------
        DataFrame
            ``能估计的``: sets as ``A + BD + CE``, what a fit calls A in truth; ``主效应``,
            ``二因子交互``: how many of each a set holds. Effects alone in their set are left out,
            and so is everything if nothing is aliased.
        """
        import pandas as pd

        rows = []
        for one in algebra.chains(self.words, len(self.factors), order):
            texts = [algebra.word_text(mask, sign, self.names) for mask, sign in one]
            held = [BLOCK] if {text.lstrip("−") for text in texts} & set(self.confounded) else []
            if len(texts) + len(held) > 1:
                orders = [mask.bit_count() for mask, _ in one]
                line = " + ".join([*texts, *held]).replace("+ −", "− ")
                rows.append((line, orders.count(1), orders.count(2)))
        return pd.DataFrame(rows, columns=["能估计的", "主效应", "二因子交互"])

    @property
    def runs(self) -> pd.DataFrame:
        """试验表 The runs in the order in which they are made, settings in natural units."""
        import pandas as pd

        order = self.order
        head: dict[str, object] = {RUN: np.arange(1, self.n_runs + 1), STANDARD: order + 1}
        if self.n_blocks > 1:
            head[BLOCK] = self.blocks[order] + 1
        if len(set(self.kinds)) > 1:
            head[KIND] = [self.kinds[place] for place in order]
        for factor, coded in zip(self.factors, self.points[order].T, strict=True):
            head[factor.name] = factor.settings(coded)
        return pd.DataFrame(head)

    @property
    def coded(self) -> pd.DataFrame:
        """编码表 The points in standard order, in coded values."""
        import pandas as pd

        frame = pd.DataFrame(self.points, columns=list(self.names))
        return frame.set_axis(pd.RangeIndex(1, self.n_runs + 1, name=STANDARD), axis=0)

    def matrix(self, model: str | int | Sequence[str] | None = None) -> ModelMatrix:
        """Model matrix of a model, by default of the one that the design is meant for."""
        terms = read_terms(self.model if model is None else model, self.factors)
        return ModelMatrix(self.factors, terms, self.points)

    def efficiency(self, model: str | int | Sequence[str] | None = None) -> dict[str, float]:
        """效率 D-, A-, G-efficiency in percent: see :func:`qtools.doe.efficiency.efficiency`.

        With blocks, the efficiency of what is left when differences between blocks are taken off.
        """
        return efficiency(self.matrix(model), self.blocks)

    def alias_matrix(
        self, model: str | int | Sequence[str] = "main", others: str | int = "interactions"
    ) -> pd.DataFrame:
        """别名矩阵 (X₁′X₁)⁻¹X₁′X₂: how much of each left-out effect falls on each fitted one.

        Parameters
        ----------
        model
            What is fitted.
        others
            What may exist besides; terms of ``model`` are left out of it.

        Raises
        ------
        QualityDataError
            If the fitted model itself cannot be estimated.
        """
        import pandas as pd

        one, two = self.matrix(model), self.matrix(others)
        rest = tuple(term for term in two.terms if term not in one.terms)
        left = ModelMatrix(self.factors, rest, self.points)
        if rank(one.x) < one.x.shape[1]:
            raise QualityDataError(
                f"{self.n_runs} 次试验分不开模型里的全部项。", hint="请减少模型项，或加做试验。"
            )
        values = np.linalg.lstsq(one.x, left.x[:, 1:], rcond=None)[0][1:]
        values = np.round(values, 12) + 0.0  # without rounding dust
        rows = [name for name, df in zip(one.names, one.df, strict=True) for _ in range(df)]
        columns = [name for name, df in zip(left.names, left.df, strict=True) for _ in range(df)]
        return pd.DataFrame(values, index=pd.Index(rows, name="拟合的项"), columns=columns)

    def table(self) -> pd.DataFrame:
        """概况 Family, runs, resolution, generators, efficiencies."""
        import pandas as pd

        kinds = [f"{kind} {self.kinds.count(kind)}" for kind in dict.fromkeys(self.kinds)]
        rows: list[tuple[str, object]] = [
            ("因子", f"{len(self.factors)} 个：{'、'.join(self.names)}"),
            ("试验次数", f"{self.n_runs}" + (f"（{'，'.join(kinds)}）" if len(kinds) > 1 else "")),
            ("随机次序的种子", str(self.seed)),
        ]
        if self.n_blocks > 1:
            lost = f"；与区组混杂：{'、'.join(self.confounded)}" if self.confounded else ""
            rows.append(("区组", f"{self.n_blocks} 个{lost}"))
        if self.generators:
            rows.append(("生成元", "，".join(self.generators)))
        if self.resolution is not None:
            rows.append(("分辨度", roman(self.resolution)))
            pattern = "，".join(
                f"A{length} = {count}"
                for length, count in enumerate(self.word_length_pattern or (), start=3)
                if count
            )
            rows.append(("字长型", pattern))
        found = self.efficiency()
        values = "，".join(f"{key[0].upper()} {format_number(found[key], 3)} %" for key in found)
        rows.append((f"效率（{model_name(self.model)}）", values))
        return pd.DataFrame(rows, columns=["项", "内容"])

    def figure(self) -> go.Figure:
        """别名图 Correlations between main effects, two-factor interactions and squares."""
        from qtools.doe.design_view import draw

        return draw(self)

    def metrics(self) -> dict[str, Metric]:
        """``n_runs n_factors n_blocks seed``, ``resolution a3 a4 …``, ``d_efficiency`` …."""
        out: dict[str, Metric] = {
            "n_runs": self.n_runs,
            "n_factors": len(self.factors),
            "n_blocks": self.n_blocks,
            "n_center": self.kinds.count(CENTER),
            "seed": self.seed,
        }
        if self.resolution is not None and self.word_length_pattern is not None:
            out["resolution"] = self.resolution
            out |= {f"a{at}": count for at, count in enumerate(self.word_length_pattern, start=3)}
        return out | self.efficiency()

    @property
    def verdict(self) -> Verdict:
        """What the design can tell apart."""
        from qtools.doe.design_words import verdict_of

        return verdict_of(self)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What cannot be seen with this design."""
        out: list[Check] = []
        if self.confounded:
            out.append(
                Check("design.confounded-with-blocks",
                      f"与区组混杂、因而看不到的效应：{'、'.join(self.confounded)}。", "info")
            )  # fmt: skip
        return tuple(out)
