"""Where recorded ticks stand, worked out on the calendar."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from producers.rows import RowEvent
from producers.ticking import CLOSING_MS, DueTick, Period, TickPlan
from schemas.quantities import DAY_MS, HOUR_MS, to_ms
from schemas.topics import SALES

MONDAY = to_ms(datetime(2024, 1, 1, tzinfo=UTC))


def event(time_ms: int) -> RowEvent:
    return RowEvent(time_ms, SALES, b"a", b"{}", 0, 0)


def plan(
    times: Sequence[int], batch: int, period: Period = "day", every: int = 5000, ceiling: int | None = None
) -> list[DueTick]:
    events = [event(time) for time in times]
    batches = [events[first : first + batch] for first in range(0, len(events), batch)]
    steps = TickPlan("UTC", period, every, ceiling).cut(batches)
    return [step for step in steps if isinstance(step, DueTick)]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_tick_a_day_even_where_nothing_happened(batch: int) -> None:
    # Monday 10:00 and 11:00, then Thursday 09:00: midnights of Tuesday, Wednesday and Thursday lie between.
    times = [MONDAY + 10 * HOUR_MS, MONDAY + 11 * HOUR_MS, MONDAY + 3 * DAY_MS + 9 * HOUR_MS]
    assert plan(times, batch) == [
        DueTick(MONDAY + DAY_MS, 2),
        DueTick(MONDAY + 2 * DAY_MS, 2),
        DueTick(MONDAY + 3 * DAY_MS, 2),
        DueTick(MONDAY + 4 * DAY_MS, 3),
        DueTick(MONDAY + 4 * DAY_MS + CLOSING_MS, 3, done=True),
    ]


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_a_tick_after_so_many_records_at_the_last_ones_time(batch: int) -> None:
    times = [MONDAY + minute * 60_000 for minute in range(5)]
    ticks = plan(times, batch, every=2)
    assert ticks[:2] == [DueTick(MONDAY + 60_000, 2), DueTick(MONDAY + 3 * 60_000, 4)]
    assert [tick.records for tick in ticks] == [2, 4, 5, 5]


@pytest.mark.parametrize(
    ("period", "until"),
    [("day", 1), ("week", 7), ("month", 31)],  # 2024-01-01 is a Monday
)
def test_the_last_tick_closes_the_last_period(period: Period, until: int) -> None:
    ticks = plan([MONDAY + HOUR_MS], 1, period)
    assert [tick.t_ms for tick in ticks[:-1]] == [MONDAY + day * DAY_MS for day in range(1, until + 1)]
    # 5 minutes of slack, 30 of spread, one more.
    assert ticks[-1] == DueTick(MONDAY + until * DAY_MS + 36 * 60_000, 1, done=True)


def test_no_tick_passes_the_wall_clock() -> None:
    ticks = plan([MONDAY + HOUR_MS], 1, ceiling=MONDAY + 2 * HOUR_MS)
    assert [tick.t_ms for tick in ticks] == [MONDAY + 2 * HOUR_MS] * 2


def test_no_event_stands_behind_a_tick_of_an_earlier_time() -> None:
    times = [MONDAY + step * 17 * 60_000 for step in range(400)]
    latest = 0
    for step in TickPlan("UTC", "day", 7).cut([[event(time) for time in times]]):
        if isinstance(step, DueTick):
            assert step.t_ms >= latest
        else:
            latest = step[-1].event_time_ms


def test_no_events_no_ticks() -> None:
    assert plan([], 1) == []
