"""`signals.v1` (one partition): raw findings of the engine's tasks, and how far each task has come.

A finding belongs to an **episode**: it opens, may be updated, and is cleared. The desk makes alerts of episodes.
The one rule: a finding carries numbers with units; sentences are made at the desk, where names are known.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Contract, Currency, Finite, Identifier, Name, Text, Time, Version

AlertKind = Literal[
    "stockout_risk",
    "stockout",
    "suspected_stockout",
    "demand_drift",
    "demand_surge",
    "demand_slump",
    "competitor_undercut",
    "competitor_promotion",
    "competitor_out_of_stock",
    "rival_strategy_shift",
    "excess_stock",
    "lead_time_deviation",
    "stale_feed",
    "broken_scrape",
    "forecast_degraded",
]
CauseLabel = Literal["promotion", "own_price", "rival_price", "supply", "season", "data_fault", "unknown"]
Severity = Literal["info", "warning", "critical"]
Phase = Literal["opened", "updated", "cleared"]


class Measure(Contract):
    """A number of the evidence with its unit."""

    value: Finite
    unit: Name


class Contribution(Contract):
    """One driver and what it adds to demand, in units a period."""

    driver: Name
    units: Finite


class Cause(Contract):
    """Why demand has changed: a driver that moved at that time, and could have done this.

    `units` is the change that it accounts for by itself, units a period; `since` when it moved; `detail` whose doing it
    is (a rival, a promotion). `unknown` says that no driver which moved explains the change, and has no numbers.
    """

    label: CauseLabel
    units: Finite | None = None
    since: Time | None = None
    detail: Name | None = None
    evidence: dict[str, Measure] = {}


class Origin(Contract):
    """Where the record that caused something stands."""

    topic: Name
    partition: int
    offset: int


class Finding(Contract):
    """A raw finding about one series (or one store, or one source)."""

    schema_version: Version = 1
    type: Literal["finding"] = "finding"
    kind: AlertKind
    phase: Phase
    severity: Severity
    early: bool = False
    store_id: Identifier | None = None
    sku: Identifier | None = None
    source: Text | None = None
    episode_started_at: Time
    event_time: Time
    evidence: dict[str, Measure] = {}
    times: dict[str, Time] = {}
    reasons: tuple[Contribution, ...] = ()
    causes: tuple[Cause, ...] = ()
    money_at_risk: Finite | None = None
    currency: Currency | None = None
    model: Identifier | None = None
    model_version: int | None = None
    origin: Origin
    at: tuple[int, int, int]


class Progress(Contract):
    """How far a task has come: everything before `watermark` is closed in it."""

    schema_version: Version = 1
    type: Literal["progress"] = "progress"
    task: int
    tasks: int
    watermark: Time
    tests_run: int = 0
    p_values: tuple[tuple[str, float], ...] = ()
    at: tuple[int, int, int]


Signal = Annotated[Finding | Progress, Field(discriminator="type")]
