"""响应面的表与判定 Tables, metrics, verdict and caveats of a response surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools.display import format_number, p_text
from qtools.doe.canonical import ridge
from qtools.doe.factor import Setting
from qtools.doe.terms import term_name
from qtools.result import Check, Interval, Level, Metric, Verdict, with_intervals

if TYPE_CHECKING:
    import pandas as pd

    from qtools.doe.surface_result import ResponseSurface

_FEW = 6  # residual degrees of freedom below which intervals are wide for want of runs
_ROWS = 25  # of a path
MANY = 10.0  # percent of the region from which settings as good as the best are many: 本手册约定
_LINEAR, _INTERACTION, _SQUARE = "一次项", "交互作用", "平方项"
_SOURCE = "Box 与 Hunter（1954）；Myers、Montgomery 与 Anderson-Cook（2016）第 6 章"


def described(settings: dict[str, Setting], digits: int = 4) -> str:
    """Settings inside a sentence."""
    return "，".join(f"{name} {format_number(value, digits)}" for name, value in settings.items())


def path(found: ResponseSurface, step: float, upto: float | None) -> pd.DataFrame:
    """Best point at each distance from the centre; see :meth:`ResponseSurface.path`."""
    import pandas as pd

    far = upto if upto is not None else found.region.radius * (1.0 if found.located else 1.5)
    radii = np.arange(0.0, far + step / 2, step)[:_ROWS]
    points = np.array([ridge(found.surface, radius, found.climbs) for radius in radii])
    columns: dict[str, object] = {"距中心（编码）": radii}
    for factor, coded in zip(found.factors, points.T, strict=True):
        columns[factor.name] = factor.settings(coded)
    means = found.mean_at(points)
    columns["预测平均"] = [mean.value for mean in means]
    columns["区间下限"] = [mean.interval.low for mean in means]
    columns["区间上限"] = [mean.interval.high for mean in means]
    columns["在试验范围内"] = np.where(found.region.contains(points), "是", "否：外推")
    return pd.DataFrame(columns)


def coefficients(found: ResponseSurface) -> pd.DataFrame:
    """Coefficients in coded units with intervals and p values."""
    import pandas as pd

    names = ["常数项", *[term_name(term, found.factors) for term in found.terms]]
    rows = []
    for place, name in enumerate(names):
        one = found.coefficient(place)
        rows.append([name, one.value, one.se, one.interval.low, one.interval.high, one.p])
    columns = ["项（编码单位）", "系数", "标准误", "区间下限", "区间上限", "p"]
    return pd.DataFrame(rows, columns=columns)


def groups(found: ResponseSurface) -> dict[str, tuple[int, ...]]:
    """Columns of the linear terms, the interactions and the squares."""
    out: dict[str, list[int]] = {_LINEAR: [], _INTERACTION: [], _SQUARE: []}
    for at, term in enumerate(found.terms, start=1):
        order = len(term)
        name = _LINEAR if order == 1 else _SQUARE if term[0] == term[1] else _INTERACTION
        out[name].append(at)
    return {name: tuple(places) for name, places in out.items() if places}


def tested(found: ResponseSurface, places: tuple[int, ...]) -> tuple[float, float, float]:
    """Sum of squares beyond all other terms, F and p of a group of columns."""
    from scipy.special import fdtrc

    chosen = np.array(places)
    own = found.fit.beta[chosen]
    ss = float(own @ np.linalg.solve(found.fit.unscaled[np.ix_(chosen, chosen)], own))
    mse = found.fit.sse / found.fit.df
    f = ss / len(places) / mse if mse else np.inf
    return ss, f, float(fdtrc(len(places), found.fit.df, f))


def model_p(found: ResponseSurface) -> float:
    """P value of "no term of the model does anything"."""
    return tested(found, tuple(range(1, 1 + len(found.terms))))[2]


def anova(found: ResponseSurface) -> pd.DataFrame:
    """Groups of terms, residual, lack of fit and pure error; sums of squares of type III."""
    import pandas as pd

    fit = found.fit
    columns = ["来源", "自由度 df", "平方和 SS", "均方 MS", "F", "p"]
    rows: list[list[object]] = []
    for name, places in groups(found).items():
        ss, f, p = tested(found, places)
        rows.append([name, len(places), ss, ss / len(places), f, p])
    if len(found.block_names) > 1:
        ss = fit.term_ss(len(fit.matrix.terms) - 1)
        rows.append(["区组", len(found.block_names) - 1, ss, ss / (len(found.block_names) - 1)])
    rows.append(["残差", fit.df, fit.sse, fit.sse / fit.df])
    lack = fit.lack_of_fit
    if lack is not None:
        pure, pure_df = fit.pure_error
        rows.append(["　失拟", lack[1], lack[0], lack[0] / lack[1], lack[2], lack[3]])
        rows.append(["　纯误差", pure_df, pure, pure / pure_df])
    rows.append(["合计", fit.n - 1, fit.sst])
    return pd.DataFrame([row + [None] * (6 - len(row)) for row in rows], columns=columns)


def canonical(found: ResponseSurface) -> pd.DataFrame:
    """One row an axis: eigenvalue, its interval, the parts of the factors."""
    import pandas as pd

    rows = []
    for place in range(len(found.factors)):
        one = found.eigenvalue(place)
        bend = "看不清" if not one.significant else "向下弯" if one.value < 0 else "向上弯"
        rows.append(
            [f"轴 {place + 1}", one.value, one.interval.low, one.interval.high, bend,
             *found.surface.axes[:, place].tolist()]
        )  # fmt: skip
    columns = ["轴", "特征值", "区间下限", "区间上限", "弯曲", *found.names]
    return pd.DataFrame(rows, columns=columns)


def overview(found: ResponseSurface) -> pd.DataFrame:
    """One row a factor and one for the response."""
    import pandas as pd

    point = found.surface.stationary
    region = (found.region.low, found.region.high)
    ranges = (
        found.tied.ends if found.tied else None, found.trust.ends if found.trust else None, region
    )  # fmt: skip
    rows = []
    for place, factor in enumerate(found.factors):
        shown = ["—"] * 3
        for at, ends in enumerate(ranges):
            if ends is not None:
                low, high = factor.settings([ends[0][place], ends[1][place]])
                shown[at] = f"{format_number(low, 4)} 至 {format_number(high, 4)}"
        best = format_number(factor.settings([found.best[place]])[0])
        at_rest = "—" if point is None else format_number(factor.settings([point[place]])[0])
        rows.append([factor.name, best, shown[0], at_rest, *shown[1:]])
    mean = found.mean_at(found.best)[0]
    at_rest = "—" if point is None else format_number(found.mean_at(point)[0].value)
    name = f"{found.response}（预测平均）"
    rows.append([name, format_number(mean.value), "—", at_rest, "—", "—"])
    for name, interval in (
        ("　平均的置信区间", mean.interval),
        ("　再做一次的预测区间", found.prediction(found.best)),
    ):
        ends_text = f"{format_number(interval.low)} 至 {format_number(interval.high)}"
        rows.append([name, ends_text, "—", "—", "—", "—"])
    percent = format_number(100 * found.confidence, 4)
    columns = [
        "项", "最好的设置", "与它分不出好坏的范围", f"驻点（{found.surface.kind}）",
        f"驻点的 {percent} % 置信域", "试验范围",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def metrics(found: ResponseSurface) -> dict[str, Metric]:
    """Flat numbers; see :meth:`ResponseSurface.metrics`."""
    fit, point, trust = found.fit, found.surface.stationary, found.trust
    values: dict[str, Metric | None] = {
        "n": fit.n, "df": fit.df, "s": found.s, "pct_r2": fit.pct_r2,
        "pct_r2_adj": fit.pct_r2_adj, "pct_r2_pred": fit.pct_r2_pred, "model_p": model_p(found),
        "lof_p": fit.lack_of_fit[3] if fit.lack_of_fit else None,
    }  # fmt: skip
    keys = {_LINEAR: "linear_p", _INTERACTION: "interaction_p", _SQUARE: "square_p"}
    values |= {keys[name]: tested(found, places)[2] for name, places in groups(found).items()}
    values |= {
        "kind": found.surface.kind, "stationary_inside": found.stationary_inside,
        "located": found.located, "on_border": found.on_border, "radius": found.region.radius,
    }  # fmt: skip
    intervals: dict[str, Interval | None] = {}
    for place, factor in enumerate(found.factors, start=1):
        values[f"best{place}"] = float(factor.settings([found.best[place - 1]])[0])
        values[f"best{place}_coded"] = float(found.best[place - 1])
        if point is not None:
            values[f"stationary{place}"] = float(factor.settings([point[place - 1]])[0])
            values[f"stationary{place}_coded"] = float(point[place - 1])
        if found.surface.curved:
            values[f"eigenvalue{place}"] = float(found.surface.eigenvalues[place - 1])
            intervals[f"eigenvalue{place}"] = found.eigenvalue(place - 1).interval
    if point is not None:
        values["stationary_mean"] = found.mean_at(point)[0].value
    if trust is not None:
        values |= {"trust_pct": trust.pct_region, "trust_open": trust.open}
    if found.tied is not None:
        values["tied_pct"] = found.tied.pct_region
    mean = found.mean_at(found.best)[0]
    values["best_mean"] = mean.value
    intervals["best_mean"] = mean.interval
    ahead = found.prediction(found.best)
    out = with_intervals(values, intervals)
    for at, term in enumerate(((), *found.terms)):
        name = "b" + "".join(str(place + 1) for place in term)
        out[name if term else "b0"] = float(fit.beta[at])
    return out | {"best_pi_low": ahead.low, "best_pi_high": ahead.high}


def verdict(found: ResponseSurface) -> Verdict:
    """Where to run, and whether the optimum is known."""
    aim = {"最大": "大", "最小": "小"}.get(found.wanted or "")
    where = described(found.settings(found.best))
    mean = found.mean_at(found.best)[0]
    percent = format_number(100 * found.confidence, 4)
    ends = f"{format_number(mean.interval.low, 4)} 至 {format_number(mean.interval.high, 4)}"
    there = (
        f"{where}{f'（要“{found.response}”{aim}）' if aim else ''}，"
        f"预测“{found.response}”平均 {format_number(mean.value, 4)}"
        f"（{percent} % 区间 {ends}）"
    )
    rule = "驻点的种类、它在不在试验范围里、置信域伸没伸到范围的边上；失拟显著就不作准"
    level: Level = "caution"
    p = model_p(found)
    lack = found.fit.lack_of_fit
    if p > 1 - found.confidence:
        level = "bad"
        text = (
            f"这批试验看不出“{found.response}”随因子变（整个模型 {p_text(p)}），先不要据此改设置。"
        )
    elif lack is not None and lack[3] < 1 - found.confidence:
        text = f"二次曲面装不下这批数据（失拟 {p_text(lack[3])}），暂定 {there}，要靠验证试验。"
    elif found.wanted is None:
        level = "good" if found.reached else "caution"
        head = "能达到目标" if found.reached else "试验范围里达不到目标，最接近的是"
        text = f"{head}：{there}，目标 {format_number(float(found.goal))}。"
    elif found.located:
        level = "good"
        text = f"最优点在试验范围里，定住了：{there}。"
    elif found.surface.kind == found.wanted and found.stationary_inside:
        text = f"最优点估在试验范围里，但没有定住，好几处设置都说得过去。暂定 {there}。"
    elif found.on_border:
        text = f"范围里最好的设置在边上，真正的最优点还没有找到。暂定 {there}；再往前要另做试验。"
    else:
        text = f"范围里最好的设置：{there}；曲面没有给出一个清楚的最优点。"
    return Verdict(level, text, rule, _SOURCE)


def checks(found: ResponseSurface) -> tuple[Check, ...]:
    """What stands against reading the optimum off the surface."""
    fit, out = found.fit, []
    alpha = 1 - found.confidence
    kind, lack = found.surface.kind, fit.lack_of_fit

    def note(code: str, text: str, level: Level = "caution") -> None:
        out.append(Check(f"doe-surface.{code}", text, level))

    if lack is not None and lack[3] < alpha:
        note("lack-of-fit", f"失拟显著（{p_text(lack[3])}）：曲面的形状与数据不合，"
             "差别不只是重复的误差。可能要变换响应、缩小范围，或漏了因子。")  # fmt: skip
    if kind == "鞍点" and found.wanted is not None:
        note("saddle", "驻点是鞍点：有的方向往上、有的方向往下，它不是最优点；"
             "最好的设置在范围的边上。")  # fmt: skip
    if kind in ("最大", "最小") and found.wanted not in (None, kind):
        note("other-end", f"驻点是{kind}点，而目标是找{found.wanted}：最好的设置只能在范围的边上。")
    away = found.surface.stationary is not None and not found.stationary_inside
    if away and found.wanted is not None:
        note("outside", "驻点在试验范围之外，那里没有数据，它的坐标只说明往哪边走，不能当作设置。")
    flat = [
        f"轴 {place + 1}" for place in range(len(found.factors))
        if found.surface.curved and not found.eigenvalue(place).significant
    ]  # fmt: skip
    if flat and found.wanted is not None:
        note("ridge", f"{'、'.join(flat)} 的特征值的区间含 0：沿这个方向曲面近于平的（岭），"
             "最优点在这个方向上定不准，设置可以按成本选。")  # fmt: skip
    if found.tied is not None and found.tied.pct_region >= MANY:
        note("tied", f"和最好的设置分不出好坏的占试验范围的 {found.tied.pct_region:.0f} %："
             "最好的一点是从同一批数据里挑出来的，预测偏乐观，要靠验证试验。")  # fmt: skip
    if fit.df < _FEW:
        note("few-df", f"剩余自由度只有 {fit.df} 个，区间和置信域都宽；多做几次中心点最省事。")
    if fit.pure_error[1] == 0:
        note("no-replicates", "没有重复的试验，失拟检验做不了：不知道二次曲面够不够。", "info")
    if not fit.sse:
        note("exact", "曲面正好通过每一点，残差为 0：真实的试验不会这样，"
             "请核对数据是不是算出来的。")  # fmt: skip
    return tuple(out)
