"""量具研究的结果 What a gauge study found: components stored once, all else derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools.msa.criteria import GageCriteria
from qtools.msa.intervals import sides
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals
from qtools.variance import Anova

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qtools.msa.analysis import Analysis
    from qtools.msa.study import Study
    from qtools.variance import Vector
    from qtools.variance.mixed import Mixed

METHOD_NAMES: Mapping[str, str] = {
    "anova": "方差分析法",
    "range": "均值极差法",
    "reml": "限制最大似然法（REML）",
}
NDC_FACTOR = 1.41  # √2 as the manual prints it


@dataclass(frozen=True, slots=True, eq=False)
class GageRR(Result):
    """量具 R&R Components of measurement spread, and what they mean for using the gauge.

    Parameters
    ----------
    study : Study
        Readings, labels and their columns.
    analysis : Analysis
        Components and the model they come from.
    intervals : mapping of str to Interval
        By metric key.
    tolerance : float or None
        Width of the tolerance, in the unit of the readings.
    k : float
        Study variation in standard deviations.
    alpha_pool : float
        The interaction is pooled if its p value is above this.
    ndc_factor : float
    confidence : float
    criteria : GageCriteria
    """

    title: ClassVar[str] = "量具重复性与再现性"

    study: Study
    analysis: Analysis
    intervals: Mapping[str, Interval]
    tolerance: float | None
    k: float
    alpha_pool: float
    ndc_factor: float
    confidence: float
    criteria: GageCriteria

    @property
    def part(self) -> str:
        """Column of the parts."""
        return self.study.part

    @property
    def operator(self) -> str:
        """Column of the operators."""
        return self.study.operator

    @property
    def value(self) -> str:
        """Column of the readings."""
        return self.study.value

    @property
    def part_names(self) -> tuple[str, ...]:
        """Parts."""
        return self.study.part_names

    @property
    def operator_names(self) -> tuple[str, ...]:
        """Operators."""
        return self.study.operator_names

    @property
    def method(self) -> str:
        """Estimator: ``"anova"``, ``"range"`` or ``"reml"``."""
        return self.analysis.method

    @property
    def model(self) -> Anova | Mixed:
        """Analysis that the components come from: with the interaction pooled, if it is."""
        return self.analysis.model

    @property
    def full(self) -> Anova | Mixed | None:
        """Analysis with the interaction; None where it cannot be separated."""
        return self.analysis.full

    @property
    def pooled(self) -> bool:
        """Whether the interaction was folded into repeatability after its test."""
        return self.full is not None and self.full is not self.model

    @property
    def products(self) -> tuple[str, ...]:
        """Keys of the components that count with the parts: parts, and batches of parts."""
        return ("part", *self.analysis.batches)

    @property
    def raw(self) -> Mapping[str, float]:
        """Components by key as computed, negative ones negative."""
        model = self.model
        found = model.components if isinstance(model, Anova) else tuple(model.raw.tolist())
        return {"repeatability": 0.0} | dict(zip(self.analysis.sources, found, strict=True))

    def _sum(self, product: bool) -> float:
        """Sum of the components of the parts' side or the gauge's, none counted below 0."""
        return sum(
            max(part, 0.0) for key, part in self.raw.items() if (key in self.products) == product
        )

    @property
    def part_var(self) -> float:
        """PV²: variance between parts, that of their batches included."""
        return self._sum(product=True)

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
        """Variance of the measurement system: repeatability, operators, interaction, factors."""
        return self._sum(product=False)

    @property
    def unpooled_grr_var(self) -> float | None:
        """What ``grr_var`` would be with the interaction kept; None where nothing was pooled."""
        full = self.full
        if full is None or not self.pooled:
            return None
        keys = list(self.analysis.sources)
        keys.insert(2, "interaction")
        parts = zip(keys, full.components, strict=True)
        return float(sum(max(part, 0.0) for key, part in parts if key not in self.products))

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
        """1.41·PV/GRR (or √2·…) before truncation; infinite where GRR is 0."""
        if self.grr_var == 0:
            return float("inf")
        return self.ndc_factor * float(np.sqrt(self.part_var / self.grr_var))

    @property
    def ndc(self) -> int | None:
        """可区分类别数 Number of distinct categories, truncated; None where GRR is 0."""
        return int(self.ndc_raw) if np.isfinite(self.ndc_raw) else None

    @property
    def no_spread(self) -> str:
        """How it shows that repeats have no spread at all; empty where they have one."""
        if self.repeatability_var > 0:
            return ""
        if self.study.trials > 1:
            return f"同一位{self.operator}重复测同一个{self.part}，读数完全一致"
        return f"各位{self.operator}的读数只差一个常数，没有别的出入"

    @property
    def interaction_p(self) -> float | None:
        """P value of the interaction; None where it is not tested."""
        return self.analysis.interaction_p

    def draws(self) -> Vector:
        """枢轴抽样 Plausible pairs, shape (m, 2): variance of parts, variance of the gauge.

        Quantiles of any index computed from these columns are its generalized confidence limits.
        """
        _, part, grr = sides(self.model, self.analysis.sources, self.products)
        return np.column_stack([part, grr])

    @property
    def mean(self) -> float:
        """Mean of the readings."""
        y = self.study.y
        return float(y[0] + np.mean(y - y[0]))

    def variances(self) -> dict[str, float]:
        """Variances by source key, in the table's order; no interaction where there is none."""
        own = {key: max(part, 0.0) for key, part in self.raw.items()}
        batches = {key: own.pop(key) for key in self.analysis.batches}
        within = own.pop("part")
        out = {"grr": self.grr_var} | own | {"part": self.part_var}
        if batches:
            out |= batches | {"part_within": within}
        return out | {"total": self.total_var}

    def labels(self) -> dict[str, str]:
        """Source key → name as people read it."""
        from qtools.msa.view import source_labels

        return source_labels(self)

    @property
    def estimator(self) -> str:
        """How the components were estimated, in words."""
        out = METHOD_NAMES[self.method]
        if self.full is not None:
            out += "，交互已合并（pooled）" if self.pooled else "，交互未合并（unpooled）"
        return out

    def table(self) -> pd.DataFrame:
        """量具表 What decides first: shares, then the standard deviation with limits, variance."""
        from qtools.msa.view import components_table

        return components_table(self)

    def anova(self) -> pd.DataFrame:
        """方差分析表 Source, SS, df, MS, F, p: with the interaction, then as pooled.

        Raises
        ------
        QualityDataError
            For ranges and REML, which have no mean squares.
        """
        from qtools.msa.view import anova_table

        return anova_table(self)

    def figure(self) -> go.Figure:
        """量具图 Bars of the components, and the readings by part and operator."""
        from qtools.msa.view import figure

        return figure(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``SOURCE_var``, ``SOURCE_sd``, ``pct_…``, ``ndc``, with limits.

        Further factors are ``factor1`` … in the order given.
        """
        values: dict[str, Metric | None] = {
            "repeatability_var": self.repeatability_var,
            "operator_var": self.operator_var,
            "interaction_var": self.interaction_var,
        }
        keys = [f"factor{place}" for place in range(1, len(self.study.factors) + 1)]
        values |= {f"{key}_var": max(self.raw[key], 0.0) for key in keys}
        if self.analysis.batches:
            values["part_within_var"] = max(self.raw["part"], 0.0)
        values |= {
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
