"""What truly happened in the market, planted or not, in the words of the scorecard.

The one rule: truth is read off the finished play; a plan that came to nothing is no truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from producers.synth.assortment import Bools, Ints
from producers.synth.drawing import Drawn
from producers.synth.planting import CUT_FACTOR
from streams.scorecard import Planted


def tell_truth(drawn: Drawn) -> tuple[Planted, ...]:
    """Return everything that happened, in the order of its time.

    Parameters
    ----------
    drawn
        The finished play.

    Returns
    -------
    tuple
        Stock-outs (planted and natural), drifts and price cuts.
    """
    found = [*_stockouts(drawn), *_drifts(drawn), *_cuts(drawn)]
    return tuple(sorted(found, key=lambda truth: (truth.starts_at_ms, truth.kind, truth.store_id or "", truth.sku)))


def _drifts(drawn: Drawn) -> Iterator[Planted]:
    chain = drawn.assortment
    for drift in drawn.plan.drifts:
        yield Planted(
            kind="demand_drift",
            store_id=chain.store_ids[drift.store],
            sku=chain.skus[drift.product],
            rival=None,
            starts_at_ms=int(drawn.midnight_ms[drift.day]),
            ends_at_ms=drawn.ends_at_ms,
            detail=f"level times {drift.factor:g} from {_date(drawn, drift.day)} on",
        )


def _cuts(drawn: Drawn) -> Iterator[Planted]:
    chain = drawn.assortment
    for cut in drawn.plan.price_cuts:
        rival = chain.rivals[cut.rival]
        yield Planted(
            kind="rival_price_cut",
            store_id=None,
            sku=chain.skus[cut.product],
            rival=rival,
            starts_at_ms=int(drawn.midnight_ms[cut.day]),
            ends_at_ms=drawn.ends_at_ms,
            detail=f"{rival} asks {CUT_FACTOR:.0%} of its price from {_date(drawn, cut.day)} on",
        )


def _date(drawn: Drawn, day: int) -> str:
    return (drawn.config.first_day + timedelta(days=day)).isoformat()


def _stockouts(drawn: Drawn) -> Iterator[Planted]:
    chain, days = drawn.assortment, drawn.config.days
    last_sale = _last_sale_ms(drawn)
    delivered, held = _deliveries(drawn)
    for series, first, after in _empty_runs(drawn.ledger.closing, delivered):
        planted = bool(held[series, after])
        lost = int((drawn.wanted - drawn.ledger.sold)[series, first:after].sum())
        yield Planted(
            kind="stockout",
            store_id=chain.store_ids[series // chain.products],
            sku=chain.skus[series % chain.products],
            rival=None,
            starts_at_ms=int(last_sale[series, first]),
            ends_at_ms=int(drawn.delivery_ms[series, after]) if after < days else drawn.ends_at_ms,
            detail=f"{'the truck is late' if planted else 'sold out'}, {lost} units not sold",
            planted=planted,
            lost_units=lost,
        )


def _deliveries(drawn: Drawn) -> tuple[Bools, Bools]:
    """Return, by series and day, whether a truck came and whether it was a late one.

    What never came is booked on the day after the last, where an unfinished empty run ends.
    """
    delivered = np.zeros((drawn.config.series, drawn.config.days + 1), dtype=np.bool_)
    held = np.zeros_like(delivered)
    for order in drawn.ledger.orders:
        day = drawn.config.days if order.delivered_day is None else order.delivered_day
        delivered[order.series, day] = True
        held[order.series, day] |= order.held
    return delivered, held


def _empty_runs(closing: Ints, delivered: Bools) -> Iterator[tuple[int, int, int]]:
    """Yield (series, first day that ends empty, day of the delivery that ends it or the number of days)."""
    series_count, days = closing.shape
    for series in range(series_count):
        after = 0
        for first in map(int, np.flatnonzero(closing[series] == 0)):
            if first < after:
                continue
            after = first + 1
            while after < days and not delivered[series, after]:
                after += 1
            yield series, first, after


def _last_sale_ms(drawn: Drawn) -> Ints:
    lines = drawn.lines
    last = np.zeros(drawn.wanted.shape, dtype=np.int64)
    np.maximum.at(last, (lines.series, lines.day), drawn.midnight_ms[lines.day] + lines.second * 1000)
    return last
