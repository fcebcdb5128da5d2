"""Workers are killed and frozen at random moments while events flow: nothing is lost, nothing comes twice.

Three workers share six tasks. In each round a slice of the market is written, and one or two of them are struck while
it is written and handled. See `crew.py` for what is asserted of each fault, `oracle.py` for what of the result.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemas.topics import TICKS
from streams.settings import ShopSettings
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.crew import Crew, Fault, Struck
from tests.broker.faults.flow import Flow
from tests.broker.faults.market import Market
from tests.broker.faults.oracle import check_exact
from tests.broker.installation import Installation
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(3_600)]

WORKERS, TASKS = 3, 6
SEED = 20
#: The longest wait between the begin of a slice and its fault.
WITHIN_SECONDS = 0.4
#: A worker frozen while it waits for records is told of its loss before it writes anything: then it is frozen again.
EXTRA_FREEZES = 6
FREEZE: list[Fault] = ["freeze"]
#: How often two are struck at once.
PAIR_SHARE = 0.6


@pytest.fixture
def live(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    shop = ShopSettings(silence_series=1)
    with Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, shop, TASKS) as made:
        yield made


def test_killed_and_frozen_workers_lose_nothing_and_double_nothing(
    live: Installation, record_property: Callable[[str, object], None]
) -> None:
    market = Market(SEED, COUNTS.events, COUNTS.days)
    live.run("topics", "create")
    flow = Flow(live, market)
    desk = live.start("desk")
    crew = Crew(live, WORKERS)
    crew.wait(crew.is_whole, "the workers did not share the tasks")
    struck, at_work = strike_all(live, crew, flow)
    assert flow.left > 0, "the last fault came after the last event"
    flow.finish()
    live.wait_handled(300)
    done = [each.fault for each in struck]
    refused = crew.refused_as_zombie()
    told = f"{done.count('kill')} kills, {done.count('freeze')} freezes, {at_work} at work, {refused} writes refused"
    record_property("faults", told)
    record_property("events", len(market.facts))
    assert done.count("kill") == COUNTS.kills
    assert done.count("freeze") >= COUNTS.freezes
    assert at_work > len(done) // 3, "most faults struck workers that had nothing to do"
    assert refused > 0, "no zombie tried to write: the freezes prove nothing"
    assert [worker.end() for worker in (*crew.workers, desk)] == [0] * (WORKERS + 1)
    check_exact(live, market, alerts=True)
    crew.close()


def strike_all(live: Installation, crew: Crew, flow: Flow) -> tuple[list[Struck], int]:
    """Do all faults, in rounds; return them, and how many struck while records were left to be handled."""
    chance = random.Random(SEED)
    kills: list[Fault] = ["kill"] * COUNTS.kills
    faults: list[Fault] = kills + ["freeze"] * COUNTS.freezes
    chance.shuffle(faults)
    most = len(faults) + EXTRA_FREEZES
    slice_records = flow.left // (most + 1)
    struck: list[Struck] = []
    at_work = 0
    with ThreadPoolExecutor(1) as writer:
        while faults or (not crew.refused_as_zombie() and len(struck) < most):
            count = 2 if chance.random() < PAIR_SHARE else 1
            now, faults = faults[:count] or FREEZE, faults[count:]
            writing = writer.submit(flow.write, slice_records)
            time.sleep(chance.uniform(0, WITHIN_SECONDS))
            victims = chance.sample(range(WORKERS), len(now))
            hit = [crew.strike(number, fault) for number, fault in zip(victims, now, strict=True)]
            assert all(each.had for each in hit), "a worker without a task was struck"
            at_work += len(hit) * (not live.is_handled("engine", TICKS, "ticks", TASKS))
            crew.recover(hit)
            writing.result()
            struck += hit
    return struck, at_work
