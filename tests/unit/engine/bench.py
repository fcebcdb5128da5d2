"""A bench for the demand engine: facts become a log, a log is played on a task, and what it said is read back.

The one rule: nothing here knows what the engine should answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from schemas.catalog import Product, Store, SupplyTerms
from schemas.context import Promotion, StoreStatus
from schemas.forecasts import ForecastIssued
from schemas.prices import CompetitorPrice, RivalAvailability
from schemas.quantities import DAY_MS, HOUR_MS, to_datetime, to_ms
from schemas.quarantine import Refusal
from schemas.reading import read_forecast, read_signal
from schemas.sales import Sale, SaleKind
from schemas.signals import Finding, Progress
from schemas.stock import (
    Availability,
    OrderCancelled,
    OrderPlaced,
    ShelfPrice,
    StockAdjusted,
    StockCounted,
    StockDelivered,
)
from schemas.ticks import TICK_INPUTS, Tick
from schemas.topics import FORECASTS, QUARANTINE, SIGNALS
from streams.engine.engine import EngineTask
from streams.engine.history import History
from streams.engine.table import canonical_state
from streams.outcome import Output
from streams.ports import Record, Snapshot
from streams.reference import Reference
from streams.settings import ShopSettings

TOPICS = {
    "sales": "sales.v1",
    "stock": "stock.v1",
    "prices": "competitor-prices.v1",
    "ticks": "ticks.v1",
    "catalog": "catalog.v1",
    "context": "context.v1",
}
#: A Monday, so that day 5 is a Saturday.
FIRST_DAY_MS = to_ms(datetime(2024, 1, 1, tzinfo=UTC))
PLENTY = 1_000_000


def at(day: int, hour: float = 0.0, seconds: float = 0.0) -> int:
    """A moment, counted from the first day (UTC)."""
    return FIRST_DAY_MS + day * DAY_MS + round(hour * HOUR_MS) + round(seconds * 1000)


class Fact(NamedTuple):
    """One record to be: which input, when, and its bytes."""

    name: str
    at_ms: int
    key: bytes | None
    value: bytes | None


# --- facts --------------------------------------------------------------------------------------------------------


def sale(
    at_ms: int,
    units: float = 1.0,
    kind: SaleKind = "sold",
    *,
    store: str = "s1",
    sku: str = "milk",
    event_id: str | None = None,
    price: float | None = None,
    resaleable: bool | None = None,
) -> Fact:
    """One line of a receipt."""
    body = Sale(
        event_id=event_id or f"{kind}-{store}-{sku}-{at_ms}-{units}",
        event_time=to_datetime(at_ms),
        kind=kind,
        store_id=store,
        sku=sku,
        units=units,
        unit_price=price,
        resaleable=resaleable,
    )
    return Fact("sales", at_ms, sku.encode(), body.encode())


def _stock(
    at_ms: int,
    body: StockCounted | StockDelivered | OrderPlaced | OrderCancelled | StockAdjusted | Availability | ShelfPrice,
) -> Fact:
    return Fact("stock", at_ms, body.sku.encode(), body.encode())


def counted(at_ms: int, units: float, *, store: str = "s1", sku: str = "milk") -> Fact:
    """A count of the shelf."""
    name = f"count-{store}-{sku}-{at_ms}-{units}"
    return _stock(
        at_ms, StockCounted(event_id=name, event_time=to_datetime(at_ms), store_id=store, sku=sku, units=units)
    )


def delivered(at_ms: int, units: float, order: str | None = None, *, store: str = "s1", sku: str = "milk") -> Fact:
    """A delivery."""
    name = f"delivery-{store}-{sku}-{at_ms}-{units}"
    moment = to_datetime(at_ms)
    body = StockDelivered(event_id=name, event_time=moment, store_id=store, sku=sku, units=units, order_id=order)
    return _stock(at_ms, body)


def adjusted(at_ms: int, units: float, *, store: str = "s1", sku: str = "milk") -> Fact:
    """Waste, loss, transfer."""
    name = f"adjusted-{store}-{sku}-{at_ms}-{units}"
    return _stock(
        at_ms, StockAdjusted(event_id=name, event_time=to_datetime(at_ms), store_id=store, sku=sku, units=units)
    )


def ordered(
    at_ms: int, units: float, due_ms: int | None, order: str = "o1", *, store: str = "s1", sku: str = "milk"
) -> Fact:
    """An order placed."""
    body = OrderPlaced(
        event_id=f"order-{store}-{sku}-{at_ms}-{order}",
        event_time=to_datetime(at_ms),
        store_id=store,
        sku=sku,
        units=units,
        order_id=order,
        due_at=None if due_ms is None else to_datetime(due_ms),
    )
    return _stock(at_ms, body)


def cancelled(at_ms: int, order: str = "o1", *, store: str = "s1", sku: str = "milk") -> Fact:
    """An order that will not come."""
    name = f"cancel-{store}-{sku}-{at_ms}-{order}"
    return _stock(
        at_ms, OrderCancelled(event_id=name, event_time=to_datetime(at_ms), store_id=store, sku=sku, order_id=order)
    )


def out_of_stock(at_ms: int, from_ms: int, until_ms: int, *, store: str = "s1", sku: str = "milk") -> Fact:
    """An interval without stock."""
    body = Availability(
        event_id=f"gone-{store}-{sku}-{at_ms}-{from_ms}",
        event_time=to_datetime(at_ms),
        store_id=store,
        sku=sku,
        in_stock=False,
        valid_from=to_datetime(from_ms),
        valid_to=to_datetime(until_ms),
    )
    return _stock(at_ms, body)


def shelf_price(
    at_ms: int, price: float, *, store: str | None = None, sku: str = "milk", currency: str = "EUR"
) -> Fact:
    """Our own price, valid at once and for good."""
    body = ShelfPrice(
        event_id=f"shelf-{store}-{sku}-{at_ms}-{price}",
        event_time=to_datetime(at_ms),
        sku=sku,
        store_id=store,
        unit_price=price,
        currency=currency,
        valid_from=to_datetime(at_ms),
    )
    return _stock(at_ms, body)


def rival_price(
    at_ms: int,
    price: float | None,
    *,
    rival: str = "r1",
    sku: str = "milk",
    currency: str = "EUR",
    availability: RivalAvailability = "in_stock",
) -> Fact:
    """A rival's price for our sku."""
    body = CompetitorPrice(
        event_id=f"rival-{rival}-{sku}-{at_ms}-{price}",
        event_time=to_datetime(at_ms),
        sku=sku,
        rival=rival,
        unit_price=price,
        currency=currency,
        availability=availability,
        observed_at=to_datetime(at_ms),
        at=(0, at_ms, 0),
    )
    return Fact("prices", at_ms, sku.encode(), body.encode())


