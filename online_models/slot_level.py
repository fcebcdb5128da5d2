"""A level and a ratio for every slot of the season: the smallest honest picture of a seasonal series.

Why: the exponentially weighted expert forecasts with it and the regression leans on it. The one rule: the level learns
`y / ratio`, the ratio learns `y / level`, each from the other's value *before* the period.
"""

from __future__ import annotations

from array import array
from struct import Struct

from online_models.base import gain

_HEAD = Struct("<Id")
_SMALLEST_RATIO = 0.02
_LARGEST_RATIO = 20.0
LONGEST_DAILY_SEASON = 7


def half_life(season: int, daily: float, coarse: float) -> float:
    """The half-life in periods for this season: `daily` up to a week of slots, else `coarse` (weeks, months)."""
    return daily if season <= LONGEST_DAILY_SEASON else coarse


class SlotLevel:
    """Exponentially weighted level with slot ratios.

    Parameters
    ----------
    season
        Number of slots.

    Notes
    -----
    Ratios are kept in 4-byte floats in memory too, so nothing changes when they are stored. A slot with a ratio below
    one moves the level by `gain * (y - ratio * level)`: dividing by a small ratio would blow up the noise of a slot
    that hardly sells.

    Examples
    --------
    >>> level = SlotLevel(season=2)
    >>> for y in [10, 30] * 60: level.learn(y, slot=0 if y == 10 else 1)
    >>> round(level.mean(0)), round(level.mean(1))
    (10, 30)
    """

    __slots__ = ("level", "ratio", "season", "seen", "_gain", "_ratio_gain", "_ratio_gain_first")

    def __init__(self, season: int) -> None:
        self.season = season
        self.seen = 0
        self.level = 0.0
        self.ratio = array("f", [1.0]) * season
        self._gain = gain(half_life(season, 21.0, 8.0))
        self._ratio_gain = half_life(season, 0.12, 0.5)
        self._ratio_gain_first = half_life(season, 0.3, 0.6)

    def mean(self, slot: int) -> float:
        """Expected demand of the slot in units; 0 before anything was learnt (the owner knows `seen`)."""
        return self.level * self.ratio[slot]

    def learn(self, y: float, slot: int) -> None:
        """Move level and ratio towards the demand `y` (units) of a period in `slot`."""
        self.seen = seen = self.seen + 1
        level, ratio = self.level, self.ratio[slot]
        step = max(self._gain, 1.0 / seen)
        if ratio < 1.0:
            self.level = level + step * (y - ratio * level)
        else:
            self.level = level + step * (y / ratio - level)
        if level > 0.0 and self.season > 1:
            first = seen <= 2 * self.season
            wanted = min(y / level, _LARGEST_RATIO)
            moved = ratio + (self._ratio_gain_first if first else self._ratio_gain) * (wanted - ratio)
            self.ratio[slot] = max(moved, _SMALLEST_RATIO)

    def encode(self) -> bytes:
        """Count, level and ratios."""
        return _HEAD.pack(self.seen, self.level) + self.ratio.tobytes()

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        self.seen, self.level = _HEAD.unpack_from(state)
        self.ratio = array("f", state[_HEAD.size :])

    @staticmethod
    def size(season: int) -> int:
        """Bytes that `encode` writes."""
        return _HEAD.size + 4 * season
