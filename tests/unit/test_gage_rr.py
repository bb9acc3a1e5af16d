"""gage_rr: the classic study, second derivations, invariances, errors, display."""

import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa import GAGE
from qtools.msa.ranges import d2_star, k1

ROLES = {"part": "零件", "operator": "检验员", "value": "读数"}


def classic(**options):
    return qt.msa.gage_rr(qt.load("gage-classic"), **ROLES, **options)


def study(cube):
    """Long table of a (parts, operators, trials) array."""
    index = np.indices(cube.shape).reshape(3, -1)
    return pd.DataFrame({"零件": index[0], "检验员": index[1], "读数": cube.ravel()})


def random_cube(rng, shape, sds):
    p, o, _ = shape
    part, operator, cross, noise = sds
    return (
        part * rng.normal(size=(p, 1, 1))
        + operator * rng.normal(size=(1, o, 1))
        + cross * rng.normal(size=(p, o, 1))
        + noise * rng.normal(size=shape)
    )


def codes_of(result):
    return {check.code for check in result.checks}


# ── the classic study: AIAG MSA 4th ed. (2010), figure III-B 15 and tables III-B 7 to 9 ──────


def test_anova_table():
    table = classic().anova()
    assert table["平方和 SS"].iloc[:5].tolist() == pytest.approx(
        [88.3619, 3.1673, 0.3590, 2.7589, 94.6471], abs=0.00005
    )
    assert table["自由度"].iloc[:5].tolist() == [9, 2, 18, 60, 89]
    assert table["均方 MS"].iloc[:4].tolist() == pytest.approx(
        [9.81799, 1.58363, 0.01994, 0.04598], abs=0.000005
    )
    assert table["F"].iloc[2] == pytest.approx(0.434, abs=0.0005)
    assert table["p"].iloc[2] == pytest.approx(0.974, abs=0.0005)
    assert table["来源"].iloc[5] == "零件（合并后）"
    assert table["自由度"].iloc[7] == 78


def test_pooled_anova():
    m = classic().metrics()
    assert m["pooled"] is True
    assert m["method"] == "anova"
    assert m["interaction_var"] == 0.0
    sds = {"repeatability": 0.199933, "operator": 0.226838, "grr": 0.302373}
    # the manual prints .302373; from unrounded components it is .3023715
    for key, sd in sds.items():
        assert m[f"{key}_sd"] == pytest.approx(sd, abs=0.0000016)
    assert m["part_sd"] == pytest.approx(1.042327, abs=0.0000006)
    assert m["total_sd"] == pytest.approx(1.0853, abs=0.00005)
    assert m["pct_study_var"] == pytest.approx(27.86, abs=0.005)
    assert m["pct_contribution"] == pytest.approx(7.8, abs=0.05)
    assert m["ndc"] == 4
    assert m["interaction_p"] == pytest.approx(0.974, abs=0.0005)
    table = classic().table().set_index("来源")
    shares = table["%研究变差"]
    assert shares.iloc[[1, 2, 0, 3]].tolist() == pytest.approx([18.4, 20.9, 27.9, 96.0], abs=0.05)
    assert table["贡献率 %"].iloc[[1, 2, 0, 3]].tolist() == pytest.approx(
        [3.4, 4.4, 7.8, 92.2], abs=0.05
    )
    assert "pct_tolerance" not in m
    assert not any(isinstance(value, np.generic) for value in m.values())


def test_unpooled_anova():
    result = classic(alpha_pool=1.0)
    m = result.metrics()
    assert m["pooled"] is False
    assert result.raw["interaction"] == pytest.approx(-0.00868, abs=0.000005)
    assert m["grr_sd"] == pytest.approx(0.3132, abs=0.00005)
    assert {"gage-rr.negative-variance", "gage-rr.interaction-kept"} <= codes_of(result)
    assert "0.3132" in next(c.text for c in classic().checks if c.code.endswith("pooled"))


