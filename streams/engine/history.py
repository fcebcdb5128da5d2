"""What is cold about one series: its past periods, and its model's bytes. Read and written when a period closes.

::

    first ┆ count ┆ pairs ┆ rest ┆ sold: int32 × count (thousandths) ┆ taught: one bit each ┆ returned
    ┆ pace, classes, model

`pace`, where there is a model, is what the hours of the open period are held against: its forecast's mean and
dispersion (not a number while there is none), and the sums of :class:`online_models.nowcast.Clump`; single precision.

`taught` tells sales from demand: a period that was closed, silent, or without stock holds what was sold, and teaches
nothing.

The one rule: int32 rings refuse an overflow (2.1 million units in one period); nothing is clipped.
"""

from __future__ import annotations

import math
import struct
from array import array

from schemas.quantities import THOUSANDTHS
from streams.engine.classes import NO_CLASSES, Classes
from streams.sealing import seal, unseal

KEPT_PERIODS = 400
INT32_MAX = 2**31 - 1
_HEAD = struct.Struct("<iHHH")
_MOST_REST = 2**16 - 1
_PAIR = struct.Struct("<iq")
_NO_PACE = (math.nan, math.nan, 0.0, 0.0)
_PACE_SIZE = 4 * len(_NO_PACE)


class History:
    """Past periods of one series, newest last.

    >>> history = History()
    >>> history.append(738000, 2500, 0, True)
    >>> history.append(738001, 0, 0, False)
    >>> history.units(), History.decode(history.encode(), "x").units()
    ([2.5, None], [2.5, None])
    """

    __slots__ = ("classes", "first", "model", "pace", "rest", "returned", "sold", "taught")

    def __init__(self) -> None:
        self.first = 0
        self.sold = array("i")
        self.taught = bytearray()
        self.returned: dict[int, int] = {}
        self.model = b""
        self.pace = array("f", _NO_PACE)
        #: Periods slept through of which the model was not told yet.
        self.rest = 0
        self.classes = NO_CLASSES

    def append(self, period: int, sold: int, returned: int, taught: bool) -> None:
        """Add the period after the newest one."""
        if not self.sold:
            self.first = period
        self.sold.append(sold)
        self.taught.append(taught)
        if returned:
            self.returned[period] = returned
        if len(self.sold) > KEPT_PERIODS:
            self._let_go()

    def _let_go(self) -> None:
        """Forget the oldest periods, as many as are too many."""
        for _ in range(len(self.sold) - KEPT_PERIODS):
            self.returned.pop(self.first, None)
            self.first += 1
        del self.sold[:-KEPT_PERIODS], self.taught[:-KEPT_PERIODS]

    def skip_to(self, period: int, first: int) -> int:
        """Fill up to a period with zeros that teach nothing, from `first` where there is no past; return how many."""
        begin = self.first + len(self.sold) if self.sold else first
        missing = period - begin
        if missing > KEPT_PERIODS:
            self.sold, self.taught, self.returned = array("i"), bytearray(), {}
            begin = period - KEPT_PERIODS
        if not self.sold:
            self.first = begin
        self.sold.frombytes(bytes(4 * (period - begin)))
        self.taught += bytes(period - begin)
        self._let_go()
        return missing

    def sleep_until(self, period: int, believed: bool) -> int:
        """Fill up to a period with zeros, taught where they are believed; withdraw the forecast; return how many."""
        slept = self.skip_to(period, self.first)
        if believed and slept:
            kept = min(slept, len(self.taught))
            self.taught[-kept:] = b"\1" * kept
        self.rest = min(self.rest + slept, _MOST_REST)
        self.pace[0] = math.nan
        return slept

    def wake_earlier(self) -> None:
        """Take back the last period that was slept through."""
        self.rest -= 1
        del self.sold[-1:], self.taught[-1:]

    def size(self) -> int:
        """Return about how many bytes :meth:`encode` would give."""
        return _HEAD.size + 5 * len(self.sold) + _PAIR.size * len(self.returned) + len(self.model)

    def sold_in(self, period: int) -> int:
        """Return what was sold in a kept period, thousandths; 0 where there is none."""
        at = period - self.first
        return self.sold[at] if 0 <= at < len(self.sold) else 0

    def correct(self, period: int, sold: int, returned: int) -> bool:
        """Add to a closed period; one before the first is put there, untaught. False when there is no room for it."""
        if self.sold and self.first - KEPT_PERIODS + len(self.sold) <= period < self.first:
            missing = self.first - period
            self.sold[:0] = array("i", bytes(4 * missing))
            self.taught[:0] = bytes(missing)
            self.first = period
        at = period - self.first
        if not 0 <= at < len(self.sold):
            return False
        self.sold[at] += sold
        if returned:
            self.returned[period] = self.returned.get(period, 0) + returned
        return True

    def units(self, newest: int = KEPT_PERIODS) -> list[float | None]:
        """Return the units sold in the newest periods, oldest first; None where a period taught nothing."""
        pairs = zip(self.sold[-newest:], self.taught[-newest:], strict=True)
        return [max(sold, 0) / THOUSANDTHS if taught else None for sold, taught in pairs]

    def is_longest_run(self, factor: float) -> bool:
        """Return whether the zeros at the end, and one more, are so many times the longest run of zeros before them.

        >>> history = History()
        >>> for period, sold in enumerate([5, 0, 0, 5, 0, 0]): history.append(period, sold, 0, True)
        >>> history.is_longest_run(1.5), history.is_longest_run(2.0)
        (True, False)
        """
        longest = run = 0
        for sold, taught in zip(self.sold, self.taught, strict=True):
            if sold > 0:
                longest = max(longest, run)
                run = 0
            else:
                run += taught
        return run + 1 >= factor * longest

    def periods(self) -> dict[int, tuple[int, int]]:
        """Return (sold, returned) in thousandths by period."""
        return {self.first + at: (sold, self.returned.get(self.first + at, 0)) for at, sold in enumerate(self.sold)}

    def encode(self) -> bytes:
        """Return the sealed field."""
        pairs = b"".join(_PAIR.pack(period, units) for period, units in self.returned.items())
        bits = _pack_bits(self.taught)
        head = _HEAD.pack(self.first, len(self.sold), len(self.returned), self.rest)
        pace = self.pace.tobytes() + bytes((self.classes.number(),)) if self.model else b""
        return seal(head + self.sold.tobytes() + bits + pairs + pace + self.model)

    @classmethod
    def decode(cls, field: bytes, name: str) -> History:
        """Return the history in a sealed field."""
        payload = unseal(field, name)
        history = cls()
        history.first, count, pairs, history.rest = _HEAD.unpack_from(payload)
        at = _HEAD.size
        history.sold.frombytes(payload[at : at + 4 * count])
        at += 4 * count
        size = -(-count // 8)
        history.taught = _unpack_bits(payload[at : at + size], count)
        at += size
        for _ in range(pairs):
            period, units = _PAIR.unpack_from(payload, at)
            history.returned[period] = units
            at += _PAIR.size
        if at < len(payload):
            history.pace = array("f")
            history.pace.frombytes(payload[at : at + _PACE_SIZE])
            history.classes = Classes.of_number(payload[at + _PACE_SIZE])
            history.model = payload[at + _PACE_SIZE + 1 :]
        return history


def _pack_bits(flags: bytearray) -> bytes:
    bits = int("0" + flags[::-1].translate(_TO_DIGITS).decode(), 2)
    return bits.to_bytes(-(-len(flags) // 8), "little")


def _unpack_bits(packed: bytes, count: int) -> bytearray:
    bits = int.from_bytes(packed, "little")
    digits = f"{bits:0{count}b}" if count else ""
    return bytearray(digits.encode().translate(_FROM_DIGITS)[::-1])


_TO_DIGITS = bytes.maketrans(b"\x00\x01", b"01")
_FROM_DIGITS = bytes.maketrans(b"01", b"\x00\x01")
