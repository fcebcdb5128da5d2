"""Fixtures of the faults: installations as a test wants them, and servers that it may break."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from streams.settings import ShopSettings
from tests.broker.faults.soak_record import SoakRecord
from tests.broker.installation import Installation
from tests.servers.choose import absent, needs_disturbable
from tests.servers.kafka import KafkaServer
from tests.servers.redis import LocalRedis, NoRedis, RedisServer

Install = Callable[[int, ShopSettings], Installation]


def pytest_configure(config: pytest.Config) -> None:
    """Keep a record of this package's tests, where one is asked for."""
    record = SoakRecord.asked_for(Path(__file__).parent)
    if record is not None:
        config.pluginmanager.register(record, "soak-record")


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRedis]:
    """A Redis of this test's own, to be killed, emptied and rolled back."""
    try:
        server = RedisServer.local(tmp_path_factory.mktemp("redis"))
    except NoRedis as missing:
        absent(f"needs a local Redis: {missing}")
    with server:
        yield server


@pytest.fixture
def breakable_kafka(real_kafka: KafkaServer) -> Iterator[KafkaServer]:
    """The run's broker, to be killed and frozen; it runs again afterwards."""
    needs_disturbable(real_kafka)
    yield real_kafka
    real_kafka.resume()
    real_kafka.start()
    wait_for_controller(real_kafka.bootstrap)


def wait_for_controller(bootstrap: str, seconds: float = 60.0) -> None:
    """Wait until a broker that was frozen is one of the cluster again."""
    client, give_up_at = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}), time.monotonic() + seconds
    while client.list_topics(timeout=seconds).controller_id < 0:
        assert time.monotonic() < give_up_at, "the broker did not come back"
        time.sleep(0.1)


@pytest.fixture
def install(real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path) -> Iterator[Install]:
    """Makes installations on the run's servers: tasks, settings of the shop."""
    with ExitStack() as stack:
        yield lambda tasks, shop: stack.enter_context(
            Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, shop, tasks)
        )


@pytest.fixture
def install_on_own(
    real_kafka: KafkaServer, own_redis: LocalRedis, topic_prefix: str, tmp_path: Path
) -> Iterator[Install]:
    """Makes installations on the run's broker and a Redis of the test's own."""
    with ExitStack() as stack:
        yield lambda tasks, shop: stack.enter_context(
            Installation(real_kafka.bootstrap, own_redis.url, topic_prefix, tmp_path, shop, tasks)
        )
        own_redis.start()
