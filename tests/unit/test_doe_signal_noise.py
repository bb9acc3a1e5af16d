"""Level analysis, signal-to-noise ratios, crossed arrays and the combined model."""

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.doe.signal_noise import RATIOS

FACTORS = ["匝数", "线径", "铁含量"]


@pytest.fixture
def motor():
    return qt.load("motor-robust")


@pytest.fixture
def yields():
    """L9 of a teaching example printed in many Chinese textbooks: conversion in percent."""
    return qt.load("conversion-l9")


def roles(**more):
    return {"factors": ["温度", "时间", "用碱量"], "response": "转化率", **more}


# ---- level analysis


def test_level_sums_ranges_and_anova_of_the_classic_l9(yields):
    found = qt.doe.range_analysis(yields, **roles())
    sums = [(3 * own).round(9).tolist() for own in found.means]
    assert sums == [[123, 144, 183], [141, 165, 144], [135, 171, 144]]
    assert found.ranges == pytest.approx((20, 8, 12))
    assert found.ranks == (1, 3, 2)
    # sums of squares by the textbook's formula ΣK²/3 − T²/9
    y = yields["转化率"]
    correction = y.sum() ** 2 / 9
    anova = found.anova().set_index("来源")["平方和 SS"]
    for name, own in zip(["温度", "时间", "用碱量"], sums, strict=True):
        assert anova[name] == pytest.approx(sum(k**2 for k in own) / 3 - correction)
    assert anova["误差"] == pytest.approx(18)  # the empty column
    fourth = [0, 1, 2, 2, 0, 1, 1, 2, 0]
    own = y.groupby(fourth).sum()
    assert anova["误差"] == pytest.approx((own**2).sum() / 3 - correction)


def test_anova_agrees_with_statsmodels(yields):
    import statsmodels.api as sm
    from statsmodels.formula.api import ols

    frame = yields.rename(columns={"温度": "a", "时间": "b", "用碱量": "c", "转化率": "y"})
    theirs = sm.stats.anova_lm(ols("y ~ C(a) + C(b) + C(c)", frame).fit(), typ=2)
    found = qt.doe.range_analysis(yields, **roles())
    for (f, p), name in zip(found.tests, ["C(a)", "C(b)", "C(c)"], strict=True):
        assert f == pytest.approx(theirs.loc[name, "F"])
        assert p == pytest.approx(theirs.loc[name, "PR(>F)"])


def test_effective_number_of_readings_is_taguchis(yields):
    """1/nₑ = (1 + degrees of freedom of the factors) / number of runs, for a balanced table."""
    found = qt.doe.range_analysis(yields, **roles())
    best = found.optimum
    assert best.value == pytest.approx(61 + 55 + 57 - 2 * 50)
    assert best.se == pytest.approx(found.fit.s * np.sqrt((1 + 6) / 9))
    two = found.prediction_interval(2)
    half = 4.302652729911275 * 3 * np.sqrt(7 / 9 + 1 / 2)  # t(0.975, 2) from tables
    assert two.high - two.low == pytest.approx(2 * half)


def test_pooling_moves_a_column_into_the_error(yields):
    found = qt.doe.range_analysis(yields, **roles(pool=["时间"]))
    assert found.fit.df == 4
    assert found.fit.sse == pytest.approx(18 + 114)
    assert [check.code for check in found.checks] == ["range-analysis.pooled"]
    assert found.tests[1] is None


def test_saturated_table_refuses_to_conclude(yields):
    table = yields.assign(搅拌=[1, 2, 3, 3, 1, 2, 2, 3, 1])
    found = qt.doe.range_analysis(
        table, factors=["温度", "时间", "用碱量", "搅拌"], response="转化率"
    )
    assert found.fit.df == 0
    assert found.verdict.level == "caution"
    assert found.tests == ((None, None),) * 4
    assert "range-analysis.no-error" in [check.code for check in found.checks]
    assert found.prediction_interval() is None
    assert "p1" not in found.metrics()
    with pytest.raises(qt.QualityDataError, match="没有误差"):
        found.confirm([70])


