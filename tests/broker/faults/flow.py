"""Writes a market's record to the topics: records, then ticks that bound them, as `load` does it.

The one rule: a tick is written after everything below its ends has been delivered.
"""

from __future__ import annotations

from collections.abc import Sequence

from producers.ticking import CLOSING_MS
from schemas.ticks import Tick
from schemas.topics import SALES, STOCK, TICKS
from streams.ports import Outlet, Place
from tests.broker.faults.market import Market, Sent, begin_ms
from tests.broker.installation import Installation

RECORDS_PER_TICK = 500
_DAY_MS = 24 * 3_600_000


class Flow:
    """The records of a market on their way to an installation's topics.

    Parameters
    ----------
    live
        Whose topics.
    market
        What happens.
    """

    def __init__(self, live: Installation, market: Market) -> None:
        self.market = market
        self._live = live
        self._outlet: Outlet = live.wiring.outlet()
        self._records: Sequence[Sent] = market.sent()
        self._next = 0
        self.newest_ms = 0

    @property
    def left(self) -> int:
        """How many records are still to be written."""
        return len(self._records) - self._next

    def write(self, count: int) -> None:
        """Write the next records, and the ticks between them."""
        until = min(len(self._records), self._next + count)
        while self._next < until:
            batch = self._records[self._next : min(until, self._next + RECORDS_PER_TICK)]
            for record in batch:
                self._outlet.send(self._live.wiring.topic(record.topic), record.key, record.value)
            self._next += len(batch)
            self.newest_ms = max(self.newest_ms, *(record.at_ms for record in batch))
            self.tick(self.newest_ms)

    def put_in(self, records: Sequence[Sent]) -> None:
        """Put further records among those that are still to be written, each at its `at_ms`."""
        for record in records:
            place = next(n for n in range(self._next, len(self._records)) if self._records[n].at_ms >= record.at_ms)
            self._records = [*self._records[:place], record, *self._records[place:]]

    def finish(self) -> None:
        """Write the rest, and the tick that closes the last day."""
        self.write(self.left)
        self.tick(begin_ms() + self.market.days * _DAY_MS + CLOSING_MS)
        self._outlet.close()

    def tick(self, t_ms: int, beyond: int = 0) -> None:
        """Write a tick to each partition; `beyond` so many sales that are not there."""
        self._outlet.flush()
        name, ends = self._live.wiring.topic, self._outlet.ends()
        for task in range(self._live.settings.partitions):
            sales, stock = (ends.get(Place(name(topic), task), 0) for topic in (SALES, STOCK))
            self._outlet.send(name(TICKS), None, Tick(t_ms, sales + beyond, stock, 0, 0, 0).encode(), (), task)
        self._outlet.flush()
