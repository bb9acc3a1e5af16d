"""命令行 The command ``qtools``: arguments in, messages and exit codes out, nothing else.

Exit codes: 0 done, 1 it failed, 2 the command or the data cannot be used as given, 130 Ctrl-C.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import qtools
from qtools import console
from qtools.console import FAILED, INTERRUPTED, MISUSED, OK, note, out
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    from qtools.workbook import Chapter
    from qtools.workbook.parameters import Parameter

app = typer.Typer(
    name="qtools",
    cls=console.Group,
    help="质量数据分析手册：列出章节、用自己的数据出报告、取模板、成书、测试。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(cls=console.Group, help="数据集。", no_args_is_help=True)
app.add_typer(data_app, name="data")


def main(args: Sequence[str] | None = None) -> None:
    """入口 Run the command line and leave with its exit code."""
    console.speak_utf8()
    sys.exit(invoke(args))


def invoke(args: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Every expected error is a Chinese message on stderr."""
    from qtools.workbook import NotebookError

    try:
        code = app(args, prog_name="qtools", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except QualityDataError as error:
        note(f"错误：{error}")
        return MISUSED
    except NotebookError as error:
        note(f"错误：{error}")
        return FAILED
    except console.UsageError as error:
        return _misused(error)
    except OSError as error:
        note(f"错误：文件读写失败：{error.strerror or error}（{error.filename or '文件名不明'}）。")
        return FAILED
    if code == INTERRUPTED:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of a kernel that was stopped
        note("已中断，没有留下写了一半的文件。")
    return code if isinstance(code, int) else OK


def _misused(error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        if error.format_message():
            note(error.format_message())
        return MISUSED
    note(f"错误：{console.translate(error.format_message())}")
    path = error.ctx.command_path if getattr(error, "ctx", None) else "qtools"
    note(f"怎么办：运行 {path} --help 看写法。")
    return MISUSED


def _version(asked: bool) -> None:
    if asked:
        out(f"qtools {qtools.__version__}")
        raise typer.Exit


@app.callback()
def _qtools(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="显示版本。")
    ] = False,
) -> None:
    pass


# --- chapters on one's own data ------------------------------------------------------------------


@app.command("list", cls=console.Command)
def list_chapters() -> None:
    """列出全部章节，连同每一章的参数。"""
    from qtools import workbook

    for place, found in enumerate(workbook.chapters()):
        out(("\n" if place else "") + f"{found.name}　{found.id} {found.level}　{found.title}")
        _print_parameters(found)


def _print_parameters(found: Chapter) -> None:
    """Each parameter with what it is without being given, and for which data that is meant."""
    from qtools.workbook import own

    columns = own.columns(found)
    width = max((len(p.option) for p in found.parameters), default=0)
    for p in found.parameters:
        if p.default in (None, (), []):
            default = ""
        elif p.is_file:
            default = f"，不写时用手册自带的 {p.default}"
        elif p.optional:
            default = f"，只有手册自带的数据用 {_shown(p)}"
        else:
            default = f"，默认：{_shown(p)}" + ("，是手册自带数据的列名" if p in columns else "")
        out(f"  {p.option:<{width}}  {p.told}　[{p.kind}{default}]")


def _shown(p: Parameter) -> str:
    many = p.default if isinstance(p.default, list | tuple) else [p.default]
    return ",".join(f"{x:g}" if isinstance(x, float) else str(x) for x in many)


