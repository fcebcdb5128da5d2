"""What became of every record: the desk's counters, kept in the state so that a restart does not forget them.

The one rule: each record is counted under exactly one fate, so the fates add up to the steps.
"""

from __future__ import annotations

from enum import StrEnum


class Fate(StrEnum):
    """What became of a record; the labels of a metric."""

    PUBLISHED = "published"
    OUT_OF_STOCK = "out_of_stock"
    DECISION = "decision"
    UNMATCHED = "unmatched"
    DUPLICATE = "duplicate"
    FAILED_READ = "failed_read"
    COPIED = "copied"
    NO_PRICE = "no_price"
    ZERO_PRICE = "zero_price"
    HELD = "held"
    QUARANTINED = "quarantined"


class Tally:
    """Records by fate.

    Parameters
    ----------
    counts
        As kept; a fate that is absent counts zero.

    >>> tally = Tally({})
    >>> tally.count(Fate.HELD)
    >>> tally.as_dict()["held"]
    1
    """

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = {fate: counts.get(fate, 0) for fate in Fate}

    def count(self, fate: Fate) -> None:
        """Count one record."""
        self._counts[fate] += 1

    def as_dict(self) -> dict[str, int]:
        """Return every fate's count."""
        return {str(fate): number for fate, number in self._counts.items()}
