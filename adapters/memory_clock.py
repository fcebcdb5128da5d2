"""A clock that moves only when it is told to, or when somebody waits on it."""

from __future__ import annotations


class MemoryClock:
    """A clock for tests (:class:`streams.ports.Clock`).

    Parameters
    ----------
    start_ms
        The wall time it begins at, milliseconds since 1970.

    >>> clock = MemoryClock(1_000)
    >>> clock.sleep(0.5)
    >>> clock.now_ms(), clock.monotonic_seconds()
    (1500, 0.5)
    """

    def __init__(self, start_ms: int = 0) -> None:
        self._start_ms = start_ms
        self._passed_seconds = 0.0

    def now_ms(self) -> int:
        return self._start_ms + round(self._passed_seconds * 1_000)

    def monotonic_seconds(self) -> float:
        return self._passed_seconds

    def sleep(self, seconds: float) -> None:
        self._passed_seconds += seconds
