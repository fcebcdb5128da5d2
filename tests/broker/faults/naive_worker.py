"""The negative control: a worker in the naive order, as a process of its own (`python -m` this module).

::

    ours    write state and marks in one script ─► commit to Kafka, as advice     starts at the marks
    naive   commit to Kafka ──┊──► write state and marks                          starts at Kafka's committed offsets
                              └ here it waits to be killed, at the commit it is told (argument: the number, 0 = never)

Everything but these two ports is the worker that ships.

The one rule: nothing outside the tests is changed for it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from functools import cached_property

from adapters.timed_store import Store
from demand_monitor.settings import Settings, read_settings
from demand_monitor.wiring import ENGINE_INPUTS, Wiring
from streams.marks import decode_marks
from streams.ports import Assignment, Chunk, Inlet, Place, Snapshot, TopicAdmin, Verdict, Writes

#: What it says on standard output when it stands between the two.
BETWEEN = "between"
_LOOK_SECONDS = 0.01


class CommittedStarts:
    """An assignment that reads on where Kafka's offsets stand, whatever the marks say."""

    def __init__(self, assignment: Assignment, admin: TopicAdmin, group: str) -> None:
        self._assignment = assignment
        self._admin = admin
        self._group = group

    def assigned(self, places: Sequence[Place]) -> Mapping[Place, int]:
        self._assignment.assigned(places)
        committed = self._admin.committed(self._group, places)
        return {place: committed.get(place, -1) for place in places}

    def revoked(self, places: Sequence[Place]) -> None:
        self._assignment.revoked(places)

    def lost(self, places: Sequence[Place]) -> None:
        self._assignment.lost(places)


class NaiveInlet:
    """An inlet that starts at the committed offsets."""

    def __init__(self, inlet: Inlet, admin: TopicAdmin, group: str) -> None:
        self._inlet = inlet
        self._admin = admin
        self._group = group

    def subscribe(self, topics: Sequence[str], assignment: Assignment) -> None:
        self._inlet.subscribe(topics, CommittedStarts(assignment, self._admin, self._group))

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Commit, and return when the group coordinator has it."""
        wanted = {place: position for place, position in positions.items() if position >= 0}
        self._inlet.advise(wanted)
        while self._admin.committed(self._group, list(wanted)) != wanted:
            time.sleep(_LOOK_SECONDS)

    def assign(self, starts: Mapping[Place, int]) -> None:
        self._inlet.assign(starts)

    def poll(self, max_records: int, timeout_seconds: float) -> Sequence[Chunk]:
        return self._inlet.poll(max_records, timeout_seconds)

    def seek(self, starts: Mapping[Place, int]) -> None:
        self._inlet.seek(starts)

    def pause(self, places: Sequence[Place]) -> None:
        self._inlet.pause(places)

    def resume(self, places: Sequence[Place]) -> None:
        self._inlet.resume(places)

    def advise(self, positions: Mapping[Place, int]) -> None:
        """Do nothing: it is committed already."""

    def close(self) -> None:
        self._inlet.close()


class NaiveStore:
    """A store that commits to Kafka before it writes."""

    def __init__(self, store: Store, inlet: NaiveInlet, topics: Mapping[str, str], wait_at: int) -> None:
        self._store = store
        self._inlet = inlet
        self._topics = topics
        self._wait_at = wait_at
        self._commits = 0

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        partition = int(task.rpartition(":")[2])
        positions, _ = decode_marks(marks)
        self._inlet.commit({Place(self._topics[name], partition): at for name, at in positions.items()})
        self._commits += 1
        if self._commits == self._wait_at:
            print(BETWEEN, flush=True)
            time.sleep(3_600)
        return self._store.commit(task, owner, expected, marks, writes)

    def take(self, task: str, owner: str) -> Snapshot:
        return self._store.take(task, owner)

    def marks(self, task: str) -> bytes | None:
        return self._store.marks(task)

    def wipe(self, task: str) -> None:
        self._store.wipe(task)

    def fields(self, task: str, names: Sequence[str]) -> Sequence[bytes | None]:
        return self._store.fields(task, names)

    def all_fields(self, task: str) -> Mapping[str, bytes]:
        return self._store.all_fields(task)


class NaiveWiring(Wiring):
    """The wiring that ships, with two ports in the naive order."""

    def __init__(self, settings: Settings, wait_at: int) -> None:
        super().__init__(settings)
        self._wait_at = wait_at

    @cached_property
    def _member(self) -> NaiveInlet:
        group = self.group("engine")
        return NaiveInlet(super().inlet(group), self.admin(), group)

    def inlet(self, group: str | None = None) -> Inlet:
        return super().inlet() if group is None else self._member

    @cached_property
    def store(self) -> Store:
        return NaiveStore(super().store, self._member, self.topics(ENGINE_INPUTS), self._wait_at)


if __name__ == "__main__":
    NaiveWiring(read_settings(), int(sys.argv[1])).engine_worker().run()
