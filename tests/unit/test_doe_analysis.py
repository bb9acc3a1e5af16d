"""analyze: R on 26 random designs, the filtration and ceramic studies, statsmodels, caveats."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.doe import FactorialAnalysis, analyze
from qtools.doe.factorial import full_factorial
from qtools.doe.sheet import run_sheet
from qtools.doe.transformation import box_cox
from qtools.errors import QualityDataError

HERE = Path(__file__).parents[1] / "reference"
DESIGNS = pd.read_csv(HERE / "doe-random-designs.csv")
RESULTS = pd.read_csv(HERE / "doe-random-results.csv")
NAMES = {"A": "甲", "B": "乙", "C": "丙"}
CERAMIC = ["速度", "进给", "粒度", "方向", "批"]


def codes_of(result):
    return {check.code for check in result.checks}


def text_of(result, code):
    return next(check.text for check in result.checks if check.code == code)


def design_of(number):
    own = DESIGNS[DESIGNS["设计"] == number].reset_index(drop=True)
    for name in NAMES.values():
        numbers = pd.to_numeric(own[name], errors="coerce")
        if numbers.notna().all():
            own[name] = numbers
    return own


@pytest.mark.parametrize("number", sorted(DESIGNS["设计"].unique()))
def test_random_designs_against_r(number):
    """Two-level, three-level, blocked, with centre points, with runs missing.

    R 4.2.2, contr.sum: m <- lm(y ~ A+B+C+A:B+A:C+B:C (+ ctr) (+ blk)), drop1(m, .~., test="F"),
    confint(m), hatvalues(m), rstudent(m), shapiro.test(rstandard(m)), anova(m, lm(y ~ cell)), and
    MASS::boxcox on a grid of 0.0005. ``ctr`` is 1 at the centre. Effects are twice coefficients.
    """
    own = design_of(number)
    expected = RESULTS[RESULTS["设计"] == number]
    block = "区组" if own["区组"].notna().any() else None
    found = analyze(own, factors=["甲", "乙", "丙"], response="响应", block=block)
    metrics = found.metrics()
    table = found.anova().set_index("来源")
    place = {test.name: at for at, test in enumerate(found.terms, start=1)}
    model = {"df": "df_residual", "s": "s", "r2": "pct_r2", "r2adj": "pct_r2_adj"}
    model |= {"r2pred": "pct_r2_pred", "lof_f": "lack_of_fit_f", "lof_p": "lack_of_fit_p"}
    for _, what, stat, value in expected.itertuples(index=False):
        if what == "boxcox":
            key = "boxcox_lambda" + ("" if stat == "value" else f"_{stat}")
            if abs(value) < 9.99:  # the end of R's grid
                assert metrics[key] == pytest.approx(value, abs=0.0011), (what, stat)
            continue
        if stat == "shapiro":
            got = found.normality_p
        elif stat == "rstudent_max":
            got = np.abs(found.outside[0]).max()
        elif what == "model":
            got = metrics[model[stat]]
        elif what in ("ctr", "blk"):
            name = "弯曲" if what == "ctr" else "区组"
            if stat == "effect":
                got = metrics["curvature"]
            elif stat in ("low", "high"):
                continue
            else:
                got = table.loc[name, {"ss": "平方和 SS", "p": "p"}[stat]]
        else:
            name = "×".join(NAMES[part] for part in what.split(":"))
            key = f"effect{place[name]}"
            keys = {"effect": key, "low": f"{key}_low", "high": f"{key}_high", "p": f"{key}_p"}
            got = table.loc[name, "平方和 SS"] if stat == "ss" else metrics[keys[stat]]
        assert got == pytest.approx(value, rel=2e-8, abs=1e-9), (what, stat)


def test_random_designs_are_of_all_kinds():
    kinds = [
        (bool(RESULTS.query("设计 == @d and 项 == 'ctr'").size), design_of(d)["区组"].notna().any())
        for d in DESIGNS["设计"].unique()
    ]
    assert len(kinds) >= 20
    assert {(True, False), (False, True), (False, False)} <= set(kinds)
    assert DESIGNS[["甲", "乙", "丙"]].isin(["r"]).any(axis=None)


@pytest.fixture(scope="module")
def ceramic():
    return qt.load("ceramic")


def test_ceramic_full_model(ceramic):
    """Anchor 20: all 31 effects; by subtraction of means here."""
    found = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    high = {"速度": 0.125, "进给": 0.125, "粒度": "80/100", "方向": "横向", "批": "批2"}
    sign = {name: np.where(ceramic[name] == high[name], 1, -1) for name in CERAMIC}
    y = ceramic["强度"].to_numpy()
    for test in found.terms:
        column = np.prod([sign[CERAMIC[place]] for place in test.term], axis=0)
        assert test.effect == pytest.approx(y[column > 0].mean() - y[column < 0].mean(), abs=1e-9)
    assert found.lenth.pse == pytest.approx(9.982, abs=0.0005)
    assert found.lenth.margin("individual", "t") == pytest.approx(22.14, abs=0.005)
    assert found.lenth.margin("experiment", "t") == pytest.approx(42.10, abs=0.005)
    assert found.lenth.me == pytest.approx(20.6, abs=0.1)
    assert found.lenth.sme == pytest.approx(39.3, abs=0.3)
    caveat = text_of(found, "doe.lenth-disagrees")
    assert "进给（20.91）只过逐项·模拟" in caveat
    assert "粒度（39.79）只过逐项·模拟、逐项·t、全体·模拟；" in caveat
    assert found.fit.df == 0
    assert "s" not in found.metrics()


@pytest.mark.parametrize(
    ("lenth", "rate", "active"),
    [
        ("simulated", "individual", {"方向", "批", "粒度", "速度×进给×方向", "速度×进给", "进给"}),
        ("t", "individual", {"方向", "批", "粒度", "速度×进给×方向", "速度×进给"}),
        ("simulated", "experiment", {"方向", "批", "粒度"}),
        ("t", "experiment", {"方向", "批"}),
    ],
)
def test_ceramic_verdict_depends_on_the_critical_value(ceramic, lenth, rate, active):
    found = analyze(ceramic, factors=CERAMIC, response="强度", model="full", lenth=lenth, rate=rate)
    assert set(found.active) == active


def test_ceramic_reduced_model_by_statsmodels(ceramic):
    import statsmodels.api as sm

    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    assert "速度×方向" in full.reduced  # below an active interaction of three
    found = analyze(ceramic, factors=CERAMIC, response="强度", model=full.reduced)
    x = sm.add_constant(found.fit.matrix.x[:, 1:])
    other = sm.OLS(ceramic["强度"].to_numpy(), x).fit()
    assert found.fit.s == pytest.approx(other.mse_resid**0.5, rel=1e-10)
    for at, test in enumerate(found.terms, start=1):
        assert test.p == pytest.approx(other.pvalues[at], rel=1e-8)
        assert test.interval.low == pytest.approx(2 * other.conf_int()[at][0], rel=1e-8, abs=1e-8)
    influence = other.get_influence()
    assert found.outside[0] == pytest.approx(influence.resid_studentized_external, rel=1e-8)
    assert found.fit.press == pytest.approx(float((influence.resid_press**2).sum()), rel=1e-10)


def test_settings_are_the_best_of_all_means(ceramic):
    """Brute force over the 32 runs: fitted means of the reduced model, batches averaged."""
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    found = analyze(ceramic, factors=CERAMIC, response="强度", model=full.reduced)
    fitted = ceramic.assign(值=found.fit.fitted).groupby(CERAMIC[:4])["值"].mean()
    best = found.settings(goal="大", noise=["批"]).iloc[0]
    # the active terms of the reduced model leave 速度×方向 and 进给×方向 in, for the hierarchy
    assert tuple(best[name] for name in CERAMIC[:4]) == fitted.idxmax()
    assert best["预测"] == pytest.approx(fitted.max(), rel=1e-12)
    assert best["下限"] < best["预测"] < best["上限"]
    assert "批" not in found.settings(noise=["批"]).columns


def filtration():
    """Montgomery, Design and Analysis of Experiments, 2^4 filtration rate, standard order."""
    y = [45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96]
    return full_factorial(["A", "B", "C", "D"], seed=3), np.array(y, dtype=float)


def test_filtration_and_the_design_route():
    design, y = filtration()
    found = analyze(design, response=y[design.order], model="full")
    published = {"A": 21.625, "B": 3.125, "C": 9.875, "D": 14.625, "A×C": -18.125, "A×D": 16.625}
    for name, value in published.items():
        assert found.effect(name) == pytest.approx(value, abs=1e-9)
    assert set(found.active) >= {"A", "A×C", "A×D", "D"}
    sheet = run_sheet(design, ["速率"])
    sheet["速率"] = y[design.order]
    again = analyze(sheet, response="速率", model="full")
    assert again.metrics() == found.metrics()
    assert again.order.tolist() == list(range(1, 17))


def test_run_order_is_that_of_the_design():
    design, y = filtration()
    wrong = analyze(design, response=y, model="full")
    assert wrong.effect("A") != pytest.approx(21.625)


def test_large_offset_loses_no_digits():
    design, y = filtration()
    one = analyze(design, response=y[design.order], model="main")
    other = analyze(design, response=y[design.order] + 1e9, model="main")
    for test, shifted in zip(one.terms, other.terms, strict=True):
        assert shifted.effect == pytest.approx(test.effect, abs=1e-6)
        assert shifted.p == pytest.approx(test.p, rel=1e-6)


def replicated(seed=1, center=0, replicates=2, **shift):
    design = full_factorial(
        {"温度": (160, 180), "压力": (1, 2), "时间": (10, 20)},
        replicates=replicates, center=center, seed=seed,
    )  # fmt: skip
    runs = design.runs
    x = {name: design.coded.iloc[design.order][name].to_numpy() for name in design.names}
    rng = np.random.default_rng(seed)
    y = 50 + 4 * x["温度"] - 3 * x["压力"] * x["时间"] + rng.normal(size=len(runs))
    return design, x, y


def test_replicates_decide_by_t():
    design, _, y = replicated()
    found = analyze(design, response=y, model="full")
    assert found.lenth is None
    assert {"温度", "压力×时间"} <= set(found.active)
    assert "t 检验，残差自由度 8" in found.verdict.rule
    assert "温度 180" in found.verdict.text
    assert "saturated" not in str(codes_of(found))


def test_curvature_is_neither_error_nor_effect():
    design, x, y = replicated(center=4)
    bent = y + 8 * (x["温度"] == 0)
    flat, found = (analyze(design, response=values) for values in (y, bent))
    corner = x["温度"] != 0
    assert found.curvature == pytest.approx(bent[~corner].mean() - bent[corner].mean())
    assert "doe.curvature" in codes_of(found)
    assert "doe.curvature" not in codes_of(flat)
    assert found.fit.sse == pytest.approx(flat.fit.sse)
    # means are those of the factorial runs, not moved towards the centre
    corner_mean = np.mean([mean for mean, _ in found.means(np.array([[-1.0, 0, 0], [1, 0, 0]]))])
    assert corner_mean == pytest.approx(bent[corner].mean())


def test_lack_of_fit_of_a_model_too_small():
    design, _, y = replicated()
    assert "doe.lack-of-fit" in codes_of(analyze(design, response=y, model="main"))
    assert "doe.lack-of-fit" not in codes_of(analyze(design, response=y, model="interactions"))


def test_outlier_names_its_row():
    design, _, y = replicated(replicates=3)
    y[7] += 15
    found = analyze(design, response=y)
    assert "第 8 行" in text_of(found, "doe.outlier")


def test_drift_along_the_runs():
    design, _, y = replicated(replicates=3)
    found = analyze(design, response=y + 0.5 * np.arange(len(y)))
    assert "随试验序升高" in text_of(found, "doe.drift")
    assert found.drift.value == pytest.approx(0.5, abs=0.1)


def test_dispersion_effect():
    design, x, y = replicated(replicates=6, seed=4)
    rng = np.random.default_rng(0)
    found = analyze(design, response=y + np.where(x["时间"] > 0, 6, 0) * rng.normal(size=len(y)))
    assert "时间 20" in text_of(found, "doe.dispersion")


def test_multiplicative_response_wants_logarithms():
    design, _, y = replicated(replicates=3)
    found = analyze(design, response=np.exp(y / 6))
    assert "取对数" in text_of(found, "doe.box-cox")
    assert found.metrics()["boxcox_lambda"] == pytest.approx(0, abs=0.3)


def test_blocks_are_taken_out():
    design, _, y = replicated()
    runs = design.runs.assign(班=np.where(np.arange(16) < 8, "早", "晚"))
    runs["强度"] = y + np.where(runs["班"] == "晚", 30.0, 0.0)
    with_blocks = analyze(runs, factors=list(design.names), response="强度", block="班")
    without = analyze(runs, factors=list(design.names), response="强度")
    assert with_blocks.fit.s < 2 < without.fit.s
    assert "班" in with_blocks.anova()["来源"].tolist()
    assert with_blocks.metrics()["effect1"] == with_blocks.effect("温度")


def test_unused_blocks_are_told():
    design, _, y = replicated()
    runs = design.runs.assign(区组=np.arange(16) // 8 + 1, 强度=y)
    assert "doe.blocks-unused" in codes_of(
        analyze(runs, factors=list(design.names), response="强度")
    )


def half_fraction():
    """2^(5−1) with E = ABCD, by hand."""
    full = full_factorial(["A", "B", "C", "D"], seed=1)
    runs = full.coded.reset_index(drop=True)
    runs["E"] = runs.prod(axis=1)
    rng = np.random.default_rng(2)
    runs["y"] = 10 + 3 * runs["A"] + 2 * runs["B"] * runs["C"] + rng.normal(scale=0.3, size=16)
    return runs


def test_aliased_terms_asked_together_are_refused_by_name():
    runs = half_fraction()
    with pytest.raises(QualityDataError) as error:
        analyze(runs, factors=list("ABCDE"), response="y", model=["A", "B×C", "A×D×E"])
    assert "A×D×E" in str(error.value)
    assert "能一起估计的有：A、B×C" in str(error.value)


def test_aliases_of_fitted_terms_are_named():
    runs = half_fraction().query("E == 1").drop(columns="E")  # 2^(4−1), ABCD = +1
    found = analyze(runs, factors=list("ABCD"), response="y", model=["A", "B", "C", "D", "A×B"])
    assert "A×B 与 C×D" in text_of(found, "doe.aliased")


def test_partial_aliases():
    """Twelve-run Plackett–Burman: main effects carry a third of each interaction (textbooks)."""
    row = [1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1]
    points = np.array([np.roll(row, shift) for shift in range(11)] + [[-1] * 11])[:, :5]
    runs = pd.DataFrame(points, columns=list("ABCDE")).assign(y=points @ [3, 0, 0, 1, 0] + 20.0)
    runs["y"] += np.random.default_rng(1).normal(size=12)
    found = analyze(runs, factors=list("ABCDE"), response="y", model="main")
    assert "（0.3333）" in text_of(found, "doe.partly-aliased")
    assert "doe.aliased" not in codes_of(found)


def test_auto_takes_all_that_can_be_told_apart(ceramic):
    whole = analyze(ceramic, factors=CERAMIC, response="强度", model="auto")
    assert len(whole.terms) == 31
    fraction = analyze(half_fraction(), factors=list("ABCDE"), response="y", model="auto")
    assert [len(test.term) for test in fraction.terms] == [1] * 5 + [2] * 10
    assert set(fraction.active) == {"A", "B×C"}
    assert "A×B×C" in text_of(fraction, "doe.left-out")


def test_auto_with_a_missing_run_keeps_freedom(ceramic):
    own = ceramic.assign(强度=ceramic["强度"].where(ceramic.index != 4))
    found = analyze(own, factors=CERAMIC, response="强度", model="auto")
    assert max(len(test.term) for test in found.terms) == 3
    assert found.fit.df == 31 - 26
    assert "doe.missing-run" in codes_of(found)
    assert {"方向", "批", "粒度"} <= set(found.active)


def test_missing_run_in_a_saturated_model_is_scaled():
    design, y = filtration()
    values = y[design.order].copy()
    values[0] = np.nan
    terms = [t.name for t in analyze(design, response=y[design.order], model="full").terms]
    found = analyze(design, response=values, model=terms[:-1])
    assert {"doe.lenth-uneven", "doe.missing-run"} & codes_of(found)
    assert found.decided


def test_few_effects_and_nothing_to_decide_with():
    design = full_factorial(["A", "B"], seed=1)
    found = analyze(design, response=[1.0, 2.0, 3.0, 7.0], model="full")
    assert "doe.few-effects" in codes_of(found)
    alone = analyze(design, response=[1.0, 2.0, 3.0, 7.0], model=["A", "B"])
    assert "doe.few-df" in codes_of(alone)
    single = analyze(
        pd.DataFrame({"A": [1, 2], "y": [3.0, 4.0]}), factors=["A"], response="y", model="full"
    )
    assert not single.decided
    assert "还判断不了" in single.verdict.text
    assert "n_active" not in single.metrics()


def test_response_without_error():
    design = full_factorial(["A", "B"], replicates=2, seed=1)
    found = analyze(design, response=design.runs["A"] * 2 + 5, model="full")
    assert "doe.zero-residual" in codes_of(found)
    assert "还判断不了" in found.verdict.text


def test_rounded_response_has_no_scale():
    y = [5, 5, 5, 5, 5, 5, 5, 9]
    found = analyze(full_factorial(3, seed=1), response=y, model="full")
    assert found.lenth.pse > 0  # all seven effects are equal then
    y = full_factorial(4, seed=1).runs["A"].to_numpy() * 2.0
    found = analyze(full_factorial(4, seed=1), response=y, model="full")
    assert "doe.zero-pse" in codes_of(found)
    assert not found.decided


def test_three_level_factor_by_word():
    runs = pd.DataFrame(
        {"材料": ["甲", "乙", "丙"] * 6, "温度": [1, 1, 1, 2, 2, 2] * 3, "y": np.arange(18.0) % 7}
    )
    found = analyze(runs, factors=["材料", "温度"], response="y")
    assert [test.effect is None for test in found.terms] == [True, False, True]
    means = found.level_means().set_index(["因子", "水平"])["平均"]
    for level in ("甲", "乙", "丙"):  # balanced: fitted means are raw means
        raw = runs.loc[runs["材料"] == level, "y"].mean()
        assert means["材料", level] == pytest.approx(raw)


def test_box_cox_refuses_what_it_cannot_do():
    x = np.ones((6, 1))
    with pytest.raises(QualityDataError, match="0 或负数"):
        box_cox(x, np.array([1.0, 2, 3, 4, 5, 0]))
    with pytest.raises(QualityDataError, match="响应不变"):
        box_cox(x, np.full(6, 3.0))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lenth": "z"}, 'lenth="z"'),
        ({"rate": "family"}, 'rate="family"'),
        ({"confidence": 95}, "置信"),
        ({"factors": None}, "没有写明因子"),
        ({"response": 3}, "列名"),
        ({"model": ["速度", "硬度"]}, "“硬度”不是因子"),
        ({"block": "标准序"}, "估计不了"),
    ],
)
def test_bad_options(ceramic, options, words):
    usual = {"factors": CERAMIC, "response": "强度"}
    with pytest.raises(QualityDataError, match=words):
        analyze(ceramic, **(usual | options))


def test_results_of_a_design_must_be_as_many():
    design, y = filtration()
    with pytest.raises(QualityDataError, match="16 次试验，结果却有 3 个"):
        analyze(design, response=y[:3])
    with pytest.raises(QualityDataError, match="按试验序"):
        analyze(design, response="速率")


def test_display(ceramic):
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    reduced = analyze(ceramic, factors=CERAMIC, response="强度", model=full.reduced)
    for found in (full, reduced):
        assert isinstance(found, FactorialAnalysis)
        table = found.table()
        assert table["项"][0] == "方向"
        assert len(table) == len(found.terms)
        for draw in ("figure", "half_normal", "effects_figure", "residuals_figure"):
            alt = getattr(found, draw)().layout.meta["alt"]
            assert len(alt) > 10
        assert found.figure().layout.shapes[0].x0 == found.tests.margin
        assert "doe." in found._repr_mimebundle_()["text/html"]
    with pytest.raises(QualityDataError, match="没有效应"):
        full.effect("硬度")
    with pytest.raises(QualityDataError, match="不是因子"):
        full.settings(noise=["硬度"])


def test_names_and_margins_of_the_half_normal_plot_stay_inside(ceramic):
    """Nothing is written to the right of a point, and names keep a line apart."""
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    notes = full.half_normal().layout.annotations
    margins = [note for note in notes if "ME" in note.text]
    names = [note for note in notes if "ME" not in note.text]
    assert [(note.xref, note.x, note.xanchor) for note in margins] == [("x domain", 0, "left")] * 2
    assert [note.text for note in names] == list(full.active)[::-1]
    assert all(note.xanchor == "right" and note.ax < 0 for note in names)
    pixel = 1.1 * max(note.y for note in names) / 330
    heights = [note.y / pixel - note.ay for note in names]
    assert min(np.diff(heights)) >= 17 - 1e-9


def test_decision_says_what_to_set_or_why_not(ceramic):
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="auto")
    said = full.decision(goal="大", noise=["批"])
    assert "粒度 140/170、方向 纵向" in said
    assert "还有 3 种设置与它分不开" in said
    worst = full.decision(goal="小", noise=["批"])
    assert "方向 横向" in worst
    assert full.decision(goal="min", noise=["批"]) == worst
    dull = analyze(ceramic.query("方向 == '纵向'"), factors=["速度", "进给", "批"], response="强度",
                   model="full")  # fmt: skip
    assert dull.active == ("批",)
    assert "没有可以改的设置" in dull.decision(noise=["批"])
    design, _, y = replicated(seed=9)
    nothing = analyze(design, response=np.random.default_rng(8).normal(50, 1, len(y)))
    assert nothing.active == ()
    assert "不凭这次试验改设置" in nothing.decision()
    single = pd.DataFrame({"A": [1, 2], "y": [3.0, 4.0]})
    assert "还不能决定" in analyze(single, factors=["A"], response="y", model="full").decision()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"goal": "望大"}, "望大"), ({"noise": ["硬度"]}, "不是因子"), ({"runs": 0}, "runs")],
)
def test_decision_refuses_what_it_does_not_know(ceramic, options, words):
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    with pytest.raises(QualityDataError, match=words):
        full.decision(**options)


def test_settings_have_the_intervals_of_statsmodels(ceramic):
    import statsmodels.api as sm

    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    reduced = analyze(ceramic, factors=CERAMIC, response="强度", model=full.reduced)
    fitted = sm.OLS(reduced.fit.y, reduced.fit.matrix.x).fit()
    best = full.settings(goal="大", runs=1).iloc[0]
    at = int(np.flatnonzero((ceramic[CERAMIC] == best[CERAMIC]).all(axis=1))[0])
    frame = fitted.get_prediction(reduced.fit.matrix.x[[at]]).summary_frame(alpha=0.05)
    expected = frame[["mean", "mean_ci_lower", "mean_ci_upper", "obs_ci_lower", "obs_ci_upper"]]
    got = best[["预测", "下限", "上限", "确认下限", "确认上限"]].astype(float)
    assert got.to_numpy() == pytest.approx(expected.to_numpy()[0], rel=1e-10)


def test_confirmation_ranges_are_those_of_one_batch(ceramic):
    """New runs are all of one batch: prediction intervals of statsmodels at that batch."""
    import statsmodels.api as sm
    from scipy import stats

    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    reduced = analyze(ceramic, factors=CERAMIC, response="强度", model=full.reduced)
    fitted = sm.OLS(reduced.fit.y, reduced.fit.matrix.x).fit()
    t = stats.t.ppf(0.975, fitted.df_resid)
    table = full.settings(goal="大", noise=["批"], runs=3)
    assert "确认下限" not in table.columns
    for _, setting in table.iterrows():
        for batch in ("批1", "批2"):
            own = [*(setting[name] for name in CERAMIC[:4]), batch]
            at = int(np.flatnonzero((ceramic[CERAMIC] == own).all(axis=1))[0])
            mean = fitted.get_prediction(reduced.fit.matrix.x[[at]])
            half = t * (mean.var_pred_mean[0] + fitted.mse_resid / 3) ** 0.5
            middle = mean.predicted_mean[0]
            got = [setting[f"确认{end}限（批 {batch}）"] for end in "下上"]
            assert got == pytest.approx([middle - half, middle + half], rel=1e-10)


def test_confirmation_ranges_cover_runs_of_either_batch():
    """A batch effect of 6 σ: three new runs of one batch lie inside as often as is said."""
    rng = np.random.default_rng(11)
    frame = full_factorial(
        {"温度": (1, 2), "压力": (1, 2), "批": ("甲", "乙")}, replicates=2, seed=1
    ).runs
    shift = {"甲": 3.0, "乙": -3.0}
    mean = 3.0 * (2 * frame["温度"] - 3) + frame["批"].map(shift)
    inside = {"甲": 0, "乙": 0}
    for _ in range(200):
        runs = frame.assign(y=mean + rng.normal(size=16))
        found = analyze(runs, factors=["温度", "压力", "批"], response="y",
                        model=["温度", "批"])  # fmt: skip
        best = found.settings(noise=["批"], runs=3).iloc[0]
        for batch, own in shift.items():
            new = 3.0 + own + rng.normal(size=3).mean()
            low, high = (best[f"确认{end}限（批 {batch}）"] for end in "下上")
            inside[batch] += low <= new <= high
    assert min(inside.values()) >= 180  # 95 % of 200, less 3 standard errors


def test_settings_told_from_the_best_by_a_contrast(ceramic):
    """The difference of two settings is a contrast; its interval by R's rule, written out."""
    from scipy import stats

    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    reduced = analyze(ceramic, factors=CERAMIC, response="强度", model=full.reduced)
    table = full.settings(goal="大", noise=["批"])
    x, fit = reduced.fit.matrix.x, reduced.fit
    covariance = np.linalg.inv(x.T @ x) * fit.sse / fit.df
    t = stats.t.ppf(0.975, fit.df)

    def row(setting):
        own = (ceramic[CERAMIC[:4]] == setting[CERAMIC[:4]]).all(axis=1).to_numpy()
        return x[own].mean(axis=0)

    for _, setting in table.iloc[1:].iterrows():
        contrast = row(table.iloc[0]) - row(setting)
        apart = contrast @ fit.beta > t * (contrast @ covariance @ contrast) ** 0.5
        assert setting["与最好的分得开"] == ("是" if apart else "否")


