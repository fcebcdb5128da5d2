"""The ledger: how many units are on the shelf, from counts, deliveries and sales, and what is on order.

::

    on_hand(t) = last count + movements after it          unknown until the first count
    at equal times: delivered, sold, counted              so a count at t has seen the sales at t

Movements of the last few minutes are kept one by one (a count is the jump it makes), so that a count or a close that
comes out of order still finds the on-hand of its own time.

The one rule: within the slack the result does not depend on the order of arrival; a count older than the movements that
are kept is booked as if they had come before it, and reported as approximate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.series import Order

if TYPE_CHECKING:
    from streams.engine.series import Series

#: Each time so many movements are kept one by one, those older than the slack are let go, if the first of them is twice
#: as old: else a product that sells by the second would be swept at every 32nd sale, to let go of next to nothing.
_PRUNE_EVERY = 32


def move(series: Series, at_ms: int, units: int, oldest_kept_ms: int) -> None:
    """Book a movement; one at or before the last count is part of that count already."""
    on_hand = series.on_hand
    if on_hand is None:
        return
    recent = series.recent
    recent.append((at_ms, units))
    if at_ms <= series.counted_ms:
        # It changes the shelf up to the count, which then jumps by that much less.
        recent.append((series.counted_ms, -units))
    else:
        series.on_hand = on_hand + units
    if not len(recent) % _PRUNE_EVERY and recent[0][0] <= oldest_kept_ms - (at_ms - oldest_kept_ms):
        _prune(series, oldest_kept_ms)


def count(series: Series, at_ms: int, units: int, oldest_kept_ms: int) -> bool:
    """Book a count; False when it is older than the movements that are kept, so only approximate."""
    before = on_hand_at(series, at_ms)
    if series.on_hand is None or before is None:
        series.on_hand, series.counted_ms = units, at_ms
        return True
    series.recent.append((at_ms, units - before))
    if at_ms < series.counted_ms:
        series.recent.append((series.counted_ms, before - units))
    else:
        series.on_hand += units - before
        series.counted_ms = at_ms
    _prune(series, oldest_kept_ms)
    return at_ms >= oldest_kept_ms


def _prune(series: Series, oldest_kept_ms: int) -> None:
    series.recent = [entry for entry in series.recent if entry[0] > oldest_kept_ms]


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
