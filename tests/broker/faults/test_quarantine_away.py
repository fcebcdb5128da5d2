"""The quarantine topic is away: a bad record has nowhere to go, so no mark moves past it until it has."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import AdminClient

from schemas.errors import BadSetup
from schemas.topics import QUARANTINE, SALES
from streams.settings import ShopSettings
from tests.broker.faults.conftest import Install
from tests.broker.faults.counts import COUNTS
from tests.broker.faults.oracle import wrong_units
from tests.broker.faults.stage import Stage

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

BAD = b"{ no json"


def test_no_mark_moves_while_a_bad_record_has_nowhere_to_go(install: Install) -> None:
    stage = Stage(install(2, ShopSettings(silence_series=1)), COUNTS.events_beside)
    name = stage.live.wiring.topic(QUARANTINE)
    admin = AdminClient({"bootstrap.servers": stage.live.settings.bootstrap})
    admin.delete_topics([name])[name].result(20)
    # How long librdkafka takes a topic that is not there for one that is just being made: 30 s by default.
    stage.hire(kafka={"topic.metadata.propagation.max.ms": "3000"})
    stage.write_part(3)
    stage.step_until(stage.is_handled)
    assert name not in stage.live.wiring.admin().partitions()
    before = stage.marks()
    outlet = stage.live.wiring.outlet()
    for task in before:
        outlet.send(stage.live.wiring.topic(SALES), b"sku1", BAD, (), task)
    outlet.close()
    stage.write_part(3)
    with pytest.raises(BadSetup, match=rf"(?s)writing to {name}.*topics create"):
        stage.step_for(60)
    assert stage.marks() == before
    stage.abandon()

    stage.live.wiring.admin().create(name, 1, QUARANTINE.config())
    stage.flow.finish()
    stage.hire()
    stage.step_until(stage.is_handled)
    stage.dismiss()
    refusals = stage.live.quarantined()
    assert [each.value for each in refusals] == [BAD] * len(before)
    assert wrong_units(stage.live, stage.market) == {}
