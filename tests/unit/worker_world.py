"""A world in memory for a worker: two tasks of some twenty records each, and a way to break every port."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from adapters.memory_broker import MemoryBroker
from adapters.memory_clock import MemoryClock
from adapters.memory_inlet import MemoryInlet
from adapters.memory_journal import MemoryJournal
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from adapters.memory_store import MemoryStore
from consumers.meter import Meter
from consumers.worker import Worker
from consumers.worker_config import WorkerConfig, WorkerPorts
from schemas.errors import Outage
from streams.marks import decode_marks
from streams.ports import Inlet, Outlet, Place, Snapshot, StateStore, TopicAdmin
from streams.task import Task
from tests.unit.sum_task import SumTask

CONFIG = WorkerConfig(
    processor="engine",
    inputs={"sales": "t.sales.v1", "stock": "t.stock.v1"},
    partitions=2,
    owner="w",
    broadcasts={"context": "t.context.v1"},
    prefix="t.",
    commit_interval_seconds=0.0,
    handle_budget=3,
    poll_records=7,
)
TASKS = ("engine:0", "engine:1")
RECORDS = 20

Mode = Literal["outage before", "outage after", "crash before", "crash after"]


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Fault:
    """The call, counted over all ports, at which something breaks."""

    at_call: int = 0
    mode: Mode = "crash before"
    calls: int = 0
    crashed: bool = False

    def call(self, function: Callable[..., object], arguments: tuple[object, ...]) -> object:
        if self.crashed:
            raise Crash
        self.calls += 1
        if self.calls != self.at_call:
            return function(*arguments)
        if self.mode.endswith("after"):
            function(*arguments)
        if self.mode.startswith("outage"):
            raise Outage(f"call {self.calls}")
        self.crashed = True
        raise Crash


class Faulty:
    """A port behind a fault."""

    def __init__(self, port: object, fault: Fault) -> None:
        self._port = port
        self._fault = fault

    def __getattr__(self, name: str) -> Callable[..., object]:
        function = getattr(self._port, name)
        return lambda *arguments: self._fault.call(function, arguments)


@dataclass
class World:
    """Broker, store and clock, and the workers that were started on them."""

    broker: MemoryBroker = field(default_factory=MemoryBroker)
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(1_000))
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    inlet: MemoryInlet | None = None
    hold: bool = True
    workers: int = 0

    def worker(
        self,
        config: WorkerConfig = CONFIG,
        fault: Fault | None = None,
        factory: object = SumTask,
        meter: Meter | None = None,
    ) -> Worker:
        fault = fault or Fault()
        self.workers += 1
        config = replace(config, owner=f"w{self.workers}")
        self.inlet = MemoryInlet(self.broker, "engine", self.clock)
        ports = WorkerPorts(
            cast(Inlet, Faulty(self.inlet, fault)),
            cast(Inlet, Faulty(MemoryInlet(self.broker), fault)),
            cast(Outlet, Faulty(MemoryOutlet(self.broker, hold=self.hold), fault)),
            cast(TopicAdmin, Faulty(MemoryAdmin(self.broker), fault)),
            cast(StateStore, Faulty(self.store, fault)),
            self.clock,
            self.journal,
        )
        return Worker(config, ports, cast("Callable[[int, Snapshot], Task]", factory), meter)

    def state(self) -> Mapping[str, Snapshot]:
        return {task: self.store.snapshot(task) for task in TASKS}

    def outputs(self) -> set[tuple[bytes, bytes | None, bytes | None]]:
        """Return (at, key, value) of everything sent, doubles counted once: two values for one `at` stay two."""
        return {(record.headers[0][1], record.key, record.value) for record in self.broker.records("t.signals.v1")}

    def evict(self) -> None:
        """Do what the group does with a member that is not heard of."""
        if self.inlet is not None and self.inlet.member is not None:
            self.broker.leave("engine", self.inlet.member)


def filled_world(hold: bool = True) -> World:
    """Return a world whose topics are full: the order of each task goes to and fro between its two inputs."""
    world = World(hold=hold)
    chance = random.Random(7)
    for topic, partitions in (("sales.v1", 2), ("stock.v1", 2), ("context.v1", 1), ("signals.v1", 1)):
        world.broker.create(f"t.{topic}", partitions)
    for amount in (1, 3, 5):
        world.broker.append(Place("t.context.v1", 0), None, b"%d" % amount)
    for partition in range(2):
        for sequence in range(RECORDS):
            place = Place(chance.choice(["t.sales.v1", "t.stock.v1"]), partition)
            value = b"%d,%d,%d" % (sequence, chance.randint(1, 9), 1 + sequence * 3 // RECORDS)
            world.broker.append(place, chance.choice([b"k1", b"k2", b"k3"]), value)
            if not sequence % 6:
                world.broker.skip(place, 2)
    return world


def steps(world: World, done: Callable[[], bool], worker: Worker, limit: int = 400) -> None:
    """Let a worker step until done."""
    for _ in range(limit):
        if done():
            return
        worker.step()
    raise AssertionError(f"not done after {limit} steps: {world.journal.lines[-5:]}")


def is_finished(world: World) -> bool:
    """Return whether every task has committed its last record."""
    return all(steps_of(world, task) == RECORDS for task in TASKS)


def steps_of(world: World, task: str) -> int:
    """Return how many steps of a task are committed."""
    marks = world.store.marks(task)
    return 0 if marks is None else decode_marks(marks)[1]


def with_config(**changes: float | int | str | None) -> WorkerConfig:
    """Return the usual settings with some changed."""
    return replace(CONFIG, **changes)  # type: ignore[arg-type]
