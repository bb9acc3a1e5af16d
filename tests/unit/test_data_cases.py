"""Published values as cases: schema, tolerance from the printed digits, status, evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

import qtools as qt
from qtools import constants, data, sigma
from qtools.data import cases
from qtools.data.cases import Case, compare, evaluate, parse, printed_constants

WHOLE = {
    "id": "x.y",
    "what": "均值",
    "expr": "1 + 1",
    "value": "2",
    "source": "某书（2000），第 1 页",
}


def case(value: str, **other: bool) -> Case:
    return Case("x.y", "值", "x", value, "某书", **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("printed", "inside", "outside"),
    [
        ("563.0357", [563.03565, 563.03575, 563.035714], [563.0356, 563.0358, 563.035756]),
        ("24.6", [24.55, 24.65], [24.54, 24.66]),
        ("-0.50", [-0.5, -0.495, -0.505], [-0.494, -0.51, 0.5]),
        ("−0.50", [-0.5], [0.5]),
        ("1.2e-3", [0.00115, 0.00125], [0.00114, 0.00126]),
        ("1.20E3", [1195.0, 1205.0], [1194.0, 1206.0]),
        ("4", [4, 4.0, np.int64(4), 4 + 1e-12], [3, 4.4, 4.0001, 5]),
        ("-7", [-7], [7, -6.9]),
        ("0", [0, 0.0], [1, 0.001]),
        ("True", [True, np.True_], [False, 1.5]),
        ("False", [False], [True]),
        ("nelson", ["nelson"], ["we", 1.0]),
    ],
)
def test_printed_digits_give_the_tolerance(printed, inside, outside):
    for value in inside:
        assert compare(case(printed), value).agrees, value
    for value in outside:
        assert not compare(case(printed), value).agrees, value


def test_a_whole_number_may_not_hide_a_truth_value():
    assert not compare(case("1"), True).agrees


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_never_agrees(value):
    assert not compare(case("1.5"), value).agrees


@pytest.mark.parametrize("value", [(1, 2), np.array([1.0, 2.0]), None])
def test_only_one_number_can_be_compared(value):
    with pytest.raises(qt.QualityDataError, match="没有给出一个数"):
        compare(case("1.5"), value)


def test_difference_and_status():
    near = compare(case("1.5"), 1.52)
    assert near.difference == pytest.approx(0.02)
    assert near.tolerance == 0.05
    assert near.published == "1.5"
    assert near.status == "一致"
    assert compare(case("1.5"), 1.6).status == "不一致"
    assert compare(case("1.5", reproduces=False), 1.6).status == "未复现"
    # a value marked as not reproducing that does reproduce is a fault of the mark
    assert compare(case("1.5", reproduces=False), 1.5).status == "不一致"


# ── schema ───────────────────────────────────────────────────────────────────────────────────


def test_a_whole_case_is_read():
    (one,) = parse([{**WHOLE, "reproduces": False, "note": "原因"}], "某文件.yml", data="gear")
    assert (one.id, one.data, one.reproduces, one.note) == ("x.y", "gear", False, "原因")
    assert one.where == "某文件.yml"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("text", "列表"),
        (None, "列表"),
        (["text"], "第 1 条"),
        ([{key: value for key, value in WHOLE.items() if key != "source"}], "“x.y”缺“source”"),
        ([{**WHOLE, "tolerance": "1"}], "多了“tolerance”"),
        ([{**WHOLE, "where": "a"}], "多了“where”"),
        ([{**WHOLE, "value": 563.0357}], "加引号"),
        ([{**WHOLE, "reproduces": "no"}], "“reproduces”类型"),
        ([{**WHOLE, "constants": "exact"}], "只能是 printed"),
    ],
)
def test_faults_of_the_schema_are_named(entries, said):
    with pytest.raises(qt.QualityDataError, match=said) as caught:
        parse(entries, "某文件.yml")
    assert "“某文件.yml”" in str(caught.value)


# ── evaluation ───────────────────────────────────────────────────────────────────────────────


def test_expressions_see_the_package_numpy_and_names():
    assert evaluate("np.mean(x) + y", x=[1, 3], y=1) == 3
    assert evaluate("qt.sigma.c4(2)") == pytest.approx((2 / np.pi) ** 0.5)
    assert evaluate("[v * k for v in sorted(x)]", x=[2, 1], k=3) == [3, 6]  # names inside too


@pytest.mark.parametrize("expr", ["open('x')", "__import__('os')", "print(1)", "x = 1", "1 +"])
def test_what_is_no_plain_expression_is_refused_by_name(expr):
    with pytest.raises(qt.QualityDataError, match="算不出来") as caught:
        evaluate(expr)
    assert f"“{expr}”" in str(caught.value)


def test_an_error_of_the_data_keeps_its_hint_and_rows():
    def fail() -> None:
        raise qt.QualityDataError("坏了。", hint="修一修。", rows=[3])

    with pytest.raises(qt.QualityDataError, match="坏了") as caught:
        evaluate("fail()", fail=fail)
    assert (caught.value.hint, caught.value.rows) == ("修一修。", (3,))


def test_printed_constants_are_those_of_the_tables_and_only_within_the_block():
    assert evaluate("qt.sigma.d2(2)") == pytest.approx(2 / np.pi**0.5)
    with printed_constants():
        assert sigma.d2(2) == 1.128
        assert sigma.d2(5) == 2.326
        assert sigma.c4(8) == 0.9650
        assert sigma.d3(5) == 0.864
        values = np.array([49.6, 47.6, 49.9])
        assert sigma.from_moving_range(values).value == pytest.approx(2.15 / 1.128)
    assert sigma.d2 is constants.d2
    assert sigma.d2(2) == pytest.approx(2 / np.pi**0.5)


def test_printed_factors_of_the_gauge_study():
    from qtools.msa import ranges

    with printed_constants():  # AIAG MSA 4th ed., K₁ for 3 trials, K₂ for 3 appraisers, K₃ for 10
        assert ranges.k1(3, 30) == 0.5908
        assert 1 / ranges.d2_star(3, 1) == pytest.approx(0.5231, rel=1e-15)
        assert 1 / ranges.d2_star(10, 1) == pytest.approx(0.3146, rel=1e-15)
    assert ranges.k1(3, 30) == 1 / constants.d2(3)


def test_printed_constants_come_back_after_an_error():
    with pytest.raises(ZeroDivisionError), printed_constants():
        raise ZeroDivisionError
    assert sigma.c4 is constants.c4


# ── verify and the collection ────────────────────────────────────────────────────────────────


def test_a_case_over_a_csv_beside_its_file(tmp_path):
    (tmp_path / "小.csv").write_text("x\n1\n2\n4.5\n", encoding="utf-8")
    one = Case("x.y", "均值", "df['x'].mean()", "2.50", "手算", data="小.csv")
    assert data.verify(one, tmp_path).computed == 2.5
    named = Case("x.y", "行数", "len(df)", "10", "手算", data="flowrate")
    assert data.verify(named).status == "一致"
    assert data.verify(Case("x.y", "和", "1 + 1", "2", "手算")).status == "一致"


def test_printed_constants_in_a_case():
    expr = "qt.sigma.from_moving_range(df['流量'].to_numpy()).value"
    exact = Case("a.a", "σ", expr, "1.664", "NIST", data="flowrate")
    table = Case("a.b", "σ", expr, "1.6647", "NIST", data="flowrate", constants="printed")
    assert data.verify(exact).computed == pytest.approx(16.9 / 9 * np.pi**0.5 / 2)
    assert data.verify(table).computed == pytest.approx(16.9 / 9 / 1.128)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """A root of its own, with one data set and no reference files yet."""
    folder = tmp_path / "data" / "mini"
    folder.mkdir(parents=True)
    (folder / "data.csv").write_bytes(b"x\n1\n2\n")
    (tmp_path / "tests" / "reference").mkdir(parents=True)
    (folder / "card.yml").write_text(yaml.safe_dump(CARD, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    data.card.cache_clear()
    yield tmp_path
    data.card.cache_clear()


CARD = {
    "title": "小表",
    "description": "两行。",
    "kind": "仿真",
    "source": "手写",
    "licence": {"name": "公有领域", "spdx": "CC0-1.0"},
    "rows": 2,
    "sha256": "b0cc24632ba81c4d32b4cb4b4ad5c8a1b8e8a9b4e51bb4a4c5a6b0d6a3d0ab73",
    "columns": [{"name": "x", "type": "整数", "meaning": "一个数"}],
    "changes": [],
    "published": [{**WHOLE, "id": "mini.mean", "expr": "df['x'].mean()", "value": "1.5"}],
}


def test_cases_of_cards_and_files_together(elsewhere):
    text = yaml.safe_dump([{**WHOLE, "id": "book.two"}], allow_unicode=True)
    (elsewhere / "tests/reference/book.yml").write_text(text, encoding="utf-8")
    (elsewhere / "tests/reference/coverage.yml").write_text("a: b\n", encoding="utf-8")
    assert [(c.id, c.where) for c in data.all_cases()] == [
        ("mini.mean", "mini"),
        ("book.two", "book.yml"),
    ]


@pytest.mark.parametrize("ids", [["mini.mean"], ["book.two", "book.two"]])
def test_an_id_may_stand_only_once(elsewhere, ids):
    text = yaml.safe_dump([{**WHOLE, "id": each} for each in ids], allow_unicode=True)
    (elsewhere / "tests/reference/book.yml").write_text(text, encoding="utf-8")
    with pytest.raises(qt.QualityDataError, match=f"“{ids[0]}”重复"):
        data.all_cases()


def test_check_says_what_differs(elsewhere):
    assert data.check() == [f"mini：{line}" for line in data_faults(elsewhere)]


def data_faults(folder: Path) -> list[str]:
    """The digest in CARD is made up; all else agrees."""
    import hashlib

    digest = hashlib.sha256((folder / "data/mini/data.csv").read_bytes()).hexdigest()
    return [f"data.csv 的 sha256 是 {digest}，数据卡写的是 {CARD['sha256']}"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": 3}, "有 2 行，数据卡写的是 3 行"),
        ({"columns": [{"name": "y", "type": "整数", "meaning": ""}]}, "列是 x，与数据卡不同"),
        ({"columns": [{"name": "x", "type": "文本", "meaning": ""}]}, "列“x”读出来不是文本"),
        (
            {"published": [{**WHOLE, "expr": "df['x'].sum()", "value": "3.1"}]},
            "公布值“x.y”（均值）不一致：公布 3.1，算得 3",
        ),
        (
            {"published": [{**WHOLE, "reproduces": False}]},
            "公布值“x.y”（均值）却算得出来：公布 2，算得 2",
        ),
        ({"published": [{**WHOLE, "expr": "nothing"}]}, "算不出来"),
        ({"kind": "真的"}, "应当是 真实、仿真、引用 之一"),
        ({"colour": "red"}, "多了“colour”"),
        ({"licence": "MIT"}, "licence 或 columns 写法不对"),
        ({"columns": [{"name": "x"}]}, "licence 或 columns 写法不对"),
        ({"columns": [{"name": "x", "type": "int", "meaning": ""}]}, "“int”应当是 整数"),
    ],
)
def test_check_names_each_fault(elsewhere, change, said):
    text = yaml.safe_dump({**CARD, **change}, allow_unicode=True)
    (elsewhere / "data/mini/card.yml").write_text(text, encoding="utf-8")
    assert any(said in fault for fault in data.check(["mini"]))


def test_a_card_that_is_missing_or_no_mapping(elsewhere):
    card = elsewhere / "data/mini/card.yml"
    card.write_text("- 1\n", encoding="utf-8")
    assert "缺“title”" in data.check()[0]
    card.unlink()
    assert "没有数据卡" in data.check()[0]
    with pytest.raises(qt.QualityDataError, match="没有叫“maxi”的数据集"):
        data.card("maxi")


def test_the_root_of_an_installation(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "__file__", str(tmp_path / "site-packages/qtools/data/__init__.py"))
    assert data.root() == tmp_path / "site-packages/qtools/_share"


def test_public_names_of_data():
    assert data.evaluate is cases.evaluate
    assert data.Case is Case
