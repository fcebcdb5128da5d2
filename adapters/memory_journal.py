"""A journal that is read back by tests."""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[str, str | int | float | bool | None]


class MemoryJournal:
    """A journal (:class:`streams.ports.Journal`) kept as a list.

    >>> journal = MemoryJournal()
    >>> journal.note("task_taken", task="engine:3")
    >>> journal.events("task_taken")
    [{'task': 'engine:3'}]
    """

    def __init__(self) -> None:
        self.lines: list[tuple[str, Fields]] = []

    def note(self, event: str, **fields: str | int | float | bool | None) -> None:
        self.lines.append((event, fields))

    def events(self, event: str) -> list[Fields]:
        """Return the fields of every line of this event, oldest first."""
        return [fields for name, fields in self.lines if name == event]
