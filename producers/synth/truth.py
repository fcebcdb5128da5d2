"""What truly happened in the market, planted or not, in the words of the scorecard.

The one rule: truth is read off the finished play; a plan that came to nothing is no truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from producers.synth.assortment import Assortment, Bools, Ints
from producers.synth.config import MarketConfig
from producers.synth.demand import Lines
from producers.synth.planting import CUT_FACTOR, Plan
from producers.synth.replenishment import Ledger
from streams.scorecard import Planted


@dataclass(frozen=True, slots=True)
class Timetable:
    """When things happen within a day, milliseconds since 1970.

    Parameters
    ----------
    midnight_ms
        Start of each local day, and of the day after the last.
    delivery_ms
        When the truck comes, by series and day.
    """

    midnight_ms: Ints
    delivery_ms: Ints

    @property
    def ends_at_ms(self) -> int:
        """The end of the data."""
        return int(self.midnight_ms[-1])


def tell_truth(
    config: MarketConfig,
    assortment: Assortment,
    plan: Plan,
    wanted: Ints,
    ledger: Ledger,
    kept: Lines,
    timetable: Timetable,
) -> tuple[Planted, ...]:
    """Return everything that happened, in the order of its time.

    Parameters
    ----------
    config, assortment, plan
        The market and what was to happen.
    wanted
        Demand by series and day.
    ledger
        What became of it.
    kept
        The till lines that found stock.
    timetable
        When.

    Returns
    -------
    tuple
        Stock-outs (planted and natural), drifts and price cuts.
    """
    ends = timetable.ends_at_ms
    found = list(_stockouts(config, assortment, wanted, ledger, kept, timetable))
    for drift in plan.drifts:
        store_id, sku = assortment.store_ids[drift.store], assortment.skus[drift.product]
        begin = int(timetable.midnight_ms[drift.day])
        detail = f"level times {drift.factor:g} from {_day(config, drift.day)} on"
        found.append(Planted("demand_drift", store_id, sku, None, begin, ends, detail))
    for cut in plan.price_cuts:
        sku, rival = assortment.skus[cut.product], assortment.rivals[cut.rival]
        begin = int(timetable.midnight_ms[cut.day])
        detail = f"{rival} asks {CUT_FACTOR:.0%} of its price from {_day(config, cut.day)} on"
        found.append(Planted("rival_price_cut", None, sku, rival, begin, ends, detail))
    return tuple(sorted(found, key=lambda t: (t.starts_at_ms, t.kind, t.store_id or "", t.sku)))


def _day(config: MarketConfig, day: int) -> str:
    return str(np.datetime64(config.first_day, "D") + np.timedelta64(day, "D"))


def _stockouts(
    config: MarketConfig,
    assortment: Assortment,
    wanted: Ints,
    ledger: Ledger,
    kept: Lines,
    timetable: Timetable,
) -> Iterator[Planted]:
    last_sale = _last_sale_ms(kept, ledger, timetable)
    delivered = np.zeros((config.series, config.days + 1), dtype=np.bool_)
    held = np.zeros_like(delivered)
    for order in ledger.orders:
        # What never came is booked on the day after the last, where an unfinished empty run ends.
        day = config.days if order.delivered_day is None else order.delivered_day
        delivered[order.series, day] = True
        held[order.series, day] |= order.held
    for series, first, after in _empty_runs(ledger, delivered):
        planted = bool(held[series, after])
        lost = int((wanted - ledger.sold)[series, first:after].sum())
        ends = timetable.delivery_ms[series, after] if after < config.days else timetable.ends_at_ms
        yield Planted(
            kind="stockout",
            store_id=assortment.store_ids[series // config.products],
            sku=assortment.skus[series % config.products],
            rival=None,
            starts_at_ms=int(last_sale[series, first]),
            ends_at_ms=int(ends),
            detail=f"{'the truck is late' if planted else 'sold out'}, {lost} units not sold",
            planted=planted,
            lost_units=lost,
        )


def _empty_runs(ledger: Ledger, delivered: Bools) -> Iterator[tuple[int, int, int]]:
    """Yield (series, first day that ends empty, day of the delivery that ends it or the number of days)."""
    series_count, days = ledger.closing.shape
    for series in range(series_count):
        day = 0
        while day < days:
            if ledger.closing[series, day] > 0:
                day += 1
                continue
            first = day
            day += 1
            while day < days and not delivered[series, day]:
                day += 1
            yield series, first, day


def _last_sale_ms(kept: Lines, ledger: Ledger, timetable: Timetable) -> Ints:
    last = np.zeros(ledger.sold.shape, dtype=np.int64)
    np.maximum.at(last, (kept.series, kept.day), timetable.midnight_ms[kept.day] + kept.second * 1000)
    return last
