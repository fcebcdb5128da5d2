"""Which columns carry the forecast? Each is shuffled in blocks of time, for the forecasts alone.

::

    one run:  origin ─► forecast with what is known                             ─► error
                   └──► forecast with column c taken from another block of time ─► error with c shuffled
              close  ─► learns what was known, unshuffled

The model that is asked is the one that learnt the truth: what is shown is what it leans on, not what could be learnt
without the column. Blocks are whole seasons (weeks of days) of the scored tail, the same for all series, so that the
shuffled column is as likely a one as the true; the season's own place is moved by a random number of slots a block.
`cost` is the ratio of the errors, shuffled to true; 1 means that the column is not used. The one rule: nothing is
learnt from a shuffled value.

References
----------
Fisher, Rudin and Dominici (2019), *All models are wrong, but many are useful*, JMLR 20 (model reliance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from streams.evaluation.accuracy import Protocol
from streams.evaluation.forecaster import Closed, Fleet, FleetMaker, FleetPlan, Issued, SeriesForecaster
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.intervals import Interval, ratio_interval
from streams.evaluation.panel import Indices, Panel
from streams.evaluation.panel_builder import DEPTH, MONTH_EDGE, PROMOTION
from streams.evaluation.prequential import FactsTable, run_fleet
from streams.evaluation.sums import add_up, common_cells, measure_yardsticks
from streams.features import PeriodFacts

SLOT: Final = "season_slot"
REPEATS: Final = 3
_BLOCK: Final = {"day": 7, "week": 4, "month": 3}
#: Columns that mean nothing without each other are shuffled together, under the first one's name.
_TOGETHER: Final = {DEPTH: PROMOTION}


class ColumnImportance(NamedTuple):
    """What a column is worth.

    Parameters
    ----------
    column
        Its name.
    wape, rmsse
        Error with the column shuffled over the error without, with intervals over series; the mean of the repeats.
    """

    column: str
    wape: Interval
    rmsse: Interval


def shuffled_periods(n_periods: int, tail: int, block: int, seed: int) -> Indices:
    """Period to the period whose value it takes: whole blocks of the tail change places, the past stays.

    Parameters
    ----------
    n_periods, tail
        Length of the panel, and of its scored end.
    block
        Periods of a block; a rest shorter than a block stays in its place.
    seed
        Of the shuffle.

    >>> found = shuffled_periods(10, 6, 2, seed=1)
    >>> found[:4].tolist(), sorted(found[4:].tolist())
    ([0, 1, 2, 3], [4, 5, 6, 7, 8, 9])
    """
    found = np.arange(n_periods)
    start, count = n_periods - tail, tail // block
    order = np.random.default_rng(seed).permutation(count)
    for place, other in enumerate(order.tolist()):
        found[start + place * block : start + (place + 1) * block] = np.arange(block) + start + other * block
    return found


def measure_importance(
    panel: Panel, make: FleetMaker, protocol: Protocol, repeats: int = REPEATS
) -> list[ColumnImportance]:
    """Shuffle each column of the panel, and the place in the season, for the forecasts of the block plan.

    Parameters
    ----------
    panel, make
        The data, and the fleet's maker.
    protocol
        Tail, block, tasks and seed.
    repeats
        Shuffles of each column.
    """
    start = panel.n_periods - protocol.tail
    plan = Plan("block", tuple(range(start, panel.n_periods, protocol.block)), protocol.block)
    names = [SLOT, *(name for name in panel.columns if name not in _TOGETHER)]
    tables = [_table(panel, name, protocol, repeat) for name in names for repeat in range(repeats)]
    said = [np.full((panel.n_series, len(plan.origins), plan.leads), np.nan) for _ in tables]

    def shuffling(fleet_plan: FleetPlan) -> Fleet:
        return _ShufflingFleet(make(fleet_plan), panel, plan, tables, said)

    true = run_fleet(panel, shuffling, (plan,), protocol.partitions).forecasts[0]
    yardsticks, actual = measure_yardsticks(panel, protocol.tail), true.actuals(panel)
    cells = common_cells(actual, true)
    base = add_up(Forecasts(plan, true.means), actual, yardsticks, cells)
    found = []
    for place, name in enumerate(names):
        shuffled = [
            add_up(Forecasts(plan, means), actual, yardsticks, cells)
            for means in said[place * repeats : (place + 1) * repeats]
        ]
        wape, rmsse = (
            _mean([ratio_interval(each, base, score, protocol.seed) for each in shuffled])
            for score in ("wape", "rmsse")
        )
        found.append(ColumnImportance(name, wape, rmsse))
    return sorted(found, key=lambda one: -(one.wape.value or 0.0))


def _mean(intervals: Sequence[Interval]) -> Interval:
    columns = [[value for value in part if value is not None] for part in zip(*intervals, strict=True)]
    return Interval(*(float(np.mean(part)) if part else None for part in columns))


def _table(panel: Panel, name: str, protocol: Protocol, repeat: int) -> FactsTable:
    block = _BLOCK[panel.period]
    seed = protocol.seed + 1_000 * (repeat + 1)
    if name == SLOT:
        moves = np.random.default_rng(seed).integers(1, panel.season, size=panel.n_periods)
        # One move a block, so that days stay neighbours.
        moved = moves[np.arange(panel.n_periods) // block]
        moved[: panel.n_periods - protocol.tail] = 0
        return _MovedSlots(panel, moved)
    source = shuffled_periods(panel.n_periods, protocol.tail, block, seed)
    known = panel.known.copy()
    for column in (name, *(other for other, first in _TOGETHER.items() if first == name)):
        if column in panel.columns:
            at = panel.columns.index(column)
            known[:, :, at] = panel.known[:, source, at]
    if name == MONTH_EDGE:
        return _OtherDays(panel, source)
    return FactsTable(replace(panel, known=known))


class _MovedSlots(FactsTable):
    """Facts whose place in the season is another one."""

    def __init__(self, panel: Panel, moved: Indices) -> None:
        super().__init__(panel)
        self._moved, self._slots_a_season = moved.tolist(), panel.season

    def of(self, series: int, period: int) -> PeriodFacts:
        facts = super().of(series, period)
        return replace(facts, slot=(facts.slot + self._moved[period]) % self._slots_a_season)


class _OtherDays(FactsTable):
    """Facts whose day of the month is another one: what is near a month's edge follows from the day itself."""

    def __init__(self, panel: Panel, source: Indices) -> None:
        super().__init__(panel)
        days = panel.starts_on()
        self._others = [days[period] for period in source.tolist()]

    def of(self, series: int, period: int) -> PeriodFacts:
        return replace(super().of(series, period), starts_on=self._others[period])


