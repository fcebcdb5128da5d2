"""Which events a day of the market holds, apart from its sales.

The one rule: an event's id is made of names and its time; the same fact has the same id on every run.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from producers.synth.assortment import CURRENCY, Floats, catalog_records
from producers.synth.dated import Dated
from producers.synth.drawing import Drawn
from producers.synth.encoding import SeriesStockEvent, catalog_row, price_row, promotion_row, shelf_price, stock_row
from producers.synth.replenishment import Order
from schemas.context import Promotion
from schemas.ids import derive_id
from schemas.prices import MatchDecision, PriceObservation
from schemas.quantities import HOUR_MS, to_datetime
from schemas.stock import OrderPlaced, ShelfPrice, StockAdjusted, StockCounted, StockDelivered

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
    source
        The market's name, part of every id.
    drawn
        The finished play.
    prices
        Our own price of each product on each day.
    """

    def __init__(self, source: str, drawn: Drawn, prices: Floats) -> None:
        self._source, self._drawn, self._prices = source, drawn, prices
        chain = drawn.assortment
        self.pairs: list[tuple[str, str]] = [(store, sku) for store in chain.store_ids for sku in chain.skus]
        self._placed: dict[int, list[Order]] = {}
        self._delivered: dict[int, list[Order]] = {}
        for order in drawn.ledger.orders:
            self._placed.setdefault(order.day, []).append(order)
            if order.delivered_day is not None:
                self._delivered.setdefault(order.delivered_day, []).append(order)

    def rows(self, day: int) -> Iterator[Dated]:
        """Yield all records of a day but its sales, kind by kind."""
        if day == 0:
            begin = to_datetime(self._drawn.starts_at_ms)
            yield from map(catalog_row, catalog_records(self._drawn.assortment, self._drawn.config.zone, begin))
        yield from map(promotion_row, self._promotions(day))
        yield from map(price_row, self._observations(day))
        yield from map(stock_row, self._stock(day))

    def _promotions(self, day: int) -> Iterator[Promotion]:
        """Yield what is announced on this day, at nine."""
        for offer in self._drawn.plan.offers:
            if offer.known_day != day:
                continue
            yield Promotion(
                known_at=to_datetime(self._midnight(day) + 9 * HOUR_MS),
                valid_from=to_datetime(self._midnight(offer.day)),
                valid_to=to_datetime(self._midnight(offer.day + offer.days)),
                promotion_id=f"{self._source}-{offer.number:03d}",
                sku=self._drawn.assortment.skus[offer.product],
                depth=offer.depth,
                name=f"Oferta {offer.depth:.0%}",
            )

    def _stock(self, day: int) -> Iterator[SeriesStockEvent | ShelfPrice]:
        yield from self._shelf_prices(day)
        yield from self._counts(day)
        for order in self._delivered.get(day, ()):
            yield self._delivery(order, int(self._drawn.delivery_ms[order.series, day]))
        for order in self._placed.get(day, ()):
            yield self._order(order)
        yield from self._waste(day)

    def _shelf_prices(self, day: int) -> Iterator[ShelfPrice]:
        drawn, prices = self._drawn, self._prices
        ends = {offer.product: offer.day + offer.days for offer in drawn.plan.offers if offer.day == day}
        changed = range(len(prices)) if day == 0 else np.flatnonzero(prices[:, day] != prices[:, day - 1])
        for product in map(int, changed):
            until = self._midnight(ends[product]) if product in ends else None
            sku, price = drawn.assortment.skus[product], float(prices[product, day])
            yield shelf_price(self._source, sku, price, self._midnight(day), until)

    def _counts(self, day: int) -> Iterator[StockCounted]:
        if day % COUNT_EVERY_DAYS:
            return
        ledger = self._drawn.ledger
        units = ledger.opening if day == 0 else ledger.closing[:, day - 1]
        for series, (store_id, sku) in enumerate(self.pairs):
            at_ms = self._at(day, COUNTED_MS, series)
            event_id = derive_id(self._source, "counted", store_id, sku, at_ms)
            yield StockCounted(
                event_id=event_id, event_time=to_datetime(at_ms), store_id=store_id, sku=sku, units=int(units[series])
            )

    def _delivery(self, order: Order, at_ms: int) -> StockDelivered:
        store_id, sku = self.pairs[order.series]
        order_id = self._order_id(order)
        return StockDelivered(
            event_id=derive_id(self._source, "delivered", order_id),
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
            event_id=derive_id(self._source, "order_placed", order_id),
            event_time=to_datetime(self._at(order.day, ORDERED_MS, order.series)),
            store_id=store_id,
            sku=sku,
            units=order.units,
            order_id=order_id,
            due_at=to_datetime(due_ms),
        )

    def _order_id(self, order: Order) -> str:
        store_id, sku = self.pairs[order.series]
        return f"{self._source}-{store_id}-{sku}-{order.day:03d}"

    def _waste(self, day: int) -> Iterator[StockAdjusted]:
        spoilt = self._drawn.ledger.spoilt[:, day]
        for series in map(int, np.flatnonzero(spoilt)):
            store_id, sku = self.pairs[series]
            at_ms = self._at(day, SPOILT_MS, series)
            yield StockAdjusted(
                event_id=derive_id(self._source, "adjusted", store_id, sku, at_ms),
                event_time=to_datetime(at_ms),
                store_id=store_id,
                sku=sku,
                units=-int(spoilt[series]),
                cause="merma",
            )

    def _observations(self, day: int) -> Iterator[PriceObservation | MatchDecision]:
        """Yield the scraper's rows; on the first day each is matched before it is read."""
        carried = self._drawn.rivals.carried
        for number, product in np.argwhere(carried).tolist():
            if day == 0:
                yield self._match(number, product)
            yield self._observation(number, product, day)

    def _match(self, number: int, product: int) -> MatchDecision:
        chain = self._drawn.assortment
        rival, sku = chain.rivals[number], chain.skus[product]
        return MatchDecision(
            event_id=derive_id(self._source, "matched", rival, sku),
            event_time=to_datetime(self._drawn.starts_at_ms + MATCHED_MS),
            rival=rival,
            rival_product=f"{rival}-{sku}",
            sku=sku,
            score=0.97,
            decided_by="gtin",
        )

    def _observation(self, number: int, product: int, day: int) -> PriceObservation:
        chain, seen = self._drawn.assortment, self._drawn.rivals
        rival, sku = chain.rivals[number], chain.skus[product]
        failed = bool(seen.failed[number, product, day])
        at_ms = self._midnight(day) + SCRAPE_MS + number * HOUR_MS + int(seen.second[number, product, day]) * 1000
        item = chain.items[product]
        return PriceObservation(
            event_id=derive_id(self._source, "observed", rival, sku, at_ms),
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
        midnight = self._drawn.midnight_ms
        beyond = max(0, day - (len(midnight) - 1))
        return int(midnight[day - beyond]) + beyond * 24 * HOUR_MS

    def _at(self, day: int, hour_ms: int, series: int) -> int:
        """Return a moment of the day, spread over a quarter of an hour by series."""
        return self._midnight(day) + hour_ms + series % 900 * 1000
