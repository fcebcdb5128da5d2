"""The floor: fetch in batches and decode, and nothing else. No Python consumer of JSON can be cheaper."""

from __future__ import annotations

import json

from confluent_kafka import Consumer

from benchmarks.counting import Meter, read_orders


def main() -> None:
    """Read until told enough."""
    orders = read_orders()
    meter = Meter(orders)
    consumer = Consumer(
        {
            "bootstrap.servers": orders["bootstrap"],
            "group.id": orders["group"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": "false",
        }
    )
    consumer.subscribe([orders["topic"]])
    loads = json.loads
    # Ten batches at least between the two counts: a meter cannot look inside one.
    size = max(1, min(10_000, (orders["end"] - orders["begin"]) // 10))
    count = 0
    while True:
        messages = consumer.consume(size, 0.1)
        for message in messages:
            value = message.value()
            if value is not None:
                loads(value)
                count += 1
        if count >= meter.next:
            meter.reached(count)


main()
