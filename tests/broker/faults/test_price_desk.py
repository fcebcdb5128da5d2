"""The price desk (Faust) is killed again and again, Redis is rolled back under it: each observation has one price."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.topics import PRICES, full_name
from tests.broker.faults.counts import COUNTS
from tests.broker.price_shop import PRODUCTS, RIVALS, P, Shop, check_prices, decide, read_all, wait
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(1_800)]

SEED = 4
OBSERVATIONS_BETWEEN = 3_000


@pytest.fixture
def shop(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, key_prefix: str, tmp_path: Path
) -> Iterator[Shop]:
    shop = Shop(real_kafka, redis_server, topic_prefix, key_prefix, tmp_path)
    yield shop
    shop.close()


def test_killed_again_and_again_with_one_roll_back(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    chance = random.Random(SEED)
    decide(shop.outlet, shop.prefix)
    sent, at_work = 0, 0
    for number in range(COUNTS.price_kills):
        worker = shop.work(f"killed-{number}")
        worker.wait_taken()
        before = sum(shop.marks())
        shop.observe(sent, OBSERVATIONS_BETWEEN)
        sent += OBSERVATIONS_BETWEEN
        wait(lambda before=before: sum(shop.marks()) > before, 30, lambda: str(shop.marks()))  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.1))
        assert worker.end(signal.SIGKILL) == -signal.SIGKILL
        at_work += sum(shop.marks()) < sum(shop.ends())
        if number == COUNTS.price_kills // 2:
            roll_back(shop, sent)
            sent += 2 * OBSERVATIONS_BETWEEN
    last = shop.work("last")
    last.wait_taken()
    shop.wait_handled()
    assert last.end(signal.SIGTERM) == 0
    assert at_work > COUNTS.price_kills // 2, "most kills came after the work"
    record_property("faults", f"{COUNTS.price_kills} kills, {at_work} at work, 1 roll-back under a worker")
    record_property("events", sent)
    assert shop.fates() == {"decision": len(RIVALS) * PRODUCTS, "published": sent}
    check_prices(read_all(shop.config, full_name(PRICES, shop.prefix), P), sent)


def roll_back(shop: Shop, sent: int) -> None:
    """Put an older copy of the keys under a worker: its next commit is refused, and it ends."""
    worker = shop.work("rolled-back")
    worker.wait_taken()
    shop.wait_handled()
    older, backup = shop.marks(), shop.backup()
    shop.observe(sent, OBSERVATIONS_BETWEEN)
    shop.wait_handled()
    shop.restore(backup)
    assert shop.marks() == older
    shop.observe(sent + OBSERVATIONS_BETWEEN, OBSERVATIONS_BETWEEN)
    assert worker.process.wait(60) == 1
    assert [note["error"] for note in worker.notes("price_desk_failed")] == ["Gap"]
