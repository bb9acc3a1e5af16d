"""Parameters cells, execution, the report and the Excel template, on a small chapter of its own."""

import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import openpyxl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from qtools import data, notebook, workbook
from qtools.errors import QualityDataError
from qtools.workbook import report as html
from qtools.workbook.parameters import Parameter, parse

REPO = Path(__file__).parents[2]
PARAMS = """data = "flowrate"  # 数据：数据集名，或文件的路径
value = "流量"  # 数值列
# 规范
usl: float | None = None  # 上规范限；
                          # 不知道就不填
keep = 10  # 只用前几个"""
CELLS = [
    new_markdown_cell(
        "# 小章\n\nN900 · L1 · 约 5 分钟\n\n**决定：** 稳不稳？[别章](../msa/gage-rr.md)",
        id="title",
    ),
    new_code_cell(PARAMS, id="params", metadata={"tags": ["parameters"]}),
    new_markdown_cell("只属于书的故事", id="story", metadata={"tags": ["course"]}),
    new_code_cell("raise ValueError('课上的格')", id="trap", metadata={"tags": ["course"]}),
    new_code_cell(
        "import qtools as qt\ndf = qt.load(data, columns=[value]).head(keep)\n"
        "assert usl is None or usl > 0, '公差要大于零'\ndf.head(2)",
        id="load",
    ),
    new_code_cell(
        'qt.record({"n": len(df), "mean": float(qt.frames.numbers(df, value).mean())})\n'
        'qt.say("共 {n} 个，$\\\\bar x$ = {mean:.3f}")',
        id="say",
    ),
    new_markdown_cell(
        "## 图\n\n$$\\bar x = 1$$\n\n:::{note}\n见{term}`控制图`。\n:::\n\n"
        "```{tip} 题目\n内容\n```\n\n```{math}\na=b\n```\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n\n"
        "[外部](https://example.org) ![图](x.png)\n\n```text\nqtools run\n```",
        id="figure",
    ),
    new_code_cell(
        "import plotly.graph_objects as go\nfrom qtools import theme\n"
        "fig = theme.new_figure()\nfig.add_scatter(y=[1, 2, 3])\n"
        'theme.finish(fig, title="图题", alt="三个点上升")',
        id="plot",
    ),
    new_code_cell(
        "# 交叉核对：求和\nprint('<b>', sum(range(4)))", id="x", metadata={"tags": ["fold"]}
    ),
    new_code_cell("import sys; print('小心', file=sys.stderr)", id="warn"),
]
ABOUT = {"id": "N900", "level": "L1", "data": ["flowrate"], "exercises": ["t"], "policy": ["2.3"]}


def write(top: Path, name: str, cells: list, about: dict = ABOUT) -> Path:
    path = top / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata={"qtools": about}), path)
    return path


