"""The registry's default model behind the port of evaluation: features, closes and forecasts as the engine makes them.

The one rule: nothing is done here that the demand engine does not do; where the engine's close changes, this does.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

from online_models.columns import COLUMNS, Column, Features
from online_models.distribution import SMALLEST_MEAN, DemandDistribution
from online_models.drift import DEFAULT_THRESHOLD
from online_models.series_model import SeriesModel
from streams.evaluation.forecaster import LEVELS, SUMS, Closed, FleetPlan, Issued, Probabilities
from streams.features import HISTORY_PERIODS, PeriodFacts, known_features, past_features

#: As in `ShopSettings`: below this share of stock a period teaches nothing about zero.
EXPOSURE_FLOOR: Final = 0.95


class OwnSeries:
    """One series: the model, and the history that its features read."""

    def __init__(self, model: SeriesModel) -> None:
        self._model = model
        self._history: deque[float | None] = deque(maxlen=HISTORY_PERIODS)

    def begin(self, facts: PeriodFacts) -> None:
        pass

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued | None:
        past = past_features(list(self._history))
        xs = [Features(facts.slot, past + known_features(facts)) for facts in ahead]
        means = self._model.horizon_means(xs)
        if means is None:
            return None
        dispersion = self._model.dispersion
        each = [DemandDistribution(max(mean, SMALLEST_MEAN), dispersion) for mean in means]

        def pit(place: int, units: float) -> Probabilities:
            return each[place].cdf(math.ceil(units) - 1.0), each[place].cdf(units)

        return Issued(
            means,
            [distribution.quantiles(LEVELS) for distribution in each],
            pit,
            {days: each[0].sum_over(means[:days]).quantiles(LEVELS) for days in SUMS if days <= len(means)},
            dispersion,
        )

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        known = demand_units if exposure >= EXPOSURE_FLOOR else None
        x = Features(facts.slot, past_features(list(self._history)) + known_features(facts))
        lesson = self._model.close(known, x)
        self._history.append(known)
        mean = lesson.forecast.mean_units if lesson.forecast is not None else None
        return Closed(mean, lesson.drift.direction if lesson.drift is not None else None, lesson.y_units)


class OwnFleet:
    """One model for each series; nothing is pooled yet.

    Parameters
    ----------
    plan
        What it is made for.
    drift_threshold
        Of the detectors.
    """

    def __init__(self, plan: FleetPlan, drift_threshold: float = DEFAULT_THRESHOLD) -> None:
        columns = COLUMNS + tuple(Column(name) for name in plan.signals)
        self.series: tuple[OwnSeries, ...] = tuple(
            OwnSeries(SeriesModel(plan.season, columns=columns, drift_threshold=drift_threshold)) for _ in plan.keys
        )

    def period_over(self) -> None:
        pass
