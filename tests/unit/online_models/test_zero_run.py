"""Silences by hand, and thresholds against drawn ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.nowcast import DayAhead
from online_models.risk_calibration import CLASSES, DemandClass
from online_models.zero_run import SilenceScale, silence_nats, silent_share
from schemas.errors import StateCorrupt


def test_silence_is_minus_the_log_of_no_purchase() -> None:
    # 20 units a day, two at a time, a quarter of the day: 2.5 purchases; negative binomial of dispersion 0.4:
    # (1 + 0.4 x 2.5) ** (-1 / 0.4)
    day = DayAhead(20.0, 0.4, 2.0)
    assert silence_nats(day, 0.25) == pytest.approx(-math.log((1 + 0.4 * 2.5) ** (-1 / 0.4)))
    assert silence_nats(DayAhead(20.0, 0.0, 0.1), 0.25) == pytest.approx(50.0)
    assert silence_nats(day, 0.0) == 0.0


@given(st.floats(0.01, 500.0), st.floats(0.0, 3.0), st.floats(0.05, 20.0), st.floats(0.01, 12.0))
def test_the_share_that_weighs_so_much_weighs_so_much(mean: float, variance: float, clump: float, nats: float) -> None:
    day = DayAhead(mean, variance, clump)
    share = silent_share(day, nats)
    assert share is None or silence_nats(day, share) == pytest.approx(nats, rel=1e-6)


def test_the_threshold_is_passed_as_often_as_wished() -> None:
    # A year of 200 series, three runs a day each; their nats are exponential of scale 1.5, by a generator.
    random = np.random.default_rng(5)
    runs = random.exponential(1.5, 200 * 365 * 3)
    scale = SilenceScale()
    for nats in runs.tolist():
        scale.live("erratic", 1.0 / 3.0)
        scale.end("erratic", nats)
    for wish in (0.2, 2.0):
        passed = (runs > scale.threshold_nats("erratic", wish)).sum() / 200
        assert passed == pytest.approx(wish, rel=0.25)


@given(st.lists(st.tuples(st.sampled_from(CLASSES), st.floats(0.0, 30.0)), max_size=40))
def test_silences_come_back_as_they_were(runs: list[tuple[DemandClass, float]]) -> None:
    scale = SilenceScale()
    for kind, nats in runs:
        scale.live(kind, 1.0)
        scale.end(kind, nats)
    again = SilenceScale.decode(scale.encode())
    assert again.encode() == scale.encode()
    assert [again.threshold_nats(kind, 0.5) for kind in CLASSES] == [
        scale.threshold_nats(kind, 0.5) for kind in CLASSES
    ]
    with pytest.raises(StateCorrupt):
        SilenceScale.decode(scale.encode()[1:])


def test_chance_falls_with_the_nats() -> None:
    scale = SilenceScale()
    assert scale.chance("smooth", 1.0) == pytest.approx(math.exp(-1.0))
    assert scale.chance("smooth", 9.0) > scale.chance("smooth", 10.0)
