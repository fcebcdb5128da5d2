"""What every baseline's script shares: its orders, and a meter between two counts. Standard library alone.

The one rule: it runs in venvs that know nothing of us, so it imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import TypedDict


class Orders(TypedDict):
    """What a script is told."""

    bootstrap: str
    topic: str
    group: str
    folder: str
    partitions: int
    begin: int
    end: int


def read_orders() -> Orders:
    """Return the orders in the first argument."""
    orders: Orders = json.loads(sys.argv[1])
    return orders


class Meter:
    """Time and CPU of this process between two counts."""

    __slots__ = ("_at_begin", "_begin", "_end", "next")

    def __init__(self, orders: Orders) -> None:
        self._begin, self._end = orders["begin"], orders["end"]
        self._at_begin: tuple[int, float, float] | None = None
        #: The count at which :meth:`reached` wants to be called.
        self.next = self._begin

    def reached(self, count: int) -> None:
        """Take the first reading, or take the second, print the difference and end the process."""
        reading = (count, time.monotonic(), _cpu_seconds())
        if self._at_begin is None:
            self._at_begin, self.next = reading, self._end
            return
        events, seconds, cpu_seconds = (now - then for now, then in zip(reading, self._at_begin, strict=True))
        print(json.dumps({"events": events, "seconds": seconds, "cpu_seconds": cpu_seconds}), flush=True)
        os._exit(0)  # an orderly end would wait for groups and producers


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
