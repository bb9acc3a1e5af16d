"""Counts: R's glm, MASS::glm.nb, sandwich algebra, statsmodels, and second derivations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import qtools as qt
from qtools.doe.counts import analyze_counts
from qtools.doe.counts_fit import fit_counts, theta_se
from qtools.doe.counts_view import standardized

FACTORS = ["开口", "焊料", "掩模", "焊盘", "面板"]

# MASS::ships (McCullagh & Nelder 1989, p. 205), rows with service: type, built, period, months, n
SHIPS = [
    ("A", 60, 60, 127, 0), ("A", 60, 75, 63, 0), ("A", 65, 60, 1095, 3), ("A", 65, 75, 1095, 4),
    ("A", 70, 60, 1512, 6), ("A", 70, 75, 3353, 18), ("A", 75, 75, 2244, 11),
    ("B", 60, 60, 44882, 39), ("B", 60, 75, 17176, 29), ("B", 65, 60, 28609, 58),
    ("B", 65, 75, 20370, 53), ("B", 70, 60, 7064, 12), ("B", 70, 75, 13099, 44),
    ("B", 75, 75, 7117, 18), ("C", 60, 60, 1179, 1), ("C", 60, 75, 552, 1), ("C", 65, 60, 781, 0),
    ("C", 65, 75, 676, 1), ("C", 70, 60, 783, 6), ("C", 70, 75, 1948, 2), ("C", 75, 75, 274, 1),
    ("D", 60, 60, 251, 0), ("D", 60, 75, 105, 0), ("D", 65, 60, 288, 0), ("D", 65, 75, 192, 0),
    ("D", 70, 60, 349, 2), ("D", 70, 75, 1208, 11), ("D", 75, 75, 2051, 4), ("E", 60, 60, 45, 0),
    ("E", 65, 60, 789, 7), ("E", 65, 75, 437, 7), ("E", 70, 60, 1157, 5), ("E", 70, 75, 2161, 12),
    ("E", 75, 75, 542, 1),
]  # fmt: skip


@pytest.fixture(scope="module")
def solder() -> pd.DataFrame:
    return qt.load("solder")


def additive(solder: pd.DataFrame, **options):
    return analyze_counts(solder, factors=FACTORS, count="漏焊", categorical=["面板"], **options)


@pytest.fixture(scope="module")
def poisson(solder):
    return additive(solder, family="poisson")


def test_solder_poisson_as_r(poisson) -> None:
    """R 4.2.2: glm(skips ~ ., poisson), drop1(test = "LRT"); anchor 24."""
    own = poisson.poisson
    assert own.deviance == pytest.approx(1796.97276062363, rel=1e-10)
    assert (own.df, poisson.dispersion) == (881, pytest.approx(2.00315430724, rel=1e-9))
    assert own.aic == pytest.approx(3937.52257059013, rel=1e-10)
    stats = [test[3] for test in poisson.effects.tests]
    assert stats == pytest.approx(
        [2552.5924567, 707.5561211, 2015.6568832, 783.6332707, 103.0500496], rel=1e-8
    )
    thin = poisson.ratio("焊料", "薄", "厚")
    assert thin.value == pytest.approx(0.8468176526280, rel=1e-8)
    assert thin.se == pytest.approx(0.0332694064003, rel=1e-5)
    assert poisson.checks[0].code == "counts.overdispersed"
    assert poisson.checks[0].level == "bad"


def test_raw_shares_of_masks(solder, poisson) -> None:
    """Anchor 23: 4977 in all, 5.53 a row; B6 37.7 %, with A6 61.9 %, with B3 81.3 %."""
    assert poisson.metrics()["total"] == 4977
    assert poisson.metrics()["mean_rate"] == pytest.approx(5.53)
    share = solder.groupby("掩模")["漏焊"].sum().sort_values(ascending=False).cumsum() / 4977
    assert np.round(100 * share.iloc[:3], 1).tolist() == [37.7, 61.9, 81.3]
    raw = {rate.level: rate.raw for rate in poisson.rates() if rate.factor == "掩模"}
    assert (round(raw["A6"], 2), round(raw["B6"], 2)) == (13.42, 10.42)


def test_standard_error_by_setup(solder) -> None:
    """Anchor 24: 30 setups as clusters; R by hand, factor G/(G−1)·(n−1)/(n−p): .1980901046."""
    found = additive(solder, family="poisson", cluster="组", correction="CR1")
    assert found.ratio("焊料", "薄", "厚").se == pytest.approx(0.1980901046, rel=1e-5)
    assert found.ratio("焊料", "薄", "厚").df == 29


def test_solder_negative_binomial_as_r(solder) -> None:
    """R 4.2.2: MASS::glm.nb(skips ~ ., control = glm.control(1e-12)), drop1(test = "LRT")."""
    found = additive(solder)
    own = found.binomial
    assert found.family == "negative-binomial"
    assert own.theta == pytest.approx(4.528113386428, rel=1e-7)
    assert theta_se(own.y, own.mu, own.theta) == pytest.approx(0.518343618966, rel=1e-4)
    assert 2 * own.log_likelihood == pytest.approx(-3639.514311867536, rel=1e-10)
    assert own.deviance == pytest.approx(1012.093998025697, rel=1e-7)
    stats = [test[3] for test in found.effects.tests]
    assert stats == pytest.approx(
        [1101.8882734, 323.1213818, 929.3432438, 294.0352852, 32.7546506], rel=1e-6
    )
    a6 = found.ratio("掩模", "A6", "A1.5")
    assert (a6.value, a6.se) == pytest.approx((2.2609583348907, 0.1010074275439), rel=1e-5)


def test_quasi_poisson_as_r(solder, poisson) -> None:
    """Standard errors of R's quasipoisson: those of Poisson times √(Pearson χ²/df)."""
    found = additive(solder, family="quasi-poisson")
    ratio = found.ratio("焊料", "薄", "厚").se / poisson.ratio("焊料", "薄", "厚").se
    assert ratio == pytest.approx(2.00315430724**0.5, rel=1e-9)
    assert found.effects.tests[0][3] == pytest.approx(2552.5924567 / 2 / 2.00315430724, rel=1e-8)


