"""Mixtures: Cornell's yarn, McLean & Anderson's flares, vertices by brute force, R's lm."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.doe.mixture import mixture_design
from qtools.doe.mixture_fit import mixture_analysis
from qtools.doe.mixture_points import extreme_vertices

NAMES = ["聚乙烯", "聚苯乙烯", "聚丙烯"]
YARN = pd.DataFrame(qt.load("yarn"))


def analyse(df=YARN, **options):
    return mixture_analysis(df, components=NAMES, response="伸长", **options)


@pytest.mark.parametrize("q", range(2, 7))
@pytest.mark.parametrize("m", range(1, 5))
def test_lattices_have_every_blend_once(q, m):
    points = np.round(mixture_design(q, kind="lattice", degree=m).points * m, 9)
    assert len(np.unique(points, axis=0)) == len(points) == comb(q + m - 1, m)
    assert (points == np.rint(points)).all()
    assert np.allclose(points.sum(axis=1), m)


@pytest.mark.parametrize("q", range(2, 7))
def test_centroids_of_every_subset(q):
    points = mixture_design(q, kind="centroid").points
    wanted = [
        [1 / size if i in chosen else 0 for i in range(q)]
        for size in range(1, q + 1)
        for chosen in combinations(range(q), size)
    ]
    assert np.allclose(np.unique(points.round(9), axis=0), np.unique(np.round(wanted, 9), axis=0))


# McLean & Anderson (1966): magnesium .40-.60, sodium nitrate .10-.50, strontium nitrate .10-.50,
# binder .03-.08; the eight vertices of the flare experiment
FLARES = [
    (0.40, 0.10, 0.47, 0.03), (0.40, 0.10, 0.42, 0.08), (0.60, 0.10, 0.27, 0.03),
    (0.60, 0.10, 0.22, 0.08), (0.40, 0.47, 0.10, 0.03), (0.40, 0.42, 0.10, 0.08),
    (0.60, 0.27, 0.10, 0.03), (0.60, 0.22, 0.10, 0.08),
]  # fmt: skip


def test_flares_of_mclean_and_anderson():
    found = extreme_vertices([0.4, 0.1, 0.1, 0.03], [0.6, 0.5, 0.5, 0.08])
    assert {tuple(row) for row in found.round(6).tolist()} == set(FLARES)
    design = mixture_design(
        4, kind="extreme", degree=1, lower=[0.4, 0.1, 0.1, 0.03], upper=[0.6, 0.5, 0.5, 0.08]
    )
    # their overall centroid, run 15
    assert design.points[-1] == pytest.approx([0.5, 0.2225, 0.2225, 0.055])


def vertices_by_equations(low, high):
    """Every q − 1 of the 2q bounds as equations beside Σx = 1; what is feasible is a vertex."""
    q = len(low)
    rows = [(np.eye(q)[i], low[i]) for i in range(q)] + [(np.eye(q)[i], high[i]) for i in range(q)]
    out = set()
    for chosen in combinations(rows, q - 1):
        a = np.vstack([np.ones(q), *[row for row, _ in chosen]])
        b = np.array([1.0, *[value for _, value in chosen]])
        if abs(np.linalg.det(a)) > 1e-9:
            x = np.linalg.solve(a, b)
            if (x >= low - 1e-9).all() and (x <= high + 1e-9).all():
                out.add(tuple(np.round(x, 8) + 0.0))
    return out


@pytest.mark.parametrize("seed", range(12))
def test_vertices_are_those_of_the_polytope(seed):
    rng = np.random.default_rng(seed)
    q = int(rng.integers(3, 6))
    centre = rng.dirichlet(np.ones(q))
    low = np.maximum(centre - rng.random(q) * 0.2, 0).round(3)
    high = np.minimum(centre + rng.random(q) * 0.2, 1).round(3)
    found = {tuple(row) for row in (extreme_vertices(low, high).round(8) + 0.0).tolist()}
    assert found == vertices_by_equations(low, high)


def test_edges_join_vertices_within_the_bounds():
    design = mixture_design(3, kind="extreme", lower=[0.2, 0.1, 0.1], upper=[0.6, 0.6, 0.5])
    assert design.kinds.count("顶点") == design.kinds.count("棱中点")  # a polygon
    low, high = np.array(design.lower), np.array(design.upper)
    assert ((design.points >= low - 1e-9) & (design.points <= high + 1e-9)).all()
    assert np.allclose(design.points.sum(axis=1), 1)
    assert design.estimable == ("linear", "quadratic", "special-cubic")


def test_pseudo_components_keep_the_lower_bounds():
    design = mixture_design(["甲", "乙", "丙"], lower={"甲": 20, "乙": 10}, total=100)
    runs = design.runs
    assert runs["甲"].min() == 20
    assert runs["乙"].min() == 10
    assert runs["丙"].max() == 70
    assert np.allclose(runs[["甲", "乙", "丙"]].sum(axis=1), 100)
    sheet = qt.doe.run_sheet(design, ["强度"])
    assert qt.doe.verify_sheet(sheet) == ()


def test_yarn_as_r_has_it():
    """R 4.2: lm(y ~ 0 + (a+b+c)^2 - …), summary: coefficients and standard errors."""
    found = analyse()
    expected = [11.7, 9.4, 16.4, 19.0, 11.4, -9.6]
    assert found.fit.beta == pytest.approx(expected, abs=1e-9)
    errors = [one.se for one in found.coefficients]
    assert errors == pytest.approx([0.6036923] * 3 + [2.6082494] * 3, abs=1e-6)
    # R² about the mean: lm's own, for want of an intercept, is about 0 (0.9976)
    assert found.fit.pct_r2 == pytest.approx(100 * (1 - 6.56 / 134.856), abs=1e-9)


def test_yarn_sums_of_squares_as_published():
    """Cornell's example as CAST (Genstat) prints it: 57.629, 70.667, 6.560, 134.856."""
    anova = analyse().anova()
    assert anova["平方和 SS"].round(3).tolist() == [57.629, 70.667, 6.56, 134.856]
    assert anova["F"].round(2).tolist()[:2] == [39.53, 32.32]