def test_intervals_of_the_classic_study():
    # 90 % MLS on these mean squares (references/README.md)
    m = classic().metrics()
    wanted = {
        "repeatability": (0.1769, 0.2306),
        "operator": (0.1275, 1.0138),
        "grr": (0.2351, 1.0334),
    }
    for key, limits in wanted.items():
        assert (m[f"{key}_sd_low"], m[f"{key}_sd_high"]) == pytest.approx(limits, abs=0.00005)
        assert m[f"{key}_var_low"] == pytest.approx(m[f"{key}_sd_low"] ** 2)
    for key in ("pct_study_var", "pct_contribution", "ndc", "part_var", "total_var"):
        assert m[f"{key}_low"] <= m[key] <= m[f"{key}_high"]
    # %GRR and ndc are functions of one ratio, and so are their limits
    assert m["pct_study_var_low"] == pytest.approx(10 * m["pct_contribution_low"] ** 0.5)
    share = (m["pct_study_var_low"] / 100) ** 2
    assert m["ndc_high"] == int(1.41 * (1 / share - 1) ** 0.5)


def test_range_method():
    m = classic(method="range").metrics()
    # the manual rounds R̄ to .3417 and K to four digits: EV .20188, AV .22963, GRR .30575
    assert m["repeatability_sd"] == pytest.approx(0.20188, abs=0.00003)
    assert m["operator_sd"] == pytest.approx(0.22963, abs=0.00006)
    assert m["grr_sd"] == pytest.approx(0.30575, abs=0.00005)
    assert m["part_sd"] == pytest.approx(1.10456, abs=0.0002)
    assert m["total_sd"] == pytest.approx(1.14610, abs=0.0002)
    assert m["pct_study_var"] == pytest.approx(26.68, abs=0.005)
    assert m["ndc"] == 5
    assert "interaction_p" not in m
    result = classic(method="range")
    assert "gage-rr.interaction-unseen" in codes_of(result)
    with pytest.raises(QualityDataError, match="没有方差分析表"):
        result.anova()


def test_range_method_by_hand():
    cube = np.round(random_cube(np.random.default_rng(8), (6, 2, 2), (2, 1, 0, 0.5)), 2)
    result = qt.msa.gage_rr(study(cube), **ROLES, method="range")
    ranges = [max(cube[i, j]) - min(cube[i, j]) for i in range(6) for j in range(2)]
    # 12 ranges of 2, not more than 15: d2*(2, 12) = √(1.128379² + 0.852502²/12)
    ev = np.mean(ranges) / math.sqrt(1.1283792**2 + 0.8525025**2 / 12)
    operators = [cube[:, j].mean() for j in range(2)]
    av = math.sqrt(((max(operators) - min(operators)) / math.sqrt(2)) ** 2 - ev**2 / 12)
    assert result.repeatability_var == pytest.approx(ev**2, rel=1e-6)
    assert result.operator_var == pytest.approx(av**2, rel=1e-6)


@pytest.mark.parametrize(
    ("factor", "printed"),
    [
        (lambda: k1(2, 30), 0.8862),
        (lambda: k1(3, 30), 0.5908),
        (lambda: 1 / d2_star(2, 1), 0.7071),
        (lambda: 1 / d2_star(3, 1), 0.5231),
        (lambda: 1 / d2_star(10, 1), 0.3146),
    ],
)
def test_printed_factors(factor, printed):
    assert factor() == pytest.approx(printed, abs=0.00005)


def test_d2_star_is_the_root_mean_square_of_a_mean_range():
    rng = np.random.default_rng(0)
    ranges = np.ptp(rng.normal(size=(40_000, 3, 4)), axis=2).mean(axis=1)
    assert d2_star(4, 3) == pytest.approx(np.sqrt(np.mean(ranges**2)), rel=0.005)


# ── second derivation ────────────────────────────────────────────────────────────────────────


