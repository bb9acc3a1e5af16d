"""量具研究的结果 What a crossed gauge study found: components stored once, all else derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from qtools.msa.criteria import GageCriteria
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals
from qtools.variance import Anova
from qtools.variance.mls import pivotal_components

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.variance import Vector

Method = Literal["anova", "range"]
METHOD_NAMES: Mapping[Method, str] = {"anova": "方差分析法", "range": "均值极差法"}
NDC_FACTOR = 1.41  # √2 as the manual prints it


@dataclass(frozen=True, slots=True, eq=False)
class GageRR(Result):
    """量具 R&R Components of measurement spread, and what they mean for using the gauge.

    Parameters
    ----------
    part, operator, value : str
        Columns.
    part_names, operator_names : tuple of str
    readings : ndarray, shape (parts, operators, trials)
    method : {"anova", "range"}
    full : Anova or None
        Analysis with the interaction; None for ranges and for one trial a cell.
    model : Anova
        Analysis that the components come from: ``full``, or with the interaction pooled, or the
        squared range estimates.
    intervals : mapping of str to Interval
        By metric key.
    tolerance : float or None
        Width of the tolerance, in the unit of the readings.
    k : float
        Study variation in standard deviations.
    alpha_pool : float
        The interaction is pooled if its p value is above this.
    confidence : float
    criteria : GageCriteria
    """

    title: ClassVar[str] = "量具重复性与再现性"

    part: str
    operator: str
    value: str
    part_names: tuple[str, ...]
    operator_names: tuple[str, ...]
    readings: Vector
    method: Method
    full: Anova | None
    model: Anova
    intervals: Mapping[str, Interval]
    tolerance: float | None
    k: float
    alpha_pool: float
    confidence: float
    criteria: GageCriteria

    @property
    def pooled(self) -> bool:
        """Whether the interaction was folded into repeatability after its test."""
        return self.full is not None and self.full is not self.model

    @property
    def raw(self) -> Mapping[str, float]:
        """Components as computed, negative ones negative."""
        names = ("part", "operator", "interaction")[: len(self.model.df) - 1]
        return dict(zip((*names, "repeatability"), self.model.components, strict=True))

    @property
    def part_var(self) -> float:
        """PV²: variance between parts."""
        return max(self.raw["part"], 0.0)

    @property
    def operator_var(self) -> float:
        """AV²: variance between operators."""
        return max(self.raw["operator"], 0.0)

    @property
    def interaction_var(self) -> float:
        """Variance of the interaction; 0 where it is pooled or cannot be separated."""
        return max(self.raw.get("interaction", 0.0), 0.0)

    @property
    def repeatability_var(self) -> float:
        """EV²: variance of repeated readings."""
        return self.raw["repeatability"]

    @property
    def grr_var(self) -> float:
        """Variance of the measurement system: repeatability, operators and interaction."""
        return self.repeatability_var + self.operator_var + self.interaction_var

    @property
    def total_var(self) -> float:
        """Total variance: measurement system and parts."""
        return self.grr_var + self.part_var

    @property
    def pct_contribution(self) -> float:
        """Share of the measurement system in the total variance, in percent."""
        return 100.0 * self.grr_var / self.total_var

    @property
    def pct_study_var(self) -> float:
        """%GRR: ratio of standard deviations, in percent of the total."""
        return 100.0 * float(np.sqrt(self.grr_var / self.total_var))

    @property
    def pct_tolerance(self) -> float | None:
        """k·σ of the measurement system in percent of the tolerance; None without a tolerance."""
        if self.tolerance is None:
            return None
        return 100.0 * self.k * float(np.sqrt(self.grr_var)) / self.tolerance

    @property
    def ndc_raw(self) -> float:
        """1.41·PV/GRR before truncation; infinite where GRR is 0."""
        if self.grr_var == 0:
            return float("inf")
        return NDC_FACTOR * float(np.sqrt(self.part_var / self.grr_var))

    @property
    def ndc(self) -> int | None:
        """可区分类别数 Number of distinct categories, truncated; None where GRR is 0."""
        return int(self.ndc_raw) if np.isfinite(self.ndc_raw) else None

    @property
    def no_spread(self) -> str:
        """How it shows that repeats have no spread at all; empty where they have one."""
        if self.repeatability_var > 0:
            return ""
        if self.readings.shape[2] > 1:
            return f"同一位{self.operator}重复测同一个{self.part}，读数完全一致"
        return f"各位{self.operator}的读数只差一个常数，没有别的出入"

    @property
    def interaction_p(self) -> float | None:
        """P value of the interaction; None where it is not tested."""
        if self.full is None or not np.isfinite(self.full.p[2]):
            return None
        return self.full.p[2]

    def draws(self) -> Vector:
        """枢轴抽样 Plausible pairs, shape (m, 2): variance of parts, variance of the gauge.

        Quantiles of any index computed from these columns are its generalized confidence limits.
        """
        components = pivotal_components(self.model)
        return np.column_stack([components[:, 0], components[:, 1:].sum(axis=1)])

    @property
    def mean(self) -> float:
        """Mean of the readings."""
        return self.model.mean

    def variances(self) -> dict[str, float]:
        """Variances by source key, in the table's order; no interaction where there is none."""
        out = {"grr": self.grr_var, "repeatability": self.repeatability_var}
        out["operator"] = self.operator_var
        if "interaction" in self.raw:
            out["interaction"] = self.interaction_var
        return out | {"part": self.part_var, "total": self.total_var}

    def labels(self) -> dict[str, str]:
        """Source key → name as people read it."""
        return {
            "grr": "量具合计 GRR",
            "repeatability": "重复性 EV",
            "operator": f"再现性 AV（{self.operator}）",
            "interaction": f"交互（{self.part}×{self.operator}）",
            "part": f"{self.part}间 PV",
            "total": "总变差 TV",
        }

    def table(self) -> pd.DataFrame:
        """量具表 What decides first: shares, then the standard deviation with limits, variance."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        labels = self.labels()
        rows = []
        for key, variance in self.variances().items():
            sd = variance**0.5
            limits = self.intervals[f"{key}_sd"]
            row = {
                "来源": labels[key],
                "%研究变差": 100.0 * float(np.sqrt(variance / self.total_var)),
                "贡献率 %": 100.0 * variance / self.total_var,
            }
            if self.tolerance is not None:
                row["%公差"] = 100.0 * self.k * sd / self.tolerance
            row |= {
                "标准差": sd,
                f"{percent} 下限": limits.low,
                f"{percent} 上限": limits.high,
                f"{self.k:g}σ": self.k * sd,
                "方差": variance,
            }
            rows.append(row)
        return pd.DataFrame(rows)

    def anova(self) -> pd.DataFrame:
        """方差分析表 Source, SS, df, MS, F, p: with the interaction, then as pooled.

        Raises
        ------
        QualityDataError
            For the range method, which has no mean squares.
        """
        from qtools.msa.view import anova_table

        return anova_table(self)

    def figure(self) -> go.Figure:
        """量具图 Bars of the components, and the readings by part and operator."""
        from qtools.msa.view import figure

        return figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``SOURCE_var``, ``SOURCE_sd``, ``pct_…``, ``ndc``, with limits."""
        values: dict[str, Metric | None] = {
            "repeatability_var": self.repeatability_var,
            "operator_var": self.operator_var,
            "interaction_var": self.interaction_var,
            "part_var": self.part_var,
            "grr_var": self.grr_var,
            "total_var": self.total_var,
            "pct_contribution": self.pct_contribution,
            "pct_study_var": self.pct_study_var,
            "pct_tolerance": self.pct_tolerance,
            "ndc": self.ndc,
            "interaction_p": self.interaction_p,
            "pooled": self.pooled,
            "method": self.method,
        }
        values |= {f"{key}_sd": variance**0.5 for key, variance in self.variances().items()}
        return with_intervals(values, self.intervals)

    @property
    def verdict(self) -> Verdict:
        """Whether the gauge can be used, by which rule, and how sure that is."""
        from qtools.msa.decision import decide

        return decide(self)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What limits the answer: negative components, pooling, few parts, wide intervals, …."""
        from qtools.msa.caveats import caveats

        return caveats(self)
