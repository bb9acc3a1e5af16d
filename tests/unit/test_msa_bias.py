"""bias_study: R's t test, days as units, size against a width, invariances, errors, display."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa import BIAS


def run(number, **options):
    df = qt.load("probe-wiring")
    df = df[df["轮次"] == number]
    return qt.msa.bias_study(df, value="差值", reference=0.0, **options)


def study(values, reference=10.0, **options):
    return qt.msa.bias_study(
        pd.DataFrame({"读数": values}), value="读数", reference=reference, **options
    )


def codes_of(result):
    return {check.code for check in result.checks}


def test_readings_as_units():
    # R 4.2: t.test(v) on run 1 of MPC536
    m = run(1).metrics()
    assert m["t"] == pytest.approx(-4.01331976562, abs=5e-11)
    assert m["p"] == pytest.approx(0.00040546059, abs=5e-12)
    assert (m["bias_low"], m["bias_high"]) == pytest.approx(
        (-0.0057916111, -0.00187735441), abs=5e-11
    )
    assert (m["n"], m["n_units"], m["df"]) == (29, 29, 28)
    assert "naive_t" not in m


def test_days_as_units():
    # R 4.2: t.test(tapply(v, day, mean)) on run 1 of MPC536
    result = run(1, day="日")
    m = result.metrics()
    assert m["t"] == pytest.approx(-2.013535868, abs=5e-10)
    assert m["p"] == pytest.approx(0.100193181, abs=5e-10)
    assert (m["bias_low"], m["bias_high"]) == pytest.approx((-0.009419642, 0.001144642), abs=5e-10)
    assert m["naive_t"] == pytest.approx(-4.01331976562, abs=5e-11)
    assert not result.mean.significant
    assert result.naive.significant
    assert "bias.days-differ" in codes_of(result)
    assert result.verdict.level == "good"


def test_days_count_alike():
    df = pd.DataFrame({"读数": [1.0, 1.0, 1.0, 4.0, 4.5], "日": ["a", "a", "a", "b", "c"]})
    result = qt.msa.bias_study(df, value="读数", reference=0.0, day="日")
    assert result.mean.bias == pytest.approx((1 + 4 + 4.5) / 3)
    assert result.names == ("a", "b", "c")
    assert "bias.few-days" in codes_of(result)


@pytest.mark.parametrize(
    ("shift", "tolerance", "level", "words"),
    [
        (0.0, 2.0, "good", "不超过 10 %"),
        (0.0, 0.05, "caution", "看不出不等于没有"),
        (0.5, 2.0, "bad", "既显著又要紧"),
        (0.05, 5.0, "caution", "显著但不大"),
        (0.05, 0.52, "caution", "还不能放心"),
    ],
)
def test_significance_and_size(shift, tolerance, level, words):
    noise = 0.02 * np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    verdict = study(10 + shift + noise, tolerance=tolerance).verdict
    assert verdict.level == level
    assert words in verdict.text
    same = study(10 + shift + noise, process_variation=tolerance).verdict
    assert (same.level, "过程变差" in same.text) == (level, True)


def test_a_large_bias_whose_interval_crosses_the_limit_says_so():
    noise = 0.02 * np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    noise += 0.011 - noise.mean()
    half = 2.093024 * float(np.std(noise, ddof=1)) / 20**0.5  # R: qt(0.975, 19)
    crossing = study(10 + noise, tolerance=0.1)
    assert crossing.pct_bias == pytest.approx(11.0)
    low = 100 * (0.011 - half) / 0.1
    assert 0 < low < 10
    assert f"（区间从 {low:.1f} % 起，跨过 10 %，要不要紧还不牢）" in crossing.verdict.text
    assert crossing.verdict.level == "bad"
    sure = study(10.5 + noise, tolerance=2.0)
    assert "还不牢" not in sure.verdict.text


def test_without_a_width():
    noise = 0.02 * np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    assert study(10 + noise).verdict.level == "good"
    seen = study(10.5 + noise)
    assert seen.verdict.level == "caution"
    assert "才能说要不要紧" in seen.verdict.text
    assert "pct_bias" not in seen.metrics()


def test_size_and_its_interval():
    noise = 0.02 * np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    m = study(9.95 + noise, tolerance=2.0).metrics()
    assert m["pct_bias"] == pytest.approx(2.5)
    assert m["pct_bias_low"] == pytest.approx(-100 * m["bias_high"] / 2)
    assert m["pct_bias_high"] == pytest.approx(-100 * m["bias_low"] / 2)
    assert study(10 + noise, tolerance=2.0).metrics()["pct_bias_low"] == 0.0
    assert BIAS.band(10.0).name == "小"
    assert BIAS.band(10.01).name == "大"


def test_caveats_without_days():
    assert codes_of(study([9.9, 10.0, 10.1])) == {"bias.few-readings", "bias.no-days"}


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        ({"读数": [1.0]}, {}, "至少要 2 个"),
        ({"读数": [1.0, 1.0]}, {}, "全都相同"),
        ({"读数": [1.0, 2.0], "日": [1, 1]}, {"day": "日"}, "只有“1”一个"),
        ({"读数": [1.0, 2.0, 2.0, 1.0], "日": [1, 1, 2, 2]}, {"day": "日"}, "平均读数完全一样"),
        ({"读数": [1.0, 2.0], "日": [1, None]}, {"day": "日"}, "空格子"),
        ({"读数": [1.0, 2.0]}, {"tolerance": 1, "process_variation": 1}, "只能给一个"),
        ({"读数": [1.0, 2.0]}, {"tolerance": -1}, "公差 tolerance=-1"),
        ({"读数": [1.0, 2.0]}, {"process_variation": "6"}, "过程变差"),
        ({"读数": [1.0, 2.0]}, {"day": "日"}, "找不到列“日”"),
    ],
)
def test_refusals(frame, options, words):
    with pytest.raises(QualityDataError, match=words):
        qt.msa.bias_study(pd.DataFrame(frame), value="读数", reference=0.0, **options)


@settings(max_examples=20)
@given(
    st.lists(st.integers(-500, 500), min_size=3, max_size=30).filter(lambda x: len(set(x)) > 1),
    st.sampled_from([0.0, 1e3, 1e6]),
    st.sampled_from([-2.0, 0.01, 250.0]),
)
def test_invariance(counts, shift, scale):
    x = np.array(counts, dtype=float)
    first = study(x, reference=3.0).metrics()
    second = study(scale * (x[::-1] + shift), reference=scale * (3.0 + shift)).metrics()
    assert second["bias"] == pytest.approx(scale * first["bias"], rel=1e-6, abs=1e-9)
    assert second["p"] == pytest.approx(first["p"], rel=1e-5, abs=1e-9)


def test_display():
    result = run(2, day="日", tolerance=0.1)
    assert result.table()["指标"].tolist() == [
        "偏倚（“日”的平均为单位）", "对照：把每个读数当作独立", "占公差 %",
    ]  # fmt: skip
    assert "6 个日平均" in result.figure().layout.meta["alt"]
    assert "29 个读数" in run(1).figure().layout.meta["alt"]
    html = result._repr_mimebundle_()["text/html"]
    assert "nan" not in html.lower()
    assert not any(isinstance(value, np.generic) for value in result.metrics().values())
