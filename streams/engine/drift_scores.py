"""The highest drift score of each store, so that people see a drift coming before it is found.

::

    newest period of the store | the one before      shown: the higher of the two, since a period's closes take a while

The one rule: it is shown, never decided by; a drift is found by the series' own detector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from streams.sealing import seal, unseal

FIELD = "drift"


class DriftScores:
    """Highest scores of one task, by store.

    Examples
    --------
    >>> scores = DriftScores()
    >>> scores.note("lima-01", 9, 1.5); scores.note("lima-01", 9, 4.0); scores.note("lima-01", 10, 0.5)
    >>> scores.by_store()
    {'lima-01': 4.0}
    >>> scores.note("lima-01", 11, 0.2)
    >>> scores.by_store()
    {'lima-01': 0.5}
    """

    def __init__(self, highs: Mapping[str, tuple[int, float, float]] | None = None) -> None:
        #: Store → newest period, its highest score, that of the period before.
        self._highs = dict(highs or {})
        self._dirty = False

    def note(self, store_id: str, period: int, score: float) -> None:
        """Take the score of one series at the close of a period.

        Parameters
        ----------
        store_id
            The series' store.
        period
            Ordinal of the period.
        score
            In nats.
        """
        newest, high, before = self._highs.get(store_id, (period, 0.0, 0.0))
        if period > newest:
            before = high if period == newest + 1 else 0.0
            newest, high = period, 0.0
        if period == newest:
            high = max(high, score)
        elif period == newest - 1:
            before = max(before, score)
        self._highs[store_id] = (newest, high, before)
        self._dirty = True

    def by_store(self) -> dict[str, float]:
        """Return the score to be shown for each store."""
        return {store_id: max(high, before) for store_id, (_, high, before) in self._highs.items()}

    def writes(self) -> dict[str, bytes | None]:
        """Return the field if it changed, and count it as clean."""
        if not self._dirty:
            return {}
        self._dirty = False
        return {FIELD: seal(json.dumps(self._highs, separators=(",", ":"), sort_keys=True).encode())}

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> DriftScores:
        """Return the scores in a snapshot."""
        if (field := state.get(FIELD)) is None:
            return cls()
        return cls({store_id: tuple(highs) for store_id, highs in json.loads(unseal(field, FIELD)).items()})
