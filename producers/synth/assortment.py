"""What the chain is made of: stores, products and supply terms, with the numbers that the simulation needs.

The one rule: a series is `store * products + product` everywhere in this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from producers.synth.config import MarketConfig
from producers.synth.names import ITEMS, PLACES, RANGES, RIVALS, Item, Range
from schemas.catalog import OpeningHours, Product, Store, SupplyTerms

CURRENCY = "PEN"
OPENS_HOUR = 8
CLOSES_HOUR = 22
CUT_OFF_HOUR = 10.0

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Assortment:
    """The chain, its products and its rivals.

    Parameters
    ----------
    store_ids, skus, rivals
        Identifiers by store, product and rival number.
    items, ranges
        The tables' row of each product.
    price, unit_cost
        Regular price and cost of each product, in soles.
    level
        Mean units a day of each series before season, promotion and events.
    fast
        Which products are in the upper half by volume; events are planted among these.
    """

    store_ids: tuple[str, ...]
    skus: tuple[str, ...]
    rivals: tuple[str, ...]
    items: tuple[Item, ...]
    ranges: tuple[Range, ...]
    price: Floats
    unit_cost: Floats
    level: Floats
    fast: Bools

    @property
    def stores(self) -> int:
        """Number of stores."""
        return len(self.store_ids)

    @property
    def products(self) -> int:
        """Number of products."""
        return len(self.skus)

    def per_series(self, by_product: list[int] | list[float]) -> Floats:
        """Return a number of each product as a number of each series."""
        return np.tile(np.asarray(by_product, dtype=np.float64), self.stores)


def build_assortment(config: MarketConfig, rng: np.random.Generator) -> Assortment:
    """Draw volumes, prices and costs around the tables' values.

    Parameters
    ----------
    config
        Size of the market.
    rng
        The generator of this part alone.

    Returns
    -------
    Assortment
        The whole chain.
    """
    count = config.products
    items = tuple(ITEMS[number % len(ITEMS)] for number in range(count))
    volume = config.mean_units * np.exp(rng.normal(0.0, 0.5, count))
    slow = np.argsort(volume)[: count // 10]
    volume[slow] = rng.uniform(1.2, 3.0, len(slow))
    price = np.round(np.array([item.price for item in items]) * rng.uniform(0.97, 1.03, count), 1)
    unit_cost = np.round(price * rng.uniform(0.66, 0.8, count), 2)
    size = np.array([PLACES[number % len(PLACES)].size for number in range(config.stores)])
    taste = np.exp(rng.normal(0.0, 0.15, (config.stores, count)))
    fast = np.zeros(count, dtype=np.bool_)
    fast[np.argsort(volume)[count - count // 2 :]] = True
    return Assortment(
        store_ids=tuple(f"lima-{number + 1:02d}" for number in range(config.stores)),
        skus=tuple(f"P{number + 1001}" for number in range(count)),
        rivals=tuple(_rival_name(number) for number in range(config.rivals)),
        items=items,
        ranges=tuple(RANGES[item.range] for item in items),
        price=price,
        unit_cost=unit_cost,
        level=(size[:, None] * volume[None, :] * taste).ravel(),
        fast=fast,
    )


def _rival_name(number: int) -> str:
    again = number // len(RIVALS)
    return RIVALS[number % len(RIVALS)] + (f"-{again + 1}" if again else "")


def gtin13(number: int) -> str:
    """Return a code shaped like a Peruvian GTIN-13, its last digit being the GS1 check digit.

    The twelve digits are weighted 1, 3, 1, 3, … from the left; the check digit fills the sum up to a multiple of ten.

    Here 7 + 3·7 + 5 + 3·1 = 36, and four are missing to forty:

    >>> gtin13(1)
    '7750000000014'
    """
    digits = f"775{number:09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def catalog_records(assortment: Assortment, zone: str, valid_from: datetime) -> list[Store | Product | SupplyTerms]:
    """Return every master data record, all of them valid and known from the market's start.

    Parameters
    ----------
    assortment
        The chain.
    zone
        Time zone of the stores.
    valid_from
        The market's start.

    Returns
    -------
    list
        Stores, then products, then one record of supply terms a supplier.
    """
    stores = [_store(assortment, number, zone, valid_from) for number in range(assortment.stores)]
    products = [_product(assortment, number, valid_from) for number in range(assortment.products)]
    suppliers = {row.supplier: row for row in assortment.ranges}
    return [*stores, *products, *(_terms(row, valid_from) for _, row in sorted(suppliers.items()))]


def _store(assortment: Assortment, number: int, zone: str, valid_from: datetime) -> Store:
    place = PLACES[number % len(PLACES)]
    hours = tuple(OpeningHours(weekday=day, opens=OPENS_HOUR, closes=CLOSES_HOUR) for day in range(1, 8))
    return Store(
        valid_from=valid_from,
        known_at=valid_from,
        store_id=assortment.store_ids[number],
        name=place.name,
        zone=zone,
        currency=CURRENCY,
        country="PE",
        manager=place.manager,
        opening=hours,
    )


def _product(assortment: Assortment, number: int, valid_from: datetime) -> Product:
    item, row = assortment.items[number], assortment.ranges[number]
    again = number // len(ITEMS)
    return Product(
        valid_from=valid_from,
        known_at=valid_from,
        sku=assortment.skus[number],
        name=f"{item.name} {item.brand} {item.pack_size:g} {item.pack_unit}" + (f" ({again + 1})" if again else ""),
        brand=item.brand,
        category=row.category,
        pack_size=item.pack_size,
        pack_unit=item.pack_unit,
        gtin=gtin13(number + 1001),
        supplier=row.supplier,
        unit_cost=float(assortment.unit_cost[number]),
        unit_price=float(assortment.price[number]),
        currency=CURRENCY,
        shelf_life_days=row.shelf_life_days,
    )


def _terms(row: Range, valid_from: datetime) -> SupplyTerms:
    return SupplyTerms(
        valid_from=valid_from,
        known_at=valid_from,
        supplier=row.supplier,
        lead_time_days=row.lead_time_days,
        order_weekdays=row.order_weekdays,
        cut_off_hour=CUT_OFF_HOUR,
        pack_multiple_units=row.pack_multiple,
        minimum_units=row.pack_multiple,
        express_hours=12.0,
        transfer_hours=6.0,
    )
