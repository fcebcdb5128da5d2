"""How well the rest of a day is known at three in the afternoon, hour by hour.

::

    each day, each series   forecast of the day (the engine's own model) ─┬─► split by the curve: the yardstick
                            share-of-day curve, as learnt until then ─────┤
                            sold until 15:00 ─────────────────────────────┴─► nowcast

Twice: on the days as they were, and with everything from 11:00 on doubled. Scored are days in stock throughout, of
series that sell 1 a day or more on such days, after four weeks. A ratio of absolute errors below 1 is a gain; `known`
is what one who knew of the doubling would reach.

The one rule: a day is forecast, then scored, then learnt; curves of a day know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

import numpy as np

from online_models.columns import Features
from online_models.day_curve import DayCurve, DayCurves
from online_models.nowcast import Clump, DayAhead, nowcast
from online_models.pool import Category, Pool
from online_models.stack import SeriesStack
from streams.evaluation.intervals import Interval, draw_weights, interval_of
from streams.evaluation.panel import Floats
from streams.features import HISTORY_PERIODS, PeriodFacts, build_features

NOW: Final = 15
JUMP_HOUR, JUMP = 11, 2.0
OPENS, CLOSES, WARM_UP_DAYS = 6, 22, 28
_LEAST_DAILY_UNITS: Final = 1.0
_SEASON: Final = 7


class HourDay(NamedTuple):
    """One day of one series.

    Parameters
    ----------
    on
        The day.
    hours
        Units sold in each of its 24 hours.
    in_stock
        Whether the shelf could sell throughout.
    depth
        Of its promotion; None without one.
    """

    on: date
    hours: Floats
    in_stock: bool
    depth: float | None


class HourSeries(NamedTuple):
    """Days of one series, by hour.

    Parameters
    ----------
    store, category
        What its curve is pooled by.
    days
        In order of time.
    """

    store: str
    category: str
    days: Sequence[HourDay]

    def sells_daily(self) -> bool:
        """Whether it sells one unit a day or more, on days in stock."""
        sold = [float(day.hours.sum()) for day in self.days if day.in_stock]
        return bool(sold) and float(np.mean(sold)) >= _LEAST_DAILY_UNITS


class IntradayResult(NamedTuple):
    """Errors of the rest of the day from 15:00 on, over those of the day-ahead forecast split by the curve.

    Parameters
    ----------
    series, days
        Numbers scored.
    rest_of_day
        On the days as they were.
    after_jump
        With demand doubled from 11:00 on.
    known
        The same for one who knew of the doubling.
    """

    series: int
    days: int
    rest_of_day: Interval
    after_jump: Interval
    known: Interval


def run_intraday_trial(series: Sequence[HourSeries], seed: int) -> IntradayResult:
    """Go through all days in order, all series of a day before any is learnt.

    Parameters
    ----------
    series
        By hour.
    seed
        Of the intervals.
    """
    pool = Pool(SeriesStack(_SEASON).layout)
    lines = [
        _Line(each, {day.on: day for day in each.days}, SeriesStack(_SEASON), pool.category(each.category))
        for each in series
    ]
    curves = DayCurves(OPENS, CLOSES, _SEASON)
    for today in sorted({day.on for each in series for day in each.days}):
        here = [line for line in lines if today in line.days]
        known = [curves.curve(line.series.store, line.series.category, today.weekday()) for line in here]
        for line in here:
            line.issue(line.days[today])
        for line, curve in zip(here, known, strict=True):
            line.live(line.days[today], curve)
        for line in here:
            day = line.days[today]
            if day.in_stock:
                curves.learn(line.series.store, line.series.category, today.weekday(), _units(day.hours))
    return _score([line for line in lines if line.errors and line.series.sells_daily()], seed)


def _score(lines: Sequence[_Line], seed: int) -> IntradayResult:
    days = sum(len(line.errors) for line in lines)
    if not lines:
        return IntradayResult(0, 0, *[Interval(None, None, None)] * 3)
    sums = np.array([np.sum(line.errors, axis=0) for line in lines])
    drawn = draw_weights(len(sums), seed) @ sums
    total = sums.sum(axis=0)
    pairs = ((1, 0), (3, 2), (4, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [interval_of(float(total[a] / total[b]), drawn[:, a] / drawn[:, b]) for a, b in pairs]
    return IntradayResult(len(lines), days, *found)


@dataclass
class _Line:
    """One series on its way through the days; `errors`: of split and nowcast, and after the jump both and known."""

    series: HourSeries
    days: Mapping[date, HourDay]
    model: SeriesStack
    pooled: Category
    past: list[float | None] = field(default_factory=list)
    clump: Clump = field(default_factory=Clump)
    errors: list[tuple[float, ...]] = field(default_factory=list)

    def features(self, day: HourDay) -> Features:
        """What is known of a day beforehand."""
        facts = PeriodFacts(day.on.toordinal(), day.on.weekday(), _SEASON, day.on, promotion_depth=day.depth)
        return build_features(self.past[-HISTORY_PERIODS:], facts)

    def issue(self, day: HourDay) -> None:
        """Forecast a day."""
        self.model.issue(self.features(day), self.pooled)

    def live(self, day: HourDay, curve: DayCurve) -> None:
        """Score and learn a day."""
        total = float(day.hours.sum()) if day.in_stock else None
        lesson = self.model.close(total, self.features(day), self.pooled, day.on.toordinal())
        expected = lesson.forecast
        if total is not None:
            if expected is not None and len(self.past) >= WARM_UP_DAYS:
                ahead = DayAhead.of(expected.mean_units, expected.distribution.dispersion, self.clump.value)
                self.errors.append(_errors(ahead, curve, day.hours))
            self.clump = self.clump.learn(_units(day.hours), curve)
        self.past.append(total)


def _units(hours: Floats) -> dict[int, float]:
    return {hour: float(sold) for hour, sold in enumerate(hours) if sold > 0}


def _errors(day: DayAhead, curve: DayCurve, hours: Floats) -> tuple[float, ...]:
    """Absolute errors of the rest of a day, as it was and doubled, units."""
    shares = [curve.share(hour) for hour in range(NOW)]
    rest_share = 1.0 - curve.elapsed[NOW]
    split = day.mean_units * rest_share
    jumped = hours * np.where(np.arange(len(hours)) >= JUMP_HOUR, JUMP, 1.0)
    found = [nowcast(day, shares, list(map(float, each[:NOW])), rest_share).rest.mean_units for each in (hours, jumped)]
    rest, rest_jumped = float(hours[NOW:].sum()), float(jumped[NOW:].sum())
    return (
        abs(rest - split),
        abs(rest - found[0]),
        abs(rest_jumped - split),
        abs(rest_jumped - found[1]),
        abs(rest_jumped - JUMP * split),
    )
