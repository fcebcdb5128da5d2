"""What the engine may know about a series' period, as of an origin: prices, promotions, terms, money.

The one rule: every look-up names the moment at which it is asked; nothing later, and nothing not yet known, answers.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from online_models.columns import Features
from schemas.quantities import DAY_MS, HOUR_MS, MILLIONTHS
from streams.features import PeriodFacts, known_features

if TYPE_CHECKING:
    from online_models.day_curve import DayCurve
    from schemas.catalog import Product
    from streams.engine.core import Core
    from streams.engine.series import Series
    from streams.engine.stores import StoreState

_CLOSED = ("closed", "feed_down")


class Facts:
    """Look-ups of one task."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def features(self, series: Series, past: tuple[float, ...], period: int, origin_ms: int) -> Features:
        """Return what the models are told of a period, as known at an origin; `past` is :func:`past_features`."""
        core = self._core
        start_ms, end_ms = core.periods.start_ms(period), core.periods.end_ms(period)
        promotion = core.view.promotion(series.store_id, series.sku, start_ms, end_ms, origin_ms)
        depth = None if promotion is None else math.nan if promotion.depth is None else promotion.depth
        own, reference, rival = self._prices(series, start_ms, origin_ms)
        facts = PeriodFacts(
            index=period,
            slot=core.periods.slot(period),
            season=core.settings.season,
            starts_on=core.periods.first_day(period) if core.settings.period == "day" else None,
            promotion_depth=depth,
            own_price=own,
            reference_price=reference,
            rival_price=rival,
        )
        return Features(facts.slot, past + known_features(facts))

    def _prices(self, series: Series, at_ms: int, known_ms: int) -> tuple[float | None, float | None, float | None]:
        """Our price, its reference, and the mean rival price, in one currency."""
        market = self._core.market.by_sku.get(series.sku)
        product = self._core.view.product(series.sku, known_ms)
        reference = None if product is None else product.unit_price
        if market is None:
            return None, reference, None
        shelf = market.own(series.store_id, at_ms, known_ms)
        if shelf is None:
            return None, reference, None
        if reference is None:
            reference = market.own_reference(shelf, known_ms) / MILLIONTHS
        rivals = market.rival_prices(known_ms, shelf.currency)
        rival = sum(rivals) / len(rivals) / MILLIONTHS if rivals else None
        return shelf.price / MILLIONTHS, reference, rival

    def own_price(self, series: Series, at_ms: int) -> tuple[float, str] | None:
        """Return our price and its currency: the shelf's, else the list's, else that of the last sale."""
        market = self._core.market.by_sku.get(series.sku)
        shelf = None if market is None else market.own(series.store_id, at_ms, at_ms)
        if shelf is not None:
            return shelf.price / MILLIONTHS, shelf.currency
        product = self._core.view.product(series.sku, at_ms)
        if product is not None and product.unit_price is not None and product.currency is not None:
            return product.unit_price, product.currency
        store = self._core.view.store(series.store_id, at_ms)
        if series.price is not None and store is not None and store.currency is not None:
            return series.price / MILLIONTHS, store.currency
        return None

    def money(self, series: Series, units: float, at_ms: int) -> tuple[float, str] | None:
        """Return the margin of so many units, or their price where the cost is unknown; None without a price."""
        price = self.own_price(series, at_ms)
        if price is None:
            return None
        product = self._core.view.product(series.sku, at_ms)
        cost = _cost(product, price[1])
        return round(units * max(0.0, price[0] - cost), 2), price[1]

    def cost(self, series: Series, units: float, at_ms: int) -> tuple[float, str] | None:
        """Return what so many units cost us, None where that is unknown."""
        product = self._core.view.product(series.sku, at_ms)
        if product is None or product.unit_cost is None or product.currency is None:
            return None
        return round(units * product.unit_cost, 2), product.currency

    def supplier(self, series: Series, at_ms: int) -> str | None:
        """Return the name of a product's supplier, None where none is known."""
        product = self._core.view.product(series.sku, at_ms)
        return None if product is None else product.supplier

    def lead_time_days(self, series: Series, at_ms: int) -> float:
        """Return the supplier's lead time by the catalog, else as its orders were promised, else the setting."""
        supplier = self.supplier(series, at_ms)
        if supplier is not None:
            terms = self._core.view.supply_terms(supplier, series.store_id, series.sku, at_ms)
            if terms is not None and terms.lead_time_days is not None:
                return terms.lead_time_days
            promised = self._core.suppliers.lead_days(supplier)
            if promised is not None:
                return promised
        return self._core.settings.lead_time_days

    def model_ref(self, series: Series) -> tuple[str, int] | None:
        """Return the name and version of the model behind a series' forecast."""
        return ("champion", 1) if self._core.settings.models == "champion" else None

    def trading_ms(self, period: int) -> tuple[int, int]:
        """Return from when to when a period trades: the usual hours of a day, else all of it."""
        start_ms, end_ms = self._core.periods.start_ms(period), self._core.periods.end_ms(period)
        if self._core.settings.period != "day":
            return start_ms, end_ms
        opens, closes = self._core.settings.trading_hours
        return start_ms + opens * HOUR_MS, min(end_ms, start_ms + closes * HOUR_MS)

    def category(self, series: Series, at_ms: int) -> str:
        """Return a product's category path, "" where none is known."""
        product = self._core.view.product(series.sku, at_ms)
        return "" if product is None else product.category or ""

    def curve(self, series: Series, at_ms: int) -> DayCurve:
        """Return how the demand of a series lies over the local day of a moment."""
        weekday = (self._core.periods.day_number(at_ms) - 1) % 7
        return self._core.curves.curve(series.store_id, self.category(series, at_ms), weekday)

    def rest_of_day(self, series: Series, at_ms: int) -> float:
        """Return the share of a local day's demand that is still to come, as it usually lies over the hours."""
        return 1.0 - self.curve(series, at_ms).until(self._core.periods.day_hours(at_ms))

    def after_trading(self, series: Series, at_ms: int, days: float) -> int:
        """Return the moment by which so many days' demand has come: no shelf runs empty while the store is closed."""
        periods = self._core.periods
        day, left = periods.midnight_ms(at_ms), days - self.rest_of_day(series, at_ms)
        if left <= 0:
            return max(at_ms, day + round(self.curve(series, at_ms).at(1.0 + left) * HOUR_MS))
        for _ in range(1 + int(left)):
            day = periods.midnight_ms(day + DAY_MS + 2 * HOUR_MS)
        return day + round(self.curve(series, day).at(left % 1) * HOUR_MS)

    def trading(self, store_id: str, hour_start_ms: int) -> bool:
        """Return whether a store trades in an hour, as far as is known: its calendar, else the usual hours."""
        core = self._core
        status = core.view.status(store_id, hour_start_ms, hour_start_ms + HOUR_MS)
        if status is not None:
            return status.status == "open"
        period = core.periods.of(hour_start_ms)
        since_midnight = (hour_start_ms - core.periods.start_ms(period)) / HOUR_MS
        store = core.view.store(store_id, hour_start_ms)
        if store is not None and store.opening is not None:
            weekday = core.periods.first_day(period).isoweekday()
            return any(day.weekday == weekday and day.opens <= since_midnight < day.closes for day in store.opening)
        if core.stores.by_id[store_id].closing_day(core.periods.slot(period), core.settings):
            return False
        opens, closes = core.settings.trading_hours
        return opens <= since_midnight < closes

    def closed_ms(self, store_id: str, from_ms: int, until_ms: int, known_ms: int) -> int:
        """Return how much of an interval a store was closed or its feed down, by the newest status of each moment."""
        bounds = {from_ms, until_ms}
        for fact in self._core.view.statuses(store_id, from_ms, until_ms, known_ms):
            bounds.update(at for at in (fact.from_ms, fact.to_ms) if from_ms < at < until_ms)
        edges = sorted(bounds)
        total = 0
        for begin, end in pairwise(edges):
            status = self._core.view.status(store_id, begin, known_ms)
            if status is not None and status.status in _CLOSED:
                total += end - begin
        return total

    def exposure(
        self, series: Series, period: int, hidden_ms: int, in_stock_share: float | None, known_ms: int
    ) -> float:
        """Return the share of a period's trading time in which the shelf could sell and the till would have said so.

        Hours without stock hide a part of the demand, as large as the day's curve says where it is known by hours; a
        store that was shut or silent for more than a moment hides who knows what: nothing of the period is believed.
        """
        begin, end = self.trading_ms(period)
        store = self._core.stores.by_id[series.store_id]
        if period in store.dark:
            return 0.0
        span = max(1, end - begin)
        unheard = self.closed_ms(series.store_id, begin, end, known_ms) / span + self._silent_share(store, begin, end)
        if unheard > 1.0 - self._core.settings.exposure_floor:
            return 0.0
        seen = 1.0 - hidden_ms / span if in_stock_share is None else in_stock_share
        return max(0.0, seen - unheard)

    def _silent_share(self, store: StoreState, begin: int, end: int) -> float:
        """Return the share of an interval's sure hours in which a store was silent; of its time where none is sure."""
        spans = store.silent_spans(begin, end)
        sure = store.sure_hours()
        if not sure or not spans or self._core.settings.period != "day":
            return sum(until - since for since, until in spans) / max(1, end - begin)
        hours = {hour for since, until in spans for hour in range(since // HOUR_MS, -(-until // HOUR_MS))}
        return sum(1 for hour in hours if self._core.periods.local_hour(hour * HOUR_MS) in sure) / len(sure)


def _cost(product: Product | None, currency: str) -> float:
    if product is None or product.unit_cost is None or product.currency != currency:
        return 0.0
    return product.unit_cost


#: Days whose demand a drift is taken to cost or bring, for its money.
DRIFT_MONEY_DAYS = 30
