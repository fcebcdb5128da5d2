"""What a price usually is, so that an absurd read and a real price cut can be told apart.

::

                   within 0.5 … 2 × reference, or no reference yet
    read ──────────────────────────────────────────────────────────► believed; nothing aside
      │
      │ outside, and within the tolerance of the price put aside
      ├────────────────────────────────────────────────────────────► believed; it is the price put aside now
      │
      │ outside, unlike the price put aside (or there is none)
      └────────────────────────────────────────────────────────────► held: put aside until the next read

The reference is the median of the last 28 believed reads; the median of an even number is the mean of the middle two,
rounded down. A rival's lasting new price is therefore published from its second read on, beside the reference that
it left, and becomes the reference itself after fourteen reads more.

The one rule: prices are whole millionths; nothing here depends on a clock.
"""

from __future__ import annotations

import struct

from schemas.errors import StateCorrupt
from streams.price_desk.rules import REFERENCE_READS, PriceRules
from streams.sealing import seal, unseal

_VERSION = 1
_PERMILLE = 1000


class Reference:
    """The rolling reference of one rival's product in one region and one currency.

    Parameters
    ----------
    reads
        Believed prices in millionths, oldest first, at most 28.
    aside
        The last price outside the band, in millionths; None when the last read was inside.

    >>> reference = Reference()
    >>> [reference.believes(price, PriceRules()) for price in (10_000_000, 12_000_000, 11_000_000, 1_000_000)]
    [True, True, True, False]
    >>> reference.price()
    11000000
    """

    __slots__ = ("_aside", "_reads")

    def __init__(self, reads: tuple[int, ...] = (), aside: int | None = None) -> None:
        self._reads = list(reads)
        self._aside = aside

    def price(self) -> int | None:
        """Return the reference in millionths; None before the first believed read."""
        if not self._reads:
            return None
        ordered = sorted(self._reads)
        middle = len(ordered) // 2
        return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) // 2

    def believes(self, price: int, rules: PriceRules) -> bool:
        """Judge a price in millionths and remember it: among the reads, or aside until the next one."""
        usual = self._is_usual(price, rules)
        believed = usual or self._is_confirmed(price, rules)
        self._aside = None if usual else price
        if believed:
            self._reads.append(price)
            del self._reads[:-REFERENCE_READS]
        return believed

    def _is_usual(self, price: int, rules: PriceRules) -> bool:
        reference = self.price()
        if reference is None:
            return True
        return rules.low_permille * reference <= price * _PERMILLE <= rules.high_permille * reference

    def _is_confirmed(self, price: int, rules: PriceRules) -> bool:
        aside = self._aside
        return aside is not None and abs(price - aside) * _PERMILLE <= rules.tolerance_permille * aside

    def encode(self) -> bytes:
        """Return the field's bytes."""
        aside = -1 if self._aside is None else self._aside
        return seal(struct.pack(f">{1 + len(self._reads)}q", aside, *self._reads), _VERSION)

    @classmethod
    def decode(cls, field: str, value: bytes) -> Reference:
        """Return the reference in a field's bytes.

        Raises
        ------
        StateCorrupt
            When the field is broken.

        >>> Reference.decode("r", Reference((5, 7), 9).encode()).price()
        6
        """
        body = unseal(value, field, _VERSION)
        if not body or len(body) % 8 or len(body) > 8 * (1 + REFERENCE_READS):
            raise StateCorrupt(f"the price desk's field {field!r} has an impossible length.")
        aside, *reads = struct.unpack(f">{len(body) // 8}q", body)
        return cls(tuple(reads), None if aside < 0 else aside)
