"""The meter of a host: totals that never go down, whatever tasks come and go; and the lag, asked from outside."""

from collections.abc import Mapping, Sequence

from adapters.memory_broker import MemoryBroker
from adapters.memory_clock import MemoryClock
from adapters.memory_outlet import MemoryAdmin
from consumers.lag_watch import LagWatch
from consumers.meter import Meter
from schemas.errors import BadSetup, BrokerDown, DemandError
from streams.engine.figures import EngineFigures
from streams.metrics import (
    CLOSED,
    COMMIT,
    CONSUMED,
    DOUBTS,
    LAG,
    LATE,
    REJECTED,
    TASKS,
    Counts,
    Durations,
    Metric,
    Sample,
)
from streams.ports import Place, Snapshot
from streams.task import Task
from tests.unit.small_shop import ENGINE, P, engine_tasks, filled_shop
from tests.unit.sum_task import SumTask
from tests.unit.worker_world import World, steps

Values = Mapping[tuple[str, ...], float | Durations]


class Paper:
    """A publisher that keeps the last word of each source."""

    def __init__(self) -> None:
        self.words: dict[str, Sequence[Sample]] = {}
        self.times = 0

    def publish(self, source: str, samples: Sequence[Sample]) -> None:
        self.words[source] = list(samples)
        self.times += 1

    def values(self, source: str, metric: Metric) -> Values:
        return {sample.labels: sample.value for sample in self.words[source] if sample.metric is metric}


class LateTasks:
    """Figures of tasks that count as many late events as they are told."""

    def __init__(self) -> None:
        self.late: dict[int, int] = {}

    def counts(self, task: Task) -> Counts:
        return {(LATE, ()): self.late.get(id(task), 0)}

    def gauges(self, tasks: Sequence[Task]) -> Sequence[Sample]:
        return [Sample(TASKS, (), len(tasks))]


def test_totals_go_on_when_a_task_leaves_and_another_comes() -> None:
    paper, figures, clock = Paper(), LateTasks(), MemoryClock()
    meter = Meter(paper, figures, clock, "engine")
    first, second = (SumTask(partition, Snapshot(None, {})) for partition in (0, 1))
    figures.late = {id(first): 3, id(second): 4}
    meter.publish([first, second], (), {})
    assert paper.values("engine", LATE) == {(): 7}
    # The first counts two more, and is gone before anybody has looked again.
    figures.late[id(first)] = 5
    meter.publish([second], (), {})
    assert paper.values("engine", LATE) == {(): 9}
    again = SumTask(0, Snapshot(None, {}))
    figures.late[id(again)] = 1
    meter.publish([second, again], (), {})
    assert paper.values("engine", LATE) == {(): 10}
    assert paper.values("engine", TASKS) == {(): 2}


def test_it_looks_once_a_second() -> None:
    clock = MemoryClock()
    meter = Meter(Paper(), LateTasks(), clock, "engine")
    assert meter.is_due()
    meter.publish([], (), {Place("sales.v1", 0): 4})
    assert not meter.is_due()
    assert meter.positions == {Place("sales.v1", 0): 4}
    clock.sleep(1.0)
    assert meter.is_due()


def test_a_worker_tells_what_it_read_refused_and_committed() -> None:
    world, paper = filled_shop(), Paper()
    meter = Meter(paper, EngineFigures(), world.clock, "engine")
    worker = world.worker(ENGINE, factory=engine_tasks(), meter=meter)
    worker.start()

    def handled() -> bool:
        world.clock.sleep(1.0)
        lag = LagWatch(worker.positions, MemoryAdmin(world.broker), paper, "t.")
        lag.look()
        waiting = paper.values("lag", LAG)
        return len(waiting) == len(ENGINE.inputs) and set(waiting.values()) == {0}

    steps(world, handled, worker, 3_000)
    topics = [*ENGINE.inputs.values(), *ENGINE.broadcasts.values()]
    sent = {topic.removeprefix("t."): len(world.broker.records(topic)) for topic in topics}
    assert paper.values("engine", CONSUMED) == {(topic,): count for topic, count in sent.items()}
    refused = {labels: number for labels, number in paper.values("engine", REJECTED).items() if number}
    assert refused == {("sales.v1", "invalid_json"): 1, ("sales.v1", "unknown_currency"): 1}
    assert paper.values("engine", TASKS) == {(): P}
    assert paper.values("engine", DOUBTS) == {(): 0}
    (closed,) = paper.values("engine", CLOSED).values()
    # Two products, four local days: Thursday ends in London at 23:00 UTC, and the last tick is of Friday 03:00.
    assert closed == 2 * 4
    (commits,) = paper.values("engine", COMMIT).values()
    assert isinstance(commits, Durations)
    assert sum(commits.counts) > 0


def test_a_worker_without_a_meter_publishes_nothing() -> None:
    world = World()
    worker = world.worker()
    assert worker.positions() == {}


class Broken(MemoryAdmin):
    """A broker that fails in one way."""

    def __init__(self, broker: MemoryBroker, error: DemandError) -> None:
        super().__init__(broker)
        self._error = error

    def ends(self, places: Sequence[Place]) -> Mapping[Place, int]:
        raise self._error


def test_the_lag_is_unknown_while_the_broker_is_away() -> None:
    world, paper = filled_shop(), Paper()
    place = Place("t.sales.v1", 0)
    positions = {place: 3, Place("t.sales.v1", 1): -1}
    LagWatch(lambda: positions, MemoryAdmin(world.broker), paper, "t.").look()
    ends = MemoryAdmin(world.broker).ends(list(positions))
    # Never read: everything waits.
    assert paper.values("lag", LAG) == {("sales.v1",): sum(ends.values()) - 3}
    for error in (BrokerDown("away"), BadSetup("refused")):
        LagWatch(lambda: positions, MemoryAdmin(world.broker), paper, "t.").look()
        assert paper.words["lag"]
        LagWatch(lambda: positions, Broken(world.broker, error), paper, "t.").look()
        assert paper.words["lag"] == []
