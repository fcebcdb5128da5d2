"""How a day's demand is spread over its hours: the pooled share-of-day curve.

Why: at noon, "sold so far" says nothing until one knows which share of a day is usually sold by noon; and one series
sells too little to learn that alone. So a curve is learnt for each store, category and weekday, and drawn towards what
is wider where little is known:

::

    uniform over the trading hours ◄─ task ◄─ store ◄─ store x category ◄─ store x category x weekday
                                      every node: sum of weighted shares by local hour, sum of weights

    curve(node) = (shares of the node + PRIOR * curve(wider node)) / (weight of the node + PRIOR)

A day weighs as many hours as it was spread over, `(sum u)^2 / sum u^2` of its hourly units u: a bulk order in a single
hour weighs 1, however large it was.

The one rule: a curve is over the local hours of the wall clock, 0 .. 23, and its shares sum to 1. The hour that a
clock change skips has no units that day, the one that it repeats has both.

State of a store, a category or the whole task is one field::

    version 1 ┆ nodes: (weight, 24 weighted shares) float32 each; 1 node, or for a category 1 + slots of the season

Numbers are held in single precision in memory too: what is stored is what is used.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import NamedTuple

from schemas.errors import StateCorrupt

FORMAT_VERSION = 1
HOURS = 24
#: What the wider curve weighs, in hours of sales.
PRIOR_HOURS = 100.0
#: A node that has seen more than this forgets in proportion, so it follows a change of opening hours.
MEMORY_HOURS = 30_000.0
_NODE = 1 + HOURS
_ROOT = ""


class DayCurve(NamedTuple):
    """Shares of a day's demand.

    Parameters
    ----------
    elapsed
        Share of the day that lies before each local hour 0 .. 24: 25 ascending numbers from 0 to 1.
    squares
        Sum of the squares of the hours' shares: the chance that two units of a day fall into the same hour.

    Examples
    --------
    >>> even = DayCurve.of([0.0] * 8 + [1.0] * 10 + [0.0] * 6)
    >>> round(even.share(8), 3), round(even.elapsed[13], 3), round(even.until(12.5), 3)
    (0.1, 0.5, 0.45)
    """

    elapsed: tuple[float, ...]
    squares: float

    @classmethod
    def of(cls, weights: Iterable[float]) -> DayCurve:
        """The curve in proportion to 24 weights, of which at least one is above 0."""
        parts = list(weights)
        if len(parts) != HOURS:
            raise ValueError(f"a day has {HOURS} local hours, not {len(parts)}")
        sums = list(accumulate(parts, initial=0.0))
        total = sums[-1]
        squares = sum([part * part for part in parts]) / (total * total)
        return cls(tuple([part / total for part in sums]), squares)

    def share(self, hour: int) -> float:
        """Share of one local hour."""
        return self.elapsed[hour + 1] - self.elapsed[hour]

    def until(self, hours: float) -> float:
        """Share of the day up to a moment, in hours since local midnight by the wall clock."""
        hour = min(max(int(hours), 0), HOURS - 1)
        part = min(max(hours - hour, 0.0), 1.0)
        return self.elapsed[hour] + part * (self.elapsed[hour + 1] - self.elapsed[hour])

    def at(self, share: float) -> float:
        """Hours since local midnight at which a share of the day has been sold; the opposite of :meth:`until`.

        Examples
        --------
        >>> even = DayCurve.of([0.0] * 8 + [1.0] * 10 + [0.0] * 6)
        >>> even.at(0.0), round(even.at(0.45), 3), even.at(1.0)
        (8.0, 12.5, 18.0)
        """
        hour = min(bisect_right(self.elapsed, share), bisect_left(self.elapsed, 1.0)) - 1
        if hour < 0:
            return 0.0
        return hour + min((share - self.elapsed[hour]) / self.share(hour), 1.0)


class DayCurves:
    """The curves of one task.

    Parameters
    ----------
    opens, closes
        First and last hour of selling: what is taken before anything is known.
    slots
        Slots of the season: 7 weekdays.

    Examples
    --------
    >>> curves = DayCurves(opens=8, closes=18, slots=7)
    >>> round(curves.curve("lima", "dairy", 0).elapsed[13], 3)
    0.5
    >>> for week in range(50): curves.learn("lima", "dairy", 0, {9: 1.0, 12: 2.0, 17: 1.0})
    >>> round(curves.curve("lima", "dairy", 0).elapsed[13], 2), round(curves.curve("lima", "tea", 5).elapsed[13], 2)
    (0.74, 0.7)
    """

    def __init__(self, opens: int, closes: int, slots: int) -> None:
        self._slots = slots
        self._outset = [1.0 if opens <= hour < closes else 0.0 for hour in range(HOURS)]
        if not any(self._outset):
            self._outset = [1.0] * HOURS
        total = sum(self._outset)
        self._outset = [weight / total for weight in self._outset]
        self._blank = array("f", bytes(4 * _NODE))
        self._nothing = array("f", bytes(4 * _NODE * (1 + slots)))
        self._nodes: dict[str, array[float]] = {}
        self._dirty: set[str] = set()
        self._known: dict[tuple[str, str, int], DayCurve] = {}

    def curve(self, store: str, category: str, slot: int) -> DayCurve:
        """The curve of a store's category on a weekday.

        Parameters
        ----------
        store
            The store's id.
        category
            The category, "" where none is known.
        slot
            The weekday, Monday 0.
        """
        found = self._known.get((store, category, slot))
        if found is None:
            found = self._known[store, category, slot] = self._work_out(store, category, slot)
        return found

    def _work_out(self, store: str, category: str, slot: int) -> DayCurve:
        # Each level keeps PRIOR / (its weight + PRIOR) of the wider one, so the whole is a weighted sum of the levels.
        both = self._nodes.get(f"{store}|{category}", self._nothing)
        root, shop = self._nodes.get(_ROOT, self._blank), self._nodes.get(store, self._blank)
        at = (1 + slot) * _NODE
        d = 1.0 / (both[at] + PRIOR_HOURS)
        c = d * PRIOR_HOURS / (both[0] + PRIOR_HOURS)
        b = c * PRIOR_HOURS / (shop[0] + PRIOR_HOURS)
        a = b * PRIOR_HOURS / (root[0] + PRIOR_HOURS)
        levels = zip(self._outset, root[1:], shop[1:], both[1:_NODE], both[at + 1 : at + _NODE], strict=True)
        outset = a * PRIOR_HOURS
        return DayCurve.of([outset * o + a * r + b * s + c * k + d * w for o, r, s, k, w in levels])

    def learn(self, store: str, category: str, slot: int, units: Mapping[int, float]) -> None:
        """Learn a day that is over and was in stock throughout.

        Parameters
        ----------
        store, category, slot
            As in :meth:`curve`.
        units
            Units sold by local hour; hours without sales may be missing, net-negative ones count as none.
        """
        sold = [(hour, part) for hour, part in units.items() if part > 0.0]
        total = sum(part for _, part in sold)
        if total <= 0.0:
            return
        weight = total * total / sum([part * part for _, part in sold])
        lesson = [(0, weight), *[(1 + hour, weight * part / total) for hour, part in sold]]
        for name, empty in ((_ROOT, self._blank), (store, self._blank)):
            self._add(name, empty, 0, lesson)
        both = f"{store}|{category}"
        self._add(both, self._nothing, 0, lesson)
        self._add(both, self._nothing, (1 + slot) * _NODE, lesson)
        self._known.clear()

    def _add(self, name: str, empty: array[float], at: int, lesson: Iterable[tuple[int, float]]) -> None:
        sums = self._nodes.get(name)
        if sums is None:
            sums = self._nodes[name] = array("f", empty)
        for place, part in lesson:
            sums[at + place] += part
        if sums[at] > MEMORY_HOURS:
            keep = MEMORY_HOURS / sums[at]
            for place in range(at, at + _NODE):
                sums[place] *= keep
        self._dirty.add(name)

    # --- state --------------------------------------------------------------------------------------------------

    def dirty_bytes(self) -> int:
        """Return an estimate of what :meth:`writes` would give."""
        return len(self._dirty) * 4 * _NODE * (1 + self._slots)

    def writes(self) -> dict[str, bytes]:
        """Return, by name, the state of every node that changed, and count them as clean."""
        fields = {name: self._encode(name) for name in sorted(self._dirty)}
        self._dirty.clear()
        return fields

    def _encode(self, name: str) -> bytes:
        return bytes((FORMAT_VERSION,)) + _little(self._nodes[name]).tobytes()

    def take(self, name: str, state: bytes) -> None:
        """Take the state of one store, category or task, as `writes` gave it.

        Raises
        ------
        StateCorrupt
            Of another format or length.
        """
        size = 4 * _NODE
        if not state or state[0] != FORMAT_VERSION:
            raise StateCorrupt(f"The day curve {name!r} has another format; this version reads {FORMAT_VERSION}.")
        nodes = 1 + self._slots if "|" in name else 1
        if len(state) != 1 + nodes * size:
            raise StateCorrupt(f"The day curve {name!r} does not read: {len(state)} bytes.")
        sums = array("f")
        sums.frombytes(state[1:])
        self._nodes[name] = _little(sums)
        self._known.clear()


def _little(numbers: array[float]) -> array[float]:
    """Return numbers as they lie on a little-endian machine; the opposite of itself."""
    if sys.byteorder == "big":
        numbers = array("f", numbers)
        numbers.byteswap()
    return numbers
