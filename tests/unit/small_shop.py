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
from schemas.sales import Sale, SaleKind
from schemas.stock import ShelfPrice, StockCounted, StockDelivered
from schemas.ticks import Tick
from streams.desk.desk import AlertDesk
from streams.engine.engine import EngineTask
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


def sku_of(task: int) -> str:
    """Return the first name of a product whose records go to a task."""
    return next(f"SKU{number}" for number in range(100) if partition_of(b"SKU%d" % number, P) == task)


FAST, SLOW = sku_of(0), sku_of(1)


def engine_tasks(tasks: int = P) -> object:
    """Return a factory of engine tasks that share their reference, as a worker's do."""
    reference = Reference()
    return lambda task, snapshot: EngineTask(task, tasks, SHOP, reference, TOPICS, snapshot)


def desk_tasks() -> object:
    """Return a factory of the desk."""
    reference = Reference()
    return lambda task, snapshot: AlertDesk(reference, snapshot)


def filled_shop(hold: bool = True) -> World:
    """Return a world whose topics hold the four days."""
    world = World(hold=hold)
    for name in KEYED:
        world.broker.create(TOPICS[name], P)
    for topic in (TOPICS["catalog"], TOPICS["context"], "t.alert-actions.v1", "t.alerts.v1", *OUTPUTS):
        world.broker.create(topic, P if "forecasts" in topic else 1)
    _write_reference(world)
    for day in range(DAYS):
        for quarter in range(4):
            _write_hours(world, day, range(6 * quarter, 6 * quarter + 6))
            _write_tick(world, MONDAY + timedelta(days=day, hours=6 * quarter + 6))
    _write_tick(world, MONDAY + timedelta(days=DAYS, hours=3))
    return world


def _write_reference(world: World) -> None:
    name = Product(sku=FAST, name="Tea", currency="GBP", unit_price=2.0, valid_from=MONDAY, known_at=MONDAY)
    world.broker.append(Place(TOPICS["catalog"], 0), FAST.encode(), name.encode())
    offer = Promotion(
        promotion_id="p1",
        sku=FAST,
        depth=0.2,
        valid_from=MONDAY + timedelta(days=2),
        valid_to=MONDAY + timedelta(days=3),
        known_at=MONDAY,
    )
    world.broker.append(Place(TOPICS["context"], 0), b"p1", offer.encode())


def _write_hours(world: World, day: int, hours: Sequence[int]) -> None:
    for hour in hours:
        at = MONDAY + timedelta(days=day, hours=hour)
        if 8 <= hour < 22 and not (day == 2 and hour > 18):
            _sale(world, FAST, at + timedelta(minutes=7), 1.0)
        if 9 <= hour < 15:
            _sale(world, SLOW, at + timedelta(minutes=50), 1.0)
        _write_special(world, day, hour, at)


def _write_special(world: World, day: int, hour: int, at: datetime) -> None:
    fast, slow = FAST.encode(), SLOW.encode()
    if (day, hour) == (0, 7):
        counted = StockCounted(event_id="c1", event_time=at, store_id="s", sku=FAST, units=39)
        world.broker.append(Place(TOPICS["stock"], 0), fast, counted.encode())
        price = ShelfPrice(event_id="h1", event_time=at, sku=FAST, unit_price=2, currency="GBP", valid_from=at)
        world.broker.append(Place(TOPICS["stock"], 0), fast, price.encode())
    elif (day, hour) == (3, 7):
        delivered = StockDelivered(event_id="d1", event_time=at, store_id="s", sku=FAST, units=100)
        world.broker.append(Place(TOPICS["stock"], 0), fast, delivered.encode())
    elif (day, hour) == (1, 12):
        _sale(world, SLOW, at, 1.0, "returned")
        _sale(world, SLOW, at, 1.0, "voided")
        _sale(world, FAST, MONDAY + timedelta(hours=10, minutes=7), 1.0)  # a resend, on another day
        world.broker.append(Place(TOPICS["sales"], 1), slow, b"{", (("till", b"7"),))
        unknown = Sale(event_id="x", event_time=at, store_id="s", sku=SLOW, units=1, currency="ZZZ")
        world.broker.append(Place(TOPICS["sales"], 1), slow, unknown.encode())
        world.broker.skip(Place(TOPICS["sales"], 1), 3)
    elif (day, hour) == (1, 20):
        rival = CompetitorPrice(
            event_id="r1",
            event_time=at,
            sku=FAST,
            rival="Rival",
            unit_price=1.5,
            currency="GBP",
            availability="in_stock",
            observed_at=at,
            at=(0, 1, 1),
        )
        world.broker.append(Place(TOPICS["prices"], 0), fast, rival.encode())


def _sale(world: World, sku: str, at: datetime, units: float, kind: SaleKind = "sold") -> None:
    event_id = f"{sku}-{at:%d%H%M}-{kind}"
    sale = Sale(event_id=event_id, event_time=at, kind=kind, store_id="s", sku=sku, units=units, unit_price=2.0)
    world.broker.append(Place(TOPICS["sales"], partition_of(sku.encode(), P)), sku.encode(), sale.encode())


def _write_tick(world: World, at: datetime) -> None:
    def end(name: str, task: int) -> int:
        return world.broker.partition(Place(TOPICS[name], task)).end

    for task in range(P):
        own = [end(name, task) for name in ("sales", "stock", "prices")]
        tick = Tick(round(at.timestamp() * 1_000), *own, end("context", 0), end("catalog", 0))
        world.broker.append(Place(TOPICS["ticks"], task), None, tick.encode())


def engine_is_done(world: World) -> bool:
    """Return whether every tick is committed."""
    return all(_mark(world, f"engine:{task}", "ticks") == _end(world, TOPICS["ticks"], task) for task in range(P))


def desk_is_done(world: World) -> bool:
    """Return whether every signal is committed."""
    return _mark(world, "desk:0", "signals") == _end(world, "t.signals.v1", 0)


def _mark(world: World, task: str, name: str) -> int:
    marks = world.store.marks(task)
    return -1 if marks is None else decode_marks(marks)[0][name]


def _end(world: World, topic: str, partition: int) -> int:
    return world.broker.partition(Place(topic, partition)).end


def state_of(world: World, processor: str = "engine", tasks: int = P) -> Mapping[str, Snapshot]:
    """Return marks and fields of the tasks."""
    return {f"{processor}:{task}": world.store.snapshot(f"{processor}:{task}") for task in range(tasks)}


def said(world: World, topics: Sequence[str] = OUTPUTS) -> set[tuple[str, bytes | None, bytes | None, object]]:
    """Return everything sent, doubles counted once: two values for one `at` stay two."""
    return {(topic, each.key, each.value, each.headers) for topic in topics for each in world.broker.records(topic)}
