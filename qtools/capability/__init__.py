"""过程能力 Capability and performance indices with intervals that fit the data."""

from qtools.capability.analysis import MIN_READINGS, process_capability
from qtools.capability.criteria import CRITERIA, Criteria, Grade
from qtools.capability.indices import Spec, Spread
from qtools.capability.parts import Histogram, Index, PanelSignals, Stability
from qtools.capability.result import ProcessCapability

__all__ = [
    "CRITERIA",
    "MIN_READINGS",
    "Criteria",
    "Grade",
    "Histogram",
    "Index",
    "PanelSignals",
    "ProcessCapability",
    "Spec",
    "Spread",
    "Stability",
    "process_capability",
]
