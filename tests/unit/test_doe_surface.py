"""Response surfaces: R's numbers, geometry by brute force, coverage by simulation, verdicts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools import QualityDataError
from qtools.doe import central_composite, response_surface
from qtools.doe.canonical import Quadratic, read_quadratic, ridge, slope_statistic
from qtools.doe.region import Region, best_in

CVD = {"factors": ["压力", "气体比"], "goal": "min"}


@pytest.fixture(scope="module")
def cvd():
    return qt.load("cvd")


@pytest.fixture(scope="module")
def stress(cvd):
    return response_surface(cvd, response="应力", **CVD)


@pytest.fixture(scope="module")
def uniformity(cvd):
    return response_surface(cvd, response="均匀性", **CVD)


def quadratic(x):
    """Second derivation of the model's columns: 1, x, products, x² in the order of the terms."""
    pairs = [x[:, i] * x[:, j] for i, j in combinations(range(x.shape[1]), 2)]
    return np.column_stack([np.ones(len(x)), x, *pairs, x**2])


def experiment(truth, k=2, sd=0.0, seed=0, center=4, shift=0.0, **options):
    """A rotatable design in natural units 0…10 and a response that is truth(coded) and noise."""
    names = list("甲乙丙丁"[:k])
    design = central_composite(dict.fromkeys(names, (0, 10)), center=center, **options)
    noise = np.random.default_rng(seed).normal(0, sd, design.n_runs)
    df = pd.DataFrame({name: 5 + 5 * column for name, column in zip(names, design.points.T)})  # noqa: B905
    return df.assign(
        区组=[f"第 {b + 1} 天" for b in design.blocks], 强度=truth(design.points) + noise + shift
    )


def hill(x):
    """Highest at (0.3, −0.2)."""
    return 50 - 4 * (x[:, 0] - 0.3) ** 2 - 6 * (x[:, 1] + 0.2) ** 2


# --- R 4.2.2: lm(y ~ x + z + I(x^2) + I(z^2) + x:z), x = (压力 − 42)/38, z = (气体比 − 6)/4 ------


def test_coefficients_as_in_r(uniformity, stress):
    table = stress.coefficients()
    np.testing.assert_allclose(
        table["系数"],
        [7.790003669, 0.737518689, 0.497773114, 0.069961245, -0.529969472, -0.119975018],
        rtol=1e-8,
    )
    np.testing.assert_allclose(
        table["标准误"],
        [0.0441234545, 0.0382120774, 0.0382014131, 0.0763817613, 0.0643152518, 0.0643025638],
        rtol=1e-8,
    )
    assert table["p"].iloc[4] == pytest.approx(4.289645239e-04, rel=1e-8)
    assert uniformity.coefficients()["p"].iloc[3] == pytest.approx(6.622067719e-02, rel=1e-8)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("uniformity", {"pct_r2": 87.07366503, "s": 0.7258955973, "pct_r2_pred": 35.40694108,
                        "lof_p": 0.57557, "square_p": 0.97652, "eigenvalue1": 0.9343728528,
                        "eigenvalue2": -0.7676229413, "stationary1_coded": 0.08864248124,
                        "stationary2_coded": 1.11167304957}),
        ("stress", {"pct_r2": 99.18881244, "s": 0.07642407281, "pct_r2_pred": 97.22870569,
                    "lof_p": 0.88256, "square_p": 0.0012178, "eigenvalue1": -0.1170118956,
                    "eigenvalue2": -0.5329325951, "stationary1_coded": 0.8490792185,
                    "stationary2_coded": 2.3220490442}),
    ],
)  # fmt: skip
def test_metrics_as_in_r(name, values, request):
    found = request.getfixturevalue(name).metrics()
    for key, value in values.items():
        digits = 1e-4 if key in ("lof_p", "square_p") else 1e-8
        assert found[key] == pytest.approx(value, rel=digits), key


