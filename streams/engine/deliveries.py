"""Deliveries: what an order teaches when it is placed and when it comes, and whether its supplier has changed.

::

    order placed ──► promised days ──► the supplier's mean promise
    order comes  ──► local days late ──► the odds of every order like it
                                    └──► newest days later than its past? ──► lead_time_deviation opened, cleared

The one rule: an order is taught once, when the delivery that closes it comes; one of which nobody knows when it was due
teaches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schemas.quantities import DAY_MS
from streams.engine.emitter import measures

if TYPE_CHECKING:
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.series import Order, Series
    from streams.engine.suppliers import Supplier


class Deliveries:
    """Orders placed and come, of one task."""

    def __init__(self, core: Core, facts: Facts) -> None:
        self._core = core
        self._facts = facts

    def placed(self, series: Series, at_ms: int, due_ms: int | None) -> int:
        """Book an order and return when it is due: where nobody said so, after the usual lead time."""
        if due_ms is None:
            return at_ms + round(self._facts.lead_time_days(series, at_ms) * DAY_MS)
        days = self._core.periods.day_number(due_ms) - self._core.periods.day_number(at_ms)
        self._core.suppliers.promised(self._facts.supplier(series, at_ms), float(max(0, days)))
        return due_ms

    def came(self, series: Series, orders: Sequence[Order], at_ms: int) -> None:
        """Learn how late the orders were that a delivery has closed."""
        periods = self._core.periods
        for order in orders:
            if order.due_ms is None:
                continue
            day = periods.day_number(at_ms)
            name = self._facts.supplier(series, at_ms)
            supplier = self._core.suppliers.delivered(name, day, day - periods.day_number(order.due_ms))
            if supplier is not None and name is not None:
                self._judge(name, supplier, at_ms)

    def _judge(self, name: str, supplier: Supplier, at_ms: int) -> None:
        found, since = supplier.punctuality, supplier.deviates_since
        if found.deviates == (since is not None):
            return
        emit = self._core.emitter.finding
        if since is not None:
            supplier.deviates_since = None
            emit("lead_time_deviation", "cleared", "warning", since, at_ms, source=name)
            return
        supplier.deviates_since = at_ms
        evidence = {
            **measures("days", days_late=found.recent_days, usual_days_late=found.usual_days),
            **measures("delivery days", delivery_days=found.known_days),
        }
        if supplier.promises:
            promised = supplier.promised_days
            evidence |= measures(
                "days", lead_time_days=promised + found.recent_days, expected_days=promised + found.usual_days
            )
        emit("lead_time_deviation", "opened", "warning", at_ms, at_ms, source=name, evidence=evidence)