def test_ways_side_by_side(ceramic):
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    assert full.ways()["项数"].tolist() == [6, 5, 3, 2]
    reduced = analyze(ceramic, factors=CERAMIC, response="强度", model=full.reduced)
    assert reduced.ways()["方法"].tolist() == ["t", "t，Bonferroni"]


def test_sign_of_an_effect_does_not_hang_on_the_run_order(ceramic):
    one = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    other = analyze(ceramic.iloc[::-1], factors=CERAMIC, response="强度", model="full")
    assert other.effect("批") == pytest.approx(one.effect("批"))
    told = analyze(
        ceramic.drop(columns="标准序"), factors=CERAMIC, response="强度", model="full",
        coding={"批": ("批1", "批2"), "方向": ("纵向", "横向"), "粒度": ("140/170", "80/100")},
    )  # fmt: skip
    assert told.effect("批") == pytest.approx(one.effect("批"))
    with pytest.raises(QualityDataError, match="不在给出的次序里"):
        analyze(ceramic, factors=CERAMIC, response="强度", coding={"批": ("批1", "批3")})


def test_settings_of_a_design_are_coded_as_designed():
    """A run lost at the end of the range does not move the code of the others."""
    design = full_factorial({"温度": (160, 170, 180)}, replicates=2, seed=1)
    y = np.where(design.runs["温度"] == 180, np.nan, design.runs["温度"] + np.arange(6) % 2)
    found = analyze(design, response=y, model="main")
    assert found.experiment.factors[0].levels == (160.0, 180.0)