def test_repeats_in_rows_or_columns_are_the_same(yields):
    rng = np.random.default_rng(3)
    second = yields["转化率"] + rng.normal(0, 2, 9).round(1)
    wide = yields.assign(二=second)
    long = pd.concat([yields, yields.assign(转化率=second)], ignore_index=True)
    one = qt.doe.range_analysis(wide, **roles(response=["转化率", "二"]))
    two = qt.doe.range_analysis(long, **roles())
    assert one.fit.df == two.fit.df == 11
    assert np.array(one.tests) == pytest.approx(np.array(two.tests))
    labels = one.anova()["来源"].tolist()
    assert "其中：空列" in labels
    assert "其中：重复" in labels
    repeat = ((wide["转化率"] - wide["二"]) ** 2 / 2).sum()
    assert one.anova().set_index("来源")["平方和 SS"]["其中：重复"] == pytest.approx(repeat)


@pytest.mark.parametrize("goal", ["larger", "smaller"])
def test_best_combination_is_that_of_the_level_means(yields, goal):
    found = qt.doe.range_analysis(yields, **roles(goal=goal))
    pick = np.argmax if goal == "larger" else np.argmin
    expected = [f.positions[pick(m)] for f, m in zip(found.factors, found.means, strict=True)]
    assert found.best_point.tolist() == expected


def test_target_takes_the_nearest_of_all_combinations(yields):
    found = qt.doe.range_analysis(yields, **roles(goal="target", target=52))
    a, b, c = found.means
    everything = [x + y + z - 100 for x in a for y in b for z in c]
    value = found.optimum.value
    assert abs(value - 52) == pytest.approx(min(abs(v - 52) for v in everything))


def test_order_of_rows_and_offset_change_nothing(yields):
    one = qt.doe.range_analysis(yields, **roles())
    two = qt.doe.range_analysis(yields.sample(frac=1, random_state=4), **roles())
    three = qt.doe.range_analysis(yields.assign(转化率=yields["转化率"] + 1e9), **roles())
    assert one.metrics() == pytest.approx(two.metrics())
    assert np.array(three.tests) == pytest.approx(np.array(one.tests), rel=1e-6)
    assert three.ranges == pytest.approx(one.ranges, rel=1e-6)


def test_missing_run_is_a_caveat(yields):
    found = qt.doe.range_analysis(
        yields.assign(转化率=yields["转化率"].where(yields.index != 3)), **roles()
    )
    codes = [check.code for check in found.checks]
    assert {"doe.missing-run", "range-analysis.unbalanced"} <= set(codes)


def test_confirmation_is_judged_by_the_prediction_interval(yields):
    found = qt.doe.range_analysis(yields, **roles())
    assert found.confirm([74, 75]).level == "good"
    assert found.confirm([30, 31]).level == "bad"


def test_interaction_with_a_column_of_its_own():
    design = qt.doe.orthogonal_array("L8", ["甲", "乙", "丙"], interactions=["甲×乙"])
    points = design.coded
    y = 10 + points["甲"] + 2 * points["甲"] * points["乙"] + [0.1, -0.1, 0, 0.1, 0, 0.1, -0.1, 0]
    frame = points.assign(y=y)
    found = qt.doe.range_analysis(
        frame, factors=["甲", "乙", "丙"], response="y", interactions=["甲×乙"]
    )
    assert found.best_point[:2].tolist() == [1.0, 1.0]
    assert found.fit.df == 3


# ---- signal to noise

READINGS = [8.0, 11.0, 9.5, 12.5]


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        # by hand: Σy² = 431.5, ȳ = 10.25, s² = 3.75, Σ(1/y²)/4 = 0.010338…, Σ(y − 10)² = 11.5
        ("smaller", None, -10 * np.log10(431.5 / 4)),
        ("larger", None, -10 * np.log10((1 / 64 + 1 / 121 + 1 / 90.25 + 1 / 156.25) / 4)),
        ("nominal", None, 10 * np.log10(10.25**2 / 3.75)),
        ("nominal-taguchi", None, 10 * np.log10((4 * 10.25**2 - 3.75) / (4 * 3.75))),
        ("spread", None, -10 * np.log10(3.75)),
        ("target", 10.0, -10 * np.log10(11.5 / 4)),
    ],
)
def test_formulas(kind, target, expected):
    assert RATIOS[kind].compute(np.array(READINGS), target or 0.0) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["smaller", "larger", "nominal"])
