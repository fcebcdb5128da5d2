"""What the desk's tests hand in: findings, progress, clicks and master data, told in hours of one day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.actions import ActionKind, AlertAction
from schemas.alerts import Alert
from schemas.catalog import Product, Store, SupplyTerms
from schemas.quarantine import Refusal
from schemas.reading import read_alert
from schemas.signals import AlertKind, Finding, Measure, Origin, Phase, Progress, Severity
from schemas.topics import ALERTS, QUARANTINE
from streams.desk import AlertDesk, DeskRules
from streams.outcome import Output
from streams.ports import Record, Snapshot
from streams.reference import Reference

#: Tuesday, midnight UTC.
DAY = datetime(2026, 5, 12, tzinfo=UTC)


def hour(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def finding(
    phase: Phase = "opened",
    at_hour: float = 9.0,
    kind: AlertKind = "stockout_risk",
    severity: Severity = "warning",
    *,
    task: int = 0,
    started: float | None = None,
    evidence: Mapping[str, tuple[float, str]] | None = None,
    **fields: Any,
) -> Finding:
    """A finding about milk in store s1; its `at` follows the event time, so later ones are news."""
    named: dict[str, Any] = {"store_id": "s1", "sku": "milk"} | fields
    return Finding(
        kind=kind,
        phase=phase,
        severity=severity,
        episode_started_at=hour(at_hour if started is None else started),
        event_time=hour(at_hour),
        evidence={name: Measure(value=value, unit=unit) for name, (value, unit) in (evidence or {}).items()},
        origin=Origin(topic="sales.v1", partition=task, offset=1),
        **({"at": (task, round(at_hour * 1000), 0)} | named),
    )


def progress(at_hour: float, task: int = 0, tasks: int = 1) -> Progress:
    return Progress(task=task, tasks=tasks, watermark=hour(at_hour), at=(task, round(at_hour * 1000), 9))


def action(
    kind: ActionKind, alert_id: str, at_hour: float = 9.5, severity: Severity = "warning", **fields: Any
) -> AlertAction:
    named: dict[str, Any] = {"event_id": f"{kind}-{at_hour}-{severity}", "actor": "Rosa", "revision": 1} | fields
    return AlertAction(kind=kind, alert_id=alert_id, event_time=hour(at_hour), severity=severity, **named)


def records(events: Iterable[Finding | Progress | AlertAction], start: int = 0) -> list[Record]:
    return [Record(start + n, None, event.encode()) for n, event in enumerate(events)]


def catalog() -> list[Record]:
    """Milk by name from one supplier, and one store in Lima (UTC-5 all year)."""
    facts = [
        Product(sku="milk", name="Leche Gloria 400 g", supplier="gloria", valid_from=hour(-999)),
        Store(
            store_id="s1",
            name="Lima Centro",
            zone="America/Lima",
            currency="PEN",
            manager="Rosa Quispe",
            valid_from=hour(-999),
        ),
        SupplyTerms(
            supplier="gloria", pack_multiple_units=12, minimum_units=24, express_hours=4, valid_from=hour(-999)
        ),
    ]
    return [Record(n, None, fact.encode()) for n, fact in enumerate(facts)]


def new_desk(snapshot: Snapshot | None = None, rules: DeskRules | None = None) -> AlertDesk:
    desk = AlertDesk(Reference(), snapshot, rules)
    facts = catalog()
    desk.feed("catalog", facts, len(facts))
    return desk


class Till:
    """A desk with both inputs, fed one event at a time."""

    def __init__(self, rules: DeskRules | None = None) -> None:
        self.desk = new_desk(rules=rules)
        self._offsets = {"signals": 0, "actions": 0}

    def say(self, *events: Finding | Progress | AlertAction) -> list[Alert]:
        """Hand events in; return the alerts that came out. A quarantined record fails the test."""
        outputs = self.raw(*(("actions" if isinstance(e, AlertAction) else "signals", e.encode()) for e in events))
        assert not refusals(outputs), refusals(outputs)
        return alerts(outputs)

    def raw(self, *values: tuple[str, bytes | None]) -> Sequence[Output]:
        """Hand raw values in, by input name; return whatever came out."""
        for name, value in values:
            offset = self._offsets[name]
            self._offsets[name] += 1
            self.desk.feed(name, [Record(offset, b"k", value)], offset + 1)
        return self.desk.handle(10_000)


def alerts(outputs: Iterable[Output]) -> list[Alert]:
    return [read_alert(output.value) for output in outputs if output.topic is ALERTS]


def refusals(outputs: Iterable[Output]) -> list[Refusal]:
    quarantined = [output for output in outputs if output.topic is QUARANTINE]
    return [Refusal.from_record(output.key, output.value, output.headers) for output in quarantined]


def newest(outputs: Iterable[Output]) -> dict[str, bytes]:
    """The value of the highest revision of each alert, as a reader keeps it."""
    best: dict[str, tuple[int, bytes]] = {}
    for output in outputs:
        if output.topic is ALERTS and output.value is not None:
            alert = read_alert(output.value)
            if alert.revision > best.get(alert.alert_id, (0, b""))[0]:
                best[alert.alert_id] = (alert.revision, output.value)
    return {alert_id: value for alert_id, (_, value) in sorted(best.items())}