class _ShufflingFleet:
    """A fleet that is asked each forecast again with each shuffled table; what was said so goes into arrays."""

    def __init__(
        self, fleet: Fleet, panel: Panel, plan: Plan, tables: Sequence[FactsTable], said: Sequence[np.ndarray]
    ) -> None:
        self._fleet = fleet
        self.series = tuple(
            _ShufflingSeries(series, i, panel, plan, tables, said) for i, series in enumerate(fleet.series)
        )

    def period_over(self) -> None:
        self._fleet.period_over()


class _ShufflingSeries:
    def __init__(
        self,
        series: SeriesForecaster,
        place: int,
        panel: Panel,
        plan: Plan,
        tables: Sequence[FactsTable],
        said: Sequence[np.ndarray],
    ) -> None:
        self._series, self._place = series, place
        self._first, self._n_periods = panel.first_period, panel.n_periods
        self._origins = {origin: k for k, origin in enumerate(plan.origins)}
        self._tables, self._said = tables, said

    def begin(self, facts: PeriodFacts) -> None:
        self._series.begin(facts)

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued | None:
        issued = self._series.issue(ahead)
        origin = ahead[0].index - self._first
        if issued is None or origin not in self._origins:
            return issued
        for table, means in zip(self._tables, self._said, strict=True):
            again = self._series.issue([table.of(self._place, origin + lead) for lead in range(len(ahead))])
            if again is not None:
                means[self._place, self._origins[origin], : len(ahead)] = again.means
        return issued

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        return self._series.close(demand_units, exposure, facts)
