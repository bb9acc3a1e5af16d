"""Numbers recorded and said; exercises read from a bank and judged."""

import math
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtools import data, notebook
from qtools.errors import QualityDataError
from qtools.notebook import answers, bank
from qtools.notebook.answers import judge, parse


@pytest.fixture(autouse=True)
def _fresh():
    notebook.forget()
    yield
    notebook.forget()


class Shell:
    """A kernel as far as the notebook module sees it."""

    def __init__(self) -> None:
        self.execution_count = 1
        self.cell: str | None = "a"
        self.kernel = types.SimpleNamespace(
            get_parent=lambda _: {"metadata": {"cellId": self.cell} if self.cell else {}}
        )

    def runs(self, cell: str | None) -> None:
        self.execution_count += 1
        self.cell = cell


@pytest.fixture
def shell(monkeypatch):
    """A fake kernel, and the list of outputs that were displayed."""
    fake, shown = Shell(), []
    monkeypatch.setattr(notebook, "_shell", lambda: fake)
    monkeypatch.setattr(
        "IPython.display.display",
        lambda bundle, metadata, **_: shown.append({"data": bundle, "metadata": metadata or {}}),
    )
    fake.shown = shown
    return fake


# --- record and say ------------------------------------------------------------------------------


def test_record_keeps_builtin_types_and_shows_nothing(shell):
    notebook.record(
        {"x": np.float64(1.5), "n": np.int64(3), "ok": np.bool_(True), "who": np.str_("张三")}
    )
    (output,) = shell.shown
    assert output["data"] == {}
    stored = output["metadata"]["qtools"]
    assert stored == {"x": 1.5, "n": 3, "ok": True, "who": "张三"}
    assert [type(value) for value in stored.values()] == [float, int, bool, str]


def test_recorded_collects_over_cells():
    cells = [
        {"cell_type": "markdown", "source": ""},
        {"outputs": [{"metadata": {"qtools": {"a": 1}}}, {"metadata": {}}]},
        {"outputs": [{"output_type": "stream"}, {"metadata": {"qtools": {"b": 2}}}]},
    ]
    assert notebook.recorded({"cells": cells}) == {"a": 1, "b": 2}


def test_a_cell_run_again_replaces_what_it_recorded(shell, capsys):
    notebook.record({"a": 1, "old": 1})
    shell.runs("b")
    notebook.record({"b": 5})
    shell.runs("a")
    notebook.record({"a": 2})
    notebook.record({"c": 3})  # a second call of the same run adds
    notebook.say("{a} {b} {c}")
    assert shell.shown[-1]["data"]["text/markdown"] == "2 5 3"
    with pytest.raises(QualityDataError, match="old"):
        notebook.say("{old}")


def test_two_cells_may_not_record_one_name(shell):
    notebook.record({"a": 1})
    shell.runs("b")
    with pytest.raises(QualityDataError, match="“a”已经记录过"):
        notebook.record({"a": 1})


def test_a_batch_run_sends_no_cell_id_and_still_refuses(shell):
    shell.runs(None)
    notebook.record({"a": 1})
    shell.runs(None)
    with pytest.raises(QualityDataError, match="“a”已经记录过"):
        notebook.record({"a": 1})


def test_one_run_may_not_record_a_name_twice(shell):
    notebook.record({"a": 1}, prefix="p")
    with pytest.raises(QualityDataError, match="“p_a”已经记录过"):
        notebook.record({"p_a": 1})


def test_a_refused_record_leaves_nothing_behind():
    with pytest.raises(QualityDataError):
        notebook.record({"good": 1, "bad": math.nan})
    notebook.record({"good": 2})


@pytest.mark.parametrize("value", [math.nan, math.inf, np.float64("-inf")])
def test_numbers_that_are_none_are_refused_by_name(value):
    with pytest.raises(QualityDataError, match="run_cpk"):
        notebook.record({"cpk": value}, prefix="run")


def test_what_cannot_be_recorded(shell):
    with pytest.raises(QualityDataError, match="“x”是 list"):
        notebook.record({"x": [1, 2]})
    with pytest.raises(QualityDataError, match="“均值”不能用"):
        notebook.record({"均值": 1.0})
    with pytest.raises(QualityDataError, match="收到的是 float"):
        notebook.record(3.5)


def test_say_formats(shell):
    notebook.record({"x": 27.8604, "n": 90, "ok": True, "name": "s̄/c₄", "big": 12345.678})
    notebook.say("{x} {x:.1f} {n} {ok} {name} {big} $\\bar{{x}}$")
    text = "27.86 27.9 90 是 s̄/c₄ 12346 $\\bar{x}$"
    assert shell.shown[-1]["data"] == {"text/markdown": text, "text/plain": text}


def test_say_names_near_keys():
    notebook.record({"anova_ndc": 4, "range_ndc": 5})
    with pytest.raises(QualityDataError, match=r"“anova_ncd”.*anova_ndc"):
        notebook.say("{anova_ncd}")


