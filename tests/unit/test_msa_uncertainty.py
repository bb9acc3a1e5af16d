"""uncertainty_budget: closed forms, examples of the GUM, invariances, errors, display."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa import QMS, Input, uncertainty_budget
from qtools.msa.budget import stated

PLAIN = {"a": Input.normal(3, 0.3), "b": Input.normal(5, 0.4)}


def codes_of(result):
    return {check.code for check in result.checks}


def micrometer(**options):
    model, inputs = qt.msa.read_budget(
        qt.load("micrometer-budget"),
        name="输入量",
        estimate="估计值",
        stated="给出的值",
        distribution="分布",
        dof="自由度",
        sensitivity="灵敏系数",
    )
    return uncertainty_budget(model, inputs, **options)


# ── closed forms ─────────────────────────────────────────────────────────────────────────────


def test_linear_model_is_exact():
    found = uncertainty_budget(lambda a, b: 2 * a - 3 * b + 1e5, PLAIN)
    assert found.estimate == 1e5 - 9
    assert found.sensitivities == pytest.approx((2, -3), rel=1e-9)
    assert found.u == pytest.approx(math.hypot(0.6, 1.2), rel=1e-9)
    assert found.k == pytest.approx(1.959964, abs=5e-7)
    assert found.shares == pytest.approx([20, 80])
    assert found.top == "b"
    assert np.isinf(found.df_effective)
    assert "df_effective" not in found.metrics()


@pytest.mark.parametrize(("r", "u"), [(1.0, 0.7), (-1.0, 0.1), (0.5, 0.37**0.5)])
def test_correlated_sum(r, u):
    found = uncertainty_budget(lambda a, b: a + b, PLAIN, correlations={("b", "a"): r})
    assert found.u == pytest.approx(u)
    assert found.shares.sum() == pytest.approx(100)


def test_slopes_and_curvature_against_calculus():
    inputs = {"x": Input.normal(2, 0.1), "y": Input.bounded(0.5, 0.05), "z": Input.normal(3, 0.2)}
    found = uncertainty_budget(lambda x, y, z: np.exp(y) * x**2 / z, inputs)
    value = math.exp(0.5) * 4 / 3
    assert found.estimate == pytest.approx(value)
    assert found.sensitivities == pytest.approx((value, value, -value / 3), rel=1e-6)
    u = [one.u for one in inputs.values()]
    second = np.array([[1 / 2, 1, -1 / 3], [1, 1, -1 / 3], [-1 / 3, -1 / 3, 2 / 9]]) * value
    assert found.curvature == pytest.approx(second * np.outer(u, u), rel=0.01)


def test_weights_in_air_need_the_second_order():
    """JCGM 101:2008, 9.3: the air buoyancy has no first-order effect; its second is ours too."""
    inputs = {
        "mR": Input.normal(1e5, 0.05),
        "dm": Input.normal(1.234, 0.02),
        "air": Input.bounded(1.2, 0.1),
        "w": Input.bounded(8000, 1000),
        "r": Input.bounded(8000, 50),
    }
    found = uncertainty_budget(
        lambda mR, dm, air, w, r: (mR + dm) * (1 + (air - 1.2) * (1 / w - 1 / r)) - 1e5, inputs
    )
    assert found.estimate == pytest.approx(1.234, abs=1e-8)
    assert found.u == pytest.approx(math.hypot(0.05, 0.02), rel=1e-6)
    mixed = 1e5 / 8000**2 * (0.1 / 3**0.5) * math.hypot(1000 / 3**0.5, 50 / 3**0.5)
    assert found.second_order == pytest.approx(mixed, rel=0.02)
    assert "uncertainty.nonlinear" in codes_of(found)


def test_welch_satterthwaite_by_hand():
    inputs = {"a": Input.normal(0, 0.57, 9), "b": Input.normal(0, 0.25)}
    found = uncertainty_budget(lambda a, b: a + b, inputs)
    df = (0.57**2 + 0.25**2) ** 2 / (0.57**4 / 9)
    assert found.df_effective == pytest.approx(df)
    assert found.k == pytest.approx(stats.t.ppf(0.975, math.floor(df)))  # truncated: 12
    one = uncertainty_budget(lambda a: 2 * a, {"a": Input.normal(0, 1, 5)})
    assert (one.df_effective, one.k) == (pytest.approx(5), pytest.approx(stats.t.ppf(0.975, 5)))


def test_share_of_the_tolerance_and_its_interval():
    inputs = {"a": Input.from_readings([10.1, 10.3, 9.9, 10.2, 10.0])}
    found = uncertainty_budget(lambda a: a, inputs, tolerance=1.0)
    half = stats.t.ppf(0.975, 4) * 0.5**0.5 / 10
    assert found.expanded == pytest.approx(half)
    assert found.pct_tolerance == pytest.approx(200 * half)
    metrics = found.metrics()
    for key, p in (("low", 0.975), ("high", 0.025)):
        wanted = 200 * half * math.sqrt(4 / stats.chi2.ppf(p, 4))
        assert metrics[f"pct_tolerance_{key}"] == pytest.approx(wanted)
    assert "跨过界限，结论不牢" in found.verdict.text
    assert "uncertainty.few-df" in codes_of(found)


def test_narrower_step_where_the_model_ends():
    """√x at x = 1 with u = 1.1: ±u leaves the domain, the slopes do not."""
    found = uncertainty_budget(lambda x: np.sqrt(x), {"x": Input.normal(1.0, 1.1)})
    assert found.sensitivities == pytest.approx((0.5,), rel=1e-4)
    assert found.curvature[0, 0] == pytest.approx(-0.25 * 1.21, rel=0.02)


# ── decisions at the borders ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("tolerance", "level"), [(4 / 0.3, "good"), (4 / 0.3001, "bad")])
def test_exactly_thirty_percent_passes(tolerance, level):
    k = stats.norm.ppf(0.975)
    found = uncertainty_budget(lambda a: a, {"a": Input.normal(0, 2 / k)}, tolerance=tolerance)
    assert found.verdict.level == level


def test_the_system_has_its_own_limit():
    found = micrometer(tolerance=30.0, criteria=QMS)
    assert found.verdict.level == "bad"
    assert "15 %" in found.verdict.rule
    assert "待核" in found.verdict.source


def test_no_interval_where_most_degrees_of_freedom_are_unknown():
    found = micrometer(tolerance=20.0)
    wanted = 100 - 100 * 0.35**2 / found.u**2  # all but the repeatability
    assert found.assumed == pytest.approx(wanted)
    assert found.pct_interval is None
    assert "有多准还说不上来" in found.verdict.text


def test_so_many_degrees_of_freedom_that_they_are_infinite_give_no_interval():
    inputs = {name: Input.normal(0, 1, 999_999) for name in "ab"}
    found = uncertainty_budget(lambda a, b: a + b, inputs, tolerance=10.0)
    assert math.isinf(found.df_effective)
    assert found.assumed == 0
    assert found.pct_interval is None
    assert "pct_tolerance_low" not in found.metrics()
    assert "nan" not in found.verdict.text
    assert "写的自由度大到等于完全知道" in found.verdict.text
    assert "没有写自由度" not in found.verdict.text
    one = uncertainty_budget(lambda a: a, {"a": Input.normal(0, 1, 999_999)}, tolerance=10.0)
    assert one.pct_interval.low == pytest.approx(one.pct_interval.high, rel=0.005)


def test_without_a_tolerance_nothing_is_judged():
    found = micrometer()
    assert found.verdict.level == "info"
    assert found.verdict.text.startswith("先改“检验员之间”")
    assert "pct_tolerance" not in found.metrics()


@pytest.mark.parametrize(
    ("value", "expanded", "text"),
    [
        (1.23456, 0.0994, "1.235 ± 0.099"),
        (1.23456, 0.0996, "1.23 ± 0.10"),
        (12345, 678, "12345 ± 678"),
    ],
)
def test_two_digits_of_u(value, expanded, text):
    assert stated(value, expanded) == text


# ── caveats, views ───────────────────────────────────────────────────────────────────────────


def test_caveats():
    wide = {"a": Input.bounded(0, 3), "b": Input.normal(0, 0.3, 4)}
    tied = uncertainty_budget(lambda a, b: a + b, wide, correlations={("a", "b"): 0.3})
    assert {"uncertainty.one-large-part", "uncertainty.correlated-df"} <= codes_of(tied)
    assert "uncertainty.df-assumed" in codes_of(micrometer())
    assert "uncertainty.nonlinear" not in codes_of(micrometer())
    bent = uncertainty_budget(lambda x: np.log(x), {"x": Input.bounded(0.6, 0.5)})
    assert "uncertainty.nonlinear" in codes_of(bent)


def test_table_and_figure():
    found = micrometer(tolerance=20)
    table = found.table()
    assert table["输入量"].iloc[0] == "检验员之间"
    assert table["输入量"].iloc[-1] == "合成"
    assert table["分量 |c|·u"].iloc[-1] == found.u
    assert (np.diff(table["分量 |c|·u"].iloc[:-1]) <= 0).all()
    assert "t（ν = 49）" in table["分布"].tolist()
    figure = found.figure()
    assert "检验员之间 34 %" in figure.layout.meta["alt"]
    assert figure.data[0].x[0] == found.u
    assert "2U/T" in found._repr_mimebundle_()["text/html"]


# ── invariances ──────────────────────────────────────────────────────────────────────────────

positive = st.floats(0.01, 100)


@settings(max_examples=25, deadline=None)
@given(st.lists(positive, min_size=2, max_size=5), st.floats(-1e4, 1e4), st.floats(0.1, 50))
def test_order_shift_and_scale(sizes, shift, scale):
    inputs = {f"x{i}": Input.normal(i, u, 3 + i) for i, u in enumerate(sizes)}
    plain = uncertainty_budget(lambda **x: sum(x.values()), inputs)
    back = dict(reversed(inputs.items()))
    other = uncertainty_budget(lambda **x: scale * sum(x.values()) + shift, back)
    assert other.u == pytest.approx(scale * plain.u, rel=1e-6)
    assert other.df_effective == pytest.approx(plain.df_effective, rel=1e-5)
    assert other.shares[::-1] == pytest.approx(plain.shares, rel=1e-5, abs=1e-6)


# ── refusals ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "inputs", "options", "words"),
    [
        (lambda a: a, {}, {}, ["没有输入量"]),
        (lambda a: a, {"a": 3.0}, {}, ["“a”不是 Input"]),
        ("a + b", PLAIN, {}, ["不是函数"]),
        (lambda a, c: a + c, PLAIN, {}, ["（a、c）", "（a、b）", "对不上"]),
        (lambda a, b: math.sqrt(a) + b, PLAIN, {}, ["逐元素", "np.sqrt"]),
        (lambda a, b: a if a > 0 else b, PLAIN, {}, ["逐元素", "np.where"]),
        (lambda a, b: a / (b - b), PLAIN, {}, ["算不出有限的数", "除数"]),
        (
            lambda a, b: np.sqrt(0.0144 - ((a - 3) / 0.3) ** 2 - ((b - 5) / 0.4) ** 2),
            PLAIN,
            {},
            ["定义域"],
        ),
        (lambda a, b: 0 * a + 0 * b + 7, PLAIN, {}, ["合成标准不确定度是 0"]),
        (lambda a, b: a + b, PLAIN, {"coverage": 95}, ["95", "0.95"]),
        (lambda a, b: a + b, PLAIN, {"tolerance": 0}, ["公差"]),
        (lambda a, b: a + b, PLAIN, {"correlations": {("a", "c"): 0.1}}, ["两个不同的输入量"]),
        (lambda a, b: a + b, PLAIN, {"correlations": {("a", "b"): 1.2}}, ["−1 与 1"]),
        (
            lambda a, b: a + b,
            PLAIN,
            {"correlations": {("a", "b"): 0.2, ("b", "a"): 0.3}},
            ["写了两次"],
        ),
        (
            lambda a, b, c: a + b + c,
            PLAIN | {"c": Input.normal(0, 1)},
            {"correlations": {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}},
            ["彼此矛盾"],
        ),
    ],
)
def test_refusals(model, inputs, options, words):
    with pytest.raises(QualityDataError) as error:
        uncertainty_budget(model, inputs, **options)
    for word in words:
        assert word in str(error.value)


def test_options_are_called_by_their_own_names():
    with pytest.raises(QualityDataError, match="包含概率 coverage=95 不在"):
        qt.msa.uncertainty_budget(lambda a: a, {"a": Input.normal(1, 1)}, coverage=95)
    with pytest.raises(QualityDataError, match=r"抽样次数 10 不对"):
        qt.msa.monte_carlo_uncertainty(lambda a: a, {"a": Input.normal(1, 1)}, n=10)
    with pytest.raises(QualityDataError, match="请写成数字，不加引号：不写 '0.2'"):  # noqa: RUF043
        qt.msa.uncertainty_budget(lambda a: a, {"a": Input.normal(1, 1)}, tolerance="0.2")
