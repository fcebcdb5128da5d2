"""Hours: what a data set knows of each local hour, for tests that look inside the day.

The one rule: whether a shelf was empty is for scoring alone; no model is shown it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from schemas.quantities import HOUR_MS, to_ms
from schemas.reading import read_sale, read_stock
from schemas.stock import Availability
from schemas.topics import SALES, STOCK
from streams.evaluation.panel import Bools, Floats, Indices, Panel
from streams.evaluation.panel_builder import PanelBuilder, Row
from streams.periods import Periods

HOURS = 24


@dataclass(frozen=True, slots=True)
class HourPanel:
    """Days, and their hours.

    Parameters
    ----------
    days
        The panel of days.
    sold
        Series x day x local hour, units.
    out
        Likewise: told to be out of stock for the whole hour.
    told
        Likewise: the source says whether there was stock.
    """

    days: Panel
    sold: Floats
    out: Bools
    told: Bools

    def as_sold(self) -> HourPanel:
        """The same with empty shelves out of the days' sight: sales are taken for demand."""
        exposure = np.where(np.isfinite(self.days.demand), 1.0, np.nan)
        return HourPanel(replace(self.days, exposure=exposure), self.sold, self.out, self.told)

    def take(self, chosen: Indices) -> HourPanel:
        """The series at these places."""
        return HourPanel(self.days.take(chosen), self.sold[chosen], self.out[chosen], self.told[chosen])

    def sample(self, size: int | None, seed: int) -> HourPanel:
        """At most `size` series drawn by `seed`; None keeps all."""
        count = self.days.n_series
        if size is None or size >= count:
            return self
        return self.take(np.sort(np.random.default_rng(seed).permutation(count)[:size]))


class HourBuilder:
    """Books records by hour, and makes the panel of them.

    Parameters
    ----------
    name, zone
        Of the data set; the zone in which days begin.
    """

    def __init__(self, name: str, zone: str) -> None:
        self._days = PanelBuilder(name, zone, "day", "hour")
        self._periods = Periods(zone, "day")
        self._sold: dict[tuple[str, str, int, int], float] = {}
        self._stocked: dict[tuple[str, str, int, int], bool] = {}

    def feed(self, rows: Iterable[Row]) -> None:
        """Book records of any topics."""
        kept = list(rows)
        self._days.feed(kept)
        for at_ms, topic, value in kept:
            if topic is SALES:
                sale = read_sale(value)
                if sale.get("kind", "sold") == "sold":
                    place = (sale["store_id"], sale["sku"], *self._hour(at_ms))
                    self._sold[place] = self._sold.get(place, 0.0) + sale["units"]
            elif topic is STOCK:
                event = read_stock(value)
                if isinstance(event, Availability):
                    for begin in range(to_ms(event.valid_from), to_ms(event.valid_to), HOUR_MS):
                        self._stocked[event.store_id, event.sku, *self._hour(begin)] = event.in_stock

    def _hour(self, at_ms: int) -> tuple[int, int]:
        return self._periods.of(at_ms), self._periods.local_hour(at_ms)

    def build(self) -> HourPanel:
        """The panel of everything booked so far."""
        days = self._days.build()
        series = {key: place for place, key in enumerate(days.keys)}
        shape = days.n_series, days.n_periods, HOURS
        sold, out, told = np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        for (store, sku, period, hour), units in self._sold.items():
            sold[series[store, sku], period - days.first_period, hour] = units
        for (store, sku, period, hour), stocked in self._stocked.items():
            place = series[store, sku], period - days.first_period, hour
            told[place], out[place] = True, not stocked
        return HourPanel(days, sold, out, told)
