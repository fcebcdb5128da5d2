"""Excess: a shelf that holds far more than it will sell before the next orders, or before it spoils.

::

                 cover > EXCESS days beyond the lead time, and on hand > 2 x order-up-to
              or cover > shelf life                                                       at SHARE of either
    calm ───────────────────────────────────────────────────────────────────► excess_stock ───────────────► calm

The one rule: what counts is the stock that is there when a period is over; the money named is what lies in the units
above the order-up-to level, at cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.quantities import THOUSANDTHS
from streams.engine.emitter import measures

if TYPE_CHECKING:
    from online_models.stockout import LeadTimeDemand
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.ordering import Ordering
    from streams.engine.series import Series

#: An excess is over at this share of where it begins.
_SHARE: Final = 0.8
_TIMES_ORDER_UP_TO: Final = 2.0
#: Below this demand a day nobody can say for how long a stock lasts.
_LEAST_UNITS_A_DAY: Final = 0.02


class Excess:
    """Excess stock of the series of one task."""

    def __init__(self, core: Core, facts: Facts, ordering: Ordering) -> None:
        self._core = core
        self._facts = facts
        self._ordering = ordering

    def judge(self, series: Series, ahead: LeadTimeDemand, units: float, at_ms: int) -> None:
        """Open or clear an excess at the close of a period."""
        open_since = series.excess_since
        demand = max(ahead.demand_a_day(), _LEAST_UNITS_A_DAY)
        cover_days = units / demand
        share = 1.0 if open_since is None else _SHARE
        limit = share * (ahead.lead_days + self._core.settings.excess_days)
        life = self._shelf_life_days(series, at_ms)
        if cover_days <= limit and (life is None or cover_days <= share * life):
            if open_since is not None:
                self._clear(series, open_since, at_ms)
            return
        if open_since is None:
            self._open(series, ahead, units, cover_days, life, at_ms)

    def _shelf_life_days(self, series: Series, at_ms: int) -> float | None:
        product = self._core.view.product(series.sku, at_ms)
        return None if product is None else product.shelf_life_days

    def _open(
        self, series: Series, ahead: LeadTimeDemand, units: float, cover_days: float, life: float | None, at_ms: int
    ) -> None:
        wanted = self._ordering.level(series, ahead, at_ms).order_up_to_units
        spoils = life is not None and cover_days > life
        if units <= (wanted if spoils else _TIMES_ORDER_UP_TO * wanted):
            return
        series.excess_since = at_ms
        self._core.table.touch(series)
        evidence = {
            **measures("days", days_of_cover=cover_days, lead_time_days=ahead.lead_days, shelf_life_days=life),
            **measures("units", on_hand_units=units, order_up_to_units=wanted, excess_units=units - wanted),
            **measures("units", on_order_units=series.on_order() / THOUSANDTHS),
            **measures("units/day", demand_per_day_units=ahead.demand_a_day()),
        }
        self._core.emitter.finding(
            "excess_stock", "opened", "info", at_ms, at_ms, series, evidence=evidence,
            money=self._facts.cost(series, units - wanted, at_ms), model=self._facts.model_ref(series),
        )  # fmt: skip

    def _clear(self, series: Series, since_ms: int, at_ms: int) -> None:
        series.excess_since = None
        self._core.table.touch(series)
        self._core.emitter.finding("excess_stock", "cleared", "info", since_ms, at_ms, series)
