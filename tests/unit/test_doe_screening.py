"""Screening designs: every size, every number of factors."""

from itertools import combinations

import numpy as np
import pytest

import qtools as qt
from qtools.doe.screening import PB_RUNS, _pb_points

# first rows as printed by Plackett & Burman (1946), Biometrika 33, p. 323-324, cyclic tables
PRINTED = {
    12: "++-+++---+-",
    20: "++--++++-+-+----++-",
    24: "+++++-+-++--++--+-+----",
    36: "-+-+++---+++++-+++--+----+-+-++--+-",
    48: "+++++-++++--+-+-+++--+--++-++---+-+-++----+----",
    44: "++--+-+--+++-+++++---+-+++-----+---++-+-++-",
}


@pytest.mark.parametrize("n", PB_RUNS)
def test_all_columns_are_orthogonal_and_balanced(n):
    points = _pb_points(n)
    assert points.shape == (n, n - 1)
    assert set(np.unique(points)) == {-1.0, 1.0}
    assert np.array_equal(points.T @ points, n * np.eye(n - 1))
    assert np.array_equal(points.sum(axis=0), np.zeros(n - 1))


@pytest.mark.parametrize("k", range(2, 48))
def test_every_number_of_factors_gets_the_smallest_size(k):
    design = qt.doe.plackett_burman([f"因子{i}" for i in range(k)])
    assert design.n_runs == min(n for n in PB_RUNS if n > k)
    assert np.array_equal(design.points.T @ design.points, design.n_runs * np.eye(k))
    assert sorted(design.order.tolist()) == list(range(design.n_runs))


@pytest.mark.parametrize("n", PRINTED)
def test_cyclic_tables_are_the_printed_ones_up_to_order(n):
    """Same profile of |sums of products of three columns|, which no relabelling changes."""
    sign = np.array([1.0 if c == "+" else -1.0 for c in PRINTED[n]])
    printed = np.vstack([[np.roll(sign, i) for i in range(n - 1)], -np.ones(n - 1)])
    assert np.array_equal(printed.T @ printed, n * np.eye(n - 1))

    def profile(points):
        one = points[:, 0]
        rest = (points[:, 1:] * one[:, None]).T @ points[:, 1:]
        at = np.triu_indices(n - 2, 1)
        return np.unique(np.abs(rest[at]), return_counts=True)

    for ours, theirs in zip(profile(_pb_points(n)), profile(printed), strict=True):
        assert np.array_equal(ours, theirs)


def test_twelve_runs_alias_each_main_effect_by_one_third():
    """Plackett–Burman 12: every interaction without the factor falls on it with ±1/3."""
    matrix = qt.doe.plackett_burman(11).alias_matrix()
    for name, row in matrix.iterrows():
        for other, value in row.items():
            assert abs(value) == pytest.approx(0 if name in other.split("×") else 1 / 3)


def test_regular_sizes_show_complete_aliases():
    design = qt.doe.plackett_burman(7)
    assert design.resolution == 3
    assert design.word_length_pattern[0] == 7  # 2^(7−4): seven words of length 3
    points = design.points
    for mask, sign in design.words:
        columns = [points[:, i] for i in range(7) if mask >> i & 1]
        assert np.array_equal(np.prod(columns, axis=0), np.full(8, float(sign)))


def test_centre_runs_and_settings():
    design = qt.doe.plackett_burman({"温度": (160, 180), "压力": (1, 3)}, runs=12, center=3)
    assert design.n_runs == 15
    assert (design.runs.loc[design.runs["点型"] == "中心点", "压力"] == 2).all()


def test_seed_changes_the_order_only():
    one, two = qt.doe.plackett_burman(9, seed=1), qt.doe.plackett_burman(9, seed=2)
    assert np.array_equal(one.points, two.points)
    assert not np.array_equal(one.order, two.order)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: qt.doe.plackett_burman(7, runs=14), "14"),
        (lambda: qt.doe.plackett_burman(12, runs=12), "最多放 11 个因子"),
        (lambda: qt.doe.plackett_burman([f"x{i}" for i in range(48)]), "48 个因子"),
        (lambda: qt.doe.plackett_burman({"温度": (1, 2, 3)}), "温度"),
        (lambda: qt.doe.definitive_screening(2), "3 到 20"),
        (lambda: qt.doe.definitive_screening([f"x{i}" for i in range(21)]), "3 到 20"),
        (lambda: qt.doe.definitive_screening({"a": (1, 2), "b": (1, 2), "料": ("甲", "乙")}), "料"),
        (lambda: qt.doe.definitive_screening(4, center=0), "center"),
        (lambda: qt.doe.definitive_screening(4, fake=-1), "fake"),
    ],
)
def test_refusals_name_the_cause(call, words):
    with pytest.raises(qt.QualityDataError, match=words):
        call()


SIZES = [(k, fake) for fake in (0, 1, 2) for k in range(3, 21) if k + fake <= 20]


@pytest.mark.parametrize(("k", "fake"), SIZES)
def test_definitive_screening_keeps_its_promises(k, fake):
    design = qt.doe.definitive_screening([f"x{i}" for i in range(k)], fake=fake)
    m = k + fake + (k + fake) % 2
    points = design.points
    assert design.n_runs == 2 * m + 1
    assert set(np.unique(points)) == {-1.0, 0.0, 1.0}
    rows = {tuple(row) for row in points.tolist()}
    assert all(tuple(-value + 0.0 for value in row) in rows for row in rows)  # fold-over
    gram = points.T @ points
    assert np.array_equal(gram, 2 * (m - 1) * np.eye(k))
    second = [points[:, a] * points[:, b] for a, b in combinations(range(k), 2)]
    second += [points[:, a] ** 2 for a in range(k)]
    assert np.abs(points.T @ np.array(second).T).max() == 0


def test_definitive_screening_sees_a_square():
    design = qt.doe.definitive_screening(6)
    assert design.efficiency(["A", "B", "C", "D", "E", "F", "A²"])["d_efficiency"] > 0
