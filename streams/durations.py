"""A histogram of durations, cheap enough for once a second and plain enough to be copied whole.

The one rule: one thread writes, any thread reads a copy.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from streams.metrics import Durations

#: From a loopback Redis to a broker that is away.
BOUNDS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class DurationCounts:
    """Counts durations by size.

    >>> counts = DurationCounts((0.1, 1.0))
    >>> for seconds in (0.1, 0.5, 7.0): counts.add(seconds)
    >>> counts.copy()
    Durations(bounds=(0.1, 1.0), counts=(1, 1, 1), seconds=7.6)
    """

    def __init__(self, bounds: tuple[float, ...] = BOUNDS_SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._seconds += seconds

    def copy(self) -> Durations:
        """Return what was counted so far."""
        return Durations(self._bounds, tuple(self._counts), self._seconds)
