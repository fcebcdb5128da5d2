"""Loading onto the broker in this process: what stands on the topics, and that it can be broken off anywhere."""

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from adapters.memory_broker import MemoryBroker
from adapters.memory_clock import MemoryClock
from adapters.memory_inlet import MemoryInlet
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from producers.load import Loader, LoadReport, PricesHandled
from producers.mappings.mapping import parse_mapping
from producers.rows import RowSource
from schemas.errors import BadSetup, BrokerDown
from schemas.quantities import to_ms
from schemas.quarantine import Headers
from schemas.sales import Sale
from schemas.ticks import Tick
from schemas.topics import CATALOG, CONTEXT, OBSERVATIONS, PRICES, QUARANTINE, SALES, STOCK, TICKS, full_name
from streams.ports import Place

TASKS = 2
NOW_MS = 1_800_000_000_000
MAPPING = """
name = "shop"
zone = "UTC"
currency = "EUR"
grain = "line"
sorted = true
[time]
of = "{at}"
format = "%Y-%m-%d %H:%M"
[defaults]
store_id = "s1"
sku = "{sku}"
[[refuse]]
when = [{ of = "{sku}", equals = "POST" }]
reason = "non_product"
detail = "{sku} is no product"
[[event]]
kind = "product"
once_per = "{sku}"
[[event]]
kind = "sold"
fields = { units = "{units}" }
"""
OBSERVED = """
[[event]]
kind = "observed"
fields = { rival = "r", rival_product = "{sku}", price = 1 }
"""


