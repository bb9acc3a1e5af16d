"""Sums of squares, expected mean squares and what follows, against explicit projections."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtools as qt
from qtools.errors import QualityDataError
from qtools.variance import dust, flat, nested_anova
from qtools.variance.crossed import crossed_anova, crossed_cube, crossed_sources, pool

RNG = np.random.default_rng


def furnace():
    df = qt.load("furnace")
    return (
        df["膜厚"].to_numpy(float),
        df["炉次"].to_numpy().astype(np.intp) - 1,
        df["炉区"].to_numpy().astype(np.intp) - 1,
    )


def projection(columns):
    """Orthogonal projection on the columns, by the pseudo-inverse."""
    return columns @ np.linalg.pinv(columns)


def indicators(labels):
    return (np.asarray(labels)[:, None] == np.unique(labels)[None, :]).astype(float)


def ladder(designs, n):
    """Projections of successive model spaces and their differences (type I strata)."""
    spaces = [projection(np.ones((n, 1)))]
    seen = np.ones((n, 1))
    for design in designs:
        seen = np.hstack([seen, design])
        spaces.append(projection(seen))
    spaces.append(np.eye(n))
    return [upper - lower for lower, upper in pairwise(spaces)]


def random_nested(rng, depth):
    """Labels of an unbalanced nested table with at least two units in each level."""
    rows = [()]
    for _ in range(depth):
        rows = [(*row, i) for row in rows for i in range(rng.integers(2, 4))]
    rows = [row for row in rows for _ in range(rng.integers(1, 4))]
    rows.append(rows[0])
    table = np.array(rows)
    return [table[:, k].astype(np.intp) for k in range(depth)]


def path_labels(levels, depth):
    return [" ".join(map(str, row)) for row in np.column_stack(levels[: depth + 1])]


def test_furnace_nested_matches_nist():
    # NIST/SEMATECH e-Handbook 3.5.1.4: MS 3072.11, 571.659, 120.893; F 5.374, 4.729
    y, run, zone = furnace()
    anova = nested_anova(y, [run, zone])
    assert anova.df == (20, 63, 84)
    assert anova.ms == pytest.approx((3072.11, 571.659, 120.893), abs=0.005)
    assert anova.f == pytest.approx((5.374, 4.729), abs=0.0005)
    assert anova.components == pytest.approx((312.557, 225.383, 120.893), abs=0.0005)
    assert anova.total_variance**0.5 == pytest.approx(25.668, abs=0.0005)
    assert anova.total_df == pytest.approx(53.3, abs=0.05)
    assert anova.mean_variance == pytest.approx(anova.ms[0] / 168, rel=1e-12)
    assert anova.mean == pytest.approx(563.0357, abs=0.00005)
    assert anova.balanced


def test_furnace_crossed():
    # zones recur in every run: Zone F .52 (p .67), Run x Zone F 4.84 (issue, from lme4/aov)
    y, run, zone = furnace()
    anova = crossed_anova(crossed_cube(y, [run, zone]))
    assert anova.df == (20, 3, 60, 84)
    assert anova.f[1] == pytest.approx(0.52, abs=0.005)
    assert anova.p[1] == pytest.approx(0.67, abs=0.005)
    assert anova.f[2] == pytest.approx(4.84, abs=0.005)
    assert anova.f_df == pytest.approx((60, 60, 84))


@pytest.mark.parametrize("seed", range(40))
def test_nested_against_projections(seed):
    rng = RNG(seed)
    depth = int(rng.integers(1, 4))
    levels = random_nested(rng, depth)
    n = len(levels[0])
    y = rng.normal(size=n) + 3 * rng.normal(size=9)[levels[0]]
    units = [indicators(path_labels(levels, k)) for k in range(depth)]
    strata = ladder(units, n)
    anova = nested_anova(y, levels)
    assert anova.df == tuple(round(np.trace(q)) for q in strata)
    assert anova.ss == pytest.approx([y @ q @ y for q in strata], rel=1e-9, abs=1e-9)
    # E(SS) of a stratum Q holds component Z with tr(Z'QZ)
    effects = [*units, np.eye(n)]
    expected = [[np.trace(z.T @ q @ z) for z in effects] for q in strata]
    expected = np.array(expected) / np.array(anova.df)[:, None]
    assert np.array(anova.ems) == pytest.approx(expected, abs=1e-9)
    assert np.array(anova.components) == pytest.approx(
        np.linalg.solve(expected, anova.ms), rel=1e-9, abs=1e-9
    )
    one = np.full(n, 1 / n)
    weights = [one @ z @ z.T @ one for z in effects]
    assert anova.mean_weights == pytest.approx(weights, rel=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_crossed_against_projections(seed):
    rng = RNG(100 + seed)
    factors = 3 if seed % 4 == 0 else 2
    shape = tuple(rng.integers(2, 4 if factors == 3 else 6, size=factors))
    replicates = int(rng.integers(1, 4))
    grid = np.indices((*shape, replicates)).reshape(factors + 1, -1)[:factors]
    order = rng.permutation(grid.shape[1])
    codes = [axis[order] for axis in grid]
    n = len(order)
    y = rng.normal(size=n) + 5 * rng.normal(size=9)[codes[0]]
    sources = crossed_sources(factors, replicates > 1)
    effects = [
        indicators([" ".join(map(str, row)) for row in np.column_stack([codes[i] for i in source])])
        for source in sources
    ]
    strata = ladder(effects, n)
    anova = crossed_anova(crossed_cube(y, codes))
    assert anova.df == tuple(round(np.trace(q)) for q in strata)
    assert anova.ss == pytest.approx([y @ q @ y for q in strata], rel=1e-9, abs=1e-9)
    all_effects = [*effects, np.eye(n)]
    expected = [[np.trace(z.T @ q @ z) for z in all_effects] for q in strata]
    expected = np.array(expected) / np.array(anova.df)[:, None]
    assert np.array(anova.ems) == pytest.approx(expected, abs=1e-9)
    one = np.full(n, 1 / n)
    assert anova.mean_weights == pytest.approx([one @ z @ z.T @ one for z in all_effects])


def test_synthesised_denominator_of_three_factors():
    # main effect A of three random factors: MS_AB + MS_AC - MS_ABC (Satterthwaite)
    cube = RNG(5).normal(size=(3, 4, 2, 2)) + 4 * RNG(6).normal(size=(3, 4, 1, 1))
    anova = crossed_anova(cube)
    a, _, _, ab, ac, _, abc, _ = anova.ms
    below = ab + ac - abc
    assert anova.f[0] == pytest.approx(a / below, rel=1e-12)
    df_ab, df_ac, df_abc = 6, 2, 6
    effective = below**2 / (ab**2 / df_ab + ac**2 / df_ac + abc**2 / df_abc)
    assert anova.f_df[0] == pytest.approx(effective, rel=1e-12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_nested_invariances(seed, shift, scale):
    rng = RNG(seed)
    levels = random_nested(rng, 2)
    y = rng.normal(size=len(levels[0])) + rng.normal(size=9)[levels[0]]
    base = nested_anova(y, levels)
    order = rng.permutation(len(y))
    moved = nested_anova(shift + scale * y[order], [7 - level[order] for level in levels])
    assert np.array(moved.ss) / scale**2 == pytest.approx(base.ss, rel=1e-7, abs=1e-9)
    assert moved.f == pytest.approx(base.f, rel=1e-6, abs=1e-9, nan_ok=True)
    assert moved.total_df == pytest.approx(base.total_df, rel=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_large_offset_and_tiny_noise(offset):
    # parts 1 … 1000 beside a noise of 0.002; integers carry the exact answer in units of 0.001
    rng = RNG(1)
    part = np.repeat(np.arange(20), 6)
    noise = rng.integers(-3, 4, size=120)
    big = 1_000_000 * (part * 50 // 19 + 1)
    exact = 0
    for k in range(20):
        own = [int(v) for v in noise[part == k]]
        exact += 6 * sum(v * v for v in own) - sum(own) ** 2  # 6·SS, in integers
    y = offset + (big + noise) / 1000.0
    anova = nested_anova(y, [part])
    # with the offset, a double near 1e7 is spaced 1.9e-9: noise of 0.002 keeps six digits
    assert anova.ss[1] == pytest.approx(exact / 6 / 1e6, rel=1e-9 if offset == 0 else 3e-6)
    cube = crossed_cube(y, [part, np.tile(np.arange(6), 20)])
    assert crossed_anova(cube).n == 120
    two = crossed_anova(crossed_cube(y, [part]))
    assert two.ss[1] == pytest.approx(exact / 6 / 1e6, rel=1e-9 if offset == 0 else 3e-6)


def strd(name):
    """A NIST StRD analysis of variance as scipy ships it: labels, values, certified SS and F."""
    import scipy

    folder = Path(scipy.__file__).parent / "stats/tests/data/nist_anova"
    lines = (folder / f"{name}.dat").read_text().splitlines()
    between = next(line.split() for line in lines if line.startswith("Between"))
    within = next(line.split() for line in lines if line.startswith("Within"))
    rows = np.array([line.split() for line in lines[60:] if len(line.split()) == 2], dtype=float)
    certified = (float(between[-3]), float(within[-2]), float(between[-1]))
    return rows[:, 0].astype(np.intp) - 1, rows[:, 1], certified


# Digits that agree are bounded by the data as doubles: offsets of 1e6 and 1e12 beside steps of
# 0.1 leave about 10 and 4 of them.
@pytest.mark.parametrize(
    ("name", "digits"),
    [
        *(("SiRstv", 12), ("AtmWtAg", 8)),
        *(("SmLs01", 12), ("SmLs02", 12), ("SmLs03", 12)),
        *(("SmLs04", 8), ("SmLs05", 8), ("SmLs06", 8)),
        *(("SmLs07", 2), ("SmLs08", 2), ("SmLs09", 2)),
    ],
)
def test_nist_strd(name, digits):
    labels, values, certified = strd(name)
    anova = nested_anova(values, [labels])
    for found, truth in zip((*anova.ss, anova.f[0]), certified, strict=True):
        assert -np.log10(max(abs(found / truth - 1), 1e-16)) > digits


def test_offset_of_a_trillion():
    # as NIST StRD's SmLs09 does, but with steps of 1/8, which a double holds exactly
    values = 1e12 + np.array([0.125, 0.25, 0.375, 0.25, 0.375, 0.5])
    anova = nested_anova(values, [np.array([0, 0, 0, 1, 1, 1])])
    assert anova.ss == pytest.approx((6 * 0.0625**2, 4 * 0.125**2), rel=1e-12)


def test_pool_adds_sums_of_squares():
    cube = RNG(3).normal(size=(5, 3, 2))
    full = crossed_anova(cube)
    pooled = pool(full, 2)
    assert pooled.ss[-1] == pytest.approx(full.ss[2] + full.ss[3], rel=1e-14)
    assert pooled.df == (4, 2, 8 + 15)
    assert pooled.ems == ((6.0, 0.0, 1.0), (0.0, 10.0, 1.0), (0.0, 0.0, 1.0))


def test_negative_component_stays_negative_and_leaves_the_total():
    y = np.array([1.0, 9.0, 2.0, 8.0, 1.0, 9.0])
    anova = nested_anova(y, [np.array([0, 0, 1, 1, 2, 2])])
    assert anova.components[0] < 0
    assert anova.total_variance == anova.ms[1]
    assert anova.total_df == pytest.approx(3)
    assert anova.mean_variance == pytest.approx(anova.ms[0] / 6, abs=1e-12)


def test_unbalanced_mean_variance_is_never_negative():
    y = np.array([1.0, 9.0, 2.0, 8.0, 5.0])
    anova = nested_anova(y, [np.array([0, 0, 1, 1, 1])])
    assert anova.components[0] < 0
    assert anova.mean_variance == pytest.approx(anova.ms[1] / 5)


def test_f_without_residual():
    levels = [np.array([0, 0, 1, 1])]
    untested = nested_anova(np.array([1.1, 1.1, 2.3, 2.3]), levels)
    assert untested.ss == (pytest.approx(1.44), 0.0)
    assert np.isnan([*untested.f, *untested.p]).all()
    constant = nested_anova(np.full(4, 1e7 + 0.1), levels)
    assert constant.ss == (0.0, 0.0)
    assert np.isnan(constant.f[0])
    assert np.isnan(constant.total_df)


@pytest.mark.parametrize("offset", [0.0, 0.1, 1e7 + 0.1, -1e12])
def test_dust_is_between_rounding_and_the_smallest_step(offset):
    tenths = offset + np.repeat([0.1, 0.2, 0.3, 0.7], 3)
    mean = tenths.reshape(4, 3).sum(axis=1).repeat(3) / 3  # what rounding leaves of equal repeats
    assert float(np.sum((tenths - mean) ** 2)) <= dust(tenths)
    step = 0.001 if abs(offset) < 1e9 else 0.1
    assert step**2 > dust(np.append(tenths, tenths[-1] + step))
    assert flat([offset, np.nextafter(offset, np.inf)])
    assert not flat([offset, offset + step])
    cube = offset + np.broadcast_to(np.array([0.1, 0.2, 0.7])[:, None, None], (3, 3, 3))
    assert crossed_anova(cube).ss[1:] == (0.0, 0.0, 0.0)


def test_balance():
    run = np.repeat([0, 1], 6)
    even = np.tile([0, 0, 1, 1, 2, 2], 2)
    assert nested_anova(np.arange(12.0), [run, even]).balanced
    # equal counts of readings in each unit of each level, but 2 units here and 3 there
    uneven = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 2, 2])
    assert not nested_anova(np.arange(12.0), [run, uneven]).balanced


@pytest.mark.parametrize(
    ("levels", "names", "message"),
    [
        ([[0, 0, 0, 0]], [], "第 1 层只有 1 个单元"),
        ([[0, 0, 1, 1], [0, 0, 0, 0]], ["炉次", "炉区"], "“炉区”在每个“炉次”里都只有 1 个单元"),
        ([[0, 0, 1, 1], [0, 1, 0, 1]], ["炉次", "炉区"], "“炉区”的每个单元都只测了 1 次"),
    ],
)
def test_nested_refuses(levels, names, message):
    with pytest.raises(QualityDataError, match=message):
        nested_anova(np.arange(4.0), [np.array(level) for level in levels], names)


def test_crossed_refuses_and_unbalanced_is_none():
    with pytest.raises(QualityDataError, match="第 2 个因子只有 1 个水平"):
        crossed_anova(np.zeros((3, 1, 2)))
    with pytest.raises(QualityDataError, match="“炉区”只有 1 个水平"):
        crossed_anova(np.zeros((3, 1, 2)), ["炉次", "炉区"])
    assert crossed_cube(np.arange(3.0), [np.array([0, 0, 1]), np.array([0, 1, 0])]) is None