def by_loops(cube):
    """Mean squares and expected-mean-square estimates with sums written out cell by cell."""
    p, o, r = cube.shape
    grand = math.fsum(cube.ravel()) / cube.size
    part = [math.fsum(cube[i].ravel()) / (o * r) for i in range(p)]
    oper = [math.fsum(cube[:, j].ravel()) / (p * r) for j in range(o)]
    cell = [[math.fsum(cube[i, j]) / r for j in range(o)] for i in range(p)]
    pairs = list(itertools.product(range(p), range(o)))
    ms_p = o * r * math.fsum((m - grand) ** 2 for m in part) / (p - 1)
    ms_o = p * r * math.fsum((m - grand) ** 2 for m in oper) / (o - 1)
    inter = [(cell[i][j] - part[i] - oper[j] + grand) ** 2 for i, j in pairs]
    ms_i = r * math.fsum(inter) / ((p - 1) * (o - 1))
    within = [(cube[i, j, k] - cell[i][j]) ** 2 for i, j in pairs for k in range(r)]
    ms_e = math.fsum(within) / (p * o * (r - 1))
    components = (
        (ms_p - ms_i) / (o * r),
        (ms_o - ms_i) / (p * r),
        (ms_i - ms_e) / r,
        ms_e,
    )
    error = ms_i * (p - 1) * (o - 1) + ms_e * p * o * (r - 1)
    ms_pooled = error / ((p - 1) * (o - 1) + p * o * (r - 1))
    pooled = ((ms_p - ms_pooled) / (o * r), (ms_o - ms_pooled) / (p * r), ms_pooled)
    return (ms_p, ms_o, ms_i, ms_e), components, pooled


@pytest.mark.parametrize("block", range(10))
def test_two_hundred_designs_against_loops(block):
    shape = (2 + block % 6, 2 + block % 3, 2 + block % 2)  # one a block: draws are kept by shape
    for seed in range(20 * block, 20 * block + 20):
        rng = np.random.default_rng(seed)
        sds = rng.uniform(0.1, 3, size=4) * rng.integers(0, 2, size=4)
        sds[3] = 10.0 ** rng.integers(-3, 1)
        cube = random_cube(rng, shape, sds)
        ms, components, pooled = by_loops(cube)
        kept = qt.msa.gage_rr(study(cube), **ROLES, alpha_pool=1)
        scale = max(ms)
        assert kept.full.ms == pytest.approx(ms, rel=1e-8, abs=1e-13 * scale)
        names = ("part", "operator", "interaction", "repeatability")
        raw = tuple(kept.raw[name] for name in names)
        assert raw == pytest.approx(components, rel=1e-8, abs=1e-13 * scale)
        positive = [max(part, 0) for part in components]
        assert kept.grr_var == pytest.approx(sum(positive[1:]), rel=1e-8)
        assert kept.total_var == pytest.approx(sum(positive), rel=1e-8)
        merged = qt.msa.gage_rr(study(cube), **ROLES, alpha_pool=0)
        assert merged.model.components == pytest.approx(pooled, rel=1e-8, abs=1e-13 * scale)
        for result in (kept, merged):
            assert all(np.isfinite(v) for v in result.metrics().values() if isinstance(v, float))


def test_statsmodels_agrees():
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    df = qt.load("gage-classic").rename(columns={"零件": "p", "检验员": "o", "读数": "y"})
    table = anova_lm(ols("y ~ C(p) * C(o)", df).fit())
    ours = classic().anova().iloc[:4]
    assert ours["平方和 SS"].to_numpy() == pytest.approx(table["sum_sq"].to_numpy(), rel=1e-9)
    assert ours["p"].iloc[2] == pytest.approx(table["PR(>F)"].iloc[2], rel=1e-9)


