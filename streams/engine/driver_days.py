"""What every driver of a series' demand did, period by period: the record that a cause is looked for in.

Why: a cause is a driver that moved when demand did. The one rule: everything here is looked up again from what the task
knows anyway (its log so far), so that a series which nobody asks about costs nothing, and a restart changes nothing.

=============  ================================================  ===========================
driver         from                                              unknown
=============  ================================================  ===========================
promotion      context: the deepest one that touches the period  0: none
own price      shelf prices, as of the period's end              None
rival prices   each rival's newest price at the period's end     the rival is not there
supply         periods that taught nothing: an empty shelf       they teach unless told so
data           the store was dark, silent, or its feed down      it was heard
=============  ================================================  ===========================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.quantities import MILLIONTHS, THOUSANDTHS

if TYPE_CHECKING:
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.series import Series

#: Taken where a promotion does not say how deep it cuts.
USUAL_DEPTH: Final = 0.2
_NO_PRICES: Final[Mapping[str, float | None]] = {}


@dataclass(frozen=True, slots=True)
class DriverDay:
    """One period of one series.

    Parameters
    ----------
    period, slot, start_ms
        Its ordinal, its place in the season, its begin.
    units
        What was sold; None where it says nothing of demand.
    sold
        The same in thousandths, whatever it says.
    promotion
        Share of the price cut off, 0 without a promotion.
    own_price, currency
        Ours, in the currency of the shelf; None: unknown.
    rival_prices
        Rival to price in the same currency; None: it had none to sell.
    is_empty
        The shelf was empty for so long that the period taught nothing.
    is_dark
        The store's till was not heard for a part of it, or it was closed.
    """

    period: int
    slot: int
    start_ms: int
    units: float | None
    sold: int = 0
    promotion: float = 0.0
    own_price: float | None = None
    currency: str | None = None
    rival_prices: Mapping[str, float | None] = field(default_factory=lambda: _NO_PRICES)
    is_empty: bool = False
    is_dark: bool = False


class DriverRecord:
    """Looks drivers up.

    Parameters
    ----------
    core, facts
        Of the task.
    """

    def __init__(self, core: Core, facts: Facts) -> None:
        self._core = core
        self._facts = facts

    def days(
        self, series: Series, history: History, first: int, last: int, now_ms: int, newest: float | None
    ) -> list[DriverDay]:
        """Return what the drivers did from one period to another, those before the series' first left out.

        Parameters
        ----------
        series, history
            Whose.
        first, last
            Periods, both included; `last` may be the one after the newest of the history.
        now_ms
            What was not known by then is not said.
        newest
            Units of the period after the newest of the history; None where unknown.
        """
        begin = max(first, history.first) if history.sold else last
        return [self._day(series, history, period, now_ms, newest) for period in range(begin, last + 1)]

    def _day(self, series: Series, history: History, period: int, now_ms: int, newest: float | None) -> DriverDay:
        core = self._core
        at = period - history.first
        in_history = 0 <= at < len(history.sold)
        taught = bool(history.taught[at]) if in_history else newest is not None
        sold = history.sold[at] if in_history else round((newest or 0.0) * THOUSANDTHS)
        start_ms, end_ms = core.periods.start_ms(period), core.periods.end_ms(period)
        dark = self._is_dark(series.store_id, period, min(end_ms, now_ms))
        promotion = core.view.promotion(series.store_id, series.sku, start_ms, end_ms, now_ms)
        own, currency, rivals = self._prices(series, min(end_ms - 1, now_ms), now_ms)
        return DriverDay(
            period=period,
            slot=core.periods.slot(period),
            start_ms=start_ms,
            units=max(sold, 0) / THOUSANDTHS if taught else None,
            sold=sold,
            promotion=0.0 if promotion is None else promotion.depth or USUAL_DEPTH,
            own_price=own,
            currency=currency,
            rival_prices=rivals,
            is_empty=in_history and not taught and not dark,
            is_dark=dark,
        )

    def _is_dark(self, store_id: str, period: int, until_ms: int) -> bool:
        store = self._core.stores.by_id[store_id]
        begin, end = self._facts.trading_ms(period)
        end = min(end, until_ms)
        if period in store.dark or store.silent_spans(begin, end):
            return True
        return self._facts.closed_ms(store_id, begin, end, until_ms) > 0

    def _prices(
        self, series: Series, at_ms: int, known_ms: int
    ) -> tuple[float | None, str | None, Mapping[str, float | None]]:
        market = self._core.market.by_sku.get(series.sku)
        shelf = None if market is None else market.own(series.store_id, at_ms, known_ms)
        currency = None if shelf is None else shelf.currency
        rivals: dict[str, float | None] = {}
        for name in sorted(market.rivals) if market is not None else ():
            known = [one for one in market.rivals[name] if one.at_ms <= at_ms] if market is not None else []
            if not known:
                continue
            price = known[-1].price
            if price is None:
                rivals[name] = None
            elif currency is None or known[-1].currency == currency:
                rivals[name] = price / MILLIONTHS
        return None if shelf is None else shelf.price / MILLIONTHS, currency, rivals


def taught_units(days: Sequence[DriverDay]) -> list[float]:
    """Return the units of the periods that say something of demand."""
    return [day.units for day in days if day.units is not None]
