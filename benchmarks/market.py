"""A market for measuring: every series counted once, and a flood of sales with Zipf skew, all seeded.

::

    P(sku of rank r) ∝ r ** -exponent        the store: 30, 25, 20, 15, 10 % for five, alike for another number
    on hand of a series = 1.5 × its expected units + 20: few shelves run empty, as in a shop that orders well

The one rule: the bytes are those of a till that writes compact JSON; `tests/broker/test_benchmarks.py` has them read by
the contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.ids import derive_id

_FIVE_STORES = (0.30, 0.25, 0.20, 0.15, 0.10)

Pair = tuple[bytes, bytes]


class SalesBatch(NamedTuple):
    """Records in the order of time, and the time of the last."""

    pairs: Sequence[Pair]
    last_ms: int


@dataclass(frozen=True, slots=True)
class Market:
    """A market.

    Parameters
    ----------
    skus, stores
        Their product is the number of series.
    exponent
        Of Zipf's law over the skus.
    seed
        Of everything drawn.
    """

    skus: int = 20_000
    stores: int = 5
    exponent: float = 1.05
    seed: int = 20_250_303

    @property
    def series(self) -> int:
        """How many series there are."""
        return self.skus * self.stores

    def sku_shares(self) -> NDArray[np.float64]:
        """Return the share of each sku in the sales."""
        return _zipf(self.skus, self.exponent)

    def store_shares(self) -> NDArray[np.float64]:
        """Return the share of each store in the sales."""
        return np.asarray(_FIVE_STORES) if self.stores == 5 else np.full(self.stores, 1 / self.stores)

    def counts(self, at_ms: int, sales: int) -> Iterator[Pair]:
        """Yield one stock count a series, made for so many sales in all.

        Parameters
        ----------
        at_ms
            When all shelves are counted.
        sales
            Sales that are to come.
        """
        time = iso(at_ms)
        for sku, sku_share in enumerate(self.sku_shares().tolist()):
            for store, store_share in enumerate(self.store_shares().tolist()):
                units = 20 + round(2.25 * sku_share * store_share * sales)
                yield count_of(f"store-{store}", f"sku-{sku:05d}", units, time)

    def sales(self, count: int, start_ms: int, span_ms: int, batch: int = 5_000, salt: int = 0) -> Iterator[SalesBatch]:
        """Yield sales whose times rise evenly through a span.

        Parameters
        ----------
        count
            How many.
        start_ms, span_ms
            From when on, and for how long.
        batch
            Sales in a batch.
        salt
            Another salt draws other sales.
        """
        chance = np.random.default_rng([self.seed, salt])
        skus, stores = np.cumsum(self.sku_shares()), np.cumsum(self.store_shares())
        for first in range(0, count, batch):
            size = min(batch, count - first)
            times = start_ms + (np.arange(first, first + size) * span_ms) // count
            texts = np.datetime_as_string(times.astype("datetime64[ms]"))
            sku = np.searchsorted(skus, chance.random(size) * skus[-1]).tolist()
            store = np.searchsorted(stores, chance.random(size) * stores[-1]).tolist()
            units = chance.integers(1, 3, size).tolist()
            ids = chance.bytes(16 * size).hex()
            names = zip(texts.tolist(), store, sku, units, strict=True)
            yield SalesBatch(
                [
                    _sale(ids[32 * at : 32 * at + 32], f"{time}Z", f"store-{store_at}", f"sku-{sku_at:05d}", units_at)
                    for at, (time, store_at, sku_at, units_at) in enumerate(names)
                ],
                int(times[-1]),
            )


def sale_of(store: str, sku: str, units: int, at_ms: int, name: str) -> Pair:
    """Return one sale under an id made from a name."""
    return _sale(derive_id("benchmark-sale", name), iso(at_ms), store, sku, units)


def count_of(store: str, sku: str, units: int, time: str) -> Pair:
    """Return one stock count."""
    event_id = derive_id("benchmark-count", store, sku, time)
    text = (
        f'{{"event_id":"{event_id}","event_time":"{time}","kind":"counted",'
        f'"store_id":"{store}","sku":"{sku}","units":{units}}}'
    )
    return sku.encode(), text.encode()


def _sale(event_id: str, time: str, store: str, sku: str, units: int) -> Pair:
    text = (
        f'{{"schema_version":1,"event_id":"{event_id}","event_time":"{time}","kind":"sold",'
        f'"store_id":"{store}","sku":"{sku}","units":{units},"unit_price":4.9,"currency":"PEN"}}'
    )
    return sku.encode(), text.encode()


def iso(at_ms: int) -> str:
    """Return a time as the records have it.

    >>> iso(1_740_996_000_123)
    '2025-03-03T10:00:00.123Z'
    """
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def _zipf(count: int, exponent: float) -> NDArray[np.float64]:
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
