"""The worker: carries tasks between Kafka and Redis so that each record counts exactly once in the state.

::

    step:  poll ──► feed ──► handle, task by task ──► send ──► commit, when due ──► pause what is full
             │                                                     │
             └── rebalance: hosting.py                             └── commit.py

The one rule: it decides nothing about demand. Memory is a cache of the store; at any doubt it is thrown away and built
again from the store and the log, so a crash between any two calls changes nothing but the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consumers.broadcast import Broadcast
from consumers.hosting import Hosting, TaskFactory
from consumers.meter import Meter
from consumers.seat import Hosted, Seat
from consumers.worker_config import WorkerConfig, WorkerPorts
from consumers.worker_figures import worker_samples
from consumers.worker_stats import WorkerStats
from schemas.errors import BadSetup, Outage, TornTask
from schemas.topics import full_name
from streams.outcome import Output
from streams.ports import Place


class Stalled(Outage):
    """Work waits and no step is done: only a new process may help."""


class Worker:
    """One worker of a group.

    Parameters
    ----------
    config
        Its settings.
    ports
        Its world.
    factory
        Builds task p from a snapshot.
    meter
        Publishes its numbers; None where nobody looks.
    """

    def __init__(
        self, config: WorkerConfig, ports: WorkerPorts, factory: TaskFactory, meter: Meter | None = None
    ) -> None:
        self.stats = WorkerStats()
        self._config = config
        self._ports = ports
        self._meter = meter
        self._broadcast = Broadcast(ports.broadcast_inlet, config.broadcasts)
        self._hosting = Hosting(config, ports, self.stats, factory, self._broadcast)
        self._full_names: dict[str, str] = {}
        self._stopping = False
        self._commit_at = 0.0
        self._watch_at = 0.0

    @property
    def tasks(self) -> Sequence[str]:
        """The tasks that are in memory now."""
        return [seat.task_id for seat in self._hosting.seats.values() if seat.hosted is not None]

    def positions(self) -> Mapping[Place, int]:
        """Return the next offset of each place to be handled, as last metered; safe from any thread."""
        return {} if self._meter is None else self._meter.positions

    def run(self) -> None:
        """Work until :meth:`stop` is called or an error ends it.

        Raises
        ------
        BadSetup
            When the operator must act first.
        Outage
            When trouble has lasted too long.
        """
        try:
            self.start()
            while not self._stopping:
                self.step()
            self.leave()
        finally:
            self.close()

    def stop(self) -> None:
        """Ask :meth:`run` to commit and leave; safe to call from a signal handler."""
        self._stopping = True

    def start(self) -> None:
        """Check the topics and join the group."""
        self._check_topics()
        now = self._ports.clock.monotonic_seconds()
        self._commit_at = now + self._config.commit_interval_seconds
        self._watch_at = now + self._config.stall_seconds
        self._broadcast.start()
        self._ports.inlet.subscribe(sorted(self._config.inputs.values()), self._hosting)

    def step(self) -> None:
        """Do one round."""
        try:
            self._take_in()
            self._handle()
            self._commit_due()
            self._hold_back()
        except Outage as outage:
            # A call of the inlet or the outlet has failed: what was fetched or sent is not known.
            self._hosting.doubt(self._hosting.seats.values(), outage)
            self._ports.clock.sleep(self._config.poll_seconds)
        self._hosting.reopen()
        self._watch()
        if self._meter is not None and self._meter.is_due():
            self._publish(self._meter)

    def leave(self) -> None:
        """Commit what is handled and let every task go.

        Raises
        ------
        Outage
            When it could not be committed; the next owner does it again.
        """
        refused = self._hosting.committer.commit(list(self._hosting.seats.values()))
        self._hosting.seats = {}
        for _, trouble in refused:
            raise trouble
        self._ports.outlet.close()

    def close(self) -> None:
        """Leave the group at once; what is not committed by now is left to the next owner."""
        self._hosting.seats = {}
        self._ports.inlet.close()
        self._broadcast.close()

    def _check_topics(self) -> None:
        partitions = self._ports.admin.partitions()
        wanted = dict.fromkeys(self._config.inputs.values(), self._config.partitions)
        wanted.update(dict.fromkeys(self._config.broadcasts.values(), 1))
        for topic, count in wanted.items():
            if topic not in partitions:
                raise BadSetup(f"There is no topic {topic}.", "demand-monitor topics create")
            if partitions[topic] != count:
                raise TornTask(f"Topic {topic} has {partitions[topic]} partitions, but {count} are set.")

    def _take_in(self) -> None:
        """Fetch records and feed them; a rebalance happens in here."""
        for name, news in self._broadcast.poll(self._config.poll_records):
            for seat in self._hosting.seats.values():
                if seat.hosted is not None:
                    seat.hosted.task.feed(name, news.records, news.position)
            self.stats.records_by_topic[self._config.broadcasts[name]] += len(news.records)
        busy = any(not hosted.task.idle() for _, hosted in self._hosted())
        timeout_seconds = 0.0 if busy else self._config.poll_seconds
        for chunk in self._ports.inlet.poll(self._config.poll_records, timeout_seconds):
            seat_of = self._hosting.seats.get(chunk.place.partition)
            if seat_of is None or seat_of.hosted is None:
                continue
            seat_of.hosted.task.feed(seat_of.places[chunk.place], chunk.records, chunk.position)
            seat_of.hosted.fed[chunk.place] = chunk.position
            self.stats.records += len(chunk.records)
            self.stats.records_by_topic[chunk.place.topic] += len(chunk.records)

    def _handle(self) -> None:
        """Let each task do some steps, and send what they give."""
        for _, hosted in self._hosted():
            if not hosted.task.idle():
                hosted.touched = True
                self._send(hosted.task.handle(self._config.handle_budget))

    def _send(self, outputs: Sequence[Output]) -> None:
        send = self._ports.outlet.send
        names = self._full_names
        for topic, key, value, headers, partition in outputs:
            name = names.get(topic.name)
            if name is None:
                name = names[topic.name] = full_name(topic, self._config.prefix)
            send(name, key, value, headers, partition)
        self.stats.outputs += len(outputs)

    def _commit_due(self) -> None:
        now = self._ports.clock.monotonic_seconds()
        if now >= self._commit_at:
            self._commit_at = now + self._config.commit_interval_seconds
            due = list(self._hosting.seats.values())
        else:
            limit = self._config.commit_bytes
            due = [seat for seat, hosted in self._hosted() if hosted.task.dirty_bytes() >= limit]
        commits = self.stats.commits
        refused = self._hosting.committer.commit(due)
        if self.stats.commits > commits and not refused:
            self._hosting.patience.restored()
        for seat, trouble in refused:
            self._hosting.doubt([seat], trouble)

    def _hold_back(self) -> None:
        """Pause what tasks have enough of, and resume what they want again."""
        for seat in self._hosting.seats.values():
            if seat.hosted is None:
                continue
            full = seat.full_places()
            if full != seat.paused:
                self._ports.inlet.pause(sorted(full - seat.paused))
                self._ports.inlet.resume(sorted(seat.paused - full))
                seat.paused = full

    def _watch(self) -> None:
        """Raise when a task has had work all the time since the last look, and its marks have not moved."""
        now = self._ports.clock.monotonic_seconds()
        if now < self._watch_at:
            return
        self._watch_at = now + self._config.stall_seconds
        for seat, hosted in self._hosted():
            marks = hosted.task.marks
            stands, hosted.watched = hosted.watched == marks, marks
            waiting = self._waiting(seat, hosted) if stands else None
            if waiting is not None:
                self._ports.journal.note("worker_stalled", task=seat.task_id, reason=waiting)
                raise Stalled(f"{seat.task_id}: {waiting}, but no step for {self._config.stall_seconds:g} s.")

    def _waiting(self, seat: Seat, hosted: Hosted) -> str | None:
        """Return what waits to be done, in words."""
        if not hosted.task.idle():
            return "the task has work in hand"
        marks = seat.positions()
        try:
            ends = self._ports.admin.ends(list(seat.places))
        except Outage as outage:
            self._hosting.patience.tried(outage)
            return None
        for place, end in ends.items():
            where = f"{place.topic}[{place.partition}]"
            if seat.places[place] == self._config.pace and max(marks[place], 0) < end:
                return f"{where} ends at {end} and is handled up to {marks[place]}"
            if place not in seat.paused and max(hosted.fed[place], 0) < end:
                return f"{where} ends at {end} and is fetched up to {hosted.fed[place]}"
        return None

    def _publish(self, meter: Meter) -> None:
        hosted = self._hosted()
        positions = {place: offset for seat, _ in hosted for place, offset in seat.positions().items()}
        own = worker_samples(self.stats, self._config, len(hosted))
        meter.publish([each.task for _, each in hosted], own, positions)

    def _hosted(self) -> list[tuple[Seat, Hosted]]:
        return [(seat, seat.hosted) for seat in self._hosting.seats.values() if seat.hosted is not None]
