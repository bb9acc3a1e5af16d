"""Capability: indices and intervals against publications, second derivations and simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import qtools as qt
from qtools import sigma, variance
from qtools.capability import Spread, indices, process_capability

NESTED = ("炉次", "炉区")


@pytest.fixture(scope="module")
def film() -> pd.DataFrame:
    return qt.load("furnace")


@pytest.fixture(scope="module")
def furnace(film):
    return process_capability(
        film, value="膜厚", lsl=460, usl=660, target=560, subgroup="炉次", nested=NESTED
    )


# ── published values ─────────────────────────────────────────────────────────────────────────


def test_furnace_agrees_with_nist(furnace):
    """NIST/SEMATECH e-Handbook 3.5.1.2 (which prints Pp, Ppk as Cp, Cpk)."""
    m = furnace.metrics()
    printed = {
        "mean": (563.0357, 4),
        "sd_overall": (25.3847, 4),
        "pp": (1.31313, 5),
        "pp_low": (1.17234, 5),
        "pp_high": (1.45372, 5),
        "ppk": (1.27327, 5),
        "ppk_low": (1.12771, 5),
        "ppk_high": (1.41882, 5),
        "cpm": (1.30384, 5),
        "ppm_below_lsl": (24.6, 1),
        "ppm_above_usl": (66.8, 1),
    }
    assert {key: round(m[key], digits) for key, (_, digits) in printed.items()} == {
        key: value for key, (value, _) in printed.items()
    }


def test_furnace_within_and_nested_views(furnace):
    """R 4.2: mean(tapply(y, run, sd))/c4(8); anova(lm(y ~ run + run:zone)) and Satterthwaite."""
    m = furnace.metrics()
    expected = {
        "sd_within": 17.7525720144,
        "cp": 1.87766219488,
        "cp_low": 1.66271283011,
        "cp_high": 2.09888713257,
        "cpk": 1.82066173539,
        "cpk_low": 1.60339620796,
        "cpk_high": 2.03792726282,
        "sd_nested": 25.6677372999,
        "df_nested": 53.283181991,
        "pp_nested": 1.29864712826,
        "pp_nested_low": 1.05260250451,
        "pp_nested_high": 1.54420962255,
        "ppk_nested": 1.25922391186,
        "ppk_nested_low": 0.996534741466,
        "ppk_nested_high": 1.52191308226,
    }
    for key, value in expected.items():
        assert m[key] == pytest.approx(value, rel=1e-9), key
    assert furnace.index("cp").df == pytest.approx(142.551039082, rel=1e-9)
    assert m["sd_within_estimator"] == "s"


def test_piston_rings_intervals_of_qcc_follow_with_its_degrees_of_freedom():
    """R package qcc: Cp 1.703 (1.491, 1.915), Cpk 1.663 (1.448, 1.878), Cpm 1.691 (1.480, 1.902).

    σ = R̄/d₂ = 0.0097850 from 25 subgroups of 5, but qcc takes n − 1 = 124 degrees of freedom, as
    if σ were the overall s. The ranges carry about 91: our intervals are wider. For Cpm qcc's
    limits follow from n(1 + ξ²)/(1 + 2ξ²), Boyles's formula without its square.
    """
    mean, s, n = 74.001176, 0.0097850, 125
    as_qcc = Spread(s, n - 1, "R̄/d₂", s**2 / n)
    cp, cpk = 0.1 / (6 * s), (74.05 - mean) / (3 * s)
    wide = indices.width_interval(cp, as_qcc, 0.95)
    near = indices.nearest_interval(cpk, as_qcc, 0.95)
    assert (round(cp, 3), round(wide.low, 3), round(wide.high, 3)) == (1.703, 1.491, 1.915)
    assert (round(cpk, 3), round(near.low, 3), round(near.high, 3)) == (1.663, 1.448, 1.878)
    square = ((mean - 74) / s) ** 2
    cpm, df = indices.cpm(0.1, mean - 74, as_qcc)
    theirs = indices.cpm_interval(cpm, n * (1 + square) / (1 + 2 * square), 0.95)
    assert (round(cpm, 3), round(theirs.low, 3), round(theirs.high, 3)) == (1.691, 1.480, 1.902)
    boyles = n * (1 + square) ** 2 / (1 + 2 * square)
    assert df == pytest.approx(boyles, rel=0.01)  # differs by n against n − 1 only

    ranges = sigma.effective_df((sigma.d3(5) / sigma.d2(5)) ** 2 / 25)
    assert 90 < ranges < 92
    ours = indices.width_interval(cp, Spread(s, ranges, "R̄/d₂", s**2 / n, unbiased=True), 0.95)
    assert ours.low < wide.low
    assert ours.high > wide.high


# ── second derivations ───────────────────────────────────────────────────────────────────────


def test_chi_interval_of_a_single_unbiased_sd_is_that_of_the_sd_itself():
    """s/c₄ of one subgroup says exactly what s says: the interval of d/σ cannot depend on c₄."""
    s, n = 2.5, 6
    plain = indices.width_interval(10 / s, Spread(s, n - 1, "s", 1.0), 0.9)
    corrected = indices.width_interval(
        10 * sigma.c4(n) / s, Spread(s / sigma.c4(n), n - 1, "s/c₄", 1.0, unbiased=True), 0.9
    )
    assert corrected.low == pytest.approx(plain.low, rel=1e-12)
    assert corrected.high == pytest.approx(plain.high, rel=1e-12)
    low, high = np.sqrt(stats.chi2.ppf([0.05, 0.95], n - 1) / (n - 1))  # another library's χ²
    assert (plain.low, plain.high) == pytest.approx((10 / s * low, 10 / s * high), rel=1e-12)


@pytest.mark.parametrize(
    ("z", "n", "low", "high"),
    [
        # R 4.2: P(T ≤ t) = ∫ Φ(t w/√ν − δ) f_χ(w) dw by integrate(), inverted by uniroot()
        (3.0, 50, 130.837175785, 9564.90573454),
        (-0.5, 20, 511314.675507, 831482.160644),
    ],
)
def test_ppm_interval_against_r(z, n, low, high):
    ppm, interval = indices.tail_ppm(z, n, 0.95)
    assert ppm == pytest.approx(1e6 * stats.norm.sf(z), rel=1e-12)
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize("confidence", [0.05, 0.5, 0.999])
@pytest.mark.parametrize(("z", "n"), [(0.0, 5), (0.3, 8), (9.0, 30), (-6.0, 12), (4.0, 10**6)])
def test_ppm_limits_put_z_at_the_tail_points(z, n, confidence):
    """Put back: at each limit the noncentral t, integrated here, has the tail asked for."""
    _, interval = indices.tail_ppm(z, n, confidence)
    df, t = n - 1, z * math.sqrt(n)

    def below(ppm: float) -> float:
        delta = -stats.norm.ppf(ppm / 1e6) * math.sqrt(n)
        middle, reach = math.sqrt(df), 9.0

        def integrand(w: float) -> float:
            return float(stats.norm.cdf(t * w / middle - delta) * stats.chi.pdf(w, df))

        area, _ = integrate.quad(
            integrand, max(0.0, middle - reach), middle + reach, points=[middle], epsabs=1e-11
        )
        return float(area)

    tail = (1 - confidence) / 2
    if interval.low > 1e-290:
        assert below(interval.low) == pytest.approx(tail, abs=1e-6)
    if interval.high < 1e6 * (1 - 1e-9):
        assert below(interval.high) == pytest.approx(1 - tail, abs=1e-6)


def test_bissell_is_the_nested_formula_for_independent_readings():
    s, n, cpk = 1.7, 40, 1.21
    z = stats.norm.ppf(0.975)
    by_hand = z * math.sqrt(1 / (9 * n) + cpk**2 / (2 * (n - 1)))  # Bissell (1990), eq. of s.e.
    interval = indices.nearest_interval(cpk, Spread(s, n - 1, "s", s**2 / n), 0.95)
    assert interval.high - cpk == pytest.approx(by_hand, rel=1e-12)
    assert cpk - interval.low == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(("n", "z"), [(5, 8000), (168, 1500), (100_000, 60)])
def test_far_limits_of_ppm_join_the_exact_ones(n, z, monkeypatch):
    """Just below the switch the noncentral t still works: large n agree to 1 % of the width."""
    exact = indices._noncentrality_limits(z, n, 0.95)
    monkeypatch.setattr(indices, "_FAR", 1.0)
    for at, limit in zip(exact, indices._noncentrality_limits(z, n, 0.95), strict=True):
        assert limit - z == pytest.approx(at - z, rel=0.08 if n == 5 else 0.01)
    low, high = indices._noncentrality_limits(-z, n, 0.95)
    assert low < -z < high


def test_cpm_df_is_that_of_boyles_for_divisor_n():
    """With σ̂² of divisor n, whose χ² equivalent has 1/ν = 1/n to that order."""
    n, s, off = 30, 2.0, 1.5
    xi2 = (off / s) ** 2
    index, df = indices.cpm(12, off, Spread(s, n, "s", s**2 / n))
    assert df == pytest.approx(n * (1 + xi2) ** 2 / (1 + 2 * xi2), rel=1e-12)
    assert index == pytest.approx(12 / (6 * math.hypot(s, off)), rel=1e-12)


def test_anderson_darling_against_statsmodels_and_r(film):
    """statsmodels normal_ad; R 4.2, -n - mean((2i-1)(log Φ(z) + log Φ(-rev z))) with factor."""
    from statsmodels.stats.diagnostic import normal_ad

    rng = np.random.default_rng(3)
    samples = [
        film["膜厚"].to_numpy(float),
        -np.log(1 - (np.arange(1, 41) - 0.5) / 40),
        rng.uniform(size=60),
        stats.norm.ppf((np.arange(1, 31) - 0.5) / 30),
        rng.normal(size=25),
    ]
    for x in samples:
        assert indices.anderson_darling(x)[1] == pytest.approx(normal_ad(x)[1], rel=1e-6)
    assert indices.anderson_darling(samples[0])[0] == pytest.approx(0.250590296493, rel=1e-9)
    assert indices.anderson_darling(samples[1])[0] == pytest.approx(1.85842851251, rel=1e-9)
    far = np.concatenate([np.zeros(5000), np.ones(5000)])  # A² > 153, where the fit turns up
    assert 0 <= indices.anderson_darling(far)[1] < 1e-100


# ── coverage by simulation ───────────────────────────────────────────────────────────────────


def band(level: float, n: int) -> float:
    """Four standard errors of an observed proportion."""
    return 4 * math.sqrt(level * (1 - level) / n)


def test_coverage_of_the_cp_interval_is_right_in_each_tail():
    """Small samples, where an estimator's bias and its degrees of freedom show."""
    rng = np.random.default_rng(20261122)
    runs = 3000
    codes = np.repeat(np.arange(5), 3)
    for make in (sigma.from_standard_deviations, sigma.from_ranges, sigma.pooled):
        first = make(rng.normal(size=15), codes)
        unbiased = first.key != "pooled"
        low, high = indices.chi_factors(first.df, 0.9, unbiased=unbiased)
        values = np.array([_quick(make, rng.normal(size=15), codes) for _ in range(runs)])
        # σ = 1, so that the true index is d and the estimate d/σ̂
        for missed in (low / values > 1, high / values < 1):
            assert missed.mean() == pytest.approx(0.05, abs=band(0.05, runs)), make.__name__


