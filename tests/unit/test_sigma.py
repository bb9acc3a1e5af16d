"""σ: constants against integrals, estimators against published values and a second derivation."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qtools import sigma
from qtools.errors import QualityDataError

REFERENCE = Path(__file__).parents[1] / "reference"

# d2, d3, c4 by an independent quadrature of order statistics; the printed tables round these
EXACT = {
    2: (1.1283791670955126, 0.8525024664274881, 0.7978845608028655),
    3: (1.6925687506432687, 0.8883680040453148, 0.8862269254527579),
    4: (2.0587507460079277, 0.8798082028251306, 0.9213177319235613),
    5: (2.3259289472810396, 0.8640819410996778, 0.9399856029866253),
    8: (2.847200612090555, 0.8198314897921641, 0.9650304561473718),
    10: (3.077505461670345, 0.7970506735196481, 0.9726592741215883),
    15: (3.471826889882074, 0.7562114297282001, 0.9823161771626508),
    20: (3.7349501195966393, 0.7286863457075751, 0.9869342675246547),
    25: (3.9306292195071117, 0.7084407658888845, 0.9896403755857051),
}


@pytest.mark.parametrize("n", EXACT)
def test_constants_agree_with_an_independent_quadrature(n):
    computed = sigma.d2(n), sigma.d3(n), sigma.c4(n)
    assert computed == pytest.approx(EXACT[n], abs=1e-11)


def test_constants_have_their_closed_forms():
    assert sigma.d2(2) == pytest.approx(2 / math.sqrt(math.pi), abs=1e-11)
    assert sigma.d2(3) == pytest.approx(3 / math.sqrt(math.pi), abs=1e-11)
    assert sigma.d3(2) == pytest.approx(math.sqrt(2 - 4 / math.pi), abs=1e-11)
    assert sigma.c4(2) == pytest.approx(math.sqrt(2 / math.pi), abs=1e-15)
    assert sigma.c4(3) == pytest.approx(math.sqrt(math.pi) / 2, abs=1e-15)


@pytest.mark.parametrize("n", [2, 7, 60, 500])
def test_d2_is_tippetts_integral(n):
    from scipy.integrate import quad
    from scipy.special import log_ndtr

    def integrand(x):
        return -np.expm1(n * log_ndtr(x)) - np.exp(n * log_ndtr(-x))

    halves = [quad(integrand, *ends, epsabs=1e-13, limit=300)[0] for ends in ((-12, 0), (0, 12))]
    assert sigma.d2(n) == pytest.approx(sum(halves), abs=1e-11)


@pytest.mark.parametrize("n", [3, 6])
def test_d3_is_a_double_integral_over_the_extremes(n):
    """E(W²) from the joint density of the extremes, on another grid than the module's."""
    from scipy.special import ndtr

    x = np.linspace(-8.5, 8.5, 1701)
    low, high = np.meshgrid(x, x, indexing="ij")
    phi = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    gap = np.clip(ndtr(high) - ndtr(low), 0, None)
    density = n * (n - 1) * np.outer(phi, phi) * gap ** (n - 2) * (high > low)
    moments = [float((density * (high - low) ** k).sum()) * 0.01**2 for k in (1, 2)]
    assert sigma.d3(n) == pytest.approx(math.sqrt(moments[1] - moments[0] ** 2), abs=2e-5)


def test_c4_joins_its_asymptotic_series_smoothly():
    # c4(n)·c4(n+1) = √((n−1)/n): exact for the gamma function, and it links neighbours
    for n in (250, 299, 300, 301, 302, 5000, 10**6):
        assert sigma.c4(n) * sigma.c4(n + 1) == pytest.approx(math.sqrt((n - 1) / n), abs=3e-15)


@pytest.mark.parametrize("constant", [sigma.c4, sigma.d2, sigma.d3])
def test_constants_refuse_a_sample_of_one(constant):
    with pytest.raises(ValueError, match="at least 2"):
        constant(1)


