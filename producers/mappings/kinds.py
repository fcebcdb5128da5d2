"""The kinds of events that a mapping may ask for, and where each goes.

============================  ======================  ====================  ===================================
kind                          topic                   key                   its moment, when the rule says none
============================  ======================  ====================  ===================================
sold, returned, voided        sales.v1                sku                   end of the row's period
counted … availability        stock.v1                sku                   end
shelf_price                   stock.v1                sku                   start
observed, matched             price-observations.v1   rival                 end, start
promotion, store_status       context.v1              kind + id + from      start
signal                        context.v1              kind + id + from      end: measured, so known afterwards
product, store, supply_terms  catalog.v1              entity + id + from    start
============================  ======================  ====================  ===================================

The one rule: a kind is a contract of `schemas` plus a topic; the mapping language knows nothing else about events.
`competitor-prices.v1` is absent: only the price desk writes it, for its records carry the desk's own order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.catalog import Product, Store, SupplyTerms
from schemas.context import ContextSignal, Promotion, StoreStatus
from schemas.fields import Contract, Event
from schemas.prices import MatchDecision, PriceObservation
from schemas.sales import Sale
from schemas.stock import (
    Availability,
    OrderCancelled,
    OrderPlaced,
    ShelfPrice,
    StockAdjusted,
    StockCounted,
    StockDelivered,
)
from schemas.topics import CATALOG, CONTEXT, OBSERVATIONS, SALES, STOCK, Topic

Moment = Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event.

    Parameters
    ----------
    topic
        Where it goes.
    contract
        What it must be.
    key
        The fields that its key is made of; a single one stands alone, several follow `key_head`, joined by bars.
    moment
        Whether it happens at the start or the end of its row's period, when the rule does not say.
    key_head
        First part of a key of several.
    fixed
        Fields that make the kind.
    """

    topic: Topic
    contract: type[Contract]
    key: tuple[str, ...]
    moment: Moment = "end"
    key_head: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def time_field(self) -> str:
        """The field that holds the event's own time."""
        if issubclass(self.contract, Event):
            return "event_time"
        return "known_at" if self.topic is CONTEXT else "valid_from"


_SKU, _RIVAL = ("sku",), ("rival",)

KINDS: Mapping[str, Kind] = {
    "sold": Kind(SALES, Sale, _SKU, fixed={"kind": "sold"}),
    "returned": Kind(SALES, Sale, _SKU, fixed={"kind": "returned"}),
    "voided": Kind(SALES, Sale, _SKU, fixed={"kind": "voided"}),
    "counted": Kind(STOCK, StockCounted, _SKU),
    "delivered": Kind(STOCK, StockDelivered, _SKU),
    "order_placed": Kind(STOCK, OrderPlaced, _SKU),
    "order_cancelled": Kind(STOCK, OrderCancelled, _SKU),
    "adjusted": Kind(STOCK, StockAdjusted, _SKU),
    "availability": Kind(STOCK, Availability, _SKU),
    "shelf_price": Kind(STOCK, ShelfPrice, _SKU, "start"),
    "observed": Kind(OBSERVATIONS, PriceObservation, _RIVAL),
    "matched": Kind(OBSERVATIONS, MatchDecision, _RIVAL, "start"),
    "promotion": Kind(CONTEXT, Promotion, ("promotion_id", "valid_from"), "start", "promotion"),
    "signal": Kind(CONTEXT, ContextSignal, ("name", "scope", "scope_id", "valid_from"), "end", "signal"),
    "store_status": Kind(CONTEXT, StoreStatus, ("store_id", "valid_from"), "start", "store_status"),
    "product": Kind(CATALOG, Product, ("sku", "valid_from"), "start", "product"),
    "store": Kind(CATALOG, Store, ("store_id", "valid_from"), "start", "store"),
    "supply_terms": Kind(CATALOG, SupplyTerms, ("supplier", "store_id", "sku", "valid_from"), "start", "supply_terms"),
}
