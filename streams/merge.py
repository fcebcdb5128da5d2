"""The merge: many topics become one order, and that order is a function of the log.

Two topics have no order between them, so a tick states where each input ended at its time. Records below those ends are
merged by event time: the smallest head first, ties by rank (prices, stock, sales), then by offset. An unreadable record
(no event time) goes as soon as it is head.

::

    inputs   sales  ─[ 9:00 9:02 9:02 | 9:07 … ]      ┆ ends: what may be merged before the tick is handled
             stock  ─[ 9:01           | …      ]      ┆
             prices ─[                | …      ]      ┆
    order    9:00 sale · 9:01 stock · 9:02 sale · 9:02 sale · the tick itself

A record behind a later head waits for it, so within one input the offsets keep their order. That makes the merge
memoryless: it can be resumed at any record, knowing nothing but the offsets.

The one rule: nothing is taken while an input that has not reached its end has no head.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

B = TypeVar("B")


class Item(NamedTuple, Generic[B]):
    """One record as the merge sees it; `t_ms` is -1 for an unreadable one."""

    t_ms: int
    offset: int
    body: B


@dataclass(slots=True)
class _Lane(Generic[B]):
    """One input: what has been fed and not taken yet."""

    position: int
    pending: deque[Item[B]] = field(default_factory=deque)
    fed: int = 0

    def next_offset(self) -> int:
        """Return the offset before which everything was taken."""
        return self.pending[0].offset if self.pending else self.fed


class Merge(Generic[B]):
    """Merge of the inputs of one task, in rank order.

    Parameters
    ----------
    names
        Input names, smallest rank first.
    starts
        The first offset wanted of each input.

    >>> merge = Merge[str](("stock", "sales"), {"stock": 0, "sales": 0})
    >>> merge.feed("sales", [Item(900, 0, "sale"), Item(902, 1, "late tick")], 2)
    >>> merge.take({"stock": 1, "sales": 1}, 10)          # stock has no head yet: wait
    []
    >>> merge.feed("stock", [Item(900, 0, "delivery")], 1)
    >>> [item.body for _, item in merge.take({"stock": 1, "sales": 1}, 10)]
    ['delivery', 'sale']
    """

    def __init__(self, names: Sequence[str], starts: dict[str, int]) -> None:
        self.names = tuple(names)
        self._lanes = {name: _Lane[B](starts[name], fed=starts[name]) for name in names}

    def feed(self, name: str, items: Sequence[Item[B]], position: int) -> None:
        """Take consecutive items of one input; `position` is the next offset of that input."""
        lane = self._lanes[name]
        lane.pending.extend(items)
        lane.fed = max(lane.fed, position)

    def pending(self, name: str) -> int:
        """Return how many items of an input wait."""
        return len(self._lanes[name].pending)

    def positions(self) -> dict[str, int]:
        """Return the offset of each input before which everything was taken."""
        return {name: lane.position for name, lane in self._lanes.items()}

    def complete(self, ends: dict[str, int]) -> bool:
        """Return whether everything below `ends` was taken."""
        return all(self._lanes[name].next_offset() >= ends[name] for name in self.names)

    def settle(self, ends: dict[str, int]) -> None:
        """Move every position up to its end: offsets between were never records."""
        for name in self.names:
            lane = self._lanes[name]
            lane.position = max(lane.position, ends[name])

    def ready(self, ends: dict[str, int]) -> bool:
        """Return whether :meth:`take` would return something."""
        lanes = [self._lanes[name] for name in self.names if self._lanes[name].next_offset() < ends[name]]
        return bool(lanes) and all(lane.pending for lane in lanes)

    def take(self, ends: dict[str, int], budget: int) -> list[tuple[str, Item[B]]]:
        """Return at most `budget` items below `ends`, in order; fewer when a head is missing."""
        taken: list[tuple[str, Item[B]]] = []
        open_lanes = [
            (rank, name, self._lanes[name], ends[name])
            for rank, name in enumerate(self.names)
            if self._lanes[name].next_offset() < ends[name]
        ]
        while open_lanes and len(taken) < budget:
            if any(not lane.pending for _, _, lane, _ in open_lanes):
                break
            _, rank, name, lane, end = min((entry[2].pending[0].t_ms, *entry) for entry in open_lanes)
            limit = min(((other.pending[0].t_ms, at) for at, _, other, _ in open_lanes if at != rank), default=None)
            self._run(name, lane, end, (rank, limit), taken, budget)
            if lane.next_offset() >= end:
                open_lanes = [entry for entry in open_lanes if entry[0] != rank]
        return taken

    @staticmethod
    def _run(
        name: str,
        lane: _Lane[B],
        end: int,
        order: tuple[int, tuple[int, int] | None],
        taken: list[tuple[str, Item[B]]],
        budget: int,
    ) -> None:
        """Take from one lane while its head stays the smallest: most runs are long, so the choice above is rare."""
        rank, limit = order
        pending = lane.pending
        room = budget - len(taken)
        while pending and room > 0:
            item = pending[0]
            if item.offset >= end or (limit is not None and (item.t_ms, rank) > limit):
                break
            taken.append((name, pending.popleft()))
            lane.position = item.offset + 1
            room -= 1