@pytest.fixture(scope="module")
def top(tmp_path_factory):
    """A root with one data set and one chapter."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(REPO / "data" / "flowrate", root / "data" / "flowrate")
    write(root, "t/mini", CELLS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "root", lambda: root)
        data.card.cache_clear()
        yield root
    data.card.cache_clear()


# --- parameters ----------------------------------------------------------------------------------


def test_parameters_are_read_from_the_syntax():
    assert parse(PARAMS) == (
        Parameter("data", "flowrate", "str", "数据：数据集名，或文件的路径"),
        Parameter("value", "流量", "str", "数值列"),
        Parameter("usl", None, "float | None", "上规范限；不知道就不填"),
        Parameter("keep", 10, "int", "只用前几个"),
    )


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("x = True", "bool"),
        ("x = -1.5", "float"),
        ("x = None", "str | None"),
        ('x = ("炉次", "炉区")', "list[str]"),
        ("x: list[str] | None = None", "list[str] | None"),
        ("x: tuple[float, ...] = ()", "list[float]"),
        ("x: list[int] = []", "list[int]"),
        ("x = [\n  1.0,  # 第一\n  2.0,\n]  # 两个数", "list[float]"),
    ],
)
def test_types_of_defaults_and_annotations(line, kind):
    (found,) = parse(line)
    assert found.type == kind


def test_help_of_a_value_over_several_lines_stands_behind_its_end():
    assert parse("x = [\n  1.0,  # 第一\n  2.0,\n]  # 两个数")[0].help == "两个数"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import os", "第 1 行"),
        ("x = 1\nx.y = 2", "第 2 行"),
        ("x: int", "第 1 行"),
        ("x = 1 + n", "“x”的默认值"),
        ("x = {1: 2}", "“x”的类型"),
        ("x = [1, 'a']", "“x”的类型"),
        ("x: int | str = 1", "“x”的类型"),
        ("x = (", "合法的 Python"),
    ],
)
def test_a_cell_with_anything_else_is_refused(source, what):
    with pytest.raises(QualityDataError, match=f"某章.*{what}"):
        parse(source, "某章")


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("float", "１２．５", 12.5),
        ("float", "−3", -3.0),
        ("float", 4, 4.0),
        ("int", "10", 10),
        ("int", 10.0, 10),
        ("float | None", "无", None),
        ("float | None", "None", None),
        ("float | None", None, None),
        ("bool", "是", True),
        ("bool", False, False),
        ("str", "流量", "流量"),
        ("str | None", "", None),
        ("list[str]", "炉次，炉区", ["炉次", "炉区"]),
        ("list[str] | None", "None", None),
        ("list[float]", (80, 60), [80.0, 60.0]),
    ],
)
def test_values_become_their_type(kind, typed, value):
    got = Parameter("x", None, kind, "").convert(typed)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("float", "abc"),
        ("float", "nan"),
        ("float", "1_0"),
        ("float", None),
        ("int", "1.5"),
        ("bool", "也许"),
        ("str", ""),
        ("str", 3),
        ("list[str]", 3),
        ("list[float]", "1,b"),
    ],
)
def test_values_of_another_type_are_refused_by_option(kind, typed):
    with pytest.raises(QualityDataError, match="--alpha-pool"):
        Parameter("alpha_pool", None, kind, "阈值").convert(typed)


# --- chapters ------------------------------------------------------------------------------------


def test_chapters_describe_themselves(top):
    (found,) = workbook.chapters()
    assert (found.name, found.id, found.title, found.level) == ("t/mini", "N900", "小章", "L1")
    assert (found.data, found.exercises, found.policy) == (("flowrate",), ("t",), ("2.3",))
    assert [p.option for p in found.parameters] == ["--data", "--value", "--usl", "--keep"]
    assert workbook.chapter("notebooks/t/mini.ipynb") == found


@pytest.mark.parametrize("name", ["mini", "t/mimi", "../t/mini", "x"])
def test_an_unknown_chapter_lists_its_neighbours(top, name):
    with pytest.raises(QualityDataError, match="t/mini"):
        workbook.chapter(name)


def test_a_chapter_without_number_or_heading_is_named(top, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    write(tmp_path, "t/bare", [new_markdown_cell("没有标题")])
    with pytest.raises(QualityDataError, match="t/bare 缺少标题或编号"):
        workbook.chapters()


def test_a_chapter_needs_no_parameters(top, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    write(tmp_path, "t/plain", [new_markdown_cell("# 空")], {"id": "N1"})
    assert workbook.chapters()[0].parameters == ()
    with pytest.raises(QualityDataError, match="没有模板"):
        workbook.template("t/plain", tmp_path / "x.xlsx")


# --- execution and report ------------------------------------------------------------------------


class Page(HTMLParser):
    """Addresses, visible text and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.skip = 0
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.skip += tag in ("script", "style")
        named = dict(attrs)
        self.links += [named[key] for key in ("src", "href", "action") if named.get(key)]

    def handle_endtag(self, tag):
        self.skip -= tag in ("script", "style")

    def handle_data(self, text):
        self.text += "" if self.skip else text


@pytest.fixture(scope="module")
def report(top, tmp_path_factory):
    """The chapter on a reader's own CSV, from the folder that holds it."""
    folder = tmp_path_factory.mktemp("own")
    own = "流量,备注\n" + "\n".join(f"{x},甲" for x in (1.5, 2.5, 3.5, 4.5))
    (folder / "我的 <数据>.csv").write_text(own, encoding="utf-8-sig")
    steps = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        values = {"data": "我的 <数据>.csv", "usl": "10", "keep": 3}
        path = workbook.run(
            "t/mini", values, "报告.html", progress=lambda *step: steps.append(step)
        )
    assert path == Path("报告.html")
    assert sorted(p.name for p in folder.iterdir()) == ["我的 <数据>.csv", "报告.html"]
    return folder / path, steps


def test_report_shows_the_readers_numbers(report):
    page = Page(report[0].read_text(encoding="utf-8"))
    assert "共 3 个" in page.text
    assert "= 2.500" in page.text  # (1.5 + 2.5 + 3.5) / 3
    assert "我的 <数据>.csv" in page.text
    assert "只属于书的故事" not in page.text
    assert "N900 · L1" not in page.text
    for name in ("上规范限；不知道就不填", "（默认）", "qtools 0", "小章", "说明", "题目"):
        assert name in page.text


