"""Desirability: Derringer & Suich's own figures, brute force, second derivations of the chances."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtools as qt
from qtools import QualityDataError
from qtools.doe import Goal, central_composite, desirability, read_goals, response_surface
from qtools.doe.desirability import overall, undominated

NAMES = ["耐磨", "定伸", "伸长率", "硬度"]
FACTORS = ["白炭黑", "硅烷", "硫黄"]
LISTS = {
    "lower": [120, 1000, 400, 60],
    "target": [170, 1300, 500, 67.5],
    "upper": ["无", "无", 600, 75],
}
PUBLISHED = np.array([-0.05, 0.145, -0.868])  # Derringer & Suich (1980), p. 218


def fitted(df, factors=FACTORS, models=None):
    coding = dict.fromkeys(factors, (-1, 1))
    return [
        response_surface(
            df, factors=factors, response=name, coding=coding,
            model=(models or {}).get(name, "quadratic"),
        )
        for name in NAMES
    ]  # fmt: skip


@pytest.fixture(scope="module")
def surfaces():
    return fitted(qt.load("tyre"))


@pytest.fixture(scope="module")
def tyre(surfaces):
    return desirability(surfaces, read_goals(NAMES, **LISTS))


def rows(x):
    pairs = [x[:, i] * x[:, j] for i, j in combinations(range(x.shape[1]), 2)]
    return np.column_stack([np.ones(len(x)), x, *pairs, x**2])


# --- published -----------------------------------------------------------------------------------


def test_optimum_of_derringer_and_suich(tyre):
    np.testing.assert_allclose(tyre.best, PUBLISHED, atol=0.005)
    assert tyre.overall == pytest.approx(0.583, abs=5e-4)
    assert tyre.overall_at(PUBLISHED) == pytest.approx(0.583, abs=5e-4)
    np.testing.assert_allclose(tyre.predicted(PUBLISHED)[1:], [1300, 465.7, 68], atol=0.5)
    # d of the four responses there: 0.189, 1, 0.656, 0.932
    np.testing.assert_allclose(
        tyre.desirabilities(PUBLISHED), [0.189, 1.0, 0.656, 0.932], atol=2e-3
    )


def test_nist_handbook_example_with_its_own_table():
    """NIST/SEMATECH e-Handbook 5.5.3.2.2: four signs differ, elongation is a first-order model."""
    df = qt.load("tyre")
    models = {"伸长率": "main"}
    found = desirability(
        fitted(df, ["白炭黑", "硅烷", "硫黄NIST"], models), read_goals(NAMES, **LISTS), draws=500
    )
    at = np.array([-0.10, 0.15, -1.0])
    assert found.overall_at(at) == pytest.approx(0.596, abs=5e-4)
    np.testing.assert_allclose(found.predicted(at), [136.4, 1571.05, 450.56, 69.26], rtol=1e-3)
    # printed: 0.34, 1.0, 0.49, 0.76
    np.testing.assert_allclose(found.desirabilities(at), [0.34, 1.0, 0.49, 0.76], atol=0.015)
    assert "doe-desirability.independent" in {check.code for check in found.checks}


def test_the_four_signs_show_as_lack_of_fit(surfaces):
    """With the table as NIST prints it all four surfaces lack fit; as published, modulus alone."""
    nist = fitted(qt.load("tyre"), ["白炭黑", "硅烷", "硫黄NIST"])
    assert [one.fit.lack_of_fit[3] < 0.05 for one in nist] == [True] * 4
    assert [one.fit.lack_of_fit[3] < 0.05 for one in surfaces] == [False, True, False, False]


# --- goals ---------------------------------------------------------------------------------------


def by_hand(y, low, target, high, s, t):
    """Derringer & Suich (1980), equations for one and two sides."""
    if low is not None and y < low:
        return 0.0
    if high is not None and y > high:
        return 0.0
    if y <= target:
        return 1.0 if low is None else ((y - low) / (target - low)) ** s
    return 1.0 if high is None else ((y - high) / (target - high)) ** t


@pytest.mark.parametrize(
    ("low", "target", "high", "kind"),
    [(120, 170, None, "望大"), (None, 3, 9, "望小"), (400, 500, 600, "望目")],
)
@pytest.mark.parametrize(("s", "t"), [(1, 1), (0.5, 2), (3, 0.2)])
def test_desirability_is_the_published_formula(low, target, high, kind, s, t):
    goal = Goal(low, target, high, s, t)
    assert goal.kind == kind
    ends = [value for value in (low, target, high) if value is not None]
    y = np.linspace(min(ends) - 5, max(ends) + 5, 57)
    np.testing.assert_allclose(
        goal.desirability(y), [by_hand(v, low, target, high, s, t) for v in y], atol=1e-12
    )


def test_limits_alone_and_shortfalls():
    goal = Goal(lower=2, upper=4)
    assert goal.kind == "在界限内"
    assert goal.desirability([1.9, 2, 3, 4, 4.1]).tolist() == [0, 1, 1, 1, 0]
    assert goal.shortfall(np.array([1.0, 3.0, 6.0])).tolist() == [1, 0, 2]
    wear = Goal(lower=120, target=170)
    assert wear.shortfall(np.array([110.0, 160, 200])).tolist() == [60, 10, 0]
    assert wear.outside(np.array([110.0, 160, 200])).tolist() == [10, 0, 0]


def test_overall_is_the_weighted_geometric_mean():
    goals = [Goal(0, 1, importance=2), Goal(0, 1), Goal(0, 1, importance=0.5)]
    y = np.array([[0.2, 0.9, 0.4], [0.0, 1.0, 1.0], [1.0, 1.0, 2.0]])
    expected = (0.2**2 * 0.9 * 0.4**0.5) ** (1 / 3.5)
    np.testing.assert_allclose(overall(goals, y), [expected, 0.0, 1.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lower": [120, 1000, 400]}, ["lower", "3 个"]),
        ({"upper": ["无", "无", 600, "高"]}, ["硬度", "upper", "不是数字"]),
        ({"lower": ["无", 1000, 400, 60]}, ["耐磨", "没有界限"]),
        ({"target": [110, 1300, 500, 67.5]}, ["耐磨", "从小到大"]),
        ({"target": [170, 1300, 600, 67.5]}, ["伸长率", "从小到大"]),
        ({"importance": [1, 0, 1, 1]}, ["定伸", "正数"]),
        ({"importance": [1, 1]}, ["importance", "2 个"]),
        ({"importance": [1, "无", 1, 1]}, ["定伸", "正数"]),
    ],
)
def test_goals_refused(change, words):
    with pytest.raises(QualityDataError) as caught:
        read_goals(NAMES, **(LISTS | change))
    assert [word for word in words if word not in str(caught.value)] == []


def test_goals_are_read_as_typed():
    goals = read_goals(["甲", "乙"], lower=["１２０", "-"], target=["170", "−3"], upper=["", "5"])
    assert goals["甲"] == Goal(lower=120.0, target=170.0)
    assert goals["乙"] == Goal(target=-3.0, upper=5.0)
    for names in ([], ["甲", "甲"]):
        with pytest.raises(QualityDataError):
            read_goals(names, lower=[1, 1], target=[2, 2], upper=["无", "无"])


# --- optimum and front ---------------------------------------------------------------------------


def test_no_setting_of_a_fine_grid_is_better(tyre):
    axis = np.linspace(-1.633, 1.633, 71)
    grid = np.array(np.meshgrid(axis, axis, axis)).reshape(3, -1).T
    grid = grid[np.linalg.norm(grid, axis=1) <= 3**0.5]
    y = np.column_stack([rows(grid) @ one.fit.beta for one in tyre.surfaces])
    d = np.column_stack([goal.desirability(y[:, i]) for i, goal in enumerate(tyre.goals)])
    brute = d.prod(axis=1) ** 0.25
    assert tyre.overall >= brute.max()
    assert tyre.overall == pytest.approx(brute.max(), abs=0.01)


def test_undominated_rows_by_loops():
    loss = np.random.default_rng(4).integers(0, 5, size=(60, 3)).astype(float)

    def beaten(i):
        return any(all(loss[j] <= loss[i]) and any(loss[j] < loss[i]) for j in range(len(loss)))

    np.testing.assert_array_equal(undominated(loss), [not beaten(i) for i in range(len(loss))])


def test_front_does_not_depend_on_opinions(surfaces, tyre):
    other = desirability(surfaces, read_goals(NAMES, **LISTS, importance=[5, 1, 1, 1]), draws=500)
    assert not np.allclose(other.best, tyre.best, atol=0.05)
    assert other.predicted(other.best)[0] > tyre.predicted(tyre.best)[0] + 3
    y = np.array([tyre.predicted(point) for point in tyre.front])
    for at, point in enumerate(tyre.front):
        assert tyre.overall_at(point) > 0
        mine = np.array([goal.shortfall(y[at, i : i + 1])[0] for i, goal in enumerate(tyre.goals)])
        theirs = np.column_stack([goal.shortfall(y[:, i]) for i, goal in enumerate(tyre.goals)])
        assert not ((theirs <= mine).all(axis=1) & (theirs < mine).any(axis=1)).any()
    assert len(other.alternatives()) == 3
    assert other.metrics()["pct_reliable"] >= other.metrics()["pct_unit"] - 1


def level(seed):
    """D is 1 over a wide part of the region: two responses within wide limits, no target."""
    design = central_composite({"甲": (-1, 1), "乙": (-1, 1)}, center=5)
    a, b = design.points.T
    noise = np.random.default_rng(seed).normal(0, 0.1, (2, len(a)))
    df = pd.DataFrame(
        {"甲": a, "乙": b, "强": 10 + 2 * a + noise[0], "薄": 10 - 2 * a + b + noise[1]}
    )
    options = {"factors": ["甲", "乙"], "coding": {"甲": (-1, 1), "乙": (-1, 1)}}
    return [response_surface(df, response=name, **options) for name in ("强", "薄")]


def wide(low=9, high=12):
    return read_goals(["强", "薄"], lower=[low, 9], target=["无", "无"], upper=[high, 12])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_of_many_settings_of_the_highest_d_a_safe_one_is_taken(seed):
    found = desirability(level(seed), wide(), draws=2000)
    assert found.overall == 1
    shares = found.alternatives()["全部合格（%）"]
    assert shares.min() > 99.5
    # by brute force: no setting lies farther inside all limits, in prediction standard deviations
    axis = np.linspace(-1.414, 1.414, 81)
    grid = np.array(np.meshgrid(axis, axis)).reshape(2, -1).T
    grid = np.vstack([grid[np.linalg.norm(grid, axis=1) <= 2**0.5], found.best])
    inside = []
    for one in found.surfaces:
        x = rows(grid)
        y = x @ one.fit.beta
        h = np.einsum("ij,jk,ik->i", x, one.fit.unscaled, x)
        inside.append(np.minimum(y - 9, 12 - y) / (one.s * np.sqrt(1 + h)))
    least = np.min(inside, axis=0)
    assert least[-1] >= least.max() - 1e-6


def test_where_nothing_is_feasible_no_setting_is_named():
    found = desirability(level(0), wide(29, 32), draws=500)
    table = found.alternatives().set_index("选法")
    assert found.reliable is None
    for name in ("总意愿 D 最高", "单次合格的概率最高", "最差的一项最好"):
        assert set(table.loc[name]) == {"没有"}
    assert table.loc["离界限最近", "甲"] > 1  # the response that lacks most rises with it
    assert "pct_reliable" not in found.metrics()
    assert "离界限最近" in {trace.name for trace in found.front_figure().data}


def test_a_compromise_picked_from_many_is_told_to_be_too_good():
    assert "doe-desirability.chosen" not in {
        check.code for check in desirability(level(0), wide(), draws=500).checks
    }
    noise = np.random.default_rng(3).normal(0, 1, (2, 13))
    design = central_composite({"甲": (-1, 1), "乙": (-1, 1)}, center=5)
    df = pd.DataFrame(design.points, columns=["甲", "乙"]).assign(强=noise[0], 薄=noise[1])
    own = [response_surface(df, factors=["甲", "乙"], response=name) for name in ("强", "薄")]
    goals = read_goals(["强", "薄"], lower=[-3, -3], target=[3, 3], upper=["无", "无"])
    found = desirability(own, goals, draws=500)
    assert "doe-desirability.chosen" in {check.code for check in found.checks}
    assert found.overall > 0.5  # the truth, everywhere: both means 0, D = 0.5


# --- chances -------------------------------------------------------------------------------------


def test_each_response_alone_has_its_t_distribution(tyre):
    """Draws of a single run against Student's t with 10 degrees of freedom, written out."""
    assert tyre.joint
    each = tyre.pct_each(tyre.best)
    n = len(tyre.errors)
    for place, (one, goal) in enumerate(zip(tyre.surfaces, tyre.goals, strict=True)):
        x = rows(tyre.best[None])
        beta = one.fit.beta
        h = (x @ one.fit.unscaled @ x.T).item()
        spread = one.s * (1 + h) ** 0.5
        y = (x @ beta).item()
        low = -np.inf if goal.lower is None else goal.lower
        high = np.inf if goal.upper is None else goal.upper
        share = stats.t.cdf((high - y) / spread, 10) - stats.t.cdf((low - y) / spread, 10)
        assert each[place] == pytest.approx(100 * share, abs=1e-6)
        drawn = goal.within(y + (1 + h) ** 0.5 * tyre.errors[:, place]).mean()
        assert drawn == pytest.approx(share, abs=4 * (share * (1 - share) / n) ** 0.5 + 1e-3)
        ends = stats.kstest(tyre.errors[:, place] / one.s, stats.t(10).cdf)
        assert ends.pvalue > 1e-3


