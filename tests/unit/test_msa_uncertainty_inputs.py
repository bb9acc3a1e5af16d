"""Inputs of an uncertainty budget: distributions, type A evaluation, the budget table."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa import Input, read_budget

COLUMNS = {"name": "输入量", "estimate": "估计值", "stated": "给出的值", "distribution": "分布"}


def table(**columns):
    base = {"输入量": ["甲", "乙"], "估计值": [1.0, 2.0], "给出的值": [0.5, 0.3]}
    base |= {"分布": ["正态", "均匀"]}
    return pd.DataFrame(base | columns)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Input.normal(3, 0.2), stats.norm(3, 0.2)),
        (Input.normal(3, 0.2, 7), stats.t(7, 3, 0.2)),
        (Input.bounded(3, 0.2), stats.uniform(2.8, 0.4)),
        (Input.bounded(3, 0.2, "triangular"), stats.triang(0.5, 2.8, 0.4)),
        (Input.bounded(3, 0.2, "arcsine"), stats.arcsine(2.8, 0.4)),
    ],
)
def test_distributions_are_those_of_scipy(one, other):
    p = np.array([0.001, 0.2, 0.5, 0.77, 0.999])
    assert one.quantile(p) == pytest.approx(other.ppf(p), rel=1e-9)
    if np.isinf(one.df):
        assert one.u == pytest.approx(other.std())
    draws = one.draw(np.random.default_rng(4), 20_000)
    assert stats.kstest(draws, other.cdf).pvalue > 0.001


def test_type_a_survives_a_large_offset():
    small = Input.from_readings([0.001, 0.003, 0.002, 0.006])
    large = Input.from_readings([1e6 + 0.001, 1e6 + 0.003, 1e6 + 0.002, 1e6 + 0.006])
    assert large.u == pytest.approx(small.u, rel=1e-6)
    assert (large.df, large.estimate) == (3, pytest.approx(1e6 + 0.003))


def test_type_a_of_the_probe_by_hand():
    days = qt.load("single-probe")["日平均"]
    one = Input.from_readings(days)
    by_hand = math.sqrt(sum((x - days.mean()) ** 2 for x in days) / 11 / 12)
    assert one.u == pytest.approx(by_hand, rel=1e-9)
    assert one.name == "t（ν = 11）"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Input.normal(float("nan"), 1), ["估计值", "有限"]),
        (lambda: Input.normal("3", 1), ["估计值"]),
        (lambda: Input.normal(1, 0), ["标准不确定度", "大于 0", "常数"]),
        (lambda: Input(1, 1, "lognormal"), ["lognormal", "可选", "均匀"]),
        (lambda: Input.normal(1, 1, 0.5), ["自由度", "至少是 1"]),
        (lambda: Input.bounded(1, -1), ["半宽", "大于 0"]),
        (lambda: Input.bounded(1, 1, "normal"), ["没有半宽"]),
        (lambda: Input.bounded(1, 1, "lognormal"), ["lognormal", "不认识"]),
        (lambda: Input.from_readings([1.0]), ["至少要两个"]),
        (lambda: Input.from_readings([1.0, float("nan")]), ["有限的读数"]),
        (lambda: Input.from_readings([2.0, 2.0, 2.0]), ["完全一样", "分辨力"]),
    ],
)
def test_bad_inputs_are_refused(make, words):
    with pytest.raises(QualityDataError) as error:
        make()
    for word in words:
        assert word in str(error.value)


# ── the budget table ─────────────────────────────────────────────────────────────────────────


def test_each_word_has_its_divisor():
    words = ["正态", "正态（k=2）", "正态（k=3）", "均匀", "三角", "反正弦"]
    frame = pd.DataFrame(
        {
            "输入量": words,
            "估计值": 0.0,
            "给出的值": 1.0,
            "分布": words,
            "自由度": [4.0] + [None] * 5,
        }
    )
    _, inputs = read_budget(frame, **COLUMNS, dof="自由度")
    found = [one.u for one in inputs.values()]
    assert found == pytest.approx([1, 1 / 2, 1 / 3, 3**-0.5, 6**-0.5, 2**-0.5])
    assert [one.df for one in inputs.values()] == [4] + [math.inf] * 5


def test_infinite_degrees_of_freedom_may_be_written():
    words = ["∞", "无穷大", "inf", " 无穷", None, math.inf, 4]
    frame = pd.DataFrame({"输入量": list("甲乙丙丁戊己庚"), "估计值": 0.0, "给出的值": 1.0})
    frame = frame.assign(分布="正态", 自由度=words)
    _, inputs = read_budget(frame, **COLUMNS, dof="自由度")
    assert [one.df for one in inputs.values()] == [math.inf] * 6 + [4]
    frame["自由度"] = ["多", None, None, None, None, None, None]
    with pytest.raises(QualityDataError, match="不是数字的内容：“多”") as caught:
        read_budget(frame, **COLUMNS, dof="自由度")
    assert caught.value.rows == (1,)
    assert "表尾" not in str(caught.value)  # the row is the only filled one, not the last


def test_width_of_characters_does_not_matter_in_a_word():
    _, inputs = read_budget(table(分布=["正态(K=2)", " 均匀"]), **COLUMNS)
    assert inputs["甲"].u == 0.25


def test_linear_model_with_and_without_coefficients():
    model, inputs = read_budget(table(), **COLUMNS)
    assert model(甲=1.0, 乙=2.0) == 3.0
    model, inputs = read_budget(table(系数=[None, -3.0]), **COLUMNS, sensitivity="系数")
    assert qt.msa.uncertainty_budget(model, inputs).sensitivities == pytest.approx((1, -3))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (table(输入量=["甲", "甲"]), ["输入量", "“甲”出现了 2 次", "第 1、2 行"]),
        (table(给出的值=[0.5, 0]), ["给出的值", "必须大于 0", "第 2 行"]),
        (table(给出的值=["±0.5", 0.3]), ["给出的值", "±0.5", "第 1 行"]),
        (table(分布=["正态", "矩形"]), ["分布", "矩形", "可选", "第 2 行"]),
        (table(自由度=[0.0, None]), ["自由度", "至少是 1", "第 1 行"]),
    ],
)
def test_bad_tables_are_refused(frame, words):
    dof = "自由度" if "自由度" in frame else None
    with pytest.raises(QualityDataError) as error:
        read_budget(frame, **COLUMNS, dof=dof)
    for word in words:
        assert word in str(error.value)
