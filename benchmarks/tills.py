"""Tills that sell at a steady rate from a process of their own, stamped with the (shifted) time of day.

`python -m benchmarks.tills JSON`: prints how many were sent and the rate that was reached.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TypedDict

from confluent_kafka import Producer

from adapters.kafka_outlet import DEFAULTS, FIXED
from benchmarks.market import Market
from benchmarks.shifted import ShiftedClock

_SLICE_SECONDS = 0.02


class Orders(TypedDict):
    """What the tills are told."""

    bootstrap: str
    topic: str
    rate: float
    seconds: float
    offset_ms: int
    skus: int
    stores: int
    exponent: float
    salt: int


def main() -> None:
    """Sell."""
    orders: Orders = json.loads(sys.argv[1])
    sent, seconds = sell(orders)
    print(json.dumps({"sent": sent, "seconds": seconds, "rate_reached": sent / seconds}), flush=True)


def sell(orders: Orders) -> tuple[int, float]:
    """Send sales for so long; return how many, and the seconds it took."""
    producer = Producer({**DEFAULTS, **FIXED, "bootstrap.servers": orders["bootstrap"]})
    market = Market(orders["skus"], orders["stores"], orders["exponent"])
    clock = ShiftedClock(orders["offset_ms"])
    topic = orders["topic"]
    started = time.monotonic()
    sent, number = 0, 0
    while (passed := time.monotonic() - started) < orders["seconds"]:
        due = int(passed * orders["rate"]) - sent
        if due > 0:
            number += 1
            # Never more than one slice late: what could not be sent in time is not sent in a burst.
            size = min(due, max(1, int(5 * _SLICE_SECONDS * orders["rate"])))
            for batch in market.sales(size, clock.now_ms(), 1, size, salt=1_000_000 * orders["salt"] + number):
                for key, value in batch.pairs:
                    _produce(producer, topic, key, value)
            sent += size
        producer.poll(0)
        time.sleep(max(0.0, started + passed + _SLICE_SECONDS - time.monotonic()))
    producer.flush(30)
    return sent, time.monotonic() - started


def _produce(producer: Producer, topic: str, key: bytes, value: bytes) -> None:
    while True:
        try:
            producer.produce(topic, value, key)
        except BufferError:
            producer.poll(0.05)
        else:
            return


if __name__ == "__main__":
    main()
