"""The reader of the broker in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.memory_broker import MemoryBroker
from schemas.errors import LogTruncated
from streams.ports import Assignment, Chunk, Clock, Place


class MemoryInlet:
    """A reader (:class:`streams.ports.Inlet`) of a :class:`~adapters.memory_broker.MemoryBroker`.

    Parameters
    ----------
    broker
        What it reads.
    group
        The group that :meth:`subscribe` joins.
    clock
        Waits when there is nothing to read; without one, :meth:`poll` returns at once.
    """

    def __init__(self, broker: MemoryBroker, group: str = "", clock: Clock | None = None) -> None:
        self._broker = broker
        self._group = group
        self._clock = clock
        self._assignment: Assignment | None = None
        self._topics: Sequence[str] = ()
        self._member: int | None = None
        self._generation = -1
        self._holds_share = False
        self._positions: dict[Place, int] = {}
        self._told: dict[Place, int] = {}
        self._paused: set[Place] = set()

    @property
    def member(self) -> int | None:
        """The reader's id in the group, for a test that throws it out with `broker.leave`."""
        return self._member

    def subscribe(self, topics: Sequence[str], assignment: Assignment) -> None:
        self._assignment, self._topics = assignment, topics
        self._member = self._broker.join(self._group, topics)

    def assign(self, starts: Mapping[Place, int]) -> None:
        self._positions, self._paused = {}, set()
        self._go(starts)

    def poll(self, max_records: int, timeout_seconds: float) -> Sequence[Chunk]:
        if self._assignment is not None and not self._keep_membership(self._assignment):
            return self._wait(timeout_seconds)
        chunks: list[Chunk] = []
        left = max_records
        for place in sorted(self._positions.keys() - self._paused, key=self._positions.__getitem__):
            chunk = self._read(place, left)
            if chunk is not None:
                chunks.append(chunk)
                left -= len(chunk.records)
        return chunks or self._wait(timeout_seconds)

    def seek(self, starts: Mapping[Place, int]) -> None:
        self._go({place: start for place, start in starts.items() if place in self._positions})

    def pause(self, places: Sequence[Place]) -> None:
        self._paused.update(places)

    def resume(self, places: Sequence[Place]) -> None:
        self._paused.difference_update(places)

    def advise(self, positions: Mapping[Place, int]) -> None:
        known = {place: position for place, position in positions.items() if position >= 0}
        self._broker.group(self._group).committed.update(known)

    def close(self) -> None:
        if self._member is not None:
            self._hand_back()
            self._broker.leave(self._group, self._member)
        self._assignment, self._member = None, None
        self._positions, self._paused = {}, set()

    def _wait(self, seconds: float) -> Sequence[Chunk]:
        if self._clock is not None:
            self._clock.sleep(seconds)
        return ()

    def _keep_membership(self, assignment: Assignment) -> bool:
        """Answer what the group asks; tell whether this member holds its share now."""
        group = self._broker.group(self._group)
        member = self._member
        if member is None or member not in group.members:
            places, self._positions = tuple(self._positions), {}
            assignment.lost(places)
            self._member = self._broker.join(self._group, self._topics)
            return False
        if self._generation != group.generation:
            self._hand_back()
            self._generation, self._holds_share = group.generation, False
            group.joined.add(member)
        if not self._holds_share and group.is_stable:
            self._holds_share = True
            self._paused = set()
            self._go(assignment.assigned(self._broker.share(self._group, member)))
        return self._holds_share

    def _hand_back(self) -> None:
        places = tuple(self._positions)
        if places and self._assignment is not None:
            self._assignment.revoked(places)
        self._positions = {}

    def _go(self, starts: Mapping[Place, int]) -> None:
        for place, start in starts.items():
            partition = self._broker.partition(place)
            self._positions[place] = partition.start if start < 0 else start
            self._told.pop(place, None)

    def _read(self, place: Place, max_records: int) -> Chunk | None:
        partition = self._broker.partition(place)
        position = self._positions[place]
        if not partition.start <= position <= partition.end:
            raise LogTruncated(
                f"{place.topic}[{place.partition}] is to be read at {position}, but holds {partition.start} to "
                f"{partition.end}.",
                "restore a snapshot, or wipe the task's state to rebuild it",
            )
        if max_records <= 0 or self._told.get(place) == partition.end:
            return None
        records = partition.read(position, max_records)
        at_end = not records or records[-1] is partition.records[-1]
        position = partition.end if at_end else records[-1].offset + 1
        self._positions[place] = position
        if at_end:
            self._told[place] = position
        return Chunk(place, records, position)