def test_intervals_of_a_prediction_as_in_r(stress, uniformity):
    """predict(m, data.frame(x = .5, z = -.25), interval = …)."""
    at = np.array([0.5, -0.25])
    mean = stress.mean_at(at)[0]
    assert mean.value == pytest.approx(7.885583772)
    assert (mean.interval.low, mean.interval.high) == pytest.approx((7.783066721, 7.988100824))
    ahead = stress.prediction(at)
    assert (ahead.low, ahead.high) == pytest.approx((7.663989433, 8.107178111))
    ahead = uniformity.prediction(at)
    assert (ahead.low, ahead.high) == pytest.approx((2.684911097, 6.89443171))


def test_groups_of_the_anova_add_up(stress):
    table = stress.anova().set_index("来源")
    assert table.loc["残差", "平方和 SS"] == pytest.approx(0.029203195)
    assert table.loc["　纯误差", "平方和 SS"] == pytest.approx(0.0222)
    assert table.loc["　失拟", "F"] == pytest.approx(0.21031, abs=5e-6)
    assert table.loc["平方项", "F"] == pytest.approx(34.11931, abs=5e-6)
    assert table.loc["合计", "自由度 df"] == 10


# --- geometry ------------------------------------------------------------------------------------


def surfaces():
    draws = np.random.default_rng(3)
    for k in (2, 2, 3, 3):
        square = draws.normal(size=(k, k))
        yield Quadratic(float(draws.normal()), draws.normal(size=k), (square + square.T) / 2)


@pytest.mark.parametrize("surface", surfaces())
def test_canonical_form_is_the_surface(surface):
    """y = yₛ + Σ λᵢ wᵢ², w the coordinates along the axes from the stationary point."""
    centre = surface.stationary
    points = np.random.default_rng(1).normal(size=(50, len(centre)))
    w = (points - centre) @ surface.axes
    form = surface.at(centre[None])[0] + (w**2) @ surface.eigenvalues
    np.testing.assert_allclose(form, surface.at(points), rtol=1e-9, atol=1e-9)
    step = 1e-5
    for way in np.eye(len(centre)):
        ahead, behind = surface.at(np.array([centre + step * way, centre - step * way]))
        assert (ahead - behind) / (2 * step) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("surface", surfaces())
@pytest.mark.parametrize("highest", [True, False])
def test_ridge_is_the_best_of_many_points_on_the_sphere(surface, highest):
    k = len(surface.linear)
    draws = np.random.default_rng(5).normal(size=(200_000, k))
    ways = draws / np.linalg.norm(draws, axis=1, keepdims=True)
    for radius in (0.2, 1.0, 3.0):
        values = surface.at(radius * ways)
        brute = values.max() if highest else values.min()
        point = ridge(surface, radius, highest)
        own = float(surface.at(point[None])[0])
        assert np.linalg.norm(point) == pytest.approx(radius, rel=1e-7)
        assert (own - brute) * (1 if highest else -1) > -1e-9
        assert own == pytest.approx(brute, abs=5e-3 * np.ptp(values))


def test_ridge_where_the_slope_along_the_best_axis_is_zero():
    """y = x₁ − 5x₁² + x₂²: beyond some radius the best points lie to either side."""
    surface = Quadratic(0.0, np.array([1.0, 0.0]), np.diag([-5.0, 1.0]))
    point = ridge(surface, 2.0, highest=True)
    assert np.linalg.norm(point) == pytest.approx(2)
    assert point[0] == pytest.approx(1 / 12)  # (−5 − 1) x₁ = −1/2


def test_standard_errors_of_eigenvalues_are_those_of_a_refit_along_the_axes(stress):
    """Bisgaard & Ankenman (1996): the squares' errors after turning the factors to the axes."""
    turned = stress.points @ stress.surface.axes
    x = quadratic(turned)
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ stress.fit.y
    for place in range(2):
        one = stress.eigenvalue(place)
        assert one.value == pytest.approx(beta[4 + place], rel=1e-9)
        assert one.se == pytest.approx(stress.s * inverse[4 + place, 4 + place] ** 0.5, rel=1e-9)


