"""`price-observations.v1` (key: rival) and `competitor-prices.v1` (key: our sku).

A match decision travels with the prices it is about, under the same key, so that the two have one order.
The one rule: an observation without a decision is counted, never guessed; a failed read is never "out of stock".
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Currency, Event, Identifier, Name, Price, Share, Text, Time

ObservationStatus = Literal["ok", "unknown", "blocked", "implausible"]
RivalAvailability = Literal["in_stock", "out_of_stock", "unknown"]


class PriceObservation(Event):
    """What one visit of a rival's page saw."""

    kind: Literal["observed"] = "observed"
    rival: Identifier
    rival_product: Identifier
    name: Name | None = None
    category: Text | None = None
    region: Identifier | None = None
    price: Price | None = None
    currency: Currency | None = None
    status: ObservationStatus = "ok"
    availability: RivalAvailability = "unknown"
    copied: bool = False
    raw_text: Text | None = None


class MatchDecision(Event):
    """A rival's product is (or is not) our sku; `score` is the matcher's, `decided_by` a person or a rule."""

    kind: Literal["matched"] = "matched"
    rival: Identifier
    rival_product: Identifier
    sku: Identifier
    accepted: bool = True
    score: Share | None = None
    decided_by: Name
    price_factor: Annotated[float, Field(gt=0, le=1000)] = 1.0


PriceInput = Annotated[PriceObservation | MatchDecision, Field(discriminator="kind")]


class CompetitorPrice(Event):
    """A rival's price for our sku, judged plausible, beside the rolling reference that it is measured against."""

    sku: Identifier
    rival: Identifier
    region: Identifier | None = None
    unit_price: Price | None = None
    reference_price: Price | None = None
    currency: Currency | None = None
    availability: RivalAvailability = "unknown"
    observed_at: Time
    #: (task, offset of the record in hand, index): readers keep one per task and drop what is not newer.
    at: tuple[int, int, int]
