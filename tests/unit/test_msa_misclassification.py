"""Wrong decisions by a gauge, against scipy's bivariate normal, quadrature, and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

import qtools as qt
from qtools.msa.misclassification_risks import risks


@pytest.fixture(scope="module")
def gage():
    df = qt.load("gage-classic")
    return qt.msa.gage_rr(df, part="零件", operator="检验员", value="读数")


def by_quadrature(part_var, grr_var, low, high):
    """False accept and false reject of all parts: an integral over the true value."""
    sd, error = part_var**0.5, grr_var**0.5

    def inside(x):
        return norm.cdf((high - x) / error) - norm.cdf((low - x) / error)

    def accepted(x):
        return norm.pdf(x, scale=sd) * inside(x)

    def rejected(x):
        return norm.pdf(x, scale=sd) * (1 - inside(x))

    far = 12 * (sd + error)
    ends = max(low, -far), min(high, far)
    options = {"epsabs": 1e-13, "limit": 400}
    near = [ends[0] + 6 * error, ends[1] - 6 * error]
    bad = quad(accepted, -far, ends[0], points=[ends[0] - 6 * error], **options)[0]
    bad += quad(accepted, ends[1], far, points=[ends[1] + 6 * error], **options)[0]
    return bad, quad(rejected, *ends, points=near, **options)[0]


@settings(max_examples=25)
@given(
    ratio=st.floats(0.02, 2),
    low=st.floats(-4, -0.05),
    high=st.floats(0.05, 4),
    shift=st.floats(-1, 1),
)
def test_agrees_with_quadrature_over_the_true_value(ratio, low, high, shift):
    found = risks(1.0, ratio**2, low + shift, high + shift)
    accept, reject = by_quadrature(1.0, ratio**2, low + shift, high + shift)
    assert found["pct_false_accept"] == pytest.approx(100 * accept, abs=1e-8)
    assert found["pct_false_reject"] == pytest.approx(100 * reject, abs=1e-8)
    bad = norm.cdf(low + shift) + norm.sf(high + shift)
    assert found["pct_nonconforming"] == pytest.approx(100 * bad, rel=1e-12)
    assert found["pct_bad_accepted"] == pytest.approx(100 * accept / bad, abs=1e-7)
    assert found["pct_good_rejected"] == pytest.approx(100 * reject / (1 - bad), abs=1e-7)


@pytest.mark.parametrize("side", [(-np.inf, 0.0), (0.0, np.inf)])
@pytest.mark.parametrize("ratio", [0.1, 1.0, 3.0])
def test_limit_at_the_mean_has_a_closed_form(side, ratio):
    """P(X > 0, Y < 0) = arccos(ρ)/2π (Sheppard 1899)."""
    found = risks(1.0, ratio**2, *side)
    expected = 100 * math.acos((1 + ratio**2) ** -0.5) / (2 * math.pi)
    assert found["pct_false_accept"] == pytest.approx(expected, abs=1e-6)
    assert found["pct_false_reject"] == pytest.approx(expected, abs=1e-6)


def test_two_limits_one_of_them_at_the_mean():
    accept, reject = by_quadrature(1.0, 0.25, 0.0, 1.5)
    found = risks(1.0, 0.25, 0.0, 1.5)
    assert found["pct_false_accept"] == pytest.approx(100 * accept, abs=1e-6)
    assert found["pct_false_reject"] == pytest.approx(100 * reject, abs=1e-6)


def test_many_pairs_at_once_equal_one_by_one():
    part, grr = np.array([1.0, 2.0, 0.5]), np.array([0.1, 0.5, 2.0])
    together = risks(part, grr, -1.2, 2.0)
    for key, values in together.items():
        single = [float(risks(p, g, -1.2, 2.0)[key]) for p, g in zip(part, grr, strict=True)]
        np.testing.assert_allclose(values, single, rtol=1e-12)


def test_a_gauge_without_error_errs_nowhere_and_one_of_noise_decides_by_chance():
    exact = risks(1.0, 0.0, -2.0, 2.0)
    assert exact["pct_false_accept"] == pytest.approx(0, abs=1e-4)
    noise = risks(0.0, 1.0, -2.0, 2.0)  # every part is the mean part, which is good
    assert noise["pct_false_reject"] == pytest.approx(100 * 2 * norm.sf(2), rel=1e-4)
    assert noise["pct_nonconforming"] == 0


def test_the_classic_study(gage):
    """Quadrature over the true value with the components of the manual's study."""
    found = qt.msa.misclassification(gage, lsl=-2, usl=2)
    accept, reject = by_quadrature(gage.part_var, gage.grr_var, -2 - gage.mean, 2 - gage.mean)
    assert found.pct_false_accept == pytest.approx(100 * accept, abs=1e-8)
    assert found.pct_false_reject == pytest.approx(100 * reject, abs=1e-8)
    metrics = found.metrics()
    assert metrics["mean"] == pytest.approx(0.1300 / 90, abs=1e-12)
    assert metrics["pct_bad_accepted"] == pytest.approx(found.pct_bad_accepted)
    shown = found.table().set_index("内容")["概率 %"]
    assert shown["误收：不合格而被接收"] == found.pct_false_accept
    assert shown["合格品被拒收的比例"] == found.pct_good_rejected
    assert f"{found.pct_bad_accepted:.1f} %" in found.verdict.text
    assert found.checks[0].code == "misclassification.representative-parts"
    figure = found.figure()
    assert figure.layout.meta["alt"]
    accepted = np.interp([-2, 2], figure.data[1].x, figure.data[1].y)
    np.testing.assert_allclose(accepted, 50, atol=0.5)  # at a limit it is a toss-up


