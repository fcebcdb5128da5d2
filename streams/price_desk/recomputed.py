"""Prices that a replay computes anew, put where the recorded ones stood.

Which price of one rival came before which of another is on the record of `competitor-prices.v1` and nowhere else; the
ends in the ticks count its offsets. So the record says *where*, and the price desk says *what*.

::

    recorded    7 (rival task 0, observation 40)   8 (1, 12)   9 (0, 41) …
    recomputed  7 what task 0 says up to 40        8 …12       9 …41

The one rule: a recomputed price stands at the offset of the recorded one that comes from the same observation, or of
the next one of its rival's task.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence

from streams.at import At, at_of
from streams.outcome import Output
from streams.partitioner import partition_of
from streams.ports import Record


class RecomputedPrices:
    """What price desks have said and what was not put in its place yet.

    Parameters
    ----------
    tasks
        Number of partitions (P).
    drops_older
        Whether what stands before the first recorded price is dropped: a range does not begin with the first one.
    """

    def __init__(self, tasks: int, drops_older: bool = False) -> None:
        self._tasks, self._drops_older = tasks, drops_older
        self._held: dict[tuple[int, int], deque[tuple[At, Output]]] = defaultdict(deque)
        self._newest: dict[tuple[int, int], At] = {}

    def take(self, output: Output) -> None:
        """Take what a price desk says."""
        at = at_of(output.value)
        self._held[partition_of(output.key or b"", self._tasks), at[0]].append((at, output))

    def needed(self, recorded: Sequence[Record]) -> Mapping[int, int]:
        """Return, by task of the price desk, the end of the observations that these recorded prices come from."""
        ends: dict[int, int] = {}
        for record in recorded:
            at = self._at(record)
            if at is not None:
                ends[at[0]] = max(at[1] + 1, ends.get(at[0], 0))
        return ends

    def place(self, partition: int, recorded: Sequence[Record]) -> list[Record]:
        """Return the records that stand in the place of consecutive recorded prices of one partition."""
        placed: list[Record] = []
        for record in recorded:
            at = self._at(record)
            if at is None:
                placed.append(record)
                continue
            lane = partition, at[0]
            if lane in self._newest and at <= self._newest[lane]:
                # Said twice, by a worker that fell: the engine counts the second one as a duplicate, then as now.
                placed.append(record)
                continue
            placed.extend(self._released(lane, at, record.offset))
            self._newest[lane] = at
        return placed

    def _released(self, lane: tuple[int, int], at: At, offset: int) -> list[Record]:
        queue = self._held[lane]
        while self._drops_older and lane not in self._newest and queue and queue[0][0] < at:
            queue.popleft()
        released: list[Record] = []
        while queue and queue[0][0] <= at:
            output = queue.popleft()[1]
            released.append(Record(offset, output.key, output.value))
        return released

    def _at(self, record: Record) -> At | None:
        try:
            at = at_of(record.value)
        except (ValueError, KeyError, TypeError):
            return None  # Nothing of the price desk's: the engine refuses it, then as now.
        return at if 0 <= at[0] < self._tasks else None
