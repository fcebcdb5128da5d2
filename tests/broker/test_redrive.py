"""Redrive on a real Kafka: what died in mid-transaction leaves nothing, and the next run sends everything once."""

import pytest

from adapters.clock import SystemClock
from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_inlet import KafkaInlet
from adapters.kafka_outlet import KafkaOutlet
from adapters.kafka_transactions import KafkaTransactions
from producers.redrive import Choice, QuarantineLog, Redrive
from schemas.errors import Fenced
from schemas.quarantine import Refusal
from schemas.reasons import Reason
from schemas.topics import QUARANTINE, SALES, full_name
from streams.ports import Place
from tests.servers.kafka import KafkaServer

pytestmark = pytest.mark.broker

CLOCK = SystemClock()


class Bench:
    """Topics of one test with three refused sales."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.config, self.prefix = {"bootstrap.servers": bootstrap}, prefix
        self.sales, self.quarantine = full_name(SALES, prefix), full_name(QUARANTINE, prefix)
        self.admin = KafkaAdmin(self.config, CLOCK)
        for topic in (self.sales, self.quarantine):
            self.admin.create(topic, 1, {})
        outlet = KafkaOutlet(self.config, CLOCK)
        for number in range(3):
            refusal = Refusal(Reason.SCHEMA, "no", self.sales, 0, number, b"milk", b"%d" % number)
            outlet.send(self.quarantine, refusal.key, refusal.value, refusal.to_headers())
        outlet.close()

    def transactions(self) -> KafkaTransactions:
        return KafkaTransactions(self.config, f"{self.prefix}redrive", CLOCK, 20.0)

    def redrive(self) -> int:
        log = QuarantineLog(self.admin, KafkaInlet(self.config, CLOCK), self.prefix)
        return Redrive(log, self.transactions(), self.prefix).run(Choice()).sent.total()

    def sold(self) -> list[bytes | None]:
        """Return what readers of committed records see."""
        place = Place(self.sales, 0)
        inlet, end = KafkaInlet(self.config, CLOCK), self.admin.ends([place])[place]
        inlet.assign({place: 0})
        position, values = 0, list[bytes | None]()
        while position < end:
            for chunk in inlet.poll(1_000, 0.5):
                values += [record.value for record in chunk.records]
                position = chunk.position
        inlet.close()
        return values


def test_a_redrive_that_died_in_mid_transaction_is_undone_and_fenced(
    real_kafka: KafkaServer, topic_prefix: str
) -> None:
    bench = Bench(real_kafka.bootstrap, topic_prefix)
    dead = bench.transactions()
    dead.open()
    dead.begin()
    # What it has sent is on the broker, in a transaction that nobody has ended.
    dead.send(bench.sales, b"milk", b"0", (), None)
    assert bench.redrive() == 3
    assert bench.redrive() == 0
    assert bench.sold() == [b"0", b"1", b"2"]
    # It was only slow: what it would commit now is refused.
    with pytest.raises(Fenced):
        dead.commit()
    assert bench.redrive() == 0
    assert bench.sold() == [b"0", b"1", b"2"]