def test_intervals_are_those_of_plausible_components(gage):
    """Generalized limits drawn here from χ², from the mean squares of the pooled analysis."""
    rng = np.random.default_rng(5)
    ms, df = np.array([9.81799, 1.58363, 0.0399729]), np.array([9, 2, 78])
    drawn = ms * df / rng.chisquare(df, size=(200_000, 3))
    part = np.maximum((drawn[:, 0] - drawn[:, 2]) / 9, 0)
    operator = np.maximum((drawn[:, 1] - drawn[:, 2]) / 30, 0)
    values = risks(part, operator + drawn[:, 2], -2 - gage.mean, 2 - gage.mean)
    found = qt.msa.misclassification(gage, lsl=-2, usl=2).metrics()
    for key, sample in values.items():
        low, high = np.quantile(sample, [0.05, 0.95])
        assert found[f"{key}_low"] == pytest.approx(low, rel=0.03)
        assert found[f"{key}_high"] == pytest.approx(high, rel=0.03)
        assert found[f"{key}_low"] <= found[key] <= found[f"{key}_high"]


def test_one_limit_and_a_mean_of_ones_own(gage):
    upper = qt.msa.misclassification(gage, usl=2.5, mean=0.5)
    mirror = qt.msa.misclassification(gage, lsl=-2.5, mean=-0.5)
    assert upper.pct_false_accept == pytest.approx(mirror.pct_false_accept, rel=1e-9)
    assert upper.pct_nonconforming == pytest.approx(100 * norm.sf(2 / gage.part_var**0.5), rel=1e-9)
    assert "上规范限" in str(upper.figure().layout.annotations)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "没有规范限"),
        ({"lsl": 2, "usl": -2}, "不小于上规范限"),
        ({"lsl": "2"}, "不是数"),
        ({"usl": float("inf")}, "不是数"),
        ({"usl": 1, "mean": float("nan")}, "不是数"),
    ],
)
def test_refusals(gage, options, words):
    with pytest.raises(qt.QualityDataError, match=words):
        qt.msa.misclassification(gage, **options)


def test_no_risk_without_both_variances(gage):
    import pandas as pd

    rows = [(p, o, float(p)) for p in range(4) for o in "AB" for _ in range(2)]
    df = pd.DataFrame(rows, columns=["件", "人", "读数"])
    exact = qt.msa.gage_rr(df, part="件", operator="人", value="读数")
    with pytest.raises(qt.QualityDataError, match="没有看出量具的变差"):
        qt.msa.misclassification(exact, usl=3)