def test_tiny_noise_beside_large_parts_at_an_offset():
    # parts 1 … 1000 and noise of 0.002 in whole units of 0.001: exact integers in, exact out
    rng = np.random.default_rng(2)
    noise = rng.integers(-3, 4, size=(10, 3, 4))
    whole = 1000 * np.linspace(1, 1000, 10).round().astype(int)[:, None, None] + noise
    exact = 0
    for i, j in itertools.product(range(10), range(3)):
        own = [int(v) for v in noise[i, j]]
        exact += 4 * sum(v * v for v in own) - sum(own) ** 2
    result = qt.msa.gage_rr(study(whole / 1000), **ROLES, alpha_pool=1)
    assert result.repeatability_var == pytest.approx(exact / 4 / 90 / 1e6, rel=1e-9)
    moved = qt.msa.gage_rr(study(1e7 + whole / 1024), **ROLES, alpha_pool=1)
    assert moved.repeatability_var == pytest.approx(exact / 4 / 90 / 1024**2, rel=1e-6)


# ── invariances ──────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.integers(0, 10**6),
    st.floats(-1e4, 1e4),
    st.floats(0.01, 100),
    st.sampled_from(["anova", "range"]),
)
def test_invariances(seed, shift, scale, method):
    rng = np.random.default_rng(seed)
    df = study(random_cube(rng, (6, 3, 2), (2, 0.5, 0.2, 0.3)))
    base = qt.msa.gage_rr(df, **ROLES, method=method, tolerance=10).metrics()
    moved = df.sample(frac=1, random_state=seed % 2**31)
    moved["零件"] = "件" + moved["零件"].map(dict(enumerate(rng.permutation(6)))).astype(str)
    moved["检验员"] = moved["检验员"].map(dict(enumerate(["张三", "李四", "王五"])))
    moved["读数"] = shift + scale * moved["读数"]
    other = qt.msa.gage_rr(moved, **ROLES, method=method, tolerance=10 * scale).metrics()
    assert base.keys() == other.keys()
    for key, value in base.items():
        if isinstance(value, float):
            power = 2 if "_var" in key and "pct" not in key else 1 if "_sd" in key else 0
            assert other[key] / scale**power == pytest.approx(value, rel=1e-5, abs=1e-8), key
        elif key not in ("ndc", "ndc_low", "ndc_high"):  # truncation may fall either way
            assert other[key] == value


def test_k_changes_the_study_variation_and_no_ratio():
    six, old = classic(tolerance=8), classic(tolerance=8, k=5.15)
    assert six.pct_study_var == old.pct_study_var
    assert old.pct_tolerance / six.pct_tolerance == pytest.approx(5.15 / 6)
    assert "5.15σ" in old.table().columns
    assert "%公差" in old.table().columns


# ── the decision ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (9.999, "good"),
        (10.0, "caution"),  # the manual says "under 10 %": exactly 10 is not under
        (math.nextafter(10.0, 0), "caution"),  # rounding of the last digit decides nothing
        (30.0, "caution"),  # "over 30 %": exactly 30 is not over
        (math.nextafter(30.0, 100), "caution"),
        (30.001, "bad"),
    ],
)
def test_borders_of_the_bands(value, level):
    assert GAGE.band(value).level == level


def balanced_cube(grr_percent):
    """Two operators, no operator effect, and a chosen exact %GRR."""
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(12, 1, 3))
    noise = np.concatenate([noise, -noise], axis=1)
    noise -= noise.mean(axis=2, keepdims=True)
    part = np.linspace(-1, 1, 12)[:, None, None]
    unit = qt.msa.gage_rr(study(part + noise), **ROLES, alpha_pool=0)
    ratio = (grr_percent / 100) ** 2
    part_ms = unit.full.ms[0] / 6
    # E(MS part)/6 = part_var + ev/6; choose the noise so that ev/(ev + part_var) = ratio
    ev = unit.repeatability_var
    scale = ratio * part_ms / (1 - ratio + ratio / 6) / ev
    return part + noise * scale**0.5


