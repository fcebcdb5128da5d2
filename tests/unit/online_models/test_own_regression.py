"""The series' own regression is River's, with case weights, cheap forgetting and a codec."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pytest
from river import linear_model

from online_models.own_regression import ALPHA, FORGETTING, OwnRegression

NAMES = ("one", "a", "b")
RNG = np.random.default_rng(3)
X = RNG.normal(size=(80, 3))
Y = X @ np.array([0.5, 1.0, -1.0]) + 0.1 * RNG.normal(size=80)


def bench() -> OwnRegression:
    found = OwnRegression(NAMES)
    triangle = np.array(found.blank(), dtype=np.float32)
    found.read(np.zeros(3, dtype=np.float32), triangle)
    return found


def said(river: linear_model.BayesianLinearRegression, x: dict[Hashable, Any]) -> float:
    return float(river.predict_one(x))  # type: ignore[no-untyped-call]


def ridge(weights: np.ndarray) -> np.ndarray:
    """Forgetting weighs observations and prior alike, newest observation once."""
    weights = weights * FORGETTING ** np.arange(len(weights), 0, -1)
    prior = ALPHA * FORGETTING ** len(weights) * np.eye(3)
    found: np.ndarray = np.linalg.solve((X.T * weights) @ X + prior, (X.T * weights) @ Y)
    return found


def test_is_weighted_bayesian_regression_with_forgetting() -> None:
    model, weights = bench(), RNG.uniform(0.1, 1.0, 80)
    for x, y, w in zip(X, Y, weights, strict=True):
        model.learn(x, float(y), float(w))
    assert model.coefficients == pytest.approx(ridge(weights), rel=1e-4)  # stored in 4-byte floats


def test_one_lesson_is_rivers_own() -> None:
    model = bench()
    model.learn(X[0], float(Y[0]), 1.0)
    river = linear_model.BayesianLinearRegression(alpha=ALPHA, beta=1.0, smoothing=None)
    x: dict[Hashable, Any] = dict(zip(NAMES, X[0].tolist(), strict=True))
    river.learn_one(x, float(Y[0]))  # type: ignore[no-untyped-call]
    assert model.predict(X[0]) == pytest.approx(said(river, x), rel=1e-6)


def test_river_predicts_the_same_after_a_round_trip() -> None:
    eta, triangle = np.zeros(3, dtype=np.float32), np.array(bench().blank(), dtype=np.float32)
    model, twin = OwnRegression(NAMES), OwnRegression(NAMES)
    model.read(eta, triangle)
    for vector, y in zip(X, Y, strict=True):
        model.learn(vector, float(y), 1.0)
    twin.read(eta.copy(), triangle.copy())
    x: dict[Hashable, Any] = dict(zip(NAMES, X[3].tolist(), strict=True))
    assert said(twin.river, x) == said(model.river, x)
    assert twin.predict(X[3]) == model.predict(X[3]) == pytest.approx(said(model.river, x), rel=1e-12)


def test_reopened_it_says_the_same_and_learns_faster() -> None:
    calm, opened = bench(), bench()
    for model in (calm, opened):
        for x, y in zip(X, Y, strict=True):
            model.learn(x, float(y), 1.0)
    opened.reopen(0.1)
    assert opened.coefficients == pytest.approx(calm.coefficients, rel=1e-4)
    for model in (calm, opened):
        model.learn(np.array([1.0, 0.0, 0.0]), 3.0, 1.0)
    assert opened.coefficients[0] > calm.coefficients[0] + 0.1
