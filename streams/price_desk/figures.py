"""How the price desk's tasks of one process stand, as metrics (:class:`streams.metrics.Figures`).

The one rule: each record has exactly one fate, so the fates add up to what was consumed.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.reasons import Reason
from schemas.topics import OBSERVATIONS
from streams.metrics import CONSUMED, OBSERVED, REJECTED, Counts, Key, Sample
from streams.price_desk.task import PriceDesk
from streams.task import Task


class PriceFigures:
    """Reads the price desk's numbers."""

    def counts(self, task: Task) -> Counts:
        assert isinstance(task, PriceDesk), "a host of the price desk holds price desks"
        fates = task.new_fates()
        counts: dict[Key, int] = {(REJECTED, (OBSERVATIONS.name, str(why))): task.rejected[str(why)] for why in Reason}
        counts |= {(OBSERVED, (fate,)): number for fate, number in fates.items()}
        return counts | {(CONSUMED, (OBSERVATIONS.name,)): sum(fates.values())}

    def gauges(self, tasks: Sequence[Task]) -> Sequence[Sample]:
        return []
