"""A small market that knows the truth: what happened once, and the record of it with repeats and disorder.

::

    facts (each once, in the order of time) ──► units(), on_hand()      the offline oracle: a Counter over the facts
        └── + up to 4 minutes of disorder, + 5 % repeats up to 3 h later ──► sent()     what stands on the topics

The one rule: the oracle counts facts and shares no line with the code that is under test.
"""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from schemas.topics import SALES, STOCK, Topic

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)
STORES = ("s1", "s2", "s3", "s4")
REPEAT_SHARE = 0.05
#: Less than the slack of five minutes.
DISORDER_MS = 240_000
REPEAT_WITHIN_MS = 3 * 3_600_000
_OPENS_MS, _CLOSES_MS, _DAY_MS = 8 * 3_600_000, 20 * 3_600_000, 24 * 3_600_000
#: What a kind does to the shelf.
_MOVES = {"sold": -1, "returned": 1, "delivered": 1}

Key = tuple[str, str, str]


class Fact(NamedTuple):
    """One thing that happened."""

    at_ms: int
    kind: str
    store_id: str
    sku: str
    units: int


class Sent(NamedTuple):
    """One record as it is to be written."""

    at_ms: int
    topic: Topic
    key: bytes
    value: bytes


class Market:
    """Facts of some days of some series.

    Parameters
    ----------
    seed
        Of every choice.
    events
        Facts, about so many.
    days
        Days they are spread over, from `BEGIN` on.
    skus
        Products of each of the four stores.
    """

    def __init__(self, seed: int, events: int, days: int, skus: int = 24) -> None:
        self._chance = random.Random(seed)
        self.days = days
        self._skus = [f"sku{number}" for number in range(skus)]
        self.facts = sorted([*self._sales(events), *self._stock(events)])

    # --- what is true ---------------------------------------------------------------------------------------------

    def units(self) -> dict[Key, tuple[float, float]]:
        """Return (sold, returned) by (store, sku, day), no zeros."""
        total: Counter[tuple[str, str, str, str]] = Counter()
        for fact in self.facts:
            day = (BEGIN + timedelta(milliseconds=fact.at_ms - begin_ms())).date().isoformat()
            total[fact.store_id, fact.sku, day, fact.kind] += fact.units
        days = {(store, sku, day) for store, sku, day, kind in total if kind in ("sold", "returned")}
        return {key: (float(total[(*key, "sold")]), float(total[(*key, "returned")])) for key in days}

    def on_hand(self) -> dict[tuple[str, str], float]:
        """Return what is on the shelf in the end, where it was ever counted."""
        shelf: dict[tuple[str, str], int] = {}
        for fact in self.facts:
            series = (fact.store_id, fact.sku)
            if fact.kind == "counted":
                shelf[series] = fact.units
            elif series in shelf:
                shelf[series] += _MOVES[fact.kind] * fact.units
        return {series: float(units) for series, units in shelf.items()}

    # --- what is sent ---------------------------------------------------------------------------------------------

    def sent(self) -> Sequence[Sent]:
        """Return the records in the order of sending: out of order within the slack, some of them twice."""
        chance = self._chance
        order = []
        for number, fact in enumerate(self.facts):
            at_ms = fact.at_ms + chance.randrange(DISORDER_MS)
            order.append((at_ms, number))
            if chance.random() < REPEAT_SHARE:
                order.append((at_ms + chance.randrange(1, REPEAT_WITHIN_MS), number))
        order.sort()
        return [self._record(number) for _, number in order]

    def _record(self, number: int) -> Sent:
        fact = self.facts[number]
        sale = fact.kind in ("sold", "returned")
        fields: dict[str, object] = {
            "schema_version": 1,
            "event_id": f"e{number}",
            "event_time": (BEGIN + timedelta(milliseconds=fact.at_ms - begin_ms())).isoformat(),
            "kind": fact.kind,
            "store_id": fact.store_id,
            "sku": fact.sku,
            "units": fact.units,
        }
        if sale:
            fields |= {"unit_price": 1.5, "currency": "EUR", "resaleable": True}
        return Sent(fact.at_ms, SALES if sale else STOCK, fact.sku.encode(), json.dumps(fields).encode())

    # --- how it comes about -----------------------------------------------------------------------------------------

    def _sales(self, events: int) -> Iterator[Fact]:
        chance = self._chance
        series = [(store, sku) for sku in self._skus for store in STORES]
        weights = list(itertools.accumulate((1 + rank) ** -0.7 for rank in range(len(series))))
        for store, sku in chance.choices(series, cum_weights=weights, k=events):
            at_ms = begin_ms() + chance.randrange(self.days) * _DAY_MS + chance.randrange(_OPENS_MS, _CLOSES_MS)
            kind = "returned" if chance.random() < 0.04 else "sold"
            yield Fact(at_ms, kind, store, sku, chance.randint(1, 4))

    def _stock(self, events: int) -> Iterator[Fact]:
        """Every second product is counted before the first sale, some again at night; all are delivered to each day."""
        chance = self._chance
        daily = max(1, round(2.5 * events / self.days / len(self._skus) / len(STORES)))
        for store, (number, sku) in itertools.product(STORES, enumerate(self._skus)):
            for day in range(self.days):
                night_ms = begin_ms() + day * _DAY_MS
                if number % 2 == 0 and (day == 0 or chance.random() < 0.2):
                    yield Fact(night_ms + 3 * 3_600_000, "counted", store, sku, 2 * daily)
                at_ms = night_ms + chance.randrange(_OPENS_MS, _CLOSES_MS)
                yield Fact(at_ms, "delivered", store, sku, chance.randint(1, 2 * daily))


def begin_ms() -> int:
    """Return the begin of the first day, milliseconds since 1970."""
    return int(BEGIN.timestamp()) * 1_000
