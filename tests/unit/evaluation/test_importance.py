"""Permutation importance: the column that matters costs, the other one costs nothing, and nothing is learnt of it."""

from dataclasses import replace

import numpy as np
import pytest

from streams.evaluation.accuracy import Protocol
from streams.evaluation.forecasts import Plan
from streams.evaluation.importance import SLOT, measure_importance, shuffled_periods
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import run_fleet
from tests.unit.evaluation.panels import make_panel

DAYS, TAIL = 196, 56
PROTOCOL = Protocol(TAIL, 7, 1, 7)


def make() -> Panel:
    """Every other week is promoted and sells double; the weather is noise."""
    random = np.random.default_rng(5)
    weeks = np.repeat(random.integers(0, 2, DAYS // 7), 7).astype(float)
    pattern = np.tile([1.0, 1.0, 1.0, 1.0, 1.2, 1.6, 0.8], DAYS // 7)
    demand = random.poisson(30.0 * pattern * (1.0 + weeks), (4, DAYS)).astype(float)
    known = np.stack([np.tile(weeks, (4, 1)), np.tile(random.random(DAYS), (4, 1))], axis=2)
    return replace(make_panel(demand), known=known, columns=("promotion", "weather"))


def test_what_matters_costs() -> None:
    found = {one.column: one.wape.value for one in measure_importance(make(), OwnFleet, PROTOCOL)}
    promotion, weather, slot = found["promotion"], found["weather"], found[SLOT]
    assert promotion is not None
    assert weather is not None
    assert slot is not None
    assert promotion > 1.5
    assert slot > 1.2
    assert weather == pytest.approx(1.0, abs=0.1)


def test_the_forecast_itself_is_the_same_as_without_asking() -> None:
    panel = make()
    plan = Plan("block", tuple(range(DAYS - TAIL, DAYS, 7)), 7)
    plain = run_fleet(panel, OwnFleet, (plan,)).forecasts[0].means
    quiet = replace(panel, known=np.zeros_like(panel.known))
    # A column that never moves costs exactly nothing: whatever was asked has left no trace.
    found = {one.column: one.wape.value for one in measure_importance(quiet, OwnFleet, PROTOCOL, repeats=1)}
    assert found["promotion"] == found["weather"] == 1.0
    assert np.isfinite(plain).all()


def test_pay_days_are_shuffled_with_the_day_itself() -> None:
    panel = make_panel(np.full((2, DAYS), 20.0))
    edge = np.array([1.0 if day.day <= 3 or day.day >= 30 else 0.0 for day in panel.starts_on()])
    demand = np.tile(20.0 + 20.0 * edge, (2, 1))
    panel = replace(panel, demand=demand, known=np.tile(edge, (2, 1))[:, :, None], columns=("month_edge",))
    found = {one.column: one.wape.value for one in measure_importance(panel, OwnFleet, PROTOCOL)}
    cost = found["month_edge"]
    assert cost is not None
    assert cost > 1.1


def test_blocks_stay_whole_and_the_past_stays() -> None:
    found = shuffled_periods(30, 15, 7, seed=3)
    assert found[:15].tolist() == list(range(15))
    # One period is left over and stays.
    assert found[29] == 29
    assert sorted(found.tolist()) == list(range(30))
    assert (np.diff(found[15:22]) == 1).all()
