"""Whatever breaks, and wherever: the state is the same to the byte, and each `at` says one thing."""

import pytest

from schemas.errors import Outage
from tests.unit.worker_world import RECORDS, Crash, Fault, Mode, World, filled_world, is_finished, steps


def undisturbed() -> tuple[World, int]:
    world, fault = filled_world(), Fault()
    worker = world.worker(fault=fault)
    worker.start()
    steps(world, lambda: is_finished(world), worker)
    return world, fault.calls


def test_the_undisturbed_run_sums_everything_once() -> None:
    world, calls = undisturbed()
    sums = [int(value) for snapshot in world.state().values() for value in snapshot.state.values()]
    assert sum(sums) == expected_total(world)
    assert len(world.outputs()) == 2 * RECORDS
    assert calls > 60


def expected_total(world: World) -> int:
    """Add all amounts, each times the context (1, 3, 5) of its third of the sequence."""
    total = 0
    for topic in ("t.sales.v1", "t.stock.v1"):
        for record in world.broker.records(topic):
            _, amount, context = map(int, (record.value or b"").split(b","))
            total += amount * (1, 3, 5)[context - 1]
    return total


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("mode", ["outage before", "outage after", "crash before", "crash after"])
def test_a_fault_at_any_call_of_any_port_changes_nothing(mode: Mode, hold: bool) -> None:
    told, calls = undisturbed()
    for at_call in range(1, calls + 1):
        world = filled_world(hold)
        survive(world, Fault(at_call, mode))
        assert world.state() == told.state(), f"{mode} call {at_call}"
        assert world.outputs() == told.outputs(), f"{mode} call {at_call}"


def survive(world: World, fault: Fault) -> None:
    """Work to the end; a worker that falls is replaced by the next."""
    worker = world.worker(fault=fault)
    try:
        worker.start()
        steps(world, lambda: is_finished(world), worker)
    except (Crash, Outage):
        world.evict()
        worker = world.worker()
        worker.start()
        steps(world, lambda: is_finished(world), worker)


@pytest.mark.parametrize("mode", ["outage before", "outage after"])
def test_an_outage_is_survived_by_the_same_worker(mode: Mode) -> None:
    """All but the calls before the group is joined: there, the supervisor starts anew."""
    _, calls = undisturbed()
    for at_call in range(4, calls + 1):
        world = filled_world()
        worker = world.worker(fault=Fault(at_call, mode))
        worker.start()
        steps(world, lambda world=world: is_finished(world), worker)  # type: ignore[misc]