@app.command(
    cls=console.Command,
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
)
def run(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="章 --data 文件 [--参数 值 …] [-o 报告.html]")
    ] = None,
) -> None:
    """用自己的数据重算一章，写成一个网页文件。"""
    from qtools import workbook

    name, values, output, asked = console.split_words([*(words or []), *ctx.args])
    if name is None:
        if not asked:
            raise QualityDataError("没有写是哪一章。", hint=f"写成：{console.RUN_USAGE}")
        out(f"用法：{console.RUN_USAGE}\n\n用自己的数据重算一章，写成一个不用联网的网页文件。")
        out("qtools list 列出全部章节；qtools run 章 --help 列出那一章的参数。")
        return
    found = workbook.chapter(name)
    if asked:
        _run_help(found)
        return
    place = _place(values)
    target = Path(output) if output else _report_name(found, values, place["sheet"])
    try:
        with console.progress(f"运行 {found.name}：{found.title}") as step:
            report = workbook.run(
                found, values, target, **place, progress=lambda k, n: step(k, n, "")
            )
    except QualityDataError as error:
        names = [p.name for p in found.parameters]
        raise QualityDataError(console.with_options(str(error), names)) from error
    _tell_defaults(found, values)
    out(f"报告：{report}")


def _place(values: dict[str, str]) -> dict[str, Any]:
    """Take ``--sheet`` and ``--header``, which no chapter knows, out of the values."""
    from qtools.workbook import Parameter

    row = Parameter("header", None, "int | None", "表头在第几行，按 Excel 的行号")
    return {"sheet": values.pop("sheet", None), "header": row.convert(values.pop("header", None))}


def _report_name(found: Chapter, values: Mapping[str, str], sheet: str | None) -> Path:
    """A name of its own for each chapter and file, so that no report takes another's place."""
    own = [Path(values["data"]).stem] if "data" in values else []
    own += [sheet] if sheet else []
    return Path("-".join([found.name.split("/")[1], *own, "报告.html"]))


def _tell_defaults(found: Chapter, values: Mapping[str, str]) -> None:
    """What was not given: the book's data, the defaults in force, what counts as not there."""
    from qtools.workbook import own

    given = {name.replace("-", "_") for name in values}
    files = [p for p in found.parameters if p.is_file]
    for p in files:
        if p.name not in given and p.default is not None:
            note(f"没有写 {p.option}，用的是手册自带的数据 {p.default}。")
    if not any(p.name in given for p in files):
        return
    left = [p for p in found.parameters if p.name not in given and not p.is_file]
    if any(own.is_own(values.get(p.name)) for p in files):
        none = [p.option for p in left if p.optional]
        left = [p for p in left if not p.optional]
        if none:
            note(f"没有写、因而当作没有的参数：{'、'.join(none)}。")
    left = [p for p in left if p.default not in (None, (), [])]
    if left:
        listed = "；".join(f"{p.option} {_shown(p)}" for p in left)
        note(f"没有写、因而用了本章默认值的参数：{listed}。请核对它们适合你的数据。")


def _run_help(found: Chapter) -> None:
    out(f"用法：qtools run {found.name} --data 文件 [--参数 值 …] [-o 报告.html]\n")
    out(f"{found.id}　{found.title}\n\n参数：")
    _print_parameters(found)
    out("\n选项：\n  -o, --output  报告写到哪里（.html）；已有的同名报告会被替换")
    out("  --sheet       读 Excel 的哪一张工作表：名字，或从 1 数起的序号")
    out("  --header      表头在第几行，按 Excel 的行号")
    out("  -h, --help    显示这份说明")
    out(f"\n先取模板：qtools template {found.name} -o 模板.xlsx")


