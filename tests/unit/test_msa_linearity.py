"""linearity_study: the AIAG table, R, what fails, caveats, invariances, errors, display."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError

AIAG = Path(__file__).parents[1] / "reference" / "msa-linearity.csv"


def study(df, **options):
    return qt.msa.linearity_study(df, reference="参考值", value="读数", **options)


def made(slope, level, noise=0.05, references=(2, 4, 6, 8, 10), repeats=12, seed=1):
    rng = np.random.default_rng(seed)
    x = np.repeat(np.array(references, dtype=float), repeats)
    bias = level + slope * (x - x.mean()) + noise * rng.normal(size=x.size)
    return pd.DataFrame({"参考值": x, "读数": x + bias})


def codes_of(result):
    return {check.code for check in result.checks}


def test_aiag_table():
    # AIAG MSA 4th ed. (2010), table III-B 4 and what follows
    result = study(pd.read_csv(AIAG))
    m = result.metrics()
    assert m["slope"] == pytest.approx(-0.131667, abs=5e-7)
    assert m["intercept"] == pytest.approx(0.736667, abs=5e-7)
    assert m["pct_r2"] == pytest.approx(71.4, abs=0.05)
    assert (m["slope_t"], m["intercept_t"]) == pytest.approx((-12.043, 10.158), abs=5e-4)
    assert m["df"] == 58
    means = [m[f"bias{place}"] for place in range(1, 6)]
    assert means == pytest.approx([0.491667, 0.125, 0.025, -0.291667, -0.616667], abs=5e-7)
    assert result.fails == ("slope",)
    assert result.verdict.level == "bad"


def test_line_width_as_r_gives_it():
    # R 4.2: summary(lm(y - x ~ x)), confint, predict(interval = "confidence"), anova with factor(x)
    result = study(qt.load("linewidth"), part="标准件")
    m = result.metrics()
    assert m["slope"] == pytest.approx(-0.007546055, abs=5e-10)
    assert (m["slope_low"], m["slope_high"]) == pytest.approx(
        (-0.025171883, 0.010079773), abs=5e-10
    )
    assert (m["slope_t"], m["slope_p"]) == pytest.approx((-0.90758415, 0.3775650), abs=5e-8)
    assert m["intercept"] == pytest.approx(0.251437539, abs=5e-10)
    assert m["intercept_p"] == pytest.approx(4.7704708e-05, abs=5e-13)
    assert m["intercept_low"] == pytest.approx(0.154664522, abs=5e-10)
    fit, low, high = result.line.band(np.array([8.89]))
    assert (fit[0], low[0], high[0]) == pytest.approx(
        (0.18435311, 0.083892644, 0.28481358), abs=5e-9
    )
    assert (m["lack_of_fit_f"], m["lack_of_fit_p"]) == pytest.approx((0.5774, 0.4591), abs=5e-5)
    assert (m["bias3_low"], m["bias3_high"]) == pytest.approx((0.032531623, 0.317468377), abs=5e-10)
    assert result.names == ("L", "M", "U")
    assert result.fails == ("location",)


def test_mean_bias_is_the_mean_of_all_readings():
    df = qt.load("linewidth")
    result = study(df)
    assert result.mean_bias.value == pytest.approx(float((df["读数"] - df["参考值"]).mean()))
    assert result.mean_bias.se == pytest.approx(result.line.s / 18**0.5)


@pytest.mark.parametrize(
    ("slope", "level", "fails", "decision"),
    [
        (0.0, 0.0, (), "info"),  # nobody said how much would matter
        (0.0, 0.3, ("location",), "caution"),
        (0.05, 0.0, ("slope",), "bad"),
        (0.05, 0.3, ("location", "slope"), "bad"),
    ],
)
def test_what_fails(slope, level, fails, decision):
    result = study(made(slope, level))
    assert (result.fails, result.verdict.level) == (fails, decision)


def test_size_at_the_worst_end():
    df = made(0.05, 0.0)
    assert study(df, tolerance=50.0).verdict.level == "caution"
    assert "显著但不大" in study(df, tolerance=50.0).verdict.text
    bad = study(df, process_variation=1.0)
    assert bad.verdict.level == "bad"
    m = bad.metrics()
    assert m["pct_worst_bias"] == pytest.approx(100 * abs(m["worst_bias"]))
    assert m["pct_linearity"] == pytest.approx(100 * m["slope"])
    quiet = study(made(0.0, 0.0), tolerance=5.0)
    assert quiet.verdict.level == "good"
    assert study(made(0.0, 0.0, noise=0.5), tolerance=0.5).verdict.level == "caution"


def test_a_curve_is_seen():
    df = made(0.0, 0.0)
    df["读数"] += 0.02 * (df["参考值"] - 6) ** 2
    assert "linearity.lack-of-fit" in codes_of(study(df))
    assert "linearity.lack-of-fit" not in codes_of(study(made(0.1, 0.0)))
    centred = df.assign(读数=df["读数"] - (df["读数"] - df["参考值"]).mean())
    unseen = study(centred, tolerance=1000.0)
    assert (unseen.fails, unseen.curved) == ((), True)
    assert unseen.verdict.level == "caution"  # the line alone would be good
    assert "弯着变，一条直线说不清" in unseen.verdict.text
    assert not study(made(0.0, 0.0)).curved


def test_spread_of_repeats_is_not_that_about_the_line():
    df = made(0.0, 0.0)
    df["读数"] += 0.1 * (df["参考值"] - 6) ** 2
    result = study(df)
    pooled = df.groupby("参考值")["读数"].var().mean() ** 0.5  # equal numbers of repeats
    assert result.repeat_sd == pytest.approx(pooled)
    assert result.line.s > 5 * pooled
    assert study(df.iloc[::12]).repeat_sd is None


def test_what_is_not_seen_tells_how_large_it_may_be():
    result = study(made(0.0, 0.0, noise=0.5))
    m = result.metrics()
    assert result.verdict.level == "info"
    assert f"从 {m['worst_bias_low']:.3f} 到 {m['worst_bias_high']:.3f}" in result.verdict.text


def test_a_mean_bias_of_rounding_alone_is_0():
    x = np.repeat([0.1, 0.2, 0.3], 4)
    d = np.tile([0.1, -0.1, 0.2, -0.2], 3)
    result = study(pd.DataFrame({"参考值": x, "读数": x + d}))
    assert result.means.tolist() == [0.0, 0.0, 0.0]


def test_uneven_spread_is_seen():
    rng = np.random.default_rng(3)
    x = np.repeat([2.0, 4, 6, 8, 10], 12)
    df = pd.DataFrame({"参考值": x, "读数": x + 0.005 * x**2 * rng.normal(size=x.size)})
    assert "linearity.uneven-spread" in codes_of(study(df))
    assert "linearity.uneven-spread" not in codes_of(study(made(0.1, 0.0)))


def test_a_mistyped_reference_is_named_with_its_row():
    df = made(0.0, 0.0)
    df.loc[13, "参考值"] = 8.0  # was 4
    result = study(df)
    assert result.strays == (14,)
    check = result.checks[0]
    assert (check.code, check.level) == ("linearity.stray-reference", "bad")
    assert "第 14 行" in check.text
    df.loc[13, "参考值"] = 1000.0  # is at no other standard, and far from all
    result = study(df)
    assert result.strays == (14,)
    assert "先核对第 14 行" in result.verdict.text
    assert study(made(0.0, 2.1)).strays == ()  # the whole gauge is off, not a row


def test_small_studies():
    two = study(pd.DataFrame({"参考值": [1, 1, 5, 5], "读数": [1.1, 1.2, 5.0, 5.2]}))
    assert two.lack_of_fit is None
    assert {"linearity.few-standards", "linearity.few-readings"} <= codes_of(two)
    single = study(pd.DataFrame({"参考值": [1, 2, 3, 4], "读数": [1.1, 2.2, 3.0, 4.2]}))
    assert "lack_of_fit_f" not in single.metrics()
    assert "bias1_low" not in single.metrics()
    assert single.standards()["p"].isna().all()


def test_repeats_without_spread():
    df = pd.DataFrame({"参考值": [1, 1, 2, 2, 3, 3], "读数": [1.1, 1.1, 2.3, 2.3, 3.0, 3.0]})
    result = study(df)
    assert result.lack_of_fit is None
    assert "bias1" in result.metrics()
    assert "nan" not in result._repr_mimebundle_()["text/html"].lower()


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda df: df.head(2), {}, "至少要 3 个"),
        (lambda df: df[df["参考值"] == 2], {}, "只有 2 一个参考值"),
        (lambda df: df.assign(读数=df["参考值"] + 0.1), {}, "一条直线"),
        (lambda df: df.assign(读数=5.0), {}, "全都相同"),
        (lambda df: df.assign(参考值="二"), {}, "二"),
        (lambda df: df.assign(件="A"), {"part": "件"}, "不止一个参考值"),
        (lambda df: df, {"part": "件"}, "找不到列“件”"),
        (lambda df: df, {"tolerance": 0}, "公差"),
        (lambda df: df, {"confidence": 0.05}, "置信水平"),
    ],
)
def test_refusals(change, options, words):
    with pytest.raises(QualityDataError, match=words):
        study(change(made(0.0, 0.0)), **options)


def test_two_standards_of_one_value():
    df = made(0.0, 0.1).assign(件=lambda d: [f"{v:g}-{i % 2}" for i, v in enumerate(d["参考值"])])
    result = study(df, part="件")
    assert len(result.names) == 10
    assert result.line.df == 58
    assert result.metrics()["lack_of_fit_f"] == pytest.approx(study(df).metrics()["lack_of_fit_f"])


@settings(max_examples=20)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 1e3, 1e6]),
    st.sampled_from([0.01, 1.0, 250.0]),
)
def test_invariance(seed, shift, scale):
    df = made(0.03, 0.1, seed=seed, repeats=4)
    first = study(df)
    other = scale * (df.sample(frac=1, random_state=seed)[["参考值", "读数"]] + shift)
    second = study(other)
    assert second.line.slope == pytest.approx(first.line.slope, rel=1e-5, abs=1e-8)
    assert second.mean_bias.value == pytest.approx(
        scale * first.mean_bias.value, rel=1e-5, abs=1e-8
    )
    assert second.mean_bias.p == pytest.approx(first.mean_bias.p, rel=1e-3, abs=1e-9)


def test_display():
    result = study(qt.load("linewidth"), part="标准件", tolerance=2.0)
    assert result.table()["项"].iloc[0] == "斜率（线性）"
    assert result.standards()["标准件"].tolist() == ["L", "M", "U"]
    figure = result.figure()
    assert "3 个标准件，18 个读数" in figure.layout.meta["alt"]
    assert figure.layout.xaxis.title.text == "参考值"
    assert not any(isinstance(value, np.generic) for value in result.metrics().values())


def test_both_ends_are_told_apart_only_where_their_signs_differ():
    x = np.r_[[1.0] * 10, [1.2] * 10, [1.5] * 10, [20.0] * 2]
    y = x + 0.06 + 0.012 * (x - 1) + np.random.default_rng(2).normal(0, 0.2, 32)
    frame = pd.DataFrame({"参考值": x, "读数": y})
    found = qt.msa.linearity_study(frame, reference="参考值", value="读数", tolerance=20)
    assert found.fails == ("slope",)
    slope, height = np.polyfit(x, y - x, 1)
    assert slope * 1 + height > 0
    assert slope * 20 + height > 0
    assert "一高一低" not in found.verdict.text
    x = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 4)
    y = x + 0.1 * (x - 3) + 0.01 * np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    seesaw = pd.DataFrame({"参考值": x, "读数": y})
    even = qt.msa.linearity_study(seesaw, reference="参考值", value="读数")
    assert even.fails == ("slope",)
    assert "两端一高一低" in even.verdict.text


def test_what_an_unseen_bias_may_still_be_reads_as_a_sentence():
    x = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 4)
    y = x + 0.2 * np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    frame = pd.DataFrame({"参考值": x, "读数": y})
    found = qt.msa.linearity_study(frame, reference="参考值", value="读数", tolerance=0.5)
    assert found.verdict.level == "caution"
    assert "）最多可到公差的" in found.verdict.text
    assert "但最多" not in found.verdict.text


def test_standards_without_names_are_not_named_by_their_values():
    df = qt.load("linewidth")
    assert list(study(df).standards().columns)[:2] == ["参考值", "读数个数"]
    assert list(study(df, part="标准件").standards().columns)[:2] == ["标准件", "参考值"]