def test_formulas_agree_with_pydoe(kind):
    import pydoe

    names = {"smaller": "SMALLER_IS_BETTER", "larger": "LARGER_IS_BETTER",
             "nominal": "NOMINAL_IS_BEST"}  # fmt: skip
    theirs = pydoe.compute_snr(np.array(READINGS), pydoe.TaguchiObjective[names[kind]])
    assert RATIOS[kind].compute(np.array(READINGS), 0.0) == pytest.approx(float(theirs))


def test_motor_runs_have_the_means_and_deviations_of_their_four_readings(motor):
    found = qt.doe.signal_to_noise(motor, factors=FACTORS, response="转矩", kind="larger")
    by_hand = motor.groupby("内表号")["转矩"]
    runs = found.runs()
    assert runs["均值"].tolist() == pytest.approx(by_hand.mean().tolist())
    assert runs["标准差"].tolist() == pytest.approx(by_hand.std().tolist())
    # inner-run contrasts, (high − low), as a second derivation
    ratio = -10 * np.log10(by_hand.apply(lambda y: (1 / y**2).mean()))
    signs = motor.groupby("内表号")[FACTORS].first().replace({"低": -1, "高": 1}).astype(float)
    effects = signs.to_numpy().T @ ratio.to_numpy() / 4
    assert [float(m[1] - m[0]) for m in found.sn.means] == pytest.approx(effects.tolist())
    residual = ratio - ratio.mean() - signs.to_numpy() @ effects / 2
    assert found.sn.fit.sse == pytest.approx(float((residual**2).sum()))


def test_one_reading_that_decides_is_named(motor):
    found = qt.doe.signal_to_noise(motor, factors=FACTORS, response="转矩", kind="larger")
    (check,) = [c for c in found.checks if c.code == "signal-noise.one-reading"]
    assert "读数 8" in check.text
    corrected = motor.assign(转矩=motor["转矩"].replace(8, 88))
    again = qt.doe.signal_to_noise(corrected, factors=FACTORS, response="转矩", kind="larger")
    assert "signal-noise.one-reading" not in [c.code for c in again.checks]


def test_wide_and_long_tables_are_one_analysis(motor):
    wide = motor.pivot_table(index=["内表号", *FACTORS], columns=["温度", "电压"], values="转矩")
    wide.columns = ["一", "二", "三", "四"]
    one = qt.doe.signal_to_noise(
        wide.reset_index(), factors=FACTORS, response=["一", "二", "三", "四"], kind="nominal"
    )
    two = qt.doe.signal_to_noise(motor, factors=FACTORS, response="转矩", kind="nominal")
    assert one.sn.ranges == pytest.approx(two.sn.ranges)


def test_mean_driven_ratio_is_named():
    design = qt.doe.orthogonal_array("L8", ["甲", "乙", "丙"], columns=[1, 2, 4])
    wobble = np.array([1.0, 1.05, 0.97, 1.02, 0.99, 1.01, 1.03, 0.96])
    mean = 50 + 20 * design.points[:, 0] + np.array([0.3, -0.2, 0.1, 0, -0.1, 0.2, 0, -0.3])
    frame = design.coded.assign(**{f"y{i}": mean + e * wobble for i, e in enumerate((-2, 0, 2))})
    found = qt.doe.signal_to_noise(
        frame, factors=["甲", "乙", "丙"], response=["y0", "y1", "y2"], kind="nominal"
    )
    assert "signal-noise.mean-driven" in [check.code for check in found.checks]
    assert found.sn.significant == ("甲",)
    assert found.spread.significant == ()


