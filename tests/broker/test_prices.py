"""The price desk on Faust against real servers: killed, fenced, rolled back, shared, and on the demo's mock cluster."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_outlet import KafkaOutlet
from adapters.memory_broker import MemoryBroker
from adapters.memory_journal import MemoryJournal
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from adapters.memory_store import MemoryStore
from consumers.price_host import PriceHost, PriceSettings
from consumers.price_tasks import PricePorts
from consumers.prices import PriceThread
from schemas.errors import BadSetup, BrokerDown
from schemas.topics import OBSERVATIONS, PRICES, QUARANTINE, full_name
from streams.ports import Place
from streams.price_desk.task import task_name
from tests.broker.price_shop import CLOCK, P, Shop, check_prices, decide, marks_of, observe, read_all, wait
from tests.servers.kafka import KafkaServer, MockKafka
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.broker


@pytest.fixture
def shop(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, key_prefix: str, tmp_path: Path
) -> Iterator[Shop]:
    shop = Shop(real_kafka, redis_server, topic_prefix, key_prefix, tmp_path)
    yield shop
    shop.close()


def test_observations_become_prices_and_sigterm_drains(shop: Shop) -> None:
    decide(shop.outlet, shop.prefix)
    worker = shop.work("one")
    worker.wait_taken()
    shop.observe(0, 400)
    for key, value in ((b"rival-1", None), (None, b"no key"), (b"rival-1", b"{"), (b"", b"\x00")):
        shop.outlet.send(full_name(OBSERVATIONS, shop.prefix), key, value)
    shop.outlet.flush()
    wait(lambda: sum(shop.marks()) > 0, 30, lambda: str(shop.marks()))
    shop.wait_handled()
    assert worker.end(signal.SIGTERM) == 0
    assert shop.fates() == {"decision": 40, "published": 400, "quarantined": 4}
    check_prices(read_all(shop.config, full_name(PRICES, shop.prefix), P), 400)
    refused = read_all(shop.config, full_name(QUARANTINE, shop.prefix), 1)
    assert sorted((key or b"", value or b"") for _, key, value in refused) == [
        (b"", b"\x00"),
        (b"", b"no key"),
        (b"rival-1", b""),
        (b"rival-1", b"{"),
    ]
    places = [Place(full_name(OBSERVATIONS, shop.prefix), number) for number in range(P)]
    advised = shop.admin.committed(f"{shop.prefix}prices", places)
    assert [advised[place] for place in places] == shop.marks()


def test_killed_worker_loses_nothing_and_counts_nothing_twice(shop: Shop) -> None:
    decide(shop.outlet, shop.prefix)
    first = shop.work("first")
    first.wait_taken()
    shop.observe(0, 6_000)
    wait(lambda: sum(shop.marks()) > 600, 30, lambda: str(shop.marks()))
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    at_kill = shop.marks()
    assert sum(at_kill) < sum(shop.ends()), "killed too late for this test to mean anything"
    began = time.monotonic()
    second = shop.work("second")
    second.wait_taken()
    assert time.monotonic() - began < 20  # the killed member's session is 6 s, then a round of joining
    assert second.taken() == {task_name(number): at for number, at in enumerate(at_kill)}
    shop.wait_handled()
    assert second.end(signal.SIGTERM) == 0
    assert shop.fates() == {"decision": 40, "published": 6_000}
    check_prices(read_all(shop.config, full_name(PRICES, shop.prefix), P), 6_000)


def test_store_rolled_back_between_runs_is_caught_up_by_reading_again(shop: Shop) -> None:
    decide(shop.outlet, shop.prefix)
    shop.observe(0, 300)
    first = shop.work("first")
    first.wait_taken()
    assert list(first.taken().values()) == [0] * P
    shop.wait_handled()
    older, backup = shop.marks(), shop.backup()
    shop.observe(300, 300)
    shop.wait_handled()
    assert first.end(signal.SIGTERM) == 0
    newer = shop.state()
    shop.restore(backup)
    assert shop.marks() == older
    began = time.monotonic()
    second = shop.work("second")
    second.wait_taken()
    print(f"take-over after SIGTERM: {time.monotonic() - began:.1f} s, start of the process included")
    assert second.taken() == {task_name(number): at for number, at in enumerate(older)}
    shop.wait_handled()
    assert second.end(signal.SIGTERM) == 0
    assert shop.state() == newer
    check_prices(read_all(shop.config, full_name(PRICES, shop.prefix), P), 600)


def test_store_rolled_back_under_a_running_worker_ends_it(shop: Shop) -> None:
    decide(shop.outlet, shop.prefix)
    worker = shop.work("one")
    worker.wait_taken()
    shop.wait_handled()
    older, backup = shop.state(), shop.backup()
    shop.observe(0, 300)
    shop.wait_handled()
    shop.restore(backup)
    shop.observe(300, 300)
    assert worker.process.wait(30) == 1
    assert [note["error"] for note in worker.notes("price_desk_failed")] == ["Gap"]
    assert shop.state() == older


def test_fenced_worker_ends_at_once(shop: Shop) -> None:
    decide(shop.outlet, shop.prefix)
    worker = shop.work("one")
    worker.wait_taken()
    shop.wait_handled()
    before = shop.marks()
    for number in range(P):
        shop.store.take(task_name(number), "thief")
    shop.observe(0, 300)
    assert worker.process.wait(30) == 1
    assert [note["error"] for note in worker.notes("price_desk_failed")] == ["Fenced"]
    assert shop.marks() == before


def test_two_workers_share_and_the_survivor_takes_over(shop: Shop) -> None:
    decide(shop.outlet, shop.prefix)
    first = shop.work("first")
    first.wait_taken()
    second = shop.work("second")
    second.wait_taken(1)
    shop.observe(0, 1_000)
    shop.wait_handled()
    assert first.process.poll() is None, "a rebalance must not end a worker"
    first.end(signal.SIGKILL)
    began = time.monotonic()
    shop.observe(1_000, 1_000)
    shop.wait_handled()
    print(f"take-over after SIGKILL: {time.monotonic() - began:.1f} s")
    assert time.monotonic() - began < 20
    assert second.end(signal.SIGTERM) == 0
    assert shop.fates() == {"decision": 40, "published": 2_000}
    check_prices(read_all(shop.config, full_name(PRICES, shop.prefix), P), 2_000)


def test_missing_topic_is_said_in_one_line(shop: Shop) -> None:
    shop.arguments = (*shop.arguments[:2], f"{shop.prefix}other-", shop.keys)
    worker = shop.work("lost")
    assert worker.process.wait(30) == 1
    [note] = worker.notes("price_desk_failed")
    assert note["error"] == "BadSetup"
    assert "demand-monitor topics create" in str(note["detail"])


def test_mock_cluster_and_a_thread_are_enough_for_the_demo(topic_prefix: str) -> None:
    mock = MockKafka("asked for by the test")
    config = {"bootstrap.servers": mock.bootstrap}
    admin, outlet, store, journal = (
        KafkaAdmin(config, CLOCK),
        KafkaOutlet(config, CLOCK),
        MemoryStore(),
        MemoryJournal(),
    )
    observations = full_name(OBSERVATIONS, topic_prefix)
    decide(outlet, topic_prefix)
    observe(outlet, topic_prefix, 0, 500)
    ports = PricePorts(KafkaOutlet(config, CLOCK), store, admin, CLOCK, journal)
    settings = PriceSettings(mock.bootstrap, "demo", group=f"{topic_prefix}prices", prefix=topic_prefix)
    thread = PriceThread(PriceHost(settings, ports))
    thread.start()
    ends = admin.ends([Place(observations, number) for number in range(P)])
    wait(lambda: sum(marks_of(store)) == sum(ends.values()), 30, lambda: str(journal.lines))
    thread.stop()
    assert len(journal.events("task_released")) == P
    check_prices(read_all(config, full_name(PRICES, topic_prefix), P), 500)


def test_thread_says_what_is_missing(topic_prefix: str) -> None:
    broker = MemoryBroker()
    ports = PricePorts(MemoryOutlet(broker), MemoryStore(), MemoryAdmin(broker), CLOCK, MemoryJournal())
    with pytest.raises(BadSetup, match="topics create"):
        PriceThread(PriceHost(PriceSettings("127.0.0.1:1", "demo", prefix=topic_prefix), ports)).start()


def test_broker_that_is_away_is_an_outage(topic_prefix: str) -> None:
    broker = MemoryBroker()
    broker.create(full_name(OBSERVATIONS, topic_prefix), P)
    ports = PricePorts(MemoryOutlet(broker), MemoryStore(), MemoryAdmin(broker), CLOCK, MemoryJournal())
    with pytest.raises(BrokerDown):
        PriceThread(PriceHost(PriceSettings("127.0.0.1:1", "demo", prefix=topic_prefix), ports)).start()
