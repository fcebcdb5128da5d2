"""Master data and context as of a moment: what was on the record, and known, when a question was asked.

Every worker reads `catalog.v1` and `context.v1` whole, so one `Reference` serves all tasks of a process. A task asks
through a :class:`View`, which hides what stands at or above its tick's `ends`.

::

    record's offset < the tick's end      the order is on the record, so a fact that came later is not there yet
    known_at        <= the asking moment  nobody may know earlier than it was known
    valid_from      <= the moment asked about < valid_to

The one rule: of the facts that pass, the newest to become valid wins; then the newest known; then the highest offset.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.catalog import Product, Store, SupplyTerms
from schemas.context import ContextSignal, Promotion, StoreStatus
from schemas.errors import BadEvent
from schemas.quantities import DAY_MS, to_ms
from schemas.reading import read_catalog, read_context
from streams.ports import Record

T = TypeVar("T")
_FOREVER = 1 << 62
#: No signal is looked for that began longer before a moment than this.
_LONGEST_SIGNAL_MS = 400 * DAY_MS
#: Nor beyond so many newer ones that are over.
_MOST_OVER = 8


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One record of master data or context with its bounds in milliseconds."""

    offset: int
    known_ms: int
    from_ms: int
    to_ms: int
    body: T


@dataclass(frozen=True, slots=True)
class RefusedFact:
    """A record of the catalog or the context that could not be read."""

    offset: int
    record: Record
    error: BadEvent


class Shelf(Generic[T]):
    """Facts of one kind, by key, in offset order."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str | None, ...], list[Fact[T]]] = defaultdict(list)

    def put(self, key: tuple[str | None, ...], fact: Fact[T]) -> None:
        """Add one fact."""
        self._facts[key].append(fact)

    def at(self, key: tuple[str | None, ...], at_ms: int, known_ms: int, end: int) -> T | None:
        """Return the winning fact about a moment, as known at another, below an offset."""
        best: Fact[T] | None = None
        for fact in self._facts.get(key, ()):
            if fact.offset >= end or fact.known_ms > known_ms or not fact.from_ms <= at_ms < fact.to_ms:
                continue
            if best is None or (fact.from_ms, fact.known_ms, fact.offset) > (best.from_ms, best.known_ms, best.offset):
                best = fact
        return None if best is None else best.body

    def overlapping(
        self, key: tuple[str | None, ...], from_ms: int, until_ms: int, known_ms: int, end: int
    ) -> Iterator[Fact[T]]:
        """Yield the facts that touch an interval, in offset order."""
        for fact in self._facts.get(key, ()):
            if fact.offset < end and fact.known_ms <= known_ms and fact.from_ms < until_ms and fact.to_ms > from_ms:
                yield fact


class SignalShelf:
    """Signals by what they speak of and by name, in the order in which they hold."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], dict[str, list[Fact[ContextSignal]]]] = {}

    def put(self, body: ContextSignal, fact: Fact[ContextSignal]) -> None:
        """Add one fact."""
        by_name = self._facts.setdefault((body.scope, body.scope_id), {})
        if body.name not in by_name:
            by_name[body.name] = []
            # Names stand in one order, whichever was heard of first: sums over them are the same to the last bit.
            self._facts[body.scope, body.scope_id] = by_name = dict(sorted(by_name.items()))
        insort(by_name[body.name], fact, key=_signal_order)

    def __bool__(self) -> bool:
        return bool(self._facts)

    def names(self, scope: str, scope_id: str) -> Iterable[str]:
        """Return the names of all signals about something, whoever may see them."""
        return self._facts.get((scope, scope_id), ())

    def value(
        self, scope: str, scope_id: str, name: str, at_ms: int, known_ms: int, end: int, stale_ms: int = 0
    ) -> float | None:
        """Return what a signal says of a moment, as known at another, below an offset.

        Parameters
        ----------
        scope, scope_id, name
            Which one.
        at_ms, known_ms, end
            The moment asked about, the asking moment, the end of what is on the record.
        stale_ms
            How long after its end a value still stands for want of a newer one.
        """
        facts = self._facts.get((scope, scope_id), {}).get(name, ())
        over = 0
        for place in range(bisect_right(facts, (at_ms, _FOREVER, _FOREVER), key=_signal_order) - 1, -1, -1):
            fact = facts[place]
            if fact.offset >= end or fact.known_ms > known_ms:
                continue
            if at_ms < fact.to_ms + stale_ms:
                return fact.body.value
            over += 1
            if over >= _MOST_OVER or at_ms - fact.from_ms > _LONGEST_SIGNAL_MS:
                return None
        return None


def _signal_order(fact: Fact[ContextSignal]) -> tuple[int, int, int]:
    return fact.from_ms, fact.known_ms, fact.offset


