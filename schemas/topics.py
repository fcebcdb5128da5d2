"""The topic table: what each topic holds, its key, partitions, retention and compaction.

The one rule: topics exist only through this table. `LogAppendTime` everywhere: event time lives in the payload alone
(a record stamped 2010 by its sender would be deleted at the next retention check).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.quantities import DAY_MS

MAX_MESSAGE_BYTES = 1_048_576
QUARANTINE_MESSAGE_BYTES = 2 * MAX_MESSAGE_BYTES
INPUT_RETENTION_DAYS = 400


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table.

    Parameters
    ----------
    name
        Name without the installation's prefix.
    key
        What the record's key is, in words.
    partitions
        "tasks" for one per task (P), or "one".
    retention_days
        None keeps for ever.
    compacted
        True keeps the newest record of a key.
    max_message_bytes
        Largest record accepted.
    """

    name: str
    key: str
    partitions: Literal["tasks", "one"]
    retention_days: int | None
    compacted: bool = False
    max_message_bytes: int = MAX_MESSAGE_BYTES

    def config(self) -> dict[str, str]:
        """Return the broker's settings for this topic."""
        retention_ms = -1 if self.retention_days is None else self.retention_days * DAY_MS
        return {
            "message.timestamp.type": "LogAppendTime",
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


SALES = Topic("sales.v1", "our sku", "tasks", INPUT_RETENTION_DAYS)
STOCK = Topic("stock.v1", "our sku", "tasks", INPUT_RETENTION_DAYS)
PRICES = Topic("competitor-prices.v1", "our sku", "tasks", INPUT_RETENTION_DAYS)
TICKS = Topic("ticks.v1", "none; written to each partition", "tasks", INPUT_RETENTION_DAYS)
OBSERVATIONS = Topic("price-observations.v1", "rival", "tasks", INPUT_RETENTION_DAYS)
CONTEXT = Topic("context.v1", "kind + id + valid-from", "one", None)
CATALOG = Topic("catalog.v1", "entity + valid-from", "one", None)
FORECASTS = Topic("forecasts.v1", "store|sku", "tasks", None, compacted=True)
SIGNALS = Topic("signals.v1", "store|sku", "one", INPUT_RETENTION_DAYS)
ACTIONS = Topic("alert-actions.v1", "alert_id", "one", None)
ALERTS = Topic("alerts.v1", "alert_id", "one", None, compacted=True)
QUARANTINE = Topic("quarantine.v1", "as it came", "one", INPUT_RETENTION_DAYS, False, QUARANTINE_MESSAGE_BYTES)

TOPICS: tuple[Topic, ...] = (
    SALES,
    STOCK,
    PRICES,
    TICKS,
    OBSERVATIONS,
    CONTEXT,
    CATALOG,
    FORECASTS,
    SIGNALS,
    ACTIONS,
    ALERTS,
    QUARANTINE,
)

#: Inputs of an engine task with the same key and partitioner, by the short name that ticks and marks use.
TASK_INPUTS: dict[str, Topic] = {"sales": SALES, "stock": STOCK, "prices": PRICES}


def full_name(topic: Topic, prefix: str = "") -> str:
    """Return a topic's name on the broker.

    >>> full_name(SALES, "lima-")
    'lima-sales.v1'
    """
    return prefix + topic.name
