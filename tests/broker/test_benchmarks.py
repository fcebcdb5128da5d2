"""The measuring instruments work: tiny counts on real servers, figures for everything, and not one of them judged."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.baselines import NoBaseline, find_quix
from benchmarks.latency import quantile_ms
from benchmarks.market import Market, count_of, iso
from benchmarks.measuring import Sample, TooFew, measure_between
from schemas.quantities import to_ms
from schemas.reading import read_sale, read_stock
from schemas.stock import StockCounted
from tests.servers.jars import ROOT
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

SMALL = ("--skus", "40", "--stores", "2")
REPLAYED = """
name = "corner-shop"
zone = "UTC"
currency = "PEN"
grain = "line"
sorted = true

[time]
of = "{time}"
format = "%Y-%m-%d %H:%M:%S"

[defaults]
store_id = "lima"
sku = "{sku}"

[[event]]
kind = "sold"
fields = { units = { of = "{units}", number = true } }
"""


def play(script: str, *words: str, kafka: KafkaServer | None = None, redis: RedisServer | None = None) -> Any:
    """Run a benchmark as its page says, and return its JSON."""
    servers = {}
    if kafka is not None and redis is not None:
        servers = {"DEMAND_TEST_KAFKA": kafka.bootstrap, "DEMAND_TEST_REDIS": redis.url}
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}.py", "--json", *words],
        cwd=ROOT,
        env={**os.environ, **servers},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return json.loads(done.stdout)


def test_a_benchmarks_records_are_what_the_contracts_read() -> None:
    market = Market(skus=30, stores=2)
    (batch,) = market.sales(500, 1_740_996_000_000, 60_000)
    assert len(batch.pairs) == 500
    sales = [read_sale(value) for _, value in batch.pairs]
    assert [key.decode() for key, _ in batch.pairs] == [sale["sku"] for sale in sales]
    assert len({sale["event_id"] for sale in sales}) == 500
    times = [to_ms(sale["event_time"]) for sale in sales]
    # 500 sales evenly through 60 s: 120 ms apart.
    assert times == [1_740_996_000_000 + 120 * number for number in range(500)]
    assert batch.last_ms == times[-1]
    counted = read_stock(count_of("store-0", "sku-00007", 12, iso(1_740_996_000_123))[1])
    assert isinstance(counted, StockCounted)
    assert (counted.sku, counted.units, to_ms(counted.event_time)) == ("sku-00007", 12, 1_740_996_000_123)


def test_the_skew_is_zipfs() -> None:
    shares = Market(skus=1_000, exponent=1.0).sku_shares()
    # With exponent 1 the first sku sells as much as the second twice and the tenth ten times.
    assert shares[0] / shares[1] == pytest.approx(2)
    assert shares[0] / shares[9] == pytest.approx(10)
    assert shares.sum() == pytest.approx(1)


def test_start_up_and_the_end_are_not_measured() -> None:
    # (events, wall, CPU, Redis, broker): a slow start of 5 s, then 100 events in 1 s for 0.5 s of CPU, then a slow end.
    readings = [(0, 0, 0, 0, 0), (100, 5, 4, 1, 1), (500, 9, 6, 2, 3), (900, 13, 8, 3, 5), (1_000, 30, 20, 9, 9)]
    measured = measure_between([Sample(*each) for each in readings], 1_000, 0.1, 0.9, 50.0)
    assert (measured.events, measured.seconds, measured.cpu_seconds) == (800, 8, 4)
    assert measured.cpu_us_per_event == pytest.approx(5_000)
    assert measured.events_per_second == pytest.approx(100)
    assert (measured.redis_cpu_seconds, measured.broker_cpu_seconds) == (2, 4)
    with pytest.raises(TooFew):
        measure_between([Sample(1_000, 30, 20, 9, 9)], 1_000, 0.1, 0.9, 50.0)


def test_a_quantile_is_a_wait_that_was_seen() -> None:
    waits = [number / 1_000 for number in range(1, 201)]
    # Nearest rank of 200: the 100th and the 198th.
    assert quantile_ms(waits, 0.50) == 100.0
    assert quantile_ms(waits, 0.99) == 198.0
    assert quantile_ms([], 0.5) is None


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ingest_measures_the_monitor_the_floor_and_faust(real_kafka: KafkaServer, redis_server: RedisServer) -> None:
    words = ("--events", "10000", "--faust-events", "2000", "--rounds", "1", "--only", "monitor,floor,faust")
    report = play("ingest", *SMALL, *words, "--processes", "2", kafka=real_kafka, redis=redis_server)
    for name in ("monitor", "floor", "faust"):
        assert report[name]["cpu_us_per_event"] > 0, name
        assert report[name]["events_per_second"] > 0, name
    assert report["ratios"].keys() >= {"monitor_to_faust", "monitor_to_floor"}
    # So few sales may all be handled before the second process has its tasks; then that is said.
    two = report["monitor_two_processes"]
    assert two.keys() == {"missing"} or two["cpu_us_per_event"] > 0
    assert report["setting"]["series"] == 80
    assert report["machine"]["cores"] == os.cpu_count()


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ingest_measures_quix_streams_or_says_why_not(real_kafka: KafkaServer, redis_server: RedisServer) -> None:
    words = ("--events", "10000", "--quix-events", "5000", "--rounds", "1", "--only", "quix")
    report = play("ingest", *SMALL, *words, kafka=real_kafka, redis=redis_server)
    try:
        find_quix()
    except NoBaseline as missing:
        assert report["quix"].keys() == {"missing"}
        pytest.skip(str(missing))
    assert report["quix"]["cpu_us_per_event"] > 0


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_latency_hears_every_probe(real_kafka: KafkaServer, redis_server: RedisServer) -> None:
    words = ("--rate", "500", "--seconds", "3", "--midnight-seconds", "3", "--probes", "5")
    report = play("latency", *SMALL, *words, kafka=real_kafka, redis=redis_server)
    for name in ("at_20_percent", "at_60_percent", "midnight"):
        # Three seconds of five probes each.
        assert (report[name]["probes"], report[name]["unheard"]) == (15, 0), name
        assert 0 < report[name]["p50_ms"] <= report[name]["p99_ms"] <= report[name]["max_ms"]


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_restart_finds_the_models_again(real_kafka: KafkaServer, redis_server: RedisServer) -> None:
    report = play("restart", *SMALL, "--rounds", "1", "--warm-days", "1", kafka=real_kafka, redis=redis_server)
    assert report["state"]["models"] == 80
    for name in ("after_kill", "after_stop"):
        assert 0 < report[name]["ready_seconds"] <= report[name]["all_tasks_seconds"]


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_steps_measures_each_step(real_kafka: KafkaServer, redis_server: RedisServer) -> None:
    words = ("--events", "10000", "--commit-every", "5000", "--rounds", "1")
    report = play("steps", *SMALL, *words, kafka=real_kafka, redis=redis_server)
    steps = report["cpu_us_per_event"]
    assert steps.keys() == {"inlet", "admission", "merge", "feed", "handle", "writes", "commit"}
    assert min(steps.values()) > 0


def test_replay_measures_events_and_closes(tmp_path: Path) -> None:
    rows = [f"2025-03-{day:02d} 10:00:00,milk,{day % 5 + 1}" for day in range(1, 29)]
    (tmp_path / "sales.csv").write_text("\n".join(["time,sku,units", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "shop.toml").write_text(REPLAYED, encoding="utf-8")
    words = ("--input", str(tmp_path / "sales.csv"), "--mapping", str(tmp_path / "shop.toml"))
    report = play("replay", *words)
    for models in ("none", "champion"):
        # 28 days of one product, a sale each: as many closes.
        assert (report[f"models_{models}"]["events"], report[f"models_{models}"]["periods_closed"]) == (28, 28)
