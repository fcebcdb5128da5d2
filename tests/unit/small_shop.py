"""A small shop on a broker in memory: two products, four days, everything that makes the engine speak.

::

    product of task 0   counted 39, sells 14 a day, runs out on day 3, is delivered on day 4    stockout_risk, stockout
    product of task 1   never counted, sells 6 a day, a return and a void                       forecasts
    besides             a duplicate, an unreadable record, an unknown currency, a rival's price

Ticks stand every six hours, so that records of many hours wait for one tick and some ticks bring nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from consumers.worker_config import WorkerConfig
from schemas.catalog import Product
from schemas.context import Promotion
from schemas.prices import CompetitorPrice
from schemas.quarantine import Headers
from schemas.sales import Sale, SaleKind
from schemas.stock import ShelfPrice, StockCounted, StockDelivered
from schemas.ticks import Tick
from streams.desk.desk import AlertDesk
from streams.engine.engine import EngineTask
from streams.engine.table import canonical_state
from streams.marks import decode_marks
from streams.partitioner import partition_of
from streams.ports import Place, Snapshot
from streams.reference import Reference
from streams.settings import ShopSettings
from tests.unit.worker_world import World

P = 2
SHOP = ShopSettings(zone="Europe/London", lead_time_days=1.0, silence_series=1)
TOPICS = {
    name: f"t.{topic}.v1"
    for name, topic in {
        "sales": "sales",
        "stock": "stock",
        "prices": "competitor-prices",
        "ticks": "ticks",
        "catalog": "catalog",
        "context": "context",
    }.items()
}
KEYED = ("sales", "stock", "prices", "ticks")
WHOLE = ("catalog", "context")
OUTPUTS = ("t.forecasts.v1", "t.signals.v1", "t.quarantine.v1")
#: Monday, and summer time in London, so that no local day is a day of UTC.
MONDAY = datetime(2024, 6, 3, tzinfo=UTC)
DAYS = 4

ENGINE = WorkerConfig(
    processor="engine",
    inputs={name: TOPICS[name] for name in KEYED},
    partitions=P,
    owner="",
    broadcasts={name: TOPICS[name] for name in WHOLE},
    prefix="t.",
    pace="ticks",
    commit_interval_seconds=0.0,
    handle_budget=30,
    poll_records=40,
)
DESK = replace(
    ENGINE,
    processor="desk",
    inputs={"signals": "t.signals.v1", "actions": "t.alert-actions.v1"},
    partitions=1,
    pace=None,
    handle_budget=20,
)


def sku_of(task: int, tasks: int = P) -> str:
    """Return the first name of a product whose records go to a task."""
    return next(f"SKU{number}" for number in range(100) if partition_of(b"SKU%d" % number, tasks) == task)


FAST = sku_of(0)


def engine_tasks(tasks: int = P) -> object:
    """Return a factory of engine tasks that share their reference, as a worker's do."""
    reference = Reference()
    return lambda task, snapshot: EngineTask(task, tasks, SHOP, reference, TOPICS, snapshot)


def desk_tasks() -> object:
    """Return a factory of the desk."""
    reference = Reference()
    return lambda task, snapshot: AlertDesk(reference, snapshot)


def filled_shop(hold: bool = True, tasks: int = P) -> World:
    """Return a world whose topics hold the four days; every task but the first has a slow product."""
    return _Writer(World(hold=hold), tasks).write()


