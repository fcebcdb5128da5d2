"""Which life-cycle events reach standard error.

The one rule: a line is dropped by its event's name, never by what it says.
"""

from __future__ import annotations

from demand_monitor.settings import LogLevel
from streams.ports import Journal

#: Events that tell of trouble; every other one tells that all is well.
TROUBLE = frozenset(
    {
        "child_failed",
        "price_desk_failed",
        "redis_may_evict",
        "stalled",
        "task_in_doubt",
        "task_left_uncommitted",
        "task_lost",
        "worker_stalled",
    }
)


class LevelledJournal:
    """A journal (:class:`streams.ports.Journal`) that passes on what the level asks for.

    Parameters
    ----------
    journal
        Where the lines go.
    level
        "info" passes everything, "warning" only trouble, "none" nothing.

    >>> from adapters.memory_journal import MemoryJournal
    >>> kept = MemoryJournal()
    >>> journal = LevelledJournal(kept, "warning")
    >>> journal.note("task_taken", task="engine:0")
    >>> journal.note("task_lost", task="engine:0")
    >>> [event for event, _ in kept.lines]
    ['task_lost']
    """

    def __init__(self, journal: Journal, level: LogLevel) -> None:
        self._journal = journal
        self._level = level

    def note(self, event: str, **fields: str | int | float | bool | None) -> None:
        if self._level == "info" or (self._level == "warning" and event in TROUBLE):
            self._journal.note(event, **fields)
