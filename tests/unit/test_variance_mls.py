"""Intervals of combinations of mean squares: published limits, limits of theory, coverage."""

import numpy as np
import pytest
from scipy.stats import chi2, f

import qtools as qt
from qtools.variance.crossed import crossed_anova
from qtools.variance.mls import DRAWS, gci_limits, mls_limits, pivotal_components

# Gauge study of AIAG MSA 4th ed., pooled: MS and df of part, operator, repeatability
MS = (9.81799, 1.58363, 0.0399729)
DF = (9, 2, 78)


def ting(weights, ms, df, confidence):
    """Ting et al. (1990) for exactly one positive and one negative weight, written out."""
    (c1, c2), (s1, s2), (n1, n2) = weights, ms, df
    a = (1 - confidence) / 2
    k1, k2 = c1 * s1, -c2 * s2

    def upper(p, n):  # F with n and infinite degrees of freedom, as χ²/n
        return chi2.isf(p, n) / n

    g1, h2 = 1 - 1 / upper(a, n1), 1 / upper(1 - a, n2) - 1
    fu = f.isf(a, n1, n2)
    g12 = ((fu - 1) ** 2 - g1**2 * fu**2 - h2**2) / fu
    h1, g2 = 1 / upper(1 - a, n1) - 1, 1 - 1 / upper(a, n2)
    fl = f.isf(1 - a, n1, n2)
    h12 = ((1 - fl) ** 2 - h1**2 * fl**2 - g2**2) / fl
    low = (g1 * k1) ** 2 + (h2 * k2) ** 2 + g12 * k1 * k2
    high = (h1 * k1) ** 2 + (g2 * k2) ** 2 + h12 * k1 * k2
    return k1 - k2 - low**0.5, k1 - k2 + high**0.5


@pytest.mark.parametrize(
    ("name", "weights", "limits"),
    [
        ("EV", (0, 0, 1), (0.1769, 0.2306)),
        ("AV", (0, 1 / 30, -1 / 30), (0.1275, 1.0138)),
        ("GRR", (0, 1 / 30, 29 / 30), (0.2351, 1.0334)),
    ],
)
def test_classic_study(name, weights, limits):
    # standard MLS at 90 % on the mean squares of AIAG MSA 4th ed. (references/README.md)
    found = np.sqrt(mls_limits(weights, MS, DF, 0.90))
    assert found == pytest.approx(limits, abs=0.00005), name


@pytest.mark.parametrize("df", [(9, 18), (2, 60), (4, 4), (20, 3)])
@pytest.mark.parametrize("ratio", [1.5, 10.0, 1000.0])
def test_difference_against_ting(df, ratio):
    low, high = mls_limits((0.25, -0.25), (ratio, 1.0), df, 0.95)
    expected = ting((0.25, -0.25), (ratio, 1.0), df, 0.95)
    assert (low, high) == pytest.approx((max(expected[0], 0.0), expected[1]), rel=1e-9, abs=1e-12)


def test_one_mean_square_is_exact():
    low, high = mls_limits([0, 2.0], [5.0, 3.0], [4, 7], 0.95)
    assert low == pytest.approx(2 * 7 * 3 / chi2.isf(0.025, 7), rel=1e-12)
    assert high == pytest.approx(2 * 7 * 3 / chi2.isf(0.975, 7), rel=1e-12)


def test_exact_where_the_difference_is_only_just_positive():
    # Ting's terms are chosen so that the limit is 0 exactly where F reaches its quantile
    n1, n2 = 6, 20
    ratio = f.isf(0.025, n1, n2)
    low, _ = mls_limits((1, -1), (ratio, 1.0), (n1, n2), 0.95)
    assert low == pytest.approx(0.0, abs=1e-6)


def test_negative_difference_is_cut_off():
    assert mls_limits((1, -1), (0.001, 5.0), (10, 50), 0.90) == (0.0, 0.0)


