"""Admission: from a record to something the engine may believe, or to a refusal with its reason.

What can be judged from the record alone is judged here, once, when it is fed; what needs the order (too far ahead of
the tick, older than the dedupe horizon, seen before) is judged by the gate when its turn comes.

The one rule: nothing is repaired, and a refused record keeps its place in the order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from schemas.currencies import MINOR_DECIMALS
from schemas.errors import BadEvent
from schemas.prices import CompetitorPrice
from schemas.quantities import to_ms
from schemas.quarantine import Refusal
from schemas.reading import read_competitor_price, read_sale, read_stock
from schemas.reasons import Reason
from schemas.sales import SaleFields
from schemas.stock import (
    Availability,
    OrderCancelled,
    OrderPlaced,
    ShelfPrice,
    StockAdjusted,
    StockCounted,
    StockDelivered,
)
from streams.merge import Item
from streams.ports import Place, Record

StockBody = StockCounted | StockDelivered | OrderPlaced | OrderCancelled | StockAdjusted | Availability | ShelfPrice
#: What a record turned out to be; `BadEvent` where it cannot be used.
Body = SaleFields | StockBody | CompetitorPrice | BadEvent
UNREADABLE_MS = -1


def refusal(place: Place, record: Record, error: BadEvent) -> Refusal:
    """Return the quarantine's view of a refused record."""
    offset, key, value, headers = record
    return Refusal(error.reason, error.detail, place.topic, place.partition, offset, key, value, headers)


def admit_sales(records: Sequence[Record]) -> list[Item[Body]]:
    """Return sales in record order; refused ones have no time."""
    items: list[Item[Body]] = []
    append = items.append
    new = tuple.__new__  # Item(...) would go through a Python frame for its default
    for record in records:
        try:
            fields = read_sale(record[2])
            key = record[1]
            if not key or key.decode() != fields["sku"]:
                raise _key_error(key)
            currency = fields.get("currency")
            if currency is not None and currency not in MINOR_DECIMALS:
                raise BadEvent(Reason.UNKNOWN_CURRENCY, currency)
            time_ms = round(fields["event_time"].timestamp() * 1000)
        except (BadEvent, UnicodeDecodeError) as error:
            append(Item(UNREADABLE_MS, record[0], _as_bad(error), record))
        else:
            append(new(Item, (time_ms, record[0], fields, record)))
    return items


def admit_stock(records: Sequence[Record]) -> list[Item[Body]]:
    """Return stock events in record order."""
    return [_admit(record, read_stock) for record in records]


def admit_prices(records: Sequence[Record]) -> list[Item[Body]]:
    """Return rivals' prices in record order."""
    return [_admit(record, read_competitor_price) for record in records]


def _admit(record: Record, read: Callable[[bytes | None], Any]) -> Item[Body]:
    try:
        event = read(record.value)
        if not record.key or record.key.decode() != event.sku:
            raise _key_error(record.key)
        currency = getattr(event, "currency", None)
        if currency is not None and currency not in MINOR_DECIMALS:
            raise BadEvent(Reason.UNKNOWN_CURRENCY, currency)
        return Item(to_ms(event.event_time), record.offset, event, record)
    except (BadEvent, UnicodeDecodeError) as error:
        return Item(UNREADABLE_MS, record.offset, _as_bad(error), record)


def _key_error(key: bytes | None) -> BadEvent:
    if not key:
        return BadEvent(Reason.EMPTY_KEY, "the record's key must be the sku")
    return BadEvent(Reason.KEY_MISMATCH, "the record's key is not the sku of its value")


def _as_bad(error: BadEvent | UnicodeDecodeError) -> BadEvent:
    return error if isinstance(error, BadEvent) else BadEvent(Reason.KEY_MISMATCH, "the record's key is not UTF-8")


#: How each input of a task is admitted, by its name.
ADMISSION: dict[str, Callable[[Sequence[Record]], list[Item[Body]]]] = {
    "prices": admit_prices,
    "stock": admit_stock,
    "sales": admit_sales,
}
