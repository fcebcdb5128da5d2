"""A market in which demand changes for reasons that are known: what causes are judged on.

Every case is one product in one store, with prices, rivals and promotions, and one change; products share stores, but
for those whose till falls silent::

    planted        what happens from the planted day on                              demand
    -------------  ----------------------------------------------------------------  -------------------------------
    promotion      one of 20 to 40 % begins, announced or not; or one has just ended  x exp(b depth); a dip after it
    own price      up or down by 15 to 35 %                                           x ratio^-(0.8 .. 2.5)
    rival price    one of two rivals goes up, down, or has none left                  x ratio^(0.4 .. 1.2); 1.2 .. 1.5
    supply         the shelf stands empty on some days                                x 0.5 .. 0.75 on the others
    season         the week's pattern moves by three days                             the same level
    data fault     packs are counted as pieces, or one till falls silent at times     x 6 or 12; x 0.4 .. 0.6
    pairs          two of them, pulling the same way                                  both
    none           a new level, for no reason; in half of them a driver moves that
                   cannot have done it (long before, hardly, or the other way)        x 0.45 .. 0.6, 1.7 .. 2.2

Before that every product has lived through promotions, price changes and rivals' moves of its own, three weeks away or
more. The one rule: nothing here knows how causes are told; elasticities are drawn, case by case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np

from schemas.catalog import Product
from schemas.context import Promotion, StoreStatus
from schemas.prices import CompetitorPrice
from schemas.quantities import DAY_MS, HOUR_MS, to_datetime
from schemas.sales import Sale
from schemas.signals import CauseLabel
from schemas.stock import Availability, ShelfPrice
from schemas.topics import CATALOG, CONTEXT, PRICES, SALES, STOCK, Topic
from streams.evaluation.panel import Floats

DAYS: Final = 126
FIRST_PLANT, LAST_PLANT = 84, 98
#: 2024-01-01, a Monday, in UTC.
FIRST_DAY_MS: Final = 1_704_067_200_000
_CATEGORIES: Final = 6
_SHOPS: Final = 8
_QUIET_DAYS: Final = 21
_RIVALS: Final = ("north", "south")
_PRICE: Final = 10.0
_CURRENCY: Final = "EUR"

Truth = frozenset[CauseLabel]
Way = Literal["up", "down"]
SINGLES: Final[tuple[CauseLabel, ...]] = (
    "promotion", "own_price", "rival_price", "supply", "season", "data_fault", "unknown",
)  # fmt: skip
PAIRS: Final[tuple[tuple[CauseLabel, CauseLabel], ...]] = (
    ("promotion", "rival_price"), ("own_price", "rival_price"), ("supply", "rival_price"), ("supply", "own_price"),
)  # fmt: skip


class Record(NamedTuple):
    """One record of the market.

    Parameters
    ----------
    at_ms
        When.
    topic, key, value
        Where it goes, and what it says.
    """

    at_ms: int
    topic: Topic
    key: bytes
    value: bytes


@dataclass(slots=True)
class Case:
    """One product, and what happens to it.

    Parameters
    ----------
    number
        Of the case.
    truth
        Labels that were planted; `unknown` alone where none was.
    day
        Planted day.
    way
        Whether demand goes up or down.
    """

    number: int
    truth: Truth
    day: int
    way: Way
    level: float
    profile: Floats
    lift: float
    own: float
    cross: float
    shape: float
    factor: Floats = field(default_factory=lambda: np.ones(DAYS))
    price: Floats = field(default_factory=lambda: np.full(DAYS, _PRICE))
    rivals: Floats = field(default_factory=lambda: np.full((2, DAYS), _PRICE * 1.02))
    depth: Floats = field(default_factory=lambda: np.zeros(DAYS))
    shifted: bool = False
    step: int = 1
    step_after: int = 1
    empty: set[int] = field(default_factory=set)
    unheard: set[int] = field(default_factory=set)
    announced: bool = True

    @property
    def sku(self) -> str:
        """Its product."""
        return f"sku-{self.number}"

    @property
    def store_id(self) -> str:
        """Its store: of its own where its till falls silent, else one of a few."""
        return f"store-{self.number}" if self.unheard else f"shop-{self.number % _SHOPS}"

    @property
    def name(self) -> str:
        """Its series."""
        return f"{self.store_id}|{self.sku}"


def draw_cases(each: int, pairs: int, seed: int) -> list[Case]:
    """Draw the cases: so many of each single cause and of none, so many pairs.

    Parameters
    ----------
    each, pairs
        How many.
    seed
        Of everything random.
    """
    random = np.random.default_rng(seed)
    truths: list[Truth] = [frozenset({label}) for label in SINGLES for _ in range(each)]
    truths += [frozenset(PAIRS[place % len(PAIRS)]) for place in range(pairs)]
    return [_draw_case(number, truth, random) for number, truth in enumerate(truths)]


def _draw_case(number: int, truth: Truth, random: np.random.Generator) -> Case:
    profile = np.exp(random.normal(0.0, 0.2, 7))
    if "season" in truth:
        profile = np.array([0.6, 0.7, 0.8, 0.9, 1.1, 1.6, 1.3]) * np.exp(random.normal(0.0, 0.05, 7))
    case = Case(
        number, truth, int(random.integers(FIRST_PLANT, LAST_PLANT)), "up" if random.random() < 0.5 else "down",
        float(np.exp(random.uniform(np.log(15.0), np.log(80.0)))), profile / profile.mean(),
        float(random.uniform(1.5, 3.5)), float(random.uniform(0.8, 2.5)), float(random.uniform(0.4, 1.2)),
        float(random.uniform(15.0, 40.0)),
    )  # fmt: skip
    _live(case, random)
    if truth & {"supply"}:
        case.way = "down"
    for label in sorted(truth):
        _PLANTS[label](case, random)
    return case


def _live(case: Case, random: np.random.Generator) -> None:
    """Let things happen early, so that there is something to learn from."""
    last = case.day - _QUIET_DAYS
    for begin in (int(random.integers(10, 25)), int(random.integers(38, 50))):
        if random.random() < 0.7:
            case.depth[begin : begin + int(random.integers(5, 9))] = random.uniform(0.15, 0.4)
    if random.random() < 0.5:
        case.price[int(random.integers(5, last)) :] *= random.uniform(0.85, 1.18)
    for rival in range(2):
        if random.random() < 0.5:
            case.rivals[rival, int(random.integers(5, last)) :] *= random.uniform(0.75, 1.3)


# --- what is planted ----------------------------------------------------------------------------------------------


def _plant_promotion(case: Case, random: np.random.Generator) -> None:
    depth = random.uniform(0.2, 0.4)
    if case.way == "up":
        case.depth[case.day : case.day + 14] = depth
        case.announced = bool(random.random() < 0.5)
        return
    # One ends: it ran for two weeks, and leaves a dip.
    case.depth[case.day - 14 : case.day] = depth
    case.factor[case.day : case.day + 10] *= random.uniform(0.7, 0.85)


def _plant_own_price(case: Case, random: np.random.Generator) -> None:
    size = random.uniform(0.15, 0.35)
    case.price[case.day :] *= 1.0 - size if case.way == "up" else 1.0 + size


def _plant_rival_price(case: Case, random: np.random.Generator) -> None:
    rival = int(random.integers(2))
    if case.way == "up" and random.random() < 0.4:
        case.rivals[rival, case.day :] = np.nan
        case.factor[case.day :] *= random.uniform(1.2, 1.5)
        return
    case.rivals[rival, case.day :] *= random.uniform(1.2, 1.45) if case.way == "up" else random.uniform(0.6, 0.8)


def _plant_supply(case: Case, random: np.random.Generator) -> None:
    days = np.arange(case.day, case.day + 10)
    case.empty |= {int(day) for day in random.permutation(days)[: int(random.integers(3, 6))]}
    case.factor[case.day : case.day + 21] *= random.uniform(0.5, 0.75)


def _plant_season(case: Case, _: np.random.Generator) -> None:
    case.shifted = True


def _plant_data_fault(case: Case, random: np.random.Generator) -> None:
    if random.random() < 0.5:
        size = int(random.choice([6, 12]))
        if case.way == "up":
            case.step_after = size
        else:
            case.step = size
        return
    case.unheard |= {int(day) for day in range(case.day, case.day + 14) if random.random() < 0.4} | {case.day + 1}
    case.factor[case.day : case.day + 21] *= random.uniform(0.4, 0.6)


def _plant_nothing(case: Case, random: np.random.Generator) -> None:
    up = case.way == "up"
    case.factor[case.day :] *= random.uniform(1.7, 2.2) if up else random.uniform(0.45, 0.6)
    if random.random() < 0.5:
        return
    kind = int(random.integers(3))
    if kind == 0:
        case.price[case.day :] *= 1.01
    elif kind == 1:
        case.rivals[0, case.day - 35 :] *= 0.8 if not up else 1.3
    else:
        case.rivals[1, case.day :] *= 0.8 if up else 1.3


_PLANTS: Final = {
    "promotion": _plant_promotion,
    "own_price": _plant_own_price,
    "rival_price": _plant_rival_price,
    "supply": _plant_supply,
    "season": _plant_season,
    "data_fault": _plant_data_fault,
    "unknown": _plant_nothing,
}

# --- records ------------------------------------------------------------------------------------------------------


def demand_of(case: Case, random: np.random.Generator) -> Floats:
    """Draw the units that the till counts, day by day.

    Parameters
    ----------
    case
        The product.
    random
        The generator.
    """
    day = np.arange(DAYS)
    slots = day % 7
    turned = np.where(case.shifted & (day >= case.day), (slots + 3) % 7, slots)
    mean = case.level * case.profile[turned] * np.exp(case.lift * case.depth)
    mean *= (case.price / case.price[0]) ** -case.own
    known = np.where(np.isfinite(case.rivals), case.rivals, case.rivals[:, :1])
    mean *= ((known / known[:, :1]) ** case.cross).prod(axis=0) * case.factor
    for day_after in range(1, DAYS):
        ended = case.depth[max(0, day_after - 4) : day_after].any() and not case.depth[day_after]
        mean[day_after] *= 0.88 if ended else 1.0
    units = random.poisson(mean * random.gamma(case.shape, 1.0 / case.shape, DAYS)).astype(float)
    return units * np.where(day >= case.day, case.step_after, case.step)


def records_of(case: Case, random: np.random.Generator) -> list[Record]:
    """Return everything that is said of a case, in no order.

    Parameters
    ----------
    case
        The product.
    random
        The generator of its sales.
    """
    begin = to_datetime(FIRST_DAY_MS)
    category = f"group-{case.number % _CATEGORIES}"
    product = Product(sku=case.sku, category=category, valid_from=begin, known_at=begin)
    found = [Record(FIRST_DAY_MS, CATALOG, case.sku.encode(), product.encode())]
    found += [*_prices(case), *_promotions(case), *_faults(case)]
    for day, units in enumerate(demand_of(case, random).tolist()):
        if units > 0.0 and day not in case.empty:
            at_ms = _at(day, 20)
            sale = Sale(
                event_id=f"{case.sku}-{day}", event_time=to_datetime(at_ms), store_id=case.store_id, sku=case.sku,
                units=units,
            )  # fmt: skip
            found.append(Record(at_ms, SALES, case.sku.encode(), sale.encode()))
    return found


def _at(day: int, hour: int = 0) -> int:
    return FIRST_DAY_MS + day * DAY_MS + hour * HOUR_MS


def _prices(case: Case) -> list[Record]:
    found = []
    for day in range(DAYS):
        at_ms = _at(day, 1)
        now = to_datetime(at_ms)
        if day == 0 or case.price[day] != case.price[day - 1]:
            shelf = ShelfPrice(
                event_id=f"shelf-{case.sku}-{day}", event_time=now, sku=case.sku,
                unit_price=round(float(case.price[day]), 2), currency=_CURRENCY, valid_from=now,
            )  # fmt: skip
            found.append(Record(at_ms, STOCK, case.sku.encode(), shelf.encode()))
        for rival, prices in zip(_RIVALS, case.rivals, strict=True):
            if day and (prices[day] == prices[day - 1] or np.isnan(prices[day - 1])):
                continue
            gone = bool(np.isnan(prices[day]))
            price = CompetitorPrice(
                event_id=f"{rival}-{case.sku}-{day}", event_time=now, sku=case.sku, rival=rival, currency=_CURRENCY,
                unit_price=None if gone else round(float(prices[day]), 2), observed_at=now, at=(0, day, 0),
                availability="out_of_stock" if gone else "in_stock",
            )  # fmt: skip
            found.append(Record(at_ms, PRICES, case.sku.encode(), price.encode()))
    return found


def _promotions(case: Case) -> list[Record]:
    found = []
    edges = np.flatnonzero(np.diff(case.depth, prepend=0.0, append=0.0))
    for begin, end in zip(edges.tolist(), edges[1:].tolist(), strict=False):
        depth = float(case.depth[begin]) if begin < DAYS else 0.0
        if not depth:
            continue
        # One that nobody announced is told of on its first evening.
        known_ms = _at(begin - 5) if case.announced or begin != case.day else _at(begin, 18)
        offer = Promotion(
            promotion_id=f"{case.sku}-{begin}", sku=case.sku, store_id=case.store_id, depth=round(depth, 2),
            known_at=to_datetime(known_ms), valid_from=to_datetime(_at(begin)), valid_to=to_datetime(_at(end)),
        )  # fmt: skip
        found.append(Record(known_ms, CONTEXT, case.sku.encode(), offer.encode()))
    return found


def _faults(case: Case) -> list[Record]:
    found = []
    for day in sorted(case.empty):
        gone = Availability(
            event_id=f"gone-{case.sku}-{day}", event_time=to_datetime(_at(day, 21)), store_id=case.store_id,
            sku=case.sku, in_stock=False, valid_from=to_datetime(_at(day)), valid_to=to_datetime(_at(day + 1)),
        )  # fmt: skip
        found.append(Record(_at(day, 21), STOCK, case.sku.encode(), gone.encode()))
    for day in sorted(case.unheard):
        down = StoreStatus(
            store_id=case.store_id, status="feed_down", known_at=to_datetime(_at(day, 16)),
            valid_from=to_datetime(_at(day, 12)), valid_to=to_datetime(_at(day, 12) + 4 * HOUR_MS),
        )  # fmt: skip
        found.append(Record(_at(day, 16), CONTEXT, case.store_id.encode(), down.encode()))
    return found
