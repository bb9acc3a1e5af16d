"""sensor_study: R, the generating model, coverage, invariances, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError


def study(df=None, **options):
    df = qt.load("sensor-sim") if df is None else df
    names = {"reference": "压力", "value": "输出", "direction": "行程", "cycle": "循环"}
    return qt.msa.sensor_study(df, **(names | options))


def simulated(rng, cycles=3, *, hysteresis=0.0, bend=0.0, noise=0.006):
    p = np.tile(np.arange(11) / 10, 2 * cycles)
    way = np.tile(np.repeat([-1.0, 1.0], 11), cycles)
    y = 16 * p + (bend + hysteresis / 2 * way) * 4 * p * (1 - p) + rng.normal(0, noise, p.size)
    return pd.DataFrame(
        {
            "压力": p,
            "输出": y,
            "行程": np.where(way < 0, "上行", "下行"),
            "循环": np.repeat(np.arange(cycles), 22),
        }
    )


def codes_of(result):
    return {check.code for check in result.checks}


def test_as_r():
    # R 4.2: m = tapply(y, list(p, way), mean); a = rowMeans(m); f = lm(a ~ x); ends: a[1], a[11];
    # anova(lm(y ~ factor(p)*way), lm(y ~ factor(p)*way + factor(cycle)))
    m = study().metrics()
    assert m["pct_nonlinearity_ends"] == pytest.approx(0.301489126226, abs=5e-13)
    assert m["cycle_p"] == pytest.approx(0.42639, abs=5e-6)
    assert (m["n"], m["n_points"]) == (66, 11)


def test_repeatability_interval_as_r():
    # R 4.2: 0.0362881599922 * sqrt(44 / qchisq(c(.975, .025), 44))
    m = study().metrics()
    limits = (m["pct_repeatability_low"], m["pct_repeatability_high"])
    assert limits == pytest.approx((0.0300413072, 0.0458391910), abs=5e-9)


def test_intervals_hold_what_generated_the_data():
    m = study().metrics()
    span = 16 / 100
    assert m["pct_hysteresis_low"] < 0.044 / span < m["pct_hysteresis_high"]
    assert m["pct_nonlinearity_ends_low"] < 0.050 / span < m["pct_nonlinearity_ends_high"]
    assert m["sensitivity_low"] < 16 < m["sensitivity_high"]


def test_simultaneous_intervals_are_conservative():
    rng = np.random.default_rng(11)
    held = np.zeros(2)
    for _ in range(80):
        found = study(simulated(rng, hysteresis=0.04, bend=0.05))
        low, high = found.hysteresis.interval.low, found.hysteresis.interval.high
        held += [
            low <= 100 * 0.04 / 16 <= high,
            found.ends.interval.low <= 100 * 0.05 / 16 <= found.ends.interval.high,
        ]
    assert (held / 80 >= 0.9).all()  # two standard errors below 95 %


def test_without_hysteresis_the_interval_reaches_zero():
    found = study(simulated(np.random.default_rng(5)))
    assert found.hysteresis.interval.low == 0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.001, 1.0, 50.0]), st.floats(-1e4, 1e4))
def test_order_scale_shift_and_names(seed, scale, shift):
    rng = np.random.default_rng(seed)
    df = simulated(rng, hysteresis=0.04, bend=0.05, noise=0.01)
    plain = study(df).metrics()
    mixed = df.sample(frac=1, random_state=seed).replace({"上行": "升", "下行": "降"})
    mixed = mixed.assign(输出=scale * mixed["输出"] + shift, 压力=mixed["压力"] * 7 + 3)
    found = study(mixed).metrics()
    for key in plain:
        if key.startswith("pct_"):
            assert found[key] == pytest.approx(plain[key], rel=1e-4, abs=1e-7), key


def test_falling_output():
    df = simulated(np.random.default_rng(2), bend=0.05)
    found = study(df.assign(输出=-df["输出"]))
    assert found.slope < 0
    assert found.full_scale > 0
    assert found.line.percent == pytest.approx(study(df).line.percent)


def test_one_direction():
    df = qt.load("sensor-sim").query("行程 == '上行'")
    found = study(df, direction=None)
    assert found.hysteresis is None
    assert "pct_hysteresis" not in found.metrics()
    assert "sensor.one-direction" in codes_of(found)
    found.figure()


def test_no_repeats():
    df = qt.load("sensor-sim").query("循环 == 1")
    found = study(df)
    assert codes_of(found) == {"sensor.no-repeats"}
    assert "pct_repeatability" not in found.metrics()
    assert "pct_hysteresis_low" not in found.metrics()
    assert "没有区间" in set(found.table()["区间的算法"])
    assert "区间" not in found.verdict.text


def test_two_repeats_and_no_spread():
    df = qt.load("sensor-sim")
    assert codes_of(study(df.query("循环 != 3"))) == {"sensor.few-repeats"}
    copied = pd.concat([df.query("循环 == 1").assign(循环=c) for c in (1, 2, 3)])
    found = study(copied)
    assert codes_of(found) == {"sensor.no-spread"}
    assert found.pct_repeatability == 0


def test_displaced_cycles():
    df = qt.load("sensor-sim")
    drift = df.assign(输出=df["输出"] + 0.02 * df["循环"])
    assert "sensor.cycles-differ" in codes_of(study(drift))


def test_uneven_cycles():
    df = qt.load("sensor-sim")[4:]
    found = study(df)
    assert found.repeats == 2
    assert found.hysteresis.percent == pytest.approx(study().hysteresis.percent, abs=0.05)


def test_a_point_in_one_direction_only():
    df = qt.load("sensor-sim").query("not (压力 == 1.0 and 行程 == '下行')")
    found = study(df)
    assert found.hysteresis.places.size == 10
    found.figure()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d[d["压力"] < 0.2], "至少要 3 个"),
        (lambda d: d.assign(行程="上行"), "有 1 种写法"),
        (lambda d: d.assign(行程=d["行程"].where(d.index != 4, "中")), "有 3 种写法"),
        (lambda d: d.assign(输出=5.0), "全都相同"),
        (lambda d: d.assign(输出=4 * (d["压力"] - 0.5) ** 2), "不随"),
    ],
)  # fmt: skip
def test_refusals(change, words):
    with pytest.raises(QualityDataError, match=words):
        study(change(qt.load("sensor-sim")))


def test_a_point_twice_in_one_cycle():
    df = qt.load("sensor-sim")
    with pytest.raises(QualityDataError, match="同一个校准点") as caught:
        study(df.assign(循环=df["循环"].replace(2, 1)))
    assert len(caught.value.rows) == 2


def test_display():
    found = study()
    assert found.table()["项目"].tolist()[2] == "迟滞"
    assert "最大的一项是迟滞" in found.verdict.text
    assert "迟滞越大" in found.figure().layout.meta["alt"]
    assert found.intercept == pytest.approx(4.0285378788)  # R 4.2: coef(f)[1]
