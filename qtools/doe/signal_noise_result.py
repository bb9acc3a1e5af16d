"""信噪比结果 S/N of inner runs beside their mean and spread, and what decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number, format_p
from qtools.doe.inner_outer import Inner
from qtools.doe.range_result import LevelAnalysis
from qtools.estimate import Estimate
from qtools.result import Check, Metric, Result, Verdict
from qtools.variance import flat

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_DOMINATES = 0.8  # share of one reading in the sum of its run from which it is named
_SOURCE = "Taguchi（1987）；均值与散布分开看：Box（1988）"


@dataclass(frozen=True, slots=True, eq=False)
class SignalToNoise(Result):
    """信噪比分析 Level analyses of S/N, of the mean, and of the spread, over the inner runs.

    Parameters
    ----------
    kind, label, formula : str
        Which ratio.
    target : float or None
    inner : Inner
        Settings and readings.
    sn, mean : LevelAnalysis
        Of the S/N ratio in dB and of ȳ.
    spread : LevelAnalysis or None
        Of 20 lg s; None where a run has a single reading or identical ones.
    """

    title: ClassVar[str] = "信噪比分析"

    kind: str
    label: str
    formula: str
    target: float | None
    inner: Inner
    sn: LevelAnalysis
    mean: LevelAnalysis
    spread: LevelAnalysis | None

    @property
    def parts(self) -> tuple[LevelAnalysis, ...]:
        """The analyses that exist."""
        return (self.sn, self.mean) + ((self.spread,) if self.spread else ())

    @property
    def slope(self) -> Estimate | None:
        """斜率 Of lg s on lg ȳ over inner runs: 0 if spread does not follow the mean, 1 if s ∝ ȳ.

        ȳ²/s² assumes 1, 20 lg s alone 0 (Box 1988). None without spreads, with a mean that is not
        positive, fewer than 4 runs, or equal means.
        """
        means = np.array([own.mean() for own in self.inner.readings])
        if self.spread is None or self.inner.n < 4 or (means <= 0).any() or flat(means):
            return None
        x = np.log10(means) - np.log10(means).mean()
        y = self.spread.fit.y / 20
        value = float(x @ y / (x @ x))
        rest = y - y.mean() - value * x
        df = len(x) - 2
        se = float((rest @ rest / df / (x @ x)) ** 0.5)
        return Estimate(value, se, df, self.sn.confidence)

    def runs(self) -> pd.DataFrame:
        """内表结果 Settings, number of readings, ȳ, s and S/N of each inner run."""
        import pandas as pd

        own = self.inner
        frame: dict[str, object] = {
            factor.name: factor.settings(column)
            for factor, column in zip(own.factors, own.points.T, strict=True)
        }
        frame["读数个数"] = own.counts
        frame["均值"] = [float(y.mean()) for y in own.readings]
        frame["标准差"] = [float(y.std(ddof=1)) if y.size > 1 else None for y in own.readings]
        frame["信噪比 dB"] = self.sn.fit.y
        return pd.DataFrame(frame)

    def table(self) -> pd.DataFrame:
        """决定表 For each factor, range, p and best level on S/N, mean and spread."""
        import pandas as pd

        columns: dict[str, list[object]] = {"因子": [f.name for f in self.inner.factors]}
        for part in self.parts:
            columns[f"{part.what}：极差"] = list(part.ranges)
            columns[f"{part.what}：p"] = [
                "并入误差" if test is None else format_p(test[1])
                for test in part.tests
            ]  # fmt: skip
            columns[f"{part.what}：最好"] = list(part.best_levels)
        return pd.DataFrame(columns)

    def figure(self) -> go.Figure:
        """水平均值图 Level means of S/N, mean and spread, a column a factor."""
        from qtools.doe.range_view import draw

        return draw(self.parts, f"信噪比（{self.label}）、均值与散布的水平均值")

    def metrics(self) -> dict[str, Metric]:
        """``n_runs n_readings slope``, the keys of each analysis after ``sn_ mean_ spread_``."""
        out: dict[str, Metric] = {
            "kind": self.kind, "n_runs": self.inner.n, "n_readings": int(self.inner.counts.sum()),
        }  # fmt: skip
        for name, part in zip(("sn", "mean", "spread"), self.parts, strict=False):
            out |= {f"{name}_{key}": value for key, value in part.metrics().items()}
        if self.slope is not None:
            low, high = self.slope.interval.low, self.slope.interval.high
            out |= {"slope": self.slope.value, "slope_low": low, "slope_high": high}
        return out

    @property
    def verdict(self) -> Verdict:
        """The combination with the best predicted S/N, if anything stands."""
        sn = self.sn
        best = sn.best_text
        found = sn.optimum
        rule = f"信噪比 = {self.formula}（{self.label}），大的好；{sn.verdict.rule}"
        if isinstance(found, float):
            text = (
                f"信噪比最大的组合是 {best}，可是没有误差可比，不是结论："
                "内表要留空列，或事先写明并入哪一列；读数再多也只压成一个信噪比，添不出误差。"
            )
            return Verdict("caution", text, rule, _SOURCE)
        low, high = found.interval.low, found.interval.high
        ahead = (
            f"预测信噪比 {format_number(found.value, 3)} dB"
            f"（{100 * sn.confidence:g} % 区间 "
            f"{format_number(low, 3)} 到 {format_number(high, 3)}）"
        )
        if not sn.significant:
            text = (
                f"没有一个因子对信噪比的影响站得住；信噪比最大的组合是 {best}，{ahead}，不必照改。"
            )
            return Verdict("caution", text, rule, _SOURCE)
        text = (
            f"对信噪比站得住的因子：{'、'.join(sn.significant)}；最大的组合 {best}，{ahead}，"
            "须做确认试验。"
        )
        return Verdict("good", text, rule, _SOURCE)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the ratio hides."""
        out = list(self.inner.checks)
        seen = {check.text for check in out}
        out += [check for check in self.sn.checks if check.text not in seen]
        if int(self.inner.counts.max()) == 1:
            text = "每个条件只有一个读数，信噪比只是读数的对数，看不到散布，说不上稳健。"
            out.append(Check("signal-noise.single-reading", text))
        elif len(set(self.inner.counts.tolist())) > 1:
            text = "各内表条件的读数个数不同，信噪比的准头也不同，这里当作一样准来分析。"
            out.append(Check("signal-noise.uneven", text))
        if self.spread is not None and self.kind.startswith("nominal"):
            moved = [
                name for name in self.sn.significant
                if name in self.mean.significant and name not in self.spread.significant
            ]  # fmt: skip
            if moved:
                text = (
                    f"{'、'.join(moved)}对信噪比的影响看来来自均值：它改变了均值，"
                    "却看不出改变了散布。ȳ²/s² 把两样混在一个数里；先看 20 lg s 再定。"
                )
                out.append(Check("signal-noise.mean-driven", text))
        out += [*self._signs(), *self._dominated()]
        return tuple(out)

    def _signs(self) -> list[Check]:
        """Readings and means whose sign the square in the ratio takes away."""
        own = self.inner
        if self.kind == "smaller":
            below = [row for y, rows in zip(own.readings, own.rows, strict=True)
                     for value, row in zip(y.tolist(), rows, strict=True) if value < 0]  # fmt: skip
            if below:
                text = (
                    f"有 {len(below)} 个读数是负的（第一个在第 {min(below)} 行）：望小按 y² 算，"
                    "最好的是 0，−2 与 2 一样差。若是越负越好，用 range_analysis 分析均值。"
                )
                return [Check("signal-noise.negative", text)]
        if self.kind.startswith("nominal"):
            runs = [run for run, y in enumerate(own.readings) if y.mean() < 0]
            if runs:
                text = (
                    f"有 {len(runs)} 个内表条件的均值是负的（例如“{own.settings(runs[0])}”）："
                    "ȳ² 不分正负，ȳ²/s² 只对有真零点、恒为正的量有意义；改用 spread。"
                )
                return [Check("signal-noise.negative-mean", text)]
        return []

    def _dominated(self) -> list[Check]:
        """A reading that makes nearly all of the sum of its run."""
        if self.kind not in ("larger", "smaller", "target"):
            return []
        out = []
        for run, y in enumerate(self.inner.readings):
            if y.size < 3:
                continue
            parts = 1 / y**2 if self.kind == "larger" else (y - (self.target or 0.0)) ** 2
            share = parts / parts.sum()
            place = int(np.argmax(share))
            if share[place] > _DOMINATES and y.size * share[place] > 2:
                text = (
                    f"第 {self.inner.rows[run][place]} 行的读数 {y[place]:g} 一个就占了"
                    f"“{self.inner.settings(run)}”这一组信噪比的 {100 * share[place]:.0f} %，"
                    "这一组的信噪比由它说了算；先核对原始记录。"
                )
                out.append(Check("signal-noise.one-reading", text))
        return out
