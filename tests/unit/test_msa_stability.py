"""stability_study: NIST's check standard, EWMA, drift, short-term spread, errors, display."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa.stability import ewma

SHORT = {"short_sd": "短期标准差", "repeats": 6}


def nist(**options):
    return qt.msa.stability_study(
        qt.load("check-standard"), value="电阻率", order="天数", **options
    )


def study(values, **options):
    return qt.msa.stability_study(pd.DataFrame({"读数": values}), value="读数", **options)


def noise(n, seed=2):
    return np.random.default_rng(seed).normal(size=n)


def codes_of(result):
    return {check.code for check in result.checks}


def test_nist_check_standard():
    # NIST/SEMATECH e-Handbook 2.6.2.2
    m = nist(**SHORT).metrics()
    assert m["s_center"] == pytest.approx(0.06139, abs=5e-6)
    assert m["sd_overall"] == pytest.approx(0.02680, abs=5e-6)
    assert m["x_center"] == pytest.approx(97.06984, abs=5e-6)
    assert m["x_center"] - 2 * m["sd_overall"] == pytest.approx(97.01624, abs=5e-6)
    loose = nist(**SHORT, spread_risk=0.05)
    assert loose.metrics()["s_ucl"] == pytest.approx(0.09283, abs=5e-6)
    assert loose.chart.spread_n_signals == 2
    # two of 25 beyond a 5 % limit are what chance gives
    assert loose.spread_by_chance
    assert loose.fails == ()
    assert "stability.spread-risk" in codes_of(loose)
    # R: qf(1 - 0.00135, 5, 125) = 4.2417816
    assert m["s_ucl"] == pytest.approx(m["s_center"] * 4.2417816**0.5, rel=1e-7)


def test_drift_as_r_gives_it():
    # R 4.2: lm(y ~ days)
    result = nist()
    m = result.metrics()
    assert m["drift"] == pytest.approx(7.0081529e-04, abs=5e-12)
    assert m["drift_p"] == pytest.approx(4.9412120e-01, abs=5e-9)
    assert (m["drift_low"], m["drift_high"]) == pytest.approx(
        (-0.0013856579, 0.0027872884), abs=5e-11
    )


def test_rows_are_put_in_time_order():
    df = qt.load("check-standard")
    shuffled = df.sample(frac=1, random_state=5)
    one = qt.msa.stability_study(shuffled, value="电阻率", order="天数").metrics()
    assert one == pytest.approx(nist().metrics())
    as_read = qt.msa.stability_study(df, value="电阻率").metrics()
    assert as_read["sigma"] != pytest.approx(one["sigma"])  # two rows of the file are out of order
    start = pd.Timestamp("2025-03-24")
    dated = df.assign(时刻=start + pd.to_timedelta(df["天数"], unit="D"))
    by_date = qt.msa.stability_study(dated, value="电阻率", order="时刻").metrics()
    assert by_date["drift"] == pytest.approx(one["drift"], rel=1e-6)


def test_chart_is_that_of_spc_where_all_fix_the_limits():
    x = 5 + noise(30)
    mine = study(x, rules="we").metrics()
    theirs = qt.spc.imr_chart(pd.DataFrame({"读数": x}), value="读数", rules="we").metrics()
    assert {key: mine[key] for key in theirs} == theirs


def test_ewma_limits_of_the_e_handbook():
    # NIST/SEMATECH e-Handbook 6.3.2.4: λ = 0.3, target 50, s = 2.0539
    panel = ewma(np.full(60, 50.0), 50.0, 2.0539, 0.3)
    assert panel.ucl[-1] == pytest.approx(52.5884, abs=5e-5)
    assert panel.lcl[-1] == pytest.approx(47.4115, abs=1e-4)
    assert panel.ucl[0] == pytest.approx(50 + 3 * 0.3 * 2.0539)


def test_ewma_by_its_weights():
    x, weight = 5 + noise(12), 0.25
    panel = ewma(x, 5.0, 1.0, weight)
    for i in range(12):
        weights = weight * (1 - weight) ** np.arange(i, -1, -1)
        wanted = weights @ x[: i + 1] + (1 - weight) ** (i + 1) * 5.0
        assert panel.points[i] == pytest.approx(wanted)
        assert panel.ucl[i] == pytest.approx(5 + 3 * float(np.sqrt(weights @ weights)))


def test_a_jump_after_the_baseline():
    x = np.r_[noise(20), noise(10, 7) + 8]
    late = study(x, baseline=20)
    assert late.fails == ("location",)
    assert late.verdict.level == "bad"
    assert late.chart.spread_n_signals  # the jump itself is a moving range beyond its limit
    assert "分不清是跳动还是散布变大" in late.verdict.text
    assert late.chart.n_signals >= 9
    assert min(late.chart.location.signals) == 20
    assert late.chart.sigma.value == pytest.approx(
        np.abs(np.diff(x[:20])).mean() / 1.1283792, rel=1e-6
    )
    assert len(late.chart.location.points) == 30
    assert "前 20 次" in late.verdict.rule
    assert len(late.figure().layout.shapes) > len(study(x).figure().layout.shapes)


def test_a_small_lasting_shift_is_seen_by_the_ewma():
    x = np.r_[noise(40), noise(20, 9) + 1.5]
    result = study(x, baseline=40)
    assert result.ewma.signals.size > result.chart.n_signals
    assert "EWMA 图 60 个点中有" in result.verdict.text


def test_a_drift_alone_is_a_caution():
    x = np.tile([0.3, -0.3], 15) + 0.0276 * np.arange(30)
    result = study(x)
    assert result.chart.n_signals == result.ewma.signals.size == 0
    assert result.drift.significant
    assert result.verdict.level == "caution"
    assert "有漂移：每次" in result.verdict.text
    straight = study([1.0, 2.0, 3.0, 4.0])  # nothing is left about the line
    assert straight.metrics()["drift_p"] == 0.0


def test_short_term_spread_alone():
    df = qt.load("check-standard")
    df.loc[df.index[6], "短期标准差"] = 0.5
    result = qt.msa.stability_study(df, value="电阻率", order="天数", **SHORT)
    assert result.fails == ("spread",)
    assert "散布变大了，看不出位置变" in result.verdict.text
    both = qt.msa.stability_study(
        df.assign(电阻率=df["电阻率"] + 0.02 * df["天数"]), value="电阻率", order="天数", **SHORT
    )
    assert both.fails == ("location", "spread")
    assert both.chart.title == "单值—短期标准差控制图"


def sds_of(sigma, repeats, seed):
    rng = np.random.default_rng(seed)
    return np.array([rng.normal(0, s, repeats).std(ddof=1) for s in sigma])


def test_many_small_rises_of_the_spread_show_together():
    sigma = np.r_[np.ones(24), np.full(24, 1.3)]
    df = pd.DataFrame({"读数": 5 + noise(48, 3), "s": sds_of(sigma, 6, 2)})
    options = {"value": "读数", "short_sd": "s", "repeats": 6, "baseline": 24}
    found = qt.msa.stability_study(df, **options)
    assert found.chart.spread_n_signals == 0
    assert found.fails == ("spread",)
    m = found.metrics()
    f = float((df["s"][24:] ** 2).mean() / (df["s"][:24] ** 2).mean())
    # R: qf(0.975, 120, 120) = 1.432676568; symmetric, as both have as many degrees of freedom
    edge = 1.432676568
    assert m["spread_ratio"] == pytest.approx(f**0.5)
    assert m["spread_ratio_low"] == pytest.approx((f / edge) ** 0.5, rel=1e-8)
    assert m["spread_ratio_high"] == pytest.approx((f * edge) ** 0.5, rel=1e-8)
    assert m["spread_ratio_p"] == pytest.approx(2 * stats.f.sf(f, 120, 120))
    assert "后来的短期标准差合起来是基准段的" in found.verdict.text
    assert len(found.trend()) == 2
    same = df.assign(s=sds_of(np.ones(48), 6, 2))
    calm = qt.msa.stability_study(same, **options)
    assert calm.fails == ()
    assert "也看不出散布变大（后来的短期标准差" in calm.verdict.text
    assert "spread_ratio" not in nist(**SHORT).metrics()  # no later occasions


def test_a_jump_is_not_told_as_a_sure_drift_nor_the_spread_as_unchanged():
    x = 5 + noise(50, 3) + np.r_[np.zeros(25), np.full(25, 6.0)]
    df = pd.DataFrame({"读数": x, "s": sds_of(np.ones(50), 6, 2)})
    found = qt.msa.stability_study(df, value="读数", short_sd="s", repeats=6, baseline=25)
    assert found.fails == ("location",)
    assert "跳动也会拉出斜率" in found.verdict.text
    assert "位置变了，看不出散布变大（" in found.verdict.text
    assert "没变" not in found.verdict.text


def test_a_check_standard_may_be_stable_and_biased():
    result = study(5.3 + 0.01 * noise(30, 4), reference=5.0)
    assert result.fails == ()
    assert "stability.biased" in codes_of(result)
    m = result.metrics()
    assert m["bias_low"] < m["bias"] < m["bias_high"]
    assert "平均偏倚" in result.trend()["项"].tolist()


def test_caveats_of_few_occasions():
    assert "stability.few-occasions" in codes_of(study(noise(8)))
    assert "spc.few-subgroups" not in codes_of(study(noise(8)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"baseline": 2}, "基准段"),
        ({"baseline": 99}, "数据有 6 次"),
        ({"baseline": 3.5}, "基准段"),
        ({"short_sd": "短"}, "要一起给"),
        ({"repeats": 6}, "要一起给"),
        ({"short_sd": "短", "repeats": 1}, "每次读数的个数"),
        ({"short_sd": "负", "repeats": 6}, "1 个负数"),
        ({"short_sd": "零", "repeats": 6}, "全是 0"),
        ({"order": "同"}, "全都相同"),
        ({"order": "空"}, "空格子"),
        ({"ewma_weight": 1.2}, "EWMA 权重"),
        ({"ewma_weight": 0}, "EWMA 权重"),
        ({"spread_risk": 0.7}, "误报风险"),
        ({"rules": "八条"}, "八条"),
        ({"reference": "5"}, "基准值"),
        ({"confidence": 95}, "置信水平"),
    ],
)
def test_refusals(options, words):
    days = [pd.Timestamp("2025-01-01"), *[pd.NaT] * 5]
    df = pd.DataFrame({"读数": noise(6), "短": 1.0, "零": 0.0, "同": 3, "空": days})
    df["负"] = [1, 1, -1, 1, 1, 1]
    with pytest.raises(QualityDataError, match=words):
        qt.msa.stability_study(df, value="读数", **options)


def test_too_few_and_constant():
    with pytest.raises(QualityDataError, match="至少要 3 个"):
        study([1.0, 2.0])
    with pytest.raises(QualityDataError, match="全都相同"):
        study([1.0] * 5)
    with pytest.raises(QualityDataError, match="全都相同"):
        study([1.0, 1.0, 1.0, 2.0, 3.0], baseline=3)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 1e6]), st.sampled_from([0.01, 250.0]))
def test_invariance(seed, shift, scale):
    x = np.round(noise(25, seed), 2)
    first, second = study(x, baseline=15), study(scale * (x + shift), baseline=15)
    assert second.chart.n_signals == first.chart.n_signals
    assert second.ewma.signals.tolist() == first.ewma.signals.tolist()
    assert second.drift.value == pytest.approx(scale * first.drift.value, rel=1e-4, abs=1e-9)


def test_display():
    result = nist(**SHORT)
    assert result.table()["分图"].tolist() == ["单值", "EWMA", "短期标准差"]
    assert "25 次核查" in result.figure().layout.meta["alt"]
    shifted = study(np.r_[noise(20), noise(5) + 9], baseline=20)
    figure = shifted.ewma_figure()
    assert "出界" in figure.layout.meta["alt"]
    assert "异常点" in [trace.name for trace in figure.data]
    assert "稳定性研究" in result._repr_mimebundle_()["text/html"]
    assert not any(isinstance(value, np.generic) for value in result.metrics().values())
