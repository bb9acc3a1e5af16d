"""测量系统分析 Measurement systems analysis: how much of the spread is the gauge's own."""

from qtools.msa.criteria import GAGE, Band, GageCriteria, Ladder
from qtools.msa.gage_rr import gage_rr
from qtools.msa.result import GageRR

__all__ = [
    "GAGE",
    "Band",
    "GageCriteria",
    "GageRR",
    "Ladder",
    "gage_rr",
]