def test_model_as_a_command_line_gives_it(ceramic):
    word = analyze(ceramic, factors=CERAMIC, response="强度", model=["main"])
    digit = analyze(ceramic, factors=CERAMIC, response="强度", model=["1"])
    assert [t.name for t in word.terms] == [t.name for t in digit.terms] == CERAMIC


def test_curvature_that_blocks_or_squares_already_say_is_left_out():
    design, _, y = replicated(center=4)
    runs = design.runs.assign(强度=y)
    center = (runs["温度"] == 170).to_numpy()
    runs["班"] = np.where(center, "晚", "早")  # all centre runs on one shift
    found = analyze(runs, factors=["温度", "压力", "时间"], response="强度", block="班")
    assert found.curvature is None
    assert "班" in found.anova()["来源"].tolist()
    squared = analyze(runs, factors=["温度", "压力"], response="强度", model=["温度", "温度²"])
    assert squared.curvature is None


def test_auto_with_centre_runs_in_a_block_of_their_own():
    design, _, y = replicated(center=4)
    runs = design.runs.assign(强度=y)
    runs["班"] = np.where((runs["温度"] == 170).to_numpy(), "晚", "早")
    names = ["温度", "压力", "时间"]
    found = analyze(runs, factors=names, response="强度", block="班", model="auto")
    assert len(found.terms) == 7
    assert found.dropped == ()