@pytest.mark.parametrize(
    ("percent", "level", "words"),
    [
        (5, "good", "可接受：%GRR（占总变差）为 5.00 %，小于 10 %"),
        (10, "caution", "视用途而定"),
        (20, "caution", "在 10 %–30 % 之间"),
        (30, "caution", "视用途而定"),
        (45, "bad", "不可接受：%GRR（占总变差）为 45.00 %，大于 30 %"),
    ],
)
def test_verdict_by_percent(percent, level, words):
    result = qt.msa.gage_rr(study(balanced_cube(percent)), **ROLES, alpha_pool=0)
    assert result.pct_study_var == pytest.approx(percent, rel=1e-9)
    assert result.verdict.level == level
    assert words in result.verdict.text
    assert "AIAG" in result.verdict.source


def test_verdict_of_the_classic_study():
    text = classic().verdict.text
    assert text.startswith("视用途而定")
    assert "ndc = 4，不到 5" in text
    assert "跨过 30 %，结论不牢" in text
    codes = codes_of(classic())
    assert {
        "gage-rr.wide-interval",
        "gage-rr.ndc-near-limit",
        "gage-rr.interaction-pooled",
    } == codes


def test_tolerance_decides_when_it_is_worse():
    wide, narrow = classic(tolerance=40), classic(tolerance=4)
    assert wide.verdict.text.startswith("视用途而定：%GRR（占总变差）")
    assert narrow.verdict.level == "bad"
    assert "%公差为 45.36 %" in narrow.verdict.text
    assert "gage-rr.parts-narrow" in codes_of(wide)
    assert "gage-rr.parts-narrow" not in codes_of(narrow)
    m = narrow.metrics()
    assert m["pct_tolerance"] == pytest.approx(100 * 6 * m["grr_sd"] / 4)
    assert m["pct_tolerance_high"] == pytest.approx(100 * 6 * m["grr_sd_high"] / 4)


def test_an_interval_that_reaches_the_worst_band_proves_nothing():
    seen = set()
    for seed in range(12):
        cube = random_cube(np.random.default_rng(seed), (10, 2, 3), (1.0, 0.04, 0.0, 0.06))
        found = qt.msa.gage_rr(study(cube), **ROLES)
        m = found.metrics()
        if m["pct_study_var"] >= 10:
            continue
        unproven = m["pct_study_var_high"] > 30
        seen.add(unproven)
        assert found.verdict.level == ("caution" if unproven else "good")
        assert found.verdict.text.startswith("看得到的可接受，还证明不了" if unproven else "可接受")
        assert "按留意处理" in found.verdict.rule
        # a wide tolerance does not hide that %GRR reaches the worst band
        wide = qt.msa.gage_rr(study(cube), **ROLES, tolerance=6.3)
        assert (wide.verdict.level == "good") == (
            max(wide.metrics()["pct_study_var_high"], wide.metrics()["pct_tolerance_high"]) <= 30
        )
    assert seen == {True, False}


def test_the_caveat_speaks_of_the_ratio_that_decided():
    cube = random_cube(np.random.default_rng(1), (10, 3, 3), (1.0, 0.1, 0.0, 0.1))
    found = qt.msa.gage_rr(study(cube), **ROLES, tolerance=3)
    m = found.metrics()
    assert m["pct_study_var"] < m["pct_tolerance"] < 30 < m["pct_tolerance_high"]
    told = {check.code: check.text for check in found.checks}
    assert told["gage-rr.wide-interval"].startswith("%公差的 90 % 区间上限")
    calm = random_cube(np.random.default_rng(2), (10, 3, 3), (1.0, 0.0, 0.0, 0.085))
    result = qt.msa.gage_rr(study(calm), **ROLES, tolerance=2.5)
    m = result.metrics()
    # %tolerance decides and its interval stays in the band; that of %GRR alone does not
    assert m["pct_study_var"] < 10 < m["pct_study_var_high"]
    assert 10 < m["pct_tolerance_low"] < m["pct_tolerance_high"] < 30
    assert "没有跨过界限" in result.verdict.text
    assert "gage-rr.wide-interval" not in codes_of(result)


@pytest.mark.parametrize(
    ("percent", "shown"), [(9.9999, "9.9999 %，小于 10"), (30.0001, "30.0001 %，大于 30")]
)
def test_a_ratio_beside_a_limit_has_the_digits_that_tell(percent, shown):
    found = qt.msa.gage_rr(study(balanced_cube(percent)), **ROLES)
    assert f"为 {shown} %" in found.verdict.text


