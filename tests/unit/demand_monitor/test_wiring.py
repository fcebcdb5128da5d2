"""Wiring: names follow the prefix, and hosts built from settings play a market from its records to its alerts."""

import pytest

from adapters.memory_broker import MemoryBroker
from consumers.worker import Worker
from demand_monitor.settings import Settings
from producers.market_source import MarketSource
from producers.synth import Market, MarketConfig
from schemas.errors import BadSetup
from schemas.reading import read_alert
from schemas.topics import ALERTS, OBSERVATIONS, SALES, TICKS, TOPICS
from streams.marks import decode_marks
from streams.ports import Place
from streams.price_desk.marks import PriceMarks
from streams.settings import ShopSettings
from tests.unit.demand_monitor.memory_wiring import MemoryWiring

#: Later than every market.
NOW_MS = 1_800_000_000_000
SHOP = ShopSettings(zone="America/Lima")


def wiring(partitions: int = 2) -> MemoryWiring:
    made = MemoryWiring(Settings(prefix="t-", partitions=partitions, shop=SHOP), NOW_MS)
    made.create_topics()
    return made


def count(broker: MemoryBroker, topic: str) -> int:
    return len(broker.records(topic))


def settle(worker: Worker, made: MemoryWiring, task: str, name: str, end: int) -> None:
    worker.start()
    for _ in range(2_000):
        worker.step()
        marks = made.store.marks(task)
        if marks is not None and decode_marks(marks)[0][name] >= end:
            worker.leave()
            worker.close()
            return
    raise AssertionError(f"{task} is not done: {made.store.marks(task)!r}")


def test_names_follow_the_prefix() -> None:
    made = wiring()
    assert made.topic(SALES) == "t-sales.v1"
    assert made.group("engine") == "t-demand-monitor-engine"
    assert made.task_ids() == ["engine:0", "engine:1", "prices:0", "prices:1", "desk:0"]
    assert made.command("doctor") == "demand-monitor doctor --prefix t-"


def test_two_hosts_of_one_process_have_different_owners() -> None:
    made = wiring()
    assert made._owner("engine") != made._owner("engine")


@pytest.mark.parametrize(("left_out", "partitions", "said"), [(SALES, 2, "t-sales.v1"), (None, 3, "2 partitions")])
def test_topics_that_do_not_fit_are_refused(left_out: object, partitions: int, said: str) -> None:
    made = MemoryWiring(Settings(prefix="t-", partitions=partitions), NOW_MS)
    for topic in TOPICS:
        if topic is not left_out:
            made.broker.create(made.topic(topic), 2 if topic.partitions == "tasks" else 1)
    with pytest.raises(BadSetup, match=said):
        made.check_topics()


def test_prices_are_handled_when_the_price_desk_has_committed_them() -> None:
    made = wiring()
    ends = {
        Place(made.topic(OBSERVATIONS), 0): 5,
        Place(made.topic(OBSERVATIONS), 1): 0,
        Place(made.topic(SALES), 0): 9,
    }
    assert not made.prices_handled(ends)
    made.store.take("prices:0", "w")
    made.store.commit("prices:0", "w", None, PriceMarks(4, 4).encode(), {})
    assert not made.prices_handled(ends)
    made.store.commit("prices:0", "w", PriceMarks(4, 4).encode(), PriceMarks(5, 5).encode(), {})
    # Nothing was sent to partition 1, so nobody waits for it.
    assert made.prices_handled(ends)


def test_a_market_goes_through_the_hosts_to_its_alerts() -> None:
    made = wiring(partitions=1)
    market = Market(MarketConfig(seed=3, stores=1, products=6, days=90, mean_units=5.0))
    source = MarketSource(market, with_prices=False)
    report = made.loader(source.observes_prices).load(source)
    assert report.sent["sales.v1"] == market.sale_lines
    assert OBSERVATIONS.name not in report.sent
    assert made.loader(observes_prices=False).load(source).already_done

    settle(made.engine_worker(), made, "engine:0", "ticks", count(made.broker, made.topic(TICKS)))
    settle(made.desk_worker(), made, "desk:0", "signals", count(made.broker, "t-signals.v1"))
    alerts = [read_alert(record.value) for record in made.broker.records(made.topic(ALERTS))]
    # A truck was planted to come late: a shelf runs empty, and somebody is told.
    assert {"stockout", "stockout_risk"} & {alert.kind for alert in alerts}
    assert all(alert.names.product for alert in alerts if alert.sku)


def test_a_market_with_prices_sends_every_record_in_order() -> None:
    market = Market(MarketConfig(seed=3, stores=1, products=6, days=90, mean_units=5.0))
    events = [event for batch in MarketSource(market).batches() for event in batch]
    assert [(event.topic, event.key, event.value) for event in events] == [record[1:] for record in market.records()]
    times = [event.event_time_ms for event in events]
    assert times == sorted(times)
    assert [event.row for event in events] == list(range(len(events)))
