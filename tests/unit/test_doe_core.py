"""The core of qt.doe: factors, terms, words, efficiencies, fits, and the reading of a table."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.doe.efficiency import efficiency, rank
from qtools.doe.factor import Factor, read_factors
from qtools.doe.fit import fit
from qtools.doe.reading import read_experiment
from qtools.doe.terms import ModelMatrix, contrasts, read_terms, term_name
from qtools.doe.words import chains, read_generators, subgroup, word_length_pattern
from qtools.errors import QualityDataError

# factors


def test_factor_scale_is_straight_and_goes_beyond_its_settings():
    factor = Factor("温度", (160.0, 200.0))
    assert factor.coded([150, 160, 180, 210]).tolist() == [-1.5, -1.0, 0.0, 1.5]
    assert factor.settings([-1.5, 0.25]) == [150.0, 185.0]
    assert factor.continuous


def test_middle_settings_need_not_be_halfway():
    factor = Factor("剂量", (1.0, 2.0, 5.0))
    assert factor.positions.tolist() == [-1.0, -0.5, 1.0]


def test_settings_come_back_without_dust():
    for low, high in ((0.1, 0.3), (1e-7, 3e-7), (160, 180), (1e9, 1e9 + 1)):
        factor = Factor("x", (low, high))
        assert factor.settings([-1, 1]) == [low, high]


def test_texts_are_evenly_spaced():
    factor = Factor("材料", ("甲", "乙", "丙", "丁"))
    assert factor.positions.tolist() == pytest.approx([-1, -1 / 3, 1 / 3, 1])
    assert factor.settings(factor.coded(["丁", "乙"])) == ["丁", "乙"]


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        (0, "不在 1 到"),
        (26, "不在 1 到"),
        (True, "看不懂"),
        ("温度", "看不懂"),
        ([], "一个因子也没有"),
        ({}, "一个因子也没有"),
        (["温度", "温 度"], "重名"),
        (["A", "a"], "重名"),
        (["温度", " "], "不是文字"),
        ([3.5], "不是文字"),
        (["甲×乙"], "交互作用"),
        ({"温度": (160,)}, "不足两个"),
        ({"温度": (160, 160)}, "有重复"),
        ({"温度": ()}, "不足两个"),
        ({"温度": (180, 160)}, "从低到高"),
        ({"温度": (160, "高")}, "数字和文字混着"),
        ({"温度": "高低"}, "看不懂"),
        ({"温度": 160}, "看不懂"),
        ({"温度": (160, float("nan"))}, "不是有限的数"),
        ({"温度": (160, float("inf"))}, "不是有限的数"),
    ],
)
def test_bad_factors(factors, words):
    with pytest.raises(qt.QualityDataError, match=words):
        read_factors(factors)


def test_names_are_trimmed_and_factors_pass_through():
    own = Factor("时间", (1.0, 2.0))
    assert read_factors([" 温度 ", own]) == (Factor("温度", (-1.0, 1.0)), own)


# terms and model matrices


FACTORS = read_factors({"温度": (1, 2), "时间": (1, 2), "材料": ("甲", "乙", "丙")})


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("main", ["温度", "时间", "材料"]),
        (1, ["温度", "时间", "材料"]),
        ("interactions", ["温度", "时间", "材料", "温度×时间", "温度×材料", "时间×材料"]),
        ("quadratic", ["温度", "时间", "材料", "温度×时间", "温度×材料", "时间×材料", "温度²",
                       "时间²"]),
        (["时间²", "温度*时间", "温度"], ["温度", "温度×时间", "时间²"]),
        (["时间:温度"], ["温度×时间"]),
        (["时 间^2"], ["时间²"]),
        ("材料", ["材料"]),
    ],
)  # fmt: skip
def test_models_as_words_orders_and_terms(model, names):
    assert [term_name(term, FACTORS) for term in read_terms(model, FACTORS)] == names


def test_full_model_has_every_interaction():
    assert len(read_terms("full", read_factors(5))) == 31


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (["湿度"], "不是因子"),
        (["温度×湿度"], "“湿度”不是因子"),
        (["温度", "温度"], "写了两遍"),
        (["温度×时间", "时间×温度"], "写了两遍"),
        (["材料²"], "只有连续因子有平方项"),
        (["温度²×时间"], "最多到二次"),
        (["温度×温度×温度"], "最多到二次"),
        ([], "一项也没有"),
        (0, "不在 1 到"),
        (4, "不在 1 到"),
        (True, "不在 1 到"),
    ],
)
def test_bad_models(model, words):
    with pytest.raises(qt.QualityDataError, match=words):
        read_terms(model, FACTORS)


@pytest.mark.parametrize("m", [2, 3, 4, 6])
def test_contrasts_are_orthogonal_sum_to_zero_and_have_mean_square_1(m):
    table = contrasts(m)
    assert table.sum(axis=0) == pytest.approx(np.zeros(m - 1))
    assert table.T @ table == pytest.approx(m * np.eye(m - 1))


def test_interaction_columns_are_products():
    grid = np.array(list(product((-1.0, 1.0), (-1.0, 1.0), (-1.0, 0.0, 1.0))))
    matrix = ModelMatrix(FACTORS, read_terms("interactions", FACTORS), grid)
    assert matrix.df == (1, 1, 2, 1, 2, 2)
    assert matrix.x.shape == (12, 10)
    assert matrix.x.T @ matrix.x == pytest.approx(12 * np.eye(10))
    assert matrix.blocks[3][:, 0].tolist() == (grid[:, 0] * grid[:, 1]).tolist()
    assert matrix.blocks[4] == pytest.approx(matrix.blocks[0] * matrix.blocks[2])


# words


def test_subgroup_is_closed_and_signs_multiply():
    words = dict(subgroup([(0b0111, -1), (0b1011, 1), (0b11001, -1)]))
    assert len(words) == 7
    for one, other in product(words, words):
        if one != other:
            assert words[one ^ other] == words[one] * words[other]


def test_pattern_counts_lengths():
    assert word_length_pattern([(0b111, 1), (0b11011, 1), (0b11100, 1)], 5) == (2, 1, 0, 0)


def test_generators_read_letters_names_signs_and_marks():
    factors = read_factors(["速度", "进给", "A", "振动"])
    assert read_generators(["振动=速度×进给"], factors) == {3: (0b1011, 1)}
    assert read_generators(["振动 = -速度*A"], factors) == {3: (0b1101, -1)}
    assert read_generators(["D=BC"], factors) == {3: (0b1110, 1)}
    # a factor called A is meant before the first letter of the alphabet
    assert read_generators(["D=A×B"], factors) == {3: (0b1110, 1)}


def test_chains_hold_each_effect_once():
    found = chains(subgroup([(0b0111, 1), (0b11001, 1)]), 5)
    masks = [mask for one in found for mask, _ in one]
    assert len(masks) == len(set(masks)) == 5 + 10


# efficiency


def test_efficiency_of_a_face_centred_square_by_determinants():
    """D, A, G of the 3 × 3 grid for the quadratic model, from X′X written out."""
    factors = read_factors({"甲": (0, 2), "乙": (0, 2)})
    grid = np.array(list(product((-1.0, 0.0, 1.0), repeat=2)))
    a, b = grid.T
    x = np.column_stack([np.ones(9), a, b, a * b, a**2, b**2])
    inverse = np.linalg.inv(x.T @ x)
    found = efficiency(ModelMatrix(factors, read_terms("quadratic", factors), grid))
    # |X′X| = 6² · 4 · |[9 6 6; 6 6 4; 6 4 6]| = 144 · 36
    assert np.linalg.det(x.T @ x) == pytest.approx(5184)
    assert found["d_efficiency"] == pytest.approx(100 * 5184 ** (1 / 6) / 9)
    assert found["a_efficiency"] == pytest.approx(100 * 6 / (9 * np.trace(inverse)))
    assert found["g_efficiency"] == pytest.approx(100 * 6 / (9 * 29 / 36))  # worst at corners


def test_efficiency_does_not_depend_on_units_and_is_0_if_not_estimable():
    factors = read_factors(3)
    grid = np.array(list(product((-1.0, 1.0), repeat=3)))[:4]
    matrix = ModelMatrix(factors, read_terms("interactions", factors), grid)
    assert set(efficiency(matrix).values()) == {0.0}
    assert rank(np.array([[1.0, 1e-9], [1.0, -1e-9]])) == 2
    assert rank(np.array([[1.0, 2.0], [2.0, 4.0]])) == 1


def test_efficiency_with_blocks_is_that_of_the_model_with_block_columns():
    design = qt.doe.full_factorial(3, center=2, blocks=2)
    plain = design.matrix("main").x
    block = np.where(design.blocks == 0, -1.0, 1.0)[:, None]
    x = np.hstack([plain, block])
    schur = np.linalg.inv(np.linalg.inv(x.T @ x)[:4, :4])  # intercept and effects, given blocks
    expected = 100 * np.linalg.det(schur) ** 0.25 / design.n_runs
    assert design.efficiency("main")["d_efficiency"] == pytest.approx(expected)


def test_alias_matrix_of_a_half_fraction_and_of_a_main_effects_plan():
    half = qt.doe.fractional_factorial(3, runs=4).alias_matrix()
    assert half.loc["A"].to_dict() == {"A×B": 0, "A×C": 0, "B×C": 1}
    with pytest.raises(qt.QualityDataError, match="分不开模型里的全部项"):
        qt.doe.fractional_factorial(3, runs=4).alias_matrix("interactions", "full")


# fits


def ceramic():
    rng = np.random.default_rng(5)
    design = qt.doe.full_factorial(
        {"甲": (0, 1), "乙": (0, 1), "丙": ("x", "y", "z")}, replicates=2
    )
    matrix = design.matrix("interactions")
    return matrix, 50 + matrix.x @ rng.normal(size=matrix.x.shape[1]) + rng.normal(size=24)


def test_fit_agrees_with_statsmodels_in_coefficients_type_iii_and_press():
    import statsmodels.api as sm
    from statsmodels.stats.outliers_influence import OLSInfluence

    matrix, y = ceramic()
    ours, theirs = fit(matrix, y), sm.OLS(y, matrix.x).fit()
    assert ours.beta == pytest.approx(theirs.params)
    assert ours.sse == pytest.approx(theirs.ssr)
    assert ours.pct_r2 == pytest.approx(100 * theirs.rsquared)
    assert ours.pct_r2_adj == pytest.approx(100 * theirs.rsquared_adj)
    influence = OLSInfluence(theirs)
    assert ours.leverage == pytest.approx(influence.hat_matrix_diag)
    assert ours.studentized == pytest.approx(influence.resid_studentized_internal)
    assert ours.press == pytest.approx((influence.resid_press**2).sum())
    for place, span in enumerate(matrix.spans):
        without = np.delete(matrix.x, np.r_[span], axis=1)
        less = sm.OLS(y, without).fit()
        assert ours.term_ss(place) == pytest.approx(less.ssr - theirs.ssr)
        one = ours.coefficient(span.start, 0.9)
        assert one.se == pytest.approx(theirs.bse[span.start])
        low, high = theirs.conf_int(alpha=0.1)[span.start]
        assert (one.interval.low, one.interval.high) == pytest.approx((low, high))


def test_mean_at_points_agrees_with_statsmodels():
    import statsmodels.api as sm

    matrix, y = ceramic()
    points = np.array([[0.0, 0.5, 1.0], [1.0, -1.0, 0.0]])
    ours = fit(matrix, y).mean_at(points, 0.95)
    theirs = sm.OLS(y, matrix.x).fit().get_prediction(matrix.at(points).x)
    assert [one.value for one in ours] == pytest.approx(theirs.predicted_mean)
    assert [one.se for one in ours] == pytest.approx(theirs.se_mean)


def test_pure_error_and_lack_of_fit_by_hand():
    # three points, two runs each, a straight line: pure error 3 × ½ · 2² = 6, df 3
    factors = read_factors({"甲": (0, 2)})
    points = np.array([[-1.0], [-1], [0], [0], [1], [1]])
    y = np.array([9.0, 11, 19, 21, 11, 13])
    found = fit(ModelMatrix(factors, ((0,),), points), y)
    assert found.pure_error == (pytest.approx(6.0), 3)
    # means 10, 20, 12 about the line 14 ± 1: −3, 6, −3, twice: 2 · (9 + 36 + 9) = 108
    ss, df, f, p = found.lack_of_fit
    assert (ss, df, f) == (pytest.approx(108.0), 1, pytest.approx(54.0))
    assert p == pytest.approx(0.00522, abs=5e-5)  # R 4.2: pf(54, 1, 3, lower = FALSE)


def test_large_offset_costs_no_digits():
    matrix, y = ceramic()
    plain, shifted = fit(matrix, y), fit(matrix, y + 1e9)
    assert shifted.beta[1:] == pytest.approx(plain.beta[1:], abs=1e-5)
    assert shifted.sse == pytest.approx(plain.sse, rel=1e-5)


def test_exact_fit_has_no_residual_and_saturated_model_no_error():
    factors = read_factors(2)
    corners = np.array([[-1.0, -1], [1, -1], [-1, 1], [1, 1]])
    exact = fit(ModelMatrix(factors, ((0,), (1,)), corners), 0.1 * corners.sum(axis=1) + 1e6)
    assert exact.sse == 0
    assert not exact.residuals.any()
    full = fit(ModelMatrix(factors, ((0,), (1,), (0, 1)), corners), np.arange(4.0))
    assert full.df == 0
    assert full.s is None
    assert full.coefficient(1, 0.95) is None
    assert full.press is None
    assert full.lack_of_fit is None


@pytest.mark.parametrize(
    ("points", "model", "words"),
    [
        # aliased terms asked for together: C = AB
        ([[-1, -1, 1], [1, -1, -1], [-1, 1, -1], [1, 1, 1]] * 2, ["A", "B", "C", "A×B"],
         ["A×B", "同进同退", "能一起估计的有：A、B、C"]),
        # more coefficients than runs
        ([[-1, -1, 1], [1, -1, -1], [-1, 1, -1]], "main", ["只有 3 次试验", "4 个系数", "C"]),
        # two levels cannot carry a square
        ([[-1, -1, -1], [1, -1, 1], [-1, 1, 1], [1, 1, -1]] * 3, ["A", "A²"], ["A²"]),
    ],
)  # fmt: skip
def test_unestimable_models_say_what_can_be_estimated(points, model, words):
    factors = read_factors(3)
    matrix = ModelMatrix(factors, read_terms(model, factors), np.array(points, dtype=float))
    with pytest.raises(qt.QualityDataError) as error:
        fit(matrix, np.arange(float(len(points))))
    for word in words:
        assert word in str(error.value)


# reading a table


def table(**changes):
    frame = pd.DataFrame(
        {"速度": [10.0, 20, 10, 20], "进给": ["低", "低", "高", "高"], "强度": [1.0, 2, 4, 3]}
    )
    return frame.assign(**changes)


def read(frame, **options):
    return read_experiment(frame, factors=["速度", "进给"], response="强度", **options)


@pytest.mark.parametrize(
    "words",
    [
        ["低", "高"],
        ["-", "+"],
        ["−", "＋"],
        ["–", "+"],
        ["小", "大"],
        ["Low", "High"],
        ["-1", "+1"],
        ["L", "H"],
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_words_for_low_and_high_are_put_in_order(words, turned):
    low, high = words
    column = [high, high, low, low] if turned else [low, low, high, high]
    found = read(table(进给=column))
    assert found.points[:, 1].tolist() == ([1, 1, -1, -1] if turned else [-1, -1, 1, 1])


def test_other_texts_keep_the_order_of_the_table():
    found = read(table(进给=["乙厂", "乙厂", "甲厂", "甲厂"]))
    assert found.factors[1].levels == ("乙厂", "甲厂")
    assert found.points[:, 1].tolist() == [-1, -1, 1, 1]


def test_texts_are_in_standard_order_where_the_sheet_has_it():
    frame = table(进给=["乙厂", "甲厂", "乙厂", "甲厂"]).assign(标准序=[4, 1, 3, 2])
    assert read(frame).factors[1].levels == ("甲厂", "乙厂")
    told = read(table(进给=["乙", "甲", "乙", "甲"]), coding={"进给": ("甲", "乙", "丙")})
    assert told.points[:, 1].tolist() == [0, -1, 0, -1]


def test_numbers_are_coded_by_their_range_or_as_told():
    assert read(table()).points[:, 0].tolist() == [-1, 1, -1, 1]
    told = read(table(), coding={"速度": (5, 15)})
    assert told.points[:, 0].tolist() == [0, 2, 0, 2]
    names = read(table(), categorical=["速度"])
    assert not names.factors[0].continuous


def test_blank_response_is_a_missing_run_with_a_caveat():
    found = read(table(强度=[1.0, None, 4, 3]))
    assert found.y.tolist() == [1, 4, 3]
    assert found.points.tolist() == [[-1, -1], [-1, 1], [1, 1]]
    assert found.rows == (1, 3, 4)
    assert [check.code for check in found.checks] == ["doe.missing-run"]
    assert "第 2 行" in found.checks[0].text


def test_blocks_keep_their_names():
    found = read(table(班=["夜", "夜", "日", "日"]), block="班")
    assert found.block_names == ("夜", "日")
    assert found.blocks.tolist() == [0, 0, 1, 1]


def test_edited_sheet_is_refused_when_it_is_read():
    sheet = qt.doe.run_sheet(
        qt.doe.full_factorial({"速度": (10, 20), "进给": ("低", "高")}), ["强度"]
    )
    filled = sheet.assign(强度=[1.0, 2, 4, 3])
    assert read(filled).checks == ()
    filled.loc[1, "速度"] = 15.0
    with pytest.raises(qt.QualityDataError, match="改过了"):
        read(filled)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"进给": ["低", "低", "高", "+"]}, ["几种写法混着", "“高”、“+”", "4"]),
        ({"进给": ["-", "低", "高", "+"]}, ["几种写法混着"]),
        ({"进给": ["-1", "低", "1", "高"]}, ["几种写法混着"]),
        ({"进给": ["低", "低", "高", "20"]}, ["几种写法混着"]),
        ({"速度": ["10", "20", "10", "二十"]}, ["几种写法混着"]),
        ({"进给": ["低"] * 4}, ["“进给”只有一个水平（低）"]),
        ({"速度": [10.0] * 4}, ["“速度”只有一个水平（10）"]),
        ({"强度": [5.0] * 4}, ["全都相同"]),
        ({"强度": [5e9, 5e9 + 1e-7, 5e9, 5e9]}, ["全都相同"]),
        ({"强度": [None] * 4}, ["全是空的"]),
        ({"强度": ["1", "2", "坏", "3"]}, ["强度"]),
        ({"速度": [10, None, 10, 20]}, ["速度", "2"]),
        ({"进给": ["低", None, "高", "高"]}, ["进给", "2"]),
    ],
)
def test_bad_tables(changes, words):
    with pytest.raises(qt.QualityDataError) as error:
        read(table(**changes))
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"factors": [], "response": "强度"}, "没有写明因子的列"),
        ({"factors": "速度", "response": "强度"}, "没有写明因子的列"),
        ({"factors": ["速度", "转速"], "response": "强度"}, "转速"),
        ({"factors": ["速度", "强度"], "response": "强度"}, "强度"),
        ({"factors": ["速度", "速度"], "response": "强度"}, "速度"),
        ({"factors": ["速度"], "response": "强度", "block": "班"}, "班"),
        ({"factors": ["进给"], "response": "强度", "coding": {"进给": ("低", "中")}}, "“高”不在"),
        ({"factors": ["速度"], "response": "强度", "coding": {"速度": (2, 1)}}, "编码"),
        ({"factors": ["速度"], "response": "强度", "coding": {"速度": (1, 2, 3)}}, "编码"),
    ],
)
def test_bad_columns(options, words):
    with pytest.raises(qt.QualityDataError, match=words):
        read_experiment(table(), **options)


def test_constant_response_is_let_through_where_it_may_be():
    assert read(table(强度=[5.0] * 4), constant=True).y.tolist() == [5, 5, 5, 5]


def test_numbers_of_levels_are_evenly_spaced():
    assert [f.levels for f in read_factors({"温度": 3, "材料": ["甲", "乙"]})] == [
        (-1.0, 0.0, 1.0),
        ("甲", "乙"),
    ]
    design = qt.doe.full_factorial([2, 3, 4])
    assert (design.n_runs, design.names) == (24, ("A", "B", "C"))
    assert sorted(set(design.points[:, 2])) == pytest.approx([-1, -1 / 3, 1 / 3, 1])


@pytest.mark.parametrize("levels", [1, 0, -2, True, 51])
def test_impossible_numbers_of_levels_are_refused(levels):
    with pytest.raises(QualityDataError):
        read_factors([levels, 2])