def test_warpbreaks_as_r() -> None:
    """R 4.2.2: glm and glm.nb on breaks ~ wool + tension and wool * tension."""
    df = qt.load("warpbreaks")
    roles = {"factors": ["羊毛", "张力"], "count": "断头"}
    found = analyze_counts(df, **roles, family="poisson")
    assert found.poisson.deviance == pytest.approx(210.391888762, rel=1e-9)
    assert found.poisson.pearson == pytest.approx(213.076094196, rel=1e-8)
    assert found.ratio("张力", "高", "低").value == pytest.approx(-0.518488496517, rel=1e-8)
    both = analyze_counts(df, **roles)
    assert both.binomial.theta == pytest.approx(9.94438543590, rel=1e-6)
    stats = [test[3:] for test in both.effects.tests]
    assert stats[0] == pytest.approx((3.366536945, 0.06653347), rel=1e-5)
    assert stats[1] == pytest.approx((17.544862820, 0.00015495), rel=1e-4)
    full = analyze_counts(df, **roles, model="full")
    assert full.poisson.deviance == pytest.approx(182.30513128585, rel=1e-9)
    assert full.dispersion == pytest.approx(3.76388132931, rel=1e-8)
    assert full.binomial.theta == pytest.approx(12.08216462064, rel=1e-5)
    assert 2 * full.binomial.log_likelihood == pytest.approx(-391.12479843607, rel=1e-9)