@pytest.mark.parametrize("text", ["{x", "{}", "{x.real}", "{x[0]}", "{0}", "{x:.2q}", "}"])
def test_say_refuses_malformed_fields(text):
    notebook.record({"x": 1.5})
    with pytest.raises(QualityDataError):
        notebook.say(text)


def test_say_without_numbers_says_that_there_are_none():
    with pytest.raises(QualityDataError, match="还没有"):
        notebook.say("{x}")


def test_a_plain_process_prints(capsys):
    notebook.record({"n": 168})
    notebook.say("{n} 个")
    assert capsys.readouterr().out == "168 个\n"


# --- the bank ------------------------------------------------------------------------------------

BANK = """
- id: t-01
  level: 1
  kind: 计算
  prompt: 有 {n} 个数，%GRR 是多少？
  unit: "%"
  values: {n: "len([1, 2, 3])"}
  answer: "27.86"
  tolerance: {abs: 0.05}
  mistakes:
    - {answer: "26.68", hint: "这是极差法（{answer:.2f} 才对）。"}
    - {answer: "7.76", hint: 这是贡献率。}
  hint: 先求 GRR 的标准差。
  solution: "得 **{answer:.2f} %**，n = {n}。"
- id: t-02
  level: 2
  kind: 判读
  prompt: 选一个
  options: [甲, "乙 {k:.1f}"]
  values: {k: "1.25"}
  answer: "2"
  tolerance: {abs: 0}
  mistakes: [{answer: "1", hint: 再想想。}]
  hint: 看乙。
  solution: 乙。
- id: t-03
  level: 3
  kind: 找错
  prompt: 相对容差
  answer: "np.float64(200.0)"
  tolerance: {rel: 0.01}
  hint: 无
  solution: 二百。
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write ``t.yml`` under a root of its own."""
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    (tmp_path / "book" / "exercises").mkdir(parents=True)

    def write_bank(text: str = BANK, name: str = "t.yml") -> Path:
        path = tmp_path / "book" / "exercises" / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_bank


def test_payload_is_all_a_page_needs(write):
    write()
    item = bank.payload("t-01")
    assert item["prompt"] == "有 3 个数，%GRR 是多少？"
    assert item["answer"] == 27.86
    assert item["tolerance"] == 0.05
    assert item["mistakes"][0] == {"answer": 26.68, "hint": "这是极差法（27.86 才对）。"}
    assert item["mistakes"][-1]["answer"] == pytest.approx(0.2786)  # a share for a percentage
    assert item["solution"] == "得 **27.86 %**，n = 3。"
    assert bank.payload("t-02")["options"] == ["甲", "乙 1.2"]
    assert bank.payload("t-02")["answer"] == 2
    assert bank.payload("t-03")["tolerance"] == pytest.approx(2.0)
    assert bank.ids("t") == ["t-01", "t-02", "t-03"]
    assert bank.banks() == ["t"]
    assert notebook.validate_bank("t") == []


@pytest.mark.parametrize("answer", [None, "", "  ", "　", ...])
def test_no_answer(write, answer):
    write()
    assert judge("t-01", answer).state == "未作答"


@pytest.mark.parametrize(
    "answer",
    [
        *(27.86, 27.9, "27.86", "27,86", "２７．８６％", "27.86 %", " 27.86％ ", "+27.86"),
        *(np.float32(27.86), np.array([27.86]), np.float64(27.81), "２７，８６"),
    ],
)
def test_right_answers_in_every_spelling(write, answer):
    write()
    assert judge("t-01", answer).state == "正确"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (26.68, "极差法"),
        ("7,76", "贡献率"),
        ("7.8", "贡献率"),  # 7.76 rounded
        (28, "数对了，位数不够"),
        (0.2786, "百分数"),
        ("0.2786", "百分数"),
        (99, "先求 GRR"),
        ("不知道", "一个数"),
        (math.nan, "一个数"),
        ("inf", "一个数"),
        (True, "一个数"),
        ([1, 2], "一个数"),
    ],
)
def test_wrong_answers_get_the_hint_that_fits(write, answer, hint):
    write()
    outcome = judge("t-01", answer)
    assert outcome.state == "不对"
    assert hint in outcome.message


def test_options_are_answered_by_number(write):
    write()
    assert judge("t-02", 2).state == "正确"
    assert judge("t-02", "１").message == "再想想。"
    assert "序号" in judge("t-02", "乙").message


def test_relative_tolerance(write):
    write()
    assert judge("t-03", 198).state == "正确"
    assert judge("t-03", 197.9).state == "不对"


@given(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)))
def test_one_number_however_it_is_typed(number):
    text = f"{number:.3f}"
    full = text.translate({ord(a): ord(a) + 0xFEE0 for a in "0123456789.-"})
    for typed in (text, text.replace(".", ","), full, text.replace("-", "−"), f"{text} mm"):
        assert parse(typed, "mm") == number
    assert parse(f"{number:,.3f}") == number


