"""Suspects: shelves that are silent for so long that they may be empty, whatever the ledger says.

::

    DAY OPENS   nats of the days since the last sale ─► first hour at which the silence is too long: opened
    HOUR SELLS  the run before it ends: its nats are a lesson on how long silences last ─► next such hour: opened
    HOUR SILENT nats of the run > threshold of its demand class ─► suspected_stockout
    DAY CLOSES  its silence since the last sale joins the run

`zero_log` of a series holds the nats of its run up to the day that is open, in millionths, below or at zero. The
threshold is set so that a shelf with stock is suspected `suspicions_per_series_year` times a year (`zero_run.py`).

The one rule: a run is judged when an hour or a period is over, on what was sold up to its end, and only while the store
sells other things.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from online_models.risk_calibration import DemandClass, demand_class
from online_models.zero_run import FLOOR_NATS, silence_nats, silent_share
from schemas.quantities import DAY_MS, HOUR_MS
from streams.engine.emitter import measures
from streams.engine.today import Today

if TYPE_CHECKING:
    from online_models.day_curve import DayCurve
    from online_models.nowcast import DayAhead
    from online_models.stack_forecast import StackForecast
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.series import Series
    from streams.engine.windows import Windows

_MILLION: Final = 1e6
_LEAST_CHANCE: Final = 1e-12
#: Some products always come in bursts: a run must be this many times the longest one before it.
_LONGER_RUN: Final = 1.5


class Suspects:
    """Silent shelves of one task."""

    def __init__(self, core: Core, windows: Windows, facts: Facts) -> None:
        self._core = core
        self._windows = windows
        self._facts = facts
        self._today = Today(core, facts)
        self._active = core.settings.intraday and not windows.lazy

    # --- hours ------------------------------------------------------------------------------------------------

    def open_day(self, series: Series, history: History) -> None:
        """Plan the hour of the day that is open now at which its silence is too long."""
        if self._active and series.suspect_since is None:
            day = self._today.ahead(history)
            if day is not None:
                hour = self._today.hours(series.next_period).first - 1
                self._plan(series, day, None, hour)

    def hour(self, series: Series, hour: int, sold: int, cut_ms: int) -> None:
        """Judge the run of a series at the close of an hour."""
        period = self._core.periods.of(hour * HOUR_MS)
        if not self._active or period != series.next_period:
            return
        history = self._core.archive.of(series)
        day = self._today.ahead(history)
        if day is None:
            return
        if sold > 0:
            if series.suspect_since is not None:
                self._clear(series, (hour + 1) * HOUR_MS)
            nats = self._nats(series, day, hour - 1)
            if nats > FLOOR_NATS:
                self._core.silences.end(_class(day), nats)
            series.zero_log = 0
            self._plan(series, day, hour, hour)
        elif series.suspect_since is None:
            nats = self._nats(series, day, hour)
            if nats < self._threshold(_class(day)):
                return
            if self._may_be_empty(series, history) and self._is_store_selling(series, period, hour, cut_ms):
                self._open(series, day.mean_units, nats, _class(day), (hour + 1) * HOUR_MS)
            elif not self._plan_again(series, hour):
                return

    def _plan_again(self, series: Series, hour: int) -> bool:
        """Look again an hour later, while the day lasts: the store may sell again then."""
        day = self._today.hours(series.next_period)
        if hour + 1 >= day.first + len(day.names) or hour + 1 in series.hours:
            return False
        self._open_hour(series, hour + 1)
        return True

    def _plan(self, series: Series, day: DayAhead, sold_hour: int | None, hour: int) -> None:
        """Open the first later hour at which no further sale would be suspicious, for no sale will open it."""
        before = 0.0 if sold_hour is not None else -series.zero_log / _MILLION
        needed = self._threshold(_class(day)) - before
        share = silent_share(day, needed)
        if share is None or share > 1.0:
            return
        period = series.next_period
        curve, hours = self._today.curve(series, period), self._today.hours(period)
        begin = 0.0 if sold_hour is None else curve.elapsed[hours.names[sold_hour - hours.first] + 1]
        for place, name in enumerate(hours.names):
            if hours.first + place > hour and curve.elapsed[name + 1] - begin >= share:
                self._open_hour(series, hours.first + place)
                return

    def _open_hour(self, series: Series, hour: int) -> None:
        if hour not in series.hours:
            series.hours[hour] = 0
            self._windows.plan_hour(series, hour)
            self._core.table.touch(series)

    def _nats(self, series: Series, day: DayAhead, hour: int) -> float:
        """Return the nats of the run up to the end of an hour of the open day."""
        period = series.next_period
        hours = self._today.hours(period)
        curve = self._today.curve(series, period)
        newest = max(
            (at for at, units in series.closed.items() if units > 0 and hours.first <= at <= hour), default=None
        )
        end = curve.elapsed[hours.names[hour - hours.first] + 1] if hour >= hours.first else 0.0
        if newest is not None:
            return silence_nats(day, end - curve.elapsed[hours.names[newest - hours.first] + 1])
        return -series.zero_log / _MILLION + silence_nats(day, end)

    def _threshold(self, kind: DemandClass) -> float:
        return self._core.silences.threshold_nats(kind, self._core.settings.suspicions_per_series_year)

    def _may_be_empty(self, series: Series, history: History) -> bool:
        """Return whether silence tells anything that is not known already."""
        if series.on_hand is not None and series.on_hand <= 0:
            return False
        if series.gaps or sum(history.taught) < 2 * self._core.settings.season:
            return False
        return history.is_longest_run(_LONGER_RUN)

    def _is_store_selling(self, series: Series, period: int, hour: int, cut_ms: int) -> bool:
        store = self._core.stores.by_id[series.store_id]
        begin_ms, end_ms = self._core.periods.start_ms(period), (hour + 1) * HOUR_MS
        if store.quiet_from_ms < end_ms or store.silent_spans(begin_ms, end_ms):
            return False
        return not self._facts.closed_ms(series.store_id, begin_ms, end_ms, cut_ms)

    # --- periods ----------------------------------------------------------------------------------------------

    def period(self, series: Series, history: History, forecast: StackForecast, y_units: float, end_ms: int) -> None:
        """Add the silence of a period that is over to the run."""
        day = self._today.ahead(history) if self._active else None
        if day is None:
            nats = -math.log(max(forecast.distribution.cdf(0.0), _LEAST_CHANCE))
            distribution = forecast.distribution
            kind = demand_class(forecast.mean_units / distribution.grain, distribution.dispersion)
        else:
            nats, kind = silence_nats(day, 1.0), _class(day)
        self._core.silences.live(kind, (end_ms - self._core.periods.start_ms(series.next_period)) / DAY_MS)
        before = -series.zero_log / _MILLION
        if y_units > 0:
            if series.suspect_since is not None:
                self._clear(series, end_ms)
            if day is None:
                self._core.silences.end(kind, before)
            series.zero_log = 0 if day is None else -round(self._evening_nats(series, day) * _MILLION)
            return
        series.zero_log -= round(nats * _MILLION)
        run = before + nats
        if series.suspect_since is None and run >= self._threshold(kind) and self._may_be_empty(series, history):
            self._open(series, forecast.mean_units, run, kind, end_ms)

    def _evening_nats(self, series: Series, day: DayAhead) -> float:
        """Return the nats of a day's silence after its last sale."""
        period = series.next_period
        hours, curve = self._today.hours(period), self._today.curve(series, period)
        last = hours.first + len(hours.names) - 1
        newest = _newest({**series.hours, **series.closed}, hours.first, last)
        return 0.0 if newest is None else silence_nats(day, _rest(curve, hours.names[newest - hours.first]))

    # --- saying so --------------------------------------------------------------------------------------------

    def _open(self, series: Series, mean_units: float, nats: float, kind: DemandClass, at_ms: int) -> None:
        series.suspect_since = at_ms
        self._core.table.touch(series)
        since = series.last_sale_ms or at_ms
        evidence = {
            **measures("days", zero_periods=max(0, at_ms - since) / DAY_MS),
            **measures("share", probability_share=self._core.silences.chance(kind, nats)),
            **measures(f"units/{self._core.settings.period}", demand_per_day_units=mean_units),
        }
        money = self._facts.money(series, mean_units, at_ms)
        self._core.emitter.finding(
            "suspected_stockout", "opened", "warning", at_ms, at_ms, series, evidence=evidence, money=money
        )

    def _clear(self, series: Series, at_ms: int) -> None:
        if series.suspect_since is not None:
            self._core.emitter.finding("suspected_stockout", "cleared", "warning", series.suspect_since, at_ms, series)
            series.suspect_since = None
            self._core.table.touch(series)


def _newest(sold: Mapping[int, int], first: int, last: int) -> int | None:
    """Return the newest hour with a sale, of those from the first to the last."""
    return max((hour for hour, units in sold.items() if units > 0 and first <= hour <= last), default=None)


def _class(day: DayAhead) -> DemandClass:
    return demand_class(day.mean_units / day.clump, day.pace_variance)


def _rest(curve: DayCurve, hour: int) -> float:
    return 1.0 - curve.elapsed[hour + 1]
