"""Which events a day of the market holds, apart from its sales.

The one rule: an event's id is made of names and its time; the same fact has the same id on every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from producers.synth.assortment import CURRENCY, catalog_records
from producers.synth.dated import Dated
from producers.synth.encoding import SeriesStockEvent, promotion_row, shelf_price
from producers.synth.replenishment import Order
from schemas.catalog import Product, Store, SupplyTerms
from schemas.context import Promotion
from schemas.ids import derive_id
from schemas.prices import MatchDecision, PriceObservation
from schemas.quantities import HOUR_MS, to_datetime
from schemas.stock import OrderPlaced, ShelfPrice, StockAdjusted, StockCounted, StockDelivered

if TYPE_CHECKING:
    from producers.synth.market import Market

MINUTE_MS = HOUR_MS // 60
MATCHED_MS = 2 * HOUR_MS
SCRAPE_MS = 3 * HOUR_MS
COUNTED_MS = 5 * HOUR_MS
ORDERED_MS = 7 * HOUR_MS + 30 * MINUTE_MS
SPOILT_MS = 22 * HOUR_MS + 30 * MINUTE_MS
#: Everything is counted before the first day and then every four weeks.
COUNT_EVERY_DAYS = 28


class Events:
    """The events of a market's days.

    Parameters
    ----------
    market
        The drawn market; read only when a day is asked for.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        chain = market.assortment
        self.pairs: list[tuple[str, str]] = [(store, sku) for store in chain.store_ids for sku in chain.skus]
        self._placed: dict[int, list[Order]] = {}
        self._delivered: dict[int, list[Order]] = {}
        for order in market.ledger.orders:
            self._placed.setdefault(order.day, []).append(order)
            if order.delivered_day is not None:
                self._delivered.setdefault(order.delivered_day, []).append(order)

    def catalog(self) -> list[Store | Product | SupplyTerms]:
        """Return all master data."""
        market = self._market
        return catalog_records(market.assortment, market.config.zone, to_datetime(market.starts_at_ms))

    def promotions(self) -> dict[int, list[Dated]]:
        """Return the announcements by the day on which they were made (at 09:00)."""
        midnight = self._market.timetable.midnight_ms
        rows: dict[int, list[Dated]] = {}
        for offer in self._market.plan.offers:
            fact = Promotion(
                known_at=to_datetime(int(midnight[offer.known_day]) + 9 * HOUR_MS),
                valid_from=to_datetime(int(midnight[offer.day])),
                valid_to=to_datetime(int(midnight[offer.day + offer.days])),
                promotion_id=f"{self._market.name}-{offer.number:03d}",
                sku=self._market.assortment.skus[offer.product],
                depth=offer.depth,
                name=f"Oferta {offer.depth:.0%}",
            )
            rows.setdefault(offer.known_day, []).append(promotion_row(fact))
        return rows

    def stock(self, day: int) -> Iterator[SeriesStockEvent | ShelfPrice]:
        """Yield the stock system's events of a day: prices, counts, deliveries, orders, waste."""
        yield from self._shelf_prices(day)
        yield from self._counts(day)
        for order in self._delivered.get(day, ()):
            yield self._delivery(order, int(self._market.timetable.delivery_ms[order.series, day]))
        for order in self._placed.get(day, ()):
            yield self._order(order)
        yield from self._waste(day)

    def _shelf_prices(self, day: int) -> Iterator[ShelfPrice]:
        market = self._market
        midnight = market.timetable.midnight_ms
        skus, prices = market.assortment.skus, market.unit_prices()
        ends = {offer.product: offer.day + offer.days for offer in market.plan.offers if offer.day == day}
        changed = range(len(skus)) if day == 0 else np.flatnonzero(prices[:, day] != prices[:, day - 1])
        for product in map(int, changed):
            until = int(midnight[ends[product]]) if product in ends else None
            yield shelf_price(market.name, skus[product], float(prices[product, day]), int(midnight[day]), until)

    def _counts(self, day: int) -> Iterator[StockCounted]:
        if day % COUNT_EVERY_DAYS:
            return
        ledger = self._market.ledger
        units = ledger.opening if day == 0 else ledger.closing[:, day - 1]
        for series, (store_id, sku) in enumerate(self.pairs):
            at_ms = self._at(day, COUNTED_MS, series)
            event_id = derive_id(self._market.name, "counted", store_id, sku, at_ms)
            yield StockCounted(
                event_id=event_id, event_time=to_datetime(at_ms), store_id=store_id, sku=sku, units=int(units[series])
            )

    def _delivery(self, order: Order, at_ms: int) -> StockDelivered:
        store_id, sku = self.pairs[order.series]
        order_id = self._order_id(order)
        return StockDelivered(
            event_id=derive_id(self._market.name, "delivered", order_id),
            event_time=to_datetime(at_ms),
            store_id=store_id,
            sku=sku,
            units=order.units,
            order_id=order_id,
        )

    def _order(self, order: Order) -> OrderPlaced:
        store_id, sku = self.pairs[order.series]
        order_id = self._order_id(order)
        # Due by half past seven, a delivery's latest moment; days are added in local time, so by the calendar's hour.
        due_ms = self._midnight(order.due_day) + ORDERED_MS
        return OrderPlaced(
            event_id=derive_id(self._market.name, "order_placed", order_id),
            event_time=to_datetime(self._at(order.day, ORDERED_MS, order.series)),
            store_id=store_id,
            sku=sku,
            units=order.units,
            order_id=order_id,
            due_at=to_datetime(due_ms),
        )

    def _order_id(self, order: Order) -> str:
        store_id, sku = self.pairs[order.series]
        return f"{self._market.name}-{store_id}-{sku}-{order.day:03d}"

    def _waste(self, day: int) -> Iterator[StockAdjusted]:
        spoilt = self._market.ledger.spoilt[:, day]
        for series in map(int, np.flatnonzero(spoilt)):
            store_id, sku = self.pairs[series]
            at_ms = self._at(day, SPOILT_MS, series)
            yield StockAdjusted(
                event_id=derive_id(self._market.name, "adjusted", store_id, sku, at_ms),
                event_time=to_datetime(at_ms),
                store_id=store_id,
                sku=sku,
                units=-int(spoilt[series]),
                cause="merma",
            )

    def prices(self, day: int) -> Iterator[PriceObservation | MatchDecision]:
        """Yield the scraper's rows of a day; on the first, the match decisions come before them."""
        carried = self._market.rivals.carried
        for number, product in np.argwhere(carried).tolist():
            if day == 0:
                yield self._match(number, product)
            yield self._observation(number, product, day)

    def _match(self, number: int, product: int) -> MatchDecision:
        chain = self._market.assortment
        rival, sku = chain.rivals[number], chain.skus[product]
        return MatchDecision(
            event_id=derive_id(self._market.name, "matched", rival, sku),
            event_time=to_datetime(self._market.starts_at_ms + MATCHED_MS),
            rival=rival,
            rival_product=f"{rival}-{sku}",
            sku=sku,
            score=0.97,
            decided_by="gtin",
        )

    def _observation(self, number: int, product: int, day: int) -> PriceObservation:
        chain, seen = self._market.assortment, self._market.rivals
        rival, sku = chain.rivals[number], chain.skus[product]
        failed = bool(seen.failed[number, product, day])
        at_ms = self._midnight(day) + SCRAPE_MS + number * HOUR_MS + int(seen.second[number, product, day]) * 1000
        item = chain.items[product]
        return PriceObservation(
            event_id=derive_id(self._market.name, "observed", rival, sku, at_ms),
            event_time=to_datetime(at_ms),
            rival=rival,
            rival_product=f"{rival}-{sku}",
            name=f"{item.brand} {item.name} {item.pack_size:g}{item.pack_unit}",
            category=chain.ranges[product].category,
            price=None if failed else float(seen.price[number, product, day]),
            currency=CURRENCY,
            status="blocked" if failed else "ok",
            availability="unknown" if failed else "in_stock",
            copied=bool(seen.copied[number, product, day]),
        )

    def _midnight(self, day: int) -> int:
        """Return the start of a day; days after the last are counted on in whole days."""
        midnight = self._market.timetable.midnight_ms
        beyond = max(0, day - (len(midnight) - 1))
        return int(midnight[day - beyond]) + beyond * 24 * HOUR_MS

    def _at(self, day: int, hour_ms: int, series: int) -> int:
        """Return a moment of the day, spread over a quarter of an hour by series."""
        return self._midnight(day) + hour_ms + series % 900 * 1000
