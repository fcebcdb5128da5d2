"""The ledger: how many units are on the shelf, from counts, deliveries and sales, and what is on order.

::

    on_hand(t) = last count + movements after it          unknown until the first count
    in one step of ten seconds: delivered, sold, counted  so a count has seen the sales of its step

What moved in the last few minutes is kept by step (a count is the jump it makes), so that a count or a close that comes
out of order still finds the on-hand of its own time. Nobody counts a shelf to the second, and a product that sells by
the second would else carry thousands of movements through every commit.

The one rule: within the slack the result does not depend on the order of arrival; a count older than the movements that
are kept is booked as if they had come before it, and reported as approximate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.series import Order

if TYPE_CHECKING:
    from streams.engine.series import Series

STEP_MS = 10_000
#: Once so many steps are kept, those older than the slack are let go.
_MANY_STEPS = 96


def move(series: Series, at_ms: int, units: int, oldest_kept_ms: int) -> None:
    """Book a movement; one in or before the step of the last count is part of that count already."""
    if series.on_hand is None:
        return
    step, counted = at_ms // STEP_MS, series.counted_ms // STEP_MS
    if step > counted:
        series.on_hand += units
        _add(series, step, units, oldest_kept_ms)
    elif step < counted:
        # It changes the shelf up to the count, which then jumps by that much less.
        _add(series, step, units, oldest_kept_ms)
        _add(series, counted, -units, oldest_kept_ms)


def count(series: Series, at_ms: int, units: int, oldest_kept_ms: int) -> bool:
    """Book a count; False when it is older than the movements that are kept, so only approximate."""
    if series.on_hand is None:
        series.on_hand, series.counted_ms = units, at_ms
        return True
    step, counted = at_ms // STEP_MS, series.counted_ms // STEP_MS
    jump = units - series.on_hand + _moved_after(series, step)
    _add(series, step, jump, oldest_kept_ms)
    if step < counted:
        _add(series, counted, -jump, oldest_kept_ms)
    else:
        series.on_hand += jump
        series.counted_ms = at_ms
    return at_ms >= oldest_kept_ms


def on_hand_at(series: Series, cut_ms: int) -> int | None:
    """Return the on-hand as of a moment within the slack, at the end of the last step that is over by then."""
    if series.on_hand is None:
        return None
    return series.on_hand - _moved_after(series, (cut_ms + 1) // STEP_MS - 1)


def _moved_after(series: Series, step: int) -> int:
    return sum(moved for at, moved in series.recent.items() if at > step)


def _add(series: Series, step: int, units: int, oldest_kept_ms: int) -> None:
    recent = series.recent
    if step in recent:
        recent[step] += units
        return
    if len(recent) >= _MANY_STEPS:
        oldest = oldest_kept_ms // STEP_MS
        for old in [at for at in recent if at < oldest]:
            del recent[old]
    recent[step] = units


def place_order(series: Series, order_id: str, units: int, due_ms: int | None) -> None:
    """Book an order; a repeated id replaces it."""
    cancel_order(series, order_id)
    series.orders.append(Order(order_id, units, due_ms))
    series.orders.sort(key=lambda order: (order.due_ms or 0, order.order_id))


def cancel_order(series: Series, order_id: str) -> None:
    """Forget what is open of an order."""
    series.orders = [order for order in series.orders if order.order_id != order_id]


def receive(series: Series, units: int, order_id: str | None) -> list[Order]:
    """Close orders as far as a delivery goes: the one it names, else the earliest due; return those that it closed."""
    closed = []
    for order in list(series.orders):
        if order_id is not None and order.order_id != order_id:
            continue
        taken = min(order.units, units)
        order.units -= taken
        units -= taken
        if order.units == 0 or order_id is not None:
            series.orders.remove(order)
            closed.append(order)
        if units <= 0:
            break
    return closed
