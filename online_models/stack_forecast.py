"""What a stack says: the forecast it issues, and the lesson of a period that is over.

The one rule: a lesson holds the forecast as it was issued, never one worked out later.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from online_models.conformal import CalibratedDistribution
from online_models.drift import DriftFinding


class StackForecast(NamedTuple):
    """What is expected of one period.

    Parameters
    ----------
    mean_units
        The weighted mean of the experts.
    distribution
        Of demand, around that mean, at calibrated levels.
    champion
        Name of the expert of the largest weight.
    means
        Every expert's expected units, in the order of the layout's names.
    seasonal_naive
        The yardstick's units.
    """

    mean_units: float
    distribution: CalibratedDistribution
    champion: str
    means: tuple[float, ...]
    seasonal_naive: float

    @property
    def signal_to_noise(self) -> float:
        """Mean over standard deviation; 0 where nothing scatters."""
        deviation = math.sqrt(self.distribution.variance)
        return self.mean_units / deviation if deviation > 0.0 else 0.0


class StackLesson(NamedTuple):
    """What a closed period taught.

    Parameters
    ----------
    forecast
        As issued before the period; None if none was.
    y_units
        Demand that was seen; None if unknown.
    demand_units
        Demand with the unseen part filled in; equal to `y_units` in full sight.
    lost_units
        The part filled in: demand that found no stock.
    residual
        Demand less forecast, units; None if either is unknown or too little was seen.
    standardised
        Residual in standard deviations of the forecast.
    drift
        A finding, in the period that completes it.
    against
        What the finding was tested against: `forecast` or `reference` (the slow level).
    seasonal_mae, seasonal_mse
        Mean absolute and mean squared difference between a slot and its last time, over the past.
    """

    forecast: StackForecast | None
    y_units: float | None
    demand_units: float | None
    lost_units: float
    residual: float | None
    standardised: float | None
    drift: DriftFinding | None
    against: str | None
    seasonal_mae: float | None
    seasonal_mse: float | None
