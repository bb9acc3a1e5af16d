"""质量数据分析手册 qtools: the helper package behind the handbook's notebooks.

One way for data: ``df = qt.load(name or path)`` → ``result = method(df, ...)`` → ``result`` on the
page, ``qt.record`` for the numbers, ``qt.say`` for the sentence. Everything above floor 0 is
imported at first use, so ``import qtools as qt`` costs milliseconds.

Examples
--------
>>> import qtools as qt
>>> film = qt.load("furnace")
>>> len(film)
168
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qtools.errors import QualityDataError

if TYPE_CHECKING:
    from qtools import capability, data, doe, msa, spc
    from qtools.components import VarianceComponents, variance_components
    from qtools.data import load
    from qtools.notebook import check, exercise, hint, record, say, show, solution

__version__ = "0.1.0"

# public name → the module that holds it; a module is named by itself
_LAZY = {
    "capability": "qtools.capability",
    "data": "qtools.data",
    "doe": "qtools.doe",
    "msa": "qtools.msa",
    "spc": "qtools.spc",
    "VarianceComponents": "qtools.components",
    "variance_components": "qtools.components",
    "load": "qtools.data",
    "check": "qtools.notebook",
    "exercise": "qtools.notebook",
    "hint": "qtools.notebook",
    "record": "qtools.notebook",
    "say": "qtools.notebook",
    "show": "qtools.notebook",
    "solution": "qtools.notebook",
}

__all__ = [
    "QualityDataError",
    "VarianceComponents",
    "capability",
    "check",
    "data",
    "doe",
    "exercise",
    "hint",
    "load",
    "msa",
    "record",
    "say",
    "show",
    "solution",
    "spc",
    "variance_components",
]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use (PEP 562)."""
    home = _LAZY.get(name)
    if home is None:
        raise AttributeError(f"module 'qtools' has no attribute {name!r}")
    module = import_module(home)
    value = module if home == f"qtools.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
