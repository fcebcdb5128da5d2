"""Teunter-Syntetos-Babai: the plain forecaster for series that often sell nothing.

Why: Croston's method never lowers its forecast while nothing sells; TSB does, so a dying product fades. The one rule:
the chance of a sale is updated every period, the size of a sale only when there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import ClassVar

from online_models.base import Expert

_STATE = Struct("<IIdd")


class Tsb(Expert):
    """Probability of a sale x size of a sale.

    Parameters
    ----------
    size_gain
        Weight of the newest sale's size, 0..1.
    probability_gain
        Weight of the newest "sold or not", 0..1.
    early_gain
        Weigh the first observations alike (gain at least 1/n). Without it this is the textbook recursion, started at
        the first value.

    References
    ----------
    Teunter, Syntetos and Babai (2011), *Intermittent demand: linking forecasting to inventory obsolescence*,
    European Journal of Operational Research 214(3), 606-615.

    Examples
    --------
    >>> model = Tsb()
    >>> for units in (0, 6, 0, 0): model.learn_one(units)
    >>> model.forecast(1)
    [1.5]
    """

    name: ClassVar[str] = "tsb"

    def __init__(self, size_gain: float = 0.1, probability_gain: float = 0.1, early_gain: bool = True) -> None:
        self.size_gain = size_gain
        self.probability_gain = probability_gain
        self.early_gain = early_gain
        self.seen = 0
        self._sold = 0
        self._size = 0.0
        self._probability = 0.0

    def learn(self, y: float, slot: int = 0, row: Sequence[float] = ()) -> None:
        self.seen += 1
        sold = 1.0 if y > 0.0 else 0.0
        self._probability += self._step(self.probability_gain, self.seen) * (sold - self._probability)
        if sold:
            self._sold += 1
            self._size += self._step(self.size_gain, self._sold) * (y - self._size)

    def mean(self, slot: int = 0, row: Sequence[float] = ()) -> float | None:
        return self._probability * self._size if self.seen else None

    def encode(self) -> bytes:
        return _STATE.pack(self.seen, self._sold, self._size, self._probability)

    def restore(self, state: bytes) -> None:
        self.seen, self._sold, self._size, self._probability = _STATE.unpack(state)

    def _step(self, usual: float, count: int) -> float:
        if count == 1:
            return 1.0
        return max(usual, 1.0 / count) if self.early_gain else usual