def test_report_stands_alone(report):
    text = report[0].read_text(encoding="utf-8")
    page = Page(text)
    assert page.links == ["https://example.org"]  # an author's link, followed only by a reader
    assert text.startswith('<!doctype html>\n<html lang="zh-CN">')
    assert text.count("plotly.js v") == 1
    assert "window.MathJax" in text
    assert report[0].stat().st_size < 9_000_000
    assert page.tags.count("script") == page.text.count("</script") + len(
        re.findall(r"</script>", text)
    )
    assert 'aria-label="三个点上升"' in text
    assert "default-src 'none'" in text
    assert str(report[0].parent) not in page.text


def test_report_folds_code_and_keeps_output_safe(report):
    text = report[0].read_text(encoding="utf-8")
    body = text[text.index("<main>") : text.index("</main>")]
    assert "<summary>代码</summary>" in body
    assert "<summary>交叉核对：求和</summary>" in body
    assert "&lt;b&gt; 6" in body
    assert "<summary>运行时的提示</summary>" in body
    assert "控制图" in body
    assert "myst" not in body
    assert "<b>" not in body
    assert "qt-frame" in body  # the data frame wears the book's dress
    assert "dataframe" not in body


def test_progress_counts_to_the_end(report):
    steps = report[1]
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert steps[-1][0] == steps[-1][1]


def test_report_without_figure_or_formula_is_small(top, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    write(tmp_path, "t/small", [new_markdown_cell("# 小"), new_code_cell("1 + 1")], {"id": "N1"})
    path = workbook.run("t/small", {}, tmp_path / "r.html")
    assert path.stat().st_size < 60_000
    assert "<pre>2</pre>" in path.read_text(encoding="utf-8")


def test_report_of_other_contents(top):
    outputs = [
        {"output_type": "display_data", "data": {}, "metadata": {"qtools": {"a": 1}}},
        {"output_type": "stream", "name": "stdout", "text": "\n"},
        {"output_type": "display_data", "data": {"text/html": "<i>斜</i>"}, "metadata": {}},
        {"output_type": "display_data", "data": {"application/x": "?"}, "metadata": {}},
    ]
    source = "```nolang\nx\n```\n\n```{toctree}\n:depth: 2\n\n其余\n```\n\n`````\n缩进\n`````"
    cells = [
        new_markdown_cell("# 题"),
        new_markdown_cell(source),
        new_code_cell("", outputs=[]),
        nbformat.from_dict({**new_code_cell("1"), "outputs": outputs}),
        nbformat.v4.new_raw_cell("原样"),
        new_code_cell("np.mean(x)", metadata={"tags": ["fold"]}),
    ]
    found = workbook.Chapter(
        "t/b", Path("b"), "N1", "题", "L1",
        parameters=(
            Parameter("levels", ["炉次", "炉区"], "list[str]", "层"),
            Parameter("cuts", (), "list[float]", "分割"),
            Parameter("data", "flowrate", "str", "数据"),
        ),
    )  # fmt: skip
    page = Page(html.render(new_notebook(cells=cells), found, {"cuts": [1.5, 2.0]}))
    for text in ("炉次、炉区", "1.5、2", "手册自带数据", "其余", "斜", "交叉核对", "缩进"):
        assert text in page.text
    assert ":depth:" not in page.text
    assert "原样" not in page.text
    assert "script" not in page.tags
    cells.append(new_markdown_cell("只有正文里的公式 $x$"))
    assert "window.MathJax" in html.render(new_notebook(cells=cells), found, {})


def test_execute_runs_in_this_python_and_leaves_no_trace(tmp_path):
    cells = [
        new_markdown_cell("# x"),
        new_code_cell("x = 1", metadata={"tags": ["parameters"]}),
        new_code_cell(
            "import os, sys, qtools as qt\n"
            "qt.record({'x': x, 'python': sys.executable, 'files': len(os.listdir())})"
        ),
    ]
    path = write(tmp_path, "t/x", cells)
    before = path.read_bytes()
    out = workbook.execute(path, {"x": 5})
    assert notebook.recorded(out) == {"x": 5, "python": sys.executable, "files": 0}
    assert path.read_bytes() == before
    assert "papermill" not in nbformat.writes(out)
    injected = [cell for cell in out.cells if "injected-parameters" in workbook.tags(cell)]
    assert len(injected) == 1
    again = workbook.execute(path)
    assert notebook.recorded(again)["x"] == 1
    assert not any("injected-parameters" in workbook.tags(cell) for cell in again.cells)


def test_two_cells_recording_one_name_stop_the_notebook(tmp_path):
    cells = [new_code_cell("import qtools as qt\nqt.record({'a': 1})") for _ in range(2)]
    path = write(tmp_path, "t/twice", [new_markdown_cell("# x"), *cells])
    with pytest.raises(QualityDataError, match="“a”已经记录过"):
        workbook.execute(path)


def test_a_data_error_arrives_as_its_own_message(top, tmp_path):
    (tmp_path / "a.csv").write_text("重量\n1\n2\n", encoding="utf-8")
    with pytest.raises(QualityDataError) as caught:
        workbook.run("t/mini", {"data": str(tmp_path / "a.csv")}, tmp_path / "r.html")
    message = str(caught.value)
    assert "流量" in message
    assert "重量" in message
    assert "a.csv" in message
    assert "Traceback" not in message
    assert not (tmp_path / "r.html").exists()


def test_any_other_error_names_chapter_and_cell(top, tmp_path):
    old = tmp_path / "r.html"
    old.write_text("旧报告", encoding="utf-8")
    with pytest.raises(workbook.NotebookError, match=r"t/mini 的单元格 load.*公差要大于零"):
        workbook.run("t/mini", {"usl": -1}, old)
    assert old.read_text(encoding="utf-8") == "旧报告"
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


def test_a_kernel_that_dies_is_told(tmp_path):
    cells = [new_markdown_cell("# x"), new_code_cell("import os\nos._exit(3)")]
    with pytest.raises(workbook.NotebookError, match=r"t/dies：.*意外退出"):
        workbook.execute(write(tmp_path, "t/dies", cells))


def test_a_kernel_that_lost_its_port_starts_again(tmp_path, monkeypatch):
    import papermill

    path = write(tmp_path, "t/again", [new_markdown_cell("# x"), new_code_cell("print(6 * 7)")])
    real, starts = papermill.execute_notebook, []

    def unlucky(times):
        def execute_notebook(*args, **kwargs):
            starts.append(1)
            if len(starts) <= times:
                raise RuntimeError("Kernel died before replying to kernel_info")
            return real(*args, **kwargs)

        return execute_notebook

    monkeypatch.setattr(papermill, "execute_notebook", unlucky(2))
    assert workbook.execute(path).cells[1].outputs[0].text == "42\n"
    assert len(starts) == 3
    starts.clear()
    monkeypatch.setattr(papermill, "execute_notebook", unlucky(3))
    with pytest.raises(workbook.NotebookError, match=r"t/again：.*没有启动"):
        workbook.execute(path)
    assert len(starts) == 3


@pytest.mark.parametrize(
    ("values", "output", "what"),
    [
        ({"valeu": "x"}, "r.html", "没有参数 --valeu。你要的是不是 --value"),
        ({"keep": "很多"}, "r.html", "--keep 要一个整数"),
        ({"data": "没有.csv"}, "r.html", "没有.csv"),
        ({}, "r.pdf", "不是 .html"),
        ({}, "没有/r.html", "不存在"),
    ],
)
def test_run_refuses_before_it_executes(top, tmp_path, monkeypatch, values, output, what):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workbook, "execute", lambda *_, **__: pytest.fail("执行了"))
    with pytest.raises(QualityDataError, match=what):
        workbook.run("t/mini", values, output)


