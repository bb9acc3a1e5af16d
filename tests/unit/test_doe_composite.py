"""Designs for response surfaces: counts as published, and the properties they are known for."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from qtools import QualityDataError
from qtools.doe import Factor, box_behnken, central_composite
from qtools.doe.efficiency import rank


def quadratic(x):
    """Second derivation of the model's columns: 1, x, x², products."""
    pairs = [x[:, i] * x[:, j] for i, j in combinations(range(x.shape[1]), 2)]
    return np.column_stack([np.ones(len(x)), x, x**2, *pairs])


def on_sphere(k, radius, n=400):
    draws = np.random.default_rng(k).normal(size=(n, k))
    return radius * draws / np.linalg.norm(draws, axis=1, keepdims=True)


def spread_on_sphere(points, radius):
    """Largest over smallest variance of a prediction on a sphere."""
    x = quadratic(points)
    inverse = np.linalg.inv(x.T @ x)
    at = quadratic(on_sphere(points.shape[1], radius))
    variance = np.einsum("ij,jk,ik->i", at, inverse, at)
    return variance.max() / variance.min()


# Box & Hunter (1957), table 4: factorial points, α
CCD = {2: (4, 1.414), 3: (8, 1.682), 4: (16, 2.000), 5: (16, 2.000)}
CCD |= {6: (32, 2.378), 7: (64, 2.828), 8: (64, 2.828)}


@pytest.mark.parametrize("k", CCD)
def test_rotatable_designs_have_the_published_size_and_are_rotatable(k):
    corners, alpha = CCD[k]
    design = central_composite(k, center=3)
    assert design.n_runs == corners + 2 * k + 3
    assert [design.kinds.count(kind) for kind in ("析因点", "轴点", "中心点")] == [
        corners,
        2 * k,
        3,
    ]
    assert design.points.max() == pytest.approx(alpha, abs=5e-4)
    for radius in (0.3, 1.0, alpha):
        assert spread_on_sphere(design.points, radius) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("k", CCD)
@pytest.mark.parametrize("kind", ["rotatable", "faced", "inscribed"])
def test_first_order_and_products_are_orthogonal_and_the_quadratic_can_be_fitted(k, kind):
    design = central_composite(k, kind=kind, center=2)
    x = quadratic(design.points)
    gram = x.T @ x
    linear, square = slice(1, k + 1), slice(k + 1, 2 * k + 1)
    products = slice(2 * k + 1, None)
    for one, other in ((linear, square), (linear, products), (square, products)):
        np.testing.assert_allclose(gram[one, other], 0, atol=1e-9)
    for own in (linear, products):
        np.testing.assert_allclose(gram[own, own] - np.diag(np.diag(gram[own, own])), 0, atol=1e-9)
    assert rank(x) == x.shape[1] == (k + 1) * (k + 2) // 2
    assert design.efficiency()["d_efficiency"] > 0


def test_settings_are_the_corners_of_a_rotatable_and_the_stars_of_an_inscribed_design():
    heat = {"温度": (160, 180), "压力": (1, 2)}
    rotatable = central_composite(heat, center=1).runs
    assert sorted(set(rotatable["温度"])) == pytest.approx(
        [170 - 10 * 2**0.5, 160, 170, 180, 170 + 10 * 2**0.5]
    )
    inscribed = central_composite(heat, kind="inscribed", center=1)
    assert sorted(set(inscribed.runs["温度"])) == pytest.approx(
        [160, 170 - 10 / 2**0.5, 170, 170 + 10 / 2**0.5, 180]
    )
    faced = central_composite(heat, kind="faced", center=1).runs
    assert sorted(set(faced["压力"])) == [1, 1.5, 2]


def test_nist_cvd_design_is_an_inscribed_one():
    """NIST/SEMATECH e-Handbook 5.4.7.3: pressure 4–80, H2/WF6 2–10, coded ±.71."""
    runs = central_composite({"压力": (4, 80), "气体比": (2, 10)}, kind="inscribed", center=3).runs
    found = sorted(zip(runs["压力"].round(2), runs["气体比"].round(2), strict=True))
    assert found == sorted(
        [(80, 6), (42, 6), (68.87, 3.17), (15.13, 8.83), (4, 6), (42, 6), (15.13, 3.17),
         (42, 2), (68.87, 8.83), (42, 10), (42, 6)]
    )  # fmt: skip


