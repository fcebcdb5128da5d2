"""A batch takes longer than the group waits (max.poll.interval): others take the tasks, and the slow one is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.quarantine import Headers
from streams.ports import Journal, Outlet, Place
from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.stage import Stage

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

TASKS = 2
#: The shortest that the session time-out of 6 s allows.
INTERVAL = {"max.poll.interval.ms": "6000"}


class SlowOutlet:
    """An outlet whose first `send` takes as long as something else does: the middle of a slow batch."""

    def __init__(self, outlet: Outlet, meanwhile: Callable[[], None]) -> None:
        self._outlet = outlet
        self._meanwhile: Callable[[], None] | None = meanwhile

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        self._outlet.send(topic, key, value, headers, partition)

    def flush(self) -> None:
        self._outlet.flush()

    def ends(self) -> Mapping[Place, int]:
        return self._outlet.ends()

    def close(self) -> None:
        self._outlet.close()


class SlowWiring(Wiring):
    """The wiring that ships, with a slow outlet."""

    def __init__(self, settings: Settings, journal: Journal, meanwhile: Callable[[], None]) -> None:
        super().__init__(settings, journal)
        self._meanwhile = meanwhile

    def outlet(self) -> Outlet:
        return SlowOutlet(super().outlet(), self._meanwhile)


def test_a_worker_that_is_too_slow_loses_its_tasks_and_writes_nothing(install: Install) -> None:
    stage = Stage(install(TASKS, ShopSettings(silence_series=1)), COUNTS.events_beside)
    marks: list[dict[int, dict[str, int]]] = []

    def meanwhile() -> None:
        """The slow worker stands in its batch; the next one comes, takes all tasks and handles what is there."""
        hands, stage.hands = stage.hands, []
        heir = stage.hire()
        stage.step_until(lambda: len(heir.worker.tasks) == TASKS and stage.is_handled())
        marks.append(stage.marks())
        stage.hands = [*hands, heir]

    slow = stage.hire(lambda settings, journal: SlowWiring(settings, journal, meanwhile), kafka=INTERVAL)
    stage.write_part(2)
    stage.step_until(lambda: bool(marks))
    assert "Another worker owns" in slow.reasons()
    assert stage.marks() == marks[0]
    stage.finish()
