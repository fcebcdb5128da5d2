"""From the simulation's arrays to dated records: one function for each kind of event.

The one rule: bytes equal those of the contract's own `encode()`. Sales are the flood, so they alone are written from a
template; a law holds the template to the contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from producers.synth.assortment import CURRENCY
from producers.synth.dated import Dated
from schemas.catalog import Product, Store, SupplyTerms
from schemas.context import Promotion
from schemas.ids import derive_id
from schemas.prices import MatchDecision, PriceObservation
from schemas.quantities import to_datetime, to_iso, to_ms
from schemas.stock import OrderPlaced, ShelfPrice, StockAdjusted, StockCounted, StockDelivered
from schemas.topics import CATALOG, CONTEXT, OBSERVATIONS, SALES, STOCK

SeriesStockEvent = StockCounted | StockDelivered | OrderPlaced | StockAdjusted


def catalog_row(record: Store | Product | SupplyTerms) -> Dated:
    """Return a master data record; its key is the entity, its name and its valid-from."""
    names = {"store": "store_id", "product": "sku", "supply_terms": "supplier"}
    at_ms = to_ms(record.valid_from)
    key = f"{record.entity}|{getattr(record, names[record.entity])}|{to_iso(at_ms)}"
    return Dated(at_ms, CATALOG, key.encode(), record.encode())


def promotion_row(fact: Promotion) -> Dated:
    """Return a promotion, dated when it was announced."""
    key = f"{fact.kind}|{fact.promotion_id}|{to_iso(to_ms(fact.valid_from))}"
    return Dated(to_ms(fact.known_at), CONTEXT, key.encode(), fact.encode())


def stock_row(event: SeriesStockEvent | ShelfPrice) -> Dated:
    """Return an event of the stock system, under our sku."""
    return Dated(to_ms(event.event_time), STOCK, event.sku.encode(), event.encode())


def price_row(event: PriceObservation | MatchDecision) -> Dated:
    """Return what was read of a rival, under the rival."""
    return Dated(to_ms(event.event_time), OBSERVATIONS, event.rival.encode(), event.encode())


def shelf_price(source: str, sku: str, price: float, from_ms: int, to_ms_: int | None) -> ShelfPrice:
    """Return our own price of a sku in every store from a moment on."""
    return ShelfPrice(
        event_id=derive_id(source, "shelf_price", sku, from_ms),
        event_time=to_datetime(from_ms),
        sku=sku,
        unit_price=price,
        currency=CURRENCY,
        valid_from=to_datetime(from_ms),
        valid_to=None if to_ms_ is None else to_datetime(to_ms_),
    )


def sale_rows(
    source: str,
    skus: Sequence[tuple[str, str]],
    columns: Sequence[Sequence[int | float]],
) -> Iterator[Dated]:
    """Yield till lines.

    Parameters
    ----------
    source
        The market's name, part of every id.
    skus
        Store and sku of each series.
    columns
        Series, event time (whole seconds, in milliseconds), number within the day, units and unit price of each line.

    Yields
    ------
    Dated
        One record a line, in the order given.
    """
    for series, at_ms, number, units, price in zip(*columns, strict=True):
        store_id, sku = skus[series]
        event_id = derive_id(source, "sold", store_id, sku, at_ms, number)
        text = (
            f'{{"schema_version":1,"event_id":"{event_id}","event_time":"{to_iso(at_ms)}","kind":"sold",'
            f'"store_id":"{store_id}","sku":"{sku}","units":{units}.0,"unit_price":{price!r},"currency":"{CURRENCY}"}}'
        )
        yield Dated(at_ms, SALES, sku.encode(), text.encode())
