"""The result protocol: display, escaping, number format, metrics with intervals."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from html.parser import HTMLParser
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtools.display import format_column, format_number, html_table
from qtools.result import LEVEL_NAMES, Check, Interval, Result, Verdict, with_intervals


@dataclass(frozen=True, slots=True, eq=False)
class Example(Result):
    title: ClassVar[str] = "示例 <1>"
    value: float
    level: Any = "good"
    caveats: tuple[Check, ...] = ()

    def table(self) -> pd.DataFrame:
        return pd.DataFrame({"指标": ["x<y", "n"], "值": [self.value, 3]})

    def figure(self) -> go.Figure:
        return go.Figure()

    def metrics(self) -> dict[str, Any]:
        return {"value": self.value}

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.level, "可以 & 放心。", "x > 1", "惯例 <2>")

    @property
    def checks(self) -> tuple[Check, ...]:
        return self.caveats


class Tags(HTMLParser):
    """Fails on a closing tag that does not match; collects text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_display_is_well_formed_and_escaped():
    caveat = Check("example.odd", "a < b", "bad")
    html = Example(1.5, caveats=(caveat,))._repr_mimebundle_()["text/html"]
    tags = Tags(html)
    assert "示例 <1>" in tags.text
    assert "可以 & 放心。" in tags.text
    assert "判定规则：x > 1（惯例 <2>）" in tags.text
    assert ("li", {"class": "qt-bad", "data-code": "example.odd"}) in tags.seen
    assert tags.seen[0] == ("section", {"class": "qt-result", "aria-label": "示例 <1>"})
    assert "<1>" not in html
    assert "<pre" not in html


@pytest.mark.parametrize("level", LEVEL_NAMES)
def test_each_level_is_said_in_words_not_by_colour_alone(level):
    html = Example(1.5, level=level)._repr_mimebundle_()["text/html"]
    assert f"<strong>{LEVEL_NAMES[level]}</strong>" in html
    assert f"qt-verdict qt-{level}" in html


def test_no_caveats_no_list():
    assert "<ul" not in Example(1.5)._repr_mimebundle_()["text/html"]


def test_plain_text_has_verdict_and_codes():
    text = Example(1.5, caveats=(Check("example.odd", "小心。"),))._repr_mimebundle_()["text/plain"]
    assert text == "示例 <1>：可以 & 放心。\n[example.odd] 小心。"


def test_results_are_frozen_and_the_base_is_abstract():
    with pytest.raises(FrozenInstanceError):
        Example(1.5).value = 2.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        Result()  # type: ignore[abstract]


# ── tables ───────────────────────────────────────────────────────────────────────────────────


def test_table_has_caption_scopes_and_rounds_for_display_only():
    frame = pd.DataFrame({"指标": ["均值"], "值": [563.0357142857]})
    tags = Tags(html_table(frame, caption="标题 & 说明"))
    assert tags.text == "标题 & 说明指标值均值563.04"
    scopes = [(tag, attrs["scope"]) for tag, attrs in tags.seen if "scope" in attrs]
    assert scopes == [("th", "col"), ("th", "col"), ("th", "row")]
    assert frame["值"].iloc[0] == 563.0357142857


def test_named_index_becomes_the_first_column():
    frame = pd.DataFrame({"值": [1.0]}, index=pd.Index(["甲"], name="组"))
    assert Tags(html_table(frame)).text == "组值甲1"
    assert "caption" not in html_table(frame)


