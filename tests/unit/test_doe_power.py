"""Power and sample size: R, statsmodels, brute force over effects, simulated experiments."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize

import qtools as qt
from qtools.doe.design import Design
from qtools.doe.factorial import full_factorial
from qtools.doe.fit import fit
from qtools.doe.power import power, sample_size
from qtools.doe.power_parts import chance, sd_interval
from qtools.errors import QualityDataError

# R 4.2.2: power.t.test(n=, delta=, sd=, strict=TRUE)$power
R_T = [
    (20, 1, 1, 0.868953027725),
    (5, 2, 1, 0.790542377973),
    (64, 0.5, 1, 0.801459557922),
    (3, 1.2, 0.3, 0.94793775454),
]
# R 4.2.2: power.anova.test(groups=, n=, between.var=, within.var=)$power, with two means Δ apart
# and the others between them: between.var = Δ²/(2(groups − 1))
R_ANOVA = [
    (4, 10, (2 * 3 * 1.25) ** 0.5, 3.7**0.5, 0.716127068391),
    (3, 6, 3.0, 2**0.5, 0.851479994081),
]
# R 4.2.2: pf(qf(1-a, d1, d2), d1, d2, ncp=l, lower.tail=FALSE)
R_F = [
    (1, 11, 9.0, 0.05, 0.779595179286),
    (1, 2, 30.0, 0.05, 0.779926411597),
    (2, 3, 100.0, 0.01, 0.811641481494),
    (3, 500, 12.0, 0.05, 0.837087368009),
    (1, 1, 400.0, 0.05, 0.883394443729),
    (1, 1, 4000.0, 0.001, 0.0791363190563),
]


@pytest.mark.parametrize(("n", "delta", "sd", "expected"), R_T)
def test_two_groups_as_r_has_them(n, delta, sd, expected):
    assert power(2 * n, effect=delta, sd=sd).power == pytest.approx(expected, abs=1e-9)
    assert power([n, n], kind="one-way", effect=delta, sd=sd).power == pytest.approx(expected)


@pytest.mark.parametrize(("groups", "n", "delta", "sd", "expected"), R_ANOVA)
def test_one_way_layout_as_r_has_it(groups, n, delta, sd, expected):
    found = power(groups * n, kind="one-way", levels=groups, effect=delta, sd=sd)
    assert found.power == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("df1", "df2", "noncentrality", "alpha", "expected"), R_F)
def test_noncentral_f_as_r_has_it(df1, df2, noncentrality, alpha, expected):
    found = chance(noncentrality**0.5, 1.0, df1, df2, alpha)
    assert found == pytest.approx(expected, abs=1e-8)


def test_sizes_as_r_has_them():
    """power.t.test(delta=3, sd=2, power=.9, strict=TRUE): n = 10.40; power.anova.test of five
    groups with means −1/2, 0, 0, 0, 1/2 and within.var=1, power=.9: n = 31.77."""
    assert sample_size(effect=3, sd=2).runs == 2 * 11
    assert sample_size(effect=1, sd=1, kind="one-way", levels=5).runs == 5 * 32


@pytest.mark.parametrize("groups", [2, 3, 5])
@pytest.mark.parametrize("f", [0.1, 0.25, 0.4])
def test_cohens_f_as_statsmodels_has_it(groups, f):
    from statsmodels.stats.power import FTestAnovaPower

    n = 12 * groups
    expected = FTestAnovaPower().power(effect_size=f, nobs=n, alpha=0.05, k_groups=groups)
    found = power(n, kind="one-way", levels=groups, f=f).power
    assert found == pytest.approx(float(expected), abs=1e-8)


def test_the_size_is_the_smallest_that_reaches_the_target():
    for factors, model in ((1, None), (4, None), (4, "interactions"), (7, "main")):
        found = sample_size(effect=1.5, sd=1, factors=factors, model=model, power=0.85)
        ours = {"effect": 1.5, "sd": 1, "factors": factors, "model": model}
        assert power(found.runs, **ours).power >= 0.85
        if found.runs > found.first:
            assert power(found.runs - found.step, **ours).power < 0.85
        assert found.power == power(found.runs, **ours).power


@pytest.mark.parametrize(
    ("factors", "model"),
    [(2, 2), (3, 2), (4, 2), (5, 2), (6, 2), (8, 2), (9, 2), (11, 2), (3, 3), (4, "full"), (7, 3)],
)
def test_sizes_for_interactions_have_an_orthogonal_design(factors, model):
    """A plan that is promised can be made, and its design has the power that was promised."""
    found = sample_size(effect=2.2, sd=1, factors=factors, model=model)
    design = (
        full_factorial(factors) if found.step == 2**factors
        else qt.doe.fractional_factorial(factors, runs=found.step)
    )  # fmt: skip
    points = np.tile(design.points, (found.runs // found.step, 1))
    assert len(points) == found.runs
    order = factors if model == "full" else model
    columns = [
        points[:, list(places)].prod(axis=1)
        for size in range(order + 1) for places in combinations(range(factors), size)
    ]  # fmt: skip
    x = np.column_stack(columns)
    assert np.array_equal(x.T @ x, found.runs * np.eye(x.shape[1]))
    assert found.runs > x.shape[1]
    made = Design(
        "重复的设计", design.factors, points, np.arange(len(points)), 1, ("析因点",) * len(points),
        np.zeros(len(points), dtype=np.intp), model="main",
    )  # fmt: skip
    terms = order if factors < 8 else "interactions"
    assert power(made, effect=2.2, sd=1, model=terms).power == pytest.approx(found.power, rel=1e-9)


@pytest.mark.parametrize(
    ("runs", "factors", "model"),
    [(20, 5, "interactions"), (24, 4, 2), (12, 3, 2), (48, 6, 2), (12, 3, "full")],
)
def test_sizes_without_an_orthogonal_design_are_refused(runs, factors, model):
    with pytest.raises(QualityDataError, match="没有与模型正交的"):
        power(runs, effect=2.2, sd=1, factors=factors, model=model)


@pytest.mark.parametrize("model", ["main", "interactions"])
def test_a_design_and_its_number_of_runs_agree(model):
    design = full_factorial(3, replicates=2)
    one = power(design, effect=1.2, sd=0.8, model=model)
    other = power(16, effect=1.2, sd=0.8, factors=3, model=model)
    assert one.power == pytest.approx(other.power)
    assert one.df == other.df
    assert one.mde == pytest.approx(other.mde)


def test_a_replicated_factor_of_three_levels_is_a_one_way_layout():
    design = full_factorial({"材料": ("甲", "乙", "丙")}, replicates=6)
    found = power(design, effect=3.0, sd=2**0.5, model="main")
    assert found.power == pytest.approx(R_ANOVA[1][-1], abs=1e-9)


def test_least_favourable_effect_by_brute_force():
    """Minimise β′C⁻¹β over effects of three uneven levels whose extremes are 1 apart."""
    design = full_factorial({"材料": ("甲", "乙", "丙"), "温度": (1, 2)}, replicates=2)
    kept = np.array([0, 1, 2, 3, 4, 5, 6, 8, 9])
    part = Design(
        "缺了的设计", design.factors, design.points[kept], np.arange(9), 1, ("析因点",) * 9,
        np.zeros(9, dtype=np.intp), model="main",
    )  # fmt: skip
    matrix = part.matrix()
    inverse = np.linalg.inv(matrix.x.T @ matrix.x)[1:3, 1:3]
    rows = matrix.at(np.array([[-1.0, 0], [0, 0], [1, 0]])).blocks[0]
    least = np.inf
    for i, j in ((0, 1), (0, 2), (1, 2)):
        d = rows[i] - rows[j]
        found = minimize(
            lambda b: b @ np.linalg.solve(inverse, b), d,
            constraints={"type": "eq", "fun": lambda b, d=d: d @ b - 1},
        )  # fmt: skip
        least = min(least, found.fun)
    term = power(part, effect=1.0, sd=1.0).terms[0]
    assert 1 / term.spread == pytest.approx(least, rel=1e-6)


def test_simulated_experiments_are_seen_as_often():
    design = full_factorial({"温度": (1, 2), "材料": ("甲", "乙", "丙")}, replicates=2)
    found = power(design, effect=2.0, sd=1.0, model="main")
    matrix = design.matrix("main")
    rng = np.random.default_rng(4)
    means = 1.0 * matrix.blocks[0][:, 0]  # ±1: an effect of 2
    seen = 0
    for _ in range(1500):
        one = fit(matrix, means + rng.normal(size=12))
        f = one.term_ss(0) / (one.sse / one.df)
        seen += f > 5.317655  # qf(0.95, 1, 8)
    assert seen / 1500 == pytest.approx(found.power_of(found.terms[0]), abs=0.03)


def test_blocks_cost_degrees_of_freedom():
    design = full_factorial(2, replicates=3)
    blocks = np.repeat([0, 1, 2], 4)
    blocked = Design(
        design.family, design.factors, design.points, design.order, 1, design.kinds, blocks,
        model="main",
    )  # fmt: skip
    assert power(blocked, effect=1, sd=1).df == power(design, effect=1, sd=1, model="main").df - 2


@pytest.mark.parametrize(
    ("design", "model"),
    [
        (full_factorial(2, center=2), "main"),
        (full_factorial(2, center=2), "interactions"),
        (full_factorial(3, center=1, replicates=2), "main"),
        (full_factorial(3, center=2, blocks=2), "main"),
        (qt.doe.plackett_burman(5, runs=12, center=3), "main"),
        (qt.doe.central_composite(2, center=3), "quadratic"),
        (full_factorial(2, replicates=2), "main"),
    ],
)
def test_degrees_of_freedom_are_those_of_the_analysis(design, model):
    """Blocks and the curvature of centre runs cost what the analysis pays for them."""
    y = np.random.default_rng(5).normal(size=design.n_runs)
    told = qt.doe.analyze(design, response=y, model=model)
    assert power(design, effect=1, sd=1, model=model).df == told.fit.df


def test_centre_runs_are_not_all_error():
    """Non-central F written out: 2² with two centre runs leaves 2 degrees of freedom, not 3."""
    from scipy.stats import f, ncf

    found = power(full_factorial(2, center=2), effect=4, sd=1, model="main")
    assert found.df == 2
    assert found.power == pytest.approx(ncf.sf(f.ppf(0.95, 1, 2), 1, 2, 4**2), rel=1e-9)
    with pytest.raises(QualityDataError, match="没有剩下自由度"):
        power(full_factorial(2, center=1), effect=4, sd=1, model="interactions")


def test_an_estimated_sd_gives_the_power_an_interval():
    found = power(16, effect=3, sd=2, factors=4, sd_df=5)
    # R: sqrt(5*4/qchisq(c(.95,.05), 5)) = 1.3440995 4.1785149
    limits = sd_interval(2.0, 5, 0.9)
    assert (limits.low, limits.high) == pytest.approx((1.3440995, 4.1785149), abs=1e-6)
    low = power(16, effect=3, sd=limits.high, factors=4).power
    high = power(16, effect=3, sd=limits.low, factors=4).power
    assert found.intervals["power"].low == pytest.approx(low)
    assert found.intervals["power"].high == pytest.approx(high)
    assert {"power_low", "power_high", "mde_low", "sd_low"} <= set(found.metrics())
    assert found.checks[0].code == "power.rough-sd"
    size = sample_size(effect=3, sd=2, factors=4, sd_df=5)
    assert size.intervals["runs"].high == sample_size(effect=3, sd=limits.high, factors=4).runs


def test_the_detectable_effect_is_seen_with_the_wanted_chance():
    found = power(full_factorial(3), effect=2, sd=1, model="main", target=0.8)
    again = power(full_factorial(3), effect=found.mde, sd=1, model="main")
    assert again.power == pytest.approx(0.8, abs=1e-9)


def test_verdicts():
    assert power(64, effect=2, sd=1, factors=3).verdict.level == "good"
    assert power(16, effect=3, sd=2, factors=4).verdict.level == "caution"
    assert power(8, effect=1, sd=2, factors=4).verdict.level == "bad"
    assert power(64, effect=2, sd=1, factors=3, sd_df=1).verdict.level == "caution"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: power(16, effect=0, sd=1), "effect"),
        (lambda: power(16, effect=1, sd=-1), "sd"),
        (lambda: power(16, effect=1), "没有写"),
        (lambda: power(10, effect=1, sd=1, factors=3), "4 的倍数"),
        (lambda: sample_size(effect=1, sd=1, factors=13, model="interactions"), "表里没有"),
        (lambda: power(8, effect=1, sd=1, factors=7), "没有剩下自由度"),
        (lambda: power(full_factorial(3), effect=1, sd=1, model="full"), "没有剩下自由度"),
        (lambda: power(full_factorial(3), effect=1, sd=1, model="quadratic"), "估计不了"),
        (lambda: power(16, effect=1, sd=1, alpha=5), "0.05"),
        (lambda: power(16, effect=1, sd=1, target=90), "0.9"),
        (lambda: power(16, effect=1, sd=1, sd_df=0), "自由度"),
        (lambda: power(10, kind="one-way", levels=4, f=0.4), "平分"),
        (lambda: power([3], kind="one-way", effect=1, sd=1), "一个水平"),
        (lambda: power(12, kind="latin", effect=1, sd=1), "不认识"),
        (lambda: power(12, f=0.3), "单因子"),
        (lambda: power([3, 4], kind="one-way", f=0.3), "次数不同"),
        (lambda: sample_size(effect=1e-4, sd=1), "值不值得"),
        (lambda: sample_size(effect=1, sd=1, factors=0), "因子个数"),
    ],
)
def test_bad_input_is_refused_in_chinese(call, words):
    with pytest.raises(qt.QualityDataError, match=words):
        call()


def test_tables_and_figures_stand():
    for found in (
        power(16, effect=3, sd=2, factors=4, sd_df=5),
        power(full_factorial(3), effect=3, sd=2, model="main"),
        sample_size(f=0.4, kind="one-way", levels=3, power=0.8),
        sample_size(effect=3, sd=2, factors=4, sd_df=1),
    ):
        assert len(found.table()) > 0
        assert len(found.figure().layout.meta["alt"]) > 30
        assert "功效" in found._repr_mimebundle_()["text/html"]
