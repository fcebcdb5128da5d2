"""Integers inside: how units, prices and times become whole numbers, and come back.

===========  =========================  ==============
quantity     inside                     outside
===========  =========================  ==============
units        thousandths of a unit      float units
unit price   millionths of currency     float
time         milliseconds since 1970    aware datetime
===========  =========================  ==============

The one rule: sums are made of integers, so that their order cannot change a result.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

THOUSANDTHS: Final = 1000
MILLIONTHS: Final = 1_000_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


def to_thousandths(units: float) -> int:
    """Return units as thousandths, rounding what is finer (till scales weigh to the gram).

    >>> to_thousandths(0.35)
    350
    """
    return round(units * THOUSANDTHS)


def to_units(thousandths: int) -> float:
    """Return thousandths as units.

    >>> to_units(350)
    0.35
    """
    return thousandths / THOUSANDTHS


def to_millionths(price: float) -> int:
    """Return a unit price as millionths of its currency.

    >>> to_millionths(18.9)
    18900000
    """
    return round(price * MILLIONTHS)


def to_ms(moment: datetime) -> int:
    """Return an aware moment as milliseconds since 1970.

    >>> to_ms(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000
    """
    return round(moment.timestamp() * 1000)


def to_datetime(ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware moment in UTC.

    >>> to_datetime(1000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return datetime.fromtimestamp(ms / 1000, UTC)


def to_iso(ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 text, as short as it is exact.

    >>> to_iso(1000), to_iso(1500)
    ('1970-01-01T00:00:01Z', '1970-01-01T00:00:01.500Z')
    """
    text = to_datetime(ms).isoformat(timespec="seconds" if ms % 1000 == 0 else "milliseconds")
    return text.replace("+00:00", "Z")
