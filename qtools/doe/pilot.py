"""预试验 A few runs at one setting: how much single runs scatter, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import frames, theme
from qtools.display import format_number, p_text
from qtools.doe.power_parts import sd_interval
from qtools.errors import QualityDataError
from qtools.result import Check, Interval, Level, Metric, Result, Verdict, with_intervals
from qtools.variance import flat

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

_FEW_DF = 10


@dataclass(frozen=True, slots=True, eq=False)
class Pilot(Result):
    """预试验 Standard deviation of a single run, pooled within groups.

    Parameters
    ----------
    response : str
    group : str or None
        What the runs are grouped by: days, batches.
    y : ndarray, shape (n,)
    codes : ndarray of int, shape (n,)
        Group of each run; all 0 without groups.
    names : tuple of str
    confidence : float
    """

    title: ClassVar[str] = "预试验"

    response: str
    group: str | None
    y: npt.NDArray[np.float64]
    codes: npt.NDArray[np.intp]
    names: tuple[str, ...]
    confidence: float

    @property
    def sizes(self) -> npt.NDArray[np.intp]:
        """Runs of each group."""
        return np.bincount(self.codes)

    @property
    def means(self) -> npt.NDArray[np.float64]:
        """Mean of each group."""
        shift = float(self.y[0])
        return np.asarray(shift + np.bincount(self.codes, self.y - shift) / self.sizes)

    @property
    def df(self) -> int:
        """Degrees of freedom: runs less groups."""
        return len(self.y) - len(self.sizes)

    @property
    def sd(self) -> float:
        """Pooled standard deviation within groups."""
        rest = self.y - self.means[self.codes]
        return float((rest @ rest / self.df) ** 0.5)

    @property
    def interval(self) -> Interval:
        """Limits of σ."""
        found = sd_interval(self.sd, self.df, self.confidence)
        assert found is not None  # noqa: S101  (df is given)
        return found

    @property
    def group_p(self) -> float | None:
        """P value of "the groups have one mean"; None without groups."""
        from scipy.special import fdtrc

        between = len(self.sizes) - 1
        if between < 1:
            return None
        ss = float((self.sizes * (self.means - self.y.mean()) ** 2).sum())
        return float(fdtrc(between, self.df, ss / between / self.sd**2))

    def table(self) -> pd.DataFrame:
        """各组 Runs, mean and standard deviation of each group, and pooled."""
        import pandas as pd

        rows: list[dict[str, object]] = []
        if self.group:
            for place, name in enumerate(self.names):
                own = self.y[self.codes == place]
                sd = float(own.std(ddof=1)) if len(own) > 1 else None
                row = {self.group: name, "次数": len(own), "平均": float(own.mean())}
                rows.append(row | {"标准差": sd})
        label = "合并（组内）" if self.group else "全部"
        total = {"次数": len(self.y), "平均": float(self.y.mean()), "标准差": self.sd}
        return pd.DataFrame([*rows, {self.group or "范围": label} | total])

    def figure(self) -> go.Figure:
        """散点图 Runs in their order, by group."""
        fig = theme.new_figure()
        for place, name in enumerate(self.names):
            own = np.flatnonzero(self.codes == place)
            look = place % len(theme.COLORS)
            fig.add_scatter(
                x=own + 1, y=self.y[own], mode="markers", name=name if self.group else "试验",
                marker={"color": theme.COLORS[look], "symbol": theme.SYMBOLS[look], "size": 10},
            )  # fmt: skip
        fig.update_xaxes(title_text="数据里的次序")
        fig.update_yaxes(title_text=self.response)
        alt = f"散点图：预试验的 {len(self.y)} 个{self.response}，按次序排列。{self.verdict.text}"
        return theme.finish(fig, title="同样的设置，结果散多开", alt=alt)

    def metrics(self) -> dict[str, Metric]:
        """``n n_groups df mean sd`` with limits, ``group_p``."""
        values: dict[str, Metric | None] = {
            "n": len(self.y), "n_groups": len(self.sizes), "df": self.df,
            "mean": float(self.y.mean()), "sd": self.sd, "group_p": self.group_p,
        }  # fmt: skip
        return with_intervals(values, {"sd": self.interval})

    @property
    def verdict(self) -> Verdict:
        """σ, its degrees of freedom, its limits."""
        found = self.interval
        text = (
            f"单次试验的标准差估计为 {format_number(self.sd, 4)}（自由度 {self.df}），"
            f"{100 * self.confidence:g} % 区间 {format_number(found.low, 3)} 到 "
            f"{format_number(found.high, 3)}。"
        )
        level: Level = "good" if self.df >= _FEW_DF else "caution"
        rule = f"组内离差平方和除以自由度再开方；自由度不少于 {_FEW_DF} 才算估得稳"
        return Verdict(level, text, rule, "χ² 区间；自由度的界是本手册约定")

    @property
    def checks(self) -> tuple[Check, ...]:
        """Few degrees of freedom; groups that differ."""
        out = []
        if self.df < _FEW_DF:
            text = f"自由度只有 {self.df}，σ 的区间很宽：计划里的功效要看下限，能多做几次就多做。"
            out.append(Check("pilot.few-df", text))
        p = self.group_p
        if p is not None and p < 0.05:
            text = (
                f"各{self.group}的平均不一样（{p_text(p)}）：正式试验要把它当区组，"
                "否则它会混进误差。"
            )
            out.append(Check("pilot.groups-differ", text))
        return tuple(out)


def pilot_sd(
    df: pd.DataFrame, *, response: str, group: str | None = None, confidence: float = 0.9
) -> Pilot:
    """预试验的 σ Standard deviation of a single run from repeated runs at one setting.

    Parameters
    ----------
    df : DataFrame
        One row a run; all at the same settings, each set up anew.
    response : str
    group : str, optional
        Days or batches: differences between them are taken out.
    confidence : float
        Of the interval.

    Returns
    -------
    Pilot

    Raises
    ------
    QualityDataError
        If a column is missing or unusable, all responses agree, or no group has two runs.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame({"日": ["一", "一", "二", "二"], "强度": [10.0, 12.0, 15.0, 17.0]})
    >>> found = pilot_sd(runs, response="强度", group="日")
    >>> found.df, round(found.sd**2, 6)
    (2, 2.0)
    """
    frames.require_confidence(confidence)
    frames.require_columns(df, [response, *([group] if group else [])])
    y = frames.numbers(df, response)
    if len(y) < 2 or flat(y):
        raise QualityDataError(
            f"{frames.source(df)}列“{response}”只有 {len(y)} 个结果，或全都相同，估计不出散布。",
            hint="同样的设置至少重做两次；读数分辨力不够的，换量具。",
        )
    codes, names = np.zeros(len(y), dtype=np.intp), ["1"]
    if group:
        codes, names = frames.codes(df, group)
    found = Pilot(response, group, y, codes, tuple(names), confidence)
    if found.df < 1:
        raise QualityDataError(
            f"{frames.source(df)}每个“{group}”只有一次试验，估计不出组内的散布。",
            hint="每组至少做两次；或不写分组的列。",
        )
    if found.sd == 0:
        raise QualityDataError(
            f"{frames.source(df)}每个“{group}”里的结果都一样，估计不出散布。",
            hint="多半是读数分辨力不够，或抄了同一个数。",
        )
    return found
