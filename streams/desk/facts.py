"""What the findings say about one alert: the life of its cause, whatever people have clicked.

Phases, by what comes next (``—`` = not touched, no new revision)::

    phase       opened          updated         cleared                    clock passes
    ---------   -------------   -------------   ------------------------   -------------------------------------
    (no alert)  new → open      new → open      — (counted as orphan)      —
    open        open, newer     open, newer     clearing; resolved when    —
                                                hold = 0
    clearing    open again      open again      — (the first one counts)   cleared + hold: resolved, as of then
    resolved    ≤ reopen: open  ≤ reopen: open  — (counted as orphan)      resolved + keep: forgotten
                again, same id  again, same id
                later: new id   later: new id

    hold = clear_hours of the kind (0 for an early finding that is withdrawn); `reopen`, `keep`: `streams.desk.rules`

Several tasks may hold one alert open (a silent store is seen by each on its own share): the first one speaks, unless
another says worse; it is cleared when the last one clears.

The one rule: this fold never sees an action, so actions commute with it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from schemas.fields import Contract
from schemas.ids import derive_id
from schemas.quantities import to_ms
from schemas.signals import Finding, Severity
from streams.desk.rules import DeskRules, is_doubtful_in_silence

Phase = Literal["open", "clearing", "resolved"]

#: From least to worst.
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


def rank(severity: Severity) -> int:
    """Return the place of a severity, 0 for the least.

    >>> rank("critical") > rank("warning")
    True
    """
    return SEVERITIES.index(severity)


class Cause(NamedTuple):
    """What one open alert is about."""

    kind: str
    store_id: str
    sku: str
    source: str

    @classmethod
    def of(cls, finding: Finding) -> Cause:
        """Return the finding's cause; an unknown part is empty."""
        return cls(finding.kind, finding.store_id or "", finding.sku or "", finding.source or "")


class Facts(Contract):
    """What is known of one alert from findings and from the desk's clock alone.

    Parameters
    ----------
    alert_id
        Digest of the cause and of the start of its first episode.
    born_ms
        The desk's clock when the alert was made; None when the clock was not known yet.
    opened_ms, fired_ms
        Event time of the first and of the latest finding that opened it.
    updated_ms
        Newest event time of a fact.
    finding
        The newest finding that opened or updated it.
    tasks
        Tasks that hold it open, in order of arrival; the first one speaks.
    cleared_ms, resolved_ms
        Since when it is cleared; since when it is resolved.
    muted
        True while the store's feed is silent and the finding may be due to that alone.
    count
        Facts that touched it.
    signal
        Offset of the newest signal that touched it.
    """

    alert_id: str
    born_ms: int | None = None
    opened_ms: int
    fired_ms: int
    updated_ms: int
    finding: Finding
    tasks: tuple[int, ...]
    cleared_ms: int | None = None
    resolved_ms: int | None = None
    muted: bool = False
    count: int
    signal: int

    @property
    def phase(self) -> Phase:
        """Where in its life the cause is."""
        if self.resolved_ms is not None:
            return "resolved"
        return "open" if self.cleared_ms is None else "clearing"


def found(finding: Finding, signal: int, clock_ms: int | None) -> Facts:
    """Return the facts of a new alert, made by its first finding."""
    now_ms = to_ms(finding.event_time)
    return Facts(
        alert_id=derive_id(*Cause.of(finding), to_ms(finding.episode_started_at)),
        born_ms=clock_ms,
        opened_ms=now_ms,
        fired_ms=now_ms,
        updated_ms=now_ms,
        finding=finding,
        tasks=(finding.at[0],),
        count=1,
        signal=signal,
    )


def is_same_alert(facts: Facts, finding: Finding, rules: DeskRules) -> bool:
    """Return whether a finding of the same cause belongs to this alert, rather than to a new one."""
    return facts.resolved_ms is None or to_ms(finding.event_time) - facts.resolved_ms <= rules.reopen_ms


def hold_open(facts: Facts, finding: Finding, signal: int) -> Facts:
    """Return the facts after a finding that opens or updates; the same object when nothing changed."""
    task, now_ms = finding.at[0], to_ms(finding.event_time)
    if facts.phase == "open":
        tasks = facts.tasks if task in facts.tasks else (*facts.tasks, task)
        if task != facts.tasks[0] and rank(finding.severity) <= rank(facts.finding.severity):
            return facts if tasks == facts.tasks else facts.model_copy(update={"tasks": tasks})
        return _touch(facts, now_ms, signal, finding=finding, tasks=tasks)
    return _touch(
        facts, now_ms, signal, finding=finding, tasks=(task,), cleared_ms=None, resolved_ms=None, fired_ms=now_ms
    )


def clear(facts: Facts, finding: Finding, signal: int, rules: DeskRules) -> Facts:
    """Return the facts after a finding that clears; the same object when nothing changed."""
    if facts.phase != "open" or finding.at[0] not in facts.tasks:
        return facts
    tasks = tuple(task for task in facts.tasks if task != finding.at[0])
    if tasks:
        return facts.model_copy(update={"tasks": tasks})
    # A store's first sale may be booked at a time before the hour that declared it silent.
    now_ms = max(facts.fired_ms, to_ms(finding.event_time))
    ending = "resolved_ms" if rules.hold_ms(facts.finding) == 0 else "cleared_ms"
    return _touch(facts, now_ms, signal, tasks=(), **{ending: now_ms})


def resolve_due(facts: Facts, clock_ms: int, signal: int, rules: DeskRules) -> Facts:
    """Return the facts after the clock has come to `clock_ms`; the same object when nothing changed."""
    due_ms = resolve_at(facts, rules)
    if due_ms is None or due_ms > clock_ms:
        return facts
    return _touch(facts, due_ms, signal, resolved_ms=due_ms)


def resolve_at(facts: Facts, rules: DeskRules) -> int | None:
    """Return when a clearing alert resolves, milliseconds of event time; None in any other phase."""
    if facts.phase != "clearing" or facts.cleared_ms is None:
        return None
    return facts.cleared_ms + rules.hold_ms(facts.finding)


def mute(facts: Facts, store_is_silent: bool, signal: int) -> Facts:
    """Return the facts with `muted` as the store's silence demands; the same object when nothing changed."""
    muted = store_is_silent and facts.phase != "resolved" and is_doubtful_in_silence(facts.finding)
    if muted == facts.muted:
        return facts
    return facts.model_copy(update={"muted": muted, "count": facts.count + 1, "signal": signal})


def _touch(facts: Facts, at_ms: int, signal: int, **update: object) -> Facts:
    updated_ms = max(facts.updated_ms, at_ms)
    return facts.model_copy(update={"updated_ms": updated_ms, "count": facts.count + 1, "signal": signal, **update})
