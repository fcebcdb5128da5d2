"""The gate: what only the order can tell of an event, and where refused records go.

::

    event time   beyond_horizon ┆ ◄── dedupe_horizon ──► newest ┆ ... tick in hand ◄── max_ahead ──► ┆ ahead_of_clock
                   refused                  late, or in order                                            refused

The one rule: an event that is refused was not seen; its sender may mend it and send it again under its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from schemas.errors import BadEvent
from schemas.ids import dedupe_key
from schemas.quantities import DAY_MS, HOUR_MS
from schemas.reasons import Reason
from schemas.topics import INPUT_RETENTION_DAYS
from streams.engine.admit import refusal
from streams.ports import Place, Record

if TYPE_CHECKING:
    from streams.engine.core import Core


class Gate:
    """The gate of one task.

    Parameters
    ----------
    core
        Its clock, dedupe index and emitter are used.
    topics
        Full topic names by input.
    """

    def __init__(self, core: Core, topics: Mapping[str, str]) -> None:
        self._core = core
        self._topics = dict(topics)

    def moves_time(self, t_ms: int) -> bool:
        """Move time to an event; True when a close fell due, which goes first."""
        clock = self._core.clock
        if t_ms <= clock.newest_ms or t_ms > clock.tick_ms + self._core.settings.max_ahead_ms:
            return False
        if clock.newest_ms < 0 and t_ms < self._oldest_ms():
            return False
        clock.newest_ms = max(clock.newest_ms, min(t_ms, clock.tick_ms))
        return self._core.agenda.next_due <= clock.newest_ms

    def check_time(self, t_ms: int) -> None:
        """Refuse what cannot be placed in time.

        Raises
        ------
        BadEvent
            When it is too far ahead, or too old to be checked for duplicates.
        """
        clock, settings = self._core.clock, self._core.settings
        if t_ms > clock.tick_ms + settings.max_ahead_ms:
            raise BadEvent(Reason.AHEAD_OF_CLOCK, "more than max_ahead above the tick in hand")
        if t_ms < self._oldest_ms():
            raise BadEvent(Reason.BEYOND_HORIZON, "too old to be checked for duplicates")

    def is_new(self, t_ms: int, event_id: str) -> bool:
        """Remember an event's id; False when it was seen before."""
        return self._core.dedupe.add(t_ms // HOUR_MS, dedupe_key(event_id))

    def take_back(self, t_ms: int) -> None:
        """Forget the id that was remembered last."""
        self._core.dedupe.take_back(t_ms // HOUR_MS)

    def refuse(self, name: str, record: Record | None, error: BadEvent) -> None:
        """Put a record of an input in quarantine."""
        if record is not None:
            place = Place(self._topics[name], self._core.emitter.task)
            self._core.emitter.quarantine(refusal(place, record, error))
            self._core.tally.rejected[name, str(error.reason)] += 1

    def cause(self, name: str, offset: int) -> None:
        """Name the record that is the cause of what is said from now on."""
        self._core.emitter.cause = (self._topics[name], offset)

    def _oldest_ms(self) -> int:
        """Return the oldest event time that is believed: before the first event, the log's retention says so."""
        clock = self._core.clock
        if clock.newest_ms < 0:
            return clock.tick_ms - INPUT_RETENTION_DAYS * DAY_MS
        return clock.newest_ms - self._core.settings.dedupe_horizon_ms
