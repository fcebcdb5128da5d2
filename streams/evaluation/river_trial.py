"""Ours beside River's own models: the same series, the same origins, the same features, and what each costs.

The one rule: a model's cost is that of its whole run (states, features, forecasts), ours likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from streams.evaluation.accuracy import Duel, Protocol, fight
from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.forecasts import Forecasts, make_plans
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import run_fleet
from streams.evaluation.river_fleet import river_maker
from streams.evaluation.river_models import RIVER, RiverModel
from streams.evaluation.sums import measure_yardsticks


class RiverResult(NamedTuple):
    """One of River's models beside ours.

    Parameters
    ----------
    duels
        Plan to the comparison.
    microseconds
        Processor time of its run by known period; 0 without a clock.
    """

    duels: dict[str, Duel]
    microseconds: float


class RiverTrial(NamedTuple):
    """River's models on one data set.

    Parameters
    ----------
    series
        Number of series.
    ours_microseconds
        Of our own run.
    models
        Name to result.
    """

    series: int
    ours_microseconds: float
    models: dict[str, RiverResult]


def run_river_trial(
    panel: Panel,
    make: FleetMaker,
    protocol: Protocol,
    cpu_seconds: Callable[[], float] = lambda: 0.0,
    models: Mapping[str, RiverModel] = RIVER,
) -> RiverTrial:
    """Run our fleet and River's over the same panel.

    Parameters
    ----------
    panel, make
        The data, and our fleet's maker.
    protocol
        Tail, block, tasks and seed.
    cpu_seconds
        Tells what was used of the processor so far.
    models
        Which of River's.
    """
    plans = make_plans(panel.n_periods, protocol.tail, protocol.block, daily=False)
    yardsticks = measure_yardsticks(panel, protocol.tail)
    known = max(int((panel.demand == panel.demand).sum()), 1)

    def run(maker: FleetMaker) -> tuple[tuple[Forecasts, ...], float]:
        began = cpu_seconds()
        found = run_fleet(panel, maker, plans, protocol.partitions).forecasts
        return found, (cpu_seconds() - began) / known * 1e6

    ours, cost = run(make)
    results = {}
    for name, model in models.items():
        theirs, theirs_cost = run(river_maker(model, panel.n_periods))
        duels = {
            mine.plan.name: fight(name, mine, other, panel, yardsticks, protocol.seed)
            for mine, other in zip(ours, theirs, strict=True)
        }
        results[name] = RiverResult(duels, theirs_cost)
    return RiverTrial(panel.n_series, cost, results)
