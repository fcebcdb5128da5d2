"""A backlog of millions of records is worked off in memory that does not grow with it.

The records of one product and hour are alike, so that writing them costs little; each has an id of its own.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice

import pytest

from producers.ticking import CLOSING_MS
from schemas.quantities import to_ms
from schemas.ticks import Tick
from schemas.topics import SALES, TICKS
from streams.ports import Place
from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.crew import rss_bytes
from tests.broker.faults.market import BEGIN, Key
from tests.broker.faults.stage import create_topics
from tests.broker.installation import Installation

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(3_600)]

TASKS, SKUS, STORES = 4, 200, 5
RECORDS_PER_DAY = 100_000
RECORDS_PER_TICK = 5_000
#: Held all at once, five million records would take some five gigabytes.
MOST_BYTES = 700_000_000
#: What the second half may take more than the first: what is kept of 48 hours was kept before that.
MOST_GROWTH = 1.15


def records() -> Iterator[tuple[int, bytes, bytes, Key]]:
    """Yield time, key, value and series-day of every sale of one unit, in the order of time."""
    day_ms = 24 * 3_600_000
    for number in range(COUNTS.backlog):
        at_ms = to_ms(BEGIN) + number * day_ms // RECORDS_PER_DAY
        time_text = (BEGIN + timedelta(milliseconds=at_ms - to_ms(BEGIN))).isoformat(timespec="milliseconds")
        sku, store = f"sku{number % SKUS}", f"s{number // SKUS % STORES}"
        value = (
            f'{{"schema_version":1,"event_id":"b{number}","event_time":"{time_text}","store_id":"{store}",'
            f'"sku":"{sku}","units":1}}'
        )
        yield at_ms, sku.encode(), value.encode(), (store, sku, time_text[:10])


def fill(live: Installation) -> Counter[Key]:
    """Write the backlog with a tick after every 5,000 records; return what is true of it."""
    outlet, name = live.wiring.outlet(), live.wiring.topic
    true: Counter[Key] = Counter()
    rows = records()
    newest_ms = 0

    def tick(t_ms: int) -> None:
        outlet.flush()
        ends = outlet.ends()
        for task in range(TASKS):
            end = ends.get(Place(name(SALES), task), 0)
            outlet.send(name(TICKS), None, Tick(t_ms, end, 0, 0, 0, 0).encode(), (), task)

    while batch := list(islice(rows, RECORDS_PER_TICK)):
        for _, key, value, series_day in batch:
            outlet.send(name(SALES), key, value)
            true[series_day] += 1
        newest_ms = batch[-1][0]
        tick(newest_ms)
    tick(newest_ms + 24 * 3_600_000 + CLOSING_MS)
    outlet.close()
    return true


def test_a_long_backlog_takes_no_more_memory(install: Install, record_property: Callable[[str, object], None]) -> None:
    live = install(TASKS, ShopSettings(models="none"))
    create_topics(live)
    true = fill(live)
    waiting = sum(live.ends(SALES).values())
    assert waiting == COUNTS.backlog
    began = time.monotonic()
    worker = live.start("monitor", DEMAND_COMMIT_INTERVAL_SECONDS="1")
    seen: list[tuple[int, int]] = []

    def is_done() -> bool:
        seen.append((handled(live), rss_bytes(worker.process.pid)))
        return live.is_handled("engine", TICKS, "ticks", TASKS)

    live.wait(is_done, 3_000)
    seconds = time.monotonic() - began
    assert worker.end() == 0
    most = max(rss for _, rss in seen)
    early = max(rss for records_handled, rss in seen if records_handled < waiting // 2)
    record_property("events", waiting)
    record_property(
        "faults", f"backlog in {seconds:.0f} s, at most {most / 1e6:.0f} MB, {early / 1e6:.0f} MB in the first half"
    )
    assert len([1 for records_handled, _ in seen if 0 < records_handled < waiting]) > 3, "it was not watched at work"
    assert most < MOST_BYTES
    assert most < MOST_GROWTH * early
    assert live.units() == {key: (float(units), 0.0) for key, units in true.items()}
    assert live.quarantined() == []


def handled(live: Installation) -> int:
    """Return how many sales are committed."""
    return sum(max(0, at["sales"]) for at in live.marks().values() if at)
