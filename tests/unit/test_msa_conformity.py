"""conformity: closed forms, the bivariate normal, zones and borders, the one-third rule."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa import ONE_THIRD
from qtools.msa.conformity_risk import Normal, global_risks, inside


def judge(value, u=0.02, **options):
    return qt.msa.conformity(value, u, **({"lower": -0.08, "upper": 0.08} | options))


def codes_of(result):
    return {check.code for check in result.checks}


def test_specific_risk_in_closed_form():
    # half a standard uncertainty from the limit, the other limit far away
    result = judge(0.075, guard=0)
    assert result.pct_conforming[0] == pytest.approx(100 * stats.norm.cdf(0.5), abs=1e-9)
    assert result.metrics()["pct_wrong"] == pytest.approx(100 * stats.norm.sf(0.5), abs=1e-9)
    rejected = judge(0.13, guard=0)
    assert rejected.metrics()["pct_wrong"] == pytest.approx(100 * stats.norm.sf(5.0), rel=1e-9)


def test_inside_keeps_its_digits_in_the_tail():
    far = float(inside(10.0, 11.0, np.array([0.0]), 1.0)[0])
    assert far == pytest.approx(stats.norm.sf(10) - stats.norm.sf(11), rel=1e-12)


def test_posterior_by_numerical_bayes():
    m0, s0, u, y = 0.01, 0.03, 0.01, 0.07
    eta = np.linspace(-0.3, 0.3, 200_001)
    weight = np.exp(-0.5 * ((eta - m0) / s0) ** 2 - 0.5 * ((y - eta) / u) ** 2)
    share = weight[abs(eta) <= 0.08].sum() / weight.sum()
    result = judge(y, prior=(m0, s0))
    assert result.pct_conforming[0] == pytest.approx(100 * share, abs=1e-3)


def binormal(low, high, band, u, m0, s0):
    """Consumer's and producer's risk from the joint distribution of true and measured value."""
    joint = stats.multivariate_normal([m0, m0], [[s0**2, s0**2], [s0**2, s0**2 + u**2]])

    def both(a, b, c, d):
        p = joint.cdf([b, d]) - joint.cdf([a, d]) - joint.cdf([b, c]) + joint.cdf([a, c])
        return 100 * float(p)

    far = 40 * s0
    accept = both(-far, far, low + band, high - band)
    good_accept = both(low, high, low + band, high - band)
    return accept - good_accept, both(low, high, -far, far) - good_accept


@pytest.mark.parametrize("guard", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("m0", "s0", "u"), [(0, 0.04, 0.02), (0.03, 0.03, 0.005), (0, 0.02, 0.03)])
def test_global_risks_as_the_bivariate_normal(guard, m0, s0, u):
    found = global_risks(-0.08, 0.08, guard * 2 * u, u, Normal(m0, s0))
    consumer, producer = binormal(-0.08, 0.08, guard * 2 * u, u, m0, s0)
    assert found["consumer"] == pytest.approx(consumer, abs=2e-5)
    assert found["producer"] == pytest.approx(producer, abs=2e-5)


def test_global_risks_by_simulation():
    rng = np.random.default_rng(3)
    true = rng.normal(0.01, 0.05, 400_000)
    seen = true + rng.normal(0, 0.02, true.size)
    good, accept = abs(true) <= 0.08, abs(seen) <= 0.08 - 0.02
    keep = abs(seen) <= 0.08 + 0.02
    result = judge(0.0, u=0.04, guard=0.5, prior=(0.01, 0.05)).metrics()
    assert result["pct_consumer_risk"] == pytest.approx(100 * (accept & ~good).mean(), abs=0.03)
    assert result["pct_producer_risk"] == pytest.approx(100 * (~accept & good).mean(), abs=0.2)
    assert result["pct_undecided"] == pytest.approx(100 * (keep & ~accept).mean(), abs=0.2)
    assert result["pct_outside"] == pytest.approx(100 * (~good).mean(), abs=0.2)


def test_one_limit_at_the_mean_in_closed_form():
    # JCGM 106's joint normal with the limit at the mean: P(out, accepted) = arctan(u/s0)/2π
    found = global_risks(-np.inf, 0.0, 0.0, 0.03, Normal(0.0, 0.04))
    assert found["consumer"] == pytest.approx(100 * np.arctan(0.75) / (2 * np.pi), abs=1e-9)
    assert found["producer"] == pytest.approx(found["consumer"], abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.001, 0.1), st.floats(0.005, 0.2), st.floats(0, 1), st.floats(-0.05, 0.05))
def test_a_wider_guard_band_moves_risk_to_the_seller(u, s0, r, m0):
    wide = judge(0.0, u=u, guard=1.0, prior=(m0, s0))
    a, b = wide.risks(r), wide.risks(1.0)
    assert b["consumer"] <= a["consumer"] + 1e-9
    assert b["producer"] >= a["producer"] - 1e-9
    assert 0 <= a["consumer"] <= a["outside"] + 1e-9


def test_zones_and_their_borders():
    result = judge([0.0, 0.06, 0.0600001, 0.0999, 0.1, -0.2])
    assert result.zones.tolist() == [0, 0, 1, 1, 2, 2]
    assert judge([0.08, -0.08, 0.0800001], guard=0).zones.tolist() == [0, 0, 2]
    assert judge(0.1 + 0.2, u=0.1, lower=None, upper=0.3, guard=0).zones.tolist() == [0]
    assert result.verdict.level == "bad"
    assert "合格 2、待定 2、不合格 2" in result.verdict.text


@pytest.mark.parametrize(("u", "guard"), [(0.02, 0), (0.08 / 3, 0), (0.027, 1)])
def test_one_third_rule(u, guard):
    result = judge(0.07, u=u, guard=ONE_THIRD)
    assert result.guard == guard
    assert "1/3" in result.verdict.rule
    assert "待核" in result.verdict.source


def test_one_sided_and_series():
    series = pd.Series([1.0, 2.0], name="误差")
    result = qt.msa.conformity(series, 0.5, upper=2)
    assert result.zones.tolist() == [0, 1]
    assert "accept_low" not in result.metrics()
    assert "−∞ 到 1.5" in result.verdict.text
    result.figure()
    assert qt.msa.conformity(pd.Series([1.0, 2.0]), 0.5, lower=0).zones.tolist() == [0, 0]


def test_caveats():
    assert codes_of(judge(0.0)) == {"conformity.no-prior"}
    assert "conformity.undecided" in codes_of(judge(0.07))
    wide = judge(0.0, u=0.1, prior=(0, 0.05))
    assert "conformity.no-room" in codes_of(wide)
    assert wide.metrics()["pct_consumer_risk"] == 0
    assert wide.metrics()["pct_producer_risk"] == pytest.approx(100 * (1 - 2 * stats.norm.sf(1.6)))
    wide.figure()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"u": 0}, "扩展不确定度"),
        ({"lower": None, "upper": None}, "都没有给出"),
        ({"lower": 0.08, "upper": -0.08}, "不小于"),
        ({"lower": "0.08"}, "下限"),
        ({"guard": -1}, "guard"),
        ({"guard": "JJF"}, "guard"),
        ({"guard": ONE_THIRD, "upper": None}, "上、下限"),
        ({"k": 0}, "包含因子"),
        ({"prior": (0, 0)}, "标准差"),
        ({"prior": (0,)}, "两个数"),
    ],
)
def test_options(change, words):
    with pytest.raises(QualityDataError, match=words):
        judge(0.0, **change)


def test_bad_values():
    with pytest.raises(QualityDataError, match="不是数字") as caught:
        judge([0.01, "0.02 mA", 0.03])
    assert caught.value.rows == (2,)
    with pytest.raises(QualityDataError, match="一个测得值也没有"):
        judge([])


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "99.9 % 以上"), (0.13, "不到 0.1 %"), (0.07, "84.1 %")]
)
def test_verdict_of_one_value(value, words):
    result = judge(value, u=0.02 if value != 0.13 else 0.01)
    assert words in result.verdict.text
    assert "保护带 g = U" in result.verdict.text


def test_display():
    result = judge([0.01, 0.07, 0.2], prior=(0, 0.05))
    assert result.table()["判定"].tolist() == ["合格", "待定", "不合格"]
    assert "买方" in result.figure().layout.meta["alt"]
    assert "没有保护带" in judge(0.0, guard=0).verdict.text
    judge(0.0).figure()
