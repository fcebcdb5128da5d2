"""What people did about one alert, whatever the findings say.

::

    action          leaves behind                                         said for
    -------------   ---------------------------------------------------   -----------------------------------
    acknowledge     acked = worst severity acknowledged so far            any severity not above it
    unacknowledge   acked = nothing
    assign          assignee
    note            note (the newest)
    snooze          snoozed until, at a severity                          any severity not above it, till then
    resolve         resolved at, at a severity                            findings fired before, not above it

The one rule: this fold never sees a finding. A severity is the one that the *person saw*, so what was said for less
never settles what is worse, in whichever order the two arrive.
"""

from __future__ import annotations

from schemas.actions import AlertAction
from schemas.errors import BadEvent
from schemas.fields import Contract
from schemas.ids import dedupe_key
from schemas.quantities import to_ms
from schemas.reasons import Reason
from schemas.signals import Severity
from streams.desk.facts import rank


class Said(Contract):
    """Something a person has said about an alert of a severity."""

    severity: Severity
    actor: str
    at_ms: int
    until_ms: int | None = None


class Clicks(Contract):
    """What is known of one alert from actions alone.

    Parameters
    ----------
    acked, resolved, snoozed
        What was said last, by whom and for which severity.
    assignee, note
        The newest.
    updated_ms
        Newest event time of an action; None before the first.
    ends_ms
        Ends of snoozes that the desk's clock has not passed.
    count
        Actions, and ends of snoozes passed: both may change what is shown.
    action
        Offset after the newest action; 0 before the first.
    seen
        Digests of the actions' ids, so that one sent twice counts once.
    """

    acked: Said | None = None
    resolved: Said | None = None
    snoozed: Said | None = None
    assignee: str | None = None
    note: str | None = None
    updated_ms: int | None = None
    ends_ms: tuple[int, ...] = ()
    count: int = 0
    action: int = 0
    seen: tuple[str, ...] = ()


#: The clicks of an alert that nobody has touched.
UNTOUCHED = Clicks()


def check(action: AlertAction) -> None:
    """Refuse an action that lacks the field its kind is about.

    Raises
    ------
    BadEvent
        Naming the field.
    """
    wanted = {"assign": action.assignee, "note": action.note, "snooze": action.until}
    if action.kind in wanted and wanted[action.kind] is None:
        field = {"assign": "assignee", "note": "note", "snooze": "until"}[action.kind]
        raise BadEvent(Reason.SCHEMA, f"{field}: a {action.kind} action needs it")


def click(clicks: Clicks, action: AlertAction, offset: int) -> Clicks:
    """Return the clicks after one action; the same object when its id was seen before."""
    seen = dedupe_key(action.event_id).hex()
    if seen in clicks.seen:
        return clicks
    at_ms = to_ms(action.event_time)
    update: dict[str, object] = {
        "updated_ms": at_ms if clicks.updated_ms is None else max(clicks.updated_ms, at_ms),
        "count": clicks.count + 1,
        "action": offset + 1,
        "seen": (*clicks.seen, seen),
    }
    return clicks.model_copy(update=update | _effect(clicks, action, at_ms))


def pass_ends(clicks: Clicks, clock_ms: int | None) -> Clicks:
    """Return the clicks after the clock has come to `clock_ms`; the same object when no snooze has ended."""
    if clock_ms is None:
        return clicks
    left = tuple(end for end in clicks.ends_ms if end > clock_ms)
    if left == clicks.ends_ms:
        return clicks
    return clicks.model_copy(update={"ends_ms": left, "count": clicks.count + len(clicks.ends_ms) - len(left)})


def _effect(clicks: Clicks, action: AlertAction, at_ms: int) -> dict[str, object]:
    said = Said(severity=action.severity, actor=action.actor, at_ms=at_ms)
    match action.kind:
        case "acknowledge":
            keeps = clicks.acked is not None and rank(clicks.acked.severity) > rank(said.severity)
            return {} if keeps else {"acked": said}
        case "unacknowledge":
            return {"acked": None}
        case "assign":
            return {"assignee": action.assignee}
        case "note":
            return {"note": action.note}
        case "resolve":
            return {"resolved": said}
        case "snooze" if action.until is not None:
            until_ms = to_ms(action.until)
            return {
                "snoozed": said.model_copy(update={"until_ms": until_ms}),
                "ends_ms": tuple(sorted((*clicks.ends_ms, until_ms))),
            }
        case _:
            return {}
