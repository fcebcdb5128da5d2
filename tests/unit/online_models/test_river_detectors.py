"""River's detectors: what they say on residuals, and that storing them changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import drift

from online_models.river_detectors import DETECTORS, PageHinkleyDetector

residuals = st.lists(st.floats(-6.0, 6.0), min_size=1, max_size=120)


def jump(seed: int, before: int = 80, after: int = 60, by: float = -2.0) -> list[float]:
    noise = np.random.default_rng(seed).normal(size=before + after)
    noise[before:] += by
    return [float(each) for each in noise]


@pytest.mark.parametrize("name", DETECTORS)
@given(stream=residuals, moved=st.floats(-3.0, 3.0))
@settings(max_examples=15, deadline=None)
def test_one_that_is_stored_after_every_close_decides_as_one_that_never_was(
    name: str, stream: list[float], moved: float
) -> None:
    undisturbed, stored = DETECTORS[name](), DETECTORS[name]()
    for residual in stream + [each + moved for each in stream]:
        twin = DETECTORS[name]()
        twin.restore(stored.encode())
        stored = twin
        assert stored.update(residual) == undisturbed.update(residual)
        assert stored.encode() == undisturbed.encode()
        assert len(stored.encode()) == stored.size


def test_page_hinkley_is_rivers_own() -> None:
    ours, river = PageHinkleyDetector(), drift.PageHinkley(min_instances=30, delta=0.3, threshold=10.0)
    decisions = []
    for residual in [*jump(1), *jump(2, by=2.5), *jump(3, 200, 0)]:
        river.update(min(max(residual, -3.0), 3.0))  # type: ignore[no-untyped-call]
        decisions.append((ours.update(residual) is not None, river.drift_detected))
    assert all(mine == theirs for mine, theirs in decisions)
    assert any(mine for mine, _ in decisions)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize(("by", "way"), [(-2.5, "down"), (2.5, "up")])
def test_a_jump_is_found_on_its_side(name: str, by: float, way: str) -> None:
    for seed in range(3):
        detector = DETECTORS[name]()
        said = [detector.update(residual) for residual in jump(seed, by=by)]
        assert not any(said[:80])
        # 2.5 standard deviations: ADWIN and KSWIN want 20 values of the new kind at most 40.
        assert way in said[80:125]


def test_an_outlier_is_no_drift() -> None:
    detector = PageHinkleyDetector()
    assert not any(detector.update(residual) for residual in [0.1, -0.1] * 30 + [-80.0] + [0.1, -0.1] * 30)
