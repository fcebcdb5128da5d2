"""Workers as a supervisor keeps them: so many processes, each started again when it ends, killed and frozen on purpose.

::

    kill     SIGKILL ─► exit code -9 ─► a new process ─► every task it had has a new owner
    freeze   SIGSTOP ─► state T ─► every task it had has a new owner (past the session time-out) ─► SIGCONT ─► not T

The one rule: nothing is believed to have happened that was not seen: in the exit code, in /proc, and in Redis.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from redis import Redis

from adapters.state_keys import keys_of
from tests.broker.installation import Installation, Process

#: The session time-out is 6 s; a broker on a busy machine, and the process that comes back, take some more.
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05


Fault = Literal["kill", "freeze"]


class Struck(NamedTuple):
    """A worker that was killed or frozen, and the owners of the tasks it had then, as Redis knew them."""

    fault: Fault
    worker: Process
    had: Mapping[int, str]


class Crew:
    """The `monitor` processes of one installation.

    Parameters
    ----------
    live
        Whose workers.
    size
        How many.
    words
        The command of each.
    """

    def __init__(self, live: Installation, size: int, words: Sequence[str] = ("monitor",)) -> None:
        self._live = live
        self._words = words
        self._redis = Redis.from_url(live.settings.redis_url())
        self.all: list[Process] = []
        self.workers = [self._start() for _ in range(size)]
        #: Exit codes of workers that ended by themselves.
        self.fell: list[int] = []

    def close(self) -> None:
        """Let go of Redis; the processes belong to the installation."""
        self._redis.close()

    # --- what can be seen -------------------------------------------------------------------------------------------

    def owners(self) -> dict[int, str]:
        """Return who owns each task, as Redis has it."""
        tasks = range(self._live.settings.partitions)
        names = {task: keys_of(self._live.settings.prefix, f"engine:{task}").owner for task in tasks}
        return {task: (self._redis.get(name) or b"").decode() for task, name in names.items()}  # type: ignore[union-attr]

    def owned_by(self, worker: Process) -> dict[int, str]:
        """Return the tasks of one worker."""
        return {task: owner for task, owner in self.owners().items() if pid_of(owner) == worker.process.pid}

    def is_whole(self) -> bool:
        """Return whether living workers own all tasks, and each of them some."""
        pids = {worker.process.pid for worker in self.workers if worker.process.poll() is None}
        return {pid_of(owner) for owner in self.owners().values()} == pids

    def notes(self, event: str) -> list[Mapping[str, object]]:
        """Return the journals' lines about an event, of every worker that ever was."""
        return [note for worker in self.all for note in journal_of(worker.err) if note["event"] == event]

    def refused_as_zombie(self) -> int:
        """Return how often a commit was refused because another worker owned the task by then."""
        notes = [*self.notes("task_in_doubt"), *self.notes("task_left_uncommitted")]
        return sum("Another worker owns" in str(note["reason"]) for note in notes)

    # --- what is done to them ---------------------------------------------------------------------------------------

    def strike(self, number: int, fault: Fault) -> Struck:
        """Kill a worker at once and start the next in its place, or stop one where it stands."""
        worker = self.workers[number]
        struck = Struck(fault, worker, self.owned_by(worker))
        if fault == "kill":
            worker.was_ended = True
            os.kill(worker.process.pid, signal.SIGKILL)
            assert worker.process.wait(10) == -signal.SIGKILL
            self.workers[number] = self._start()
        else:
            os.kill(worker.process.pid, signal.SIGSTOP)
        return struck

    def recover(self, struck: Sequence[Struck]) -> None:
        """Wait until others own the tasks of those struck, and let the stopped ones go on as if nothing had been."""
        stopped = [each.worker.process.pid for each in struck if each.fault == "freeze"]
        try:
            self.wait(lambda: all(map(is_stopped, stopped)), "a worker did not stop")
            self.wait(lambda: all(map(self._moved, struck)), "no other worker took the tasks of those struck")
            assert all(map(is_stopped, stopped))
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        assert not any(map(is_stopped, stopped))
        self.wait(self.is_whole, "the workers did not share the tasks again")

    def add(self) -> None:
        """Start one worker more."""
        self.workers.append(self._start())

    def retire(self, number: int) -> int:
        """Tell a worker to end (SIGTERM); return its exit code."""
        return self.workers.pop(number).end()

    def supervise(self) -> None:
        """Start again what has ended by itself."""
        for number, worker in enumerate(self.workers):
            code = worker.process.poll()
            if code is not None and not worker.was_ended:
                assert code != 0, worker.told()
                self.fell.append(code)
                worker.was_ended = True
                self.workers[number] = self._start()

    def wait(self, is_so: Callable[[], bool], trouble: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait, as a supervisor, until something is so."""
        give_up_at = time.monotonic() + seconds
        while not is_so():
            told = "\n".join(worker.told() for worker in self.workers)
            assert time.monotonic() < give_up_at, f"{trouble}\n{self.owners()}\n{told}"
            self.supervise()
            time.sleep(_LOOK_SECONDS)

    def _moved(self, struck: Struck) -> bool:
        owners = self.owners()
        return all(owners[task] != owner for task, owner in struck.had.items())

    def _start(self) -> Process:
        worker = self._live.start(*self._words)
        self.all.append(worker)
        return worker


def pid_of(owner: str) -> int:
    """Return the process in an owner's name.

    >>> pid_of("engine@till-7-4711-0:1763683200000.2")
    4711
    """
    found = re.fullmatch(r".*-(\d+)-\d+:\d+\.\d+", owner)
    return -1 if found is None else int(found[1])


def is_stopped(pid: int) -> bool:
    """Return whether a process stands still by SIGSTOP."""
    return process_state(pid) == "T"


def process_state(pid: int) -> str:
    """Return a process's state as the kernel has it: R, S, D, T (stopped), Z."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def rss_bytes(pid: int) -> int:
    """Return the memory that a process has in hand."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def journal_of(path: Path) -> list[Mapping[str, object]]:
    """Return the whole lines of a journal."""
    text = path.read_text(errors="replace")
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]