def test_few_categories_forbid_acceptance():
    from dataclasses import replace

    strict = replace(GAGE, ndc_minimum=1000)
    result = qt.msa.gage_rr(study(balanced_cube(5)), **ROLES, alpha_pool=0, criteria=strict)
    assert result.verdict.level == "caution"
    assert "不到 1000" in result.verdict.text


def test_good_gauge_has_an_interval_within_the_band():
    cube = random_cube(np.random.default_rng(3), (30, 6, 3), (10, 0.1, 0, 0.2))
    result = qt.msa.gage_rr(study(cube), **ROLES)
    assert "没有跨过界限" in result.verdict.text
    assert codes_of(result) <= {"gage-rr.interaction-pooled", "gage-rr.negative-variance"}


# ── edges ────────────────────────────────────────────────────────────────────────────────────


def test_interaction_is_kept_when_it_is_seen():
    cube = random_cube(np.random.default_rng(4), (5, 2, 3), (3, 1, 2, 0.1))
    result = qt.msa.gage_rr(study(cube), **ROLES)
    assert not result.pooled
    assert result.interaction_var > 0
    assert {"gage-rr.few-parts", "gage-rr.few-operators"} <= codes_of(result)
    kept = next(c for c in result.checks if c.code == "gage-rr.interaction-kept")
    assert "交叉的线" in kept.text
    assert "交互（零件×检验员）" in result.table()["来源"].tolist()
    assert len(result.anova()) == 5


def test_one_trial():
    cube = random_cube(np.random.default_rng(4), (10, 3, 1), (3, 1, 0, 0.3))
    result = qt.msa.gage_rr(study(cube), **ROLES)
    assert not result.pooled
    assert "interaction_p" not in result.metrics()
    assert "gage-rr.no-replicates" in codes_of(result)
    assert result.anova()["来源"].tolist() == ["零件", "检验员", "重复性（残差）", "合计"]
    assert len(result.figure().data) == 2 + 3
    with pytest.raises(QualityDataError, match="每个组合只有 1 个读数"):
        qt.msa.gage_rr(study(cube), **ROLES, method="range")


@pytest.mark.parametrize("method", ["anova", "range"])
def test_no_measurement_spread_at_all(method):
    cube = np.broadcast_to(np.arange(12.0)[:, None, None], (12, 3, 2)) + 1e7
    result = qt.msa.gage_rr(study(cube), **ROLES, method=method)
    assert result.grr_var == 0
    assert result.ndc is None
    assert "ndc" not in result.metrics()
    assert result.verdict.level == "caution"
    assert "分辨力" in result.verdict.text
    assert "gage-rr.zero-variation" in codes_of(result)
    assert result._repr_mimebundle_()["text/html"]
    assert result.figure().data


@pytest.mark.parametrize("method", ["anova", "range"])
@pytest.mark.parametrize("offset", [0.0, 10.13, 1e7])
def test_identical_repeats_are_no_proof_of_a_good_gauge(offset, method):
    """Decimals whose means round differently: what is left of them is rounding, not spread."""
    parts = np.array([0.13, 0.27, 0.41, 0.58, 0.69, 0.74, 0.86, 0.93, 1.07, 1.19])
    cube = offset + np.broadcast_to(parts[:, None, None], (10, 3, 3))
    result = qt.msa.gage_rr(study(cube), **ROLES, method=method, tolerance=2)
    assert (result.repeatability_var, result.grr_var, result.ndc) == (0, 0, None)
    assert "interaction_p" not in result.metrics()
    assert result.verdict.level == "caution"
    assert result.verdict.text.startswith("还不能判定")
    assert "gage-rr.zero-variation" in codes_of(result)
    assert result._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("method", ["anova", "range"])