def test_a_folder_is_no_output(top, tmp_path):
    (tmp_path / "r.html").mkdir()
    with pytest.raises(QualityDataError, match="是一个文件夹"):
        workbook.run("t/mini", {}, tmp_path / "r.html")


def test_a_file_that_cannot_be_replaced_is_told(tmp_path, monkeypatch):
    def locked(*_):
        raise PermissionError(13, "locked")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(QualityDataError, match=r"“a.html”写不进去"):
        workbook.write_whole(tmp_path / "a.html", b"x")
    assert list(tmp_path.iterdir()) == []


# --- template ------------------------------------------------------------------------------------


def test_template_filled_with_its_example_runs(top, tmp_path):
    path = workbook.template("t/mini", tmp_path / "模板.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:3] == ["数据", "示例", "说明"]
    assert [cell.value for cell in book["数据"][1]] == ["流量"]
    example = list(book["示例"].iter_rows(min_row=2, values_only=True))
    assert len(example) == 10
    for row in example:
        book["数据"].append(row)
    book.save(path)
    found = workbook.chapter("t/mini")
    nb = workbook.execute(found.path, workbook.resolve(found, {"data": str(path)}), course=False)
    assert notebook.recorded(nb)["n"] == 10
    # the e-Handbook's mean of the ten flow rates (6.3.2.2)
    assert notebook.recorded(nb)["mean"] == pytest.approx(50.81, abs=0.005)


def test_template_that_was_not_filled_in_says_where_to_write(top, tmp_path, monkeypatch):
    path = workbook.template("t/mini", tmp_path / "模板.xlsx")
    monkeypatch.setattr(workbook, "execute", lambda *_, **__: pytest.fail("执行了"))
    with pytest.raises(QualityDataError, match=r"请先在工作表“数据”里填.*工作表“示例”"):
        workbook.run("t/mini", {"data": str(path)}, tmp_path / "r.html")


def test_template_explains_and_checks(top, tmp_path):
    book = openpyxl.load_workbook(workbook.template("t/mini", tmp_path / "a b.xlsx"))
    told = [cell for row in book["说明"].iter_rows(values_only=True) for cell in row if cell]
    assert 'qtools run t/mini --data "a b.xlsx" -o 报告.html' in told
    for p in workbook.chapter("t/mini").parameters:
        assert p.option in told
        assert p.help in told
    (rule,) = book["数据"].data_validations.dataValidation
    assert rule.type == "decimal"
    assert "A2" in rule.sqref


def test_template_offers_names_of_text_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "root", lambda: REPO)
    book = openpyxl.load_workbook(workbook.template("msa/gage-rr", tmp_path / "g.xlsx"))
    assert [cell.value for cell in book["数据"][1]] == ["零件", "检验员", "读数"]
    names = [cell[0] for cell in book["名单"].iter_rows(values_only=True)]
    assert names == ["检验员名单", "A", "B", "C"]
    rules = {rule.type: rule for rule in book["数据"].data_validations.dataValidation}
    assert rules["list"].formula1.startswith("名单!$A$2")
    assert "B2" in rules["list"].sqref
    assert "C2" in rules["decimal"].sqref


