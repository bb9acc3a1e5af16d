"""Orthogonal arrays: every table, every pair of columns, the printed interaction tables."""

from itertools import combinations

import numpy as np
import pytest

import qtools as qt
from qtools.doe.array_tables import TABLES
from qtools.doe.arrays import IRREGULAR, array_table

SIZES = {
    "L4(2^3)": (4, 3), "L8(2^7)": (8, 7), "L9(3^4)": (9, 4), "L12(2^11)": (12, 11),
    "L16(2^15)": (16, 15), "L16(4^5)": (16, 5), "L18(2×3^7)": (18, 8), "L25(5^6)": (25, 6),
    "L27(3^13)": (27, 13), "L32(2^31)": (32, 31),
}  # fmt: skip
# L27, interactions of columns i < j as printed (Taguchi 1987, appendix): "i: pairs for j = i+1 …"
L27_PRINTED = {
    1: "3,4 2,4 2,3 6,7 5,7 5,6 9,10 8,10 8,9 12,13 11,13 11,12",
    2: "1,4 1,3 8,11 9,12 10,13 5,11 6,12 7,13 5,8 6,9 7,10",
    3: "1,2 9,13 10,11 8,12 7,12 5,13 6,11 6,10 7,8 5,9",
    4: "10,12 8,13 9,11 6,13 7,11 5,12 7,9 5,10 6,8",
    5: "1,7 1,6 2,11 3,13 4,12 2,8 4,10 3,9",
    6: "1,5 4,13 2,12 3,11 3,10 2,9 4,8",
    7: "3,12 4,11 2,13 4,9 3,8 2,10",
    8: "1,10 1,9 2,5 3,7 4,6",
    9: "1,8 4,7 2,6 3,5",
    10: "3,6 4,5 2,7",
    11: "1,13 1,12",
    12: "1,11",
}
# L8, as printed: row i holds the interactions of column i with i+1 … 7
L8_PRINTED = {1: "3 2 5 4 7 6", 2: "1 6 7 4 5", 3: "7 6 5 4", 4: "1 2 3", 5: "3 2", 6: "1"}


def test_all_tables_are_there():
    assert {name: array_table(name).shape for name in TABLES} == SIZES


@pytest.mark.parametrize("name", TABLES)
def test_every_pair_of_columns_holds_every_pair_of_levels_equally_often(name):
    table = array_table(name)
    for a, b in combinations(range(table.shape[1]), 2):
        counts = np.zeros((table[:, a].max() + 1, table[:, b].max() + 1), dtype=int)
        np.add.at(counts, (table[:, a], table[:, b]), 1)
        assert len(set(counts.ravel().tolist())) == 1


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("L4", "111 122 212 221"),
        ("L8", "1111111 1112222 1221122 1222211 2121212 2122121 2211221 2212112"),
        ("L9", "1111 1222 1333 2123 2231 2312 3132 3213 3321"),
    ],
)
def test_small_tables_are_the_printed_ones(name, rows):
    assert ["".join(map(str, row)) for row in (array_table(name) + 1).tolist()] == rows.split()


@pytest.mark.parametrize("name", ["L9(3^4)", "L12(2^11)", "L16(4^5)", "L25(5^6)"])
def test_other_tables_agree_with_pydoe(name):
    """pydoe's tables, entered by others; its L18 and L27 are other arrays."""
    import pydoe

    theirs = pydoe.get_orthogonal_array(name)
    assert np.array_equal(array_table(name), theirs - theirs.min())


def test_two_level_tables_agree_with_pydoe_up_to_the_order_of_runs():
    import pydoe

    for name in ("L16(2^15)", "L32(2^31)"):
        theirs = pydoe.get_orthogonal_array(name)
        theirs = theirs - theirs.min()
        assert {tuple(r) for r in theirs.tolist()} == {tuple(r) for r in array_table(name).tolist()}


def test_interactions_of_l27_are_the_printed_ones():
    for i, text in L27_PRINTED.items():
        for j, pair in enumerate(text.split(), start=i + 1):
            expected = tuple(int(c) for c in pair.split(","))
            assert qt.doe.interaction_columns("L27", i, j) == expected, (i, j)


def test_interactions_of_l8_are_the_printed_ones():
    for i, text in L8_PRINTED.items():
        for j, column in enumerate(text.split(), start=i + 1):
            assert qt.doe.interaction_columns("L8", i, j) == (int(column),)


@pytest.mark.parametrize("name", ["L4", "L8", "L16", "L32"])
def test_two_level_interaction_column_is_the_product(name):
    signs = 1.0 - 2.0 * array_table(name)
    for a, b in combinations(range(signs.shape[1]), 2):
        (c,) = qt.doe.interaction_columns(name, a + 1, b + 1)
        assert np.array_equal(signs[:, a] * signs[:, b], signs[:, c - 1])


@pytest.mark.parametrize("name", ["L9", "L16(4^5)", "L25", "L27"])
def test_interaction_columns_span_the_interaction(name):
    """Columns of indicators: all pairs of a and b = a, b and their interaction columns."""
    table = array_table(name)

    def indicators(codes):
        return (codes[:, None] == np.unique(codes)).astype(float)

    q = int(table.max()) + 1
    for a, b in combinations(range(min(table.shape[1], 6)), 2):
        own = qt.doe.interaction_columns(name, a + 1, b + 1)
        assert len(own) == q - 1
        cells = indicators(table[:, a] * q + table[:, b])
        parts = np.hstack([indicators(table[:, c]) for c in (a, b, *(x - 1 for x in own))])
        assert np.linalg.matrix_rank(cells) == np.linalg.matrix_rank(parts) == q * q
        assert np.linalg.matrix_rank(np.hstack([cells, parts])) == q * q


