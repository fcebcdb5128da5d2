"""What is hot about one series: on-hand, open windows, open episodes. Read and written at every sale.

::

    row   head ┆ what is known of fourteen optional numbers ┆ open periods ┆ open hours ┆ recent movements ┆ open orders
          ┆ of a day that is open: closed hours, gaps

The one rule: all quantities are thousandths of a unit, all times milliseconds; unknown is None in memory and takes no
room in a row.
"""

from __future__ import annotations

import struct
from array import array
from operator import attrgetter
from zlib import crc32

#: Which optional numbers follow (one bit each; the highest: the hours of a day), next_period, counted_ms, price_ms,
#: flags, no_sale_log, lengths.
_HEAD = struct.Struct("<Hi3qd4H")
#: The numbers that may be unknown, in the order of their bits: fifteen at most.
_OPTIONAL = (
    "on_hand",
    "last_sale_ms",
    "price",
    "threshold",
    "clear_at",
    "risk_since",
    "stockout_since",
    "suspect_since",
    "surge_since",
    "drift_since",
    "slump_since",
    "excess_since",
    "stated_risk",
    "stated_until",
)
_optional_of = attrgetter(*_OPTIONAL)
_NUMBERS = [struct.Struct(f"<{count}q") for count in range(len(_OPTIONAL) + 1)]
_PERIOD = struct.Struct("<i4q")
#: An ordinal (of an hour, of a step) in four bytes, units in eight.
_PAIR_BYTES = 12
_ORDER = struct.Struct("<qqH")
_HAS_DAY = 1 << 15
_DAY = struct.Struct("<iHH")
_GAP = struct.Struct("<3q")
_NONE = -(1 << 63)

#: What an open period holds: sold, returned, hours seen empty, milliseconds out of stock.
SOLD, RETURNED, EMPTY_HOURS, OUT_MS = range(4)


class Order:
    """One open order."""

    __slots__ = ("due_ms", "order_id", "units")

    def __init__(self, order_id: str, units: int, due_ms: int | None) -> None:
        self.order_id = order_id
        self.units = units
        self.due_ms = due_ms


