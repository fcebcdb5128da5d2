"""Drift of what sells too rarely to be tested alone: one CUSUM on the slow sellers of a category in a store, summed.

Why: at a signal-to-noise below 0.8 no test of one series tells drift from chance; twenty such series together reach 3.
The one rule: a group is judged once a period, when all its closes are done, on the sum of what was forecast before.

::

    close of a slow seller ──► sums of its group ──► period over ──► CUSUM of the sum ──► demand_drift of the group
                                                          └──► dispersion of the sum, from its own errors
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from online_models.base import gain
from online_models.drift import DriftFinding, LikelihoodCusum
from streams.engine.unjudged import Unjudged
from streams.sealing import seal, unseal

FIELD: Final = "groups"
LEAST_MEMBERS: Final = 5
"""Series that a group must have in a period to be judged."""
LEAST_SIGNAL_TO_NOISE: Final = 0.8
WARM_UP_PERIODS: Final = 28
_KEEP: Final = 1.0 - gain(28.0)
_LARGEST_IN_VARIANCES: Final = 25.0

Key = tuple[str, str]
"""Store and category."""


class GroupVerdict(NamedTuple):
    """A group whose demand has drifted.

    Parameters
    ----------
    store_id, category
        The group.
    period
        Ordinal of the period that completes it.
    members
        Series in it.
    finding
        What was found.
    """

    store_id: str
    category: str
    period: int
    members: int
    finding: DriftFinding


class DriftGroup:
    """One group: the sums of the period under way, the spread of past ones, and the detector."""

    __slots__ = ("cusum", "excess", "expected", "members", "period", "seen", "sold", "square")

    def __init__(self, threshold: float) -> None:
        self.cusum = LikelihoodCusum(threshold)
        self.period = -1
        self.members = self.seen = 0
        self.sold = self.expected = self.excess = self.square = 0.0

    def end(self) -> DriftFinding | None:
        """Judge the period under way, and learn from it."""
        sold, mean = self.sold, self.expected
        if mean <= 0.0:
            return None
        dispersion = max(self.excess, 0.0) / self.square if self.square > 0.0 else 0.0
        variance = mean + dispersion * mean * mean
        finding = None
        if (
            self.seen >= WARM_UP_PERIODS
            and self.members >= LEAST_MEMBERS
            and mean * mean >= LEAST_SIGNAL_TO_NOISE**2 * variance
        ):
            finding = self.cusum.update(sold, mean, dispersion)
        self.seen += 1
        capped = min((sold - mean) ** 2, _LARGEST_IN_VARIANCES * variance)
        self.excess = _KEEP * self.excess + capped - mean
        self.square = _KEEP * self.square + mean * mean
        return finding


class DriftGroups:
    """All groups of one task.

    Parameters
    ----------
    threshold
        Score that a finding must exceed, nats.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._groups: dict[Key, DriftGroup] = {}
        self._unjudged = Unjudged[Key]()
        self._dirty = False

    def add(self, store_id: str, category: str, period: int, demand: float, mean: float) -> None:
        """Take the close of a slow seller; periods that are over are to be judged before.

        Parameters
        ----------
        store_id, category
            Its group.
        period
            Ordinal.
        demand, mean
            Demand and its forecast, units.
        """
        key = (store_id, category)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = DriftGroup(self._threshold)
        if period > group.period:
            group.period, group.members, group.sold, group.expected = period, 0, 0.0, 0.0
            self._unjudged.add(key, period)
        group.members += 1
        group.sold += demand
        group.expected += mean
        self._dirty = True

    def over(self, before: int) -> Iterator[GroupVerdict]:
        """Judge every group whose newest period lies before this one, once; yield what was found."""
        for key in self._unjudged.due(before):
            group = self._groups[key]
            self._dirty = True
            found = group.end()
            if found is not None:
                yield GroupVerdict(*key, group.period, group.members, found)

    def writes(self) -> dict[str, bytes | None]:
        """Return the field if it changed, and count it as clean."""
        if not self._dirty:
            return {}
        self._dirty = False
        state = [
            [*key, one.period, one.members, one.seen, one.sold, one.expected, one.excess, one.square,
             one.cusum.encode().hex(), key in self._unjudged]
            for key, one in sorted(self._groups.items())
        ]  # fmt: skip
        return {FIELD: seal(json.dumps(state, separators=(",", ":")).encode())}

    @classmethod
    def load(cls, state: Mapping[str, bytes], threshold: float) -> DriftGroups:
        """Return the groups in a snapshot."""
        groups = cls(threshold)
        if (field := state.get(FIELD)) is None:
            return groups
        for store_id, category, *numbers, cusum, waiting in json.loads(unseal(field, FIELD)):
            one = groups._groups[store_id, category] = DriftGroup(threshold)
            one.period, one.members, one.seen, one.sold, one.expected, one.excess, one.square = numbers
            one.cusum.restore(bytes.fromhex(cusum))
            if waiting:
                groups._unjudged.add((store_id, category), one.period)
        return groups
