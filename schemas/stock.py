"""`stock.v1`: what the stock system says, and our own shelf prices. Key: our sku.

===============  ==========================================================================
kind             meaning
===============  ==========================================================================
counted          on-hand is this many units now
delivered        this many units came in, perhaps against an order
order_placed     this many units are expected at `due_at`
order_cancelled  an order will not come
adjusted         waste, loss, damage, transfer: signed units
availability     in or out of stock for an interval, where no quantity is known
shelf_price      our own price from–to
===============  ==========================================================================

The one rule: quantities are absolute facts or movements, never a mixture in one kind.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Currency, Event, Identifier, Price, SignedUnits, Text, Time, Units, UnitsOrZero


class _SeriesEvent(Event):
    store_id: Identifier
    sku: Identifier


class StockCounted(_SeriesEvent):
    """On-hand is `units` at the event time."""

    kind: Literal["counted"] = "counted"
    units: UnitsOrZero


class StockDelivered(_SeriesEvent):
    """`units` came in; with `order_id` they close that order as far as they go."""

    kind: Literal["delivered"] = "delivered"
    units: Units
    order_id: Identifier | None = None


class OrderPlaced(_SeriesEvent):
    """`units` are on order and due at `due_at` (unknown where the supplier did not say)."""

    kind: Literal["order_placed"] = "order_placed"
    units: Units
    order_id: Identifier
    due_at: Time | None = None


class OrderCancelled(_SeriesEvent):
    """What is still open of the order will not come."""

    kind: Literal["order_cancelled"] = "order_cancelled"
    order_id: Identifier


class StockAdjusted(_SeriesEvent):
    """Stock moved without a sale: waste, loss, damage, transfer."""

    kind: Literal["adjusted"] = "adjusted"
    units: SignedUnits
    cause: Text | None = None


class Availability(_SeriesEvent):
    """In or out of stock during an interval, from a shop that knows no quantities."""

    kind: Literal["availability"] = "availability"
    in_stock: bool
    valid_from: Time
    valid_to: Time


class ShelfPrice(Event):
    """Our own price of a sku; `store_id` unknown means every store."""

    kind: Literal["shelf_price"] = "shelf_price"
    sku: Identifier
    store_id: Identifier | None = None
    unit_price: Price
    currency: Currency
    valid_from: Time
    valid_to: Time | None = None


StockEvent = Annotated[
    StockCounted | StockDelivered | OrderPlaced | OrderCancelled | StockAdjusted | Availability | ShelfPrice,
    Field(discriminator="kind"),
]
