"""验证试验 Confirmation runs against what the fitted surface predicts for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import frames, theme
from qtools.display import format_number
from qtools.doe.surface_result import ResponseSurface
from qtools.doe.surface_tables import described
from qtools.errors import QualityDataError
from qtools.result import Check, Interval, Metric, Result, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Vector = npt.NDArray[np.float64]

_WILD = 0.05  # p below which the spread of the runs is larger than that of the experiment


@dataclass(frozen=True, slots=True)
class Setting:
    """一处设置 Confirmation runs at one setting.

    Parameters
    ----------
    point : ndarray, shape (k,)
        Coded.
    readings : tuple of float
    predicted : float
    interval : Interval
        For the mean of as many future runs.
    """

    point: Vector
    readings: tuple[float, ...]
    predicted: float
    interval: Interval

    @property
    def mean(self) -> float:
        """Mean of the runs."""
        return float(np.mean(self.readings))

    @property
    def confirmed(self) -> bool:
        """Whether the mean lies in the interval."""
        return self.mean in self.interval


@dataclass(frozen=True, slots=True, eq=False)
class Confirmation(Result):
    """验证 What the confirmation runs say of the prediction.

    Parameters
    ----------
    surface : ResponseSurface
    found : tuple of Setting
    confidence : float
        Joint, over all settings (Bonferroni).
    """

    title: ClassVar[str] = "验证试验"

    surface: ResponseSurface
    found: tuple[Setting, ...]
    confidence: float

    @property
    def confirmed(self) -> bool:
        """Whether every setting is."""
        return all(one.confirmed for one in self.found)

    @property
    def spread_p(self) -> float | None:
        """F test of the runs' own variance against the residual's; None without repeats."""
        from scipy.special import fdtrc

        ss = sum(float(np.var(one.readings)) * len(one.readings) for one in self.found)
        df = sum(len(one.readings) - 1 for one in self.found)
        if df == 0 or not self.surface.s:
            return None
        return float(fdtrc(df, self.surface.fit.df, ss / df / self.surface.s**2))

    def table(self) -> pd.DataFrame:
        """One row a setting."""
        import pandas as pd

        rows = [
            [described(self.surface.settings(one.point)), len(one.readings), one.predicted,
             one.interval.low, one.interval.high, one.mean, "在内" if one.confirmed else "在外"]
            for one in self.found
        ]  # fmt: skip
        columns = ["设置", "次数", "预测", "预测区间下限", "预测区间上限", "实测平均", "实测"]
        return pd.DataFrame(rows, columns=columns)

    def figure(self) -> go.Figure:
        """Prediction interval and readings of each setting."""
        fig = theme.new_figure()
        names = [f"设置 {place + 1}" for place in range(len(self.found))]
        up = [one.interval.high - one.predicted for one in self.found]
        fig.add_scatter(
            x=names, y=[one.predicted for one in self.found], mode="markers",
            name="预测（竖线是预测区间）", error_y={"array": up, "thickness": 2, "width": 10},
            marker={"symbol": "line-ew-open", "size": 16, "color": theme.BLUE},
        )  # fmt: skip
        fig.add_scatter(
            x=[name for name, one in zip(names, self.found, strict=True) for _ in one.readings],
            y=[value for one in self.found for value in one.readings], mode="markers",
            name="各次实测", marker={"size": 8, "color": theme.GREY},
        )  # fmt: skip
        fig.add_scatter(
            x=names, y=[one.mean for one in self.found], mode="markers", name="实测平均",
            marker={"size": 13, "symbol": "diamond", "color": theme.RED},
        )  # fmt: skip
        alt = f"点线图：每处设置的预测区间和实测值。{self.verdict.text}"
        title = f"“{self.surface.response}”：实测平均落没落在预测区间里"
        return theme.finish(fig, title=title, alt=alt)

    def metrics(self) -> dict[str, Metric]:
        """``settings runs confirmed``, of setting I ``meanI predictedI pi_lowI pi_highI``."""
        out: dict[str, Metric] = {
            "settings": len(self.found),
            "runs": sum(len(one.readings) for one in self.found),
            "confirmed": self.confirmed,
        }
        for place, one in enumerate(self.found, start=1):
            out |= {
                f"mean{place}": one.mean, f"predicted{place}": one.predicted,
                f"pi_low{place}": one.interval.low, f"pi_high{place}": one.interval.high,
            }  # fmt: skip
        return out

    @property
    def verdict(self) -> Verdict:
        """Confirmed or not, and how wide the interval was that it had to hit."""
        name = self.surface.response
        widest = max(one.interval.high - one.predicted for one in self.found)
        wide = f"区间半宽 {format_number(widest, 3)}，比这小的偏差这次看不出来"
        percent = format_number(100 * self.confidence, 4)
        missed = [place for place, one in enumerate(self.found, start=1) if not one.confirmed]
        rule = f"实测平均在不在 {percent} % 预测区间 ŷ ± t·s·√(h + 1/m) 里"
        source = "Box、Hunter 与 Hunter（2005）；Myers 等（2016）"
        if not missed:
            one = self.found[0]
            what = f"实测平均 {format_number(one.mean, 4)}，" if len(self.found) == 1 else "各处"
            text = f"验证通过：“{name}”{what}落在预测区间里（{wide}）。"
            return Verdict("good", text, rule, source)
        one = self.found[missed[0] - 1]
        ends = f"{format_number(one.interval.low, 4)} 至 {format_number(one.interval.high, 4)}"
        text = (
            f"验证没有通过：“{name}”第 {missed[0]} 处设置实测平均 {format_number(one.mean, 4)}，"
            f"预测区间 {ends}。模型在那里不准，或试验之后条件变了，先查清再定设置。"
        )
        return Verdict("bad", text, rule, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Extrapolation, single runs, a spread larger than the experiment's."""
        out = []
        points = np.array([one.point for one in self.found])
        if not self.surface.region.contains(points).all():
            text = "有的验证设置在试验范围之外，那是外推，没有通过不等于范围里的结论错了。"
            out.append(Check("confirm.outside", text))
        if min(len(one.readings) for one in self.found) < 2:
            text = "有的设置只做了 1 次：预测区间宽，也看不出散布。至少做 3 次，隔开时间做。"
            out.append(Check("confirm.single-run", text))
        p = self.spread_p
        if p is not None and p < _WILD:
            text = "验证试验自己的散布明显大于试验时的误差：条件没有稳住，平均值也靠不住。"
            out.append(Check("confirm.spread", text))
        return tuple(out)


