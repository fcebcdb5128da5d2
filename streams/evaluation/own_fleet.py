"""The stack behind the port of evaluation: features, closes and forecasts as the engine makes them.

The one rule: nothing is done here that the demand engine does not do; where the engine's close changes, this does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal
from zlib import crc32

from online_models.candidates import Candidates
from online_models.columns import COLUMNS, Column, Features
from online_models.distribution import SMALLEST_MEAN
from online_models.drift import DEFAULT_THRESHOLD
from online_models.drift_calibration import DriftCalibration, class_of
from online_models.pool import Category, Pool
from online_models.stack import JUMP_SIGNAL_TO_NOISE, SeriesStack
from online_models.stack_forecast import StackForecast, StackLesson
from streams.driver_values import department
from streams.engine.drifts import LEAST_SIGNAL_TO_NOISE
from streams.evaluation.forecaster import LEVELS, SUMS, Closed, FleetPlan, Issued, Probabilities
from streams.features import NO_PAST, PeriodFacts, known_features
from streams.partitioner import partition_of
from streams.settings import ShopSettings

#: Below this share of stock a period is no whole one.
EXPOSURE_FLOOR: Final = ShopSettings().exposure_floor


#: What becomes of the columns that a data set adds: a column of every row, or a candidate that competes.
SignalRole = Literal["columns", "candidates", "none"]
_USUAL_GAIN: Final = 1.0 / 21.0


class OwnSeries:
    """One series: its stack, its category in the pool, and what competes and is calibrated in its task."""

    def __init__(
        self,
        stack: SeriesStack,
        category: Category,
        calibration: DriftCalibration,
        number: int,
        candidates: Candidates,
        names: tuple[str, ...],
        built_in: bool,
    ) -> None:
        self._stack = stack
        self._built_in = built_in
        self._category = category
        self._width = len(stack.layout.columns)
        self._candidates = candidates
        self._calibration = calibration
        self._number = number
        stack.heed(calibration.cautions)
        #: Names of the signals that compete; their usual values, and how many were seen.
        self._names = names
        self._usual = [0.0] * len(names)
        self._seen = 0

    def begin(self, facts: PeriodFacts) -> None:
        factor = self._candidates.factor(facts.index, self._values(facts))
        self._stack.issue(self._features(facts), self._category, factor)

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued | None:
        stack = self._stack
        means = stack.horizon_means([self._features(facts) for facts in ahead], self._category)
        if means is None:
            return None
        if self._candidates.has_members:
            factors = [self._candidates.factor(facts.index, self._values(facts)) for facts in ahead]
            means = [mean * factor for mean, factor in zip(means, factors, strict=True)]
        grain = stack.grain
        each = [stack.distribution(max(mean, SMALLEST_MEAN)) for mean in means]

        def pit(place: int, units: float) -> Probabilities:
            return each[place].cdf(math.ceil(units / grain) * grain - grain), each[place].cdf(units)

        return Issued(
            means,
            [distribution.quantiles(LEVELS) for distribution in each],
            pit,
            {days: each[0].sum_over(means[:days]).quantiles(LEVELS) for days in SUMS if days <= len(means)},
            stack.dispersion,
            stack.level_share,
        )

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        lesson = self._stack.close(demand_units, self._features(facts), self._category, facts.index, exposure)
        forecast = lesson.forecast
        judged = forecast is not None and lesson.y_units is not None and exposure >= EXPOSURE_FLOOR
        if judged and self._candidates.wants(facts.index):
            self._teach(lesson, facts)
        self._follow(facts)
        return Closed(
            None if forecast is None else forecast.mean_units,
            None if forecast is None else self._alarm(lesson, forecast, facts.index),
            lesson.demand_units,
        )

    def _alarm(self, lesson: StackLesson, forecast: StackForecast, period: int) -> str | None:
        stack, found = self._stack, lesson.drift
        if forecast.signal_to_noise < LEAST_SIGNAL_TO_NOISE:
            return None
        score = stack.drift_score if found is None else found.score
        if score is not None:
            group = class_of(forecast.signal_to_noise, stack.share_sold)
            self._calibration.note(group, self._number, period, score, stack.drift_steps)
        if found is None:
            return None
        if forecast.signal_to_noise >= JUMP_SIGNAL_TO_NOISE:
            if found.direction == "season":
                stack.reopen()
            else:
                stack.jump()
        return found.direction

    def _features(self, facts: PeriodFacts) -> Features:
        return Features(facts.slot, (NO_PAST + known_features(facts))[: self._width])

    def _values(self, facts: PeriodFacts) -> Mapping[str, float]:
        """What the candidates say of a period: the built-in ones, and each signal less its usual value."""
        built_in = facts.drivers if self._built_in else {}
        if not self._names or not self._seen:
            return built_in
        values = dict(built_in)
        for name, value, usual in zip(self._names, facts.signals, self._usual, strict=True):
            if value != usual:
                values[name] = value - usual
        return values

    def _teach(self, lesson: StackLesson, facts: PeriodFacts) -> None:
        values = self._values(facts)
        if values and lesson.forecast is not None and lesson.y_units is not None:
            mean, spread = lesson.forecast.mean_units, lesson.forecast.distribution
            self._candidates.learn(facts.index, lesson.y_units, mean, spread.dispersion, spread.grain, values)

    def _follow(self, facts: PeriodFacts) -> None:
        self._seen += 1
        step = max(_USUAL_GAIN, 1.0 / self._seen)
        self._usual = [usual + step * (value - usual) for usual, value in zip(self._usual, facts.signals, strict=False)]


class OwnFleet:
    """A stack for each series, and a pool for each task.

    Parameters
    ----------
    plan
        What it is made for.
    drift_threshold, drift_detector
        Of the detectors, before they are calibrated; who finds drifts of the level.
    drift_alarms_per_series_year
        What they are calibrated to; None leaves them as they are.
    signals
        What becomes of the columns that the data set adds.
    built_in
        Whether the built-in candidates compete.
    """

    def __init__(
        self,
        plan: FleetPlan,
        drift_threshold: float = DEFAULT_THRESHOLD,
        drift_alarms_per_series_year: float | None = ShopSettings().drift_alarms_per_series_year,
        drift_detector: str = ShopSettings().drift_detector,
        signals: SignalRole = "columns",
        built_in: bool = True,
    ) -> None:
        columns = COLUMNS + (tuple(Column(name) for name in plan.signals) if signals == "columns" else ())
        stacks = [
            SeriesStack(plan.season, columns, drift_threshold=drift_threshold, drift_detector=drift_detector)
            for _ in plan.keys
        ]
        tasks = [
            (
                Pool(stacks[0].layout),
                DriftCalibration(plan.season, drift_alarms_per_series_year, stacks[0].drift_thresholds),
            )
            for _ in range(plan.partitions if stacks else 0)
        ]
        memory = stacks[0].layout.memory_periods if stacks else 1.0
        races: dict[tuple[int, str], Candidates] = {}
        names = plan.signals if signals == "candidates" else ()
        series = []
        for stack, (store, sku), category in zip(stacks, plan.keys, plan.categories, strict=True):
            task = partition_of(sku.encode(), plan.partitions)
            race = races.setdefault((task, department(category)), Candidates(memory))
            pool, calibration = tasks[task]
            number = crc32(f"{store}|{sku}".encode())
            series.append(OwnSeries(stack, pool.category(category or ""), calibration, number, race, names, built_in))
        self.series: tuple[OwnSeries, ...] = tuple(series)
        self.races = races

    def period_over(self) -> None:
        pass
