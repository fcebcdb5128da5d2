"""The price desk's tasks under the commit protocol: take, handle, commit, let go. What Faust does not do.

::

    take ──► seek to the marks ──► handle … ──► collect ──► flush ──► commit (compare-and-set) ──► OK, DONE
                                                                         │
                                                                         └─ FENCED, GAP: raise, the process ends

The one rule: `handle` and `collect` belong to the event loop's thread, what may block (`take`, `commit`) to another;
the host never runs two of these at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from schemas.errors import Fenced, Gap, LogTruncated, StoreDown
from schemas.topics import OBSERVATIONS, full_name
from streams.ports import Clock, Journal, Outlet, Place, Record, StateStore, TopicAdmin, Verdict, Writes
from streams.price_desk.rules import PriceRules
from streams.price_desk.task import OBSERVATIONS_INPUT, PriceDesk, task_name

#: A commit's script carries at most so many fields (of 256) and bytes (of 1 MB); one record changes at most three.
FULL_FIELDS: Final = 240
FULL_BYTES: Final = 768 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PricePorts:
    """What the price desk needs of the world; the caller opens and closes them.

    Parameters
    ----------
    outlet, store, admin, clock, journal
        The ports of the same names in :mod:`streams.ports`.
    """

    outlet: Outlet
    store: StateStore
    admin: TopicAdmin
    clock: Clock
    journal: Journal


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """What one task is about to commit."""

    place: Place
    owner: str
    expected: bytes | None
    marks: bytes
    writes: Writes
    position: int


@dataclass(slots=True)
class _Held:
    desk: PriceDesk
    owner: str
    expected: bytes | None
    committed: int


class PriceTasks:
    """The tasks that this worker holds.

    Parameters
    ----------
    ports
        The world.
    worker
        A name that no other process, and no earlier run, has.
    prefix
        Of the topics' names on the broker.
    rules
        What makes a price believable.
    patience_seconds
        How long a store that does not answer is asked again.
    """

    def __init__(
        self,
        ports: PricePorts,
        worker: str,
        prefix: str = "",
        rules: PriceRules | None = None,
        patience_seconds: float = 30.0,
    ) -> None:
        self.topic = full_name(OBSERVATIONS, prefix)
        self._ports = ports
        self._worker = worker
        self._prefix = prefix
        self._rules = rules or PriceRules()
        self._patience_seconds = patience_seconds
        self._held: dict[Place, _Held] = {}
        self._epoch = 0

    def take(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """Take what is not held yet; return the offset at which each place is to be read.

        Raises
        ------
        BadSetup
            When a state does not fit the log or the number of partitions.
        Outage
            When a server does not answer.
        """
        partitions = self._ports.admin.partitions().get(self.topic, 0)
        starts, ends = self._ports.admin.starts(places), self._ports.admin.ends(places)
        for place in places:
            if place not in self._held:
                self._held[place] = self._take_one(place, partitions, starts[place], ends[place])
        return {place: self._held[place].desk.position for place in places}

    def handle(self, place: Place, record: Record) -> bool:
        """Handle one record and queue what it produced; False when its place is not held."""
        held = self._held.get(place)
        if held is None:
            return False
        held.desk.feed(OBSERVATIONS_INPUT, (record,), record.offset + 1)
        for output in held.desk.handle(1):
            topic = full_name(output.topic, self._prefix)
            self._ports.outlet.send(topic, output.key, output.value, output.headers, output.partition)
        return True

    def is_full(self) -> bool:
        """Return whether a task must commit before it handles more."""
        desks = [held.desk for held in self._held.values()]
        return any(desk.dirty_fields() >= FULL_FIELDS or desk.dirty_bytes() >= FULL_BYTES for desk in desks)

    def collect(self) -> Sequence[PendingCommit]:
        """Return what has to be committed now, of one moment."""
        return [
            PendingCommit(place, held.owner, held.expected, held.desk.marks, held.desk.writes(), held.desk.position)
            for place, held in self._held.items()
            if held.desk.marks != held.expected
        ]

    def commit(self, pending: Sequence[PendingCommit]) -> None:
        """Deliver every output, then commit each task.

        Raises
        ------
        Fenced, Gap
            When another worker has taken a task, or its store was rolled back: the process must end.
        Outage
            When a delivery failed, or the store stays away.
        """
        if not pending:
            return
        self._ports.outlet.flush()
        for one in pending:
            self._commit_one(one)

    def release(self) -> None:
        """Forget every task; what is not committed will be read again."""
        for place in self._held:
            self._ports.journal.note("task_released", task=task_name(place.partition))
        self._held.clear()

    def committed(self) -> Mapping[Place, int]:
        """Return the committed offset of each place, for lag tools."""
        return {place: held.committed for place, held in list(self._held.items()) if held.committed >= 0}

    def positions(self) -> Mapping[Place, int]:
        """Return the next offset of each place."""
        return {place: held.desk.position for place, held in list(self._held.items())}

    def fates(self) -> Mapping[str, int]:
        """Return the number of records by what became of them, over the tasks held and all their past."""
        total: dict[str, int] = {}
        for desk in self.desks():
            for fate, number in desk.fates().items():
                total[fate] = total.get(fate, 0) + number
        return total

    def desks(self) -> list[PriceDesk]:
        """Return the tasks held, for metrics."""
        return [held.desk for held in list(self._held.values())]

    def _take_one(self, place: Place, partitions: int, start: int, end: int) -> _Held:
        self._epoch += 1
        owner = f"{self._worker}:{self._epoch}"
        name = task_name(place.partition)
        snapshot = self._patiently(lambda: self._ports.store.take(name, owner))
        desk = PriceDesk(place, partitions, snapshot, self._rules)
        position = desk.position
        if position < 0:
            desk.feed(OBSERVATIONS_INPUT, (), start)
            desk.handle(0)
        elif not start <= position <= end:
            raise LogTruncated(
                f"{name} is at offset {position}, but {place.topic} holds {start} to {end}. "
                "Restore the state of this topic set, or rebuild it with a new --prefix."
            )
        self._ports.journal.note("task_taken", task=name, offset=desk.position, owner=owner)
        return _Held(desk, owner, snapshot.marks, position)

    def _commit_one(self, one: PendingCommit) -> None:
        name = task_name(one.place.partition)
        verdict = self._patiently(
            lambda: self._ports.store.commit(name, one.owner, one.expected, one.marks, one.writes)
        )
        if verdict is Verdict.FENCED:
            raise Fenced(f"{name} was taken by another worker.")
        if verdict is Verdict.GAP:
            raise Gap(f"{name}: the store's marks are not the ones that were committed last.")
        held = self._held.get(one.place)
        if held is not None:
            held.expected, held.committed = one.marks, one.position

    def _patiently(self, ask: Callable[[], T]) -> T:
        # The same commit may be asked twice: its answer is DONE when the first one arrived.
        clock = self._ports.clock
        deadline = clock.monotonic_seconds() + self._patience_seconds
        pause = 0.05
        while True:
            try:
                return ask()
            except StoreDown:
                if clock.monotonic_seconds() + pause > deadline:
                    raise
                clock.sleep(pause)
                pause = min(2 * pause, 2.0)