def test_slope_of_spread_on_mean_agrees_with_scipy(motor):
    from scipy.stats import linregress

    found = qt.doe.signal_to_noise(motor, factors=FACTORS, response="转矩", kind="nominal")
    by_run = motor.groupby("内表号")["转矩"]
    theirs = linregress(np.log10(by_run.mean()), np.log10(by_run.std()))
    assert found.slope.value == pytest.approx(theirs.slope)
    assert found.slope.se == pytest.approx(theirs.stderr)
    assert found.slope.p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("power", [0, 1])
def test_slope_tells_additive_from_proportional_spread(power):
    mean = np.array([20.0, 30, 45, 70, 110, 160, 240, 300])
    frame = qt.doe.orthogonal_array("L8", ["甲", "乙", "丙"], columns=[1, 2, 4]).coded
    frame = frame.assign(**{f"y{e}": mean + e * 0.05 * mean**power for e in (-1, 0, 1)})
    found = qt.doe.signal_to_noise(
        frame, factors=["甲", "乙", "丙"], response=["y-1", "y0", "y1"], kind="nominal"
    )
    assert found.slope.value == pytest.approx(power, abs=1e-9)


def test_single_readings_have_no_spread(yields):
    found = qt.doe.signal_to_noise(yields, **roles(kind="larger"))
    assert found.spread is None
    assert "signal-noise.single-reading" in [check.code for check in found.checks]
    assert found.sn.fit.y.tolist() == pytest.approx((20 * np.log10(yields["转化率"])).tolist())


def test_views_are_there(motor):
    found = qt.doe.signal_to_noise(motor, factors=FACTORS, response="转矩", kind="larger")
    assert found.figure().layout.meta["alt"]
    assert list(found.table()["因子"]) == FACTORS
    assert found.metrics()["n_readings"] == 32


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda df: df, {"kind": "best"}, "best"),
        (lambda df: df, {"kind": "target"}, "目标值"),
        (lambda df: df, {"kind": "nominal", "target": 3}, "目标值"),
        (lambda df: df.assign(转矩=df["转矩"].replace(8, 0)), {"kind": "larger"}, "有 0"),
        (lambda df: df[df.温度.eq("低") & df.电压.eq("低")], {"kind": "nominal"}, "只有 1 个"),
        (lambda df: df.assign(转矩=df["转矩"].where(df["内表号"] != 2, 70)), {"kind": "nominal"},
         "完全相同"),
        (lambda df: df.assign(转矩=70), {"kind": "larger"}, "全都相同"),
        (lambda df: df.assign(匝数="低"), {"kind": "larger"}, "匝数"),
        (lambda df: df, {"kind": "larger", "pool": ["转速"]}, "转速"),
        (lambda df: df, {"kind": "larger", "confidence": 95}, "置信水平"),
        (lambda df: df, {"kind": "larger", "interactions": ["匝数×温度"]}, "温度"),
    ],
)  # fmt: skip
def test_refusals(motor, change, options, words):
    with pytest.raises(qt.QualityDataError, match=words):
        qt.doe.signal_to_noise(change(motor), factors=FACTORS, response="转矩", **options)


# ---- crossing


def test_cross_holds_every_pair_once():
    inner = qt.doe.orthogonal_array("L9", {"温度": (80, 85, 90), "时间": (1, 2, 3)})
    outer = qt.doe.orthogonal_array("L4", ["湿度", "电压"])
    table = qt.doe.cross(inner, outer, seed=4)
    assert len(table) == 36
    assert table[["内表号", "外表号"]].drop_duplicates().shape == (36, 2)
    assert table["试验序"].tolist() == list(range(1, 37))
    assert table["内表号"].tolist() != sorted(table["内表号"])
    for number, group in table.groupby("内表号"):
        expected = inner.factors[0].settings(inner.points[number - 1 : number, 0])[0]
        assert (group["温度"] == expected).all()
    with pytest.raises(qt.QualityDataError, match="温度"):
        qt.doe.cross(inner, qt.doe.orthogonal_array("L4", ["温度"]))


# ---- the combined model


