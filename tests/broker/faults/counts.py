"""How often and how much: small counts for every run, full ones where DEMAND_SOAK is set (`make soak`).

The one rule: a fault is the same fault in both; only its number and the volume around it differ.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

SOAK: Final = "DEMAND_SOAK" in os.environ


@dataclass(frozen=True, slots=True)
class Counts:
    """What the tests of this package do.

    Parameters
    ----------
    kills, freezes, events, days
        Of the random test: SIGKILLs, SIGSTOPs past the session time-out, events that flow, days they are spread over.
    naive_events
        Events of the negative control.
    broker_down_seconds
        How long no broker is there.
    events_beside
        Events that flow beside a single fault.
    price_kills
        SIGKILLs of the price desk.
    backlog
        Records that wait when the first worker starts.
    seeds
        Synthetic markets that nobody has looked at.
    """

    kills: int
    freezes: int
    events: int
    days: int
    naive_events: int
    broker_down_seconds: float
    events_beside: int
    price_kills: int
    backlog: int
    seeds: int


SMALL: Final = Counts(6, 4, 44_000, 5, 6_000, 10.0, 6_000, 3, 500_000, 3)
FULL: Final = Counts(20, 20, 220_000, 10, 30_000, 30.0, 30_000, 20, 5_000_000, 20)
COUNTS: Final = FULL if SOAK else SMALL
