"""`context.v1`: what was known about the world, and since when. One partition, read whole.

The one rule: every fact carries `known_at`; nothing may be looked up before it was known, so a weather forecast and
the weather are two facts.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Contract, Finite, Identifier, Name, Share, Text, Time, Version


class _Fact(Contract):
    schema_version: Version = 1
    known_at: Time
    valid_from: Time
    valid_to: Time | None = None


class Promotion(_Fact):
    """A price promotion of a sku; `store_id` unknown means every store; `depth` is the share taken off."""

    kind: Literal["promotion"] = "promotion"
    promotion_id: Identifier
    sku: Identifier
    store_id: Identifier | None = None
    depth: Share | None = None
    name: Name | None = None


class ContextSignal(_Fact):
    """A named number about a place or a product: weather, macro, search interest, spend. Aggregates, never a person."""

    kind: Literal["signal"] = "signal"
    name: Identifier
    scope: Literal["country", "store", "category", "sku"]
    scope_id: Identifier
    value: Finite
    unit: Text
    source: Text | None = None


class StoreStatus(_Fact):
    """A store is open, closed, or its till feed is down."""

    kind: Literal["store_status"] = "store_status"
    store_id: Identifier
    status: Literal["open", "closed", "feed_down"]
    reason: Text | None = None


ContextFact = Annotated[Promotion | ContextSignal | StoreStatus, Field(discriminator="kind")]
