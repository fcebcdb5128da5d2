"""A small supermarket chain that never was: its events in the order of their time, and the truth about it.

::

    config ─► drawing ─┬─► catalog, context, observations, stock events ─┬─► batches(), one a local day
                       ├─► sales ────────────────────────────────────────┘
                       └─► truth()

Drawing takes a moment; records are written day by day as they are asked for.

The one rule: same configuration, same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import numpy as np

from producers.synth.config import MarketConfig
from producers.synth.dated import Dated
from producers.synth.drawing import draw_market, unit_prices
from producers.synth.encoding import sale_rows
from producers.synth.events import Events
from producers.synth.truth import tell_truth
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
    >>> market = Market(MarketConfig(seed=3, stores=1, products=6, days=90, mean_units=5.0))
    >>> [record.topic.name for record in next(market.batches())][:2]
    ['catalog.v1', 'catalog.v1']
    >>> sorted(truth.kind for truth in market.truth() if truth.planted)
    ['demand_drift', 'rival_price_cut', 'stockout']
    """

    def __init__(self, config: MarketConfig | None = None) -> None:
        self.config = config or MarketConfig()
        self.drawn = draw_market(self.config)
        self._by_day = self.drawn.lines.take(np.argsort(self.drawn.lines.day, kind="stable"))
        self._prices = unit_prices(self.drawn)
        self._events = Events(self.name, self.drawn, self._prices)

    @property
    def name(self) -> str:
        """Name of the market, part of every id and of the ticks' source."""
        return f"synth-{self.config.seed}"

    @property
    def zone(self) -> str:
        """Time zone in which days begin."""
        return self.config.zone

    @property
    def starts_at_ms(self) -> int:
        """Start of the first local day, milliseconds since 1970."""
        return self.drawn.starts_at_ms

    @property
    def ends_at_ms(self) -> int:
        """End of the last local day, milliseconds since 1970."""
        return self.drawn.ends_at_ms

    @property
    def lead_time_days(self) -> dict[str, float]:
        """Agreed lead time of each sku, days."""
        chain = self.drawn.assortment
        return {sku: float(row.lead_time_days) for sku, row in zip(chain.skus, chain.ranges, strict=True)}

    @property
    def sale_lines(self) -> int:
        """Number of sales."""
        return len(self.drawn.lines.series)

    def digest(self) -> str:
        """Return the SHA-256, in hexadecimal, of what the market is made from: it stands for its bytes."""
        return sha256(f"{MAKE} {self.config!r}".encode()).hexdigest()

    def truth(self) -> tuple[Planted, ...]:
        """Return everything that happened, planted or not, in the order of its time."""
        return tell_truth(self.drawn)

    def batches(self) -> Iterator[list[Dated]]:
        """Yield the records of each local day, in the order of their event time.

        Yields
        ------
        list of Dated
            At equal times: catalog, context, prices, stock, sales.
        """
        for day in range(self.config.days):
            rows = [*self._events.rows(day), *self._sales(day)]
            rows.sort(key=lambda row: (row.event_time_ms, RANK[row.topic.name]))
            yield rows

    def records(self) -> Iterator[Dated]:
        """Yield every record in the order of its event time."""
        for rows in self.batches():
            yield from rows

    def _sales(self, day: int) -> Iterator[Dated]:
        lines = self._by_day.take(slice(*np.searchsorted(self._by_day.day, (day, day + 1))))
        times = self.drawn.midnight_ms[day] + lines.second * 1000
        charged = self._prices[lines.series % self.config.products, day]
        columns = (lines.series, times, lines.number, lines.units, charged)
        return sale_rows(self.name, self._events.pairs, [column.tolist() for column in columns])
