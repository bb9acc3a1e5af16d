"""REML against dense likelihoods, lme4 and closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import qtools as qt
from qtools.errors import QualityDataError
from qtools.variance import likelihood, nested_anova, reml
from qtools.variance.crossed import crossed_anova, crossed_cube

DROPPED = [1, 2, 3, 10, 25, 26, 27, 28, 29, 30, 77, 101, 102, 103, 160]  # R counts from 1


def furnace(dropped=()):
    df = qt.load("furnace").drop(index=[place - 1 for place in dropped])
    run = df["炉次"].to_numpy().astype(np.intp) - 1
    return df["膜厚"].to_numpy(float), run, df["炉区"].to_numpy().astype(np.intp) - 1


def dense(y, groups):
    """−2 × restricted log-likelihood with full matrices (Searle et al. 1992, ch. 6)."""

    def criterion(components):
        n = len(y)
        v = components[-1] * np.eye(n)
        for component, group in zip(components, groups, strict=False):
            v += component * (group[:, None] == group[None, :])
        inverse = np.linalg.inv(v)
        one = np.ones(n)
        p = inverse - np.outer(inverse @ one, one @ inverse) / (one @ inverse @ one)
        logs = np.linalg.slogdet(v)[1] + np.log(one @ inverse @ one)
        return logs + y @ p @ y

    return criterion


POINTS = [np.array([300.0, 200.0, 100.0]), np.array([0.0, 50.0, 300.0]), np.array([9.0, 0.0, 1.0])]


@pytest.mark.parametrize("dropped", [(), DROPPED])
def test_criteria_agree_with_the_dense_one(dropped):
    y, run, zone = furnace(dropped)
    truth = dense(y - 560, [run, run * 10 + zone])
    tested = [
        likelihood.nested_criterion(y, [run, zone]),
        likelihood.crossed_criterion(y, [run, zone], [(0,), (0, 1)]),
    ]
    if not dropped:
        tested.append(likelihood.balanced_criterion(nested_anova(y, [run, zone])))
    for criterion in tested:
        gaps = [criterion(point) - truth(point) for point in POINTS]
        assert gaps == pytest.approx([gaps[0]] * 3, rel=1e-9, abs=1e-6)


def test_crossed_criterion_agrees_with_the_dense_one():
    y, run, zone = furnace(DROPPED)
    truth = dense(y - 560, [run, zone, run * 10 + zone])
    criterion = likelihood.crossed_criterion(y, [run, zone], [(0,), (1,), (0, 1)])
    points = [np.array([300.0, 9.0, 200.0, 100.0]), np.array([10.0, 50.0, 1.0, 300.0])]
    gaps = [criterion(point) - truth(point) for point in points]
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-6)


def test_balanced_is_anova():
    y, run, zone = furnace()
    anova = nested_anova(y, [run, zone])
    model = reml.fit(likelihood.nested_criterion(y, [run, zone]), (1.0, 1.0, 1.0))
    assert model.components == pytest.approx(anova.components, rel=1e-6)
    assert reml.total_df(model) == pytest.approx(anova.total_df, rel=1e-4)


def test_unbalanced_nested_agrees_with_lme4():
    # R 4.2, lme4: lmer(y ~ 1 + (1|run/zone), d[-c(1,2,3,10,25:30,77,101:103,160),])
    # VarCorr: run 304.5767558, zone:run 222.0854210, residual 119.1794641
    y, run, zone = furnace(DROPPED)
    anova = nested_anova(y, [run, zone])
    model = reml.fit(likelihood.nested_criterion(y, [run, zone]), anova.components)
    assert model.components == pytest.approx([304.5767558, 222.0854210, 119.1794641], rel=2e-5)


def test_zone_at_the_border_agrees_with_lme4():
    # lmer(y ~ 1 + (1|run) + (1|zone) + (1|run:zone)): zone 0, run 312.5564878,
    # run:zone 225.3831559, residual 120.8928233
    y, run, zone = furnace()
    anova = crossed_anova(crossed_cube(y, [run, zone]))
    model = reml.fit(likelihood.balanced_criterion(anova), anova.components)
    assert model.components == pytest.approx([312.5565, 0, 225.3832, 120.8928], rel=2e-5, abs=1e-6)


def test_unbalanced_crossed_agrees_with_lme4():
    # gage-classic without rows 1, 5, 17, 44, 60:62; lmer(y ~ 1 + (1|part) + (1|op) + (1|part:op)):
    # part 1.07603310646, op 0.04752666068, part:op 0, residual 0.03633900345
    df = qt.load("gage-classic").drop(index=[0, 4, 16, 43, 59, 60, 61])
    part, operator = (df[name].factorize()[0] for name in ("零件", "检验员"))
    y = df["读数"].to_numpy(float)
    criterion = likelihood.crossed_criterion(y, [part, operator], [(0,), (1,), (0, 1)])
    model = reml.fit(criterion, (1, 1, 1, 1))
    assert model.components == pytest.approx(
        [1.07603310646, 0.04752666068, 0, 0.03633900345], rel=1e-4, abs=1e-8
    )


@pytest.mark.parametrize("seed", range(8))
def test_profile_ends_where_the_dense_likelihood_has_dropped(seed):
    from scipy.optimize import minimize

    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(6), rng.integers(2, 6, size=6)).astype(np.intp)
    y = rng.normal(size=len(group)) + 2 * rng.normal(size=6)[group]
    model = reml.fit(likelihood.nested_criterion(y, [group]), (1.0, 1.0))
    truth = dense(y, [group])
    least = minimize(lambda z: truth(np.exp(z)), np.log(model.components + 0.01)).fun
    for limit in reml.profile_component(model, 0, 0.95):
        if limit == 0:
            continue
        rest = minimize(lambda z, fixed=limit: truth(np.array([fixed, np.exp(z[0])])), [0.0]).fun
        assert rest - least == pytest.approx(chi2.isf(0.05, 1), rel=1e-4)


def test_profiles_of_share_and_total_hold_the_estimate():
    y, run, zone = furnace(DROPPED)
    model = reml.fit(likelihood.nested_criterion(y, [run, zone]), (1.0, 1.0, 1.0))
    total = model.components.sum()
    for place in range(3):
        low, high = reml.profile_share(model, place, 0.95)
        assert 0 <= low < model.components[place] / total < high <= 1
    low, high = reml.profile_total(model, 0.95)
    assert low < total < high
    narrow = reml.profile_total(model, 0.80)
    assert low < narrow[0] < narrow[1] < high


def test_profile_of_the_residual_is_near_the_exact_interval():
    # REML profile of a variance with many degrees of freedom tends to the χ² interval
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(60), 6).astype(np.intp)
    y = rng.normal(size=360) + 2 * rng.normal(size=60)[group]
    anova = nested_anova(y, [group])
    model = reml.fit(likelihood.nested_criterion(y, [group]), anova.components)
    low, high = reml.profile_component(model, 1, 0.95)
    exact = [300 * anova.ms[1] / chi2.isf(p, 300) for p in (0.025, 0.975)]
    assert [low, high] == pytest.approx(exact, rel=0.01)


def test_tiny_noise_beside_large_effects():
    # parts 1 … 1000, noise 0.002 at an offset of 1e7 less its own rounding: REML is ANOVA here
    rng = np.random.default_rng(9)
    part, operator = (axis.ravel() for axis in np.indices((8, 3, 3))[:2])
    y = 1e4 + rng.permutation(np.linspace(1, 1000, 8))[part]
    y = y + np.array([-0.005, 0.002, 0.004])[operator] + 0.002 * rng.normal(size=72)
    y = y + 0.01 * rng.normal(size=(8, 3))[part, operator]
    anova = crossed_anova(crossed_cube(y, [part, operator]))
    sources = [(0,), (1,), (0, 1)]
    full = likelihood.crossed_criterion(y, [part, operator], sources)
    short = likelihood.balanced_criterion(anova)
    points = [np.array([1e5, 1e-5, 1e-4, 4e-6]), np.array([3e4, 1e-6, 2e-4, 5e-6])]
    gaps = [full(point) - short(point) for point in points]
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-4)


def test_too_many_units():
    codes = np.arange(likelihood.MAX_UNITS)
    with pytest.raises(QualityDataError, match="超过这种算法的上限"):
        likelihood.crossed_criterion(
            np.arange(len(codes), dtype=float), [codes, codes % 2], [(0,), (1,)]
        )


def noise(seed, sizes):
    """Readings without any effect of the group, where the component is estimated as 0."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes).astype(np.intp)
    while True:
        y = rng.normal(size=group.size)
        anova = nested_anova(y, [group])
        if anova.ms[0] < 0.8 * anova.ms[1]:
            return y, group, anova


