"""Kappas, W and tau-b beside statsmodels, scikit-learn, scipy, printed values and delete-one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, rankdata, spearmanr
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_statsmodels

from qtools.msa.kappa import cohen_kappa, fleiss_kappa, kendall_w, tau_b

SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
WINNIPEG = [[38, 5, 0, 1], [33, 11, 3, 0], [10, 14, 5, 6], [3, 7, 3, 10]]


def unfold(table):
    """Pairs of codes of a table of counts."""
    table = np.asarray(table)
    one, other = np.indices(table.shape)
    return np.repeat(one.ravel(), table.ravel()), np.repeat(other.ravel(), table.ravel())


@pytest.mark.parametrize(
    ("weights", "printed"),
    # PROC FREQ of SAS on this table, as statsmodels quotes it: kappa, ASE, 95 % limits
    [("none", (0.4842, 0.1380, 0.2137, 0.7547)), ("linear", (0.4701, 0.1457, 0.1845, 0.7558))],
)
def test_kappa_as_sas_prints_it(weights, printed):
    one, other = unfold(SAS)
    found = cohen_kappa(one, other, np.arange(one.size), 3, weights)
    assert [found.value, found.se, found.interval.low, found.interval.high] == pytest.approx(
        printed, abs=5.1e-5
    )


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_and_its_error_as_statsmodels_and_scikit_learn(weights):
    one, other = unfold(WINNIPEG)
    found = cohen_kappa(one, other, np.arange(149), 4, weights)
    name = None if weights == "none" else weights
    by_table = cohens_kappa(np.array(WINNIPEG), wt=name)
    assert found.value == pytest.approx(cohen_kappa_score(one, other, weights=name), abs=1e-12)
    assert found.value == pytest.approx(by_table.kappa, abs=1e-12)
    assert found.se == pytest.approx(by_table.std_kappa, abs=1e-12)
    assert found.n == 149


def test_repeated_decisions_are_no_more_evidence():
    one, other = unfold(WINNIPEG)
    unit = np.arange(149)
    single = cohen_kappa(one, other, unit, 4)
    thrice = [np.tile(codes, 3) for codes in (one, other, unit)]
    assert cohen_kappa(*thrice, 4).se == pytest.approx(single.se, abs=1e-12)
    apart = cohen_kappa(*thrice[:2], np.arange(447), 4)
    assert apart.se == pytest.approx(single.se / 3**0.5, abs=1e-12)


def test_error_by_part_is_that_of_weights_moved_a_little():
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(12), 3)
    one = rng.integers(0, 2, 36)
    other = np.where(rng.random(36) < 0.7, one, 1 - one)

    def kappa(weights):
        w = weights[unit] / weights[unit].sum()
        agree = w[one == other].sum()
        chance = sum(w[one == k].sum() * w[other == k].sum() for k in (0, 1))
        return (agree - chance) / (1 - chance)

    slopes = []
    for place in range(12):
        moved = [np.ones(12), np.ones(12)]
        moved[0][place] += 1e-5
        moved[1][place] -= 1e-5
        slopes.append((kappa(moved[0]) - kappa(moved[1])) / 2e-5)
    found = cohen_kappa(one, other, unit, 2)
    assert found.value == pytest.approx(kappa(np.ones(12)), abs=1e-12)
    assert found.se == pytest.approx(np.sqrt(np.sum(np.square(slopes))), rel=1e-6)


def test_kappa_at_its_ends():
    same = np.array([0, 1, 0, 1, 1])
    perfect = cohen_kappa(same, same, np.arange(5), 2)
    z2 = 1.959963984540054**2
    chance = 0.4**2 + 0.6**2
    assert (perfect.value, perfect.se, perfect.interval.high) == (1.0, 0.0, 1.0)
    assert perfect.interval.low == pytest.approx((5 / (5 + z2) - chance) / (1 - chance), abs=1e-12)
    assert cohen_kappa(same * 0, same * 0, np.arange(5), 2) is None
    assert cohen_kappa(same[:0], same[:0], same[:0], 2) is None
    against = cohen_kappa(same, 1 - same, np.arange(5), 2)
    assert against.value < 0
    assert against.interval.low >= -1
    # one always says the same: agreement is chance's own
    assert cohen_kappa(same, same * 0, np.arange(5), 2).value == pytest.approx(0, abs=1e-12)


def test_a_standard_error_of_zero_without_agreement_gives_no_interval():
    one = np.r_[np.zeros(15, dtype=int), np.ones(35, dtype=int)]
    always = cohen_kappa(np.ones(50, dtype=int), one, np.arange(50), 2)
    assert always.value == pytest.approx(0, abs=1e-12)
    assert (always.se, always.interval) == (0.0, None)
    half = np.repeat([0, 1], 10)
    opposite = cohen_kappa(half, 1 - half, np.arange(20), 2)
    assert (opposite.value, opposite.interval) == (pytest.approx(-1), None)
    # every part judged 99 to 1: the parts do not differ, which does not make κ exact
    alike = fleiss_kappa(np.repeat([[99, 1], [1, 99]], 5, axis=0))
    assert alike.interval is None
    assert alike.value == pytest.approx((99 * 98 / 9900 - 0.5) / 0.5)


def test_fleiss_kappa_of_even_and_uneven_counts():
    rng = np.random.default_rng(2)
    counts = rng.multinomial(5, [0.5, 0.3, 0.2], size=20)
    counts[:8] = np.eye(3, dtype=int)[rng.integers(0, 3, 8)] * 5
    found = fleiss_kappa(counts)
    assert found.value == pytest.approx(fleiss_of_statsmodels(counts), abs=1e-12)

    def kappa(table, weights):
        sizes = table.sum(axis=1)
        agree = (table * (table - 1)).sum(axis=1) / (sizes * (sizes - 1))
        seen = np.average(agree, weights=weights)
        shares = weights @ table / (weights @ sizes)
        return (seen - shares @ shares) / (1 - shares @ shares)

    uneven = np.vstack([counts, [[2, 1, 0], [0, 0, 4], [1, 0, 0]]])
    for table in (counts, uneven):
        table = table[table.sum(axis=1) > 1]  # one decision tells nothing of agreement
        n = len(table)
        slopes = []
        for place in range(n):
            up, down = np.ones(n), np.ones(n)
            up[place] += 1e-5
            down[place] -= 1e-5
            slopes.append((kappa(table, up) - kappa(table, down)) / 2e-5)
        se = np.sqrt(np.sum(np.square(slopes)) * n / (n - 1))
        assert fleiss_kappa(table).value == pytest.approx(kappa(table, np.ones(n)), abs=1e-12)
        assert fleiss_kappa(table).se == pytest.approx(se, rel=1e-6)
    assert fleiss_kappa(uneven).n == 22


def test_fleiss_kappa_at_its_ends():
    assert fleiss_kappa(np.array([[3, 0], [3, 0]])) is None
    assert fleiss_kappa(np.array([[3, 0], [1, 0]])) is None
    perfect = fleiss_kappa(np.array([[3, 0], [0, 3], [3, 0]]))
    assert (perfect.value, perfect.se) == (1.0, 0.0)
    assert perfect.interval.low < 1


def textbook_w(ratings):
    ranks = np.apply_along_axis(rankdata, 0, ratings)
    n, m = ranks.shape
    ties = sum(t**3 - t for column in ratings.T for t in np.unique(column, return_counts=True)[1])
    total = (ranks.sum(axis=1) ** 2).sum()
    return (12 * total - 3 * m * m * n * (n + 1) ** 2) / (m * m * n * (n * n - 1) - m * ties)


def delete_one(value, without, confidence=0.95):
    from scipy.stats import t

    without, n = np.array(without), len(without)
    se = np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2))
    reach = t.ppf((1 + confidence) / 2, n - 1) * se
    return se, value - reach, value + reach


def test_w_with_ties_and_its_delete_one_interval():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 15)
    ratings = np.clip(truth[:, None] + rng.integers(-1, 2, (15, 4)), 0, 3)
    found = kendall_w(ratings)
    assert found.value == pytest.approx(textbook_w(ratings), abs=1e-12)
    without = [textbook_w(np.delete(ratings, place, axis=0)) for place in range(15)]
    se, low, high = delete_one(found.value, without)
    assert [found.se, found.interval.low] == pytest.approx([se, low], abs=1e-12)
    assert found.interval.high == pytest.approx(min(high, 1.0), abs=1e-12)


def test_w_of_two_judges_is_their_rank_correlation():
    rng = np.random.default_rng(4)
    ratings = np.column_stack([rng.permutation(12), rng.permutation(12)])
    rho = spearmanr(ratings[:, 0], ratings[:, 1]).statistic
    assert kendall_w(ratings).value == pytest.approx((1 + rho) / 2, abs=1e-12)


def test_w_where_it_says_nothing():
    assert kendall_w(np.zeros((5, 3), dtype=int)) is None
    assert kendall_w(np.arange(5)[:, None]) is None
    same = np.tile(np.arange(5)[:, None], 3)
    assert (kendall_w(same).value, kendall_w(same).interval) == (1.0, None)
    # without the third part nothing is left that differs
    assert kendall_w(np.array([[0, 0], [0, 0], [1, 1]])).interval is None
    assert kendall_w(np.array([[0, 0], [1, 1]])).interval is None


def test_tau_b_and_its_delete_one_interval():
    rng = np.random.default_rng(5)
    unit = np.repeat(np.arange(10), 2)
    truth = np.repeat(rng.integers(0, 4, 10), 2)
    rated = np.clip(truth + rng.integers(-1, 2, 20), 0, 3)
    found = tau_b(rated, truth, unit)
    assert found.value == pytest.approx(kendalltau(rated, truth).statistic, abs=1e-12)
    without = [kendalltau(rated[unit != k], truth[unit != k]).statistic for k in range(10)]
    se, low, _ = delete_one(found.value, without)
    assert [found.se, found.interval.low] == pytest.approx([se, low], abs=1e-12)
    assert tau_b(rated, truth * 0, unit) is None
    assert tau_b(rated[:0], truth[:0], unit[:0]) is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=30))
def test_coefficients_do_not_know_the_order_of_parts_or_sides(pairs):
    one, other = np.array(pairs).T
    unit = np.arange(one.size)
    for weights in ("none", "linear", "quadratic"):
        found = cohen_kappa(one, other, unit, 4, weights)
        turned = cohen_kappa(other[::-1], one[::-1], unit, 4, weights)
        reverse = cohen_kappa(3 - one, 3 - other, unit, 4, weights)
        if found is None:
            assert turned is None
            continue
        assert -1 - 1e-9 <= found.value <= 1 + 1e-9
        for again in (turned, reverse):
            assert (again.value, again.se) == pytest.approx((found.value, found.se), abs=1e-9)
    both = np.column_stack([one, other])
    w = kendall_w(both)
    if w is not None:
        assert kendall_w(3 - both).value == pytest.approx(w.value, abs=1e-9)
