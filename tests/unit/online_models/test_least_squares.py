"""Recursive least squares against the same problem solved at once."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pytest

from online_models.least_squares import WeightedLeastSquares, hold_diagonal

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4))
Y = X @ np.array([1.0, -2.0, 0.5, 3.0]) + RNG.normal(size=60)
W = RNG.uniform(0.2, 3.0, 60)
NAMES = ("a", "b", "c", "d")


def taught(forgetting: float, weights: np.ndarray, prior: float = 10.0) -> WeightedLeastSquares:
    model = WeightedLeastSquares(prior_covariance=prior, forgetting=forgetting)
    for x, y, w in zip(X, Y, weights, strict=True):
        model.learn_one(dict(zip(NAMES, x.tolist(), strict=True)), float(y), float(w))
    return model


def test_weights_are_those_of_weighted_ridge_regression() -> None:
    # The prior is a ridge of 1 / covariance.
    expected = np.linalg.solve((X.T * W) @ X + np.eye(4) / 10.0, (X.T * W) @ Y)
    assert taught(1.0, W).theta == pytest.approx(expected, rel=1e-9)


def test_forgetting_weighs_the_past_down_geometrically() -> None:
    # So little is forgotten in 60 steps that no variance reaches the prior's, where the closed form would end.
    keep = 0.99
    age = np.arange(59, -1, -1)
    weights = W * keep**age
    expected = np.linalg.solve((X.T * weights) @ X + keep**60 * np.eye(4) / 10.0, (X.T * weights) @ Y)
    assert taught(keep, W).theta == pytest.approx(expected, rel=1e-9)


def test_a_weight_of_two_is_the_same_observation_twice() -> None:
    once, twice = WeightedLeastSquares(forgetting=1.0), WeightedLeastSquares(forgetting=1.0)
    x: dict[Hashable, Any] = {"a": 1.0, "b": 2.0}
    once.learn_one(x, 5.0, 2.0)
    twice.learn_one(x, 5.0)
    twice.learn_one(x, 5.0)
    assert once.theta == pytest.approx(twice.theta, rel=1e-12)


def test_what_is_not_excited_is_forgotten_no_further_than_to_the_prior() -> None:
    model = WeightedLeastSquares(prior_covariance=2.0, forgetting=0.9)
    model.learn_one({"a": 1.0, "b": 1.0}, 1.0)
    for _ in range(500):
        model.learn_one({"a": 1.0}, 1.0)
    model.learn_one({"b": 1.0}, 11.0)
    # A variance of 2 and noise of 0.9: the step is 2 / 2.9 of the error, of some 10; unheld it would be all of it.
    assert 0.6 * 11.0 < model.predict_one({"b": 1.0}) < 0.8 * 11.0


def test_hold_keeps_correlations() -> None:
    covariance = np.array([[8.0, 2.0], [2.0, 1.0]])
    hold_diagonal(covariance, 2.0)
    assert covariance == pytest.approx(np.array([[2.0, 1.0], [1.0, 1.0]]))  # 2 / sqrt(8) = 0.707 = 1 / sqrt(2)


def test_a_missing_feature_counts_as_nothing() -> None:
    model = taught(1.0, W)
    assert model.predict_one({"a": 1.0, "unheard of": 5.0}) == pytest.approx(float(model.theta[0]))


def test_what_is_stored_is_what_is_used() -> None:
    model = taught(0.99, W)
    state = model.encode()
    twin = WeightedLeastSquares(forgetting=0.99)
    assert twin.restore(state + b"rest") == len(state)
    for x, y in zip(X, Y, strict=True):
        model.learn(x, float(y) - model.predict(x))
        twin.learn(x, float(y) - twin.predict(x))
    assert twin.encode() == model.encode() != state
