"""新章骨架 What ``qtools new`` writes: a chapter that runs, to be rewritten line by line."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from qtools import data
from qtools.errors import QualityDataError
from qtools.site.authoring import read, tidy, to_text, write_if_changed

# The ten sections every chapter has, in this order: a word its heading contains.
SECTIONS = (
    "学习目标",
    "情境",
    "30 秒",
    "手算",
    "qtools",
    "图",
    "误读",
    "练习",
    "小组作业",
    "标准与政策",
)
_NAME = re.compile(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*")

# (id, tag, source); code where the id is params or ends in -code
_CELLS: tuple[tuple[str, str, str], ...] = (
    (
        "title",
        "",
        "# {title}\n\n{id} · {level} · 约 30 分钟\n\n"
        "**本章要作的决定：** 写一句话，读者读完能据此行动。",
    ),
    (
        "goals",
        "course",
        "## 学习目标\n\n学完本章，你能够：\n\n1. 算出……；\n2. 说出……；\n3. 判断……。",
    ),
    (
        "params",
        "parameters",
        'data = "flowrate"  # 数据：数据集名，或 .csv、.xlsx 文件的路径\n'
        'value = "流量"  # 要分析的数值列',
    ),
    ("scene", "", "## 情境与数据\n\n每一行是一个读数，按时间先后排列。"),
    (
        "scene-course",
        "course",
        "本章用的是**真实数据**，来源与许可见[数据卡](../../data/flowrate.md)。",
    ),
    ("load-code", "", "import qtools as qt\n\ndf = qt.load(data, columns=[value])\ndf.head()"),
    ("answer", "", "## 30 秒答案\n\n先说决定，再说数字。"),
    (
        "answer-code",
        "",
        "chart = qt.spc.imr_chart(df, value=value)\nqt.record(chart)\n"
        'qt.say("**决定：** " + chart.verdict.text)\n'
        'qt.say("用了 {{n}} 个值，控制限从 {{x_lcl:.2f}} 到 {{x_ucl:.2f}}。")',
    ),
    ("by-hand", "", "## 手算一步\n\n$$\\bar x = \\frac{{1}}{{n}}\\sum_{{i=1}}^{{n}} x_i$$"),
    (
        "by-hand-code",
        "",
        "values = [float(x) for x in df[value]]\n"
        'qt.record({{"hand_mean": sum(values) / len(values)}})\n'
        'qt.say("{{n}} 个值的平均是 {{hand_mean:.2f}}。")',
    ),
    ("compute", "", "## 用 qtools 计算\n\n结果自己会显示判定、表格和提醒。"),
    ("compute-code", "", "chart"),
    ("figure", "", "## 看图\n\n先说看什么，再看图。"),
    ("figure-code", "", "chart.figure()"),
    ("misread", "", "## 判读与误读\n\n**误读一：** 写出最常见的误读，以及为什么不对。"),
    (
        "cross-check-code",
        "fold",
        "# 交叉核对：用另一条路算同一个数\nimport numpy as np\n\nfloat(np.mean(df[value]))",
    ),
    ("practice", "course", "## 练习\n\n先自己算，再对答案。"),
    ("practice-1-code", "course", 'qt.exercise("{e1}")'),
    ("practice-2-code", "course", 'qt.exercise("{e2}")'),
    ("practice-3-code", "course", 'qt.exercise("{e3}")'),
    (
        "homework",
        "course",
        "## 小组作业\n\n换上你们自己的数据：\n\n```\nqtools template {name} -o 模板.xlsx\n"
        "qtools run {name} --data 模板.xlsx -o 报告.html\n```",
    ),
    (
        "standards",
        "",
        "## 标准与政策\n\n- 写明标准的编号与年份，以及它对应通知的哪一条。\n\n"
        "**现在知道了什么：** ……\n\n**还不知道什么：** ……",
    ),
)

_EXERCISES = """
- id: {e1}
  level: 1
  kind: 计算
  prompt: 数据集 flowrate 的平均流量是多少？
  unit: ""
  answer: "float(qt.load('flowrate')['流量'].mean())"
  tolerance: {{abs: 0.005}}
  mistakes:
    - answer: "float(qt.load('flowrate')['流量'].median())"
      hint: 这是中位数。题目问的是平均值。
  hint: 全部加起来，除以个数。
  solution: 平均值是 **{{answer:.2f}}**。
- id: {e2}
  level: 1
  kind: 判读
  prompt: 数据集 flowrate 里，有几个值大于平均值？
  unit: 个
  answer: "int((qt.load('flowrate')['流量'] > qt.load('flowrate')['流量'].mean()).sum())"
  tolerance: {{abs: 0}}
  mistakes:
    - answer: "len(qt.load('flowrate'))"
      hint: 这是全部个数。只数大于平均值的。
  hint: 先算平均值，再一个一个比。
  solution: 有 **{{answer:.0f}}** 个。
