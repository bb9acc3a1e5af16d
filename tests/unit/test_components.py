"""variance_components: anchors, agreement of its methods, errors, display."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError

LEVELS = ["炉次", "炉区"]
DROPPED = [1, 2, 3, 10, 25, 26, 27, 28, 29, 30, 77, 101, 102, 103, 160]


def furnace(**options):
    return qt.variance_components(qt.load("furnace"), value="膜厚", levels=LEVELS, **options)


def codes_of(result):
    return {check.code for check in result.checks}


def test_nested_furnace():
    # NIST/SEMATECH e-Handbook 3.5.1.4; shares from anchors #5
    result = furnace()
    m = result.metrics()
    assert m["level1_var"] == pytest.approx(312.557, abs=0.0005)
    assert m["level2_var"] == pytest.approx(225.383, abs=0.0005)
    assert m["residual_var"] == pytest.approx(120.893, abs=0.0005)
    shares = [m[f"{key}_pct"] for key in ("level1", "level2", "residual")]
    assert shares == pytest.approx([47.44, 34.21, 18.35], abs=0.005)
    assert m["level1_f"] == pytest.approx(5.374, abs=0.0005)
    assert m["level2_f"] == pytest.approx(4.729, abs=0.0005)
    assert m["level1_p"] < 1e-6
    assert m["total_sd"] == pytest.approx(25.668, abs=0.0005)
    assert m["total_df"] == pytest.approx(53.3, abs=0.05)
    assert codes_of(result) == {"variance.labels-recur"}
    assert all(isinstance(value, (int, float, str)) for value in m.values())
    assert not any(isinstance(value, np.generic) for value in m.values())


def test_crossed_furnace():
    result = furnace(design="crossed")
    m = result.metrics()
    assert m["level2_f"] == pytest.approx(0.52, abs=0.005)
    assert m["level2_p"] == pytest.approx(0.67, abs=0.005)
    assert m["interaction_f"] == pytest.approx(4.84, abs=0.005)
    assert m["level2_var"] == 0.0
    assert result.parts.raw[1] == pytest.approx((304.2302 - 585.0302) / 42, abs=0.0005)
    assert result.names == ("炉次", "炉区", "炉次×炉区", "残差（重复读数）")
    assert "variance.negative-component" in codes_of(result)
    assert "variance.few-units" in codes_of(result)


def test_intervals_hold_estimates_and_name_their_method():
    for options in ({}, {"method": "reml"}):
        result = furnace(**options)
        m = result.metrics()
        for key in (*result.parts.keys, "total"):
            assert m[f"{key}_var_low"] < m[f"{key}_var"] < m[f"{key}_var_high"]
        for key in result.parts.keys:
            assert m[f"{key}_pct_low"] < m[f"{key}_pct"] < m[f"{key}_pct_high"]
        names = {interval.method for interval in result.parts.intervals.values()}
        wanted = {"REML 剖面似然"} if options else {"改进大样本法（MLS）", "广义置信区间（GCI）"}
        assert names == wanted


def test_residual_interval_is_chi_square():
    # 84 degrees of freedom: χ² quantiles 60.540 and 111.242 (R: qchisq(c(.025,.975), 84))
    m = furnace().metrics()
    assert m["residual_var_low"] == pytest.approx(10155 / 111.24226, rel=1e-6)
    assert m["residual_var_high"] == pytest.approx(10155 / 60.53977, rel=1e-6)


def test_reml_equals_ems_on_balanced_data_and_lme4_on_unbalanced():
    ems, fitted = furnace(), furnace(method="reml")
    assert fitted.components == pytest.approx(ems.components, rel=1e-6)
    assert fitted.parts.total_df == pytest.approx(ems.parts.total_df, rel=1e-4)
    # lme4 on the remaining 153 rows: 304.5767558, 222.0854210, 119.1794641, zone 0 when crossed
    df = qt.load("furnace").drop(index=[place - 1 for place in DROPPED])
    nested = qt.variance_components(df, value="膜厚", levels=LEVELS, method="reml")
    assert nested.components == pytest.approx((304.5767558, 222.0854210, 119.1794641), rel=2e-5)
    crossed = qt.variance_components(
        df, value="膜厚", levels=LEVELS, design="crossed", method="reml"
    )
    assert crossed.components == pytest.approx((304.576, 0, 222.0853, 119.1796), rel=2e-5, abs=1e-5)
    assert "variance.zero-component" in codes_of(crossed)
    assert "level1_f" not in crossed.metrics()
    with pytest.raises(QualityDataError, match="给不出方差分析表"):
        crossed.anova()


def test_statsmodels_agrees_on_the_nested_table():
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    df = qt.load("furnace").rename(columns={"炉次": "a", "炉区": "b", "膜厚": "y"})
    table = anova_lm(ols("y ~ C(a) / C(b)", df).fit())
    ours = furnace().anova()
    assert ours["平方和 SS"].to_numpy() == pytest.approx(table["sum_sq"].to_numpy(), rel=1e-9)
    assert ours["自由度"].tolist() == table["df"].tolist()


def test_unbalanced_ems_says_where_its_intervals_come_from():
    df = qt.load("furnace").iloc[:-1]
    result = qt.variance_components(df, value="膜厚", levels=LEVELS)
    assert "variance.unbalanced" in codes_of(result)
    assert result.parts.intervals["level1_var"].method == "REML 剖面似然"


def test_one_way_dyestuff():
    # Dyestuff (Davies & Goldsmith 1972; lme4::Dyestuff): ANOVA batch MS 11271.5, residual 2451.25,
    # REML batch 1764.05, residual 2451.25
    yields = [
        *(1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495),
        *(1595, 1550, 1605, 1510, 1560, 1445, 1440, 1595, 1465, 1545),
        *(1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445),
    ]
    df = pd.DataFrame({"批": np.repeat(list("ABCDEF"), 5), "收率": yields})
    result = qt.variance_components(df, value="收率", levels=["批"], method="reml")
    assert result.components == pytest.approx((1764.05, 2451.25), abs=0.005)
    assert result.parts.anova.ms == pytest.approx((11271.5, 2451.25), abs=0.05)
    assert result.names == ("批", "残差（同一批内）")


def test_three_levels_and_three_factors():
    rng = np.random.default_rng(3)
    grid = np.indices((4, 3, 3, 2)).reshape(4, -1)
    df = pd.DataFrame(dict(zip(["a", "b", "c", "r"], grid, strict=True)))
    df["y"] = rng.normal(size=len(df)) + 2 * df["a"] + df["b"]
    nested = qt.variance_components(df, value="y", levels=["a", "b", "c"])
    assert nested.parts.keys == ("level1", "level2", "level3", "residual")
    assert nested.names[2] == "c（b内）"
    assert nested.parts.units == (4, 12, 36, 72)
    crossed = qt.variance_components(df, value="y", levels=["a", "b", "c"], design="crossed")
    assert crossed.parts.keys[3:7] == (
        "interaction12", "interaction13", "interaction23", "interaction123",
    )  # fmt: skip
    assert crossed.total == pytest.approx(sum(crossed.components))


def test_without_replicates_the_interaction_stays_in_the_residual():
    df = qt.load("furnace").query("晶片 == 1")
    result = qt.variance_components(df, value="膜厚", levels=LEVELS, design="crossed")
    assert result.parts.keys == ("level1", "level2", "residual")
    assert result.names[-1] == "残差（含交互）"
    assert "variance.no-replicates" in codes_of(result)
    unbalanced = qt.variance_components(
        df.iloc[1:], value="膜厚", levels=LEVELS, design="crossed", method="reml"
    )
    assert unbalanced.parts.keys == ("level1", "level2", "residual")


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.floats(-1e4, 1e4), st.floats(0.01, 100))
def test_invariances(seed, shift, scale):
    rng = np.random.default_rng(seed)
    df = qt.load("furnace")[["炉次", "炉区", "膜厚"]].astype({"炉次": str})
    order = rng.permutation(len(df))
    names = dict(zip(sorted(set(df["炉次"])), rng.permutation(21), strict=True))
    moved = df.iloc[order].assign(
        膜厚=lambda d: shift + scale * d["膜厚"],
        炉次=lambda d: "第" + d["炉次"].map(names).astype(str),
    )
    for design in ("nested", "crossed"):
        base = qt.variance_components(df, value="膜厚", levels=LEVELS, design=design).metrics()
        other = qt.variance_components(moved, value="膜厚", levels=LEVELS, design=design).metrics()
        for key, value in base.items():
            if isinstance(value, str):
                continue
            power = 2 if "_var" in key else 1 if "_sd" in key else 0
            assert other[key] / scale**power == pytest.approx(value, rel=1e-6, abs=1e-9), key


def test_reml_is_free_of_row_order():
    df = qt.load("furnace").drop(index=[place - 1 for place in DROPPED])
    one = qt.variance_components(df, value="膜厚", levels=LEVELS, method="reml").metrics()
    two = qt.variance_components(
        df.iloc[::-1], value="膜厚", levels=LEVELS, method="reml"
    ).metrics()
    for key, value in one.items():
        if isinstance(value, float):
            assert two[key] == pytest.approx(value, rel=1e-4)


def test_verdict_says_whether_the_rank_is_firm():
    assert "排名还不牢" in furnace().verdict.text
    rng = np.random.default_rng(1)
    batch = np.repeat(np.arange(40), 5)
    df = pd.DataFrame({"批": batch, "值": rng.normal(size=200) + 20 * rng.normal(size=40)[batch]})
    firm = qt.variance_components(df, value="值", levels=["批"])
    assert firm.separated
    assert "排名可信" in firm.verdict.text
    assert "“批”" in firm.verdict.text
    assert not firm.checks


def test_table_figure_and_display():
    result = furnace(design="crossed")
    table = result.table()
    assert table["来源"].tolist() == [*result.names, "合计"]
    assert table["占比 %"].iloc[:-1].sum() == pytest.approx(100)
    assert table["95 % 下限"].iloc[-1] == result.metrics()["total_var_low"]
    assert result.anova()["分量（未截断）"].iloc[1] < 0
    fig = result.figure()
    assert "炉次×炉区" in fig.layout.meta["alt"]
    assert list(fig.data[0].y) == list(result.names)
    html = result._repr_mimebundle_()["text/html"]
    assert 'data-code="variance.negative-component"' in html
    assert "variance.negative-component" in repr(result)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"design": "mixed"}, 'design="mixed" 不认识'),
        ({"method": "ml"}, 'method="ml" 不认识'),
        ({"levels": "炉次"}, "levels 要写成列名的列表"),
        ({"levels": []}, "levels 要写成列名的列表"),
        ({"levels": ["炉次"], "design": "crossed"}, "交叉设计至少要两列"),
        ({"levels": ["炉次", "炉次"]}, "被指定了两次用途"),
        ({"levels": ["炉次", "炉号"]}, "找不到列“炉号”"),
        ({"confidence": 95}, "confidence=95 不在 0.5 和 1 之间"),
        ({"confidence": "0.9"}, "confidence='0.9' 不在 0.5 和 1 之间"),
    ],
)
def test_refuses_options(options, message):
    arguments = {"levels": LEVELS, **options}
    with pytest.raises(QualityDataError, match=re.escape(message)):
        qt.variance_components(qt.load("furnace"), value="膜厚", **arguments)


def test_refuses_data():
    df = qt.load("furnace")
    with pytest.raises(QualityDataError, match="读数全都相同"):
        qt.variance_components(df.assign(膜厚=1e7 + 0.1), value="膜厚", levels=LEVELS)
    cut = df[~((df["炉次"] == 3) & (df["炉区"] == 2))]
    with pytest.raises(QualityDataError, match="1 个组合没有读数"):
        qt.variance_components(cut, value="膜厚", levels=LEVELS, design="crossed")
    with pytest.raises(QualityDataError, match="读数个数不同"):
        qt.variance_components(df.iloc[1:], value="膜厚", levels=LEVELS, design="crossed")
    unique = df.assign(炉区=df["炉次"].astype(str) + "-" + df["炉区"].astype(str))
    with pytest.raises(QualityDataError, match="这不是交叉数据"):
        qt.variance_components(unique, value="膜厚", levels=LEVELS, design="crossed")
    nested = qt.variance_components(unique, value="膜厚", levels=LEVELS)
    assert nested.components == pytest.approx(furnace().components)
    assert not nested.checks
    flat = df.assign(膜厚=df["炉次"] * 1.5 + df["炉区"])
    with pytest.raises(QualityDataError, match="残差为 0"):
        qt.variance_components(flat, value="膜厚", levels=LEVELS, method="reml")
