"""Laws of the alert desk: order between the topics, cuts into batches and restarts change nothing that lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.actions import ActionKind
from schemas.ids import derive_id
from schemas.quantities import to_ms
from schemas.reading import read_alert
from schemas.signals import AlertKind, Phase, Severity
from schemas.topics import ALERTS
from streams.desk import AlertDesk, DeskRules
from streams.outcome import Output
from streams.ports import Record, Snapshot
from tests.unit.desk.bench import action, finding, hour, new_desk, newest, progress, refusals

Step = tuple[str, Record]

# Few kinds, skus and hours, so that episodes of one cause meet, and silence meets what it explains.
CASES: tuple[tuple[AlertKind, str | None], ...] = (
    ("stockout_risk", "milk"),
    ("demand_slump", "milk"),
    ("demand_slump", "tea"),
    ("demand_drift", "tea"),
    ("stale_feed", None),
)
PHASES: tuple[Phase, ...] = ("opened", "updated", "cleared")
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
ACTIONS: tuple[ActionKind, ...] = ("acknowledge", "unacknowledge", "assign", "note", "snooze", "resolve", "feedback")
TASKS = 2


class Said(NamedTuple):
    """One signal to be; when `case` is None a progress, of one task (early) or of both."""

    case: int | None
    phase: Phase
    severity: Severity
    early: bool
    task: int
    wait: float


said = st.builds(
    Said,
    st.one_of(st.none(), st.integers(0, len(CASES) - 1)),
    st.sampled_from(PHASES),
    st.sampled_from(SEVERITIES),
    st.booleans(),
    st.integers(0, TASKS - 1),
    st.sampled_from([0.0, 0.5, 3.0, 26.0]),
)
clicks = st.tuples(
    st.sampled_from(ACTIONS), st.integers(0, 11), st.sampled_from(SEVERITIES), st.sampled_from([0.2, 2.0, 30.0])
)


def signal_records(plan: Sequence[Said]) -> list[Record]:
    """A log of signals in which time passes; episodes start where their cause opens anew."""
    clock, started, values = 0.0, dict[int, float](), []
    for n, each in enumerate(plan):
        clock += each.wait
        at = (each.task, n, 0)
        if each.case is None:
            heard = [each.task] if each.early else range(TASKS)
            values += [progress(clock, task, TASKS).model_copy(update={"at": (task, n, 0)}).encode() for task in heard]
            continue
        kind, sku = CASES[each.case]
        if each.phase == "opened":
            started[each.case] = clock
        found = finding(
            each.phase,
            clock,
            kind,
            each.severity,
            task=each.task,
            started=started.get(each.case, clock),
            early=each.early,
            sku=sku,
            at=at,
        )
        values.append(found.encode())
    return [Record(n, None, value) for n, value in enumerate(values)]


def action_records(plan: Sequence[tuple[ActionKind, int, Severity, float]], alert_ids: Sequence[str]) -> list[Record]:
    """Clicks on alerts that will exist, long after or long before they do, and on one that never will."""
    known = [*alert_ids, "nobody"]
    values = [
        action(
            kind, known[which % len(known)], 12.0 * n, severity,
            event_id=f"e{n % 5}", until=hour(12.0 * n + until), assignee="Luis", note=f"note {n}",
        ).encode()
        for n, (kind, which, severity, until) in enumerate(plan)
    ]  # fmt: skip
    return [Record(n, b"key", value) for n, value in enumerate(values)]


def run(desk: AlertDesk, steps: Sequence[Step], budget: int = 10_000) -> list[Output]:
    outputs: list[Output] = []
    for name, record in steps:
        desk.feed(name, [record], record.offset + 1)
        outputs.extend(desk.handle(budget))
    while not desk.idle():
        outputs.extend(desk.handle(budget))
    return outputs


def shuffle(signals: Sequence[Record], actions: Sequence[Record], turns: Sequence[bool]) -> list[Step]:
    """An interleaving of the two logs: at each turn, whether an action comes first."""
    left = {"signals": list(signals), "actions": list(actions)}
    steps: list[Step] = []
    for turn in turns:
        name = "actions" if turn else "signals"
        if left[name]:
            steps.append((name, left[name].pop(0)))
    return steps + [(name, record) for name, rest in left.items() for record in rest]


def ids_of(signals: Sequence[Record]) -> list[str]:
    outputs = run(new_desk(), [("signals", record) for record in signals])
    return list(dict.fromkeys(read_alert(each.value).alert_id for each in outputs if each.topic is ALERTS))


signals_of = st.lists(said, min_size=1, max_size=14).map(signal_records)
actions_of = st.lists(clicks, max_size=8)
turns_of = st.lists(st.booleans(), max_size=22)


@settings(max_examples=200, deadline=None)
@given(signals_of, actions_of, turns_of, turns_of)
def test_at_rest_alerts_do_not_depend_on_how_signals_and_actions_interleave(
    signals: list[Record],
    plan: list[tuple[ActionKind, int, Severity, float]],
    one: list[bool],
    other: list[bool],
) -> None:
    actions = action_records(plan, ids_of(signals))
    # Kept for so long that no action comes when its alert is forgotten: from then on it would be refused.
    desks = new_desk(rules=DeskRules(keep_days=99)), new_desk(rules=DeskRules(keep_days=99))
    first = run(desks[0], shuffle(signals, actions, one))
    second = run(desks[1], shuffle(signals, actions, other))
    # Every byte of every alert, its revision among them, and every refusal; only the way there may differ.
    assert newest(first) == newest(second)
    assert sorted(each.offset for each in refusals(first)) == sorted(each.offset for each in refusals(second))
    assert stored(desks[0]) == stored(desks[1])
    assert desks[0].marks == desks[1].marks


@settings(max_examples=100, deadline=None)
@given(signals_of, actions_of, turns_of, st.integers(1, 5))
def test_cuts_into_batches_change_no_byte(
    signals: list[Record], plan: list[tuple[ActionKind, int, Severity, float]], turns: list[bool], budget: int
) -> None:
    steps = shuffle(signals, action_records(plan, ids_of(signals)), turns)
    once, often = new_desk(), new_desk()
    for name, record in steps:
        once.feed(name, [record], record.offset + 1)
    assert list(once.handle(10_000)) == run(often, steps, budget)
    assert once.writes() == often.writes()
    assert once.marks == often.marks


@settings(max_examples=60, deadline=None)
@given(signals_of, actions_of, turns_of)
def test_a_restart_at_any_cut_changes_no_byte(
    signals: list[Record], plan: list[tuple[ActionKind, int, Severity, float]], turns: list[bool]
) -> None:
    steps = shuffle(signals, action_records(plan, ids_of(signals)), turns)
    undisturbed = new_desk()
    whole = run(undisturbed, steps)
    state = stored(undisturbed)
    for cut in range(len(steps) + 1):
        before = new_desk()
        outputs = run(before, steps[:cut])
        kept = stored(before)
        after = new_desk(Snapshot(before.marks, kept))
        # Everything is delivered again, as after a crash; what lies below the marks is passed over.
        outputs += run(after, steps)
        kept = stored(after, kept)
        assert outputs == whole
        assert kept == state
        assert after.marks == undisturbed.marks


@settings(max_examples=60, deadline=None)
@given(signals_of, actions_of, turns_of)
def test_a_revision_is_never_told_twice_and_never_falls(
    signals: list[Record], plan: list[tuple[ActionKind, int, Severity, float]], turns: list[bool]
) -> None:
    revisions: dict[str, int] = {}
    for output in run(new_desk(), shuffle(signals, action_records(plan, ids_of(signals)), turns)):
        if output.topic is ALERTS:
            alert = read_alert(output.value)
            assert alert.revision > revisions.get(alert.alert_id, 0)
            revisions[alert.alert_id] = alert.revision


@given(st.permutations(["critical", "ack", "again"]))
def test_an_acknowledgement_for_less_never_settles_what_is_worse(order: list[str]) -> None:
    alert_id = derive_id("stockout_risk", "s1", "milk", "", to_ms(hour(9)))
    signals = [finding("opened", 9), finding("cleared", 10), finding("opened", 11, severity="critical", started=9)]
    facts = [("signals", Record(n, None, each.encode())) for n, each in enumerate(signals)]
    ack: Step = ("actions", Record(0, None, action("acknowledge", alert_id, 9.2, "warning").encode()))
    place = order.index("ack")
    outputs = run(new_desk(), [*facts[:place], ack, *facts[place:]])
    (value,) = newest(outputs).values()
    assert (read_alert(value).state, read_alert(value).revision) == ("firing", 4)


def stored(desk: AlertDesk, before: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """What a store holds after a commit of the desk's writes."""
    fields = {**(before or {}), **desk.writes()}
    return {name: value for name, value in fields.items() if value is not None}
