"""What splitting the fleet into tasks costs: pooling happens inside a task, so more tasks pool less.

The one rule: both runs see the same panel and the same origins; only the number of tasks differs.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.evaluation.accuracy import Duel, Protocol, fight
from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import run_fleet
from streams.evaluation.sums import measure_yardsticks

MANY_TASKS: Final = 8


class PoolingCost(NamedTuple):
    """Errors of one fleet in several tasks, beside the same fleet in one.

    Parameters
    ----------
    partitions
        Number of tasks of the first.
    duel
        "Ours" are the several tasks, "theirs" the one; ratios above 1 are what splitting costs.
    """

    partitions: int
    duel: Duel


def compare_partitions(
    panel: Panel,
    make: FleetMaker,
    protocol: Protocol,
    partitions: int = MANY_TASKS,
    one: Forecasts | None = None,
) -> PoolingCost:
    """Run a fleet in one task and in several, and compare the forecasts of the block plan.

    Parameters
    ----------
    panel, make
        The data, and the fleet's maker.
    protocol
        Tail, block and seed; its number of tasks is not read.
    partitions
        Number of tasks beside the one.
    one
        What the fleet in one task said by the block plan; None runs it.
    """
    start = panel.n_periods - protocol.tail
    plan = Plan("block", tuple(range(start, panel.n_periods, protocol.block)), protocol.block)
    many = run_fleet(panel, make, (plan,), partitions).forecasts[0]
    one = run_fleet(panel, make, (plan,)).forecasts[0] if one is None else one
    yardsticks = measure_yardsticks(panel, protocol.tail)
    return PoolingCost(partitions, fight("one_task", many, one, panel, yardsticks, protocol.seed))
