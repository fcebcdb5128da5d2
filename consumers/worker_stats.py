"""What a worker has done since it began, for whoever exports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class WorkerStats:
    """Running totals.

    Parameters
    ----------
    records
        Records fed to tasks, broadcasts not counted.
    outputs
        Records sent.
    commits, doubts, takes
        Commits that were taken, tasks thrown away, tasks taken.
    commit_seconds, last_commit_seconds
        Time spent in commits (deliveries awaited and scripts), in all and the last time.
    """

    records: int = 0
    outputs: int = 0
    commits: int = 0
    doubts: int = 0
    takes: int = 0
    commit_seconds: float = 0.0
    last_commit_seconds: float = 0.0
