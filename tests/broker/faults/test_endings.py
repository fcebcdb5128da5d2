"""How a worker ends when it must: by a broken feed, a log that is gone, a stall, and when it is told to.

Each is a process of the command line; asserted are its exit code, its sentence, and the marks it leaves behind.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import SALES, SIGNALS, TICKS
from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.crew import journal_of
from tests.broker.faults.stage import Stage

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

SETUP, OUTAGE = 2, 3
#: More than 5 % of the 1,000 records that the wire looks at, and not one of them can be read.
POISON = 2_000


@pytest.fixture
def stage(install: Install) -> Stage:
    return Stage(install(2, ShopSettings(silence_series=1)), COUNTS.events_beside)


def handle_a_part(stage: Stage) -> None:
    """Write a third of the market, handle it with a worker in this process, and let that worker go."""
    stage.write_part(3)
    stage.hire()
    stage.step_until(stage.is_handled)
    stage.dismiss()


def test_nothing_but_poison_trips_the_wire(stage: Stage) -> None:
    handle_a_part(stage)
    before = stage.marks()
    outlet = stage.live.wiring.outlet()
    for number in range(POISON):
        outlet.send(stage.live.wiring.topic(SALES), b"sku1", b"{ poison %d" % number)
    outlet.close()
    _, told = stage.live.try_run("monitor", code=SETUP)
    assert "of the last" in told
    assert "records are bad, more than poison_share (0.05) allows" in told
    assert "Next: demand-monitor quarantine list" in told
    assert stage.live.quarantined() == []
    assert stage.marks() == before


def test_a_log_cut_above_the_marks_is_refused(stage: Stage) -> None:
    handle_a_part(stage)
    before = stage.marks()
    stage.write_part(3)
    ends = stage.ends(SALES)
    assert all(before[task]["sales"] < end for task, end in ends.items())
    admin = AdminClient({"bootstrap.servers": stage.live.settings.bootstrap})
    cuts = [TopicPartition(*stage.place(SALES, task), end) for task, end in ends.items()]
    for future in admin.delete_records(cuts).values():
        future.result(20)
    starts = stage.live.wiring.admin().starts([stage.place(SALES, task) for task in ends])
    assert sorted(starts.values()) == sorted(ends.values())
    _, told = stage.live.try_run("monitor", code=SETUP)
    assert "holds no record at the offset it is to be read at" in told
    assert "Next: restore a snapshot, or wipe the task's state" in told
    assert stage.marks() == before


def test_a_worker_without_a_step_ends_itself(stage: Stage) -> None:
    handle_a_part(stage)
    before = stage.marks()
    # A tick that bounds a record which nobody has written: the task waits for it.
    stage.flow.tick(stage.flow.newest_ms, beyond=1)
    _, told = stage.live.try_run("monitor", code=OUTAGE, DEMAND_STALL_SECONDS="5")
    assert '"event":"worker_stalled"' in told
    assert "but no step for 5 s." in told
    after = stage.marks()
    assert all(after[task]["ticks"] < stage.ends(TICKS)[task] for task in after)
    assert {task: at["sales"] for task, at in after.items()} == {task: at["sales"] for task, at in before.items()}


def test_sigterm_commits_what_is_handled_and_leaves(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    stage.write_part(1)
    # It commits nothing before it must, so that whatever stands in Redis afterwards was committed by the drain.
    worker = stage.live.start("monitor", DEMAND_COMMIT_INTERVAL_SECONDS="60")
    stage.live.wait(lambda: sum(stage.live.ends(SIGNALS).values()) > 0, 60)
    worker.process.send_signal(signal.SIGTERM)
    worker.was_ended = True
    assert worker.process.wait(30) == 0
    (stopped,) = [note for note in journal_of(worker.err) if note["event"] == "worker_stopped"]
    assert int(str(stopped["commits"])) > 0
    assert any(marks for marks in stage.marks().values())
    record_property("faults", f"SIGTERM, {stopped['commits']} commits by the drain")
    stage.hire()
    stage.finish()
