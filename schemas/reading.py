"""From a record's bytes to a checked event, or to a reason: the tolerant side of every contract.

The one rule: reading drops fields it does not know and refuses everything else it cannot vouch for; it never repairs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from schemas.actions import AlertAction
from schemas.alerts import Alert
from schemas.catalog import CatalogRecord, Product, Store, SupplyTerms
from schemas.context import ContextFact, ContextSignal, Promotion, StoreStatus
from schemas.errors import BadEvent
from schemas.forecasts import ForecastIssued
from schemas.prices import CompetitorPrice, MatchDecision, PriceInput, PriceObservation
from schemas.reasons import Reason, reason_of
from schemas.sales import SaleFields
from schemas.signals import Finding, Progress, Signal
from schemas.stock import (
    Availability,
    OrderCancelled,
    OrderPlaced,
    ShelfPrice,
    StockAdjusted,
    StockCounted,
    StockDelivered,
    StockEvent,
)

#: A record above this is refused unread: parsing it would stall the task for one hostile sender.
MAX_PARSED_BYTES: Final = 262_144

T = TypeVar("T")
Reader = Callable[[bytes | None], T]


def _reader(contract: Any) -> Reader[Any]:
    validate = TypeAdapter[Any](contract).validator.validate_json

    def read(value: bytes | None) -> Any:
        if value is None:
            raise BadEvent(Reason.TOMBSTONE, "the record has no value")
        if len(value) > MAX_PARSED_BYTES:
            raise BadEvent(Reason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_PARSED_BYTES} are read")
        try:
            # Tolerant: `extra` here overrides the contract's own `forbid`, which is for writing.
            return validate(value, extra="ignore")
        except ValidationError as error:
            raise BadEvent(*_reason_for(value, error)) from None

    return read


def _reason_for(value: bytes, error: ValidationError) -> tuple[Reason, str]:
    reason, detail = reason_of(error)
    if reason is not Reason.INVALID_JSON and _version(value) not in (None, 1):
        return Reason.UNKNOWN_VERSION, "schema_version is not 1"
    return reason, detail


def _version(value: bytes) -> object:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return document.get("schema_version") if isinstance(document, dict) else None


read_sale = cast("Reader[SaleFields]", _reader(SaleFields))
read_stock = cast(
    "Reader[StockCounted | StockDelivered | OrderPlaced | OrderCancelled | StockAdjusted | Availability | ShelfPrice]",
    _reader(StockEvent),
)
read_price_input = cast("Reader[PriceObservation | MatchDecision]", _reader(PriceInput))
read_competitor_price = cast("Reader[CompetitorPrice]", _reader(CompetitorPrice))
read_context = cast("Reader[Promotion | ContextSignal | StoreStatus]", _reader(ContextFact))
read_catalog = cast("Reader[Product | Store | SupplyTerms]", _reader(CatalogRecord))
read_signal = cast("Reader[Finding | Progress]", _reader(Signal))
read_action = cast("Reader[AlertAction]", _reader(AlertAction))
read_alert = cast("Reader[Alert]", _reader(Alert))
read_forecast = cast("Reader[ForecastIssued]", _reader(ForecastIssued))
