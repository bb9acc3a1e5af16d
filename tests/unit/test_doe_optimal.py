"""D-optimal designs: known maximal determinants, published optima, brute force."""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import numpy as np
import pandas as pd
import pytest

import qtools as qt
from qtools.doe.exchange import _gain, _inverse, _replaced, exchange_coordinates
from qtools.doe.optimal import d_optimal


def determinant(design, model=None):
    x = design.matrix(model).x
    return float(np.linalg.det(x.T @ x))


# Largest determinants of n × n matrices of ±1 (Hadamard's problem; OEIS A003433): a saturated
# design of main effects in n runs cannot have |X′X| above their square.
MAXIMAL = {
    3: 4, 4: 16, 5: 48, 6: 160, 7: 576, 8: 4096, 9: 14336, 10: 73728, 11: 327680, 12: 2985984,
}  # fmt: skip


@pytest.mark.parametrize("n", MAXIMAL)
def test_saturated_designs_reach_the_maximal_determinant(n):
    assert determinant(d_optimal(n - 1, n)) == pytest.approx(float(MAXIMAL[n]) ** 2, rel=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "model"),
    [(2, 4, "main"), (3, 8, "full"), (4, 16, "interactions"), (7, 8, "main"), (11, 12, "main"),
     (6, 24, "main")],
)  # fmt: skip
def test_orthogonal_designs_are_found_where_they_exist(k, n, model):
    """Hadamard's bound |X′X| = n^p is reached."""
    assert d_optimal(k, n, model=model).efficiency()["d_efficiency"] == pytest.approx(100.0)


def test_quadratic_in_two_factors_is_the_factorial():
    design = d_optimal(2, 9, model="quadratic")
    assert sorted(map(tuple, design.points)) == sorted(product((-1.0, 0.0, 1.0), repeat=2))
    # |X′X| of the 3² factorial, term by term: 1, x₁², x₂² share a block of the information
    block = np.array([[9, 6, 6], [6, 6, 4], [6, 4, 6]])
    assert determinant(design) == pytest.approx(np.linalg.det(block) * 6 * 6 * 4)


@pytest.mark.parametrize(
    ("factors", "runs", "model"),
    [
        (2, 6, "quadratic"),
        (2, 7, "quadratic"),
        (3, 5, "main"),
        ({"温度": (1, 2), "材料": ("甲", "乙", "丙")}, 5, "main"),
        ({"温度": (1, 2), "材料": ("甲", "乙", "丙")}, 8, "interactions"),
        ({"温度": (1, 2, 5), "时间": (1, 2)}, 6, "interactions"),
    ],
)
def test_small_designs_are_the_best_of_all(factors, runs, model):
    design = d_optimal(factors, runs, model=model)
    squares = model == "quadratic"
    grid = np.array(
        list(
            product(
                *[
                    (-1.0, 0.0, 1.0) if squares and len(f.levels) == 2 else f.positions.tolist()
                    for f in design.factors
                ]
            )
        )
    )
    rows = design.matrix().at(grid).x
    best = max(
        np.linalg.det(rows[list(one)].T @ rows[list(one)])
        for one in combinations_with_replacement(range(len(grid)), runs)
    )
    assert determinant(design) == pytest.approx(best, rel=1e-9)


def test_constrained_region_by_brute_force():
    """温度 + 2·时间 ≤ 210 cuts a corner; candidates are listed, so that all sets can be tried."""
    grid = [(t, m) for t in (160, 170, 180) for m in (10, 15, 20) if t + 2 * m <= 205]
    table = pd.DataFrame(grid, columns=["温度", "时间"])
    factors = {"温度": (160, 180), "时间": (10, 20)}
    design = d_optimal(factors, 5, model="interactions", candidates=table)
    coded = np.array([[(t - 170) / 10, (m - 15) / 5] for t, m in grid])
    rows = design.matrix().at(coded).x
    best = max(
        np.linalg.det(rows[list(one)].T @ rows[list(one)])
        for one in combinations_with_replacement(range(len(grid)), 5)
    )
    assert determinant(design) == pytest.approx(best, rel=1e-9)


def test_every_run_keeps_the_constraint():
    factors = {"温度": (160, 180), "时间": (10, 20), "材料": ("甲", "乙")}
    design = d_optimal(
        factors, 12, model="interactions", constraint=lambda t: t["温度"] + 2 * t["时间"] <= 210
    )
    runs = design.runs
    assert (runs["温度"] + 2 * runs["时间"] <= 210 + 1e-9).all()
    assert set(runs["材料"]) == {"甲", "乙"}
    assert design.efficiency()["d_efficiency"] > 60


def test_gain_and_update_are_those_of_the_determinant():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 9, 4))
    new = rng.normal(size=(3, 4))
    inverse = _inverse(x)
    gain = _gain(inverse, x[:, 0], new[:, None, :])[:, 0]
    other = x.copy()
    other[:, 0] = new
    ratio = [np.linalg.det(b.T @ b) / np.linalg.det(a.T @ a) for a, b in zip(x, other, strict=True)]
    assert gain == pytest.approx(ratio, rel=1e-4)
    updated = _replaced(inverse, x[:, 0], new)
    for one, b in zip(updated, other, strict=True):
        assert one == pytest.approx(np.linalg.inv(b.T @ b), rel=1e-3, abs=1e-4)


def test_exchange_never_makes_a_design_worse():
    rng = np.random.default_rng(2)
    start = rng.choice([-1.0, 1.0], (20, 10, 4))

    def expand(points):
        return np.column_stack([np.ones(len(points)), points])

    ends = exchange_coordinates(start, [np.array([-1.0, 1.0])] * 4, expand)
    for before, after in zip(start, ends, strict=True):
        old, new = expand(before), expand(after)
        assert np.linalg.det(new.T @ new) >= np.linalg.det(old.T @ old) - 1e-6


def test_the_seed_decides():
    one, two = d_optimal(5, 11, seed=3), d_optimal(5, 11, seed=3)
    assert (one.points == two.points).all()
    assert (one.order == two.order).all()


def test_three_levels_as_named():
    design = d_optimal({"温度": (160, 165, 180)}, 6, model=["温度", "温度²"])
    assert set(design.runs["温度"]) == {160, 165, 180}
    assert design.model == ("温度", "温度²")


FACTORS = {"温度": (160, 180), "材料": ("甲", "乙")}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: d_optimal(6, 6), "7 个系数"),
        (lambda: d_optimal(3, 8, restarts=0), "restarts"),
        (lambda: d_optimal(3, 8, model=["A", "X"]), "X"),
        (lambda: d_optimal(FACTORS, 6, constraint=lambda t: t["温度"] > 999), "没有一个候选点"),
        (lambda: d_optimal(FACTORS, 6, constraint=lambda t: t["压力"] > 1), "约束条件"),
        (lambda: d_optimal(FACTORS, 6, constraint=lambda t: t["温度"] <= 160), "分不开"),
        (lambda: d_optimal(FACTORS, 6, constraint=lambda _: True), "每一行"),
        (
            lambda: d_optimal(
                FACTORS, 4, candidates=pd.DataFrame({"温度": [160, 180], "材料": ["甲", "丁"]})
            ),
            "丁",
        ),
        (lambda: d_optimal(FACTORS, 4, candidates=pd.DataFrame({"温度": [160, 180]})), "材料"),
        (lambda: d_optimal(14, 30, constraint=lambda t: t["A"] < 2), "太多"),
    ],
)
def test_bad_input_is_refused_in_chinese(call, words):
    with pytest.raises(qt.QualityDataError, match=words):
        call()
