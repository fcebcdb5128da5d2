"""The price desk on Faust against real servers: killed, fenced, rolled back, shared, and on the demo's mock cluster."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from redis import Redis

from adapters.clock import SystemClock
from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_outlet import KafkaOutlet
from adapters.memory_broker import MemoryBroker
from adapters.memory_journal import MemoryJournal
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from adapters.memory_store import MemoryStore
from adapters.redis_store import RedisStore, connect
from consumers.price_host import PriceHost, PriceSettings
from consumers.price_tasks import PricePorts
from consumers.prices import PriceThread
from schemas.errors import BadSetup, BrokerDown
from schemas.prices import MatchDecision, PriceObservation
from schemas.reading import read_competitor_price
from schemas.topics import OBSERVATIONS, PRICES, QUARANTINE, full_name
from streams.partitioner import partition_of
from streams.ports import Place
from streams.price_desk.head import read_head
from streams.price_desk.marks import PriceMarks
from streams.price_desk.task import task_name
from tests.servers.kafka import KafkaServer, MockKafka
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.broker

P = 4
CLOCK = SystemClock()
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
RIVALS = tuple(f"rival-{number}" for number in range(8))
PRODUCTS = 5
Rows = Sequence[tuple[int, bytes | None, bytes | None]]


class Worker:
    """One process of the price desk, with its journal."""

    def __init__(self, arguments: Sequence[str], name: str, folder: Path) -> None:
        self._journal = folder / f"{name}.jsonl"
        with self._journal.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.broker.price_worker", *arguments, name], stderr=stream
            )

    def notes(self, event: str) -> list[Mapping[str, object]]:
        lines = [line for line in self._journal.read_text().splitlines() if line.startswith("{")]
        return [note for note in map(json.loads, lines) if note["event"] == event]

    def taken(self) -> Mapping[str, int]:
        """Return the offset at which each task was taken last."""
        return {str(note["task"]): int(str(note["offset"])) for note in self.notes("task_taken")}

    def wait_taken(self, tasks: int = P) -> None:
        wait(lambda: len(self.taken()) >= tasks, 40, lambda: self._journal.read_text())

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


class Shop:
    """Topics, keys and workers of one test."""

    def __init__(self, kafka: KafkaServer, redis_server: RedisServer, topics: str, keys: str, folder: Path) -> None:
        self.config = {"bootstrap.servers": kafka.bootstrap}
        self.arguments = (kafka.bootstrap, redis_server.url, topics, keys)
        self.prefix = topics
        self.keys = keys
        self.folder = folder
        self.redis = Redis.from_url(redis_server.url)
        self.store = RedisStore(connect(redis_server.url, MemoryJournal()), keys)
        self.admin = KafkaAdmin(self.config, CLOCK)
        self.outlet = KafkaOutlet(self.config, CLOCK)
        self.workers: list[Worker] = []
        for topic in (OBSERVATIONS, PRICES):
            self.admin.create(full_name(topic, topics), P, topic.config())
        self.admin.create(full_name(QUARANTINE, topics), 1, QUARANTINE.config())

    def work(self, name: str) -> Worker:
        self.workers.append(Worker(self.arguments, name, self.folder))
        return self.workers[-1]

    def observe(self, first: int, count: int) -> None:
        observe(self.outlet, self.prefix, first, count)

    def ends(self) -> list[int]:
        places = [Place(full_name(OBSERVATIONS, self.prefix), number) for number in range(P)]
        ends = self.admin.ends(places)
        return [ends[place] for place in places]

    def marks(self) -> list[int]:
        return marks_of(self.store)

    def wait_handled(self) -> None:
        wait(lambda: self.marks() == self.ends(), 60, lambda: f"{self.marks()} of {self.ends()}")

    def fates(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for number in range(P):
            for fate, count in read_head(self.store.all_fields(task_name(number)), P).fates.items():
                total[fate] = total.get(fate, 0) + count
        return {fate: count for fate, count in total.items() if count}

    def state(self) -> list[tuple[bytes | None, Mapping[str, bytes]]]:
        return [(self.store.marks(task_name(n)), self.store.all_fields(task_name(n))) for n in range(P)]

    def backup(self) -> dict[bytes, bytes]:
        # Key by key: nothing may be committed meanwhile.
        dumps = {key: self.redis.dump(key) for key in self.redis.scan_iter(f"*{self.keys}*")}
        return {key: value for key, value in dumps.items() if value is not None}

    def restore(self, backup: Mapping[bytes, bytes]) -> None:
        with self.redis.pipeline() as pipeline:
            for key in self.redis.scan_iter(f"*{self.keys}*"):
                if key not in backup:
                    pipeline.delete(key)
            for key, value in backup.items():
                pipeline.restore(key, 0, value, replace=True)
            pipeline.execute()

    def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait(10)
        self.outlet.close()
        for key in self.redis.scan_iter(f"*{self.keys}*"):
            self.redis.delete(key)
        self.redis.close()


@pytest.fixture
def shop(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, key_prefix: str, tmp_path: Path
) -> Iterator[Shop]:
    shop = Shop(real_kafka, redis_server, topic_prefix, key_prefix, tmp_path)
    yield shop
    shop.close()


def wait(is_so: Callable[[], bool], seconds: float, story: Callable[[], str]) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, story()
        time.sleep(0.05)


def decide(outlet: KafkaOutlet, prefix: str) -> None:
    for rival in RIVALS:
        for product in range(PRODUCTS):
            decision = MatchDecision(
                event_id=f"{rival}-{product}",
                event_time=NOON,
                rival=rival,
                rival_product=f"p{product}",
                sku=f"sku-{product}",
                decided_by="Rosa",
            )
            outlet.send(full_name(OBSERVATIONS, prefix), rival.encode(), decision.encode())
    outlet.flush()


def observe(outlet: KafkaOutlet, prefix: str, first: int, count: int) -> None:
    for number in range(first, first + count):
        rival = RIVALS[number % len(RIVALS)]
        observation = PriceObservation(
            event_id=f"o{number}",
            event_time=NOON,
            rival=rival,
            rival_product=f"p{number % PRODUCTS}",
            price=4.0 + number % 7 / 10,
            currency="PEN",
        )
        outlet.send(full_name(OBSERVATIONS, prefix), rival.encode(), observation.encode())
    outlet.flush()


def marks_of(store: RedisStore | MemoryStore) -> list[int]:
    marks = [store.marks(task_name(number)) for number in range(P)]
    return [-1 if value is None else PriceMarks.decode(value).observations for value in marks]


def read_all(config: Mapping[str, str], topic: str, partitions: int) -> Rows:
    """Return (partition, key, value) of every record of a topic."""
    consumer = Consumer({**config, "group.id": "unused", "enable.auto.commit": False})
    places = [TopicPartition(topic, number, 0) for number in range(partitions)]
    missing = sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
    consumer.assign(places)
    rows: list[tuple[int, bytes | None, bytes | None]] = []
    while len(rows) < missing:
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        partition = message.partition()
        assert partition is not None
        rows.append((partition, message.key(), message.value()))
    consumer.close()
    return rows


def check_prices(rows: Rows, observations: int) -> None:
    """Every observation has its price, where its sku belongs; a price said twice was said in the same bytes."""
    by_id: dict[str, bytes] = {}
    for partition, key, value in rows:
        assert key is not None
        assert value is not None
        assert partition == partition_of(key, P)
        price = read_competitor_price(value)
        assert price.sku.encode() == key
        assert by_id.setdefault(price.event_id, value) == value
    assert len(by_id) == observations


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
