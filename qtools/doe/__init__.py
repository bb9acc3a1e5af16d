"""试验设计 Design of experiments: designs, their analysis, and the decisions they support."""

from qtools.doe.analysis import analyze
from qtools.doe.analysis_result import FactorialAnalysis
from qtools.doe.arrays import ArrayDesign, interaction_columns, orthogonal_array
from qtools.doe.composite import box_behnken, central_composite
from qtools.doe.design import Design
from qtools.doe.discrepancy import centered_discrepancy
from qtools.doe.factor import Factor
from qtools.doe.factorial import fractional_factorial, full_factorial
from qtools.doe.folding import fold_over
from qtools.doe.lenth import Lenth, lenth
from qtools.doe.one_way import one_way
from qtools.doe.one_way_result import OneWay
from qtools.doe.power import power, sample_size
from qtools.doe.power_result import Power
from qtools.doe.recognise import read_design
from qtools.doe.sample_size import SampleSize
from qtools.doe.screening import definitive_screening, plackett_burman
from qtools.doe.sheet import run_sheet, verify_sheet
from qtools.doe.uniform import UniformDesign, uniform_design

__all__ = [
    "ArrayDesign",
    "Design",
    "Factor",
    "FactorialAnalysis",
    "Lenth",
    "OneWay",
    "Power",
    "SampleSize",
    "UniformDesign",
    "analyze",
    "box_behnken",
    "centered_discrepancy",
    "central_composite",
    "definitive_screening",
    "fold_over",
    "fractional_factorial",
    "full_factorial",
    "interaction_columns",
    "lenth",
    "one_way",
    "orthogonal_array",
    "plackett_burman",
    "power",
    "read_design",
    "run_sheet",
    "sample_size",
    "uniform_design",
    "verify_sheet",
]