def test_exposure_as_r() -> None:
    """R 4.2.2: glm(incidents ~ type + factor(year) + factor(period) + offset(log(service)))."""
    df = pd.DataFrame(SHIPS, columns=["船型", "建造", "时期", "月数", "事故"])
    roles = {"factors": ["船型", "建造", "时期"], "count": "事故", "exposure": "月数"}
    found = analyze_counts(df, **roles, categorical=["建造", "时期"], family="poisson")
    assert found.poisson.deviance == pytest.approx(38.6950515356, rel=1e-9)
    assert found.poisson.pearson == pytest.approx(42.2752531143, rel=1e-5)
    later = found.ratio("时期", "75", "60")
    assert (later.value, later.se) == pytest.approx((0.3844669582121, 0.118272116954), rel=1e-5)
    assert "事故／月数" in found.figure().layout.title.text


def test_cluster_robust_as_statsmodels(solder) -> None:
    import statsmodels.api as sm

    found = additive(solder, family="poisson", cluster="组", correction="CR1")
    theirs = sm.GLM(found.fit.y, found.fit.x, family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": found.clusters}
    )
    assert found.effects.covariance == pytest.approx(theirs.cov_params(), rel=1e-6, abs=1e-10)


def test_pairs_are_tukeys_on_the_log_scale(solder) -> None:
    """Second derivation: q of scipy's studentised range for infinite degrees of freedom."""
    found = additive(solder, family="poisson")
    line = found.pairs("掩模").set_index("比").loc["B6 ÷ A6"]
    one = found.ratio("掩模", "B6", "A6")
    q = scipy.stats.studentized_range.ppf(0.95, 5, np.inf) / 2**0.5
    assert line.iloc[1] == pytest.approx(np.exp(one.value - q * one.se), rel=1e-6)
    # raw means put A6 first, rates adjusted for the openings put B6 first and cannot tell
    assert line.iloc[0] > 1
    assert line.iloc[-1] == "分不出"


def test_dispersion_interval_by_chi_square(poisson) -> None:
    x2 = poisson.poisson.pearson
    low, high = x2 / scipy.stats.chi2.ppf([0.975, 0.025], 881)
    assert (poisson.dispersion_interval.low, poisson.dispersion_interval.high) == pytest.approx(
        (low, high)
    )
    assert poisson.dispersion_p == pytest.approx(scipy.stats.chi2.sf(x2, 881))


def test_a_level_without_counts_leaves_the_others_alone() -> None:
    """Garwood's limit for 0, and the fit of the rest as if the level had not been there."""
    df = pd.DataFrame(
        {
            "机": list("甲甲甲乙乙乙丙丙丙"),
            "料": list("AABABBABB"),
            "疵": [3, 5, 2, 8, 9, 6, 0, 0, 0],
        }
    )
    roles = {"factors": ["机", "料"], "count": "疵", "family": "poisson"}
    found = analyze_counts(df, **roles)
    rest = analyze_counts(df[df["机"] != "丙"], **roles)
    assert found.poisson.deviance == pytest.approx(rest.poisson.deviance)
    assert found.ratio("料", "B", "A").se == pytest.approx(rest.ratio("料", "B", "A").se)
    assert found.zeros[0].upper(0.95) == pytest.approx(scipy.stats.chi2.ppf(0.975, 2) / 2 / 3)
    assert found.checks[0].code == "counts.zero-level"
    assert found.table()["水平"].iloc[-1] == "丙"


def three_lines() -> pd.DataFrame:
    counts = [*np.random.default_rng(1).poisson(3, 20), *[0] * 10]
    return pd.DataFrame({"线": list("甲" * 10 + "乙" * 10 + "丙" * 10), "数": counts})


@pytest.mark.parametrize("family", ["poisson", "quasi-poisson"])
def test_a_level_without_counts_stays_in_the_test(family: str) -> None:
    """By hand: 2 Σ c ln(c/(n·λ)) on 2 degrees of freedom, as R's drop1(test = "LRT")."""
    df = three_lines()
    found = analyze_counts(df, factors=["线"], count="数", family=family)
    c = df.groupby("线")["数"].sum().loc[["甲", "乙"]]
    lost = 2 * float((c * np.log(c / (10 * c.sum() / 30))).sum())
    _, df1, df2, stat, p = found.effects.tests[0]
    phi = found.dispersion if family == "quasi-poisson" else None
    assert stat == pytest.approx(lost if phi is None else lost / 2 / phi)
    assert df1 == 2
    assert p == pytest.approx(
        scipy.stats.chi2.sf(lost, 2) if phi is None else scipy.stats.f.sf(stat, 2, df2)
    )
    assert found.metrics()["n_significant"] == 1
    assert "看不出" not in found.verdict.text
    assert "线 丙 一个也没有数到" in found.verdict.text