@pytest.mark.parametrize(
    ("shift", "level", "words"), [(0.05, "caution", "还不能判定"), (9, "bad", "不可")]
)
def test_identical_repeats_of_operators_who_differ(shift, level, words, method):
    rng = np.random.default_rng(8)
    cells = rng.normal(10, 2, size=(10, 1)) + shift * np.array([-1, 0, 1])
    cells = cells + 0.01 * rng.integers(-3, 4, size=(10, 3))
    cube = np.repeat(cells[:, :, None], 3, axis=2)
    result = qt.msa.gage_rr(study(cube), **ROLES, method=method)
    assert result.repeatability_var == 0
    assert result.grr_var > 0
    assert result.interaction_p is None
    assert not result.pooled
    assert (result.verdict.level, result.verdict.text[: len(words)]) == (level, words)
    codes = codes_of(result)
    assert "gage-rr.zero-variation" in codes
    assert "gage-rr.interaction-kept" not in codes


def test_one_trial_without_any_remainder():
    cube = np.add.outer(np.arange(10.0), [0.1, 0.2, 0.3])[:, :, None]
    result = qt.msa.gage_rr(study(cube), **ROLES)
    assert result.repeatability_var == 0
    assert "只差一个常数" in result.verdict.text


def test_vanishing_p_is_not_printed_as_zero():
    cube = random_cube(np.random.default_rng(3), (10, 3, 3), (2, 0.2, 3, 0.01))
    kept = next(c for c in qt.msa.gage_rr(study(cube), **ROLES).checks if "kept" in c.code)
    assert "p < 0.001" in kept.text


def test_parts_all_alike():
    cube = random_cube(np.random.default_rng(7), (10, 3, 3), (0, 1, 0, 1))
    cube -= cube.mean(axis=(1, 2), keepdims=True)
    result = qt.msa.gage_rr(study(cube), **ROLES)
    assert result.part_var == 0
    assert result.ndc == 0
    assert result.pct_study_var == pytest.approx(100)
    assert result.verdict.level == "bad"
    assert "gage-rr.negative-variance" in codes_of(result)


def test_figure_of_a_large_study_draws_means_only():
    cube = random_cube(np.random.default_rng(1), (70, 3, 6), (3, 1, 0, 0.3))
    fig = qt.msa.gage_rr(study(cube), **ROLES).figure()
    assert len(fig.data) == 2 + 3
    assert len(fig.to_json()) < 40_000
    small = classic().figure()
    assert len(small.data) == 2 + 2 * 3
    assert "27.9 %" in small.layout.meta["alt"]


def test_ndc_with_the_root_of_two():
    # PV/GRR of the classic study is 3.447…: 1.41 gives 4.86, √2 4.875; the last digit can decide
    ratio = classic().metrics()["part_sd"] / classic().metrics()["grr_sd"]
    assert classic(ndc_factor=2**0.5).ndc_raw == pytest.approx(2**0.5 * ratio, rel=1e-12)
    assert classic().ndc_raw == pytest.approx(1.41 * ratio, rel=1e-12)


def test_the_verdict_names_the_estimator():
    assert "方差分析法，交互已合并（pooled）" in classic().verdict.text
    assert "方差分析法，交互未合并（unpooled）" in classic(alpha_pool=1).verdict.text
    assert classic(method="range").verdict.text.endswith("估计用均值极差法。")


def test_draws_hold_the_intervals():
    result = classic()
    part, grr = result.draws().T
    ratio = 100 * np.sqrt(np.quantile(grr / (grr + part), [0.05, 0.95]))
    limits = result.intervals["pct_study_var"]
    assert (limits.low, limits.high) == pytest.approx(ratio.tolist(), rel=1e-12)
    assert result.mean == pytest.approx(qt.load("gage-classic")["读数"].mean(), rel=1e-9)


def test_display():
    html = classic()._repr_mimebundle_()["text/html"]
    assert 'data-code="gage-rr.ndc-near-limit"' in html
    assert "量具合计 GRR" in html
    assert "[gage-rr.wide-interval]" in repr(classic())


