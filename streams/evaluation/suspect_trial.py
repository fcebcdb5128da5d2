"""Can an empty shelf be told from silence alone? Hours of a shop that says when a shelf was empty, which no model sees.

::

    days ──► day-ahead forecast, share-of-day curve, clump, each learnt from sales as they are
    hour ──► nats: how unlikely it is that nobody has bought since the last sale
         ──► beside it the plain rule "no sale for k hours"                          trading hours, or all of them

    hours by falling score ──► precision at the point where a fifth of all empty hours are found

The one rule: what is scored is the hour just over; whether the shelf was empty in it is looked up last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from online_models.day_curve import DayCurve, DayCurves
from online_models.nowcast import Clump, DayAhead
from online_models.zero_run import silence_nats
from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.hour_panel import HOURS, HourPanel
from streams.evaluation.panel import Bools, Floats
from streams.evaluation.prequential import run_fleet

FROM_HOUR, UNTIL_HOUR = 6, 22
RECALL: Final = 0.2
_WARM_UP_DAYS: Final = 14
_RESAMPLES: Final = 200
_BAND: Final = (0.05, 0.95)


class SuspectResult(NamedTuple):
    """How well empty hours are found.

    Parameters
    ----------
    series, hours
        Numbers of both that were scored.
    empty_share
        Of these hours.
    ours, plain
        Precision at a recall of a fifth: by nats, and of the better plain rule.
    ratio, ratio_low, ratio_high
        Ours over plain, with its 90 % interval over series.
    hours_without_sale
        About how many hours the plain rule waits there.
    """

    series: int
    hours: int
    empty_share: float
    ours: float
    plain: float
    ratio: float
    ratio_low: float
    ratio_high: float
    hours_without_sale: float


class Silences(NamedTuple):
    """Scores of hours: series x day x hour of the trading day.

    Parameters
    ----------
    nats
        Ours.
    trading_hours, clock_hours
        Since the last sale, counted both ways.
    """

    nats: Floats
    trading_hours: Floats
    clock_hours: Floats


def run_suspect_trial(panel: HourPanel, make: FleetMaker, tail: int, seed: int, partitions: int = 1) -> SuspectResult:
    """Score the silence of every hour of the tail.

    Parameters
    ----------
    panel
        Hours with and without stock.
    make
        The fleet's maker.
    tail
        Days scored, at the end.
    seed
        Of the interval.
    partitions
        Number of tasks.
    """
    days = panel.days
    first = min(_WARM_UP_DAYS, days.n_periods - tail)
    plan = Plan("day_ahead", tuple(range(first, days.n_periods)), 1)
    forecasts = run_fleet(days, make, (plan,), partitions).forecasts[0]
    silences = listen(panel, forecasts)
    scored = panel.told[:, -tail:, FROM_HOUR:UNTIL_HOUR]
    return judge(
        Silences(*(each[:, -tail:] for each in silences)), panel.out[:, -tail:, FROM_HOUR:UNTIL_HOUR], scored, seed
    )


def listen(panel: HourPanel, forecasts: Forecasts) -> Silences:
    """Score every trading hour of every day.

    Parameters
    ----------
    panel, forecasts
        The hours, and the day-ahead forecasts made without them.
    """
    days = panel.days
    shape = days.n_series, days.n_periods, UNTIL_HOUR - FROM_HOUR
    found = Silences(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    curves, slots = DayCurves(FROM_HOUR, UNTIL_HOUR, days.season), days.slots().tolist()
    ears = [_Ear() for _ in range(days.n_series)]
    place = {origin: k for k, origin in enumerate(forecasts.plan.origins)}
    for day in range(days.n_periods):
        lessons: list[tuple[int, dict[int, float]]] = []
        for i, ear in enumerate(ears):
            curve = curves.curve(days.stores[i], days.categories[i] or "", slots[day])
            k = place.get(day)
            mean = math.nan if k is None else float(forecasts.means[i, k, 0])
            spread = 0.0 if k is None or forecasts.dispersion is None else float(forecasts.dispersion[i, k])
            sold = panel.sold[i, day].tolist()
            for hour, scores in ear.hear(mean, spread, curve, sold):
                for column, score in zip(found, scores, strict=True):
                    column[i, day, hour - FROM_HOUR] = score
            lessons.append((i, {hour: units for hour, units in enumerate(sold) if units > 0.0}))
            ear.learn(lessons[-1][1], curve)
        for i, units in lessons:
            if units:
                curves.learn(days.stores[i], days.categories[i] or "", slots[day], units)
    return found


class _Ear:
    """The run of one series."""

    def __init__(self) -> None:
        self._clump = Clump()
        self._before = 0.0
        self._trading = self._clock = 0

    def hear(
        self, mean: float, spread: float, curve: DayCurve, sold: list[float]
    ) -> Iterator[tuple[int, tuple[float, float, float]]]:
        """Score the trading hours of a day, each when it is over."""
        day = None if math.isnan(mean) else DayAhead.of(mean, spread, self._clump.value)
        since = 0
        nats = 0.0
        for hour in range(HOURS):
            self._clock += 1
            self._trading += FROM_HOUR <= hour < UNTIL_HOUR
            if sold[hour] > 0.0:
                since, self._before, self._trading, self._clock = hour + 1, 0.0, 0, 0
            nats = 0.0 if day is None else silence_nats(day, curve.elapsed[hour + 1] - curve.elapsed[since])
            if FROM_HOUR <= hour < UNTIL_HOUR:
                yield hour, (self._before + nats, float(self._trading), float(self._clock))
        self._before += nats

    def learn(self, units: dict[int, float], curve: DayCurve) -> None:
        """Learn a day that is over."""
        self._clump = self._clump.learn(units, curve)


def judge(silences: Silences, out: Bools, told: Bools, seed: int) -> SuspectResult:
    """Compare precisions where a fifth of the empty hours are found.

    Parameters
    ----------
    silences
        Scores.
    out, told
        Empty for the whole hour; known to be so or not. Series x day x hour.
    seed
        Of the interval over series.
    """
    n = len(out)
    every = np.arange(n)
    ours, plain, waits = _precisions(silences, out, told, every)
    random = np.random.default_rng(seed)
    ratios = []
    for _ in range(_RESAMPLES):
        drawn = _precisions(silences, out, told, random.integers(0, n, n))
        ratios.append(drawn[0] / drawn[1])
    low, high = np.quantile(ratios, _BAND).tolist()
    return SuspectResult(
        n, int(told.sum()), float(out[told].mean()), ours, plain, ours / plain, low, high, waits
    )  # fmt: skip


def _precisions(silences: Silences, out: Bools, told: Bools, chosen: np.ndarray) -> tuple[float, float, float]:
    known = told[chosen]
    truth = out[chosen][known]
    ours, _ = precision_at_recall(silences.nats[chosen][known], truth, RECALL)
    plain = [precision_at_recall(each[chosen][known], truth, RECALL) for each in silences[1:]]
    best = max(plain)
    return ours, best[0], best[1]


def precision_at_recall(scores: Floats, truth: Bools, recall: float) -> tuple[float, float]:
    """Precision of the highest scores that together find a share of the events, and the score reached there.

    Parameters
    ----------
    scores, truth
        By case. Of cases that tie at the end, as large a part is taken as is needed.
    recall
        Share of the events to be found.

    Examples
    --------
    Two of four events are in the first two cases and in half of the tie behind them, which holds two of four cases.

    >>> events = np.array([True, False, True, True, False, False, True])
    >>> precision_at_recall(np.array([9.0, 8.0, 5.0, 5.0, 5.0, 5.0, 1.0]), events, 0.5)
    (0.5, 5.0)
    """
    values, place = np.unique(-scores, return_inverse=True)
    hits, cases = np.bincount(place, weights=truth), np.bincount(place)
    needed = recall * float(truth.sum())
    reached = hits.cumsum()
    at = int(np.searchsorted(reached, needed - 1e-9))
    before_hits, before_cases = (float(reached[at - 1]), float(cases.cumsum()[at - 1])) if at else (0.0, 0.0)
    part = (needed - before_hits) / float(hits[at])
    return needed / (before_cases + part * float(cases[at])), float(-values[at])
