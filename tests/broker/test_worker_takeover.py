"""A worker on a real Kafka and a real Redis: one is killed (SIGKILL), the next one finishes its work."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.broker.worker_stage import CLOCK, RECORDS, Stage
from tests.servers.jars import ROOT
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.broker


def wait_until(enough: Callable[[], bool], pause: Callable[[], None]) -> None:
    give_up_at = CLOCK.monotonic_seconds() + 60
    while not enough():
        assert CLOCK.monotonic_seconds() < give_up_at, "it took too long"
        pause()


def test_the_next_worker_finishes_what_a_killed_one_began(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, key_prefix: str
) -> None:
    names = (real_kafka.bootstrap, redis_server.url, topic_prefix, key_prefix)
    stage = Stage(*names)
    total = stage.fill()
    command = [sys.executable, "-m", "tests.broker.worker_stage", *names]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as killed:
        wait_until(lambda: stage.handled() > RECORDS // 4, lambda: CLOCK.sleep(0.02))
        killed.kill()
    assert stage.handled() < 2 * RECORDS, "it was done before it could be killed"
    heir = stage.worker("heir")
    heir.start()
    wait_until(lambda: stage.handled() == 2 * RECORDS, heir.step)
    heir.leave()
    heir.close()
    fields = [stage.store.all_fields(f"engine:{partition}") for partition in (0, 1)]
    assert sum(int(value) for state in fields for value in state.values()) == total
    by_at: dict[bytes, set[bytes | None]] = {}
    for record in stage.outputs():
        by_at.setdefault(record.headers[0][1], set()).add(record.value)
    assert len(by_at) == 2 * RECORDS
    assert all(len(values) == 1 for values in by_at.values())