def test_few_residuals_make_no_outlier():
    """Two replicates that agree to the last digit leave the other two nothing to compare with."""
    runs = pd.DataFrame({"A": [1, 1, 2, 2], "y": [1.0, 1.1, 2.0, 2.0]})
    found = analyze(runs, factors=["A"], response="y")
    assert found.fit.df == 2
    assert "doe.outlier" not in {check.code for check in found.checks}


def test_box_cox_beyond_its_reach_has_no_value():
    """A response whose spread is a hundred-millionth of its size has no power that suits it."""
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(16), np.tile([-1.0, 1], 8)])
    beyond = 0
    for _ in range(10):
        y = 1e8 + 3 * x[:, 1] + rng.normal(size=16)
        found = box_cox(x, y)
        scores = [found.log_likelihood(power) for power in np.linspace(-10, 10, 41)]
        edge = int(np.argmax(scores)) in (0, 40)
        assert (found.value is None) == edge
        beyond += edge
        assert found.untouched
        assert found.plain == (1.0, "不变换")
    assert beyond >= 8
    t = np.arange(1.0, 17)
    steep = (t + 0.01 * rng.normal(size=16)) ** (1 / 30)  # its 30th power is linear
    told = box_cox(np.column_stack([np.ones(16), t]), steep)
    assert told.value is None
    assert told.low > 2
    assert told.high is None
    assert told.plain is None


