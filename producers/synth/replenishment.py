"""The stock ledger of the chain: what is delivered, sold, spoilt and ordered, day by day.

::

    06:00–07:29  deliveries       07:30–07:59  orders, on the supplier's order weekdays, up to S
    08:00–22:00  sales = min(wanted, on hand)  22:30  waste

    S = expected demand until the *next* order's delivery + one day more + Z × its standard deviation

The level in it is the chain's own estimate from its sales of the last three weeks (days that ended with an empty
shelf left out): the simulation's truth is not lent to the planners. Orders come on their day, one in fourteen a day
late, one in a hundred two. A late truck holds whatever is due for its series until the shelf was empty long enough.

The one rule: stock never goes below zero and changes only by an event of this ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from producers.synth.assortment import Assortment, Floats, Ints
from producers.synth.config import MarketConfig
from producers.synth.demand import SHAPE, Means
from producers.synth.planting import LateTruck

Z = 2.5
LEVEL_DAYS = 21
BUFFER_DAYS = 1
DELAY_CHANCES = (0.92, 0.07, 0.01)
#: Waste is taken only from shelves that it cannot empty.
WASTE_NEEDS_UNITS = 6


@dataclass(slots=True)
class Order:
    """One order of one series; `delivered_day` stays None while it is open, `held` means by a late truck."""

    series: int
    units: int
    day: int
    due_day: int
    delivered_day: int | None = None
    held: bool = False


@dataclass(slots=True)
class Ledger:
    """What happened to the stock; arrays by series and day.

    Parameters
    ----------
    opening
        Units counted before the first day.
    available
        Units on the shelf when the store opens.
    sold
        Units sold.
    spoilt
        Units written off after closing.
    closing
        Units left at the end of the day.
    orders
        Every order, in the order in which they were placed.
    """

    opening: Ints
    available: Ints
    sold: Ints
    spoilt: Ints
    closing: Ints
    orders: list[Order] = field(default_factory=list)


@dataclass(slots=True)
class _Hold:
    """A late truck on its way: the orders it carries and the days its shelf was empty."""

    truck: LateTruck
    waiting: list[Order] = field(default_factory=list)
    empty_days: int = 0
    over: bool = False


class Replenishment:
    """Plays the chain's replenishment against the demand.

    Parameters
    ----------
    config, assortment, means
        The market.
    trucks
        The late ones.
    rng
        The generator of this part alone; every draw is made here, at once, so that the play cannot shift it.
    """

    def __init__(
        self,
        config: MarketConfig,
        assortment: Assortment,
        means: Means,
        trucks: tuple[LateTruck, ...],
        rng: np.random.Generator,
    ) -> None:
        shape = (config.series, config.days)
        self._days = config.days
        self._means = means
        self._lead = assortment.per_series([row.lead_time_days for row in assortment.ranges]).astype(np.int64)
        self._pack = assortment.per_series([row.pack_multiple for row in assortment.ranges]).astype(np.int64)
        order_days = [[day in row.order_weekdays for day in range(1, 8)] for row in assortment.ranges]
        self._order_days = np.tile(order_days, (config.stores, 1))
        self._first_weekday = config.first_day.weekday()
        self._holds = {truck.store * config.products + truck.product: _Hold(truck) for truck in trucks}
        self._delay = rng.choice(len(DELAY_CHANCES), size=shape, p=DELAY_CHANCES)
        self._waste = rng.random(shape) < assortment.per_series([row.waste for row in assortment.ranges])[:, None]
        self._level = assortment.level
        self._arriving: dict[int, list[Order]] = {}
        self._on_order = np.zeros(config.series, dtype=np.int64)

    def play(self, wanted: Ints) -> Ledger:
        """Return the ledger of a demand.

        Parameters
        ----------
        wanted
            Units by series and day.

        Returns
        -------
        Ledger
            What was delivered, sold and left.
        """
        stock = self._first_stock()
        available, sold, spoilt, closing = (np.zeros_like(wanted) for _ in range(4))
        ledger = Ledger(stock.copy(), available, sold, spoilt, closing)
        for day in range(self._days):
            self._deliver(day, stock)
            self._order(day, stock, ledger)
            ledger.available[:, day] = stock
            ledger.sold[:, day] = np.minimum(wanted[:, day], stock)
            stock -= ledger.sold[:, day]
            ledger.spoilt[:, day] = self._waste[:, day] & (stock >= WASTE_NEEDS_UNITS)
            stock -= ledger.spoilt[:, day]
            ledger.closing[:, day] = stock
            self._release(day, stock)
        return ledger

    def _first_stock(self) -> Ints:
        """Return a full shelf: as if everything had been ordered and had come on the day before."""
        gap = np.array([self._cover_days(series, 0) for series in range(len(self._lead))])
        return np.ceil(self._up_to(0, gap, self._level)).astype(np.int64)

    def _deliver(self, day: int, stock: Ints) -> None:
        for order in self._arriving.pop(day, ()):
            hold = self._holds.get(order.series)
            if hold is not None and not hold.over and day >= hold.truck.day:
                order.held = True
                hold.waiting.append(order)
                continue
            order.delivered_day = day
            stock[order.series] += order.units
            self._on_order[order.series] -= order.units

    def _release(self, day: int, stock: Ints) -> None:
        """Let the late truck come tomorrow once its shelf was empty long enough."""
        for series, hold in self._holds.items():
            if hold.over or day < hold.truck.day or stock[series] > 0 or not hold.waiting:
                continue
            hold.empty_days += 1
            if hold.empty_days >= hold.truck.empty_days:
                hold.over = True
                self._arriving.setdefault(day + 1, []).extend(hold.waiting)

    def _order(self, day: int, stock: Ints, ledger: Ledger) -> None:
        weekday = (self._first_weekday + day) % 7
        buyers = np.flatnonzero(self._order_days[:, weekday])
        gap = np.zeros(len(stock), dtype=np.int64)
        gap[buyers] = [self._cover_days(int(series), day) for series in buyers]
        missing = self._up_to(day, gap, self._estimate(day, ledger)) - stock - self._on_order
        for number in buyers:
            series = int(number)
            packs = int(np.ceil(missing[series] / self._pack[series]))
            if packs <= 0:
                continue
            due = day + int(self._lead[series])
            order = Order(series, packs * int(self._pack[series]), day, due)
            ledger.orders.append(order)
            self._on_order[series] += order.units
            self._arriving.setdefault(due + int(self._delay[series, day]), []).append(order)

    def _cover_days(self, series: int, day: int) -> int:
        """Return the days from now until the delivery of the order after this one, and the buffer."""
        later = 1
        while not self._order_days[series, (self._first_weekday + day + later) % 7]:
            later += 1
        return later + int(self._lead[series]) + BUFFER_DAYS

    def _up_to(self, day: int, gap: Ints, level: Floats) -> Floats:
        """Return the units that each series should have on hand and on order."""
        # Beyond the last day planners expect what they expect of it.
        days = np.minimum(day + np.arange(int(gap.max(initial=1))), self._days - 1)
        mean = level[:, None] * self._means.expected[:, days] * (np.arange(len(days)) < gap[:, None])
        total = mean.sum(axis=1)
        spread: Floats = np.sqrt(total + (mean**2).sum(axis=1) / SHAPE)
        up_to: Floats = total + Z * spread
        return up_to

    def _estimate(self, day: int, ledger: Ledger) -> Floats:
        """Return the planners' level: sales over expected factors, with what they knew before for the first weeks."""
        window = slice(max(0, day - LEVEL_DAYS), day)
        sellable = ledger.closing[:, window] > 0
        sold = (ledger.sold[:, window] * sellable).sum(axis=1)
        factors = (self._means.expected[:, window] * sellable).sum(axis=1)
        prior_days = max(2, LEVEL_DAYS - day)
        level: Floats = (sold + prior_days * self._level) / (factors + prior_days)
        return level
