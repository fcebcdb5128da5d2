"""`alert-actions.v1` (one partition): what people did about alerts. Who, when, and what they saw.

The one rule: an action names the revision and the severity that the person saw, so it can never settle something worse.
"""

from __future__ import annotations

from typing import Literal

from schemas.fields import Event, Identifier, Name, Text, Time
from schemas.signals import Severity

ActionKind = Literal["acknowledge", "unacknowledge", "assign", "note", "snooze", "silence", "feedback", "resolve"]


class AlertAction(Event):
    """One click of one person; which fields are used depends on the kind."""

    kind: ActionKind
    alert_id: Identifier
    revision: int
    severity: Severity
    actor: Name
    note: Text | None = None
    assignee: Name | None = None
    until: Time | None = None
    verdict: Literal["useful", "expected", "false", "new_normal"] | None = None
