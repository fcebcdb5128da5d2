"""The negative control: the same faults on a worker in the naive order must be found by the same oracle.

A worker that commits to Kafka and then writes its state is killed three times between the two. What it had handled is
lost, and the oracle says so; without the faults, the same worker satisfies it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.topics import TICKS
from streams.settings import ShopSettings
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.flow import Flow
from tests.broker.faults.market import Market
from tests.broker.faults.naive_worker import BETWEEN
from tests.broker.faults.oracle import wrong_units
from tests.broker.installation import Installation, Process
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]

TASKS, DAYS, SEED = 2, 2, 7
FAULTS = 3
NAIVE = "tests.broker.faults.naive_worker"


@pytest.fixture
def live(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    shop = ShopSettings(models="none")
    with Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, shop, TASKS) as made:
        yield made


def kill_between(live: Installation) -> None:
    """Start a naive worker that stops after its commit to Kafka, and kill it there."""
    worker = live.start("2", module=NAIVE)
    live.wait(lambda: BETWEEN in worker.lines(), 60)
    kill(worker)


def kill(worker: Process) -> None:
    worker.was_ended = True
    worker.process.kill()
    assert worker.process.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("faults", [FAULTS, 0], ids=["killed between", "undisturbed"])
def test_the_naive_order_loses_and_the_oracle_finds_it(
    live: Installation, faults: int, record_property: Callable[[str, object], None]
) -> None:
    market = Market(SEED, COUNTS.naive_events, DAYS)
    live.run("topics", "create")
    flow = Flow(live, market)
    for _ in range(faults):
        flow.write(flow.left // (FAULTS + 1))
        kill_between(live)
    flow.finish()
    worker = live.start("0", module=NAIVE)
    live.wait(lambda: live.is_handled("engine", TICKS, "ticks", TASKS), 200)
    assert worker.end() == -signal.SIGTERM
    wrong = wrong_units(live, market)
    record_property("faults", f"{faults} kills between commit and write, {wrong.lost:g} units lost")
    if faults:
        assert wrong.lost > 0, "the naive order lost nothing: the oracle, or the fault, is no good"
    else:
        assert wrong == {}, "the naive worker loses by itself: it is no control"
