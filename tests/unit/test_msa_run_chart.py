"""Run chart of a gauge study: published critical values, least squares written out, patterns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qtools as qt

ROLES = {"part": "零件", "operator": "检验员", "value": "读数"}


def table(cube, **columns):
    index = np.indices(cube.shape).reshape(3, -1)
    names = np.array(list("甲乙丙丁戊己庚辛壬癸子丑"))
    frame = {"零件": index[0] + 1, "检验员": names[index[1]], "读数": cube.ravel()}
    return pd.DataFrame(frame | columns)


def noise(shape, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(shape[0], 1, 1)) * 3 + rng.normal(size=shape)


def codes(result):
    return {check.code for check in result.checks}


@pytest.mark.parametrize(
    ("operators", "repeats", "critical"),
    [(3, 2, 0.967), (3, 3, 0.871), (5, 3, 0.684), (10, 2, 0.602), (6, 4, 0.532)],
)
def test_cochrans_critical_values(operators, repeats, critical):
    """ISO 5725-2, table 4 (5 %): at the printed value p is 0.05, within its third digit."""
    others = (1 - critical) / (operators - 1)
    rows = []
    for place in range(operators):
        sd = (critical if place == 0 else others) ** 0.5
        # one part with all repeats of unit variance, and one reading of a second part
        x = np.arange(repeats) - (repeats - 1) / 2
        x *= sd / x.std(ddof=1)
        rows += [(1, place, reading) for reading in x] + [(2, place, 5.0)]
    df = pd.DataFrame(rows, columns=["零件", "检验员", "读数"])
    found = qt.msa.gage_run_chart(df, **ROLES)
    assert found.people[0].spread_p == pytest.approx(0.05, abs=0.004)
    assert [who.spread_p for who in found.people[1:]] == [1.0] * (operators - 1)


def test_the_classic_study():
    df = qt.load("gage-classic")
    found = qt.msa.gage_run_chart(df, **ROLES, order="次数")
    cube = df.sort_values(["零件", "检验员", "次数"])["读数"].to_numpy().reshape(10, 3, 3)
    means = cube.mean(axis=(0, 2))
    # repeats: SS 2.7589 with 60 df; interaction MS .01994 is below, so repeats decide
    reach = stats.t.isf(0.05 / 6, 60) * (2.75893 / 60 / 30 * 2 / 3) ** 0.5
    spread = (((cube - cube.mean(axis=2, keepdims=True)) ** 2).sum(axis=(0, 2)) / 20) ** 0.5
    for place, who in enumerate(found.people):
        assert who.mean == pytest.approx(means[place] - means.mean(), abs=1e-12)
        assert who.offset.high - who.mean == pytest.approx(reach, rel=1e-4)
        assert who.sd == pytest.approx(spread[place], rel=1e-12)
        low, high = spread[place] * (20 / stats.chi2.ppf([0.975, 0.025], 20)) ** 0.5
        assert (who.spread.low, who.spread.high) == pytest.approx((low, high))
    f = spread[1] ** 2 / ((spread[0] ** 2 + spread[2] ** 2) / 2)
    assert found.metrics()["spread_p"] == pytest.approx(3 * stats.f.sf(f, 20, 40))
    assert [who.name for who in found.wide] == ["B"]
    assert {"run-chart.operator-off", "run-chart.wide-repeats"} <= codes(found)
    assert "run-chart.drift" not in codes(found)
    assert found.verdict.level == "caution"
    assert list(found.table()["检验员"]) == ["A", "B", "C"]


def test_uneven_offsets_are_least_squares_of_cell_means():
    cube = noise((6, 4, 3), seed=4) + np.array([0, 0.2, 0, -3.0])[:, None]
    cube += 1.5 * np.random.default_rng(2).normal(size=(6, 4, 1))
    df = table(cube).drop(index=[0, 1, 2, 13, 30, 31, 70]).sample(frac=1, random_state=3)
    found = qt.msa.gage_run_chart(df, **ROLES)
    means = df.groupby(["零件", "检验员"])["读数"].mean().reset_index()
    x = pd.get_dummies(means[["零件", "检验员"]].astype(str), dtype=float).to_numpy()
    fit = np.linalg.lstsq(x, means["读数"], rcond=None)[0]
    people = dict(zip(sorted(df["检验员"].unique()), fit[6:] - fit[6:].mean(), strict=True))
    rest = means["读数"] - x @ fit
    variance, df_cells = rest @ rest / (23 - 6 - 3), 23 - 6 - 3
    groups = df.groupby(["零件", "检验员"])["读数"]
    within = ((df["读数"] - groups.transform("mean")) ** 2).sum() / (len(df) - 23)
    assert variance > within * (1 / groups.size()).mean()  # the cell means decide here
    centre = np.eye(4) - 0.25
    contrast = np.hstack([np.zeros((4, 6)), centre])
    cov = contrast @ np.linalg.pinv(x.T @ x) @ contrast.T
    for who in found.people:
        at = sorted(people).index(who.name)
        assert who.mean == pytest.approx(people[who.name], abs=1e-9)
        reach = stats.t.isf(0.05 / 8, df_cells) * (variance * cov[at, at]) ** 0.5
        assert who.offset.high - who.mean == pytest.approx(reach, rel=1e-9)
    assert [who.name for who in found.off if who.mean < 0] == ["丁"]
    assert "低" in found.verdict.text


def test_drift_is_the_slope_over_the_order_within_cells():
    cube = noise((8, 3, 3), seed=7)
    when = np.random.default_rng(9).permutation(72) + 1
    df = table(cube, 序=when)
    df["读数"] += 0.04 * when
    found = qt.msa.gage_run_chart(df, **ROLES, order="序")
    cells = pd.get_dummies(df["零件"].astype(str) + df["检验员"], dtype=float).to_numpy()
    x = np.column_stack([when, cells])
    fit = np.linalg.lstsq(x, df["读数"], rcond=None)[0]
    rest = df["读数"] - x @ fit
    se = (rest @ rest / 47 * np.linalg.inv(x.T @ x)[0, 0]) ** 0.5
    assert found.drift.change == pytest.approx(71 * fit[0])
    assert found.drift.p == pytest.approx(2 * stats.t.sf(fit[0] / se, 47))
    assert found.drift.interval.high == pytest.approx(71 * (fit[0] + stats.t.isf(0.025, 47) * se))
    assert "run-chart.drift" in codes(found)
    assert "上升" in found.verdict.text
    days = df.assign(日=pd.Timestamp("2024-01-01") + pd.to_timedelta(when, unit="D"))
    again = qt.msa.gage_run_chart(days, **ROLES, order="日")
    assert again.drift.change == pytest.approx(found.drift.change)


def test_nothing_stands_out_as_often_as_promised():
    """Of studies without any pattern, about one in twenty is called off, and one in twenty wide."""
    off = wide = 0
    for seed in range(120):
        found = qt.msa.gage_run_chart(table(noise((5, 3, 2), seed)), **ROLES)
        off += bool(found.off)
        wide += bool(found.wide)
    assert 1 <= off <= 15
    assert 1 <= wide <= 15


@settings(max_examples=20)
@given(shift=st.floats(-1e6, 1e6), seed=st.integers(0, 50))
def test_shift_and_row_order_change_nothing(shift, seed):
    df = table(noise((4, 3, 2), seed))
    one = qt.msa.gage_run_chart(df, **ROLES).metrics()
    moved = df.assign(读数=df["读数"] + shift).sample(frac=1, random_state=seed)
    moved = moved.sort_values("检验员", kind="stable")
    two = qt.msa.gage_run_chart(moved, **ROLES)
    places = [1 + [who.name for who in two.people].index(name) for name in "甲乙丙"]
    for mine, place in enumerate(places, 1):
        for key in ("offset", "offset_low", "sd", "sd_high"):
            found = two.metrics()[f"operator{place}_{key}"]
            assert found == pytest.approx(one[f"operator{mine}_{key}"], rel=1e-6, abs=1e-8)


def test_identical_repeats():
    cube = noise((5, 3, 2))
    cube[:, 1, 1] = cube[:, 1, 0]
    found = qt.msa.gage_run_chart(table(cube), **ROLES)
    assert found.identical == 5
    assert "run-chart.one-without-spread" in codes(found)
    assert {check.level for check in found.checks if "identical" in check.code} == {"info"}
    cube[:, :, 1] = cube[:, :, 0]
    every = qt.msa.gage_run_chart(table(cube, 序=np.arange(30)), **ROLES, order="序")
    assert every.identical == every.repeated == 15
    assert every.drift is None
    assert "重复读数全都一样" in every.verdict.text
    assert "spread_p" not in every.metrics()


def test_nested_parts_hide_offsets():
    cube = noise((6, 1, 3))[:, 0]
    rows = [(p, "甲乙"[p // 3], x) for p in range(6) for x in cube[p]]
    df = pd.DataFrame(rows, columns=["零件", "检验员", "读数"])
    found = qt.msa.gage_run_chart(df, **ROLES, design="nested")
    assert found.people[0].mean is None
    assert "run-chart.nested" in codes(found)
    assert "operator1_offset" not in found.metrics()
    assert "偏移" not in found.table()
    figure = found.figure()
    assert figure.layout.xaxis2.ticktext == ("3", "4", "5")
    with pytest.raises(qt.QualityDataError, match="嵌套研究"):
        qt.msa.gage_run_chart(df, **ROLES)


def test_one_reading_a_cell():
    found = qt.msa.gage_run_chart(table(noise((5, 3, 1)), 序=np.arange(15)), **ROLES, order="序")
    assert found.people[0].sd is None
    assert found.people[0].offset is not None
    assert found.drift is None
    assert "run-chart.no-repeats" in codes(found)
    tree = table(noise((2, 2, 1))).iloc[:3]  # nothing is left over
    assert qt.msa.gage_run_chart(tree, **ROLES).people[0].offset is None


def test_one_operator_adds_a_constant():
    cube = np.repeat(np.arange(4.0)[:, None, None], 2, axis=1) + np.array([0.0, 1.0])[:, None]
    found = qt.msa.gage_run_chart(table(cube), **ROLES)
    assert found.people[1].offset.low == found.people[1].offset.high == pytest.approx(0.5)


def test_figure_of_few_and_of_many():
    few = qt.msa.gage_run_chart(table(noise((5, 3, 2))), **ROLES).figure()
    assert len(few.data) == 3
    assert len([y for y in few.data[0].y if y is not None]) == 10
    assert few.layout.meta["alt"]
    many = qt.msa.gage_run_chart(table(noise((400, 12, 2))), **ROLES).figure()
    assert len(many.data) == 8
    assert len(many.layout.xaxis.ticktext) <= 12
    assert sum(y is not None for y in many.data[0].y) == 800
    assert "12 人中" in many.layout.title.text


@pytest.mark.parametrize(
    ("options", "change", "words"),
    [
        ({"confidence": 95}, {}, "置信水平"),
        ({"design": "crosed"}, {}, "crosed"),
        ({"order": "序"}, {}, "找不到列“序”"),
        ({"order": "序"}, {"序": ["一"] * 12}, "不是数字"),
        ({"order": "序"}, {"序": [pd.NaT] + [pd.Timestamp("2024-01-01")] * 11}, "1 个空格子"),
    ],
)
def test_refusals(options, change, words):
    df = table(noise((3, 2, 2))).assign(**change)
    with pytest.raises(qt.QualityDataError, match=words):
        qt.msa.gage_run_chart(df, **ROLES, **options)


@pytest.mark.parametrize("operators", [2, 3, 6])
def test_a_panel_title_stands_clear_of_the_tick_labels_above(operators):
    """Under a nested band are names and the next band's title: about 20 pixels each."""
    df = table(noise((5, operators, 2)))
    df["零件"] = df["检验员"] + df["零件"].astype(str)
    fig = qt.msa.gage_run_chart(df, **ROLES, design="nested").figure()
    plot = fig.layout.height - fig.layout.margin.t - fig.layout.margin.b
    edges = sorted(axis.domain for axis in fig.select_yaxes())
    gaps = [plot * (above[0] - below[1]) for below, above in pairwise(edges)]
    assert len(gaps) == operators - 1
    assert min(gaps) >= 48
    assert plot * (edges[0][1] - edges[0][0]) > 70  # and a band keeps its height
