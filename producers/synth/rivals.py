"""The rivals' prices: scraped once a day, mostly well, with copied rows and failed reads.

The one rule: a failed read has no price; a copied row repeats yesterday's and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.synth.assortment import Assortment, Bools, Floats
from producers.synth.config import MarketConfig
from producers.synth.planting import CUT_FACTOR, Plan

CARRIED = 0.75
MOVE_CHANCE = 0.02
FAILED = 0.01
COPIED = 0.015


@dataclass(frozen=True, slots=True)
class RivalPrices:
    """What the scraper saw; arrays by rival, product and day (`carried` by rival and product).

    Parameters
    ----------
    carried
        Whether the rival sells the product.
    price
        The price on the row, in soles: yesterday's where the row is copied.
    failed, copied
        Reads without a price, and rows repeated from the day before.
    second
        Seconds after the start of the rival's scrape.
    """

    carried: Bools
    price: Floats
    failed: Bools
    copied: Bools
    second: Floats


def draw_prices(config: MarketConfig, assortment: Assortment, plan: Plan, rng: np.random.Generator) -> RivalPrices:
    """Draw what two (or more) rivals ask, and how well it was read.

    A rival's price stands for weeks, then moves by at most three per cent around its own level, which lies between
    four per cent below and eight per cent above ours. Every rival sells our fast movers.

    Parameters
    ----------
    config, assortment, plan
        The market and what happens to it.
    rng
        The generator of this part alone.

    Returns
    -------
    RivalPrices
        By rival, product and day.
    """
    shape = (config.rivals, config.products, config.days)
    carried = assortment.fast | (rng.random(shape[:2]) < CARRIED)
    level = assortment.price * rng.uniform(0.96, 1.08, shape[:2])
    moves = rng.random(shape) < MOVE_CHANCE
    steps = rng.uniform(0.97, 1.03, shape)
    # The newest move holds until the next one: carry its day forward.
    newest = np.maximum.accumulate(np.where(moves, np.arange(config.days), 0), axis=2)
    price = level[:, :, None] * np.take_along_axis(steps, newest, axis=2)
    for cut in plan.price_cuts:
        price[cut.rival, cut.product, cut.day :] *= CUT_FACTOR
    price = np.round(price, 1)
    failed = rng.random(shape) < FAILED
    copied = (rng.random(shape) < COPIED) & ~failed
    copied[:, :, 0] = False
    yesterday = np.concatenate([price[:, :, :1], price[:, :, :-1]], axis=2)
    return RivalPrices(
        carried=carried,
        price=np.where(copied, yesterday, price),
        failed=failed,
        copied=copied,
        second=np.cumsum(rng.uniform(1.0, 20.0, shape), axis=1),
    )
