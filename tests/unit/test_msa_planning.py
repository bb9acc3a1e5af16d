"""Plans of gauge studies: limits of a study with expected mean squares, and simulated studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.msa.planning import OPERATORS, PARTS, TRIALS

ROLES = {"part": "零件", "operator": "检验员", "value": "读数"}


def study(cube):
    index = np.indices(cube.shape).reshape(3, -1)
    return pd.DataFrame({"零件": index[0], "检验员": index[1], "读数": cube.ravel()})


def limits(cube):
    found = qt.msa.gage_rr(study(cube), **ROLES, alpha_pool=0)
    return found.intervals["pct_study_var"].low, found.intervals["pct_study_var"].high


def plan(**options):
    return qt.msa.plan_gage_study(**({"pct_study_var": 20, "upper": 35} | options))


@pytest.mark.parametrize(("pct", "share"), [(20, 0.5), (9, 0.2), (40, 0.9)])
@pytest.mark.parametrize("shape", [(10, 3, 3), (5, 8, 2), (25, 4, 3)])
def test_limits_are_those_of_a_study_that_comes_out_as_expected(pct, share, shape):
    """Readings made so that each mean square equals its expectation, through gage_rr."""
    p, o, r = shape
    g = (pct / 100) ** 2
    error, part, operator = (1 - share) * g, 1 - g, share * g
    rng = np.random.default_rng(3)

    def effect(n, variance):
        x = rng.normal(size=n)
        x -= x.mean()
        return x * (variance / x.var(ddof=1)) ** 0.5

    noise = rng.normal(size=shape)
    noise -= noise.mean(axis=(1, 2), keepdims=True)
    noise -= noise.mean(axis=(0, 2), keepdims=True)
    df = p * o * r - p - o + 1
    noise *= (error * df / (noise**2).sum()) ** 0.5
    cube = effect(p, part + error / (o * r))[:, None, None]
    cube = cube + effect(o, operator + error / (p * r))[:, None] + noise
    found = plan(
        pct_study_var=pct,
        operator_share=share,
        upper=99,
        budget=p * o * r,
        parts=[p],
        operators=[o],
        trials=[r],
    )
    assert (found.best.low, found.best.high) == pytest.approx(limits(cube), rel=0.02)


def test_half_of_simulated_studies_are_better():
    found = plan(pct_study_var=25, parts=[10], operators=[6], trials=[2], budget=120, upper=99)
    rng = np.random.default_rng(11)
    g = 0.25**2
    highs = []
    for _ in range(80):
        cube = rng.normal(size=(10, 1, 1)) * (1 - g) ** 0.5
        cube = cube + rng.normal(size=(1, 6, 1)) * (g / 2) ** 0.5
        cube = cube + rng.normal(size=(10, 6, 2)) * (g / 2) ** 0.5
        highs.append(limits(cube)[1])
    # the count of 80 halves is within 40 ± 15
    assert 25 <= sum(high > found.best.high for high in highs) <= 55


def test_the_cheapest_design_that_meets_the_wish():
    found = plan()
    assert found.met
    assert found.best.high <= 35
    assert all(row.high > 35 for row in found.rows if row.readings < found.best.readings)
    sizes = [p * o * r for p in PARTS for o in OPERATORS for r in TRIALS]
    assert len(found.rows) == sum(size <= 150 for size in sizes)
    narrow = plan(upper=None, width=30)
    assert narrow.best.width <= 30
    assert all(row.width > 30 for row in narrow.rows if row.readings < narrow.best.readings)
    assert narrow.wish.endswith("30 个百分点")


def test_operators_help_and_trials_do_not():
    row = plan(parts=[10], operators=[3], trials=[3], budget=90, upper=99)
    parts, operators, trials = (each.high for each in row.doubled)
    assert operators < parts < row.best.high
    assert operators < 0.65 * row.best.high
    assert trials > 0.97 * row.best.high
    assert "检验员加倍最有用" in row.verdict.text
    assert "检验员加倍最有用" in row.figure().layout.title.text
    m = row.metrics()
    assert m["double_operators_high"] == operators
    assert m["readings"] == 90


def test_where_only_repeats_matter_trials_do_help():
    few = plan(operator_share=0, parts=[25], operators=[2], trials=[2], budget=100, upper=99)
    assert few.best.width > few.doubled[2].width
    # no part of the gauge's variance is the operators': the figure must not praise them
    none = plan(operator_share=0)
    highs = dict(zip(("零件", "检验员", "次数"), (row.high for row in none.doubled), strict=True))
    assert min(highs, key=highs.get) == "零件"
    assert "零件加倍最有用" in none.figure().layout.title.text
    assert "零件加倍最有用" in none.verdict.text


def test_a_wish_that_cannot_be_met():
    found = plan(pct_study_var=9, upper=10)
    assert not found.met
    assert found.verdict.level == "caution"
    assert "达不到愿望" in found.verdict.text
    assert found.best.high == min(row.high for row in found.rows)
    assert found.table()["设计"][0] == "预算内最接近的设计"


def test_figure_and_table():
    found = plan()
    figure = found.figure()
    assert figure.layout.meta["alt"]
    assert [trace.name for trace in figure.data][:2] == ["2 人", "3 人"]
    assert all(np.diff(trace.y).max(initial=-1) < 0 for trace in figure.data[:-1])
    assert not any(
        "愿望" in str(note.text) for note in plan(upper=None, width=9).figure().layout.annotations
    )
    assert list(found.table()["读数"]) == [80, 160, 160, 160]
    assert {check.code for check in found.checks} == {"plan.expected-only", "plan.assumptions"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pct_study_var": 0}, "不在 0 和 100 之间"),
        ({"pct_study_var": "20"}, "不在 0 和 100 之间"),
        ({"operator_share": 1}, "operator_share"),
        ({"width": 10}, "只能写一个"),
        ({"upper": None}, "只能写一个"),
        ({"upper": 20}, "大于 20"),
        ({"upper": None, "width": -1}, "大于 0"),
        ({"parts": [1]}, "parts"),
        ({"trials": []}, "trials"),
        ({"operators": [2.5]}, "operators"),
        ({"budget": 10.5}, "budget"),
        ({"budget": 19}, "最小的设计也要 20 个"),
        ({"confidence": 5}, "置信水平"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(qt.QualityDataError, match=words):
        plan(**options)
