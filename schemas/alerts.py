"""`alerts.v1` (one partition, compacted, key `alert_id`): what a person sees.

The one rule: readers keep the highest `revision` of an `alert_id`; a revision never changes its content.
"""

from __future__ import annotations

from typing import Literal

from schemas.fields import Contract, Currency, Finite, Identifier, Name, Text, Time, Version
from schemas.signals import AlertKind, Cause, Contribution, Measure, Origin, Severity

AlertState = Literal["firing", "acknowledged", "suppressed", "resolved"]


class RecommendedAction(Contract):
    """What to do, how many, and the latest time at which it still helps."""

    what: Text
    units: Finite | None = None
    latest_useful_at: Time | None = None


class ModelRef(Contract):
    """The model behind a statement."""

    name: Identifier
    version: int


class Names(Contract):
    """Names for people, where they are known."""

    product: Name | None = None
    store: Name | None = None
    category: Text | None = None
    manager: Name | None = None


class Alert(Contract):
    """One alert in one revision."""

    schema_version: Version = 1
    alert_id: Identifier
    revision: int
    kind: AlertKind
    severity: Severity
    state: AlertState
    early: bool = False
    store_id: Identifier | None = None
    sku: Identifier | None = None
    source: Text | None = None
    names: Names = Names()
    opened_at: Time
    updated_at: Time
    resolved_at: Time | None = None
    summary: Text
    evidence: dict[str, Measure] = {}
    times: dict[str, Time] = {}
    reasons: tuple[Contribution, ...] = ()
    causes: tuple[Cause, ...] = ()
    money_at_risk: Finite | None = None
    currency: Currency | None = None
    action: RecommendedAction | None = None
    clears_if: Text | None = None
    acknowledged_by: Name | None = None
    acknowledged_at: Time | None = None
    model: ModelRef | None = None
    origin: Origin
    #: That of the newest finding behind it: (task, offset of the tick in hand, index).
    at: tuple[int, int, int]