def test_what_box_cox_cannot_tell_is_left_out():
    runs = full_factorial(3, replicates=2, seed=4).runs
    rng = np.random.default_rng(3)
    flat_y = 1e8 + 3 * runs["A"] + rng.normal(size=16)
    found = analyze(runs.assign(y=flat_y), factors=["A", "B", "C"], response="y", model="main")
    assert found.box_cox is not None
    assert found.box_cox.value is None
    assert "boxcox_lambda" not in found.metrics()
    assert "doe.box-cox" not in {check.code for check in found.checks}
    t = np.arange(1.0, 17)
    frame = pd.DataFrame({"A": t, "y": (t + 0.01 * rng.normal(size=16)) ** (1 / 30)})
    found = analyze(frame, factors=["A"], response="y", model="main")
    assert "没有哪一种次方合适" in text_of(found, "doe.box-cox")


def together(seed=0):
    """Pressure was raised whenever the temperature was; the temperature is real."""
    runs = full_factorial({"温度": (160, 180), "时间": (10, 20)}, replicates=3, seed=1).runs
    runs["压力"] = np.where(runs["温度"] == 180, 2.0, 1.0)
    noise = np.random.default_rng(seed).normal(size=len(runs))
    return runs.assign(强度=runs["温度"] / 2 + noise)


