"""Every process that runs on, alone on a real Kafka and Redis: what it shows is clean, and what the table promises."""

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.topics import OBSERVATIONS, SALES
from streams.metrics import ALERTS_OPEN, BUILD, LAG, METRICS
from streams.settings import ShopSettings
from tests.broker.installation import Installation
from tests.servers.kafka import KafkaServer
from tests.servers.process import free_ports
from tests.servers.prometheus import lint_metrics
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.broker

#: What is unknown until something was sold, scored or raised; the Drift dashboard's test sees all of it.
UNKNOWN_AT_FIRST = {
    "monitor": {"forecast", "interval", "drift_score", "event_age", "money"},
    "desk": {"drift_open"},
}


@pytest.fixture
def installation(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    with Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, ShopSettings(), 2) as made:
        yield made


def scrape(port: int) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text: bytes = answer.read()
    except OSError:
        return b""
    return text


def shown(port: int) -> set[str]:
    found = {line.split()[2] for line in scrape(port).decode().splitlines() if line.startswith("# TYPE ")}
    return {name for name in found if name.startswith("demand_")}


def promised(process: str) -> set[str]:
    left_out = UNKNOWN_AT_FIRST.get(process, set())
    return {
        metric.name
        for metric in METRICS
        if process in metric.processes and not any(f"demand_{part}" in metric.name for part in left_out)
    }


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("prometheus_tools")
def test_every_process_shows_what_the_table_says(installation: Installation) -> None:
    installation.run("topics", "create")
    ports = dict(zip(BUILD.processes, free_ports(len(BUILD.processes)), strict=True))
    for name, port in ports.items():
        installation.start(name, "--metrics-port", str(port))
    for name, port in ports.items():
        installation.wait(lambda name=name, port=port: promised(name) <= shown(port), 120)  # type: ignore[misc]
        assert shown(port) == promised(name), name
        text = scrape(port)
        assert list(lint_metrics(text)) == [], name
        assert f'demand_build_info{{command="{name}"'.encode() in text
        assert b"process_resident_memory_bytes" in text
    assert f'{LAG.name}{{topic="{SALES.name}"}} 0.0'.encode() in scrape(ports["monitor"])
    assert f'{LAG.name}{{topic="{OBSERVATIONS.name}"}} 0.0'.encode() in scrape(ports["prices"])
    assert f'{ALERTS_OPEN.name}{{kind="stockout",severity="critical"}} 0.0'.encode() in scrape(ports["desk"])
    assert [process.end() for process in installation.processes] == [0] * len(ports)


@pytest.mark.timeout(120)
def test_several_processes_take_ports_one_after_another_and_a_taken_one_is_said(installation: Installation) -> None:
    installation.run("topics", "create")
    first = two_ports_in_a_row()
    installation.start("monitor", "--processes", "2", "--metrics-port", str(first))
    installation.wait(lambda: all(b'command="monitor"' in scrape(port) for port in (first, first + 1)), 60)
    refused = installation.start("desk", "--metrics-port", str(first))
    assert refused.process.wait(60) == 2
    assert f"Port {first} of 127.0.0.1 is taken" in refused.told()
    assert installation.processes[0].end() == 0


def two_ports_in_a_row() -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        (port,) = free_ports(1)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port + 1}/", timeout=1)
        except OSError as refused:
            if "refused" in str(refused):
                return port
    raise AssertionError("no two free ports in a row")
