"""The coordinator moves, the group forgets a member, commits and deliveries are refused: answers of a broker, injected.

Each fault is a run of error codes that librdkafka's mock cluster answers with while a market is handled. That it
happened is seen in the number of requests of that kind, or in what the worker's journal says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from adapters.clock import SystemClock
from adapters.kafka_admin import KafkaAdmin
from schemas.errors import BrokerDown
from schemas.topics import TOPICS
from streams.ports import Place
from streams.settings import ShopSettings
from tests.broker.faults.counts import SOAK
from tests.broker.faults.faulty_kafka import FaultyKafka, Request
from tests.broker.faults.stage import Stage
from tests.broker.installation import Installation
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(400)]

TASKS = 2
EVENTS = 3_000
#: How often in a row; a member that joins backs off after each.
AGAIN = 3 if SOAK else 1
#: Kind of request → the error that it is answered with: of a member that joins, and of one that works.
FAULTS: dict[str, dict[Request, int]] = {
    "joining": {
        Request.FIND_COORDINATOR: KafkaError.COORDINATOR_NOT_AVAILABLE,
        Request.JOIN_GROUP: KafkaError.NOT_COORDINATOR,
        Request.SYNC_GROUP: KafkaError.REBALANCE_IN_PROGRESS,
    },
    "working": {
        Request.OFFSET_COMMIT: KafkaError.NOT_COORDINATOR,
        Request.FETCH: KafkaError.NOT_LEADER_FOR_PARTITION,
        Request.PRODUCE: KafkaError.NOT_ENOUGH_REPLICAS,
    },
}


@pytest.fixture
def faulty_kafka() -> Iterator[FaultyKafka]:
    with FaultyKafka() as cluster:
        yield cluster


@pytest.fixture
def stage(faulty_kafka: FaultyKafka, redis_server: RedisServer, topic_prefix: str, tmp_path: Path) -> Iterator[Stage]:
    shop = ShopSettings(silence_series=1)
    with Installation(faulty_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, shop, TASKS) as live:
        for topic in TOPICS:
            faulty_kafka.create(live.wiring.topic(topic), live.wiring.partitions_of(topic))
        yield Stage(live, EVENTS, make_topics=False)


@pytest.mark.parametrize("when", FAULTS)
def test_errors_of_the_broker_change_nothing(stage: Stage, faulty_kafka: FaultyKafka, when: str) -> None:
    faults = FAULTS[when]
    if when == "working":
        stage.write_part(3)
        stage.hire()
        stage.step_until(stage.is_handled)
    before = {kind: faulty_kafka.count(kind) for kind in faults}
    for kind, error in faults.items():
        faulty_kafka.fail(kind, [error] * AGAIN)
    if when == "joining":
        stage.hire()
    stage.write_part(3)
    stage.step_until(lambda: all(faulty_kafka.count(kind) > before[kind] + AGAIN for kind in faults))
    stage.finish()


def test_a_member_that_the_group_forgets_joins_again(stage: Stage, faulty_kafka: FaultyKafka) -> None:
    hand = stage.hire()
    stage.write_part(3)
    stage.step_until(stage.is_handled)
    stage.write_part(3)
    faulty_kafka.fail(Request.HEARTBEAT, [KafkaError.UNKNOWN_MEMBER_ID])
    stage.step_until(lambda: len(hand.notes("task_lost")) == TASKS)
    stage.step_until(lambda: len(hand.notes("task_taken")) == 2 * TASKS)
    stage.finish()


def test_a_partition_without_a_leader_is_no_missing_topic(faulty_kafka: FaultyKafka) -> None:
    faulty_kafka.create("sales", 2)
    admin = KafkaAdmin({"bootstrap.servers": faulty_kafka.bootstrap}, SystemClock(), patience_seconds=2.0)
    places = [Place("sales", 0), Place("sales", 1)]
    assert admin.ends(places) == dict.fromkeys(places, 0)
    faulty_kafka.depose("sales", 1)
    with pytest.raises(BrokerDown, match="sales"):
        admin.ends(places)
