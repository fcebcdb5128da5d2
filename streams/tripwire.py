"""A wire across the road: when too many records of a partition are bad, the feed is broken, not the records.

The one rule: single bad records go to quarantine and nothing stops; a share of them above the setting stops the task
before a whole day of a feed is quarantined.
"""

from __future__ import annotations

from collections import deque

from schemas.errors import BadSetup

WINDOW_RECORDS = 1_000


class TripWire:
    """Counts the bad among the last 1,000 records of one partition.

    Parameters
    ----------
    poison_share
        The share of bad records from which on the wire trips; 1 or more never trips.
    where
        Which input and partition, for the person who reads the refusal.
    window_records
        How many records back it looks. Counts told together are forgotten together.

    >>> wire = TripWire(0.05, "sales.v1[3]")
    >>> wire.count(good=900, bad=50)
    >>> wire.count(good=0, bad=1)
    Traceback (most recent call last):
    schemas.errors.BadSetup: sales.v1[3]: 51 of the last 951 records are bad, more than poison_share (0.05) allows...
    """

    def __init__(
        self, poison_share: float = 0.05, where: str = "A partition", window_records: int = WINDOW_RECORDS
    ) -> None:
        self._where = where
        self._share = poison_share
        self._window = window_records
        self._told: deque[tuple[int, int]] = deque()
        self._records = 0
        self._bad = 0

    def count(self, good: int, bad: int) -> None:
        """Count records.

        Raises
        ------
        BadSetup
            When more than the share of a whole window are bad; also of the first records, before a window is full.
        """
        self._told.append((good + bad, bad))
        self._records += good + bad
        self._bad += bad
        while self._records - self._told[0][0] >= self._window:
            records, forgotten = self._told.popleft()
            self._records -= records
            self._bad -= forgotten
        if bad and self._share < 1 and self._bad > self._share * max(self._window, self._records):
            raise BadSetup(
                f"{self._where}: {self._bad} of the last {self._records} records are bad, more than poison_share "
                f"({self._share:g}) allows; mend the feed, or raise poison_share.",
                "demand-monitor quarantine list",
            )
