"""Fixtures for all tests: servers (made when first asked for, one per run), names of one's own, and the data folder."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.choose import absent, choose_kafka, choose_redis, find_data_folder, needs_real_kafka
from tests.servers.kafka import KafkaServer
from tests.servers.prometheus import NoPrometheus, find_program
from tests.servers.redis import NoRedis, RedisServer


def pytest_configure(config: pytest.Config) -> None:
    """Keep linear algebra on one thread: sums in another order would be other bytes."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaServer]:
    """The run's broker, real where one can be had; else librdkafka's mock cluster."""
    server = choose_kafka()
    _say(request, f"Kafka: {server.kind} at {server.bootstrap} {server.missing}")
    yield server
    server.close()


@pytest.fixture(scope="session")
def real_kafka(kafka: KafkaServer) -> KafkaServer:
    """The run's broker, only if it is a real one."""
    needs_real_kafka(kafka)
    return kafka


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """The run's Redis."""
    try:
        server = choose_redis()
    except NoRedis as missing:
        absent(f"needs a Redis: {missing}")
    _say(request, f"Redis: {server.kind} at {server.url.rpartition('@')[2]}")
    yield server
    server.close()


@pytest.fixture(scope="session")
def prometheus_tools() -> None:
    """Ask for this where `prometheus` and `promtool` must be on PATH."""
    try:
        for name in ("prometheus", "promtool"):
            find_program(name)
    except NoPrometheus as missing:
        absent(f"needs a Prometheus: {missing}")


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topic and group names that no other test has."""
    return f"t{secrets.token_hex(6)}."


@pytest.fixture
def key_prefix() -> str:
    """A prefix for Redis keys that no other test has."""
    return f"t{secrets.token_hex(6)}:"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the public data sets (DEMAND_DATA)."""
    return find_data_folder()


def _say(request: pytest.FixtureRequest, line: str) -> None:
    # Past pytest's capture: which servers were used is part of a run's record even when all is green.
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n[{line.rstrip()}]", flush=True)
