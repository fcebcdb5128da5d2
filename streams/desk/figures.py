"""How the alert desk stands, as metrics (:class:`streams.metrics.Figures`).

The one rule: it only reads what the register counts; no alert is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, get_args

from schemas.reasons import Reason
from schemas.signals import AlertKind, Severity
from schemas.topics import ACTIONS, SIGNALS
from streams.desk.desk import AlertDesk
from streams.metrics import (
    ALERTS_EMITTED,
    ALERTS_OPEN,
    DRIFTING,
    MOST_STORES,
    REJECTED,
    Counts,
    Key,
    Sample,
)
from streams.task import Task

_TOPICS: Final = {"signals": SIGNALS, "actions": ACTIONS}
_KINDS: Final = [(kind, severity) for kind in get_args(AlertKind) for severity in get_args(Severity)]


class DeskFigures:
    """Reads the alert desk's numbers."""

    def counts(self, task: Task) -> Counts:
        assert isinstance(task, AlertDesk), "a host of the desk holds desks"
        counts: dict[Key, int] = {(REJECTED, (each.name, str(why))): 0 for each in _TOPICS.values() for why in Reason}
        counts |= {(REJECTED, (_TOPICS[name].name, why)): n for (name, why), n in task.rejected.items()}
        return counts | {(ALERTS_EMITTED, each): task.emitted[each] for each in _KINDS}

    def gauges(self, tasks: Sequence[Task]) -> Sequence[Sample]:
        return [sample for task in tasks if isinstance(task, AlertDesk) for sample in _desk(task)]


def _desk(desk: AlertDesk) -> Iterator[Sample]:
    for each in _KINDS:
        yield Sample(ALERTS_OPEN, each, desk.open.get(each, 0))
    yield from _drifting(desk.drifting)


def _drifting(by_store: Mapping[str, int]) -> Iterator[Sample]:
    for store_id in sorted(by_store, key=lambda store_id: (-by_store[store_id], store_id))[:MOST_STORES]:
        yield Sample(DRIFTING, (store_id,), by_store[store_id])
