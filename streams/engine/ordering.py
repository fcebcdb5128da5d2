"""Ordering: up to how many units to order, and how many of them are there for safety.

::

    cost of one unit too few   margin = price - cost                            cu
    cost of one too many       cost x (holding for a cycle + risk of spoiling)  co      cycle = lead time + review

    critical ratio = cu / (cu + co)         order-up-to = that quantile of the demand of one cycle
                                            safety stock = order-up-to - mean demand of the cycle

Where price or cost is unknown, the shop's service level takes the place of the ratio. The one rule: what is recommended
is a quantile of demand, never a multiple of its mean.

References
----------
Arrow, Harris and Marschak (1951), *Optimal inventory policy*; Silver, Pyke and Thomas, *Inventory and production
management in supply chains*, 4th ed., chapter 9 (the newsvendor).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from online_models.lead_times import lead_time_pmf
from online_models.stockout import LeadTimeDemand

if TYPE_CHECKING:
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.series import Series

_LEAST_RATIO, _LARGEST_RATIO = 0.5, 0.995
_DAYS_A_YEAR: Final = 365.25


class Level(NamedTuple):
    """What a shelf should have, on hand and on order.

    Parameters
    ----------
    order_up_to_units
        Least position that lasts one cycle with the critical ratio's probability.
    safety_units
        Its part above the cycle's mean demand.
    service_share
        That probability.
    """

    order_up_to_units: float
    safety_units: float
    service_share: float


class Ordering:
    """Order levels of one task."""

    def __init__(self, core: Core, facts: Facts) -> None:
        self._core = core
        self._facts = facts

    def level(self, series: Series, ahead: LeadTimeDemand, at_ms: int) -> Level:
        """Return the order level of a series; `ahead` must see a review period beyond the lead time."""
        days = self._facts.lead_time_days(series, at_ms) + self._core.settings.review_days
        shares = self._core.suppliers.shares(self._facts.supplier(series, at_ms))
        pmf = lead_time_pmf(days, shares)[: len(ahead.means)]
        cycle = LeadTimeDemand(ahead.means, ahead.dispersion, pmf, grain=ahead.grain, level_share=ahead.level_share)
        service = self.service_share(series, days, at_ms)
        units = cycle.order_up_to_units(service)
        return Level(units, max(0.0, units - cycle.lead_demand_units()), service)

    def service_share(self, series: Series, cycle_days: float, at_ms: int) -> float:
        """Return the critical ratio, or the shop's service level where price or cost is unknown."""
        settings = self._core.settings
        price = self._facts.own_price(series, at_ms)
        product = self._core.view.product(series.sku, at_ms)
        if price is None or product is None or product.unit_cost is None or product.currency != price[1]:
            return settings.service_level
        margin = price[0] - product.unit_cost
        holding = settings.holding_cost_share_a_year * cycle_days / _DAYS_A_YEAR
        life = product.shelf_life_days
        spoiling = min(1.0, (cycle_days / life) ** 2) if life else 0.0
        surplus = product.unit_cost * (holding + spoiling)
        if margin <= 0.0 or surplus <= 0.0:
            return settings.service_level
        return min(max(margin / (margin + surplus), _LEAST_RATIO), _LARGEST_RATIO)
