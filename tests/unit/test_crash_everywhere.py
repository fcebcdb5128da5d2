"""Whatever breaks, and wherever, under the real engine and the real desk: state and words are the same, byte for byte.

Each test counts the port calls of an undisturbed run, then runs once for every call, which breaks.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from consumers.worker import Worker
from consumers.worker_config import WorkerConfig
from schemas.errors import Outage
from streams.ports import Place
from tests.unit.small_shop import (
    DESK,
    ENGINE,
    FAST,
    desk_is_done,
    desk_tasks,
    engine_is_done,
    engine_tasks,
    filled_shop,
    said,
    state_of,
)
from tests.unit.worker_world import Crash, Fault, Mode, World, steps

MODES: tuple[Mode, ...] = ("outage before", "outage after", "crash before", "crash after")


def work(
    world: World, config: WorkerConfig, factory: Callable[[], object], done: Callable[[World], bool], fault: Fault
) -> None:
    """Work to the end; a worker that falls is replaced by the next."""
    worker = world.worker(config, fault, factory())
    try:
        worker.start()
        steps(world, lambda: done(world), worker)
    except (Crash, Outage):
        world.evict()
        worker = world.worker(config, factory=factory())
        worker.start()
        steps(world, lambda: done(world), worker)


def engine(fault: Fault, hold: bool = True) -> World:
    world = filled_shop(hold)
    work(world, ENGINE, engine_tasks, engine_is_done, fault)
    return world


def with_signals(told: World) -> World:
    """Return a shop whose engine has spoken, and whose desk has heard nothing."""
    world = filled_shop()
    for record in told.broker.records("t.signals.v1"):
        world.broker.append(Place("t.signals.v1", 0), record.key, record.value)
    return world


def desk(world: World, fault: Fault) -> World:
    world.evict()
    work(world, DESK, desk_tasks, desk_is_done, fault)
    return world


@cache
def undisturbed() -> tuple[World, int]:
    fault = Fault()
    return engine(fault), fault.calls


def test_the_undisturbed_run_says_all_that_it_should() -> None:
    told, calls = undisturbed()
    signals = [json.loads(record.value or b"") for record in told.broker.records("t.signals.v1")]
    spoken = {(each["kind"], each["phase"], each["sku"]) for each in signals if each["type"] == "finding"}
    assert {
        ("stockout", "opened", FAST),
        ("stockout", "cleared", FAST),
        ("competitor_undercut", "opened", FAST),
    } <= spoken
    # Two unreadable sales; the forecasts of four days of two products.
    assert len(told.broker.records("t.quarantine.v1")) == 2
    assert len(told.broker.records("t.forecasts.v1")) == 8
    assert calls > 100


@pytest.mark.parametrize("mode", MODES)
def test_the_engine_comes_back_from_a_fault_at_any_call(mode: Mode) -> None:
    told, calls = undisturbed()
    for at_call in range(1, calls + 1):
        world = engine(Fault(at_call, mode))
        assert state_of(world) == state_of(told), f"{mode} call {at_call}"
        assert said(world) == said(told), f"{mode} call {at_call}"


@pytest.mark.parametrize("mode", MODES)
def test_the_desk_comes_back_from_a_fault_at_any_call(mode: Mode) -> None:
    fault = Fault()
    told = desk(with_signals(undisturbed()[0]), fault)
    topics = ("t.alerts.v1", "t.quarantine.v1")
    assert len(told.broker.records("t.alerts.v1")) >= 4
    for at_call in range(1, fault.calls + 1):
        world = desk(with_signals(undisturbed()[0]), Fault(at_call, mode))
        assert state_of(world, "desk", 1) == state_of(told, "desk", 1), f"{mode} call {at_call}"
        assert said(world, topics) == said(told, topics), f"{mode} call {at_call}"


def test_doubles_on_the_signals_change_no_alert() -> None:
    """What an engine said before it fell is on the topic, once more or in another place: the desk says the same."""
    told, calls = undisturbed()
    alerts = said(desk(with_signals(told), Fault()), ("t.alerts.v1",))
    doubled = 0
    for at_call in range(10, calls + 1, 7):
        world = engine(Fault(at_call, "crash after"), hold=False)
        doubled += len(world.broker.records("t.signals.v1")) - len(told.broker.records("t.signals.v1"))
        assert said(desk(world, Fault()), ("t.alerts.v1",)) == alerts, f"call {at_call}"
    assert doubled > 0


def test_two_workers_say_and_keep_what_one_does() -> None:
    """Four tasks: the second worker joins midway, the first leaves later, so tasks move twice."""
    tasks = 4
    config = replace(ENGINE, partitions=tasks, handle_budget=5)
    alone = filled_shop(tasks=tasks)
    worker = alone.worker(config, factory=engine_tasks(tasks))
    worker.start()
    steps(alone, lambda: engine_is_done(alone, tasks), worker, 1_000)

    world = filled_shop(tasks=tasks)
    first, second = (world.worker(config, factory=engine_tasks(tasks)) for _ in range(2))
    first.start()
    steps_together(8, first)
    second.start()
    steps_together(12, first, second)
    assert len(first.tasks) == len(second.tasks) == tasks // 2
    first.leave()
    first.close()
    steps_together(3, second)
    assert len(second.tasks) == tasks
    assert not engine_is_done(world, tasks), "it was done before the tasks had moved"
    steps(world, lambda: engine_is_done(world, tasks), second, 1_000)
    assert state_of(world, tasks=tasks) == state_of(alone, tasks=tasks)
    assert said(world) == said(alone)


def steps_together(count: int, *workers: Worker) -> None:
    """Let workers step in turn."""
    for _ in range(count):
        for worker in workers:
            worker.step()
