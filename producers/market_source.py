"""The synthetic market as a source of :class:`producers.load.Loader`: sent like a file, with ticks and resumption.

The one rule: it is the market's records as they are; leaving the rival's prices out is the only choice there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from producers.rows import Batch, RowEvent, RowSource
from producers.synth import Market
from schemas.topics import OBSERVATIONS


class MarketSource(RowSource):
    """A market, batch by batch.

    Parameters
    ----------
    market
        What is sent.
    with_prices
        Whether what the scrapers read of rivals is sent too.

    >>> from producers.synth import MarketConfig
    >>> market = Market(MarketConfig(seed=3, stores=1, products=6, days=90, mean_units=5.0))
    >>> MarketSource(market).name
    'synth-3'
    """

    def __init__(self, market: Market, with_prices: bool = True) -> None:
        self.files = []
        self._market = market
        self._with_prices = with_prices

    @property
    def name(self) -> str:
        """The market's name."""
        return self._market.name

    @property
    def zone(self) -> str:
        """The zone of its stores."""
        return self._market.zone

    @property
    def period(self) -> Literal["day", "week", "month"]:
        """Days: its tills speak line by line."""
        return "day"

    @property
    def observes_prices(self) -> bool:
        """Whether records for the price desk are sent."""
        return self._with_prices

    def digest(self) -> str:
        """Return what stands for the market's bytes."""
        return self._market.digest() if self._with_prices else f"{self._market.digest()} without prices"

    def batches(self) -> Iterator[Batch]:
        """Yield the records of each local day."""
        row = 0
        for records in self._market.batches():
            wanted = [each for each in records if self._with_prices or each.topic is not OBSERVATIONS]
            yield [
                RowEvent(each.event_time_ms, each.topic, each.key, each.value, 0, row + place)
                for place, each in enumerate(wanted)
            ]
            row += len(wanted)
