"""生成的页 Pages that nobody types: what the handbook holds, computed from what holds it.

``generate`` returns texts; :mod:`qtools.site` writes those that changed. No page names a time or
a machine, save the execution report, which changes only when an execution did.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from qtools import data
from qtools.errors import QualityDataError
from qtools.site.authoring import read
from qtools.site.markdown import escape, link, table
from qtools.site.pages_data import data_card, datasets, numbers

if TYPE_CHECKING:
    from qtools.site.execution import Execution
    from qtools.workbook import Chapter


def generate(executions: Sequence[Execution]) -> dict[str, str | Path]:
    """全部生成页 Every generated page by its name in ``_build/src``.

    Parameters
    ----------
    executions : sequence of Execution
        What :func:`qtools.site.execution.execute_all` returned.

    Returns
    -------
    dict
        Name → text; for a file to be copied, its path.
    """
    from qtools import workbook

    chapters = workbook.chapters()
    checked = [data.verify(case) for case in data.all_cases()]
    cards = data.cards()
    pages: dict[str, str | Path] = {
        "_chapters.txt": chapter_table(chapters),
        "_citation.txt": citation(),
        "glossary.md": glossary(read_table("glossary.csv")),
        "contents.md": contents(read_table("contents.csv"), chapters),
        "policy-map.md": policy_map(read_table("policy-map.csv"), chapters),
        "datasets.md": datasets(cards, chapters),
        "numbers.md": numbers(checked, cards, pinned()),
        "execution-report.md": execution_report(executions, chapters),
    }
    for card in cards:
        pages[f"data/{card.name}.md"] = data_card(card, checked, chapters)
        pages[f"data/{card.name}.csv"] = card.path
    return pages


def read_table(name: str) -> list[dict[str, str]]:
    """A table of ``book/`` as a list of records."""
    path = data.root() / "book" / name
    if not path.is_file():
        raise QualityDataError(f"找不到 book/{name}。", hint="它是书的源文件，请从代码仓库恢复。")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def pinned() -> dict[str, int]:
    """How many recorded numbers of each chapter are held fixed by ``tests/notebooks/expected``."""
    folder = data.root() / "tests" / "notebooks" / "expected"
    return {
        path.relative_to(folder).with_suffix("").as_posix(): len(
            json.loads(path.read_text(encoding="utf-8"))
        )
        for path in sorted(folder.rglob("*.json"))
    }


# --- the book itself ---------------------------------------------------------------------------


def chapter_table(chapters: Sequence[Chapter]) -> str:
    """现有各章 The table of chapters on the home page, each with the decision it serves."""
    rows = [
        (
            chapter.id,
            link(chapter),
            decision(read(chapter.path)["cells"][0]["source"]),
            escape(chapter.level),
        )
        for chapter in chapters
    ]
    return table(("编号", "章", "它帮你作的决定", "层级"), rows, short=(0, 3))


def decision(opening: str) -> str:
    r"""The decision that a chapter's opening names, as it is written there.

    Examples
    --------
    >>> decision("# 题\n\n**本章要作的决定：先查哪一层？** 因为……")
    '先查哪一层？'
    """
    found = re.search(r"本章要作的决定：(?:\*\*)?\s*(.+?)(?:\*\*|$)", opening, flags=re.M)
    return found[1].strip() if found else "—"


def citation() -> str:
    """引用格式 How to cite, with the version of the package that built the book."""
    from qtools import __version__

    return (
        f"> 《质量数据分析手册》的作者们. 质量数据分析手册[CP]. 版本 {__version__}. "
        "文字 CC BY 4.0，代码 MIT.\n\n"
        "引用某一章时，加上章的编号和章名；引用某个数时，请一并写明它的口径（表下那一行“判定规则”"
        "和结果里的估计方法）。\n"
    )


_HEAD = ("编号", "章", "层级", "状态")


def contents(planned: Sequence[Mapping[str, str]], chapters: Sequence[Chapter]) -> str:
    """全书目录 Chapters that exist and chapters being written, part by part."""
    existing = {chapter.id: chapter for chapter in chapters}
    known = {row["编号"] for row in planned}
    parts = []
    for part, rows in groupby(planned, key=lambda row: row["部分"]):
        lines = []
        for row in rows:
            here = existing.get(row["编号"])
            title = link(here) if here else escape(row["章"])
            lines.append((row["编号"], title, row["层级"], "已有" if here else "在写"))
        parts.append(f"## {escape(part)}\n\n" + table(_HEAD, lines, short=(0, 2, 3)))
    others = [chapter for chapter in chapters if chapter.id not in known]
    if others:
        lines = [(chapter.id, link(chapter), chapter.level, "已有") for chapter in others]
        parts.append("## 工作表与其他\n\n" + table(_HEAD, lines, short=(0, 2, 3)))
    have = len(known & set(existing))
    return (
        "# 全书目录\n\n"
        f"计划 {len(known)} 章，现有 {have} 章。"
        "标“在写”的还不能读，列在这里是为了让你看到全貌。\n\n" + "\n".join(parts)
    )


def policy_map(rows: Sequence[Mapping[str, str]], chapters: Sequence[Chapter]) -> str:
    """政策地图 The activities of the 2022 notice and the chapters that serve them."""
    existing = {chapter.id: chapter for chapter in chapters}
    parts = []
    for task, group in groupby(rows, key=lambda row: row["任务"]):
        lines = []
        for row in group:
            wanted = row["章"].split()
            names = [link(existing[x]) if x in existing else x for x in wanted]
            lines.append(
                (
                    row["编号"],
                    escape(row["活动"]),
                    "、".join(names) or "—",
                    row["定位"],
                    policy_state(wanted, existing),
                )
            )
        head = ("编号", "活动", "章", "定位", "状态")
        parts.append(f"## {escape(task)}\n\n" + table(head, lines, short=(0, 3, 4)))
    states = [policy_state(row["章"].split(), existing) for row in rows]
    return (
        "# 政策地图\n\n"
        "2022 年工业质量提升和品牌建设工作通知的每一项活动，对应到本书的章。编号为本书所编："
        "前一位是通知的第几项任务，G 是保障措施。\n\n"
        "定位：**核心**是本书主线（DMAIC、MSA、试验设计、质量分级）；**支撑**有专门的章；"
        "**背景**只有文字或小工具，不单列一章。状态由现有的章算出："
        f"共 {len(rows)} 项，已有 {states.count('已有')} 项，"
        f"部分已有 {sum(s.startswith('部分') for s in states)} 项，"
        f"待建 {states.count('待建')} 项，不单列章 {states.count('不单列章')} 项。\n\n"
        + "\n".join(parts)
    )


def policy_state(wanted: Sequence[str], existing: Iterable[str]) -> str:
    """State of an activity: 已有, 部分 k/n, 待建, or 不单列章.

    Examples
    --------
    >>> [policy_state(ids, {"N201"}) for ids in (["N201"], ["N201", "N202"], ["N202"], [])]
    ['已有', '部分 1/2', '待建', '不单列章']
    """
    if not wanted:
        return "不单列章"
    have = len(set(wanted) & set(existing))
    if have == len(wanted):
        return "已有"
    return f"部分 {have}/{len(wanted)}" if have else "待建"


def glossary(terms: Sequence[Mapping[str, str]]) -> str:
    """术语表 Terms in both languages with symbol, definition and source."""
    entries = []
    for term in terms:
        symbol = f"，记号 {escape(term['symbol'])}" if term["symbol"] else ""
        entries.append(
            f"{escape(term['term_zh'])}\n"
            f": *{escape(term['term_en'])}*{symbol}。{escape(term['definition_zh'])}。\n"
            f"\n  {escape(term['see_also'])}\n"
        )
    return (
        "# 术语表\n\n"
        f"共 {len(terms)} 条，按主题排列：统计基础、试验设计、控制图与能力、测量、抽样、可靠性、"
        "质量分级与管理。小字是术语的出处；定义用的是本书自己的话，以标准的现行文本为准。"
        "找某一条，用搜索。\n\n" + "\n".join(entries)
    )


def execution_report(executions: Sequence[Execution], chapters: Sequence[Chapter]) -> str:
    """执行报告 When each chapter was executed, how long it took, and from what."""
    found = {chapter.name: chapter for chapter in chapters}
    rows = [
        (
            link(found[done.name]),
            f"`{done.name}`",
            f"{done.seconds:.1f}",
            done.date,
            f"`{done.key[:10]}`",
        )
        for done in executions
    ]
    return (
        "# 执行报告\n\n"
        "本书的每一章在成书之前从头执行一遍，页面上的数和图就是那一次的结果，测试读的也是同一个文件。\n\n"
        "指纹由下列内容算出：笔记本和它的参数、qtools 的代码、用到的数据和题库、全部依赖的版本、"
        "Python 的版本。任何一样变了，指纹就变，这一章就会重新执行。\n\n"
        + table(("章", "文件", "秒", "执行日期", "指纹"), rows, numeric=(2,))
        + f"\n共 {len(rows)} 章，执行用时合计 {sum(done.seconds for done in executions):.1f} 秒。\n"
    )
