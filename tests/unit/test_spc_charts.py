"""Control charts: limits of published examples, unequal sizes, caveats, errors, display."""

import csv
import dataclasses
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import qtools as qt
from qtools import sigma
from qtools.errors import QualityDataError
from qtools.spc import evaluate, imr_chart, xbar_r_chart, xbar_s_chart
from qtools.spc.caveats import autocorrelation
from qtools.spc.charts import _standardise

ROOT = Path(__file__).parents[2]
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
KEYS = ["sigma", "sigma_estimator", "n", "n_signals", "spread_n_signals"]


def frame(**columns):
    return pd.DataFrame(columns)


def furnace():
    return pd.read_csv(ROOT / "data" / "furnace" / "data.csv", encoding="utf-8-sig")


def run_means():
    return furnace().groupby("炉次", sort=False)[["膜厚"]].mean()


def codes(check):
    return [item.code for item in check]


# ── published and recomputed limits ──────────────────────────────────────────────────────────


def test_flow_rate_limits_and_keys():
    """NIST e-Handbook 6.3.2.2, with exact d₂ (printed with 1.128: 55.8041, 45.8159)."""
    found = imr_chart(frame(流量=FLOW), value="流量").metrics()
    assert list(found) == ["x_center", "x_ucl", "x_lcl", "mr_center", "mr_ucl", "mr_lcl", *KEYS]
    assert found["x_center"] == pytest.approx(50.81)
    assert (found["x_ucl"], found["x_lcl"]) == pytest.approx((55.8024, 45.8176), abs=5e-5)
    assert found["mr_center"] == pytest.approx(1.8778, abs=5e-5)
    # D₄(2) = 1 + 3√(π/2 − 1)·… from the closed forms of d₂ and d₃
    factor = 1 + 3 * math.sqrt(2 - 4 / math.pi) / (2 / math.sqrt(math.pi))
    assert found["mr_ucl"] == pytest.approx(found["mr_center"] * factor)
    assert (found["mr_lcl"], found["sigma_estimator"], found["n"]) == (0, "mr", 10)
    assert found["n_signals"] == found["spread_n_signals"] == 0


def test_furnace_by_run_and_its_means():
    chart = xbar_s_chart(furnace(), value="膜厚", subgroup="炉次", rules="3sigma")
    found = chart.metrics()
    assert list(found) == ["x_center", "x_ucl", "x_lcl", "s_center", "s_ucl", "s_lcl", *KEYS]
    assert (found["x_ucl"], found["x_lcl"]) == pytest.approx((581.865, 544.206), abs=5e-4)
    assert found["sigma"] == pytest.approx(17.7526, abs=5e-5)
    assert (found["n"], found["n_signals"]) == (21, 8)
    assert codes(chart.checks) == ["spc.within-too-small"]
    assert "3.1 倍" in chart.checks[0].text
    assert "21 个子组有 8 个超出 3σ" in chart.checks[0].text

    means = imr_chart(run_means(), value="膜厚")
    found = means.metrics()
    assert (found["x_ucl"], found["x_lcl"]) == pytest.approx((625.797, 500.274), abs=5e-4)
    assert found["mr_center"] == pytest.approx(23.606, abs=5e-4)
    assert found["n_signals"] == 0
    assert means.verdict.level == "good"


def test_several_rules_on_one_point_are_all_listed():
    signals = xbar_s_chart(furnace(), value="膜厚", subgroup="炉次").signals()
    assert signals.loc[signals["子组"] == "21", "准则"].tolist() == ["1", "5", "6"]
    assert (signals["准则"] == "1").sum() == 8


def _flow_width():
    path = ROOT / "tests" / "reference" / "spc-flow-width.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return frame(子组=[int(row[0]) for row in rows], 宽度=[float(row[2]) for row in rows])


def test_flow_width_limits():
    """Montgomery, SQC, example 6.1 (prints 1.31795/1.69325 and 0.68749 from A₂ .577, D₄ 2.114)."""
    found = xbar_r_chart(_flow_width(), value="宽度", subgroup="子组").metrics()
    assert (found["x_lcl"], found["x_ucl"]) == pytest.approx((1.318024, 1.693197), abs=5e-7)
    assert (found["r_ucl"], found["r_lcl"]) == (pytest.approx(0.687652, abs=5e-7), 0)
    assert found["sigma"] == pytest.approx(0.139819, abs=5e-7)


