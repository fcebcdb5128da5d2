"""A worker whose Redis dies and comes back, perhaps without its last second: it goes on by itself, to the same sums."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.broker.worker_stage import CLOCK, RECORDS, Stage
from tests.servers.choose import absent
from tests.servers.kafka import KafkaServer
from tests.servers.redis import NoRedis, RedisServer

pytestmark = pytest.mark.broker


def test_a_redis_that_dies_and_comes_back_changes_nothing(
    real_kafka: KafkaServer, tmp_path: Path, topic_prefix: str
) -> None:
    try:
        redis = RedisServer.local(tmp_path)
    except NoRedis as missing:
        absent(f"needs a local Redis: {missing}")
    with redis:
        stage = Stage(real_kafka.bootstrap, redis.url, topic_prefix, "")
        # Small bites and early commits, so that there is work left when Redis dies: a worker with nothing to commit
        # would not notice.
        stage.config = replace(stage.config, handle_budget=2, commit_interval_seconds=0.01)
        total = stage.fill()
        worker = stage.worker("w")
        worker.start()
        give_up_at = CLOCK.monotonic_seconds() + 60
        while worker.stats.commits < 2:
            assert CLOCK.monotonic_seconds() < give_up_at
            worker.step()
        assert stage.handled() < 1.5 * RECORDS
        redis.kill()
        while worker.tasks:
            assert CLOCK.monotonic_seconds() < give_up_at
            worker.step()
        redis.start()
        while stage.handled() < 2 * RECORDS:
            assert CLOCK.monotonic_seconds() < give_up_at
            worker.step()
        worker.leave()
        worker.close()
        fields = [stage.store.all_fields(f"engine:{partition}") for partition in (0, 1)]
    assert worker.stats.doubts >= 2
    assert sum(int(value) for state in fields for value in state.values()) == total
    by_at: dict[bytes, set[bytes | None]] = {}
    for record in stage.outputs():
        by_at.setdefault(record.headers[0][1], set()).add(record.value)
    assert len(by_at) == 2 * RECORDS
    assert all(len(values) == 1 for values in by_at.values())