@app.command(
    cls=console.Command,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def template(
    ctx: typer.Context,
    chapter: Annotated[str, typer.Argument(metavar="章", help="如 msa/gage-rr，或编号 N201。")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="文件", help="写到哪里（.xlsx）。")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有的文件。")] = False,
) -> None:
    """写一个 Excel 模板：要填的列、填好的例子、说明。

    试验设计的各章，写明因子就出一张试验单：--factors "温度=160/180,压力=1/2" --response 强度。
    还可以写：--design 哪种设计（full、fraction、plackett-burman、screening、composite、
    box-behnken、array、uniform），--runs 次数，--resolution 分辨度，--replicates 重复，
    --center 中心点，--blocks 区组，--name 正交表（如 L9），--kind 轴点的位置，--goal 大或小，
    --seed 随机次序的种子。
    """
    from qtools import workbook

    found = workbook.chapter(chapter)
    _, plan, _, _ = console.split_words(ctx.args, console.TEMPLATE_USAGE)
    what = "试验单" if plan else "模板"
    target = output or Path(f"{found.name.split('/')[1]}-{what}.xlsx")
    try:
        path = workbook.template(found, target, force=force, plan=plan)
    except QualityDataError as error:
        raise QualityDataError(console.with_options(str(error), list(plan))) from error
    out(f"{what}：{path}")
    if plan:
        from qtools.workbook import run_sheet

        planned = run_sheet.read(found, plan)
        for line in (planned.design.verdict.text, *run_sheet.warnings(planned)):
            note(line)


@data_app.command("check", cls=console.Command)
def data_check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[数据集]…", help="缺省为全部。")
    ] = None,
) -> None:
    """重算数据卡公布的结果，核对行数、列和 sha256。"""
    from qtools import data

    wanted = names or data.names()
    wrong = 0
    with console.progress("核对数据集") as step:
        for done, name in enumerate(wanted, start=1):
            faults = data.check([name])
            wrong += len(faults)
            step(done, len(wanted), f"{name}：{'一致' if not faults else f'{len(faults)} 处不符'}")
            for fault in faults:
                out(fault if fault.startswith(name) else f"{name}：{fault}")
    if wrong:
        raise typer.Exit(FAILED)
    out(f"{len(wanted)} 个数据集全部一致。")


# --- the book ------------------------------------------------------------------------------------


@app.command(cls=console.Command)
def build(
    workers: Annotated[
        int, typer.Option("-j", "--workers", metavar="数", min=1, help="同时执行几个 notebook。")
    ] = 2,
    clean: Annotated[bool, typer.Option("--clean", help="全部页面重做。")] = False,
) -> None:
    """执行全部 notebook，生成网站 _build/html。"""
    from qtools import site

    try:
        with console.progress("执行 notebook") as step:
            site.build(workers, clean=clean, progress=step, say=out)
    except QualityDataError as error:
        note(f"错误：{error}")
        raise typer.Exit(FAILED) from error


@app.command(
    "test",
    cls=console.Command,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def run_tests(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[pytest 的参数]…", help="缺省为全部测试，并量覆盖率。"),
    ] = None,
) -> None:
    """运行测试（需要开发依赖和代码仓库）。"""
    from qtools import workshop

    raise typer.Exit(workshop.run_tests([*(words or []), *ctx.args]))


@app.command(
    cls=console.Command,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def lab(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- JupyterLab 的参数]…", help="写在 -- 后面，原样交给 JupyterLab。"
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="数", min=1, max=65535, help="缺省为一个空闲端口。"),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="打开浏览器。")] = True,
) -> None:
    """打开 JupyterLab（中文界面），文件夹是 notebooks。"""
    from qtools import workshop

    raise typer.Exit(workshop.lab([*(words or []), *ctx.args], browser=browser, port=port))


@app.command(cls=console.Command)
def serve(
    port: Annotated[int, typer.Option("--port", metavar="数", help="0 为任一空闲端口。")] = 0,
) -> None:
    """在本机浏览生成的网站（只有这台电脑能访问）。"""
    from qtools import workshop

    workshop.serve(port, say=out)


@app.command(cls=console.Command)
def new(
    name: Annotated[str, typer.Argument(metavar="部分/名字", help="如 msa/linearity。")],
) -> None:
    """写一个新章的骨架：notebook 和三道练习。"""
    from qtools import data, site

    for path in site.new_chapter(name):
        out(f"写好：{path.relative_to(data.root())}")
    out(site.next_steps(name))


@app.command(cls=console.Command)
def tidy(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[文件]…", help="缺省为全部章节。")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="只检查，不改动。")] = False,
) -> None:
    """把 notebook 规范成可以提交的样子：没有输出，标识稳定。"""
    from qtools import site

    changed = site.tidy_files(paths or (), check=check)
    for path in changed:
        out(f"{'需要规范' if check else '已规范'}：{path}")
    if check and changed:
        note("怎么办：运行 qtools tidy。")
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    main()
