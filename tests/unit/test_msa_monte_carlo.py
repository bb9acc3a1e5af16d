"""monte_carlo_uncertainty: closed forms, JCGM 101, validation of the law of propagation, errors."""

import math

import numpy as np
import pytest
from scipy import stats

from qtools.errors import QualityDataError
from qtools.msa import Input, monte_carlo_uncertainty, uncertainty_budget

N = 200_000


def near(found, wanted, end):
    """Within four standard errors of an end point (0 low, 1 high)."""
    value = (found.interval.low, found.interval.high)[end]
    return abs(value - wanted) < 4 * found.standard_errors[end]


def total(**x):
    return sum(x.values())


def codes_of(result):
    return {check.code for check in result.checks}


# ── closed forms ─────────────────────────────────────────────────────────────────────────────


def test_normal_inputs_are_exact():
    inputs = {"a": Input.normal(3, 0.3), "b": Input.normal(5, 0.4)}
    found = monte_carlo_uncertainty(lambda a, b: a - 2 * b, inputs, n=N)
    u = math.hypot(0.3, 0.8)
    assert found.u == pytest.approx(u, rel=4 / math.sqrt(2 * N))
    assert found.estimate == pytest.approx(-7, abs=4 * u / math.sqrt(N))
    assert near(found, -7 - 1.959964 * u, 0)
    assert near(found, -7 + 1.959964 * u, 1)


def test_two_rectangular_inputs_are_a_triangle():
    found = monte_carlo_uncertainty(
        total, {"a": Input.bounded(1, 0.5), "b": Input.bounded(2, 0.5)}, n=N
    )
    assert near(found, stats.triang(0.5, 2, 2).ppf(0.025), 0)
    assert near(found, stats.triang(0.5, 2, 2).ppf(0.975), 1)


def test_four_rectangular_inputs():
    """JCGM 101:2008, 9.2.3; Irwin–Hall: P(S < s) = s⁴/24 below 1, so s = 0.6^¼ at 0.025."""
    inputs = {name: Input.bounded(0, 3**0.5) for name in "abcd"}
    found = monte_carlo_uncertainty(total, inputs, n=N)
    wanted = 2 * 3**0.5 * (2 - 0.6**0.25)
    assert f"{wanted:.2f}" == "3.88"
    assert near(found, wanted, 1)
    assert near(found, -wanted, 0)
    budget = uncertainty_budget(total, inputs)
    assert f"{budget.expanded:.2f}" == "3.92"
    compared = monte_carlo_uncertainty(total, inputs).compare(budget)
    assert compared.delta == pytest.approx(0.05)
    assert compared.d_high == pytest.approx(3.92 - 3.88, abs=0.02)
    assert compared.validated


def test_square_of_normals_is_chi_squared():
    """JCGM 101:2008, 9.4 (comparison loss): at 0 the law of propagation gives nothing at all."""
    inputs = {"x": Input.normal(0.010, 0.005), "y": Input.normal(0, 0.005)}
    found = monte_carlo_uncertainty(lambda x, y: x**2 + y**2, inputs, n=N)
    exact = stats.ncx2(2, (0.010 / 0.005) ** 2, scale=0.005**2)
    assert found.estimate == pytest.approx(exact.mean(), rel=0.01)
    assert found.u == pytest.approx(exact.std(), rel=0.01)
    assert near(found, exact.ppf(0.025), 0)
    assert near(found, exact.ppf(0.975), 1)
    assert "monte-carlo.skewed" in codes_of(found)
    assert found.shortest.high < found.interval.high
    budget = uncertainty_budget(lambda x, y: x**2 + y**2, inputs)
    assert budget.u == pytest.approx(2 * 0.010 * 0.005)  # 100e-6
    compared = found.compare(budget)
    assert not compared.validated
    assert compared.verdict.text.startswith("GUM 法没有通过验证")
    at_zero = {"x": Input.normal(0, 0.005), "y": Input.normal(0, 0.005)}
    with pytest.raises(QualityDataError, match="蒙特卡洛法"):
        uncertainty_budget(lambda x, y: x**2 + y**2, at_zero)


