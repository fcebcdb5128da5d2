"""Which products something happens to, and when: the plan of planted events, promotions and price changes.

The one rule: what happens where is drawn, never chosen by the seed's number; planted products are the fast movers,
each gets one event, and neither a promotion nor a change of our own price blurs it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.synth.assortment import Assortment
from producers.synth.config import LAST_EVENT_DAYS, MarketConfig

#: A drift multiplies the level by one of these, for good.
DRIFT_FACTORS = (0.5, 1.7)
#: What is left of a rival's price after the cut.
CUT_FACTOR = 0.75
#: Days that the shelf stays empty before the late truck comes.
EMPTY_DAYS = (2, 3)
#: A promotion's uplift is the price ratio to minus this.
PROMOTION_ELASTICITY = 2.2


@dataclass(frozen=True, slots=True)
class LateTruck:
    """From `day` on nothing ordered for this series arrives until its shelf was empty on `empty_days` days."""

    store: int
    product: int
    day: int
    empty_days: int


@dataclass(frozen=True, slots=True)
class Drift:
    """From `day` on the level of this series is multiplied by `factor`, for good."""

    store: int
    product: int
    day: int
    factor: float


@dataclass(frozen=True, slots=True)
class PriceCut:
    """From `day` on the rival asks :data:`CUT_FACTOR` of its price for this product, for good."""

    rival: int
    product: int
    day: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion in every store: share `depth` off from `day` for `days`, announced on `known_day`."""

    number: int
    product: int
    known_day: int
    day: int
    days: int
    depth: float

    @property
    def uplift(self) -> float:
        """What the promotion multiplies demand by."""
        return float((1.0 - self.depth) ** -PROMOTION_ELASTICITY)


@dataclass(frozen=True, slots=True)
class Reprice:
    """From `day` on our regular price of this product is multiplied by `factor`."""

    product: int
    day: int
    factor: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that happens to the market on purpose."""

    late_trucks: tuple[LateTruck, ...]
    drifts: tuple[Drift, ...]
    price_cuts: tuple[PriceCut, ...]
    offers: tuple[Offer, ...]
    reprices: tuple[Reprice, ...]


def draw_plan(config: MarketConfig, assortment: Assortment, rng: np.random.Generator) -> Plan:
    """Draw what is to happen.

    Parameters
    ----------
    config
        How much of it.
    assortment
        To whom it may happen.
    rng
        The generator of this part alone.

    Returns
    -------
    Plan
        Planted events on products of their own, promotions and price changes on others.
    """
    chosen = [int(product) for product in rng.permutation(np.flatnonzero(assortment.fast))[: config.planted]]
    others = [product for product in range(config.products) if product not in chosen]
    last_day = config.days - LAST_EVENT_DAYS
    spots = iter([(int(rng.integers(config.stores)), product) for product in chosen])
    days = iter([int(day) for day in rng.integers(config.quiet_days, last_day + 1, config.planted)])
    trucks = [
        LateTruck(*next(spots), next(days), int(rng.integers(EMPTY_DAYS[0], EMPTY_DAYS[1] + 1)))
        for _ in range(config.late_trucks)
    ]
    drifts = [Drift(*next(spots), next(days), DRIFT_FACTORS[int(rng.integers(2))]) for _ in range(config.drifts)]
    cuts = [PriceCut(int(rng.integers(config.rivals)), next(spots)[1], next(days)) for _ in range(config.price_cuts)]
    shuffled = [others[int(place)] for place in rng.permutation(len(others))]
    promoted = shuffled[: len(others) // 2]
    repriced = shuffled[len(others) // 2 :][: config.products // 8]
    return Plan(
        late_trucks=tuple(trucks),
        drifts=tuple(drifts),
        price_cuts=tuple(cuts),
        offers=_draw_offers(config, promoted, rng),
        reprices=tuple(_draw_reprice(config, product, rng) for product in repriced),
    )


def _draw_offers(config: MarketConfig, products: list[int], rng: np.random.Generator) -> tuple[Offer, ...]:
    """Draw one promotion a product for each eight weeks of data, in order of product and time."""
    offers: list[Offer] = []
    for product in products:
        for begin in range(14, config.days - 14, 56):
            day = begin + int(rng.integers(0, max(1, min(40, config.days - 14 - begin))))
            known_day = max(0, day - int(rng.integers(10, 15)))
            days = int(rng.integers(5, 10))
            depth = int(rng.integers(2, 6)) * 0.05
            offers.append(Offer(len(offers) + 1, product, known_day, day, days, round(depth, 2)))
    return tuple(offers)


def _draw_reprice(config: MarketConfig, product: int, rng: np.random.Generator) -> Reprice:
    day = int(rng.integers(min(20, config.days - 1), config.days))
    return Reprice(product, day, round(float(rng.uniform(1.02, 1.05)), 3))
