"""测量系统分析 Measurement systems analysis: how much of the spread is the gauge's own."""

from qtools.msa.criteria import BIAS, GAGE, TYPE1, Band, GageCriteria, Ladder
from qtools.msa.gage_rr import gage_rr
from qtools.msa.result import GageRR
from qtools.msa.type1 import Type1Study, type1_study

__all__ = [
    "BIAS",
    "GAGE",
    "TYPE1",
    "Band",
    "GageCriteria",
    "GageRR",
    "Ladder",
    "Type1Study",
    "gage_rr",
    "type1_study",
]
