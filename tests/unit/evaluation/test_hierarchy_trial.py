"""Roll-ups: sums by hand, and bounds that hold when the series err together."""

from dataclasses import replace

import numpy as np
import pytest

from streams.evaluation.hierarchy_trial import HierarchyResult, hierarchy_plan, run_hierarchy_trial
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import run_fleet
from tests.unit.evaluation.panels import make_panel

DAYS, TAIL, SERIES = 260, 120, 30


def run(panel: Panel, tail: int) -> HierarchyResult:
    forecasts = run_fleet(panel, OwnFleet, (hierarchy_plan(panel, tail),)).forecasts[0]
    return run_hierarchy_trial(panel, forecasts, tail)


def test_a_shared_error_is_learnt() -> None:
    random = np.random.default_rng(11)
    # Each day all series are up or down together by a factor that scatters by 20 %.
    hot = np.exp(random.normal(0.0, 0.2, DAYS))
    demand = random.poisson(20.0 * hot, (SERIES, DAYS)).astype(float)
    panel = replace(make_panel(demand), stores=("s",) * SERIES, skus=tuple(f"k{i}" for i in range(SERIES)),
                    categories=("dairy",) * SERIES)  # fmt: skip
    found = run(panel, TAIL)
    level = found.levels["category_store"]
    assert (level.nodes, level.forecasts) == (1, TAIL)
    assert level.upper_90 is not None
    assert level.independent_90 is not None
    assert level.upper_90 == pytest.approx(0.9, abs=0.07)
    assert found.levels["all"].wape == level.wape
    # Each series' noise is a Poisson's, so shares of 1/30 are known well: mean |error| of a share is about 0.18 / 30.
    assert found.mix_error == pytest.approx(0.8 * np.sqrt(1 / 20), abs=0.08)


def test_a_fleet_without_categories_has_stores_and_all() -> None:
    demand = np.tile([3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 2.0], (3, 20))
    found = run(make_panel(demand), 28)
    assert set(found.levels) == {"store", "all"}
    assert (found.levels["store"].nodes, found.levels["store"].forecasts) == (3, 84)
    assert found.mix_error is None
    assert found.levels["all"].wape == pytest.approx(0.0, abs=0.05)
