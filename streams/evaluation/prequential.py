"""Runs a fleet through a panel, period by period: forecast, then learn.

The one rule: `panel.demand` of a period is handed to a series in that period's close and nowhere before; what came true
of a forecast is looked up only to score it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.quantities import DAY_MS
from streams.driver_values import DIP_DAYS, PromotionSpan, calendar_values, promotion_values
from streams.evaluation.forecaster import SUMS, Closed, Fleet, FleetMaker, FleetPlan, Issued
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import Bools, Floats, Panel
from streams.evaluation.panel_builder import DEPTH, HOLIDAY, MONTH_EDGE, PROMOTION
from streams.features import PeriodFacts
from streams.holiday_calendar import NEAR_DAYS

#: Columns that `PeriodFacts` has a field for; all others travel as signals.
_FIELDS = (PROMOTION, DEPTH, HOLIDAY, MONTH_EDGE)


class Run(NamedTuple):
    """What a fleet did.

    Parameters
    ----------
    forecasts
        One for each plan.
    means
        Series x period: the forecast one period ahead as the close saw it; NaN before the first.
    alarms
        Series x period: a drift was found.
    season_alarms
        Series x period: of those, a changed pattern.
    estimates
        Series x period: what demand was taken to have been; NaN where nobody guessed.
    """

    forecasts: tuple[Forecasts, ...]
    means: Floats
    alarms: Bools
    season_alarms: Bools
    estimates: Floats

    def of(self, name: str) -> Forecasts:
        """The forecasts of the plan of this name."""
        return next(each for each in self.forecasts if each.plan.name == name)


class FactsTable:
    """What is known of each period of each series, before it begins."""

    def __init__(self, panel: Panel) -> None:
        self._slots = panel.slots().tolist()
        self._days = panel.starts_on()
        self._first, self._season = panel.first_period, panel.season
        self._promotion = panel.column(PROMOTION)
        self._depth = panel.column(DEPTH)
        self._holiday = panel.column(HOLIDAY)
        self.signals = tuple(name for name in panel.columns if name not in _FIELDS)
        self._signals = panel.known[:, :, [panel.columns.index(name) for name in self.signals]]
        self._lengths = [1] * len(self._days) if panel.period == "day" else [28] * len(self._days)
        self._calendars: dict[bytes, list[dict[str, float]]] = {}
        self._calendar_of = [self._calendar(series) for series in range(panel.n_series)]

    def _calendar(self, series: int) -> list[dict[str, float]]:
        """What the built-in candidates say of the periods by the calendar; one list for all series of one calendar."""
        holiday = np.zeros(len(self._days)) if self._holiday is None else np.nan_to_num(self._holiday[series])
        found = self._calendars.get(holiday.tobytes())
        if found is None:
            found = self._calendars[holiday.tobytes()] = [
                calendar_values(
                    self._days[period],
                    next(
                        (ahead for ahead in range(NEAR_DAYS + 1) if holiday[period + ahead : period + ahead + 1].any()),
                        None,
                    ),
                    bool(holiday[max(period - 1, 0) : period].any()),
                    self._lengths[period],
                )
                for period in range(len(self._days))
            ]
        return found

    def _drivers(self, series: int, period: int) -> dict[str, float]:
        values = self._calendar_of[series][period]
        if self._promotion is None:
            return values
        first = max(period - DIP_DAYS, 0)
        runs = (self._promotion[series, first : period + 3] > 0.0).tolist()
        return {**values, **_promotion_phase(runs, period - first)} if True in runs else values

    def of(self, series: int, period: int) -> PeriodFacts:
        """The facts of one period."""
        depth: float | None = None
        if self._promotion is not None:
            runs = self._promotion[series, period] > 0.0
            # A promotion whose depth nobody tells is one of unknown depth.
            told = math.nan if self._depth is None else float(self._depth[series, period])
            depth = told if runs else 0.0
        return PeriodFacts(
            index=self._first + period,
            slot=self._slots[period],
            season=self._season,
            starts_on=self._days[period],
            holiday=None if self._holiday is None else bool(self._holiday[series, period] > 0.0),
            promotion_depth=depth,
            signals=tuple(self._signals[series, period].tolist()),
            drivers=self._drivers(series, period),
        )


def _promotion_phase(runs: list[bool], at: int) -> dict[str, float]:
    """What the promotions say of a day, given on which days around it one runs; days stand for their begins."""
    if not runs[at]:
        ended = next((day + 1 for day in range(at - 1, -1, -1) if runs[day]), None)
        span = None if ended is None else PromotionSpan(0, ended * DAY_MS, None)
        return promotion_values(None, span, at * DAY_MS)
    begin = next((day + 1 for day in range(at, -1, -1) if not runs[day]), 0)
    end = next((day * DAY_MS for day in range(at, len(runs)) if not runs[day]), None)
    # A run that fills the window began long ago.
    from_ms = begin * DAY_MS if begin else -DIP_DAYS * DAY_MS
    return promotion_values(PromotionSpan(from_ms, end, None), None, at * DAY_MS)


def run_fleet(panel: Panel, make: FleetMaker, plans: Sequence[Plan], partitions: int = 1) -> Run:
    """Run a new fleet through a panel.

    Parameters
    ----------
    panel
        Demand and what was known.
    make
        The fleet's maker.
    plans
        What to forecast when.
    partitions
        Number of tasks.

    Returns
    -------
    Run
        Everything that it said.
    """
    return _Runner(panel, make, plans, partitions).run()


class _Runner:
    def __init__(self, panel: Panel, make: FleetMaker, plans: Sequence[Plan], partitions: int) -> None:
        self._panel = panel
        self._facts = FactsTable(panel)
        plan = FleetPlan(
            panel.period, panel.season, panel.keys, panel.categories, self._facts.signals, partitions
        )  # fmt: skip
        self._fleet: Fleet = make(plan)
        self._forecasts = tuple(Forecasts.empty(each, panel.n_series, with_quantiles=True) for each in plans)
        self._actuals = tuple(each.actuals(panel) for each in self._forecasts)
        shape = panel.demand.shape
        self._means, self._estimates = np.full(shape, np.nan), np.full(shape, np.nan)
        self._alarms, self._seasonal = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        # A series that was never seen before its first row costs nothing until then.
        known = np.isfinite(panel.demand)
        self._first = np.where(known.any(axis=1), known.argmax(axis=1), panel.n_periods)

    def run(self) -> Run:
        origins = [{origin: k for k, origin in enumerate(each.plan.origins)} for each in self._forecasts]
        for period in range(self._panel.n_periods):
            for i in np.flatnonzero(self._first < period).tolist():
                self._fleet.series[i].begin(self._facts.of(i, period))
            for which, places in enumerate(origins):
                if period in places:
                    self._issue(which, places[period], period)
            self._close(period)
            self._fleet.period_over()
        return Run(self._forecasts, self._means, self._alarms, self._seasonal, self._estimates)

    def _issue(self, which: int, place: int, origin: int) -> None:
        found = self._forecasts[which]
        leads = min(found.plan.leads, self._panel.n_periods - origin)
        for i, series in enumerate(self._fleet.series):
            if self._first[i] >= origin:
                continue
            issued = series.issue([self._facts.of(i, origin + lead) for lead in range(leads)])
            if issued is not None:
                self._book(found, issued, i, place, leads, self._actuals[which][i, place])
                if leads > max(SUMS):
                    self._book_sums(found, i, place, origin)

    @staticmethod
    def _book(found: Forecasts, issued: Issued, i: int, place: int, leads: int, actual: Floats) -> None:
        found.means[i, place, :leads] = issued.means
        if issued.quantiles and found.quantiles is not None:
            found.quantiles[i, place, :leads] = issued.quantiles
        if issued.pit is not None and found.pit_below is not None and found.pit_upto is not None:
            for lead in range(leads):
                if np.isfinite(actual[lead]):
                    found.pit_below[i, place, lead], found.pit_upto[i, place, lead] = issued.pit(lead, actual[lead])
        if found.dispersion is not None and issued.dispersion is not None:
            found.dispersion[i, place] = issued.dispersion
        if found.level_share is not None and issued.level_share is not None:
            found.level_share[i, place] = issued.level_share

    def _book_sums(self, found: Forecasts, i: int, place: int, origin: int) -> None:
        """Ask for sums over the next trading periods; that a day is closed is in the shop's calendar beforehand."""
        trading = np.flatnonzero(np.isfinite(self._panel.demand[i, origin:]))[: max(SUMS)]
        if found.sums is None or len(trading) < min(SUMS):
            return
        issued = self._fleet.series[i].issue([self._facts.of(i, origin + int(ahead)) for ahead in trading])
        for periods, quantiles in issued.sums.items() if issued is not None else ():
            shape = (*found.means.shape[:2], len(quantiles))
            found.sums.setdefault(periods, np.full(shape, np.nan))[i, place] = quantiles

    def _close(self, period: int) -> None:
        demand, exposure = self._panel.demand[:, period].tolist(), self._panel.exposure[:, period].tolist()
        for i, series in enumerate(self._fleet.series):
            if self._first[i] > period:
                continue
            units = demand[i] if demand[i] == demand[i] else None
            stocked = exposure[i] if exposure[i] == exposure[i] else 1.0
            closed: Closed = series.close(units, stocked, self._facts.of(i, period))
            if closed.mean_units is not None:
                self._means[i, period] = closed.mean_units
            if closed.demand_units is not None:
                self._estimates[i, period] = closed.demand_units
            if closed.alarm is not None:
                self._alarms[i, period] = True
                self._seasonal[i, period] = closed.alarm == "season"
