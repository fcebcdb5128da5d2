"""Bootstrap intervals against SciPy's, and their seeds."""

import numpy as np
import pytest
from scipy import stats

from streams.evaluation.intervals import draw_weights, ratio_interval
from streams.evaluation.sums import FIELDS, Sums


def sums_of(absolute: np.ndarray, actual: np.ndarray) -> Sums:
    table = np.zeros((len(absolute), len(FIELDS)))
    table[:, FIELDS.index("absolute")], table[:, FIELDS.index("actual")] = absolute, actual
    table[:, FIELDS.index("n")] = 1.0
    return Sums(table)


def test_interval_of_a_ratio_is_scipys() -> None:
    random = np.random.default_rng(5)
    actual = random.gamma(2.0, 50.0, 80)
    ours, theirs = random.gamma(3.0, 4.0, 80), random.gamma(3.0, 5.0, 80)
    found = ratio_interval(sums_of(ours, actual), sums_of(theirs, actual), "wape", seed=7, draws=4_000)
    assert found.value == pytest.approx(ours.sum() / theirs.sum())
    reference = stats.bootstrap(
        (ours, theirs), lambda a, b: a.sum() / b.sum(), paired=True, vectorized=False, n_resamples=4_000,
        confidence_level=0.9, method="percentile", rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    assert found.low == pytest.approx(reference.low, abs=0.01)
    assert found.high == pytest.approx(reference.high, abs=0.01)


def test_a_seed_gives_one_interval_and_another_seed_another() -> None:
    a, b = sums_of(np.arange(1.0, 21.0), np.full(20, 9.0)), sums_of(np.full(20, 8.0), np.full(20, 9.0))
    assert ratio_interval(a, b, "wape", 7) == ratio_interval(a, b, "wape", 7)
    assert ratio_interval(a, b, "wape", 7) != ratio_interval(a, b, "wape", 8)


def test_every_draw_is_of_as_many_series() -> None:
    assert set(draw_weights(13, 7, 50).sum(axis=1).tolist()) == {13.0}


def test_a_ratio_to_nothing_is_unknown() -> None:
    nothing = sums_of(np.zeros(3), np.zeros(3))
    assert ratio_interval(nothing, nothing, "wape", 7).value is None
