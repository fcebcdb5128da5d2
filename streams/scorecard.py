"""Did the alerts tell the truth? What was planted in a synthetic market against what was raised on it.

=====================  ================================================  ==========================================
alert kind             true when                                         catches
=====================  ================================================  ==========================================
stockout_risk          its shelf runs empty within the lead time         a stock-out, if it was still open (or
stockout               + 7 days of its opening, or is empty then         withdrawn less than an hour before) when
suspected_stockout                                                       the shelf ran empty, or opened while empty
demand_drift           ≤ 28 days after its series changed, or after a    a drift, ≤ 28 days after it
demand_surge/_slump    rival's cut on its sku (which moves demand too)   nothing
competitor_undercut    the rival's cut on its sku is on                  a rival's price cut
competitor_promotion   the same                                          the same
every other kind       never judged: this market plants nothing for it   nothing
=====================  ================================================  ==========================================

The one rule: an alert nobody saw (suppressed) neither catches nor counts; the same rule scores every rival method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from schemas.alerts import Alert
from schemas.quantities import DAY_MS, HOUR_MS, to_ms

TruthKind = Literal["stockout", "demand_drift", "rival_price_cut"]

EMPTY_KINDS: Final = frozenset({"stockout_risk", "stockout", "suspected_stockout"})
LEVEL_KINDS: Final = frozenset({"demand_drift", "demand_surge", "demand_slump"})
CUT_KINDS: Final = frozenset({"competitor_undercut", "competitor_promotion"})
JUDGED_KINDS: Final = EMPTY_KINDS | LEVEL_KINDS | CUT_KINDS

#: A risk alert may run this much ahead of the lead time and still be true.
RISK_MARGIN_DAYS: Final = 7
#: A change of level is news for four weeks.
DRIFT_WINDOW_DAYS: Final = 28
#: Taken where a product's lead time is not known.
DEFAULT_LEAD_TIME_DAYS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Planted:
    """Something that truly happened in a synthetic market.

    Parameters
    ----------
    kind
        What happened.
    store_id
        Where; None for every store.
    sku
        To which product.
    rival
        By whom, for a price cut.
    starts_at_ms, ends_at_ms
        When: a stock-out from the sale of the last unit to the next delivery, the others to the end of the data.
    detail
        One sentence for people.
    planted
        True when it was put there on purpose, False when the market did it by itself.
    lost_units
        Demand that found an empty shelf.
    """

    kind: TruthKind
    store_id: str | None
    sku: str
    rival: str | None
    starts_at_ms: int
    ends_at_ms: int
    detail: str
    planted: bool = True
    lost_units: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one true event.

    Parameters
    ----------
    truth
        The event.
    alert_id
        The first alert that caught it, None when it was missed.
    warning_hours
        Hours from that alert to the event: positive before it (a stock-out), negative after it (a drift, a cut).
    """

    truth: Planted
    alert_id: str | None = None
    warning_hours: float | None = None

    @property
    def caught(self) -> bool:
        """Whether any alert caught it."""
        return self.alert_id is not None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Truth against alerts.

    Parameters
    ----------
    judgements
        One for each planted event, in the order of their time.
    natural
        One for each stock-out that the market had by itself and that cost sales.
    false_by_kind
        Alerts of a judged kind that no truth explains, by kind.
    unjudged_by_kind
        Alerts of kinds for which this market has no truth.
    alerts
        Alerts seen by anybody.
    alerts_per_manager_day
        Alerts that one manager sees in one day, on average; an alert without a store is seen by all.
    """

    judgements: tuple[Judgement, ...]
    natural: tuple[Judgement, ...]
    false_by_kind: tuple[tuple[str, int], ...]
    unjudged_by_kind: tuple[tuple[str, int], ...]
    alerts: int
    alerts_per_manager_day: float

    @property
    def caught(self) -> int:
        """Planted events that were caught."""
        return sum(judgement.caught for judgement in self.judgements)

    @property
    def missed(self) -> int:
        """Planted events that were missed."""
        return len(self.judgements) - self.caught

    @property
    def false(self) -> int:
        """Alerts that no truth explains."""
        return sum(count for _, count in self.false_by_kind)

    @property
    def median_warning_days(self) -> float | None:
        """Median days between the alert and the empty shelf, over every stock-out caught, planted or not."""
        return _median_days([v for v in (*self.judgements, *self.natural) if v.truth.kind == "stockout"], sign=1)

    @property
    def median_drift_days(self) -> float | None:
        """Median days between a planted drift and its alert."""
        return _median_days([v for v in self.judgements if v.truth.kind == "demand_drift"], sign=-1)

    def line(self) -> str:
        """Return the scorecard in one line."""
        parts = [
            f"planted {len(self.judgements)}: caught {self.caught}, missed {self.missed}",
            f"false {self.false}",
            f"median warning {_days_text(self.median_warning_days)}",
            f"drift after {_days_text(self.median_drift_days)}",
            f"other stock-outs caught {sum(v.caught for v in self.natural)} of {len(self.natural)}",
            f"{self.alerts_per_manager_day:.1f} alerts a manager and day",
        ]
        return " · ".join(parts)


def _median_days(judgements: Sequence[Judgement], sign: int) -> float | None:
    hours = [sign * v.warning_hours for v in judgements if v.warning_hours is not None]
    return median(hours) / 24 if hours else None


def _days_text(days: float | None) -> str:
    return "none" if days is None else f"{days:.1f} days"


@dataclass(frozen=True, slots=True)
class _Seen:
    """An alert as the scorecard needs it: integers, and the life of its highest revision."""

    alert_id: str
    kind: str
    store_id: str | None
    sku: str | None
    source: str | None
    opened_at_ms: int
    resolved_at_ms: int | None


def score(
    truth: Iterable[Planted],
    alerts: Iterable[Alert],
    *,
    starts_at_ms: int,
    ends_at_ms: int,
    managers: int,
    lead_time_days: Mapping[str, float] | None = None,
) -> Scorecard:
    """Score alerts against the truth of one market.

    Parameters
    ----------
    truth
        Everything that happened, planted or not.
    alerts
        Every revision, or the last ones, in any order.
    starts_at_ms, ends_at_ms
        The range that is scored, milliseconds since 1970: what happened or was opened outside is left out, so a
        warm-up is given by a later start.
    managers
        People who share the alerts.
    lead_time_days
        Lead time by sku, days; :data:`DEFAULT_LEAD_TIME_DAYS` where absent.

    Returns
    -------
    Scorecard
        Planted events caught and missed, false alerts, warning times.
    """
    everything = sorted(truth, key=lambda t: (t.starts_at_ms, t.kind, t.store_id or "", t.sku))
    seen = [a for a in _seen(alerts) if starts_at_ms <= a.opened_at_ms < ends_at_ms]
    scored = [t for t in everything if starts_at_ms <= t.starts_at_ms < ends_at_ms]
    leads = lead_time_days or {}
    judged = [a for a in seen if a.kind in JUDGED_KINDS]
    false = [a for a in judged if not any(_explains(t, a, leads) for t in everything)]
    shown = sum(managers if a.store_id is None else 1 for a in seen)
    manager_days = managers * (ends_at_ms - starts_at_ms) / DAY_MS
    return Scorecard(
        judgements=tuple(_judge(t, seen, leads) for t in scored if t.planted),
        natural=tuple(_judge(t, seen, leads) for t in scored if not t.planted and t.lost_units > 0),
        false_by_kind=_counts(false),
        unjudged_by_kind=_counts(a for a in seen if a.kind not in JUDGED_KINDS),
        alerts=len(seen),
        alerts_per_manager_day=shown / manager_days if manager_days else 0.0,
    )


def _seen(alerts: Iterable[Alert]) -> list[_Seen]:
    newest: dict[str, Alert] = {}
    for alert in alerts:
        held = newest.get(alert.alert_id)
        if held is None or alert.revision > held.revision:
            newest[alert.alert_id] = alert
    rows = [
        _Seen(
            alert_id=alert.alert_id,
            kind=alert.kind,
            store_id=alert.store_id,
            sku=alert.sku,
            source=alert.source,
            opened_at_ms=to_ms(alert.opened_at),
            resolved_at_ms=None if alert.resolved_at is None else to_ms(alert.resolved_at),
        )
        for alert in newest.values()
        if alert.state != "suppressed"
    ]
    return sorted(rows, key=lambda a: (a.opened_at_ms, a.alert_id))


def _same_series(truth: Planted, alert: _Seen) -> bool:
    if truth.sku != alert.sku:
        return False
    return truth.store_id is None or alert.store_id is None or truth.store_id == alert.store_id


def _risk_ms(sku: str, leads: Mapping[str, float]) -> int:
    return round((leads.get(sku, DEFAULT_LEAD_TIME_DAYS) + RISK_MARGIN_DAYS) * DAY_MS)


def _explains(truth: Planted, alert: _Seen, leads: Mapping[str, float]) -> bool:
    """Tell whether this truth makes the alert true."""
    if not _same_series(truth, alert):
        return False
    since = alert.opened_at_ms - truth.starts_at_ms
    if truth.kind == "stockout":
        in_time = since >= -_risk_ms(truth.sku, leads) and alert.opened_at_ms <= truth.ends_at_ms
        return alert.kind in EMPTY_KINDS and in_time
    if alert.kind in LEVEL_KINDS:
        return 0 <= since <= DRIFT_WINDOW_DAYS * DAY_MS
    return alert.kind in CUT_KINDS and _is_cut(truth, alert)


def _is_cut(truth: Planted, alert: _Seen) -> bool:
    on = truth.starts_at_ms <= alert.opened_at_ms <= truth.ends_at_ms
    named = alert.source is None or truth.rival is None or alert.source == truth.rival
    return truth.kind == "rival_price_cut" and on and named


def _catches(truth: Planted, alert: _Seen, leads: Mapping[str, float]) -> bool:
    if not _explains(truth, alert, leads):
        return False
    if truth.kind == "stockout":
        return alert.resolved_at_ms is None or alert.resolved_at_ms >= truth.starts_at_ms - HOUR_MS
    return alert.kind == "demand_drift" if truth.kind == "demand_drift" else alert.kind in CUT_KINDS


def _judge(truth: Planted, seen: Sequence[_Seen], leads: Mapping[str, float]) -> Judgement:
    for alert in seen:
        if _catches(truth, alert, leads):
            return Judgement(truth, alert.alert_id, (truth.starts_at_ms - alert.opened_at_ms) / HOUR_MS)
    return Judgement(truth)


def _counts(alerts: Iterable[_Seen]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(alert.kind for alert in alerts).items()))
