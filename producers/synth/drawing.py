"""Everything about the market that is drawn, in one go, before the first record is written.

::

    config ─► assortment ─► plan ─► means ─► units ─► till lines ─┐
                             │       └──► replenishment ──────────┴─► ledger, lines that found stock
                             └──► rivals' prices

The one rule: each box has a generator of its own (PCG64, spawned from the seed in a fixed order), so that a change of
one leaves the draws of the others as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from producers.synth.assortment import Assortment, Floats, Ints, build_assortment
from producers.synth.config import MarketConfig
from producers.synth.demand import Lines, draw_lines, draw_means, draw_units
from producers.synth.planting import Plan, draw_plan
from producers.synth.replenishment import Ledger, Replenishment
from producers.synth.rivals import RivalPrices, draw_prices
from schemas.quantities import to_ms

#: The truck comes between six and half past seven, local time; seconds of the day.
DELIVERY_SECONDS = (6 * 3600, 6 * 3600 + 5400)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A market as arrays; a series is `store * products + product`.

    Parameters
    ----------
    config, assortment, plan
        What it is and what happens to it on purpose.
    wanted
        Units of demand by series and day.
    ledger
        What the stock made of it.
    lines
        Till lines that found stock, in order of series, day and time.
    rivals
        What the scraper saw.
    midnight_ms
        Start of each local day and of the day after the last, milliseconds since 1970.
    delivery_ms
        When the truck comes, by series and day, milliseconds since 1970.
    """

    config: MarketConfig
    assortment: Assortment
    plan: Plan
    wanted: Ints
    ledger: Ledger
    lines: Lines
    rivals: RivalPrices
    midnight_ms: Ints
    delivery_ms: Ints

    @property
    def starts_at_ms(self) -> int:
        """Start of the first local day, milliseconds since 1970."""
        return int(self.midnight_ms[0])

    @property
    def ends_at_ms(self) -> int:
        """End of the last local day, milliseconds since 1970."""
        return int(self.midnight_ms[-1])


def draw_market(config: MarketConfig) -> Drawn:
    """Draw a market.

    Parameters
    ----------
    config
        Size, span and seed.

    Returns
    -------
    Drawn
        The same for the same configuration.
    """
    seeds = np.random.SeedSequence(config.seed).spawn(8)
    draws = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
    assortment = build_assortment(config, draws[0])
    plan = draw_plan(config, assortment, draws[1])
    means = draw_means(config, assortment, plan, draws[2])
    wanted = draw_units(means, draws[3])
    lines = draw_lines(wanted, draws[4])
    ledger = Replenishment(config, assortment, means, plan.late_trucks, draws[5]).play(wanted)
    rivals = draw_prices(config, assortment, plan, draws[6])
    midnight_ms = np.array([_midnight_ms(config, day) for day in range(config.days + 1)])
    delivery_ms = midnight_ms[:-1] + draws[7].integers(*DELIVERY_SECONDS, wanted.shape) * 1000
    return Drawn(config, assortment, plan, wanted, ledger, keep_sold(lines, ledger), rivals, midnight_ms, delivery_ms)


def keep_sold(lines: Lines, ledger: Ledger) -> Lines:
    """Return the lines that found stock, the last of a day cut to what was left."""
    left = ledger.available[lines.series, lines.day] - lines.before
    sold = np.minimum(lines.units, left)
    return replace(lines, units=sold).take(np.flatnonzero(sold > 0))


def unit_prices(drawn: Drawn) -> Floats:
    """Return our own price of each product on each day, promotions included."""
    prices = np.repeat(drawn.assortment.price[:, None], drawn.config.days, axis=1)
    for change in drawn.plan.reprices:
        prices[change.product, change.day :] *= change.factor
    for offer in drawn.plan.offers:
        prices[offer.product, offer.day : offer.day + offer.days] *= 1.0 - offer.depth
    return np.round(prices, 2)


def _midnight_ms(config: MarketConfig, day: int) -> int:
    local = datetime.combine(config.first_day + timedelta(days=day), time(), ZoneInfo(config.zone))
    return to_ms(local.astimezone(UTC))
