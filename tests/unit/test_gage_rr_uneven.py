"""gage_rr beyond the even crossed study: nested, uneven, with further factors."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError

ROLES = {"part": "零件", "operator": "检验员", "value": "读数"}


def classic(dropped=()):
    """Without some rows, counted from 1 as R does."""
    return qt.load("gage-classic").drop(index=[place - 1 for place in dropped])


def gage(df, **options):
    return qt.msa.gage_rr(df, **{**ROLES, **options})


def codes_of(result):
    return {check.code for check in result.checks}


def text_of(result, code):
    return next(check.text for check in result.checks if check.code == code)


def finite(result):
    assert all(np.isfinite(v) for v in result.metrics().values() if isinstance(v, float))
    assert result._repr_mimebundle_()["text/html"]
    assert result.figure().data


def nested_study(rng, shape, sds):
    """Long table of operators with parts of their own, labelled 1 … p under each."""
    operators, parts, _ = shape
    index = np.indices(shape).reshape(3, -1)
    y = sds[0] * rng.normal(size=operators)[index[0]]
    y = y + sds[1] * rng.normal(size=(operators, parts))[index[0], index[1]]
    y = y + sds[2] * rng.normal(size=y.size)
    return pd.DataFrame({"检验员": index[0], "零件": index[1] + 1, "读数": y})


# ── nested, even ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("block", range(9))
def test_nested_designs_against_sums_written_out(block):
    o, p, r = 2 + block % 3, 2 + 3 * block % 5, 2 + block % 2
    for seed in range(12 * block, 12 * block + 12):
        rng = np.random.default_rng(seed)
        sds = (
            *(rng.uniform(0.1, 3, size=2) * rng.integers(0, 2, size=2)),
            10.0 ** rng.integers(-3, 1),
        )
        df = nested_study(rng, (o, p, r), sds)
        cube = df["读数"].to_numpy().reshape(o, p, r)
        ms_e = np.mean([np.var(cube[i, j], ddof=1) for i in range(o) for j in range(p)])
        ms_p = r * np.mean([np.var(cube[i].mean(axis=1), ddof=1) for i in range(o)])
        ms_o = p * r * np.var([cube[i].mean() for i in range(o)], ddof=1)
        result = gage(df, design="nested")
        wanted = [(ms_o - ms_p) / (p * r), (ms_p - ms_e) / r, ms_e]
        found = [result.raw[key] for key in ("operator", "part", "repeatability")]
        assert found == pytest.approx(wanted, rel=1e-8, abs=1e-12 * ms_o), seed
        assert result.method == "anova"
        assert result.grr_var == pytest.approx(ms_e + max(wanted[0], 0), rel=1e-8)
        assert result.part_var == pytest.approx(max(wanted[1], 0), rel=1e-8, abs=1e-12 * ms_o)


def test_nested_reading_of_the_classic_study():
    df = classic()
    result = gage(df, design="nested")
    table = result.anova()
    assert table["自由度"].tolist() == [2, 27, 60, 89]
    assert table["来源"].tolist()[:2] == ["检验员", "零件（检验员内）"]
    assert "若其实是同一个，要按交叉研究算" in result.verdict.text
    assert {"gage-rr.recurring-labels", "gage-rr.nested", "gage-rr.negative-variance"} <= codes_of(
        result
    )
    assert result.table()["来源"].tolist()[3] == "零件间 PV（检验员内）"
    own = df.assign(零件=df["检验员"] + df["零件"].astype(str))
    other = gage(own, design="nested")
    assert "gage-rr.recurring-labels" not in codes_of(other)
    assert other.metrics() == pytest.approx(result.metrics())
    assert result.part_names[10] == "B·1"
    assert other.part_names[10] == "B1"
    finite(result)


def test_nested_limits_are_not_below_their_repeatability():
    m = gage(classic(), design="nested").metrics()
    assert m["operator_var_low"] == 0
    assert m["grr_var_low"] == m["repeatability_var_low"]


# ── uneven ───────────────────────────────────────────────────────────────────────────────────


def test_crossed_agrees_with_lme4():
    # gage-classic without rows 1, 5, 17, 44, 60:62; lmer(y ~ 1 + (1|part) + (1|op) + (1|part:op)):
    # part 1.076033106, op 0.047526661, part:op 0, residual 0.036339003
    df = classic([1, 5, 17, 44, 60, 61, 62])
    result = gage(df, alpha_pool=1)
    m = result.metrics()
    assert m["method"] == "reml"
    found = [m[f"{key}_var"] for key in ("part", "operator", "interaction", "repeatability")]
    assert found == pytest.approx([1.076033106, 0.047526661, 0, 0.036339003], rel=1e-4)
    assert "限制最大似然法（REML），交互未合并（unpooled）" in result.verdict.text
    assert {"gage-rr.unbalanced", "gage-rr.negative-variance"} <= codes_of(result)
    with pytest.raises(QualityDataError, match="没有方差分析表"):
        result.anova()
    finite(result)


def test_nested_uneven_agrees_with_lme4():
    # gage-classic without rows 1, 2, 10, 31:33, 61:66, 90 and without parts 8 to 10 of operator C;
    # lmer(y ~ 1 + (1|op/part)): part:op 0.912453898, op 0, residual 0.048786688
    df = classic([1, 2, 10, 31, 32, 33, *range(61, 67), 90])
    df = df[~((df["检验员"] == "C") & (df["零件"] > 7))]
    result = gage(df, design="nested")
    m = result.metrics()
    found = [m[f"{key}_var"] for key in ("part", "operator", "repeatability")]
    assert found == pytest.approx([0.912453898, 0, 0.048786688], rel=1e-5)
    assert "各检验员的零件个数不同：A 10 个、B 10 个、C 7 个" in text_of(
        result, "gage-rr.unbalanced"
    )
    finite(result)


def test_the_caveat_names_the_cells():
    short = text_of(gage(classic([6])), "gage-rr.unbalanced")
    assert "缺读数的组合：零件 6 × 检验员 A（2 个）" in short
    df = qt.load("gage-classic")
    more = text_of(gage(pd.concat([df, df.iloc[[3]]])), "gage-rr.unbalanced")
    assert "多读数的组合：零件 4 × 检验员 A（4 个）" in more
    many = text_of(gage(df.query("检验员 != 'B' or 次数 != 2")), "gage-rr.unbalanced")
    assert "等 10 处" in many
    none = text_of(gage(df[~((df["检验员"] == "B") & (df["零件"] == 2))]), "gage-rr.unbalanced")
    assert "零件 2 × 检验员 B（0 个）" in none


def test_an_interaction_is_tested_exactly():
    # F of the interaction beside parts and operators, by two fits of statsmodels
    from statsmodels.formula.api import ols

    df = classic([1, 5, 17, 44, 60, 61, 62])
    plain = df.rename(columns={"零件": "p", "检验员": "o", "读数": "y"})
    small, large = ols("y ~ C(p) + C(o)", plain).fit(), ols("y ~ C(p) * C(o)", plain).fit()
    result = gage(df)
    assert result.interaction_p == pytest.approx(large.compare_f_test(small)[1], rel=1e-8)
    assert result.pooled
    assert "若不合并（unpooled），GRR 的标准差是" in text_of(result, "gage-rr.interaction-pooled")
    cross = 0.8 * np.random.default_rng(1).normal(size=(10, 3))
    seen = df.assign(读数=df["读数"] + cross[df["零件"] - 1, df["检验员"].factorize()[0]])
    assert not gage(seen).pooled
    assert gage(seen).interaction_var > 0


def test_limits_come_near_those_of_the_whole_study():
    # two readings of ninety less: MLS and GCI of the whole study and the bootstrap are near
    whole, short = gage(classic()).metrics(), gage(classic([7, 52])).metrics()
    for key in ("grr_sd", "operator_sd", "part_sd", "repeatability_sd", "pct_study_var"):
        for end in ("low", "high"):
            assert short[f"{key}_{end}"] == pytest.approx(whole[f"{key}_{end}"], rel=0.08), key


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.floats(-1e4, 1e4), st.floats(0.01, 100))
def test_invariances(seed, shift, scale):
    df = classic([2, 3, 40, 77])
    base = gage(df, tolerance=8).metrics()
    moved = df.sample(frac=1, random_state=seed % 2**31)
    moved["检验员"] = moved["检验员"].map({"A": "张三", "B": "李四", "C": "王五"})
    moved["读数"] = shift + scale * moved["读数"]
    other = gage(moved, tolerance=8 * scale).metrics()
    assert base.keys() == other.keys()
    for key, value in base.items():
        if isinstance(value, float):
            power = 2 if key.partition("_var")[1] and "pct" not in key else 1 if "_sd" in key else 0
            # the estimates are the same; limits are drawn, and another order draws other numbers
            limit = key.endswith(("_low", "_high"))
            assert other[key] / scale**power == pytest.approx(
                value, rel=0.05 if limit else 1e-4, abs=1e-7
            ), key


def test_equal_data_give_equal_limits():
    df = classic([2, 3, 40, 77])
    assert gage(df).metrics() == gage(df).metrics()


def test_one_trial_with_a_gap():
    df = qt.load("gage-classic").query("次数 == 1").drop(index=4)
    result = gage(df)
    assert result.method == "reml"
    assert result.interaction_p is None
    assert {"gage-rr.unbalanced", "gage-rr.no-replicates"} <= codes_of(result)
    finite(result)


def test_two_operators():
    result = gage(classic([1, 5, 17]).query("检验员 != 'C'"))
    assert "gage-rr.few-operators" in codes_of(result)
    finite(result)


def test_identical_repeats_with_a_gap():
    df = qt.load("gage-classic")
    means = df.groupby(["零件", "检验员"])["读数"].transform("mean").round(1)
    result = gage(df.assign(读数=means).drop(index=[3, 50]))
    assert result.repeatability_var == 0
    assert result.interaction_var > 0
    assert "gage-rr.zero-variation" in codes_of(result)
    # the remainder of the cell means plays the part of the interaction
    whole = gage(df.assign(读数=means), alpha_pool=1)
    assert result.interaction_var == pytest.approx(whole.interaction_var, rel=1e-4)
    finite(result)


def test_tiny_noise_at_an_offset_with_gaps():
    rng = np.random.default_rng(3)
    part, operator, _ = (axis.ravel() for axis in np.indices((10, 3, 3)))
    y = 1e4 + np.linspace(1, 1000, 10)[part] + 0.002 * rng.normal(size=90)
    df = pd.DataFrame({"零件": part, "检验员": operator, "读数": y}).drop(index=[3, 44, 70])
    m = gage(df).metrics()
    assert m["repeatability_sd"] == pytest.approx(0.002, rel=0.2)
    assert m["repeatability_sd_low"] < 0.002 < m["repeatability_sd_high"]
    assert m["part_sd"] == pytest.approx(np.std(np.linspace(1, 1000, 10), ddof=1), rel=1e-6)


# ── further factors ──────────────────────────────────────────────────────────────────────────


def expanded():
    """As in test_variance_mixed.py, where lme4's figures stand."""
    df = classic([1, 5, 17, 44, 60, 61, 62])
    batch = (df["零件"] - 1) // 3
    y = df["读数"] + 1.5 * (batch == 1) - 2.0 * (batch == 3) + 0.3 * (df["次数"] == 2)
    y = y + 0.4 * ((df["零件"] * (df["检验员"] == "B")) % 3)
    return df.assign(批=batch, 读数=y)