def test_by_size_keeps_the_order_of_subgroups():
    sizes = np.array([5, 2, 5, 3])
    assert sigma.by_size(sigma.d2, sizes).tolist() == [sigma.d2(n) for n in (5, 2, 5, 3)]


# ── degrees of freedom ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [2, 3, 8, 50, 2000])
def test_one_standard_deviation_has_its_own_degrees_of_freedom(n):
    values = np.random.default_rng(1).normal(size=n)
    one = np.zeros(n, dtype=np.intp)
    assert sigma.from_standard_deviations(values, one).df == pytest.approx(n - 1, rel=1e-9)


@pytest.mark.parametrize(("n", "k", "printed"), [(2, 1, 1.00), (5, 1, 3.83), (5, 10, 36.5)])
def test_degrees_of_freedom_of_the_mean_range(n, k, printed):
    """Duncan's table D3 (also AIAG MSA, appendix C): ν of R̄/d₂* for g subgroups of m."""
    values = np.random.default_rng(2).normal(size=n * k)
    df = sigma.from_ranges(values, np.repeat(np.arange(k), n)).df
    assert df == pytest.approx(printed, abs=0.06 if k > 1 else 0.006)


def test_mean_moving_range_has_its_known_efficiency():
    """Cryer & Ryan (1990), JQT 22, 187-192: relative to s, 0.605 for long series."""
    df = sigma.from_moving_range(np.random.default_rng(3).normal(size=200_001)).df
    assert df / 200_000 == pytest.approx(0.605, abs=5e-4)


def test_variance_of_the_mean_moving_range_agrees_with_simulation():
    rng = np.random.default_rng(4)
    n, runs = 10, 100_000
    means = np.abs(np.diff(rng.normal(size=(runs, n)))).mean(axis=1)
    observed = means.var() / means.mean() ** 2
    df = sigma.from_moving_range(rng.normal(size=n)).df
    c = sigma.c4  # squared CV of s at the two neighbouring whole numbers encloses it
    around = [(1 - c(k) ** 2) / c(k) ** 2 for k in (math.floor(df) + 1, math.ceil(df) + 1)]
    assert around[1] < observed < around[0]
    # the closed form itself, within four standard errors of a simulated variance
    half = math.sqrt(2) * math.gamma((df + 1) / 2) / math.gamma(df / 2) / math.sqrt(df)
    assert observed == pytest.approx((1 - half**2) / half**2, rel=4 * math.sqrt(2.5 / runs))


def test_effective_df_of_tiny_variation_follows_its_expansion():
    for squared_cv in (2e-7, 0.5e-7):
        assert sigma.effective_df(squared_cv) == pytest.approx(0.5 / squared_cv + 0.25, rel=1e-7)


# ── estimators ───────────────────────────────────────────────────────────────────────────────


def _column(name):
    with (REFERENCE / name).open(encoding="utf-8") as file:
        return np.array([float(row[-1]) for row in list(csv.reader(file))[1:]])


def test_flow_width_r_bar():
    values = _column("spc-flow-width.csv")
    found = sigma.from_ranges(values, np.repeat(np.arange(25), 5))
    assert found.statistic == pytest.approx(0.32521, abs=5e-6)  # Montgomery, example 6.1
    assert found.value == pytest.approx(0.1398, abs=5e-5)
    assert (found.key, found.name, found.n) == ("r", "R̄/d₂", 125)


def test_michelso_standard_deviation_is_certified():
    """NIST StRD Michelso: sd 0.0790105478190518."""
    found = sigma.overall(_column("spc-michelso.csv"))
    assert found.value == pytest.approx(0.0790105478190518, rel=1e-13)
    assert found.df == 99


def test_numacc4_keeps_its_digits_under_a_large_offset():
    """NIST StRD NumAcc4: 1001 values around 10⁷ with sd 0.1; 8.3 digits is what doubles allow."""
    values = np.array([1e7 + 0.2] + [1e7 + 0.1, 1e7 + 0.3] * 500)
    one = np.zeros(1001, dtype=np.intp)
    for found in (sigma.overall(values), sigma.pooled(values, one)):
        assert -math.log10(abs(found.value - 0.1) / 0.1) > 8


