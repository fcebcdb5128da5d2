"""The desk as a task: what is news, what is refused, what waits, what is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from schemas.errors import BadEvent, StateCorrupt
from schemas.ids import derive_id
from schemas.quantities import to_ms
from schemas.signals import Progress
from streams.desk import DeskRules
from streams.desk.deskclock import DeskClock
from streams.desk.snapshot import Entry, Head, Waiting, decode, encode
from streams.ports import Record, Snapshot
from streams.task import Task
from tests.unit.desk.bench import DAY, Till, action, alerts, finding, hour, new_desk, progress, records, refusals


def id_of(started: float = 9.0, kind: str = "stockout_risk") -> str:
    return derive_id(kind, "s1", "milk", "", to_ms(hour(started)))


def test_it_is_a_task() -> None:
    task: Task = new_desk()
    assert task.starts() == {"signals": -1, "actions": -1, "catalog": -1, "context": -1}
    assert task.marks == b'{"actions":-1,"signals":-1,"step":0}'
    assert task.idle()
    assert set(task.hungry()) == {"signals", "actions", "catalog", "context"}
    assert task.writes() == {}


def test_a_finding_makes_one_alert_with_names_and_local_times() -> None:
    (alert,) = Till().say(finding("opened", 9.0))
    assert (alert.alert_id, alert.revision, alert.state) == (id_of(), 1, "firing")
    assert (alert.names.product, alert.names.store, alert.names.manager) == (
        "Leche Gloria 400 g", "Lima Centro", "Rosa Quispe")  # fmt: skip
    assert (alert.opened_at, alert.opened_at.utcoffset()) == (hour(9), timedelta(hours=-5))
    assert alert.currency == "PEN"  # the store's, as the finding names none


def test_a_signal_that_is_not_newer_is_dropped() -> None:
    till = Till()
    assert len(till.say(finding("opened", 9.0), finding("opened", 9.0), finding("updated", 8.0))) == 1
    assert till.desk.tally["repeated_signals"] == 2
    assert len(till.say(finding("opened", 8.0, sku="tea", task=1))) == 1  # another task has its own order


def test_an_episode_from_open_to_resolved_and_back() -> None:
    till = Till()
    states = [(a.state, a.revision, a.alert_id == id_of(1, "demand_drift")) for a in till.say(
        finding("opened", 1, "demand_drift"),
        finding("updated", 2, "demand_drift"),
        finding("cleared", 3, "demand_drift"),
        progress(26.9),
        progress(27),  # cleared at 3:00, held for 24 hours
        finding("opened", 50, "demand_drift"),  # 23 hours later: the same
        finding("cleared", 51, "demand_drift"),
        progress(80),
        finding("opened", 99.1, "demand_drift"),  # resolved at 75:00, 24.1 hours before: another
    )]  # fmt: skip
    assert states == [
        ("firing", 1, True),
        ("firing", 2, True),
        ("firing", 3, True),
        ("resolved", 4, True),
        ("firing", 5, True),
        ("firing", 6, True),
        ("resolved", 7, True),
        ("firing", 1, False),
    ]
    assert (till.desk.tally["opened"], till.desk.tally["reopened"]) == (2, 1)


def test_a_clear_without_an_alert_is_counted() -> None:
    till = Till()
    assert till.say(finding("cleared", 1)) == []
    assert till.desk.tally == {"orphan_clears": 1}


def test_two_rivals_are_two_causes() -> None:
    one, two = Till().say(
        finding("opened", 1, "competitor_undercut", source="Tottus"),
        finding("opened", 1, "competitor_undercut", source="Plaza Vea", at=(0, 1001, 0)),
    )
    assert one.alert_id != two.alert_id


def test_early_findings_are_passed_on_and_counted() -> None:
    till = Till()
    first, confirmed, *_ = till.say(
        finding("opened", 1, early=True),
        finding("updated", 2),
        finding("opened", 1, sku="tea", early=True, at=(0, 3000, 0)),
        finding("cleared", 2, sku="tea", at=(0, 4000, 0)),
    )
    assert (first.early, confirmed.early) == (True, False)
    counted = {name: n for name, n in till.desk.tally.items() if name.startswith("early")}
    assert counted == {"early_opened": 2, "early_confirmed": 1, "early_withdrawn": 1}


@pytest.mark.parametrize(("name", "value", "reason", "detail"), [
    ("signals", b"{", "invalid_json", ""),
    ("signals", None, "tombstone", ""),
    ("signals", b'{"type":"finding"}', "schema", ""),
    ("signals", b'{"type":"progress","schema_version":2}', "unknown_version", ""),
    ("signals", finding(store_id=None, sku=None).encode(), "schema", "a finding names a store, a sku or a source"),
    ("signals", progress(1, task=3, tasks=2).encode(), "schema", "task: 3 is not the sender, or not one of 2"),
    ("actions", b"[]", "schema", ""),
    ("actions", action("snooze", "a").encode(), "schema", "until: a snooze action needs it"),
])  # fmt: skip
def test_what_cannot_be_used_is_quarantined_as_it_came(
    name: str, value: bytes | None, reason: str, detail: str
) -> None:
    till = Till()
    (refusal,) = refusals(till.raw((name, value)))
    assert (str(refusal.reason), refusal.value, refusal.key, refusal.offset) == (reason, value, b"k", 0)
    assert refusal.topic == {"signals": "signals.v1", "actions": "alert-actions.v1"}[name]
    assert detail in refusal.detail
    assert len(till.say(finding("opened", 9.0))) == 1  # nothing else is disturbed


def test_another_number_of_tasks_is_refused() -> None:
    till = Till()
    till.say(progress(1, tasks=2))
    (refusal,) = refusals(till.raw(("signals", progress(2, tasks=4).encode())))
    assert refusal.detail == "tasks: 4, but this topic set has 2"


def test_the_clock_is_the_least_of_all_tasks_and_unknown_before() -> None:
    clock = DeskClock()
    for event, now in [
        (progress(9, 0, 2), None),
        (progress(8, 1, 2), 8),
        (progress(10, 0, 2), 8),
        (progress(7, 1, 2), 8),  # never back
        (progress(11, 1, 2), 10),
    ]:
        clock.check(event)
        clock.hear(event)
        assert clock.now_ms == (None if now is None else to_ms(hour(now)))
    with pytest.raises(BadEvent):
        clock.check(Progress(task=1, tasks=2, watermark=DAY, at=(0, 1, 1)))


def test_an_action_that_comes_before_its_alert_waits_for_it() -> None:
    till = Till()
    assert till.say(progress(9), action("acknowledge", id_of(), 9.5)) == []
    (alert,) = till.say(finding("opened", 9.0, at=(0, 9001, 0)))
    assert (alert.state, alert.revision, alert.acknowledged_by) == ("acknowledged", 2, "Rosa")
    assert till.desk.writes().keys() == {"head", f"alert:{id_of()}", "wait:0"}


@pytest.mark.parametrize("first", ["clock", "action"])
def test_an_action_on_no_alert_is_refused_once_the_clock_is_past_it(first: str) -> None:
    till = Till()
    lost = ("actions", action("acknowledge", "nobody", 9.5).encode())
    at_grace, past = ("signals", progress(10.5).encode()), ("signals", progress(10.6).encode())
    order = [at_grace, past, lost] if first == "clock" else [lost, at_grace, past]
    assert refusals(till.raw(*order[:2])) == []
    (refusal,) = refusals(till.raw(order[2]))
    assert (str(refusal.reason), refusal.detail, refusal.value) == ("schema", "no such alert", lost[1])


@pytest.mark.parametrize("first", ["alert", "action"])
def test_an_action_older_than_its_alert_is_refused(first: str) -> None:
    # The alert is made when the clock stands at 12:00; nobody can have seen it at 9:30.
    till = Till()
    made = [("signals", e.encode()) for e in (progress(12), finding("opened", 12.5))]
    lost = ("actions", action("acknowledge", id_of(12.5), 9.5).encode())
    outputs = till.raw(*([*made, lost] if first == "alert" else [lost, *made]))
    assert len(refusals(outputs)) == 1
    assert [alert.state for alert in alerts(outputs)] == ["firing"]


@pytest.mark.parametrize("first", ["alert", "action"])
def test_a_snooze_that_is_over_before_it_is_taken_counts_as_ended(first: str) -> None:
    # Snoozed at 9:30 until 9:45, and the desk's clock stands at 10:00 already: taken, and ended.
    till = Till()
    till.say(progress(10))
    snooze, made = action("snooze", id_of(), 9.5, until=hour(9.75)), finding("opened", 9, at=(0, 10_001, 0))
    alert = (till.say(made) + till.say(snooze) if first == "alert" else till.say(snooze) + till.say(made))[-1]
    assert (alert.state, alert.revision) == ("firing", 3)
    assert till.say(progress(11)) == []


def test_a_click_is_an_update() -> None:
    till = Till()
    till.say(finding("opened", 9))
    (alert,) = till.say(action("note", id_of(), 9.5, note="called"))
    assert (alert.opened_at, alert.updated_at) == (hour(9), hour(9.5))


def test_after_a_restart_the_later_alert_of_a_cause_fires_again() -> None:
    till = Till()
    till.say(finding("opened", 1), finding("cleared", 2), finding("opened", 30), finding("cleared", 31))
    fields = {name: value for name, value in till.desk.writes().items() if value is not None}
    assert {f"alert:{id_of(1)}", f"alert:{id_of(30)}"} < fields.keys()
    for state in (fields, dict(reversed(fields.items()))):  # a hash has no order
        desk = new_desk(Snapshot(till.desk.marks, state))
        desk.feed("signals", records([finding("opened", 40)], start=4), 5)
        (alert,) = alerts(desk.handle(1))
        assert (alert.alert_id, alert.revision) == (id_of(30), 3)


def test_waiting_actions_are_bounded() -> None:
    till = Till(DeskRules(max_waiting=2))
    values = [("actions", action("acknowledge", f"x{n}", 9).encode()) for n in range(3)]
    assert [refusal.offset for refusal in refusals(till.raw(*values))] == [0]


def test_actions_that_change_decisions_are_left_for_later() -> None:
    till = Till()
    till.say(finding("opened", 9.0))
    assert till.say(action("feedback", id_of(), verdict="false"), action("silence", id_of())) == []
    assert till.desk.tally["deferred_actions"] == 2


def test_a_resolved_alert_is_forgotten_after_keep_days() -> None:
    till = Till()
    till.say(finding("opened", 1), finding("cleared", 2))
    till.desk.writes()
    assert till.say(progress(2 + 7 * 24 - 0.1)) == []
    assert till.desk.writes().keys() == {"head"}
    assert till.say(progress(2 + 7 * 24)) == []
    assert till.desk.writes()[f"alert:{id_of(1)}"] is None


def test_a_clock_that_jumps_tells_the_end_before_it_forgets() -> None:
    till = Till()
    till.say(finding("opened", 1, "demand_drift"), finding("cleared", 2, "demand_drift"))
    (alert,) = till.say(progress(999))
    assert (alert.state, alert.resolved_at) == ("resolved", hour(26))
    assert till.desk.writes()[f"alert:{id_of(1, 'demand_drift')}"] is None


def test_writes_gives_only_what_changed() -> None:
    till = Till()
    till.say(finding("opened", 1), finding("opened", 2, sku="tea"))
    assert len(till.desk.writes()) == 3
    assert till.desk.dirty_bytes() == 0
    till.say(action("note", id_of(1), note="called"))
    assert till.desk.dirty_bytes() > 0
    assert till.desk.writes().keys() == {f"alert:{id_of(1)}"}
    assert till.desk.writes() == {}


def test_marks_follow_positions_above_the_records() -> None:
    desk = new_desk()
    desk.feed("signals", records([finding()], start=5), 9)  # a compacted or transactional log leaves gaps
    desk.feed("signals", records([finding()], start=5), 9)  # delivered again
    assert not desk.idle()
    assert len(desk.handle(1)) == 1
    assert desk.idle()
    assert desk.marks == b'{"actions":-1,"signals":9,"step":1}'
    assert desk.starts()["signals"] == 9


def test_a_full_desk_wants_no_more() -> None:
    desk = new_desk()
    desk.feed("actions", [Record(n, None, b"{") for n in range(10_000)], 10_000)
    assert desk.hungry() == {"signals": False, "actions": False, "catalog": True, "context": True}


@pytest.mark.parametrize("model", [
    Head(tasks=2, newest={0: (0, 1, 2)}, watermarks={0: 5, 1: 7}, tally={"opened": 1}),
    Waiting(offset=3, alert_id="a", time_ms=1, key=b"\xff\x00", value=b"{}", headers=(("h", b"\xfe"),)),
    Waiting(offset=3, alert_id="a", time_ms=1, value=b""),
])  # fmt: skip
def test_what_is_stored_is_what_is_used(model: Head | Waiting) -> None:
    assert decode(type(model), "x", encode(model)) == model


@pytest.mark.parametrize("spoil", [
    lambda field: b"\x02" + field[1:],
    lambda field: field[:-1],
    lambda field: field[:9] + bytes([field[9] ^ 1]) + field[10:],
    lambda field: b"",
    lambda field: encode(Head()),  # sound, but of something else
])  # fmt: skip
def test_a_spoilt_field_is_never_half_read(spoil: Callable[[bytes], bytes]) -> None:
    till = Till()
    till.say(finding())
    state = {name: value for name, value in till.desk.writes().items() if value is not None}
    name = f"alert:{id_of()}"
    decode(Entry, name, state[name])
    with pytest.raises(StateCorrupt, match=name):
        new_desk(Snapshot(till.desk.marks, {**state, name: spoil(state[name])}))


@pytest.mark.parametrize("marks", [b"", b"{}", b"[]", b'{"actions":"x","signals":1,"step":1}'])
def test_spoilt_marks_are_refused(marks: bytes) -> None:
    with pytest.raises(StateCorrupt):
        new_desk(Snapshot(marks, {}))


def test_a_snapshot_that_never_was_starts_anew() -> None:
    assert new_desk(Snapshot(None, {})).starts()["signals"] == -1


def test_the_same_episode_long_after_goes_on_with_its_revisions() -> None:
    till = Till()
    till.say(finding("opened", 1), finding("cleared", 2))
    (alert,) = till.say(finding("opened", 50, started=1.0))
    assert (alert.alert_id, alert.revision, alert.state) == (id_of(1), 3, "firing")


def test_findings_without_a_series_in_the_catalog_use_ids() -> None:
    (alert,) = Till().say(finding("opened", 1, store_id="s9", sku="tea"))
    assert alert.summary.startswith("Tea at s9")
