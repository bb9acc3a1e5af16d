"""less_specimens: what is known of the specimens is taken from repeatability, and from it alone."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtools as qt
from qtools.errors import QualityDataError
from qtools.msa.specimens import less_specimens

ROLES = {"part": "炉号", "operator": "检验员", "value": "抗拉强度"}


@pytest.fixture(scope="module")
def gage():
    return qt.msa.gage_rr(qt.load("pull-sim"), **ROLES, design="nested", confidence=0.9)


def test_by_hand_from_the_mean_squares(gage):
    # expected mean squares: σ²e = MSe, σ²p = (MSp − MSe)/3, σ²o = (MSo − MSp)/18
    over_o, over_p, error = (float(ms) for ms in gage.anova()["均方 MS"].iloc[:3])
    operator, part = (over_o - over_p) / 18, (over_p - error) / 3
    found = less_specimens(gage, 4.0)
    assert found.grr == pytest.approx(
        100 * ((operator + error - 16) / (operator + part + error)) ** 0.5
    )
    assert not found.absorbed
    assert not found.contradicted
    assert "当作已知" in found.interval.method


def test_nothing_to_deduct_leaves_the_gauge_as_it_is(gage):
    found, limits = less_specimens(gage, 0), gage.intervals["pct_study_var"]
    assert found.grr == pytest.approx(gage.pct_study_var)
    assert (found.interval.low, found.interval.high) == pytest.approx((limits.low, limits.high))


def test_the_operators_part_is_not_deducted(gage):
    found = less_specimens(gage, 5.2)  # above the estimate of repeatability, 4.99
    assert found.absorbed
    people = gage.grr_var - gage.repeatability_var
    assert found.grr == pytest.approx(100 * (people / gage.total_var) ** 0.5)
    assert people > 0
    far = less_specimens(gage, 1e6)
    assert far.grr == pytest.approx(found.grr)
    assert far.interval.high > far.grr  # of the operators, whom no specimen excuses


def test_only_the_upper_limit_contradicts(gage):
    df = 36  # 18 heats of three specimens
    upper = (gage.repeatability_var * df / stats.chi2.ppf(0.05, df)) ** 0.5
    assert not less_specimens(gage, 0.999 * upper).contradicted
    assert less_specimens(gage, 1.001 * upper).contradicted


def test_a_right_standard_deviation_is_seldom_called_wrong():
    # a gauge without error of its own: repeatability is all specimens
    absorbed, contradicted, studies = 0, 0, 60
    heats = np.arange(18)
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        y = np.repeat(rng.normal(0, 12, 18), 3) + rng.normal(0, 4, 54)
        df = pd.DataFrame(
            {"炉号": np.repeat(heats, 3), "检验员": np.repeat(heats % 3, 3), "抗拉强度": y}
        )
        found = less_specimens(qt.msa.gage_rr(df, **ROLES, design="nested"), 4.0)
        absorbed, contradicted = absorbed + found.absorbed, contradicted + found.contradicted
    # χ²(36) < 36 in 53 % of studies; the upper 90 % limit lies below σ in 5 %
    assert abs(absorbed - 0.53 * studies) < 3 * (studies * 0.53 * 0.47) ** 0.5
    assert contradicted <= stats.binom.ppf(0.999, studies, 0.05)


@pytest.mark.parametrize("sd", [-1, float("nan"), float("inf"), "4", None])
def test_refusals(gage, sd):
    with pytest.raises(QualityDataError, match="试样的标准差"):
        less_specimens(gage, sd)
