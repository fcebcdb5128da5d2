"""Sources that are idle, and sources whose clocks are wrong: neither stops time, and neither turns it."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from schemas.quantities import to_ms
from schemas.topics import SALES, SIGNALS
from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.market import BEGIN, Sent
from tests.broker.faults.oracle import all_series, wrong_shelves, wrong_units
from tests.broker.faults.stage import Stage
from tests.broker.replaying import by_task, recorded

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

DAYS, IDLE_DAYS = 2, 3
NOON = BEGIN + timedelta(days=1, hours=12)
#: By how much a till's clock is wrong, and what becomes of its sale (slack 5 min, ahead at most 1 h, horizon 48 h).
SKEWS = (
    (timedelta(days=-3), "beyond_horizon"),
    (timedelta(minutes=-30), None),
    (timedelta(minutes=30), None),
    (timedelta(hours=6), "ahead_of_clock"),
)


def skewed_sale(number: int, skew: timedelta) -> Sent:
    """Return a sale that is written at noon and says that it is of another time: 1, 2, 3, 4 units."""
    fields = {
        "schema_version": 1,
        "event_id": f"skew{number}",
        "event_time": (NOON + skew).isoformat(),
        "store_id": "skewed",
        "sku": "sku1",
        "units": 1 + number,
    }
    return Sent(to_ms(NOON), SALES, b"sku1", json.dumps(fields).encode())


def test_a_wrong_clock_is_refused_or_counted_and_moves_nothing(install: Install) -> None:
    stage = Stage(install(2, ShopSettings(silence_series=1)), COUNTS.events_beside, DAYS)
    stage.flow.put_in([skewed_sale(number, skew) for number, (skew, _) in enumerate(SKEWS)])
    hand = stage.hire()
    stage.flow.finish()
    stage.step_until(stage.is_handled)
    stage.dismiss()
    assert hand.reasons() == ""
    refused = sorted(str(each.reason) for each in stage.live.quarantined())
    assert refused == sorted(reason for _, reason in SKEWS if reason)
    # Counted are 2 and 3 units, on the day of noon; and of the others not one was late or lost.
    wrong = wrong_units(stage.live, stage.market)
    assert wrong == {("skewed", "sku1", NOON.date().isoformat()): ((5.0, 0.0), (0.0, 0.0))}
    assert wrong_shelves(stage.live, stage.market) == {}


def test_idle_sources_stop_no_clock(install: Install) -> None:
    """Of four partitions one holds all records; then nobody sells for days, and ticks alone go on."""
    tasks = 4
    stage = Stage(install(tasks, ShopSettings(silence_series=1)), COUNTS.events_beside // 4, DAYS, skus=1)
    stage.hire()
    stage.flow.finish()
    assert sorted(stage.ends(SALES).values())[: tasks - 1] == [0] * (tasks - 1)
    last = BEGIN + timedelta(days=DAYS + IDLE_DAYS, hours=1)
    stage.flow.tick(to_ms(last))
    stage.step_until(stage.is_handled)
    stage.dismiss()
    assert wrong_units(stage.live, stage.market) == {}
    # Every day before the last tick is closed, those without a sale too; and every task has told how far it is.
    assert {date.fromordinal(each.next_period) for each in all_series(stage.live)} == {last.date()}
    assert by_task(recorded(stage.live, SIGNALS)).keys() == set(range(tasks))