def test_unequal_subgroups_have_limits_by_point():
    df = frame(组=list("aabbbccccdd"), 值=[1, 3, 2, 2, 5, 4, 1, 6, 2, 3, 4.5])
    chart = xbar_r_chart(df, value="值", subgroup="组")
    s, size = chart.sigma.value, np.array([2, 3, 4, 2])
    assert chart.location.ucl == pytest.approx(df["值"].mean() + 3 * s / np.sqrt(size))
    assert chart.location.lcl == pytest.approx(df["值"].mean() - 3 * s / np.sqrt(size))
    d2, d3 = (np.array([f(int(n)) for n in size]) for f in (sigma.d2, sigma.d3))
    assert chart.spread.center == pytest.approx(d2 * s)
    assert chart.spread.ucl == pytest.approx((d2 + 3 * d3) * s)
    assert list(chart.metrics()) == ["x_center", *KEYS]
    assert chart.table()["上控制限 UCL"].tolist() == ["随子组大小变化"] * 2
    assert "spc.unequal-sizes" in codes(chart.checks)
    s_chart = xbar_s_chart(df, value="值", subgroup="组")
    c4 = np.array([sigma.c4(int(n)) for n in size])
    width = 3 * np.sqrt(1 - c4**2)
    assert s_chart.spread.lcl == pytest.approx(np.maximum(c4 - width, 0) * s_chart.sigma.value)


def test_rules_use_standardised_points_where_limits_vary():
    """The same mean is in for a small subgroup and out for a large one."""
    rng = np.random.default_rng(1)
    size = [2] * 10 + [20] + [2] * 10
    group = np.repeat(np.arange(21), size)
    x = rng.normal(size=len(group))
    for k in (4, 10):  # both means 1.4, the one of two values and the one of twenty
        x[group == k] += 1.4 - x[group == k].mean()
    chart = xbar_s_chart(frame(g=group, x=x), value="x", subgroup="g", rules="3sigma")
    assert chart.location.signals.tolist() == [10]


def test_points_on_a_limit_do_not_signal():
    """A value equal to the limit comes out of the arithmetic a rounding error beside it."""
    chart = imr_chart(frame(x=[0.0, 1, 1, 0, 0, 1, 1, 0, 0]), value="x")
    for offset in (0.1, 1e6 + 0.7, 3e-5):
        limit = float(chart.location.ucl[0])
        z = _standardise(
            np.array([limit + offset]),
            chart.location.center + offset,
            np.full(1, chart.sigma.value),
        )
        assert not evaluate(z, ("nelson-1",)).any()


def test_spread_chart_is_judged_by_its_limits_only():
    rng = np.random.default_rng(7)
    rising = np.concatenate([k * rng.normal(size=5) / 10 for k in range(8, 28)])
    chart = xbar_s_chart(frame(g=np.repeat(np.arange(20), 5), x=rising), value="x", subgroup="g")
    assert chart.spread.rules == ("nelson-1",)
    beyond = (chart.spread.points > chart.spread.ucl) | (chart.spread.points < chart.spread.lcl)
    assert chart.spread.signals.tolist() == np.flatnonzero(beyond).tolist()


# ── invariances ──────────────────────────────────────────────────────────────────────────────

eighths = st.integers(-400, 400).map(lambda i: i / 8)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, 24, elements=eighths),
    st.integers(-10_000, 10_000),
    st.sampled_from([-2, 0.5, 4]),
)
def test_shift_and_scale_move_limits_and_keep_signals(x, shift, scale):
    if np.ptp(x) == 0:
        return
    one = imr_chart(frame(x=x), value="x")
    two = imr_chart(frame(x=scale * x + shift), value="x")
    assert (one.location.broken == two.location.broken).all()
    assert (one.spread.broken == two.spread.broken).all()
    assert two.sigma.value == pytest.approx(abs(scale) * one.sigma.value)
    assert two.location.center[0] == pytest.approx(scale * one.location.center[0] + shift)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_within_subgroups_and_names_do_not_matter(random):
    df = furnace()[["炉次", "膜厚"]]
    rows = [list(part.index) for _, part in df.groupby("炉次", sort=False)]
    for part in rows:
        random.shuffle(part)
    other = df.loc[[i for part in rows for i in part]].copy()
    other["炉次"] = "炉" + other["炉次"].astype(str)
    for chart in (xbar_r_chart, xbar_s_chart):
        one = chart(df, value="膜厚", subgroup="炉次").metrics()
        two = chart(other, value="膜厚", subgroup="炉次").metrics()
        assert two == pytest.approx(one)


def test_subgroups_keep_the_order_of_first_appearance():
    df = frame(批=["丙", "丙", "甲", "甲", "乙", "乙"], x=[1, 2, 5, 6, 3, 5.0])
    chart = xbar_r_chart(df, value="x", subgroup="批")
    assert chart.names == ("丙", "甲", "乙")
    assert chart.location.points.tolist() == [1.5, 5.5, 4]


