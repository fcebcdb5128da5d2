"""Sales: what runs of receipt lines do to the state, with as few steps a line as can be, for sales are the flood.

::

    close due? it goes first ─► too old, too far ahead? ─► seen before? ─► period ─► hour ─► on-hand ─► risk

The common line (sold, in order, its windows open) stays inside one loop; whatever is rarer has a method of its own.

The one rule: an event of a closed period corrects the past and moves the on-hand, and teaches nobody anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from schemas.errors import BadEvent
from schemas.ids import dedupe_key
from schemas.quantities import HOUR_MS, MILLIONTHS, THOUSANDTHS
from schemas.reasons import Reason
from streams.engine import ledger
from streams.engine.history import INT32_MAX
from streams.engine.series import RETURNED, SOLD
from streams.periods import QUARTER_MS

if TYPE_CHECKING:
    from schemas.sales import SaleFields
    from streams.engine.admit import Body
    from streams.engine.core import Core
    from streams.engine.gate import Gate
    from streams.engine.risk import Risk
    from streams.engine.series import Series
    from streams.engine.windows import Windows
    from streams.merge import Item


class Sales:
    """The sales of one task."""

    def __init__(self, core: Core, windows: Windows, gate: Gate, risk: Risk) -> None:
        self._core = core
        self._windows = windows
        self._gate = gate
        self._risk = risk

    def book(self, items: Sequence[Item[Body]], at: int, stop: int) -> int:
        """Book items from one index up to another, or up to where a close falls due; return the next index."""
        core, windows, gate, risk = self._core, self._windows, self._gate, self._risk
        clock, agenda, intraday = core.clock, core.agenda, core.settings.intraday
        by_name, touch = core.table.by_name, core.table.touch
        newest, tick_ms, slack = clock.newest_ms, clock.tick_ms, core.settings.slack_ms
        latest = tick_ms + core.settings.max_ahead_ms
        accepted = known = period = hour = 0
        quarter = -1
        seen: set[bytes] = set()
        order: list[bytes] = []
        talked: set[str] = set()
        while at < stop:
            t_ms, offset, body, record = items[at]
            if t_ms > newest:
                if newest >= 0 and t_ms <= tick_ms:
                    clock.newest_ms = newest = t_ms
                    if agenda.next_due <= newest:
                        break
                elif gate.moves_time(t_ms):
                    break
                else:
                    newest = clock.newest_ms
            at += 1
            is_new = False
            try:
                if isinstance(body, BadEvent):
                    raise body
                fields = cast("SaleFields", body)
                if t_ms > latest or newest - t_ms > slack or newest < 0:
                    gate.check_time(t_ms)
                if t_ms // QUARTER_MS != quarter:
                    quarter, hour, period = t_ms // QUARTER_MS, t_ms // HOUR_MS, core.periods.of(t_ms)
                    seen, order = core.dedupe.open(hour)
                    talked.clear()
                key = dedupe_key(fields["event_id"])
                if key in seen:
                    known += 1
                    continue
                is_new = True
                seen.add(key)
                order.append(key)
                units = round(fields["units"] * THOUSANDTHS)
                series = by_name.get(f"{fields['store_id']}|{fields['sku']}")
                if series is None:
                    series = windows.series(fields["store_id"], fields["sku"], t_ms)
                if newest - t_ms > slack:
                    windows.lapse(series)
                if series.asleep:
                    windows.wake(series, period)
                if period < series.next_period:
                    windows.begin_earlier(series, period, t_ms)
                if period >= series.next_period and fields.get("kind", "sold") == "sold":
                    window = series.open.get(period) or windows.window(series, period)
                    if window[SOLD] + units > INT32_MAX:
                        raise _too_many()
                    window[SOLD] += units
                    if series.last_sale_ms is None or t_ms > series.last_sale_ms:
                        series.last_sale_ms = t_ms
                    price = fields.get("unit_price")
                    if price and t_ms >= series.price_ms:
                        series.price, series.price_ms = round(price * MILLIONTHS), t_ms
                    if series.store_id not in talked:
                        talked.add(series.store_id)
                        windows.store_sold(series.store_id, hour, period)
                    booked, moved = units, -units
                else:
                    booked, moved = self._book_rare(series, fields, units, t_ms, period)
                if intraday and booked:
                    if hour in series.hours:
                        series.hours[hour] += booked
                    else:
                        windows.add_to_hour(series, hour, booked)
                if not series.dirty:
                    touch(series)
                accepted += 1
                if moved and series.on_hand is not None:
                    ledger.move(series, t_ms, moved, newest - core.kept_ms)
                    if risk.may_speak(series):
                        gate.cause("sales", offset)
                        risk.moved(series, t_ms, early=booked > 0, at_till=True)
            except BadEvent as error:
                if is_new:
                    gate.take_back(t_ms)
                gate.refuse("sales", record, error)
            if agenda.next_due <= newest:
                break
        core.emitter.count("accepted", accepted)
        core.emitter.count("duplicate", known)
        return at

    def _book_rare(self, series: Series, fields: SaleFields, units: int, t_ms: int, period: int) -> tuple[int, int]:
        """Book what is no sale, or comes after its period was closed; return what it adds to the hour and the shelf."""
        kind = fields.get("kind", "sold")
        column, booked, moved = SOLD, units, -units
        if kind == "returned":
            column, moved = RETURNED, (units if fields.get("resaleable") else 0)
        elif kind == "voided":
            booked, moved = -units, units
        if period < series.next_period:
            self._correct(series, period, column, booked)
        else:
            window = self._windows.window(series, period)
            if abs(window[column] + booked) > INT32_MAX:
                raise _too_many()
            window[column] += booked
        return (booked if column == SOLD else 0), moved

    def _correct(self, series: Series, period: int, column: int, units: int) -> None:
        core = self._core
        history = core.archive.of(series)
        sold, returned = (units, 0) if column == SOLD else (0, units)
        if abs(history.sold_in(period) + sold) > INT32_MAX:
            raise _too_many()
        core.emitter.count("late")
        if history.correct(period, sold, returned):
            core.archive.keep(series, history)


def _too_many() -> BadEvent:
    return BadEvent(Reason.IMPLAUSIBLE, "more than 2.1 million units in one period")