def test_best_setting_against_a_fine_grid(uniformity, stress):
    axis = np.linspace(-1, 1, 801)
    grid = np.array(np.meshgrid(axis, axis)).reshape(2, -1).T
    grid = grid[np.linalg.norm(grid, axis=1) <= uniformity.region.radius]
    for found in (uniformity, stress):
        brute = found.surface.at(grid).min()
        own = found.surface.at(found.best[None])[0]
        assert own <= brute + 1e-9
        assert own == pytest.approx(brute, abs=5e-3)  # the grid stops short of the border
        assert found.region.contains(found.best)[0]


def test_region_is_box_and_ball_and_its_border_is_on_it():
    corners = central_composite(3, kind="faced", center=0).points
    region = Region.of(corners)
    assert region.radius == pytest.approx(3**0.5)
    assert region.contains(region.sample).all()
    assert all(region.on_border(point) for point in region.border)
    ball = Region(-np.ones(3), np.ones(3), 1.0)
    np.testing.assert_allclose(np.linalg.norm(ball.border, axis=1), 1)
    point = best_in(ball, lambda x: -x.sum(axis=1))
    np.testing.assert_allclose(point, 3**-0.5, atol=1e-5)


# --- doubt ---------------------------------------------------------------------------------------


def test_confidence_region_covers_the_true_stationary_point_as_often_as_it_says():
    """Box & Hunter (1954) is exact: 95 % of simulated experiments, ± 3 standard errors."""
    x = quadratic(central_composite(2, center=3).points)
    inverse = np.linalg.inv(x.T @ x)
    terms = ((0,), (1,), (0, 1), (0, 0), (1, 1))
    true = np.array([50, 2.4, -2.4, 0.5, -4.0, -6.0])
    peak = read_quadratic(true, terms, 2).stationary
    draws, hits, n = np.random.default_rng(11), 0, 1500
    from scipy.stats import f

    limit = f.ppf(0.95, 2, len(x) - 6)
    for _ in range(n):
        y = x @ true + draws.normal(size=len(x))
        beta = inverse @ x.T @ y
        mse = ((y - x @ beta) ** 2).sum() / (len(x) - 6)
        hits += slope_statistic(peak[None], beta, inverse * mse, terms)[0] <= limit
    assert hits / n == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / n) ** 0.5)


def test_confidence_region_by_the_slope_and_its_covariance_written_out(stress):
    """At (0.57, 0.83), inside what the table says, the slope is not significant; at 0 it is."""
    from scipy.stats import f

    b, v = stress.fit.beta, stress.fit.unscaled * stress.s**2
    for (p, q), inside in (((0.58, 0.82), True), ((0.0, 0.0), False)):
        rows = np.array([[0, 1, 0, q, 2 * p, 0], [0, 0, 1, p, 0, 2 * q]])
        slope = rows @ b
        statistic = slope @ np.linalg.solve(rows @ v @ rows.T, slope) / 2
        assert (statistic <= f.ppf(0.95, 2, 5)) == inside
    low, high = stress.trust.ends
    assert (low < [0.58, 0.82]).all()
    assert (high > [0.58, 0.82]).all()
    assert stress.trust.open


def test_settings_that_cannot_be_told_from_the_best(uniformity):
    """The middle of the table's extent by a t test of the difference, written out."""
    from scipy.stats import t

    x = quadratic(uniformity.points)
    inverse = np.linalg.inv(x.T @ x)

    def tied(point):
        away = (quadratic(np.array([point])) - quadratic(uniformity.best[None]))[0]
        se = uniformity.s * (away @ inverse @ away) ** 0.5
        return abs(away @ uniformity.fit.beta) <= t.ppf(0.975, 5) * se

    low, high = uniformity.tied.ends
    assert tied([0.6, -0.6])
    assert low[0] <= 0.6 <= high[0]
    assert not tied([-0.9, 0.0])
    assert low[0] > -0.9
    assert 0 < uniformity.tied.pct_region < 100


