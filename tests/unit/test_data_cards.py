"""The four data sets: what their sources say of them, and that cards and data agree."""

from __future__ import annotations

import numpy as np
import pytest

from qtools import data

SETS = {"flowrate": (10, 2), "furnace": (168, 4), "gage-classic": (90, 4), "gear": (100, 2)}


def test_the_data_sets_are_there():
    assert {name: data.load(name).shape for name in SETS} == SETS


@pytest.mark.parametrize("name", data.names())
def test_every_card_says_what_a_reader_must_know(name):
    card = data.card(name)
    assert card.kind in ("真实", "引用", "仿真")
    assert card.source
    assert card.spdx
    assert card.changes
    assert all(column.meaning for column in card.columns)
    assert data.check([name]) == []


@pytest.mark.parametrize("name", SETS)
def test_card_and_data_agree(name):
    card = data.card(name)
    frame = data.load(name, columns=[column.name for column in card.columns])
    assert card.rows == len(frame)
    assert data.check([name]) == []


@pytest.mark.parametrize("card", data.cards(), ids=lambda card: card.name)
def test_cards_say_what_a_reader_must_know(card):
    assert card.kind in ("真实", "引用", "仿真")
    assert card.spdx
    assert card.changes
    assert all(column.meaning for column in card.columns)
    assert len(card.published) >= (1 if card.kind == "仿真" else 5)
    assert all(case.where == case.data == card.name for case in card.published)


def test_furnace_is_the_balanced_design_that_nist_describes():
    frame = data.load("furnace")
    counts = frame.groupby(["炉次", "炉区"])["晶片"].apply(list)
    assert len(counts) == 21 * 4
    assert all(wafers == [1, 2] for wafers in counts)


def test_gage_classic_is_complete_and_sums_as_printed():
    frame = data.load("gage-classic")
    cell = frame.groupby(["零件", "检验员"])["次数"].apply(sorted)
    assert len(cell) == 30
    assert all(trials == [1, 2, 3] for trials in cell)
    y = frame["读数"].to_numpy()
    # AIAG MSA 4th ed., ANOVA table: total sum of squares 94.6471 with 89 degrees of freedom
    assert np.square(y - y.mean()).sum() == pytest.approx(94.6471, abs=5e-5)


def test_gear_levene_statistic_of_the_e_handbook():
    from scipy.stats import levene

    frame = data.load("gear")
    batches = [group.to_numpy() for _, group in frame.groupby("批次")["直径"]]
    assert [len(batch) for batch in batches] == [10] * 10
    # NIST/SEMATECH e-Handbook 1.3.5.10 prints W = 1.7059
    assert levene(*batches, center="median").statistic == pytest.approx(1.7059, abs=5e-5)


def test_flow_rate_values_of_the_e_handbook():
    printed = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]  # section 6.3.2.2
    assert data.load("flowrate")["流量"].tolist() == printed