def test_combined_model_recovers_what_was_put_in():
    design = qt.doe.full_factorial(["甲", "乙", "热", "湿"])
    a, b, n, m = design.points.T
    rng = np.random.default_rng(8)
    y = 50 + 4 * a - b + 3 * n + m - 2.5 * a * n + 0.5 * n * m + rng.normal(0, 0.1, 16)
    frame = design.coded.assign(y=y)
    found = qt.doe.robust_model(frame, factors=["甲", "乙"], noise=["热", "湿"], response="y")
    assert dict(zip(found.pair_names, [p.value for p in found.pairs], strict=True))[
        "甲×热"
    ] == pytest.approx(-2.5, abs=0.15)
    mean, sd = found.predict(np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert mean == pytest.approx([54, 46], abs=0.3)
    # variance over the four corners of the noise: slopes² + interaction²
    assert sd[0] == pytest.approx(np.sqrt(0.5**2 + 1 + 0.5**2), abs=0.2)
    assert sd[1] == pytest.approx(np.sqrt(5.5**2 + 1 + 0.5**2), abs=0.3)
    assert found.metrics()["best"].startswith("甲 = 1")


def test_combined_model_coefficients_agree_with_statsmodels(motor):
    from statsmodels.formula.api import ols

    frame = motor.replace({"低": -1, "高": 1}).infer_objects(copy=False)
    frame = frame.rename(
        columns=dict(zip([*FACTORS, "温度", "电压", "转矩"], "abctvy", strict=True))
    )
    for name in "abctv":
        frame[name] = frame[name].astype(float)
    theirs = ols("y ~ a + b + c + t + v + (a + b + c):(t + v) + t:v", frame).fit()
    found = qt.doe.robust_model(motor, factors=FACTORS, noise=["温度", "电压"], response="转矩")
    names = dict(zip(["匝数", "线径", "铁含量", "温度", "电压"], "abctv", strict=True))
    for name, own in zip(found.pair_names, found.pairs, strict=True):
        key = ":".join(names[part] for part in name.split("×"))
        assert own.value == pytest.approx(theirs.params[key])
        assert own.p == pytest.approx(theirs.pvalues[key])


def test_outlier_is_named_with_its_row(motor):
    roles = {"factors": FACTORS, "noise": ["温度", "电压"], "response": "转矩"}
    found = qt.doe.robust_model(motor, **roles)
    (check,) = found.checks
    assert check.code == "robust-model.outlier"
    assert "8 与模型" in check.text
    # statsmodels: external studentised residual of that run, Bonferroni
    from statsmodels.formula.api import ols

    x = found.fit.matrix.x
    frame = pd.DataFrame(x[:, 1:], columns=[f"x{i}" for i in range(x.shape[1] - 1)])
    frame["y"] = found.fit.y
    test = ols("y ~ " + " + ".join(frame.columns[:-1]), frame).fit().outlier_test()
    assert test["bonf(p)"].idxmin() == int(motor["转矩"].to_numpy().argmin())
    assert test["bonf(p)"].min() < 0.01
    clean = motor.assign(转矩=motor["转矩"].replace(8, 88))
    assert qt.doe.robust_model(clean, **roles).checks == ()


def test_target_trades_mean_against_spread():
    design = qt.doe.full_factorial(["甲", "热"], replicates=3)
    a, n = design.points.T
    y = 50 + 6 * a + (1 - 0.8 * a) * n + np.tile([0.05, -0.05, 0.02, 0, 0.03, -0.01], 2)
    frame = design.coded.assign(y=y)
    spread = qt.doe.robust_model(frame, factors=["甲"], noise=["热"], response="y")
    aimed = qt.doe.robust_model(frame, factors=["甲"], noise=["热"], response="y", target=44)
    assert spread.metrics()["best"] == "甲 = 1.0"
    assert aimed.metrics()["best"] == "甲 = -1.0"


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda df: df, {"noise": []}, "噪声因子"),
        (lambda df: df, {"noise": ["温度", "匝数"]}, "既写作"),
        (lambda df: df.assign(温度=["低", "中", "高", "低"] * 8), {"noise": ["温度"]}, "三个以上"),
        (lambda df: df[df["内表号"] < 3], {"noise": ["温度", "电压"]}, "只有一个水平"),
        (lambda df: df, {"noise": ["温度"], "target": "大"}, "目标值"),
    ],
)
def test_combined_model_refusals(motor, change, options, words):
    with pytest.raises(qt.QualityDataError, match=words):
        qt.doe.robust_model(change(motor), factors=FACTORS, response="转矩", **options)


