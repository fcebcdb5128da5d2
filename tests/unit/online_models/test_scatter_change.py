"""Scatter that has changed."""

from __future__ import annotations

import numpy as np
import pytest

from online_models.scatter_change import ScatterChange


def run(deviation: float, seed: int, periods: int = 60) -> list[str]:
    change = ScatterChange()
    found = (change.update(float(z)) for z in np.random.default_rng(seed).normal(0.0, deviation, periods))
    return [way for way in found if way is not None]


@pytest.mark.parametrize(("deviation", "way"), [(2.0, "up"), (0.4, "down")])
def test_a_changed_scatter_is_found(deviation: float, way: str) -> None:
    assert all(set(run(deviation, seed)) == {way} for seed in range(20))


def test_residuals_as_forecast_are_no_news() -> None:
    assert sum(bool(run(1.0, seed)) for seed in range(50)) <= 2


def test_the_ratio_is_that_of_the_newest_residuals() -> None:
    change = ScatterChange()
    for at in range(400):
        change.update(1.5 if at % 2 else -1.5)
    assert change.ratio == pytest.approx(1.5, abs=1e-4)


def test_the_codec_keeps_every_number() -> None:
    change, stored = ScatterChange(), ScatterChange()
    for z in np.random.default_rng(7).normal(0.0, 1.7, 80).tolist():
        twin = ScatterChange()
        twin.restore(stored.encode())
        stored = twin
        assert stored.update(z) == change.update(z)
        assert (stored.encode(), stored.ratio) == (change.encode(), change.ratio)
