"""公布值 Published values as cases: an expression over qtools, the printed digits, the source.

One schema serves the ``published:`` list of a data card and every file of ``tests/reference``.
The printed digits are the tolerance: half a unit of the last one. Public names are reached
through :mod:`qtools.data`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from qtools.errors import QualityDataError

Status = Literal["一致", "未复现", "不一致"]

_NOISE = 1e-9  # of the tolerance, and of an integer that was computed as a float
_NUMERICS = ("sigma", "variance", "variance.crossed", "frames")
# decimals of the tables that textbooks print; of d₂* it is K = 1/d₂* that is printed
_PRINTED = {
    "qtools.constants": {"c4": 4, "d2": 3, "d3": 3},
    "qtools.msa.ranges": {"k1": 4, "d2_star": -4},
}
_BUILTINS = (
    *(abs, all, any, bool, dict, enumerate, float, int, len, list, max, min, range, round),
    *(set, sorted, str, sum, tuple, zip),
)


@dataclass(frozen=True, slots=True)
class Case:
    """公布值一条 One published value and the expression that must give it.

    Parameters
    ----------
    id : str
        Unique name in ASCII, ``family.what``.
    what : str
        What the number is, in Chinese.
    expr : str
        Expression over ``qt``, ``np`` and ``df``.
    value : str
        The value as printed; its digits give the tolerance.
    source : str
        Who published it and where; 独立复算 where a second derivation stands in for a publication.
    data : str, optional
        Name of a data set, or a CSV beside the YAML file; loaded as ``df``.
    constants : {"printed"}, optional
        The source computed with table constants rounded as printed (d₂ = 1.128).
    reproduces : bool
        False where the published value is known not to follow from its own formula.
    note : str
        What a reader should know about the comparison.
    where : str
        Data set or file that holds the case; filled in by the reader of the file.
    """

    id: str
    what: str
    expr: str
    value: str
    source: str
    data: str | None = None
    constants: Literal["printed"] | None = None
    reproduces: bool = True
    note: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """核对结果 A published value beside the computed one.

    Parameters
    ----------
    case : Case
        What was compared.
    computed : float, int, bool or str
        Value of the expression.
    tolerance : float
        Half a unit of the last printed digit; 0 for whole numbers, words and truth values.
    difference : float or None
        Computed minus published; None where there is nothing to subtract.
    agrees : bool
        Whether the difference lies within the tolerance.
    """

    case: Case
    computed: float | int | bool | str
    tolerance: float
    difference: float | None
    agrees: bool

    @property
    def published(self) -> str:
        """The value as printed."""
        return self.case.value

    @property
    def status(self) -> Status:
        """一致, 未复现 (known not to follow from its formula, and it does not), or 不一致."""
        if self.agrees is not self.case.reproduces:
            return "不一致"
        return "一致" if self.agrees else "未复现"


def parse(entries: object, where: str, data: str | None = None) -> tuple[Case, ...]:
    """Cases of a YAML list, each fault named.

    Parameters
    ----------
    entries : object
        What the YAML file holds: a list of mappings.
    where : str
        Data set or file, for messages and for the page 数字核验.
    data : str, optional
        The ``df`` of cases that name none.

    Raises
    ------
    QualityDataError
        If an entry is not a mapping, lacks a key, has an unknown one, or one of a wrong type.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise QualityDataError(f"“{where}”里的公布值应当是一个列表。")
    return tuple(_case(entry, number, where, data) for number, entry in enumerate(entries, 1))


def _case(entry: object, number: int, where: str, data: str | None) -> Case:
    if not isinstance(entry, Mapping):
        raise QualityDataError(f"“{where}”第 {number} 条公布值应当是“键: 值”。")
    name = entry.get("id", f"第 {number} 条")
    known = [field.name for field in fields(Case) if field.name != "where"]
    unknown = [key for key in entry if key not in known]
    missing = [key for key in known[:5] if not entry.get(key)]
    if unknown or missing:
        said = "、".join([f"多了“{key}”" for key in unknown] + [f"缺“{key}”" for key in missing])
        raise QualityDataError(f"“{where}”的公布值“{name}”{said}。")
    for key, value in entry.items():
        if not isinstance(value, bool if key == "reproduces" else str):
            hint = "数值请加引号，写成印刷的样子。" if key == "value" else None
            raise QualityDataError(f"“{where}”的公布值“{name}”的“{key}”类型不对。", hint=hint)
    if entry.get("constants", "printed") != "printed":
        raise QualityDataError(f"“{where}”的公布值“{name}”的“constants”只能是 printed。")
    return Case(**{"data": data, **entry, "where": where})


