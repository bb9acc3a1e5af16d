"""Full factorials, fractions, blocks and fold-over, against search, brute force and print."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest

import qtools as qt
from qtools.doe import catalogue
from qtools.doe.design import CENTER

SIZES = sorted(catalogue.FRACTIONS)


def least_pattern(k, runs):
    """Smallest word-length pattern (A3, A4, …) over every choice of generators.

    Generated factors are distinct products of two or more of the q base factors. Renaming base
    factors changes no length, so the shortest product may be taken as the first ones in order.
    """
    q = runs.bit_length() - 1
    p = k - q
    weight = np.array([mask.bit_count() for mask in range(runs)], dtype=np.uint8)
    place = np.zeros(k + 1, dtype=np.uint64)
    place[3:] = [1 << p * (k - length) for length in range(3, k + 1)]
    best = None
    for shortest in range(2, q + 1):
        first = (1 << shortest) - 1
        rest = np.array([m for m in range(1, runs) if weight[m] >= shortest and m != first])
        if len(rest) < p - 1:
            continue
        n = comb(len(rest), p - 1)
        flat = (i for chosen in combinations(range(len(rest)), p - 1) for i in chosen)
        at = np.fromiter(flat, dtype=np.int16, count=n * (p - 1)).reshape(n, p - 1)
        columns = [np.full(n, first, dtype=np.uint8), *rest.astype(np.uint8)[at].T]
        key = np.zeros(n, dtype=np.uint64)
        words = [np.zeros(n, dtype=np.uint8)]
        for taken in range(1, 1 << p):
            low = taken & -taken
            words.append(words[taken ^ low] ^ columns[low.bit_length() - 1])
            key += place[weight[words[-1]] + taken.bit_count()]
        found = int(key.min())
        best = found if best is None else min(best, found)
    return tuple(best >> p * (k - length) & (1 << p) - 1 for length in range(3, k + 1))


def columns_of(points, order):
    """Effect columns up to an order, by brute force: places → product of columns."""
    k = points.shape[1]
    return {
        places: points[:, places].prod(axis=1)
        for size in range(1, order + 1)
        for places in combinations(range(k), size)
    }


@pytest.mark.parametrize(("k", "runs"), SIZES)
def test_fraction_is_of_minimum_aberration_among_all_choices_of_generators(k, runs):
    design = qt.doe.fractional_factorial(k, runs=runs)
    assert design.word_length_pattern[: k - 2] == least_pattern(k, runs)
    assert sum(design.word_length_pattern) == 2 ** (k - runs.bit_length() + 1) - 1


@pytest.mark.parametrize(("k", "runs"), SIZES)
def test_fraction_is_orthogonal_and_its_pattern_that_of_its_points(k, runs):
    design = qt.doe.fractional_factorial(k, runs=runs)
    points = design.points
    assert points.shape == (runs, k)
    assert len(np.unique(points, axis=0)) == runs
    assert np.array_equal(points.T @ points, runs * np.eye(k))
    base = runs.bit_length() - 1  # standard order of the base factors, the first fastest
    assert points[:, :base].tolist() == [
        list(row[::-1]) for row in product((-1.0, 1.0), repeat=base)
    ]
    # words by brute force: products of columns that are +1 throughout
    lengths = [len(p) for p, column in columns_of(points, k).items() if (column == 1).all()]
    assert design.word_length_pattern[: k - 2] == tuple(map(lengths.count, range(3, k + 1)))
    assert design.resolution == min(lengths)


def test_every_size_up_to_128_runs_and_11_factors_is_there():
    wanted = {
        (k, 1 << q) for k in range(3, 12) for q in range(2, 8) if q < k <= (1 << q) - 1
    }  # fmt: skip
    assert set(SIZES) == wanted


@pytest.mark.parametrize(
    ("k", "runs", "resolution"),
    # resolutions of the summary table in the NIST/SEMATECH e-Handbook, 5.3.3.4.7
    [(3, 4, 3), (4, 8, 4), (5, 8, 3), (6, 8, 3), (7, 8, 3), (5, 16, 5), (6, 16, 4), (7, 16, 4),
     (8, 16, 4), (9, 16, 3), (10, 16, 3), (11, 16, 3), (6, 32, 6), (7, 32, 4), (8, 32, 4),
     (9, 32, 4), (10, 32, 4), (11, 32, 4), (7, 64, 7), (8, 64, 5), (9, 64, 4), (10, 64, 4),
     (11, 64, 4), (9, 128, 6), (10, 128, 5), (11, 128, 5)],
)  # fmt: skip
def test_resolution_as_printed(k, runs, resolution):
    assert qt.doe.fractional_factorial(k, runs=runs).resolution == resolution


@pytest.mark.parametrize(
    ("k", "resolution", "runs"),
    [(3, 3, 4), (3, 4, 8), (7, 3, 8), (7, 4, 16), (5, 5, 16), (6, 5, 32), (8, 5, 64), (9, 5, 128),
     (11, 5, 128), (11, 4, 32), (7, 8, 128)],
)  # fmt: skip
def test_resolution_takes_the_fewest_runs(k, resolution, runs):
    design = qt.doe.fractional_factorial(k, resolution=resolution)
    assert design.n_runs == runs
    if runs == 2**k:
        assert design.family == "全因子设计"
        assert design.resolution is None


@pytest.mark.parametrize(("k", "runs"), [(5, 8), (7, 8), (8, 16), (9, 16), (7, 32), (11, 128)])
def test_aliases_are_the_equal_columns_and_no_others(k, runs):
    design = qt.doe.fractional_factorial(k, runs=runs, replicates=2, center=3, seed=8)
    points = design.points[[kind != CENTER for kind in design.kinds]]
    columns = columns_of(points, 3)
    letters = "ABCDEFGHJKL"
    for places in (p for p in columns if len(p) <= 2):
        alike = {
            "".join(letters[i] for i in other)
            for other, column in columns.items()
            if other != places and np.array_equal(column, columns[places])
        }
        name = "".join(letters[i] for i in places)
        assert {a for a in design.aliases[name] if len(a) <= 3} == alike


def test_alias_table_has_one_row_a_set_of_equal_columns():
    table = qt.doe.fractional_factorial(7, runs=8).alias_table()
    # Box, Hunter & Hunter (1978), section 12.5, with E and F exchanged in name
    assert table["能估计的"].tolist() == [
        "A + BD + CE + FG", "B + AD + CF + EG", "C + AE + BF + DG", "D + AB + CG + EF",
        "E + AC + BG + DF", "F + AG + BC + DE", "G + AF + BE + CD",
    ]  # fmt: skip
    assert table["主效应"].tolist() == [1] * 7
    assert table["二因子交互"].tolist() == [3] * 7
    assert qt.doe.fractional_factorial(5, runs=16).alias_table().empty
    assert qt.doe.full_factorial(3).alias_table().empty


def test_signs_of_generators_carry_through():
    design = qt.doe.fractional_factorial(5, generators=["D=-AB", "E=AC"])
    a, b, c, d, e = design.points.T
    assert np.array_equal(d, -a * b)
    assert np.array_equal(e, a * c)
    assert design.generators == ("D=−AB", "E=AC")
    assert set(design.defining_relation) == {"−ABD", "ACE", "−BCDE"}
    assert design.alias_table()["能估计的"].iloc[0] == "A − BD + CE"


def test_generators_by_name_and_base_factors_in_standard_order():
    names = ["甲", "速度", "进给", "乙"]
    design = qt.doe.fractional_factorial(
        dict.fromkeys(names, (1, 2)), generators=["甲=速度×进给", "乙=速度*进给"]
    )
    assert design.points[:, 1].tolist() == [-1, 1, -1, 1]
    assert design.points[:, 2].tolist() == [-1, -1, 1, 1]
    assert design.resolution == 2  # 甲 = 乙: two defined alike
    assert design.verdict.level == "bad"
    by_letter = qt.doe.fractional_factorial(names, generators=["D=BC"])
    assert by_letter.generators == ("乙=速度×进给",)
    assert by_letter.n_runs == 8


def test_natural_units_replicates_and_center():
    levels = {"温度": (160, 180), "压力": (1.0, 1.5), "时间": (10, 20)}
    design = qt.doe.fractional_factorial(levels, runs=4, replicates=3, center=2, seed=5)
    runs = design.runs
    assert design.n_runs == 14
    assert sorted(runs["温度"].unique()) == [160, 170, 180]
    assert (runs["点型"] == CENTER).sum() == 2
    assert (
        runs.query("点型 == '析因点'").groupby(["温度", "压力", "时间"]).size().tolist() == [3] * 4
    )
    again = qt.doe.fractional_factorial(levels, runs=4, replicates=3, center=2, seed=5)
    assert again.order.tolist() == design.order.tolist()
    other = qt.doe.fractional_factorial(levels, runs=4, replicates=3, center=2, seed=6)
    assert other.order.tolist() != design.order.tolist()
    # D of three main effects with centre runs: |X′X| = 14 · 12³
    expected = 100 * (14 * 12**3) ** 0.25 / 14
    assert design.efficiency("main")["d_efficiency"] == pytest.approx(expected)


# blocks


def lost_by_brute_force(design, order):
    """Effects that do not vary within any block, by the points alone."""
    corner = np.array([kind != CENTER for kind in design.kinds])
    points, blocks = design.points[corner], design.blocks[corner]
    lost = set()
    for places, column in columns_of(points, order).items():
        fixed = all(len(set(column[blocks == block])) == 1 for block in set(blocks))
        if fixed and len(set(column)) > 1:
            lost.add("".join("ABCDEFGHJKL"[place] for place in places))
    return lost


FULL = [(k, blocks) for k in range(2, 8) for blocks in (2, 4, 8) if 1 << k > blocks]


@pytest.mark.parametrize(("k", "blocks"), FULL)
def test_blocks_of_full_factorials_list_exactly_what_is_lost(k, blocks):
    design = qt.doe.full_factorial(k, blocks=blocks, center=1)
    assert design.n_blocks == blocks
    assert np.bincount(design.blocks).tolist() == [2**k // blocks + 1] * blocks
    assert set(design.confounded) == lost_by_brute_force(design, k)
    assert len(design.confounded) == blocks - 1
    assert not any(len(effect) == 1 for effect in design.confounded)
    n = 2**k + blocks  # X′X less what blocks take is diagonal
    expected = 100 * (n * (2.0**k) ** k) ** (1 / (k + 1)) / n
    assert design.efficiency("main")["d_efficiency"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("k", "blocks", "pairs"),
    # two-factor interactions given up, Box, Hunter & Hunter (2005), table 5A.1
    [(3, 2, 0), (3, 4, 3), (4, 2, 0), (4, 4, 1), (4, 8, 6), (5, 2, 0), (5, 4, 0), (5, 8, 2),
     (6, 2, 0), (6, 4, 0), (6, 8, 0), (7, 8, 0)],
)  # fmt: skip
def test_blocks_give_up_as_few_pairs_as_the_published_arrangements(k, blocks, pairs):
    design = qt.doe.full_factorial(k, blocks=blocks)
    assert sum(len(effect) == 2 for effect in design.confounded) == pairs


@pytest.mark.parametrize(("k", "blocks"), [(3, 2), (3, 4), (4, 2), (4, 4), (5, 4)])
def test_no_other_contrasts_give_up_fewer_pairs(k, blocks):
    """Every choice of contrasts in turn, effects as sets of letters."""
    effects = [frozenset(c) for r in range(1, k + 1) for c in combinations("ABCDE"[:k], r)]
    best = None
    for chosen in combinations(effects, blocks.bit_length() - 1):
        group = {frozenset()}
        for effect in chosen:
            group |= {effect ^ other for other in group}
        if len(group) < blocks or any(len(effect) == 1 for effect in group):
            continue
        pairs = sum(len(effect) == 2 for effect in group)
        best = pairs if best is None else min(best, pairs)
    design = qt.doe.full_factorial(k, blocks=blocks)
    assert sum(len(effect) == 2 for effect in design.confounded) == best


@pytest.mark.parametrize(
    ("k", "runs", "blocks"),
    [(4, 8, 2), (5, 8, 2), (6, 8, 2), (5, 16, 2), (6, 16, 2), (6, 16, 4), (7, 16, 4), (8, 16, 2),
     (8, 32, 4), (9, 32, 8), (11, 32, 2), (8, 64, 8), (11, 128, 8)],
)  # fmt: skip
def test_blocks_of_fractions_list_every_main_effect_and_pair_lost(k, runs, blocks):
    design = qt.doe.fractional_factorial(k, runs=runs, blocks=blocks)
    lost = lost_by_brute_force(design, 2)
    assert {effect for effect in design.confounded if len(effect) <= 2} == lost
    assert not any(len(effect) == 1 for effect in lost)
    assert set(design.confounded) <= lost_by_brute_force(design, 5)
    for name, alike in design.aliases.items():
        assert ("区组" in alike) == (name in lost)
    assert np.bincount(design.blocks).tolist() == [runs // blocks] * blocks
    assert design.efficiency("main")["d_efficiency"] == pytest.approx(100)


def test_runs_are_made_block_by_block_and_the_sheet_says_which():
    design = qt.doe.full_factorial(4, blocks=4, seed=2)
    runs = design.runs
    assert runs["区组"].tolist() == sorted(runs["区组"])
    assert set(runs["区组"]) == {1, 2, 3, 4}
    assert design.checks[0].code == "design.confounded-with-blocks"


def test_replicates_are_blocks_where_that_loses_nothing():
    whole = qt.doe.full_factorial(3, replicates=2, blocks=2)
    assert whole.confounded == ()
    for block in (0, 1):
        assert len(np.unique(whole.points[whole.blocks == block], axis=0)) == 8
    half = qt.doe.full_factorial(3, replicates=2, blocks=4)
    assert half.confounded == ("ABC",)
    assert lost_by_brute_force(half, 3) == {"ABC"}
    three = qt.doe.full_factorial(3, replicates=3, blocks=2)
    assert three.confounded == ("ABC",)
    assert np.bincount(three.blocks).tolist() == [12, 12]


def test_efficiency_knows_that_what_blocks_hide_cannot_be_estimated():
    design = qt.doe.full_factorial(3, blocks=4)
    assert set(design.confounded) == {"AB", "AC", "BC"}
    assert design.efficiency("main")["d_efficiency"] == pytest.approx(100)
    assert design.efficiency("interactions")["d_efficiency"] == 0
    assert design.model == "main"


# fold-over


@pytest.mark.parametrize(("k", "runs"), [(5, 8), (6, 8), (7, 8), (3, 4), (9, 16), (11, 16)])
def test_full_fold_frees_main_effects_from_pairs(k, runs):
    both = qt.doe.fold_over(qt.doe.fractional_factorial(k, runs=runs, seed=4))
    assert both.n_runs == 2 * runs
    points = both.points
    assert np.array_equal(points[runs:], -points[:runs])
    columns = columns_of(points, 2)
    mains = np.array([columns[(i,)] for i in range(k)])
    pairs = np.array([column for places, column in columns.items() if len(places) == 2])
    assert not (mains @ pairs.T).any()
    lengths = [len(p) for p, column in columns_of(points, k).items() if (column == 1).all()]
    if lengths:
        assert both.resolution == min(lengths) >= 4
        assert both.word_length_pattern[: k - 2] == tuple(map(lengths.count, range(3, k + 1)))
    else:
        assert both.resolution is None
    assert both.order[:runs].tolist() == list(
        qt.doe.fractional_factorial(k, runs=runs, seed=4).order
    )
    assert not any(len(effect) <= 2 for effect in both.confounded)
    assert set(both.confounded) <= lost_by_brute_force(both, k)


@pytest.mark.parametrize("name", ["A", "D", "G"])
def test_folding_one_factor_frees_it_and_its_pairs(name):
    first = qt.doe.fractional_factorial(7, runs=8)
    both = qt.doe.fold_over(first, [name])
    place = "ABCDEFG".index(name)
    columns = columns_of(both.points, 2)
    own = [column for places, column in columns.items() if place in places]
    others = [column for places, column in columns.items() if place not in places]
    assert not (np.array(own) @ np.array(others).T).any()
    assert np.array_equal(np.array(own) @ np.array(own).T, 16 * np.eye(7))
    assert both.points[8:, place].tolist() == (-both.points[:8, place]).tolist()
    keep = [i for i in range(7) if i != place]
    assert np.array_equal(both.points[8:, keep], both.points[:8, keep])


def test_fold_keeps_center_runs_in_both_blocks_and_natural_units():
    first = qt.doe.fractional_factorial(
        {"甲": (1, 2), "乙": (10, 20), "丙": (0, 5)}, runs=4, center=2
    )
    both = qt.doe.fold_over(first)
    assert both.kinds.count(CENTER) == 4
    assert np.bincount(both.blocks).tolist() == [6, 6]
    assert both.words == ()
    assert both.confounded == ("甲乙丙",)
    assert both.runs["甲"].isin([1, 1.5, 2]).all()


@pytest.mark.parametrize(
    ("design", "factors", "words"),
    [
        (lambda: qt.doe.full_factorial(3), None, "没有别名"),
        (lambda: qt.doe.fractional_factorial(4, runs=8), None, "只折叠一个因子"),
        (lambda: qt.doe.fractional_factorial(7, runs=8), ["温度"], "“温度”不是这个设计的因子"),
        (lambda: qt.doe.fractional_factorial(7, runs=8), [], "没有写明折叠哪些因子"),
        (lambda: qt.doe.fractional_factorial(6, runs=16, blocks=2), None, "分了区组"),
        (lambda: qt.doe.full_factorial({"甲": (1, 2, 3), "乙": (1, 2)}), None, "不是两水平"),
    ],
)
def test_folds_that_are_refused(design, factors, words):
    with pytest.raises(qt.QualityDataError, match=words):
        qt.doe.fold_over(design(), factors)


def test_even_fraction_is_parted_by_folding_one_factor():
    first = qt.doe.fractional_factorial(4, runs=8)
    both = qt.doe.fold_over(first, ["A"])
    assert both.words == ()  # the full 2⁴, ABCD given up for the blocks
    assert both.confounded == ("ABCD",)


# bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"factors": 7}, "写而且只写一个"),
        ({"factors": 7, "runs": 8, "resolution": 3}, "写而且只写一个"),
        ({"factors": 7, "runs": 12}, "Plackett–Burman"),
        ({"factors": 7, "runs": 4}, "连 7 个主效应都估计不了"),
        ({"factors": 4, "runs": 32}, "replicates"),
        ({"factors": 7, "runs": 8.0}, "runs = 8.0"),
        ({"factors": 7, "resolution": 2}, "resolution = 2"),
        ({"factors": 11, "resolution": 6}, "最高是 V"),
        ({"factors": 12, "resolution": 3}, "3 到 11 个因子"),
        ({"factors": 12, "runs": 16}, "没有 16 次"),
        ({"factors": 5, "generators": ["E=ABCX"]}, "看不懂"),
        ({"factors": 5, "generators": ["E=A"]}, "至少两个因子"),
        ({"factors": 5, "generators": ["ABCDE"]}, "看不懂"),
        ({"factors": 5, "generators": ["E=ABE"]}, "重复"),
        ({"factors": 5, "generators": ["E=AB", "E=AC"]}, "已经定义过"),
        ({"factors": 5, "generators": ["D=AB", "E=AD"]}, "另一个生成元"),
        ({"factors": {"甲": (1, 2, 3), "乙": (1, 2), "丙": (1, 2)}, "runs": 4}, "“甲”不是两个水平"),
        ({"factors": {"甲": ("x", "y"), "乙": (1, 2), "丙": (1, 2)}, "runs": 4, "center": 1},
         "没有中心点"),
        ({"factors": 7, "runs": 8, "blocks": 2}, "总有主效应与区组混杂"),
        ({"factors": 7, "runs": 8, "blocks": 3}, "分不成 3 个区组"),
        ({"factors": 3, "runs": 4, "blocks": 4}, "只剩一次试验"),
        ({"factors": 7, "runs": 8, "replicates": 0}, "replicates"),
        ({"factors": ["甲", "乙", "区组"], "runs": 4}, "与试验单上的一列重名"),
    ],
)  # fmt: skip
def test_bad_input_of_fractions(options, words):
    options = dict(options)
    with pytest.raises(qt.QualityDataError, match=words):
        qt.doe.fractional_factorial(options.pop("factors"), **options)


def test_full_factorial_of_too_many_runs_or_blocks_of_three_levels_is_refused():
    with pytest.raises(qt.QualityDataError, match="32768 次"):
        qt.doe.full_factorial(15)
    with pytest.raises(qt.QualityDataError, match="不是两个水平"):
        qt.doe.full_factorial({"甲": (1, 2, 3), "乙": (1, 2)}, blocks=2)


# the design behind a table


@pytest.mark.parametrize(("k", "runs"), [(3, 4), (5, 8), (7, 8), (6, 16), (9, 16), (8, 32)])
def test_design_is_recognised_from_its_table(k, runs):
    names = [f"因子{i}" for i in range(k)]
    made = qt.doe.fractional_factorial(
        dict.fromkeys(names, (10, 30)), runs=runs, replicates=2, center=2, seed=3
    )
    read = qt.doe.read_design(made.runs, factors=names)
    assert read.regular
    assert dict(read.words) == dict(made.words)
    assert read.word_length_pattern == made.word_length_pattern
    assert read.aliases == made.aliases
    assert read.kinds.count(CENTER) == 2


def test_blocks_and_signs_are_recognised():
    made = qt.doe.fractional_factorial(6, generators=["E=-ABC", "F=BCD"], blocks=4, seed=3)
    read = qt.doe.read_design(made.runs, factors=list("ABCDEF"), block="区组")
    assert dict(read.words) == dict(made.words)
    assert set(read.confounded) == set(made.confounded)
    assert read.n_blocks == 4


def test_fold_is_recognised_from_its_table():
    both = qt.doe.fold_over(qt.doe.fractional_factorial(7, runs=8))
    read = qt.doe.read_design(both.runs, factors=list("ABCDEFG"), block="区组")
    assert dict(read.words) == dict(both.words)
    assert set(read.confounded) == set(both.confounded)


def test_missing_run_leaves_the_words_that_still_hold():
    runs = qt.doe.fractional_factorial(5, runs=16).runs.iloc[:-1]
    read = qt.doe.read_design(runs, factors=list("ABCDE"))
    assert not read.regular
    assert read.defining_relation == ("ABCDE",)
    assert read.word_length_pattern is None
    assert read.resolution is None
    assert "resolution" not in read.metrics()
    blank = qt.doe.fractional_factorial(5, runs=16).runs.assign(y=[1.0] * 15 + [None])
    assert qt.doe.read_design(blank, factors=list("ABCDE"), response="y").n_runs == 15


@pytest.mark.parametrize(
    ("k", "runs", "rows"),
    [
        (5, 16, [*range(15)]),
        (5, 16, [*range(16), 0]),
        (5, 16, [*range(16), *range(5)]),
        (5, 16, [0, 3, 5, 6, 9, 10, 15, 2]),
        (6, 16, [*range(12)]),
        (6, 16, [*range(13)]),
    ],
)
def test_runs_that_are_no_regular_fraction_say_what_leaks(k, runs, rows):
    """Rows missing or repeated unevenly: no resolution; the leak by the normal equations."""
    frame = qt.doe.fractional_factorial(k, runs=runs).runs.sort_values("标准序").iloc[rows]
    read = qt.doe.read_design(frame, factors=list("ABCDEF"[:k]))
    assert read.words
    assert not read.regular
    assert read.resolution is None
    assert "分辨度" not in read.table()["项"].tolist()
    columns = columns_of(read.points, 2)
    one = np.column_stack([np.ones(len(rows)), *(columns[(i,)] for i in range(k))])
    pairs = np.column_stack([column for places, column in columns.items() if len(places) == 2])
    if np.linalg.matrix_rank(one) <= k:
        assert read.leak is None
        assert read.verdict.level == "bad"
        return
    share = np.abs(np.linalg.solve(one.T @ one, one.T @ pairs)[1:]).max()
    assert share > 0.03
    assert read.leak == pytest.approx(share, rel=1e-9)
    assert read.verdict.level == "caution"
    assert "分辨度" not in read.verdict.text
    assert f"最多漏进 {100 * share:.0f} %" in read.verdict.text


def test_regular_designs_keep_their_resolution_with_centres_replicates_and_folds():
    made = qt.doe.fractional_factorial(6, runs=16, replicates=2, center=3)
    read = qt.doe.read_design(made.runs, factors=list("ABCDEF"))
    assert read.resolution == made.resolution == 4
    assert "分辨度 IV" in read.verdict.text
    assert read.verdict.level == "good"
    assert read.leak == pytest.approx(0)
    both = qt.doe.fold_over(qt.doe.fractional_factorial(7, runs=8))
    assert qt.doe.read_design(both.runs, factors=list("ABCDEFG"), block="区组").resolution == 4
    twelve = qt.doe.plackett_burman(11)
    assert twelve.leak == pytest.approx(1 / 3)
    assert twelve.verdict.level == "caution"
    folded = qt.doe.fold_over(twelve)
    assert folded.leak == pytest.approx(0)
    assert folded.verdict.level == "good"
    assert "主效应不与二因子交互混杂" in folded.verdict.text


def test_designs_without_a_defining_relation_are_recognised_as_such():
    full = qt.doe.read_design(qt.doe.full_factorial(3).runs, factors=list("ABC"))
    assert full.family == "全因子设计"
    assert full.words == ()
    levels = {"甲": (1, 2, 3), "乙": ("x", "y")}
    mixed = qt.doe.read_design(qt.doe.full_factorial(levels).runs, factors=["甲", "乙"])
    assert not mixed.regular
    assert mixed.words == ()
