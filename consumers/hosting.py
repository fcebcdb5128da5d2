"""Which tasks this worker holds: the answers to a rebalance, and the way of a task into memory and out of it.

The one rule: partition p of all keyed inputs is one task. A part of it alone is refused, for it would be judged without
the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from consumers.broadcast import Broadcast
from consumers.commit import Committer
from consumers.patience import Patience, pause_seconds
from consumers.seat import Hosted, Seat
from consumers.worker_config import WorkerConfig, WorkerPorts
from consumers.worker_stats import WorkerStats
from schemas.errors import DemandError, Fenced, Outage, TornTask
from streams.ports import Place, Snapshot
from streams.task import Task

TaskFactory = Callable[[int, Snapshot], Task]


class Hosting:
    """The seats of one worker (:class:`streams.ports.Assignment`).

    Parameters
    ----------
    config, ports, stats
        As the worker's.
    factory
        Builds task p from a snapshot; raises `TornTask` when the snapshot was written under another P.
    broadcast
        What a new task is fed first.
    """

    def __init__(
        self,
        config: WorkerConfig,
        ports: WorkerPorts,
        stats: WorkerStats,
        factory: TaskFactory,
        broadcast: Broadcast,
    ) -> None:
        self.seats: dict[int, Seat] = {}
        self.committer = Committer(ports, stats)
        self.patience = Patience(ports.clock, config.outage_seconds)
        self._config = config
        self._ports = ports
        self._stats = stats
        self._factory = factory
        self._broadcast = broadcast
        self._names = {topic: name for name, topic in config.inputs.items()}
        # A restart under the same name must not be taken for the worker before it.
        self._first_epoch = ports.clock.now_ms()

    def assigned(self, places: Sequence[Place]) -> Mapping[Place, int]:
        self.seats = {}
        for partition in sorted({place.partition for place in places}):
            mine = [place for place in places if place.partition == partition]
            self._check_whole(partition, mine)
            seat = Seat(self._config.task_id(partition), partition, {place: self._names[place.topic] for place in mine})
            self.seats[partition] = seat
            try:
                self._open(seat)
            except (Outage, Fenced) as trouble:
                self._empty(seat, trouble)
        starts = {place: start for seat in self.seats.values() for place, start in seat.positions().items()}
        # A task in doubt is sought to its marks later; until then its records are dropped.
        return {place: starts.get(place, -1) for place in places}

    def revoked(self, places: Sequence[Place]) -> None:
        seats = self._leave(places)
        try:
            refused = self.committer.commit(seats)
        except Outage as outage:
            refused = [(seat, outage) for seat in seats]
            self.doubt(self.seats.values(), outage)
        for seat, trouble in refused:
            self._ports.journal.note("task_left_uncommitted", task=seat.task_id, reason=str(trouble))

    def lost(self, places: Sequence[Place]) -> None:
        for seat in self._leave(places):
            self._ports.journal.note("task_lost", task=seat.task_id)

    def doubt(self, seats: Iterable[Seat], trouble: DemandError) -> None:
        """Throw the memory of these tasks away; they are opened again after a pause.

        Raises
        ------
        DemandError
            The trouble itself, when it has lasted too long.
        """
        for seat in list(seats):
            self._empty(seat, trouble)
            with contextlib.suppress(Outage):  # Unpaused, its records are dropped all the same.
                self._ports.inlet.pause(list(seat.places))
        self.patience.tried(trouble)

    def reopen(self) -> None:
        """Open the empty seats whose pause is over, and go on reading at their marks."""
        now = self._ports.clock.monotonic_seconds()
        for seat in self.seats.values():
            if seat.hosted is not None or now < seat.retry_at_seconds:
                continue
            try:
                self._open(seat)
                self._ports.inlet.seek(seat.positions())
                self._ports.inlet.resume(list(seat.places))
                seat.paused = set()
            except (Outage, Fenced) as trouble:
                self.doubt([seat], trouble)

    def _check_whole(self, partition: int, places: Sequence[Place]) -> None:
        missing = self._names.keys() - {place.topic for place in places}
        if missing or partition >= self._config.partitions:
            what = f"without {', '.join(sorted(missing))}" if missing else f"though P is {self._config.partitions}"
            raise TornTask(
                f"Task {self._config.task_id(partition)} was assigned {what}: all workers of a group must read the "
                f"same topics, each with P partitions.",
                "demand-monitor doctor",
            )

    def _open(self, seat: Seat) -> None:
        self._stats.takes += 1
        owner = f"{self._config.owner}:{self._first_epoch}.{self._stats.takes}"
        snapshot = self._ports.store.take(seat.task_id, owner)
        task = self._factory(seat.partition, snapshot)
        self._broadcast.feed_all(task)
        seat.hosted = Hosted(task, owner, snapshot.marks, {})
        seat.hosted.fed.update(seat.positions())
        self._ports.journal.note("task_taken", task=seat.task_id, owner=owner, fields=len(snapshot.state))

    def _empty(self, seat: Seat, trouble: DemandError) -> None:
        seat.hosted = None
        seat.paused = set(seat.places)
        seat.failures += 1
        pause = pause_seconds(self._config.retry_seconds, seat.failures)
        seat.retry_at_seconds = self._ports.clock.monotonic_seconds() + pause
        self._stats.doubts += 1
        self._ports.journal.note("task_in_doubt", task=seat.task_id, reason=str(trouble), retry_seconds=pause)

    def _leave(self, places: Sequence[Place]) -> Sequence[Seat]:
        partitions = {place.partition for place in places}
        return [self.seats.pop(partition) for partition in sorted(partitions & self.seats.keys())]
