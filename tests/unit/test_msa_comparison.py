"""method_comparison: R, brute force, direct minimisation, invariances, decisions, bad input."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa.comparison_lines import MOST_PAIRS, deming, passing_bablok


def compare(x, y, **options):
    df = pd.DataFrame({"参": x, "新": y})
    return qt.msa.method_comparison(df, reference="参", test="新", **options)


def slag(**options):
    return qt.msa.method_comparison(
        qt.load("iron-slag"), reference="化学法", test="磁法", **options
    )


def codes_of(result):
    return {check.code for check in result.checks}


def pairs(n=60, seed=1, *, slope=1.0, offset=0.0, noise=0.3):
    rng = np.random.default_rng(seed)
    true = rng.uniform(5, 25, n)
    return true + rng.normal(0, noise, n), offset + slope * true + rng.normal(0, noise, n)


def test_bland_altman_as_r():
    # R 4.2: e = 磁法 - 化学法; t.test(e);
    # mean(e) ± sd(e)*qt(p, 52, ncp=qnorm(.975)*sqrt(53))/sqrt(53);
    # shapiro.test(e); summary(lm(e ~ m)), m the pair's mean; cor.test; binom.test(12, 53)
    m = slag(limit=5).metrics()
    assert (m["bias_low"], m["bias_high"]) == pytest.approx(
        (-1.5644161845, 0.8096992034), abs=5e-10
    )
    lower = (m["loa_lower_low"], m["loa_lower_high"])
    assert lower == pytest.approx((-11.209948024, -7.099931517), abs=5e-9)
    upper = (m["loa_upper_low"], m["loa_upper_high"])
    assert upper == pytest.approx((6.345214536, 10.455231042), abs=5e-9)
    assert m["normal_p"] == pytest.approx(0.7204361, abs=5e-8)
    assert m["trend"] == pytest.approx(0.2554485555, abs=5e-11)
    assert m["trend_p"] == pytest.approx(0.02230086631, abs=5e-12)
    assert (m["r_low"], m["r_high"]) == pytest.approx((0.5769710712, 0.8373596813), abs=5e-11)
    beyond = (m["pct_beyond_low"], m["pct_beyond_high"])
    assert beyond == pytest.approx((12.28273566, 36.20959232), abs=5e-8)


def test_shape_as_r():
    # R 4.2: summary(lm(e ~ m + I(m^2))), summary(lm(abs(residuals(lm(e ~ m))) ~ m))
    shape = slag().shape
    assert shape.bend_p == pytest.approx(0.001105843893, abs=5e-13)
    assert shape.spread_p == pytest.approx(0.48894415316, abs=5e-12)


def test_exact_limits_hold_their_level():
    rng = np.random.default_rng(7)
    z, held = 1.959963984540054, 0
    for _ in range(1500):
        d = rng.normal(0, 1, 8)
        result = compare(np.arange(8.0), np.arange(8.0) + d, confidence=0.9)
        held += z in result.agreement.limits[1]
    assert held / 1500 == pytest.approx(0.90, abs=0.024)  # three standard errors


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_deming_minimises_its_criterion(ratio):
    x, y = pairs(slope=1.7, offset=-3, noise=2)
    u, v = x - x.mean(), y - y.mean()
    found = optimize.minimize_scalar(
        lambda b: np.sum((v - b * u) ** 2) / (ratio + b**2), bracket=(1, 2), tol=1e-12
    )
    line = deming(x, y, ratio, 0.95)
    assert line.slope == pytest.approx(found.x, rel=1e-6)
    assert line.intercept == pytest.approx(y.mean() - found.x * x.mean(), rel=1e-5)


def test_deming_is_orthogonal_regression():
    x, y = pairs(slope=0.6, noise=1)
    axis = np.linalg.svd(np.column_stack([x - x.mean(), y - y.mean()]))[2][0]
    assert deming(x, y, 1.0, 0.95).slope == pytest.approx(axis[1] / axis[0], rel=1e-12)


def test_jackknife_by_leaving_each_pair_out():
    x, y = pairs(12, noise=1.5)
    line = deming(x, y, 1.0, 0.95)
    each = [deming(np.delete(x, i), np.delete(y, i), 1.0, 0.95) for i in range(x.size)]
    t = 2.2281388519649385  # R 4.2: qt(0.975, 10)
    for name in ("slope", "intercept"):
        left = np.array([getattr(one, name) for one in each])
        pseudo = 12 * getattr(line, name) - 11 * left
        half = t * pseudo.std(ddof=1) / 12**0.5
        interval = getattr(line, f"{name}_interval")
        assert interval.high - interval.low == pytest.approx(2 * half, rel=1e-9)


def brute_passing_bablok(x, y, z=1.959963984540054):
    """Word by word from the paper, over integers so that ties are exact."""
    slopes = []
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            dx, dy = x[j] - x[i], y[j] - y[i]
            if (dx == 0 and dy == 0) or (dx != 0 and dx == -dy):
                continue
            slopes.append(dy / dx if dx else np.inf * dy)
    slopes.sort()
    n, count, k = len(x), len(slopes), sum(s < -1 for s in slopes)
    if count % 2:
        slope = slopes[(count + 1) // 2 + k - 1]
    else:
        slope = (slopes[count // 2 + k - 1] + slopes[count // 2 + k]) / 2
    half = z * (n * (n - 1) * (2 * n + 5) / 18) ** 0.5
    first = int((count - half) / 2 + 0.5)
    low, high = slopes[first + k - 1], slopes[count - first + k]
    return slope, low, high, *(np.median(y - b * x) for b in (slope, high, low))


@pytest.mark.parametrize("seed", range(6))
def test_passing_bablok_with_ties_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 12, 25)
    x, y = (true + rng.integers(-1, 2, 25) for _ in range(2))
    line = passing_bablok(x * 0.1, y * 0.1, 0.95)  # tenths: differences are not exact
    found = brute_passing_bablok(x, y)
    assert line.slope == pytest.approx(found[0], rel=1e-9)
    assert (line.slope_interval.low, line.slope_interval.high) == pytest.approx(
        found[1:3], rel=1e-9
    )
    assert line.intercept == pytest.approx(found[3] / 10, abs=1e-9)
    limits = (line.intercept_interval.low, line.intercept_interval.high)
    assert limits == pytest.approx((found[4] / 10, found[5] / 10), abs=1e-9)


def test_passing_bablok_on_creatinine_by_brute_force():
    path = Path(__file__).parents[1] / "reference" / "msa-creatinine.csv"
    table = pd.read_csv(path).to_numpy()
    line = passing_bablok(*table.T, 0.95)
    whole = np.round(100 * table).astype(int)
    slope, low, high = brute_passing_bablok(*whole.T)[:3]
    assert line.slope == pytest.approx(slope, rel=1e-12)
    limits = (line.slope_interval.low, line.slope_interval.high)
    assert limits == pytest.approx((low, high), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-50, 50), st.sampled_from([0.01, 1.0, 300.0]))
def test_order_shift_and_scale(seed, shift, scale):
    rng = np.random.default_rng(seed)
    x = np.round(rng.uniform(0, 10, 20), 1)
    y = np.round(x + rng.normal(0, 0.6, 20), 1)
    plain = compare(x, y, limit=3).metrics()
    order = rng.permutation(20)
    assert compare(x[order], y[order], limit=3).metrics() == pytest.approx(
        plain, rel=1e-7, abs=1e-9
    )
    moved = compare(scale * x + shift, scale * y + shift, limit=3 * scale).metrics()
    for key in ("deming_slope", "pb_slope", "r", "trend", "normal_p", "pct_beyond"):
        assert moved[key] == pytest.approx(plain[key], rel=1e-6, abs=1e-8), key
    for key in ("bias", "loa_lower", "loa_upper_high"):
        assert moved[key] == pytest.approx(scale * plain[key], rel=1e-6, abs=1e-8 * scale), key


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_both_lines_swap_with_the_methods(seed):
    x, y = pairs(25, seed, slope=1.3, noise=1)
    there, back = deming(x, y, 2.0, 0.95), deming(y, x, 0.5, 0.95)
    assert there.slope * back.slope == pytest.approx(1, rel=1e-9)
    there, back = passing_bablok(x, y, 0.95), passing_bablok(y, x, 0.95)
    assert there.slope_interval.low == pytest.approx(1 / back.slope_interval.high, rel=1e-9)


def test_a_large_offset_costs_no_digits():
    x, y = pairs(noise=0.002)
    near, far = compare(x, y).metrics(), compare(x + 1e6, y + 1e6).metrics()
    assert far["sd"] == pytest.approx(near["sd"], rel=1e-6)
    assert far["deming_slope"] == pytest.approx(near["deming_slope"], rel=1e-7)
    assert far["pb_slope"] == pytest.approx(near["pb_slope"], rel=1e-7)


@pytest.mark.parametrize(
    ("limit", "level", "words"),
    [
        (2.0, "good", "可以代替"),
        (0.85, "caution", "还不能放心代替"),
        (0.70, "bad", "结论不牢"),
        (0.2, "bad", "修正平均差也没有用"),
    ],
)
def test_decision(limit, level, words):
    x, y = pairs(60, noise=0.3)
    verdict = compare(x, y, limit=limit).verdict
    assert verdict.level == level
    assert words in verdict.text


def test_decision_where_a_shift_can_be_mended():
    x, y = pairs(60, offset=2, noise=0.3)
    text = compare(x, y, limit=1.5).verdict.text
    assert "结论牢" in text
    assert "修正系统差" in text


def test_without_a_limit_nothing_is_decided():
    result = slag()
    assert result.verdict.level == "info"
    assert result.beyond is None
    assert not {"pct_beyond"} & set(result.metrics())


def test_caveats():
    assert codes_of(slag()) == {"comparison.trend", "comparison.bend"}
    x, y = pairs(20)
    assert codes_of(compare(x, y)) == {"comparison.few-pairs"}
    true = np.linspace(1, 50, 80)
    noise = np.tile([-1.0, 1.0, 0.4, -0.4], 20)
    assert "comparison.spread" in codes_of(compare(true, true + 0.1 * true * noise))
    noise = np.where(np.arange(80) == 40, 30.0, 0.1 * noise)
    assert "comparison.not-normal" in codes_of(compare(true, true + noise))


def test_methods_that_do_not_rise_together():
    x = np.arange(50.0)
    result = compare(x, -x)
    assert result.deming is result.passing_bablok is None
    assert "comparison.not-rising" in codes_of(result)
    assert "deming_slope" not in result.metrics()
    assert "r_low" not in result.metrics()
    result.figure()


def test_copied_column():
    x = np.arange(50.0)
    result = compare(x, x + 2, limit=3)
    assert codes_of(result) == {"comparison.same-difference"}
    assert result.metrics()["sd"] == 0
    assert result.deming.slope == pytest.approx(1)
    assert "没有区间" in result.table().iloc[-1].tolist()
    result.figure()


def test_pairs_with_one_mean():
    x = np.arange(10.0)
    result = compare(x, 9 - x)
    assert result.shape is None


def test_exactly_proportional():
    x = np.arange(1.0, 51)
    result = compare(x, 2 * x)
    assert result.shape.se == 0
    assert result.passing_bablok.slope == 2


def test_one_pair_carries_the_line():
    x = np.array([0.0, 0, 1, 1, 100])
    result = compare(x, np.array([0.0, 1, 0, 1, 100]))
    assert result.deming.slope_interval is None
    assert "comparison.one-pair" in codes_of(result)


def test_no_ranks_for_the_interval():
    x = np.array([1.0, 2, 3, 4, 5])
    result = compare(x, np.array([1.1, 1.9, 3.2, 4.1, 4.8]), confidence=0.999)
    assert result.passing_bablok.slope_interval is None
    assert "comparison.no-passing-bablok" in codes_of(result)
    assert "pb_slope" in result.metrics()


def test_slopes_without_a_shifted_median():
    assert passing_bablok(np.zeros(6), np.arange(6.0), 0.95) is None


def test_too_many_pairs():
    x = np.arange(MOST_PAIRS + 1.0)
    result = compare(x, x + np.sin(x))
    assert result.passing_bablok is None
    assert "comparison.too-many-pairs" in codes_of(result)
    assert "normal_p" not in result.metrics()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"ratio": -1}, "ratio"),
        ({"confidence": 95}, "confidence"),
    ],
)
def test_options(change, words):
    with pytest.raises(QualityDataError, match=words):
        slag(**change)


def test_bad_tables():
    with pytest.raises(QualityDataError, match="只有 4 对"):
        compare([1, 2, 3, 4], [1, 2, 3, 5])
    with pytest.raises(QualityDataError, match=r"新.*全都相同"):
        compare([1, 2, 3, 4, 5], [2] * 5)
    with pytest.raises(QualityDataError, match="不是数字") as caught:
        compare([1, 2, 3, 4, 5], [1, 2, "4 %", 4, 5])
    assert caught.value.rows == (3,)


def test_display():
    result = slag(limit=5)
    table = result.table()
    assert len(table) == 10
    assert "磁法 − 化学法" in table["指标"][0]
    assert "不能代替" in result.figure().layout.meta["alt"]
    assert "不能代替" in result._repr_mimebundle_()["text/html"]


def test_the_limit_that_decides_is_named_with_its_interval():
    rng = np.random.default_rng(4)
    d = rng.normal(size=60)
    d = (d - d.mean()) / d.std(ddof=1)
    x = np.linspace(10, 30, 60)
    firm = compare(x, x + 1.5 + d, limit=2.0)  # limits of agreement -0.46 and 3.46
    m = firm.metrics()
    ends = f"{m['loa_upper_low']:.2f} 到 {m['loa_upper_high']:.2f}"
    assert f"上限的整个区间（{ends}）都在外面，结论牢" in firm.verdict.text
    low = compare(x, x - 0.25 + d, limit=2.0).verdict.text  # -2.21 and 1.71
    assert "下限的区间（" in low
    assert "跨过它，结论不牢" in low


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (1.0, "就超出了，修正平均差也没有用"),
        (1.9, "超没超出还分不清"),  # 1.96 is beyond, its interval reaches below
        (2.2, "超没超出还分不清"),
        (3.0, "修正系统差以后可以另取样品再比"),
    ],
)
def test_what_a_correction_would_do_rests_on_the_interval_of_the_spread(limit, said):
    rng = np.random.default_rng(4)
    d = rng.normal(size=60)
    d = 3 + (d - d.mean()) / d.std(ddof=1)
    x = np.linspace(10, 30, 60)
    result = compare(x, x + d, limit=limit)
    span = result.agreement.half_interval
    chi2 = stats.chi2(59)
    expected = [1.959963985 * (59 / chi2.ppf(tail)) ** 0.5 for tail in (0.975, 0.025)]
    assert (span.low, span.high) == pytest.approx(expected)
    assert said in result.verdict.text


def test_a_mean_difference_that_no_line_explains_is_told():
    x, y = pairs(30, seed=3, offset=0.4, noise=0.5)
    result = compare(x, y)
    m = result.metrics()
    assert m["bias_low"] > 0 > m["deming_intercept_low"]
    assert m["pb_intercept_low"] < 0 < m["pb_intercept_high"]
    assert "comparison.mean-difference" in codes_of(result)
    assert "comparison.mean-difference" not in codes_of(compare(*pairs(30, seed=3)))