def test_another_factor_beside_a_level_without_counts_as_statsmodels() -> None:
    """The larger model with the empty level, its coefficient far out: GLM on all rows."""
    import statsmodels.api as sm

    df = three_lines().assign(班=list("AB") * 15)
    found = analyze_counts(df, factors=["线", "班"], count="数", family="poisson")
    full = pd.get_dummies(df[["线", "班"]], drop_first=True).astype(float)
    ones = sm.add_constant(full)
    own = [sm.GLM(df["数"], ones, family=sm.families.Poisson()).fit(maxiter=25)]
    for gone in (["线_乙", "线_甲", "线_丙"], ["班_B"]):
        kept = ones.drop(columns=[name for name in gone if name in ones])
        own.append(sm.GLM(df["数"], kept, family=sm.families.Poisson()).fit())
    stats = [less.deviance - own[0].deviance for less in own[1:]]
    assert [test[3] for test in found.effects.tests] == pytest.approx(stats, abs=1e-4)


def test_a_level_without_counts_is_not_silently_no_effect_with_clusters() -> None:
    df = three_lines().assign(批=np.repeat(np.arange(15), 2))
    found = analyze_counts(df, factors=["线"], count="数", cluster="批")
    assert "看不出" in found.verdict.text
    assert "线 丙 一个也没有数到" in found.verdict.text
    assert "没有进聚类的检验" in found.verdict.text


def lots(sizes: tuple[int, ...], rows: int, rng, theta: float = 4.0) -> pd.DataFrame:
    """Levels of lots that have rates of their own, and nothing between levels."""
    level = np.repeat(np.arange(len(sizes)), sizes)
    lot = np.repeat(np.arange(len(level)), rows)
    mean = 5 * rng.gamma(theta, 1 / theta, len(level))
    return pd.DataFrame({"机": np.array(list("甲乙丙丁"))[level][lot], "批": lot,
                         "数": rng.poisson(mean[lot])})  # fmt: skip


def test_corrected_error_of_lots_by_hand() -> None:
    """CR2 of equal lots is the spread of their totals with n − 1; Welch's df, working model."""
    df = lots((3, 6), 4, np.random.default_rng(2))
    found = analyze_counts(df, factors=["机"], count="数", cluster="批", family="poisson")
    totals = df.groupby(["机", "批"])["数"].sum()
    own = [totals[level].to_numpy(dtype=float) for level in ("甲", "乙")]
    n = np.array([len(t) for t in own])
    parts = np.array([t.var(ddof=1) / len(t) / t.mean() ** 2 for t in own])
    work = np.array([1 / t.sum() for t in own])
    ratio = found.ratio("机", "乙", "甲")
    assert ratio.se == pytest.approx(parts.sum() ** 0.5)
    assert ratio.df == pytest.approx(work.sum() ** 2 / (work**2 / (n - 1)).sum())
    t = ratio.value / ratio.se
    assert found.effects.tests[0][4] == pytest.approx(2 * scipy.stats.t.sf(abs(t), ratio.df))


