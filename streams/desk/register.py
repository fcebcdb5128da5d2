"""Every alert that the desk knows, found by id, by cause, by store and by what falls due next.

The one rule: all but the entries and the waiting actions is an index that loading rebuilds; nothing is stored twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from streams.desk.facts import Cause, resolve_at
from streams.desk.rules import DeskRules
from streams.desk.snapshot import ALERT, WAIT, Entry, Waiting, decode, encode
from streams.desk.standing import state_of


class Register:
    """Alerts and waiting actions, with the names of the fields that changed.

    Parameters
    ----------
    rules
        For how long things are held and kept.

    Attributes
    ----------
    open
        Alerts that are firing or acknowledged, by kind and severity.
    drifting
        Open drift alerts, by store; 0 for a store whose last one is not open any more.
    """

    def __init__(self, rules: DeskRules) -> None:
        self._rules = rules
        self._entries: dict[str, Entry] = {}
        self._by_cause: dict[Cause, str] = {}
        self._by_store: defaultdict[str, set[str]] = defaultdict(set)
        self._silences: defaultdict[str, set[str]] = defaultdict(set)
        self._due: list[tuple[int, str]] = []
        self.waiting: dict[int, Waiting] = {}
        self.dirty: set[str] = set()
        self.open: Counter[tuple[str, str]] = Counter()
        self.drifting: Counter[str] = Counter()

    def load(self, state: Mapping[str, bytes]) -> None:
        """Take over the fields of a snapshot."""
        entries = [decode(Entry, name, value) for name, value in state.items() if name.startswith(ALERT)]
        # Of two alerts of one cause the later one is the one that may fire again.
        for entry in sorted(entries, key=lambda entry: (entry.facts.fired_ms, entry.facts.signal)):
            self.put(entry)
        waiting = [decode(Waiting, name, value) for name, value in state.items() if name.startswith(WAIT)]
        self.waiting = {action.offset: action for action in sorted(waiting, key=lambda action: action.offset)}
        self.dirty.clear()

    def get(self, alert_id: str) -> Entry | None:
        """Return an alert by its id."""
        return self._entries.get(alert_id)

    def of(self, cause: Cause) -> Entry | None:
        """Return the newest alert of a cause."""
        alert_id = self._by_cause.get(cause)
        return None if alert_id is None else self._entries[alert_id]

    def in_store(self, store_id: str) -> list[Entry]:
        """Return the alerts of a store, sorted by id."""
        return [self._entries[alert_id] for alert_id in sorted(self._by_store[store_id])]

    def is_silent(self, store_id: str | None) -> bool:
        """Return whether a `stale_feed` of the store is open."""
        return store_id is not None and bool(self._silences.get(store_id))

    def put(self, entry: Entry) -> None:
        """Keep an alert in its newest form."""
        facts = entry.facts
        alert_id, store_id = facts.alert_id, facts.finding.store_id
        self._count(self._entries.get(alert_id), -1)
        self._count(entry, 1)
        self._entries[alert_id] = entry
        self._by_cause[Cause.of(facts.finding)] = alert_id
        self.dirty.add(ALERT + alert_id)
        if store_id is not None:
            self._by_store[store_id].add(alert_id)
            if facts.finding.kind == "stale_feed":
                silences = self._silences[store_id]
                (silences.discard if facts.phase == "resolved" else silences.add)(alert_id)
        due_ms = self.due_at(entry)
        if due_ms is not None:
            heappush(self._due, (due_ms, alert_id))

    def drop(self, alert_id: str) -> None:
        """Forget an alert."""
        entry = self._entries.pop(alert_id)
        self._count(entry, -1)
        self.dirty.add(ALERT + alert_id)
        cause = Cause.of(entry.facts.finding)
        if self._by_cause.get(cause) == alert_id:
            del self._by_cause[cause]
        if entry.facts.finding.store_id is not None:
            self._by_store[entry.facts.finding.store_id].discard(alert_id)

    def _count(self, entry: Entry | None, number: int) -> None:
        if entry is None:
            return
        finding = entry.facts.finding
        is_open = state_of(entry.facts, entry.clicks) in ("firing", "acknowledged")
        if is_open:
            self.open[finding.kind, finding.severity] += number
        if finding.kind == "demand_drift" and finding.store_id is not None:
            self.drifting[finding.store_id] += number if is_open else 0

    def due_at(self, entry: Entry) -> int | None:
        """Return when time alone changes an alert next, milliseconds; None when it does not."""
        times = [*entry.clicks.ends_ms[:1]]
        resolves_ms = resolve_at(entry.facts, self._rules)
        if resolves_ms is not None:
            times.append(resolves_ms)
        if entry.facts.resolved_ms is not None:
            times.append(entry.facts.resolved_ms + self._rules.keep_ms)
        return min(times, default=None)

    def pop_due(self, clock_ms: int) -> Iterator[Entry]:
        """Yield the alerts that time may have changed by now, soonest first; the heap keeps what was overtaken."""
        while self._due and self._due[0][0] <= clock_ms:
            entry = self._entries.get(heappop(self._due)[1])
            if entry is not None:
                yield entry

    def wait(self, action: Waiting) -> None:
        """Keep an action for later."""
        self.waiting[action.offset] = action
        self.dirty.add(f"{WAIT}{action.offset}")

    def unwait(self, offset: int) -> Waiting:
        """Take an action out of the waiting ones."""
        self.dirty.add(f"{WAIT}{offset}")
        return self.waiting.pop(offset)

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields that changed since the last call, None for those that are gone."""
        fields = {name: self._field(name) for name in sorted(self.dirty)}
        self.dirty.clear()
        return fields

    def _field(self, name: str) -> bytes | None:
        if name.startswith(ALERT):
            entry = self._entries.get(name.removeprefix(ALERT))
            return None if entry is None else encode(entry)
        waiting = self.waiting.get(int(name.removeprefix(WAIT)))
        return None if waiting is None else encode(waiting)
