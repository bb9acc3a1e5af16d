"""符合性判定结果 Zone of each value, the risk of each decision, and the risks of the rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.display import format_number
from qtools.msa.conformity_risk import Normal, global_risks, inside, posterior
from qtools.result import Check, Level, Metric, Result, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.msa.criteria import Ladder
    from qtools.variance import Vector

ACCEPT, UNDECIDED, REJECT = 0, 1, 2
ZONES = ("合格", "待定", "不合格")
_LEVELS: tuple[Level, ...] = ("good", "caution", "bad")
_SOURCE = "JCGM 106:2012（保护带与风险）；区间边界的归属为本手册约定"


@dataclass(frozen=True, slots=True, eq=False)
class Conformity(Result):
    """符合性判定结果 Zone of each value, its own risk, and the risks of the rule for all items.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Measured values.
    U, k : float
        Expanded uncertainty and its coverage factor.
    lower, upper : float
        Tolerance limits; −inf or inf where there is none.
    guard : float
        r of the guard band g = rU.
    rule : Ladder or None
        The rule that chose r, where r was not given.
    prior : Normal or None
        Distribution of the true values among all items.
    """

    title: ClassVar[str] = "符合性判定"

    values: Vector
    U: float
    k: float
    lower: float
    upper: float
    guard: float
    rule: Ladder | None
    prior: Normal | None

    @property
    def u(self) -> float:
        """Standard uncertainty U/k."""
        return self.U / self.k

    @property
    def band(self) -> float:
        """Guard band g = rU."""
        return self.guard * self.U

    @property
    def accepted(self) -> tuple[float, float]:
        """Acceptance interval: the limits moved inward by the guard band."""
        return self.lower + self.band, self.upper - self.band

    @property
    def zones(self) -> npt.NDArray[np.intp]:
        """0 accepted, 1 undecided, 2 rejected; a border belongs to its outer zone.

        Where there is no guard band, what lies on the limit is accepted.
        """
        finite = [abs(x) for x in (self.lower, self.upper) if np.isfinite(x)]
        dust = 1e-12 * max(*finite, self.U)
        x, (low, high) = self.values, self.accepted
        accept = (x >= low - dust) & (x <= high + dust)
        reject = (x <= self.lower - self.band + dust) | (x >= self.upper + self.band - dust)
        return np.where(accept, ACCEPT, np.where(reject, REJECT, UNDECIDED))

    @property
    def pct_conforming(self) -> Vector:
        """Probability in percent that each item's true value is inside the limits."""
        place = posterior(self.values, self.u, self.prior)
        return 100 * inside(self.lower, self.upper, *place)

    @property
    def pct_wrong(self) -> Vector:
        """专项风险 Specific risk in percent: outside though accepted, inside though rejected.

        NaN for undecided values, about which nothing was said.
        """
        zones, p = self.zones, self.pct_conforming
        wrong = np.where(zones == ACCEPT, 100 - p, p)
        return np.where(zones == UNDECIDED, np.nan, wrong)

    def risks(self, guard: float | None = None) -> dict[str, float]:
        """总体风险 Global risks in percent of all items, under this or another guard factor.

        Empty without a prior. ``consumer``: outside and accepted; ``producer``: inside and not
        accepted; ``undecided``; ``outside``: share of items outside the limits.
        """
        if self.prior is None:
            return {}
        band = (self.guard if guard is None else guard) * self.U
        return global_risks(self.lower, self.upper, band, self.u, self.prior)

    def table(self) -> pd.DataFrame:
        """判定表 One row a value."""
        import pandas as pd

        zones = self.zones
        return pd.DataFrame(
            {
                "序号": [str(place) for place in range(1, self.values.size + 1)],
                "测得值": self.values,
                "判定": [ZONES[zone] for zone in zones],
                "在限内的概率 %": self.pct_conforming,
                "判错的概率 %": [None if np.isnan(x) else float(x) for x in self.pct_wrong],
            }
        )

    def figure(self) -> go.Figure:
        """判定图 Values with ±U over the zones; with a prior, both global risks against r."""
        from qtools.msa.conformity_view import conformity_figure

        return conformity_figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``n_accepted``, ``guard_band``, ``pct_conforming``, ``pct_wrong`` ….

        ``pct_conforming`` and ``pct_wrong`` belong to a single value, ``pct_consumer_risk``,
        ``pct_producer_risk``, ``pct_undecided`` and ``pct_outside`` to a prior. They follow from
        what was given, without a sample, so they have no intervals.
        """
        counts = np.bincount(self.zones, minlength=3)
        found: dict[str, Metric] = {
            "n": int(self.values.size),
            "n_accepted": int(counts[ACCEPT]),
            "n_undecided": int(counts[UNDECIDED]),
            "n_rejected": int(counts[REJECT]),
            "guard": self.guard,
            "guard_band": self.band,
            "u": self.u,
        }
        ends = dict(zip(("accept_low", "accept_high"), self.accepted, strict=True))
        found |= {key: end for key, end in ends.items() if np.isfinite(end)}
        if self.values.size == 1:
            found["pct_conforming"] = float(self.pct_conforming[0])
            if not np.isnan(self.pct_wrong[0]):
                found["pct_wrong"] = float(self.pct_wrong[0])
        names = {
            "consumer": "pct_consumer_risk",
            "producer": "pct_producer_risk",
            "undecided": "pct_undecided",
            "outside": "pct_outside",
        }
        return found | {names[key]: value for key, value in self.risks().items()}

    @property
    def verdict(self) -> Verdict:
        """The worst zone, how many values lie in each, and the guard band it rests on."""
        zones = self.zones
        worst = int(zones.max())
        ends = " 到 ".join(format_number(x, 4) for x in self.accepted)
        factor = "" if self.guard == 1 else f"{self.guard:g}"
        band = (
            f"保护带 g = {factor}U = {format_number(self.band, 3)}" if self.guard else "没有保护带"
        )
        if zones.size == 1:
            p = self.pct_conforming[0]
            text = (
                f"{ZONES[worst]}：测得值 {format_number(float(self.values[0]))}，"
                f"接受区 {ends}（{band}）；真值在限内的概率 {_pct(p)}。"
            )
        else:
            counts = np.bincount(zones, minlength=3)
            told = "、".join(f"{ZONES[z]} {counts[z]}" for z in range(3) if counts[z])
            text = f"{ZONES[worst]}：{zones.size} 个值中{told}；接受区 {ends}（{band}）。"
        rule = "在接受区内为合格，越过界限且超出保护带为不合格，其间为待定；" + (
            self.rule.rule if self.rule is not None else f"本次取 r = {self.guard:g}"
        )
        source = self.rule.source if self.rule is not None else _SOURCE
        return Verdict(_LEVELS[worst], text, rule, source)

    @property
    def checks(self) -> tuple[Check, ...]:
        """No room left, who carries the risk, and what was not told."""
        out = []
        low, high = self.accepted
        if low > high:
            text = (
                f"保护带比允许区间还宽：U = {format_number(self.U)} 太大，没有一个值能判合格。"
                "请先降低测量的不确定度。"
            )
            out.append(Check("conformity.no-room", text, "bad"))
        if UNDECIDED in self.zones:
            text = "待定不是合格，也不是不合格：请用不确定度更小的方法重测，或按合同写明归谁。"
            out.append(Check("conformity.undecided", text))
        if self.prior is None:
            text = (
                "没有给出全体被测对象的分布（prior），只能说这一个值判错的概率，说不出这条规则放过多少"
                "不合格品、冤枉多少合格品。"
            )
            out.append(Check("conformity.no-prior", text, "info"))
        return tuple(out)


def _pct(p: float) -> str:
    return "不到 0.1 %" if p < 0.1 else "99.9 % 以上" if p > 99.9 else f"{p:.1f} %"