def test_thousands_and_underscores():
    assert parse("1,234,567") == 1234567
    assert math.isnan(parse("1_000"))


def test_displays_in_a_notebook(write, shell):
    write()
    notebook.exercise("t-01")
    output = shell.shown[-1]["data"]
    assert output[notebook.EXERCISE_MIME] == bank.payload("t-01")
    assert "单位：%" in output["text/markdown"]
    notebook.exercise("t-02")
    assert "2. 乙 1.2" in shell.shown[-1]["data"]["text/markdown"]
    said = []
    for step in (
        lambda: notebook.check("t-01"),
        lambda: notebook.check("t-01", 1),
        lambda: notebook.check("t-01", "27,86"),
        lambda: notebook.hint("t-01"),
        lambda: notebook.solution("t-01"),
    ):
        step()
        said.append(shell.shown[-1]["data"]["text/markdown"])
    assert ["未作答" in said[0], "不对" in said[1], "正确" in said[2]] == [True] * 3
    assert "先求 GRR" in said[3]
    assert "27.86 %" in said[4]
    assert shell.shown[-1]["metadata"] == {}  # nothing is recorded by an exercise


def test_an_author_who_saves_the_bank_sees_the_change(write):
    import os

    path = write()
    assert judge("t-01", 27.86).state == "正确"
    write(BANK.replace('answer: "27.86"', 'answer: "30"'))
    os.utime(path, ns=(1, 1))
    assert judge("t-01", 30).state == "正确"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('answer: "27.86"', 'answer: "1 / 0"', "answer"),
        ('answer: "27.86"', "answer: \"float('nan')\"", "answer"),
        ('answer: "27.86"', "answer: \"'text'\"", "answer"),
        ("tolerance: {abs: 0.05}", "tolerance: 0.05", "tolerance"),
        ("tolerance: {abs: 0.05}", "tolerance: {abs: -1}", "tolerance"),
        ("kind: 计算", "kind: 计祘", "kind"),
        ("level: 1", "level: 4", "level"),
        ("hint: 先求 GRR 的标准差。", "hint: ''", "hint"),
        ('values: {n: "len([1, 2, 3])"}', 'values: {n: "nowhere"}', "values.n"),
        ("有 {n} 个数", "有 {m} 个数", "prompt"),
        ('{answer: "7.76", hint: 这是贡献率。}', '{answer: "7.76"}', "mistakes[2]"),
        ('solution: "得', 'soluton: x\n  solution: "得', "soluton"),
    ],
)
def test_a_fault_is_named_by_file_id_and_field(write, old, new, field):
    assert old in BANK
    write(BANK.replace(old, new, 1))
    with pytest.raises(QualityDataError) as caught:
        bank.payload("t-01")
    message = str(caught.value)
    assert message.startswith(f"题库 t.yml 的 t-01，字段 {field}：")
    assert [message] == notebook.validate_bank("t")


def test_an_option_that_does_not_exist_cannot_be_the_answer(write):
    write(BANK.replace('answer: "2"\n', 'answer: "3"\n'))
    with pytest.raises(QualityDataError, match="1 到 2"):
        bank.payload("t-02")


def test_the_prompt_may_not_give_the_answer_away(write):
    write(BANK.replace("有 {n} 个数", "是 {answer}"))
    with pytest.raises(QualityDataError, match="字段 prompt"):
        bank.payload("t-01")


def test_validation_finds_what_one_exercise_alone_does_not_show(write):
    text = BANK.replace('"26.68"', '"27.84"').replace("id: t-03", "id: u-03")
    write(text + BANK.replace("id: t-01", "id: t-02", 1).split("- id: t-02\n  level: 2")[0])
    problems = notebook.validate_bank("t")
    assert any("t-01：第 1 个典型错误落在答案的容差之内" in line for line in problems)
    assert any("t-02：id 重复" in line for line in problems)
    assert any("u-03：id 应写成" in line for line in problems)


def test_unknown_names_and_broken_files(write):
    write()
    with pytest.raises(QualityDataError, match="找不到题库“spc”；现有的题库：t"):
        bank.payload("spc-01")
    with pytest.raises(QualityDataError, match="没有“t-09”；现有的题：t-01、t-02、t-03"):
        bank.payload("t-09")
    write("- id: [", "broken.yml")
    with pytest.raises(QualityDataError, match=r"broken.yml 不是合法的 YAML"):
        bank.payload("broken-01")
    assert len(notebook.validate_bank("broken")) == 1
    write("id: x", "flat.yml")
    with pytest.raises(QualityDataError, match="应当是一个列表"):
        bank.payload("flat-01")


def test_outcome_has_three_states():
    assert set(answers.State.__args__) == {"未作答", "不对", "正确"}