# ── refusals ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "xbar"}, 'method="xbar" 不认识'),
        ({"design": "mixed"}, 'design="mixed" 不认识'),
        ({"factors": "次数"}, "factors 要写成几个列名"),
        ({"factors": ["班次"]}, "找不到列“班次”"),
        ({"ndc_factor": 5}, "ndc_factor = 5 不对"),
        ({"tolerance": 0}, "公差 0 不对"),
        ({"tolerance": -1.5}, "公差 -1.5 不对"),
        ({"tolerance": float("nan")}, "公差 nan 不对"),
        ({"tolerance": "4"}, "公差 '4' 不对"),
        ({"k": 0}, "k = 0 不对"),
        ({"k": "6"}, "k = '6' 不对"),
        ({"alpha_pool": 25}, "alpha_pool = 25 不是 0 到 1 之间的数"),
        ({"alpha_pool": None}, "alpha_pool = None 不是 0 到 1 之间的数"),
        ({"confidence": 90}, "confidence=90 不在 0.5 和 1 之间"),
        ({"confidence": "0.9"}, "confidence='0.9' 不在 0.5 和 1 之间"),
        ({"confidence": 0.1}, "confidence=0.1 不在 0.5 和 1 之间"),
        ({"part": "检验员"}, "列“检验员”被指定了两次用途"),
        ({"value": "测量值"}, "找不到列“测量值”"),
    ],
)
def test_refuses_options(options, message):
    with pytest.raises(QualityDataError, match=re.escape(message)):
        qt.msa.gage_rr(qt.load("gage-classic"), **{**ROLES, **options})


def test_refuses_text_and_twin_names():
    df = qt.load("gage-classic")
    text = df.astype({"读数": object})
    text.loc[4, "读数"] = "0.29mm"
    with pytest.raises(QualityDataError, match=r"不是数字的内容：“0\.29mm”"):
        qt.msa.gage_rr(text, **ROLES)
    twins = df.assign(检验员=df["检验员"].replace({"A": "张三", "B": "张三 "}))
    with pytest.raises(QualityDataError, match="看来是同一个"):
        qt.msa.gage_rr(twins, **ROLES)


def test_ranges_refuse_an_unbalanced_study_and_name_the_cells():
    df = qt.load("gage-classic")
    with pytest.raises(QualityDataError) as short:
        qt.msa.gage_rr(df.drop(index=5), **ROLES, method="range")
    assert "缺读数的组合：零件 6 × 检验员 A（2 个）" in str(short.value)
    with pytest.raises(QualityDataError) as extra:
        qt.msa.gage_rr(pd.concat([df, df.iloc[[3]]], ignore_index=True), **ROLES, method="range")
    assert "多读数的组合：零件 4 × 检验员 A（4 个）" in str(extra.value)
    with pytest.raises(QualityDataError, match="等 10 处"):
        qt.msa.gage_rr(df.query("检验员 != 'B' or 次数 != 2"), **ROLES, method="range")
    with pytest.raises(QualityDataError, match="只用于没有别的因子的交叉研究"):
        qt.msa.gage_rr(df, **ROLES, method="range", design="nested")


def test_refuses_one_part_one_operator_and_constant_data():
    df = qt.load("gage-classic")
    with pytest.raises(QualityDataError, match="列“检验员”里只有“A”一个"):
        qt.msa.gage_rr(df.query("检验员 == 'A'"), **ROLES)
    with pytest.raises(QualityDataError, match="列“零件”里只有“3”一个"):
        qt.msa.gage_rr(df.query("零件 == 3"), **ROLES)
    with pytest.raises(QualityDataError, match="读数全都相同"):
        qt.msa.gage_rr(df.assign(读数=0.1), **ROLES)
    rounding = df["零件"].map(lambda part: 0.3 if part > 1 else 0.1 + 0.2)
    with pytest.raises(QualityDataError, match="读数全都相同"):
        qt.msa.gage_rr(df.assign(读数=rounding), **ROLES)