def test_joint_chance_by_scipys_inverse_wishart(tyre):
    residuals = np.column_stack([one.fit.residuals for one in tyre.surfaces])
    draws = np.random.default_rng(8)
    wishart = stats.invwishart(df=10 + 3, scale=residuals.T @ residuals)
    sigma = wishart.rvs(40_000, random_state=draws)
    z = draws.normal(size=(40_000, 4))
    errors = np.einsum("rij,rj->ri", np.linalg.cholesky(sigma), z)
    x = rows(tyre.best[None])
    h = (x @ tyre.surfaces[0].fit.unscaled @ x.T).item()
    for unit in (True, False):
        y = tyre.predicted(tyre.best) + (h + unit) ** 0.5 * errors
        share = np.mean(np.all([goal.within(y[:, i]) for i, goal in enumerate(tyre.goals)], axis=0))
        assert tyre.pct_kept(tyre.best, unit) == pytest.approx(100 * share, abs=1.2)
    assert tyre.pct_kept(tyre.best) < tyre.pct_each(tyre.best).min() + 0.5


def test_interval_of_d_and_reproducibility(tyre, surfaces):
    again = desirability(surfaces, read_goals(NAMES, **LISTS))
    assert again.metrics() == tyre.metrics()
    low, high = tyre.interval.low, tyre.interval.high
    assert low <= tyre.overall <= high
    other = desirability(surfaces, read_goals(NAMES, **LISTS), seed=2)
    assert other.pct_kept(other.best) == pytest.approx(tyre.pct_kept(tyre.best), abs=2)


