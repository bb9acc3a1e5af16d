"""单因子结果 What one factor does: means, tests, differences, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number, p_text
from qtools.doe.comparisons import Difference, letters
from qtools.doe.one_way_parts import BlockTest, LevelMean, Test
from qtools.estimate import t_quantile
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OneWay(Result):
    """单因子方差分析结果 Levels, tests, and differences with simultaneous intervals.

    Parameters
    ----------
    factor, value : str
    block, control : str or None
    levels : tuple of LevelMean
    y : ndarray of float64, shape (n,)
    codes : ndarray of intp, shape (n,)
        Level of each reading.
    rows : tuple of int
        Row numbers as the reader sees them.
    studentized : ndarray of float64, shape (n,)
        Internally studentised residuals.
    factor_test : Test
        F of the levels, equal spread.
    block_test : BlockTest or None
    error_ss, sst : float
    welch_test : Test or None
        Without blocks, where every level has a spread.
    spread_test : Test or None
        Brown–Forsythe: distances from the median; without blocks.
    unequal : bool
        Whether spreads count as different.
    asked : str
        ``spread`` as asked for.
    differences : tuple of Difference
        All pairs, or all levels less the control.
    confidence : float
    read_checks : tuple of Check
    """

    title: ClassVar[str] = "单因子方差分析"

    factor: str
    value: str
    block: str | None
    control: str | None
    levels: tuple[LevelMean, ...]
    y: Vector
    codes: npt.NDArray[np.intp]
    rows: tuple[int, ...]
    studentized: Vector
    factor_test: Test
    block_test: BlockTest | None
    error_ss: float
    sst: float
    welch_test: Test | None
    spread_test: Test | None
    unequal: bool
    asked: str
    differences: tuple[Difference, ...]
    confidence: float
    read_checks: tuple[Check, ...]

    @property
    def test(self) -> Test:
        """The F test that decides: Welch's where spreads differ."""
        return self.welch_test if self.unequal and self.welch_test else self.factor_test

    @property
    def s(self) -> float:
        """Residual standard deviation: all levels pooled, blocks removed."""
        return float((self.error_ss / self.factor_test.df2) ** 0.5)

    @property
    def s_interval(self) -> Interval:
        """χ² interval of the residual standard deviation."""
        from scipy.special import chdtri

        df, risk = self.factor_test.df2, 1 - self.confidence
        low, high = ((self.error_ss / chdtri(df, tail)) ** 0.5 for tail in (risk / 2, 1 - risk / 2))
        return Interval(float(low), float(high), self.confidence, f"χ²，自由度 {df:g}")

    @property
    def omega2(self) -> float:
        """ω² Share of the levels in the variance (blocks left out), nearly unbiased, at least 0."""
        test = self.factor_test
        ms = self.error_ss / test.df2
        ss = test.ss or 0.0
        return max(0.0, (ss - test.df1 * ms) / (ss + (len(self.y) - test.df1) * ms))

    @property
    def omega2_interval(self) -> Interval:
        """Shares λ/(λ + n) whose F is not out of the ordinary (noncentral F; Steiger 2004)."""
        from scipy.optimize import brentq
        from scipy.special import ncfdtr

        test, n, ends = self.factor_test, len(self.y), []
        for tail in ((1 + self.confidence) / 2, (1 - self.confidence) / 2):

            def off(shift: float, tail: float = tail) -> float:
                return float(ncfdtr(test.df1, test.df2, shift, test.f)) - tail

            if off(0.0) <= 0:
                ends.append(0.0)
                continue
            high = 1.0
            while off(high) > 0 and high < 1e12:
                high *= 2
            shift = brentq(off, 0.0, high) if off(high) <= 0 else high
            ends.append(float(shift / (shift + n)))
        return Interval(ends[0], ends[1], self.confidence, "非中心 F")

    @property
    def different(self) -> tuple[Difference, ...]:
        """Pairs whose simultaneous interval leaves out 0."""
        return tuple(pair for pair in self.differences if pair.significant)

    @property
    def method(self) -> str:
        """How differences were compared."""
        return self.differences[0].interval.method.partition(" 同时")[0]

    @property
    def letters(self) -> dict[str, str]:
        """Grouping letters of all pairs; empty with a control."""
        if self.control is not None:
            return {}
        means = np.array([level.mean for level in self.levels])
        return letters(tuple(level.name for level in self.levels), means, self.differences)

    def mean_interval(self, place: int) -> Interval:
        """Interval of one mean by itself; its own spread where spreads differ."""
        level = self.levels[place]
        se, df = level.se, self.factor_test.df2
        if self.unequal and level.sd is not None:
            se, df = level.sd / level.n**0.5, level.n - 1
        half = t_quantile(self.confidence, df) * se
        return Interval(level.mean - half, level.mean + half, self.confidence, f"t，自由度 {df:g}")

    def table(self) -> pd.DataFrame:
        """各水平 Readings, mean with its own interval, standard deviation, grouping letter."""
        import pandas as pd

        percent, group = f"{100 * self.confidence:g} %", self.letters
        rows = []
        for place, level in enumerate(self.levels):
            own = self.mean_interval(place)
            row: dict[str, object] = {
                self.factor: level.name,
                "平均" if self.block is None else "调整平均": level.mean,
            }
            row |= {"分组字母": group[level.name]} if group else {}
            row |= {f"{percent} 下限": own.low, f"{percent} 上限": own.high}
            rows.append(row | {"标准差": level.sd, "个数": level.n})
        return pd.DataFrame(rows)

    def anova(self) -> pd.DataFrame:
        """方差分析表 Type III sums of squares, F and p; Welch's F and Brown–Forsythe below."""
        import pandas as pd

        heads = ["来源", "平方和 SS", "自由度 df", "均方 MS", "F", "p"]
        lines = [(self.factor, self.factor_test)]
        if self.block_test is not None:
            lines.append((f"区组：{self.block}", self.block_test.test))
        rows: list[list[object]] = [
            [name, test.ss, test.df1, (test.ss or 0.0) / test.df1, test.f, test.p]
            for name, test in lines
        ]
        df = self.factor_test.df2
        rows.append(["误差", self.error_ss, df, self.error_ss / df, None, None])
        rows.append(["合计", self.sst, len(self.y) - 1, None, None, None])
        return pd.DataFrame(rows, columns=heads)

    def tests(self) -> pd.DataFrame:
        """各种检验 F of equal spread, Welch's F, Brown–Forsythe, block by level."""
        import pandas as pd

        lines: list[tuple[str, str, Test | None]] = [
            (f"{self.factor}：F 检验", "平均都相同（散布也相同）", self.factor_test),
            (f"{self.factor}：Welch 检验", "平均都相同（散布可以不同）", self.welch_test),
            ("Brown–Forsythe 检验", "散布都相同", self.spread_test),
        ]
        if self.block_test is not None:
            lines.append((self.block_test.how, "水平的差别在各区组一样", self.block_test.alike))
        rows = [[name, what, t.df1, t.df2, t.f, t.p] for name, what, t in lines if t is not None]
        return pd.DataFrame(rows, columns=["检验", "原假设", "df₁", "df₂", "F", "p"])

    def pairs(self) -> pd.DataFrame:
        """两两之差 Each difference with its simultaneous interval and adjusted p."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        rows = [
            [f"{d.level} − {d.other}", d.value, d.interval.low, d.interval.high, d.p,
             "有差别" if d.significant else "分不出"]
            for d in self.differences
        ]  # fmt: skip
        heads = ["差", "估计值", f"同时 {percent} 下限", f"同时 {percent} 上限", "p", "结论"]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """比较图 Readings, means, and intervals that do not meet where levels differ."""
        from qtools.doe.one_way_view import figure

        return figure(self)

    def pairs_figure(self) -> go.Figure:
        """两两之差图 Differences with their simultaneous intervals."""
        from qtools.doe.one_way_view import pairs_figure

        return pairs_figure(self)

    def residual_figure(self) -> go.Figure:
        """残差图 Studentised residuals by level, and against the normal distribution."""
        from qtools.doe.one_way_view import residual_figure

        return residual_figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys, see the chapter; ``largest_diff`` is the greatest of the differences."""
        test, far = self.factor_test, max(self.differences, key=lambda d: abs(d.value))
        welch, brown, blocks = self.welch_test, self.spread_test, self.block_test
        values: dict[str, Metric | None] = {
            "n": len(self.y), "n_levels": len(self.levels), "f": test.f, "p": test.p,
            "df1": test.df1, "df2": test.df2, "s": self.s, "omega2": self.omega2,
            "eta2": (test.ss or 0.0) / ((test.ss or 0.0) + self.error_ss),
            "welch_f": welch.f if welch else None, "welch_p": welch.p if welch else None,
            "welch_df2": welch.df2 if welch else None,
            "levene_w": brown.f if brown else None, "levene_p": brown.p if brown else None,
            "block_f": blocks.test.f if blocks else None,
            "block_p": blocks.test.p if blocks else None,
            "unequal": self.unequal, "method": self.method,
            "n_pairs": len(self.differences), "n_different": len(self.different),
            "largest_pair": f"{far.level} − {far.other}", "largest_diff": far.value,
            "largest_p": far.p,
        }  # fmt: skip
        for place, level in enumerate(self.levels, 1):
            values[f"level{place}_mean"] = level.mean
        return with_intervals(
            values,
            {"s": self.s_interval, "omega2": self.omega2_interval, "largest_diff": far.interval},
        )

    @property
    def verdict(self) -> Verdict:
        """Which levels differ, by how much; never that they are the same."""
        percent = f"{100 * self.confidence:g} %"
        name = "Welch F" if self.unequal else "F"
        whole = f"{name} = {format_number(self.test.f, 4)}，{p_text(self.test.p)}"
        among = f"与对照“{self.control}”相比的" if self.control else "全部"
        rule = (
            f"{among} {len(self.differences)} 个差，用 {self.method} 的同时 {percent} 区间，"
            "不含 0 的才算有差别"
        )
        source = "Tukey（1953）、Kramer（1956）；Games 与 Howell（1976）；Dunnett（1955）"
        found = sorted(self.different, key=lambda d: -abs(d.value))
        far = max(self.differences, key=lambda d: abs(d.value))
        widest = max(max(abs(d.interval.low), abs(d.interval.high)) for d in self.differences)
        level: Level = "info"
        if found:
            shown = "；".join(map(self._sentence, found[:3]))
            more = f"等 {len(found)} 对" if len(found) > 3 else ""
            text = f"有差别：{shown}{more}（{whole}）。"
        elif self.test.p < 1 - self.confidence:
            level = "caution"
            text = (
                f"各水平不全相同（{whole}），但这些数据还指不出是哪两个：相差最大的{self._sentence(far)}，"
                "同时区间含 0。"
            )
        else:
            level = "caution"
            text = (
                f"看不出差别（{whole}），但不等于相同：按同时区间，差别还可能大到 "
                f"{format_number(widest, 3)}。"
            )
        return Verdict(level, text, rule, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Those of reading, of spread, of blocks, of outliers and shape."""
        from qtools.doe.one_way_view import checks

        return checks(self)

    def _sentence(self, pair: Difference) -> str:
        low, high = (format_number(v, 3) for v in (pair.interval.low, pair.interval.high))
        word = "高" if pair.value > 0 else "低"
        if pair.value < 0:
            low, high = (format_number(-v, 3) for v in (pair.interval.high, pair.interval.low))
        # a bare number needs its noun: 批次 7 比批次 5 高
        bare = pair.level.isdecimal() and pair.other.isdecimal()
        first, second = (
            f"{self.factor} {one}" if bare else one for one in (pair.level, pair.other)
        )
        size = format_number(abs(pair.value), 3)
        return f"{first} 比 {second} {word} {size}（{low} 到 {high}）"