def status(at_ms: int, said: str, from_ms: int, until_ms: int | None, *, store: str = "s1") -> Fact:
    """A store's status, known from `at_ms` on."""
    body = StoreStatus.model_validate(
        {
            "known_at": to_datetime(at_ms),
            "valid_from": to_datetime(from_ms),
            "valid_to": None if until_ms is None else to_datetime(until_ms),
            "store_id": store,
            "status": said,
        }
    )
    return Fact("context", at_ms, store.encode(), body.encode())


def promotion(known_ms: int, from_ms: int, until_ms: int, depth: float = 0.3, *, sku: str = "milk") -> Fact:
    """A promotion in all stores."""
    body = Promotion(
        known_at=to_datetime(known_ms),
        valid_from=to_datetime(from_ms),
        valid_to=to_datetime(until_ms),
        promotion_id=f"p-{sku}-{from_ms}",
        sku=sku,
        depth=depth,
    )
    return Fact("context", known_ms, sku.encode(), body.encode())


def master(at_ms: int, body: Product | Store | SupplyTerms) -> Fact:
    """A record of the catalog."""
    return Fact("catalog", at_ms, b"master", body.encode())


# --- the log ------------------------------------------------------------------------------------------------------


@dataclass
class Log:
    """Records by input, in the order in which they were written."""

    records: dict[str, list[Record]] = field(default_factory=lambda: {name: [] for name in TOPICS})

    def write(self, name: str, key: bytes | None, value: bytes | None) -> None:
        """Append one record."""
        self.records[name].append(Record(len(self.records[name]), key, value))

    def put(self, *facts: Fact) -> None:
        """Append facts in this order."""
        for fact in facts:
            self.write(fact.name, fact.key, fact.value)

    def tick(self, t_ms: int) -> None:
        """Append a tick: everything written so far comes before it."""
        sales, stock, prices, context, catalog = (len(self.records[name]) for name in TICK_INPUTS)
        self.write("ticks", b"0", Tick(t_ms, sales, stock, prices, context, catalog).encode())


def make_log(facts: Sequence[Fact], until_ms: int, every_ms: int = HOUR_MS) -> Log:
    """Return a log of facts in this order, with a tick after each stretch of time and one at the end."""
    log = Log()
    due_ms = min((fact.at_ms for fact in facts), default=until_ms) // every_ms * every_ms + every_ms
    for fact in facts:
        while fact.at_ms >= due_ms and due_ms < until_ms:
            log.tick(due_ms)
            due_ms += every_ms
        log.put(fact)
    while due_ms < until_ms:
        log.tick(due_ms)
        due_ms += every_ms
    log.tick(until_ms)
    return log