def test_a_small_region_is_measured_as_well_as_a_large_one():
    """Three factors and little noise: its volume by points thrown around the optimum."""
    df = experiment(lambda x: 50 - ((x - 0.2) ** 2).sum(axis=1), k=3, sd=0.2, center=6)
    coding = dict.fromkeys("甲乙丙", (0, 10))
    found = response_surface(df, factors=["甲", "乙", "丙"], response="强度", coding=coding)
    terms, p = found.terms, 10
    covariance = found.fit.unscaled[:p, :p] * found.s**2
    half = 0.5
    draws = np.random.default_rng(6).uniform(-half, half, size=(100_000, 3)) + found.best
    hit = slope_statistic(draws, found.fit.beta[:p], covariance, terms) <= found.trust.limit
    ball = np.random.default_rng(7).uniform(-1.75, 1.75, size=(200_000, 3))
    size = found.region.contains(ball).mean() * 3.5**3
    share = 100 * hit.mean() * (2 * half) ** 3 / size
    assert 0 < share < 1
    assert found.trust.pct_region == pytest.approx(share, rel=0.25)
    np.testing.assert_allclose(found.trust.ends[0], draws[hit].min(axis=0), atol=0.03)
    np.testing.assert_allclose(found.trust.ends[1], draws[hit].max(axis=0), atol=0.03)
    assert not found.trust.open


# --- verdicts ------------------------------------------------------------------------------------


def codes(found):
    return {check.code.removeprefix("doe-surface.") for check in found.checks}


def test_optimum_inside_and_located():
    found = response_surface(
        experiment(hill, sd=0.1, center=6), factors=["甲", "乙"], response="强度",
        coding={"甲": (0, 10), "乙": (0, 10)},
    )  # fmt: skip
    assert found.surface.kind == "最大"
    assert found.located
    assert found.verdict.level == "good"
    assert "定住了" in found.verdict.text
    assert found.best == pytest.approx([0.3, -0.2], abs=0.05)
    assert found.metrics()["best1"] == pytest.approx(6.5, abs=0.25)
    assert codes(found) <= {"few-df"}


def test_optimum_inside_but_not_located():
    found = response_surface(experiment(hill, sd=4, seed=4), factors=["甲", "乙"], response="强度")
    assert found.trust.open
    assert not found.located
    assert found.verdict.level in ("caution", "bad")


def test_optimum_on_the_border_and_the_path_beyond_it():
    df = experiment(lambda x: 20 + 5 * x[:, 0] + 2 * x[:, 1] - 0.5 * x[:, 0] ** 2, sd=0.2)
    found = response_surface(df, factors=["甲", "乙"], response="强度")
    assert found.on_border
    assert "边上" in found.verdict.text
    assert "outside" in codes(found) | {"outside"}
    path = found.path()
    assert set(path["在试验范围内"]) == {"是", "否：外推"}
    assert path["预测平均"].is_monotonic_increasing


def test_first_order_path_is_along_the_coefficients():
    """Steepest ascent: settings in the ratio of the coefficients in coded units."""
    df = experiment(lambda x: 20 + 3 * x[:, 0] + 4 * x[:, 1], sd=0.1)
    found = response_surface(df, factors=["甲", "乙"], response="强度", model="main")
    b = found.fit.beta[1:]
    step = found.path(step=0.5).iloc[2]
    coded = [found.factors[0].coded([step["甲"]])[0], found.factors[1].coded([step["乙"]])[0]]
    np.testing.assert_allclose(coded, b / np.linalg.norm(b), rtol=1e-9)
    assert found.surface.kind == "平面"
    assert found.trust is None
    assert "eigenvalue1" not in found.metrics()


def test_saddle_other_end_noise_and_lack_of_fit():
    saddle = experiment(lambda x: 9 + 3 * x[:, 0] ** 2 - 3 * x[:, 1] ** 2, sd=0.1)
    assert "saddle" in codes(response_surface(saddle, factors=["甲", "乙"], response="强度"))
    bowl = response_surface(
        experiment(hill, sd=0.1), factors=["甲", "乙"], response="强度", goal="min"
    )
    assert "other-end" in codes(bowl)
    noise = response_surface(
        experiment(lambda x: 0 * x[:, 0], sd=1), factors=["甲", "乙"], response="强度"
    )
    assert noise.verdict.level == "bad"
    assert "看不出" in noise.verdict.text
    wave = response_surface(
        experiment(lambda x: np.exp(2 * x[:, 0]), sd=0.01), factors=["甲", "乙"], response="强度"
    )
    assert "lack-of-fit" in codes(wave)
    assert wave.verdict.level == "caution"
    exact = response_surface(experiment(hill), factors=["甲", "乙"], response="强度")
    assert "exact" in codes(exact)


