"""The worker's dealings with groups, stores and operators."""

from collections.abc import Mapping, Sequence
from functools import partial

import pytest

from adapters.memory_store import MemoryStore
from consumers.worker import Stalled, Worker
from schemas.errors import BadSetup, Fenced, Outage, StateCorrupt, StoreDown, TornTask
from streams.outcome import Output
from streams.ports import Place, Record, Snapshot, Verdict, Writes
from tests.unit.sum_task import SumTask
from tests.unit.worker_world import CONFIG, RECORDS, World, filled_world, is_finished, steps, steps_of, with_config


def finish(world: World, *workers: Worker) -> None:
    for _ in range(400):
        if is_finished(world):
            return
        for worker in workers:
            worker.step()
    raise AssertionError(world.journal.lines[-5:])


def started(world: World) -> Worker:
    worker = world.worker()
    worker.start()
    return worker


def told() -> World:
    world = filled_world()
    finish(world, started(world))
    return world


def test_two_workers_share_and_each_task_has_one_owner() -> None:
    world = filled_world()
    first = started(world)
    for _ in range(3):
        first.step()
    assert first.tasks == ["engine:0", "engine:1"]
    second = started(world)
    finish(world, first, second)
    assert [first.tasks, second.tasks] == [["engine:0"], ["engine:1"]]
    assert (world.state(), world.outputs()) == (told().state(), told().outputs())


def test_a_worker_that_vanishes_is_replaced_and_can_write_no_more() -> None:
    world = filled_world()
    zombie = world.worker(with_config(poll_records=99))
    zombie.start()
    zombie.step()
    zombie.step()
    assert 0 < steps_of(world, "engine:0") < RECORDS
    world.evict()
    heir = started(world)
    heir.step()
    heir.step()
    assert heir.tasks == ["engine:0", "engine:1"]
    before = world.state()
    # The zombie has not polled since: it still believes in its tasks, and handles on.
    zombie._handle()
    zombie._commit_due()
    assert world.state() == before
    assert [line["task"] for line in world.journal.events("task_in_doubt")] == ["engine:0", "engine:1"]
    finish(world, heir)
    assert (world.state(), world.outputs()) == (told().state(), told().outputs())


def test_a_fenced_task_that_is_still_assigned_is_taken_again() -> None:
    world = filled_world()
    worker = started(world)
    worker.step()
    world.store.take("engine:0", "stranger")
    finish(world, worker)
    assert "owns engine:0 now" in str(world.journal.events("task_in_doubt")[0]["reason"])
    assert world.state() == told().state()


def test_a_store_rolled_back_is_caught_up_with() -> None:
    world = filled_world()
    worker = started(world)
    worker.step()
    old = world.store.snapshot("engine:0")
    for _ in range(4):
        worker.step()
    assert steps_of(world, "engine:0") > 3
    world.store.restore("engine:0", old)
    finish(world, worker)
    assert "not the ones" in str(world.journal.events("task_in_doubt")[0]["reason"])
    assert (world.state(), world.outputs()) == (told().state(), told().outputs())


def test_a_wiped_task_is_rebuilt_from_the_log() -> None:
    world = filled_world()
    worker = started(world)
    for _ in range(4):
        worker.step()
    world.store.wipe("engine:1")
    finish(world, worker)
    assert (world.state(), world.outputs()) == (told().state(), told().outputs())


class Stuttering(MemoryStore):
    """A store whose client tries every commit twice, as after a lost answer."""

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        super().commit(task, owner, expected, marks, writes)
        return super().commit(task, owner, expected, marks, writes)


def test_a_commit_that_is_done_already_is_as_good() -> None:
    world = filled_world()
    world.store = Stuttering()
    finish(world, started(world))
    assert not world.journal.events("task_in_doubt")
    assert world.state() == told().state()


class Away(MemoryStore):
    """A store that does not answer commits."""

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        raise StoreDown("away")


def test_trouble_that_lasts_ends_the_worker() -> None:
    world = filled_world()
    world.store = Away()
    worker = world.worker(with_config(outage_seconds=30.0))
    worker.start()
    with pytest.raises(StoreDown, match="away"):
        steps(world, lambda: False, worker)
    assert 30 <= world.clock.monotonic_seconds() <= 41  # the last pause is 10 s
    assert world.state() == {"engine:0": Snapshot(None, {}), "engine:1": Snapshot(None, {})}


def test_a_part_of_a_task_is_refused() -> None:
    world = filled_world()
    whole = [Place(topic, 0) for topic in CONFIG.inputs.values()]
    hosting = world.worker()._hosting
    with pytest.raises(TornTask, match=r"engine:1 was assigned without t\.stock"):
        hosting.assigned([*whole, Place("t.sales.v1", 1)])
    with pytest.raises(TornTask, match="though P is 2"):
        hosting.assigned([place._replace(partition=2) for place in whole])


def test_another_number_of_partitions_is_refused() -> None:
    world = filled_world()
    with pytest.raises(TornTask, match="has 2 partitions, but 3"):
        world.worker(with_config(partitions=3)).start()


def test_a_missing_topic_is_refused() -> None:
    world = World()
    with pytest.raises(BadSetup, match="topics create"):
        world.worker().run()


def test_what_a_factory_refuses_ends_the_worker() -> None:
    world = filled_world()

    def factory(partition: int, snapshot: Snapshot) -> SumTask:
        raise StateCorrupt("checksum")

    worker = world.worker(factory=factory)
    with pytest.raises(StateCorrupt):
        worker.run()


