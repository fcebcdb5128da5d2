"""Exponentially weighted mean times the slot's ratio: the plain forecaster for series that sell most periods.

The one rule: one level, one ratio per slot, nothing else (`slot_level.py` has the arithmetic).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from online_models.base import Expert
from online_models.slot_level import SlotLevel


class Ewma(Expert):
    """Level x slot ratio.

    The first periods weigh alike (gain 1/n), so after one observation the forecast is that observation and after a
    few it is their mean.

    Parameters
    ----------
    season
        Number of slots.

    Examples
    --------
    >>> model = Ewma(season=1)
    >>> for units in (4, 6, 8): model.learn_one(units)
    >>> [round(units, 9) for units in model.forecast(2)]
    [6.0, 6.0]
    """

    name: ClassVar[str] = "ewma"

    def __init__(self, season: int = 7) -> None:
        self.season = season
        self._level = SlotLevel(season)

    @property
    def seen(self) -> int:  # type: ignore[override]
        """Observations learnt."""
        return self._level.seen

    def learn(self, y: float, slot: int, row: Sequence[float] = ()) -> None:
        self._level.learn(y, slot)

    def mean(self, slot: int, row: Sequence[float] = ()) -> float | None:
        level = self._level
        return level.level * level.ratio[slot] if level.seen else None

    def encode(self) -> bytes:
        return self._level.encode()

    def restore(self, state: bytes) -> None:
        self._level.restore(state)
