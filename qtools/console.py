"""控制台 How the command line speaks: help and errors in Chinese, progress on a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

from qtools.errors import QualityDataError

RUN_USAGE = "qtools run 章 --data 文件 [--参数 值 …] [-o 报告.html]"
TEMPLATE_USAGE = "qtools template 章 [--factors 名字=低/高,… --response 名字 …] [-o 模板.xlsx]"
OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

# base of every complaint that typer makes about the command line
UsageError: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
rich_utils.OPTIONS_PANEL_TITLE = "选项"
rich_utils.COMMANDS_PANEL_TITLE = "命令"
rich_utils.DEFAULT_STRING = "[默认：{}]"
rich_utils.REQUIRED_LONG_STRING = "[必填]"

_TYPES = {"str": "文字", "int": "整数", "float": "数", "bool": "开关", "path": "文件"}


def _in_chinese(types: Any) -> Any:
    """The type column of the help: ``<str>`` is 文字, ``<list[str]>`` is 文字，可写几个."""
    found = re.fullmatch(r"<(list\[)?(\w+)\]?>(.*)", types.plain, flags=re.DOTALL)
    if found:
        many, name, rest = found.groups()
        types.plain = _TYPES.get(name.casefold(), name) + ("，可写几个" if many else "") + rest
    types.plain = re.sub(r" ?\[x>=(\d+)\]", r"，至少 \1", types.plain)
    types.plain = re.sub(r" ?\[(\d+)<=x<=(\d+)\]", r"，\1 到 \2", types.plain)
    return _highlight_types(types)


_highlight_types = rich_utils.types_highlighter
rich_utils.types_highlighter = _in_chinese  # type: ignore[assignment]


class _Chinese:
    """What typer says in English by itself."""

    def get_usage(self, ctx: Any) -> str:
        usage: str = super().get_usage(ctx)  # type: ignore[misc]
        usage = re.sub(r"^Usage:", "用法：", usage).replace("[OPTIONS]", "[选项]")
        usage = re.sub(r"\[(\[.+?\]…)\]\.\.\.", r"\1", usage)
        return usage.replace("COMMAND [ARGS]...", "命令 …")

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = "显示这份说明。"
        return option


class Command(_Chinese, TyperCommand):
    """命令 A command whose help is Chinese throughout."""


class Group(_Chinese, TyperGroup):
    """命令组 A group of commands, in the order in which they are written."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Names in the order of definition."""
        return list(self.commands)


_SENTENCES = (
    (r"No such option: (\S+?)\.?(?: .*|$)", r"没有选项 \1。"),
    (r"No such command '(.+?)'\..*", r"没有命令“\1”。"),
    (r"Missing command\.", "没有写命令。"),
    (r"Missing (?:argument|option|parameter):? '?([^'.]+)'?\.?.*", r"缺少 \1。"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"多出来的内容：\1。"),
    (r"Option '(\S+)' requires (?:an argument|\d+ arguments)\.", r"选项 \1 后面要写一个值。"),
    (r"Option '(\S+)' does not take a value\.", r"选项 \1 后面不写值。"),
    (r"Invalid value for '([^':]+)'(?: / '[^']+')*: .*", r"\1 的值不对。"),
)


def translate(message: str) -> str:
    """A complaint about the command line in Chinese.

    Examples
    --------
    >>> translate("No such option: --foo"), translate("Missing argument '章'.")
    ('没有选项 --foo。', '缺少 章。')
    """
    for pattern, sentence in _SENTENCES:
        found = re.fullmatch(pattern, message, flags=re.DOTALL)
        if found:
            return found.expand(sentence)
    return f"命令写得不对：{message}"


def with_options(message: str, names: Sequence[str]) -> str:
    """A message that speaks of a function's arguments, in the words of the command line.

    What stands in quotation marks or is part of a longer word is somebody's own and stays.

    Examples
    --------
    >>> with_options("请给 lsl 或 usl；confidence=95 不行；列“lsl”在 lsl.csv 里。", ["lsl", "usl"])
    '请给 --lsl 或 --usl；confidence=95 不行；列“lsl”在 lsl.csv 里。'
    >>> with_options("alpha_pool=2 太大。", ["alpha_pool"])
    '--alpha-pool 2 太大。'
    """
    for name in names:
        option = "--" + name.replace("_", "-")
        word = rf"(?<![A-Za-z0-9_.“/\\-]){re.escape(name)}(?![A-Za-z0-9_.”(/-])"
        message = re.sub(rf"{word}=", f"{option} ", message)
        message = re.sub(word, option, message)
    return message


def speak_utf8() -> None:
    """A console that lacks a sign shows ? for it, and never breaks the command off."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def out(text: str = "") -> None:
    """One line of the answer."""
    typer.echo(text)


def note(text: str) -> None:
    """One line about what goes on, or went wrong."""
    typer.echo(text, err=True)


def split_words(
    words: Sequence[str], usage: str = RUN_USAGE
) -> tuple[str | None, dict[str, str], str | None, bool]:
    """Chapter, values by option, output, and whether help was asked for."""
    name, output, asked = None, None, False
    values: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("--help", "-h"):
            asked = True
        elif word == "-o" or word.startswith("--"):
            option, given, value = word.partition("=")
            if not given:
                if not rest or rest[0].startswith("--"):
                    raise QualityDataError(f"选项 {option} 后面要写一个值。", hint=f"写成：{usage}")
                value = rest.pop(0)
            key = option.removeprefix("--")
            if option in ("-o", "--output"):
                output = value
            elif key in values:
                raise QualityDataError(f"选项 {option} 写了两次。", hint="每个参数只写一次。")
            else:
                values[key] = value
        elif name is None and not word.startswith("-"):
            name = word
        else:
            raise QualityDataError(f"看不懂“{word}”。", hint=f"写成：{usage}")
    return name, values, output, asked


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """进度 A bar on a terminal, lines elsewhere.

    Yields
    ------
    callable
        To be called with (done, total, text). Without a terminal, only calls that have a text
        are shown, each on a line.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        note(title)

        def line(done: int, total: int, text: str = "") -> None:
            if text:
                note(f"[{done}/{total}] {text}")

        yield line
        return
    from rich import progress as rich_progress

    with rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=None)

        def draw(done: int, total: int, text: str = "") -> None:
            bar.update(task, completed=done, total=total)
            if text:
                bar.console.print(f"[{done}/{total}] {text}", markup=False, highlight=False)

        yield draw