# --- verdicts, views and bad input ---------------------------------------------------------------


def test_verdicts(tyre, surfaces):
    assert tyre.verdict.level == "caution"
    assert "定伸" in tyre.verdict.text
    codes = {check.code for check in tyre.checks}
    assert codes == {"doe-desirability.lack-of-fit", "doe-desirability.chosen"}
    never = desirability(surfaces, read_goals(NAMES, **(LISTS | {
        "lower": [210, 1000, 400, 60], "target": [220, 1300, 500, 67.5]})), draws=500)  # fmt: skip
    assert never.overall == 0
    assert never.verdict.level == "bad"
    assert "没有一处设置" in never.verdict.text
    assert never.metrics()["pct_unit"] < 50
    easy = desirability(surfaces[2:], read_goals(NAMES[2:], lower=[300, 55], target=[450, 68],
                                                 upper=[600, 80]), draws=500)  # fmt: skip
    assert easy.verdict.level == "good"


def test_views(tyre):
    table = tyre.table()
    assert list(table["响应"]) == NAMES
    assert "120" in table["要求"].iloc[0]
    assert "D" in tyre.figure().layout.meta["alt"]
    front = tyre.front_figure(("耐磨", "伸长率"))
    assert "耐磨" in front.layout.meta["alt"]
    assert tyre.front_figure().layout.meta["alt"]
    assert len(tyre.front_table()) == 4
    with pytest.raises(QualityDataError, match="两个不同的响应"):
        tyre.front_figure(("耐磨", "颜色"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s, g: (s[:1], g), ["至少要两个"]),
        (lambda s, g: ([s[0], s[0]], g), ["重复"]),
        (lambda s, g: (s, {k: v for k, v in g.items() if k != "硬度"}), ["硬度", "没有写目标"]),
        (lambda s, g: (s, g | {"颜色": g["硬度"]}), ["颜色", "没有对应"]),
        (
            lambda s, g: (
                [s[0], response_surface(qt.load("tyre"), factors=FACTORS, response="定伸")],
                {k: g[k] for k in NAMES[:2]},
            ),
            ["编码不同", "定伸"],
        ),
    ],
)
def test_refused(surfaces, change, words):
    own, goals = change(surfaces, read_goals(NAMES, **LISTS))
    with pytest.raises(QualityDataError) as caught:
        desirability(own, goals)
    assert [word for word in words if word not in str(caught.value)] == []


def test_few_draws_refused(surfaces):
    with pytest.raises(QualityDataError, match="draws"):
        desirability(surfaces, read_goals(NAMES, **LISTS), draws=10)
