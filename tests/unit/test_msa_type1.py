"""type1_study: Cg and Cgk against published capability indices, R, invariances, errors, display."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa import TYPE1, Band, Ladder

READINGS = [10.01, 9.99, 10.0, 10.02, 9.98, 10.0, 10.01, 10.0, 10.02, 10.03]


def study(values=READINGS, **options):
    options = {"reference": 10.0, "tolerance": 0.5} | options
    return qt.msa.type1_study(pd.DataFrame({"读数": values}), value="读数", **options)


def codes_of(result):
    return {check.code for check in result.checks}


def test_it_is_a_capability_index_of_the_share():
    # NIST/SEMATECH e-Handbook, FURNACE, 560 ± 100: 20 % of a tolerance of 1000
    m = qt.msa.type1_study(
        qt.load("furnace"), value="膜厚", reference=560, tolerance=1000
    ).metrics()
    assert m["cg"] == pytest.approx(1.31313, abs=0.000005)
    assert m["cgk"] == pytest.approx(1.27327, abs=0.000005)
    assert (m["cg_low"], m["cg_high"]) == pytest.approx((1.17234, 1.45372), abs=0.000005)
    assert (m["cgk_low"], m["cgk_high"]) == pytest.approx((1.12771, 1.41882), abs=0.000005)


def test_variants():
    s = float(np.std(READINGS, ddof=1))
    bias = float(np.mean(READINGS)) - 10
    for share, k in ((0.2, 6), (0.15, 6), (0.15, 4), (0.2, 4)):
        m = study(share=share, k=k).metrics()
        assert m["cg"] == pytest.approx(share * 0.5 / (k * s))
        assert m["cgk"] == pytest.approx((share / 2 * 0.5 - abs(bias)) / (k / 2 * s))
        assert (m["share"], m["k"]) == (share, k)
        assert f"公差的 {100 * share:g} %，{k}s" in study(share=share, k=k).verdict.rule


def test_bias_as_r_gives_it():
    # R 4.2: t.test(x - 10): t = 1.26025, df = 9, p = 0.239272, interval -0.00477002, 0.01677002
    m = study().metrics()
    assert m["t"] == pytest.approx(1.26025208, abs=5e-8)
    assert m["p"] == pytest.approx(0.23927242, abs=5e-8)
    assert (m["bias_low"], m["bias_high"]) == pytest.approx((-0.00477002, 0.01677002), abs=5e-8)


def test_which_of_location_and_spread_fails():
    rng = np.random.default_rng(4)
    noise = rng.normal(size=50)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    good = study(10 + 0.005 * noise)  # cg = 0.1/(6·0.005) = 3.33
    assert (good.fails, good.verdict.level) == ((), "good")
    off = study(10.04 + 0.005 * noise)
    assert off.fails == ("location",)
    assert "位置（偏倚）" in off.verdict.text
    wide = study(10 + 0.03 * noise)
    assert wide.fails == ("spread",)
    assert wide.verdict.text.count("不是位置") == 1
    both = study(10.06 + 0.03 * noise)  # beyond the room of 0.05 by more than t·s/√n = 0.0085
    assert both.fails == ("spread", "location")
    assert [r.verdict.level for r in (off, wide, both)] == ["bad"] * 3
    # significant, and within the room: Cg fails whatever the bias
    some = study(10.03 + 0.03 * noise)
    assert some.mean.significant
    assert some.fails == ("spread",)
    assert "偏倚显著，占去允许偏差的 60 %，先管散布" in some.verdict.text
    assert "不是位置" not in some.verdict.text
    outside = study(10.06 + 0.005 * noise)
    assert outside.cgk < 0 < outside.cg


def test_a_location_that_cannot_be_told_is_not_called_good():
    z = [10.3, 9.6, 10.9, 9.9, 10.6]
    found = study(z, reference=9.9, tolerance=3)
    # R: t.test(z - 9.9): mean 0.36, beyond the room of 0.3; interval -0.288762, 1.008762
    assert found.mean.bias == pytest.approx(0.36)
    limits = found.mean.interval
    assert (limits.low, limits.high) == pytest.approx((-0.288762, 1.008762), abs=5e-7)
    assert found.mean.bias > found.room
    assert not found.mean.significant
    assert found.fails == ("spread",)
    assert "位置过不过关还看不出" in found.verdict.text
    assert "不是位置" not in found.verdict.text


def test_the_border_passes_and_the_ladder_can_be_replaced():
    assert TYPE1.band(1.33).name == "合格"
    assert TYPE1.band(1.3299).name == "不合格"
    strict = Ladder(
        (Band(2.0, True, "good", "过"), Band(float("-inf"), True, "bad", "不过")),
        "2 以上",
        "某厂",
        rising=False,
    )
    noise = np.tile([-1.0, 1.0, 0.5, -0.5], 10)
    loose, tight = (study(10 + 0.012 * noise, criteria=c) for c in (TYPE1, strict))
    assert (loose.verdict.level, tight.verdict.level) == ("good", "bad")
    assert tight.verdict.source == "某厂"


def test_firmness_is_said_where_an_interval_crosses():
    noise = np.tile([-1.0, 1.0, 0.5, -0.5], 10)
    assert "还不稳" in study(10 + 0.0145 * noise).verdict.text
    assert "还不稳" not in study(10 + 0.003 * noise).verdict.text


def test_caveats():
    coarse = study([10.0, 10.0, 10.05, 9.95, 10.0, 10.05])
    assert coarse.step == pytest.approx(0.05)
    assert {"type1.resolution", "type1.few-readings"} <= codes_of(coarse)
    assert study([10.0, 10.01, 10.025]).step is None
    assert "step" not in study([10.0, 10.01, 10.025]).metrics()
    fine = study(10.02 + 0.001 * np.tile([-1.0, 1.0], 20))
    assert codes_of(fine) == {"type1.bias-significant"}


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        ([10.0], {}, "至少要 2 个"),
        ([10.0] * 5, {}, "全都相同"),
        (["10", "约 10"], {}, "约 10"),
        (READINGS, {"tolerance": 0}, "公差 tolerance=0"),
        (READINGS, {"tolerance": "0.5"}, "公差"),
        (READINGS, {"reference": float("nan")}, "基准值"),
        (READINGS, {"share": 20}, "公差份额"),
        (READINGS, {"k": -6}, "散布宽度"),
        (READINGS, {"confidence": 95}, "置信水平"),
    ],
)
def test_refusals(values, options, words):
    with pytest.raises(QualityDataError, match=words):
        study(values, **options)


@settings(max_examples=20)
@given(
    st.lists(st.integers(-500, 500), min_size=3, max_size=30).filter(lambda x: len(set(x)) > 1),
    st.sampled_from([0.0, 1e3, 1e6]),
    st.sampled_from([0.01, 1.0, 250.0]),
)
def test_invariance(counts, shift, scale):
    x = np.array(counts, dtype=float)
    first = study(x, reference=0.0, tolerance=1000.0).metrics()
    second = study(
        scale * (x[::-1] + shift), reference=scale * shift, tolerance=1000.0 * scale
    ).metrics()
    for key in ("cg", "cgk", "cg_low", "cgk_high", "t", "p", "pct_bias"):
        assert second.get(key, 0) == pytest.approx(first.get(key, 0), rel=1e-6, abs=1e-9)


def test_display():
    result = study()
    table = result.table()
    assert table["指标"].tolist() == ["Cg（0.2T／6s）", "Cgk", "偏倚", "标准差 s"]
    assert (table["95 % 下限"] < table["估计值"]).all()
    figure = result.figure()
    assert "10 个读数" in figure.layout.meta["alt"]
    assert "一型研究" in result._repr_mimebundle_()["text/html"]
    assert not any(isinstance(value, np.generic) for value in result.metrics().values())
