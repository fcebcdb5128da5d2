"""Scores against their definitions in numpy, and None where nothing is known."""

import math

import numpy as np
import pytest

from online_models.scores import INTERVALS, LEVELS, PINBALL_LEVELS, Scores

RNG = np.random.default_rng(5)
ACTUAL = RNG.poisson(6.0, 200).astype(float)
MEAN = RNG.uniform(2.0, 10.0, 200)
QUANTILES = np.sort(RNG.integers(0, 15, (200, len(LEVELS))), axis=1).astype(float)  # whole: ends are hit often


def filled(rows: slice = slice(None)) -> Scores:
    scores = Scores()
    for y, mean, quantiles in zip(ACTUAL[rows], MEAN[rows], QUANTILES[rows], strict=True):
        scores.add(float(y), float(mean), 2.0, 5.0, [float(q) for q in quantiles])
    return scores


def test_point_scores_are_their_definitions() -> None:
    scores, error = filled(), MEAN - ACTUAL
    assert scores.wape == pytest.approx(np.abs(error).sum() / ACTUAL.sum())
    assert scores.bias == pytest.approx(error.sum() / ACTUAL.sum())
    assert scores.mase == pytest.approx(np.abs(error).mean() / 2.0)
    assert scores.rmsse == pytest.approx(math.sqrt((error**2).mean() / 5.0))


def test_quantile_scores_are_their_definitions() -> None:
    scores = filled()
    for level in PINBALL_LEVELS:
        short = ACTUAL - QUANTILES[:, LEVELS.index(level)]
        assert scores.pinball(level) == pytest.approx(np.maximum(level * short, (level - 1) * short).mean())
        assert scores.upper_coverage(level) == pytest.approx((short <= 0).mean())
    for probability in INTERVALS:
        low = QUANTILES[:, LEVELS.index(round((1 - probability) / 2, 3))]
        high = QUANTILES[:, LEVELS.index(round((1 + probability) / 2, 3))]
        assert scores.coverage(probability) == pytest.approx(((low <= ACTUAL) & (high >= ACTUAL)).mean())


def test_nothing_scored_is_unknown_never_zero() -> None:
    assert {name: score for name, score in Scores().as_dict().items() if score is not None} == {"n": 0}


def test_no_sale_at_all_leaves_the_shares_unknown() -> None:
    scores = Scores()
    scores.add(0.0, 1.0)
    assert (scores.wape, scores.bias, scores.mase, scores.pinball(0.5)) == (None, None, None, None)


def test_merging_is_scoring_together() -> None:
    merged = filled(slice(0, 70))
    merged.merge(filled(slice(70, None)))
    assert merged.as_dict() == pytest.approx(filled().as_dict())
    assert merged.n == 200


def test_state_round_trips() -> None:
    scores = filled()
    twin = Scores.from_state(scores.state())
    assert twin.state() == scores.state()
    assert twin.as_dict() == scores.as_dict()
