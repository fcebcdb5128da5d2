"""Ticks from the wall clock, on a clock that moves when told."""

import pytest

from adapters.memory_broker import MemoryBroker
from adapters.memory_clock import MemoryClock
from adapters.memory_inlet import MemoryInlet
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from producers.heartbeat import Heartbeat
from schemas.errors import BadSetup
from schemas.quantities import HOUR_MS
from schemas.ticks import Tick
from schemas.topics import CATALOG, CONTEXT, PRICES, SALES, STOCK, TICKS
from streams.ports import Place

TASKS = 3
NOW_MS = 480_000 * HOUR_MS + 600_000  # ten past the hour


class World:
    """A broker with our topics, a clock, and a heartbeat on them."""

    def __init__(self) -> None:
        self.broker, self.clock = MemoryBroker(), MemoryClock(NOW_MS)
        for topic in (SALES, STOCK, PRICES, TICKS, CONTEXT, CATALOG):
            self.broker.create(topic.name, TASKS if topic.partitions == "tasks" else 1)

    def heartbeat(self, catch_up: bool = False) -> Heartbeat:
        return Heartbeat(
            outlet=MemoryOutlet(self.broker),
            admin=MemoryAdmin(self.broker),
            inlet=MemoryInlet(self.broker),
            clock=self.clock,
            catch_up=catch_up,
        )

    def tick(self, t_ms: int, sales: int = 0) -> None:
        for task in range(TASKS):
            self.broker.append(Place("ticks.v1", task), None, Tick(t_ms, sales, 0, 0, 0, 0).encode())

    def ticks(self, task: int) -> list[Tick]:
        records = self.broker.partition(Place("ticks.v1", task)).records
        return [Tick.decode(record.value or b"") for record in records]

    def sell(self, task: int) -> None:
        self.broker.append(Place("sales.v1", task), b"a", b"{}")


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_beat_ticks_every_partition(world: World) -> None:
    heartbeat = world.heartbeat()
    assert heartbeat.start() == 0
    world.sell(1)
    assert heartbeat.beat() == TASKS
    assert [world.ticks(task) for task in range(TASKS)] == [
        [Tick(NOW_MS, 0, 0, 0, 0, 0)],
        [Tick(NOW_MS, 1, 0, 0, 0, 0)],
        [Tick(NOW_MS, 0, 0, 0, 0, 0)],
    ]


def test_only_the_partition_whose_end_moved_is_ticked_and_not_before_the_interval(world: World) -> None:
    heartbeat = world.heartbeat()
    heartbeat.beat()
    world.sell(2)
    world.clock.sleep(0.05)
    assert heartbeat.beat() == 0
    world.clock.sleep(0.05)
    assert heartbeat.beat() == 1
    assert world.ticks(2)[-1] == Tick(NOW_MS + 100, 1, 0, 0, 0, 0)


def test_context_is_below_every_partitions_ticks(world: World) -> None:
    heartbeat = world.heartbeat()
    heartbeat.beat()
    world.broker.append(Place("context.v1", 0), b"k", b"{}")
    world.clock.sleep(0.1)
    assert heartbeat.beat() == TASKS
    assert [world.ticks(task)[-1].context for task in range(TASKS)] == [1, 1, 1]


def test_a_quiet_partition_is_ticked_once_a_minute(world: World) -> None:
    heartbeat = world.heartbeat()
    heartbeat.beat()
    written = 0
    for _ in range(1200):  # two minutes of rounds
        world.clock.sleep(0.1)
        written += heartbeat.beat()
    assert written == 2 * TASKS


def test_a_second_heartbeat_goes_on_from_the_firsts_ends(world: World) -> None:
    world.tick(NOW_MS - 1_000, sales=7)  # ends as another heartbeat saw them, above what this one is told
    heartbeat = world.heartbeat()
    heartbeat.start()
    world.clock.sleep(60)
    heartbeat.beat()
    assert world.ticks(0)[-1] == Tick(NOW_MS + 60_000, 7, 0, 0, 0, 0)


def test_a_tick_ahead_of_the_clock_is_refused(world: World) -> None:
    world.tick(NOW_MS + 5_000)
    with pytest.raises(BadSetup, match="ahead of this clock"):
        world.heartbeat().start()


def test_an_hour_behind_needs_no_catching_up_and_more_does(world: World) -> None:
    world.tick(NOW_MS - HOUR_MS)
    assert world.heartbeat().start() == 0
    world.clock.sleep(1)
    with pytest.raises(BadSetup, match="--catch-up"):
        world.heartbeat().start()


def test_catching_up_ticks_each_hour_with_the_old_ends_then_now_with_the_new(world: World) -> None:
    # Newest tick 3 h 10 min ago, so on the hour: the next whole hours are 2 h 10, 1 h 10 and 10 min ago.
    world.tick(NOW_MS - 600_000 - 3 * HOUR_MS, sales=4)
    for _ in range(5):
        world.sell(0)
    heartbeat = world.heartbeat(catch_up=True)
    assert heartbeat.start() == 3
    heartbeat.beat()
    hour = NOW_MS - 600_000
    assert world.ticks(0)[1:] == [
        Tick(hour - 2 * HOUR_MS, 4, 0, 0, 0, 0),
        Tick(hour - HOUR_MS, 4, 0, 0, 0, 0),
        Tick(hour, 4, 0, 0, 0, 0),
        Tick(NOW_MS, 5, 0, 0, 0, 0),
    ]


def test_it_runs_until_told_to_stop(world: World) -> None:
    rounds = iter([False, False, False, True])
    world.heartbeat().run(lambda: next(rounds))
    assert world.clock.now_ms() == NOW_MS + 300
    assert len(world.ticks(0)) == 1
