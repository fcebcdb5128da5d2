"""When a recorded tick is due: a function of the events alone, so that `load` and `replay` tick at the same places.

::

    … 22:10 22:40 │ 08:05 08:30 … (5,000 records) │ … last event │ │ │
                  ▲ midnight of every day between  ▲ at the last   ▲ ▲ ▲ midnights to the end of the period,
                    (t = that midnight)              event's time        then past its spread: everything closes

The one rule: a tick's `t` is never below an event that stands before it, and never above the ceiling (the wall clock).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from producers.rows import Batch, RowEvent
from schemas.quantities import to_datetime, to_ms

RECORDS_PER_TICK = 5_000
#: Slack and spread of the closes (5 and 30 minutes), and a minute more.
CLOSING_MS = (5 + 30 + 1) * 60_000
Period = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class DueTick:
    """A tick to be written here.

    Parameters
    ----------
    t_ms
        Its time.
    records
        Events before it, counted from the start of the source.
    done
        True on the last one.
    """

    t_ms: int
    records: int
    done: bool = False


class TickPlan:
    """Where the ticks of a source stand.

    Parameters
    ----------
    zone
        In which days begin.
    period
        What the last tick must close.
    records_per_tick
        At most so many events between two ticks.
    ceiling_ms
        No tick is later; None where there is no wall clock.
    """

    def __init__(
        self,
        zone: str,
        period: Period = "day",
        records_per_tick: int = RECORDS_PER_TICK,
        ceiling_ms: int | None = None,
    ) -> None:
        self._zone, self._period = ZoneInfo(zone), period
        self._records_per_tick, self._ceiling_ms = records_per_tick, ceiling_ms
        self._records = 0
        self._since = 0
        self._latest_ms: int | None = None
        self._midnight_ms = 0

    def cut(self, batches: Iterable[Batch]) -> Iterator[Sequence[RowEvent] | DueTick]:
        """Yield the events as they come, with each tick where it is due.

        >>> event = RowEvent(1_300_000_000_000, None, None, b"", 0, 0)
        >>> [step.done for step in TickPlan("UTC").cut([[event]]) if isinstance(step, DueTick)]
        [False, True]
        """
        for batch in batches:
            yield from self._cut_batch(batch)
        yield from self._close()

    def _cut_batch(self, batch: Batch) -> Iterator[Sequence[RowEvent] | DueTick]:
        first = 0
        for place, event in enumerate(batch):
            time_ms = event.event_time_ms
            if self._since < self._records_per_tick and time_ms < self._midnight_ms:
                self._since += 1
                continue
            if place > first:
                yield self._count(batch[first:place])
                first = place
            yield from self._before(time_ms)
            self._since += 1
        if len(batch) > first:
            yield self._count(batch[first:])

    def _count(self, events: Sequence[RowEvent]) -> Sequence[RowEvent]:
        self._records += len(events)
        self._latest_ms = events[-1].event_time_ms
        return events

    def _before(self, time_ms: int) -> Iterator[DueTick]:
        if self._latest_ms is None:
            self._midnight_ms = self._next_midnight(time_ms)
        elif time_ms < self._midnight_ms:
            yield self._tick(self._latest_ms)
        else:
            yield from self._midnights_up_to(time_ms)
        self._since = 0

    def _midnights_up_to(self, time_ms: int) -> Iterator[DueTick]:
        while self._midnight_ms <= time_ms:
            yield self._tick(self._midnight_ms)
            self._midnight_ms = self._next_midnight(self._midnight_ms)

    def _close(self) -> Iterator[DueTick]:
        if self._latest_ms is None:
            return
        end_ms = period_end_ms(self._latest_ms, self._period, self._zone)
        yield from self._midnights_up_to(end_ms)
        yield self._tick(end_ms + CLOSING_MS, done=True)

    def _tick(self, t_ms: int, done: bool = False) -> DueTick:
        return DueTick(t_ms if self._ceiling_ms is None else min(t_ms, self._ceiling_ms), self._records, done)

    def _next_midnight(self, time_ms: int) -> int:
        return period_end_ms(time_ms, "day", self._zone)


def period_end_ms(time_ms: int, period: Period, zone: ZoneInfo) -> int:
    """Return where the period that holds a time ends, in milliseconds since 1970.

    >>> period_end_ms(0, "week", ZoneInfo("UTC")) == 4 * 86_400_000  # Thursday 1970-01-01 to Monday the 5th
    True
    """
    day = to_datetime(time_ms).astimezone(zone).date()
    if period == "day":
        until = day + timedelta(days=1)
    elif period == "week":
        until = day + timedelta(days=7 - day.weekday())
    else:
        until = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return to_ms(datetime(until.year, until.month, until.day, tzinfo=zone))