def _quick(make, x, codes) -> float:
    """The estimate without its degrees of freedom, for speed: what ``make`` averages."""
    table = x.reshape(5, 3)
    if make is sigma.from_ranges:
        return float(np.ptp(table, axis=1).mean() / sigma.d2(3))
    sds = table.std(axis=1, ddof=1)
    if make is sigma.pooled:
        return float(math.sqrt((sds**2).mean()))
    return float(sds.mean() / sigma.c4(3))


def test_coverage_of_bissell_boyles_and_noncentral_t():
    rng = np.random.default_rng(7)
    n, runs, mu = 60, 1000, 0.8  # σ = 1, limits ±4, target 0
    ppk, cpm = (4 - mu) / 3, 8 / (6 * math.hypot(1, mu))
    ppm = 1e6 * stats.norm.sf(4 - mu)
    hits = np.zeros(3)
    for _ in range(runs):
        x = rng.normal(mu, 1, n)
        mean, s = float(x.mean()), float(x.std(ddof=1))
        spread = Spread(s, n - 1, "s", s**2 / n)
        index, df = indices.cpm(8, mean, spread)
        hits += (
            ppk in indices.nearest_interval((4 - mean) / (3 * s), spread, 0.9),
            cpm in indices.cpm_interval(index, df, 0.9),
            ppm in indices.tail_ppm((4 - mean) / s, n, 0.9)[1],
        )
    assert hits / runs == pytest.approx([0.9, 0.9, 0.9], abs=band(0.9, runs))


