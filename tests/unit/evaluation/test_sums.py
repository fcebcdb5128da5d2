"""Scores against scikit-learn, pandas, and our own streaming sums."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, mean_absolute_percentage_error, mean_pinball_loss, mean_squared_error

from online_models.scores import Scores
from streams.evaluation.forecaster import LEVELS
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.sums import Yardsticks, add_up, common_cells, measure_yardsticks
from tests.unit.evaluation.panels import draw_demand, make_panel

PLAN = Plan("block", (28, 35), 7)


def some() -> tuple[Forecasts, np.ndarray]:
    panel = make_panel(draw_demand((3, 42), 1, [2.0, 20.0, 200.0]))
    random = np.random.default_rng(2)
    actual = panel.demand[:, PLAN.targets()]
    means = actual + random.normal(size=actual.shape) * 3.0
    quantiles = np.sort(means[..., None] + random.normal(size=(*actual.shape, len(LEVELS))) * 5.0, axis=3)
    return Forecasts(PLAN, means, quantiles), actual


def test_scores_are_scikit_learns() -> None:
    forecasts, actual = some()
    ones = Yardsticks(np.ones(3), np.ones(3))
    score = add_up(forecasts, actual, ones, common_cells(actual, forecasts)).score()
    y, mean = actual.ravel(), forecasts.means.ravel()
    sold = y > 0.0
    assert score["n"] == 3 * 14
    assert score["mae"] == pytest.approx(mean_absolute_error(y, mean))
    assert score["rmse"] == pytest.approx(np.sqrt(mean_squared_error(y, mean)))
    assert score["mape"] == pytest.approx(mean_absolute_percentage_error(y[sold], mean[sold]))
    assert score["wape"] == pytest.approx(mean_absolute_error(y, mean) / y.mean())
    assert score["bias"] == pytest.approx((mean - y).sum() / y.sum())
    assert forecasts.quantiles is not None
    losses = [
        mean_pinball_loss(y, forecasts.quantiles[..., place].ravel(), alpha=level) for place, level in enumerate(LEVELS)
    ]
    assert score["pinball"] == pytest.approx(np.mean(losses) / y.mean())
    assert score["pinball_90"] == pytest.approx(losses[LEVELS.index(0.9)] / y.mean())


def test_mase_and_rmsse_are_those_of_the_streaming_scores() -> None:
    forecasts, actual = some()
    scales = Yardsticks(np.array([2.0, 5.0, np.nan]), np.array([4.0, 9.0, np.nan]))
    score = add_up(forecasts, actual, scales, common_cells(actual, forecasts)).score()
    streaming = Scores()
    for i in range(3):
        mae, mse = (None, None) if i == 2 else (scales.absolute[i], scales.square[i])
        for y, mean in zip(actual[i].ravel(), forecasts.means[i].ravel(), strict=True):
            streaming.add(float(y), float(mean), mae, mse)
    assert score["mase"] == pytest.approx(streaming.mase)
    assert score["rmsse"] == pytest.approx(streaming.rmsse)
    assert score["wape"] == pytest.approx(streaming.wape)


def test_yardsticks_end_before_the_tail() -> None:
    demand = draw_demand((2, 42), 3)
    demand[0, 5] = np.nan
    panel = make_panel(demand)
    found = measure_yardsticks(panel, tail=14)
    for i in range(2):
        differences = pd.Series(demand[i, :28]).diff(7).dropna()
        assert found.absolute[i] == pytest.approx(differences.abs().mean())
        assert found.square[i] == pytest.approx((differences**2).mean())
    changed = demand.copy()
    changed[:, 28:] = 9_999.0
    assert measure_yardsticks(make_panel(changed), tail=14).absolute.tolist() == found.absolute.tolist()


def test_only_cells_that_both_know_are_compared() -> None:
    forecasts, actual = some()
    other = Forecasts(PLAN, forecasts.means.copy())
    other.means[0, 0, 0] = np.nan
    actual[1, 1, 6] = np.nan
    cells = common_cells(actual, forecasts, other)
    assert int((~cells).sum()) == 2
    assert add_up(forecasts, actual, Yardsticks(np.ones(3), np.ones(3)), cells).of("n").tolist() == [13.0, 13.0, 14.0]


def test_nothing_behind_a_score_is_none() -> None:
    forecasts, actual = some()
    empty = np.zeros(actual.shape, np.bool_)
    score = add_up(forecasts, actual, Yardsticks(np.ones(3), np.ones(3)), empty).score()
    assert {name: value for name, value in score.items() if value is not None} == {"n": 0.0}
