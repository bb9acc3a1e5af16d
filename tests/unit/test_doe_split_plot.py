"""Split plots: R's aov(Error()) and nlme::lme, statsmodels MixedLM, a second derivation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import qtools as qt
from qtools.doe.split_plot import fit_split, split_plot

# MASS::oats (Yates 1935): blocks I-VI, three varieties (whole plots), four doses of nitrogen
YIELDS = {
    ("I", "V"): [111, 130, 157, 174], ("I", "G"): [117, 114, 161, 141],
    ("I", "M"): [105, 140, 118, 156], ("II", "V"): [61, 91, 97, 100],
    ("II", "G"): [70, 108, 126, 149], ("II", "M"): [96, 124, 121, 144],
    ("III", "V"): [68, 64, 112, 86], ("III", "G"): [60, 102, 89, 96],
    ("III", "M"): [89, 129, 132, 124], ("IV", "V"): [74, 89, 81, 122],
    ("IV", "G"): [64, 103, 132, 133], ("IV", "M"): [70, 89, 104, 117],
    ("V", "V"): [62, 90, 100, 116], ("V", "G"): [80, 82, 94, 126], ("V", "M"): [63, 70, 109, 99],
    ("VI", "V"): [53, 74, 118, 113], ("VI", "G"): [89, 82, 86, 104],
    ("VI", "M"): [97, 99, 119, 121],
}  # fmt: skip
ROLES = {"whole_plot": "区", "whole_factors": ["品种"], "sub_factors": ["氮"], "response": "产量"}


@pytest.fixture(scope="module")
def oats() -> pd.DataFrame:
    rows = [
        (b, v, b + v, f"{dose}", y)
        for (b, v), values in YIELDS.items()
        for dose, y in zip((0, 2, 4, 6), values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["区组", "品种", "区", "氮", "产量"])


def by_term(found):
    return {test.term: test for test in found.tests}


def test_oats_as_r(oats) -> None:
    """R 4.2.2: aov(Y ~ N*V + Error(B/V)), nlme::lme(Y ~ N*V, random = ~ 1 | B/V)."""
    found = split_plot(oats, **ROLES, block="区组", categorical=["氮"])
    own = by_term(found)
    assert found.balanced
    assert (own["品种"].f, own["品种"].p) == pytest.approx((1.4853403794, 0.2723868567), rel=1e-6)
    assert (own["品种"].df2, own["氮"].df2) == (10, 45)
    assert own["氮"].f == pytest.approx(37.68564706, rel=1e-6)
    assert own["氮"].p == pytest.approx(2.457709555e-12, rel=1e-4)
    assert own["品种×氮"].p == pytest.approx(0.9321987590, rel=1e-6)
    assert found.whole_var == pytest.approx(106.0618314, rel=1e-5)
    assert found.sub_var == pytest.approx(177.0834824, rel=1e-6)
    # aov(Y ~ N*V + B): what ignoring the whole plots would claim
    wrong = {test.term: test for test in found.wrong}
    assert (wrong["品种"].f, wrong["品种"].p) == pytest.approx((3.51343, 0.036646), rel=1e-5)
    assert "会多报品种" in found.verdict.text


def test_cake_as_r() -> None:
    """R 4.2.2: aov(angle ~ recipe*temperature + Error(replicate/recipe)) and Error(batch)."""
    df = qt.load("cake")
    roles = {
        "whole_plot": "面糊", "whole_factors": ["配方"], "sub_factors": ["温度"],
        "response": "断裂角", "categorical": ["温度"],
    }  # fmt: skip
    own = by_term(split_plot(df, **roles, block="轮次"))
    assert (own["配方"].f, own["配方"].p) == pytest.approx((1.5780534387, 0.2241856702), rel=1e-6)
    assert (own["配方"].df2, own["温度"].df2) == (28, 210)
    assert own["配方×温度"].f == pytest.approx(1.006197984, rel=1e-6)
    alone = split_plot(df, **roles)
    own = by_term(alone)
    assert (own["配方"].f, own["配方"].df2) == (pytest.approx(0.24879, rel=2e-5), 42)
    assert alone.whole_var == pytest.approx(41.83703704, rel=1e-6)
    wrong = {test.term: test for test in alone.wrong}
    assert wrong["温度"].f == pytest.approx(6.74168, rel=1e-5)
    assert wrong["配方"].p == pytest.approx(0.33980, rel=1e-4)


def unbalanced(oats: pd.DataFrame) -> pd.DataFrame:
    gone = UNBALANCED
    keep = [key not in gone for key in zip(oats["区"], oats["氮"], strict=True)]
    return oats[keep]


UNBALANCED = {("IV", "4"), ("IIG", "0"), ("IIIG", "2"), ("IIIG", "4"), ("VM", "4")}


def test_unbalanced_oats_as_r(oats) -> None:
    """R 4.2.2: anova(nlme::lme(Y ~ B + N*V, random = ~ 1 | P), type = "marginal")."""
    found = split_plot(unbalanced(oats), **ROLES, block="区组", categorical=["氮"])
    own = by_term(found)
    assert not found.balanced
    assert [own[name].df2 for name in ("品种", "氮", "品种×氮")] == [10, 40, 40]
    assert own["品种"].f == pytest.approx(R_UNBALANCED[0], rel=1e-4)
    assert own["氮"].f == pytest.approx(R_UNBALANCED[1], rel=1e-4)
    assert own["品种×氮"].f == pytest.approx(R_UNBALANCED[2], rel=1e-4)
    assert found.whole_var**0.5 == pytest.approx(R_UNBALANCED[3], rel=1e-4)
    assert found.sub_var**0.5 == pytest.approx(R_UNBALANCED[4], rel=1e-4)
    assert "split-plot.unbalanced" in {check.code for check in found.checks}


R_UNBALANCED = (1.0528487465, 37.6572330103, 0.66943743033, 12.315224879, 12.447163318)


def test_strata_by_hand(oats) -> None:
    """Second derivation: whole plots analysed by their means, readings by what is left."""
    means = oats.pivot_table(index="区组", columns="品种", values="产量").to_numpy()
    resid = means - means.mean(0) - means.mean(1, keepdims=True) + means.mean()
    f = 6 * ((means.mean(0) - means.mean()) ** 2).sum() / 2 / ((resid**2).sum() / 10)
    found = split_plot(oats, **ROLES, block="区组", categorical=["氮"])
    assert by_term(found)["品种"].f == pytest.approx(f, rel=1e-6)
    # the difference of two varieties: t on 10 degrees, error of whole-plot means
    d = next(d for d in found.differences("品种") if {d.level, d.other} == {"M", "V"})
    assert abs(d.value) == pytest.approx(abs(means.mean(0)[1] - means.mean(0)[2]))
    assert d.se == pytest.approx((2 * (resid**2).sum() / 10 / 6) ** 0.5, rel=1e-6)
    q = scipy.stats.studentized_range.ppf(0.95, 3, 10) / 2**0.5
    assert d.interval.high - d.value == pytest.approx(q * d.se, rel=1e-6)
    plain = next(d for d in found.differences("品种", ignored=True) if d.level == "M")
    assert plain.se < d.se


def test_mixed_model_as_statsmodels(oats) -> None:
    import statsmodels.formula.api as smf

    df = unbalanced(oats)
    found = split_plot(df, **ROLES, block="区组", categorical=["氮"])
    theirs = smf.mixedlm("产量 ~ C(区组) + C(品种)*C(氮)", df, groups=df["区"]).fit(reml=True)
    assert found.sub_var == pytest.approx(theirs.scale, rel=1e-3)
    assert found.whole_var == pytest.approx(float(theirs.cov_re.iloc[0, 0]), rel=5e-3)


def test_negative_whole_plot_variance_is_shown_as_zero_but_tests_stay_exact() -> None:
    """Whole-plot means that agree too well: F is still that of the strata."""
    rng = np.random.default_rng(5)
    m, k = 8, 4
    a = np.repeat([0, 1], m // 2)
    y = rng.normal(size=(m, k))
    y -= 0.9 * y.mean(axis=1, keepdims=True)
    df = pd.DataFrame(
        {
            "炉": np.repeat([f"r{i}" for i in range(m)], k),
            "温": np.repeat(np.where(a == 0, "低", "高"), k),
            "料": np.tile([f"m{i}" for i in range(k)], m),
            "y": y.ravel(),
        }
    )
    found = split_plot(df, whole_plot="炉", whole_factors=["温"], sub_factors=["料"], response="y")
    means = y.mean(axis=1)
    t = scipy.stats.ttest_ind(means[a == 1], means[a == 0]).statistic
    assert found.whole_var_raw < 0
    assert found.whole_var == 0
    assert found.tests[0].f == pytest.approx(t**2, rel=1e-5)
    assert "split-plot.negative-variance" in {check.code for check in found.checks}


def test_large_offset(oats) -> None:
    near = split_plot(oats, **ROLES, block="区组", categorical=["氮"])
    far = split_plot(
        oats.assign(产量=oats["产量"] + 1e9), **ROLES, block="区组", categorical=["氮"]
    )
    assert [t.f for t in far.tests] == pytest.approx([t.f for t in near.tests], rel=1e-6)


def test_continuous_factors_and_views(oats) -> None:
    found = split_plot(oats.assign(氮=oats["氮"].astype(int)), **ROLES, block="区组")
    assert [test.df1 for test in found.tests] == [2, 1, 2]
    assert found.range_of("氮").level == "6"
    assert "折线图" in found.figure().layout.meta["alt"]
    assert list(found.variances()["误差自由度"]) == [10, 51]
    assert all(type(v) in (int, float, str, bool) for v in found.metrics().values())
    assert len(found.pairs("品种")) == 3


def test_random_means_of_three_pairs() -> None:
    """One-way random effects by hand: (MSB − MSW)/2 and MSW."""
    found = fit_split(np.ones((6, 1)), np.array([1.0, 3, 4, 6, 8, 10]), np.repeat([0, 1, 2], 2))
    means = np.array([2.0, 5.0, 9.0])
    msb = 2 * ((means - means.mean()) ** 2).sum() / 2
    assert found.sub_var == pytest.approx(2.0, rel=1e-6)
    assert found.sub_var * found.gamma == pytest.approx((msb - 2.0) / 2, rel=1e-6)


REFUSED = {
    "whole factor moves": ({"品种": ["V", "G"] * 36}, {}, "在同一个"),
    "sub factor stands still": ({}, {"whole_factors": ["氮"], "sub_factors": ["品种"]}, "变了"),
    "whole factor among sub": (
        {"产地": "甲乙"},
        {"sub_factors": ["产地"], "whole_factors": ["品种"]},
        "写进 whole_factors",
    ),
    "one whole plot": ({"区": ["一"] * 72, "品种": ["V", "G"] * 36}, {}, "只有一个整区"),
    "text for a list": ({}, {"whole_factors": "品种"}, "列表"),
    "no such column": ({}, {"whole_plot": "田"}, "找不到列"),
    "no replication": ({"区": "品种"}, {"model": "full"}, "没有多余的自由度"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, oats) -> None:
    columns, options, words = REFUSED[name]
    df = oats.copy()
    for column, values in columns.items():
        if isinstance(values, list):
            df[column] = values
        elif values == "甲乙":
            df[column] = df["区"].map(
                {own: "甲乙"[i % 2] for i, own in enumerate(sorted(set(df["区"])))}
            )
        else:
            df[column] = df[values]
    with pytest.raises(qt.QualityDataError, match=words):
        split_plot(df, **(ROLES | options))


def test_few_whole_plots_are_told(oats) -> None:
    found = split_plot(oats[oats["区组"].isin(["I", "II"])], **ROLES)
    assert "split-plot.few-whole-plots" in {check.code for check in found.checks}
