"""统计过程控制 Control charts and run rules."""

from qtools.spc.charts import imr_chart, xbar_r_chart, xbar_s_chart
from qtools.spc.criteria import RULE_SETS, RuleSet
from qtools.spc.result import ControlChart, ImrChart, Panel, XbarRChart, XbarSChart
from qtools.spc.rules import RULES, Rule, evaluate

__all__ = [
    "RULES",
    "RULE_SETS",
    "ControlChart",
    "ImrChart",
    "Panel",
    "Rule",
    "RuleSet",
    "XbarRChart",
    "XbarSChart",
    "evaluate",
    "imr_chart",
    "xbar_r_chart",
    "xbar_s_chart",
]
