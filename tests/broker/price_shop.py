"""A shop of rivals' prices on real servers: its topics, its keys, and workers of the price desk that can be killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from redis import Redis

from adapters.clock import SystemClock
from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_outlet import KafkaOutlet
from adapters.memory_journal import MemoryJournal
from adapters.memory_store import MemoryStore
from adapters.redis_store import RedisStore, connect
from schemas.prices import MatchDecision, PriceObservation
from schemas.reading import read_competitor_price
from schemas.topics import OBSERVATIONS, PRICES, QUARANTINE, full_name
from streams.partitioner import partition_of
from streams.ports import Place
from streams.price_desk.head import read_head
from streams.price_desk.marks import PriceMarks
from streams.price_desk.task import task_name
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

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
