"""ABC: which series make 80 % of the money, which the next 15 %, which the rest; found without sorting anybody.

::

    round k      every series notes its money a period once ─► histogram of it, by money, buckets 4 % wide
    round k + 1  begins ─► from the top: 80 % of the money is above a_from, 95 % above b_from      A, B, C by these

The limits of a round serve until the next one is over, so a class needs no state of its own. The one rule: before a
first round is over, nobody has a class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

AbcClass = Literal["A", "B", "C"]
A_SHARE, B_SHARE = 0.80, 0.95
_BUCKETS_AN_OCTAVE: Final = 16


class AbcSketch:
    """Limits between the classes of one task's series, in one currency.

    Examples
    --------
    One series sells 80, one 15, five sell 1 each.

    >>> sketch = AbcSketch()
    >>> for money in (80.0, 15.0, 1.0, 1.0, 1.0, 1.0, 1.0): sketch.note(money, period_round=1)
    >>> sketch.of(80.0) is None
    True
    >>> sketch.note(80.0, period_round=2)
    >>> sketch.of(80.0), sketch.of(15.0), sketch.of(1.0), sketch.of(0.0)
    ('A', 'B', 'C', 'C')
    """

    __slots__ = ("_a_from", "_b_from", "_found", "_histogram", "_round")

    def __init__(self) -> None:
        self._round = 0
        self._histogram: dict[int, float] = {}
        self._found = False
        self._a_from = self._b_from = 0

    def note(self, money: float, period_round: int) -> None:
        """Take what one series makes a period.

        Parameters
        ----------
        money
            Margin, revenue or units a period; the same of all series.
        period_round
            Number of the round; a later one ends the one before.
        """
        if period_round > self._round:
            if self._histogram:
                self._draw_limits()
            self._round, self._histogram = period_round, {}
        if money > 0.0:
            bucket = _bucket(money)
            self._histogram[bucket] = self._histogram.get(bucket, 0.0) + money

    def _draw_limits(self) -> None:
        total, above = sum(self._histogram.values()), 0.0
        limits: list[int] = []
        shares = iter((A_SHARE, B_SHARE))
        wanted = next(shares) * total
        for bucket in sorted(self._histogram, reverse=True):
            above += self._histogram[bucket]
            while above >= wanted and len(limits) < 2:
                limits.append(bucket)
                wanted = next(shares, 1.0) * total
        lowest = min(self._histogram)
        self._a_from, self._b_from = (*limits, lowest, lowest)[:2]
        self._found = True

    def of(self, money: float) -> AbcClass | None:
        """Return the class of a series that makes so much a period; None before the first round is over."""
        if not self._found:
            return None
        if money <= 0.0:
            return "C"
        bucket = _bucket(money)
        return "A" if bucket >= self._a_from else "B" if bucket >= self._b_from else "C"

    def state(self) -> list[object]:
        """Return everything as plain values."""
        return [self._round, self._found, self._a_from, self._b_from, sorted(self._histogram.items())]

    @classmethod
    def of_state(cls, state: Sequence[object]) -> AbcSketch:
        """Return the sketch that gave `state`."""
        sketch = cls()
        sketch._round, sketch._found, sketch._a_from, sketch._b_from, pairs = state  # type: ignore[assignment]
        sketch._histogram = dict(pairs)  # type: ignore[call-overload]
        return sketch


def _bucket(money: float) -> int:
    return math.floor(_BUCKETS_AN_OCTAVE * math.log2(money))
