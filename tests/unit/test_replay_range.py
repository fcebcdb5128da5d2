"""Replay of a range: where it begins, what it knows there, and how little of it is held at once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import pytest

from adapters.memory_broker import MemoryBroker
from adapters.memory_clock import MemoryClock
from adapters.memory_inlet import MemoryInlet
from adapters.memory_outlet import MemoryAdmin
from consumers.replay import Replay
from consumers.topic_log import TopicLog, blank_snapshots, starts_at_ms
from schemas.quantities import DAY_MS, HOUR_MS, to_ms
from schemas.reading import read_alert, read_forecast
from schemas.ticks import Tick
from schemas.topics import ALERTS, CATALOG, CONTEXT, FORECASTS, PRICES, QUARANTINE, SALES, SIGNALS, STOCK, TICKS, Topic
from streams.at import at_of
from streams.chain import Chain, ChainSettings
from streams.engine.series import Series
from streams.outcome import Output
from streams.ports import Chunk, Place, Record
from streams.report import Collector
from tests.unit.small_shop import FAST, MONDAY, SHOP, TOPICS, P, filled_shop

#: Tuesday midnight in UTC: the fourth tick of the shop stands there, at its day's end.
TUESDAY_MS = to_ms(MONDAY + timedelta(days=1))
KEYED = {"sales": SALES, "stock": STOCK, "prices": PRICES}
INTERNAL = (FORECASTS, SIGNALS)
WORDS = (FORECASTS, SIGNALS, ALERTS, QUARANTINE)


class CountingChain(Chain):
    """A chain that counts the keyed records it was fed."""

    fed = 0

    def feed(self, topic: Topic, partition: int, records: Sequence[Record], position: int) -> None:
        self.fed += len(records) if topic in KEYED.values() else 0
        super().feed(topic, partition, records, position)

    def handled(self) -> int:
        """Return how many of them the engine is done with, whatever became of them."""
        fates = ("accepted", "duplicate", "quarantined.")
        counts = [engine.core.emitter.counts for engine in self.engines]
        return sum(count for each in counts for name, count in each.items() if name.startswith(fates))


class CountingInlet(MemoryInlet):
    """A reader that looks, whenever it delivers keyed records, how many are held: delivered, or fed and not handled."""

    def __init__(self, broker: MemoryBroker, chain: CountingChain) -> None:
        super().__init__(broker)
        self._chain = chain
        self._delivered = 0
        self.most = 0

    def assign(self, starts: Mapping[Place, int]) -> None:
        self._delivered = 0
        super().assign(starts)

    def poll(self, max_records: int, timeout_seconds: float) -> Sequence[Chunk]:
        chunks = super().poll(max_records, timeout_seconds)
        keyed = {TOPICS[name] for name in KEYED}
        self._delivered += sum(len(chunk.records) for chunk in chunks if chunk.place.topic in keyed)
        self.most = max(self.most, self._delivered + self._chain.fed - self._chain.handled())
        return chunks


def log_of(broker: MemoryBroker, window_records: int = 50_000) -> TopicLog:
    return TopicLog(MemoryInlet(broker), MemoryAdmin(broker), "t.", P, window_records)


def play(
    broker: MemoryBroker, since_ms: int | None = None, until_ms: int | None = None, window_records: int = 50_000
) -> tuple[Chain, list[Output]]:
    """Play a range that begins with an empty state."""
    log = log_of(broker, window_records)
    begins = [] if since_ms is None else log.beginnings(since_ms)
    outputs: list[Output] = []
    settings = ChainSettings(P, SHOP, "t.", since_ms, recompute_prices=False)
    chain = Chain(settings, outputs.append, blank_snapshots(begins, SHOP))
    Replay(chain, Collector(), MemoryClock()).read(log, until_ms, since_ms)
    return chain, outputs


def by_topic(outputs: Sequence[Output]) -> Mapping[str, list[Output]]:
    """Return outputs by topic, what the engine says in the order of each task: there is none between tasks."""
    said = {topic.name: [each for each in outputs if each.topic is topic] for topic in WORDS}
    return {**said, **{topic.name: sorted(said[topic.name], key=lambda each: at_of(each.value)) for topic in INTERNAL}}


def accepted(chain: Chain) -> int:
    return sum(engine.core.emitter.counts.get("accepted", 0) for engine in chain.engines)


@pytest.mark.parametrize("window_records", [1, 7, 40])
def test_small_windows_give_the_same_words_in_the_same_order(window_records: int) -> None:
    broker = filled_shop(hold=False).broker
    whole, outputs = play(broker)
    chain, cut = play(broker, window_records=window_records)
    assert by_topic(cut) == by_topic(outputs)
    assert [engine.marks for engine in chain.engines] == [engine.marks for engine in whole.engines]
    assert [engine.writes() for engine in chain.engines] == [engine.writes() for engine in whole.engines]


def with_one_tick(broker: MemoryBroker) -> MemoryBroker:
    """Leave the last tick of each task alone: everything stands below it."""
    for task in range(P):
        partition = broker.partition(Place(TOPICS["ticks"], task))
        partition.records = partition.records[-1:]
    return broker


@pytest.mark.parametrize("has_one_tick", [False, True])
def test_what_is_held_is_bounded_by_the_window_however_much_stands_below_a_tick(has_one_tick: bool) -> None:
    broker = filled_shop(hold=False).broker
    if has_one_tick:
        with_one_tick(broker)
    chain = CountingChain(ChainSettings(P, SHOP, "t.", recompute_prices=False))
    inlet = CountingInlet(broker, chain)
    TopicLog(inlet, MemoryAdmin(broker), "t.", P, window_records=8).read_into(chain, None)
    assert chain.handled() == chain.fed > 70
    # A pass reads one window; before it, at most half a window of each of the three inputs may wait.
    assert 0 < inlet.most <= 8 + 3 * 4


def test_a_range_reads_what_stands_at_or_above_the_ends_of_the_tick_before_it() -> None:
    world = filled_shop(hold=False)
    # Counted on the log itself: what the fourth tick (Tuesday 00:00) has not seen, and no more.
    above = 0
    for task in range(P):
        ticks = [
            Tick.decode(record.value or b"") for record in world.broker.partition(Place(TOPICS["ticks"], task)).records
        ]
        assert ticks[3].t_ms == TUESDAY_MS
        for name in KEYED:
            records = world.broker.partition(Place(TOPICS[name], task)).records
            above += sum(record.offset >= getattr(ticks[3], name) for record in records)
    chain, outputs = play(world.broker, TUESDAY_MS + 1)
    refused = sum(each.topic is QUARANTINE for each in outputs)
    duplicates = sum(engine.core.emitter.counts.get("duplicate", 0) for engine in chain.engines)
    assert accepted(chain) + refused + duplicates == above
    # The resend of Monday's sale is none here: Monday was not read.
    assert duplicates == 0


def tea(chain: Chain) -> Series:
    return next(series for series in chain.engines[0].core.table if series.sku == FAST)


def test_the_state_of_a_range_knows_nothing_of_before() -> None:
    world = filled_shop(hold=False)
    chain, outputs = play(world.broker, TUESDAY_MS + 1)
    # Counted 39 on Monday, never after; the delivery of Thursday adds to what is not known.
    assert tea(play(world.broker)[0]).on_hand is not None
    assert tea(chain).on_hand is None
    targets = [read_forecast(each.value).target for each in outputs if each.topic is FORECASTS]
    assert targets
    # London's Tuesday begins on Monday at 23:00 UTC.
    assert min(targets) == MONDAY + timedelta(hours=23)
    assert all(
        read_alert(each.value).opened_at > MONDAY + timedelta(days=1) for each in outputs if each.topic is ALERTS
    )


def test_a_range_from_before_the_first_tick_is_the_whole() -> None:
    broker = filled_shop(hold=False).broker
    assert starts_at_ms(log_of(broker).beginnings(0)) is None
    _, outputs = play(broker, to_ms(MONDAY))
    assert by_topic(outputs) == by_topic(play(broker)[1])


def test_a_range_says_nothing_of_facts_that_were_refused_before_it() -> None:
    world = filled_shop(hold=False)
    catalog = world.broker.partition(Place(TOPICS["catalog"], 0))
    catalog.records[0] = catalog.records[0]._replace(value=b"{")
    outputs = play(world.broker)[1]
    assert any(each.value == b"{" and each.key == FAST.encode() for each in outputs if each.topic is QUARANTINE)
    outputs = play(world.broker, TUESDAY_MS + 1)[1]
    assert not any(each.key == FAST.encode() for each in outputs if each.topic is QUARANTINE)


def test_a_range_has_both_ends() -> None:
    whole = play(filled_shop(hold=False).broker, TUESDAY_MS + 1)[0]
    cut = play(filled_shop(hold=False).broker, TUESDAY_MS + 1, TUESDAY_MS + DAY_MS)[0]
    assert 0 < accepted(cut) < accepted(whole)
    assert {engine.core.clock.tick_ms for engine in cut.engines} == {TUESDAY_MS + DAY_MS}


def many_ticks() -> Iterator[tuple[int, int]]:
    """Yield (time, end of the sales) of 25,000 ticks, two heartbeats of which disagree by a tick."""
    for number in range(25_000):
        swapped = number ^ 1
        yield swapped * HOUR_MS, swapped


@pytest.mark.parametrize("hour", [0, 1, 9_999, 12_345, 24_998])
def test_the_begin_of_a_range_is_found_in_a_long_log(hour: int) -> None:
    broker = MemoryBroker()
    for topic in (TICKS, SALES, STOCK, PRICES, CATALOG, CONTEXT):
        broker.create(f"t.{topic.name}", P)
    for t_ms, sales in many_ticks():
        broker.append(Place(TOPICS["ticks"], 0), None, Tick(t_ms, sales, 0, 0, 0, 0).encode())
    one, other = log_of(broker).beginnings(hour * HOUR_MS)
    # Ticks stand in pairs, 1 0 3 2 5 4: the first of an even hour or later is the odd one's, one place before.
    first = hour // 2 * 2
    assert one.tick_offset == first
    assert (None if one.before is None else one.before.sales) == (first - 1 if first else None)
    assert (other.tick_offset, other.before) == (0, None)
