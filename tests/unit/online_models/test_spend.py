"""Spend with a known response: what it brought, and when nothing can be said."""

from __future__ import annotations

import math
from random import Random

import pytest

from online_models.spend import measure_spend
from streams.evaluation.spend_trial import draw_spend, run_spend_trial

MONEY = [100.0 * (1 + day % 5) if day % 13 < 4 else 0.0 for day in range(182)]


def test_a_straight_response_is_measured_exactly() -> None:
    # Half a unit for each unit of money, at once; three units more each weekend day.
    demand = [40.0 + 3.0 * (day % 7 > 4) + 0.5 * spent for day, spent in enumerate(MONEY)]
    found = measure_spend(demand, MONEY)
    assert found is not None
    assert (found.carry, found.half) == (0.0, math.inf)
    assert found.incremental_units == pytest.approx(0.5 * sum(MONEY), rel=1e-3)
    assert found.units_each == pytest.approx(0.5, rel=1e-3)


def test_what_lingers_is_counted_too() -> None:
    stock, demand = 0.0, []
    for spent in MONEY:
        stock = spent + 0.6 * stock
        demand.append(200.0 + 0.1 * stock)
    found = measure_spend(demand, MONEY)
    assert found is not None
    assert found.carry == 0.6
    assert found.incremental_units == pytest.approx(sum(demand) - 200.0 * len(demand), rel=0.01)


def test_spend_that_does_nothing_is_not_far_from_nothing() -> None:
    dice = Random(4)
    demand = [dice.gauss(100.0, 10.0) for _ in MONEY]
    found = measure_spend(demand, MONEY)
    # Of 18,200 units sold, at most a few per cent are put down to it, and the interval reaches to zero and below.
    assert found is None or (found.low_units <= 0.0 and found.incremental_units < 0.05 * sum(demand))


def test_nothing_is_said_where_nothing_can_be() -> None:
    assert measure_spend([5.0] * 20, [1.0, 0.0] * 10) is None
    assert measure_spend([5.0] * 60, [3.0] * 60) is None


def test_the_trials_truth_is_the_difference_that_spend_makes() -> None:
    demand, spend, truth = draw_spend(3)
    assert len(demand) == len(spend) == 182
    assert 0.0 < truth < demand.sum()


def test_the_trial_meets_its_must() -> None:
    found = run_spend_trial(seeds=20, first_seed=300)
    assert found.measured == 20
    assert found.median_error < 0.2
    assert found.covered_90 >= 0.75
