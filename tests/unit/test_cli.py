"""The command line: Chinese help and errors, exit codes, nothing half written."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from qtools import cli, console, data, site, workbook, workshop
from qtools.errors import QualityDataError

REPO = Path(__file__).parents[2]
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def top(tmp_path, monkeypatch):
    """A root with one chapter, and a folder of its own to work in."""
    root, folder = tmp_path / "root", tmp_path / "here"
    shutil.copytree(REPO / "data" / "flowrate", root / "data" / "flowrate")
    cells = [
        new_markdown_cell("# 小章", id="title"),
        new_code_cell(
            'data = "flowrate"  # 数据\nvalue = "流量"  # 数值列\n'
            "lsl: float | None = None  # 下限\nusl: float | None = 53.0  # 上限\n"
            'levels = ["a", "b"]  # 层\nshare = 0.5  # 比例',
            id="params",
            metadata={"tags": ["parameters"]},
        ),
    ]
    (root / "notebooks" / "t").mkdir(parents=True)
    about = {"id": "N900", "level": "L1", "data": ["flowrate"]}
    nbformat.write(
        new_notebook(cells=cells, metadata={"qtools": about}), root / "notebooks/t/mini.ipynb"
    )
    folder.mkdir()
    monkeypatch.setattr(data, "root", lambda: root)
    monkeypatch.chdir(folder)
    data.card.cache_clear()
    yield root
    data.card.cache_clear()


@pytest.fixture
def call(capsys):
    """Run a command; exit code, stdout, stderr."""

    def run(*words):
        code = cli.invoke(list(words))
        done = capsys.readouterr()
        assert "Traceback" not in done.err
        return code, done.out, done.err

    return run


# --- help and usage ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        *("", "list", "template", "build", "test", "lab", "serve", "new", "tidy"),
        *("data", "data check"),
    ],
)
def test_help_is_chinese(call, command):
    code, out, _ = call(*command.split(), "--help")
    assert code == 0
    assert "用法：" in out
    assert not re.search(r"Usage|Options|Arguments|Commands|Show this|OPTIONS|default", out)


def test_no_command_shows_the_help(call):
    code, out, err = call()
    assert code == 2
    assert "template" in out + err


def test_version(call):
    import qtools

    assert call("--version") == (0, f"qtools {qtools.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["nothing"], "没有命令“nothing”"),
        (["list", "--foo"], "没有选项 --foo"),
        (["list", "多余"], "多出来的内容：多余"),
        (["template"], "缺少 章"),
        (["template", "t/mini", "-o"], "-o 后面要写一个值"),
        (["template", "t/mini", "--force=1"], "--force 后面不写值"),
        (["build", "-j", "两个"], "-j 的值不对"),
        (["build", "-j", "0"], "-j 的值不对"),
        (["run"], "没有写是哪一章"),
        (["run", "t/mini", "--value"], "--value 后面要写一个值"),
        (["run", "t/mini", "--value", "--lsl", "3"], "--value 后面要写一个值"),
        (["run", "t/mini", "--lsl", "1", "--lsl", "2"], "--lsl 写了两次"),
        (["run", "t/mini", "另一个"], "看不懂“另一个”"),
        (["run", "t/mini", "-x", "1"], "看不懂“-x”"),
        (["run", "t/mini", "--valeu", "x"], "--valeu。你要的是不是 --value"),
        (["run", "t/mini", "--lsl", "低"], "--lsl 要一个数（可不填）"),
        (["run", "t/mini", "--data", "没有.csv"], "没有.csv"),
        (["run", "t/none"], "没有“t/none”这一章"),
        (["run", "t/mini", "-o", "r.txt"], "不是 .html"),
        (["template", "t/mini", "-o", "r.txt"], "不是 .xlsx"),
        (["tidy", "没有.ipynb"], "找不到"),
        (["serve"], "网站还没有生成"),
        (["test"], "没有测试"),
    ],
)
def test_misuse_is_told_in_chinese_and_ends_with_2(top, call, words, what):
    code, out, err = call(*words)
    assert code == 2
    assert what in err
    assert err.startswith(("错误：", "运行 "))
    assert "怎么办：" in err
    assert "报告：" not in out
    assert list(Path.cwd().iterdir()) == []


def test_a_complaint_without_translation_still_says_what_to_do():
    assert console.translate("Something new") == "命令写得不对：Something new"


# --- list, run, template -------------------------------------------------------------------------


def test_list_shows_chapters_and_parameters(top, call):
    code, out, _ = call("list")
    assert code == 0
    assert "t/mini　N900 L1　小章" in out
    assert "--data    数据　[文字，不写时用手册自带的 flowrate]" in out
    assert "--value   数值列　[文字，默认：流量，是手册自带数据的列名]" in out
    assert "--lsl     下限　[数，可不填]" in out
    assert "--usl     上限　[数，可不填，只有手册自带的数据用 53]" in out
    assert "默认：a,b]" in out


@pytest.mark.parametrize("words", [["run", "t/mini", "--help"], ["run", "-h", "t/mini"]])
def test_a_chapters_own_help(top, call, words):
    code, out, _ = call(*words)
    assert code == 0
    for text in ("用法：qtools run t/mini", "数值列", "--share", "-o, --output"):
        assert text in out


def test_help_of_run_without_a_chapter(call):
    code, out, _ = call("run", "--help")
    assert code == 0
    assert "qtools list" in out


@pytest.fixture
def ran(monkeypatch):
    """Calls of workbook.run, which itself does nothing."""
    calls = []

    def run(found, values, output, *, progress, **place):
        progress(1, 2)
        calls.append((found.name, values, str(output), place))
        return output

    monkeypatch.setattr(workbook, "run", run)
    return calls


def test_run_hands_over_what_was_typed(top, call, ran):
    words = "run t/mini --data a.csv --value=流量 --lsl -5 --levels 炉次,炉区 -o r.html"
    code, out, err = call(*words.split())
    assert (code, out) == (0, "报告：r.html\n")
    first, second, third = err.splitlines()
    assert first == "运行 t/mini：小章"
    assert "当作没有的参数：--usl。" in second
    assert "默认值的参数：--share 0.5。" in third
    values = {"data": "a.csv", "value": "流量", "lsl": "-5", "levels": "炉次,炉区"}
    assert ran == [("t/mini", values, "r.html", {"sheet": None, "header": None})]


def test_run_takes_sheet_and_header(top, call, ran):
    words = ["--data", "x/我的 数据.xlsx", "--sheet", "数据", "--header", "3"]
    assert call("run", "n900", *words)[1] == "报告：mini-我的 数据-数据-报告.html\n"
    assert ran[0][1] == {"data": "x/我的 数据.xlsx"}
    assert ran[0][3] == {"sheet": "数据", "header": 3}
    code, _, err = call("run", "t/mini", "--header", "三")
    assert code == 2
    assert "--header 要一个整数（可不填）" in err


def test_the_books_own_data_keep_the_books_limits(top, call, ran):
    _, _, err = call("run", "t/mini", "--data", "flowrate")
    assert "默认值的参数：--value 流量；--usl 53；" in err


def test_run_has_a_name_for_the_report(top, call, ran):
    assert call("run", "t/mini") == (
        0, "报告：mini-报告.html\n",
        "运行 t/mini：小章\n没有写 --data，用的是手册自带的数据 flowrate。\n",
    )  # fmt: skip
    assert ran[0][2] == "mini-报告.html"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (QualityDataError("列“读数”里有文字。", hint="改成数。", rows=[3]), 2),
        (workbook.NotebookError("t/mini 的单元格 load 出错"), 1),
        (PermissionError(13, "Permission denied", "r.html"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_of_the_work_become_exit_codes(top, call, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(workbook, "run", fail)
    got, out, err = call("run", "t/mini")
    assert got == code
    assert out == ""
    assert CHINESE.search(err.splitlines()[-1])
    if code == 2:
        assert err.endswith("错误：列“读数”里有文字。\n有问题的行：第 3 行。\n怎么办：改成数。\n")


def test_template_is_written_once(top, call):
    code, out, _ = call("template", "t/mini")
    assert (code, out) == (0, "模板：mini-模板.xlsx\n")
    assert Path("mini-模板.xlsx").stat().st_size > 1000
    assert call("template", "t/mini")[0] == 2
    assert call("template", "t/mini", "--force")[0] == 0


def test_main_leaves_with_the_code(top, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["qtools", "list", "--nothing"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2


def test_a_narrow_console_never_breaks_off(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    console.speak_utf8()
    print("量具 R&R")
    stream.flush()
    assert stream.buffer.getvalue().endswith(b"R&R\n")


def test_progress_draws_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with console.progress("执行") as step:
        step(1, 2, "msa/gage-rr　3.1 秒")
    drawn = sys.stderr.getvalue()
    assert "msa/gage-rr　3.1 秒" in drawn
    assert "执行" in drawn


# --- the book ------------------------------------------------------------------------------------


def test_data_check(top, call):
    code, out, err = call("data", "check", "flowrate")
    assert (code, out) == (0, "1 个数据集全部一致。\n")
    assert "[1/1] flowrate：一致" in err
    path = top / "data" / "flowrate" / "data.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("49.6", "49.7"), encoding="utf-8")
    code, out, _ = call("data", "check")
    assert code == 1
    assert "flowrate" in out
    assert "sha256" in out
    assert call("data", "check", "没有")[0] == 1


def test_build_passes_its_options_on(call, monkeypatch):
    seen = []

    def build(workers, *, clean, progress, say):
        seen.append((workers, clean))
        progress(1, 4, "msa/gage-rr　3.1 秒")
        say("成书：9 个页面")

    monkeypatch.setattr(site, "build", build)
    code, out, err = call("build", "-j", "3", "--clean")
    assert (code, out) == (0, "成书：9 个页面\n")
    assert "[1/4] msa/gage-rr" in err
    assert seen == [(3, True)]


def test_a_failed_build_ends_with_1(call, monkeypatch):
    def build(*_, **__):
        raise QualityDataError("书没有建成。")

    monkeypatch.setattr(site, "build", build)
    code, _, err = call("build")
    assert code == 1
    assert "错误：书没有建成。" in err


def test_new_chapter_is_tidy_and_known(top, call):
    code, out, _ = call("new", "t/fresh")
    assert code == 0
    assert "notebooks/t/fresh.ipynb" in out.replace("\\", "/")
    assert "t/fresh" in [found.name for found in workbook.chapters()]
    assert call("tidy", "--check", str(top / "notebooks/t/fresh.ipynb"))[0] == 0
    assert call("new", "t/fresh")[0] == 2


def test_tidy_changes_unless_it_only_checks(top, call):
    path = top / "notebooks" / "t" / "mini.ipynb"
    before = path.read_bytes()
    code, out, err = call("tidy", "--check")
    assert code == 1
    assert "需要规范" in out
    assert "qtools tidy" in err
    assert path.read_bytes() == before
    assert call("tidy", str(path))[0] == 0
    assert call("tidy", "--check") == (0, "", "")


# --- programs started for people -----------------------------------------------------------------


@pytest.fixture
def started(monkeypatch):
    """Programs that would have been started, with their environment; each ends with ``code``."""
    calls = []

    def wait(command, **options):
        calls.append((command, options))
        return wait.code

    wait.code = 0
    monkeypatch.setattr(workshop, "_wait", wait)
    return calls, wait


@pytest.mark.parametrize(("pytest_code", "code"), [(0, 0), (1, 1), (2, 130), (4, 2), (5, 1)])
def test_test_runs_pytest(call, started, pytest_code, code):
    calls, wait = started
    wait.code = pytest_code
    assert call("test", "tests/unit", "-k", "name")[0] == code
    assert calls[0][0] == [sys.executable, "-m", "pytest", "tests/unit", "-k", "name"]
    call("test")
    assert "--cov=qtools" in calls[1][0]


def test_test_needs_pytest(call, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    code, _, err = call("test")
    assert code == 2
    assert "requirements.lock" in err


def test_lab_is_chinese_and_keeps_to_this_environment(top, call, started, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    assert call("lab", "--no-browser")[0] == 0
    command, options = started[0][0]
    assert f"--ServerApp.root_dir={top / 'notebooks'}" in command
    assert "--no-browser" in command
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        assert options["env"][f"JUPYTER_{name}"].startswith(str(tmp_path / "venv"))
    settings = next(word for word in command if "app_settings_dir" in word).partition("=")[2]
    overrides = json.loads((Path(settings) / "overrides.json").read_text(encoding="utf-8"))
    assert overrides["@jupyterlab/translation-extension:plugin"]["locale"] == "zh_CN"
    news = overrides["@jupyterlab/apputils-extension:notification"]
    assert (news["fetchNews"], news["checkForUpdates"]) == ("false", False)


def test_lab_takes_a_port_and_words_for_jupyterlab(call, started, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert call("lab", "--no-browser", "--port", "9000", "--", "--ServerApp.token=x")[0] == 0
    command = started[0][0][0]
    assert "--ServerApp.port=9000" in command
    assert command[-2:] == ["--allow-root", "--ServerApp.token=x"]


@pytest.mark.skipif(sys.platform == "win32", reason="没有 SIGTERM")
def test_a_program_ends_with_the_one_that_started_it():
    child = "import time; print(1, flush=True); time.sleep(60)"
    script = (
        f"import sys\nfrom qtools import workshop\n"
        f"sys.exit(workshop._wait([sys.executable, '-c', {child!r}]))"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"1\n"  # the child runs
        process.terminate()
        assert process.stdout.read() == b""  # closed once the child is gone, too
        assert process.wait(timeout=30) != 0


def test_lab_of_an_installation_works_on_a_copy(top, call, started, monkeypatch, tmp_path):
    share = tmp_path / "_share"
    shutil.copytree(top, share)
    monkeypatch.setattr(data, "root", lambda: share)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    call("lab")
    assert (Path.cwd() / "notebooks" / "t" / "mini.ipynb").is_file()
    assert f"--ServerApp.root_dir={Path.cwd() / 'notebooks'}" in started[0][0][0]


def test_a_program_is_waited_for():
    assert workshop._wait([sys.executable, "-c", "raise SystemExit(3)"]) == 3


def test_serve_answers_on_this_machine_only(top):
    (top / "_build" / "html").mkdir(parents=True)
    (top / "_build" / "html" / "index.html").write_text("书", encoding="utf-8")
    said, ready = [], threading.Event()

    def say(text):
        said.append(text)
        ready.set()

    threading.Thread(target=workshop.serve, kwargs={"say": say}, daemon=True).start()
    assert ready.wait(10)
    address = said[0].split("　")[0]
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address) as answer:  # noqa: S310
        assert answer.read().decode() == "书"
    port = int(address.rstrip("/").rpartition(":")[2])
    with pytest.raises(QualityDataError, match=f"端口 {port} 用不了"):
        workshop.serve(port)


@pytest.mark.skipif(sys.platform == "win32", reason="没有 SIGINT")
def test_ctrl_c_leaves_no_half_file(tmp_path):
    code = "import time\nopen('begun', 'w').close()\ntime.sleep(60)"
    cells = [new_markdown_cell("# 慢"), new_code_cell(code)]
    root = tmp_path / "root"
    (root / "notebooks" / "t").mkdir(parents=True)
    (root / "data").mkdir()
    nb = new_notebook(cells=cells, metadata={"qtools": {"id": "N1"}})
    nbformat.write(nb, root / "notebooks" / "t" / "slow.ipynb")
    script = (
        "import pathlib, sys\nfrom qtools import cli, data, workbook\n"
        f"data.root = lambda: pathlib.Path({str(root)!r})\n"
        "sys.argv = ['qtools', 'run', 't/slow', '-o', 'r.html']\ncli.main()"
    )
    here = tmp_path / "here"
    here.mkdir()
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=here, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        waited = time.monotonic() + 60
        while not list(tmp_path.glob("qtools-*/begun")) and time.monotonic() < waited:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "已中断" in err
    assert "Traceback" not in err
    assert list(here.iterdir()) == []
    assert list(tmp_path.glob("qtools-*")) == []
