"""How an alert stands: one state derived from facts and clicks, the first row that holds.

::

    state          when
    ------------   ---------------------------------------------------------------------------------------
    resolved       the facts say so; or a person resolved it after it fired, having seen it this bad
    suppressed     the store's feed is silent and explains it; or snoozed this bad and the end not passed
    acknowledged   acknowledged this bad
    firing         else

The one rule: nothing is stored here. Facts and clicks are two folds that never see each other, so the state is the same
in whichever order the two have arrived; so is the revision, the number of facts and clicks that touched the alert.
"""

from __future__ import annotations

from schemas.alerts import AlertState
from streams.desk.clicks import Clicks, Said
from streams.desk.facts import Facts, rank


def covers(said: Said | None, facts: Facts) -> bool:
    """Return whether something was said, and for a severity not below that of the alert now."""
    return said is not None and rank(said.severity) >= rank(facts.finding.severity)


def is_resolved_by_person(facts: Facts, clicks: Clicks) -> bool:
    """Return whether a person's "resolved" still holds: it has not fired again since, nor got worse."""
    said = clicks.resolved
    return said is not None and covers(said, facts) and facts.fired_ms <= said.at_ms


def is_snoozed(facts: Facts, clicks: Clicks) -> bool:
    """Return whether a snooze still holds; its end is passed when the desk has taken it off `ends_ms`."""
    said = clicks.snoozed
    return said is not None and covers(said, facts) and said.until_ms in clicks.ends_ms


def state_of(facts: Facts, clicks: Clicks) -> AlertState:
    """Return how the alert stands."""
    if facts.phase == "resolved" or is_resolved_by_person(facts, clicks):
        return "resolved"
    if facts.muted or is_snoozed(facts, clicks):
        return "suppressed"
    return "acknowledged" if covers(clicks.acked, facts) else "firing"


def revision_of(facts: Facts, clicks: Clicks) -> int:
    """Return the revision: how many facts and clicks have touched the alert."""
    return facts.count + clicks.count


def resolved_at_ms(facts: Facts, clicks: Clicks) -> int | None:
    """Return since when the alert is resolved, milliseconds; None while it is not."""
    if facts.resolved_ms is not None:
        return facts.resolved_ms
    return clicks.resolved.at_ms if clicks.resolved and is_resolved_by_person(facts, clicks) else None
