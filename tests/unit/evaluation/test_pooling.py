"""Eight tasks beside one."""

from collections.abc import Sequence

import numpy as np

from streams.evaluation.accuracy import Protocol
from streams.evaluation.forecaster import Closed, FleetPlan, Issued
from streams.evaluation.pooling import compare_partitions
from streams.features import PeriodFacts
from tests.unit.evaluation.panels import make_panel


class Constant:
    """Says the number of its fleet's tasks."""

    def __init__(self, units: float) -> None:
        self._units = units

    def begin(self, facts: PeriodFacts) -> None:
        pass

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued:
        return Issued([self._units] * len(ahead))

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        return Closed()


class Split:
    def __init__(self, plan: FleetPlan) -> None:
        self.series = [Constant(float(plan.partitions)) for _ in plan.keys]

    def period_over(self) -> None:
        pass


def test_the_ratio_is_many_over_one() -> None:
    # Demand 2: eight tasks are off by 6, one by 1.
    found = compare_partitions(make_panel(np.full((3, 40), 2.0)), Split, Protocol(14, 7, 1, 7))
    assert (found.partitions, found.duel.forecasts) == (8, 3 * 14)
    assert found.duel.wape.value == 6.0
    assert found.duel.ours["wape"] == 3.0
