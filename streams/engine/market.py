"""What our product costs here and at our rivals, as of any recent moment.

::

    field r:<sku>   shelf prices (ours, from–to) ┆ rivals' prices, newest last ┆ open undercuts

The one rule: a price counts from its event time on; a question about the past is answered with the past's prices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from streams.sealing import seal, unseal

_KEPT = 12
#: A price this much below its reference is a cut.
_CUT_SHARE = 0.95


class Shelf(NamedTuple):
    """Our own price: known from `at_ms`, valid from–to, in one store or (None) in all."""

    at_ms: int
    from_ms: int
    to_ms: int | None
    store_id: str | None
    price: int
    currency: str


class Rival(NamedTuple):
    """A rival's price from `at_ms` on, None when it has none to show, and what it usually asked before."""

    at_ms: int
    price: int | None
    currency: str | None
    reference: int | None = None

    def is_cut(self) -> bool:
        """Return whether the rival went down: dearer than a rival who never moved is no news."""
        return self.price is not None and (self.reference is None or self.price <= self.reference * _CUT_SHARE)


class Market:
    """Prices of one sku, in millionths of a currency."""

    def __init__(self, sku: str) -> None:
        self.sku = sku
        self.shelves: list[Shelf] = []
        self.rivals: dict[str, list[Rival]] = {}
        self.undercuts: dict[str, int] = {}

    def put_shelf(self, shelf: Shelf) -> None:
        """Book our own price; the newest are kept."""
        self.shelves = sorted({*self.shelves, shelf}, key=_shelf_order)
        of_store = [one for one in self.shelves if one.store_id == shelf.store_id]
        if len(of_store) > _KEPT:
            self.shelves.remove(of_store[0])

    def put_rival(self, rival: str, price: Rival) -> None:
        """Book a rival's price; the newest are kept."""
        history = self.rivals.setdefault(rival, [])
        history.append(price)
        history.sort(key=lambda one: one.at_ms)
        del history[:-_KEPT]

    def own(self, store_id: str | None, at_ms: int, known_ms: int) -> Shelf | None:
        """Return our price at a moment as known at another: that of just this store (None: all), else the newest."""
        found: Shelf | None = None
        for shelf in self.shelves:
            if shelf.at_ms > known_ms or shelf.from_ms > at_ms or (shelf.to_ms is not None and at_ms >= shelf.to_ms):
                continue
            if shelf.store_id is not None and store_id is not None and shelf.store_id != store_id:
                continue
            if found is None or (shelf.store_id == store_id) >= (found.store_id == store_id):
                found = shelf
        return found

    def own_reference(self, shelf: Shelf, known_ms: int) -> int:
        """Return what we usually ask where a shelf price holds: the mean of the prices kept, as known at a moment."""
        prices = [
            one.price
            for one in self.shelves
            if one.store_id == shelf.store_id and one.currency == shelf.currency and one.at_ms <= known_ms
        ]
        return sum(prices) // len(prices)

    def rival_prices(self, at_ms: int, currency: str | None) -> list[int]:
        """Return every rival's price as of a moment, in one currency."""
        prices = []
        for name in sorted(self.rivals):
            known = [one for one in self.rivals[name] if one.at_ms <= at_ms]
            if known and known[-1].price is not None and known[-1].currency == currency:
                prices.append(known[-1].price)
        return prices

    def encode(self) -> bytes:
        """Return the sealed field."""
        state = [self.sku, self.shelves, self.rivals, self.undercuts]
        return seal(json.dumps(state, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())

    @classmethod
    def decode(cls, field: bytes, name: str) -> Market:
        """Return the market in a sealed field."""
        sku, shelves, rivals, undercuts = json.loads(unseal(field, name))
        market = cls(sku)
        market.shelves = [Shelf(*one) for one in shelves]
        market.rivals = {rival: [Rival(*one) for one in history] for rival, history in rivals.items()}
        market.undercuts = undercuts
        return market


def _shelf_order(shelf: Shelf) -> tuple[int, int, str, int, str, int]:
    """Every field counts, so that no tie is left to the order of a set."""
    until = -1 if shelf.to_ms is None else shelf.to_ms
    return shelf.from_ms, shelf.at_ms, shelf.store_id or "", shelf.price, shelf.currency, until


class MarketTable:
    """All markets of a task, by sku."""

    def __init__(self) -> None:
        self.by_sku: dict[str, Market] = {}
        self._dirty: set[str] = set()

    def touch(self, sku: str) -> Market:
        """Return the market of a sku, made where needed, and remember that it changes."""
        self._dirty.add(sku)
        found = self.by_sku.get(sku)
        if found is None:
            found = self.by_sku[sku] = Market(sku)
        return found

    def writes(self) -> dict[str, bytes | None]:
        """Return the dirty fields, and count them as clean."""
        fields: dict[str, bytes | None] = {f"r:{sku}": self.by_sku[sku].encode() for sku in sorted(self._dirty)}
        self._dirty.clear()
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> MarketTable:
        """Return the table in a snapshot."""
        table = cls()
        for name in sorted(name for name in state if name.startswith("r:")):
            market = Market.decode(state[name], name)
            table.by_sku[market.sku] = market
        return table