def test_two_positive_and_negative_weights():
    # with a second weight that vanishes, the general formula tends to the simple one
    whole = mls_limits((1.0, 1e-12, -1.0), (9.0, 1.0, 2.0), (9, 5, 30), 0.95)
    simple = mls_limits((1.0, -1.0), (9.0, 2.0), (9, 30), 0.95)
    assert whole == pytest.approx(simple, rel=1e-6)


def simulate(seed, runs, shape, variances):
    """Mean squares of a balanced two-way random model with the interaction."""
    p, o, r = shape
    vp, vo, vi, ve = variances
    expected = (ve + r * vi + r * o * vp, ve + r * vi + r * p * vo, ve + r * vi, ve)
    df = (p - 1, o - 1, (p - 1) * (o - 1), p * o * (r - 1))
    draws = np.random.default_rng(seed).chisquare(df, size=(runs, 4))
    return draws * np.array(expected) / np.array(df), df


def test_coverage_of_components():
    # nominal 90 %; 1500 runs give a standard error of 0.8 %: MLS is known to hold its level, or
    # to err a little on the safe side (Burdick & Graybill 1992), so the band is -3 SE, +5 SE
    p, o, r = 10, 3, 3
    variances = (1.0, 0.15, 0.05, 0.2)
    draws, df = simulate(7, 1500, (p, o, r), variances)
    weights = {
        "operator": ((0, 1 / (p * r), -1 / (p * r), 0), 0.15),
        "interaction": ((0, 0, 1 / r, -1 / r), 0.05),
        "part": ((1 / (o * r), 0, -1 / (o * r), 0), 1.0),
        "grr": ((0, 1 / (p * r), (p - 1) / (p * r), (r - 1) / r), 0.40),
    }
    for name, (row, truth) in weights.items():
        limits = np.array([mls_limits(row, ms, df, 0.90) for ms in draws])
        hits = np.mean((limits[:, 0] <= truth) & (truth <= limits[:, 1]))
        se = (0.9 * 0.1 / 1500) ** 0.5
        assert 0.9 - 3 * se < hits < 0.9 + 5 * se, (name, hits)


def test_coverage_of_a_ratio():
    # generalized interval of %GRR; 400 runs, standard error 1.5 %, conservative by nature
    draws, df = simulate(11, 400, (10, 3, 3), (1.0, 0.15, 0.05, 0.2))
    truth = 0.4 / 1.4
    template = crossed_anova(np.random.default_rng(0).normal(size=(10, 3, 3)))
    hits = 0
    for ms in draws:
        anova = type(template)(
            ss=tuple(ms * np.array(df)),
            df=df,
            ems=template.ems,
            n=90,
            mean=0.0,
            mean_weights=template.mean_weights,
            balanced=True,
        )
        parts = pivotal_components(anova)
        grr = parts[:, 1:].sum(axis=1)
        low, high = gci_limits(grr / (grr + parts[:, 0]), 0.90)
        hits += low <= truth <= high
    se = (0.9 * 0.1 / 400) ** 0.5
    assert 0.9 - 3 * se < hits / 400 < 0.9 + 5 * se


def test_limits_of_the_classic_study_are_right_as_printed():
    # %GRR of AIAG's study with the interaction pooled: two runs of 5·10⁶ independent draws each
    # gave 17.121–70.500 and 17.122–70.468
    df = qt.load("gage-classic")
    result = qt.msa.gage_rr(df, part="零件", operator="检验员", value="读数")
    limits = result.intervals["pct_study_var"]
    assert limits.low == pytest.approx(17.1215, abs=0.01)
    assert limits.high == pytest.approx(70.484, abs=0.03)


def test_pivotal_quantiles_of_the_residual_are_chi_square():
    anova = crossed_anova(np.random.default_rng(2).normal(size=(8, 3, 4)))
    low, high = gci_limits(pivotal_components(anova)[:, -1], 0.90)
    df, ms = anova.df[-1], anova.ms[-1]
    exact = (df * ms / chi2.isf(0.05, df), df * ms / chi2.isf(0.95, df))
    assert (low, high) == pytest.approx(exact, rel=2e-4)
    assert len(pivotal_components(anova)) == DRAWS
