"""Randomised PIT: uniform for the truth, off for a lie, with and without a distribution function."""

import numpy as np
import pytest
from scipy import stats

from streams.evaluation.calibration import (
    coverage_by_class,
    draw_pit,
    pit_histogram,
    sum_coverage,
    upper_coverage,
    volume_classes,
)
from streams.evaluation.forecaster import LEVELS
from streams.evaluation.forecasts import Forecasts, Plan
from tests.unit.evaluation.panels import make_panel

N = 4_000


def poisson(stated: float, true: float, *, with_cdf: bool) -> tuple[Forecasts, np.ndarray]:
    y = np.random.default_rng(1).poisson(true, (N, 1, 1)).astype(float)
    quantiles = np.tile(stats.poisson.ppf(LEVELS, stated), (N, 1, 1, 1))
    means = np.full(y.shape, stated)
    plan = Plan("day_ahead", (0,), 1)
    if not with_cdf:
        return Forecasts(plan, means, quantiles), y
    return Forecasts(plan, means, quantiles, stats.poisson.cdf(y - 1, stated), stats.poisson.cdf(y, stated)), y


def test_pit_of_the_truth_is_uniform() -> None:
    forecasts, y = poisson(0.7, 0.7, with_cdf=True)
    pit = draw_pit(forecasts, y, 7).ravel()
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    everything = np.ones(y.shape, np.bool_)
    assert upper_coverage(draw_pit(forecasts, y, 7), 0.9, everything) == pytest.approx(0.9, abs=0.015)
    assert sum(pit_histogram(draw_pit(forecasts, y, 7), everything)) == pytest.approx(1.0)
    # Plain coverage of counts is higher by nature: P(D <= 2) = 0.966 for a mean of 0.7.
    assert forecasts.quantiles is not None
    assert (y <= forecasts.quantiles[..., LEVELS.index(0.9)]).mean() > 0.95


def test_pit_of_a_lie_is_not() -> None:
    forecasts, y = poisson(0.7, 1.4, with_cdf=True)
    assert stats.kstest(draw_pit(forecasts, y, 7).ravel(), "uniform").pvalue < 1e-6


@pytest.mark.parametrize(("mean", "within"), [(200.0, 0.02), (0.7, 0.035)])
def test_quantiles_alone_come_close(mean: float, within: float) -> None:
    forecasts, y = poisson(mean, mean, with_cdf=False)
    assert upper_coverage(draw_pit(forecasts, y, 7), 0.9, np.ones(y.shape, np.bool_)) == pytest.approx(0.9, abs=within)


def test_classes_are_thirds_by_demand_before_the_tail() -> None:
    panel = make_panel([[5, 5, 900], [1, 1, 900], [3, 3, 0], [9, 9, 0], [2, 2, 0], [7, 7, 0]])
    assert volume_classes(panel, tail=1).tolist() == [1, 0, 1, 2, 0, 2]


def test_coverage_is_split_by_class() -> None:
    pit = np.array([[[0.5]], [[0.95]], [[0.2]]])
    every = np.ones(pit.shape, np.bool_)
    assert coverage_by_class(pit, every, np.array([0, 1, 2])) == {"all": 2 / 3, "low": 1.0, "mid": 0.0, "high": 1.0}


def test_sums_run_over_trading_periods() -> None:
    panel = make_panel([[1, 1, np.nan, 2, 3, 4]])
    plan = Plan("month", (1, 4), 5)
    upper = np.full((1, 2, len(LEVELS)), 5.9)
    forecasts = Forecasts(plan, np.full((1, 2, 5), 1.0), sums={3: upper})
    # From period 1 on, three trading periods bring 1 + 2 + 3 = 6; from period 4 on there are only two.
    assert forecasts.sum_actuals(panel, 3)[0].tolist()[0] == 6.0
    assert sum_coverage(forecasts, panel, 3) == (0.0, 1)
    assert sum_coverage(forecasts, panel, 7) == (None, 0)
