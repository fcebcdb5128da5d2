"""The ports: what a host needs of the world, stated as protocols that an adapter or a memory twin fulfils.

::

    Inlet        records in, positions, rebalances        adapters/kafka_inlet.py      adapters/memory_broker.py
    Outlet       records out, delivery known              adapters/kafka_outlet.py     adapters/memory_broker.py
    TopicAdmin   topics, partition counts, offsets        adapters/kafka_admin.py      adapters/memory_broker.py
    LogTail      newest records with their log time       adapters/kafka_tail.py       adapters/memory_tail.py
    StateStore   ownership, marks, one atomic commit      adapters/redis_store.py      adapters/memory_store.py
    SeriesReader one series' state, read only             adapters/redis_store.py      adapters/memory_store.py
    Clock        the wall, and waiting                    adapters/clock.py            adapters/memory_clock.py
    Journal      life-cycle events as JSON lines          adapters/journal.py          adapters/memory_journal.py

The one rule: a port raises only what stands in `schemas.errors`: `Outage` when trying again may help, `BadSetup` when
it cannot. An adapter translates; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from schemas.quarantine import Headers


class Place(NamedTuple):
    """One partition of one topic, by the topic's full name on the broker."""

    topic: str
    partition: int


class Record(NamedTuple):
    """One record as it was delivered; its place is known to whoever holds it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one place.

    Parameters
    ----------
    place
        Where they stood.
    records
        In offset order; may be empty when only the position moved.
    position
        The next offset to be read: offsets are sparse (compaction, transactions), so it may lie above the last
        record's offset + 1, and it also advances at the end of a partition.
    """

    place: Place
    records: Sequence[Record]
    position: int


class Assignment(Protocol):
    """What the group told: the host's answers to a rebalance, called inside :meth:`Inlet.poll`."""

    def assigned(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """Take these places; return the offset at which each is to be read (every place must be there)."""

    def revoked(self, places: Sequence[Place]) -> None:
        """Hand these places over: last chance to commit, within the session time-out."""

    def lost(self, places: Sequence[Place]) -> None:
        """These places belong to somebody else already: throw everything away, write nothing."""


class Inlet(Protocol):
    """A reader of topics: either as a member of a group, or with places assigned by hand."""

    def subscribe(self, topics: Sequence[str], assignment: Assignment) -> None:
        """Join the group for these topics (range assignor)."""

    def assign(self, starts: Mapping[Place, int]) -> None:
        """Read these places from these offsets, without a group; replaces any earlier assignment."""

    def poll(self, max_records: int, timeout_seconds: float) -> Sequence[Chunk]:
        """Return what has arrived, waiting at most so long for the first record.

        Raises
        ------
        Outage
            When the broker is away for longer than the client bridges by itself.
        LogTruncated
            When a place is to be read at an offset that is gone.
        """

    def seek(self, starts: Mapping[Place, int]) -> None:
        """Go on reading these assigned places at these offsets; records fetched before are dropped."""

    def pause(self, places: Sequence[Place]) -> None:
        """Deliver nothing of these places until resumed."""

    def resume(self, places: Sequence[Place]) -> None:
        """Deliver these places again."""

    def advise(self, positions: Mapping[Place, int]) -> None:
        """Commit positions to the group, for lag tools alone; failures are not errors."""

    def close(self) -> None:
        """Leave the group at once."""


class Outlet(Protocol):
    """A writer of topics, idempotent, with the partitioner that all our producers share (`murmur2_random`)."""

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> None:
        """Queue one record; blocks while the queue is full.

        Raises
        ------
        Outage
            When the queue stays full or an earlier delivery has failed.
        """

    def flush(self) -> None:
        """Return when every queued record is delivered.

        Raises
        ------
        Outage
            When any record since the last flush was not delivered.
        """

    def ends(self) -> Mapping[Place, int]:
        """Return, for every place written to, the offset after the newest delivered record."""

    def close(self) -> None:
        """Flush and let go."""


class TopicAdmin(Protocol):
    """Topics and offsets, asked from outside any group."""

    def create(self, name: str, partitions: int, config: Mapping[str, str]) -> bool:
        """Create a topic; False when it is there already."""

    def partitions(self) -> Mapping[str, int]:
        """Return the number of partitions by topic name."""

    def ends(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """Return the end offset (high watermark) of each place, in one batched request."""

    def starts(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """Return the first offset still kept of each place."""

    def committed(self, group: str, places: Sequence[Place]) -> Mapping[Place, int]:
        """Return the group's advisory offsets; a place without one is left out."""


class Stamped(NamedTuple):
    """One record with the time at which the log took it, milliseconds since 1970; None where the log does not say."""

    record: Record
    log_ms: int | None


class LogTail(Protocol):
    """The newest records with their log time, for check-ups: the hot path carries none."""

    def read(self, spans: Mapping[Place, tuple[int, int]]) -> Mapping[Place, Sequence[Stamped]]:
        """Return the records of each place from its first offset to below its second.

        Raises
        ------
        BrokerDown
            When they cannot be read.
        """


class Verdict(Enum):
    """The store's answer to a commit."""

    OK = "OK"
    DONE = "DONE"
    FENCED = "FENCED"
    GAP = "GAP"


#: Field name → absolute value; None deletes the field.
Writes = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Marks and state of one commit.

    Parameters
    ----------
    marks
        As they were committed; None when nothing ever was.
    state
        Every field of the task.
    """

    marks: bytes | None
    state: Mapping[str, bytes]


class StateStore(Protocol):
    """State and marks of tasks (`engine:3`, `desk:0`): exact, fenced, rewindable."""

    def take(self, task: str, owner: str) -> Snapshot:
        """Take the task's ownership, so that every earlier owner is fenced, and read it whole.

        Raises
        ------
        StateCorrupt
            When there is state but no mark.
        """

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        """Write all or nothing, if `owner` still owns the task and its marks are `expected`.

        Returns
        -------
        Verdict
            OK; DONE when the marks already are `marks` (an answer was lost); FENCED; GAP for any other marks.
        """

    def marks(self, task: str) -> bytes | None:
        """Return the task's marks without taking it."""

    def wipe(self, task: str) -> None:
        """Forget the task: state, marks and owner."""


class SeriesReader(Protocol):
    """Read-only view of committed state, for the API, the command line and what-if."""

    def fields(self, task: str, names: Sequence[str]) -> Sequence[bytes | None]:
        """Return the values of the named fields of a task, None where absent."""

    def all_fields(self, task: str) -> Mapping[str, bytes]:
        """Return every field of a task."""


class Clock(Protocol):
    """The wall, and waiting."""

    def now_ms(self) -> int:
        """Return the wall clock, milliseconds since 1970 (UTC)."""

    def monotonic_seconds(self) -> float:
        """Return a clock that never goes back, for time-outs."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Journal(Protocol):
    """Life-cycle events for operators, one JSON object a line; never one per event."""

    def note(self, event: str, **fields: str | int | float | bool | None) -> None:
        """Write one line: what happened, and the task, offset or setting it is about."""