def test_cosine_error():
    """Mean of cos θ for a uniform θ is sin a / a."""
    a = math.radians(2)
    found = monte_carlo_uncertainty(lambda t: 100 * np.cos(t), {"t": Input.bounded(0, a)}, n=N)
    assert found.estimate == pytest.approx(100 * math.sin(a) / a, abs=4 * found.u / math.sqrt(N))
    assert near(found, 100 * math.cos(0.975 * a), 0)
    assert found.shortest.high <= 100


def test_tilt_that_the_slopes_do_not_see():
    inputs = {"M": Input.normal(100, 0.005), "t": Input.bounded(0, math.radians(2))}
    budget = uncertainty_budget(lambda M, t: M * np.cos(t), inputs)
    assert budget.sensitivities[1] == 0
    assert "uncertainty.nonlinear" in codes_of(budget)
    compared = monte_carlo_uncertainty(lambda M, t: M * np.cos(t), inputs, n=N).compare(budget)
    assert not compared.validated
    assert compared.checks == ()  # far beyond δ, whatever the draws


def test_type_a_is_a_scaled_t():
    readings = [10.1, 10.3, 9.9, 10.2, 10.0]
    found = monte_carlo_uncertainty(lambda x: x, {"x": Input.from_readings(readings)}, n=N)
    exact = stats.t(4, np.mean(readings), stats.sem(readings))
    assert near(found, exact.ppf(0.025), 0)
    assert near(found, exact.ppf(0.975), 1)
    assert found.u == pytest.approx(exact.std(), rel=0.03)


def test_no_variance_no_standard_uncertainty():
    found = monte_carlo_uncertainty(lambda x: x, {"x": Input.from_readings([1.0, 1.2, 1.1])}, n=N)
    assert found.u is None
    assert "u" not in found.metrics()
    assert "monte-carlo.no-variance" in codes_of(found)


def test_log_of_a_rectangular_input():
    """NPL DEM-ES-011, 9.2: the density of ln x rises, so the shortest interval ends at ln b."""
    found = monte_carlo_uncertainty(lambda x: np.log(x), {"x": Input.bounded(0.6, 0.5)}, n=N)
    assert near(found, math.log(0.1 + 0.025), 0)
    assert near(found, math.log(1.1 - 0.025), 1)
    assert found.shortest.low == pytest.approx(math.log(0.15), abs=0.02)
    assert found.shortest.high == pytest.approx(math.log(1.1), abs=0.001)
    assert found.skewness < 0


# ── correlation ──────────────────────────────────────────────────────────────────────────────


def test_correlated_normals():
    inputs = {"a": Input.normal(0, 3), "b": Input.normal(0, 4), "c": Input.normal(0, 1)}
    found = monte_carlo_uncertainty(total, inputs, n=N, correlations={("a", "b"): -0.5})
    assert found.u == pytest.approx((9 + 16 - 12 + 1) ** 0.5, rel=4 / math.sqrt(2 * N))
    assert "monte-carlo.copula" not in codes_of(found)


def test_one_instrument_read_twice_cancels():
    """A common rectangular error, r = 1: the difference keeps only the other input."""
    inputs = {name: Input.bounded(0, 1) for name in "ab"} | {"c": Input.normal(0, 0.1)}
    found = monte_carlo_uncertainty(
        lambda a, b, c: a - b + c, inputs, n=N, correlations={("a", "b"): 1.0}
    )
    assert found.u == pytest.approx(0.1, rel=4 / math.sqrt(2 * N))
    assert "monte-carlo.copula" in codes_of(found)


# ── the draws ────────────────────────────────────────────────────────────────────────────────


def test_same_seed_same_numbers():
    inputs = {"a": Input.normal(0, 1), "b": Input.bounded(0, 1)}
    one, same, other = (
        monte_carlo_uncertainty(total, inputs, n=1500, seed=seed) for seed in (5, 5, 6)
    )
    assert np.array_equal(one.draws, same.draws)
    assert not np.array_equal(one.draws, other.draws)
    assert "monte-carlo.few-draws" in codes_of(one)


