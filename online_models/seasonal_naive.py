"""The yardstick: the same slot's last demand.

Why: every report shows it beside the champion; a model that cannot beat it is not worth its cost. The one rule: it
never smooths anything.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from struct import Struct
from typing import ClassVar

from online_models.base import Expert

_HEAD = Struct("<If")
_NEVER = -1.0


class SeasonalNaive(Expert):
    """Forecast the demand last seen in the same slot.

    A slot that was never seen takes the newest demand of any slot.

    Parameters
    ----------
    season
        Number of slots.

    References
    ----------
    Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 5.2.

    Examples
    --------
    >>> model = SeasonalNaive(season=3)
    >>> model.forecast(1)
    [None]
    >>> for units in (5, 0, 7, 6): model.learn_one(units)
    >>> model.forecast(4)
    [0.0, 7.0, 6.0, 0.0]
    """

    name: ClassVar[str] = "seasonal_naive"

    def __init__(self, season: int = 7) -> None:
        self.season = season
        self.seen = 0
        self._recent = array("f", [0.0])
        self._last = array("f", [_NEVER]) * season

    def learn(self, y: float, slot: int, row: Sequence[float] = ()) -> None:
        self.seen += 1
        self._recent[0] = self._last[slot] = y

    def mean(self, slot: int, row: Sequence[float] = ()) -> float | None:
        if not self.seen:
            return None
        last = self._last[slot]
        return last if last >= 0.0 else self._recent[0]

    def last(self, slot: int) -> float | None:
        """Demand of the slot's last period in units; None if the slot was never seen."""
        last = self._last[slot]
        return last if last >= 0.0 else None

    def encode(self) -> bytes:
        return _HEAD.pack(self.seen, self._recent[0]) + self._last.tobytes()

    def restore(self, state: bytes) -> None:
        self.seen, self._recent[0] = _HEAD.unpack_from(state)
        self._last = array("f", state[_HEAD.size :])
