"""How far a host is behind its log: asked from outside, so that a host that hangs is seen to fall behind.

The one rule: while the broker does not answer, or refuses, the lag is unknown, and unknown is absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from schemas.errors import DemandError
from streams.metrics import LAG, Publisher, Sample
from streams.ports import Place, TopicAdmin


class LagWatch:
    """Compares a host's positions with the ends of its log.

    Parameters
    ----------
    positions
        The next offset to be handled of each place that the host holds; below 0 where nothing was handled yet.
    admin
        A client of its own, so that the host's trouble is not shared.
    publisher
        Where the lag is shown.
    prefix
        The installation's, left out of the topics' names.
    """

    def __init__(
        self,
        positions: Callable[[], Mapping[Place, int]],
        admin: TopicAdmin,
        publisher: Publisher,
        prefix: str = "",
    ) -> None:
        self._positions = positions
        self._admin = admin
        self._publisher = publisher
        self._prefix = prefix

    def look(self) -> None:
        """Ask once, and publish."""
        self._publisher.publish("lag", self._samples())

    def _samples(self) -> Sequence[Sample]:
        # Before the ends: a record handled in between must not make the lag negative.
        positions = self._positions()
        try:
            ends = self._admin.ends(list(positions))
        except DemandError:
            return []
        lags: Counter[str] = Counter()
        for place, position in positions.items():
            lags[place.topic.removeprefix(self._prefix)] += max(0, ends[place] - max(position, 0))
        return [Sample(LAG, (topic,), lag) for topic, lag in sorted(lags.items())]
