"""How long troubles may follow each other before a worker gives up.

The one rule: a commit ends the trouble; troubles far apart are different troubles.
"""

from __future__ import annotations

from schemas.errors import DemandError
from streams.ports import Clock

LONGEST_PAUSE_SECONDS = 10.0


class Patience:
    """Remembers when the present trouble began.

    Parameters
    ----------
    clock
        Its monotonic side is used.
    limit_seconds
        How long a trouble may last.

    >>> from schemas.errors import StoreDown
    >>> class Still:
    ...     now = 0.0
    ...     def monotonic_seconds(self): return self.now
    >>> clock = Still()
    >>> patience = Patience(clock, 5.0)
    >>> patience.tried(StoreDown("away"))
    >>> clock.now = 5.0
    >>> patience.tried(StoreDown("away"))
    Traceback (most recent call last):
    schemas.errors.StoreDown: away
    """

    def __init__(self, clock: Clock, limit_seconds: float) -> None:
        self._clock = clock
        self._limit_seconds = limit_seconds
        self._began: float | None = None
        self._last = 0.0

    def tried(self, trouble: DemandError) -> None:
        """Bear one trouble more, or raise it."""
        now = self._clock.monotonic_seconds()
        if self._began is None or now - self._last > max(self._limit_seconds, 6 * LONGEST_PAUSE_SECONDS):
            self._began = now
        self._last = now
        if now - self._began >= self._limit_seconds:
            raise trouble

    def restored(self) -> None:
        """All is well again."""
        self._began = None


def pause_seconds(first_seconds: float, failures: int) -> float:
    """Return how long to wait after so many failures in a row: doubling, at most ten seconds.

    >>> [pause_seconds(0.5, failures) for failures in (1, 2, 3, 99)]
    [0.5, 1.0, 2.0, 10.0]
    """
    return float(min(LONGEST_PAUSE_SECONDS, first_seconds * 2 ** min(failures - 1, 30)))
