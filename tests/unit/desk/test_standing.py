"""What people do, and how an alert stands after facts and clicks: the tables of `clicks` and `standing`."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.actions import ActionKind
from schemas.alerts import AlertState
from schemas.errors import BadEvent
from schemas.quantities import to_ms
from schemas.signals import Severity
from streams.desk import facts as fold
from streams.desk.clicks import UNTOUCHED, Clicks, check, click, pass_ends
from streams.desk.facts import Facts
from streams.desk.rules import DeskRules
from streams.desk.standing import resolved_at_ms, revision_of, state_of
from tests.unit.desk.bench import action, finding, hour

Click = tuple[ActionKind, float, Severity]


def fired(severity: Severity = "warning", at_hour: float = 9.0) -> Facts:
    return fold.found(finding("opened", at_hour, severity=severity), 0, None)


def clicked(*clicks: Click, **fields: Any) -> Clicks:
    folded = UNTOUCHED
    for offset, (kind, at_hour, severity) in enumerate(clicks):
        folded = click(folded, action(kind, "a", at_hour, severity, **fields), offset)
    return folded


@pytest.mark.parametrize(("severity", "clicks", "state"), [
    ("warning", [], "firing"),
    ("warning", [("acknowledge", 10, "warning")], "acknowledged"),
    ("warning", [("acknowledge", 10, "critical")], "acknowledged"),
    ("critical", [("acknowledge", 10, "warning")], "firing"),
    # A stale screen does not take back what was said for worse.
    ("critical", [("acknowledge", 10, "critical"), ("acknowledge", 11, "warning")], "acknowledged"),
    ("warning", [("acknowledge", 10, "warning"), ("unacknowledge", 11, "warning")], "firing"),
    ("warning", [("note", 10, "warning"), ("assign", 10, "warning")], "firing"),
    ("warning", [("resolve", 10, "warning")], "resolved"),
    ("critical", [("resolve", 10, "warning")], "firing"),
    ("warning", [("resolve", 8, "warning")], "firing"),  # it has fired since
    ("warning", [("snooze", 10, "warning")], "suppressed"),
    ("critical", [("snooze", 10, "warning")], "firing"),
    ("warning", [("acknowledge", 10, "warning"), ("snooze", 10, "warning")], "suppressed"),
])  # fmt: skip
def test_how_an_open_alert_stands(severity: Severity, clicks: list[Click], state: AlertState) -> None:
    folded = clicked(*clicks, until=hour(12), assignee="Luis", note="called")
    assert state_of(fired(severity), folded) == state
    assert revision_of(fired(severity), folded) == 1 + len(clicks)


@pytest.mark.parametrize("clicks", [[], [("acknowledge", 10, "critical")], [("snooze", 10, "critical")]])
def test_facts_that_resolve_come_first(clicks: list[Click]) -> None:
    facts = fold.clear(fired(), finding("cleared", 11), 1, DeskRules())
    assert state_of(facts, clicked(*clicks, until=hour(12))) == "resolved"


def test_a_silent_store_comes_before_an_acknowledgement() -> None:
    facts = fold.mute(fold.found(finding(kind="demand_slump"), 0, None), True, 1)
    assert state_of(facts, clicked(("acknowledge", 10, "critical"))) == "suppressed"


def test_since_when_it_is_resolved() -> None:
    by_person = clicked(("resolve", 10, "warning"))
    assert resolved_at_ms(fired(), by_person) == to_ms(hour(10))
    assert resolved_at_ms(fired(), UNTOUCHED) is None
    assert resolved_at_ms(fold.clear(fired(), finding("cleared", 11), 1, DeskRules()), by_person) == to_ms(hour(11))


def test_a_snooze_ends_with_the_clock_and_that_is_a_revision() -> None:
    folded = clicked(("snooze", 10, "warning"), until=hour(12))
    before = pass_ends(folded, to_ms(hour(11.9)))
    assert before is folded
    assert pass_ends(folded, None) is folded
    after = pass_ends(folded, to_ms(hour(12)))
    assert (state_of(fired(), after), after.count) == ("firing", 2)


def test_an_action_sent_twice_counts_once() -> None:
    once = clicked(("acknowledge", 10, "warning"))
    assert click(once, action("acknowledge", "a", 10, "warning"), 5) is once


@pytest.mark.parametrize(("kind", "field"), [("assign", "assignee"), ("note", "note"), ("snooze", "until")])
def test_an_action_without_what_it_is_about_is_refused(kind: ActionKind, field: str) -> None:
    with pytest.raises(BadEvent, match=f"schema: {field}"):
        check(action(kind, "a"))


@pytest.mark.parametrize("kind", ["acknowledge", "unacknowledge", "resolve", "silence", "feedback"])
def test_an_action_that_needs_nothing_more_passes(kind: ActionKind) -> None:
    check(action(kind, "a"))