def test_factors_that_move_together_are_named():
    found = analyze(together(), factors=["温度", "压力", "时间"], response="强度", model="auto")
    assert "温度 与 压力 总是一起变，分不开是谁" in text_of(found, "doe.moves-together")
    assert "其中 温度 与 压力 总是一起变，分不开是谁" in found.decision()
    assert "压力 1" not in found.decision()  # it is not free of effect


def test_decision_names_interactions_that_main_effects_may_be():
    """2^(3−1), the third factor set to the product of the others, each run twice."""
    half = full_factorial(["A", "B"], replicates=2, seed=1).runs.assign(
        C=lambda runs: runs["A"] * runs["B"]
    )
    y = 10 + 3 * half["C"] + np.random.default_rng(3).normal(scale=0.1, size=8)
    found = analyze(half.assign(y=y), factors=list("ABC"), response="y", model="main")
    assert found.active[0] == "C"
    assert "C 与 A×B 分不开" in found.decision()


def test_decision_of_a_plackett_burman_says_that_interactions_leak():
    row = [1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1]
    points = np.array([np.roll(row, shift) for shift in range(11)] + [[-1] * 11])[:, :5]
    noise = np.random.default_rng(1).normal(size=12)
    runs = pd.DataFrame(points, columns=list("ABCDE")).assign(y=9 * points[:, 0] + noise)
    said = analyze(runs, factors=list("ABCDE"), response="y", model="main").decision()
    assert "会部分混进这些效应" in said
    assert "其余 4 个因子看不出作用" in said


