"""The wall clock: the only file of the product that reads it."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's clock (:class:`streams.ports.Clock`)."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_seconds(self) -> float:
        return time.monotonic()

    def cpu_seconds(self) -> float:
        """Return what this process has used of the processor, for comparisons on a machine that others use too."""
        return time.process_time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
