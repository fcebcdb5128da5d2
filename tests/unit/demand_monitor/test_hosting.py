"""Workers in processes of their own: a child that fails ends all, and its exit code is the parent's."""

import os
import signal
import threading
import time

from adapters.memory_journal import MemoryJournal
from demand_monitor.hosting import child_environment, run_children
from demand_monitor.settings import read_settings
from demand_monitor.wiring import Wiring


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_fails_is_not_hidden() -> None:
    # Nothing listens at port 1: each child exits with 3 (Outage).
    wiring = Wiring(read_settings({"bootstrap": "127.0.0.1:1", "answer_seconds": 0.5}), MemoryJournal())
    journal = wiring.journal
    assert isinstance(journal, MemoryJournal)
    assert run_children(wiring, ["monitor"], 2) == 3
    pids = [fields["pid"] for fields in journal.events("child_started")]
    assert len(pids) == 2
    assert [is_alive(pid) for pid in pids if isinstance(pid, int)] == [False, False]


def test_a_signal_to_the_parent_ends_the_children_and_is_no_failure() -> None:
    # The children wait a minute for a broker that is not there.
    wiring = Wiring(read_settings({"bootstrap": "127.0.0.1:1", "answer_seconds": 60}), MemoryJournal())
    journal = wiring.journal
    assert isinstance(journal, MemoryJournal)

    def end_soon() -> None:
        while len(journal.events("child_started")) < 2:
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=end_soon)
    thread.start()
    code = run_children(wiring, ["topics", "list"], 2)
    thread.join()
    assert code == 0
    pids = [fields["pid"] for fields in journal.events("child_started")]
    assert [is_alive(pid) for pid in pids if isinstance(pid, int)] == [False, False]


def test_each_child_shows_its_metrics_on_a_port_of_its_own() -> None:
    wiring = Wiring(read_settings({"metrics_port": 9464}), MemoryJournal())
    ports = [child_environment(wiring, number)["DEMAND_METRICS_PORT"] for number in range(3)]
    assert ports == ["9464", "9465", "9466"]
    off = Wiring(read_settings({}), MemoryJournal())
    assert child_environment(off, 0).get("DEMAND_METRICS_PORT") == os.environ.get("DEMAND_METRICS_PORT")