class Reference:
    """Everything read from `catalog.v1` and `context.v1`, in offset order; shared by the tasks of a process."""

    def __init__(self) -> None:
        self.positions = {"catalog": 0, "context": 0}
        self.refused: dict[str, list[RefusedFact]] = {"catalog": [], "context": []}
        self.products = Shelf[Product]()
        self.stores = Shelf[Store]()
        self.terms = Shelf[SupplyTerms]()
        self.promotions = Shelf[Promotion]()
        self.signals = SignalShelf()
        self.statuses = Shelf[StoreStatus]()

    def feed(self, name: str, records: Sequence[Record], position: int) -> None:
        """Take consecutive records of "catalog" or "context"; what was fed before is passed over."""
        for record in records:
            if record.offset < self.positions[name]:
                continue
            try:
                if name == "catalog":
                    self._keep_catalog(record)
                else:
                    self._keep_context(record)
            except BadEvent as error:
                self.refused[name].append(RefusedFact(record.offset, record, error))
        self.positions[name] = max(self.positions[name], position)

    def _keep_catalog(self, record: Record) -> None:
        body = read_catalog(record.value)
        from_ms = to_ms(body.valid_from)
        known_ms = -_FOREVER if body.known_at is None else to_ms(body.known_at)
        if isinstance(body, Product):
            self.products.put((body.sku,), Fact(record.offset, known_ms, from_ms, _FOREVER, body))
        elif isinstance(body, Store):
            self.stores.put((body.store_id,), Fact(record.offset, known_ms, from_ms, _FOREVER, body))
        else:
            key = (body.supplier, body.store_id, body.sku)
            self.terms.put(key, Fact(record.offset, known_ms, from_ms, _FOREVER, body))

    def _keep_context(self, record: Record) -> None:
        body = read_context(record.value)
        until = _FOREVER if body.valid_to is None else to_ms(body.valid_to)
        bounds = (record.offset, to_ms(body.known_at), to_ms(body.valid_from), until)
        if isinstance(body, Promotion):
            self.promotions.put((body.sku, body.store_id), Fact(*bounds, body))
        elif isinstance(body, StoreStatus):
            self.statuses.put((body.store_id,), Fact(*bounds, body))
        else:
            self.signals.put(body, Fact(*bounds, body))

    def view(self, catalog_end: int, context_end: int) -> View:
        """Return what is visible below these ends."""
        return View(self, catalog_end, context_end)

    def whole(self) -> View:
        """Return everything read so far, for readers without ticks (the desk, the feed)."""
        return View(self, _FOREVER, _FOREVER)


@dataclass(frozen=True, slots=True)
class View:
    """A reference as one tick shows it."""

    reference: Reference
    catalog_end: int
    context_end: int

    def product(self, sku: str, at_ms: int) -> Product | None:
        """Return what was known of a product."""
        return self.reference.products.at((sku,), at_ms, at_ms, self.catalog_end)

    def store(self, store_id: str, at_ms: int) -> Store | None:
        """Return what was known of a store."""
        return self.reference.stores.at((store_id,), at_ms, at_ms, self.catalog_end)

    def supply_terms(self, supplier: str, store_id: str, sku: str, at_ms: int) -> SupplyTerms | None:
        """Return the most specific terms: of store and sku, of the sku, of the store, of the supplier."""
        by_sku, by_store = ((supplier, store_id, sku), (supplier, None, sku)), ((supplier, store_id, None),)
        for key in (*by_sku, *by_store, (supplier, None, None)):
            found = self.reference.terms.at(key, at_ms, at_ms, self.catalog_end)
            if found is not None:
                return found
        return None

    def promotion(self, store_id: str, sku: str, from_ms: int, until_ms: int, known_ms: int) -> Promotion | None:
        """Return the deepest promotion that touches an interval, as known at a moment."""
        found: Promotion | None = None
        for key in ((sku, store_id), (sku, None)):
            for fact in self.reference.promotions.overlapping(key, from_ms, until_ms, known_ms, self.context_end):
                if found is None or (fact.body.depth or 0.0) > (found.depth or 0.0):
                    found = fact.body
        return found

    def promotions(
        self, store_id: str, sku: str, from_ms: int, until_ms: int, known_ms: int
    ) -> Iterator[Fact[Promotion]]:
        """Yield the promotions that touch an interval, of the store and of all stores, as known at a moment."""
        shelf, end = self.reference.promotions, self.context_end
        yield from shelf.overlapping((sku, store_id), from_ms, until_ms, known_ms, end)
        yield from shelf.overlapping((sku, None), from_ms, until_ms, known_ms, end)

    def signal(
        self, scope: str, scope_id: str, name: str, at_ms: int, known_ms: int, stale_ms: int = 0
    ) -> float | None:
        """Return what a signal says of a moment, as known at another; see :meth:`SignalShelf.value`."""
        return self.reference.signals.value(scope, scope_id, name, at_ms, known_ms, self.context_end, stale_ms)

    def status(self, store_id: str, at_ms: int, known_ms: int) -> StoreStatus | None:
        """Return a store's status at a moment, as known at another."""
        return self.reference.statuses.at((store_id,), at_ms, known_ms, self.context_end)

    def statuses(self, store_id: str, from_ms: int, until_ms: int, known_ms: int) -> Iterator[Fact[StoreStatus]]:
        """Yield the statuses that touch an interval."""
        return self.reference.statuses.overlapping((store_id,), from_ms, until_ms, known_ms, self.context_end)

    def refusals(self, name: str, start: int) -> list[RefusedFact]:
        """Return refused records of "catalog" or "context" from an offset up to this view's end."""
        end = self.catalog_end if name == "catalog" else self.context_end
        return [fact for fact in self.reference.refused[name] if start <= fact.offset < end]
