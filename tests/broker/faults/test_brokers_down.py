"""All brokers die and come back: the worker waits, and goes on where its marks stand."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS, SOAK
from tests.broker.faults.stage import Stage
from tests.servers.kafka import KafkaServer, broker_answers

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

#: Undelivered records hold up a step for so long: 30 s by default.
DELIVERY = {} if SOAK else {"delivery.timeout.ms": "5000"}


def test_all_brokers_are_away_for_a_while(
    breakable_kafka: KafkaServer, install: Install, record_property: Callable[[str, object], None]
) -> None:
    stage = Stage(install(2, ShopSettings(silence_series=1)), COUNTS.events_beside)
    hand = stage.hire(kafka=DELIVERY)
    stage.write_part(3)
    stage.step_until(lambda: hand.worker.stats.commits > 0)
    stage.write_part(3)
    breakable_kafka.kill()
    began = time.monotonic()
    assert not broker_answers(breakable_kafka.bootstrap)
    stage.step_for(COUNTS.broker_down_seconds)
    assert not broker_answers(breakable_kafka.bootstrap)
    record_property("faults", f"no broker for {time.monotonic() - began:.0f} s")
    breakable_kafka.start()
    assert stage.flow.left > 0
    stage.finish()
