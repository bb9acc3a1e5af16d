"""计数型一致性结果 What an attribute study found: shares, kappas, each rater, the decision."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from qtools.msa.attribute_parts import Index, Kappas, RaterLine
from qtools.msa.attribute_share import METHOD_NAMES, Method, Share
from qtools.msa.attribute_study import Ratings
from qtools.msa.criteria import AttributeCriteria
from qtools.msa.kappa import Coefficient
from qtools.result import Check, Interval, Metric, Result, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

KAPPA_NAMES = {"plain": "κ", "linear": "线性加权 κ", "quadratic": "二次加权 κ"}


@dataclass(frozen=True, slots=True, eq=False)
class AttributeAgreement(Result):
    """计数型一致性结果 Agreement within, between and against a reference, with intervals by part.

    Parameters
    ----------
    study : Ratings
        The decisions.
    reject : tuple of str
        Ratings that mean 不合格; empty if that is not known.
    reject_assumed : bool
        Whether it was recognised by its word rather than told.
    raters : tuple of RaterLine
    pairs : dict of (int, int) to Kappas
        Cohen's kappas of two raters, by their places.
    between, all_right : Share or None
        Parts on which all decisions are the same, and all right.
    fleiss, w : Coefficient or None
        Fleiss' kappa and Kendall's W over all raters and trials.
    method : {"wilson", "clopper-pearson"}
    confidence : float
    criteria : AttributeCriteria
    """

    title: ClassVar[str] = "计数型一致性分析"

    study: Ratings
    reject: tuple[str, ...]
    reject_assumed: bool
    raters: tuple[RaterLine, ...]
    pairs: dict[tuple[int, int], Kappas]
    between: Share | None
    all_right: Share | None
    fleiss: Coefficient | None
    w: Coefficient | None
    method: Method
    confidence: float
    criteria: AttributeCriteria

    @property
    def indices(self) -> tuple[Index, ...]:
        """What limits are set for: of each rater against the reference, else of agreement."""
        rules, found = self.criteria, []
        for line in self.raters:
            for name, share, ladder in (
                ("有效性", line.effective, rules.effectiveness),
                ("漏判率", line.miss, rules.miss),
                ("误判率", line.false_alarm, rules.false_alarm),
            ):
                if share is not None:
                    found.append(Index(name, line.name, share.percent, share.interval, ladder))
            own = ("κ（对基准）", line.kappas.plain)
            if self.study.truth is None:
                own = ("Fleiss κ（前后几次）", line.fleiss)
            if own[1] is not None:
                found.append(
                    Index(own[0], line.name, own[1].value, own[1].interval, rules.kappa, "")
                )
        if self.study.truth is None:
            for (one, other), kappas in self.pairs.items():
                k = kappas.plain
                if k is not None:
                    whose = f"{self.raters[one].name} 与 {self.raters[other].name}"
                    found.append(Index("κ", whose, k.value, k.interval, rules.kappa, ""))
        return tuple(found)

    def shares(self) -> list[tuple[str, str, Share]]:
        """Items, whose, and share, in the order of the table."""
        listed = []
        for name, key in (
            ("自身一致", "within"),
            ("有效性（全判对）", "effective"),
            ("漏判率", "miss"),
            ("误判率", "false_alarm"),
        ):
            own = [(line.name, getattr(line, key)) for line in self.raters]
            listed += [(name, whose, share) for whose, share in own if share is not None]
        for name, whole in (("相互一致", self.between), ("全体都判对", self.all_right)):
            if whole is not None:
                listed.append((name, "全体", whole))
        return listed

    def table(self) -> pd.DataFrame:
        """一致性表 Shares with counts, denominators and intervals, percentages to two decimals."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        by_decision = ("漏判率", "误判率")
        rows = [
            [f"{name}：{whose}", share.hits, share.total, "次" if name in by_decision else "件",
             *(round(x, 2) for x in (share.percent, share.interval.low, share.interval.high))]
            for name, whose, share in self.shares()
        ]  # fmt: skip
        heads = ["项", "个数", "分母", "单位", "%", f"{percent} 下限", f"{percent} 上限"]
        return pd.DataFrame(rows, columns=heads)

    def coefficients(self) -> list[tuple[str, str, str, Coefficient]]:
        """Metric key, comparison, coefficient's name and value, in the order of the table."""
        listed: list[tuple[str, str, str, Coefficient | None]] = []
        for place, line in enumerate(self.raters, start=1):
            listed += [
                (f"rater{place}_kappa{_suffix(key)}", f"{line.name} 与基准", name,
                 getattr(line.kappas, key))
                for key, name in KAPPA_NAMES.items()
            ]  # fmt: skip
            listed.append((f"rater{place}_tau", f"{line.name} 与基准", "Kendall τ_b", line.tau))
        for (one, other), kappas in self.pairs.items():
            who = f"{self.raters[one].name} 与 {self.raters[other].name}"
            listed += [
                (f"pair{one + 1}_{other + 1}_kappa{_suffix(key)}", who, name, getattr(kappas, key))
                for key, name in KAPPA_NAMES.items()
            ]
        for place, line in enumerate(self.raters, start=1):
            own = f"{line.name} 前后几次"
            listed.append((f"rater{place}_fleiss", own, "Fleiss κ", line.fleiss))
            listed.append((f"rater{place}_w", own, "Kendall W", line.w))
        listed.append(("fleiss", "全体", "Fleiss κ", self.fleiss))
        listed.append(("kendall_w", "全体", "Kendall W", self.w))
        return [(key, who, name, c) for key, who, name, c in listed if c is not None]

    def kappas(self) -> pd.DataFrame:
        """系数表 Kappas (and Kendall's coefficients) with standard errors and intervals."""
        import pandas as pd

        percent = f"{100 * self.confidence:g} %"
        rows = [
            [who, name, c.value, c.se or None,
             c.interval and c.interval.low, c.interval and c.interval.high, c.n]
            for _, who, name, c in self.coefficients()
        ]  # fmt: skip
        heads = ["比较", "系数", "值", "标准误", f"{percent} 下限", f"{percent} 上限", "对数或件数"]
        return pd.DataFrame(rows, columns=heads)

    def lines(self) -> pd.DataFrame:
        """各检验员 The decision about each rater, on which side he errs, and what to do."""
        from qtools.msa.attribute_decision import rater_table

        return rater_table(self)

    def disputed(self) -> pd.DataFrame:
        """有争议的件 Parts that were judged differently, or wrong; every decision and the rows."""
        import pandas as pd

        study = self.study
        rows = []
        for place in study.disputed.tolist():
            row = [study.part_names[place]]
            if study.truth is not None:
                row.append(study.levels[study.truth[place]])
            for own in study.cube[place]:
                row += [_runs([study.levels[code] for code in own if code >= 0])]
            rows.append([*row, _rows(study.rows[place])])
        truth = [] if study.truth is None else ["基准"]
        heads = [study.part, *truth, *study.rater_names, "所在行"]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """指标图 Each index that has limits, by rater, with interval and limits."""
        from qtools.msa.attribute_view import draw

        return draw(self)

    def parts_figure(self) -> go.Figure:
        """争议图 Disputed parts by rater: how many decisions were wrong, or in the minority."""
        from qtools.msa.attribute_view import draw_parts

        return draw_parts(self)

    def metrics(self) -> dict[str, Metric]:
        """Public keys: ``rater1_pct_within`` …, ``rater1_kappa``, ``pair1_2_kappa``, ``fleiss``."""
        study = self.study
        values: dict[str, Metric | None] = {
            "n": int((study.cube >= 0).sum()),
            "parts": len(study.part_names),
            "raters": len(study.rater_names),
            "trials": study.cube.shape[2],
            "n_disputed": int(study.disputed.size),
        }
        limits: dict[str, Interval | None] = {}
        for place, line in enumerate(self.raters, start=1):
            for key in ("within", "effective", "right", "miss", "false_alarm"):
                share = getattr(line, key)
                if share is not None:
                    values[f"rater{place}_pct_{key}"] = share.percent
                    limits[f"rater{place}_pct_{key}"] = share.interval
        for key, whole in (("pct_between", self.between), ("pct_all_right", self.all_right)):
            if whole is not None:
                values[key], limits[key] = whole.percent, whole.interval
        for key, _, _, c in self.coefficients():
            values[key], limits[key] = c.value, c.interval
        values["interval_method"] = METHOD_NAMES[self.method]
        return with_intervals(values, limits)

    @property
    def verdict(self) -> Verdict:
        """The worst index decides, with whose it is and how firm that is."""
        from qtools.msa.attribute_decision import decide

        return decide(self)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the study cannot tell, and where a number may mislead."""
        from qtools.msa.attribute_caveats import caveats

        return caveats(self)


def _runs(words: list[str]) -> str:
    """Decisions in their order, repeated ones counted."""
    runs = [(word, len(list(own))) for word, own in groupby(words)]
    return " ".join(word if times == 1 else f"{word}×{times}" for word, times in runs) or "—"


def _rows(rows: tuple[int, ...]) -> str:
    """Row numbers, those that follow one another as a span."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and row == spans[-1][-1] + 1:
            spans[-1].append(row)
        else:
            spans.append([row])
    return "、".join(f"{own[0]}–{own[-1]}" if len(own) > 1 else str(own[0]) for own in spans)


def _suffix(key: str) -> str:
    return "" if key == "plain" else f"_{key}"
