"""Stability behind a study: how surprising the signals are in a stable process."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtools as qt
from qtools.capability import PanelSignals, Stability, process_capability, stability
from qtools.variance import nested_anova

FURNACE = (312.557, 225.383, 120.893)
"""Components of run, zone and wafer, e-Handbook 3.5.1."""

RUN_SD = math.sqrt(FURNACE[0] + FURNACE[1] / 4 + FURNACE[2] / 8)


def units(runs: int) -> list[np.ndarray]:
    return [np.repeat(np.arange(runs), 8), np.repeat(np.arange(4 * runs), 2)]


def furnace(rng: np.random.Generator, runs: int) -> np.ndarray:
    """A stable furnace: runs, four zones a run, two wafers a zone."""
    run, zone, wafer = (
        math.sqrt(v) * rng.normal(size=runs * k) for v, k in zip(FURNACE, (1, 4, 8), strict=True)
    )
    return np.repeat(run, 8) + np.repeat(zone, 2) + wafer


def unstable(runs: int, times: int, seed: int, change=None) -> float:
    """Share of simulated furnaces that are called unstable."""
    rng = np.random.default_rng(seed)
    level = units(runs)
    found = 0
    for _ in range(times):
        x = furnace(rng, runs)
        if change is not None:
            x = x + np.repeat(RUN_SD * change, 8)
        found += not stability.of_nested(x, level[0], "炉次", nested_anova(x, level), 0.05).stable
    return found / times


@pytest.mark.parametrize(("runs", "times"), [(21, 1500), (50, 1500), (100, 1500)])
def test_a_stable_nested_process_is_rarely_called_unstable(runs, times):
    """At most 0.05 are expected; 0.07 leaves 3.5 standard errors of the simulation."""
    assert unstable(runs, times, seed=runs) < 0.07


@pytest.mark.parametrize(
    ("runs", "change", "power"),
    [
        (21, 4.0 * (np.arange(21) > 9), 0.5),  # MR̄ takes in the jump, and there are few runs
        (50, 4.0 * (np.arange(50) > 24), 0.85),
        (100, 4.0 * (np.arange(100) > 49), 0.95),
        (21, np.linspace(-3, 3, 21), 0.65),
        (50, np.linspace(-3, 3, 50), 0.85),
        (21, 6.0 * (np.arange(21) == 10), 0.7),
        (100, 6.0 * (np.arange(100) == 50), 0.9),  # one run among many
    ],
)
def test_shifts_trends_and_single_wild_runs_are_called_unstable(runs, change, power):
    assert unstable(runs, 100, seed=1, change=change) > power


def test_degrees_of_freedom_within_a_run_of_the_furnace():
    """Expected mean squares 2·225.383 + 120.893 and 120.893 with 3 and 4 df a run: 4.65 of 7."""
    film = qt.load("furnace")
    codes = [film["炉次"].to_numpy() - 1, pd.factorize(film["炉次"] * 10 + film["炉区"])[0]]
    zone, wafer = 571.66, 120.89
    expected = (3 * zone + 4 * wafer) ** 2 / ((3 * zone) ** 2 / 3 + (4 * wafer) ** 2 / 4)
    assert stability.within_df(nested_anova(film["膜厚"], codes)) / 21 == pytest.approx(
        expected, abs=0.01
    )


def test_the_spread_is_that_of_the_zones_too():
    """Zones that drift apart in one run are a change although each zone is as even as ever."""
    rng = np.random.default_rng(3)
    x, level = furnace(rng, 50), units(50)
    x[160:168] += np.repeat([-60.0, 60, -60, 60], 2)
    judged = stability.of_nested(x, level[0], "炉次", nested_anova(x, level), 0.05)
    assert not judged.stable
    assert judged.panels[2].signals == 1
    assert judged.by_distance < 0.01
    x[160:168] += 200
    again = stability.of_nested(x, level[0], "炉次", nested_anova(x, level), 0.05)
    # the level of a run is no part of its spread
    assert again.panels[2].extreme == pytest.approx(judged.panels[2].extreme, rel=1e-6)


def test_units_of_one_reading_have_no_spread():
    x = np.array([5.0, 5.2, 4.9, 5.1, 5.3, 5.0, 4.8])
    outer = np.array([0, 0, 1, 1, 2, 2, 3])
    judged = stability.of_nested(x, outer, "炉", nested_anova(x, [outer]), 0.05)
    assert [panel.points for panel in judged.panels] == [4, 3, 3]
    flat = np.repeat([1.0, 2, 4], 2)
    judged = stability.of_nested(flat, outer[:6], "炉", nested_anova(flat, [outer[:6]]), 0.05)
    assert [panel.points for panel in judged.panels] == [3, 2]


# ── false alarms of the panels ───────────────────────────────────────────────────────────────


def alarms(df: pd.DataFrame, **options) -> list[float]:
    result = process_capability(df, value="x", lsl=-50, usl=50, **options)
    return [panel.false_alarm for panel in result.stability.panels]


def test_false_alarms_of_single_values():
    """P(|z| > 3); |d| = √2·σ·|z| against D₄·2σ/√π with D₄ = 1 + 3√(π/2 − 1)."""
    df = pd.DataFrame({"x": np.random.default_rng(1).normal(size=60)})
    line = 2 / math.sqrt(math.pi) * (1 + 3 * math.sqrt(math.pi / 2 - 1))
    expected = [0.0026998, 2 * stats.norm.sf(line / math.sqrt(2))]
    assert alarms(df) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("n", [2, 5, 8])
@pytest.mark.parametrize("within", ["r", "s"])
def test_false_alarms_of_spread_panels_by_simulation(n, within):
    rng = np.random.default_rng(n)
    df = pd.DataFrame({"x": rng.normal(size=20 * n), "g": np.repeat(np.arange(20), n)})
    z = rng.normal(size=(400_000, n))
    got = np.ptp(z, axis=1) if within == "r" else z.std(axis=1, ddof=1)
    low, high = got.mean() - 3 * got.std(), got.mean() + 3 * got.std()
    expected = ((got < low) | (got > high)).mean()
    assert alarms(df, subgroup="g", within=within)[1] == pytest.approx(expected, rel=0.06)


def test_unequal_subgroups_have_the_average_false_alarm():
    rng = np.random.default_rng(7)
    sizes = [2, 2, 2, 8]
    both = pd.DataFrame({"x": rng.normal(size=14), "g": np.repeat(np.arange(4), sizes)})
    for within in ("r", "s"):
        two, eight = (
            alarms(pd.DataFrame({"x": rng.normal(size=3 * n), "g": np.repeat([0, 1, 2], n)}),
                   subgroup="g", within=within)[1]
            for n in (2, 8)
        )  # fmt: skip
        got = alarms(both, subgroup="g", within=within)[1]
        assert got == pytest.approx((3 * two + eight) / 4, rel=1e-9)


# ── judgement ────────────────────────────────────────────────────────────────────────────────


def test_count_and_distance_follow_their_laws():
    seen = Stability(
        "图", (PanelSignals("甲", 100, 2, 0.0027, 0.001), PanelSignals("乙", 50, 1, 0.01, 0.004))
    )
    assert seen.by_count == pytest.approx(stats.poisson.sf(2, 0.27 + 0.5), rel=1e-12)
    assert seen.by_distance == pytest.approx(1 - 0.999**150, rel=1e-12)
    assert seen.stable == (2 * stats.poisson.sf(2, 0.77) >= 0.05)
    none = Stability("图", (PanelSignals("甲", 100, 0, 0.0027, 1.0),))
    assert (none.by_count, none.by_distance, none.stable) == (1.0, 1.0, True)
    assert Stability("图", ()).stable


def test_signals_of_chance_are_named_and_do_not_decide():
    """400 normal scores hold one beyond 3σ somewhere: to be looked at, not to be stopped for."""
    x = np.random.default_rng(8).normal(size=400)
    x = (x - x.mean()) / x.std()
    x[np.argmax(x)] = 3.3
    result = process_capability(pd.DataFrame({"x": x}), value="x", lsl=-6, usl=6)
    assert result.stability.signals > 0
    assert result.stability.stable
    assert result.deciding.key == "cpk"
    check = next(c for c in result.checks if c.code == "capability.chance-signals")
    assert check.level == "info"
    assert "的机会约" in check.text
    assert "过程不稳" in check.text
    assert "capability.unstable" not in {c.code for c in result.checks}
