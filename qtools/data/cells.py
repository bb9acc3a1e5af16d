"""格子里的内容 What the cells of one column are: numbers, dates or text, with or without a unit.

A column is numeric only if every filled cell is a clean number; anything else stays as written,
and the method that needs numbers names the rows (:func:`qtools.frames.numbers`).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import pandas as pd

# no leading zero (007 is a label), an exponent only with a sign (1E5 is a batch)
CLEAN = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]\d+)?")
_LONGEST = 15  # digits that Excel keeps: whole numbers with more are identities, not amounts
_WITH_UNIT = re.compile(rf"({CLEAN.pattern})\s*(.*)")
_UNIT_NAMES = (
    "nm μm um mm cm dm m km Å in mil μg mg g kg t mL ml L l m³ m3 cm³ cm3 mm² mm2 cm² cm2 m² m2 "
    "μN mN N kN Pa hPa kPa MPa GPa bar mbar psi °C ℃ K °F ns μs ms s min h d Hz kHz MHz "
    "rpm r/min m/s mm/s m/min mm/min L/min mL/min μA mA A mV V kV W kW Ω kΩ MΩ F μF nF pF "
    "J kJ % ‰ ppm ppb dB lx ° HRC HV HB N·m mg/L g/L g/cm³ g/cm3 mol/L "
    "微米 毫米 厘米 米 毫克 克 千克 公斤 吨 毫升 升 度 秒 分 分钟 小时 天 元"
)


def _narrow(text: str) -> str:
    """Half-width form; the several minus signs become one."""
    return re.sub("[−–—﹣]", "-", unicodedata.normalize("NFKC", text))


UNITS = frozenset(_narrow(_UNIT_NAMES).split())


def is_clean(text: str) -> bool:
    """Whether a text is a number and nothing else.

    Examples
    --------
    >>> [is_clean(text) for text in ("12.30", "-.5", "1e-05", "007", "1E5", "1,234", "１２")]
    [True, True, True, False, False, False, False]
    """
    return text.isascii() and CLEAN.fullmatch(text) is not None


def typed(
    name: str, label: str, cells: list[Any], rows: list[int], units: bool
) -> tuple[pd.Series[Any], str]:
    """Column as numbers, dates, truth values or text, and the unit that was taken off.

    Numbers that a workbook holds as text count as numbers if they are clean: nothing is lost.

    Parameters
    ----------
    name, label : str
        File and column, for messages.
    cells : list
        What the cells hold, None where blank.
    rows : list of int
        Row of each cell in the file, from 0.
    units : bool
        Whether full-width digits and a unit are read.

    Raises
    ------
    QualityDataError
        If numbers stand with different units.
    """
    import pandas as pd

    unit = ""
    if units:
        cells, unit = _without_unit(name, label, cells, rows)
    parsed = [_number(cell) if isinstance(cell, str) else cell for cell in cells]
    filled = [value for value in parsed if value is not None]
    if filled and all(_is_number(value) for value in filled):
        whole = len(filled) == len(parsed) and all(isinstance(value, int) for value in filled)
        return pd.Series(parsed, dtype="int64" if whole else "float64"), unit
    if filled and all(isinstance(value, dt.datetime) for value in filled):
        return pd.Series(cells, dtype="datetime64[ns]"), unit
    if filled and all(isinstance(value, bool) for value in cells):
        return pd.Series(cells, dtype="bool"), unit
    return pd.Series(cells, dtype="str" if _all_text(cells) else "object"), unit


def _all_text(cells: Sequence[Any]) -> bool:
    return all(cell is None or isinstance(cell, str) for cell in cells)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63)


def _number(text: str) -> float | int | str:
    """The number that a clean text stands for, else the text."""
    bare = text.strip()
    if not is_clean(bare):
        return text
    if bare.lstrip("+-").isdigit():
        return int(bare) if len(bare.lstrip("+-")) <= _LONGEST else text
    return float(bare)


def _without_unit(
    name: str, label: str, cells: list[Any], rows: list[int]
) -> tuple[list[Any], str]:
    """Cells as plain numbers if all are numbers with one unit, else as they were."""
    split: list[tuple[Any, str]] = []
    for cell in cells:
        if not isinstance(cell, str):
            split.append((cell, ""))
            continue
        found = _WITH_UNIT.fullmatch(_narrow(cell).strip())
        unit = found.group(2) if found else None
        if found is None or unit not in UNITS | {""}:
            return cells, ""
        split.append((found.group(1), unit))
    seen = [unit for value, unit in split if value is not None]
    kinds = list(dict.fromkeys(seen))
    if len(kinds) > 1:
        main = max(kinds, key=seen.count)
        listed = "、".join(f"“{kind}”" if kind else "没有单位" for kind in kinds)
        raise QualityDataError(
            f"“{name}”的列“{label}”里单位不统一：{listed}。",
            hint="请换算成同一个单位；单位写在列名里最好。",
            rows=[
                row + 1
                for row, (value, unit) in zip(rows, split, strict=True)
                if value is not None and unit != main
            ],
        )
    return [value for value, _ in split], kinds[0] if kinds else ""