def test_factors_agree_with_lme4():
    # lmer(y2 ~ 1 + (1|batch) + (1|part) + (1|op) + (1|trial) + (1|part:op))
    result = gage(expanded(), factors=["批", "次数"])
    m = result.metrics()
    assert m["factor1_var"] == pytest.approx(3.863747679, rel=1e-4)
    assert m["factor2_var"] == pytest.approx(0.022865029, rel=1e-4)
    assert m["part_within_var"] == pytest.approx(0.703588593, rel=1e-4)
    assert m["part_var"] == pytest.approx(3.863747679 + 0.703588593, rel=1e-4)
    gauge = 0.115071671 + 0.022865029 + 0.023453230 + 0.039225430
    assert m["grr_var"] == pytest.approx(gauge, rel=1e-4)
    assert m["total_var"] == pytest.approx(m["part_var"] + m["grr_var"])
    for key in ("factor1_var", "factor2_var", "part_within_var", "part_var", "grr_var"):
        assert m[f"{key}_low"] < m[key] < m[f"{key}_high"]
    assert "“批”计入零件、“次数”计入量具" in text_of(result, "gage-rr.expanded")
    names = result.table()["来源"].tolist()
    assert "次数（计入量具）" in names
    assert "其中：批（随零件）" in names
    finite(result)


