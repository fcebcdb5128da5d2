"""Which expert speaks for a series: the one that has lately erred least.

The one rule: loss is the discounted mean of |error|, half-life 21 periods, scored before learning; the champion stays
until another is at least 3 % better, so the champion does not flicker between equals.

Absolute error rewards forecasting low where most periods sell nothing (a forecast of zero can win). There, below half
of the periods with a sale, only the experts named fit for intermittent demand may speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from online_models.base import gain

INTERMITTENT_BELOW = 0.5
_KEEP = 1.0 - gain(21.0)
_BETTER_BY = 0.97
_FEWEST_SCORES = 3


class Arena:
    """Rolling losses of the experts of one series, and the champion among them.

    Parameters
    ----------
    experts
        Their number.
    first
        Index of the champion until at least 3 periods are scored.
    intermittent
        Indices of the experts fit for intermittent demand.

    Examples
    --------
    >>> arena = Arena(experts=2, first=0)
    >>> for _ in range(5): arena.score(10.0, (14.0, 11.0), share_sold=1.0)
    >>> arena.champion, [round(loss, 6) for loss in arena.losses]
    (1, [4.0, 1.0])
    """

    __slots__ = ("champion", "scored", "_all", "_codec", "_intermittent", "_sums", "_weight")

    def __init__(self, experts: int, first: int = 0, intermittent: Sequence[int] = ()) -> None:
        self.champion = first
        self.scored = 0
        self._weight = 0.0
        self._sums = [0.0] * experts
        self._all = tuple(range(experts))
        self._intermittent = tuple(intermittent) or self._all
        self._codec = arena_codec(experts)

    @property
    def losses(self) -> list[float | None]:
        """Rolling mean |error| per expert, units; None before the first score."""
        return [total / self._weight if self._weight else None for total in self._sums]

    def score(self, y: float, means: Sequence[float], share_sold: float) -> None:
        """Score every expert's forecast of a period, then choose the champion of the next.

        Parameters
        ----------
        y
            Demand, units.
        means
            Each expert's forecast, units.
        share_sold
            Share of recent periods with a sale, 0..1.
        """
        self.scored += 1
        self._weight = _KEEP * self._weight + 1.0
        self._sums = sums = [_KEEP * total + abs(y - mean) for total, mean in zip(self._sums, means, strict=True)]
        if self.scored < _FEWEST_SCORES:
            return
        allowed = self._intermittent if share_sold < INTERMITTENT_BELOW else self._all
        best = min(allowed, key=sums.__getitem__)
        if self.champion not in allowed or sums[best] < _BETTER_BY * sums[self.champion]:
            self.champion = best

    def encode(self) -> bytes:
        """Champion, count and losses."""
        return self._codec.pack(self.champion, self.scored, self._weight, *self._sums)

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        self.champion, self.scored, self._weight, *self._sums = self._codec.unpack(state)


_CODECS: dict[int, Struct] = {}


def arena_codec(experts: int) -> Struct:
    """The layout of an arena of so many experts."""
    if experts not in _CODECS:
        _CODECS[experts] = Struct(f"<BId{experts}d")
    return _CODECS[experts]
