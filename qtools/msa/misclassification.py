"""误收与误拒 What a gauge's spread does to decisions: bad parts accepted, good parts rejected.

A part's true value is X ~ N(mean, part variance), a reading is Y = X + error with error
~ N(0, variance of the measurement system). X and Y are bivariate normal, so every probability is
a sum of bivariate normal integrals, computed here through Owen's T function and exact to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import frames, theme
from qtools.errors import QualityDataError
from qtools.msa.intervals import GCI
from qtools.msa.misclassification_risks import risks
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.msa.result import GageRR
    from qtools.variance import Vector

_LABELS: Mapping[str, tuple[str, str]] = {
    "pct_nonconforming": ("不合格品率（真值在规范限外）", "全部零件"),
    "pct_false_accept": ("误收：不合格而被接收", "全部零件"),
    "pct_false_reject": ("误拒：合格而被拒收", "全部零件"),
    "pct_bad_accepted": ("不合格品被接收的比例", "不合格的零件"),
    "pct_good_rejected": ("合格品被拒收的比例", "合格的零件"),
}


def misclassification(
    gage: GageRR, *, lsl: float | None = None, usl: float | None = None, mean: float | None = None
) -> Misclassification:
    """误收与误拒 How often one reading decides wrongly, given a gauge study and the limits.

    Parameters
    ----------
    gage : GageRR
        Gauge study; its parts must represent the process.
    lsl, usl : float, optional
        Specification limits, at least one, in the unit of the readings.
    mean : float, optional
        Mean of the process; by default that of the study's readings.

    Returns
    -------
    Misclassification

    Raises
    ------
    QualityDataError
        If no limit is given, a limit or the mean is no number, the limits are in the wrong order,
        or the study found no variation between parts or none of the measurement system.

    Notes
    -----
    With p(A, B) the joint probability of true value in A and reading in B, false accept is
    p(outside, inside) and false reject p(inside, outside), both of all parts; divided by the
    share of nonconforming or conforming parts they become the conditional risks. The intervals
    are generalized ones of both variances; the mean counts as known.

    References
    ----------
    Burdick, Borror & Montgomery (2005), *Design and Analysis of Gauge R&R Studies*, SIAM.
    Owen (1956), Ann. Math. Statist. 27, 1075-1090.

    Examples
    --------
    >>> import qtools as qt
    >>> study = qt.load("gage-classic")
    >>> gage = qt.msa.gage_rr(study, part="零件", operator="检验员", value="读数")
    >>> risks = qt.msa.misclassification(gage, lsl=-2, usl=2)
    >>> round(risks.pct_false_accept, 2), round(risks.pct_false_reject, 2)
    (1.05, 2.09)
    """
    for name, limit in (("lsl", lsl), ("usl", usl), ("mean", mean)):
        if limit is not None and not (frames.is_number(limit) and np.isfinite(limit)):
            raise QualityDataError(f"{name} = {limit!r} 不是数。", hint="不知道就不写。")
    if lsl is None and usl is None:
        raise QualityDataError(
            "没有规范限，谈不上误收和误拒。", hint="至少写 lsl（下限）或 usl（上限）中的一个。"
        )
    if lsl is not None and usl is not None and lsl >= usl:
        raise QualityDataError(f"下规范限 {lsl:g} 不小于上规范限 {usl:g}。", hint="请核对。")
    if gage.part_var <= 0 or gage.grr_var <= 0:
        which = f"{gage.part}间" if gage.part_var <= 0 else "量具"
        raise QualityDataError(
            f"这次研究没有看出{which}的变差，算不出误判的概率。",
            hint="请换能代表过程的零件、读得更细的量具，再做一次研究。",
        )
    return Misclassification(
        gage=gage, lsl=lsl, usl=usl, mean=gage.mean if mean is None else float(mean)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Misclassification(Result):
    """误收与误拒 Probabilities of wrong decisions, in percent, with their denominators.

    Parameters
    ----------
    gage : GageRR
        Study that the two variances come from.
    lsl, usl : float or None
    mean : float
        Mean of the process.
    """

    title: ClassVar[str] = "误收与误拒"

    gage: GageRR
    lsl: float | None
    usl: float | None
    mean: float

    def _risks(self, part_var: npt.ArrayLike, grr_var: npt.ArrayLike) -> dict[str, Vector]:
        low = -np.inf if self.lsl is None else self.lsl - self.mean
        high = np.inf if self.usl is None else self.usl - self.mean
        return risks(part_var, grr_var, low, high)

    def _value(self, key: str) -> float:
        return float(self._risks(self.gage.part_var, self.gage.grr_var)[key])

    @property
    def pct_nonconforming(self) -> float:
        """Parts whose true value is outside, in percent of all parts."""
        return self._value("pct_nonconforming")

    @property
    def pct_false_accept(self) -> float:
        """误收 Nonconforming and accepted, in percent of all parts."""
        return self._value("pct_false_accept")

    @property
    def pct_false_reject(self) -> float:
        """误拒 Conforming and rejected, in percent of all parts."""
        return self._value("pct_false_reject")

    @property
    def pct_bad_accepted(self) -> float:
        """Accepted ones among the nonconforming parts, in percent."""
        return self._value("pct_bad_accepted")

    @property
    def pct_good_rejected(self) -> float:
        """Rejected ones among the conforming parts, in percent."""
        return self._value("pct_good_rejected")

    def intervals(self) -> dict[str, Interval]:
        """Generalized limits from plausible pairs of the two variances."""
        level = self.gage.confidence
        alpha = (1.0 - level) / 2.0
        out = {}
        for key, drawn in self._risks(*self.gage.draws().T).items():
            low, high = np.quantile(drawn, [alpha, 1.0 - alpha])
            out[key] = Interval(float(low), float(high), level, GCI)
        return out

    def table(self) -> pd.DataFrame:
        """误判表 Probability, its denominator, limits."""
        import pandas as pd

        percent = f"{100 * self.gage.confidence:g} %"
        limits = self.intervals()
        rows = [
            {
                "内容": label,
                "分母": whole,
                "概率 %": self._value(key),
                f"{percent} 下限": limits[key].low,
                f"{percent} 上限": limits[key].high,
            }
            for key, (label, whole) in _LABELS.items()
        ]
        return pd.DataFrame(rows)

    def figure(self) -> go.Figure:
        """接收特性 Chance that one reading accepts a part, over its true value."""
        from scipy.special import ndtr

        sd, error = self.gage.part_var**0.5, self.gage.grr_var**0.5
        limits = [limit for limit in (self.lsl, self.usl) if limit is not None]
        start = min(self.mean - 4 * sd, *(limit - 4 * error for limit in limits))
        end = max(self.mean + 4 * sd, *(limit + 4 * error for limit in limits))
        x = np.linspace(start, end, 400)
        above = 1.0 if self.lsl is None else ndtr((x - self.lsl) / error)
        below = 1.0 if self.usl is None else ndtr((self.usl - x) / error)
        accepted = 100.0 * np.asarray(above + below - 1.0)
        density = np.exp(-0.5 * ((x - self.mean) / sd) ** 2)
        fig = theme.new_figure()
        fig.add_scatter(
            x=x.tolist(),
            y=(100.0 * density).tolist(),
            name=f"{self.gage.part}的分布（最高处记作 100）",
            line={"color": theme.GREY, "dash": "dot", "width": 1.5},
        )
        fig.add_scatter(
            x=x.tolist(),
            y=accepted.tolist(),
            name="被接收的概率",
            line={"color": theme.BLUE, "width": 2.5},
        )
        for limit, name in ((self.lsl, "下规范限"), (self.usl, "上规范限")):
            if limit is not None:
                fig.add_vline(
                    limit,
                    line={"color": theme.RED, "dash": "dash"},
                    annotation_text=f"{name} {limit:g}",
                    annotation_position="top",
                )
        fig.update_xaxes(title_text=f"真值（{self.gage.value}）")
        fig.update_yaxes(title_text="概率（%）", range=[0, 104])
        alt = (
            f"横轴是{self.gage.part}的真值，实线是一次读数接收它的概率：在规范限处是一半，"
            f"两边要过几个量具标准差（{error:.4g}）才接近 100 % 或 0；"
            f"虚线是{self.gage.part}的分布。"
        )
        return theme.finish(fig, title="真值靠近规范限时，一次读数会判错", alt=alt)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``pct_…`` with limits, and the mean they hold for."""
        values: dict[str, Metric | None] = {key: self._value(key) for key in _LABELS}
        return with_intervals(values | {"mean": self.mean}, self.intervals())

    @property
    def verdict(self) -> Verdict:
        """What the gauge does to the decisions; whether that is bearable is the reader's."""
        limits = self.intervals()["pct_false_accept"]
        text = (
            f"每 1 万件里约有 {100 * self.pct_false_accept:.1f} 件不合格而被接收"
            f"（{100 * limits.confidence:g} % 区间 "
            f"{100 * limits.low:.1f}–{100 * limits.high:.1f} 件，"
            f"占不合格品的 {self.pct_bad_accepted:.1f} %），"
            f"约有 {100 * self.pct_false_reject:.1f} 件合格而被拒收"
            f"（占合格品的 {self.pct_good_rejected:.2f} %）。"
        )
        return Verdict(
            "info",
            text,
            "每件只读一次，读数在规范限内就接收；真值与测量误差都按正态分布",
            "Burdick、Borror、Montgomery（2005），Design and Analysis of Gauge R&R Studies",
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the probabilities rest on."""
        text = (
            f"不合格品率和误判概率都假定{self.gage.part}间的变差代表整个过程、过程均值是 "
            f"{self.mean:.6g}。研究用的{self.gage.part}若是特意挑的，这些数就不是过程的数。"
        )
        return (Check("misclassification.representative-parts", text, "info"),)