def _import(name: str, *args: Any) -> Any:
    """Import for numpy's C code, which imports through the frame that called it; for no one else.

    Raises
    ------
    ImportError
        If the module is not one of the libraries that methods compute with.
    """
    if name.split(".")[0] not in ("numpy", "pandas", "scipy"):
        raise ImportError(f"算式里不能导入 {name}")
    return __import__(name, *args)


def evaluate(expr: str, **names: Any) -> Any:
    """算式求值 Value of an expression over ``qt``, ``np`` and the given names.

    Serves cards, exercises, tests and the build alike. The expressions belong to the book; this
    keeps them short and honest, and is no protection against a hostile one.

    Parameters
    ----------
    expr : str
        A Python expression.
    **names
        Further names, such as ``df``.

    Raises
    ------
    QualityDataError
        If the expression cannot be evaluated; the message names it.

    Examples
    --------
    >>> evaluate("np.sqrt(x) + 1", x=9.0).item()
    4.0
    """
    import numpy as np

    import qtools

    for module in _NUMERICS:  # so that qt.sigma is there without a method's help
        import_module(f"qtools.{module}")

    safe: dict[str, object] = {builtin.__name__: builtin for builtin in _BUILTINS}
    safe["__import__"] = _import
    space = {"qt": qtools, "np": np, **names, "__builtins__": safe}
    try:
        return eval(compile(expr.strip(), "<算式>", "eval"), space)  # noqa: S307
    except QualityDataError as error:
        raise QualityDataError(
            f"算式“{expr}”算不出来：{error.message}", hint=error.hint, rows=error.rows
        ) from error
    except Exception as error:
        raise QualityDataError(f"算式“{expr}”算不出来：{type(error).__name__}: {error}") from error


@contextmanager
def printed_constants() -> Iterator[None]:
    """印刷常数 Lets estimators use c₄, d₂, d₃ and K as tables print them, in a ``with`` block.

    A comparison with a source that computed with d₂ = 1.128 needs it; nothing else does. Modules
    are to be imported before, so that none keeps a rounded constant.
    """
    loaded = {key: module for key, module in sys.modules.items() if key.startswith("qtools.")}
    changed: list[tuple[ModuleType, str, Any]] = []
    for home, decimals in _PRINTED.items():
        for name, places in decimals.items() if home in loaded else ():
            original = vars(loaded[home])[name]
            for key, module in loaded.items():
                # K is rounded once, from exact d₂ and d₃: these stay where they are computed from
                exact = home == "qtools.constants" and key in _PRINTED
                if not exact and vars(module).get(name) is original:
                    changed.append((module, name, original))
                    setattr(module, name, _rounded(original, places))
    try:
        yield
    finally:
        for module, name, original in changed:
            setattr(module, name, original)


def _rounded(constant: Any, places: int) -> Callable[..., float]:
    """The constant as printed; with negative places, it is the reciprocal that is."""

    def printed(*sizes: int) -> float:
        value: float = constant(*sizes)
        return round(value, places) if places > 0 else 1 / round(1 / value, -places)

    return printed


def compare(case: Case, computed: Any) -> Verification:
    """公布与计算 The published value against the computed one, by its printed digits.

    Raises
    ------
    QualityDataError
        If what was computed is no single number, word or truth value.

    Examples
    --------
    >>> case = Case("x", "均值", "m", "563.0357", "NIST")
    >>> compare(case, 563.035714).agrees, compare(case, 563.03576).agrees
    (True, False)
    """
    single = hasattr(computed, "item") and getattr(computed, "size", 0) == 1
    value = computed.item() if single else computed
    if not isinstance(value, (bool, int, float, str)):
        raise QualityDataError(f"公布值“{case.id}”的算式没有给出一个数：{value!r}。")
    if case.value in ("True", "False") or isinstance(value, (bool, str)):
        return Verification(case, value, 0.0, None, str(value) == case.value)
    try:
        printed = Decimal(case.value.replace("−", "-"))
    except InvalidOperation:
        return Verification(case, value, 0.0, None, agrees=False)
    whole = case.value.lstrip("+-−").isdigit()
    exponent = printed.as_tuple().exponent
    tolerance = 0.0 if whole or isinstance(exponent, str) else 0.5 * 10.0**exponent
    # Decimal subtracts exactly: a printed 563.03575 is not first rounded to a double
    difference = float(Decimal(value) - printed)
    slack = _NOISE * max(abs(float(printed)), 1.0) if whole else _NOISE * tolerance
    if isinstance(value, int):
        slack = 0.0
    return Verification(case, value, tolerance, difference, abs(difference) <= tolerance + slack)