def test_small_mean_squares_are_not_shown_as_zero():
    assert "1.2346e-09" in html_table(pd.DataFrame({"源": ["误差"], "均方": [1.23456e-9]}))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (563.035714, "563.04"),
        (-563.035714, "-563.04"),
        (0.0, "0"),
        (0.000099, "9.9000e-05"),
        (0.0001, "0.0001"),
        (999999999.4, "999999999"),
        (1e9, "1.0000e+09"),
        (167.0, "167"),
        (-0.25, "-0.25"),
        (0.250001, "0.25000"),
        (9.99996, "10.000"),
        (99999.6, "100000"),
        (168, "168"),
        (np.int64(168), "168"),
        (np.float32(0.5), "0.5"),
        (np.float64(12.345678), "12.346"),
        (True, "是"),
        (np.False_, "否"),
        (None, "—"),
        (float("nan"), "—"),
        (pd.NA, "—"),
        (pd.NaT, "—"),
        (float("inf"), "∞"),
        (-float("inf"), "−∞"),
        ("文字", "文字"),
        (pd.Timestamp("2024-01-02"), "2024-01-02 00:00:00"),
    ],
)
def test_numbers_as_readers_see_them(value, shown):
    assert format_number(value) == shown


@given(st.floats(1e-300, 1e300) | st.floats(-1e12, -1e-12), st.integers(2, 9))
def test_shown_number_is_within_half_a_unit_of_the_last_digit(x, digits):
    back = float(format_number(x, digits))
    assert abs(back - x) <= 0.5000001 * 10.0 ** (1 - digits) * abs(x)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        # variances and shares of a gauge study (AIAG 2010, table III-B 8), computed digits
        (
            [0.0914287, 0.0399733, 0.0514554, 1.086446, 1.177875],
            ["0.0914", "0.0400", "0.0515", "1.0864", "1.1779"],
        ),
        ([7.762174, 92.237826, 100.0], ["7.76", "92.24", "100.00"]),
        ([492.2906, 79.40572, 0.433719, None], ["492.291", "79.406", "0.434", "—"]),
        ([0.29, -0.56, 1.3], ["0.29", "-0.56", "1.30"]),  # typed
        ([10.00321, 10.00318], ["10.00321", "10.00318"]),  # typed, differing in the last digits
        ([9.0, 2.0, 18.0], ["9", "2", "18"]),
        ([142.55123, 167.0], ["142.55", "167.00"]),
        ([0.0, 310.89123456, 232.07123456], ["0", "310.9", "232.1"]),
        ([3.0 / 7, 1.0 / 3e9], ["0.42857", "3.3333e-10"]),  # too far apart
        ([1234567.1 / 3, 1.0 / 3], ["411522", "0.33333"]),
        ([563.0357142857], ["563.04"]),
        ([10, 563.0357142857, 17.7531234, "s̄/c₄", True], ["10", "563.04", "17.75", "s̄/c₄", "是"]),
        ([float("nan"), float("inf"), 1 / 3, 2 / 3], ["—", "∞", "0.3333", "0.6667"]),
        ([np.float32(0.5), np.float64(0.25)], ["0.50", "0.25"]),
        ([-1 / 3, 99999.96 / 7], ["-0.33333", "14286"]),
        ([], []),
    ],
)
def test_columns_as_readers_see_them(values, shown):
    assert format_column(values) == shown


@given(st.lists(st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-3), max_size=8))
def test_every_number_of_a_column_is_right_to_one_in_five_hundred(values):
    for value, shown in zip(values, format_column(values), strict=True):
        assert abs(float(shown) - value) <= 0.00200001 * abs(value)


# ── intervals and metrics ────────────────────────────────────────────────────────────────────


def test_interval_holds_its_ends():
    interval = Interval(1.0, 2.0, 0.95, "χ²")
    assert 1.0 in interval
    assert 2.0 in interval
    assert 2.1 not in interval


def test_metrics_take_intervals_and_leave_out_what_does_not_exist():
    metrics = with_intervals(
        {"cp": 1.3, "cpk": None, "n": 10, "pooled": False},
        {"cp": Interval(1.1, 1.5, 0.95, "χ²"), "cpk": Interval(0, 1, 0.95, ""), "n": None},
    )
    assert metrics == {"cp": 1.3, "cp_low": 1.1, "cp_high": 1.5, "n": 10, "pooled": False}
    assert list(metrics) == ["cp", "cp_low", "cp_high", "n", "pooled"]