def test_a_result_does_not_change_with_its_data():
    df = frame(x=list(FLOW))
    chart = imr_chart(df, value="x")
    before = chart.metrics()
    df.loc[0, "x"] = 1000.0
    assert chart.location.points[0] == 49.6
    assert chart.metrics() == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        chart.value = "y"


# ── verdict and caveats ──────────────────────────────────────────────────────────────────────


def test_verdict_names_the_first_point_and_the_price_of_several_rules():
    x = np.tile([9.9, 10.1, 10.0], 10)
    x[20] = 12
    chart = imr_chart(frame(x=x), value="x", rules="we")
    assert chart.verdict.level == "bad"
    assert (
        "单值图 30 个点中有 1 个违反准则，最先是点 21（准则 1：1 点超出 3σ 控制限）"
        in chart.verdict.text
    )
    assert "移动极差图 29 个点中有 2 个违反准则，最先是点 21" in chart.verdict.text
    assert "误报" in chart.verdict.rule
    assert "370.4" in chart.verdict.rule
    assert "91.75" in chart.verdict.rule
    assert "Champ & Woodall (1987)" in chart.verdict.source


def test_three_sigma_alone_claims_nothing_about_several_rules():
    verdict = imr_chart(frame(x=FLOW), value="x", rules="3sigma").verdict
    assert verdict.level == "good"
    assert "合用" not in verdict.rule


def test_few_points():
    assert codes(imr_chart(frame(x=FLOW), value="x").checks) == ["spc.few-subgroups"]
    x = np.random.default_rng(3).normal(size=20)
    assert imr_chart(frame(x=x), value="x").checks == ()


def test_coarse_readings():
    x = np.array([10, 10, 10, 10, 11, 10, 10, 10, 10, 10] * 3, dtype=float)
    check = next(c for c in imr_chart(frame(x=x), value="x").checks if c.code == "spc.ties")
    assert "最小间隔 1 大于 σ̂" in check.text
    fine = np.random.default_rng(4).normal(size=30).round(1)
    assert "spc.ties" not in codes(imr_chart(frame(x=fine), value="x").checks)


@pytest.mark.parametrize("x", [[1.0, 4.0], [1.0, 9.0, 2.0], np.arange(30.0)])
def test_values_that_never_repeat_show_no_scale(x):
    assert "spc.ties" not in codes(imr_chart(frame(x=np.array(x)), value="x").checks)


def test_the_chart_tells_the_run_length_of_eight_rules_and_that_it_is_simulated():
    df = frame(x=np.random.default_rng(1).normal(size=30))
    assert "合用为 73.5 点（仿真）" in imr_chart(df, value="x").verdict.rule
    assert "合用为 91.75 点" in imr_chart(df, value="x", rules="we").verdict.rule
    both = ("nelson-1", "nelson-2")
    assert "合用更短" in imr_chart(df, value="x", rules=both).verdict.rule


def test_autocorrelation_agrees_with_its_definition():
    rng = np.random.default_rng(5)
    walk = np.zeros(200)
    for i in range(1, 200):
        walk[i] = 0.7 * walk[i - 1] + rng.normal()
    check = imr_chart(frame(x=walk), value="x").checks[0]
    d = walk - walk.mean()
    assert check.code == "spc.autocorrelation"
    assert f"r₁ = {sum(d[1:] * d[:-1]) / sum(d * d):.2f}" in check.text
    assert "偏窄" in check.text
    see_saw = np.tile([1.0, -1.0], 20) + rng.normal(size=40) / 10
    assert "偏宽" in next(
        c.text
        for c in imr_chart(frame(x=see_saw), value="x").checks
        if c.code == "spc.autocorrelation"
    )


def test_autocorrelation_warns_at_its_level_only():
    """Moran (1948): under independence about 1 % of series of 30 are flagged."""
    rng = np.random.default_rng(6)
    runs = 3000
    flagged = sum(autocorrelation(rng.normal(size=30)) is not None for _ in range(runs))
    assert flagged / runs < 0.01 + 4 * math.sqrt(0.01 * 0.99 / runs)
    assert flagged > 0


def test_skewed_single_values():
    x = np.random.default_rng(8).exponential(size=100)
    assert "spc.nonnormal" in codes(imr_chart(frame(x=x), value="x").checks)


def test_stable_subgroups_raise_no_caveat_and_large_ones_ask_for_s():
    rng = np.random.default_rng(9)
    df = frame(g=np.repeat(np.arange(25), 12), x=rng.normal(size=300))
    assert xbar_s_chart(df, value="x", subgroup="g").checks == ()
    assert codes(xbar_r_chart(df, value="x", subgroup="g").checks) == ["spc.range-inefficient"]


