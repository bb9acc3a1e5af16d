"""Confirmation runs: intervals written out, their coverage by simulation, verdicts, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

import qtools as qt
from qtools import QualityDataError
from qtools.doe import confirm, response_surface


@pytest.fixture(scope="module")
def stress():
    return response_surface(qt.load("cvd"), factors=["压力", "气体比"], response="应力", goal="min")


def runs(*readings, pressure=61.0, ratio=5.0):
    n = len(readings)
    return pd.DataFrame({"压力": [pressure] * n, "气体比": [ratio] * n, "应力": list(readings)})


def test_one_run_is_r_s_prediction_interval(stress):
    """predict(m, data.frame(x = .5, z = -.25), interval = "prediction"), R 4.2.2."""
    (one,) = confirm(stress, runs(7.9)).found
    assert one.predicted == pytest.approx(7.885583772)
    assert (one.interval.low, one.interval.high) == pytest.approx((7.663989433, 8.107178111))
    assert one.confirmed


def test_mean_of_m_runs_and_two_settings_written_out(stress):
    found = confirm(stress, pd.concat([runs(7.8, 7.9, 8.0), runs(6.9, 7.0, pressure=23.0)]))
    assert [len(one.readings) for one in found.found] == [3, 2]
    for one in found.found:
        x1, x2 = one.point
        row = np.array([1, x1, x2, x1 * x2, x1**2, x2**2])
        h = row @ stress.fit.unscaled @ row
        half = t.ppf(1 - 0.05 / 4, 5) * stress.s * (h + 1 / len(one.readings)) ** 0.5
        assert one.interval.high - one.predicted == pytest.approx(half)
    assert found.metrics()["runs"] == 5


def test_interval_covers_as_often_as_it_says():
    draws, hits, n = np.random.default_rng(2), 0, 300
    x = np.repeat([-1.0, 0.0, 1.0], 3)
    for _ in range(n):
        df = pd.DataFrame({"温度": x, "强度": 5 + 2 * x - x**2 + draws.normal(size=9)})
        found = response_surface(df, factors=["温度"], response="强度")
        again = pd.DataFrame({"温度": [0.5] * 2, "强度": 5 + 1 - 0.25 + draws.normal(size=2)})
        hits += confirm(found, again).confirmed
    assert hits / n == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / n) ** 0.5)


def test_verdicts_and_caveats(stress):
    assert "验证通过" in confirm(stress, runs(7.8, 7.9, 8.0)).verdict.text
    missed = confirm(stress, runs(9.0, 9.1, 9.05))
    assert missed.verdict.level == "bad"
    assert missed.metrics()["confirmed"] is False
    codes = {check.code for check in confirm(stress, runs(7.9, pressure=120.0)).checks}
    assert codes == {"confirm.outside", "confirm.single-run"}
    assert {c.code for c in confirm(stress, runs(7.2, 8.6)).checks} == {"confirm.spread"}
    assert "预测区间" in missed.figure().layout.meta["alt"]
    assert list(missed.table()["实测"]) == ["在外"]


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda d: d.drop(columns="压力"), {}, ["压力", "找不到"]),
        (lambda d: d.assign(应力=[7.9, None, 8.0]), {}, ["应力", "空格子"]),
        (lambda d: d.assign(压力="高"), {}, ["压力"]),
        (lambda d: d.head(0), {}, ["一行也没有"]),
        (lambda d: d, {"confidence": 1}, ["置信水平"]),
    ],
)
def test_refused(stress, change, options, words):
    with pytest.raises(QualityDataError) as caught:
        confirm(stress, change(runs(7.8, 7.9, 8.0)), **options)
    assert [word for word in words if word not in str(caught.value)] == []
