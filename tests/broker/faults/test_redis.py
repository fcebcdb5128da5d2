"""Redis dies and comes back, perhaps empty or older; takes no writes; takes its time: the sums stay true."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.exceptions import RedisError

from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.slow_proxy import SlowProxy
from tests.broker.faults.stage import Stage
from tests.servers.redis import LocalRedis, redis_answers

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

TASKS = 2
LATENCY_SECONDS = 1.0


@pytest.fixture
def stage(install_on_own: Install) -> Stage:
    return Stage(install_on_own(TASKS, ShopSettings(silence_series=1)), COUNTS.events_beside)


@pytest.fixture
def client(own_redis: LocalRedis) -> Iterator[Redis]:
    client = Redis.from_url(own_redis.url)
    yield client
    client.close()


def handle_a_part(stage: Stage) -> None:
    """Write a third of the market and handle it."""
    stage.write_part(3)
    stage.step_until(stage.is_handled)


def test_killed_and_started_again(stage: Stage, own_redis: LocalRedis) -> None:
    hand = stage.hire()
    handle_a_part(stage)
    stage.write_part(3)
    own_redis.kill()
    assert not redis_answers(own_redis.url)
    stage.step_until(lambda: not hand.worker.tasks)
    assert "Redis did not answer" in hand.reasons()
    own_redis.start()
    stage.finish()


def test_started_again_empty(stage: Stage, own_redis: LocalRedis, client: Redis) -> None:
    hand = stage.hire()
    handle_a_part(stage)
    stage.write_part(3)
    own_redis.kill()
    shutil.rmtree(own_redis.folder / "appendonlydir")
    own_redis.start()
    assert client.dbsize() == 0
    stage.step_until(lambda: len(hand.worker.tasks) == TASKS and stage.is_handled())
    # Nothing was there to go on from: the second taking found no state, as the first did.
    assert [note["fields"] for note in hand.notes("task_taken")][:TASKS] == [0] * TASKS
    assert [note["fields"] for note in hand.notes("task_taken")][-TASKS:] == [0] * TASKS
    assert "Another worker owns" in hand.reasons()
    stage.finish()


def test_rolled_back_under_a_worker(stage: Stage, own_redis: LocalRedis, tmp_path: Path) -> None:
    hand = stage.hire()
    handle_a_part(stage)
    older = stage.marks()
    own_redis.stop()
    shutil.copytree(own_redis.folder / "appendonlydir", tmp_path / "older")
    own_redis.start()
    handle_a_part(stage)
    newer = stage.marks()
    assert all(older[task]["ticks"] < newer[task]["ticks"] for task in older)
    own_redis.stop()
    shutil.rmtree(own_redis.folder / "appendonlydir")
    shutil.copytree(tmp_path / "older", own_redis.folder / "appendonlydir")
    own_redis.start()
    assert stage.marks() == older
    stage.flow.write(500)
    stage.step_until(lambda: "are not the ones this worker wrote last" in hand.reasons())
    stage.finish()


#: How Redis is made to refuse writes and to take them again, and what it says then.
REFUSALS = {
    "read only": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "read only replica"),
    "too few replicas": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "NOREPLICAS"),
    "out of memory": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "maxmemory"),
}


def test_takes_no_writes(stage: Stage, client: Redis) -> None:
    hand = stage.hire()
    handle_a_part(stage)
    for begin, end, says in REFUSALS.values():
        before = stage.marks()
        tell(client, begin)
        with pytest.raises(RedisError, match=says):
            client.set("x", "y")
        stage.write_part(6)
        stage.step_until(lambda says=says: says in hand.reasons())  # type: ignore[misc]
        stage.step_for(1.0)
        assert stage.marks() == before
        tell(client, end)
        stage.step_until(stage.is_handled)
    stage.finish()


def test_takes_a_second_for_each_answer(
    stage: Stage, own_redis: LocalRedis, record_property: Callable[[str, object], None]
) -> None:
    address = urlsplit(own_redis.url)
    with SlowProxy(address.hostname or "", address.port or 0) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        hand = stage.hire(redis=url)
        handle_a_part(stage)
        proxy.delay_seconds = LATENCY_SECONDS / 2
        began = time.monotonic()
        assert redis_answers_slowly(url)
        assert time.monotonic() - began >= LATENCY_SECONDS
        slow_from = hand.worker.stats.commits
        stage.flow.write(500)
        stage.step_until(stage.is_handled)
        commits = hand.worker.stats.commits - slow_from
        assert commits > 0
        assert hand.worker.stats.last_commit_seconds >= LATENCY_SECONDS
        record_property("faults", f"{commits} commits at {LATENCY_SECONDS:g} s each")
        proxy.delay_seconds = 0.0
        stage.finish()
    assert hand.reasons() == ""


def tell(client: Redis, command: str) -> None:
    client.execute_command(*command.split())  # type: ignore[no-untyped-call]


def redis_answers_slowly(url: str) -> bool:
    """Return whether a Redis answers at all."""
    client = Redis.from_url(url)
    try:
        return bool(client.ping())
    finally:
        client.close()