def test_one_shift_is_not_blamed_on_the_yardstick():
    rng = np.random.default_rng(10)
    df = frame(g=np.repeat(np.arange(40), 5), x=rng.normal(size=200))
    df.loc[df["g"] == 20, "x"] += 6
    chart = xbar_s_chart(df, value="x", subgroup="g", rules="3sigma")
    assert 20 in chart.location.signals
    assert chart.n_signals < 4  # fewer than a tenth of the subgroups
    assert chart.checks == ()


# ── errors ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("df", "message"),
    [
        (frame(x=[1.0]), "只有 1 个值"),
        (frame(x=[2.0, 2, 2, 2]), "值全都相同"),
        (frame(x=["1", "二", "3"]), "“二”"),
        (frame(y=[1.0, 2]), "找不到列“x”"),
    ],
)
def test_single_values_that_cannot_be_charted(df, message):
    with pytest.raises(QualityDataError, match=message):
        imr_chart(df, value="x")


@pytest.mark.parametrize("chart", [xbar_r_chart, xbar_s_chart])
@pytest.mark.parametrize(
    ("df", "message"),
    [
        (frame(g=["a", "a"], x=[1.0, 2]), "只有 1 个子组“a”"),
        (frame(g=list("aabcc"), x=[1.0, 2, 3, 4, 5]), "只有 1 个值：b"),
        (frame(g=list("aabb"), x=[0.1, 0.1, 0.3, 0.3]), "每个子组内部都没有变差"),
        (frame(g=list("aabb"), x=["1", "—", "3", "4"]), "“—”"),
    ],
)
def test_subgroups_that_cannot_be_charted(chart, df, message):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(QualityDataError, match=message):
            chart(df, value="x", subgroup="g")


def test_unknown_rules():
    with pytest.raises(QualityDataError, match="没有叫“iso”的判异准则组"):
        imr_chart(frame(x=FLOW), value="x", rules="iso")


def test_two_values_are_enough_to_draw():
    chart = imr_chart(frame(x=[1.0, 2.0]), value="x")
    assert chart.metrics()["mr_center"] == 1
    chart.figure()


# ── what people see ──────────────────────────────────────────────────────────────────────────


def test_display_is_chinese_and_short():
    chart = xbar_s_chart(furnace(), value="膜厚", subgroup="炉次")
    assert repr(chart).startswith("均值—标准差控制图（X̄-S）：过程不稳定：")
    html = chart._repr_mimebundle_()["text/html"]
    assert 'data-code="spc.within-too-small"' in html
    assert "s̄/c₄" in html
    assert list(chart.signals().columns) == ["分图", "子组", "值", "准则", "准则内容", "常见原因"]
    empty = imr_chart(frame(x=FLOW), value="x").signals()
    assert (len(empty), list(empty.columns)[1]) == (0, "点号")


def test_figure_marks_signals_by_symbol_and_colour_and_says_so():
    chart = xbar_s_chart(furnace(), value="膜厚", subgroup="炉次")
    fig = chart.figure()
    marked = [t for t in fig.data if t.name.startswith("违反准则的点")]
    plain = next(t for t in fig.data if t.name == "均值")
    assert len(marked) == 1
    assert list(marked[0].y) == chart.location.points[chart.location.signals].tolist()
    assert marked[0].marker.symbol != plain.marker.symbol
    assert marked[0].marker.color != plain.marker.color
    assert any("违反准则 1、5、6" in text for text in marked[0].customdata)
    assert chart.verdict.text in fig.layout.meta["alt"]
    ends = [note.text for note in fig.layout.annotations]
    assert ends[:3] == ["UCL 581.87", "CL 563.04", "LCL 544.21"]
    assert list(fig.layout.xaxis2.ticktext) == list(chart.names)


def test_figure_of_a_long_series_thins_its_marks():
    x = np.random.default_rng(11).normal(size=500)
    x[100:160] += 2.5
    chart = imr_chart(frame(x=x), value="x")
    fig = chart.figure()
    assert chart.n_signals > 20
    marks = {t.name: t for t in fig.data}
    assert marks["单值"].marker.size < 5
    assert marks["违反准则的点"].mode == "markers"  # the rules are in the hover text
    assert fig.layout.xaxis2.tickvals is None


def test_figure_of_varying_limits_follows_them():
    df = frame(组=list("aabbbccccdd"), 值=[1, 3, 2, 2, 5, 4, 1, 6, 2, 3, 4.5])
    chart = xbar_r_chart(df, value="值", subgroup="组")
    upper = next(t for t in chart.figure().data if t.name == "均值图上控制限")
    assert list(upper.y) == chart.location.ucl.tolist()
    assert not chart.figure().layout.shapes


def test_public_names():
    assert qt.spc.imr_chart is imr_chart
    assert all(hasattr(qt.spc, name) for name in qt.spc.__all__)
