"""A worker on a real Kafka and a real Redis, in this process or in one that can be killed."""

import random
import sys
from dataclasses import replace

from adapters.clock import SystemClock
from adapters.journal import JsonJournal
from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_inlet import KafkaInlet
from adapters.kafka_outlet import KafkaOutlet
from adapters.redis_store import RedisStore, connect
from consumers.worker import Worker
from consumers.worker_config import WorkerConfig, WorkerPorts
from streams.marks import decode_marks
from streams.ports import Place, Record
from tests.unit.sum_task import SumTask

CLOCK = SystemClock()
RECORDS = 3_000


class Stage:
    """Topics with records, a store, and workers on them."""

    def __init__(self, bootstrap: str, redis_url: str, topics: str, keys: str) -> None:
        self.journal = JsonJournal(sys.stderr, CLOCK)
        self.store = RedisStore(connect(redis_url, self.journal), keys)
        self.kafka = {
            "bootstrap.servers": bootstrap,
            "session.timeout.ms": "2000",
            "heartbeat.interval.ms": "500",
        }
        self.admin = KafkaAdmin({"bootstrap.servers": bootstrap}, CLOCK)
        self.config = WorkerConfig(
            processor="engine",
            inputs={name: f"{topics}{name}.v1" for name in ("sales", "stock")},
            partitions=2,
            owner="",
            broadcasts={"context": f"{topics}context.v1"},
            prefix=topics,
            commit_interval_seconds=0.1,
            handle_budget=50,
            poll_records=100,
        )
        self.signals = Place(f"{topics}signals.v1", 0)

    def worker(self, owner: str) -> Worker:
        inlet = KafkaInlet({**self.kafka, "group.id": self.config.prefix + "engine"}, CLOCK)
        broadcast = KafkaInlet(self.kafka, CLOCK)
        outlet = KafkaOutlet({"bootstrap.servers": self.kafka["bootstrap.servers"]}, CLOCK)
        ports = WorkerPorts(inlet, broadcast, outlet, self.admin, self.store, CLOCK, self.journal)
        return Worker(replace(self.config, owner=owner), ports, SumTask)

    def handled(self) -> int:
        marks = [self.store.marks(f"engine:{partition}") for partition in (0, 1)]
        return sum(decode_marks(mark)[1] for mark in marks if mark is not None)

    def outputs(self) -> list[Record]:
        inlet = KafkaInlet(self.kafka, CLOCK)
        inlet.assign({self.signals: 0})
        end, position, records = self.admin.ends([self.signals])[self.signals], 0, list[Record]()
        while position < end:
            for chunk in inlet.poll(5_000, 1.0):
                records += chunk.records
                position = chunk.position
        inlet.close()
        return records

    def fill(self) -> int:
        """Write the records of two tasks, to and fro between two inputs; return the sum of their amounts."""
        for topic in (*self.config.inputs.values(), *self.config.broadcasts.values(), self.signals.topic):
            self.admin.create(topic, 2 if topic in self.config.inputs.values() else 1, {})
        outlet = KafkaOutlet({"bootstrap.servers": self.kafka["bootstrap.servers"]}, CLOCK)
        outlet.send(self.config.broadcasts["context"], None, b"10", partition=0)
        chance, total = random.Random(11), 0
        topics = list(self.config.inputs.values())
        for partition in (0, 1):
            for sequence in range(RECORDS):
                amount = chance.randint(1, 9)
                total += 10 * amount
                key = b"k%d" % chance.randrange(20)
                outlet.send(chance.choice(topics), key, b"%d,%d,1" % (sequence, amount), partition=partition)
        outlet.close()
        return total


if __name__ == "__main__":
    Stage(*sys.argv[1:5]).worker("child").run()
