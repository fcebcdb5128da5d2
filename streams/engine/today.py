"""Today: what was sold of a series in the hours that are over, what was expected of them, and so how the day goes.

::

    local hours of the period ─┐
    share-of-day curve ────────┼─► Hours: share, exposure, units of each hour up to a cut
    closed hours, gaps ────────┘

The one rule: an hour is over at its end plus the series' own offset, whatever has been handled by then, so that every
recording of the same facts sees the same hours at a close.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from online_models.nowcast import Clump, DayAhead, Nowcast, nowcast
from schemas.quantities import HOUR_MS, THOUSANDTHS
from streams.engine.series import SOLD

if TYPE_CHECKING:
    from online_models.day_curve import DayCurve
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.series import Series

_KEPT_DAYS = 64


class LocalDay(NamedTuple):
    """The hours of UTC that begin in a local day.

    Parameters
    ----------
    first
        The first one.
    names
        The local hour of each: 23 of them when the clock skips an hour, 25 when it repeats one.
    """

    first: int
    names: tuple[int, ...]


class Today:
    """Look-ups of one task about the open day of a series."""

    def __init__(self, core: Core, facts: Facts) -> None:
        self._core = core
        self._facts = facts
        self._days: dict[int, LocalDay] = {}

    def hours(self, period: int) -> LocalDay:
        """Return the hours of a day."""
        found = self._days.get(period)
        if found is None:
            if len(self._days) >= _KEPT_DAYS:
                self._days.clear()
            periods = self._core.periods
            first = -(-periods.start_ms(period) // HOUR_MS)
            last = -(-periods.end_ms(period) // HOUR_MS)
            found = LocalDay(first, tuple(periods.local_hour(hour * HOUR_MS) for hour in range(first, last)))
            self._days[period] = found
        return found

    def curve(self, series: Series, period: int) -> DayCurve:
        """Return how a series' demand lies over the hours of a day."""
        category = self._facts.category(series, self._core.periods.start_ms(period))
        return self._core.curves.curve(series.store_id, category, self._core.periods.slot(period))

    @staticmethod
    def ahead(history: History) -> DayAhead | None:
        """Return what was expected of the open day; None without a forecast."""
        mean, dispersion, scatter, units = history.pace
        if math.isnan(mean):
            return None
        return DayAhead.of(mean, dispersion, Clump(scatter, units).value)

    def units_to(self, series: Series, period: int, hour: int) -> float:
        """Return the units sold in a day up to the end of an hour.

        What is booked already of later hours depends on the order of arrival, so it is left out.
        """
        window = series.open.get(period)
        if window is None:
            return 0.0
        later = sum(units for later, units in series.hours.items() if later > hour)
        return (window[SOLD] - later) / THOUSANDTHS

    def units_by_hour(self, series: Series, period: int, until: int) -> list[float]:
        """Return the units of each hour of a day before the hour `until`."""
        closed, still_open = series.closed, series.hours
        hours = range(self.hours(period).first, until)
        return [closed.get(hour, still_open.get(hour, 0)) / THOUSANDTHS for hour in hours]

    def shares(self, curve: DayCurve, period: int, until: int) -> list[float]:
        """Return the share of the day's demand in each of its hours before the hour `until`.

        An hour that the clock repeats has its share once, one that it skips gives it to the next.
        """
        day = self.hours(period)
        shares, before = [], 0.0
        for name in day.names[: max(0, until - day.first)]:
            after = max(before, curve.elapsed[name + 1])
            shares.append(after - before)
            before = after
        return shares

    def exposed(self, series: Series, period: int, shares: list[float], cut_ms: int) -> list[float]:
        """Return the shares less the time in which the shelf could not sell, as far as was told by a cut."""
        gaps = [(begin, end) for told, begin, end in series.gaps if told <= cut_ms]
        if not gaps:
            return shares
        left = []
        for hour, share in enumerate(shares, self.hours(period).first):
            start, stop = hour * HOUR_MS, (hour + 1) * HOUR_MS
            gone = sum(max(0, min(end, stop) - max(begin, start)) for begin, end in gaps)
            left.append(share * max(0.0, 1.0 - gone / HOUR_MS))
        return left

    def nowcast(self, series: Series, at_ms: int) -> Nowcast | None:
        """Return what the rest of the day will bring; None before its first hour is over, or without a forecast."""
        core = self._core
        period = core.periods.of(at_ms)
        if period != series.next_period or not core.settings.intraday:
            return None
        until = (at_ms - series.crc % core.settings.hour_spread_ms) // HOUR_MS
        if until <= self.hours(period).first:
            return None
        day = self.ahead(core.archive.of(series))
        if day is None:
            return None
        curve = self.curve(series, period)
        shares = self.shares(curve, period, until)
        elapsed = sum(shares)
        if elapsed <= 0.0:
            return None
        seen = self.exposed(series, period, shares, at_ms)
        return nowcast(day, seen, self.units_by_hour(series, period, until), max(0.0, 1.0 - elapsed))
