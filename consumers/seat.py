"""The place of one task in a worker: taken when its partitions are assigned, empty while the task is in doubt.

::

                 open                 OK, DONE
    assigned ──► empty ──► hosted ──► hosted
                   ▲         │
                   └─────────┘ doubt: FENCED, GAP, failed delivery, no answer. Memory goes, whole.

The one rule: `expected` and `owner` belong to the task in the seat; they come and go with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.ports import Place
from streams.task import Task


@dataclass(slots=True)
class Hosted:
    """A task in memory, as it stands against the store.

    Parameters
    ----------
    task
        The task.
    owner
        What it commits as.
    expected
        The marks of its last commit; None before the first.
    fed
        The next offset of each place to be fed.
    touched
        Whether anything was handled since the last commit.
    watched
        The marks when it was last looked at for a stall.
    """

    task: Task
    owner: str
    expected: bytes | None
    fed: dict[Place, int]
    touched: bool = False
    watched: bytes | None = None


@dataclass(slots=True)
class Seat:
    """One assigned task.

    Parameters
    ----------
    task_id, partition
        Which one.
    places
        Its keyed inputs: place → name.
    hosted
        The task; None while it is in doubt.
    paused
        The places that the inlet was told to pause.
    failures, retry_at_seconds
        Doubts in a row, and when (monotonic) to open again.
    """

    task_id: str
    partition: int
    places: Mapping[Place, str]
    hosted: Hosted | None = None
    paused: set[Place] = field(default_factory=set)
    failures: int = 0
    retry_at_seconds: float = 0.0

    def positions(self) -> Mapping[Place, int]:
        """Return where the marks of the task stand; nothing while it is in doubt."""
        if self.hosted is None:
            return {}
        starts = self.hosted.task.starts()
        return {place: starts[name] for place, name in self.places.items()}

    def full_places(self) -> set[Place]:
        """Return the places of which the task wants nothing now; all of them while it is in doubt."""
        if self.hosted is None:
            return set(self.places)
        hungry = self.hosted.task.hungry()
        return {place for place, name in self.places.items() if not hungry.get(name, True)}
