"""The product's own heartbeat on a clock that is some hours off, so that a midnight comes when it can be watched.

`python -m benchmarks.shifted OFFSET_MS`: settings from the environment, as `demand-monitor heartbeat --catch-up`.
Event times are shifted by the same offset, so for every process behind the topics it is simply that time of day.
"""

from __future__ import annotations

import sys

from adapters.clock import SystemClock
from demand_monitor.endings import Flag, stopping
from demand_monitor.settings import read_settings
from demand_monitor.wiring import Wiring


class ShiftedClock(SystemClock):
    """The machine's clock, some milliseconds ahead (or, below zero, behind)."""

    def __init__(self, offset_ms: int) -> None:
        self._offset_ms = offset_ms

    def now_ms(self) -> int:
        return super().now_ms() + self._offset_ms


def main() -> None:
    """Tick until told to stop."""
    wiring = Wiring(read_settings(), clock=ShiftedClock(int(sys.argv[1])))
    flag = Flag()
    with stopping(flag.set):
        wiring.heartbeat(catch_up=True).run(flag.is_raised)


if __name__ == "__main__":
    main()
