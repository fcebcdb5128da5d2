"""The alert desk: findings of all engine tasks and clicks of people in, alerts out. One task, one owner.

::

    signals.v1 ─► at newer? ─► finding  ─► facts (streams.desk.facts)   ─┐
                             ─► progress ─► clock ─► holds, snoozes end ─┼─► standing ─► alert, next revision
    alert-actions.v1 ─► alert known? ─► clicks (streams.desk.clicks)    ─┘
                             └─ not yet ─► waits until the clock is past it, then quarantine
    catalog.v1, context.v1 ─► Reference (names, zones, supply terms)

    action on …                                               is
    --------------------------------------------------------  ------------------------------------------
    a known alert, made before clock ≤ action + grace         applied
    a known alert, made when the clock was past that          quarantined: nobody can have seen it
    an unknown alert, clock ≤ action + grace or unknown       kept; applied when the alert is made
    an unknown alert, clock past that                         quarantined: no such alert

The states of an alert and what moves them stand in `streams.desk.facts`, `streams.desk.clicks` and
`streams.desk.standing`. The one rule: facts and clicks are folded apart and joined only when an alert is stated, so at
rest the alerts are the same in whatever order the two topics were delivered.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from schemas.actions import AlertAction
from schemas.errors import BadEvent, StateCorrupt
from schemas.quantities import to_ms
from schemas.quarantine import Refusal
from schemas.reading import read_action, read_signal
from schemas.reasons import Reason
from schemas.signals import Finding, Progress
from schemas.topics import ACTIONS, ALERTS, QUARANTINE, SIGNALS, Topic
from streams.desk import facts as fold
from streams.desk.clicks import UNTOUCHED, Clicks, check, click, pass_ends
from streams.desk.deskclock import DeskClock
from streams.desk.facts import Cause, Facts
from streams.desk.phrases import Scene
from streams.desk.register import Register
from streams.desk.rules import DeskRules
from streams.desk.snapshot import HEAD, Entry, Head, Waiting, decode, encode
from streams.desk.standing import revision_of
from streams.desk.statement import state_alert
from streams.marks import decode_marks, encode_marks
from streams.outcome import Output
from streams.ports import Record, Snapshot, Writes
from streams.reference import Reference

_HANDLED: Mapping[str, Topic] = {"signals": SIGNALS, "actions": ACTIONS}
_BROADCAST = ("catalog", "context")
_ALERT_BYTES = 2048
_MAX_PENDING = 10_000


class AlertDesk:
    """The desk as a task (:class:`streams.task.Task`).

    Parameters
    ----------
    reference
        Master data; the records of "catalog" and "context" are handed on to it. Those it refuses are the engine's to
        quarantine, so that each is reported once.
    snapshot
        Marks and state to go on from; None starts anew.
    rules
        How patient it is.

    Raises
    ------
    StateCorrupt
        When the snapshot cannot be read.
    """

    def __init__(self, reference: Reference, snapshot: Snapshot | None = None, rules: DeskRules | None = None) -> None:
        self._reference = reference
        self._rules = rules or DeskRules()
        self._register = Register(self._rules)
        self._clock = DeskClock()
        self._tally: dict[str, int] = {}
        #: Counted since this object was made, for whoever watches: refused records, and alerts by kind and severity.
        self.rejected: Counter[tuple[str, str]] = Counter()
        self.emitted: Counter[tuple[str, str]] = Counter()
        self._marks = {"actions": -1, "signals": -1}
        self._step = 0
        self._pending: deque[tuple[str, Record | None, int]] = deque()
        self._touched: set[str] = set()
        self._over: set[str] = set()
        self._said: list[Output] = []
        self._head_is_dirty = False
        if snapshot is not None and snapshot.marks is not None:
            self._load(snapshot.marks, snapshot.state)
        self._fed = dict(self._marks)

    @property
    def marks(self) -> bytes:
        """Positions of both inputs and the number of records handled, as canonical JSON."""
        return encode_marks(self._marks, self._step)

    @property
    def tally(self) -> Mapping[str, int]:
        """What was counted, by name: early findings opened, confirmed, withdrawn; clears without alert; and so on."""
        return dict(self._tally)

    @property
    def open(self) -> Mapping[tuple[str, str], int]:
        """Alerts that are firing or acknowledged, by kind and severity."""
        return self._register.open

    @property
    def drifting(self) -> Mapping[str, int]:
        """Open drift alerts by store."""
        return self._register.drifting

    @property
    def now_ms(self) -> int | None:
        """The desk's clock, milliseconds; None until every engine task was heard."""
        return self._clock.now_ms

    def starts(self) -> Mapping[str, int]:
        return {**self._marks, **dict.fromkeys(_BROADCAST, -1)}

    def feed(self, name: str, records: Sequence[Record], position: int) -> None:
        if name in _BROADCAST:
            self._reference.feed(name, records, position)
            return
        for record in records:
            if record.offset >= self._fed[name]:
                self._fed[name] = record.offset + 1
                self._pending.append((name, record, record.offset + 1))
        if position > self._fed[name]:
            self._fed[name] = position
            self._pending.append((name, None, position))

    def hungry(self) -> Mapping[str, bool]:
        wanted = len(self._pending) < _MAX_PENDING
        return {**dict.fromkeys(_HANDLED, wanted), **dict.fromkeys(_BROADCAST, True)}

    def handle(self, budget: int) -> Sequence[Output]:
        outputs: list[Output] = []
        while self._pending and (budget > 0 or self._pending[0][1] is None):
            name, record, position = self._pending.popleft()
            if record is not None:
                budget -= 1
                outputs.extend(self._take(name, record))
            self._marks[name] = position
        return outputs

    def idle(self) -> bool:
        return not self._pending

    def dirty_bytes(self) -> int:
        return _ALERT_BYTES * (len(self._register.dirty) + self._head_is_dirty)

    def writes(self) -> Writes:
        fields = self._register.writes()
        if self._head_is_dirty:
            fields[HEAD] = encode(self._head())
            self._head_is_dirty = False
        return fields

    # --- one record -----------------------------------------------------------------------------------------------

    def _take(self, name: str, record: Record) -> list[Output]:
        self._step += 1
        try:
            if name == "signals":
                self._take_signal(record)
            else:
                self._take_action(record)
        except BadEvent as error:
            self._refuse(name, record, error)
        self._said.extend(self._state(alert_id) for alert_id in sorted(self._touched))
        outputs = list(self._said)
        for alert_id in sorted(self._over):
            self._register.drop(alert_id)
        self._said.clear()
        self._touched.clear()
        self._over.clear()
        return outputs

    def _take_signal(self, record: Record) -> None:
        signal = read_signal(record.value)
        if isinstance(signal, Progress):
            self._clock.check(signal)
        elif signal.store_id is None and signal.sku is None and signal.source is None:
            raise BadEvent(Reason.SCHEMA, "a finding names a store, a sku or a source")
        if not self._clock.is_news(signal.at):
            self._count("repeated_signals")
            return
        self._head_is_dirty = True
        if isinstance(signal, Progress):
            self._take_progress(signal, record.offset)
        else:
            self._take_finding(signal, record.offset)

    # --- findings -------------------------------------------------------------------------------------------------

    def _take_finding(self, finding: Finding, offset: int) -> None:
        entry = self._settled(finding, offset)
        if finding.phase == "cleared":
            if entry is None or entry.facts.phase == "resolved":
                self._count("orphan_clears")
                return
            self._count_early(entry.facts, finding)
            self._keep(entry, fold.clear(entry.facts, finding, offset, self._rules), entry.clicks, offset)
            return
        if entry is None or not fold.is_same_alert(entry.facts, finding, self._rules):
            self._make(finding, offset)
            return
        if entry.facts.phase == "resolved":
            self._count("reopened")
        self._count_early(entry.facts, finding)
        self._keep(entry, fold.hold_open(entry.facts, finding, offset), entry.clicks, offset)

    def _settled(self, finding: Finding, offset: int) -> Entry | None:
        """Return the newest alert of a finding's cause, resolved first if that was due by the finding's own time.

        The desk's clock is the least of all tasks': how far the others lag must not decide what becomes of this one.
        """
        entry = self._register.of(Cause.of(finding))
        if entry is None:
            return None
        own_ms = max(to_ms(finding.event_time), self._clock.watermarks.get(finding.at[0], 0))
        facts = fold.resolve_due(entry.facts, own_ms, offset, self._rules)
        if facts is entry.facts:
            return entry
        self._keep(entry, facts, entry.clicks, offset)
        self._said.append(self._state(facts.alert_id))
        self._touched.discard(facts.alert_id)
        return self._register.of(Cause.of(finding))

    def _make(self, finding: Finding, offset: int) -> None:
        new = fold.found(finding, offset, self._clock.now_ms)
        known = self._register.get(new.alert_id)
        if known is not None:
            # The same episode, long after it was resolved: its revisions must go on, not start again.
            self._keep(known, fold.hold_open(known.facts, finding, offset), known.clicks, offset)
            return
        self._count("opened")
        self.emitted[finding.kind, finding.severity] += 1
        self._count_early(None, finding)
        self._keep(None, new, self._clicks_waiting(new), offset)

    def _clicks_waiting(self, facts: Facts) -> Clicks:
        """Take what was clicked before the alert came; it still waits, so the clock was not past it at birth."""
        clicks = UNTOUCHED
        for waiting in [each for each in self._register.waiting.values() if each.alert_id == facts.alert_id]:
            self._register.unwait(waiting.offset)
            clicks = click(clicks, read_action(waiting.value), waiting.offset)
        return pass_ends(clicks, self._clock.now_ms)

    def _keep(self, entry: Entry | None, facts: Facts, clicks: Clicks, offset: int) -> None:
        """Keep an alert's newest form, and note whether there is something to tell."""
        store_id = facts.finding.store_id
        facts = fold.mute(facts, self._register.is_silent(store_id), offset)
        if entry is not None and facts is entry.facts and clicks is entry.clicks:
            return
        self._register.put(Entry(facts=facts, clicks=clicks))
        if entry is None or revision_of(facts, clicks) != revision_of(entry.facts, entry.clicks):
            self._touched.add(facts.alert_id)
        if facts.finding.kind == "stale_feed" and store_id is not None:
            self._hold_store(store_id, offset)

    def _hold_store(self, store_id: str, offset: int) -> None:
        """Mute or unmute the alerts of a store after its silence may have begun or ended."""
        silent = self._register.is_silent(store_id)
        for entry in self._register.in_store(store_id):
            facts = fold.mute(entry.facts, silent, offset)
            if facts is not entry.facts:
                self._count("muted" if facts.muted else "unmuted")
                self._register.put(Entry(facts=facts, clicks=entry.clicks))
                self._touched.add(facts.alert_id)

    def _count_early(self, facts: Facts | None, finding: Finding) -> None:
        was_early = facts is not None and facts.phase == "open" and facts.finding.early
        if finding.phase == "cleared":
            if was_early:
                self._count("early_withdrawn")
        elif finding.early and not was_early:
            self._count("early_opened")
        elif was_early and not finding.early:
            self._count("early_confirmed")

    # --- time -----------------------------------------------------------------------------------------------------

    def _take_progress(self, progress: Progress, offset: int) -> None:
        before_ms = self._clock.now_ms
        self._clock.hear(progress)
        now_ms = self._clock.now_ms
        if now_ms is None or now_ms == before_ms:
            return
        for entry in self._register.pop_due(now_ms):
            self._pass(entry, now_ms, offset)
        for waiting in list(self._register.waiting.values()):
            if now_ms > waiting.time_ms + self._rules.grace_ms:
                self._give_up(waiting)

    def _pass(self, entry: Entry, now_ms: int, offset: int) -> None:
        facts = fold.resolve_due(entry.facts, now_ms, offset, self._rules)
        self._keep(entry, facts, pass_ends(entry.clicks, now_ms), offset)
        if facts.resolved_ms is not None and facts.resolved_ms + self._rules.keep_ms <= now_ms:
            self._over.add(facts.alert_id)

    # --- actions --------------------------------------------------------------------------------------------------

    def _take_action(self, record: Record) -> None:
        action = read_action(record.value)
        check(action)
        if action.kind in ("silence", "feedback"):
            # They change which alerts exist or rank, at the next closed hour: not this desk's matter yet.
            self._count("deferred_actions")
            return
        entry = self._register.get(action.alert_id)
        if entry is None:
            self._let_wait(action, record)
            return
        self._check_seen(entry.facts, to_ms(action.event_time))
        clicks = click(entry.clicks, action, record.offset)
        if clicks is not entry.clicks:
            self._keep(entry, entry.facts, pass_ends(clicks, self._clock.now_ms), entry.facts.signal)

    def _check_seen(self, facts: Facts, time_ms: int) -> None:
        if facts.born_ms is not None and facts.born_ms > time_ms + self._rules.grace_ms:
            raise BadEvent(Reason.SCHEMA, "no such alert at the time of the action")

    def _let_wait(self, action: AlertAction, record: Record) -> None:
        time_ms = to_ms(action.event_time)
        now_ms = self._clock.now_ms
        if now_ms is not None and now_ms > time_ms + self._rules.grace_ms:
            raise BadEvent(Reason.SCHEMA, "no such alert")
        waiting = Waiting(
            offset=record.offset,
            alert_id=action.alert_id,
            time_ms=time_ms,
            key=record.key,
            value=record.value or b"",
            headers=record.headers,
        )
        self._register.wait(waiting)
        if len(self._register.waiting) > self._rules.max_waiting:
            self._give_up(self._register.waiting[min(self._register.waiting)])

    def _give_up(self, waiting: Waiting) -> None:
        self._register.unwait(waiting.offset)
        record = Record(waiting.offset, waiting.key, waiting.value, waiting.headers)
        self._refuse("actions", record, BadEvent(Reason.SCHEMA, "no such alert"))

    # --- what comes out -------------------------------------------------------------------------------------------

    def _state(self, alert_id: str) -> Output:
        entry = self._register.get(alert_id)
        assert entry is not None, "a touched alert is kept until it was told"
        alert = state_alert(entry.facts, entry.clicks, self._scene(entry.facts.finding))
        return Output(ALERTS, alert_id.encode(), alert.encode(), (), 0)

    def _scene(self, finding: Finding) -> Scene:
        view = self._reference.whole()
        at_ms = to_ms(finding.event_time)
        product = None if finding.sku is None else view.product(finding.sku, at_ms)
        store = None if finding.store_id is None else view.store(finding.store_id, at_ms)
        terms = None
        if product is not None and product.supplier is not None and finding.store_id is not None:
            terms = view.supply_terms(product.supplier, finding.store_id, product.sku, at_ms)
        return Scene(finding, product, store, terms)

    def _refuse(self, name: str, record: Record, error: BadEvent) -> None:
        self._count("refused")
        self.rejected[name, str(error.reason)] += 1
        refusal = Refusal(
            error.reason, error.detail, _HANDLED[name].name, 0, record.offset, record.key, record.value, record.headers
        )
        self._said.append(Output(QUARANTINE, record.key, record.value or b"", refusal.to_headers(), 0))

    def _count(self, what: str) -> None:
        self._tally[what] = self._tally.get(what, 0) + 1
        self._head_is_dirty = True

    # --- snapshot -------------------------------------------------------------------------------------------------

    def _head(self) -> Head:
        clock = self._clock
        return Head(
            tasks=clock.tasks,
            newest=dict(sorted(clock.newest.items())),
            watermarks=dict(sorted(clock.watermarks.items())),
            tally=dict(sorted(self._tally.items())),
        )

    def _load(self, marks: bytes, state: Mapping[str, bytes]) -> None:
        self._marks, self._step = decode_marks(marks)
        if self._marks.keys() != _HANDLED.keys():
            raise StateCorrupt(f"The marks are not the alert desk's: {marks[:80]!r}.")
        head = decode(Head, HEAD, state[HEAD]) if HEAD in state else Head()
        self._clock = DeskClock(head.tasks, head.newest, head.watermarks)
        self._tally = dict(head.tally)
        self._register.load(state)