@pytest.mark.parametrize("sizes", [(4, 4, 4, 4, 4), (2, 5, 3, 4, 6)], ids=["even", "uneven"])
@pytest.mark.parametrize("seed", range(4))
def test_share_of_a_residual_that_is_everything(seed, sizes):
    """The lower limit of a share of 1 is where the dense likelihood has dropped by χ²(1)/2."""
    from scipy.optimize import minimize_scalar

    y, group, anova = noise(seed, sizes)
    model = reml.fit(likelihood.nested_criterion(y, [group]), anova.components)
    assert model.components[0] == 0
    low, high = reml.profile_share(model, 1, 0.95)
    assert high == 1.0
    truth = dense(y, [group])

    def lowest(share):
        parts = np.array([1 - share, share])
        return minimize_scalar(lambda z: truth(np.exp(z) * parts), bounds=(-4, 4)).fun

    assert lowest(low) - lowest(1.0) == pytest.approx(chi2.isf(0.05, 1), rel=1e-4)
    other = reml.profile_share(model, 0, 0.95)
    assert other == pytest.approx((0.0, 1 - low), abs=1e-6)


@pytest.mark.parametrize("drop", [0, 3], ids=["even", "uneven"])
@pytest.mark.parametrize("design", ["nested", "crossed"])
def test_pure_noise_has_an_answer(design, drop):
    """Whatever layers come out as 0, estimates and limits exist; some seeds leave one alone."""
    alone = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        a, b = (axis.ravel() for axis in np.indices((5, 3, 2))[:2])
        df = pd.DataFrame({"a": a, "b": b, "y": rng.normal(size=30)}).iloc[drop:]
        got = qt.variance_components(df, value="y", levels=["a", "b"], design=design, method="reml")
        for key, share in zip(got.parts.keys, got.shares, strict=True):
            assert got.parts.intervals[f"{key}_pct"].low <= share + 1e-4
            assert share <= got.parts.intervals[f"{key}_pct"].high + 1e-4
        alone += max(got.shares) == 100.0
    assert alone > 0
