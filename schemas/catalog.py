"""`catalog.v1`: master data. Key: entity + valid-from, kept for ever, read whole by every worker.

The one rule: any field may be unknown (`None`), and whoever reads one says what follows from that.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Contract, Country, Currency, Days, Hours, Identifier, Name, Price, Text, Time, Units, Version

Weekday = Annotated[int, Field(ge=1, le=7)]


class _Record(Contract):
    schema_version: Version = 1
    valid_from: Time
    known_at: Time | None = None


class Product(_Record):
    """One of our products; `category` is a path, coarse to fine, joined by slashes."""

    entity: Literal["product"] = "product"
    sku: Identifier
    name: Name | None = None
    brand: Name | None = None
    category: Text | None = None
    pack_size: Units | None = None
    pack_unit: Name | None = None
    gtin: Identifier | None = None
    supplier: Identifier | None = None
    unit_cost: Price | None = None
    unit_price: Price | None = None
    currency: Currency | None = None
    shelf_life_days: Days | None = None
    status: Literal["active", "delisted"] = "active"


class OpeningHours(Contract):
    """Open from–to on one ISO weekday (1 = Monday), in the store's zone, hours since midnight."""

    weekday: Weekday
    opens: Annotated[float, Field(ge=0, le=24)]
    closes: Annotated[float, Field(ge=0, le=48)]


class Store(_Record):
    """One of our stores."""

    entity: Literal["store"] = "store"
    store_id: Identifier
    name: Name | None = None
    zone: Name | None = None
    currency: Currency | None = None
    country: Country | None = None
    manager: Name | None = None
    opening: tuple[OpeningHours, ...] | None = None


class SupplyTerms(_Record):
    """How a supplier delivers; unknown `store_id` or `sku` means all of them, the most specific record wins."""

    entity: Literal["supply_terms"] = "supply_terms"
    supplier: Identifier
    store_id: Identifier | None = None
    sku: Identifier | None = None
    lead_time_days: Days | None = None
    order_weekdays: tuple[Weekday, ...] | None = None
    cut_off_hour: Hours | None = None
    pack_multiple_units: Units | None = None
    minimum_units: Units | None = None
    express_hours: Hours | None = None
    transfer_hours: Hours | None = None


CatalogRecord = Annotated[Product | Store | SupplyTerms, Field(discriminator="entity")]
