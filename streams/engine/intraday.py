"""Intraday: what the hours of a day tell before it is over, and what they teach when it is.

::

    DAY OPENS   forecast, clump ─► kept beside the model ─► first hour at which "nothing yet" would be a slump: opened
    HOUR        booked ─► unusual? ─► surge test, slump test ─► next hour at which "nothing more" would be: opened
    DAY CLOSES  episodes cleared ─► clump and share-of-day curve learn ─► hours dropped

Most series sell too little for any hour without a sale to tell anything; of those, only hours with sales are closed.

The one rule: a look is taken at an hour close only, and sees nothing of later hours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from online_models.nowcast import Clump
from online_models.pace import (
    LEAST_MEAN_UNITS,
    Look,
    beats_the_best_day,
    first_unusual,
    is_usual,
    without_bulk,
)
from schemas.quantities import HOUR_MS, THOUSANDTHS
from streams.engine.emitter import measures
from streams.engine.history import INT32_MAX
from streams.engine.today import Today

if TYPE_CHECKING:
    from online_models.day_curve import DayCurve
    from online_models.nowcast import DayAhead
    from online_models.stack_forecast import StackForecast
    from schemas.signals import AlertKind
    from streams.engine.causes import Causes, Why
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.series import Series
    from streams.engine.windows import Windows

_MEMORY_PERIODS = 56


class Intraday:
    """The hours of the open days of one task."""

    def __init__(self, core: Core, windows: Windows, facts: Facts, causes: Causes) -> None:
        self._core = core
        self._causes = causes
        self._windows = windows
        self._facts = facts
        self._today = Today(core, facts)
        #: Whether hours are kept and looked at.
        self.active = core.settings.intraday and not windows.lazy

    # --- a day opens ------------------------------------------------------------------------------------------

    def open_day(self, series: Series, history: History, expected: StackForecast | None) -> None:
        """Keep what is expected of the day that is open now, and plan its first look."""
        pace = history.pace
        pace[0] = math.nan if expected is None else expected.mean_units
        pace[1] = 0.0 if expected is None else expected.distribution.dispersion
        if not self.active:
            return
        day = self._tested(history)
        if day is not None and not is_usual(day, 0.0, day.mean_units):
            period = series.next_period
            hour = self._today.hours(period).first - 1
            self._plan_look(series, day, self._today.curve(series, period), period, hour)

    def _tested(self, history: History) -> DayAhead | None:
        day = self._today.ahead(history)
        if day is None or day.mean_units >= LEAST_MEAN_UNITS:
            return day
        return day._replace(mean_units=LEAST_MEAN_UNITS)

    def _plan_look(self, series: Series, day: DayAhead, curve: DayCurve, period: int, hour: int) -> None:
        """Open the first later hour at which no further sale would be unusual, for no sale will open it."""
        units = self._today.units_to(series, period, hour)
        if series.slump_since is not None or units >= day.mean_units or is_usual(day, units, day.mean_units):
            return  # Not even the whole day without another unit would tell anything.
        hours = self._today.hours(period)
        ahead = first_unusual(day, units, [curve.elapsed[name + 1] for name in hours.names[hour + 1 - hours.first :]])
        if ahead is not None and hour + 1 + ahead not in series.hours:
            series.hours[hour + 1 + ahead] = 0
            self._windows.plan_hour(series, hour + 1 + ahead)
            self._core.table.touch(series)

    # --- an hour closes ---------------------------------------------------------------------------------------

    def book(self, series: Series, hour: int, sold: int) -> None:
        """Keep what was sold in an hour that is over, until its day is."""
        if sold and self.active and self._core.periods.of(hour * HOUR_MS) >= series.next_period:
            # It is evidence of the day's pace, not of the books, so what no product sells in an hour may be cut.
            series.closed[hour] = max(-INT32_MAX, min(sold, INT32_MAX))

    def gap(self, series: Series, told_ms: int, begin_ms: int, end_ms: int) -> None:
        """Remember that a shelf could not sell from one moment to another."""
        if self.active:
            series.gaps.append((told_ms, begin_ms, end_ms))

    def in_stock_share(self, series: Series, period: int, cut_ms: int) -> float | None:
        """Return the share of a day's demand in hours that could sell; None where that is not known by hours."""
        if not self.active or not series.gaps:
            return None
        day = self._today.hours(period)
        shares = self._today.shares(self._today.curve(series, period), period, day.first + len(day.names))
        whole = sum(shares)
        return sum(self._today.exposed(series, period, shares, cut_ms)) / whole if whole > 0.0 else None

    def look(self, series: Series, hour: int, cut_ms: int) -> bool:
        """Test the day so far, at the close of an hour; True when something was found."""
        period = self._core.periods.of(hour * HOUR_MS)
        if not self.active or period != series.next_period:
            return False
        history = self._core.archive.of(series)
        day = self._tested(history)
        if day is None:
            return False
        hours, curve = self._today.hours(period), self._today.curve(series, period)
        name = hours.names[hour - hours.first]
        share, elapsed = curve.share(name), curve.elapsed[name]
        units, newest = self._today.units_to(series, period, hour), series.closed.get(hour, 0) / THOUSANDTHS
        look = Look(day, units - newest, day.mean_units * elapsed, newest, day.mean_units * share, share)
        found = False
        if not look.is_usual() and self._is_known(history):
            found = self._surge(series, history, look, curve, hour)
            found = self._slump(series, look, curve, hour, cut_ms) or found
        self._plan_look(series, day, curve, period, hour)
        return found

    def _surge(self, series: Series, history: History, look: Look, curve: DayCurve, hour: int) -> bool:
        if series.surge_since is not None:
            return False
        today, period = self._today, series.next_period
        expected = [look.day.mean_units * share for share in today.shares(curve, period, hour + 1)]
        steady = without_bulk(today.units_by_hour(series, period, hour + 1), expected)
        cut = Look(look.day, sum(steady[:-1]), sum(expected[:-1]), steady[-1], expected[-1], look.hour_share)
        chance = cut.surge()
        past = [sold for sold in history.units(_MEMORY_PERIODS) if sold is not None]
        if chance is None or not beats_the_best_day(sum(steady) - sum(expected), past):
            return False
        series.surge_since = (hour + 1) * HOUR_MS
        self._say(series, "demand_surge", series.surge_since, look.before + look.units, sum(expected), chance)
        return True

    def _slump(self, series: Series, look: Look, curve: DayCurve, hour: int, cut_ms: int) -> bool:
        if series.slump_since is not None:
            return False
        today, period, end_ms = self._today, series.next_period, (hour + 1) * HOUR_MS
        if not self._is_store_selling(series.store_id, self._core.periods.start_ms(period), end_ms, cut_ms):
            return False
        seen = today.exposed(series, period, today.shares(curve, period, hour + 1), cut_ms)
        expected = [look.day.mean_units * share for share in seen]
        chance = look._replace(expected_before=sum(expected[:-1]), expected=expected[-1]).slump()
        if chance is None:
            return False
        series.slump_since = end_ms
        self._say(series, "demand_slump", end_ms, look.before + look.units, sum(expected), chance)
        return True

    def _is_known(self, history: History) -> bool:
        return sum(history.taught) >= 2 * self._core.settings.season

    def _is_store_selling(self, store_id: str, begin_ms: int, end_ms: int, known_ms: int) -> bool:
        """Return whether a store sold something in its newest hour, and was open and heard from before it."""
        store = self._core.stores.by_id[store_id]
        if store.quiet_from_ms < end_ms or store.silent_spans(begin_ms, end_ms):
            return False
        return not self._facts.closed_ms(store_id, begin_ms, end_ms, known_ms)

    def _say(self, series: Series, kind: AlertKind, at_ms: int, units: float, expected: float, chance: float) -> None:
        nowcast = self._today.nowcast(series, at_ms + self._windows.hour_offset(series))
        today = None if nowcast is None else round(units + nowcast.rest.mean_units, 3)
        evidence = {
            **measures("units", sold_units=units, expected_units=expected, today_units=today),
            **measures("share", probability_share=chance),
        }
        why = self._why(series, at_ms, units, expected, today)
        self._core.emitter.finding(
            kind, "opened", "warning", at_ms, at_ms, series, evidence=evidence, reasons=why.reasons, causes=why.causes
        )

    def _why(self, series: Series, at_ms: int, units: float, expected: float, today: float | None) -> Why:
        """Explain the pace of the open day, taken for the whole day where nothing better is known."""
        history, period = self._core.archive.of(series), series.next_period
        whole = history.pace[0] * units / expected if today is None and expected > 0.0 else today
        model = self._core.model(history)
        return self._causes.of_run(series, history, model, period, period, at_ms, whole)

    # --- a day closes -----------------------------------------------------------------------------------------

    def close_day(self, series: Series, history: History, period: int, taught: bool) -> None:
        """End the day's episodes, learn its hours, and let them go."""
        end_ms = self._core.periods.end_ms(period)
        if series.surge_since is not None:
            self._clear(series, "demand_surge", series.surge_since, end_ms)
            series.surge_since = None
        if series.slump_since is not None:
            self._clear(series, "demand_slump", series.slump_since, end_ms)
            series.slump_since = None
        if not self.active:
            return
        if taught:
            self._learn(series, history, period)
        after = self._today.hours(period + 1).first
        series.closed = {hour: sold for hour, sold in series.closed.items() if hour >= after}
        series.gaps = [gap for gap in series.gaps if gap[2] > end_ms]

    def _clear(self, series: Series, kind: AlertKind, started_ms: int, end_ms: int) -> None:
        self._core.emitter.finding(kind, "cleared", "warning", started_ms, end_ms, series)

    def _learn(self, series: Series, history: History, period: int) -> None:
        hours = self._today.hours(period)
        units: dict[int, float] = {}
        for hour, name in enumerate(hours.names, hours.first):
            sold = series.closed.get(hour, series.hours.get(hour, 0))
            if sold:
                units[name] = units.get(name, 0.0) + sold / THOUSANDTHS
        curve = self._today.curve(series, period)
        clump = Clump(history.pace[2], history.pace[3]).learn(units, curve)
        history.pace[2], history.pace[3] = clump
        category = self._facts.category(series, self._core.periods.start_ms(period))
        self._core.curves.learn(series.store_id, category, self._core.periods.slot(period), units)