def test_corrected_test_by_dense_matrices() -> None:
    """Second derivation: I − H whole, roots by eigenvalues, variances 2·tr(S²) of z′Sz."""
    df = lots((3, 4, 5), 3, np.random.default_rng(3)).assign(
        料=lambda d: np.where(np.arange(len(d)) % 3, "A", "B")
    )
    found = analyze_counts(df, factors=["机", "料"], count="数", cluster="批", family="poisson")
    fit, codes, span = found.fit, found.clusters, found.matrix.spans[0]
    x = fit.x * np.sqrt(fit.mu)[:, None]
    bread = np.linalg.inv(x.T @ x)
    rest = np.eye(len(x)) - x @ bread @ x.T
    scores, parts = [], []
    for g in range(codes.max() + 1):
        mine = np.flatnonzero(codes == g)
        value, vector = np.linalg.eigh(rest[np.ix_(mine, mine)])
        back = bread @ x[mine].T @ (vector / np.sqrt(value)) @ vector.T
        scores.append(back @ ((fit.y - fit.mu) / np.sqrt(fit.mu))[mine])
        parts.append((back @ rest[mine])[span])
    covariance = sum(np.outer(s, s) for s in scores)
    assert found.effects.covariance == pytest.approx(covariance, abs=1e-12)
    expected = sum(part @ part.T for part in parts)
    half = np.linalg.inv(np.linalg.cholesky(expected))
    parts = [half @ part for part in parts]
    total = 0.0
    for s in range(2):
        for t in range(2):
            form = sum(np.outer(part[s], part[t]) for part in parts)
            form = (form + form.T) / 2
            total += 2 * np.trace(form @ form)
    eta = 2 * 3 / total
    wald = fit.beta[span] @ np.linalg.solve(covariance[span, span], fit.beta[span])
    assert found.effects.tests[0][2:4] == pytest.approx((eta - 1, (eta - 1) / (2 * eta) * wald))


def test_few_clusters_hold_their_risk() -> None:
    """5 lots a level and no effect: CR1 rejects far more often than 5 %, CR2 does not."""
    rng, rejected = np.random.default_rng(7), {"CR1": 0, "CR2": 0}
    for _ in range(100):
        df = lots((5, 5, 5, 5), 3, rng)
        for kind in rejected:
            found = analyze_counts(
                df, factors=["机"], count="数", cluster="批", family="poisson", correction=kind
            )
            rejected[kind] += found.effects.tests[0][4] < 0.05
    assert rejected["CR2"] <= 8  # a true 5 % passes with 94 %
    assert rejected["CR1"] > rejected["CR2"]


def test_clusters_a_level_are_what_counts() -> None:
    df = lots((4, 25), 3, np.random.default_rng(4))
    found = analyze_counts(df, factors=["机"], count="数", cluster="批")
    few = next(check for check in found.checks if check.code == "counts.few-clusters")
    assert few.text.startswith("机 甲只有 4 组")


def test_counts_that_scatter_less_than_poisson() -> None:
    df = pd.DataFrame({"机": list("甲乙") * 12, "疵": [20, 30] * 12})
    df.loc[0, "疵"] = 21
    found = analyze_counts(df, factors=["机"], count="疵", family="negative-binomial")
    assert found.family == "poisson"
    codes = {check.code for check in found.checks}
    assert {"counts.underdispersed", "counts.no-theta"} <= codes


def test_continuous_factor_is_a_ratio_from_low_to_high() -> None:
    """Two settings written as numbers or as texts give one answer."""
    df = pd.DataFrame(
        {"温度": [160, 160, 180, 180] * 3, "疵": [4, 6, 9, 12, 5, 5, 10, 11, 3, 7, 9, 8]}
    )
    number = analyze_counts(df, factors=["温度"], count="疵", family="poisson")
    text = analyze_counts(
        df.assign(温度=df["温度"].map({160: "低", 180: "高"})), factors=["温度"], count="疵",
        family="poisson",
    )  # fmt: skip
    assert number.ratio("温度", "180", "160").value == pytest.approx(
        text.ratio("温度", "高", "低").value
    )
    assert np.exp(number.ratio("温度", "180", "160").value) == pytest.approx(59 / 30)
    assert number.table()["直接算的率"].isna().all()