class _Writer:
    """Writes the four days."""

    def __init__(self, world: World, tasks: int) -> None:
        self.world, self.tasks = world, tasks
        self.fast, *self.slow = (sku_of(task, tasks) for task in range(tasks))

    def write(self) -> World:
        for name in KEYED:
            self.world.broker.create(TOPICS[name], self.tasks)
        for topic in (TOPICS["catalog"], TOPICS["context"], "t.alert-actions.v1", "t.alerts.v1", *OUTPUTS):
            self.world.broker.create(topic, self.tasks if "forecasts" in topic else 1)
        self._reference()
        for day in range(DAYS):
            for quarter in range(4):
                self._hours(day, range(6 * quarter, 6 * quarter + 6))
                self._tick(MONDAY + timedelta(days=day, hours=6 * quarter + 6))
        self._tick(MONDAY + timedelta(days=DAYS, hours=3))
        return self.world

    def _put(self, name: str, key: str, value: bytes, headers: Headers = ()) -> None:
        task = 0 if name in WHOLE else partition_of(key.encode(), self.tasks)
        self.world.broker.append(Place(TOPICS[name], task), key.encode(), value, headers)

    def _reference(self) -> None:
        tea = Product(sku=self.fast, name="Tea", currency="GBP", unit_price=2.0, valid_from=MONDAY, known_at=MONDAY)
        self._put("catalog", self.fast, tea.encode())
        offer = Promotion(
            promotion_id="p1",
            sku=self.fast,
            depth=0.2,
            valid_from=MONDAY + timedelta(days=2),
            valid_to=MONDAY + timedelta(days=3),
            known_at=MONDAY,
        )
        self._put("context", "p1", offer.encode())

    def _hours(self, day: int, hours: Sequence[int]) -> None:
        for hour in hours:
            at = MONDAY + timedelta(days=day, hours=hour)
            if 8 <= hour < 22 and not (day == 2 and hour > 18):
                self._sale(self.fast, at + timedelta(minutes=7))
            if 9 <= hour < 15:
                for sku in self.slow:
                    self._sale(sku, at + timedelta(minutes=50))
            self._special(day, hour, at)

    def _special(self, day: int, hour: int, at: datetime) -> None:
        fast, slow = self.fast, self.slow[0]
        if (day, hour) == (0, 7):
            counted = StockCounted(event_id="c1", event_time=at, store_id="s", sku=fast, units=39)
            price = ShelfPrice(event_id="h1", event_time=at, sku=fast, unit_price=2, currency="GBP", valid_from=at)
            self._put("stock", fast, counted.encode())
            self._put("stock", fast, price.encode())
        elif (day, hour) == (3, 7):
            delivered = StockDelivered(event_id="d1", event_time=at, store_id="s", sku=fast, units=100)
            self._put("stock", fast, delivered.encode())
        elif (day, hour) == (1, 12):
            self._sale(slow, at, "returned")
            self._sale(slow, at, "voided")
            self._sale(fast, MONDAY + timedelta(hours=10, minutes=7))  # a resend, on another day
            self._put("sales", slow, b"{", (("till", b"7"),))
            unknown = Sale(event_id="x", event_time=at, store_id="s", sku=slow, units=1, currency="ZZZ")
            self._put("sales", slow, unknown.encode())
            self.world.broker.skip(Place(TOPICS["sales"], 1), 3)
        elif (day, hour) == (1, 20):
            rival = CompetitorPrice(
                event_id="r1",
                event_time=at,
                sku=fast,
                rival="Rival",
                unit_price=1.5,
                currency="GBP",
                availability="in_stock",
                observed_at=at,
                at=(0, 1, 1),
            )
            self._put("prices", fast, rival.encode())

    def _sale(self, sku: str, at: datetime, kind: SaleKind = "sold") -> None:
        event_id = f"{sku}-{at:%d%H%M}-{kind}"
        sale = Sale(event_id=event_id, event_time=at, kind=kind, store_id="s", sku=sku, units=1, unit_price=2.0)
        self._put("sales", sku, sale.encode())

    def _tick(self, at: datetime) -> None:
        for task in range(self.tasks):
            sales, stock, prices = (_end(self.world, TOPICS[name], task) for name in ("sales", "stock", "prices"))
            context, catalog = (_end(self.world, TOPICS[name], 0) for name in WHOLE[::-1])
            tick = Tick(round(at.timestamp() * 1_000), sales, stock, prices, context, catalog)
            self.world.broker.append(Place(TOPICS["ticks"], task), None, tick.encode())


def engine_is_done(world: World, tasks: int = P) -> bool:
    """Return whether every tick is committed."""
    return all(_mark(world, f"engine:{task}", "ticks") == _end(world, TOPICS["ticks"], task) for task in range(tasks))


def desk_is_done(world: World) -> bool:
    """Return whether every signal and every click is committed."""
    inputs = (("signals", "t.signals.v1"), ("actions", "t.alert-actions.v1"))
    return all(_mark(world, "desk:0", name) >= _end(world, topic, 0) for name, topic in inputs if _end(world, topic, 0))


def _mark(world: World, task: str, name: str) -> int:
    marks = world.store.marks(task)
    return -1 if marks is None else decode_marks(marks)[0][name]


def _end(world: World, topic: str, partition: int) -> int:
    return world.broker.partition(Place(topic, partition)).end


def state_of(world: World, processor: str = "engine", tasks: int = P) -> Mapping[str, Snapshot]:
    """Return marks and fields of the tasks, the same whenever it was committed."""
    snapshots = {f"{processor}:{task}": world.store.snapshot(f"{processor}:{task}") for task in range(tasks)}
    return {task: Snapshot(one.marks, canonical_state(one.state)) for task, one in snapshots.items()}


def said(world: World, topics: Sequence[str] = OUTPUTS) -> set[tuple[str, bytes | None, bytes | None, object]]:
    """Return everything sent, doubles counted once: two values for one `at` stay two."""
    return {(topic, each.key, each.value, each.headers) for topic in topics for each in world.broker.records(topic)}