def responses(runs, seed=0):
    noise = np.random.default_rng(seed).normal(size=len(runs))
    return runs.assign(强度=50 + (runs["温度"] - 170) / 2 + 12 * (runs["压力"] - 1.5) + noise)


@pytest.mark.parametrize("family", ["central_composite", "box_behnken"])
def test_settings_do_not_leave_the_runs(family):
    factors = {"温度": (160, 180), "压力": (1, 2), "时间": (10, 20)}
    runs = responses(getattr(qt.doe, family)(factors, seed=1).runs)
    found = analyze(runs, factors=list(factors), response="强度", model="auto")
    table = found.settings()
    heads = [name for name in factors if name in table]
    done = {tuple(own) for own in runs[heads].round(6).to_numpy()}
    if family == "central_composite" or len(heads) == 3:
        assert {tuple(own) for own in table[heads].astype(float).round(6).to_numpy()} <= done
        assert "只在做过的设置里比较" in found.decision()
    assert "N304" in found.decision()


def test_settings_of_a_uniform_design_are_its_runs():
    rng = np.random.default_rng(5)
    runs = pd.DataFrame({"温度": np.arange(160, 181, 2.0), "压力": rng.permutation(11) / 10 + 1})
    found = analyze(responses(runs), factors=["温度", "压力"], response="强度", model="main")
    assert len(found.settings()) == 11


