"""Records become a panel: the same events that the demand engine reads, booked by series and period.

=====================  ==========================================================================================
grain of the source    a period of a series without any record of it
=====================  ==========================================================================================
line, hour             demand 0 from the first sale on; unknown on days on which its store sold nothing at all
day, week, month       unknown: the file has a row for every period that it knows, zero or not
=====================  ==========================================================================================

A signal is known beforehand only if its `known_at` is not after the begin of the period that it speaks of; the weather
of a day is therefore none. The one rule: what is refused here is counted, never repaired.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import numpy as np

from schemas.catalog import Product
from schemas.context import Promotion, StoreStatus
from schemas.quantities import HOUR_MS, to_ms
from schemas.reading import read_catalog, read_context, read_sale, read_stock
from schemas.stock import Availability, ShelfPrice
from schemas.topics import CATALOG, CONTEXT, SALES, STOCK, Topic
from streams.evaluation.panel import Panel
from streams.periods import Periods
from streams.settings import Grain, Period

#: Event time (ms), topic, value.
Row = tuple[int, Topic, bytes]

PROMOTION, DEPTH, HOLIDAY, MONTH_EDGE, NEAR_HOLIDAY, DECEMBER = (
    "promotion", "promotion_depth", "holiday", "month_edge", "near_holiday", "december",
)  # fmt: skip
_HOLIDAYS: Final = ("holiday", "state_holiday")
_NEAR_DAYS: Final = (-1, 1, 2)


class PanelBuilder:
    """Books records, and makes the panel of them.

    Parameters
    ----------
    name
        Of the data set.
    zone
        In which periods begin.
    period, grain
        Of the panel, and of its source.
    """

    def __init__(self, name: str, zone: str, period: Period, grain: Grain) -> None:
        self._name, self._period, self._grain = name, period, grain
        self._periods = Periods(zone, period)
        self._series: dict[tuple[str, str], int] = {}
        self._sold: dict[tuple[int, int], float] = {}
        self._seen: set[tuple[int, int]] = set()
        self._hours: dict[tuple[int, int], tuple[float, float]] = {}
        self._promotions: dict[tuple[str | None, str, int], float] = {}
        self._signals: dict[str, dict[tuple[str, int], float]] = {}
        self._status: dict[tuple[str, int], str] = {}
        self._categories: dict[str, str] = {}

    def feed(self, rows: Iterable[Row]) -> None:
        """Book records of any topics; sales, stock, catalog and context are read."""
        for at_ms, topic, value in rows:
            if topic is SALES:
                self._sale(at_ms, value)
            elif topic is STOCK:
                self._stock(at_ms, value)
            elif topic is CONTEXT:
                self._context(value)
            elif topic is CATALOG:
                self._product(value)

    def _product(self, value: bytes) -> None:
        record = read_catalog(value)
        if isinstance(record, Product) and record.category is not None:
            self._categories[record.sku] = record.category

    def _index(self, store_id: str, sku: str) -> int:
        return self._series.setdefault((store_id, sku), len(self._series))

    def _sale(self, at_ms: int, value: bytes) -> None:
        sale = read_sale(value)
        place = self._index(sale["store_id"], sale["sku"]), self._periods.of(at_ms)
        self._seen.add(place)
        kind = sale.get("kind", "sold")
        if kind != "returned":
            units = sale["units"] if kind == "sold" else -sale["units"]
            self._sold[place] = self._sold.get(place, 0.0) + units

    def _stock(self, at_ms: int, value: bytes) -> None:
        event = read_stock(value)
        if isinstance(event, ShelfPrice):
            return
        series = self._index(event.store_id, event.sku)
        if not isinstance(event, Availability):
            self._seen.add((series, self._periods.of(at_ms)))
            return
        place = series, self._periods.of(to_ms(event.valid_from))
        self._seen.add(place)
        hours = (to_ms(event.valid_to) - to_ms(event.valid_from)) / HOUR_MS
        stocked, all_hours = self._hours.get(place, (0.0, 0.0))
        self._hours[place] = (stocked + hours * event.in_stock, all_hours + hours)

    def _context(self, value: bytes) -> None:
        fact = read_context(value)
        period = self._periods.of(to_ms(fact.valid_from))
        if isinstance(fact, StoreStatus):
            self._status[fact.store_id, period] = fact.status
        elif to_ms(fact.known_at) > self._periods.start_ms(period):
            return
        elif isinstance(fact, Promotion):
            for each in range(period, self._last(fact.valid_to, period) + 1):
                self._promotions[fact.store_id, fact.sku, each] = np.nan if fact.depth is None else fact.depth
        elif fact.scope == "store":
            name = HOLIDAY if fact.name in _HOLIDAYS else fact.name
            self._signals.setdefault(name, {})[fact.scope_id, period] = fact.value

    def _last(self, until: datetime | None, period: int) -> int:
        return period if until is None else max(period, self._periods.of(to_ms(until) - 1))

    def build(self) -> Panel:
        """The panel of everything booked so far."""
        order = sorted(self._series)
        row = {self._series[key]: place for place, key in enumerate(order)}
        first = min(period for _, period in self._seen)
        shape = len(order), max(period for _, period in self._seen) - first + 1
        seen = np.zeros(shape, np.bool_)
        sold = np.zeros(shape)
        exposure = np.full(shape, np.nan)
        for series, period in self._seen:
            seen[row[series], period - first] = True
        for (series, period), units in self._sold.items():
            sold[row[series], period - first] = max(units, 0.0)
        for (series, period), (stocked, hours) in self._hours.items():
            exposure[row[series], period - first] = stocked / hours if hours else np.nan
        stores = tuple(store for store, _ in order)
        alive = self._alive(seen, sold, stores)
        self._close(alive, seen, stores, first)
        known, columns = self._known(order, shape, first)
        return Panel(
            self._name, self._period, first, stores, tuple(sku for _, sku in order),
            tuple(self._categories.get(sku) for _, sku in order),
            np.where(alive, sold, np.nan), np.where(alive & np.isnan(exposure), 1.0, exposure), known, columns,
        )  # fmt: skip

    def _alive(self, seen: np.ndarray, sold: np.ndarray, stores: tuple[str, ...]) -> np.ndarray:
        if self._grain not in ("line", "hour"):
            return seen.copy()
        alive = np.maximum.accumulate(sold > 0.0, axis=1)
        names = np.array(stores)
        for store in dict.fromkeys(stores):
            own = names == store
            alive[own] &= (sold[own].sum(axis=0) > 0.0)[None, :]
        return alive

    def _close(self, alive: np.ndarray, seen: np.ndarray, stores: tuple[str, ...], first: int) -> None:
        """Apply store status: a closed day is unknown, an open one without a sale a zero once the store has sold."""
        rows: dict[str, list[int]] = {}
        for place, store in enumerate(stores):
            rows.setdefault(store, []).append(place)
        began = np.maximum.accumulate(seen, axis=1)
        for (store, period), status in self._status.items():
            t = period - first
            if store in rows and 0 <= t < alive.shape[1]:
                alive[rows[store], t] = began[rows[store], t] if status == "open" else False

    def _known(
        self, order: list[tuple[str, str]], shape: tuple[int, int], first: int
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        found: dict[str, np.ndarray] = {}
        if self._promotions:
            found |= self._promoted(order, shape, first)
        at = {store: place for place, store in enumerate(dict.fromkeys(store for store, _ in order))}
        rows = np.array([at[store] for store, _ in order], np.int64)
        for name in sorted(self._signals):
            by_store = np.zeros((len(at), shape[1]))
            for (store, period), value in self._signals[name].items():
                if store in at and 0 <= period - first < shape[1]:
                    by_store[at[store], period - first] = value
            found[name] = by_store[rows]
        if self._period == "day":
            found |= self._calendar(found.get(HOLIDAY), shape, first)
        names = tuple(found)
        return (np.stack([found[name] for name in names], axis=2) if names else np.zeros((*shape, 0))), names

    def _promoted(self, order: list[tuple[str, str]], shape: tuple[int, int], first: int) -> dict[str, np.ndarray]:
        promotion, depth = np.zeros(shape), np.zeros(shape)
        row = {key: place for place, key in enumerate(order)}
        for (store, sku, period), share in self._promotions.items():
            if not 0 <= period - first < shape[1]:
                continue
            # A promotion without a store runs in all of them.
            for place in [row.get((store, sku))] if store is not None else [row[key] for key in order if key[1] == sku]:
                if place is not None:
                    promotion[place, period - first] = 1.0
                    depth[place, period - first] = share
        return {PROMOTION: promotion, DEPTH: depth}

    def _calendar(self, holiday: np.ndarray | None, shape: tuple[int, int], first: int) -> dict[str, np.ndarray]:
        from streams.features import month_edge

        days = [self._periods.first_day(first + t) for t in range(shape[1])]
        edge = np.tile(np.array([month_edge(day) for day in days]), (shape[0], 1))
        december = np.tile(np.array([float(day.month == 12) for day in days]), (shape[0], 1))
        found = {MONTH_EDGE: edge, DECEMBER: december}
        if holiday is not None:
            near = np.zeros(shape)
            for shift in _NEAR_DAYS:
                moved = np.roll(holiday, shift, axis=1)
                moved[:, : max(shift, 0)] = moved[:, shape[1] + min(shift, 0) :] = 0.0
                near = np.maximum(near, moved)
            found[NEAR_HOLIDAY] = near
        return found