def test_nested_intervals_cover_where_those_for_independent_readings_do_not():
    """FURNACE's design and components: 21 runs × 4 zones × 2 wafers."""
    rng = np.random.default_rng(11)
    sd_run, sd_zone, sd_wafer = np.sqrt([312.557, 225.383, 120.893])
    total = math.sqrt(312.557 + 225.383 + 120.893)
    runs = 600
    run, zone = np.repeat(np.arange(21), 8), np.tile(np.repeat(np.arange(4), 2), 21)
    true = (100 / (3 * total), 97 / (3 * total))  # mean 3 off the middle of 200
    hits = np.zeros(4)
    for _ in range(runs):
        x = 3 + np.repeat(rng.normal(0, sd_run, 21), 8) + np.repeat(rng.normal(0, sd_zone, 84), 2)
        x += rng.normal(0, sd_wafer, 168)
        anova = variance.nested_anova(x, [run, zone])
        nested = Spread(math.sqrt(anova.total_variance), anova.total_df, "", anova.mean_variance)
        s = float(x.std(ddof=1))
        naive = Spread(s, 167, "", s**2 / 168)
        room = 100 - abs(float(x.mean()))
        for k, spread in enumerate((nested, naive)):
            wide = indices.width_interval(100 / (3 * spread.value), spread, 0.95)
            near = indices.nearest_interval(room / (3 * spread.value), spread, 0.95)
            hits[2 * k : 2 * k + 2] += (true[0] in wide, true[1] in near)
    share = hits / runs
    assert share[:2] == pytest.approx([0.95, 0.95], abs=band(0.95, runs))
    assert (share[2:] < 0.85).all()


