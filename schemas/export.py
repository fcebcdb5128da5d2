"""The contracts as JSON Schema, for senders and readers in other languages: a pure function of the topic table.

::

    sales.v1, stock.v1, …     the schema of a record's value, strict: what we write, and what a sender should
    ticks.v1                  packed bytes: the schema is of the decoded tick, the layout stands in its description
    quarantine.v1             the value is whatever came: the schema is of the story in the headers

`demand-monitor schemas export` writes one file a topic; `schemas/json` holds them as they are, and a test of the house
compares the two, so that no contract changes without somebody seeing it.

The one rule: a schema is never edited by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from schemas.actions import AlertAction
from schemas.alerts import Alert
from schemas.catalog import CatalogRecord
from schemas.context import ContextFact
from schemas.forecasts import ForecastIssued
from schemas.prices import CompetitorPrice, PriceInput
from schemas.quarantine import PREFIX
from schemas.reasons import Reason
from schemas.sales import Sale
from schemas.signals import Signal
from schemas.stock import StockEvent
from schemas.ticks import Tick
from schemas.topics import (
    ACTIONS,
    ALERTS,
    CATALOG,
    CONTEXT,
    FORECASTS,
    OBSERVATIONS,
    PRICES,
    QUARANTINE,
    SALES,
    SIGNALS,
    STOCK,
    TICKS,
    TOPICS,
    Topic,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: The major version of every contract that this code reads.
SCHEMA_VERSION: Final = 1

_CONTRACTS: Final[Mapping[str, Any]] = {
    SALES.name: Sale,
    STOCK.name: StockEvent,
    PRICES.name: CompetitorPrice,
    TICKS.name: Tick,
    OBSERVATIONS.name: PriceInput,
    CONTEXT.name: ContextFact,
    CATALOG.name: CatalogRecord,
    FORECASTS.name: ForecastIssued,
    SIGNALS.name: Signal,
    ACTIONS.name: AlertAction,
    ALERTS.name: Alert,
}
_TICK_LAYOUT: Final = (
    "Packed bytes, little-endian: version (1 byte), t_ms, sales, stock, price, context and catalog ends (6 × int64); "
    "then, only from `load` and `synth`, the source as UTF-8 JSON: [name, digest, rows, done]."
)


def schema_of(topic: Topic) -> dict[str, Any]:
    """Return the JSON Schema of a topic's records.

    >>> schema_of(SALES)["required"]
    ['event_id', 'event_time', 'store_id', 'sku', 'units']
    """
    head: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:demand-monitor:{topic.name}",
        "$comment": f"Topic {topic.name}, key: {topic.key}. Made by `demand-monitor schemas export`; do not edit.",
    }
    if topic == QUARANTINE:
        return {**head, **_story_schema()}
    body = TypeAdapter(_CONTRACTS[topic.name]).json_schema()
    if topic == TICKS:
        body["description"] = _TICK_LAYOUT
    return {**head, **body}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of every topic, by topic name."""
    return {topic.name: schema_of(topic) for topic in TOPICS}


def render(schema: Mapping[str, Any]) -> str:
    """Return the text of a schema's file.

    >>> print(render({"b": 1, "a": "ñ"}), end="")
    {
      "b": 1,
      "a": "ñ"
    }
    """
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _story_schema() -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string"}
    number: dict[str, Any] = {"type": "string", "pattern": "^[0-9]+$"}
    return {
        "title": "Quarantine headers",
        "description": "Value, key and own headers are as they came; these headers tell why the record was refused.",
        "type": "object",
        "properties": {
            f"{PREFIX}reason": {"type": "string", "enum": [str(reason) for reason in Reason]},
            f"{PREFIX}detail": text,
            f"{PREFIX}topic": text,
            f"{PREFIX}partition": number,
            f"{PREFIX}offset": number,
            f"{PREFIX}tombstone": {"type": "string", "const": "1"},
            f"{PREFIX}redriven": number,
        },
        "required": [f"{PREFIX}{name}" for name in ("reason", "topic", "partition", "offset")],
        "additionalProperties": True,
    }
