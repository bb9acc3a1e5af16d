"""Uniform designs: published tables, brute force, and another program's discrepancy."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import qmc

import qtools as qt
from qtools.doe.discrepancy import _descend, _kernel, centered_discrepancy, good_lattice
from qtools.doe.uniform import uniform_design

# CD² of the tables that the makers of uniform designs published at www.cms-ud.com (by Fang and
# Ma), as recorded beside Zhang & Li's UniDOE, and of the better ones that UniDOE found.
PUBLISHED = {  # (n, s): (published, UniDOE)
    (11, 4): (0.0134000852726489, 0.0133534192671132),
    (12, 5): (0.0222836648254484, 0.0221868345174707),
    (13, 4): (0.0100663986698291, 0.0100593334612447),
    (15, 5): (0.0154213848413291, 0.0153700152341146),
    (16, 3): (0.00319404523233269, 0.00317819319079018),
    (17, 3): (0.00284587632325044, 0.00284107297389572),
    (19, 2): (0.000857921517317856, 0.000857113795171675),
}
# UniDOE's own tables of these two sizes
TABLES = {
    (19, 2): [
        (14, 1), (2, 16), (12, 6), (18, 4), (1, 9), (5, 5), (11, 17), (9, 3), (4, 12), (10, 10),
        (7, 7), (17, 18), (3, 2), (6, 19), (13, 13), (19, 11), (8, 14), (15, 15), (16, 8),
    ],
    (11, 4): [
        (4, 11, 10, 8), (2, 5, 3, 10), (1, 9, 6, 5), (5, 3, 1, 6), (6, 7, 4, 1), (3, 2, 8, 2),
        (7, 8, 7, 11), (8, 4, 11, 4), (10, 10, 2, 3), (9, 1, 5, 9), (11, 6, 9, 7),
    ],
}  # fmt: skip


def unit(table, q):
    return (2 * np.asarray(table) - 1) / (2 * q)


@pytest.mark.parametrize("size", TABLES)
def test_discrepancy_of_published_tables(size):
    found = centered_discrepancy(unit(TABLES[size], size[0])) ** 2
    assert found == pytest.approx(PUBLISHED[size][1], rel=1e-11)


@pytest.mark.parametrize("size", PUBLISHED)
def test_designs_are_as_even_as_the_published_tables(size):
    found = uniform_design(size[1], size[0]).discrepancy ** 2
    assert found <= PUBLISHED[size][0] * 1.0005
    assert found >= PUBLISHED[size][1] * 0.99  # and none is better than can be


def test_discrepancy_as_scipy_has_it():
    rng = np.random.default_rng(2)
    for n, s in ((1, 1), (7, 3), (25, 6)):
        points = rng.random((n, s))
        assert centered_discrepancy(points) ** 2 == pytest.approx(
            qmc.discrepancy(points, method="CD"), rel=1e-10
        )


@pytest.mark.parametrize("n", range(4, 31))
def test_every_size_is_a_uniform_type_design_no_worse_than_the_lattice(n):
    design = uniform_design(3, n)
    levels = design.level_table.to_numpy()
    assert (np.sort(levels, axis=0) == np.arange(1, n + 1)[:, None]).all()
    assert design.discrepancy <= design.lattice_discrepancy + 1e-12
    assert design.discrepancy**2 == pytest.approx(
        qmc.discrepancy(unit(levels, n), method="CD"), rel=1e-9
    )


@pytest.mark.parametrize(("n", "s"), [(4, 2), (5, 2), (6, 2), (7, 2), (4, 3), (5, 3)])
def test_small_designs_are_the_best_there_are(n, s):
    """Every U-type table of the size, the first column in order."""
    orders = list(permutations(range(1, n + 1)))
    least = min(
        qmc.discrepancy(unit(np.column_stack([np.arange(1, n + 1), *rest]), n), method="CD")
        for rest in product(orders, repeat=s - 1)
    )
    assert uniform_design(s, n).discrepancy ** 2 == pytest.approx(least, rel=1e-9)


def test_fewer_levels_than_runs():
    design = uniform_design({"温度": (160, 180), "时间": (10, 20)}, 12, levels=4)
    counts = design.level_table.apply(lambda column: column.value_counts())
    assert (counts == 3).all().all()
    assert sorted(set(design.runs["温度"])) == pytest.approx(
        [160, 166.666666667, 173.333333333, 180]
    )


# Table of use of U7(7^4) (Fang & Wang): columns, and the star discrepancy D of that table
USAGE = [
    (7, False, (1, 3), 0.2398),
    (7, False, (1, 2, 3), 0.3721),
]


def star_discrepancy(x):
    """Largest gap between the share of points in a corner box and its volume, box by box."""
    s = x.shape[1]
    axes = [np.append(np.unique(column), 1.0) for column in x.T]
    worst = 0.0
    for corner in product(*axes):
        edge = np.array(corner)
        volume = edge.prod()
        closed, opened = (x <= edge).all(axis=1).mean(), (x < edge).all(axis=1).mean()
        worst = max(worst, closed - volume, volume - opened)
    assert s == len(axes)
    return worst


@pytest.mark.parametrize(("n", "starred", "columns", "printed"), USAGE)
def test_lattices_are_those_of_the_tables_of_use(n, starred, columns, printed):
    modulus = n + starred
    table = np.arange(1, n + 1)[:, None] * np.array(columns) % modulus
    table = np.where(table == 0, modulus, table)
    assert star_discrepancy(unit(table, n)) == pytest.approx(printed, abs=5.1e-5)


def test_the_lattice_is_the_best_set_of_columns():
    from itertools import combinations

    table, vector, starred = good_lattice(9, 3, 9)
    found = qmc.discrepancy((2 * table + 1) / 18, method="CD")
    rivals = []
    for modulus, prime in ((9, (1, 2, 4, 5, 7, 8)), (10, (1, 3, 7, 9))):
        for columns in combinations(prime, 3):
            rows = np.arange(1, 10)[:, None] * np.array(columns) % modulus
            rivals.append(qmc.discrepancy(unit(np.where(rows == 0, modulus, rows), 9), method="CD"))
    assert found == pytest.approx(min(rivals))
    assert len(vector) == 3
    assert isinstance(starred, bool)


def test_value_after_swaps_is_that_of_the_table():
    start, _, _ = good_lattice(13, 4, 13)
    table, value = _descend(start, *_kernel(13))
    assert value == pytest.approx(qmc.discrepancy((2 * table + 1) / 26, method="CD"), rel=1e-10)


def test_the_table_does_not_depend_on_the_seed_of_the_order():
    one, two = uniform_design(2, 9, seed=1), uniform_design(2, 9, seed=2)
    assert (one.points == two.points).all()
    assert (one.order != two.order).any()


def test_shown_as_a_design():
    design = uniform_design({"温度": (160, 180), "时间": (10, 20), "压力": (1, 2)}, 7)
    assert design.symbol == "U7(7^3)"
    assert design.metrics()["discrepancy_squared"] == pytest.approx(design.discrepancy**2)
    assert design.checks[0].code == "uniform.few-runs"
    assert "U7(7^3)" in design._repr_mimebundle_()["text/html"]
    assert len(design.figure().layout.meta["alt"]) > 30
    sheet = qt.doe.run_sheet(design, ["强度"])
    assert len(sheet) == 7


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: uniform_design(2, 1), "runs"),
        (lambda: uniform_design(13, 20), "因子个数"),
        (lambda: uniform_design(2, 10, levels=4), "平分"),
        (lambda: uniform_design({"材料": ("甲", "乙")}, 5), "文字"),
        (lambda: uniform_design(2, 5, method="lhs"), "glp"),
        (lambda: uniform_design(8, 6, method="glp"), "好格子点"),
        (lambda: centered_discrepancy([[0.2, 1.3]]), "0 到 1"),
    ],
)
def test_bad_input_is_refused_in_chinese(call, words):
    with pytest.raises(qt.QualityDataError, match=words):
        call()
