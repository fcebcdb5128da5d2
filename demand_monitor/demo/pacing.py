"""Holds the loader back, and knows when everything is handled.

::

    end of the log − mark in the store ≤ limit    for each input of each host, asked at each tick

The mock broker forgets what lies more than about 5 MB behind a partition's end, so no reader may fall further behind.

The one rule: what counts as handled is what the store has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from demand_monitor.wiring import DESK, DESK_INPUTS, ENGINE, ENGINE_INPUTS, Wiring
from schemas.topics import ALERTS
from streams.marks import decode_marks
from streams.ports import Place

#: Records that may wait at a tick; up to 5,000 more of all partitions together follow before the next.
AHEAD: Final = 2_500
_LOOK_SECONDS: Final = 0.03


@dataclass(frozen=True, slots=True)
class _Reader:
    """One task and what it reads."""

    task_id: str
    places: Mapping[str, Place]


class Pacing:
    """Compares the ends of the topics with the marks.

    Parameters
    ----------
    wiring
        Of the installation.
    check
        Raises what has ended a host, if anything has.
    seen
        How far alerts have been read: the next offset.
    """

    def __init__(self, wiring: Wiring, check: Callable[[], None], seen: Callable[[], int]) -> None:
        self._wiring, self._check, self._seen = wiring, check, seen
        self._admin = wiring.admin()
        tasks = range(wiring.settings.partitions)
        engine, desk = wiring.topics(ENGINE_INPUTS), wiring.topics(DESK_INPUTS)
        self._engine = [
            _Reader(f"{ENGINE}:{task}", {name: Place(topic, task) for name, topic in engine.items()}) for task in tasks
        ]
        self._desk = [_Reader(f"{DESK}:0", {name: Place(topic, 0) for name, topic in desk.items()})]
        self._alerts = Place(wiring.topic(ALERTS), 0)

    def hold(self, limit: int = AHEAD) -> None:
        """Wait until no reader has more than `limit` records before it.

        Raises
        ------
        DemandError
            What has ended a host meanwhile.
        """
        while True:
            self._check()
            if self.most_behind() <= limit:
                return
            self._wiring.clock.sleep(_LOOK_SECONDS)

    def is_done(self) -> bool:
        """Return whether everything on the topics is handled, committed and read."""
        # In the order of the flow: what a host has committed, it has delivered before.
        return (
            self._behind(self._engine, ("ticks",)) == 0
            and self._behind(self._desk, ("signals",)) == 0
            and self._unseen() == 0
        )

    def most_behind(self) -> int:
        """Return the most records that wait before any reader, alerts not yet shown among them."""
        names = tuple(ENGINE_INPUTS)
        return max(self._behind(self._engine, names), self._behind(self._desk, ("signals",)), self._unseen())

    def _behind(self, readers: Sequence[_Reader], names: Sequence[str]) -> int:
        marks = {each.task_id: self._wiring.store.marks(each.task_id) for each in readers}
        ends = self._admin.ends([each.places[name] for each in readers for name in names])
        most = 0
        for each in readers:
            mark = marks[each.task_id]
            handled = {} if mark is None else decode_marks(mark)[0]
            most = max(most, *(ends[each.places[name]] - max(0, handled.get(name, 0)) for name in names))
        return most

    def _unseen(self) -> int:
        return self._admin.ends([self._alerts])[self._alerts] - max(0, self._seen())
