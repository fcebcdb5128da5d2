"""Coverage after a doubling, counted from each series' own change."""

from collections.abc import Sequence

import numpy as np
import pytest

from streams.evaluation.forecaster import LEVELS, Closed, FleetPlan, Issued, Probabilities
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.shock_trial import run_shock_trial
from streams.features import PeriodFacts
from tests.unit.evaluation.panels import draw_demand, make_panel


class TenDaysLate:
    """Says 10 until it has closed ten periods of more than that, then 20: covered means at most what it says."""

    def __init__(self) -> None:
        self._high = 0

    def begin(self, facts: PeriodFacts) -> None:
        pass

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued:
        said = 20.0 if self._high >= 10 else 10.0

        def pit(place: int, units: float) -> Probabilities:
            return (0.0, 0.9) if units <= said else (1.0, 1.0)

        return Issued([said], [[said] * len(LEVELS)], pit)

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        self._high += demand_units is not None and demand_units > 10.0
        return Closed()


class LateFleet:
    def __init__(self, plan: FleetPlan) -> None:
        self.series = [TenDaysLate() for _ in plan.keys]

    def period_over(self) -> None:
        pass


def test_days_are_counted_from_the_change() -> None:
    found = run_shock_trial(make_panel(np.full((6, 200), 10.0)), LateFleet, tail=100, seed=7)
    assert found.changed == 3
    assert found.before == 1.0
    # Days 1 to 10 are above what is said, from day 11 on none is: of days 8 to 14 four of seven.
    assert found.after == {"1-7": (0.0, 21), "8-14": (pytest.approx(4 / 7), 21), "15-28": (1.0, 42)}


def test_our_intervals_come_back() -> None:
    found = run_shock_trial(make_panel(draw_demand((10, 250), 3, 30.0)), OwnFleet, tail=120, seed=7)
    first, last = found.after["1-7"][0], found.after["15-28"][0]
    assert first is not None
    assert last is not None
    assert first < 0.5 < 0.8 < last
