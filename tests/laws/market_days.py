"""Logs drawn by Hypothesis: a few stores and skus, everything that can happen to them, ticks in any places."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from schemas.quantities import HOUR_MS
from streams.settings import ShopSettings
from tests.unit.engine.bench import (
    Fact,
    Log,
    adjusted,
    at,
    cancelled,
    counted,
    delivered,
    ordered,
    out_of_stock,
    promotion,
    rival_price,
    sale,
    shelf_price,
    status,
)

STORES = ("s1", "s2")
SKUS = ("milk", "tea", "café")
PLAIN = ShopSettings(models="none", lead_time_days=2.0)
LEARNING = ShopSettings(models="champion", lead_time_days=2.0, silence_series=3, zone="America/Lima")

#: Its stores sell so much that single hours tell something.
BRISK = replace(LEARNING, zone="UTC")

seeds = st.integers(0, 2**32 - 1)


def draw_facts(seed: int, days: int) -> list[Fact]:
    """Return the facts of some days in the order of their time; each series is counted before anything else."""
    dice = Random(seed)
    facts: list[Fact] = []
    rate = dice.choice([1, 3, 6])
    for store in STORES:
        for sku in SKUS:
            known = dice.random() < 0.7
            if known:
                facts.append(counted(at(0, 1.0), dice.choice([0, 5, 20, 60]), store=store, sku=sku))
            for day in range(days):
                facts += _day(dice, day, store, sku, rate, known)
    facts += [
        shelf_price(at(dice.randrange(days), dice.uniform(2, 20)), dice.choice([2.0, 2.4]), sku=dice.choice(SKUS))
        for _ in range(days // 2 + 1)
    ]
    facts += [
        rival_price(at(dice.randrange(days), dice.uniform(2, 20)), dice.choice([1.5, 2.1, None]), sku=dice.choice(SKUS))
        for _ in range(days)
    ]
    begin = at(dice.randrange(days), 6)
    facts.append(promotion(begin - 30 * HOUR_MS, begin, begin + 50 * HOUR_MS, sku=dice.choice(SKUS)))
    facts.append(status(begin, "closed", begin, begin + 24 * HOUR_MS, store=dice.choice(STORES)))
    return sorted((fact for fact in facts if fact.at_ms < at(days)), key=lambda fact: fact.at_ms)


def brisk_facts(seed: int, days: int) -> list[Fact]:
    """Return days that sell much, in the order of their time; on the last, milk surges, tea slumps, café has gaps."""
    dice = Random(seed)
    facts = [counted(at(0, 1.0), 900_000, sku=sku) for sku in ("milk", "tea")]
    for day in range(days + 1):
        for hour in range(8, 20):
            for sku in SKUS:
                units = 20.0
                if day == days and hour >= 12:
                    units = {"milk": 80.0, "tea": 2.0, "café": 0.0 if hour < 16 else 20.0}[sku]
                moments = sorted(dice.uniform(0, 3600) for _ in range(4))
                facts += [sale(at(day, hour, moment), units, sku=sku) for moment in moments if units]
    gone = at(days, 12 + dice.random() / 5)
    facts.append(out_of_stock(gone, at(days, 12), at(days, 16), sku="café"))
    return sorted(facts, key=lambda fact: fact.at_ms)


def _day(dice: Random, day: int, store: str, sku: str, rate: int, known: bool) -> list[Fact]:
    def moment() -> int:
        return at(day, dice.choice([dice.uniform(2, 24), dice.randint(3, 23), 4.999]))

    facts = [
        sale(moment(), dice.choice([1, 2, 0.35]), store=store, sku=sku, price=dice.choice([None, 2.0]))
        for _ in range(dice.randint(0, 2 * rate))
    ]
    if dice.random() < 0.2:
        facts.append(sale(moment(), 1, dice.choice(["voided", "returned"]), store=store, sku=sku, resaleable=True))
    stock = dice.random()
    if stock < 0.1 and known:
        facts.append(counted(moment(), dice.randint(0, 20), store=store, sku=sku))
    elif stock < 0.25:
        facts.append(ordered(moment(), 12, at(day + 2, 8), f"o{day}", store=store, sku=sku))
        facts.append(delivered(at(day + 2, 8.5), 12, dice.choice([f"o{day}", None]), store=store, sku=sku))
    elif stock < 0.3:
        facts.append(adjusted(moment(), dice.choice([-3, -0.5]), store=store, sku=sku))
    elif stock < 0.35:
        facts.append(cancelled(moment(), f"o{day - 1}", store=store, sku=sku))
    elif stock < 0.4:
        facts.append(out_of_stock(moment(), at(day, 8), at(day, 15), store=store, sku=sku))
    return facts


def record_live(seed: int, facts: list[Fact], until_ms: int) -> Log:
    """Return a log of facts as they come, ticks at any of them; some records are bad, late or sent twice."""
    dice, log = Random(seed), Log()
    chance = dice.choice([0.02, 0.2, 0.6])
    bad = [b"{", b'{"kind": "sold"}', None, b"\xff"]
    delays = [dice.choice([0] * 16 + [200_000] * 3 + [dice.randrange(30 * HOUR_MS)]) for _ in facts]
    facts = [fact for _, fact in sorted(zip(delays, facts, strict=True), key=lambda pair: pair[0] + pair[1].at_ms)]
    for place, fact in enumerate(facts):
        log.put(fact)
        if dice.random() < 0.02:
            log.write(dice.choice(["sales", "stock", "prices", "ticks", "context", "catalog"]), b"x", dice.choice(bad))
        if dice.random() < 0.04:
            log.put(facts[max(0, place - dice.choice([0, 5, 200]))])
        if dice.random() < chance:
            log.tick(fact.at_ms + dice.choice([0, 1000, -7200_000, 600_000]))
    log.tick(until_ms)
    return log


def record_otherwise(seed: int, facts: list[Fact], until_ms: int, slack_ms: int) -> Log:
    """Return another recording: each fact up to `slack_ms` after it happened, some twice, ticks anywhere."""
    dice, log = Random(seed), Log()
    arrivals = sorted((fact.at_ms + dice.randrange(slack_ms), place) for place, fact in enumerate(facts))
    chance = dice.choice([0.02, 0.2, 0.6])
    for place, (arrived_ms, which) in enumerate(arrivals):
        log.put(facts[which])
        if dice.random() < 0.1:
            log.put(facts[arrivals[max(0, place - dice.randint(0, 20))][1]])
        if dice.random() < chance:
            log.tick(arrived_ms)
    log.tick(until_ms)
    return log
