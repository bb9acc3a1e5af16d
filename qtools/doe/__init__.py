"""试验设计 Design of experiments: designs, their analysis, and the decisions they support."""

from qtools.doe.composite import box_behnken, central_composite
from qtools.doe.design import Design
from qtools.doe.factor import Factor
from qtools.doe.factorial import full_factorial
from qtools.doe.sheet import run_sheet, verify_sheet

__all__ = [
    "Design",
    "Factor",
    "box_behnken",
    "central_composite",
    "full_factorial",
    "run_sheet",
    "verify_sheet",
]
