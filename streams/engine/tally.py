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
    money_over, money_under
        What wrong forecasts have cost, by currency: on stock left over, and on demand that found none.
    loaded
        The state's own counts when the task was made.
    newest_event_ms
        Newest event time handled; -1 before the first event.
    """

    __slots__ = ("beside", "drifts", "loaded", "money_over", "money_under", "newest_event_ms", "rejected")

    def __init__(self) -> None:
        self.rejected: Counter[tuple[str, str]] = Counter()
        self.drifts: Counter[tuple[str, str]] = Counter()
        self.beside: Counter[tuple[str, str]] = Counter()
        self.money_over: dict[str, float] = {}
        self.money_under: dict[str, float] = {}
        self.loaded: dict[str, int] = {}
        self.newest_event_ms = -1

    def lose(self, currency: str, over: float, under: float) -> None:
        """Count what one forecast has cost."""
        self.money_over[currency] = self.money_over.get(currency, 0.0) + over
        self.money_under[currency] = self.money_under.get(currency, 0.0) + under