@pytest.mark.parametrize("k", CCD)
def test_fractions_have_resolution_five(k):
    """No product of two columns equals another product or a column."""
    corners = central_composite(k, center=0).points[: CCD[k][0]]
    columns = quadratic(corners)[
        :, [0, *range(1, k + 1), *range(2 * k + 1, 1 + 2 * k + k * (k - 1) // 2)]
    ]
    np.testing.assert_allclose(columns.T @ columns, len(corners) * np.eye(columns.shape[1]))
    assert len(central_composite(k, center=0, fraction=False).points) == 2**k + 2 * k


@pytest.mark.parametrize("k", CCD)
@pytest.mark.parametrize("center", [2, 4, 6])
def test_blocks_are_orthogonal_to_the_quadratic_model(k, center):
    design = central_composite(k, center=center, blocks=True)
    assert design.n_blocks == 2
    assert {design.kinds[i] for i in np.flatnonzero(design.blocks == 0)} == {"析因点", "中心点"}
    other = (design.blocks - design.blocks.mean())[:, None]
    # columns less their means are orthogonal to the block column less its mean
    np.testing.assert_allclose(other.T @ quadratic(design.points), 0, atol=1e-9)


def test_alpha_of_orthogonal_blocks_as_published():
    """Box & Hunter (1957): 2 factors √2; 3 factors with 4 and 2 centre runs 1.633; 4 factors 2."""
    for k, alpha, stars in ((2, 1.414, 4), (3, 1.633, 2), (4, 2.000, 2)):
        design = central_composite(k, center=4, blocks=True)
        assert design.points.max() == pytest.approx(alpha, abs=5e-4)
        assert design.kinds.count("中心点") == 4 + stars


# Box & Behnken (1960), table 1; the same in R's rsm::bbd
BBD = {3: 12, 4: 24, 5: 40, 6: 48, 7: 56}


@pytest.mark.parametrize("k", BBD)
def test_box_behnken_has_the_published_size(k):
    design = box_behnken(k, center=0)
    assert design.n_runs == BBD[k]
    moving = 2 if k < 6 else 3
    assert set((design.points != 0).sum(axis=1)) == {moving}
    assert set(np.unique(design.points)) == {-1.0, 0.0, 1.0}
    assert len(np.unique(design.points, axis=0)) == BBD[k]
    together = (design.points != 0).T.astype(float) @ (design.points != 0)
    assert len(set(np.diag(together))) == 1
    if k != 6:  # balanced incomplete blocks; k = 6 is partially balanced
        assert len(set(together[~np.eye(k, dtype=bool)])) == 1


@pytest.mark.parametrize("k", BBD)
def test_box_behnken_is_orthogonal_estimable_and_nearly_rotatable(k):
    design = box_behnken(k, center=3)
    x = quadratic(design.points)
    gram = x.T @ x
    for one, other in combinations(range(1, 2 * k + 1), 2):
        if one <= k:
            assert gram[one, other] == 0
    products = gram[2 * k + 1 :, 2 * k + 1 :]
    assert not gram[: 2 * k + 1, 2 * k + 1 :].any()
    assert (products == np.diag(np.diag(products))).all()
    assert rank(x) == x.shape[1]
    spread = spread_on_sphere(design.points, 1.0)
    if k in (4, 7):  # these two are rotatable
        assert spread == pytest.approx(1, abs=1e-9)
    else:
        assert 1 < spread < 1.6


@pytest.mark.parametrize(("k", "count"), [(4, 3), (5, 2), (6, 2), (7, 2)])
def test_box_behnken_blocks_are_orthogonal(k, count):
    design = box_behnken(k, center=2, blocks=True)
    assert design.n_blocks == count
    assert len(set(np.bincount(design.blocks))) == 1
    x = quadratic(design.points)
    for block in range(count):
        other = (design.blocks == block) - 1 / count
        np.testing.assert_allclose(other @ x, 0, atol=1e-9)


def test_order_is_random_within_blocks_and_repeats_with_the_seed():
    one, two = (central_composite(3, blocks=True, seed=s).runs for s in (5, 5))
    assert one.equals(two)
    assert list(one["区组"]) == sorted(one["区组"])
    assert not one.equals(central_composite(3, blocks=True, seed=6).runs)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: central_composite(1), ["2 到 8", "1 个"]),
        (lambda: central_composite(9), ["2 到 8"]),
        (lambda: central_composite(3, kind="近似"), ["kind", "faced"]),
        (lambda: central_composite(3, center=-1), ["center"]),
        (lambda: central_composite(3, fraction=True), ["分辨度 V"]),
        (lambda: central_composite(3, kind="faced", blocks=True), ["rotatable", "正交"]),
        (lambda: central_composite({"料": ("甲", "乙"), "温": (1, 2)}), ["料", "文字"]),
        (lambda: box_behnken(2), ["3 到 7"]),
        (lambda: box_behnken(8), ["3 到 7"]),
        (lambda: box_behnken(3, blocks=True), ["正交的区组"]),
        (lambda: box_behnken([Factor("料", ("甲", "乙")), "温", "压"]), ["料"]),
    ],
)
def test_refused(call, words):
    with pytest.raises(QualityDataError) as caught:
        call()
    assert [word for word in words if word not in str(caught.value)] == []
