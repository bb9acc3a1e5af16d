"""Capability: what a study says, refuses and draws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtools as qt
from qtools.capability import CRITERIA, Criteria, Grade, process_capability
from qtools.errors import QualityDataError

NESTED = ("炉次", "炉区")
SPEC = {"lsl": 460, "usl": 660, "target": 560}


@pytest.fixture(scope="module")
def film() -> pd.DataFrame:
    return qt.load("furnace")


@pytest.fixture(scope="module")
def furnace(film):
    return process_capability(film, value="膜厚", subgroup="炉次", nested=NESTED, **SPEC)


def normal(n: int = 100, groups: int | None = None) -> pd.DataFrame:
    """Normal scores in a scrambled, stable order: mean 0, nothing but normal."""
    x = stats.norm.ppf((np.arange(n) + 0.5) / n)
    x = x[np.random.default_rng(5).permutation(n)]
    df = pd.DataFrame({"x": x})
    if groups:
        df["g"] = np.repeat(np.arange(groups), n // groups)
    return df


def codes(result) -> set[str]:
    return {check.code.removeprefix("capability.") for check in result.checks}


def panels(result) -> list[tuple[str, int, int]]:
    return [(panel.name, panel.points, panel.signals) for panel in result.stability.panels]


# ── what exists for which specification ──────────────────────────────────────────────────────


def test_keys_are_those_of_the_design(furnace):
    keys = furnace.metrics().keys()
    single = {
        *("n", "mean", "sd_within", "sd_within_estimator", "sd_overall", "sd_nested", "df_nested"),
        *("n_below_lsl", "n_above_usl"),
    }
    indices = {
        *("cp", "cpk", "pp", "ppk", "cpm", "cpm_within", "pp_nested", "ppk_nested"),
        *("ppm_below_lsl", "ppm_above_usl"),
    }
    tails = {f"{key}_{tail}" for key in indices for tail in ("low", "high")}
    assert keys == single | indices | tails
    for key, value in furnace.metrics().items():
        assert type(value) in (int, float, str), key
        assert not isinstance(value, float) or math.isfinite(value), key


@pytest.mark.parametrize(("side", "tail"), [("lsl", "below_lsl"), ("usl", "above_usl")])
def test_one_sided_specification(film, side, tail):
    both = process_capability(film, value="膜厚", **SPEC).metrics()
    one = process_capability(film, value="膜厚", **{side: SPEC[side]})
    m = one.metrics()
    assert not {"cp", "pp", "cpm", "cpm_within"} & m.keys()
    assert [key for key in m if key.startswith(("ppm", "n_"))] == [
        f"n_{tail}",
        f"ppm_{tail}",
        f"ppm_{tail}_low",
        f"ppm_{tail}_high",
    ]
    assert m[f"ppm_{tail}"] == both[f"ppm_{tail}"]
    room = abs(SPEC[side] - m["mean"])
    assert m["ppk"] == pytest.approx(room / (3 * film["膜厚"].std()), rel=1e-12)
    assert len(one.figure().layout.shapes) == 1
    with pytest.raises(KeyError):
        one.index("cp")


def test_target_defaults_to_the_middle(film):
    given = process_capability(film, value="膜厚", **SPEC).metrics()
    left_out = process_capability(film, value="膜厚", lsl=460, usl=660).metrics()
    assert given == left_out
    elsewhere = process_capability(film, value="膜厚", lsl=460, usl=660, target=580)
    off = elsewhere.mean - 580
    assert elsewhere.metrics()["cpm"] == pytest.approx(
        200 / (6 * math.sqrt(film["膜厚"].var() + off**2)), rel=1e-12
    )
    assert "target-off-centre" in codes(elsewhere)


@pytest.mark.parametrize(
    ("within", "value", "df"),
    [
        ("pooled", lambda t: math.sqrt(t.var().mean()), 147),
        ("s", lambda t: t.std().mean() / 0.9650304561473718, None),
        ("r", lambda t: (t.max() - t.min()).mean() / 2.847200612090555, None),
    ],
)
def test_estimators_within(film, within, value, df):
    result = process_capability(film, value="膜厚", subgroup="炉次", within=within, **SPEC)
    sd = value(film.groupby("炉次")["膜厚"])
    assert result.metrics()["cp"] == pytest.approx(200 / (6 * sd), rel=1e-12)
    assert df is None or result.index("cp").df == df
    assert result.within.name in result.table()["σ 口径"].tolist()


def test_moving_range_without_subgroups(film):
    result = process_capability(film, value="膜厚", **SPEC)
    sd = film["膜厚"].diff().abs().mean() * math.sqrt(math.pi) / 2  # d₂(2) = 2/√π
    assert result.metrics()["sd_within"] == pytest.approx(sd, rel=1e-12)
    assert result.metrics()["sd_within_estimator"] == "mr"


def test_confidence_widens_and_nested_needs_no_subgroup(film):
    narrow = process_capability(film, value="膜厚", nested=list(NESTED), confidence=0.8, **SPEC)
    wide = process_capability(film, value="膜厚", nested=NESTED, confidence=0.99, **SPEC)
    for index in narrow.indices:
        other = wide.index(index.key).interval
        assert other.low < index.interval.low <= index.value <= index.interval.high < other.high
    as_text = process_capability(film, value="膜厚", nested="炉次", **SPEC)
    assert as_text.nested == ("炉次",)


# ── verdict ──────────────────────────────────────────────────────────────────────────────────


def test_ladder_and_its_boundaries():
    names = [CRITERIA.grade(x).name for x in (1.68, 1.67, 1.33, 1.0, 0.67, -1)]
    assert names == ["特级", "一级", "二级", "三级", "四级", "四级"]
    assert "特级 > 1.67，一级 > 1.33，二级 > 1.00，三级 > 0.67" in CRITERIA.rule


def test_verdict_with_nested_levels_rests_on_the_nested_lower_limit(furnace):
    """Run means as single values: no signal (e-Handbook's data; anchors of the issue), so stable;
    readings of a run depend on each other, so not Cpk."""
    assert panels(furnace) == [
        ("“炉次”均值", 21, 0),
        ("均值的移动极差", 20, 0),
        ("组内标准差", 21, 0),
    ]
    assert furnace.deciding.key == "ppk_nested"
    assert furnace.verdict.level == "caution"
    text = furnace.verdict.text
    assert "等级是三级" in text  # 0.997
    assert "0.997" in text
    assert "点估计属二级，上限 1.522 属一级：等级还没有定下来" in text


def test_verdict_of_an_unstable_process_without_the_nested_view_takes_ppk(film):
    result = process_capability(film, value="膜厚", subgroup="炉次", **SPEC)
    assert panels(result) == [("均值", 21, 8), ("标准差", 21, 0)]
    assert result.deciding.key == "ppk"
    assert result.verdict.text.startswith("过程不稳")
    assert "等级是二级" in result.verdict.text  # 1.128


def test_nested_levels_without_subgroups_or_without_any_difference(film):
    alone = process_capability(film, value="膜厚", nested=NESTED, **SPEC)
    assert [points for _, points, _ in panels(alone)] == [21, 20, 21]
    level = pd.DataFrame({"x": [1.0, 2, 3, 3, 2, 1], "g": list("aaabbb")})  # equal means
    still = process_capability(level, value="x", nested=("g",), lsl=0, usl=9)
    assert [name for name, _, _ in panels(still)] == ["组内标准差"]  # the means do not move
    assert still.stability.stable
    shifted = film.copy()
    shifted.loc[shifted["炉次"] > 20, "膜厚"] += 150
    moved = process_capability(shifted, value="膜厚", nested=NESTED, lsl=300, usl=900)
    assert "unstable" in codes(moved)
    assert moved.deciding.key == "ppk_nested"


def test_verdict_of_a_stable_process_rests_on_cpk_and_may_be_settled():
    stable = process_capability(normal(100, 20), value="x", subgroup="g", lsl=-9, usl=9)
    assert stable.stability.stable
    assert stable.deciding.key == "cpk"
    assert stable.verdict.level == "good"
    assert "等级是特级" in stable.verdict.text
    assert "等级已定" in stable.verdict.text
    poor = process_capability(normal(), value="x", lsl=-1, usl=1)
    assert (poor.verdict.level, "等级是四级" in poor.verdict.text) == ("bad", True)
    between = process_capability(normal(), value="x", lsl=-3.4, usl=3.4)
    assert between.verdict.level == "caution"
    assert "等级还没有定下来" in between.verdict.text


def test_an_unstable_process_is_never_good():
    df = normal()
    df.loc[50, "x"] = 4.5  # one point beyond 3σ
    result = process_capability(df, value="x", lsl=-15, usl=15)
    assert result.criteria.grade(result.deciding.interval.low).name == "特级"
    assert result.verdict.level == "caution"
    assert result.deciding.key == "ppk"
    assert "unstable" in codes(result)


def test_ladder_of_the_caller(film):
    own = Criteria((Grade("合格", 1.2, "good"), Grade("不合格", -math.inf, "bad")), "厂标 1")
    result = process_capability(film, value="膜厚", criteria=own, **SPEC)
    assert result.verdict.source == "厂标 1"
    assert "等级是不合格" in result.verdict.text
    assert "点估计和上限 1.419 都属合格" in result.verdict.text
    alone = Criteria((Grade("不分级", -math.inf, "info"),), "自定")
    assert process_capability(film, value="膜厚", criteria=alone, **SPEC).verdict.level == "caution"
    assert "只设不分级" in alone.rule


@pytest.mark.parametrize(
    "grades",
    [
        (),
        (Grade("甲", 1.0, "good"),),
        (Grade("甲", 1.0, "good"), Grade("乙", 1.0, "bad"), Grade("丙", -math.inf, "bad")),
    ],
)
def test_a_broken_ladder_is_refused(grades):
    with pytest.raises(QualityDataError, match="等级表"):
        Criteria(grades, "x")


# ── caveats ──────────────────────────────────────────────────────────────────────────────────


def test_a_clean_study_has_no_caveat_but_the_extrapolation():
    result = process_capability(normal(100, 20), value="x", subgroup="g", lsl=-9, usl=9)
    assert codes(result) == {"extrapolated-ppm"}


def test_caveats_of_furnace(furnace, film):
    assert codes(furnace) == {"dependent-readings", "within-vs-overall", "extrapolated-ppm"}
    assert [check.level for check in furnace.checks] == ["caution", "caution", "info"]
    said = {check.code: check.text for check in furnace.checks}
    dependent = said["capability.dependent-readings"]
    for part in ("F = 5.37", "F = 4.73", "有效自由度约 53.3", "1.259［0.997, 1.522］"):
        assert part in dependent
    assert "1.43 倍（Cp = 1.88，Pp = 1.31）" in said["capability.within-vs-overall"]
    assert "91.4 ppm" in said["capability.extrapolated-ppm"]
    plain = process_capability(film, value="膜厚", subgroup="炉次", **SPEC)
    assert [check.level for check in plain.checks] == ["bad", "caution", "caution", "info"]
    said = {check.code: check.text for check in plain.checks}
    assert "均值图 21 个点有 8 个超出控制限" in said["capability.unstable"]
    assert "nested=('炉次',)" in said["capability.dependent-readings"]


def test_unstable_names_the_spread_chart_too():
    df = normal(100, 20)
    df.loc[df["g"] == 3, "x"] *= 6
    df["x"] -= df.groupby("g")["x"].transform("mean")  # nothing happens to the means
    result = process_capability(df, value="x", subgroup="g", within="r", lsl=-30, usl=30)
    text = next(c.text for c in result.checks if c.code == "capability.unstable")
    assert "X̄-R" in text
    assert "极差图 20 个点有 1 个" in text
    assert "均值图" not in text


def test_readings_and_mean_out_of_spec():
    one_out = process_capability(normal(), value="x", lsl=-2.3, usl=3)
    found = {check.code: check.text for check in one_out.checks}
    text = found["capability.out-of-spec"]
    outside = int((normal()["x"] < -2.3).sum())
    assert f"{outside} 个低于下限" in text
    assert "高于上限" not in text
    assert one_out.metrics()["n_below_lsl"] == outside
    assert "capability.extrapolated-ppm" not in found
    beyond = process_capability(normal(), value="x", lsl=1, usl=9)
    assert beyond.metrics()["cpk"] < 0
    assert beyond.metrics()["ppk_high"] < 0
    assert beyond.checks[0].code == "capability.mean-out-of-spec"
    assert beyond.metrics()["ppm_below_lsl"] > 500_000


def test_limits_in_the_wrong_unit_ask_for_the_unit():
    """Readings in metres, limits in micrometres: the message, not an error of the root finder."""
    x = 0.01 + 1e-6 * normal(200)["x"]
    result = process_capability(pd.DataFrame({"x": x}), value="x", lsl=9900, usl=10100)
    assert "请先核对单位" in result.checks[0].text
    m = result.metrics()
    assert (m["ppm_below_lsl"], m["ppm_above_usl"]) == (1e6, 0)
    assert (m["ppm_below_lsl_low"], m["ppm_above_usl_high"]) == (1e6, 0)


def test_equal_readings_within_every_unit_have_no_infinite_f():
    x = np.repeat([1.0, 2, 4, 3, 5, 2], 2)
    df = pd.DataFrame({"x": x, "g": np.repeat(list("abcdef"), 2)})
    found = process_capability(df, value="x", nested=("g",), lsl=-9, usl=19).checks
    text = next(c.text for c in found if c.code == "capability.dependent-readings")
    assert "“g”每个单元内部毫无变差" in text
    assert "inf" not in text
    assert "nan" not in text


def test_on_target_cpm_within_has_the_interval_of_cp(film):
    """x̄ = T makes Cpm (within) Cp, whatever the estimator of σ."""
    x = film.assign(膜厚=film["膜厚"] - film["膜厚"].mean() + 560)
    m = process_capability(x, value="膜厚", subgroup="炉次", **SPEC).metrics()
    for end in ("", "_low", "_high"):
        assert m[f"cpm_within{end}"] == pytest.approx(m[f"cp{end}"], rel=1e-9)


def test_nonnormal_and_few_readings():
    skewed = pd.DataFrame({"x": -np.log(1 - (np.arange(40) + 0.5) / 40)})
    skewed = skewed.iloc[np.random.default_rng(1).permutation(40)]
    found = codes(process_capability(skewed, value="x", usl=5))
    assert {"nonnormal", "few-readings"} <= found
    assert "few-readings" not in codes(process_capability(normal(50), value="x", usl=5))


def test_one_sided_caveats_speak_of_cpk(film):
    result = process_capability(film, value="膜厚", usl=660)
    said = {check.code: check.text for check in result.checks}
    assert "Cpk" in said["capability.within-vs-overall"]
    assert said["capability.extrapolated-ppm"].startswith("规范限在")


# ── bad input ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "没有给规范限"),
        ({"lsl": 660, "usl": 460}, "下规范限 660 不小于上规范限 460"),
        ({"lsl": 5, "usl": 5}, "不小于"),
        ({**SPEC, "target": 700}, "目标值 700 在规格以外"),
        ({"usl": 660, "target": 700}, "目标值 700 在规格以外"),
        ({"lsl": 460, "target": 400}, "目标值 400 在规格以外"),
        ({"lsl": float("nan"), "usl": 660}, "lsl=nan 不是有限的数"),
        ({**SPEC, "confidence": 95}, "confidence=95 不在 0.5 和 1 之间"),
        ({**SPEC, "confidence": 0.05}, "不在 0.5 和 1 之间"),
        ({"lsl": "3", "usl": 660}, "lsl='3' 不是数"),
        ({"usl": True}, "usl=True 不是数"),
        ({**SPEC, "within": "sbar"}, "没有叫“sbar”的组内 σ 估计"),
        ({**SPEC, "within": "s"}, "与子组的写法不配"),
        ({**SPEC, "within": "mr", "subgroup": "炉次"}, "与子组的写法不配"),
        ({**SPEC, "subgroup": "炉号"}, "找不到列“炉号”"),
        ({**SPEC, "nested": ("炉次", "炉位")}, "找不到列“炉位”"),
        ({**SPEC, "nested": ("炉次", "炉次")}, "指定了两次"),
        ({**SPEC, "nested": ("炉次", "炉区", "晶片")}, "只测了 1 次"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_chinese(film, options, words):
    with pytest.raises(QualityDataError, match=words) as caught:
        process_capability(film, value="膜厚", **options)
    assert caught.value.hint


def test_data_that_cannot_be_used_are_refused():
    def refuse(x, words, **options):
        df = pd.DataFrame({"x": x, "g": np.arange(len(x)) // 2, "h": "甲"})
        with pytest.raises(QualityDataError, match=words):
            process_capability(df, value="x", lsl=0, usl=9, **options)

    refuse([1.0, 2, 3, 4], "只有 4 个读数")
    refuse([3.0] * 8, "8 个读数全都相同")
    refuse([1.0, 1, 2, 2, 3, 3], "每个子组内部都没有变差", subgroup="g")
    refuse([1.0, 2, 3, 4, 5], "只有 1 个值", subgroup="g")
    refuse([1.0, 2, 3, 4, 5, 6], "只有 1 个子组“甲”", subgroup="h")
    refuse(["1.0", "2", "三", "4", "5", "6"], "不是数字")


# ── what people see ──────────────────────────────────────────────────────────────────────────


def test_table_shows_every_index_with_its_estimator(furnace):
    table = furnace.table()
    assert table.columns.tolist() == ["指数", "估计", "区间下限", "区间上限", "σ 口径", "自由度"]
    assert table["指数"].tolist() == [
        *("均值", "标准差（组内）", "标准差（总）", "标准差（嵌套）"),
        *("Cp", "Cpk", "Pp", "Ppk", "Pp（嵌套）", "Ppk（嵌套）", "Cpm", "Cpm（组内）"),
        *("低于下规范限 ppm", "高于上规范限 ppm"),
    ]
    row = table.set_index("指数").loc["Ppk（嵌套）"]
    assert row["σ 口径"] == "嵌套分量合计（炉次、炉区）"
    assert (row["自由度"], row["区间下限"]) == pytest.approx((53.28318, 0.996535), rel=1e-5)
    html = furnace._repr_mimebundle_()["text/html"]
    assert 'data-code="capability.dependent-readings"' in html
    assert "nan" not in html


def test_figure_is_readable_in_grey_and_without_eyes(furnace):
    fig = furnace.figure()
    bars, whole, within = fig.data
    assert sum(bars.y) == furnace.n
    assert (whole.line.dash, within.line.dash) == ("solid", "dash")
    assert whole.line.color != within.line.color
    width = float(bars.width) if np.isscalar(bars.width) else bars.width[0]
    for curve in (whole, within):  # drawn on the scale of counts
        area = float(np.trapezoid(curve.y, curve.x))
        assert area == pytest.approx(168 * width, rel=0.01)
    assert [shape.x0 for shape in fig.layout.shapes] == [460, 560, 660]
    labels = [note.text for note in fig.layout.annotations]
    assert labels == ["LSL<br>460", "目标<br>560", "USL<br>660"]
    alt = fig.layout.meta["alt"]
    for part in ("168 个读数", "下规范限 460", "上规范限 660", "0 个读数超出规格", "Ppk = 1.273"):
        assert part in alt


def test_a_stray_reading_does_not_ask_for_thousands_of_bars():
    df = pd.DataFrame({"x": [*normal(200)["x"], 1e6]})
    result = process_capability(df, value="x", lsl=-5, usl=5)
    assert len(result.histogram.counts) <= 60
    assert sum(result.histogram.counts) == 201
