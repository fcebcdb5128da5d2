"""What market is to be made: its size, its span and its seed.

The one rule: two equal configurations make the same bytes; nothing else (clock, machine, hash seed) has a say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.errors import BadSetup

#: Days that a planted event needs behind it, so that whoever looks for it has a fair chance before the data ends.
LAST_EVENT_DAYS = 24


@dataclass(frozen=True, slots=True)
class MarketConfig:
    """Size, span and seed of a synthetic market.

    Parameters
    ----------
    seed
        Seed of every draw; any whole number from zero up.
    stores, products, rivals
        How many of each.
    days
        Local days of data.
    first_day
        The first local day.
    zone
        Time zone of every store, an IANA name.
    quiet_days
        Days before which nothing is planted, so that models have a history.
    late_trucks, drifts, price_cuts
        How many events of each kind are planted, each on a product of its own.
    mean_units
        Median of the products' mean units a day, in a store of ordinary size.

    Raises
    ------
    BadSetup
        When the market is too small or too short for what is to be planted in it.

    Examples
    --------
    >>> MarketConfig(seed=1).planted
    3
    """

    seed: int = 7
    stores: int = 3
    products: int = 40
    days: int = 105
    rivals: int = 2
    first_day: date = date(2025, 3, 3)
    zone: str = "America/Lima"
    quiet_days: int = 63
    late_trucks: int = 1
    drifts: int = 1
    price_cuts: int = 1
    mean_units: float = 12.0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise BadSetup(f"The seed must not be negative, it is {self.seed}.")
        if self.stores < 1 or self.products < 2 * max(self.planted, 1):
            raise BadSetup(f"{self.planted} planted events need a store and {2 * self.planted} products or more.")
        if self.planted and self.days <= self.quiet_days + LAST_EVENT_DAYS:
            raise BadSetup(f"Planted events need more than {self.quiet_days + LAST_EVENT_DAYS} days of data.")
        if self.price_cuts and not self.rivals:
            raise BadSetup("A price cut needs a rival.")

    @property
    def planted(self) -> int:
        """Planted events of every kind together."""
        return self.late_trucks + self.drifts + self.price_cuts

    @property
    def series(self) -> int:
        """Number of (store, sku) pairs; the series of a pair is `store * products + product`."""
        return self.stores * self.products
