"""Probes: shelves with one unit each, sold one after the other, and an ear on `alerts.v1`.

The one rule: sending and hearing happen on one thread with one clock; the consumer is asked again and again, so that
the ear adds a millisecond at most.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

from confluent_kafka import Consumer, Producer, TopicPartition

from adapters.kafka_outlet import DEFAULTS, FIXED
from benchmarks.market import count_of, iso, sale_of
from benchmarks.stage import Stage, Writer
from schemas.topics import ALERTS, SALES, STOCK, full_name

_STORE = "store-0"
_LOOK_SECONDS = 0.001


@dataclass(slots=True)
class Heard:
    """What came of some probes."""

    sent: int = 0
    waits_seconds: list[float] = field(default_factory=list)


class Probes:
    """Shelves to be emptied.

    Parameters
    ----------
    stage
        Where.
    count
        How many there are in all.
    rate
        So many are sent a second.
    """

    def __init__(self, stage: Stage, count: int, rate: float) -> None:
        self._skus = [f"probe-{number:06d}" for number in range(count)]
        self._rate, self._next = rate, 0
        self._sales, self._stock = (full_name(topic, stage.prefix) for topic in (SALES, STOCK))
        self._alerts = TopicPartition(full_name(ALERTS, stage.prefix), 0)
        bootstrap = {"bootstrap.servers": stage.kafka.bootstrap}
        self._producer = Producer({**DEFAULTS, **FIXED, **bootstrap, "log_level": "2"})
        waits = {"fetch.wait.max.ms": "100", "enable.auto.commit": "false"}
        self._consumer = Consumer({**bootstrap, **waits, "group.id": f"{stage.prefix}ear", "log_level": "2"})

    def count(self, writer: Writer, at_ms: int) -> None:
        """Put one unit on each shelf."""
        writer.send(STOCK, [count_of(_STORE, sku, 1, iso(at_ms)) for sku in self._skus])

    def listen(self) -> None:
        """Hear from here on."""
        _, end = self._consumer.get_watermark_offsets(self._alerts, timeout=10)
        self._consumer.assign([TopicPartition(self._alerts.topic, 0, end)])

    def close(self) -> None:
        """Let go of the broker, before it goes."""
        self._producer.flush(10)
        self._consumer.close()

    def run(self, offset_ms: int, settle_seconds: float, seconds: float, patience_seconds: float) -> Heard:
        """Empty shelves for so long, and wait for what is still to be heard.

        Parameters
        ----------
        offset_ms
            Of the shop's clock.
        settle_seconds
            Before the first.
        seconds
            From the first to the last.
        patience_seconds
            After the last.
        """
        heard = Heard()
        open_: dict[str, float] = {}
        begin, count = time.monotonic() + settle_seconds, int(seconds * self._rate)
        while heard.sent < count or (open_ and time.monotonic() < begin + seconds + patience_seconds):
            due = int((time.monotonic() - begin) * self._rate) + 1
            if heard.sent < min(due, count):
                heard.sent += 1
                self._sell(offset_ms, open_)
            self._hear(open_, heard)
        return heard

    def _sell(self, offset_ms: int, open_: dict[str, float]) -> None:
        sku = self._skus[self._next]
        self._next += 1
        key, value = sale_of(_STORE, sku, 1, time.time_ns() // 1_000_000 + offset_ms, sku)
        open_[sku] = time.monotonic()
        self._producer.produce(self._sales, value, key)

    def _hear(self, open_: dict[str, float], heard: Heard) -> None:
        self._producer.poll(0)
        message = self._consumer.poll(_LOOK_SECONDS)
        value = None if message is None or message.error() else message.value()
        if not value:
            return
        at = time.monotonic()
        alert = json.loads(value)
        if alert["kind"] == "stockout" and (since := open_.pop(alert["sku"], None)) is not None:
            heard.waits_seconds.append(at - since)
