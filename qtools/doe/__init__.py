"""试验设计 Design of experiments: designs, their analysis, and the decisions they support."""

from qtools.doe.composite import box_behnken, central_composite
from qtools.doe.design import Design
from qtools.doe.factor import Factor
from qtools.doe.factorial import full_factorial
from qtools.doe.power import power, sample_size
from qtools.doe.power_result import Power
from qtools.doe.sample_size import SampleSize
from qtools.doe.sheet import run_sheet, verify_sheet

__all__ = [
    "Design",
    "Factor",
    "box_behnken",
    "central_composite",
    "Power",
    "SampleSize",
    "full_factorial",
    "power",
    "run_sheet",
    "sample_size",
    "verify_sheet",
]
