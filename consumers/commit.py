"""The commit: first everything sent is delivered, then marks and state move together, then lag tools are told.

::

    flush ──► all delivered ──► store.commit(expected, marks, writes) ──► OK, DONE ──► expected = marks, advise
       │                               │
       └── failed: every task          └── FENCED, GAP, no answer: this task is in doubt
           is in doubt

The one rule: `marks` and `writes` are read in one breath, right before the script, and never after a failed one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from consumers.seat import Hosted, Seat
from consumers.worker_config import WorkerPorts
from consumers.worker_stats import WorkerStats
from schemas.errors import DemandError, Fenced, Gap, Outage
from streams.ports import Verdict


class Committer:
    """Commits tasks.

    Parameters
    ----------
    ports
        The outlet, the store, the inlet and the clock are used.
    stats
        Where it counts.
    """

    def __init__(self, ports: WorkerPorts, stats: WorkerStats) -> None:
        self._ports = ports
        self._stats = stats

    def commit(self, seats: Sequence[Seat]) -> Sequence[tuple[Seat, DemandError]]:
        """Commit the tasks that have handled anything, and return those whose commit was not taken.

        Raises
        ------
        Outage
            When a record was not delivered: no task that has sent anything can be believed.
        """
        touched = [(seat, seat.hosted) for seat in seats if seat.hosted is not None and seat.hosted.touched]
        if not touched:
            return []
        began = self._ports.clock.monotonic_seconds()
        self._ports.outlet.flush()
        refused: list[tuple[Seat, DemandError]] = []
        for seat, hosted in touched:
            try:
                self._commit_task(seat, hosted)
            except (Outage, Fenced, Gap) as trouble:
                refused.append((seat, trouble))
        self._stats.last_commit_seconds = self._ports.clock.monotonic_seconds() - began
        self._stats.commit_durations.add(self._stats.last_commit_seconds)
        return refused

    def _commit_task(self, seat: Seat, hosted: Hosted) -> None:
        marks, writes = hosted.task.marks, hosted.task.writes()
        verdict = self._ports.store.commit(seat.task_id, hosted.owner, hosted.expected, marks, writes)
        if verdict is Verdict.FENCED:
            raise Fenced(f"Another worker owns {seat.task_id} now.")
        if verdict is Verdict.GAP:
            raise Gap(f"The marks of {seat.task_id} in the store are not the ones this worker wrote last.")
        hosted.expected, hosted.touched = marks, False
        seat.failures = 0
        self._stats.commits += 1
        with contextlib.suppress(Outage):
            self._ports.inlet.advise(seat.positions())
