"""Events: what a stock event or a rival's price does to the state, the moment it is handled.

The one rule: an event is judged by what stands at its time; one that comes late is booked at its time all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import BadEvent
from schemas.prices import CompetitorPrice
from schemas.quantities import DAY_MS, HOUR_MS, MILLIONTHS, to_millionths, to_ms, to_thousandths
from schemas.reasons import Reason
from schemas.stock import (
    Availability,
    OrderCancelled,
    OrderPlaced,
    ShelfPrice,
    StockAdjusted,
    StockCounted,
    StockDelivered,
)
from streams.engine import ledger
from streams.engine.deliveries import Deliveries
from streams.engine.emitter import measures
from streams.engine.market import Market, Rival, Shelf
from streams.engine.series import OUT_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.engine.admit import StockBody
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.risk import Risk
    from streams.engine.series import Series
    from streams.engine.windows import Windows


#: No interval out of stock is longer: it would open a window for each of its periods.
_LONGEST_INTERVAL_MS = 400 * DAY_MS


class Events:
    """The events of one task."""

    def __init__(self, core: Core, windows: Windows, facts: Facts, risk: Risk) -> None:
        self._core = core
        self._windows = windows
        self._facts = facts
        self._risk = risk
        self._deliveries = Deliveries(core, facts)

    def handle(self, event: StockBody | CompetitorPrice, at_ms: int) -> None:
        """Book one event."""
        if isinstance(event, CompetitorPrice):
            self.rival(event, at_ms)
        else:
            self.stock(event, at_ms)

    # --- stock ------------------------------------------------------------------------------------------------

    def stock(self, event: StockBody, at_ms: int) -> None:
        """Book one stock event or shelf price."""
        if isinstance(event, ShelfPrice):
            self._shelf(event, at_ms)
            return
        if isinstance(event, Availability):
            _check_interval(event)
        core = self._core
        series = self._windows.series(event.store_id, event.sku, at_ms)
        core.table.touch(series)
        kept = core.clock.newest_ms - core.kept_ms
        if isinstance(event, Availability):
            self._availability(series, event, at_ms)
            return
        if isinstance(event, StockCounted):
            if not ledger.count(series, at_ms, to_thousandths(event.units), kept):
                core.emitter.count("approximate_counts")
        elif isinstance(event, StockDelivered):
            closed = ledger.receive(series, to_thousandths(event.units), event.order_id)
            self._deliveries.came(series, closed, at_ms)
            if not closed:
                self._risk.outcomes.spoilt(series, at_ms)
            ledger.move(series, at_ms, to_thousandths(event.units), kept)
        elif isinstance(event, StockAdjusted):
            ledger.move(series, at_ms, to_thousandths(event.units), kept)
            if event.units > 0:
                self._risk.outcomes.spoilt(series, at_ms)
        elif isinstance(event, OrderPlaced):
            due_ms = self._deliveries.placed(series, at_ms, None if event.due_at is None else to_ms(event.due_at))
            self._risk.outcomes.spoilt(series, due_ms)
            ledger.place_order(series, event.order_id, to_thousandths(event.units), due_ms)
        elif isinstance(event, OrderCancelled):
            ledger.cancel_order(series, event.order_id)
        if core.settings.models != "none":
            self._risk.replan(series, at_ms)
        self._risk.moved(series, at_ms, early=False)
        if core.settings.intraday and series.on_hand is not None and series.on_hand <= 0:
            # Nobody sells from an empty shelf, so no sale will open the hour in which it is seen empty.
            self._windows.add_to_hour(series, at_ms // HOUR_MS, 0)

    def _availability(self, series: Series, event: Availability, at_ms: int) -> None:
        """Add an interval out of stock to the open periods it touches, inside their trading time."""
        if event.in_stock:
            return
        begin, end = to_ms(event.valid_from), to_ms(event.valid_to)
        periods = self._core.periods
        if self._core.settings.intraday and not self._windows.lazy and end > periods.start_ms(series.next_period):
            series.gaps.append((at_ms, begin, end))
        for period in range(max(series.next_period, periods.of(begin)), periods.of(max(begin, end - 1)) + 1):
            opens, closes = self._facts.trading_ms(period)
            self._windows.window(series, period)[OUT_MS] += max(0, min(end, closes) - max(begin, opens))

    # --- prices -----------------------------------------------------------------------------------------------

    def _shelf(self, event: ShelfPrice, at_ms: int) -> None:
        until = None if event.valid_to is None else to_ms(event.valid_to)
        price = to_millionths(event.unit_price)
        shelf = Shelf(at_ms, to_ms(event.valid_from), until, event.store_id, price, event.currency)
        market = self._core.market.touch(event.sku)
        market.put_shelf(shelf)
        self._judge_rivals(market, sorted(market.rivals), at_ms)

    def rival(self, event: CompetitorPrice, at_ms: int) -> None:
        """Book a rival's price and judge whether it undercuts ours."""
        market = self._core.market.touch(event.sku)
        gone = event.availability == "out_of_stock" or event.unit_price is None
        price = None if gone or event.unit_price is None else to_millionths(event.unit_price)
        reference = None if event.reference_price is None else to_millionths(event.reference_price)
        market.put_rival(event.rival, Rival(at_ms, price, event.currency, reference))
        self._judge_rivals(market, (event.rival,), at_ms)

    def _judge_rivals(self, market: Market, rivals: Sequence[str], at_ms: int) -> None:
        # A price that comes late is not the newest one: judged is what stands now.
        at_ms = max(at_ms, self._core.clock.newest_ms)
        own = market.own(None, at_ms, at_ms)
        if own is None:
            return
        limit = self._core.settings.undercut_gap
        for name in rivals:
            known = [one for one in market.rivals[name] if one.at_ms <= at_ms]
            if not known:
                continue
            theirs = known[-1]
            gap = own.price / theirs.price - 1 if theirs.price and theirs.currency == own.currency else None
            began = market.undercuts.get(name)
            # From when both prices hold: their own times, so that an episode has one id in every recording.
            since_ms = max(theirs.at_ms, own.at_ms, own.from_ms)
            if began is None and gap is not None and gap >= limit and theirs.is_cut():
                market.undercuts[name] = since_ms
                self._say_undercut(market.sku, name, since_ms, own, theirs.price or 0, gap)
            elif began is not None and (gap is None or gap < limit / 2):
                del market.undercuts[name]
                self._core.emitter.finding(
                    "competitor_undercut", "cleared", "warning", began, since_ms, sku=market.sku, source=name
                )

    def _say_undercut(self, sku: str, rival: str, at_ms: int, own: Shelf, theirs: int, gap: float) -> None:
        evidence = {
            **measures(own.currency, our_price=own.price / MILLIONTHS, rival_price=theirs / MILLIONTHS),
            **measures("share", price_gap_share=gap),
        }
        self._core.emitter.finding(
            "competitor_undercut", "opened", "warning", at_ms, at_ms, sku=sku, source=rival, evidence=evidence
        )


def _check_interval(event: Availability) -> None:
    length_ms = to_ms(event.valid_to) - to_ms(event.valid_from)
    far_ms = abs(to_ms(event.valid_from) - to_ms(event.event_time))
    if not 0 < length_ms <= _LONGEST_INTERVAL_MS or far_ms > _LONGEST_INTERVAL_MS:
        raise BadEvent(Reason.IMPLAUSIBLE, "valid_to: not after valid_from, or more than 400 days from it or the event")