def confirm(
    surface: ResponseSurface, df: pd.DataFrame, *, confidence: float | None = None
) -> Confirmation:
    """验证试验 Compare confirmation runs with the prediction interval for their mean.

    Parameters
    ----------
    surface : ResponseSurface
        What predicted.
    df : DataFrame
        One row a run, with the columns of the factors and of the response.
    confidence : float, optional
        By default the surface's; shared out over several settings after Bonferroni.

    Raises
    ------
    QualityDataError
        If a column is missing or not of numbers, or the level is not between 0 and 1.

    References
    ----------
    The interval is ŷ ± t·s·√(h + 1/m): Box, Hunter & Hunter (2005), *Statistics for Experimenters*,
    2nd ed.

    Examples
    --------
    >>> import qtools as qt
    >>> import pandas as pd
    >>> df = qt.load("cvd")
    >>> factors = ["压力", "气体比"]
    >>> found = qt.doe.response_surface(df, factors=factors, response="应力", goal="min")
    >>> runs = pd.DataFrame({"压力": [20.0] * 3, "气体比": [4.0] * 3, "应力": [7.0, 6.9, 7.1]})
    >>> confirm(found, runs).confirmed
    True
    """
    level = surface.confidence if confidence is None else confidence
    if not 0 < level < 1:
        raise QualityDataError(f"置信水平 {level!r} 不在 0 和 1 之间。", hint="例如 0.95。")
    frames.require_columns(df, [*surface.names, surface.response])
    y = frames.numbers(df, surface.response)
    columns = [factor.coded(frames.numbers(df, factor.name)) for factor in surface.factors]
    points = np.round(np.column_stack(columns), 9) + 0.0
    distinct, place = np.unique(points, axis=0, return_inverse=True)
    share = 1 - (1 - level) / len(distinct)
    found = []
    for at in dict.fromkeys(place.ravel().tolist()):
        own = y[place.ravel() == at]
        interval = surface.prediction(distinct[at], len(own), share)
        predicted = (interval.low + interval.high) / 2
        found.append(Setting(distinct[at], tuple(own.tolist()), predicted, interval))
    return Confirmation(surface, tuple(found), level)
