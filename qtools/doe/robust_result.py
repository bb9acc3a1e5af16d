"""合并模型结果 Control × noise interactions, and mean and spread at each control setting."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qtools import theme
from qtools.display import format_number, p_text
from qtools.doe.factor import Factor
from qtools.doe.fit import Fit
from qtools.doe.inner_outer import setting_text
from qtools.doe.terms import term_name
from qtools.doe.ties import steps
from qtools.estimate import Estimate
from qtools.result import Check, Metric, Result, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import plotly.graph_objects as go

    Matrix = npt.NDArray[np.float64]
    Vector = npt.NDArray[np.float64]

_MOST = 4096  # control settings that are all predicted
_SOURCE = "Shoemaker、Tsui 与 Wu（1991）；Myers、Khuri 与 Vining（1992）"


@dataclass(frozen=True, slots=True, eq=False)
class RobustModel(Result):
    """合并模型 Fit of control and noise factors with their interactions.

    Parameters
    ----------
    response : str
    fit : Fit
        Factors 0 … k − 1 are the control factors, the others noise.
    k : int
    target : float or None
    confidence : float
    notes : tuple of Check
    """

    title: ClassVar[str] = "合并模型（可控 × 噪声）"

    response: str
    fit: Fit
    k: int
    target: float | None
    confidence: float
    notes: tuple[Check, ...]

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Control factors."""
        return self.fit.matrix.factors[: self.k]

    @property
    def noise(self) -> tuple[Factor, ...]:
        """Noise factors."""
        return self.fit.matrix.factors[self.k :]

    @property
    def pair_names(self) -> tuple[str, ...]:
        """Control × noise interactions."""
        return tuple(term_name(term, self.fit.matrix.factors) for term in self._pair_terms())

    def _pair_terms(self) -> tuple[tuple[int, ...], ...]:
        return tuple(
            term for term in self.fit.matrix.terms
            if len(term) == 2 and term[0] < self.k <= term[1]
        )  # fmt: skip

    @property
    def pairs(self) -> tuple[Estimate, ...]:
        """Coefficients of the control × noise interactions, coded units."""
        return tuple(self._coefficient(term) for term in self._pair_terms())

    def _coefficient(self, term: tuple[int, ...]) -> Estimate:
        place = self.fit.matrix.spans[self.fit.matrix.terms.index(term)].start
        found = self.fit.coefficient(place, self.confidence)
        if found is None:  # refused before
            raise AssertionError("no error")
        return found

    @property
    def settings(self) -> Matrix:
        """Control settings that are compared, coded: all combinations of levels met."""
        met = [np.unique(np.round(c, 9)) for c in self.fit.matrix.points[:, : self.k].T]
        if np.prod([float(len(own)) for own in met]) > _MOST:
            return np.unique(np.round(self.fit.matrix.points[:, : self.k], 9), axis=0)
        return np.array(list(product(*met)))

    def predict(self, settings: Matrix) -> tuple[Vector, Vector]:
        """Predicted mean and standard deviation over the noise at control settings."""
        settings = np.atleast_2d(settings)
        corners = np.array(list(product((-1.0, 1.0), repeat=len(self.noise))))
        points = np.hstack([np.repeat(settings, len(corners), axis=0),
                            np.tile(corners, (len(settings), 1))])  # fmt: skip
        at = np.asarray(self.fit.matrix.at(points).x @ self.fit.beta)
        at = at.reshape(len(settings), len(corners))
        middle = at.mean(axis=1)
        variance = ((at - middle[:, None]) ** 2).mean(axis=1) + float(self.fit.s or 0.0) ** 2
        return middle, np.sqrt(variance)

    @property
    def best(self) -> int:
        """Setting with the least expected loss: Σ(y − T)² for a target, else the least spread."""
        return int(self._order(*self.predict(self.settings))[0])

    def _order(self, mean: Vector, sd: Vector) -> npt.NDArray[np.intp]:
        """Positions of settings from the least loss on; ties keep the order of settings."""
        loss = sd**2 if self.target is None else sd**2 + (mean - self.target) ** 2
        size = float(np.abs(mean).max() * loss.max() ** 0.5)
        return np.argsort(steps(loss, size), kind="stable")

    def settings_table(self) -> pd.DataFrame:
        """各组合 Predicted mean, spread and its parts at each control setting, best first."""
        import pandas as pd

        points = self.settings
        mean, sd = self.predict(points)
        frame = pd.DataFrame(
            {f.name: f.settings(column) for f, column in zip(self.factors, points.T, strict=True)}
        )
        frame["预测均值"], frame["预测标准差"] = mean, sd
        frame["噪声传来的"] = np.sqrt(np.maximum(sd**2 - float(self.fit.s or 0.0) ** 2, 0.0))
        if self.target is not None:
            frame["均方偏差"] = sd**2 + (mean - self.target) ** 2
        return frame.iloc[self._order(mean, sd)]

    def table(self) -> pd.DataFrame:
        """可控×噪声 Interactions and main effects with intervals, coded units."""
        import pandas as pd

        rows = []
        for term in self.fit.matrix.terms:
            own = self._coefficient(term)
            kind = "×".join("可控" if place < self.k else "噪声" for place in term)
            if len(set(term)) < len(term):
                kind = "可控²" if term[0] < self.k else "噪声²"
            low, high = own.interval.low, own.interval.high
            rows.append(
                (term_name(term, self.fit.matrix.factors), kind, own.value, low, high, own.p)
            )
        heads = ["项", "类别", "系数", "下限", "上限", "p"]
        return pd.DataFrame(rows, columns=heads)

    def figure(self) -> go.Figure:
        """均值与标准差 Predicted mean against predicted spread of every control setting."""
        mean, sd = self.predict(self.settings)
        best = self.best
        fig = theme.new_figure()
        texts = [setting_text(self.factors, point) for point in self.settings]
        fig.add_scatter(
            x=mean.tolist(), y=sd.tolist(), mode="markers", text=texts, name="各组合",
            marker={"color": theme.BLUE, "size": 9},
            hovertemplate="%{text}<br>均值 %{x:.4g}，标准差 %{y:.4g}<extra></extra>",
        )  # fmt: skip
        fig.add_scatter(
            x=[float(mean[best])], y=[float(sd[best])], mode="markers", name="选中的",
            marker={"color": theme.RED, "symbol": "diamond-open", "size": 17, "line": {"width": 3}},
            hoverinfo="skip",
        )  # fmt: skip
        if self.target is not None:
            fig.add_vline(x=self.target, line={"color": theme.GREY, "dash": "dash"})
        fig.add_hline(y=float(self.fit.s or 0.0), line={"color": theme.GREY, "dash": "dot"})
        alt = (
            f"散点图：{len(mean)} 个可控因子组合的预测均值（横轴）与预测标准差（纵轴）；"
            f"选中 {texts[best]}：均值 {mean[best]:.4g}，标准差 {sd[best]:.4g}。"
            f"点线是残差标准差 {float(self.fit.s or 0.0):.3g}，噪声一点不传也只能到这里。"
        )
        theme.finish(fig, title="每个组合：均值在哪里，散布有多大", alt=alt)
        fig.update_xaxes(title_text=f"预测均值（{self.response}）")
        return fig.update_yaxes(title_text="预测标准差", rangemode="tozero")

    def metrics(self) -> dict[str, Metric]:
        """``n error_df s``, ``pair1 pair1_low …``, ``best best_mean best_sd``."""
        mean, sd = self.predict(self.settings)
        out: dict[str, Metric] = {
            "n": self.fit.n, "error_df": self.fit.df, "s": float(self.fit.s or 0.0),
            "n_pairs": len(self.pairs),
            "n_pairs_significant": sum(own.significant for own in self.pairs),
        }  # fmt: skip
        for place, own in enumerate(self.pairs, start=1):
            out[f"pair{place}"], out[f"pair{place}_p"] = own.value, own.p
            out[f"pair{place}_low"] = own.interval.low
            out[f"pair{place}_high"] = own.interval.high
        best = self.best
        out["best"] = setting_text(self.factors, self.settings[best])
        return out | {"best_mean": float(mean[best]), "best_sd": float(sd[best])}

    @property
    def verdict(self) -> Verdict:
        """Which control factor tames which noise."""
        rule = f"可控×噪声交互作用的 {100 * self.confidence:g} % 区间不含 0"
        found = [
            f"{name}（{p_text(own.p)}）"
            for name, own in zip(self.pair_names, self.pairs, strict=True)
            if own.significant
        ]
        mean, sd = self.predict(self.settings)
        best = self.best
        tail = (
            f"预测{'均方偏差' if self.target is not None else '散布'}"
            f"最小的组合：{setting_text(self.factors, self.settings[best])}"
            f"（均值 {format_number(float(mean[best]), 4)}，"
            f"标准差 {format_number(float(sd[best]), 3)}）"
        )
        if not found:
            text = f"没有一个可控因子站得住地压住了噪声；{tail}，不必照改。"
            return Verdict("caution", text, rule, _SOURCE)
        return Verdict(
            "good", f"能压住噪声的：{'、'.join(found)}；{tail}，须做确认试验。", rule, _SOURCE
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """Data caveats."""
        out = list(self.notes)
        lack = self.fit.lack_of_fit
        if lack and lack[3] < 1 - self.confidence:
            text = (
                f"失拟显著（{p_text(lack[3])}）：模型与各条件的平均对不上，差得比重复之间的波动大；"
                "预测的均值和散布都靠不住，先别照它选组合。补上交互作用或弯曲，或缩小范围。"
            )
            out.append(Check("robust-model.lack-of-fit", text))
        if self.fit.df < 4:
            text = f"误差只有 {self.fit.df} 个自由度：不显著不等于没有交互作用。"
            out.append(Check("robust-model.few-df", text))
        return tuple(out)
