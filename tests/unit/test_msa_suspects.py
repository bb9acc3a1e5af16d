"""Suspicious readings of a gauge study: slips, pasted rows, a coarse scale, a counter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.msa.outliers import far_readings

ROLES = {"part": "零件", "operator": "检验员", "value": "读数"}


def study(parts=10, operators=3, trials=3, *, seed=1, decimals=6, part_sd=5.0):
    """An ordinary study: repeats with a spread of 1."""
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(1, parts + 1), list("甲乙丙丁")[:operators], range(1, trials + 1)],
        names=["零件", "检验员", "次数"],
    ).to_frame(index=False)
    part, operator = (pd.factorize(frame[name])[0] for name in ("零件", "检验员"))
    y = part_sd * rng.normal(size=parts)[part] + 2 * rng.normal(size=operators)[operator]
    frame["读数"] = np.round(y + rng.normal(size=part.size), decimals)
    return frame


def gage(frame, **options):
    return qt.msa.gage_rr(frame, **ROLES | options)


def text_of(result, code):
    return next((check.text for check in result.checks if check.code == code), "")


def places(frame):
    part, operator = (pd.factorize(frame[name])[0] for name in ("零件", "检验员"))
    return far_readings(frame["读数"].to_numpy(), part.astype(np.intp), operator.astype(np.intp))


@pytest.mark.parametrize("trials", [1, 2, 3])
def test_a_lost_point_is_named_in_caveat_and_decision(trials):
    frame = study(trials=trials)
    frame["读数"] += 100
    frame.loc[7, "读数"] *= 100
    result = gage(frame)
    check = next(check for check in result.checks if check.code == "gage-rr.outlier")
    assert check.level == "bad"
    assert "第 8 行" in check.text
    assert "第 8 行的读数远在外面，先核对" in result.verdict.text
    assert places(frame) == [(7,)]


def test_two_slips_are_both_named_and_a_real_difference_is_not():
    frame = study(trials=2)
    frame.loc[3, "读数"] += 40
    frame.loc[22, "读数"] -= 40
    assert places(frame) == [(3,), (22,)]
    apart = study(trials=2)
    apart.loc[apart["检验员"] == "乙", "读数"] += 40  # a person who is off is no slip
    apart.loc[apart["零件"] == 3, "读数"] += 900
    assert places(apart) == []


def test_of_two_readings_of_a_nested_part_either_may_be_meant():
    frame = study(operators=3, parts=12, trials=2)
    frame = frame[(frame["零件"] - 1) // 4 == pd.factorize(frame["检验员"])[0]].reset_index(
        drop=True
    )
    frame.loc[5, "读数"] += 300
    result = gage(frame, design="nested")
    assert "第 5 或 6 行" in text_of(result, "gage-rr.outlier")


@pytest.mark.parametrize("decimals", [6, 0])
@pytest.mark.parametrize("shape", [(10, 3, 3), (10, 3, 2), (5, 2, 2), (4, 2, 5), (10, 3, 1)])
def test_ordinary_studies_hardly_ever_have_a_suspect(shape, decimals):
    found = [bool(places(study(*shape, seed=seed, decimals=decimals))) for seed in range(300)]
    assert sum(found) <= 3


def test_published_studies_have_no_suspects():
    classic = gage(qt.load("gage-classic"))
    codes = {check.code for check in classic.checks}
    assert not codes & {
        "gage-rr.outlier", "gage-rr.coarse", "gage-rr.duplicate-rows", "gage-rr.not-a-reading",
    }  # fmt: skip
    assert "先核对" not in classic.verdict.text


def test_a_coarse_scale_is_named():
    assert text_of(gage(study(decimals=1)), "gage-rr.coarse") == ""
    frame = study()
    frame["读数"] = 3 * np.round(frame["读数"] / 3)
    said = text_of(gage(frame), "gage-rr.coarse")
    spread = frame.groupby(["零件", "检验员"])["读数"].agg(np.ptp)
    assert "最小间隔是 3，" in said
    assert f"{100 * (spread == 0).mean():.0f} % 的组合" in said
    assert (spread == 0).mean() > 0.25


def test_rows_pasted_twice_are_named_only_where_a_column_tells_repeats_apart():
    frame = study()
    twice = pd.concat([frame, frame.iloc[[4]]], ignore_index=True)
    assert "第 91 行" in text_of(gage(twice), "gage-rr.duplicate-rows")
    assert text_of(gage(frame), "gage-rr.duplicate-rows") == ""
    bare = twice.drop(columns="次数")  # two equal readings are nothing odd
    assert text_of(gage(bare), "gage-rr.duplicate-rows") == ""


def test_a_counter_is_no_reading():
    result = gage(study(), value="次数")
    check = next(check for check in result.checks if check.code == "gage-rr.not-a-reading")
    assert check.level == "bad"
    assert "“次数”像是序号" in result.verdict.text
    whole = study(decimals=0)
    assert text_of(gage(whole), "gage-rr.not-a-reading") == ""


def test_the_total_is_never_less_than_its_parts():
    for frame in (study(seed=3), study(seed=3, part_sd=0.0)):
        for value in ("读数", "次数"):
            found = gage(frame, value=value).intervals
            for part in ("grr", "part", "repeatability", "operator"):
                assert found["total_var"].high >= found[f"{part}_var"].high
                assert found["total_var"].low >= found[f"{part}_var"].low