# ── invariances ──────────────────────────────────────────────────────────────────────────────


def readings(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    k, n = int(rng.integers(3, 7)), int(rng.integers(2, 6))
    x = rng.normal(10, 1, k * n) + np.repeat(rng.normal(0, 0.7, k), n)
    return pd.DataFrame({"x": x, "g": np.repeat(np.arange(k), n)})


def study(df: pd.DataFrame, **options):
    return process_capability(
        df, value="x", subgroup="g", nested=("g",), within="r", **options
    ).metrics()


def close(one, two, but=()):
    assert one.keys() == two.keys()
    for key, value in one.items():
        if key not in but:
            expected = value if isinstance(value, str) else pytest.approx(value, rel=1e-6, abs=1e-9)
            assert two[key] == expected, key


SEEDS = st.integers(0, 10**6)
FAST = settings(max_examples=15, deadline=None)


@FAST
@given(SEEDS)
def test_row_order_does_not_matter_with_subgroups(seed):
    df = readings(seed)
    mixed = df.sample(frac=1, random_state=seed)
    close(study(df, lsl=5, usl=14, target=10), study(mixed, lsl=5, usl=14, target=10))


@FAST
@given(SEEDS, st.floats(-1e5, 1e5), st.floats(1e-3, 1e3))
def test_shift_and_scale(seed, shift, scale):
    df = readings(seed)
    moved = df.assign(x=df["x"] * scale + shift * scale)
    spec = {"lsl": 5.0, "usl": 14.0, "target": 10.0}
    two = study(moved, **{key: (at + shift) * scale for key, at in spec.items()})
    one = study(df, **spec)
    lengths = {"sd_within", "sd_overall", "sd_nested"}
    close(one, two, but=lengths | {"mean"})
    for key in lengths:
        assert two[key] == pytest.approx(one[key] * scale, rel=1e-6)


@FAST
@given(SEEDS)
def test_mirror_swaps_the_tails(seed):
    df = readings(seed)
    one = study(df, lsl=6, usl=13, target=10)
    two = study(df.assign(x=-df["x"]), lsl=-13, usl=-6, target=-10)
    for tail in ("", "_low", "_high"):
        below, above = f"ppm_below_lsl{tail}", f"ppm_above_usl{tail}"
        two[below], two[above] = two[above], two[below]
    two["n_below_lsl"], two["n_above_usl"] = two["n_above_usl"], two["n_below_lsl"]
    close(one, two, but={"mean"})


def test_a_large_offset_costs_no_digits(film):
    spec = {"lsl": 460, "usl": 660, "target": 560}
    near = process_capability(film, value="膜厚", nested=NESTED, **spec).metrics()
    far = process_capability(
        film.assign(膜厚=film["膜厚"] + 10**9),
        value="膜厚",
        nested=NESTED,
        **{key: at + 10**9 for key, at in spec.items()},
    ).metrics()
    for key in ("cp", "cpk_low", "pp", "ppk_high", "cpm", "ppm_below_lsl", "ppk_nested_low"):
        assert far[key] == pytest.approx(near[key], rel=1e-8), key
