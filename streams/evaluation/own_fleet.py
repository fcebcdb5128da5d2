"""The stack behind the port of evaluation: features, closes and forecasts as the engine makes them.

The one rule: nothing is done here that the demand engine does not do; where the engine's close changes, this does.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from online_models.columns import COLUMNS, Column, Features
from online_models.distribution import SMALLEST_MEAN
from online_models.drift import DEFAULT_THRESHOLD
from online_models.drift_calibration import DriftCalibration, class_of
from online_models.pool import Category, Pool
from online_models.stack import JUMP_SIGNAL_TO_NOISE, SeriesStack
from online_models.stack_forecast import StackForecast, StackLesson
from streams.engine.drifts import LEAST_SIGNAL_TO_NOISE
from streams.evaluation.forecaster import LEVELS, SUMS, Closed, FleetPlan, Issued, Probabilities
from streams.features import HISTORY_PERIODS, PeriodFacts, known_features, past_features
from streams.partitioner import partition_of
from streams.settings import ShopSettings

#: Below this share of stock a period is no whole one.
EXPOSURE_FLOOR: Final = ShopSettings().exposure_floor


class OwnSeries:
    """One series: its stack, its category in the pool, and the history that its features read."""

    def __init__(self, stack: SeriesStack, category: Category, calibration: DriftCalibration, number: int) -> None:
        self._stack = stack
        self._category = category
        self._calibration = calibration
        self._number = number
        stack.heed(calibration.cautions)
        self._history: deque[float | None] = deque(maxlen=HISTORY_PERIODS)

    def begin(self, facts: PeriodFacts) -> None:
        self._stack.issue(self._features(facts), self._category)

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued | None:
        stack = self._stack
        past = past_features(list(self._history))
        xs = [Features(facts.slot, past + known_features(facts)) for facts in ahead]
        means = stack.horizon_means(xs, self._category)
        if means is None:
            return None
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
        )

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        lesson = self._stack.close(demand_units, self._features(facts), self._category, facts.index, exposure)
        self._history.append(demand_units if exposure >= EXPOSURE_FLOOR else None)
        forecast = lesson.forecast
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
        return Features(facts.slot, past_features(list(self._history)) + known_features(facts))


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
    """

    def __init__(
        self,
        plan: FleetPlan,
        drift_threshold: float = DEFAULT_THRESHOLD,
        drift_alarms_per_series_year: float | None = ShopSettings().drift_alarms_per_series_year,
        drift_detector: str = ShopSettings().drift_detector,
    ) -> None:
        columns = COLUMNS + tuple(Column(name) for name in plan.signals)
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
        self.series: tuple[OwnSeries, ...] = tuple(
            self._join(stack, tasks[partition_of(sku.encode(), plan.partitions)], category, f"{store}|{sku}")
            for stack, (store, sku), category in zip(stacks, plan.keys, plan.categories, strict=True)
        )

    @staticmethod
    def _join(stack: SeriesStack, task: tuple[Pool, DriftCalibration], category: str | None, name: str) -> OwnSeries:
        pool, calibration = task
        return OwnSeries(stack, pool.category(category or ""), calibration, crc32(name.encode()))

    def period_over(self) -> None:
        pass
