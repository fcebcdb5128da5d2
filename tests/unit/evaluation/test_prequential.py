"""The order of a run: all forecasts of a period before any lesson of it, and no demand before its close."""

from collections.abc import Sequence

import numpy as np
import pytest

from streams.evaluation.forecaster import LEVELS, Closed, FleetPlan, Issued, Probabilities
from streams.evaluation.forecasts import Plan, make_plans
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.prequential import run_fleet
from streams.features import PeriodFacts
from tests.unit.evaluation.panels import draw_demand, make_panel

Step = tuple[str, int, int]


class LastValue:
    """Forecasts the newest demand it has closed."""

    def __init__(self, place: int, steps: list[Step]) -> None:
        self._place, self._steps, self._last = place, steps, 0.0

    def begin(self, facts: PeriodFacts) -> None:
        self._steps.append(("begin", self._place, facts.index))

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued:
        self._steps.append(("issue", self._place, ahead[0].index))

        def pit(place: int, units: float) -> Probabilities:
            return 0.25, 0.75

        mean = [self._last] * len(ahead)
        return Issued(mean, [[self._last] * len(LEVELS)] * len(ahead), pit, {7: [1.0] * len(LEVELS)}, 0.5)

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        self._steps.append(("close", self._place, facts.index))
        before, self._last = self._last, self._last if demand_units is None else demand_units
        return Closed(before, "season" if demand_units == 99.0 else None, None)


class Recorder:
    def __init__(self, plan: FleetPlan, steps: list[Step]) -> None:
        self._steps = steps
        self.plan = plan
        self.series = [LastValue(i, steps) for i in range(len(plan.keys))]

    def period_over(self) -> None:
        self._steps.append(("over", -1, -1))


def test_all_forecast_before_any_learns_and_the_fleet_is_told_after() -> None:
    steps: list[Step] = []
    panel = make_panel([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], first=100)
    run = run_fleet(panel, lambda plan: Recorder(plan, steps), (Plan("day_ahead", (1, 2), 1),))
    assert steps == [
        ("close", 0, 100), ("close", 1, 100), ("over", -1, -1),
        ("begin", 0, 101), ("begin", 1, 101),
        ("issue", 0, 101), ("issue", 1, 101), ("close", 0, 101), ("close", 1, 101), ("over", -1, -1),
        ("begin", 0, 102), ("begin", 1, 102),
        ("issue", 0, 102), ("issue", 1, 102), ("close", 0, 102), ("close", 1, 102), ("over", -1, -1),
    ]  # fmt: skip
    assert run.forecasts[0].means[:, :, 0].tolist() == [[1.0, 2.0], [4.0, 5.0]]
    assert run.forecasts[0].pit_upto is not None
    assert run.forecasts[0].pit_upto[:, :, 0].tolist() == [[0.75, 0.75], [0.75, 0.75]]


def test_leads_end_with_the_panel_and_a_series_begins_with_its_first_row() -> None:
    steps: list[Step] = []
    panel = make_panel([[1.0, 2.0, 3.0], [np.nan, np.nan, 6.0]])
    run = run_fleet(panel, lambda plan: Recorder(plan, steps), (Plan("block", (1,), 4),))
    assert np.isnan(run.forecasts[0].means).tolist() == [[[False, False, True, True]], [[True] * 4]]
    assert [step for step in steps if step[1] == 1] == [("close", 1, 736_333)]


def test_alarms_and_estimates_are_kept_by_period() -> None:
    steps: list[Step] = []
    run = run_fleet(make_panel([[1.0, 99.0, 3.0]]), lambda plan: Recorder(plan, steps), ())
    assert run.alarms.tolist() == [[False, True, False]]
    assert run.season_alarms.tolist() == [[False, True, False]]
    assert run.means.tolist() == [[0.0, 1.0, 99.0]]


def test_own_fleet_learns_a_week() -> None:
    demand = np.tile([10.0, 10.0, 10.0, 10.0, 20.0, 30.0, 10.0], (2, 24))
    panel = make_panel(demand)
    plans = make_plans(168, 14, 7, daily=False)
    block = run_fleet(panel, OwnFleet, plans).of("block")
    assert block.means[0, 1] == pytest.approx([10, 10, 10, 10, 20, 30, 10], abs=0.5)


def test_own_fleet_sums_over_trading_days_only() -> None:
    demand = draw_demand((2, 120), 4)
    demand[:, 6::7] = np.nan
    run = run_fleet(make_panel(demand), OwnFleet, make_plans(120, 40, 7, daily=True))
    month = run.of("month")
    assert month.sums is not None
    upper = month.sums[7][:, 0, LEVELS.index(0.9)]
    # A week of trading days at about 20 each, and its upper tail: far from six days, or from seven with an empty one.
    assert ((upper > 140.0) & (upper < 190.0)).all()