def test_target_is_reached_where_the_mean_is_known_best(cvd):
    found = response_surface(cvd, response="应力", factors=["压力", "气体比"], goal=7.5)
    assert found.reached
    assert found.verdict.level == "good"
    assert found.mean_at(found.best)[0].value == pytest.approx(7.5, abs=1e-4)
    x = quadratic(found.points)
    inverse = np.linalg.inv(x.T @ x)
    axis = np.linspace(-1, 1, 401)
    grid = np.array(np.meshgrid(axis, axis)).reshape(2, -1).T
    grid = grid[np.linalg.norm(grid, axis=1) <= 1]
    near = grid[np.abs(found.surface.at(grid) - 7.5) < 2e-3]
    rows = quadratic(near)
    brute = np.einsum("ij,jk,ik->i", rows, inverse, rows).min()
    assert found.leverage(found.best)[0] == pytest.approx(brute, abs=2e-3)
    far = response_surface(cvd, response="应力", factors=["压力", "气体比"], goal="20")
    assert not far.reached
    assert "达不到" in far.verdict.text


def test_blocks_shift_nothing_and_are_averaged():
    df = experiment(hill, sd=0.3, blocks=True)
    plain = response_surface(df, factors=["甲", "乙"], response="强度", block="区组")
    late = df["区组"] == "第 2 天"
    moved = df.assign(强度=df["强度"] + 6.0 * late)
    found = response_surface(moved, factors=["甲", "乙"], response="强度", block="区组")
    np.testing.assert_allclose(found.best, plain.best, atol=1e-6)
    assert found.fit.sse == pytest.approx(plain.fit.sse)
    middle = plain.mean_at(plain.best)[0].value
    assert found.mean_at(found.best)[0].value == pytest.approx(middle + 3.0)
    x = np.column_stack([quadratic(found.points), np.where(late, 0.5, -0.5)])
    beta, sse = np.linalg.lstsq(x, moved["强度"].to_numpy(), rcond=None)[:2]
    assert sse[0] == pytest.approx(found.fit.sse)
    np.testing.assert_allclose(found.fit.beta[:6], beta[:6], rtol=1e-8, atol=1e-8)
    assert "区组" in set(found.anova()["来源"])
    without = response_surface(moved, factors=["甲", "乙"], response="强度")
    assert without.s > 2 * found.s


def test_a_large_offset_changes_nothing_but_the_level(stress, cvd):
    far = response_surface(cvd.assign(应力=cvd["应力"] + 1e7), response="应力", **CVD)
    np.testing.assert_allclose(far.best, stress.best, atol=1e-4)
    assert far.s == pytest.approx(stress.s, rel=1e-6)
    np.testing.assert_allclose(far.surface.eigenvalues, stress.surface.eigenvalues, rtol=1e-6)


def test_coding_changes_the_axes_but_not_the_optimum(cvd, uniformity):
    other = response_surface(
        cvd, response="均匀性", coding={"压力": (15.13, 68.87), "气体比": (3.17, 8.83)}, **CVD
    )
    assert other.fit.pct_r2 == pytest.approx(uniformity.fit.pct_r2)
    mine, theirs = other.metrics(), uniformity.metrics()
    for key in ("best1", "best2", "stationary1", "stationary2", "best_mean"):
        assert mine[key] == pytest.approx(theirs[key], rel=2e-3), key


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_figures_of_one_to_four_factors_have_words(k):
    names = list("甲乙丙丁"[:k])
    if k == 1:
        x = np.repeat([-1.0, 0, 1], 3)
        y = 5 + x - 2 * x**2 + 0.1 * np.tile([-1, 0, 1], 3)
        df = pd.DataFrame({"甲": 5 + 5 * x, "强度": y})
    else:
        df = experiment(lambda x: 50 - ((x - 0.2) ** 2).sum(axis=1), k=k, sd=0.1)
    found = response_surface(df, factors=names, response="强度")
    for figure in (found.figure(), found.path_figure()):
        assert "强度" in figure.layout.meta["alt"]
    assert len(found.table()) == k + 3
    assert len(found.canonical()) == k
    assert "最好的设置" in found._repr_mimebundle_()["text/html"]