def test_template_overwrites_only_when_told(top, tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"mine")
    with pytest.raises(QualityDataError, match="--force"):
        workbook.template("t/mini", path)
    assert path.read_bytes() == b"mine"
    workbook.template("t/mini", path, force=True)
    assert openpyxl.load_workbook(path).sheetnames[0] == "数据"
    with pytest.raises(QualityDataError, match=r"不是 \.xlsx"):
        workbook.template("t/mini", tmp_path / "t.xls")


def test_the_decision_comes_first():
    cells = [
        *(new_markdown_cell("## 情境", id="scene"), new_code_cell("1", id="load")),
        *(new_markdown_cell("## 答案", id="answer"), new_code_cell("2", id="answer-say")),
        new_markdown_cell("## 手算", id="by-hand"),
    ]
    order = [cell["id"] for cell in html._decision_first(cells)]
    assert order == ["answer", "answer-say", "scene", "load", "by-hand"]
    assert html._decision_first(cells[:2]) == cells[:2]


def test_help_outside_a_notebook_does_not_ask_for_none():
    limit = Parameter("lsl", None, "float | None", "下限；没有就写 None")
    assert limit.told == "下限；没有就不写"
    with pytest.raises(QualityDataError, match="没有就不写。只写数字，不带单位"):
        limit.convert("4 mm")


def test_a_chapter_is_found_by_its_number(top):
    assert workbook.chapter("n900").name == "t/mini"


@pytest.mark.parametrize(
    ("parameter", "typed", "said"),
    [
        (Parameter("tolerance", None, "float | None", "公差"), "±0.1", "±0.1 要写成 0.2"),
        (Parameter("tolerance", None, "float | None", "公差"), "0.2mm", "只写数字，不带单位"),
        (Parameter("limit", None, "float | None", "差值"), "±0.1", "不带 ± 和单位"),
        (Parameter("confidence", 0.95, "float", "置信水平"), "95%", "95% 要写成 0.95"),
        (Parameter("cut", 80.0, "float", "减百分之几"), "95％", "95％ 要写成 95。"),
    ],
)
def test_numbers_written_otherwise_are_told_how(parameter, typed, said):
    wanted = "要一个数（可不填）" if parameter.optional else "要一个数，"
    with pytest.raises(QualityDataError) as caught:
        parameter.convert(typed)
    assert wanted in str(caught.value)
    assert said in str(caught.value)


def test_columns_of_a_file_that_was_not_given_are_refused():
    lines = "data = 'flowrate'  # 数据", "data_check: str | None = None  # 另一个文件"
    lines = *lines, "check_value: str | None = None  # 其中的列"
    found = workbook.Chapter("t/two", Path(), "", "", "", parameters=parse("\n".join(lines)))
    with pytest.raises(QualityDataError, match="写了 --check-value，却没有写 --data-check"):
        workbook.resolve(found, {"check_value": "读数"})
    both = {"data_check": "flowrate", "check_value": "流量"}
    assert workbook.resolve(found, both) == both