@pytest.mark.parametrize("name", IRREGULAR)
def test_tables_without_interaction_columns_say_so(name):
    for a, b in combinations(range(1, SIZES[name][1] + 1), 2):
        with pytest.raises(qt.QualityDataError, match="没有交互作用列"):
            qt.doe.interaction_columns(name, a, b)


def test_factors_take_their_columns_and_levels():
    design = qt.doe.orthogonal_array(
        "L18", {"模具": ("旧", "新"), "温度": (180, 190, 200), "时间": (10, 12, 15)}, seed=5
    )
    assert design.columns == (1, 2, 3)
    assert design.free_columns == (4, 5, 6, 7, 8)
    runs = design.runs.sort_values("标准序")
    assert runs["模具"].tolist() == ["旧"] * 9 + ["新"] * 9
    assert runs["温度"].tolist() == [180.0] * 3 + [190.0] * 3 + [200.0] * 3 + (
        [180.0] * 3 + [190.0] * 3 + [200.0] * 3
    )
    assert runs["时间"].tolist() == [10.0, 12.0, 15.0] * 6
    assert design.efficiency()["d_efficiency"] == 100  # all factors as levels
    assert design.matrix().df == (1, 2, 2)


def test_factor_with_two_levels_goes_to_the_two_level_column():
    design = qt.doe.orthogonal_array("L18", {"温度": (180, 190, 200), "模具": ("旧", "新")})
    assert design.columns == (2, 1)


def test_wanted_interaction_keeps_its_column_free():
    design = qt.doe.orthogonal_array("L8", 4, interactions=["A×B", "A*C"])
    held = {c for _, columns in design.interactions for c in columns}
    assert not held & set(design.columns)
    for name in ("AB", "AC"):
        assert not {"A", "B", "C", "D", "AB", "AC"} - {name} & {
            text.strip("−") for text in design.aliases[name]
        }
    assert design.efficiency()["d_efficiency"] == 100


def test_interaction_needs_two_columns_with_three_levels():
    design = qt.doe.orthogonal_array("L27", 4, interactions=["A×B", "A×C"])
    assert all(len(columns) == 2 for _, columns in design.interactions)
    assert design.efficiency()["d_efficiency"] == pytest.approx(100)


def test_defining_relation_holds_in_every_run():
    design = qt.doe.orthogonal_array("L16", 8, columns=[1, 2, 4, 8, 14, 7, 11, 13])
    for mask, sign in design.words:
        columns = [design.points[:, i] for i in range(8) if mask >> i & 1]
        assert np.array_equal(np.prod(columns, axis=0), np.full(16, float(sign)))
    assert design.resolution == 4


def test_saturated_table_warns_and_confounding_is_named():
    full = qt.doe.orthogonal_array("L9")
    assert full.verdict.level == "caution"
    assert [check.code for check in full.checks] == ["orthogonal-array.confounded"]
    assert qt.doe.orthogonal_array("L12", 4).checks[0].code == "orthogonal-array.partial"
    assert qt.doe.orthogonal_array("L8", 3, columns=[1, 2, 4]).checks == ()


def test_header_names_every_column():
    design = qt.doe.orthogonal_array("L8", ["温度", "时间"], interactions=["温度×时间"])
    assert design.header()["放什么"].tolist() == ["温度", "时间", "温度×时间"] + ["（空）"] * 4


def test_run_sheet_goes_out_and_comes_back():
    sheet = qt.doe.run_sheet(qt.doe.orthogonal_array("L9", {"温度": (80, 85, 90)}), ["转化率"])
    assert qt.doe.verify_sheet(sheet.assign(转化率=1.0)) == ()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_makes_a_design_and_a_figure(name):
    design = qt.doe.orthogonal_array(name)
    assert design.n_runs == SIZES[name][0]
    assert design.figure().layout.meta["alt"]
    assert len(design.table())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: qt.doe.orthogonal_array("L10"), "L10"),
        (lambda: qt.doe.orthogonal_array("L4", 4), "只有 3 列"),
        (lambda: qt.doe.orthogonal_array("L9", {"料": ("甲", "乙")}), "2 个水平"),
        (lambda: qt.doe.orthogonal_array("L8", 4, columns=[1, 2, 3, 4], interactions=["A×B"]),
         "第 3 列要留给交互作用"),
        (lambda: qt.doe.orthogonal_array("L18", 3, interactions=["A×B"]), "没有交互作用列"),
        (lambda: qt.doe.orthogonal_array("L8", 4, interactions=["A×Z"]), "A×Z"),
        (lambda: qt.doe.orthogonal_array("L8", 3, columns=[1, 1, 2]), "列号"),
        (lambda: qt.doe.orthogonal_array("L18", {"a": (1, 2, 3)}, columns=[1]), "第 1 列"),
        (lambda: qt.doe.orthogonal_array("L4", 3, interactions=["A×B"]), "放不下"),
        (lambda: qt.doe.interaction_columns("L8", 1, 9), "第 9 列"),
        (lambda: qt.doe.interaction_columns("L8", 2, 2), "第 2 列"),
    ],
)  # fmt: skip
def test_refusals_name_the_cause(call, words):
    with pytest.raises(qt.QualityDataError, match=words):
        call()
