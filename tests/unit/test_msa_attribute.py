"""Attribute agreement: counts done by hand, intervals by another route, decisions, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, kendalltau
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.proportion import proportion_confint

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa import ATTRIBUTE, attribute_agreement
from qtools.msa.attribute_share import limits, share_of_decisions, share_of_parts

ROLES = {"part": "零件", "rater": "检验员", "rating": "判定", "trial": "次数", "reference": "基准"}


def study(decisions, truth=None, levels=("合格", "不合格")):
    """Long table of decisions[part][rater][trial], codes of levels; None is no decision."""
    rows = []
    for part, raters in enumerate(decisions, 1):
        for rater, trials in zip("甲乙丙丁", raters, strict=False):
            for trial, code in enumerate(trials, 1):
                if code is not None:
                    row = {"零件": part, "检验员": rater, "次数": trial, "判定": levels[code]}
                    if truth is not None:
                        row["基准"] = levels[truth[part - 1]]
                    rows.append(row)
    return pd.DataFrame(rows)


def run(df, **options):
    roles = {key: name for key, name in ROLES.items() if name in df.columns}
    return attribute_agreement(df, **roles | options)


@pytest.fixture(scope="module")
def welds():
    return qt.load("weld-inspection-sim")


@pytest.fixture(scope="module")
def found(welds):
    return run(welds)


# ---- numbers


def test_counts_and_denominators_done_row_by_row(welds, found):
    m = found.metrics()
    parts = welds.groupby("零件")
    assert m["n"] == 450
    assert (m["parts"], m["raters"], m["trials"]) == (50, 3, 3)
    for place, rater in enumerate("甲乙丙", 1):
        own = welds[welds["检验员"] == rater]
        same = own.groupby("零件")["判定"].agg(lambda own: len(set(own)) == 1)
        right = (own["判定"] == own["基准"]).groupby(own["零件"]).all()
        bad, good = own[own["基准"] == "不合格"], own[own["基准"] == "合格"]
        assert m[f"rater{place}_pct_within"] == pytest.approx(100 * same.mean())
        assert m[f"rater{place}_pct_effective"] == pytest.approx(100 * right.mean())
        assert m[f"rater{place}_pct_right"] == pytest.approx(
            100 * (own["判定"] == own["基准"]).mean()
        )
        assert m[f"rater{place}_pct_miss"] == pytest.approx(100 * (bad["判定"] == "合格").mean())
        assert m[f"rater{place}_pct_false_alarm"] == pytest.approx(
            100 * (good["判定"] == "不合格").mean()
        )
        assert m[f"rater{place}_kappa"] == pytest.approx(
            cohen_kappa_score(own["判定"], own["基准"])
        )
    alike = parts["判定"].agg(lambda own: len(set(own)) == 1)
    assert m["pct_between"] == pytest.approx(100 * alike.mean())
    whole = (welds["判定"] == welds["基准"]).groupby(welds["零件"]).all()
    assert m["pct_all_right"] == pytest.approx(100 * whole.mean())
    assert m["n_disputed"] == (~whole).sum()
    own = {
        name: rows.sort_values(["零件", "次数"])["判定"] for name, rows in welds.groupby("检验员")
    }
    for (i, a), (j, b) in (((1, "甲"), (2, "乙")), ((1, "甲"), (3, "丙")), ((2, "乙"), (3, "丙"))):
        assert m[f"pair{i}_{j}_kappa"] == pytest.approx(cohen_kappa_score(own[a], own[b]))


def test_each_index_has_an_interval_around_it(found):
    m = found.metrics()
    for key in [key for key in m if f"{key}_low" in m]:
        assert m[f"{key}_low"] <= m[key] <= m[f"{key}_high"]
    bare = [key for key in m if not key.endswith(("_low", "_high")) and f"{key}_low" not in m]
    assert bare == ["n", "parts", "raters", "trials", "n_disputed", "interval_method"]


@pytest.mark.parametrize(("method", "name"), [("wilson", "wilson"), ("clopper-pearson", "beta")])
def test_limits_as_statsmodels(method, name):
    for hits, n, level in product((0, 1, 17, 20), (20,), (0.9, 0.95)):
        low, high = proportion_confint(hits, n, alpha=1 - level, method=name)
        assert limits(hits, n, method, level) == pytest.approx((low, high), abs=1e-9)
    share = share_of_parts(42, 50, "clopper-pearson", 0.95)
    low, high = beta.ppf(0.025, 42, 9), beta.ppf(0.975, 43, 8)
    assert (share.interval.low, share.interval.high) == pytest.approx((100 * low, 100 * high))


def test_effective_number_of_decisions_from_a_direct_ratio_estimate():
    hits, totals = np.array([3, 1, 0, 0, 2]), np.array([3, 3, 3, 2, 3])
    share = share_of_decisions(hits, totals, "wilson", 0.95)
    n, p = 14, 6 / 14
    variance = 5 / 4 * sum((x - p * t) ** 2 for x, t in zip(hits, totals, strict=True)) / n**2
    size = p * (1 - p) / variance
    low, high = limits(p * size, size, "wilson", 0.95)
    assert (share.hits, share.total, share.parts, share.touched) == (6, 14, 5, 3)
    assert (share.interval.low, share.interval.high) == pytest.approx((100 * low, 100 * high))
    # parts that are all or nothing: as many decisions as parts
    whole = share_of_decisions(np.array([3, 0, 3, 0]), np.full(4, 3), "wilson", 0.95)
    assert whole.interval.low == pytest.approx(100 * limits(2, 4, "wilson", 0.95)[0])
    none = share_of_decisions(np.zeros(4, dtype=int), np.full(4, 3), "wilson", 0.95)
    assert none.interval.high == pytest.approx(100 * limits(0, 4, "wilson", 0.95)[1])
    # decisions that are more even than chance count once each, not more
    even = share_of_decisions(np.ones(4, dtype=int), np.full(4, 3), "wilson", 0.95)
    assert even.interval.low == pytest.approx(100 * limits(4, 12, "wilson", 0.95)[0])
    assert share_of_decisions(hits[:0], totals[:0], "wilson", 0.95) is None
    assert share_of_parts(0, 0, "wilson", 0.95) is None


@pytest.mark.parametrize("method", ["wilson", "clopper-pearson"])
def test_one_more_miss_never_looks_better(method):
    totals = np.full(18, 3)
    found = [
        share_of_decisions((np.arange(18) < k).astype(int), totals, method, 0.95).interval
        for k in range(19)
    ]
    highs = [span.high for span in found]
    assert highs == sorted(highs)
    assert highs[0] == pytest.approx(100 * limits(0, 18, method, 0.95)[1])
    # one part touched: as many independent decisions as parts
    assert highs[1] == pytest.approx(100 * limits(1 / 3, 18, method, 0.95)[1])
    mirrored = [
        share_of_decisions(totals - (np.arange(18) < k), totals, method, 0.95).interval
        for k in range(19)
    ]
    assert [100 - span.low for span in mirrored] == pytest.approx(highs)
    # many touched parts: the estimated effect alone
    assert highs[9] == pytest.approx(100 * limits(9, 54, method, 0.95)[1])


def test_intervals_by_part_cover_the_truth():
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        chance = rng.choice([0.02, 0.5], p=[0.8, 0.2], size=40)  # a few borderline parts
        share = share_of_decisions(rng.binomial(3, chance), np.full(40, 3), "wilson", 0.95)
        covered += share.interval.low <= 100 * (0.8 * 0.02 + 0.2 * 0.5) <= share.interval.high
    assert 0.91 <= covered / 400 <= 0.99


def test_ordered_ratings_give_weighted_kappas_and_kendall():
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 4, 30)
    rated = np.clip(truth[:, None, None] + rng.integers(-1, 2, (30, 2, 2)), 0, 3)
    levels = ("一", "二", "三", "四")
    df = study(rated, truth, levels)
    m = run(df, levels=levels).metrics()
    own = df[df["检验员"] == "乙"]
    a, b = (own[c].map(levels.index) for c in ("判定", "基准"))
    for weights in ("linear", "quadratic"):
        expected = cohen_kappa_score(a, b, weights=weights)
        assert m[f"rater2_kappa_{weights}"] == pytest.approx(expected)
    assert m["rater2_tau"] == pytest.approx(kendalltau(a, b).statistic)
    assert {"kendall_w", "rater1_w", "pair1_2_kappa_quadratic"} <= set(m)
    assert "rater1_pct_miss" not in m
    plain = run(df).metrics()
    assert "kendall_w" not in plain
    assert plain["rater2_kappa"] == m["rater2_kappa"]
    graded = run(df, levels=levels, reject=["三", "四"]).metrics()
    worse = {"三", "四"}
    bad = own[own["基准"].isin(worse)]
    expected = 100 * (~bad["判定"].isin(worse)).mean()
    assert graded["rater2_pct_miss"] == pytest.approx(expected)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_parts_do_not_matter(random):
    df = study(np.random.default_rng(9).integers(0, 2, (8, 2, 2)), [0, 1] * 4)
    rows = list(df.index[1:])
    random.shuffle(rows)
    mixed = df.loc[[0, *rows]].reset_index(drop=True)
    mixed["零件"] = "P" + (100 - mixed["零件"]).astype(str)
    first, again = run(df), run(mixed)
    order = [line.name for line in again.raters] == [line.name for line in first.raters]
    assert first.metrics()["pct_between"] == again.metrics()["pct_between"]
    if order:
        assert again.metrics() == pytest.approx(first.metrics())


# ---- decisions


def test_borders_belong_where_the_rule_says():
    borders = {
        "effectiveness": [(90, "good"), (89.99, "caution"), (80, "caution"), (79.99, "bad")],
        "miss": [(2, "good"), (2.01, "caution"), (5, "caution"), (5.01, "bad")],
        "false_alarm": [(5, "good"), (5.01, "caution"), (10, "caution"), (10.01, "bad")],
        "kappa": [(0.751, "good"), (0.75, "caution"), (0.40, "caution"), (0.399, "bad")],
    }
    for name, cases in borders.items():
        ladder = getattr(ATTRIBUTE, name)
        assert [ladder.band(value).level for value, _ in cases] == [level for _, level in cases]
        assert "待核" in ladder.source


def test_a_lenient_rater_decides_though_agreement_is_high(found):
    verdict = found.verdict
    assert verdict.level == "bad"
    assert "丙的漏判率 18.5 %" in verdict.text
    assert "没有跨过界限" in verdict.text
    assert "待核" in verdict.source
    lines = found.lines().set_index("检验员")
    assert lines.loc["丙", "错在哪一边"] == "偏松（漏 10 次，误 0 次）"
    assert lines.loc["乙", "错在哪一边"] == "像是偏严，还不能肯定（漏 0 次，误 8 次）"
    assert lines.loc["甲", "判定"] == "可接受，还证明不了（漏判率、误判率的区间太宽）"
    assert lines.loc["甲", "下一步"] == "多判一些件，把区间缩短"
    assert lines.loc["甲", "错在哪一边"] == "看不出偏哪边（漏 0 次，误 1 次）"
    assert "极限样件" in lines.loc["丙", "下一步"]
    assert "合格件" in lines.loc["乙", "下一步"]


def test_criteria_are_the_callers(welds):
    never = replace(ATTRIBUTE.miss, bands=ATTRIBUTE.miss.bands[:1] * 2)
    easy = run(welds, criteria=replace(ATTRIBUTE, miss=never))
    assert easy.verdict.level == "caution"
    assert "乙的" in easy.verdict.text


def test_good_raters_and_how_firm_that_is():
    truth = [0, 1] * 100
    df = study([[[t] * 2] * 2 for t in truth], truth)
    good = run(df)
    assert "按留意处理" in good.verdict.rule
    assert good.verdict.level == "good"
    assert good.verdict.text.startswith("可以让他们判：")
    assert "甲的漏判率 0.0 %（95 % 区间 0.0–3.7 %，跨过 2 %，结论不牢）" in good.verdict.text
    small = run(df[df["零件"] <= 20])
    # 0 of 10 bad parts: Wilson's upper limit z²/(10 + z²) = 27.8 %
    assert small.verdict.level == "caution"
    assert small.verdict.text.startswith("看得到的都可接受，还证明不了：")
    assert "够到不可接受那一档" in small.verdict.text
    assert "区间 0.0–27.8 %" in small.verdict.text
    assert "结论不牢" in small.verdict.text
    assert set(good.lines()["错在哪一边"]) == {"没有判错"}
    assert good.disputed().empty
    good.parts_figure()


def test_without_a_reference_it_is_never_good():
    df = study([[[t] * 2] * 2 for t in [0, 1] * 30])
    found = run(df)
    assert found.verdict.level == "caution"
    assert found.verdict.text.startswith("看得到的都好，可还不能放手：")
    assert "没有基准" in found.verdict.text
    assert set(found.lines()["下一步"]) == {"对不对还不知道，先定基准"}
    assert codes(found) == ["attribute.no-reference"]
    assert found.metrics()["pair1_2_kappa"] == 1


def test_without_a_reference_middling_agreement_lets_nobody_go(welds):
    blind = run(welds.drop(columns="基准"))
    assert blind.verdict.level == "caution"
    assert blind.verdict.text.startswith("还不能放手让他们判：乙 与 丙的 κ 0.74，勉强")


def test_an_index_without_an_interval_is_told():
    truth = [0] * 15 + [1] * 35
    found = run(study([[[1, 1]] for _ in truth], truth))
    kappa = found.raters[0].kappas.plain
    assert (kappa.value, kappa.interval) == (pytest.approx(0, abs=1e-12), None)
    assert "rater1_kappa_low" not in found.metrics()
    assert found.kappas()["95 % 下限"].isna().all()
    found.figure()
    # 0 of 1 apart: all ratings alike, κ −1
    opposed = study([[[0], [1]], [[1], [0]]] * 10)
    assert "没有区间" in run(opposed).verdict.text


def test_a_rater_who_judged_no_bad_part_is_named():
    truth = [0, 1] * 100
    df = study([[[t] * 2] * 3 for t in truth], truth)
    found = run(df[(df["检验员"] != "丙") | (df["基准"] == "合格")])
    assert found.raters[2].miss is None
    assert "丙没有判过不合格的件，漏判率还不知道。" in found.verdict.text
    assert "基准里缺" not in found.verdict.text
    assert found.verdict.level == "caution"
    assert "attribute.one-sided-parts" not in codes(found)


def test_several_bad_indices_are_all_told():
    wild = run(study([[[0], [1], [0]], [[1], [0], [0]], [[0], [1], [0]], [[1], [1], [0]]], [1] * 4))
    assert wild.verdict.level == "bad"
    assert "同一档的还有" in wild.verdict.text
    unclear = run(study([[[0]], [[1]]] * 9, [0, 0] * 9, ("0", "1")))
    assert unclear.lines()["下一步"].tolist() == ["逐件核对有争议的件"]


def codes(found):
    return [check.code for check in found.checks]


def test_rare_defects_give_high_agreement_and_a_poor_kappa():
    truth = [1] * 3 + [0] * 57
    rated = [[[0]], [[0]], [[1]], *[[[0]]] * 57]
    found = run(study(rated, truth))
    assert "attribute.kappa-paradox" in codes(found)
    assert found.raters[0].right.percent > 96
    assert found.raters[0].miss.percent == pytest.approx(200 / 3)
    assert "attribute.few-bad-parts" in codes(found)


def test_what_cannot_be_told_is_said_and_left_out():
    one = run(study([[[0, 0]], [[0, 0]], [[0, 1]]], [0, 0, 1]))
    assert {"attribute.one-rater", "attribute.few-parts"} <= set(codes(one))
    assert one.between is None
    assert "fleiss" not in one.metrics()
    all_good = run(study([[[0], [0]], [[0], [0]], [[0], [0]]], [0, 0, 0]), reject=None)
    assert {"attribute.kappa-undefined", "attribute.reject-unknown"} <= set(codes(all_good))
    assert not any("kappa" in key or "miss" in key for key in all_good.metrics())
    only_good = run(study([[[0], [1]], [[0], [0]], [[0], [0]]], [0, 0, 0]))
    assert codes(only_good)[0] == "attribute.one-sided-parts"
    assert "漏判率还不知道" in only_good.verdict.text
    assert "rater1_pct_miss" not in only_good.metrics()
    silent = run(study([[[0, 0]], [[0, 0]]]))
    assert silent.verdict.text.startswith("还不能判定")
    silent.figure()
    silent.parts_figure()
    numbers = study([[[0], [1]], [[1], [1]], [[0], [0]]], [0, 1, 0], ("0", "1"))
    assert "attribute.reject-unknown" in codes(run(numbers))
    told = run(numbers, reject="0")
    assert told.raters[1].miss.percent == 50
    assert "attribute.reject-assumed" not in codes(told)
    assert "漏判率和误判率还不知道" in run(numbers).verdict.text


def test_a_missing_trial_is_a_caveat_and_denominators_follow():
    df = study([[[0, 0], [0, None]], [[1, 1], [1, 1]], [[0, 1], [None, None]]], [0, 1, 0])
    found = run(df)
    assert codes(found)[0] == "attribute.unbalanced"
    assert "1 × 乙、3 × 乙" in found.checks[0].text
    assert (found.raters[1].within.total, found.raters[1].effective.total) == (1, 2)
    assert (found.between.total, found.all_right.total) == (2, 2)
    assert found.pairs[0, 1].plain.n == 3
    apart = study([[[0, 0], []], [[], [1, 1]], [[1, 0], []]], [0, 1, 1])
    strangers = run(apart)
    assert "attribute.no-common-parts" in codes(strangers)
    assert "pair1_2_kappa" not in strangers.metrics()
    assert strangers.all_right is None


def test_without_a_trial_column_the_order_of_rows_counts(welds):
    plain = {key: value for key, value in ROLES.items() if key != "trial"}
    assert attribute_agreement(welds, **plain).metrics() == run(welds).metrics()


def test_disputed_parts_name_every_decision_and_row(welds, found):
    table = found.disputed().set_index("零件")
    assert table.loc["32", "丙"] == "合格×3"
    assert table.loc["32", "基准"] == "不合格"
    first, last = map(int, table.loc["32", "所在行"].split("–"))
    assert welds["零件"].iloc[first - 2 : last - 1].tolist() == [32] * 9
    assert table.loc["10", "甲"] == "合格 不合格 合格"
    mixed = run(welds.sample(frac=1, random_state=1))
    assert len(mixed.disputed()["所在行"].iloc[0].split("、")) > 4
    assert "基准" not in run(welds.drop(columns="基准")).disputed()


def test_parts_that_all_judge_wrong_are_listed_too():
    df = study([[[0, 0], [0, 0]], [[1, 1], [1, 1]], [[0, 1], [0, 0]]], [1, 1, 0])
    assert run(df).disputed()["零件"].tolist() == ["1", "3"]
    blind = run(df.drop(columns="基准"))
    assert blind.disputed()["零件"].tolist() == ["3"]
    assert blind.study.wrong.tolist() == [[0, 0], [0, 0], [1, 0]]
    tied = run(study([[[0], [1]], [[1], [1]]]))  # no majority: neither is blamed alone
    assert tied.study.wrong.tolist() == [[1, 1], [0, 0]]


def test_tables_and_figures_show_what_was_found(found):
    table = found.table()
    row = table.set_index("项").loc["漏判率：丙"]
    assert (row["个数"], row["分母"], row["单位"]) == (10, 54, "次")
    assert len(found.kappas()) == 10
    fig = found.figure()
    assert "丙漏判率 18.5 %" in fig.layout.meta["alt"]
    values = [x for trace in fig.data for x in trace.x]
    assert max(values) == pytest.approx(98)
    parts = found.parts_figure()
    assert sum(int(n) for trace in parts.data for n in trace.text) == 19
    assert "合计：甲 1 次、乙 8 次、丙 10 次" in parts.layout.meta["alt"]
    assert "<table" in found._repr_mimebundle_()["text/html"]


def test_many_disputed_parts_are_cut_off():
    df = study([[[0], [1]]] * 60)
    fig = run(df).parts_figure()
    assert "共 60 件" in fig.layout.title.text
    assert len(set(fig.data[0].y)) == 40


# ---- refusals


@pytest.mark.parametrize(
    ("change", "options", "words", "rows"),
    [
        (lambda d: d.assign(判定=d["判定"].where(d.index != 3, "返工")),
         {"levels": ["合格", "不合格"]}, ["判定", "返工", "levels"], (4,)),
        (lambda d: d.assign(判定=d["判定"].where(d.index != 3, "不合格 ")), {}, ["␣"], (4,)),
        (lambda d: d.assign(判定=d["判定"].where(d.index != 3, "合 格")), {},
         ["合格"], None),
        (lambda d: d.assign(基准=d["基准"] + "品"), {"levels": ["合格", "不合格"]},
         ["基准", "不认识的判定"], None),
        (lambda d: d.assign(基准=d["基准"].str.replace("不", "不 ")), {},
         ["基准", "看来是同一个判定"], None),
        (lambda d: d.assign(判定=d["判定"].where(d.index != 3)), {}, ["1 个空格子"], (4,)),
        (lambda d: d.assign(基准=d["基准"].where(d.index != 1, "不合格")), {},
         ["零件", "基准", "前后不一样"], (2,)),
        (lambda d: d[d["零件"] == 1], {}, ["只有“1”一个"], ()),
        (lambda d: d.assign(次数=1), {}, ["判了不止一次"], None),
        (lambda d: d.assign(次数=range(len(d))), {}, ["次数", "最多只判了 2 次"], ()),
        (lambda d: d, {"levels": ["合格"]}, ["levels", "至少要两个"], ()),
        (lambda d: d, {"levels": ["合格", "合格"]}, ["levels"], ()),
        (lambda d: d, {"levels": "合格"}, ["levels", "不是一个字"], ()),
        (lambda d: d, {"reject": "NG"}, ["reject", "NG"], ()),
        (lambda d: d, {"reject": ["合格", "不合格"]}, ["reject", "全部判定"], ()),
        (lambda d: d, {"method": "wald"}, ["method", "wald", "Wilson"], ()),
        (lambda d: d, {"confidence": 95}, ["confidence"], ()),
        (lambda d: d, {"rating": "结论"}, ["结论"], ()),
        (lambda d: d[(d["检验员"] == "甲") & (d["次数"] == 1)].drop(columns="基准"), {},
         ["没有可比的东西"], ()),
    ],
)  # fmt: skip
def test_refused(change, options, words, rows):
    df = study([[[0, 0], [0, 0]], [[1, 1], [1, 1]], [[0, 1], [1, 1]]], [0, 1, 1])
    with pytest.raises(QualityDataError) as error:
        run(change(df), **options)
    for word in words:
        assert word in str(error.value)
    if rows is not None:
        assert error.value.rows == rows


def test_labels_from_excel_are_one_label():
    df = study([[[0, 1]], [[1, 1]], [[0, 0]]], [0, 1, 0], (0, 1))
    floats = df.assign(基准=df["基准"].astype(float))
    found = run(floats, levels=[0.0, 1], reject=[0])
    assert found.study.levels == ("0", "1")
    assert found.reject == ("0",)


# ---- a level that does not belong


def clerk(stray, rows=(7,)):
    """Two raters, 12 parts, 3 trials; the second passes two bad parts; rows get a stray word."""
    truth = [0] * 6 + [1] * 6
    decisions = [[[code] * 3, [0 if place > 9 else code] * 3] for place, code in enumerate(truth)]
    df = study(decisions, truth, ("OK", "NG"))
    df.loc[list(rows), "判定"] = stray
    return df


def test_a_stray_level_does_not_hide_the_rates():
    clean, stray = run(clerk("OK", ())), run(clerk("待定"))
    assert stray.reject == ("NG",)
    # row 7 is a good part of rater 1: neither a miss nor a false alarm
    for key in ("rater1_pct_miss", "rater2_pct_miss", "rater1_pct_false_alarm"):
        assert stray.metrics()[key] == clean.metrics()[key]
    assert clean.metrics()["rater2_pct_miss"] == pytest.approx(100 / 3)
    assert stray.verdict.level == clean.verdict.level == "bad"
    (rare,) = [check for check in stray.checks if check.code == "attribute.rare-level"]
    assert "第 8 行的“待定”只出现 1 次，是不是抄错？" in rare.text
    (between,) = [check for check in stray.checks if check.code == "attribute.between-levels"]
    assert "--reject NG,待定" in between.text
    assert not {"attribute.rare-level", "attribute.between-levels"} & set(codes(clean))
    # on a bad part it is not refused, so it is missed
    missed = run(clerk("待定", (36,))).metrics()
    assert missed["rater1_pct_miss"] == pytest.approx(100 / 18)


def test_a_level_named_in_advance_does_not_hide_the_rates_and_is_no_slip():
    df = clerk("OK", ())
    told = run(df, levels=["OK", "NG", "返工"])
    assert told.reject == ("NG",)
    assert told.metrics()["rater2_pct_miss"] == pytest.approx(100 / 3)
    assert not {"attribute.rare-level", "attribute.between-levels"} & set(codes(told))
    assert "attribute.rare-level" not in codes(run(clerk("返工"), levels=["OK", "NG", "返工"]))


def test_levels_that_nobody_can_read_never_make_a_verdict_better():
    truth = [0, 1, 2] * 20
    alike = [[[code] * 2, [code] * 2] for code in truth]
    graded = run(study(alike, truth, ("良", "次", "等外")))
    assert graded.reject == ()
    assert graded.verdict.level == "caution"
    assert "没有写明哪个判定是不合格" in graded.verdict.text
    assert "attribute.reject-unknown" in codes(graded)
    lines = graded.lines()
    assert lines["判定"].str.contains("漏判率和误判率不知道").all()
    assert lines["下一步"].str.contains("先弄清").all()
    assert (
        not run(study(alike, truth, ("良", "次", "等外")), reject="次")
        .lines()["判定"]
        .str.contains("不知道")
        .any()
    )


def test_no_limit_stands_on_an_axis(found):
    fig = found.figure()
    panels = list(fig.select_xaxes())
    by_name = {}
    for index in found.indices:
        by_name.setdefault(index.name, []).append(index)
    for axis, own in zip(panels, by_name.values(), strict=True):
        low, high = axis.range
        spots = [*own[0].ladder.limits, *(i.interval.low for i in own if i.interval)]
        assert low < min(spots)
        assert max(*spots, *(i.interval.high for i in own if i.interval)) < high
