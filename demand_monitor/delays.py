"""How long events take from happening to standing in the log: what `slack` must cover.

::

    delay = log time (the broker's) − event time (the till's)

    below the ends of the newest tick that names a file, or above `dedupe_horizon`    history, loaded in order
    the rest                                                                          a live feed: median, 99 %

The one rule: what was loaded says nothing about how late a live feed is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.engine.admit import ADMISSION
from streams.ports import Place, Stamped


@dataclass(frozen=True, slots=True)
class Delay:
    """The delays of one feed's newest records.

    Parameters
    ----------
    live, history
        How many records are of a live feed, and how many were loaded.
    unstamped
        How many have no log time.
    median_ms, p99_ms
        Of the live ones; None without any.
    """

    live: int
    history: int
    unstamped: int
    median_ms: int | None
    p99_ms: int | None


def measure_delay(
    name: str, stamped: Mapping[Place, Sequence[Stamped]], loaded: Mapping[Place, int], horizon_ms: int
) -> Delay:
    """Return the delays of a feed.

    Parameters
    ----------
    name
        Of the engine's input: "sales", "stock" or "prices"; it says how event time is read.
    stamped
        Newest records by place; what cannot be read is left out.
    loaded
        By place, the offset below which a file was loaded.
    horizon_ms
        Delays above this are no live feed's, milliseconds.
    """
    delays: list[int] = []
    history = unstamped = 0
    for place, records in stamped.items():
        for item, (record, log_ms) in zip(ADMISSION[name]([each.record for each in records]), records, strict=True):
            if item.t_ms < 0:
                continue
            if log_ms is None:
                unstamped += 1
            elif record.offset < loaded.get(place, 0) or log_ms - item.t_ms > horizon_ms:
                history += 1
            else:
                delays.append(log_ms - item.t_ms)
    delays.sort()
    return Delay(len(delays), history, unstamped, nearest_rank(delays, 0.5), nearest_rank(delays, 0.99))


def nearest_rank(ordered: Sequence[int], share: float) -> int | None:
    """Return the smallest value that at least this share of the values does not exceed; None of none.

    >>> nearest_rank([10, 20, 30, 40], 0.5), nearest_rank([10, 20, 30, 40], 0.99), nearest_rank([], 0.5)
    (20, 40, None)
    """
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None
