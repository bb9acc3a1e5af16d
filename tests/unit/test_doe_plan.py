"""Plans: each row against its own design, the choice by hand, a pilot against R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.doe.fit import fit
from qtools.doe.pilot import pilot_sd
from qtools.doe.plan import plan_experiment

FACTORS = ["温度=160/180", "压力=0.2/0.4", "时间=0.8/1.2", "冷却=10/20", "间隙=1/2"]
WISH = {"effect": 4, "sd": 2.2, "budget": 20, "seed": 3}


@pytest.fixture(scope="module")
def plan():
    return plan_experiment(FACTORS, **WISH, sd_df=9, cost=800, worth=60000)


def test_the_cheapest_that_is_clear_and_strong_enough(plan):
    enough = [one for one in plan.eligible if one.power >= 0.9]
    assert plan.best.price == min(one.price for one in enough)
    assert plan.best.design.resolution == 5
    assert plan.met
    assert plan.net == pytest.approx(60000 * plan.best.power - 16 * 800)


def test_rows_are_the_power_of_their_designs(plan):
    for one in plan.candidates:
        if one.judged:
            alone = qt.doe.power(one.design, effect=4, sd=2.2, sd_df=9, model="main")
            assert one.power == alone.power
        assert one.price == 800 * one.design.n_runs


def test_what_each_design_tells_apart(plan):
    """By definition: main effects orthogonal to every two-factor interaction."""
    for one in plan.candidates:
        x = one.design.matrix("interactions").x
        main, pairs = x[:, :6], x[:, 6:]
        left = pairs - pairs.mean(axis=0)
        clear = np.abs((main[:, 1:] - main[:, 1:].mean(axis=0)).T @ left).max() < 1e-9
        assert (one.clarity >= 1) == bool(clear), one.label
        if one.clarity == 2:
            assert np.linalg.matrix_rank(x) == x.shape[1]


def test_simulated_experiments_of_the_chosen_design(plan):
    design = plan.best.design
    matrix = design.matrix("main")
    rng = np.random.default_rng(8)
    means = 2.0 * matrix.x[:, 1]
    seen = 0
    for _ in range(800):
        one = fit(matrix, means + rng.normal(0, 2.2, design.n_runs))
        seen += one.coefficient(1, 0.95).significant
    assert seen / 800 == pytest.approx(plan.best.power, abs=0.04)


def test_without_the_wish_for_clear_main_effects_it_is_cheaper():
    loose = plan_experiment(FACTORS, **(WISH | {"effect": 5}), clear=False)
    strict = plan_experiment(FACTORS, **(WISH | {"effect": 5}))
    assert loose.best.price < strict.best.price


def test_a_budget_that_does_not_suffice():
    found = plan_experiment(FACTORS, **(WISH | {"effect": 1}), cost=800, worth=1000)
    assert not found.met
    assert found.verdict.level == "bad"
    assert {"plan.not-worth", "plan.small-effect"} <= {check.code for check in found.checks}


def test_a_budget_without_a_clear_design_is_not_called_too_small():
    factors = [f"{name}=1/2" for name in "ABCDEFG"]
    found = plan_experiment(factors, effect=8, sd=1, budget=12)
    assert not found.eligible
    assert found.best.power > 0.99
    assert "没有主效应干净" in found.verdict.text
    assert "退而求其次" in found.verdict.text
    assert "不够" not in found.verdict.text
    assert found.verdict.level == "caution"
    bare = plan_experiment(factors[:3], effect=8, sd=1, budget=4)
    assert bare.best.judged is None
    assert "没有误差自由度" in bare.verdict.text
    loose = plan_experiment(factors, effect=8, sd=1, budget=12, clear=False)
    assert loose.verdict.level == "good"


def test_factors_of_more_settings():
    found = plan_experiment({"温度": (160, 180), "膜": ("甲", "乙", "丙")}, **WISH)
    assert {one.name for one in found.candidates} >= {"全因子", "D-最优（主效应）"}
    assert len(found.table()) == len(found.candidates)


def test_shown(plan):
    assert len(plan.figure().layout.meta["alt"]) > 50
    assert {"n_runs", "power", "power_low", "net", "met"} <= set(plan.metrics())
    assert "选中" in plan.table().columns
    assert plan.verdict.level == "caution"  # enough at the estimate, not at the worst σ


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plan_experiment(FACTORS, **(WISH | {"budget": 3})), "做不了"),
        (lambda: plan_experiment(FACTORS, **(WISH | {"budget": 500})), "预算"),
        (lambda: plan_experiment(FACTORS[:1], **WISH), "因子个数"),
        (lambda: plan_experiment(FACTORS, **WISH, cost=-1), "费用"),
        (lambda: plan_experiment(FACTORS, **(WISH | {"sd": 0})), "标准差"),
        (lambda: plan_experiment(["温度=180/160", "压力=1/2"], **WISH), "从低到高"),
        (lambda: plan_experiment(["温度=160", "压力=1/2"], **WISH), "不足两个"),
        (lambda: plan_experiment(["温度=1/2", "温度=1/2"], **WISH), "重名"),
    ],
)
def test_bad_input_is_refused_in_chinese(call, words):
    with pytest.raises(qt.QualityDataError, match=words):
        call()


def test_pilot_as_r_has_it():
    """R 4.2: summary(lm(y ~ g))$sigma = 2.204540769, anova p = 0.58257; χ² limits by qchisq."""
    found = pilot_sd(qt.load("seal-pilot-sim"), response="强度", group="日期")
    assert found.sd == pytest.approx(2.204540769, abs=1e-9)
    assert found.df == 9
    assert found.group_p == pytest.approx(0.58257, abs=1e-5)
    # R: 2.204540769 * sqrt(9 / qchisq(c(.95, .05), 9)) = 1.6078752 3.6269051
    assert (found.interval.low, found.interval.high) == pytest.approx((1.6078752, 3.6269051), 1e-6)
    assert found.checks[0].code == "pilot.few-df"
    assert len(found.figure().layout.meta["alt"]) > 20


def test_groups_that_differ_are_told():
    df = qt.load("seal-pilot-sim")
    df = df.assign(强度=df["强度"] + 8 * (df["日期"] == "第3天"))
    found = pilot_sd(df, response="强度", group="日期")
    assert found.sd == pytest.approx(2.204540769, abs=1e-9)
    assert "pilot.groups-differ" in {check.code for check in found.checks}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda df: df.assign(强度=30.0), "全都相同"),
        (lambda df: df.iloc[[0, 4, 8]], "只有一次"),
        (lambda df: df.drop(columns="日期"), "日期"),
        (
            lambda df: df.assign(强度=df["日期"].map({"第1天": 1.0, "第2天": 2, "第3天": 3})),
            "都一样",
        ),
    ],
)
def test_pilots_without_scatter_are_refused(change, words):
    with pytest.raises(qt.QualityDataError, match=words):
        pilot_sd(change(pd.DataFrame(qt.load("seal-pilot-sim"))), response="强度", group="日期")
