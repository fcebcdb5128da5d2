"""The chain: all three processors in one process, wired through memory instead of topics.

::

    observations ─► price desks ─► prices ─┐
    sales, stock ──────────────────────────┼─► engine tasks ─► signals ─► alert desk ─► alerts
    ticks, catalog, context ───────────────┘         └─► forecasts

Replay, evaluation and tests host the very same tasks here that workers host between Kafka and Redis.

The one rule: what a live installation would put on a topic has an offset here too, so that outputs are the same bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.ticks import Tick, TickSource
from schemas.topics import (
    ACTIONS,
    CATALOG,
    CONTEXT,
    OBSERVATIONS,
    PRICES,
    SALES,
    SIGNALS,
    STOCK,
    TICKS,
    Topic,
    full_name,
)
from streams.at import At, at_of
from streams.desk.desk import AlertDesk
from streams.engine.engine import EngineTask
from streams.engine.watch import Watch
from streams.outcome import Output
from streams.partitioner import partition_of
from streams.ports import Place, Record, Snapshot
from streams.price_desk.recomputed import RecomputedPrices
from streams.price_desk.task import PriceDesk
from streams.reference import Reference
from streams.settings import ShopSettings
from streams.task import Task

_NOTHING = Snapshot(None, {})
_BUDGET = 5_000
#: Input names of the engine by topic.
_ENGINE_INPUTS = {SALES: "sales", STOCK: "stock", PRICES: "prices", TICKS: "ticks"}
_WHOLE = {CATALOG: "catalog", CONTEXT: "context"}


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """How a chain is set up.

    Parameters
    ----------
    tasks
        Number of engine tasks (P).
    shop
        The shop's settings.
    prefix
        Prefix of the topics that it stands for.
    score_from_ms
        Only periods that begin at or after this are scored; None scores all.
    recompute_prices
        Whether observations go through the price desk; else recorded competitor prices are fed.
    """

    tasks: int
    shop: ShopSettings
    prefix: str = ""
    score_from_ms: int | None = None
    recompute_prices: bool = True


class Chain:
    """Engine tasks, price desks and the alert desk, chained.

    Parameters
    ----------
    settings
        How it is set up.
    on_output
        Called with every output, in order.
    snapshots
        Where engine tasks go on; a task without one begins with nothing, at the oldest record.
    watch
        Told every close of a period; nothing that it does can come back.

    Attributes
    ----------
    recomputed
        Puts recomputed prices where the recorded ones stood; None puts them at the end of the topic.
    """

    def __init__(
        self,
        settings: ChainSettings,
        on_output: Callable[[Output], None] = lambda output: None,
        snapshots: Mapping[int, Snapshot] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.settings = settings
        self._on_output = on_output
        self.reference = Reference()
        topics = {name: full_name(topic, settings.prefix) for topic, name in (_ENGINE_INPUTS | _WHOLE).items()}
        begins, shop, since_ms = snapshots or {}, settings.shop, settings.score_from_ms
        self.engines = [
            EngineTask(task, settings.tasks, shop, self.reference, topics, begins.get(task, _NOTHING), since_ms)
            for task in range(settings.tasks)
        ]
        for engine in self.engines:
            engine.core.watch = watch
        observed = full_name(OBSERVATIONS, settings.prefix)
        self.price_desks = [
            PriceDesk(Place(observed, task), settings.tasks, _NOTHING) for task in range(settings.tasks)
        ]
        self.desk = AlertDesk(self.reference)
        self.recomputed: RecomputedPrices | None = None
        self._held: list[deque[tuple[At, Output]]] | None = None
        self._ends: dict[Place, int] = {}

    # --- records in, with offsets given or made ----------------------------------------------------------------

    def put(self, topic: Topic, key: bytes | None, value: bytes | None, partition: int | None = None) -> None:
        """Append one record to the end of a topic and feed it."""
        self.put_all(topic, [(key, value)], partition)

    def put_all(
        self, topic: Topic, pairs: Sequence[tuple[bytes | None, bytes | None]], partition: int | None = None
    ) -> None:
        """Append (key, value) pairs to the end of a topic and feed them, each to its key's partition."""
        parts: dict[int, list[Record]] = {}
        for key, value in pairs:
            at = self._partition(topic, key) if partition is None else partition
            place = Place(topic.name, at)
            offset = self._ends.get(place, 0)
            self._ends[place] = offset + 1
            parts.setdefault(at, []).append(Record(offset, key, value))
        for at, records in parts.items():
            self.feed(topic, at, records, records[-1].offset + 1)

    def _partition(self, topic: Topic, key: bytes | None) -> int:
        return 0 if topic.partitions == "one" or not key else partition_of(key, self.settings.tasks)

    def feed(self, topic: Topic, partition: int, records: Sequence[Record], position: int) -> None:
        """Feed records of a topic's partition, at the offsets they have."""
        place = Place(topic.name, partition)
        self._ends[place] = max(self._ends.get(place, 0), position)
        if topic in _WHOLE:
            self.reference.feed(_WHOLE[topic], records, position)
        elif topic in _ENGINE_INPUTS:
            self.engines[partition].feed(_ENGINE_INPUTS[topic], records, position)
        elif topic is OBSERVATIONS and self.settings.recompute_prices:
            self.price_desks[partition].feed("observations", records, position)
        elif topic is SIGNALS:
            self.desk.feed("signals", records, position)
        elif topic is ACTIONS:
            self.desk.feed("actions", records, position)

    def tick(self, t_ms: int, source: TickSource | None = None) -> None:
        """Let the price desks catch up, then tick every task at the ends reached so far, and run."""
        for desk in self.price_desks:
            self._run(desk)
        for task, engine in enumerate(self.engines):
            sales, stock, prices = (self._end(topic, task) for topic in (SALES, STOCK, PRICES))
            for name, end in (("sales", sales), ("stock", stock), ("prices", prices)):
                engine.feed(name, (), end)
            tick = Tick(t_ms, sales, stock, prices, self._end(CONTEXT, 0), self._end(CATALOG, 0), source)
            self.put(TICKS, None, tick.encode(), task)
        self.run()

    def _end(self, topic: Topic, partition: int) -> int:
        return self._ends.get(Place(topic.name, partition), 0)

    # --- running -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run every processor until nothing more can be done."""
        for desk in self.price_desks:
            self._run(desk)
        for engine in self.engines:
            self._run(engine)
        self._run(self.desk)

    def run_engine(self, task: int) -> None:
        """Run one engine task until it needs more."""
        self._run(self.engines[task])

    def run_prices(self, partition: int) -> None:
        """Run one task of the price desk until it needs more."""
        self._run(self.price_desks[partition])

    def run_as_recorded(
        self,
        order: Iterable[tuple[int, At]],
        actions: Sequence[tuple[int, Record]],
        more: Callable[[int], int | None],
    ) -> None:
        """Run every task to its end; the desk hears the engine's tasks in the order in which it once did.

        A task runs ahead of that order by what `more` feeds it at once: so much is held of what it says.

        Parameters
        ----------
        order
            Offset and `at` of the signals on the record. What was never said then comes where its task had come so far,
            or last.
        actions
            What people clicked, with its time in milliseconds; each is heard when the desk's clock has come to it.
        more
            Feeds an engine task its next ticks and what stands below their ends, and runs it; returns the offset of the
            newest tick, None when there is nothing more.
        """
        held = self._held = [deque() for _ in self.engines]
        reached: list[int | None] = [-1 for _ in self.engines]
        clicks = deque(actions)
        for offset, at in order:
            queue = held[at[0]]
            while (newest := reached[at[0]]) is not None and newest < at[1]:
                reached[at[0]] = more(at[0])
            while queue and queue[0][0] <= at:
                self._signal(queue.popleft()[1], offset)
                self._click(clicks, self.desk.now_ms)
        for output in self._never_recorded(held, reached, more):
            self._signal(output, 0)
            self._click(clicks, self.desk.now_ms)
        self._held = None
        self._click(clicks, max((t_ms for t_ms, _ in clicks), default=None))

    @staticmethod
    def _never_recorded(
        held: Sequence[deque[tuple[At, Output]]], reached: list[int | None], more: Callable[[int], int | None]
    ) -> Iterator[Output]:
        """Yield what is left in the order of (tick, index, task); whoever has nothing to say goes on first."""
        while True:
            for task, queue in enumerate(held):
                while not queue and reached[task] is not None:
                    reached[task] = more(task)
            heads = [queue for queue in held if queue]
            if not heads:
                return
            yield min(heads, key=lambda queue: (queue[0][0][1:], queue[0][0][0])).popleft()[1]

    def _run(self, task: Task) -> None:
        while not task.idle():
            for output in task.handle(_BUDGET):
                self._route(output)

    def _route(self, output: Output) -> None:
        self._on_output(output)
        if output.topic is PRICES and self.recomputed is not None:
            self.recomputed.take(output)
        elif output.topic is PRICES:
            self.put(PRICES, output.key, output.value)
        elif output.topic is SIGNALS and self._held is not None:
            at = at_of(output.value)
            self._held[at[0]].append((at, output))
        elif output.topic is SIGNALS:
            self.put(SIGNALS, output.key, output.value)

    def _signal(self, output: Output, offset: int) -> None:
        offset = max(offset, self._end(SIGNALS, 0))
        self.feed(SIGNALS, 0, [Record(offset, output.key, output.value)], offset + 1)
        self._run(self.desk)

    def _click(self, clicks: deque[tuple[int, Record]], now_ms: int | None) -> None:
        while clicks and now_ms is not None and clicks[0][0] <= now_ms:
            record = clicks.popleft()[1]
            self.feed(ACTIONS, 0, [record], record.offset + 1)
            self._run(self.desk)