def test_unequal_precision_is_told_where_a_limit_is():
    factors = {"温度": (160, 180), "压力": (1, 2)}
    runs = responses(qt.doe.central_composite(factors, seed=1).runs)
    found = analyze(runs, factors=list(factors), response="强度", model="quadratic")
    assert found.uneven
    assert "折算后的 |效应| 超过 ME" in found.method
    assert "按标准误折算" in found.figure().layout.xaxis.title.text
    for test in found.terms:  # the common scale decides as the table does
        assert test.active == (test.size > found.tests.margin)
    design, _, y = replicated()
    even = analyze(design, response=y)
    assert not even.uneven
    assert "折算" not in even.method


def test_decision_tells_what_is_free_and_what_is_bent():
    design, x, y = replicated(center=4)
    y = 50 + 4 * x["温度"] + (y - y.mean()) * 0.01 + 8 * (x["温度"] == 0)
    y += np.random.default_rng(6).normal(size=len(y))
    said = analyze(design, response=y, model="main").decision()
    assert "时间 10 到 20 都行（看不出作用）" in said
    assert "中间比两端高" in said
    assert "宜做响应面" in said


def test_decision_tells_lack_of_fit():
    design, _, y = replicated()
    assert "模型失拟" in analyze(design, response=y, model="main").decision()
    assert "失拟" not in analyze(design, response=y).decision()


def test_columns_that_decide_come_first(ceramic):
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    assert list(full.table())[:3] == ["项", "效应", "显著"]
    settings = list(full.settings(noise=["批"]))
    assert settings[settings.index("预测") + 1] == "与最好的分得开"


def test_one_look_stands_for_one_setting(ceramic):
    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    looks = {}
    for trace in full.effects_figure().data:
        if trace.name:
            looks.setdefault(trace.name, set()).add((trace.line.color, trace.marker.symbol))
    assert len(looks) >= 4
    assert all(len(own) == 1 for own in looks.values())
    assert len(set().union(*looks.values())) == len(looks)


def test_names_in_the_half_normal_plot_are_not_struck_through(ceramic):
    """Heights of words, in pixels of the plot, against the lines of the margins."""
    from qtools.doe.analysis_view import _LETTER, _PLOT, _clear

    full = analyze(ceramic, factors=CERAMIC, response="强度", model="full")
    pixel = 1.1 * full.terms[3].size / _PLOT  # 方向 is the largest
    notes = {note.text: note for note in full.half_normal().layout.annotations}
    lines = [full.tests.margin, full.tests.margin_all]
    for name in full.active:
        middle = notes[name].y / pixel - notes[name].ay
        assert min(abs(middle - line / pixel) for line in lines) >= _LETTER / 2 - 1e-9
    assert _clear(100, [96, 300]) == 96 + _LETTER / 2
    assert _clear(93, [96]) == 96 + _LETTER / 2
    assert _clear(50, [96]) == 50
