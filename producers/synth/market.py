"""A small supermarket chain that never was: its events in the order of their time, and the truth about it.

::

    config ─► assortment ─► plan ─► means ─► units ─► lines ──┐
                              │       └──► replenishment ─────┼─► ledger ─► sales, stock events ─┐
                              └──► rivals' prices ────────────┼─► observations ──────────────────┼─► batches()
                                                              └─► truth()      catalog, context ─┘

Each box draws from a generator of its own (PCG64, spawned from the seed in a fixed order), so that a change of one
leaves the draws of the others as they were. Drawing takes a second or two; records are written day by day as asked for.

The one rule: same configuration, same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import numpy as np

from producers.synth.assortment import Floats, build_assortment
from producers.synth.config import MarketConfig
from producers.synth.dated import Dated
from producers.synth.demand import Lines, draw_lines, draw_means, draw_units
from producers.synth.encoding import catalog_row, price_row, sale_rows, stock_row
from producers.synth.events import Events
from producers.synth.planting import draw_plan
from producers.synth.replenishment import Ledger, Replenishment
from producers.synth.rivals import draw_prices
from producers.synth.truth import Timetable, tell_truth
from schemas.quantities import to_ms
from schemas.topics import CATALOG, CONTEXT, OBSERVATIONS, SALES, STOCK
from streams.scorecard import Planted

#: Raised whenever the same configuration is to make other bytes.
MAKE = 1

#: Records of the same moment: what must be known comes first.
RANK = {CATALOG.name: 0, CONTEXT.name: 1, OBSERVATIONS.name: 2, STOCK.name: 3, SALES.name: 4}


class Market:
    """A synthetic market, drawn when it is made.

    Parameters
    ----------
    config
        Size, span and seed.

    Examples
    --------
    >>> small = MarketConfig(seed=3, stores=1, products=6, days=90, mean_units=5.0)
    >>> market = Market(small)
    >>> [record.topic.name for record in next(market.batches())][:2]
    ['catalog.v1', 'catalog.v1']
    >>> sum(truth.planted for truth in market.truth())
    3
    """

    def __init__(self, config: MarketConfig | None = None) -> None:
        self.config = config = config or MarketConfig()
        seeds = np.random.SeedSequence(config.seed).spawn(8)
        draws = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
        self.assortment = build_assortment(config, draws[0])
        self.plan = draw_plan(config, self.assortment, draws[1])
        means = draw_means(config, self.assortment, self.plan, draws[2])
        self.wanted = draw_units(means, draws[3])
        replenishment = Replenishment(config, self.assortment, means, self.plan.late_trucks, draws[5])
        self.ledger: Ledger = replenishment.play(self.wanted)
        self.lines = keep_sold(draw_lines(self.wanted, draws[4]), self.ledger)
        self.rivals = draw_prices(config, self.assortment, self.plan, draws[6])
        midnight_ms = np.array([_midnight_ms(config, day) for day in range(config.days + 1)])
        deliveries = midnight_ms[:-1] + draws[7].integers(6 * 3600, 6 * 3600 + 5400, self.wanted.shape) * 1000
        self.timetable = Timetable(midnight_ms, deliveries)
        self._by_day = take_lines(self.lines, np.argsort(self.lines.day, kind="stable"))
        self._events = Events(self)

    @property
    def name(self) -> str:
        """Name of the market, part of every id and of the ticks' source."""
        return f"synth-{self.config.seed}"

    @property
    def zone(self) -> str:
        """Time zone in which days begin."""
        return self.config.zone

    def digest(self) -> str:
        """Return the SHA-256, in hexadecimal, of what the market is made from: it stands for its bytes."""
        return sha256(f"{MAKE} {self.config!r}".encode()).hexdigest()

    @property
    def starts_at_ms(self) -> int:
        """Start of the first local day, milliseconds since 1970."""
        return int(self.timetable.midnight_ms[0])

    @property
    def ends_at_ms(self) -> int:
        """End of the last local day, milliseconds since 1970."""
        return self.timetable.ends_at_ms

    @property
    def lead_time_days(self) -> dict[str, float]:
        """Agreed lead time of each sku, days."""
        rows = zip(self.assortment.skus, self.assortment.ranges, strict=True)
        return {sku: float(row.lead_time_days) for sku, row in rows}

    @property
    def sale_lines(self) -> int:
        """Number of sales."""
        return len(self.lines.series)

    def truth(self) -> tuple[Planted, ...]:
        """Return everything that happened, planted or not, in the order of its time."""
        return tell_truth(self.config, self.assortment, self.plan, self.wanted, self.ledger, self.lines, self.timetable)

    def unit_prices(self) -> Floats:
        """Return our own price of each product on each day, promotions included."""
        prices = np.repeat(self.assortment.price[:, None], self.config.days, axis=1)
        for change in self.plan.reprices:
            prices[change.product, change.day :] *= change.factor
        for offer in self.plan.offers:
            prices[offer.product, offer.day : offer.day + offer.days] *= 1.0 - offer.depth
        return np.round(prices, 2)

    def batches(self) -> Iterator[list[Dated]]:
        """Yield the records of each local day, in the order of their event time.

        Yields
        ------
        list of Dated
            At equal times: catalog, context, prices, stock, sales.
        """
        catalog = [catalog_row(record) for record in self._events.catalog()]
        facts = self._events.promotions()
        bounds = np.searchsorted(self._by_day.day, np.arange(self.config.days + 1))
        prices = self.unit_prices()
        for day in range(self.config.days):
            rows = catalog if day == 0 else []
            rows = rows + facts.get(day, [])
            rows += [price_row(event) for event in self._events.prices(day)]
            rows += [stock_row(event) for event in self._events.stock(day)]
            rows += self._sales(slice(int(bounds[day]), int(bounds[day + 1])), prices[:, day])
            rows.sort(key=lambda row: (row.event_time_ms, RANK[row.topic.name]))
            yield rows

    def records(self) -> Iterator[Dated]:
        """Yield every record in the order of its event time."""
        for rows in self.batches():
            yield from rows

    def _sales(self, part: slice, price: Floats) -> Iterator[Dated]:
        lines = take_lines(self._by_day, part)
        times = self.timetable.midnight_ms[lines.day] + lines.second * 1000
        charged = price[lines.series % self.config.products]
        columns = (
            lines.series.tolist(),
            times.tolist(),
            lines.number.tolist(),
            lines.units.tolist(),
            charged.tolist(),
        )
        return sale_rows(self.name, self._events.pairs, columns)


def take_lines(lines: Lines, which: slice | np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Lines:
    """Return some of the lines, in the order asked for."""
    return Lines(
        lines.series[which],
        lines.day[which],
        lines.second[which],
        lines.units[which],
        lines.before[which],
        lines.number[which],
    )


def keep_sold(lines: Lines, ledger: Ledger) -> Lines:
    """Return the lines that found stock, the last of a day cut to what was left."""
    left = ledger.available[lines.series, lines.day] - lines.before
    sold = np.minimum(lines.units, left)
    return take_lines(replace(lines, units=sold), np.flatnonzero(sold > 0))


def _midnight_ms(config: MarketConfig, day: int) -> int:
    local = datetime.combine(config.first_day + timedelta(days=day), time(), ZoneInfo(config.zone))
    return to_ms(local.astimezone(UTC))
