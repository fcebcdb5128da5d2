"""What has happened before the measurement: all shelves counted, and as many days closed as models need.

::

    day 0, 00:10    a count of every series
    each warm day   one sale a series on average, 08:00 to 20:00; a tick past its midnight, slack and spread closes it

The one rule: it is done by the product's own monitor, on the product's own topics; nothing is put into Redis by hand.
"""

from __future__ import annotations

from benchmarks.market import Market
from benchmarks.stage import Stage, Writer
from producers.ticking import CLOSING_MS
from schemas.quantities import DAY_MS, HOUR_MS
from schemas.topics import SALES, STOCK

RECORDS_PER_TICK = 5_000
_COUNTED_MS = 10 * 60_000


def warm_up(stage: Stage, market: Market, sales: int, day_ms: int, days: int) -> int:
    """Have everything before the measured day handled, and end the monitor.

    Parameters
    ----------
    stage, market
        Where and what.
    sales
        Sales to come on the measured day, for the counts.
    day_ms
        Midnight of the first day.
    days
        Warm days; the measured day comes after them.

    Returns
    -------
    int
        Sales handled, summed up over the partitions.
    """
    write_history(Writer(stage), market, sales, day_ms, days)
    monitor = stage.start("monitor")
    stage.wait_handled()
    monitor.stop()
    return stage.handled()


def write_history(writer: Writer, market: Market, sales: int, day_ms: int, days: int) -> None:
    """Write the counts and the warm days."""
    pairs = list(market.counts(day_ms + _COUNTED_MS, sales + days * market.series))
    for first in range(0, len(pairs), RECORDS_PER_TICK):
        writer.send(STOCK, pairs[first : first + RECORDS_PER_TICK])
        writer.tick(day_ms + _COUNTED_MS)
    for day in range(days):
        start_ms = day_ms + day * DAY_MS
        for batch in market.sales(market.series, start_ms + 8 * HOUR_MS, 12 * HOUR_MS, RECORDS_PER_TICK, salt=day + 1):
            writer.send(SALES, batch.pairs)
            writer.tick(batch.last_ms)
        writer.tick(start_ms + DAY_MS + CLOSING_MS)
    writer.close()
