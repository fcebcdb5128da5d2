"""Faust: a tumbling sum per key in a table, memory store, its changelog topic as ever."""

from __future__ import annotations

from typing import Any

import faust

from benchmarks.counting import Meter, Orders, read_orders


def make_app(orders: Orders) -> faust.App:
    """Return the app with its one agent."""
    meter = Meter(orders)
    app = faust.App(
        orders["group"],
        broker=f"kafka://{orders['bootstrap']}",
        store="memory://",
        datadir=orders["folder"],
        consumer_auto_offset_reset="earliest",
        topic_partitions=orders["partitions"],
        topic_replication_factor=1,
        web_enabled=False,
    )
    sales = app.topic(orders["topic"], key_serializer="raw", value_serializer="json")
    sums = app.Table("sums", default=float, partitions=orders["partitions"]).tumbling(3_600.0, expires=86_400.0)

    @app.agent(sales)
    async def add(stream: Any) -> None:
        count = 0
        async for sku, sale in stream.items():
            sums[sku.decode()] += sale["units"]
            count += 1
            if count >= meter.next:
                meter.reached(count)

    return app


def main() -> None:
    """Sum until told enough."""
    faust.Worker(make_app(read_orders()), loglevel="error", redirect_stdouts=False).execute_from_commandline()


main()
