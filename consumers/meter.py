"""The meter of a host: once a second it reads its tasks and publishes what it found, between two steps.

::

    counts of the tasks in memory ──┐
    last counts of those that left ─┴─► totals of this process, which never go down ──┐
    gauges of all tasks together ─────────────────────────────────────────────────────┼──► publisher
    what the host itself counts ──────────────────────────────────────────────────────┘

The one rule: the host's own thread reads the tasks; other threads see only what was published, whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from streams.metrics import Counts, Figures, Key, Publisher, Sample, to_samples
from streams.ports import Clock, Place
from streams.task import Task

EVERY_SECONDS = 1.0


class Meter:
    """Publishes the numbers of one host.

    Parameters
    ----------
    publisher
        Where they are shown.
    figures
        How the tasks' numbers are read.
    clock
        Its monotonic side is used.
    source
        The host's name among those of this process.

    Attributes
    ----------
    positions
        The next offset of each place to be handled, as of the last look; replaced, never changed.
    """

    def __init__(self, publisher: Publisher, figures: Figures, clock: Clock, source: str) -> None:
        self.positions: Mapping[Place, int] = {}
        self._publisher = publisher
        self._figures = figures
        self._clock = clock
        self._source = source
        self._tasks: dict[int, Task] = {}
        self._gone: Counter[Key] = Counter()
        self._due_at = clock.monotonic_seconds()

    def is_due(self) -> bool:
        """Return whether it is time to look again."""
        return self._clock.monotonic_seconds() >= self._due_at

    def publish(self, tasks: Sequence[Task], own: Sequence[Sample], positions: Mapping[Place, int]) -> None:
        """Read and publish.

        Parameters
        ----------
        tasks
            Those in memory now.
        own
            What the host itself has counted.
        positions
            The next offset of each of their places to be handled.
        """
        self._due_at = self._clock.monotonic_seconds() + EVERY_SECONDS
        self.positions = dict(positions)
        samples = [*own, *to_samples(self._totals(tasks)), *self._figures.gauges(tasks)]
        self._publisher.publish(self._source, samples)

    def _totals(self, tasks: Sequence[Task]) -> Counts:
        # A task that has left is held until the next look, so that what it counted last is not lost.
        now = {id(task): task for task in tasks}
        for key, task in self._tasks.items():
            if key not in now:
                self._gone.update(self._figures.counts(task))
        self._tasks = now
        totals = Counter(self._gone)
        for task in tasks:
            totals.update(self._figures.counts(task))
        return totals
