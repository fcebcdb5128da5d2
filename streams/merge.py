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

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from streams.ports import Record

B = TypeVar("B")
#: Taken items are let go once so many lie in front, and they are the greater part.
_LET_GO = 4_096
_offset_of = itemgetter(1)


class Item(NamedTuple, Generic[B]):
    """One record as the merge sees it; `t_ms` is -1 for an unreadable one."""

    t_ms: int
    offset: int
    body: B
    record: Record | None = None


#: Consecutive items of one input, with its name.
Run = tuple[str, list[Item[B]]]


@dataclass(slots=True)
class _Lane(Generic[B]):
    """One input: what has been fed, and how much of it was taken."""

    position: int
    fed: int
    items: list[Item[B]] = field(default_factory=list)
    head: int = 0

    def waits(self) -> bool:
        """Return whether there is a head."""
        return self.head < len(self.items)

    def next_offset(self) -> int:
        """Return the offset before which everything was taken."""
        return self.items[self.head].offset if self.waits() else self.fed

    def reach(self, end: int, room: int, latest_ms: int | None) -> int:
        """Return the index before which items may be taken: below an end, at most so many, none later than a time."""
        items, head = self.items, self.head
        stop = min(len(items), head + room)
        if items[stop - 1].offset >= end:
            stop = bisect_left(items, end, head, stop, key=_offset_of)
        if latest_ms is None:
            return stop
        for at in range(head, stop):
            if items[at][0] > latest_ms:
                return at
        return stop

    def take(self, stop: int) -> list[Item[B]]:
        """Return the items up to an index, and let them go."""
        run = self.items[self.head : stop]
        self.head = stop
        self.position = run[-1].offset + 1
        if stop == len(self.items) or (stop > _LET_GO and 2 * stop > len(self.items)):
            del self.items[:stop]
            self.head = 0
        return run


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
    >>> [(name, [item.body for item in run]) for name, run in merge.take({"stock": 1, "sales": 1}, 10)]
    [('stock', ['delivery']), ('sales', ['sale'])]
    """

    def __init__(self, names: Sequence[str], starts: dict[str, int]) -> None:
        self.names = tuple(names)
        self._lanes = {name: _Lane[B](starts[name], fed=starts[name]) for name in names}

    def feed(self, name: str, items: Sequence[Item[B]], position: int) -> None:
        """Take consecutive items of one input; `position` is the next offset of that input."""
        lane = self._lanes[name]
        lane.items.extend(items)
        lane.fed = max(lane.fed, position)

    def pending(self, name: str) -> int:
        """Return how many items of an input wait."""
        lane = self._lanes[name]
        return len(lane.items) - lane.head

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
        return bool(lanes) and all(lane.waits() for lane in lanes)

    def take(self, ends: dict[str, int], budget: int) -> list[Run[B]]:
        """Return runs of at most `budget` items below `ends` in all, in order; fewer when a head is missing."""
        runs: list[Run[B]] = []
        open_lanes = [
            (rank, name, self._lanes[name], ends[name])
            for rank, name in enumerate(self.names)
            if self._lanes[name].next_offset() < ends[name]
        ]
        while open_lanes and budget > 0:
            if any(not lane.waits() for _, _, lane, _ in open_lanes):
                break
            # Most runs are long, so this choice is rare.
            _, rank, name, lane, end = min((entry[2].items[entry[2].head].t_ms, *entry) for entry in open_lanes)
            others = [(other.items[other.head].t_ms, at) for at, _, other, _ in open_lanes if at != rank]
            run = lane.take(lane.reach(end, budget, _latest(rank, others)))
            runs.append((name, run))
            budget -= len(run)
            if lane.next_offset() >= end:
                open_lanes = [entry for entry in open_lanes if entry[0] != rank]
        return runs


def _latest(rank: int, heads: Sequence[tuple[int, int]]) -> int | None:
    """Return the latest time that goes before every one of the other heads (time, rank); None where there is none."""
    if not heads:
        return None
    t_ms, other = min(heads)
    return t_ms if rank < other else t_ms - 1
