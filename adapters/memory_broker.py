"""A broker in this process: topics, groups and offsets as Kafka has them, for tests and the smallest demo.

::

    MemoryBroker ── topics ── partitions ── records (sparse offsets, a start that may move up)
         │
         └── groups ── members: every change of members starts a new generation; each member, in its own poll,
                       hands back what it has, and takes its share once all members have handed back (eager, range)

The one rule: single-threaded and deterministic. Nothing happens outside a call, members take their turns by polling.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from schemas.errors import BadSetup
from schemas.quarantine import Headers
from streams.partitioner import partition_of
from streams.ports import Clock, Place, Record

_offset = attrgetter("offset")


@dataclass(slots=True)
class Partition:
    """Records of one place, its first kept offset and the offset after the newest; log times by offset, if known."""

    records: list[Record] = field(default_factory=list)
    start: int = 0
    end: int = 0
    log_ms: dict[int, int] = field(default_factory=dict)

    def read(self, position: int, max_records: int) -> Sequence[Record]:
        """Return the records from an offset on; fewer at the end."""
        at = bisect_left(self.records, position, key=_offset)
        return self.records[at : at + max_records]


@dataclass(slots=True)
class Group:
    """Members by id with the topics they want, and the members that have handed back in this generation."""

    generation: int = 0
    members: dict[int, tuple[str, ...]] = field(default_factory=dict)
    joined: set[int] = field(default_factory=set)
    committed: dict[Place, int] = field(default_factory=dict)

    def change(self) -> None:
        """Begin a new generation: everybody must hand back and join."""
        self.generation += 1
        self.joined.clear()

    @property
    def is_stable(self) -> bool:
        """Whether every member has joined this generation."""
        return self.joined == self.members.keys()


class MemoryBroker:
    """Topics and groups.

    Parameters
    ----------
    clock
        Stamps each record; without one, no record has a log time.

    >>> broker = MemoryBroker()
    >>> broker.create("sales.v1", 2)
    True
    >>> broker.append(Place("sales.v1", 1), None, b"3 units")
    0
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._topics: dict[str, list[Partition]] = {}
        self._groups: dict[str, Group] = {}
        self._member_ids = 0

    def create(self, name: str, partitions: int) -> bool:
        """Create a topic; False when it is there already."""
        if name in self._topics:
            return False
        self._topics[name] = [Partition() for _ in range(partitions)]
        return True

    def topics(self) -> Mapping[str, int]:
        """Return the number of partitions by topic name."""
        return {name: len(partitions) for name, partitions in self._topics.items()}

    def partition(self, place: Place) -> Partition:
        """Return one partition.

        Raises
        ------
        BadSetup
            When there is no such topic or partition.
        """
        partitions = self._topics.get(place.topic, [])
        if not 0 <= place.partition < len(partitions):
            raise no_such_topic(place.topic)
        return partitions[place.partition]

    def append(self, place: Place, key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
        """Add one record and return its offset."""
        partition = self.partition(place)
        offset = partition.end
        partition.records.append(Record(offset, key, value, headers))
        if self._clock is not None:
            partition.log_ms[offset] = self._clock.now_ms()
        partition.end = offset + 1
        return offset

    def place_for(self, topic: str, key: bytes | None) -> Place:
        """Return where a record with this key goes; one without a key goes to partition 0."""
        if topic not in self._topics:
            raise no_such_topic(topic)
        return Place(topic, 0 if key is None else partition_of(key, len(self._topics[topic])))

    def skip(self, place: Place, offsets: int) -> None:
        """Leave a hole, as compaction and transactions do."""
        self.partition(place).end += offsets

    def truncate(self, place: Place, start: int) -> None:
        """Delete every record below an offset, as retention does."""
        partition = self.partition(place)
        partition.start = start
        partition.records = [record for record in partition.records if record.offset >= start]

    def records(self, topic: str) -> Sequence[Record]:
        """Return every record of a topic, partition by partition."""
        return [record for partition in self._topics.get(topic, ()) for record in partition.records]

    def group(self, name: str) -> Group:
        """Return a group, empty at first."""
        return self._groups.setdefault(name, Group())

    def join(self, group: str, topics: Sequence[str]) -> int:
        """Add a member and return its id."""
        for topic in topics:
            if topic not in self._topics:
                raise no_such_topic(topic)
        self._member_ids += 1
        self.group(group).members[self._member_ids] = tuple(topics)
        self.group(group).change()
        return self._member_ids

    def leave(self, group: str, member: int) -> None:
        """Take a member out: it has closed, or was not heard of for too long."""
        if self.group(group).members.pop(member, None) is not None:
            self.group(group).change()

    def share(self, group: str, member: int) -> Sequence[Place]:
        """Return a member's places by range assignment, topic by topic."""
        members = self.group(group).members
        share: list[Place] = []
        for topic in members[member]:
            wanting = sorted(other for other, topics in members.items() if topic in topics)
            count, rest = divmod(len(self._topics[topic]), len(wanting))
            rank = wanting.index(member)
            first = rank * count + min(rank, rest)
            share.extend(Place(topic, number) for number in range(first, first + count + (rank < rest)))
        return share


def no_such_topic(topic: str) -> BadSetup:
    """Return the refusal of a topic that does not exist."""
    return BadSetup(f"There is no topic or partition of {topic}.", "demand-monitor topics create")
