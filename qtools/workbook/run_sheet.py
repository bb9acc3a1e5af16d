"""试验单 An Excel sheet of runs in random order, made from options of ``qtools template``.

A chapter whose metadata names a ``design`` has run sheets: the settings of every run are written
and locked, the responses are left to be filled in, and each row carries the code by which the
chapter sees an edited setting.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qtools.doe.design import BLOCK
from qtools.errors import QualityDataError
from qtools.workbook import write_whole
from qtools.workbook.catalogue import Chapter, chapter
from qtools.workbook.excel import fill, quoted, require_new, shown
from qtools.workbook.parameters import Parameter

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from qtools.doe.design import Design

_COMMON = (
    Parameter("factors", [], "list[str]", "因子和水平，如 温度=160/180,材料=甲/乙"),
    Parameter("response", ["响应"], "list[str]", "要填的响应，可写几个"),
    Parameter("goal", "", "str", "响应要 大 还是 小；写进说明里的命令"),
    Parameter("seed", 1, "int", "随机次序的种子"),
    Parameter("design", "", "str", "哪一种设计，见下"),
)
_OPTIONS = {
    option.name: option
    for option in (
        Parameter("runs", None, "int | None", "试验次数"),
        Parameter("resolution", None, "int | None", "要达到的分辨度（3、4、5）"),
        Parameter("replicates", None, "int | None", "每个组合重复几次"),
        Parameter("center", None, "int | None", "中心点个数"),
        Parameter("blocks", None, "int | None", "区组个数"),
        Parameter("kind", None, "str | None", "rotatable、faced 或 inscribed"),
        Parameter("name", None, "str | None", "正交表，如 L9"),
    )
}


NOTE = "备注"


@dataclass(frozen=True, slots=True)
class Family:
    """设计的种类 What the command line calls a design, its function in qt.doe, its options.

    Parameters
    ----------
    title, function : str
    options : tuple of str
        Names in :data:`_OPTIONS`, which are the function's.
    chapter : str
        Where such a sheet is analysed, if not by the chapter that made it.
    one_of : tuple of str
        Options one of which must be given.
    """

    title: str
    function: str
    options: tuple[str, ...]
    chapter: str
    one_of: tuple[str, ...] = ()


FAMILIES: Mapping[str, Family] = {
    "full": Family(
        "全因子设计", "full_factorial", ("replicates", "center", "blocks"), "doe/factorial"
    ),
    "fraction": Family(
        "部分析因设计", "fractional_factorial",
        ("runs", "resolution", "replicates", "center", "blocks"), "doe/fractional",
        ("runs", "resolution"),
    ),
    "plackett-burman": Family(
        "Plackett–Burman 设计", "plackett_burman", ("runs", "center"), "doe/fractional"
    ),
    "screening": Family(
        "确定性筛选设计", "definitive_screening", ("center",), "doe/fractional"
    ),
    "composite": Family(
        "中心复合设计", "central_composite", ("kind", "center"), "doe/response-surface"
    ),
    "box-behnken": Family(
        "Box–Behnken 设计", "box_behnken", ("center",), "doe/response-surface"
    ),
    "array": Family("正交表", "orthogonal_array", ("name",), "doe/orthogonal-array", ("name",)),
    "uniform": Family(
        "均匀设计", "uniform_design", ("runs",), "doe/response-surface", ("runs",)
    ),
}  # fmt: skip


def options(family: str) -> tuple[Parameter, ...]:
    """Options of ``qtools template`` for a design."""
    return (*_COMMON, *(_OPTIONS[name] for name in FAMILIES[family].options))


@dataclass(frozen=True, slots=True)
class Sheet:
    """一张试验单 The design, the responses to be filled in, who analyses them, to what end."""

    design: Design
    responses: list[str]
    chapter: str
    goal: str


def read(found: Chapter, values: Mapping[str, str]) -> Sheet:
    """读选项 The run sheet that the options ask for.

    Parameters
    ----------
    found : Chapter
        Whose metadata names the design used unless ``design`` is given.
    values : mapping of str to str
        Options as typed, without the dashes.

    Raises
    ------
    QualityDataError
        If the chapter has no designs, an option is unknown or unusable, or no factor is given.
    """
    if not found.design:
        names = "、".join(f"--{name}" for name in values)
        raise QualityDataError(
            f"{found.name} 的模板没有选项 {names}。", hint="只有试验设计的各章能出试验单。"
        )
    family = str(values.get("design") or found.design)
    if family not in FAMILIES:
        listed = "；".join(f"{name} {one.title}" for name, one in FAMILIES.items())
        raise QualityDataError(f"没有“{family}”这种设计。", hint=f"可选的有：{listed}。")
    known = {option.name: option for option in options(family)}
    used: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            have = "、".join(option.option for option in known.values())
            raise QualityDataError(
                f"{FAMILIES[family].title}没有选项 --{name}。", hint=f"可用的有：{have}。"
            )
        used[name] = known[name].convert(value)
    one_of = FAMILIES[family].one_of
    if one_of and not any(used.get(name) for name in one_of):
        told = "，或 ".join(f"--{name}（{known[name].told}）" for name in one_of)
        chosen = "" if values.get("design") else "没有写 --design，按本章用"
        raise QualityDataError(
            f"{chosen}{FAMILIES[family].title}，还缺一个选项。",
            hint=f"请写 {told}；或用 --design 换一种，例如 --design full（全因子）。",
        )
    if not used.get("factors"):
        raise QualityDataError(
            "没有写因子。", hint='例如 --factors "温度=160/180,压力=1/2"，斜线隔开各水平。'
        )
    bare = [item for item in used["factors"] if "=" not in unicodedata.normalize("NFKC", item)]
    if bare:
        raise QualityDataError(
            f"因子“{bare[0]}”没有写水平。", hint="写成 名字=低/高：温度=160/180 或 材料=甲/乙/丙。"
        )
    for item in used["factors"]:
        _require_no_units(item)
    own = found.design and FAMILIES[found.design].chapter == FAMILIES[family].chapter
    reader = found.analysis or (found.name if own else FAMILIES[family].chapter)
    return Sheet(
        _design(family, used), list(used.get("response", _COMMON[1].default)), reader,
        str(used.get("goal", "")),
    )  # fmt: skip


def _require_no_units(item: str) -> None:
    """Refuse ``温度=160℃/180℃``: numbers with a unit would be names of two kinds."""
    levels = unicodedata.normalize("NFKC", item).partition("=")[2].split("/")
    units = [re.fullmatch(r"\s*[-+]?\d+(?:\.\d+)?\s*([^\d\s.]+)\s*", one) for one in levels]
    if all(units) and len({unit[1] for unit in units if unit}) == 1:
        name = item.partition("=")[0]
        plain = "/".join(re.sub(r"[^\d.+-]", "", one) for one in levels)
        raise QualityDataError(
            f"因子“{name}”的水平带了单位：{'、'.join(levels)}。",
            hint=f"只写数字：{name}={plain}；单位可以写进因子的名字里。",
        )


def _design(family: str, used: Mapping[str, Any]) -> Design:
    from qtools import doe

    facts = {name: used[name] for name in FAMILIES[family].options if used.get(name) is not None}
    make = getattr(doe, FAMILIES[family].function)
    design: Design = make(factors=used["factors"], seed=used.get("seed", 1), **facts)
    return design


def write(
    found: Chapter, values: Mapping[str, str], output: str | Path, *, force: bool = False
) -> Path:
    """写试验单 Sheets 数据 (the runs, settings locked) and 说明 (how to run, how to analyse).

    Parameters
    ----------
    found : Chapter
    values : mapping of str to str
        Options as typed.
    output : str or Path
        The ``.xlsx``; it appears whole or not at all.
    force : bool
        Replace an existing file, which may hold somebody's data.

    Raises
    ------
    QualityDataError
        As :func:`read`; or if the output is no ``.xlsx``, or exists and ``force`` is not given.
    """
    from openpyxl import Workbook

    output = Path(output)
    require_new(output, force=force)
    planned = read(found, values)
    book = Workbook()
    sheet, notes = book.active, book.create_sheet("说明")
    assert sheet is not None  # noqa: S101  (a new book has a sheet)
    sheet.title = "数据"
    _runs(sheet, planned.design, planned.responses)
    _explain(notes, planned, output.name)
    content = io.BytesIO()
    book.save(content)
    write_whole(output, content.getvalue())
    return output


def _runs(sheet: Worksheet, design: Design, responses: Sequence[str]) -> None:
    from openpyxl.styles import PatternFill, Protection
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    from qtools.doe.sheet import run_sheet

    frame = run_sheet(design, responses)
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    fill(sheet, [[*frame.columns, NOTE], *([*row, None] for row in rows)])
    rule = DataValidation(type="decimal", operator="between", allow_blank=True)
    rule.formula1, rule.formula2 = "-1E+300", "1E+300"
    rule.errorTitle, rule.error = "要填数", "响应只能填数，不带单位。"
    rule.showErrorMessage = True
    last = len(frame.columns)  # the note stands behind it
    for place in range(last - len(responses) + 1, last + 2):
        letter = get_column_letter(place)
        if place <= last:
            rule.add(f"{letter}2:{letter}{design.n_runs + 1}")
        for row in range(2, design.n_runs + 2):
            cell = sheet.cell(row, place)
            cell.protection = Protection(locked=False)
            cell.fill = PatternFill("solid", fgColor="FFF8E1")
    sheet.add_data_validation(rule)
    sheet.protection.sheet = True  # no password: a hint, not a lock
    sheet.protection.formatColumns = False


def _explain(sheet: Worksheet, planned: Sheet, name: str) -> None:
    from openpyxl.styles import Alignment, Font

    design, responses, found = planned.design, planned.responses, chapter(planned.chapter)
    facts = [[item, text] for item, text in design.table().to_numpy().tolist()]
    fields = "、".join(f"“{one}”" for one in responses)
    steps = (
        "照“试验序”从上往下做，一行一次；次序是随机排的，不要为了省事并在一起做。",
        "每次试验都重新设定全部因子，哪怕与上一次相同；做坏了的，响应留空，写在备注里。",
        f"只填{fields}和备注；因子的设置和“核对码”不要改，改过的读不进去。",
        "保存、关闭，然后在命令行里运行：",
    )
    lines: list[list[Any]] = [
        [f"{found.title}（{found.name}）：试验单"],
        ["怎样做"],
        *([f"{number}. {step}"] for number, step in enumerate(steps, start=1)),
        [command(planned, name)],
        *([line] for line in warnings(planned)),
        [],
        ["设计", design.verdict.text],
        *facts,
    ]
    for line in lines:
        sheet.append(line)
    for row in (1, 2, len(lines) - len(facts)):
        sheet.cell(row, 1).font = Font(bold=True, size=12)
    for letter, width in zip("AB", (28, 90), strict=True):
        sheet.column_dimensions[letter].width = width
    for cells in sheet.iter_rows(min_row=len(lines) - len(facts)):
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def warnings(planned: Sheet) -> list[str]:
    """What to know before the first run: settings beyond those typed, and the goal."""
    told = []
    for factor, coded in zip(planned.design.factors, planned.design.points.T, strict=True):
        if factor.continuous and np.abs(coded).max() > 1 + 1e-9:
            low, high = (float(x) for x in factor.settings([coded.min(), coded.max()]))
            told.append(f"{factor.name} 从 {low:.4g} 到 {high:.4g}")
    out = []
    if told:
        out.append(
            f"注意：轴点超出了你写的低、高水平：{'，'.join(told)}。"
            "设备到不了的，用 --kind inscribed（收在里面）或 --kind faced（贴在边上）重出一张。"
        )
    has_goal = any(parameter.name == "goal" for parameter in chapter(planned.chapter).parameters)
    if has_goal and not planned.goal:
        out.append("命令里的 --goal 大，指响应越大越好；越小越好的，把“大”改成“小”。")
    return out


def command(planned: Sheet, name: str) -> str:
    """The command that analyses the sheet once it is filled in."""
    design, reader = planned.design, chapter(planned.chapter)
    coded = all(factor.continuous for factor in design.factors)
    ends = zip(*[(f.levels[0], f.levels[-1]) for f in design.factors], strict=True)
    low, high = (shown(list(end)) for end in ends) if coded else ("", "")
    several, one = ",".join(planned.responses), planned.responses[0]
    told = {
        "factors": ",".join(design.names),
        "factor": design.names[0],
        "responses": several,
        "value": one,
        "count": one,
        "goal": planned.goal or "大",
        "low": low,
        "high": high,
        "block": BLOCK if design.n_blocks > 1 else "",
    }
    words = ["qtools", "run", reader.name, "--data", quoted(name)]
    counts = any(parameter.name == "count" for parameter in reader.parameters)
    for parameter in reader.parameters:
        value = told.get(parameter.name, "")
        if parameter.name == "response" and not counts:
            value = several if parameter.many else one
        if value:
            words += [parameter.option, quoted(value)]
    return " ".join([*words, "-o", "报告.html"])
