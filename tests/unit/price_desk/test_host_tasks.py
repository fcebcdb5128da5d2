"""The price desk's tasks under the commit protocol, on the memory twins; and the watch that looks from outside."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from adapters.memory_broker import MemoryBroker
from adapters.memory_clock import MemoryClock
from adapters.memory_journal import MemoryJournal
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from adapters.memory_store import MemoryStore
from consumers.price_tasks import FULL_FIELDS, PricePorts, PriceTasks
from consumers.stall_watch import StallWatch
from schemas.errors import BrokerDown, Fenced, Gap, LogTruncated, StoreDown, TornTask
from streams.ports import Place, Record, Snapshot, Verdict, Writes
from tests.unit.price_desk.facts import matched, seen

OBSERVATIONS = "price-observations.v1"
PLACE = Place(OBSERVATIONS, 0)


class FailingStore(MemoryStore):
    """A memory store whose next calls fail, before or after they did their work."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 0
        self.lost_answers = 0

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        if self.refusals:
            self.refusals -= 1
            raise StoreDown("no answer")
        verdict = super().commit(task, owner, expected, marks, writes)
        if self.lost_answers:
            self.lost_answers -= 1
            raise StoreDown("the answer was lost")
        return verdict


@dataclass
class Shop:
    """One partition of observations in memory."""

    broker: MemoryBroker = field(default_factory=MemoryBroker)
    store: FailingStore = field(default_factory=FailingStore)
    clock: MemoryClock = field(default_factory=MemoryClock)
    journal: MemoryJournal = field(default_factory=MemoryJournal)

    def __post_init__(self) -> None:
        for topic in (OBSERVATIONS, "competitor-prices.v1", "quarantine.v1"):
            self.broker.create(topic, 1)

    def ports(self) -> PricePorts:
        outlet, admin = MemoryOutlet(self.broker, hold=True), MemoryAdmin(self.broker)
        return PricePorts(outlet, self.store, admin, self.clock, self.journal)

    def tasks(self, worker: str = "w") -> PriceTasks:
        return PriceTasks(self.ports(), worker, patience_seconds=5.0)

    def append(self, *values: bytes | None) -> None:
        for value in values:
            self.broker.append(PLACE, b"nova", value)

    def read(self, tasks: PriceTasks, start: int) -> None:
        for record in self.broker.partition(PLACE).read(start, 1_000):
            assert tasks.handle(PLACE, record)

    def run(self, tasks: PriceTasks) -> None:
        """Take, read to the end, commit."""
        self.read(tasks, tasks.take([PLACE])[PLACE])
        tasks.commit(tasks.collect())

    def prices(self) -> list[bytes | None]:
        return [record.value for record in self.broker.records("competitor-prices.v1")]


def test_run_is_taken_up_where_it_was_committed() -> None:
    shop = Shop()
    shop.append(matched("m", "milk"), seen("o1", 4.0))
    shop.run(shop.tasks())
    shop.append(seen("o2", 4.2))
    later = shop.tasks("later")
    assert later.take([PLACE]) == {PLACE: 2}
    assert later.committed() == {PLACE: 2}
    shop.read(later, 2)
    assert (later.committed(), later.positions()) == ({PLACE: 2}, {PLACE: 3})
    later.commit(later.collect())
    assert later.committed() == {PLACE: 3}
    assert later.collect() == []
    assert len(shop.prices()) == 2
    assert later.fates()["published"] == 2


def test_outputs_are_delivered_before_the_marks_move() -> None:
    shop = Shop()
    shop.append(matched("m", "milk"), seen("o1", 4.0))
    tasks = shop.tasks()
    shop.read(tasks, tasks.take([PLACE])[PLACE])
    assert (shop.prices(), shop.store.marks("prices:0")) == ([], None)
    pending = tasks.collect()
    assert (shop.prices(), shop.store.marks("prices:0")) == ([], None)
    tasks.commit(pending)
    assert len(shop.prices()) == 1
    assert shop.store.marks("prices:0") == b'{"observations":2,"step":2}'


def test_first_run_begins_at_the_oldest_record_that_is_kept() -> None:
    shop = Shop()
    shop.append(matched("m", "milk"), seen("o1", 4.0))
    shop.broker.truncate(PLACE, 1)
    assert shop.tasks().take([PLACE]) == {PLACE: 1}


def test_record_of_a_place_that_is_not_held_is_left_alone() -> None:
    shop = Shop()
    tasks = shop.tasks()
    assert not tasks.handle(PLACE, Record(0, b"nova", seen("o1", 4.0)))
    tasks.take([PLACE])
    tasks.release()
    assert not tasks.handle(PLACE, Record(0, b"nova", seen("o1", 4.0)))
    assert shop.prices() == []