def test_numbers_of_machines_are_no_scale() -> None:
    df = pd.DataFrame({"机台": [1, 2, 3] * 4, "疵": [4, 9, 5, 6, 8, 4, 5, 9, 6, 3, 8, 4]})
    found = analyze_counts(df, factors=["机台"], count="疵")
    assert "counts.numbered-levels" in {check.code for check in found.checks}
    named = analyze_counts(df, factors=["机台"], count="疵", categorical=["机台"])
    assert named.effects.tests[0][1] == 2
    assert "counts.numbered-levels" not in {check.code for check in named.checks}


def test_fit_runs_away_where_a_cell_is_empty() -> None:
    x = np.array([[1.0, -1], [1, -1], [1, 1], [1, 1]])
    with pytest.raises(qt.QualityDataError, match="没有收敛"):
        fit_counts(x, np.array([0.0, 0, 4, 5]), np.zeros(4))


def test_views(solder, poisson) -> None:
    assert "对数刻度" in poisson.figure().layout.meta["alt"]
    assert "标准化残差" in poisson.residual_figure().layout.meta["alt"]
    r = standardized(poisson)
    assert (r**2 * (1 - poisson.fit.leverage)).sum() == pytest.approx(poisson.poisson.pearson)
    found = additive(solder, cluster="组")
    assert list(found.families().iloc[:, 0])[-1].endswith("聚类")
    assert "counts.clustered" in {check.code for check in found.checks}
    assert all(type(v) in (int, float, str, bool) for v in found.metrics().values())


BASE = {
    "线": list("甲甲甲乙乙乙"),
    "班": list("AABABB"),
    "疵点": [2, 4, 3, 9, 11, 10],
    "量": [1.0] * 6,
}
REFUSED = {
    "fractions": ({"疵点": [2, 4, 3.5, 9, 11, 10]}, {}, "不是计数"),
    "negative": ({"疵点": [2, -4, 3, 9, 11, 10]}, {}, "不是计数"),
    "all zero": ({"疵点": [0] * 6}, {}, "全是 0"),
    "no exposure": ({"量": [1, 0, 1, 1, 1, 1]}, {"exposure": "量"}, "0 或负数"),
    "family": ({}, {"family": "gauss"}, "不认识"),
    "one level": ({"线": ["甲"] * 6}, {}, "只有一个水平"),
    "one cluster": ({"班": ["A"] * 6}, {"cluster": "班"}, "只有一组"),
    "a level in one cluster": ({"班": list("aabccc")}, {"cluster": "班"}, "“乙”只在一组（班 c）"),
    "a slope from one cluster": (
        {"线": [0.5, 0.5, 0.5, 0.5, 2, 2], "班": list("aabbcc")},
        {"cluster": "班"},
        "没有“班 c”这一组",
    ),
    "correction": ({}, {"correction": "CR9"}, "不认识"),
    "interaction of a level without counts": (
        {"线": list("甲甲乙乙丙丙"), "班": list("ABABAB"), "疵点": [2, 4, 3, 9, 0, 0]},
        {"factors": ["线", "班"], "model": "full"},
        "线 丙 一个计数也没有",
    ),
    "no main effect": ({}, {"factors": ["线", "班"], "model": ["线×班"]}, "主效应"),
    "empty cell": (
        {"疵点": [0, 0, 3, 9, 11, 10]},
        {"factors": ["线", "班"], "model": "full"},
        "一个计数也没有",
    ),
    "only one level counts": ({"疵点": [0, 0, 0, 9, 11, 10]}, {}, "别的水平全是 0"),
    "a text for the factors": ({}, {"factors": "线"}, "因子"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    columns, options, words = REFUSED[name]
    df = pd.DataFrame(BASE | columns)
    with pytest.raises(qt.QualityDataError, match=words):
        analyze_counts(df, **({"factors": ["线"], "count": "疵点"} | options))


def test_a_blank_count_is_left_out_with_a_word() -> None:
    df = pd.DataFrame(BASE)
    found = analyze_counts(
        df.assign(疵点=df["疵点"].where(df.index != 2)), factors=["线"], count="疵点", exposure="量"
    )
    assert len(found.fit.y) == 5
    assert found.checks[0].code == "doe.missing-run"
