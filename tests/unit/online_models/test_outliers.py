"""Outliers: flagged by deviations and by fences, and never where nothing was forecast."""

import math

from online_models.conformal import CalibratedDistribution
from online_models.outliers import outlier_of
from online_models.stack_forecast import StackForecast, StackLesson


def lesson(y: float, mean: float = 100.0, dispersion: float = 0.0) -> StackLesson:
    spread = CalibratedDistribution(mean, dispersion)
    forecast = StackForecast(mean, spread, "level", (mean,), mean)
    score = (y - mean) / math.sqrt(spread.variance)
    return StackLesson(forecast, y, y, 0.0, y - mean, score, None, None, None, None)


def test_by_deviations_and_by_fences() -> None:
    # Poisson of mean 100: standard deviation 10, quartiles 93 and 107, outer fences 93 - 42 and 107 + 42.
    assert [outlier_of(lesson(y)) for y in (100.0, 130.0, 141.0, 150.0, 59.0, 50.0)] == [
        None, None, "z", "both", "z", "both",
    ]  # fmt: skip


def test_a_skewed_demand_has_wide_fences() -> None:
    # Mean 2, dispersion 4: variance 18, standard deviation 4.24; 18 units are 3.8 of them, far beyond the quartiles.
    assert outlier_of(lesson(18.0, 2.0, 4.0)) == "iqr"


def test_nothing_was_forecast() -> None:
    assert outlier_of(StackLesson(None, 5.0, 5.0, 0.0, None, None, None, None, None, None)) is None