def test_draws_beyond_one_portion():
    found = monte_carlo_uncertainty(lambda a: a, {"a": Input.normal(0, 1)}, n=250_001)
    assert found.n == 250_001
    assert np.unique(found.draws).size == found.n


def test_standard_errors_cover_what_other_seeds_give():
    inputs = {"a": Input.normal(0, 1), "b": Input.bounded(0, 2)}
    runs = [monte_carlo_uncertainty(total, inputs, n=5000, seed=seed) for seed in range(60)]
    spread = np.std([run.interval.high for run in runs], ddof=1)
    assert np.mean([run.standard_errors[1] for run in runs]) == pytest.approx(spread, rel=0.35)


def test_large_offset():
    inputs = {"a": Input.normal(1e8, 1e-3)}
    found = monte_carlo_uncertainty(lambda a: a, inputs, n=N)
    assert found.u == pytest.approx(1e-3, rel=0.01)


# ── validation and views ─────────────────────────────────────────────────────────────────────


def test_linear_normal_is_validated_and_shown():
    inputs = {"a": Input.normal(3, 0.3), "b": Input.normal(5, 0.4)}
    budget = uncertainty_budget(total, inputs)
    compared = monte_carlo_uncertainty(total, inputs).compare(budget)
    assert compared.validated
    assert compared.verdict.level == "good"
    assert compared.metrics()["validated"] is True
    assert compared.table()["方法"].tolist() == ["GUM 法", "蒙特卡洛法", "端点之差"]
    assert "抽样" in compared.figure().layout.meta["alt"]
    rough = monte_carlo_uncertainty(total, inputs, n=2000).compare(budget)
    assert codes_of(rough) == {"validation.few-draws"}
    assert compared.simulation.compare(budget, digits=1).delta == pytest.approx(0.05)
    assert compared.delta == pytest.approx(0.005)  # u = 0.50


def test_views_of_a_simulation():
    found = monte_carlo_uncertainty(lambda a: a, {"a": Input.normal(3, 0.3)}, n=N)
    table = found.table()
    assert table["下限"].iloc[0] == found.interval.low
    assert "到 3.58" in found.figure().layout.meta["alt"]
    assert len(found.figure().data[0].x) <= 100  # bins, not draws
    assert "种子 1" in found.verdict.text
    metrics = found.metrics()
    assert metrics["y_low"] < metrics["y"] < metrics["y_high"]


# ── refusals ─────────────────────────────────────────────────────────────────────────────────

ONE = {"a": Input.normal(0, 1)}


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (lambda a: a, {"n": 10}, ["抽样次数 10 不对", "1000"]),
        (lambda a: a, {"n": 1e6}, ["整数"]),
        (lambda a: a, {"seed": -1}, ["seed=-1"]),
        (lambda a: a, {"coverage": 0.05}, ["0.95"]),
        (lambda a: np.sqrt(a), {"n": 2000}, ["定义域之外", "2000 次抽样里有"]),
        (lambda a: 3.0 + 0 * a, {"n": 2000}, ["常数"]),
        (lambda a: math.sin(a), {"n": 2000}, ["逐元素"]),
    ],
)
def test_refusals(model, options, words):
    with pytest.raises(QualityDataError) as error:
        monte_carlo_uncertainty(model, ONE, **options)
    for word in words:
        assert word in str(error.value)


def test_only_like_is_compared_with_like():
    found = monte_carlo_uncertainty(lambda a: a, ONE, n=2000)
    with pytest.raises(QualityDataError, match="不能比较"):
        found.compare(uncertainty_budget(lambda a: a, {"a": Input.normal(0, 2)}))
    with pytest.raises(QualityDataError, match="1 位或 2 位"):
        found.compare(uncertainty_budget(lambda a: a, ONE), digits=3)
