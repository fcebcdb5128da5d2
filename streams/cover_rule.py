"""The rule that supply managers know, "cover < lead time", as the measure that the monitor has to beat.

::

    cover (days) = on hand / mean sales a day of the last 28 days
    alert        opens when cover < lead time, clears when cover ≥ CLEAR_FACTOR × lead time

It is the rule at its best, not a straw man. It reads the same records as the monitor and is asked after every sale and
every stock event, not once a night. On-hand is the exact ledger. Days that ended with an empty shelf are left out of
the mean, so that lost sales do not hide a fast mover.

With `count_orders=True`, orders due within the lead time count as stock until they are overdue. Neither form is the
stronger on every market: the plain one warns early and cries wolf whenever the shelf waits for its next delivery, the
other is quiet but trusts every order that is placed while a truck is late. What both lack is what the monitor adds:
the weekday, promotions, the spread of demand, the order of arrival. Neither knows of drift or rivals.

The one rule: an alert lives by the monitor's convention, one open alert a series, so that one scorecard fits both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from schemas.alerts import Alert
from schemas.catalog import Product, Store, SupplyTerms
from schemas.ids import derive_id
from schemas.quantities import DAY_MS, THOUSANDTHS, to_datetime, to_ms, to_thousandths
from schemas.reading import read_catalog, read_sale, read_stock
from schemas.signals import Measure, Origin
from schemas.stock import (
    OrderCancelled,
    OrderPlaced,
    ShelfPrice,
    StockAdjusted,
    StockCounted,
    StockDelivered,
    StockEvent,
)
from schemas.topics import CATALOG, SALES, STOCK, Topic

MEAN_DAYS: Final = 28
#: Fewer days than this make no mean.
LEAST_DAYS: Final = 7
#: Hysteresis: an alert is cleared a little above the level at which it was raised.
CLEAR_FACTOR: Final = 1.1

#: One record: event time (ms), topic, key, value.
Row = tuple[int, Topic, bytes, bytes]


@dataclass(slots=True)
class _Order:
    due_ms: int | None
    open_thousandths: int


@dataclass(slots=True)
class _Shelf:
    """One series: its ledger, its sales by day, its open alert."""

    store_id: str
    sku: str
    on_hand: int | None = None
    orders: dict[str, _Order] = field(default_factory=dict)
    today: int | None = None
    sold_today: int = 0
    days: deque[int] = field(default_factory=lambda: deque(maxlen=MEAN_DAYS))
    alert: Alert | None = None

    @property
    def mean_thousandths(self) -> float | None:
        """Mean sales a day, thousandths of a unit; None while too young."""
        return sum(self.days) / len(self.days) if len(self.days) >= LEAST_DAYS else None

    def turn_day(self, day: int) -> None:
        """Close the days before this one; a day that ended empty, and days after it, are not counted."""
        if self.today is None:
            self.today = day
        if day <= self.today:
            return
        if self.on_hand is None or self.on_hand > 0:
            self.days.append(self.sold_today)
            # Days without any event, on a shelf that had stock, sold nothing.
            self.days.extend([0] * min(day - self.today - 1, MEAN_DAYS))
        self.today, self.sold_today = day, 0


class CoverRule:
    """Feeds records to the rule and keeps its alerts.

    Parameters
    ----------
    count_orders
        Whether orders due within the lead time, and not overdue, count as stock.
    """

    def __init__(self, *, count_orders: bool = False) -> None:
        self._count_orders = count_orders
        self._shelves: dict[tuple[str, str], _Shelf] = {}
        self._zones: dict[str, ZoneInfo] = {}
        self._suppliers: dict[str, str | None] = {}
        self._terms: dict[tuple[str, str | None, str | None], float] = {}
        self._alerts: dict[str, Alert] = {}
        self._row = 0

    def alerts(self) -> list[Alert]:
        """Return the newest revision of every alert, in the order of their opening."""
        return list(self._alerts.values())

    def feed(self, rows: Iterable[Row]) -> None:
        """Take records in the order of their event time; topics other than sales, stock and catalog are passed over."""
        for at_ms, topic, _, value in rows:
            self._row += 1
            if topic == SALES:
                self._sale(at_ms, value)
            elif topic == STOCK:
                self._stock(at_ms, read_stock(value))
            elif topic == CATALOG:
                self._master(read_catalog(value))

    def _master(self, record: Product | Store | SupplyTerms) -> None:
        if isinstance(record, Product):
            self._suppliers[record.sku] = record.supplier
        elif isinstance(record, Store):
            self._zones[record.store_id] = ZoneInfo(record.zone or "UTC")
        elif record.lead_time_days is not None:
            self._terms[record.supplier, record.store_id, record.sku] = record.lead_time_days

    def _sale(self, at_ms: int, value: bytes) -> None:
        sale = read_sale(value)
        shelf = self._shelf(sale["store_id"], sale["sku"], at_ms)
        units = to_thousandths(sale["units"])
        kind = sale.get("kind", "sold")
        if kind == "returned":
            units = -units if sale.get("resaleable") else 0
        else:
            units = -units if kind == "voided" else units
            shelf.sold_today += units
        if shelf.on_hand is not None:
            shelf.on_hand -= units
        self._judge(shelf, at_ms, SALES)

    def _stock(self, at_ms: int, event: StockEvent) -> None:
        if isinstance(event, ShelfPrice):
            return
        shelf = self._shelf(event.store_id, event.sku, at_ms)
        if isinstance(event, StockCounted):
            shelf.on_hand = to_thousandths(event.units)
        elif isinstance(event, OrderPlaced):
            due_ms = None if event.due_at is None else to_ms(event.due_at)
            shelf.orders[event.order_id] = _Order(due_ms, to_thousandths(event.units))
        elif isinstance(event, OrderCancelled):
            shelf.orders.pop(event.order_id, None)
        elif isinstance(event, StockDelivered):
            self._deliver(shelf, event)
        elif isinstance(event, StockAdjusted) and shelf.on_hand is not None:
            shelf.on_hand += to_thousandths(event.units)
        self._judge(shelf, at_ms, STOCK)

    def _deliver(self, shelf: _Shelf, event: StockDelivered) -> None:
        units = to_thousandths(event.units)
        if shelf.on_hand is not None:
            shelf.on_hand += units
        order = shelf.orders.get(event.order_id or "")
        if order is not None and event.order_id is not None:
            order.open_thousandths -= units
            if order.open_thousandths <= 0:
                del shelf.orders[event.order_id]

    def _shelf(self, store_id: str, sku: str, at_ms: int) -> _Shelf:
        shelf = self._shelves.get((store_id, sku))
        if shelf is None:
            shelf = self._shelves[store_id, sku] = _Shelf(store_id, sku)
        shelf.turn_day(self._local_day(store_id, at_ms))
        return shelf

    def _local_day(self, store_id: str, at_ms: int) -> int:
        zone = self._zones.get(store_id)
        return to_datetime(at_ms).astimezone(zone).toordinal() if zone else at_ms // DAY_MS

    def _lead_time_days(self, shelf: _Shelf) -> float | None:
        """Return the lead time of the most specific supply terms, None where there are none."""
        supplier = self._suppliers.get(shelf.sku)
        if supplier is None:
            return None
        for scope in ((shelf.store_id, shelf.sku), (None, shelf.sku), (shelf.store_id, None), (None, None)):
            lead = self._terms.get((supplier, *scope))
            if lead is not None:
                return lead
        return None

    def _judge(self, shelf: _Shelf, at_ms: int, topic: Topic) -> None:
        mean, lead = shelf.mean_thousandths, self._lead_time_days(shelf)
        if not mean or lead is None or shelf.on_hand is None:
            return
        stock = shelf.on_hand + (self._arriving(shelf, at_ms, lead) if self._count_orders else 0)
        cover_days = stock / mean
        if shelf.alert is None and cover_days < lead:
            self._open(shelf, at_ms, topic, cover_days, lead)
        elif shelf.alert is not None and cover_days >= CLEAR_FACTOR * lead:
            at = to_datetime(at_ms)
            cleared = {"revision": shelf.alert.revision + 1, "state": "resolved", "updated_at": at, "resolved_at": at}
            self._alerts[shelf.alert.alert_id] = shelf.alert.model_copy(update=cleared)
            shelf.alert = None

    @staticmethod
    def _arriving(shelf: _Shelf, at_ms: int, lead_time_days: float) -> int:
        until_ms = at_ms + round(lead_time_days * DAY_MS)
        return sum(
            order.open_thousandths
            for order in shelf.orders.values()
            if order.due_ms is not None and at_ms <= order.due_ms <= until_ms
        )

    def _open(self, shelf: _Shelf, at_ms: int, topic: Topic, cover_days: float, lead: float) -> None:
        at = to_datetime(at_ms)
        shelf.alert = Alert(
            alert_id=derive_id("cover_rule", shelf.store_id, shelf.sku, at_ms),
            revision=1,
            kind="stockout_risk",
            severity="warning",
            state="firing",
            store_id=shelf.store_id,
            sku=shelf.sku,
            opened_at=at,
            updated_at=at,
            summary=f"{shelf.sku} covers {cover_days:.1f} days, its lead time is {lead:g} days",
            evidence={
                "on_hand": Measure(value=(shelf.on_hand or 0) / THOUSANDTHS, unit="units"),
                "cover": Measure(value=round(cover_days, 3), unit="days"),
                "lead_time": Measure(value=lead, unit="days"),
            },
            clears_if=f"cover rises to {CLEAR_FACTOR * lead:g} days",
            origin=Origin(topic=topic.name, partition=0, offset=self._row - 1),
            at=(0, self._row - 1, 0),
        )
        self._alerts[shelf.alert.alert_id] = shelf.alert


def cover_alerts(rows: Iterable[Row], *, count_orders: bool = False) -> list[Alert]:
    """Return what the rule raises on records in the order of their event time.

    Parameters
    ----------
    rows
        Records of any topics; sales, stock and catalog are read.
    count_orders
        Whether orders due within the lead time, and not overdue, count as stock.

    Returns
    -------
    list of Alert
        The newest revision of each.
    """
    rule = CoverRule(count_orders=count_orders)
    rule.feed(rows)
    return rule.alerts()