class Series:
    """Hot state of one (store, sku).

    Parameters
    ----------
    store_id, sku
        The series' names.
    next_period
        Ordinal of the oldest period that is not closed.
    """

    __slots__ = (
        "clear_at",
        "closed",
        "counted_ms",
        "crc",
        "dirty",
        "drift_since",
        "excess_since",
        "gaps",
        "hours",
        "index",
        "last_sale_ms",
        "name",
        "next_period",
        "no_sale_log",
        "on_hand",
        "open",
        "orders",
        "price",
        "price_ms",
        "recent",
        "risk_early",
        "risk_since",
        "segment",
        "sku",
        "slump_since",
        "stated_risk",
        "stated_until",
        "stockout_since",
        "store_id",
        "surge_since",
        "suspect_since",
        "threshold",
        "zero_log",
    )

    def __init__(self, store_id: str, sku: str, next_period: int) -> None:
        self.store_id = store_id
        self.sku = sku
        self.name = f"{store_id}|{sku}"
        self.crc = crc32(self.name.encode())
        self.index = -1
        self.segment = -1
        self.dirty = False
        self.next_period = next_period
        self.on_hand: int | None = None
        self.counted_ms = 0
        self.last_sale_ms: int | None = None
        self.price: int | None = None
        self.price_ms = 0
        self.threshold: int | None = None
        self.clear_at: int | None = None
        self.risk_since: int | None = None
        self.risk_early = 0
        self.stockout_since: int | None = None
        self.suspect_since: int | None = None
        self.surge_since: int | None = None
        self.slump_since: int | None = None
        self.drift_since: int | None = None
        self.excess_since: int | None = None
        #: The risk whose outcome is awaited, and until when, see `outcomes.py`.
        self.stated_risk: int | None = None
        self.stated_until: int | None = None
        self.no_sale_log = 0.0
        self.zero_log = 0
        self.open: dict[int, list[int]] = {}
        self.hours: dict[int, int] = {}
        self.recent: dict[int, int] = {}
        self.orders: list[Order] = []
        #: What was sold in the closed hours of periods that are open, thousandths; an hour without any is not there.
        self.closed: dict[int, int] = {}
        #: When the shelf could not sell: told at, from, until.
        self.gaps: list[tuple[int, int, int]] = []

    def on_order(self) -> int:
        """Return what is on order."""
        return sum(order.units for order in self.orders)

    def pack(self) -> bytes:
        """Return the row; what is not packed here is not state."""
        known = _HAS_DAY if self.closed or self.gaps else 0
        numbers: list[int] = []
        for bit, value in enumerate(_optional_of(self)):
            if value is not None:
                known |= 1 << bit
                numbers.append(value)
        parts = [
            _HEAD.pack(
                known,
                self.next_period,
                self.counted_ms,
                self.price_ms,
                self.risk_early | self.zero_log << 1,
                self.no_sale_log,
                len(self.open),
                len(self.hours),
                len(self.recent),
                len(self.orders),
            ),
            _NUMBERS[len(numbers)].pack(*numbers),
        ]
        parts += [_PERIOD.pack(period, *window) for period, window in self.open.items()]
        parts += [array("i", self.hours).tobytes(), array("q", self.hours.values()).tobytes()]
        parts += [array("i", self.recent).tobytes(), array("q", self.recent.values()).tobytes()]
        for order in self.orders:
            name = order.order_id.encode()
            parts.append(_ORDER.pack(order.units, _NONE if order.due_ms is None else order.due_ms, len(name)) + name)
        if known & _HAS_DAY:
            parts.append(self._pack_day())
        return b"".join(parts)

    def unpack(self, row: bytes) -> None:
        """Take the state of a row; the opposite of :meth:`pack`."""
        head = _HEAD.unpack_from(row)
        known, self.next_period, self.counted_ms, self.price_ms, flags, self.no_sale_log = head[:6]
        self.risk_early, self.zero_log = flags & 1, flags >> 1
        size = (known & ~_HAS_DAY).bit_count()
        numbers = iter(_NUMBERS[size].unpack_from(row, _HEAD.size))
        for bit, name in enumerate(_OPTIONAL):
            setattr(self, name, next(numbers) if known & 1 << bit else None)
        at = self._unpack_lists(row, _HEAD.size + _NUMBERS[size].size, head[6:])
        if known & _HAS_DAY:
            self._unpack_day(row, at)

    def _unpack_lists(self, row: bytes, at: int, counts: tuple[int, ...]) -> int:
        periods, hours, moves, orders = counts
        for _ in range(periods):
            period, *window = _PERIOD.unpack_from(row, at)
            self.open[period] = window
            at += _PERIOD.size
        self.hours = _pairs(row, at, hours)
        at += hours * _PAIR_BYTES
        self.recent = _pairs(row, at, moves)
        at += moves * _PAIR_BYTES
        for _ in range(orders):
            units, due_ms, size = _ORDER.unpack_from(row, at)
            at += _ORDER.size
            self.orders.append(Order(row[at : at + size].decode(), units, None if due_ms == _NONE else due_ms))
            at += size
        return at

    def _pack_day(self) -> bytes:
        first = min(self.closed, default=0)
        hours, units = array("H", [hour - first for hour in self.closed]), array("i", self.closed.values())
        gaps = b"".join([_GAP.pack(*gap) for gap in self.gaps])
        return _DAY.pack(first, len(hours), len(self.gaps)) + hours.tobytes() + units.tobytes() + gaps

    def _unpack_day(self, row: bytes, at: int) -> None:
        first, closed, gaps = _DAY.unpack_from(row, at)
        hours, units = array("H"), array("i")
        at += _DAY.size
        hours.frombytes(row[at : at + 2 * closed])
        at += 2 * closed
        units.frombytes(row[at : at + 4 * closed])
        at += 4 * closed
        self.closed = {first + hour: sold for hour, sold in zip(hours, units, strict=True)}
        self.gaps = [_GAP.unpack_from(row, at + place * _GAP.size) for place in range(gaps)]


def _pairs(row: bytes, at: int, count: int) -> dict[int, int]:
    ordinals, units = array("i"), array("q")
    middle = at + 4 * count
    ordinals.frombytes(row[at:middle])
    units.frombytes(row[middle : middle + 8 * count])
    return dict(zip(ordinals, units, strict=True))
