"""The table of phases at the top of `streams.desk.facts`, cell by cell."""

from __future__ import annotations

from typing import get_args

import pytest

from schemas.ids import derive_id
from schemas.quantities import to_ms
from schemas.signals import AlertKind, Severity
from schemas.signals import Phase as FindingPhase
from streams.desk import facts as fold
from streams.desk.facts import Facts, Phase
from streams.desk.rules import CLEAR_HOURS, DeskRules, is_doubtful_in_silence
from tests.unit.desk.bench import finding, hour

RULES = DeskRules()


def ms(hours: float) -> int:
    return to_ms(hour(hours))


def drift(phase: FindingPhase, at_hour: float, severity: Severity = "warning", task: int = 0) -> Facts:
    """An alert of a kind whose "cleared" must hold for 24 hours, brought into a phase at 9:00."""
    return fold.found(finding(phase, at_hour, "demand_drift", severity, task=task), 0, None)


def in_phase(phase: Phase) -> Facts:
    facts = drift("opened", 8)
    if phase == "open":
        return facts
    facts = fold.clear(facts, finding("cleared", 9, "demand_drift"), 1, RULES)
    return facts if phase == "clearing" else fold.resolve_due(facts, ms(33), 2, RULES)


@pytest.mark.parametrize("first", ["opened", "updated"])
def test_the_first_finding_makes_an_open_alert(first: FindingPhase) -> None:
    facts = drift(first, 8)
    assert (facts.phase, facts.count, facts.opened_ms) == ("open", 1, ms(8))
    assert facts.alert_id == derive_id("demand_drift", "s1", "milk", "", ms(8))


@pytest.mark.parametrize("again", ["opened", "updated"])
@pytest.mark.parametrize(("before", "fired"), [("open", 8), ("clearing", 40), ("resolved", 40)])
def test_a_finding_that_opens_or_updates_leaves_it_open(before: Phase, again: FindingPhase, fired: float) -> None:
    old = in_phase(before)
    new = fold.hold_open(old, finding(again, 40, "demand_drift", "critical"), 7)
    assert (new.phase, new.count, new.signal, new.fired_ms) == ("open", old.count + 1, 7, ms(fired))
    assert (new.alert_id, new.opened_ms, new.updated_ms) == (old.alert_id, ms(8), ms(40))
    assert new.finding.severity == "critical"


def test_a_clear_that_must_hold_leaves_it_clearing() -> None:
    facts = in_phase("clearing")
    assert (facts.phase, facts.cleared_ms, facts.count) == ("clearing", ms(9), 2)


def test_a_clear_that_one_fact_proves_resolves_it() -> None:
    facts = fold.clear(fold.found(finding("opened", 8), 0, None), finding("cleared", 9), 1, RULES)
    assert (facts.phase, facts.resolved_ms, facts.count) == ("resolved", ms(9), 2)


def test_nothing_resolves_before_it_fired() -> None:
    facts = fold.clear(fold.found(finding("opened", 8), 0, None), finding("cleared", 7), 1, RULES)
    assert facts.resolved_ms == ms(8)


def test_an_early_finding_that_is_withdrawn_resolves_at_once() -> None:
    early = fold.found(finding("opened", 8, "demand_drift", early=True), 0, None)
    assert fold.clear(early, finding("cleared", 9, "demand_drift"), 1, RULES).phase == "resolved"


@pytest.mark.parametrize("phase", ["clearing", "resolved"])
def test_another_clear_touches_nothing(phase: Phase) -> None:
    facts = in_phase(phase)
    assert fold.clear(facts, finding("cleared", 50, "demand_drift"), 7, RULES) is facts


@pytest.mark.parametrize(("phase", "clock", "after"), [
    ("open", 99, "open"),
    ("clearing", 32.9, "clearing"),
    ("clearing", 33, "resolved"),  # cleared at 9:00, held for 24 hours
    ("clearing", 99, "resolved"),
    ("resolved", 99, "resolved"),
])  # fmt: skip
def test_the_clock_resolves_what_has_held(phase: Phase, clock: float, after: Phase) -> None:
    old = in_phase(phase)
    new = fold.resolve_due(old, ms(clock), 7, RULES)
    assert new.phase == after
    if old.phase == after:
        assert new is old
    else:
        # As of the moment it was due, however far the clock has jumped.
        assert (new.resolved_ms, new.updated_ms, new.count) == (ms(33), ms(33), old.count + 1)


@pytest.mark.parametrize(("phase", "at_hour", "same"), [
    ("open", 999, True),
    ("clearing", 999, True),
    ("resolved", 33 + 24, True),
    ("resolved", 33 + 24.1, False),
])  # fmt: skip
def test_a_cause_that_fires_soon_after_is_the_same_alert(phase: Phase, at_hour: float, same: bool) -> None:
    assert fold.is_same_alert(in_phase(phase), finding("opened", at_hour, "demand_drift"), RULES) is same


def test_several_tasks_hold_one_alert_until_the_last_clears() -> None:
    facts = fold.found(finding("opened", 8, "stale_feed", task=2, sku=None), 0, None)
    other = fold.hold_open(facts, finding("opened", 9, "stale_feed", task=5, sku=None), 1)
    assert (other.tasks, other.count) == ((2, 5), 1)  # nothing new for a person
    assert fold.hold_open(other, finding("updated", 9.5, "stale_feed", task=5, sku=None), 2) is other
    worse = fold.hold_open(other, finding("updated", 10, "stale_feed", "critical", task=5, sku=None), 2)
    assert (worse.finding.severity, worse.count) == ("critical", 2)
    left = fold.clear(worse, finding("cleared", 11, "stale_feed", task=2, sku=None), 3, RULES)
    assert (left.phase, left.tasks, left.count) == ("open", (5,), 2)
    assert fold.clear(left, finding("cleared", 11, "stale_feed", task=7, sku=None), 3, RULES) is left
    assert fold.clear(left, finding("cleared", 12, "stale_feed", task=5, sku=None), 4, RULES).phase == "resolved"


@pytest.mark.parametrize(("kind", "early", "held"), [
    ("demand_slump", False, True),
    ("suspected_stockout", False, True),
    ("stockout_risk", True, True),
    ("stockout_risk", False, False),
    ("stockout", True, False),
    ("demand_surge", False, False),
    ("stale_feed", False, False),
])  # fmt: skip
def test_silence_holds_what_it_explains(kind: AlertKind, early: bool, held: bool) -> None:
    named = finding(kind=kind, early=early)
    assert is_doubtful_in_silence(named) is held
    facts = fold.found(named, 0, None)
    muted = fold.mute(facts, True, 5)
    assert (muted.muted, muted.count) == (held, 1 + held)
    back = fold.mute(muted, False, 6)
    assert (back.muted, back.count) == (False, 1 + 2 * held)


def test_what_is_resolved_is_not_muted() -> None:
    facts = fold.clear(fold.found(finding(kind="suspected_stockout"), 0, None), finding("cleared", 10), 1, RULES)
    assert fold.mute(facts, True, 5) is facts


def test_every_kind_has_its_patience() -> None:
    assert set(CLEAR_HOURS) == set(get_args(AlertKind))
    assert DeskRules(keep_days=0.5).keep_ms == DeskRules().reopen_ms  # never forgotten before it may re-open
