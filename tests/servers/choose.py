"""Which server a test run gets, and what happens where the real one cannot be had.

The one rule: in CI nothing is skipped. Where `CI` is set, a missing server or a missing data folder is a failure;
elsewhere the tests that need it are skipped, and say what is missing.
"""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from tests.servers.docker import docker_answers
from tests.servers.jars import ROOT, NoJars
from tests.servers.kafka import ContainerKafka, KafkaServer, MockKafka, TemporaryKafka
from tests.servers.redis import ContainerRedis, NoRedis, RedisServer, TemporaryRedis

KAFKA_ADDRESS = "DEMAND_TEST_KAFKA"
REDIS_ADDRESS = "DEMAND_TEST_REDIS"
DATA_FOLDER = "DEMAND_DATA"


def absent(what: str) -> NoReturn:
    """Skip the test that needs `what`, or fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} (in CI this is a failure)", pytrace=False)
    pytest.skip(what)


def choose_kafka() -> KafkaServer:
    """Return the best broker that can be had; the mock cluster where no real one can."""
    if address := os.environ.get(KAFKA_ADDRESS):
        return KafkaServer(address, "environment")
    if docker_answers():
        return ContainerKafka()
    try:
        return TemporaryKafka()
    except NoJars as missing:
        return MockKafka(f"no {KAFKA_ADDRESS}, no Docker engine, {missing}")


def choose_redis() -> RedisServer:
    """Return the best Redis that can be had.

    Raises
    ------
    NoRedis
        There is none; the message says what is missing.
    """
    if address := os.environ.get(REDIS_ADDRESS):
        return RedisServer(address, "environment")
    if docker_answers():
        return ContainerRedis()
    try:
        return TemporaryRedis()
    except NoRedis as missing:
        raise NoRedis(f"no {REDIS_ADDRESS}, no Docker engine, {missing}") from None


def needs_real_kafka(server: KafkaServer) -> None:
    """Skip (in CI: fail) unless the broker is a real one."""
    if not server.is_real:
        absent(f"needs a real Kafka: {server.missing}")


def needs_disturbable(server: KafkaServer | RedisServer) -> None:
    """Skip, in CI too, where the server is the caller's own: a test must not stop it."""
    if not server.can_disturb:
        pytest.skip(f"needs a server that a test may stop; this one is of kind '{server.kind}'")


def find_data_folder() -> Path:
    """Return the folder of the public data sets; skip (in CI: fail) where it is absent."""
    folder = (ROOT / os.environ.get(DATA_FOLDER, "../shared/data")).resolve()
    if not folder.is_dir():
        absent(f"no data folder at {folder}: set {DATA_FOLDER}")
    return folder
