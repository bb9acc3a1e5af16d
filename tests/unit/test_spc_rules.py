"""Run rules: hand-made sequences, a second implementation in plain loops, published ARLs."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtools.errors import QualityDataError
from qtools.spc import RULE_SETS, RULES, evaluate
from qtools.spc.criteria import rule_set

NELSON = RULE_SETS["nelson"].rules


def fired(z, key):
    """Numbers (from 1) of the points at which a rule fires."""
    return (np.flatnonzero(evaluate(np.array(z, dtype=float), (key,))[0]) + 1).tolist()


UP, DOWN = 0.4, -0.4

BOUNDARY = {
    # rule 1: beyond, not on
    "1 beyond": ("nelson-1", [0, 3.01, 0, -3.01], [2, 4]),
    "1 on the limit": ("nelson-1", [3, -3, 2.99], []),
    # rule 2: nine on one side; a point on the centre line is on no side
    "2 at the ninth": ("nelson-2", [UP] * 9, [9]),
    "2 eight only": ("nelson-2", [UP] * 8 + [DOWN], []),
    "2 goes on": ("nelson-2", [DOWN] * 11, [9, 10, 11]),
    "2 centre line breaks": ("nelson-2", [UP] * 8 + [0] + [UP] * 8, []),
    # rule 3: the sixth point of a trend
    "3 at the sixth": ("nelson-3", [-1, -0.6, -0.2, 0.2, 0.6, 1], [6]),
    "3 five only": ("nelson-3", [-1, -0.6, -0.2, 0.2, 0.6, 0.5], []),
    "3 downwards, goes on": ("nelson-3", [7, 6, 5, 4, 3, 2, 1], [6, 7]),
    "3 equal neighbours break": ("nelson-3", [1, 2, 3, 3, 4, 5, 6, 7], []),
    "3 after equal neighbours": ("nelson-3", [1, 3, 3, 4, 5, 6, 7, 8], [8]),
    # rule 4: the fourteenth point of an alternation
    "4 at the fourteenth": ("nelson-4", [1, 2] * 7, [14]),
    "4 thirteen only": ("nelson-4", [1, 2] * 6 + [1], []),
    "4 goes on": ("nelson-4", [2, 1] * 8, [14, 15, 16]),
    "4 equal neighbours break": ("nelson-4", [1, 2] * 6 + [2] + [1, 2] * 3, []),
    # rule 5: two of three beyond 2σ on one side, charged to a point that is beyond
    "5 with one between": ("nelson-5", [0, 2.1, 0, 2.2, 0], [4]),
    "5 neighbours": ("nelson-5", [0, 2.1, 2.2, 0, 0], [3]),
    "5 two between": ("nelson-5", [2.1, 0, 0, 2.2], []),
    "5 opposite sides": ("nelson-5", [2.1, -2.2, 0], []),
    "5 counts beyond 3σ": ("nelson-5", [0, 3.5, 0, 2.1], [4]),
    "5 on the line": ("nelson-5", [2, 2, 2], []),
    "5 downwards": ("nelson-5", [-2.5, 0, -2.5], [3]),
    # rule 6: four of five beyond 1σ on one side
    "6 at the fourth": ("nelson-6", [1.1, 1.1, 1.1, 1.1], [4]),
    "6 with one within": ("nelson-6", [1.1, 1.1, 0, 1.1, 1.1], [5]),
    "6 with one opposite": ("nelson-6", [1.1, -1.1, 1.1, 1.1, 1.1], [5]),
    "6 three only": ("nelson-6", [1.1, 1.1, 0, 0, 1.1], []),
    "6 counts beyond 3σ": ("nelson-6", [-3.5, -1.1, -1.1, 0, -1.1], [5]),
    "6 on the line": ("nelson-6", [1] * 8, []),
    # rule 7: fifteen in zone C, either side
    "7 at the fifteenth": ("nelson-7", [UP, DOWN, 0] * 5, [15]),
    "7 fourteen only": ("nelson-7", [UP, DOWN] * 7 + [1.1], []),
    "7 on the line is not within": ("nelson-7", [UP] * 14 + [1.0], []),
    # rule 8: eight with none in zone C
    "8 at the eighth": ("nelson-8", [1.5, -1.5] * 4, [8]),
    "8 seven only": ("nelson-8", [1.5, -1.5] * 3 + [1.5, 0.9], []),
    "8 on the line": ("nelson-8", [1.5, -1.5] * 3 + [1.5, 1.0], []),
    "8 beyond 3σ counts": ("nelson-8", [3.5, -1.5] * 4, [8]),
    # Western Electric: eight on one side
    "WE at the eighth": ("we-4", [UP] * 8, [8]),
    "WE seven only": ("we-4", [UP] * 7 + [DOWN], []),
}


@pytest.mark.parametrize(("key", "z", "expected"), BOUNDARY.values(), ids=BOUNDARY.keys())
def test_boundaries(key, z, expected):
    assert fired(z, key) == expected


@pytest.mark.parametrize("n", range(4))
def test_series_shorter_than_every_pattern(n):
    assert evaluate(np.zeros(n), tuple(RULES)).shape == (len(RULES), n)
    assert not evaluate(np.zeros(n), tuple(RULES)).any()


def test_every_rule_broken_by_a_point_is_reported():
    z = np.array([0.0, 0, 2.5, 2.6, 2.7, 3.5])
    assert [key for key in NELSON if fired(z, key)[-1:] == [6]] == [
        "nelson-1",
        "nelson-5",
        "nelson-6",
    ]


# ── second implementation, from the wording of the rules ─────────────────────────────────────


def _runs(z, window, good):
    """Points that end a stretch of ``window`` points of which ``good`` holds."""
    ends = range(window - 1, len(z))
    return [end for end in ends if good([z[i] for i in range(end - window + 1, end + 1)])]


def _several(z, needed, window, beyond):
    out = []
    for end in range(len(z)):
        last = [z[i] for i in range(end - window + 1, end + 1) if i >= 0]
        if beyond(z[end]) and sum(1 for v in last if beyond(v)) >= needed:
            out.append(end)
    return out


def _either(z, rule):
    """A one-sided rule on the series and on its mirror image."""
    return sorted({*rule(z), *rule([-v for v in z])})


def _rises(v):
    return all(b > a for a, b in itertools.pairwise(v))


def _alternates(v):
    steps = [b - a for a, b in itertools.pairwise(v)]
    return 0 not in steps and all((a > 0) != (b > 0) for a, b in itertools.pairwise(steps))


LOOPS = {
    "nelson-1": lambda z: [i for i, v in enumerate(z) if v > 3 or v < -3],
    "nelson-2": lambda z: _either(z, lambda z: _runs(z, 9, lambda v: min(v) > 0)),
    "nelson-3": lambda z: _either(z, lambda z: _runs(z, 6, _rises)),
    "nelson-4": lambda z: _runs(z, 14, _alternates),
    "nelson-5": lambda z: _either(z, lambda z: _several(z, 2, 3, lambda v: v > 2)),
    "nelson-6": lambda z: _either(z, lambda z: _several(z, 4, 5, lambda v: v > 1)),
    "nelson-7": lambda z: _runs(z, 15, lambda v: all(-1 < x < 1 for x in v)),
    "nelson-8": lambda z: _runs(z, 8, lambda v: all(x > 1 or x < -1 for x in v)),
    "we-4": lambda z: _either(z, lambda z: _runs(z, 8, lambda v: min(v) > 0)),
}


def _agree(z):
    table = evaluate(np.array(z, dtype=float), tuple(RULES))
    for row, key in zip(table, RULES, strict=True):
        assert np.flatnonzero(row).tolist() == LOOPS[key](z), key


def test_the_second_implementation_covers_every_rule():
    assert set(LOOPS) == set(RULES)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([-3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3.5])))
def test_any_series_agrees_with_plain_loops(z):
    _agree(z)


@pytest.mark.parametrize("seed", range(6))
def test_structured_series_agree_with_plain_loops(seed):
    """Long runs, trends and alternations, which draws from a list seldom contain."""
    rng = np.random.default_rng(seed)
    pieces = [
        np.full(12, rng.choice([0.5, -0.5, 1.2])),
        np.linspace(-3, 3, rng.integers(4, 9)) * rng.choice([-1, 1]),
        np.tile([0.7, -0.6], rng.integers(5, 10)),
        np.tile([1.4, -1.7], rng.integers(3, 7)),
        rng.uniform(-0.99, 0.99, 20),
        rng.normal(size=40) * 1.5,
    ]
    rng.shuffle(pieces)
    z = np.concatenate(pieces).tolist()
    _agree(z)
    assert evaluate(np.array(z), NELSON).any(axis=1).sum() >= 6  # the comparison is not empty


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60))
def test_rules_are_symmetric(z):
    z = np.array(z)
    assert (evaluate(z, tuple(RULES)) == evaluate(-z, tuple(RULES))).all()


# ── average run lengths ──────────────────────────────────────────────────────────────────────


def _average_run_length(keys, runs, length, seed):
    rng = np.random.default_rng(seed)
    firsts = []
    for _ in range(runs):
        hit = evaluate(rng.normal(size=length), keys).any(axis=0)
        assert hit.any()
        firsts.append(int(hit.argmax()) + 1)
    return np.mean(firsts), np.std(firsts) / np.sqrt(runs)


@pytest.mark.parametrize(
    ("name", "published", "runs", "length"),
    [("3sigma", 370.4, 1500, 6000), ("we", 91.75, 6000, 2000), ("nelson", 73.5, 6000, 2000)],
)
def test_average_run_length_in_control(name, published, runs, length):
    """1/P(|z| > 3); Champ & Woodall (1987), Technometrics 29(4), 393-399; Nelson's eight rules
    under the conventions of this module by simulation only: 200,000 series, 73.48 (0.15)."""
    chosen = RULE_SETS[name]
    assert chosen.arl0 == published
    mean, error = _average_run_length(chosen.rules, runs, length, seed=20240601)
    assert abs(mean - published) < 3.5 * error


# ── rule sets ────────────────────────────────────────────────────────────────────────────────


def test_sets_are_what_their_authors_published():
    assert RULE_SETS["we"].rules == ("nelson-1", "nelson-5", "nelson-6", "we-4")
    assert [RULES[key].label for key in NELSON] == list("12345678")


def test_custom_set():
    chosen = rule_set(["nelson-1", "nelson-3"])
    assert (chosen.key, chosen.name, chosen.rules) == (
        "custom",
        "自选准则 1、3",
        ("nelson-1", "nelson-3"),
    )


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("nelsen", "没有叫“nelsen”的判异准则组"),
        (("nelson-1", "nelson-9"), "没有叫“nelson-9”的判异准则"),
        ((), "一条判异准则也没有给"),
        (("nelson-1", "nelson-1"), "给了两次"),
    ],
)
def test_unknown_rules_are_named(rules, message):
    with pytest.raises(QualityDataError, match=message) as error:
        rule_set(rules)
    assert '"nelson"' in str(error.value)
