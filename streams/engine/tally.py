"""What one task of the engine has counted since it was made: for whoever watches it run, and for nobody else.

The one rule: nothing here is state and nothing decides by it; a restart begins at zero, as a counter may.
"""

from __future__ import annotations

from collections import Counter


class EngineTally:
    """Counts of one task object.

    Attributes
    ----------
    rejected
        Refused records by input ("sales") and reason.
    drifts
        Drifts found, by detector and direction.
    beside
        What the detectors beside it found, likewise.
    loaded, loaded_money
        The state's own counts when the task was made; and its money, by currency: over and under.
    newest_event_ms
        Newest event time handled; -1 before the first event.
    """

    __slots__ = ("beside", "drifts", "loaded", "loaded_money", "newest_event_ms", "rejected")

    def __init__(self) -> None:
        self.rejected: Counter[tuple[str, str]] = Counter()
        self.drifts: Counter[tuple[str, str]] = Counter()
        self.beside: Counter[tuple[str, str]] = Counter()
        self.loaded: dict[str, int] = {}
        self.loaded_money: dict[str, tuple[float, float]] = {}
        self.newest_event_ms = -1
