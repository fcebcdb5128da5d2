"""Where adapters fill the ports: the only place that knows both the settings and the clients.

::

    Settings ──► Wiring ─┬─ ports:  admin  inlet  tail  outlet  transactions  store  clock  journal
                         └─ hosts:  engine_worker  desk_worker  price_host  loader  heartbeat  feed  redrive

Each call builds a new client, so what is built may run in a thread of its own; the store alone is shared. The one rule:
building decides nothing but names, and a name is a function of the prefix.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Final

from adapters.clock import SystemClock
from adapters.journal import JsonJournal
from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_inlet import KafkaInlet
from adapters.kafka_outlet import KafkaOutlet
from adapters.kafka_tail import KafkaTail
from adapters.kafka_transactions import KafkaTransactions
from adapters.redis_store import RedisStore, connect
from adapters.timed_store import Store, TimedStore
from demand_monitor.logs import LevelledJournal
from demand_monitor.settings import Settings
from schemas.errors import BadSetup
from schemas.topics import (
    ACTIONS,
    ALERTS,
    CATALOG,
    CONTEXT,
    OBSERVATIONS,
    SIGNALS,
    TASK_INPUTS,
    TICKS,
    TOPICS,
    Topic,
    full_name,
)
from streams.ports import (
    Clock,
    Inlet,
    Journal,
    LogTail,
    Outlet,
    Place,
    Snapshot,
    TopicAdmin,
)

if TYPE_CHECKING:  # Each of these pulls in pandas, River or Faust; a command that needs none of them starts at once.
    from adapters.metrics import MetricsBoard
    from consumers.feed import Feed, Filter
    from consumers.hosting import TaskFactory
    from consumers.lag_watch import LagWatch
    from consumers.meter import Meter
    from consumers.price_host import PriceHost
    from consumers.stall_watch import StallWatch
    from consumers.worker import Worker
    from consumers.worker_config import WorkerConfig, WorkerPorts
    from producers.heartbeat import Heartbeat
    from producers.load import Loader, Progress
    from producers.redrive import Transactions
    from streams.metrics import Figures, Publisher

ENGINE: Final = "engine"
DESK: Final = "desk"
PRICES: Final = "prices"
#: Inputs of one partition that every task reads whole.
BROADCASTS: Mapping[str, Topic] = {"catalog": CATALOG, "context": CONTEXT}
ENGINE_INPUTS: Mapping[str, Topic] = {**TASK_INPUTS, "ticks": TICKS}
DESK_INPUTS: Mapping[str, Topic] = {"signals": SIGNALS, "actions": ACTIONS}

_built = count()


class Wiring:
    """Builds ports and hosts from settings.

    Parameters
    ----------
    settings
        Of this process.
    journal
        Where hosts tell what happens to them; None writes JSON lines to standard error.
    clock
        The machine's, as a rule.
    """

    def __init__(self, settings: Settings, journal: Journal | None = None, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.journal = journal or LevelledJournal(JsonJournal(sys.stderr, self.clock), settings.log_level)
        # librdkafka's own lines are no JSON, and what they tell comes back as an error where it matters.
        self._kafka = {"log_level": "2", **settings.kafka_properties()}

    # --- names ----------------------------------------------------------------------------------------------------

    def topic(self, topic: Topic) -> str:
        """Return a topic's name on the broker."""
        return full_name(topic, self.settings.prefix)

    def topics(self, inputs: Mapping[str, Topic]) -> dict[str, str]:
        """Return the names on the broker of some inputs."""
        return {name: self.topic(topic) for name, topic in inputs.items()}

    def partitions_of(self, topic: Topic) -> int:
        """Return how many partitions a topic is to have."""
        return self.settings.partitions if topic.partitions == "tasks" else 1

    def group(self, processor: str) -> str:
        """Return the name of a processor's consumer group."""
        return f"{self.settings.prefix}demand-monitor-{processor}"

    def task_ids(self) -> list[str]:
        """Return every task that keeps state."""
        tasks = range(self.settings.partitions)
        return [f"{processor}:{task}" for processor in (ENGINE, PRICES) for task in tasks] + [f"{DESK}:0"]

    # --- ports ----------------------------------------------------------------------------------------------------

    def admin(self) -> TopicAdmin:
        """Return an administrator, for one question at a time."""
        return KafkaAdmin(self._kafka, self.clock, self.settings.replication, self.settings.answer_seconds)

    def inlet(self, group: str | None = None) -> Inlet:
        """Return a reader: a member of a group, or one that is assigned by hand."""
        config = self._kafka if group is None else {**self._kafka, "group.id": group}
        return KafkaInlet(config, self.clock, self.settings.outage_seconds)

    def tail(self) -> LogTail:
        """Return a reader of the newest records and their log times."""
        return KafkaTail(self._kafka, self.clock, self.settings.answer_seconds)

    def outlet(self) -> Outlet:
        """Return a writer."""
        return KafkaOutlet(self._kafka, self.clock, min(30.0, self.settings.outage_seconds))

    def transactions(self, name: str) -> Transactions:
        """Return a writer of transactions; another of the same name fences it."""
        return KafkaTransactions(self._kafka, self.group(name), self.clock, min(30.0, self.settings.outage_seconds))

    @cached_property
    def store(self) -> Store:
        """The state store; connecting checks the server."""
        client = connect(self.settings.redis_url(), self.journal, min(5.0, self.settings.answer_seconds))
        store = RedisStore(client, self.settings.prefix)
        if self.metrics is None:
            return store
        timed = TimedStore(store, self.clock.monotonic_seconds)
        self.metrics.watch("store", timed.samples)
        return timed

    @cached_property
    def metrics(self) -> MetricsBoard | None:
        """What this process shows; None while no port is set for it."""
        if self.settings.metrics_port is None:
            return None
        from adapters.metrics import MetricsBoard

        return MetricsBoard(self.clock)

    # --- checks ---------------------------------------------------------------------------------------------------

    def check_topics(self) -> None:
        """Refuse to start where topics are missing or torn: one sentence now instead of a client's error later.

        Raises
        ------
        BadSetup
            Naming the topics and the next command.
        BrokerDown
            When the broker does not answer.
        """
        there = self.admin().partitions()
        missing = [self.topic(topic) for topic in TOPICS if self.topic(topic) not in there]
        if missing:
            raise BadSetup(f"There is no topic {', '.join(missing)}.", self.command("topics create"))
        for topic in TOPICS:
            found, wanted = there[self.topic(topic)], self.partitions_of(topic)
            if found != wanted:
                raise BadSetup(
                    f"Topic {self.topic(topic)} has {found} partitions, but {wanted} are wanted (setting partitions).",
                    self.command("doctor"),
                )

    def command(self, words: str) -> str:
        """Return what to type next, with the prefix in use.

        >>> Wiring(Settings(prefix="lima-")).command("topics create")
        'demand-monitor topics create --prefix lima-'
        """
        prefix = f" --prefix {self.settings.prefix}" if self.settings.prefix else ""
        return f"demand-monitor {words}{prefix}"

    # --- hosts ----------------------------------------------------------------------------------------------------

    def engine_worker(self) -> Worker:
        """Return a worker of the demand engine; its tasks share one view of catalog and context."""
        from streams.engine.engine import EngineTask
        from streams.engine.figures import EngineFigures
        from streams.reference import Reference

        shop, tasks, reference = self.settings.shop, self.settings.partitions, Reference()
        topics = self.topics({**ENGINE_INPUTS, **BROADCASTS})

        def build(task: int, snapshot: Snapshot) -> EngineTask:
            return EngineTask(task, tasks, shop, reference, topics, snapshot)

        return self._worker(ENGINE, ENGINE_INPUTS, tasks, build, EngineFigures(), pace="ticks")

    def desk_worker(self) -> Worker:
        """Return a worker of the alert desk; a second one stands by."""
        from streams.desk import AlertDesk
        from streams.desk.figures import DeskFigures
        from streams.reference import Reference

        reference = Reference()

        def build(task: int, snapshot: Snapshot) -> AlertDesk:
            return AlertDesk(reference, snapshot)

        return self._worker(DESK, DESK_INPUTS, 1, build, DeskFigures())

    def price_host(self) -> PriceHost:
        """Return the price desk's host, for `consumers.prices.serve_prices` or `PriceThread`."""
        from consumers.price_host import PriceHost, PriceSettings
        from consumers.price_tasks import PricePorts
        from streams.price_desk.figures import PriceFigures

        properties = {name: text for name, text in self._kafka.items() if name != "bootstrap.servers"}
        settings = PriceSettings(
            bootstrap=self.settings.bootstrap,
            worker=self._owner(PRICES),
            group=self.group(PRICES),
            prefix=self.settings.prefix,
            properties=properties,
            commit_interval_seconds=self.settings.commit_interval_seconds,
            stall_seconds=self.settings.stall_seconds,
        )
        ports = PricePorts(self.outlet(), self.store, self.admin(), self.clock, self.journal)
        return PriceHost(settings, ports, meter=self._meter(PRICES, PriceFigures()))

    def price_watch(self, host: PriceHost) -> StallWatch:
        """Return what looks from outside whether the price desk still moves."""
        from consumers.stall_watch import StallWatch

        return StallWatch(host.tasks.positions, self.admin(), self.clock, self.settings.stall_seconds)

    def lag_watch(self, positions: Callable[[], Mapping[Place, int]], publisher: Publisher) -> LagWatch:
        """Return what asks from outside how far a host is behind."""
        from consumers.lag_watch import LagWatch

        return LagWatch(positions, self.admin(), publisher, self.settings.prefix)

    def loader(self, observes_prices: bool = True, progress: Progress | None = None) -> Loader:
        """Return a loader; with rival prices it waits for the price desk before each tick.

        Parameters
        ----------
        observes_prices
            Whether the source holds rival prices: only then Redis is asked for anything.
        progress
            Called at each tick with the events sent so far and the tick's time; it may wait, to hold the loader back.
        """
        from producers.load import Loader

        return Loader(
            outlet=self.outlet(),
            admin=self.admin(),
            inlet=self.inlet(),
            clock=self.clock,
            prefix=self.settings.prefix,
            prices_handled=self.prices_handled if observes_prices else None,
            progress=progress,
        )

    def prices_handled(self, ends: Mapping[Place, int]) -> bool:
        """Return whether the price desk has committed every observation below these ends."""
        from streams.price_desk.marks import PriceMarks
        from streams.price_desk.task import task_name

        for place, end in ends.items():
            if place.topic != self.topic(OBSERVATIONS):
                continue
            marks = self.store.marks(task_name(place.partition))
            if end and (marks is None or PriceMarks.decode(marks).observations < end):
                return False
        return True

    def heartbeat(self, catch_up: bool = False) -> Heartbeat:
        """Return a heartbeat, not started."""
        from producers.heartbeat import Heartbeat

        return Heartbeat(
            outlet=self.outlet(),
            admin=self.admin(),
            inlet=self.inlet(),
            clock=self.clock,
            prefix=self.settings.prefix,
            tick_interval_ms=max(1, round(self.settings.tick_interval_seconds * 1_000)),
            catch_up=catch_up,
        )

    def feed(self, wanted: Filter | None = None, start: int = -1) -> Feed:
        """Return a feed of alerts; -1 starts at the oldest record."""
        from consumers.feed import Feed

        return Feed(self.inlet(), self.topic(ALERTS), wanted, start)

    def _meter(self, processor: str, figures: Figures) -> Meter | None:
        from consumers.meter import Meter

        return None if self.metrics is None else Meter(self.metrics, figures, self.clock, processor)

    def _worker(
        self,
        processor: str,
        inputs: Mapping[str, Topic],
        tasks: int,
        build: TaskFactory,
        figures: Figures,
        pace: str | None = None,
    ) -> Worker:
        from consumers.worker import Worker
        from consumers.worker_config import WorkerConfig

        config: WorkerConfig = WorkerConfig(
            processor=processor,
            inputs=self.topics(inputs),
            partitions=tasks,
            owner=self._owner(processor),
            broadcasts=self.topics(BROADCASTS),
            prefix=self.settings.prefix,
            pace=pace,
            commit_interval_seconds=self.settings.commit_interval_seconds,
            stall_seconds=self.settings.stall_seconds,
            outage_seconds=self.settings.outage_seconds,
        )
        return Worker(config, self._worker_ports(processor), build, self._meter(processor, figures))

    def _worker_ports(self, processor: str) -> WorkerPorts:
        from consumers.worker_config import WorkerPorts

        return WorkerPorts(
            inlet=self.inlet(self.group(processor)),
            broadcast_inlet=self.inlet(),
            outlet=self.outlet(),
            admin=self.admin(),
            store=self.store,
            clock=self.clock,
            journal=self.journal,
        )

    def _owner(self, processor: str) -> str:
        """Return a name that no other host has: machine, process, and which host of this process."""
        return f"{processor}@{platform.node()}-{os.getpid()}-{next(_built)}"
