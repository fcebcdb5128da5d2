"""A simulated stock over real demand: daily review, order point and lot, random lead times, lost sales.

::

    morning    what arrives today is put on the shelf
    day        demand; what is not there is lost
    evening    on hand + on order <= order point  ─► an order of one lot leaves, to arrive after its lead time

    order point   7 days of mean demand x U(1, 2.2)      lot   5 to 12 days of mean demand
    lead time     gamma, mean 6.3 days; 6 % of the orders come 5 to 12 days late on top

Alerts change nothing here: what an alert would have saved is counted, not played. The one rule: everything random comes
from one seed, and nothing of it depends on a rule that is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from streams.evaluation.panel import Bools, Floats

_COVER_DAYS: Final = 7.0
_COVER_SPREAD: Final = (1.0, 2.2)
_LOT_DAYS: Final = (5.0, 12.0)
_LEAD_SHAPE, _LEAD_MEAN_DAYS = 9.0, 6.3
_LATE_SHARE: Final = 0.06
_LATE_DAYS: Final = (5, 12)


class Order(NamedTuple):
    """An order on its way.

    Parameters
    ----------
    placed
        Period in whose evening it left.
    arrives
        Period in whose morning it is on the shelf.
    units
        How many.
    """

    placed: int
    arrives: int
    units: float


@dataclass(frozen=True, slots=True)
class StockHistory:
    """What happened, series x period.

    Parameters
    ----------
    on_hand
        At the begin of the period, before what arrives in it.
    lost
        Units of demand that found no stock.
    out
        The shelf ended the period empty, or demand was lost.
    orders
        By series, all orders in the order of their leaving.
    mean
        By series: mean demand a day that the stock was set by.
    """

    on_hand: Floats
    lost: Floats
    out: Bools
    orders: tuple[tuple[Order, ...], ...]
    mean: Floats

    def onsets(self) -> Bools:
        """Periods that are out of stock after one that was not."""
        before = np.zeros_like(self.out)
        before[:, 1:] = self.out[:, :-1]
        found: Bools = self.out & ~before
        return found


def simulate(demand: Floats, until: int, seed: int) -> StockHistory:
    """Play the stock.

    Parameters
    ----------
    demand
        Series x period, units; unknown counts as none.
    until
        Order point and lot are set by the mean demand before this period.
    seed
        Of the generator.
    """
    random = np.random.default_rng(seed)
    units = np.nan_to_num(demand)
    mean = units[:, :until].mean(axis=1)
    shape = units.shape
    on_hand, lost, out = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_)
    orders: list[tuple[Order, ...]] = []
    for series in range(shape[0]):
        point = mean[series] * _COVER_DAYS * random.uniform(*_COVER_SPREAD)
        lot = max(mean[series] * random.uniform(*_LOT_DAYS), 1e-9)
        leads = _draw_leads(random, shape[1])
        history = _Shelf(point, lot, leads).play(units[series])
        on_hand[series], lost[series], out[series] = history[:3]
        orders.append(history[3])
    return StockHistory(on_hand, lost, out, tuple(orders), mean)


def _draw_leads(random: np.random.Generator, count: int) -> list[int]:
    days = random.gamma(_LEAD_SHAPE, _LEAD_MEAN_DAYS / _LEAD_SHAPE, size=count)
    late = (random.random(count) < _LATE_SHARE) * random.integers(_LATE_DAYS[0], _LATE_DAYS[1] + 1, size=count)
    return [max(1, round(each)) for each in (days + late).tolist()]


class _Shelf:
    def __init__(self, point: float, lot: float, leads: list[int]) -> None:
        self._point, self._lot, self._leads = point, lot, leads

    def play(self, demand: Floats) -> tuple[list[float], list[float], list[bool], tuple[Order, ...]]:
        stock = self._point + self._lot / 2.0
        coming: list[Order] = []
        orders: list[Order] = []
        on_hand, lost, out = [], [], []
        for period, wanted in enumerate(demand.tolist()):
            on_hand.append(stock)
            stock += sum(order.units for order in coming if order.arrives == period)
            coming = [order for order in coming if order.arrives > period]
            sold = min(wanted, stock)
            stock -= sold
            lost.append(wanted - sold)
            out.append(wanted > sold or stock <= 0.0)
            while stock + sum(order.units for order in coming) <= self._point and len(coming) < len(self._leads):
                order = Order(period, period + self._leads[period], self._lot)
                coming.append(order)
                orders.append(order)
        return on_hand, lost, out, tuple(orders)
