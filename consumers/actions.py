"""What a person clicks becomes a record of `alert-actions.v1`.

The one rule: an action carries the revision and the severity of the alert *as it was shown*, never as it is now.
"""

from __future__ import annotations

from datetime import datetime

from schemas.actions import ActionKind, AlertAction
from schemas.alerts import Alert
from schemas.ids import derive_id
from schemas.quantities import to_datetime
from schemas.topics import ACTIONS
from streams.ports import Outlet


def build_action(
    kind: ActionKind,
    alert: Alert,
    actor: str,
    now_ms: int,
    *,
    note: str | None = None,
    assignee: str | None = None,
    until: datetime | None = None,
) -> AlertAction:
    """Return the action of one person on the alert that this person sees.

    Parameters
    ----------
    kind
        What was clicked.
    alert
        The alert as shown.
    actor
        Who clicked.
    now_ms
        The wall clock, milliseconds; two clicks of one person in one millisecond are one.
    note, assignee, until
        What the kind is about.
    """
    return AlertAction(
        event_id=derive_id(kind, alert.alert_id, alert.revision, actor, now_ms),
        event_time=to_datetime(now_ms),
        kind=kind,
        alert_id=alert.alert_id,
        revision=alert.revision,
        severity=alert.severity,
        actor=actor,
        note=note,
        assignee=assignee,
        until=until,
    )


def acknowledge(alert: Alert, actor: str, now_ms: int, note: str | None = None) -> AlertAction:
    """Return the action "I have seen this and take care of it"."""
    return build_action("acknowledge", alert, actor, now_ms, note=note)


def send_action(outlet: Outlet, action: AlertAction, topic: str = ACTIONS.name) -> None:
    """Send an action and return when it is delivered.

    Raises
    ------
    Outage
        When it could not be delivered; sending it again is harmless, its id is the same.
    """
    outlet.send(topic, action.alert_id.encode(), action.encode(), (), 0)
    outlet.flush()
