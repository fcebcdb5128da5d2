"""`sales.v1`: what the tills say. Key: our sku.

========  ======================================  =====================  ==========================
kind      meaning                                 units sold (gross)     stock
========  ======================================  =====================  ==========================
sold      the customer took it                    + units                − units
returned  the customer brought it back            unchanged              + units if resaleable
voided    the sale never was                      − units                + units
========  ======================================  =====================  ==========================

The one rule: no field can hold anything about a customer.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from schemas.fields import Currency, Event, EventId, Identifier, Price, Time, Units, Version

SaleKind = Literal["sold", "returned", "voided"]


class Sale(Event):
    """One line of a till receipt."""

    kind: SaleKind = "sold"
    store_id: Identifier
    sku: Identifier
    units: Units
    unit_price: Price | None = None
    currency: Currency | None = None
    resaleable: bool | None = None
    reverses: EventId | None = None


class SaleFields(TypedDict):
    """The same fields as :class:`Sale`, read as a plain dict: a quarter of a model's cost, and sales are the flood."""

    schema_version: NotRequired[Version]
    event_id: EventId
    event_time: Time
    kind: NotRequired[SaleKind]
    store_id: Identifier
    sku: Identifier
    units: Units
    unit_price: NotRequired[Price | None]
    currency: NotRequired[Currency | None]
    resaleable: NotRequired[bool | None]
    reverses: NotRequired[EventId | None]
