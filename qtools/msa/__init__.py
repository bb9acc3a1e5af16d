"""测量系统分析 Measurement systems analysis: how much of the spread is the gauge's own."""

from qtools.msa.attribute import attribute_agreement
from qtools.msa.attribute_result import AttributeAgreement
from qtools.msa.bias import BiasStudy, bias_study
from qtools.msa.budget import UncertaintyBudget
from qtools.msa.comparison import method_comparison
from qtools.msa.comparison_result import MethodComparison
from qtools.msa.conformity import conformity
from qtools.msa.conformity_result import Conformity
from qtools.msa.criteria import (
    ATTRIBUTE,
    BIAS,
    GAGE,
    ONE_THIRD,
    QMP,
    QMS,
    TYPE1,
    AttributeCriteria,
    Band,
    GageCriteria,
    Ladder,
)
from qtools.msa.gage_rr import gage_rr
from qtools.msa.inputs import Input, read_budget
from qtools.msa.levels import level_study
from qtools.msa.levels_result import LevelStudy
from qtools.msa.linearity import linearity_study
from qtools.msa.linearity_result import LinearityStudy
from qtools.msa.misclassification import Misclassification, misclassification
from qtools.msa.monte_carlo import MonteCarloUncertainty, monte_carlo_uncertainty
from qtools.msa.planning import plan_gage_study
from qtools.msa.planning_result import GagePlan
from qtools.msa.result import GageRR
from qtools.msa.run_chart import gage_run_chart
from qtools.msa.run_chart_result import GageRunChart
from qtools.msa.sensor import sensor_study
from qtools.msa.sensor_result import SensorStudy
from qtools.msa.stability import stability_study
from qtools.msa.stability_result import StabilityStudy
from qtools.msa.type1 import Type1Study, type1_study
from qtools.msa.uncertainty import uncertainty_budget
from qtools.msa.validation import Validation

__all__ = [
    "ATTRIBUTE",
    "BIAS",
    "GAGE",
    "ONE_THIRD",
    "QMP",
    "QMS",
    "TYPE1",
    "AttributeAgreement",
    "AttributeCriteria",
    "Band",
    "BiasStudy",
    "Conformity",
    "GageCriteria",
    "GagePlan",
    "GageRR",
    "GageRunChart",
    "Input",
    "Ladder",
    "LevelStudy",
    "LinearityStudy",
    "MethodComparison",
    "Misclassification",
    "MonteCarloUncertainty",
    "SensorStudy",
    "StabilityStudy",
    "Type1Study",
    "UncertaintyBudget",
    "Validation",
    "attribute_agreement",
    "bias_study",
    "conformity",
    "gage_rr",
    "gage_run_chart",
    "level_study",
    "linearity_study",
    "method_comparison",
    "misclassification",
    "monte_carlo_uncertainty",
    "plan_gage_study",
    "read_budget",
    "sensor_study",
    "stability_study",
    "type1_study",
    "uncertainty_budget",
]
