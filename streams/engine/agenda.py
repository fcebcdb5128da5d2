"""The agenda: closes as work items, in one fixed order, whatever brought the time on.

::

    due = end + slack + CRC-32(store|sku) mod spread        so no burst at midnight
    order: due, then kind (store, hour, period), then name

The one rule: the agenda is derived from the state, never stored; a commit may fall between any two items.
"""

from __future__ import annotations

import heapq
from enum import IntEnum
from typing import NamedTuple


class Close(IntEnum):
    """What is closed; the order in which closes due at the same moment are done."""

    STORE = 0
    HOUR = 1
    PERIOD = 2


class WorkItem(NamedTuple):
    """One close that is due at a time."""

    due_ms: int
    kind: Close
    name: str
    ordinal: int


class Agenda:
    """Work items, the earliest first.

    >>> agenda = Agenda()
    >>> agenda.put(WorkItem(20, Close.PERIOD, "s|a", 1)); agenda.put(WorkItem(20, Close.STORE, "s", 1))
    >>> agenda.next_due, agenda.pop().kind.name, agenda.pop().kind.name
    (20, 'STORE', 'PERIOD')
    """

    NEVER = 1 << 62

    def __init__(self) -> None:
        self._heap: list[WorkItem] = []
        self.next_due = self.NEVER

    def put(self, item: WorkItem) -> None:
        """Add an item."""
        heapq.heappush(self._heap, item)
        self.next_due = self._heap[0].due_ms

    def pop(self) -> WorkItem:
        """Remove and return the earliest item."""
        item = heapq.heappop(self._heap)
        self.next_due = self._heap[0].due_ms if self._heap else self.NEVER
        return item
