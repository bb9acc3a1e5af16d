"""REML of any sources against dense likelihoods; inverted bootstrap: exact cases and coverage."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

import qtools as qt
from qtools.errors import QualityDataError
from qtools.variance import mixed, mls
from qtools.variance.cells import gather
from qtools.variance.crossed import crossed_anova, crossed_cube
from qtools.variance.inversion import inverted_draws
from qtools.variance.mixed import fit_mixed


def dense(y, groups):
    """−2 × restricted log-likelihood and gradient, full matrices (Searle et al. 1992, ch. 6)."""
    patterns = [(g[:, None] == g[None, :]).astype(float) for g in groups] + [np.eye(len(y))]
    one = np.ones(len(y))
    y = y - y.mean()

    def criterion(components):
        v = sum(c * p for c, p in zip(components, patterns, strict=True))
        inverse = np.linalg.inv(v)
        x = inverse @ one
        p = inverse - np.outer(x, x) / (one @ x)
        py = p @ y
        value = np.linalg.slogdet(v)[1] + np.log(one @ x) + y @ py
        return value, np.array([np.sum(p * part) - py @ part @ py for part in patterns])

    return criterion


def random_study(seed):
    """Crossed, crossed with one trial, nested or with a station; readings missing at random."""
    rng = np.random.default_rng(seed)
    kind = ("crossed", "single", "nested", "station")[seed % 4]
    p, o = int(rng.integers(3, 8)), int(rng.integers(2, 5))
    r = 1 if kind == "single" else int(rng.integers(2, 4))
    part, operator, trial = (axis.ravel() for axis in np.indices((p, o, r)))
    sds = rng.uniform(0.1, 3, size=4) * rng.integers(0, 2, size=4)
    y = 10.0 ** rng.integers(-2, 3) * rng.normal() + rng.uniform(0.2, 1) * rng.normal(
        size=p * o * r
    )
    unit = part + operator * p if kind == "nested" else part
    y = y + sds[0] * rng.normal(size=unit.max() + 1)[unit] + sds[1] * rng.normal(size=o)[operator]
    groups = [unit, operator]
    if kind in ("crossed", "station"):
        groups.append(part * o + operator)
        y = y + sds[2] * rng.normal(size=(p, o))[part, operator]
    if kind == "station":
        groups.append((part + operator + trial) % 2)
        y = y + sds[3] * rng.normal(size=2)[groups[-1]]
    kept = rng.permutation(y.size) >= rng.integers(1, max(2, y.size // 6))
    groups = [np.unique(group[kept], return_inverse=True)[1] for group in groups]
    return y[kept], groups


@pytest.mark.parametrize("block", range(8))
def test_two_hundred_designs_against_a_generic_optimiser(block):
    for seed in range(25 * block, 25 * block + 25):
        y, groups = random_study(seed)
        cells = gather(y, groups)
        assert cells.remainder(range(len(groups)))[1] > 0
        model = fit_mixed(cells)
        criterion = dense(y, groups)
        size = float(np.var(y))
        bounds = [(0.0, None)] * len(groups) + [(1e-6 * size, None)]
        start = np.full(len(groups) + 1, size / 3)
        options = {"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-9}
        least = minimize(criterion, start, jac=True, bounds=bounds, options=options)
        value, gradient = criterion(model.components)
        assert value <= least.fun + 1e-6, seed
        inside = model.components > 0
        slope = gradient * (np.abs(model.components) + model.components[-1])
        assert slope[inside] == pytest.approx(0, abs=1e-3), seed
        assert np.all(slope[~inside] > -1e-3), seed
        if value > least.fun - 1e-7:  # where the optimiser got there as well
            assert model.components == pytest.approx(least.x, rel=0.02, abs=0.02 * size), seed
        assert np.all(model.raw[~inside] <= 0)


def test_equations_agree_with_the_dense_likelihood():
    y, groups = random_study(3)
    equations = mixed.Equations(gather(y, groups))
    criterion = dense(y, groups)
    points = [np.array([1.0, 0.3, 0.2, 0.1, 0.5]), np.array([4.0, 0.0, 0.7, 0.0, 0.2])]
    ours = [equations.at(point) for point in points]
    theirs = [criterion(point) for point in points]
    assert ours[0][0] - ours[1][0] == pytest.approx(theirs[0][0] - theirs[1][0], rel=1e-8)
    for point, (_, f, q), (_, gradient) in zip(points, ours, theirs, strict=True):
        assert f @ point - q == pytest.approx(gradient, rel=1e-5, abs=1e-6)
        assert f == pytest.approx(f.T)


def test_expanded_study_agrees_with_lme4():
    # gage-classic without rows 1, 5, 17, 44, 60:62, batches of three parts, y changed as below;
    # lmer(y2 ~ 1 + (1|batch) + (1|part) + (1|op) + (1|trial) + (1|part:op)): batch 3.863747679,
    # part 0.703588593, op 0.115071671, trial 0.022865029, part:op 0.023453230, resid 0.039225430
    df = qt.load("gage-classic").drop(index=[0, 4, 16, 43, 59, 60, 61])
    part, operator, trial = (df[name].factorize()[0] for name in ("零件", "检验员", "次数"))
    number = df["零件"].to_numpy()
    batch, times = (number - 1) // 3, df["次数"].to_numpy()
    y = df["读数"].to_numpy(float) + 1.5 * (batch == 1) - 2.0 * (batch == 3) + 0.3 * (times == 2)
    y = y + 0.4 * ((number * (df["检验员"] == "B").to_numpy()) % 3)
    model = fit_mixed(gather(y, [batch, part, operator, trial, part * 3 + operator]))
    assert model.components == pytest.approx(
        [3.863747679, 0.703588593, 0.115071671, 0.022865029, 0.023453230, 0.039225430], rel=1e-4
    )


def test_tiny_noise_beside_large_parts_at_an_offset():
    # parts 1 … 1000, noise 0.002, offset 1e4. With parts so large, REML is REML with parts fixed
    rng = np.random.default_rng(6)
    part, operator = (axis.ravel() for axis in np.indices((8, 3, 3))[:2])
    y = np.linspace(1, 1000, 8)[part] + np.array([-0.004, 0.001, 0.005])[operator]
    y = y + 0.003 * rng.normal(size=(8, 3))[part, operator] + 0.002 * rng.normal(size=72)
    kept = rng.permutation(72) >= 7
    part, operator, small = part[kept], operator[kept], y[kept]
    both = part * 3 + operator
    model = fit_mixed(gather(1e4 + small, [part, operator, both]))

    x = np.eye(8)[part]
    patterns = [(g[:, None] == g[None, :]).astype(float) for g in (operator, both)]
    z = 1e3 * (small - np.linspace(1, 1000, 8)[part])

    def fixed_parts(logs):
        v = sum(np.exp(c) * m for c, m in zip(logs, [*patterns, np.eye(len(z))], strict=True))
        inverse = np.linalg.inv(v)
        inner = x.T @ inverse @ x
        p = inverse - inverse @ x @ np.linalg.solve(inner, x.T @ inverse)
        return np.linalg.slogdet(v)[1] + np.linalg.slogdet(inner)[1] + z @ p @ z

    best = minimize(fixed_parts, [2.0, 2.0, 1.0], method="Nelder-Mead", options={"fatol": 1e-10})
    assert 1e6 * model.components[1:] == pytest.approx(np.exp(best.x), rel=1e-3)
    draws = inverted_draws(model, 2000)
    assert np.all(np.isfinite(draws))
    low, high = np.quantile(draws[:, -1], [0.05, 0.95])
    assert low < 4e-6 < high


def test_too_many_units():
    codes = np.arange(mixed.MAX_UNITS)
    codes = np.concatenate([codes, codes])
    operator = np.repeat([0, 1], mixed.MAX_UNITS)
    with pytest.raises(QualityDataError, match="超过这种算法的上限"):
        fit_mixed(gather(codes * 1.0, [codes, operator]))


# ── the inverted bootstrap ───────────────────────────────────────────────────────────────────


def classic():
    df = qt.load("gage-classic")
    part, operator = (df[name].factorize()[0] for name in ("零件", "检验员"))
    return df["读数"].to_numpy(float), part, operator


def test_balanced_data_give_the_generalized_intervals():
    # an independent road: mean squares × df/χ² at Sobol points
    y, part, operator = classic()
    anova = crossed_anova(crossed_cube(y, [part, operator]))
    model = fit_mixed(gather(y, [part, operator, part * 3 + operator]))
    ours = np.quantile(np.maximum(inverted_draws(model), 0), [0.05, 0.95], axis=0)
    theirs = np.quantile(mls.pivotal_components(anova), [0.05, 0.95], axis=0)
    assert ours == pytest.approx(theirs, rel=0.02, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_residual_is_exact(seed):
    y, groups = random_study(4 * seed)
    cells = gather(y, groups)
    draws = inverted_draws(fit_mixed(cells))[:, -1]
    exact = [cells.ss / chi2.isf(tail, cells.df) for tail in (0.05, 0.95)]
    assert np.quantile(draws, [0.05, 0.95]) == pytest.approx(exact, rel=2e-3)


def estimates(y, part, operator, cut=1000):
    """Draws of parts, operators, GRR and the share of GRR, as gage_rr forms its limits."""
    groups = [part, operator]
    crossed = np.unique(part * 99 + operator).size > np.unique(part).size
    if crossed:
        groups.append(part * 99 + operator)
    draws = inverted_draws(fit_mixed(gather(y, groups)), cut)
    grr = draws[:, 1:].sum(axis=1)
    parts, gauge = np.maximum(draws[:, 0], 0), np.maximum(grr, draws[:, -1])
    limits = {
        "part": np.quantile(parts, [0.05, 0.95]),
        "operator": np.quantile(np.maximum(draws[:, 1], 0), [0.05, 0.95]),
        "grr": np.quantile(grr, [0.05, 0.95]),
        "share": np.quantile(gauge / (gauge + parts), [0.05, 0.95]),
    }
    limits["grr"][0] = max(limits["grr"][0], np.quantile(draws[:, -1], 0.05))
    return limits


@pytest.mark.parametrize("nested", [False, True], ids=["10x3x3-less-8", "nested-3x5x2-less-5"])
def test_coverage(nested):
    """Nominal 90 % in 400 studies, standard error 1.5 %."""
    rng = np.random.default_rng(12)
    shape, lost = ((5, 3, 2), 5) if nested else ((10, 3, 3), 8)
    part, operator, _ = (axis.ravel() for axis in np.indices(shape))
    unit = part + 10 * operator if nested else part
    cross = 0.0 if nested else 0.05
    truth = {"part": 1.0, "operator": 0.15, "grr": 0.35 + cross}
    truth["share"] = truth["grr"] / (1 + truth["grr"])
    hits = dict.fromkeys(truth, 0)
    runs = 400
    for _ in range(runs):
        y = rng.normal(size=40)[unit] + 0.15**0.5 * rng.normal(size=3)[operator]
        y = y + cross**0.5 * rng.normal(size=shape[:2])[part, operator]
        y = y + 0.2**0.5 * rng.normal(size=y.size)
        kept = rng.permutation(y.size) >= lost
        for key, (low, high) in estimates(y[kept], unit[kept], operator[kept]).items():
            hits[key] += low <= truth[key] <= high
    for key, found in hits.items():
        assert 0.86 <= found / runs <= 0.95, (key, found / runs)


def test_resampling_the_parts_is_far_too_narrow():
    """The reason for the inversion: parts drawn anew keep the three operators as they are."""
    rng = np.random.default_rng(1)
    p, o, r = 10, 3, 3
    runs, again = 300, 200
    hits = 0
    for _ in range(runs):
        cells = rng.normal(size=(p, 1)) + 0.15**0.5 * rng.normal(size=(1, o))
        means = cells + (0.2 / r) ** 0.5 * rng.normal(size=(p, o))
        drawn = means[rng.integers(0, p, size=(again, p))]
        own = drawn.mean(axis=1)
        ms_operator = p * r * own.var(axis=1, ddof=1)
        rest = (
            drawn
            - drawn.mean(axis=2, keepdims=True)
            - own[:, None]
            + own.mean(axis=1)[:, None, None]
        )
        ms_cross = r * np.sum(rest**2, axis=(1, 2)) / ((p - 1) * (o - 1))
        operator = np.maximum(ms_operator - ms_cross, 0) / (p * r)
        low, high = np.quantile(operator, [0.05, 0.95])
        hits += low <= 0.15 <= high
    assert hits / runs < 0.6
