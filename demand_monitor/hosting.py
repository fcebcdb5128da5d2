"""Running hosts as processes: one worker in this process, or several in processes of their own.

::

    parent ── SIGTERM, SIGINT ──► each child by its id ──► drain ──► parent exits 0
       ├───── a child fails ────► the others are ended ──► parent exits with the child's code
       └───── dies ─────────────► each child sees its standard input end, and drains

The one rule: a parent ends its children and waits for them; it never hides a failure, and restarts nothing (its own
supervisor does, and then all workers start together).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from demand_monitor.endings import Flag, stopping
from demand_monitor.wiring import Wiring

if TYPE_CHECKING:
    from consumers.worker import Worker

#: Longer than a worker needs to commit and to leave its group.
LEAVE_SECONDS: Final = 30.0
#: Tells a process that it was started here.
CHILD_VARIABLE: Final = "DEMAND_CHILD"
_LOOK_SECONDS: Final = 0.2


def run_worker(wiring: Wiring, worker: Worker) -> None:
    """Run a worker until SIGTERM or Ctrl-C; then it commits and leaves.

    Raises
    ------
    DemandError
        What has ended it.
    """
    with stopping(worker.stop):
        if CHILD_VARIABLE in os.environ:
            threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
        wiring.journal.note("worker_started", pid=os.getpid())
        worker.run()
        wiring.journal.note(
            "worker_stopped", records=worker.stats.records, outputs=worker.stats.outputs, commits=worker.stats.commits
        )


def run_children(wiring: Wiring, words: Sequence[str], processes: int) -> int:
    """Run a command of ours several times until it is told to end or one fails.

    Parameters
    ----------
    wiring
        Of the parent; the children get the same options through their environment.
    words
        The command, without its options.
    processes
        How many.

    Returns
    -------
    int
        0 after a drain, else the first failure's exit code.
    """
    flag = Flag()
    children: list[subprocess.Popen[bytes]] = []
    with stopping(flag.set):
        try:
            for number in range(processes):
                children.append(_start(wiring, words, number))  # noqa: PERF401 - what has started must be known if the next fails
            code = _watch(wiring, children, flag.is_raised)
        finally:
            _end(wiring, children)
    return code or _worst(children)


def _start(wiring: Wiring, words: Sequence[str], number: int) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches the parent alone, and the parent tells its children once.
    child = subprocess.Popen(
        [sys.executable, "-m", "demand_monitor", *words],
        env=child_environment(wiring, number),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    wiring.journal.note("child_started", pid=child.pid)
    return child


def child_environment(wiring: Wiring, number: int) -> dict[str, str]:
    """Return the environment of a child: the parent's options, and a port of its own for its metrics."""
    port = wiring.settings.metrics_port
    metrics = {} if port is None else {"DEMAND_METRICS_PORT": str(port + number)}
    return {**os.environ, **wiring.settings.environment(), **metrics, CHILD_VARIABLE: "1"}


def _watch(wiring: Wiring, children: Sequence[subprocess.Popen[bytes]], is_stopping: Callable[[], bool]) -> int:
    while not is_stopping():
        for child in children:
            code = child.poll()
            if code is not None:
                wiring.journal.note("child_failed", pid=child.pid, code=code)
                # A child that ends by itself has failed, whatever it says.
                return as_exit_code(code) or 1
        wiring.clock.sleep(_LOOK_SECONDS)
    return 0


def _end(wiring: Wiring, children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGTERM)
    for child in children:
        try:
            child.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            wiring.journal.note("child_failed", pid=child.pid, reason="it did not end in time")
            child.kill()
            child.wait()
        if child.stdin is not None:
            child.stdin.close()


def _end_with_parent() -> None:
    # The parent never writes: a read comes back when the parent is gone, however it went. (`sys.stdin` would hold a
    # lock that the interpreter wants when it ends.)
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _worst(children: Sequence[subprocess.Popen[bytes]]) -> int:
    # A child that was told to end before it could listen has nothing to drain.
    codes = (0 if child.returncode == -signal.SIGTERM else as_exit_code(child.returncode) for child in children)
    return max(codes, default=0)


def as_exit_code(code: int) -> int:
    """Return a shell's exit code for a process that a signal has ended, else its own.

    >>> as_exit_code(-9), as_exit_code(3)
    (137, 3)
    """
    return 128 - code if code < 0 else code
