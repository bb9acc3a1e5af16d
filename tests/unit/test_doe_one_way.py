"""One factor: R, the NIST StRD certified values, scipy, and second derivations."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import qtools as qt
from qtools.doe.comparisons import dunnett_sf, letters, studentized_range_sf
from qtools.doe.one_way import one_way
from qtools.doe.one_way_view import comparison_halves, contradicted

# R datasets::InsectSprays (Beall 1942) and datasets::chickwts (Anonymous 1948)
SPRAYS = {
    "A": [10, 7, 20, 14, 14, 12, 10, 23, 17, 20, 14, 13],
    "B": [11, 17, 21, 11, 16, 14, 17, 17, 19, 21, 7, 13],
    "C": [0, 1, 7, 2, 3, 1, 2, 1, 3, 0, 1, 4],
    "D": [3, 5, 12, 6, 4, 3, 5, 5, 5, 5, 2, 4],
    "E": [3, 5, 3, 5, 3, 6, 1, 1, 3, 2, 6, 4],
    "F": [11, 9, 15, 22, 15, 16, 13, 10, 26, 26, 24, 13],
}
CHICKS = {
    "casein": [368, 390, 379, 260, 404, 318, 352, 359, 216, 222, 283, 332],
    "horsebean": [179, 160, 136, 227, 217, 168, 108, 124, 143, 140],
    "linseed": [309, 229, 181, 141, 260, 203, 148, 169, 213, 257, 244, 271],
    "meatmeal": [325, 257, 303, 315, 380, 153, 263, 242, 206, 344, 258],
    "soybean": [243, 230, 248, 327, 329, 250, 193, 271, 316, 267, 199, 171, 158, 248],
    "sunflower": [423, 340, 392, 339, 341, 226, 320, 295, 334, 322, 297, 318],
}
# MASS::oats without nitrogen (Yates 1935): blocks I-VI, Golden.rain / Marvellous / Victory
OATS = [
    ("I", "V", 111), ("I", "G", 117), ("I", "M", 105), ("II", "V", 61), ("II", "G", 70),
    ("II", "M", 96), ("III", "V", 68), ("III", "G", 60), ("III", "M", 89), ("IV", "V", 74),
    ("IV", "G", 64), ("IV", "M", 70), ("V", "V", 62), ("V", "G", 80), ("V", "M", 63),
    ("VI", "V", 53), ("VI", "G", 89), ("VI", "M", 97),
]  # fmt: skip


def long(groups: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(name, value) for name, values in groups.items() for value in values]
    return pd.DataFrame(rows, columns=["水平", "读数"])


def analyse(groups: dict[str, list[float]], **options):
    return one_way(long(groups), factor="水平", value="读数", **options)


def pair(found, level: str, other: str):
    return next(d for d in found.differences if (d.level, d.other) == (level, other))


def test_insect_sprays_as_r() -> None:
    """R 4.2.2: summary(aov(count ~ spray)), oneway.test, TukeyHSD."""
    found = analyse(SPRAYS, spread="equal")
    assert found.factor_test.ss == pytest.approx(2668.83333333, rel=1e-10)
    assert found.error_ss == pytest.approx(1015.16666667, rel=1e-10)
    assert found.factor_test.f == pytest.approx(34.7022820555, rel=1e-10)
    assert found.factor_test.p == pytest.approx(3.18258372615e-17, rel=1e-8)
    assert found.welch_test.f == pytest.approx(36.06544389, rel=1e-9)
    assert found.welch_test.df2 == pytest.approx(30.04256051, rel=1e-9)
    d = pair(found, "F", "A")
    assert (d.value, d.interval.low, d.interval.high, d.p) == pytest.approx(
        (2.166666666667, -2.53274184729, 6.86607518062, 0.754214727632), abs=2e-8
    )
    assert pair(found, "D", "C").p == pytest.approx(0.492070744580, abs=1e-8)
    assert len(found.different) == 9
    assert len({frozenset((d.level, d.other)) for d in found.different}) == 9


def test_chick_weights_as_r() -> None:
    """R 4.2.2, unequal sizes: aov, oneway.test, TukeyHSD(...)$feed."""
    found = analyse(CHICKS)
    assert found.factor_test.f == pytest.approx(15.3647997747, rel=1e-10)
    assert found.factor_test.p == pytest.approx(5.93641985347e-10, rel=1e-8)
    assert found.welch_test.f == pytest.approx(19.66172436, rel=1e-9)
    assert found.welch_test.p == pytest.approx(1.17705972e-08, rel=1e-7)
    d = pair(found, "soybean", "meatmeal")
    assert (d.value, d.interval.low, d.interval.high, d.p) == pytest.approx(
        (-30.48051948052, -95.37510918814, 34.4140702271, 7.39135571506e-01), abs=1e-6
    )
    assert pair(found, "sunflower", "soybean").p == pytest.approx(3.88452120723e-03, abs=1e-8)


def test_blocks_as_r() -> None:
    """R 4.2.2: aov(Y ~ B + V), TukeyHSD(., "V"), on oats without nitrogen."""
    df = pd.DataFrame(OATS, columns=["区组", "品种", "产量"])
    found = one_way(df, factor="品种", value="产量", block="区组")
    assert found.factor_test.f == pytest.approx(1.88242745973, rel=1e-10)
    assert found.factor_test.p == pytest.approx(0.202367985466, rel=1e-10)
    assert found.block_test.test.f == pytest.approx(4.19020329372, rel=1e-10)
    assert found.error_ss == pytest.approx(1841.88888889, rel=1e-10)
    d = pair(found, "M", "G")
    assert (d.value, d.interval.low, d.interval.high, d.p) == pytest.approx(
        (6.66666666667, -14.8129675306, 28.14630086392, 0.681571354574), abs=1e-7
    )
    assert found.verdict.level == "caution"
    assert "不等于相同" in found.verdict.text


def test_incomplete_blocks_as_r() -> None:
    """R 4.2.2: drop1(lm(Y ~ B + V), test = "F") and means of predictions over blocks."""
    gone = {("I", "G"), ("III", "M"), ("V", "V")}
    rows = [row for row in OATS if row[:2] not in gone]
    df = pd.DataFrame(rows, columns=["区组", "品种", "产量"])
    found = one_way(df, factor="品种", value="产量", block="区组", control="V")
    assert found.factor_test.ss == pytest.approx(357.3703704, rel=1e-9)
    assert found.factor_test.p == pytest.approx(0.50295, abs=5e-6)
    assert found.block_test.test.ss == pytest.approx(2296.0703704, rel=1e-9)
    means = {level.name: level.mean for level in found.levels}
    assert means == pytest.approx({"G": 78.6574074074, "M": 83.9907407407, "V": 71.4351851852})
    assert "one-way.incomplete-blocks" in {check.code for check in found.checks}


def test_levene_of_the_gear_data_and_its_anova() -> None:
    """NIST/SEMATECH e-Handbook 1.3.5.4 and 1.3.5.10 (anchor 26)."""
    found = one_way(qt.load("gear"), factor="批次", value="直径")
    assert round(found.spread_test.f, 4) == 1.7059
    assert (round(found.factor_test.f, 3), round(found.factor_test.p, 4)) == (2.297, 0.0227)
    # F and Welch's F stand on two sides of 5 %
    assert "one-way.tests-disagree" in {check.code for check in found.checks}
    assert "批次 7 比 批次 5 高" in found.verdict.text


FILES = Path(scipy.stats.__file__).parent / "tests" / "data" / "nist_anova"
# digits that double precision can hold: the readings themselves are rounded to 1e-4 at 1e12
LOST = {
    "SmLs04": 1e-9,
    "SmLs05": 1e-9,
    "SmLs06": 1e-9,
    "SmLs07": 5e-2,
    "SmLs08": 5e-2,
    "SmLs09": 5e-2,
}


@pytest.mark.parametrize(
    "name", ["SiRstv", "AtmWtAg", *(f"SmLs0{number}" for number in range(1, 10))]
)
def test_nist_strd_certified_values(name: str) -> None:
    """NIST StRD, one-way analysis of variance: certified F and residual standard deviation."""
    path = FILES / f"{name}.dat"
    if not path.exists():
        pytest.skip("scipy came without its test data")
    lines = path.read_text(encoding="latin-1").splitlines()
    head = "\n".join(lines[:60])
    f = float(re.search(r"Between .*?\s(\S+)$", head, re.M)[1])
    s = float(re.search(r"Standard Deviation\s+(\S+)", head)[1])
    data = np.array([line.split() for line in lines[60:] if line.strip()], dtype=np.float64)
    df = pd.DataFrame({"处理": data[:, 0].astype(int), "读数": data[:, 1]})
    found = one_way(df, factor="处理", value="读数", spread="equal")
    assert found.factor_test.f == pytest.approx(f, rel=LOST.get(name, 1e-9))
    assert found.s == pytest.approx(s, rel=LOST.get(name, 1e-9))


def test_a_large_offset_costs_no_digits() -> None:
    """Whole numbers stay exact at 1e12, and so must all that follows from them."""
    plain = analyse(SPRAYS, spread="equal")
    far = analyse({k: [v + 1e12 for v in own] for k, own in SPRAYS.items()}, spread="equal")
    assert far.factor_test.f == pytest.approx(plain.factor_test.f, rel=1e-9)
    assert far.spread_test.f == pytest.approx(plain.spread_test.f, rel=1e-9)
    assert far.welch_test.f == pytest.approx(plain.welch_test.f, rel=1e-6)


@pytest.mark.parametrize(("k", "df"), [(2, 1), (3, 4), (5, 12.5), (10, 90), (20, 300)])
@pytest.mark.parametrize("q", [0.5, 2.0, 4.0, 7.0])
def test_studentized_range_as_scipy(k: int, df: float, q: float) -> None:
    assert studentized_range_sf(q, k, df) == pytest.approx(
        scipy.stats.studentized_range.sf(q, k, df), abs=1e-8
    )


# Dunnett (1964), Biometrics 20, 482-491, two-sided 5 % points, equal sizes: levels besides control
@pytest.mark.parametrize(
    ("others", "df", "point"),
    [(1, 10, 2.23), (2, 10, 2.57), (3, 15, 2.61), (4, 20, 2.65)],
)
def test_dunnett_points(others: int, df: int, point: float) -> None:
    low, high = (dunnett_sf(d, np.full(others, 0.5), df) for d in (point - 0.006, point + 0.006))
    assert high < 0.05 < low


def test_dunnett_as_the_multivariate_t_of_scipy() -> None:
    share = np.array([0.2, 0.5, 0.7, 0.4])
    shape = np.sqrt(np.outer(share, share))
    np.fill_diagonal(shape, 1.0)
    t = scipy.stats.multivariate_t(shape=shape, df=17)
    inside = t.cdf(np.full(4, 2.4), lower_limit=np.full(4, -2.4), random_state=1)
    assert dunnett_sf(2.4, share, 17) == pytest.approx(1 - inside, abs=2e-4)


def test_dunnett_of_unequal_sizes_as_scipy() -> None:
    """scipy.stats.dunnett integrates by randomised points: agreement to its own error."""
    found = analyse(CHICKS, control="soybean", spread="equal")
    groups = [own for name, own in CHICKS.items() if name != "soybean"]
    theirs = scipy.stats.dunnett(*groups, control=CHICKS["soybean"], random_state=1)
    ci = theirs.confidence_interval(0.95)
    assert [d.p for d in found.differences] == pytest.approx(list(theirs.pvalue), abs=3e-4)
    assert [d.interval.low for d in found.differences] == pytest.approx(list(ci.low), rel=2e-3)
    assert found.method == "Dunnett"


def test_games_howell_as_scipy() -> None:
    found = analyse(SPRAYS, spread="unequal")
    theirs = scipy.stats.tukey_hsd(*SPRAYS.values(), equal_var=False)
    ci = theirs.confidence_interval(0.95)
    names = list(SPRAYS)
    for d in found.differences:
        a, b = names.index(d.level), names.index(d.other)
        assert d.p == pytest.approx(theirs.pvalue[a, b], abs=1e-7)
        assert (d.interval.low, d.interval.high) == pytest.approx((ci.low[a, b], ci.high[a, b]))


def test_welch_against_a_control() -> None:
    """Šidák's level by hand on scipy's Welch test."""
    found = analyse(SPRAYS, control="C", spread="unequal")
    for d in found.differences:
        p = scipy.stats.ttest_ind(SPRAYS[d.level], SPRAYS["C"], equal_var=False).pvalue
        assert d.p == pytest.approx(1 - (1 - p) ** 5, rel=1e-9, abs=1e-12)


def test_brown_forsythe_as_scipy() -> None:
    found = analyse(CHICKS)
    theirs = scipy.stats.levene(*CHICKS.values(), center="median")
    assert found.spread_test.f == pytest.approx(theirs.statistic)
    assert found.spread_test.p == pytest.approx(theirs.pvalue)


def test_the_spread_decides_the_method() -> None:
    assert analyse(SPRAYS).method == "Games–Howell"  # Brown–Forsythe p = 0.004
    assert analyse(SPRAYS).test is analyse(SPRAYS).welch_test or analyse(SPRAYS).unequal
    assert analyse(CHICKS).method == "Tukey–Kramer"


def test_omega_squared_and_its_interval() -> None:
    """ω² by its definition; limits are the shares whose noncentral F puts the data at the edge."""
    found = analyse(CHICKS)
    ss, ms, n = 231129.162103, 3008.55416916, 71
    assert found.omega2 == pytest.approx((ss - 5 * ms) / (ss + 195556.020996 + ms), rel=1e-9)
    for end, tail in ((found.omega2_interval.low, 0.975), (found.omega2_interval.high, 0.025)):
        shift = n * end / (1 - end)
        assert scipy.stats.ncf.cdf(15.3647997747, 5, 65, shift) == pytest.approx(tail, abs=1e-6)


def test_tukeys_degree_for_non_additivity() -> None:
    """Second derivation: the product of level and block effects as one more column."""
    df = pd.DataFrame(OATS, columns=["区组", "品种", "产量"])
    found = one_way(df, factor="品种", value="产量", block="区组")
    table = df.pivot_table(index="区组", columns="品种", values="产量").to_numpy(dtype=float)
    rows, cols = table.mean(1) - table.mean(), table.mean(0) - table.mean()
    ss = (rows @ table @ cols) ** 2 / ((rows @ rows) * (cols @ cols))
    f = ss / ((1841.888888889 - ss) / 9)
    assert found.block_test.alike.f == pytest.approx(f, rel=1e-9)


def test_block_by_level_interaction_as_statsmodels() -> None:
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(3)
    b, a = (axis.ravel() for axis in np.indices((3, 4)).repeat(2, axis=2))
    y = rng.normal(size=b.size) + b * (a == 1)
    df = pd.DataFrame({"b": [f"b{i}" for i in b], "a": [f"a{i}" for i in a], "y": y})
    found = one_way(df, factor="a", value="y", block="b")
    small, full = (smf.ols(f"y ~ C(a){sign}C(b)", df).fit() for sign in "+*")
    f = ((small.ssr - full.ssr) / 6) / (full.ssr / 12)
    assert found.block_test.alike.f == pytest.approx(f)


def test_comparison_intervals_meet_where_levels_cannot_be_told_apart() -> None:
    found = analyse(SPRAYS, spread="equal")  # equal sizes: exact
    half = dict(zip(SPRAYS, comparison_halves(found), strict=True))
    mean = {level.name: level.mean for level in found.levels}
    for d in found.differences:
        apart = abs(mean[d.level] - mean[d.other]) > half[d.level] + half[d.other]
        assert apart == d.significant


def random_groups(sizes: list[int], rng: np.random.Generator) -> dict[str, list[float]]:
    return {name: (rng.normal(2 * rng.random(), 1 + rng.random(), n)).tolist()
            for name, n in zip("甲乙丙丁戊", sizes, strict=True)}  # fmt: skip


@pytest.mark.parametrize(("sizes", "spread"), [([3, 4, 5, 9, 15], "equal"), ([6] * 5, "unequal")])
def test_bars_contradict_no_comparison_or_say_so(sizes: list[int], spread: str) -> None:
    """Of 40 sets the bars of Hochberg, Weiss & Hart alone contradict some; none stays unsaid."""
    rng, told = np.random.default_rng(11), 0
    for _ in range(40):
        found = analyse(random_groups(sizes, rng), spread=spread)
        halves = dict(zip("甲乙丙丁戊", comparison_halves(found), strict=True))
        mean = {level.name: level.mean for level in found.levels}
        wrong = [
            d for d in found.differences
            if (abs(mean[d.level] - mean[d.other]) > halves[d.level] + halves[d.other])
            != d.significant
        ]  # fmt: skip
        title = found.figure().layout.title.text
        assert bool(wrong) == ("以表为准" in title)
        told += bool(wrong)
    assert told <= 4


def test_bars_of_no_length_contradict_all_that_do_not_differ() -> None:
    found = analyse(CHICKS, spread="equal")
    none = np.zeros(6)
    assert len(contradicted(found, none)) == len(found.differences) - len(found.different)


def test_uneven_numbers_of_readings_are_not_pooled() -> None:
    """Readings 3, 3, 3, 12 and spreads 3, 3, 3, 1: pooled, the family risk is several times 5 %."""
    rng, false = np.random.default_rng(5), {"auto": 0, "equal": 0}
    for _ in range(40):
        groups = {name: rng.normal(0, sd, n).tolist()
                  for name, sd, n in zip("甲乙丙丁", [3, 3, 3, 1], [3, 3, 3, 12], strict=True)
                 }  # fmt: skip
        for spread in false:
            false[spread] += bool(analyse(groups, spread=spread).different)
    assert false["auto"] <= 9
    assert false["equal"] > false["auto"]
    found = analyse(groups)
    assert found.method == "Games–Howell"
    codes = {check.code: check.text for check in found.checks}
    assert "3 到 12" in codes["one-way.uneven-counts"]
    pooled = analyse(groups | {"甲": groups["甲"][:2]})  # 2 readings tell no spread of their own
    assert "one-way.uneven-counts" in {check.code for check in pooled.checks}


def test_letters_are_shared_exactly_by_levels_that_do_not_differ() -> None:
    found = analyse(CHICKS)
    own = found.letters
    for d in found.differences:
        assert bool(set(own[d.level]) & set(own[d.other])) != d.significant
    assert letters(("甲",), np.array([1.0]), ()) == {"甲": "A"}


def test_views_and_checks() -> None:
    groups = {"甲": [1.0, 1.2, 0.9, 1.1, 1.0, 1.3], "乙": [1.1, 1.0, 1.2, 0.8, 1.1, 9.0]}
    found = analyse(groups)
    assert "one-way.outlier" in {check.code for check in found.checks}
    assert "第 12 行" in next(c.text for c in found.checks if c.code == "one-way.outlier")
    for fig in (found.figure(), found.pairs_figure(), found.residual_figure()):
        assert "图" in fig.layout.meta["alt"]
    assert list(found.tests()["检验"])[1].endswith("Welch 检验")
    assert set(analyse(CHICKS, control="soybean").metrics()) >= {
        "f",
        "p",
        "n_different",
        "omega2_low",
    }
    assert analyse(CHICKS, control="soybean").letters == {}


REFUSED = {
    "one level": ({"甲": [1, 2, 3]}, {}, "只有一个水平"),
    "one reading each": ({"甲": [1], "乙": [2]}, {}, "只有一个读数"),
    "constant": ({"甲": [1, 1], "乙": [1, 1]}, {}, "全都相同"),
    "no error": ({"甲": [1, 1], "乙": [2, 2]}, {}, "误差为 0"),
    "no such control": ({"甲": [1, 2], "乙": [2, 4]}, {"control": "丙"}, "不是水平"),
    "bad option": ({"甲": [1, 2], "乙": [2, 4]}, {"spread": "no"}, "不认识"),
    "spread of one": ({"甲": [1, 2], "乙": [2]}, {"spread": "unequal"}, "散布"),
    "risk for confidence": ({"甲": [1, 2], "乙": [2, 4]}, {"confidence": 0.05}, "0.95"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    groups, options, words = REFUSED[name]
    with pytest.raises(qt.QualityDataError, match=words):
        analyse(groups, **options)


def test_blocks_that_hold_one_level_each_are_refused() -> None:
    df = long({"甲": [1, 2, 3], "乙": [2, 4, 5]}).assign(天=["一"] * 3 + ["二"] * 3)
    with pytest.raises(qt.QualityDataError, match="分不开"):
        one_way(df, factor="水平", value="读数", block="天")
    with pytest.raises(qt.QualityDataError, match="只有一个"):
        one_way(df.assign(天="一"), factor="水平", value="读数", block="天")
    with pytest.raises(qt.QualityDataError, match="spread"):
        one_way(df, factor="水平", value="读数", block="天", spread="unequal")


def test_a_blank_reading_is_left_out_with_a_word() -> None:
    df = long({"甲": [1, 2, 3], "乙": [2, 4, 5]})
    found = one_way(df.assign(读数=df["读数"].where(df.index != 4)), factor="水平", value="读数")
    assert len(found.y) == 5
    assert found.checks[0].code == "doe.missing-run"