def test_pooled_is_the_root_of_the_residual_mean_square():
    values = np.array([546, 540, 566, 564, 577, 546, 543.0])
    codes = np.array([0, 0, 0, 1, 1, 2, 2])
    by_hand = sum(np.var(values[codes == k]) * (codes == k).sum() for k in range(3)) / 4
    found = sigma.pooled(values, codes)
    assert found.value == pytest.approx(math.sqrt(by_hand))
    assert found.df == 4


def test_unequal_sizes_are_weighted_by_precision():
    """Burr (1969): the weights are the inverse squared coefficients of variation."""
    values = np.array([1, 4, 2, 2.5, 9, 3.0])
    codes = np.array([0, 0, 1, 1, 1, 1])
    d2, d3 = sigma.d2, sigma.d3
    w = [(d2(n) / d3(n)) ** 2 for n in (2, 4)]
    expected = (w[0] * 3 / d2(2) + w[1] * 7 / d2(4)) / sum(w)
    assert sigma.from_ranges(values, codes).value == pytest.approx(expected)
    c = [sigma.c4(n) for n in (2, 4)]
    h = [x * x / (1 - x * x) for x in c]
    s = [np.std(values[codes == k], ddof=1) for k in (0, 1)]
    expected = (h[0] * s[0] / c[0] + h[1] * s[1] / c[1]) / sum(h)
    assert sigma.from_standard_deviations(values, codes).value == pytest.approx(expected)


def test_statistics_do_not_mind_interleaved_subgroups():
    rng = np.random.default_rng(5)
    values, codes = rng.normal(size=60), np.tile(np.arange(12), 5)
    stats = sigma.subgroup_statistics(values, codes)
    for k in range(12):
        mine = values[codes == k]
        assert stats.mean[k] == pytest.approx(mine.mean())
        assert stats.sd[k] == pytest.approx(mine.std(ddof=1))
        assert stats.range[k] == np.ptp(mine)


@pytest.mark.parametrize(
    "estimator", [sigma.from_ranges, sigma.from_standard_deviations, sigma.pooled]
)
def test_a_subgroup_of_one_is_refused_by_name(estimator):
    values, codes = np.array([1.0, 2, 3]), np.array([0, 0, 1])
    with pytest.raises(QualityDataError, match="早班"):
        estimator(values, codes, names=["晚班", "早班"])
    with pytest.raises(QualityDataError, match="只有 1 个值：2；"):
        estimator(values, codes)


@pytest.mark.parametrize("estimator", [sigma.overall, sigma.from_moving_range])
def test_one_value_is_refused(estimator):
    with pytest.raises(QualityDataError, match="至少要 2 个值"):
        estimator(np.array([1.0]))


def test_equal_values_give_exactly_zero():
    values, codes = np.full(9, 0.1), np.repeat(np.arange(3), 3)
    for found in (
        sigma.overall(values),
        sigma.from_moving_range(values),
        sigma.from_ranges(values, codes),
        sigma.from_standard_deviations(values, codes),
        sigma.pooled(values, codes),
    ):
        assert found.value == 0


@settings(deadline=None)
@given(
    arrays(np.float64, 12, elements=st.integers(-500, 500).map(lambda i: i / 8)),
    st.integers(-(2**20), 2**20),
    st.sampled_from([0.25, -1.0, 8.0]),
)
def test_shift_leaves_and_scale_scales_every_estimator(values, shift, scale):
    codes = np.repeat(np.arange(3), [3, 4, 5])
    for estimate in (
        lambda x: sigma.overall(x).value,
        lambda x: sigma.from_moving_range(x).value,
        lambda x: sigma.from_ranges(x, codes).value,
        lambda x: sigma.from_standard_deviations(x, codes).value,
        lambda x: sigma.pooled(x, codes).value,
    ):
        expected = abs(scale) * estimate(values)
        assert estimate(scale * values + shift) == pytest.approx(expected, rel=1e-9, abs=1e-9)
