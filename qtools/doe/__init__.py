"""试验设计 Design of experiments: designs, their analysis, and the decisions they support."""

from qtools.doe.analysis import analyze
from qtools.doe.analysis_result import FactorialAnalysis
from qtools.doe.arrays import ArrayDesign, interaction_columns, orthogonal_array
from qtools.doe.composite import box_behnken, central_composite
from qtools.doe.confirm import Confirmation, confirm
from qtools.doe.counts import analyze_counts
from qtools.doe.counts_result import CountAnalysis
from qtools.doe.design import Design
from qtools.doe.desirability import desirability
from qtools.doe.desirability_result import Desirability
from qtools.doe.discrepancy import centered_discrepancy
from qtools.doe.factor import Factor
from qtools.doe.factorial import fractional_factorial, full_factorial
from qtools.doe.folding import fold_over
from qtools.doe.goals import Goal, read_goals
from qtools.doe.inner_outer import cross
from qtools.doe.lenth import Lenth, lenth
from qtools.doe.mixture import MixtureDesign, mixture_design
from qtools.doe.mixture_fit import MixtureFit, mixture_analysis
from qtools.doe.one_way import one_way
from qtools.doe.one_way_result import OneWay
from qtools.doe.optimal import d_optimal
from qtools.doe.pilot import Pilot, pilot_sd
from qtools.doe.plan import plan_experiment
from qtools.doe.plan_result import Plan
from qtools.doe.power import power, sample_size
from qtools.doe.power_result import Power
from qtools.doe.range_analysis import range_analysis
from qtools.doe.range_result import LevelAnalysis
from qtools.doe.recognise import read_design
from qtools.doe.robust import robust_model
from qtools.doe.robust_result import RobustModel
from qtools.doe.sample_size import SampleSize
from qtools.doe.screening import definitive_screening, plackett_burman
from qtools.doe.sheet import run_sheet, verify_sheet
from qtools.doe.signal_noise import signal_to_noise
from qtools.doe.signal_noise_result import SignalToNoise
from qtools.doe.split_plot import split_plot
from qtools.doe.split_plot_result import SplitPlot
from qtools.doe.surface import response_surface
from qtools.doe.surface_result import ResponseSurface
from qtools.doe.uniform import UniformDesign, uniform_design

__all__ = [
    "ArrayDesign",
    "Confirmation",
    "CountAnalysis",
    "Design",
    "Desirability",
    "Factor",
    "FactorialAnalysis",
    "Goal",
    "Lenth",
    "LevelAnalysis",
    "MixtureDesign",
    "MixtureFit",
    "OneWay",
    "Pilot",
    "Plan",
    "Power",
    "ResponseSurface",
    "RobustModel",
    "SampleSize",
    "SignalToNoise",
    "SplitPlot",
    "UniformDesign",
    "analyze",
    "analyze_counts",
    "box_behnken",
    "centered_discrepancy",
    "central_composite",
    "confirm",
    "cross",
    "d_optimal",
    "definitive_screening",
    "desirability",
    "fold_over",
    "fractional_factorial",
    "full_factorial",
    "interaction_columns",
    "lenth",
    "mixture_analysis",
    "mixture_design",
    "one_way",
    "orthogonal_array",
    "pilot_sd",
    "plackett_burman",
    "plan_experiment",
    "power",
    "range_analysis",
    "read_design",
    "read_goals",
    "response_surface",
    "robust_model",
    "run_sheet",
    "sample_size",
    "signal_to_noise",
    "split_plot",
    "uniform_design",
    "verify_sheet",
]
