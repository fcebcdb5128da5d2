"""Observations and decisions for the price desk's tests, as records of one partition."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.prices import CompetitorPrice, MatchDecision, PriceObservation
from schemas.reading import read_competitor_price
from schemas.topics import PRICES
from streams.outcome import Output
from streams.ports import Place, Record, Snapshot
from streams.price_desk.task import OBSERVATIONS_INPUT, PriceDesk

PLACE = Place("shop-price-observations.v1", 2)
PARTITIONS = 4
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def seen(event_id: str, price: float | None, **fields: Any) -> bytes:
    """Return one read of Nova's milk."""
    given = {"event_time": NOON, "rival": "nova", "rival_product": "milk-1l", "currency": "PEN", **fields}
    return PriceObservation(event_id=event_id, price=price, **given).encode()


def matched(event_id: str, sku: str, **fields: Any) -> bytes:
    """Return the decision that Nova's milk is our sku."""
    given = {"event_time": NOON, "rival": "nova", "rival_product": "milk-1l", "decided_by": "Rosa", **fields}
    return MatchDecision(event_id=event_id, sku=sku, **given).encode()


def days_later(days: int) -> datetime:
    return NOON + timedelta(days=days)


def records(*values: bytes | None, first: int = 0, key: bytes | None = b"nova") -> list[Record]:
    """Return records with consecutive offsets under one key."""
    return [Record(first + index, key, value) for index, value in enumerate(values)]


def open_desk(snapshot: Snapshot | None = None) -> PriceDesk:
    return PriceDesk(PLACE, PARTITIONS, snapshot or Snapshot(None, {}))


def tell(desk: PriceDesk, *values: bytes | None) -> list[Output]:
    """Feed values after what the desk has read, and handle them."""
    first = max(desk.position, 0)
    batch = records(*values, first=first)
    desk.feed(OBSERVATIONS_INPUT, batch, first + len(batch))
    return list(desk.handle(len(batch)))


def prices(outputs: list[Output]) -> list[CompetitorPrice]:
    """Return the competitor prices among outputs."""
    return [read_competitor_price(output.value) for output in outputs if output.topic is PRICES]