@pytest.mark.parametrize(("refusals", "lost_answers"), [(3, 0), (0, 1), (2, 1)])
def test_store_that_comes_back_is_asked_again(refusals: int, lost_answers: int) -> None:
    shop = Shop()
    shop.append(matched("m", "milk"), seen("o1", 4.0))
    shop.store.refusals, shop.store.lost_answers = refusals, lost_answers
    shop.run(shop.tasks())
    assert shop.store.marks("prices:0") == b'{"observations":2,"step":2}'


def test_store_that_stays_away_is_an_outage() -> None:
    shop = Shop()
    shop.append(seen("o1", 4.0))
    shop.store.refusals = 1_000
    with pytest.raises(StoreDown):
        shop.run(shop.tasks())
    # 0.05 + 0.1 + 0.2 + 0.4 + 0.8 + 1.6; two more seconds would pass the patience of five.
    assert shop.clock.monotonic_seconds() == pytest.approx(3.15)


def fenced(shop: Shop) -> None:
    shop.store.take("prices:0", "thief")


def rolled_back(shop: Shop) -> None:
    shop.store.restore("prices:0", Snapshot(b'{"observations":1,"step":1}', {}))


@pytest.mark.parametrize(("disturb", "error"), [(fenced, Fenced), (rolled_back, Gap)])
def test_refused_commit_is_raised_and_writes_nothing(disturb: Callable[[Shop], None], error: type[Exception]) -> None:
    shop = Shop()
    shop.append(matched("m", "milk"), seen("o1", 4.0))
    tasks = shop.tasks()
    shop.run(tasks)
    disturb(shop)
    before = shop.store.snapshot("prices:0")
    shop.append(seen("o2", 4.0))
    shop.read(tasks, 2)
    with pytest.raises(error):
        tasks.commit(tasks.collect())
    assert shop.store.snapshot("prices:0") == before


def test_mark_outside_its_log_is_refused() -> None:
    shop = Shop()
    shop.append(matched("m", "milk"), seen("o1", 4.0), seen("o2", 4.0))
    shop.run(shop.tasks())
    ahead = Shop(store=shop.store)
    with pytest.raises(LogTruncated):
        ahead.tasks().take([PLACE])
    shop.append(seen("o3", 4.0))
    shop.broker.truncate(PLACE, 4)
    with pytest.raises(LogTruncated):
        shop.tasks().take([PLACE])


def test_other_number_of_partitions_is_refused() -> None:
    shop = Shop()
    shop.append(matched("m", "milk"))
    shop.run(shop.tasks())
    wider = Shop(store=shop.store)
    wider.broker = MemoryBroker()
    wider.broker.create(OBSERVATIONS, 2)
    wider.append(matched("m", "milk"))
    with pytest.raises(TornTask):
        wider.tasks().take([PLACE])


def test_task_is_full_before_a_script_would_be_too_long() -> None:
    shop = Shop()
    tasks = shop.tasks()
    tasks.take([PLACE])
    offset = 0
    while not tasks.is_full():
        value = matched(f"m{offset}", "milk", rival_product=f"p{offset}")
        tasks.handle(PLACE, Record(offset, b"nova", value))
        offset += 1
    [pending] = tasks.collect()
    assert FULL_FIELDS <= len(pending.writes) <= 256
    assert not tasks.is_full()


class Away(MemoryAdmin):
    """An admin that may be out of reach."""

    away = False

    def ends(self, places: object) -> dict[Place, int]:
        if self.away:
            raise BrokerDown("no answer")
        return {PLACE: 10}


def test_watch_sees_only_a_place_that_stands_still_while_records_wait() -> None:
    clock, admin, positions = MemoryClock(), Away(MemoryBroker()), {PLACE: 10}
    watch = StallWatch(lambda: positions, admin, clock, 60.0)

    def looks(seconds: float, position: int) -> Place | None:
        clock.sleep(seconds)
        positions[PLACE] = position
        return watch.stalled()

    assert looks(0, 10) is None
    assert looks(600, 10) is None  # nothing waits
    assert looks(0, 7) is None
    assert looks(59, 7) is None
    assert looks(0, 8) is None  # it moved
    assert looks(59, 8) is None
    assert looks(1, 8) == PLACE


def test_watch_counts_anew_after_the_broker_was_away() -> None:
    clock, admin = MemoryClock(), Away(MemoryBroker())
    watch = StallWatch(lambda: {PLACE: 7}, admin, clock, 60.0)
    assert watch.stalled() is None
    clock.sleep(59)
    admin.away = True
    assert watch.stalled() is None
    admin.away = False
    clock.sleep(10)
    assert watch.stalled() is None
    clock.sleep(60)
    assert watch.stalled() == PLACE
