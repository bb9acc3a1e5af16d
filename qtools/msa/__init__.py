"""测量系统分析 Measurement systems analysis: how much of the spread is the gauge's own."""

from qtools.msa.budget import UncertaintyBudget
from qtools.msa.criteria import BIAS, GAGE, QMP, QMS, TYPE1, Band, GageCriteria, Ladder
from qtools.msa.gage_rr import gage_rr
from qtools.msa.inputs import Input, read_budget
from qtools.msa.monte_carlo import MonteCarloUncertainty, monte_carlo_uncertainty
from qtools.msa.result import GageRR
from qtools.msa.type1 import Type1Study, type1_study
from qtools.msa.uncertainty import uncertainty_budget
from qtools.msa.validation import Validation

__all__ = [
    "BIAS",
    "GAGE",
    "QMP",
    "QMS",
    "TYPE1",
    "Band",
    "GageCriteria",
    "GageRR",
    "Input",
    "Ladder",
    "MonteCarloUncertainty",
    "Type1Study",
    "UncertaintyBudget",
    "Validation",
    "gage_rr",
    "monte_carlo_uncertainty",
    "read_budget",
    "type1_study",
    "uncertainty_budget",
]
