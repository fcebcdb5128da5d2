"""What a worker has done since it began, for whoever exports it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from streams.durations import DurationCounts


@dataclass(slots=True)
class WorkerStats:
    """Running totals.

    Parameters
    ----------
    records
        Records fed to tasks, broadcasts not counted.
    records_by_topic
        Records fed by the topic's full name, broadcasts counted.
    outputs
        Records sent.
    commits, doubts, takes
        Commits that were taken, tasks thrown away, tasks taken.
    last_commit_seconds
        Time spent in the last commit (deliveries awaited and scripts).
    commit_durations
        That of all commits, in all and by size.
    """

    records: int = 0
    records_by_topic: Counter[str] = field(default_factory=Counter)
    outputs: int = 0
    commits: int = 0
    doubts: int = 0
    takes: int = 0
    last_commit_seconds: float = 0.0
    commit_durations: DurationCounts = field(default_factory=DurationCounts)