def test_the_line_of_the_path_is_where_extrapolation_begins():
    """A faced design: the path leaves the square well before the distance of its corners."""
    df = experiment(lambda x: 20 + 5 * x[:, 0] + 2 * x[:, 1], sd=0.01, kind="faced")
    found = response_surface(df, factors=["甲", "乙"], response="强度", model="main")
    assert found.region.radius == pytest.approx(2**0.5)
    lines = {shape.x0 for shape in found.path_figure().layout.shapes}
    assert len(lines) == 1
    b = found.fit.beta[1:3]
    leaves = float(np.linalg.norm(b) / b[0])  # the path is straight: it leaves at 甲 = 1
    step = 2**0.5 / 16
    assert leaves - step < lines.pop() <= leaves + 1e-4


def test_a_stationary_point_does_not_matter_to_a_target(cvd):
    found = response_surface(cvd, factors=["压力", "气体比"], response="应力", goal=7.5)
    assert found.surface.stationary is not None
    assert not codes(found) & {"saddle", "other-end", "outside", "ridge"}


def test_the_best_of_many_alike_is_too_good_and_the_caveat_says_so():
    """No factor does anything, the true mean is 50 everywhere: what is picked is above it."""
    best, told = [], []
    for seed in range(40):
        df = experiment(lambda x: np.full(len(x), 50.0), sd=1.0, seed=seed)
        found = response_surface(df, factors=["甲", "乙"], response="强度")
        best.append(found.metrics()["best_mean"])
        told.append("tied" in codes(found))
    assert np.mean(best) > 50.5
    assert np.mean(told) > 0.9
    sharp = experiment(hill, sd=0.05, center=6)
    assert "tied" not in codes(response_surface(sharp, factors=["甲", "乙"], response="强度"))


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda d: d.assign(应力=7.0), {}, ["应力", "全都相同"]),
        (lambda d: d.drop(columns="应力"), {}, ["应力", "找不到"]),
        (lambda d: d, {"goal": "好"}, ["goal", "max"]),
        (lambda d: d, {"goal": float("nan")}, ["goal"]),
        (lambda d: d, {"confidence": 95}, ["置信水平"]),
        (lambda d: d.assign(压力=["高", "低"] * 5 + ["高"]), {}, ["压力", "文字"]),
        (lambda d: d.assign(压力=42.0), {}, ["压力", "只有一个水平"]),
        (lambda d: d[d["压力"].isin([15.13, 68.87])], {}, ["估计不了", "压力²"]),
        (lambda d: d.iloc[[0, 1, 2, 4, 7, 9]], {}, ["没有剩下的自由度"]),
        (lambda d: d.head(4), {}, ["估计不了", "4 次试验"]),
        (lambda d: d, {"factors": ["压力", "压力"]}, ["压力", "两次"]),
        (lambda d: d, {"model": ["压力", "温度"]}, ["温度", "不是因子"]),
        (lambda d: d, {"coding": {"压力": (80, 4)}}, ["压力"]),
        (lambda d: d, {"model": ["压力", "压力²"]}, ["气体比", "不在模型", "factors"]),
    ],
)
def test_refused(cvd, change, options, words):
    with pytest.raises(QualityDataError) as caught:
        response_surface(change(cvd), **({"response": "应力"} | CVD | options))
    assert [word for word in words if word not in str(caught.value)] == []


def test_third_order_is_refused():
    df = experiment(lambda x: x.sum(axis=1), k=3, sd=0.1)
    names = ["甲", "乙", "丙"]
    with pytest.raises(QualityDataError, match="高于二次"):
        response_surface(df, factors=names, response="强度", model=[*names, "甲×乙×丙"])


def test_missing_run_is_a_caveat(cvd):
    blank = cvd.assign(应力=cvd["应力"].where(cvd.index != 1))
    found = response_surface(blank, response="应力", **CVD)
    assert "doe.missing-run" in {check.code for check in found.checks}
    assert found.fit.n == 10
