"""level_study: NIST's resistivity probes, second derivations, invariances, refusals."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qtools as qt
from qtools.errors import QualityDataError

BASIC = {"value": "电阻率", "sd": "标准差", "repeats": 6}
ROLES = {"artefact": "晶片", "instrument": "探针", "run": "轮次"}


def probes(**options):
    return qt.msa.level_study(qt.load("resistivity"), **BASIC, **ROLES, **options)


def random_study(seed, artefacts=3, instruments=3, runs=2, days=4, repeats=5):
    """Summaries of simulated repetitions, and the repetitions."""
    rng = np.random.default_rng(seed)
    shape = (artefacts, instruments, runs, days)
    raw = 100 + 3 * rng.normal(size=(artefacts, 1, 1, 1, 1))
    raw = raw + 0.2 * rng.normal(size=(1, instruments, 1, 1, 1))
    raw = raw + 0.3 * rng.normal(size=(artefacts, instruments, runs, 1, 1))
    raw = raw + 0.4 * rng.normal(size=(*shape, 1)) + 0.5 * rng.normal(size=(*shape, repeats))
    index = np.indices(shape).reshape(4, -1)
    df = pd.DataFrame(
        {
            "样件": index[0],
            "仪器": index[1],
            "轮": index[2],
            "均值": raw.mean(axis=-1).ravel(),
            "s": raw.std(axis=-1, ddof=1).ravel(),
        }
    )
    return df, raw


def of(df, repeats=5, **options):
    columns = {"artefact": "样件", "instrument": "仪器", "run": "轮"}
    return qt.msa.level_study(df, value="均值", sd="s", repeats=repeats, **(columns | options))


def codes_of(result):
    return {check.code for check in result.checks}


# ── NIST/SEMATECH e-Handbook 2.6.1 and 2.6.3, as its programs print them ─────────────────────

# wafer, probe, run 1, run 2: deviations from the average of the five probes
DEVIATIONS = """
138 1 .0247 -.0119 138 281 .0108 .0323 138 283 .0192 -.0258 138 2062 -.0175 .0561
138 2362 -.0372 -.0508 139 1 -.0035 -.0006 139 281 .0395 .0051 139 283 .0057 .0239
139 2062 -.0323 .0373 139 2362 -.0094 -.0657 140 1 .0400 .0109 140 281 .0187 .0106
140 283 -.0201 .0002 140 2062 -.0126 .0181 140 2362 -.0261 -.0398 141 1 .0393 .0325
141 281 -.0107 -.0037 141 283 .0246 -.0190 141 2062 -.0280 .0436 141 2362 -.0252 -.0534
142 1 .0062 .0094 142 281 .0376 .0174 142 283 -.0044 .0193 142 2062 -.0011 .0008
142 2362 -.0383 -.0469
"""


def test_deviations_of_the_probes():
    printed = np.array(DEVIATIONS.split(), dtype=float).reshape(-1, 4)
    study = probes()
    for level, bias in zip(study.levels, study.biases, strict=True):
        mine = printed[printed[:, 1] == float(level.name)]
        assert bias.by_run == pytest.approx(mine[:, 2:].mean(axis=0), abs=0.00005)
        assert bias.mean == pytest.approx(mine[:, 2:].mean(), abs=0.00005)
    best = study.biases[study.best]
    assert best.mean == pytest.approx(-0.0393, abs=0.00005)
    assert best.by_run == pytest.approx([-0.0272, -0.0513], abs=0.00005)


def test_levels_of_probe_2362():
    m = probes().metrics()
    assert m["best"] == "2362"
    assert (m["df1"], m["df2"], m["df3_nominal"]) == (300, 50, 5)
    assert [m["s1"], m["s2"]] == pytest.approx([0.07287, 0.03617], abs=0.000005)
    assert m["s3"] == pytest.approx(0.0196, abs=0.00005)
    # from standard deviations rounded to five decimals: 0.02057092 and 0.01295841
    assert [m["days_var"] ** 0.5, m["runs_var"] ** 0.5] == pytest.approx(
        [0.02057, 0.01296], abs=0.000005
    )
    assert m["own_u"] == pytest.approx((5 / 6 * m["s2"] ** 2 + m["s3"] ** 2) ** 0.5)
    assert not any(isinstance(value, np.generic) for value in m.values())


def test_repeatability_of_the_five_probes():
    s1 = [level.sds[0] for level in probes().levels]
    assert s1 == pytest.approx([0.0921, 0.1107, 0.0922, 0.1520, 0.0729], abs=0.00005)


def test_the_decision():
    study = probes()
    assert study.verdict.level == "caution"
    assert study.verdict.text.startswith("用 2362（探针），读数加 0.0393；")
    assert "排名还不牢" in study.verdict.text
    readings = [bias.reading[:3] for bias in study.biases]
    assert readings == ["看不出", "看不出", "看不出", "轮次间", "每轮同"]
    assert {
        "levels.spread-moves",
        "levels.bias-moves",
        "levels.runs-shared",
        "levels.few-runs",
        "levels.negative-component",
    } == codes_of(study)
    (spread,) = (c.text for c in study.checks if c.code == "levels.spread-moves")
    assert "“2062”从" in spread
    assert "283" not in spread
    assert study.figure().layout.meta["alt"].startswith("散点图")


# ── second derivations ───────────────────────────────────────────────────────────────────────


def test_one_artefact_is_the_nested_analysis_of_the_repetitions():
    df, raw = random_study(4, artefacts=1, instruments=1, runs=3, days=4, repeats=5)
    study = of(df, artefact=None, instrument=None)
    index = np.indices(raw.shape)[2:].reshape(3, -1)
    long = pd.DataFrame({"轮": index[0], "日": index[1], "读数": raw.ravel()})
    nested = qt.variance_components(long, value="读数", levels=["轮", "日"])
    runs, days, rest = nested.parts.raw
    assert study.used.raw == pytest.approx([rest, days, runs])
    limits = [nested.parts.intervals[f"{key}_var"] for key in ("residual", "level2", "level1")]
    for row, limit in zip(study.used.weights, limits, strict=True):
        ours = study.used.interval(row, 0.95)
        assert (ours.low, ours.high) == pytest.approx((limit.low, limit.high), rel=1e-9)
    assert study.used.df == pytest.approx((48, 9, 2))
    assert study.used.nominal == 2


@pytest.mark.parametrize("seed", range(8))
def test_levels_by_loops(seed):
    df, raw = random_study(seed)
    study = of(df)
    means = raw.mean(axis=-1)
    for g, level in enumerate(study.levels):
        within, short, between = [], [], []
        for a in range(3):
            run_means = []
            for r in range(2):
                days = means[a, g, r]
                within.append(sum((x - days.mean()) ** 2 for x in days))
                short += [np.var(raw[a, g, r, k], ddof=1) for k in range(4)]
                run_means.append(days.mean())
            between.append((run_means[0] - run_means[1]) ** 2 / 2)
        wanted = [math.fsum(short) / 24, math.fsum(within) / 18, math.fsum(between) / 3]
        assert level.variances == pytest.approx(wanted, rel=1e-9)
        # effective degrees of freedom: paired differences, common part against the rest
        d = means[:, g, 1].mean(axis=1) - means[:, g, 0].mean(axis=1)
        together, apart = 3 * d.mean() ** 2 / 2, np.sum((d - d.mean()) ** 2) / 2
        effective = (together + apart) ** 2 / (together**2 + apart**2 / 2)
        assert level.df[2] == pytest.approx(effective)


def test_joint_intervals_of_the_deviations():
    df, raw = random_study(11)
    study = of(df)
    cells = raw.mean(axis=(-1, -2))  # artefact, instrument, run
    off = cells - cells.mean(axis=1, keepdims=True)
    residual, df_residual = 0.0, 0
    for r in range(2):  # two-way tables of one run: artefacts × instruments
        table = cells[:, :, r]
        fitted = table.mean(axis=0) + table.mean(axis=1, keepdims=True) - table.mean()
        residual += np.sum((table - fitted) ** 2)
        df_residual += (3 - 1) * (3 - 1)
    se = math.sqrt(residual / df_residual * (1 - 1 / 3) / 3)
    half = stats.t.ppf(1 - 0.05 / (2 * 3 * 2), df_residual) * se
    for g, bias in enumerate(study.biases):
        assert bias.by_run == pytest.approx(off[:, g].mean(axis=0), abs=1e-12)
        assert bias.half == pytest.approx(half)
        by_run = off[:, g].mean(axis=0)
        shared = np.var(by_run, ddof=1) / 2
        by_cell = np.var(off[:, g], ddof=1) / 6
        assert bias.se == pytest.approx(max(shared, by_cell) ** 0.5)
        assert bias.df == (1 if shared > by_cell else 5)
        p = 2 * 3 * stats.t.sf(np.ptp(by_run) / (se * math.sqrt(2)), df_residual)
        assert bias.moved_p == pytest.approx(min(1, p))


def test_uncertainty_of_a_reported_value():
    study = probes(days=3)
    used, bias = study.used, study.biases[study.best]
    s1, s2, s3 = used.variances
    days, runs = s2 - s1 / 6, s3 - s2 / 6
    assert study.u**2 == pytest.approx(runs + days / 3 + s1 / 18 + bias.se**2)
    weights = (1 / 18 - 1 / 18, 1 / 3 - 1 / 6, 1.0)  # s₁² cancels
    below = sum((w * v) ** 2 / n for w, v, n in zip(weights, (s1, s2, s3), used.df, strict=True))
    df = study.u**4 / (below + bias.se**4 / bias.df)
    assert study.u_df == pytest.approx(df)
    assert study.coverage == pytest.approx(stats.t.ppf(0.975, df))
    plan = study.plan().set_index("方案")["u"]
    assert plan["3 天，每天 6 次"] == pytest.approx(study.u)
    assert plan.is_monotonic_decreasing
    assert sum(study.parts.values()) == pytest.approx(100)


def test_mean_squares_expect_what_the_docstring_says():
    """Components come back on the average of many studies, uneven ones too."""
    rng = np.random.default_rng(3)
    sizes = (2, 5, 3, 2)
    run = np.repeat(np.arange(4), sizes)
    found = []
    for _ in range(200):
        x = rng.normal(size=4)[run] * 0.6 + rng.normal(size=12) * 0.5
        raw = x[:, None] + 0.8 * rng.normal(size=(12, 3))
        df = pd.DataFrame({"轮": run, "均值": raw.mean(axis=1), "s": raw.std(axis=1, ddof=1)})
        found.append(of(df, repeats=3, artefact=None, instrument=None).used.raw)
    error = np.std(found, axis=0) / 200**0.5
    assert np.all(np.abs(np.mean(found, axis=0) - [0.64, 0.25, 0.36]) < 4 * error)


# ── smaller studies ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("missing", itertools.product([False, True], repeat=3))
def test_columns_are_optional(missing):
    roles = dict(zip(("artefact", "instrument", "run"), ("样件", "仪器", "轮"), strict=True))
    df, _ = random_study(5)
    given = {}
    for (role, column), gone in zip(roles.items(), missing, strict=True):
        given[role] = None if gone else column
        if gone:
            df = df[df[column] == 1]
    study = of(df, **given)
    m = study.metrics()
    assert all(np.isfinite(value) for value in m.values() if isinstance(value, float))
    assert ("s3" in m) is not missing[2]
    assert bool(study.biases) is not missing[1]
    assert ("levels.one-run" in codes_of(study)) is missing[2]
    for frame in (study.table(), study.components(), study.plan(), study.differences()):
        assert not frame.isna().any().any()
    assert study.figure().data
    assert "<section" in study._repr_mimebundle_()["text/html"]


def test_a_clear_winner_and_firm_runs():
    rng = np.random.default_rng(1)
    rows = [
        (a, g, r, 10 * a + [0.0, 5.0][g] + [0.001, 1.0][g] * rng.normal(), [0.001, 1.0][g])
        for a, g, r, _ in itertools.product(range(4), range(2), range(6), range(5))
    ]
    study = of(pd.DataFrame(rows, columns=["样件", "仪器", "轮", "均值", "s"]))
    assert study.used.name == "0"
    assert study.separated
    assert study.biases[0].consistent
    assert study.correction == pytest.approx(2.5, abs=0.2)
    assert study.verdict.level == "good"
    assert "levels.few-runs" not in codes_of(study)
    assert study.largest == "偏差"  # to be had only from a better reference
    assert "把偏差估准" in study.verdict.text


def test_identical_repetitions_and_days():
    df, _ = random_study(6)
    quiet = df.assign(s=df["s"].where(df["轮"] == 0, 0.0))
    assert "levels.spread-moves" in codes_of(of(quiet))
    same = df.assign(均值=df.groupby(["样件", "仪器", "轮"])["均值"].transform("mean"))
    study = of(same)
    assert [level.components[1] for level in study.levels] == [0, 0, 0]
    assert "levels.negative-component" in codes_of(study)
    flat = df.assign(均值=5.0)
    with pytest.raises(QualityDataError, match="分毫不差"):
        of(flat)
    alone = of(flat, instrument=None)
    assert alone.used.variances[1:] == (0.0, 0.0)
    assert all(np.isfinite(v) for v in alone.metrics().values() if isinstance(v, float))


# ── invariances ──────────────────────────────────────────────────────────────────────────────


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.floats(-1e6, 1e6), st.floats(0.01, 100))
def test_invariances(seed, shift, scale):
    df, _ = random_study(seed % 7)
    base = of(df).metrics()
    moved = df.assign(均值=shift + scale * df["均值"], s=scale * df["s"])
    moved = moved.assign(样件="件" + moved["样件"].astype(str))
    first = moved.groupby("仪器", sort=False).head(1).index  # keeps the order of the instruments
    rest = moved.drop(first).sample(frac=1, random_state=seed % 2**31)
    other = of(pd.concat([moved.loc[first], rest])).metrics()
    assert base.keys() - {"bias_run1"} == other.keys() - {"bias_run1"}
    for key, value in base.items():
        if isinstance(value, float) and "bias_run" not in key:  # runs may be met in another order
            power = 2 if "_var" in key else 0 if key.startswith(("df", "k", "u_df")) else 1
            power = 0 if "_pct" in key else power
            wanted = pytest.approx(value, rel=1e-4, abs=1e-7)
            assert other[key] / scale**power == wanted, key


def test_a_large_offset_costs_no_digits():
    df, _ = random_study(9)
    whole = df.assign(均值=(df["均值"] * 1024).round() / 1024)
    near, far = of(whole), of(whole.assign(均值=whole["均值"] + 2.0**30))
    for one, other in zip(near.levels, far.levels, strict=True):
        assert other.variances == pytest.approx(one.variances, rel=1e-9)


# ── refusals ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda df: df, {"repeats": 1}, ["重复次数", "2 以上"]),
        (lambda df: df, {"repeats": 5.5}, ["重复次数"]),
        (lambda df: df, {"days": 0}, ["天数", "1 以上"]),
        (lambda df: df, {"confidence": 95}, ["置信水平"]),
        (lambda df: df, {"run": "轮次"}, ["轮次", "现有的列"]),
        (lambda df: df.assign(s=-df["s"]), {}, ["“s”", "72 个负数", "第 1、2、3"]),
        (lambda df: df.assign(s=0.0), {}, ["“s”", "全是 0"]),
        (
            lambda df: df[~((df["样件"] == 1) & (df["轮"] == 1) & (df["仪器"] == 2))],
            {},
            ["1 个组合", "样件 1、仪器 2、轮 1"],
        ),
        (lambda df: df.drop_duplicates(["样件", "仪器", "轮"]), {}, ["18 个组合", " 等"]),
        (lambda df: df.head(1), {"instrument": None, "run": None, "artefact": None}, ["全部数据"]),
    ],
)
def test_refusals(change, options, words):
    df, _ = random_study(0)
    with pytest.raises(QualityDataError) as error:
        of(change(df), **options)
    for word in words:
        assert word in str(error.value)


def test_uneven_days_are_said():
    df, _ = random_study(2)
    study = of(df.drop(index=[3]))
    assert "levels.uneven" in codes_of(study)
    assert study.levels[0].occasions == pytest.approx(6 / (5 / 4 + 1 / 3))


def test_artefacts_pooled_without_a_word_are_noticed():
    df = qt.load("resistivity")
    result = qt.msa.level_study(df, **BASIC)
    (check,) = [check for check in result.checks if check.code == "levels.clusters"]
    assert check.level == result.verdict.level == "bad"
    assert "没有用到的列“晶片”正好把它们分开" in check.text
    means = df.groupby("晶片")["电阻率"].mean()
    assert (result.clusters.low, result.clusters.high) == pytest.approx((means.min(), means.max()))
    assert result.clusters.columns == ("晶片",)
    for used in (ROLES, {"artefact": "晶片"}, {"artefact": "晶片", "run": "轮次"}):
        own = qt.msa.level_study(df, **BASIC, **used)
        assert own.clusters is None
        assert "levels.clusters" not in codes_of(own)


def test_heaps_without_a_column_that_tells_them_apart():
    rng = np.random.default_rng(5)
    value = 100 + 0.01 * rng.normal(size=12)
    value[7:] *= 10
    df = pd.DataFrame({"均值": value, "s": 0.01, "行": range(12)})
    result = qt.msa.level_study(df, value="均值", sd="s", repeats=5)
    assert result.clusters.columns == ()
    assert (result.clusters.low, result.clusters.high) == pytest.approx((100, 1000), rel=1e-3)
    assert "单位、小数点写错" in next(c.text for c in result.checks if c.code == "levels.clusters")
    days = df.assign(均值=100 + 3 * rng.normal(size=12))  # scattered days, one heap
    assert qt.msa.level_study(days, value="均值", sd="s", repeats=5).clusters is None


def test_repetitions_are_not_guessed():
    with pytest.raises(QualityDataError, match="没有写每天重复几次（repeats）"):
        of(random_study(1)[0], repeats=None)
