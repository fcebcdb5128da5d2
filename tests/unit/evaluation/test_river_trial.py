"""River's models behind the port: they see what ours sees, and learn what can be learnt."""

from dataclasses import replace

import numpy as np
import pytest

from streams.evaluation.accuracy import Protocol
from streams.evaluation.forecasts import Plan
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import run_fleet
from streams.evaluation.river_fleet import river_maker
from streams.evaluation.river_models import RIVER
from streams.evaluation.river_trial import run_river_trial
from tests.unit.evaluation.panels import draw_demand, make_panel

DAYS = 160


def promoted(seed: int) -> Panel:
    """Promotions on a third of the days, by chance, that add 30 to a demand of 20."""
    random = np.random.default_rng(seed)
    runs = (random.random((2, DAYS)) < 1 / 3).astype(float)
    panel = make_panel(20.0 + 30.0 * runs)
    return replace(panel, known=np.stack([runs, 0.2 * runs], axis=2), columns=("promotion", "promotion_depth"))


@pytest.mark.parametrize("name", sorted(RIVER))
def test_a_weekly_pattern_is_learnt(name: str) -> None:
    demand = np.tile([10.0, 10.0, 10.0, 10.0, 20.0, 30.0, 10.0], (2, 30))
    plan = Plan("block", (189, 196, 203), 7)
    means = run_fleet(make_panel(demand), river_maker(RIVER[name], 210), (plan,)).forecasts[0].means
    error = np.abs(means - demand[:, 189:].reshape(2, 3, 7)).sum() / demand[:, 189:].sum()
    # Each forecast by the mean of the week (14.3) would err by 4.3 on five days, 5.7 and 15.7 on two: 43 of 100.
    assert error < 0.15


def test_a_regression_uses_what_is_known_beforehand() -> None:
    panel = promoted(3)
    plan = Plan("day_ahead", tuple(range(120, DAYS)), 1)
    means = run_fleet(panel, river_maker(RIVER["blr"], DAYS), (plan,)).forecasts[0].means[:, :, 0]
    runs = panel.known[:, 120:, 0] > 0.0
    # The naive level lies near 30 on all days.
    assert means[runs].mean() > 44.0
    assert means[~runs].mean() < 26.0


def test_nothing_is_said_of_a_series_never_seen_and_gaps_are_no_zeros() -> None:
    demand = draw_demand((2, 90), 4)
    demand[0, :60] = np.nan
    demand[1, 40:60] = np.nan
    plan = Plan("block", (50, 62), 3)
    for name in ("holt_winters", "snarimax", "blr"):
        means = run_fleet(make_panel(demand), river_maker(RIVER[name], 90), (plan,)).forecasts[0].means
        assert np.isnan(means[0, 0]).all()
        assert np.isfinite(means[0, 1]).all()
        assert (means[1, 1] > 8.0).all()


def test_shared_trees_are_shared_inside_a_task() -> None:
    made = river_maker(RIVER["hoeffding"], 100)
    panel = make_panel(draw_demand((3, 60), 5))
    run_fleet(panel, made, (Plan("block", (50,), 7),), partitions=2)
    trial = run_river_trial(panel, OwnFleet, Protocol(14, 7, 1, 7), models={"blr": RIVER["blr"]})
    assert trial.series == 3
    assert set(trial.models["blr"].duels) == {"day_ahead", "block"}
    assert trial.models["blr"].duels["block"].forecasts == 3 * 14
