"""Is a host still moving? Asked from outside its event loop, for a loop that hangs cannot tell.

The one rule: a host stalls when records wait for it and none of them is handled for too long; an empty log is no stall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from schemas.errors import Outage
from streams.ports import Clock, Place, TopicAdmin


class StallWatch:
    """Compares a host's positions with the ends of its log.

    Parameters
    ----------
    positions
        The next offset of each place that the host holds.
    admin
        A client of its own, so that the host's trouble is not shared.
    clock
        For the waiting.
    stall_seconds
        How long a place may stand still while records wait.
    """

    def __init__(
        self, positions: Callable[[], Mapping[Place, int]], admin: TopicAdmin, clock: Clock, stall_seconds: float
    ) -> None:
        self._positions = positions
        self._admin = admin
        self._clock = clock
        self._stall_seconds = stall_seconds
        self._moved: dict[Place, tuple[int, float]] = {}

    def stalled(self) -> Place | None:
        """Look once; return a place that has stood still for too long."""
        positions = self._positions()
        try:
            ends = self._admin.ends(list(positions))
        except Outage:
            # Nobody can move while the broker is away: begin to count anew.
            self._moved.clear()
            return None
        now = self._clock.monotonic_seconds()
        before = self._moved
        self._moved = {}
        for place, position in positions.items():
            known, since = before.get(place, (position, now))
            waits = known == position and ends[place] > position
            self._moved[place] = (position, since if waits else now)
            if waits and now - since >= self._stall_seconds:
                return place
        return None