# ---- units, offsets, bends


@pytest.mark.parametrize("unit", [1e-9, 1e-6, 1.0, 1e6])
def test_the_best_setting_does_not_depend_on_the_unit(unit):
    design = qt.doe.full_factorial({"甲": (-1, 0, 1), "乙": (-1, 1), "热": (-1, 1)}, replicates=2)
    a, b, n = design.points.T
    wobble = np.random.default_rng(3).normal(0, 0.2, len(a))
    y = 50 + 6 * a + b + (3 + 2 * a - b) * n + wobble
    frame = design.coded.assign(y=y * unit)
    # by hand: the noise slope 3 + 2a − b is least (0) at a = −1, b = 1
    found = qt.doe.robust_model(frame, factors=["甲", "乙"], noise=["热"], response="y")
    assert found.metrics()["best"] == "甲 = -1.0，乙 = 1.0"
    shown = found.settings_table()
    assert shown["预测标准差"].is_monotonic_increasing
    # 57 is the mean at a = 1, b = 1, whose noise slope 4 costs less than any other mean
    aimed = qt.doe.robust_model(
        frame, factors=["甲", "乙"], noise=["热"], response="y", target=70 * unit
    )
    assert aimed.metrics()["best"] == "甲 = 1.0，乙 = 1.0"
    assert aimed.settings_table()["均方偏差"].is_monotonic_increasing
    for goal, expected in (("larger", [1, 1]), ("smaller", [-1, -1])):
        level = qt.doe.range_analysis(frame, factors=["甲", "乙"], response="y", goal=goal)
        assert level.best_point.tolist() == expected
        assert level.ranks == (1, 2)
    level = qt.doe.range_analysis(
        frame, factors=["甲", "乙"], response="y", goal="target", target=43 * unit
    )
    assert level.best_point.tolist() == [-1, -1]


def test_ties_are_ties_in_any_unit():
    from qtools.doe.ties import steps

    for unit, offset in ((1e-12, 0), (1, 0), (1e9, 0), (1, 1e6)):
        values = offset + unit * np.array([0.3, 0.1 + 0.2, 0.5, 0.3 + 1e-15])
        assert steps(values).tolist()[:2] == [0, 0]
        assert steps(values)[2] > 1000
    assert steps(np.zeros(3)).tolist() == [0, 0, 0]


def bent(seed=1, repeats=3):
    a, n, _ = np.meshgrid([0.0, 10, 20], [-1.0, 1], range(repeats), indexing="ij")
    a, n = a.ravel(), n.ravel()
    y = 10 - 4 * (a / 10 - 1) ** 2 + 2 * n + np.random.default_rng(seed).normal(0, 0.2, a.size)
    return pd.DataFrame({"A": a, "N": n, "y": y})


@pytest.mark.parametrize("seed", range(5))
def test_combined_model_bends_with_three_settings(seed):
    frame = bent(seed)
    found = qt.doe.robust_model(frame, factors=["A"], noise=["N"], response="y", target=10)
    assert found.metrics()["best"] == "A = 10.0"
    shown = found.table().set_index("项")
    assert shown.loc["A²", "类别"] == "可控²"
    # coded A = (a − 10)/10, so that the square's coefficient is −4
    assert shown.loc["A²", "系数"] == pytest.approx(-4, abs=0.4)
    assert found.predict(np.array([[0.0]]))[0] == pytest.approx(
        frame[frame["A"] == 10]["y"].mean(), abs=1e-9
    )
    assert "robust-model.lack-of-fit" not in [check.code for check in found.checks]