def test_a_factor_of_operators_counts_with_the_gauge():
    rng = np.random.default_rng(2)
    df = nested_study(rng, (6, 4, 2), (1, 2, 0.5))
    result = gage(df.assign(班组=df["检验员"] // 2), design="nested", factors=["班组"])
    assert result.products == ("part",)
    finite(result)


def test_an_even_study_with_a_factor_is_not_called_uneven():
    result = gage(classic(), factors=["次数"])
    assert result.method == "reml"
    assert "gage-rr.unbalanced" not in codes_of(result)
    part, grr = result.draws().T
    assert part.shape == grr.shape
    assert grr.min() > 0


# ── refusals ─────────────────────────────────────────────────────────────────────────────────


def owners():
    """Each part in one hand only."""
    df = qt.load("gage-classic")
    return df[df["零件"] % 3 == df["检验员"].factorize()[0]]


def apart():
    """A measures parts 1 to 5, B and C the others."""
    df = qt.load("gage-classic")
    return df[(df["检验员"] == "A") == (df["零件"] <= 5)]


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (owners, {}, 'design="nested"'),
        (apart, {}, "检验员 A 与 B、C 没有测过同一个“零件”"),
        (lambda: owners().query("次数 == 1"), {"design": "nested"}, "只有 1 个读数"),
        (lambda: classic().query("零件 == 1 or 零件 == 11"), {}, "列“零件”里只有“1”一个"),
        (lambda: classic().assign(站="甲"), {"factors": ["站"]}, "列“站”里只有“甲”一个"),
        (
            lambda: classic().assign(工位=lambda df: df["检验员"] + "号"),
            {"factors": ["工位"]},
            "列“工位”与“检验员”的水平一一对应",
        ),
        (
            lambda: classic().assign(行=range(90)),
            {"factors": ["行"]},
            "没有剩下的可以估计重复性",
        ),
        (
            lambda: classic([4]).assign(读数=lambda df: df["零件"] + 0.5 * (df["检验员"] == "B")),
            {},
            "一点散布也没有剩下",
        ),
        (lambda: classic([4]).assign(读数=0.1), {}, "读数全都相同"),
    ],
)
def test_refusals(make, options, words):
    with pytest.raises(QualityDataError, match=re.escape(words)):
        gage(make(), **options)


def test_one_part_for_each_operator():
    df = qt.load("gage-classic")
    df = df[df["零件"] == df["检验员"].factorize()[0] + 1]
    with pytest.raises(QualityDataError, match="每个“检验员”只测了一个“零件”"):
        gage(df, design="nested")


def test_operators_linked_by_one_part():
    df = qt.load("gage-classic")
    finite(gage(df[(df["检验员"] == "A") | (df["零件"] == 1)]))  # B and C measured part 1 only
    one_each = df[(df["零件"] == 1) | (df["零件"] == 2) & (df["检验员"] == "A")]
    finite(gage(one_each))