def test_a_large_offset_costs_no_digits():
    shifted = YARN.assign(伸长=YARN["伸长"] + 1e8)
    found = analyse(shifted)
    assert found.fit.beta[3:] == pytest.approx([19.0, 11.4, -9.6], abs=1e-5)
    assert found.fit.sse == pytest.approx(6.56, rel=1e-6)


def test_percent_and_shares_are_the_same():
    percent = YARN.assign(**{name: 100 * YARN[name] for name in NAMES})
    assert analyse(percent).fit.beta == pytest.approx(analyse().fit.beta)
    assert analyse(percent).predict([[50, 50, 0]])[0].value == pytest.approx(15.3)


def test_the_best_blend_lies_where_calculus_puts_it():
    """Along polyethylene-polypropylene: 11.7x + 16.4(1 − x) + 11.4x(1 − x)."""
    blend, value = analyse().best()
    x = (11.7 - 16.4 + 11.4) / (2 * 11.4)
    assert blend == pytest.approx((x, 0, 1 - x), abs=1e-5)
    assert value == pytest.approx(11.7 * x + 16.4 * (1 - x) + 11.4 * x * (1 - x), abs=1e-9)


@pytest.mark.parametrize("q", [4, 5, 6])
@pytest.mark.parametrize("unit", [1e-6, 1.0])
def test_the_best_of_many_components_lies_where_calculus_puts_it(q, unit):
    """−Σ(xᵢ − cᵢ)² is a Scheffé quadratic on the simplex; its highest point is c."""
    centre = np.arange(1.0, q + 1) / (q * (q + 1) / 2)
    points = mixture_design(q, kind="lattice", degree=3).points
    names = [f"成分{i}" for i in range(q)]
    frame = pd.DataFrame(points, columns=names)
    frame["y"] = unit * (7 - ((points - centre) ** 2).sum(axis=1))
    found = mixture_analysis(frame, components=names, response="y")
    blend, value = found.best()
    assert blend == pytest.approx(tuple(centre), abs=1e-4)
    assert value == pytest.approx(7 * unit, abs=1e-7 * unit)
    assert sum(blend) == pytest.approx(1, abs=1e-9)
    # least: convex distance is greatest at a vertex, that of the rarest component
    corner, low = found.best(maximize=False)
    assert corner == pytest.approx((1.0, *[0.0] * (q - 1)), abs=1e-6)
    assert low == pytest.approx(frame["y"].min(), abs=1e-9 * unit)


def test_prediction_at_a_design_point():
    found = analyse().predict([[1, 0, 0]])[0]
    assert (found.value, found.se) == pytest.approx((11.7, 0.6036923))


def test_cubic_needs_more_points():
    with pytest.raises(qt.QualityDataError, match="估计不了"):
        analyse(model="special-cubic")


def test_saturated_model_has_no_intervals():
    means = YARN.groupby(NAMES, as_index=False)["伸长"].mean()
    found = analyse(means)
    assert found.checks[-1].code == "mixture.saturated"
    assert found.coefficients[0] is None
    assert len(found.table()) == 6
    with pytest.raises(qt.QualityDataError, match="自由度"):
        found.predict([[1, 0, 0]])


def test_shown():
    found = analyse()
    assert found.verdict.level == "good"
    assert {"b1_2", "b1_2_low", "pct_r2"} <= set(found.metrics())
    assert len(found.figure().layout.meta["alt"]) > 30
    four = mixture_design(4, kind="centroid")
    assert len(four.figure().layout.meta["alt"]) > 20
    assert "单纯形重心" in four._repr_mimebundle_()["text/html"]
    assert four.checks[0].code == "mixture.no-replicates"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda df: df.assign(聚丙烯=df["聚丙烯"].where(df.index != 2, 0.3)), "第 3 行"),
        (lambda df: df.assign(聚乙烯=df["聚乙烯"].where(df.index != 0, "多")), "聚乙烯"),
        (lambda df: df.assign(伸长=12.0), "全都相同"),
        (lambda df: df.drop(columns="聚丙烯"), "聚丙烯"),
        (lambda df: df[df["聚丙烯"] == 0], "聚丙烯"),
    ],
)
def test_bad_tables_are_refused(change, words):
    with pytest.raises(qt.QualityDataError, match=words):
        analyse(change(YARN.copy()))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mixture_design(1), "成分个数"),
        (lambda: mixture_design(3, kind="box"), "不认识"),
        (lambda: mixture_design(3, lower=[0.5, 0.4, 0.2]), "余地"),
        (lambda: mixture_design(3, upper=[0.3, 0.3, 0.3], kind="extreme"), "余地"),
        (lambda: mixture_design(3, upper=[0.3, 1, 1]), "extreme"),
        (lambda: mixture_design(3, kind="extreme", lower=[20, 0, 0]), "total=100"),
        (lambda: mixture_design(3, kind="extreme", lower=[0.1, 0.2]), "3 个数"),
        (lambda: mixture_design(["甲", "乙"], lower={"丙": 0.1}), "丙"),
        (
            lambda: mixture_design(3, kind="extreme", lower=[0.5, 0, 0], upper=[0.3, 1, 1]),
            "高于上限",
        ),
        (lambda: analyse(model="cubic"), "special-cubic"),
    ],
)
def test_bad_options_are_refused(call, words):
    with pytest.raises(qt.QualityDataError, match=words):
        call()