def test_combined_model_says_that_it_does_not_fit():
    """A cubic over four settings, which no square follows; F by cells, as a second derivation."""
    a, n, _ = np.meshgrid([-3.0, -1, 1, 3], [-1.0, 1], range(3), indexing="ij")
    frame = pd.DataFrame({"A": a.ravel(), "N": n.ravel()})
    noise = np.random.default_rng(2).normal(0, 0.2, len(frame))
    frame["y"] = 5 + (frame["A"] ** 3 - 7 * frame["A"]) / 6 + frame["N"] + noise
    found = qt.doe.robust_model(frame, factors=["A"], noise=["N"], response="y")
    (check,) = [c for c in found.checks if c.code == "robust-model.lack-of-fit"]
    assert "失拟" in check.text
    cells = frame.groupby(["A", "N"])["y"]
    pure = float(((frame["y"] - cells.transform("mean")) ** 2).sum())
    f = (found.fit.sse - pure) / 3 / (pure / 16)
    assert found.fit.lack_of_fit[2] == pytest.approx(f)


def test_bends_that_cannot_be_told_are_a_caveat():
    """In the inner array below the squares of A and B are one column."""
    inner = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1], [0, 0]], dtype=float)
    points = np.vstack([np.column_stack([inner, np.full(5, n)]) for n in (-1.0, 1.0)])
    frame = pd.DataFrame(points, columns=["A", "B", "N"])
    frame["y"] = 1 + frame["A"] + 3 * frame["N"] + np.random.default_rng(4).normal(0, 0.1, 10)
    found = qt.doe.robust_model(frame, factors=["A", "B"], noise=["N"], response="y")
    (check,) = [c for c in found.checks if c.code == "robust-model.straight"]
    assert check.text.startswith("B有三个以上的设置")
    assert "A²" in found.table()["项"].tolist()


# ---- what is best, and of what


@pytest.mark.parametrize("kind", ["nominal", "nominal-taguchi", "spread"])
def test_no_mean_is_best_where_the_ratio_is_about_the_spread(motor, kind):
    found = qt.doe.signal_to_noise(motor, factors=FACTORS, response="转矩", kind=kind)
    assert found.table()["均值：最好"].tolist() == ["—"] * 3
    assert "—" not in found.table()["20 lg s：最好"].tolist()
    assert {"mean_best1", "mean_optimum", "mean_prediction_low"}.isdisjoint(found.metrics())
    assert "最好" not in found.mean.verdict.text
    assert "最好" not in found.mean.figure().layout.meta["alt"]
    with pytest.raises(qt.QualityDataError, match="谈不上最好"):
        _ = found.mean.best_point


@pytest.mark.parametrize(
    ("kind", "target", "pick"),
    [("larger", None, np.argmax), ("smaller", None, np.argmin)],
)
def test_the_mean_has_the_goal_of_the_ratio(motor, kind, target, pick):
    found = qt.doe.signal_to_noise(motor, factors=FACTORS, response="转矩", kind=kind)
    for factor, means, best in zip(
        found.mean.factors, found.mean.means, found.table()["均值：最好"], strict=True
    ):
        assert best == factor.levels[pick(means)]


def test_repeating_the_sheet_gives_ratios_no_error_and_no_advice_says_so():
    inner = qt.doe.orthogonal_array("L4", ["甲", "乙", "丙"])
    sheet = qt.doe.cross(inner, qt.doe.full_factorial(["热"]), seed=1)
    rng = np.random.default_rng(6)
    thrice = pd.concat([sheet] * 3, ignore_index=True).assign(y=rng.normal(20, 1, 24))
    found = qt.doe.signal_to_noise(thrice, factors=["甲", "乙", "丙"], response="y", kind="nominal")
    assert found.sn.fit.df == 0
    (check,) = [c for c in found.checks if c.code == "range-analysis.no-error"]
    said = [found.verdict.text, found.verdict.rule, check.text, found.sn.verdict.text]
    assert not [text for text in said if "重复" in text or "做两次" in text]
    with pytest.raises(qt.QualityDataError) as refused:
        found.sn.confirm([3])
    assert "重复" not in str(refused.value)
    # what the advice names does give error
    for pooled, factors in ((["丙"], ["甲", "乙", "丙"]), ([], ["甲", "乙"])):
        again = qt.doe.signal_to_noise(
            thrice, factors=factors, response="y", kind="nominal", pool=pooled
        )
        assert again.sn.fit.df == 1
    # readings themselves do have repeats
    plain = qt.doe.range_analysis(thrice, factors=["甲", "乙", "丙"], response="y")
    assert plain.fit.df == 20
    assert "重复" in plain.verdict.rule