- id: {e3}
  level: 1
  kind: 找错
  prompt: 关于数据集 flowrate，哪一句说错了？
  unit: ""
  values:
    n: "len(qt.load('flowrate'))"
    top: "float(qt.load('flowrate')['流量'].max())"
    low: "float(qt.load('flowrate')['流量'].min())"
  options:
    - "一共有 {{n}} 个值。"
    - "最大值 {{top:.1f}} 是控制上限。"
    - "最小值是 {{low:.1f}}。"
  answer: "2"
  tolerance: {{abs: 0}}
  mistakes:
    - answer: "1"
      hint: 数一数行数。这一句没有错。
    - answer: "3"
      hint: 这一句没有错。
  hint: 控制限由变差算出，不是数据里的某一个值。
  solution: 第 {{answer:.0f}} 句错了：控制上限由中心线和移动极差算出。
"""


def new_chapter(name: str) -> list[Path]:
    """新建一章 Write the skeleton of a chapter and three exercises that pass the structure test.

    Number, title and level come from ``book/contents.csv`` where the chapter is planned there.

    Parameters
    ----------
    name : str
        ``PART/NAME`` in lower-case ASCII, such as ``msa/linearity``.

    Returns
    -------
    list of Path
        The notebook and the exercise bank, which is extended if it exists. What remains to be
        done is :func:`next_steps`.

    Raises
    ------
    QualityDataError
        If the name is not of that form, or the chapter exists.
    """
    if not _NAME.fullmatch(name):
        raise QualityDataError(
            f"章名“{name}”不合规。",
            hint="写成“部分/名字”，小写字母、数字和连字符，如 msa/linearity。",
        )
    top = data.root()
    path = top / "notebooks" / f"{name}.ipynb"
    if path.exists():
        raise QualityDataError(f"“{name}”已经有了，没有改动它。", hint="请换一个名字。")
    part = name.partition("/")[0]
    bank = top / "book" / "exercises" / f"{part}.yml"
    old = bank.read_text(encoding="utf-8") if bank.is_file() else ""
    first = max([int(n) for n in re.findall(rf"^- id: {part}-(\d+)", old, re.M)], default=0) + 1
    fields = _planned(name) | {"name": name}
    fields |= {f"e{k}": f"{part}-{first + k - 1:02d}" for k in (1, 2, 3)}
    write_if_changed(path, to_text(tidy(_notebook(part, fields))))
    write_if_changed(bank, (old.rstrip("\n") + _EXERCISES.format(**fields)).lstrip("\n"))
    return [path, bank]


def next_steps(name: str) -> str:
    """下一步 What an author does after ``qtools new``, in Chinese."""
    part = name.partition("/")[0]
    return "\n".join(
        (
            f"1. 在 book/_toc.yml 里加一行：- file: notebooks/{name}",
            f"2. 在 JupyterLab 里改写 notebooks/{name}.ipynb，逐段换成你的内容。",
            f"3. 改写 book/exercises/{part}.yml 末尾的三道题；答案写成算式。",
            "4. 在 tests/notebooks/published.yml 里写明哪些数有公布值；"
            "其余的用 UPDATE_PINNED=1 qtools test 固定下来。",
            "5. qtools tidy，qtools test，qtools build。",
        )
    )


def _planned(name: str) -> dict[str, Any]:
    """Number, title, level and policy rows of a chapter, from the contents or made up."""
    table = data.root() / "book" / "contents.csv"
    used: set[str] = set()
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        used = {row["编号"] for row in rows}
        for row in rows:
            if row["文件"] == name:
                policy = row["通知行"].split()
                return {
                    "id": row["编号"],
                    "title": row["章"],
                    "level": row["层级"],
                    "policy": policy,
                }
    for path in (data.root() / "notebooks").rglob("*.ipynb"):
        used.add(read(path)["metadata"].get("qtools", {}).get("id", ""))
    free = next(f"N{n}" for n in range(1201, 9999) if f"N{n}" not in used)
    return {"id": free, "title": f"新的一章：{name}", "level": "L1", "policy": ["2.8"]}


def _notebook(part: str, fields: dict[str, Any]) -> dict[str, Any]:
    cells = [
        {
            "id": cell,
            "cell_type": "code" if cell.endswith("-code") or cell == "params" else "markdown",
            "metadata": {"tags": [tag] if tag else []},
            "source": source.format(**fields),
        }
        for cell, tag, source in _CELLS
    ]
    facts = {
        "id": fields["id"],
        "level": fields["level"],
        "data": ["flowrate"],
        "exercises": [part],
        "policy": fields["policy"],
    }
    return {"cells": cells, "metadata": {"qtools": facts}}
