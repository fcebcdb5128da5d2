"""What the built-in candidates say of a period: calendar and promotion, as numbers.

The one rule: what is zero is left out: an absent candidate says nothing, costs nothing and learns nothing.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from schemas.quantities import DAY_MS

PAYDAYS_AFTER = 3
"""Days over which wages are spent, payday included."""
_MIDDLE_OF_MONTH = 15
_CHRISTMAS_EVE = 24
EDGE_MS = 2 * DAY_MS
DIP_DAYS = 14
"""How long after a promotion its dip may last."""
_DIP_KEPT = 2.0 / 3.0


class PromotionSpan(NamedTuple):
    """A promotion as a series' period sees it.

    Parameters
    ----------
    from_ms, to_ms
        When it runs; None: nobody knows an end.
    depth
        Share of the price cut off; None: unknown.
    """

    from_ms: int
    to_ms: int | None
    depth: float | None


def department(category: str | None) -> str:
    """The coarsest part of a category's path: candidates are pooled by it, for a leaf knows too few periods.

    >>> department("food/dairy/milk"), department(None)
    ('food', '')
    """
    return (category or "").partition("/")[0]


def payday(day: date) -> float:
    """1 on the 15th and the last of a month and on the two days after each, else 0.

    >>> [payday(date(2024, 2, day)) for day in (1, 2, 3, 15, 17, 18, 28, 29)]
    [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    """
    if day.day >= _MIDDLE_OF_MONTH:
        last = (day + timedelta(days=1)).day == 1
        return float(last or day.day < _MIDDLE_OF_MONTH + PAYDAYS_AFTER)
    return float(day.day < PAYDAYS_AFTER)


def calendar_values(day: date, until: int | None, holiday_before: bool, days: int) -> dict[str, float]:
    """What the calendar says of a period.

    Parameters
    ----------
    day
        Its first local day.
    until
        Days to the next holiday, 0 on one; None: none is near.
    holiday_before
        Whether the day before was a holiday.
    days
        Local days in the period; near holidays and paydays are told of single days only.

    Examples
    --------
    >>> calendar_values(date(2024, 7, 26), 2, False, 1)
    {'near_holiday': 1.0}
    >>> calendar_values(date(2024, 12, 24), 1, False, 1)
    {'before_christmas': 1.0, 'holiday_eve': 1.0}
    """
    values: dict[str, float] = {}
    if day.month == 12 and day.day <= _CHRISTMAS_EVE:
        values["before_christmas"] = day.day / _CHRISTMAS_EVE
    if days > 1:
        return values
    if until == 1:
        values["holiday_eve"] = 1.0
    elif until:
        values["near_holiday"] = 1.0
    elif until is None and holiday_before:
        values["after_holiday"] = 1.0
    if payday(day):
        values["payday"] = 1.0
    return values


def promotion_values(running: PromotionSpan | None, ended: PromotionSpan | None, start_ms: int) -> dict[str, float]:
    """What our promotions say of a period.

    Parameters
    ----------
    running
        The one that runs in it.
    ended
        The newest that was over before it.
    start_ms
        Its begin.

    Examples
    --------
    >>> promotion_values(PromotionSpan(0, 7 * DAY_MS, 0.2), None, 6 * DAY_MS)
    {'promotion_end': 1.0}
    >>> promotion_values(None, PromotionSpan(0, 7 * DAY_MS, 0.2), 9 * DAY_MS)
    {'promotion_dip': 0.6666666666666666}
    """
    values: dict[str, float] = {}
    if running is not None:
        if start_ms - running.from_ms < EDGE_MS:
            values["promotion_start"] = 1.0
        if running.to_ms is not None and running.to_ms - start_ms <= EDGE_MS:
            values["promotion_end"] = 1.0
    elif ended is not None and ended.to_ms is not None:
        days = (start_ms - ended.to_ms) / DAY_MS
        if 0 <= days < DIP_DAYS:
            values["promotion_dip"] = _DIP_KEPT ** (days / 2)
    return values
