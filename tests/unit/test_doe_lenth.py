"""Lenth's method: definition by hand, critical values simulated in another way, published ones."""

import numpy as np
import pytest
from scipy import stats

from qtools.doe import lenth
from qtools.doe.lenth import simulate
from qtools.errors import QualityDataError


def by_hand(effects):
    """PSE from the definition of Lenth (1989), without sorting."""
    sizes = np.abs(np.asarray(effects, dtype=float))
    s0 = 1.5 * np.median(sizes)
    return 1.5 * np.median(sizes[sizes < 2.5 * s0])


@pytest.mark.parametrize("m", [3, 4, 7, 8, 15, 16, 31])
def test_pse_is_the_definition(m):
    rng = np.random.default_rng(m)
    for _ in range(50):
        effects = rng.normal(size=m) * rng.choice([1.0, 8.0], size=m)
        found = lenth(effects)
        assert found.pse == pytest.approx(by_hand(effects), rel=1e-14)
        assert found.s0 == pytest.approx(1.5 * np.median(np.abs(effects)), rel=1e-14)


def test_t_margins_of_lenth():
    # Lenth (1989): t(0.975, m/3) and t(γ, m/3), γ = (1 + 0.95^(1/m))/2, here with scipy
    found = lenth(np.arange(1.0, 16.0), critical="t")
    assert found.me == pytest.approx(stats.t.ppf(0.975, 5) * found.pse, rel=1e-10)
    gamma = (1 + 0.95 ** (1 / 15)) / 2
    assert found.sme == pytest.approx(stats.t.ppf(gamma, 5) * found.pse, rel=1e-10)


@pytest.mark.parametrize("m", [7, 11, 15, 31])
def test_simulated_critical_values_against_another_simulation(m):
    """Other seed, other generator, PSE by its definition row by row."""
    rng = np.random.Generator(np.random.MT19937(77))
    sizes = np.abs(rng.normal(size=(12_000, m)))
    ratios = np.array([row / by_hand(row) for row in sizes])
    found = lenth(np.arange(1.0, m + 1))
    assert found.quantile("individual") == pytest.approx(np.quantile(ratios, 0.95), rel=0.012)
    largest = ratios.max(axis=1)
    assert found.quantile("experiment") == pytest.approx(np.quantile(largest, 0.95), rel=0.04)


def test_error_rates_are_what_they_say():
    """Of chance alone, 5 % of the effects pass ME and 5 % of the experiments SME."""
    m, draws = 15, 40_000
    ratios = simulate(m, draws, seed=4711)
    found = lenth(np.arange(1.0, m + 1))
    assert np.mean(ratios > found.quantile("individual")) == pytest.approx(0.05, abs=0.001)
    assert np.mean(ratios[:, -1] > found.quantile("experiment")) == pytest.approx(0.05, abs=0.005)
    # the t approximation of Lenth is wide for single effects of that many
    assert np.mean(ratios > found.quantile("individual", "t")) < 0.04


@pytest.mark.parametrize("critical", ["simulated", "t"])
@pytest.mark.parametrize("rate", ["individual", "experiment"])
def test_p_and_margin_agree(critical, rate):
    rng = np.random.default_rng(5)
    effects = np.append(rng.normal(size=14), 9.0)
    found = lenth(effects, critical=critical)
    low = found.p(rate) < 0.05
    assert (low == (np.abs(effects) > found.margin(rate))).all()
    assert found.p(rate).min() > 0


def test_scale_and_sign_do_not_matter():
    effects = np.array([24.7, 1.2, -3.4, 0.6, 14.1, -2.2, 0.9])
    one, other = lenth(effects), lenth(-1e6 * effects)
    assert other.me == pytest.approx(1e6 * one.me, rel=1e-12)
    assert other.p() == pytest.approx(one.p(), rel=1e-12)


def test_most_effects_zero():
    found = lenth([0, 0, 0, 0, 5.0])
    assert found.pse == 0
    assert found.p().tolist() == [1, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"effects": [1.0, 2.0]}, "只有 2 个效应"),
        ({"effects": [1.0, 2.0, float("nan"), 4.0]}, "不是数字"),
        ({"effects": ["大", "小", "大"]}, "不是数字"),
        ({"effects": [1.0, 2.0, 3.0], "critical": "normal"}, 'critical="normal"'),
        ({"effects": [1.0, 2.0, 3.0], "confidence": 95}, "置信"),
    ],
)
def test_bad_input(options, words):
    with pytest.raises(QualityDataError, match=words):
        lenth(**options)
