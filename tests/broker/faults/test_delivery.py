"""Deliveries fail, or the queue of the producer is full: what was not delivered is not marked, and is said again."""

from __future__ import annotations

import time

import pytest

from adapters.kafka_outlet import KafkaOutlet
from demand_monitor.wiring import Wiring
from streams.ports import Outlet
from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.stage import Stage
from tests.servers.kafka import KafkaServer, broker_answers

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

PATIENCE_SECONDS = 4.0
FETCH_SECONDS = 1.0
#: How a producer fails while the broker is frozen, and what is said of it.
TROUBLES = {
    "failed delivery": ({"delivery.timeout.ms": "2000", "request.timeout.ms": "1000"}, "_MSG_TIMED_OUT"),
    "full queue": ({"queue.buffering.max.messages": "2"}, "queue stayed full"),
}


class ImpatientWiring(Wiring):
    """The wiring that ships, but `send` and `flush` give up sooner."""

    def outlet(self) -> Outlet:
        return KafkaOutlet(self.settings.kafka_properties(), self.clock, PATIENCE_SECONDS)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_not_delivered_is_not_marked(breakable_kafka: KafkaServer, install: Install, trouble: str) -> None:
    properties, says = TROUBLES[trouble]
    stage = Stage(install(2, ShopSettings(silence_series=1)), COUNTS.events_beside)
    hand = stage.hire(ImpatientWiring, kafka=properties)
    stage.write_part(3)
    stage.step_until(stage.is_handled)
    before = stage.marks()
    # The rest is fetched in the background before the broker freezes, so that there is something to say meanwhile.
    stage.flow.finish()
    time.sleep(FETCH_SECONDS)
    breakable_kafka.pause()
    assert not broker_answers(breakable_kafka.bootstrap)
    stage.step_until(lambda: says in hand.reasons())
    assert stage.marks() == before
    breakable_kafka.resume()
    stage.finish()
