"""What is known of a period before it begins, as numbers for the models.

Why: a feature is a promise about time: it reads only what was known at the origin. The one rule: a row holds the rows
of `online_models/catalogue.py` in their order; a test holds them together.
That every fact was known in time (`known_at` at or before the origin) is the caller's duty; nothing here can check it.

Unknown values take the neutral value of their column, which says "nothing special", so that an unknown never looks like
a fact: an unknown lag is the newest moving average, an unknown price stands at its reference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from online_models.columns import COLUMNS, Features

MONTH_EDGE_FIRST_DAYS = 3
MONTH_EDGE_LAST_DAYS = 2
HISTORY_PERIODS = 30
"""How many past periods `build_features` reads at most."""
NO_PAST = (math.nan,) * sum(column.in_units for column in COLUMNS)
"""Stands for the features of past demand where nobody writes rows: no model reads them."""


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """What is known of one period at the origin.

    Parameters
    ----------
    index
        Ordinal of the period, for the caller's bookkeeping.
    slot, season
        Its place in the season, and the season's length.
    starts_on
        First local day of the period; None where the calendar does not matter.
    holiday
        None: unknown.
    promotion_depth
        Share of the price cut off by our promotion, 0 for none; NaN: a promotion of unknown depth; None: unknown.
    own_price, reference_price, rival_price
        In one currency and unit; None: unknown.
    signals
        Values of the columns that a shop has added to the plain set, in their order.
    drivers
        What the built-in candidates say of it (see `streams.driver_values`); absent where they say nothing.
    """

    index: int
    slot: int
    season: int
    starts_on: date | None = None
    holiday: bool | None = None
    promotion_depth: float | None = None
    own_price: float | None = None
    reference_price: float | None = None
    rival_price: float | None = None
    signals: tuple[float, ...] = ()
    drivers: Mapping[str, float] = field(default_factory=dict)


def build_features(history: Sequence[float | None], facts: PeriodFacts) -> Features:
    """Everything the models are told of one period.

    Parameters
    ----------
    history
        Units of the periods before it, the newest last; None where a period is unknown. 30 are enough.
    facts
        What is known of the period itself.

    Returns
    -------
    Features
        Slot and row, in the order of the catalogue, then the shop's signals.

    Examples
    --------
    >>> facts = PeriodFacts(index=8, slot=1, season=7, promotion_depth=0.2, own_price=8.0, reference_price=10.0,
    ...     rival_price=10.0)
    >>> features = build_features([4.0, None, 6.0], facts)
    >>> named = dict(zip((column.name for column in COLUMNS), features.row))
    >>> named["lag_1_demand"], named["lag_7_demand"], named["moving_avg_7days_demand"]
    (6.0, 5.0, 5.0)
    >>> named["promotion"], named["own_price_ratio"], round(named["price_gap"], 3)
    (1.0, 0.8, -0.2)
    """
    return Features(facts.slot, past_features(history) + known_features(facts))


def past_features(history: Sequence[float | None]) -> tuple[float, ...]:
    """The six features of past demand; the same for every period forecast from one origin.

    Parameters
    ----------
    history
        Units of the past periods, the newest last; None where unknown.
    """
    month = history[-30:]
    week = [units for units in month[-7:] if units is not None]
    known = week if len(month) <= 7 else [units for units in month if units is not None]
    # NaN tells the models "as the level has it"; nothing observed in 30 periods is not the same as no demand.
    average_30 = sum(known) / len(known) if known else math.nan
    average_7 = sum(week) / len(week) if week else average_30
    n = len(month)
    lag_1 = month[-1] if n else None
    lag_7 = month[-7] if n >= 7 else None
    lag_14 = month[-14] if n >= 14 else None
    lag_28 = month[-28] if n >= 28 else None
    return (
        average_7 if lag_1 is None else lag_1,
        average_7 if lag_7 is None else lag_7,
        average_7 if lag_14 is None else lag_14,
        average_7 if lag_28 is None else lag_28,
        average_7,
        average_30,
    )


def known_features(facts: PeriodFacts) -> tuple[float, ...]:
    """The features of the period itself: calendar, promotion, prices, signals.

    Parameters
    ----------
    facts
        What is known of it at the origin.
    """
    depth = facts.promotion_depth
    # A NaN depth is a promotion too: all comparisons with NaN are false, hence the negation.
    promotion = 0.0 if depth is None or depth <= 0.0 else 1.0
    cut = 0.0 if depth is None or depth != depth else depth
    ratio, gap = _prices(facts)
    return (
        month_edge(facts.starts_on),
        1.0 if facts.holiday else 0.0,
        promotion,
        cut,
        ratio,
        gap,
        gap * promotion,
        *facts.signals,
    )


def month_edge(day: date | None) -> float:
    """1 in the first three and the last two days of a month, else 0; 0 if unknown.

    Parameters
    ----------
    day
        First local day of the period.

    Examples
    --------
    >>> [month_edge(date(2011, 2, day)) for day in (3, 4, 26, 27)]
    [1.0, 0.0, 0.0, 1.0]
    """
    if day is None:
        return 0.0
    if day.day <= MONTH_EDGE_FIRST_DAYS:
        return 1.0
    if day.day < 27:
        return 0.0
    return 1.0 if (day + timedelta(days=MONTH_EDGE_LAST_DAYS)).month != day.month else 0.0


def _prices(facts: PeriodFacts) -> tuple[float, float]:
    own, reference, rival = facts.own_price, facts.reference_price, facts.rival_price
    if own is None:
        return 1.0, 0.0
    return (own / reference if reference else 1.0), (own / rival - 1.0 if rival else 0.0)
