"""How much is wanted: the mean of every series and day, the counts around it, and the till lines that they fall into.

::

    mean = level × weekday × slow season × trend × payday × promotion × our price × planted drift × rival's cut
    units of a day ~ negative binomial(mean, variance = mean + mean² / SHAPE)
    units fall into till lines: each unit joins the one before it with probability JOINED
    a line's second of the day follows the intraday curve of the opening hours

The one rule: demand is what customers want and knows nothing of the stock; what is sold is the ledger's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from producers.synth.assortment import CLOSES_HOUR, OPENS_HOUR, Assortment, Floats, Ints
from producers.synth.config import MarketConfig
from producers.synth.planting import CUT_FACTOR, Plan

SHAPE = 25.0
JOINED = 0.22
PAYDAY_FACTOR = 1.1
PAYDAY_DAYS = 3
OWN_ELASTICITY = 0.5
CROSS_ELASTICITY = 0.35
#: Weights of the opening hours, 8 to 21: noon, and the way home.
HOUR_WEIGHTS = (2.0, 3.0, 4.0, 5.0, 6.5, 6.0, 4.5, 4.0, 4.5, 6.0, 8.0, 8.5, 6.0, 2.5)


@dataclass(frozen=True, slots=True)
class Means:
    """Mean demand by series and day.

    Parameters
    ----------
    expected
        The share of it that the chain's planners know: weekday, payday, promotions (without the level).
    wanted
        The true mean, units a day.
    """

    expected: Floats
    wanted: Floats


@dataclass(frozen=True, slots=True)
class Lines:
    """Till lines in order of series, day and time; parallel arrays.

    Parameters
    ----------
    series, day
        Whose and when.
    second
        Local second of the day.
    units
        Whole units.
    before
        Units of the same series and day in earlier lines.
    number
        Place among the lines of the same series and day, from zero.
    """

    series: Ints
    day: Ints
    second: Ints
    units: Ints
    before: Ints
    number: Ints

    def take(self, which: Ints | slice) -> Lines:
        """Return some of the lines, in the order asked for."""
        return Lines(
            self.series[which],
            self.day[which],
            self.second[which],
            self.units[which],
            self.before[which],
            self.number[which],
        )


def draw_means(config: MarketConfig, assortment: Assortment, plan: Plan, rng: np.random.Generator) -> Means:
    """Return the mean demand of every series and day; draws trends and seasons.

    Parameters
    ----------
    config, assortment, plan
        The market and what happens to it.
    rng
        The generator of this part alone.

    Returns
    -------
    Means
        What planners expect and what is true.
    """
    products, days = config.products, config.days
    dates = [config.first_day + timedelta(days=day) for day in range(days)]
    weekdays = np.array([day.weekday() for day in dates])
    weekly = np.array([row.weekly for row in assortment.ranges])[:, weekdays]
    promotion = np.ones((products, days))
    for offer in plan.offers:
        promotion[offer.product, offer.day : offer.day + offer.days] *= offer.uplift
    expected = np.tile(weekly * _payday(dates) * promotion, (config.stores, 1))
    clock = np.arange(days)
    phase = rng.uniform(0.0, 2 * np.pi, products)[:, None]
    season = 1.0 + 0.04 * (np.sin(2 * np.pi * clock / 365.25 + phase) - np.sin(phase))
    trend = np.exp(rng.normal(0.0, 0.0003, config.series)[:, None] * clock)
    other = np.tile(season * _price_effects(config, plan), (config.stores, 1)) * trend
    for drift in plan.drifts:
        other[drift.store * products + drift.product, drift.day :] *= drift.factor
    return Means(expected, assortment.level[:, None] * expected * other)


def _payday(dates: list[date]) -> Floats:
    """Return the factor of each day: paid on the 15th and on the last of the month, spent within three days."""
    paid = [_days_since_payday(day) < PAYDAY_DAYS for day in dates]
    return np.where(paid, PAYDAY_FACTOR, 1.0)


def _days_since_payday(day: date) -> int:
    """Return how many days ago wages were paid.

    >>> [_days_since_payday(date(2025, 4, d)) for d in (1, 15, 17, 30)]
    [1, 0, 2, 0]
    """
    if (day + timedelta(days=1)).day == 1:
        return 0
    return day.day - 15 if day.day >= 15 else day.day


def _price_effects(config: MarketConfig, plan: Plan) -> Floats:
    effects = np.ones((config.products, config.days))
    for reprice in plan.reprices:
        effects[reprice.product, reprice.day :] *= reprice.factor**-OWN_ELASTICITY
    for cut in plan.price_cuts:
        effects[cut.product, cut.day :] *= CUT_FACTOR**CROSS_ELASTICITY
    return effects


def draw_units(means: Means, rng: np.random.Generator) -> Ints:
    """Return the units wanted of every series and day: Poisson counts around gamma means, so negative binomial."""
    gamma = rng.gamma(SHAPE, 1.0 / SHAPE, means.wanted.shape)
    return rng.poisson(means.wanted * gamma).astype(np.int64)


def draw_lines(units: Ints, rng: np.random.Generator) -> Lines:
    """Return the till lines that the units of every series and day fall into.

    Parameters
    ----------
    units
        Units by series and day.
    rng
        The generator of this part alone.

    Returns
    -------
    Lines
        In order of series, day and time.
    """
    cell = np.repeat(np.arange(units.size), units.ravel())
    starts = rng.random(cell.size) >= JOINED
    starts[np.flatnonzero(np.diff(cell, prepend=-1))] = True
    begin = np.flatnonzero(starts)
    size = np.diff(begin, append=cell.size)
    cell = cell[begin]
    second = _draw_seconds(cell.size, rng)
    # Equal seconds of one cell keep the order in which they were drawn: lexsort is stable.
    order = np.lexsort((second, cell))
    cell, second, size = cell[order], second[order], size[order]
    return Lines(
        series=cell // units.shape[1],
        day=cell % units.shape[1],
        second=second,
        units=size,
        before=_since_cell_start(cell, np.cumsum(size) - size),
        number=_since_cell_start(cell, np.arange(cell.size)),
    )


def _draw_seconds(count: int, rng: np.random.Generator) -> Ints:
    edges = np.concatenate([[0.0], np.cumsum(HOUR_WEIGHTS)]) / np.sum(HOUR_WEIGHTS)
    hours = np.interp(rng.random(count), edges, np.arange(OPENS_HOUR, CLOSES_HOUR + 1))
    return np.minimum(hours * 3600.0, CLOSES_HOUR * 3600.0 - 1).astype(np.int64)


def _since_cell_start(cell: Ints, running: Ints) -> Ints:
    """Return a running count as a count since the first row of the same cell."""
    if not cell.size:
        return running
    first = np.flatnonzero(np.diff(cell, prepend=-1))
    return running - np.repeat(running[first], np.diff(first, append=cell.size))