@pytest.mark.parametrize("goal", ["larger", "smaller", "target"])
def test_pooled_factors_do_not_depend_on_other_options(goal):
    design = qt.doe.orthogonal_array("L8", ["A", "B", "C", "D"], interactions=["A×B"])
    a, b, c, d = design.points.T
    y = 10 + 3 * a + b + 2 * c + 0.2 * d + 1.5 * a * b
    y = y + np.array([0.1, -0.1, 0, 0.2, 0, 0.1, -0.1, 0])
    frame = design.coded.assign(y=y)
    options = {"goal": goal, "target": 11 if goal == "target" else None, "pool": ["D"]}
    found = [
        qt.doe.range_analysis(
            frame, factors=["A", "B", "C", "D"], response="y", interactions=extra, **options
        )
        for extra in ([], ["A×B"])
    ]
    assert found[0].best_point[3] == found[1].best_point[3]
    for own in found:
        assert own.best_levels[3] == "不限"
        assert own.table()["最好的水平"].iloc[3] == "不限"
        assert own.metrics()["best4"] == "不限"
        assert own.best_text.endswith("D不限")
        # any level of it predicts the same
        other = own.best_point * [1, 1, 1, -1]
        assert own.fit.mean_at(other[None], 0.95)[0].value == pytest.approx(own.optimum.value)


def test_a_pooled_factor_in_an_interaction_is_not_free():
    design = qt.doe.orthogonal_array("L8", ["A", "B", "C"], interactions=["A×B"])
    a, b = design.points.T[:2]
    y = 10 + a + 2 * a * b + np.array([0.1, -0.1, 0, 0.2, 0, 0.1, -0.1, 0])
    found = qt.doe.range_analysis(
        design.coded.assign(y=y), factors=["A", "B", "C"], response="y",
        interactions=["A×B"], pool=["B"],
    )  # fmt: skip
    assert found.free == (False, False, False)
    assert found.best_levels[:2] == ("1", "1")


def test_a_failed_confirmation_leaves_chance_and_drift_open(yields):
    text = qt.doe.range_analysis(yields, **roles()).confirm([30, 31]).text
    assert "条件已经变了" in text
    assert "每 100 回也有 5 回" in text
    text = qt.doe.range_analysis(yields, **roles(confidence=0.9)).confirm([30, 31]).text
    assert "每 100 回也有 10 回" in text


def test_signs_that_the_square_takes_away_are_caveats(motor):
    def codes(shift, kind):
        frame = motor.assign(转矩=motor["转矩"] - shift)
        found = qt.doe.signal_to_noise(frame, factors=FACTORS, response="转矩", kind=kind)
        return {c.code: c.text for c in found.checks if c.code.startswith("signal-noise.neg")}

    low = float(motor["转矩"].nsmallest(2).iloc[1]) - 0.5  # the 8 alone is below
    text = codes(low, "smaller")["signal-noise.negative"]
    row = int(motor["转矩"].argmin()) + 2
    assert text.startswith(f"有 1 个读数是负的（第一个在第 {row} 行）")
    assert list(codes(200, "nominal")) == ["signal-noise.negative-mean"]
    assert list(codes(200, "nominal-taguchi")) == ["signal-noise.negative-mean"]
    for kind in ("smaller", "nominal", "spread"):
        assert codes(0, kind) == {}
    assert codes(200, "spread") == {}