class Late(SumTask):
    """A task that asks its worker to stop after its first turn."""

    worker: Worker

    def handle(self, budget: int) -> Sequence[Output]:
        self.worker.stop()
        return super().handle(budget)


def test_stopping_commits_what_is_handled_and_leaves_the_group() -> None:
    world = filled_world()
    worker = Late.worker = world.worker(with_config(commit_interval_seconds=3600.0, poll_records=99), factory=Late)
    worker.run()
    # One turn of three steps each, committed although no commit was due.
    assert [steps_of(world, task) for task in ("engine:0", "engine:1")] == [3, 3]
    assert not world.broker.group("engine").members
    assert world.broker.group("engine").committed
    finish(world, started(world))
    assert (world.state(), world.outputs()) == (told().state(), told().outputs())


class Broken(SumTask):
    """A task with a bug that shows in its third turn."""

    turns = 0

    def handle(self, budget: int) -> Sequence[Output]:
        self.turns += 1
        outputs = super().handle(budget)
        if self.turns == 3:
            raise ZeroDivisionError
        return outputs


def test_a_bug_ends_the_worker_and_commits_nothing_of_its_turn() -> None:
    world = filled_world()
    with pytest.raises(ZeroDivisionError):
        world.worker(with_config(poll_records=99), factory=Broken).run()
    assert steps_of(world, "engine:0") == 6
    assert not world.broker.group("engine").members


def test_a_hand_over_commits_what_was_not_due() -> None:
    world = filled_world()
    worker = world.worker(with_config(commit_interval_seconds=3600.0, poll_records=99))
    worker.start()
    worker.step()
    assert steps_of(world, "engine:0") == 0
    started(world)
    worker.step()  # hands back
    assert steps_of(world, "engine:0") > 0


def test_a_commit_is_due_when_much_would_be_written() -> None:
    world = filled_world()
    worker = world.worker(with_config(commit_interval_seconds=3600.0, commit_bytes=32, handle_budget=1))
    worker.start()
    for _ in range(12):
        worker.step()
    # 16 bytes a dirty key: every second new key makes a commit.
    assert 1 < worker.stats.commits < 24
    assert steps_of(world, "engine:0") > 1


def test_a_full_input_is_paused_and_nothing_is_lost() -> None:
    world = filled_world()
    worker = world.worker(with_config(poll_records=1, handle_budget=1), factory=partial(SumTask, room=2))
    worker.start()
    paused = False
    for _ in range(400):
        worker.step()
        paused = paused or any(seat.paused for seat in worker._hosting.seats.values())
    assert paused
    assert (world.state(), world.outputs()) == (told().state(), told().outputs())


def test_a_broadcast_that_grows_reaches_tasks_there_and_to_come() -> None:
    world = filled_world()
    worker = started(world)
    finish(world, worker)
    for partition in (0, 1):
        world.broker.append(Place("t.sales.v1", partition), b"k1", b"%d,1,4" % RECORDS)
    before = world.state()["engine:0"].state["k1"]
    for _ in range(5):
        worker.step()
    assert is_finished(world)  # it waits for the fourth record of the broadcast
    world.broker.append(Place("t.context.v1", 0), None, b"100")
    for _ in range(5):
        worker.step()
    assert int(world.state()["engine:0"].state["k1"]) == int(before) + 100


class Stuck(SumTask):
    """A task that always has work and never does it."""

    def idle(self) -> bool:
        return False

    def handle(self, budget: int) -> Sequence[Output]:
        return ()


class Deaf(SumTask):
    """A task that is never done with its ticks (here: `stock`), though it has nothing in hand."""

    def feed(self, name: str, records: Sequence[Record], position: int) -> None:
        if name == "context":
            super().feed(name, records, position)

    def hungry(self) -> Mapping[str, bool]:
        return {"sales": False, "stock": False}


def stepping(world: World, worker: Worker) -> None:
    for _ in range(400):
        worker.step()
        world.clock.sleep(0.1)


@pytest.mark.parametrize(("factory", "pace"), [(Stuck, None), (Deaf, "stock")])
def test_a_stall_ends_the_worker(factory: object, pace: str | None) -> None:
    world = filled_world()
    worker = world.worker(with_config(stall_seconds=5.0, pace=pace), factory=factory)
    worker.start()
    with pytest.raises(Stalled, match="no step for 5 s"):
        stepping(world, worker)
    assert world.journal.events("worker_stalled")


def test_waiting_without_ticks_is_no_stall() -> None:
    world = filled_world()
    worker = world.worker(with_config(stall_seconds=5.0), factory=Deaf)
    worker.start()
    for _ in range(300):
        worker.step()
    assert world.clock.monotonic_seconds() > 20


def test_lost_places_are_dropped_without_a_write() -> None:
    world = filled_world()
    worker = world.worker(with_config(commit_interval_seconds=3600.0))
    worker.start()
    worker.step()
    worker.step()
    before = world.state()
    world.evict()
    worker.step()
    assert worker.tasks == []
    assert world.state() == before
    assert len(world.journal.events("task_lost")) == 2


def test_errors_that_end_a_worker_are_not_all_outages() -> None:
    # `doubt` raises what it is given once patience is over, whatever it is.
    world = filled_world()
    hosting = world.worker(with_config(outage_seconds=0.0))._hosting
    with pytest.raises(Fenced):
        hosting.doubt([], Fenced("x"))
    with pytest.raises(Outage):
        hosting.doubt([], Outage("x"))
