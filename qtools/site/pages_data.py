"""数据与核验的页 Generated pages on data sets and on the numbers that were published about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from qtools import data
from qtools.display import format_number, html_table
from qtools.site.markdown import escape, link, table

if TYPE_CHECKING:
    from qtools.data import Card, Verification
    from qtools.workbook import Chapter

_ROWS_SHOWN = 6
_YES_NO = {"True": "是", "False": "否"}
# headings for the files of tests/reference; a new file is shown by its name until it has one
_TOPICS = {
    "capability": "过程能力",
    "msa": "测量系统分析",
    "nist": "NIST 统计参考数据集",
    "spc": "控制图",
    "variance": "方差分量",
}


def _using(name: str, chapters: Sequence[Chapter]) -> list[Chapter]:
    return [chapter for chapter in chapters if name in chapter.data]


def datasets(cards: Sequence[Card], chapters: Sequence[Chapter]) -> str:
    """数据卡目录 All data sets."""
    rows = [
        (
            f"[{escape(card.title)}](data/{card.name}.md)",
            f"`{card.name}`",
            card.kind,
            str(card.rows),
            "、".join(chapter.id for chapter in _using(card.name, chapters)) or "—",
        )
        for card in cards
    ]
    return (
        "# 数据卡\n\n"
        '书里用到的每一个数据集。在笔记本里用 `qt.load("名字")` 读取；卡上可以下载 CSV。\n\n'
        "**真实**：测量或记录所得。**引用**：出自书或手册，数值作为事实录入。"
        "**仿真**：由公开的参数和种子生成，页首会标明。\n\n"
        + table(("数据", "名字", "性质", "行数", "用到它的章"), rows, numeric=(3,), short=(2,))
    )


def data_card(card: Card, checked: Sequence[Verification], chapters: Sequence[Chapter]) -> str:
    """数据卡 One data set: source, licence, columns, first rows, published results."""
    frame = data.load(card.name)
    columns = [
        (escape(c.name), escape(c.unit) or "—", c.type, escape(c.meaning)) for c in card.columns
    ]
    first = frame.head(_ROWS_SHOWN)
    mine = [v for v in checked if v.case.where == card.name]
    parts = [
        f"# {escape(card.title)}\n",
        f"**{card.kind}数据。** {card.description.strip()}\n",
        "## 来源与许可\n",
        f"- 出处：{card.source.strip()}",
        f"- 许可：{escape(card.licence)}（`{card.spdx}`）",
        *(f"- 与出处的不同：{escape(change)}" for change in card.changes),
        f"- 用到它的章：{'、'.join(link(c, '../') for c in _using(card.name, chapters)) or '—'}",
        f'- 读取：`qt.load("{card.name}")`；下载 {{download}}`{card.name}.csv <{card.name}.csv>`',
        f"- 核对码（SHA-256）：`{card.sha256}`\n",
        "## 列\n",
        table(("列", "单位", "类型", "含义"), columns, short=(1, 2)),
        f"## 开头几行\n\n共 {card.rows} 行，这里是前 {len(first)} 行。\n",
        html_table(first) + "\n",
    ]
    if mine:
        parts += ["## 公布的结果\n", verification_table(mine)]
    return "\n".join(parts)


def verification_table(checked: Sequence[Verification]) -> str:
    """Published and computed values side by side; sources and notes below, each written once."""
    sources = list(dict.fromkeys(one.case.source for one in checked))
    rows = []
    notes: list[str] = []
    for one in checked:
        mark = ""
        if one.case.note:
            notes.append(f"{len(notes) + 1}. {escape(one.case.what)}：{escape(one.case.note)}")
            mark = f" {{sup}}`{len(notes)}`"
        state = one.status if one.status == "一致" else f"**{one.status}**"
        row = (
            escape(one.case.what) + mark,
            _YES_NO.get(one.published) or escape(one.published),
            escape(shown(one)),
            state,
        )
        rows.append(row if len(sources) == 1 else (*row, _letter(sources.index(one.case.source))))
    headings: tuple[str, ...] = ("内容", "参照值", "算出的值", "核对")
    legend = [f"出处：{escape(sources[0])}。"]
    if len(sources) > 1:
        headings += ("出处",)
        legend = [
            f"- **{_letter(place)}**　{escape(source)}" for place, source in enumerate(sources)
        ]
    text = table(headings, rows, numeric=(1, 2), short=(3, 4)[: len(headings) - 3])
    return "\n".join([text, *legend, "", *notes]) + "\n"


def _letter(place: int) -> str:
    """Letters of the alphabet, then ``aa``, ``ab`` …."""
    head, tail = divmod(place, 26)
    return (chr(96 + head) if head else "") + chr(97 + tail)


def shown(one: Verification) -> str:
    """The computed value with two digits more than were published."""
    value = one.computed
    if isinstance(value, bool | str) or one.difference is None:
        return _YES_NO.get(str(value), str(value))
    if one.tolerance == 0:
        return format_number(value)
    head, _, exponent = one.published.lower().partition("e")
    decimals = len(head.partition(".")[2]) + 2
    return f"{value:.{decimals}e}" if exponent else f"{value:.{decimals}f}"


def numbers(
    checked: Sequence[Verification], cards: Sequence[Card], fixed: Mapping[str, int]
) -> str:
    """数字核验 Every published value the handbook computes, with what it computes."""
    count = {
        state: sum(v.status == state for v in checked) for state in ("一致", "未复现", "不一致")
    }
    titles = {card.name: f"[{escape(card.title)}](data/{card.name}.md)" for card in cards}
    parts = [
        "# 数字核验\n",
        "公布的数与这里算出的数，逐个摆在一起。**参照值**是文献公布的数，照印刷的样子写；没有公布的，"
        "用另一套软件或另一条算法独立复算，表下的出处写明。算出的值四舍五入到同样位数后与它相同，"
        "记作“一致”。\n",
        "“未复现”是按公布的公式和数据算不出公布的那个数：两个数都列出，下面注明原因。"
        "它们是查过的，不是漏掉的。\n",
        f"共 {len(checked)} 条：一致 {count['一致']} 条，未复现 {count['未复现']} 条，"
        f"不一致 {count['不一致']} 条。\n",
    ]
    for where, group in groupby(sorted(checked, key=lambda v: _order(v, titles)), _where):
        topic = Path(where).stem
        heading = titles.get(where, f"其他参照值：{escape(_TOPICS.get(topic, topic))}")
        parts += [f"## {heading}\n", verification_table(list(group))]
    if fixed:
        rows = [(f"`{name}`", str(number)) for name, number in fixed.items()]
        parts += [
            "## 自算并固定的数\n",
            "没有公布答案的数，由本书自己算出，记下来，以后每次执行都核对有没有变："
            "变了就说明代码或依赖的行为变了。它们证明不了对错，只证明没有悄悄改动。\n",
            table(("章", "固定的数"), rows, numeric=(1,)),
        ]
    return "\n".join(parts)


def _where(one: Verification) -> str:
    return one.case.where


def _order(one: Verification, titles: Mapping[str, str]) -> tuple[bool, str]:
    return one.case.where not in titles, one.case.where