# --- playing ------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What came of playing a log: outputs in order, the state as a store would hold it, and the marks."""

    outputs: list[Output]
    state: dict[str, bytes]
    marks: bytes

    def findings(self, kind: str | None = None) -> list[Finding]:
        """Return the findings, of one kind or all."""
        signals = [read_signal(output.value) for output in self.outputs if output.topic is SIGNALS]
        return [one for one in signals if isinstance(one, Finding) and kind in (None, one.kind)]

    def progress(self) -> list[Progress]:
        """Return what was said about the progress."""
        signals = [read_signal(output.value) for output in self.outputs if output.topic is SIGNALS]
        return [one for one in signals if isinstance(one, Progress)]

    def forecasts(self) -> list[ForecastIssued]:
        """Return the forecasts issued."""
        return [read_forecast(output.value) for output in self.outputs if output.topic is FORECASTS]

    def refusals(self) -> list[Refusal]:
        """Return what was put in quarantine."""
        return [
            Refusal.from_record(output.key, output.value, output.headers)
            for output in self.outputs
            if output.topic is QUARANTINE
        ]

    def rows(self) -> dict[str, bytes]:
        """Return the state whatever the commits were: two that are equal say the same."""
        return canonical_state(self.state)

    def histories(self) -> dict[str, History]:
        """Return the past of every series."""
        return {name[2:]: History.decode(value, name) for name, value in self.state.items() if name.startswith("m:")}


def new_task(settings: ShopSettings, snapshot: Snapshot | None = None, task: int = 0, tasks: int = 1) -> EngineTask:
    """Return a task with a reference of its own."""
    return EngineTask(task, tasks, settings, Reference(), TOPICS, snapshot or Snapshot(None, {}))


class Stand:
    """A task on the bench, with a store that takes its commits; what is not committed is lost with the task."""

    def __init__(self, settings: ShopSettings, tasks: int = 1) -> None:
        self.settings = settings
        self.told = Told([], {}, b"")
        self._tasks = tasks
        self._pending: list[Output] = []
        self._fed: dict[str, int] = {}
        self.task = self._new()

    def _new(self) -> EngineTask:
        snapshot = Snapshot(self.told.marks or None, dict(self.told.state))
        task = new_task(self.settings, snapshot, tasks=self._tasks)
        starts = task.starts()
        self._fed = {name: max(0, starts.get(name, 0)) for name in TOPICS}
        self._pending = []
        return task

    def feed(self, log: Log, name: str, count: int = PLENTY) -> None:
        """Feed the next records of an input."""
        start = self._fed[name]
        records = log.records[name][start : start + count]
        self._fed[name] = start + len(records)
        self.task.feed(name, records, self._fed[name])

    def handle(self, budget: int = PLENTY) -> None:
        """Take steps."""
        self._pending += self.task.handle(budget)

    def commit(self) -> None:
        """Store state and marks, and what was said until then."""
        for name, value in self.task.writes().items():
            if value is None:
                self.told.state.pop(name, None)
            else:
                self.told.state[name] = value
        self.told.marks = self.task.marks
        self.told.outputs += self._pending
        self._pending = []

    def restart(self) -> None:
        """Lose the task and build it again from the store."""
        self.task = self._new()

    def finish(self, log: Log) -> Told:
        """Feed all that is left, handle it and commit."""
        for name in TOPICS:
            self.feed(log, name)
        self.handle()
        assert self.task.idle()
        self.commit()
        return self.told


def play(log: Log, settings: ShopSettings) -> Told:
    """Play a log at one go."""
    return Stand(settings).finish(log)


def play_in_pieces(log: Log, settings: ShopSettings, seed: int, restarts: bool = True) -> Told:
    """Play a log in any order of delivery, cut anywhere, with any budgets, commits and restarts."""
    dice, stand = Random(seed), Stand(settings)
    largest = dice.choice([1, 3, 40, 400])
    moves: dict[str, Callable[[], None]] = {
        "feed": lambda: stand.feed(log, dice.choice(sorted(TOPICS)), dice.randint(0, largest)),
        "handle": lambda: stand.handle(dice.choice([1, 2, dice.randint(1, 30), 500])),
        "idle": lambda: _look(stand),
        "commit": stand.commit,
        "restart": stand.restart,
    }
    names = ["feed"] * 6 + ["handle"] * 6 + ["idle", "commit", "commit"] + (["restart"] if restarts else [])
    for _ in range(dice.randint(20, 400)):
        moves[dice.choice(names)]()
    return stand.finish(log)


def _look(stand: Stand) -> None:
    marks, idle = stand.task.marks, stand.task.idle()
    if idle:
        stand.handle(1)
        assert not stand.task.handle(1), "an idle task had something to say"
    else:
        assert stand.task.marks == marks, "looking changed the marks"


def units_by_period(told: Told) -> Mapping[tuple[str, int], tuple[int, int]]:
    """Return (sold, returned) in thousandths by series and closed period, without empty ones."""
    return {
        (name, period): both
        for name, history in told.histories().items()
        for period, both in history.periods().items()
        if both != (0, 0)
    }
