"""The group grows from one worker to three and shrinks to two while events flow."""

from __future__ import annotations

import pytest

from schemas.topics import TICKS
from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.crew import Crew
from tests.broker.faults.flow import Flow
from tests.broker.faults.market import Market
from tests.broker.faults.oracle import check_exact
from tests.broker.faults.stage import create_topics

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

TASKS = 3


def test_one_worker_becomes_three_becomes_two(install: Install) -> None:
    live = install(TASKS, ShopSettings(silence_series=1))
    create_topics(live)
    flow = Flow(live, Market(3, COUNTS.events_beside, 2, skus=8))
    part = flow.left // 4
    crew = Crew(live, 1)
    seen = []
    for step in (lambda: None, crew.add, crew.add, lambda: crew.retire(0)):
        flow.write(part)
        assert not step()
        crew.wait(crew.is_whole, "the workers did not share the tasks")
        seen.append([len(crew.owned_by(worker)) for worker in crew.workers])
    assert [sorted(shares) for shares in seen] == [[3], [1, 2], [1, 1, 1], [1, 2]]
    assert crew.fell == []
    flow.finish()
    live.wait(lambda: live.is_handled("engine", TICKS, "ticks", TASKS), 120)
    assert [worker.end() for worker in crew.workers] == [0, 0]
    check_exact(live, flow.market)
    crew.close()
