"""The feed: alerts as they fire, each in its newest revision, for whoever asked for that store or kind.

The one rule: the feed decides nothing; it keeps the highest `revision` of an `alert_id` and passes it through a filter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.alerts import Alert, AlertState
from schemas.errors import BadEvent
from schemas.reading import read_alert
from schemas.reasons import Reason
from schemas.signals import AlertKind, Severity
from schemas.topics import ALERTS
from streams.metrics import CONSUMED, REJECTED, Sample
from streams.ports import Inlet, Place


@dataclass(frozen=True, slots=True)
class Filter:
    """Which alerts are wanted; an empty set wants all.

    Parameters
    ----------
    stores, kinds, severities, states
        The values wanted of each.
    """

    stores: frozenset[str] = frozenset()
    kinds: frozenset[AlertKind] = frozenset()
    severities: frozenset[Severity] = frozenset()
    states: frozenset[AlertState] = frozenset()

    def wants(self, alert: Alert) -> bool:
        """Return whether an alert passes."""
        return (
            (not self.stores or alert.store_id in self.stores)
            and (not self.kinds or alert.kind in self.kinds)
            and (not self.severities or alert.severity in self.severities)
            and (not self.states or alert.state in self.states)
        )


class Board:
    """The newest revision of every alert, from any list of alerts."""

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}

    def take(self, alert: Alert) -> bool:
        """Keep an alert; False when it is not newer than what is known."""
        known = self._alerts.get(alert.alert_id)
        if known is not None and alert.revision <= known.revision:
            return False
        self._alerts[alert.alert_id] = alert
        return True

    def get(self, alert_id: str) -> Alert | None:
        """Return one alert; a unique beginning of its id will do."""
        if alert_id in self._alerts:
            return self._alerts[alert_id]
        found = [each for each in self._alerts if each.startswith(alert_id)]
        return self._alerts[found[0]] if len(found) == 1 else None

    def alerts(self, wanted: Filter | None = None) -> list[Alert]:
        """Return the alerts that pass, newest last; ties by id."""
        passing = [alert for alert in self._alerts.values() if wanted is None or wanted.wants(alert)]
        return sorted(passing, key=lambda alert: (alert.updated_at, alert.alert_id))


class Feed:
    """Reads `alerts.v1` from a place in the log, without a group.

    Parameters
    ----------
    inlet
        A reader of its own; the feed assigns it.
    topic
        Full name of the alerts' topic on the broker.
    wanted
        Which alerts are handed out; all are kept on the board.
    start
        Offset to begin at.
    """

    def __init__(self, inlet: Inlet, topic: str = ALERTS.name, wanted: Filter | None = None, start: int = 0) -> None:
        self._inlet = inlet
        self._wanted = wanted or Filter()
        self.board = Board()
        self.read = 0
        self.rejected: Counter[Reason] = Counter()
        self.position = start
        inlet.assign({Place(topic, 0): start})

    @property
    def unreadable(self) -> int:
        """Records that were no alerts."""
        return self.rejected.total()

    def poll(self, max_records: int = 1000, timeout_seconds: float = 1.0) -> list[Alert]:
        """Return the newer revisions that have arrived and pass the filter, in the order of the log.

        Raises
        ------
        Outage
            When the broker is away.
        """
        fresh: list[Alert] = []
        for chunk in self._inlet.poll(max_records, timeout_seconds):
            fresh.extend(self._read([record.value for record in chunk.records]))
            self.position = max(self.position, chunk.position)
        return fresh

    def samples(self) -> Sequence[Sample]:
        """Return what a scrape shows; safe from any thread."""
        rejected = [Sample(REJECTED, (ALERTS.name, str(reason)), self.rejected[reason]) for reason in Reason]
        return [Sample(CONSUMED, (ALERTS.name,), self.read), *rejected]

    def _read(self, values: Sequence[bytes | None]) -> Iterable[Alert]:
        for value in values:
            self.read += 1
            try:
                alert = read_alert(value)
            except BadEvent as error:
                self.rejected[error.reason] += 1
                continue
            if self.board.take(alert) and self._wanted.wants(alert):
                yield alert