class Shop:
    """A broker with our topics, and whatever it takes to load onto it."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.broker, self.clock, self.folder, self.prefix = MemoryBroker(), MemoryClock(NOW_MS), folder, prefix
        for topic in (SALES, STOCK, PRICES, TICKS, OBSERVATIONS, CONTEXT, CATALOG, QUARANTINE):
            self.broker.create(full_name(topic, prefix), TASKS if topic.partitions == "tasks" else 1)

    def source(self, days: range = range(1, 5), rules: str = "", name: str = "shop.csv") -> RowSource:
        path = self.folder / name
        lines = [
            f"2024-01-{day:02} {hour}:00,{sku},2\n" for day in days for hour in (10, 11) for sku in ("a", "b", "POST")
        ]
        path.write_text("at,sku,units\n" + "".join(lines))
        return RowSource([(path, parse_mapping(MAPPING + rules, "test"))])

    def load(
        self, source: RowSource, outlet: MemoryOutlet | None = None, prices_handled: PricesHandled | None = None
    ) -> LoadReport:
        return Loader(
            outlet=outlet or MemoryOutlet(self.broker),
            admin=MemoryAdmin(self.broker),
            inlet=MemoryInlet(self.broker),
            clock=self.clock,
            prefix=self.prefix,
            prices_handled=prices_handled,
            records_per_tick=5,
        ).load(source)

    def ticks(self, task: int) -> list[Tick]:
        records = self.broker.partition(Place(full_name(TICKS, self.prefix), task)).records
        return [Tick.decode(record.value or b"") for record in records]

    def sold_ids(self) -> list[str]:
        records = self.broker.records(full_name(SALES, self.prefix))
        return [json.loads(record.value or b"")["event_id"] for record in records]


class Failing(MemoryOutlet):
    """A writer that breaks down at its k-th call."""

    def __init__(self, broker: MemoryBroker, calls: int) -> None:
        super().__init__(broker, hold=True)
        self._calls = calls

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> None:
        self._fail()
        super().send(topic, key, value, headers, partition)

    def flush(self) -> None:
        self._fail()
        super().flush()

    def _fail(self) -> None:
        if self._calls == 0:
            raise BrokerDown("broken off by the test")
        self._calls -= 1


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_every_row_is_on_a_topic_and_every_partition_has_every_tick(shop: Shop) -> None:
    report = shop.load(shop.source())
    # 4 days of 2 hours: 2 goods and a postage each.
    assert report.sent == {"sales.v1": 16, "catalog.v1": 2, "quarantine.v1": 8}
    assert report.refused == {"non_product": 8}
    times = [[tick.t_ms for tick in shop.ticks(task)] for task in range(TASKS)]
    assert times[0] == times[1] == sorted(times[0])
    assert len(times[0]) == report.ticks


def test_ends_in_a_tick_are_the_ends_of_its_partition_then(shop: Shop) -> None:
    shop.load(shop.source())
    for task in range(TASKS):
        last = shop.ticks(task)[-1]
        assert last.sales == shop.broker.partition(Place("sales.v1", task)).end
        assert (last.context, last.catalog, last.stock) == (0, 2, 0)
        assert last.source is not None
        assert (last.source.rows, last.source.done) == (26, True)
    assert sum(shop.ticks(task)[-1].sales for task in range(TASKS)) == 16


def test_no_event_below_a_ticks_ends_is_later_than_the_tick(shop: Shop) -> None:
    shop.load(shop.source())
    for task in range(TASKS):
        sales = shop.broker.partition(Place("sales.v1", task)).records
        for tick in shop.ticks(task):
            assert all(_time(record.value) <= tick.t_ms for record in sales[: tick.sales])
            assert all(_time(record.value) >= tick.t_ms for record in sales[tick.sales :])


def test_a_finished_load_sends_nothing_again(shop: Shop) -> None:
    shop.load(shop.source())
    before = shop.sold_ids()
    report = shop.load(shop.source())
    assert (report.already_done, report.sent, shop.sold_ids()) == (True, {}, before)


def test_a_finished_load_is_known_after_heartbeats_too(shop: Shop) -> None:
    shop.load(shop.source())
    for task in range(TASKS):
        for _ in range(300):
            shop.broker.append(Place("ticks.v1", task), None, Tick(NOW_MS, 9, 0, 0, 0, 2).encode())
    assert shop.load(shop.source()).already_done


def test_a_load_that_broke_off_anywhere_is_finished_by_running_it_again(tmp_path: Path) -> None:
    whole = Shop(tmp_path)
    whole.load(whole.source())
    expected = sorted(whole.sold_ids())
    for calls in count():
        shop = Shop(tmp_path)
        try:
            shop.load(shop.source(), Failing(shop.broker, calls))
            break
        except BrokerDown:
            report = shop.load(shop.source())
        assert sorted(set(shop.sold_ids())) == expected
        # What is sent twice is at most what lay between two ticks.
        assert len(shop.sold_ids()) - len(expected) <= 5
        assert report.resumed_after is None or report.resumed_after > 0
        for task in range(TASKS):
            last = shop.ticks(task)[-1].source
            assert last is not None
            assert last.done
    assert calls > 40  # 26 events, and two partitions' ticks with a flush before each


def test_another_file_that_begins_before_the_newest_tick_is_refused(shop: Shop) -> None:
    shop.load(shop.source())
    with pytest.raises(BadSetup, match="--prefix") as caught:
        shop.load(shop.source(range(2, 6), name="other.csv"))
    assert "other.csv begins at 2024-01-02T10:00:00Z" in str(caught.value)


def test_the_next_months_file_goes_on_after_the_first(shop: Shop) -> None:
    shop.load(shop.source())
    assert shop.load(shop.source(range(6, 8), name="next.csv")).sent["sales.v1"] == 8


def test_the_same_file_under_other_rules_is_another_source(shop: Shop) -> None:
    shop.load(shop.source())
    with pytest.raises(BadSetup, match="--prefix"):
        shop.load(shop.source(rules='[[skip]]\nwhen = [{ of = "{sku}", equals = "a" }]\n'))


def test_a_load_that_a_heartbeat_has_overtaken_is_refused(shop: Shop) -> None:
    with pytest.raises(BrokerDown):
        shop.load(shop.source(), Failing(shop.broker, 30))
    shop.broker.append(Place("ticks.v1", 0), None, Tick(NOW_MS, 9, 0, 0, 0, 2).encode())
    with pytest.raises(BadSetup, match="was sent up to"):
        shop.load(shop.source())


def test_a_prefix_is_on_every_topic(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "lima-")
    shop.load(shop.source())
    assert len(shop.broker.records("lima-sales.v1")) == 16
    assert shop.ticks(0)[-1].catalog == 2


def test_a_missing_topic_names_the_command(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "lima-")
    shop.prefix = ""
    with pytest.raises(BadSetup, match="topics create"):
        shop.load(shop.source())


def test_a_tick_waits_until_the_price_desk_has_handled_what_was_sent(shop: Shop) -> None:
    asked: list[Mapping[Place, int]] = []

    def desk(ends: Mapping[Place, int]) -> bool:
        asked.append(dict(ends))
        if len(asked) % 3:
            return False
        for _ in range(2):  # the desk's own output, below the tick's ends by then
            shop.broker.append(Place("competitor-prices.v1", 1), b"b", b"{}")
        return True

    report = shop.load(shop.source(range(1, 3), OBSERVED), prices_handled=desk)
    assert report.sent["price-observations.v1"] == 8
    assert sum(asked[-1].values()) == 8
    assert {place.topic for place in asked[-1]} == {"price-observations.v1"}
    assert shop.ticks(1)[0].prices == 2
    assert shop.ticks(1)[-1].prices == shop.broker.partition(Place("competitor-prices.v1", 1)).end


def test_prices_without_a_price_desk_are_refused(shop: Shop) -> None:
    with pytest.raises(BadSetup, match="demand-monitor prices"):
        shop.load(shop.source(rules=OBSERVED))


def test_a_price_desk_that_stands_still_is_told_of(shop: Shop) -> None:
    with pytest.raises(BadSetup, match="for 120 s"):
        shop.load(shop.source(rules=OBSERVED), prices_handled=lambda ends: False)


def _time(value: bytes | None) -> int:
    return to_ms(Sale.model_validate_json(value or b"").event_time)
