"""The ledger: how many units are on the shelf, from counts, deliveries and sales, and what is on order.

::

    on_hand(t) = last count + movements after it          unknown until the first count
    at equal times: delivered, sold, counted              so a count at t has seen the sales at t

Movements of the last few minutes are kept one by one, so that a count (or a close) that arrives out of order still finds
the on-hand of its own time.

The one rule: within the slack the result does not depend on the order of arrival; a count older than the movements that
are kept is booked as if they had come before it, and reported as approximate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.series import Order

if TYPE_CHECKING:
    from streams.engine.series import Series

#: Movements kept one by one before those older than the slack are let go.
_PRUNE_ABOVE = 32


def move(series: Series, at_ms: int, units: int, oldest_kept_ms: int) -> None:
    """Book a movement; one at or before the last count is part of that count already."""
    on_hand = series.on_hand
    if on_hand is None or at_ms <= series.counted_ms:
        return
    series.on_hand = on_hand + units
    recent = series.recent
    recent.append((at_ms, units))
    if len(recent) > _PRUNE_ABOVE:
        series.recent = [entry for entry in recent if entry[0] > oldest_kept_ms]


def count(series: Series, at_ms: int, units: int, oldest_kept_ms: int) -> bool:
    """Book a count; False when it is older than the movements that are kept, so only approximate."""
    if series.on_hand is not None and at_ms < series.counted_ms:
        return True
    later = [entry for entry in series.recent if entry[0] > at_ms]
    exact = series.on_hand is None or at_ms >= oldest_kept_ms
    series.on_hand = units + sum(moved for _, moved in later)
    series.counted_ms = at_ms
    series.recent = later
    return exact


def on_hand_at(series: Series, cut_ms: int) -> int | None:
    """Return the on-hand as of a moment within the slack."""
    if series.on_hand is None:
        return None
    return series.on_hand - sum(moved for at_ms, moved in series.recent if at_ms > cut_ms)


def place_order(series: Series, order_id: str, units: int, due_ms: int | None) -> None:
    """Book an order; a repeated id replaces it."""
    cancel_order(series, order_id)
    series.orders.append(Order(order_id, units, due_ms))
    series.orders.sort(key=lambda order: (order.due_ms or 0, order.order_id))


def cancel_order(series: Series, order_id: str) -> None:
    """Forget what is open of an order."""
    series.orders = [order for order in series.orders if order.order_id != order_id]


def receive(series: Series, units: int, order_id: str | None) -> None:
    """Close orders as far as a delivery goes: the one it names, else the earliest due."""
    for order in list(series.orders):
        if order_id is not None and order.order_id != order_id:
            continue
        taken = min(order.units, units)
        order.units -= taken
        units -= taken
        if order.units == 0 or order_id is not None:
            series.orders.remove(order)
        if units <= 0:
            return
