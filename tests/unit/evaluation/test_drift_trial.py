"""What becomes of alarms, worked out by hand; planted changes against pandas."""

import numpy as np
import pandas as pd
import pytest

from streams.evaluation.changes import draw_starts, plant, shuffle_seasons
from streams.evaluation.drift_trial import judge_class, run_drift_trial, signal_to_noise
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.prequential import Run
from tests.unit.evaluation.panels import draw_demand, make_panel


def alarms_at(shape: tuple[int, int], *places: tuple[int, int]) -> np.ndarray:
    found = np.zeros(shape, np.bool_)
    for place in places:
        found[place] = True
    return found


def test_figures_by_hand() -> None:
    # Four series of 200 days, the last 100 scored; series 0..2 change on day 120, series 3 never does.
    shape, starts = (4, 200), np.array([120, 120, 120, -1])
    untouched = alarms_at(shape, (0, 50), (0, 150), (3, 199))  # day 50 lies before the tail
    changed = alarms_at(shape, (0, 119), (0, 122), (1, 140), (2, 148))  # day 119 is before the change, 148 too late
    found = judge_class("day", np.ones(4, np.bool_), starts, untouched, untouched, {"half": changed}, tail=100)
    assert found.alarms_a_year == pytest.approx(2 / (4 * 100 / 365.25))
    half = found.changes["half"]
    assert half.planted == 3
    assert half.recall == {7: 1 / 3, 14: 1 / 3, 28: 2 / 3}
    assert half.delay_periods == (3 + 21) / 2
    assert half.mdr == pytest.approx(1 / 3)
    assert half.mtfa == 4 * 100 / 2
    assert half.mtr == pytest.approx(200 / 12 * 2 / 3)


def test_nobody_alarms() -> None:
    quiet = np.zeros((2, 60), np.bool_)
    found = judge_class("week", np.ones(2, np.bool_), np.array([30, -1]), quiet, quiet, {"more": quiet}, tail=40)
    assert found.alarms_a_year == 0.0
    more = found.changes["more"]
    assert (more.recall, more.delay_periods, more.mtfa, more.mdr, more.mtr) == (
        {2: 0.0, 4: 0.0, 8: 0.0},
        None,
        None,
        1.0,
        None,
    )


def test_a_ramp_falls_in_a_line_and_stays() -> None:
    panel = make_panel(np.full((1, 100), 100.0))
    demand = plant(panel, "ramp", np.array([50])).panel.demand[0]
    assert demand[49] == 100.0
    assert demand[63] == pytest.approx(75.0)  # the 14th of 28 days
    assert demand[77:].tolist() == [50.0] * 23


def test_a_shift_moves_the_pattern_and_keeps_the_level() -> None:
    week = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, np.nan]
    panel = make_panel([week * 10])
    demand = plant(panel, "shift", np.array([35])).panel.demand[0]
    # Six trading slots, each takes the ratio of the one three before it.
    assert demand[35:42] == pytest.approx([40.0, 50.0, 60.0, 10.0, 20.0, 30.0, np.nan], nan_ok=True)
    assert np.nansum(demand[35:]) == pytest.approx(np.nansum(panel.demand[0, 35:]))


def test_half_of_the_series_change_and_each_leaves_time_to_be_found() -> None:
    starts = draw_starts(make_panel(np.ones((20, 200))), tail=100, seed=7)
    assert (starts >= 0).sum() == 10
    assert starts[starts >= 0].min() >= 100
    assert starts.max() <= 200 - 28


def test_shuffled_weeks_are_the_same_weeks() -> None:
    panel = make_panel(np.arange(30.0)[None, :])
    shuffled = shuffle_seasons(panel, seed=7).demand[0]
    weeks = {tuple(week) for week in np.arange(28.0).reshape(4, 7).tolist()}
    assert {tuple(week) for week in shuffled[:28].reshape(4, 7).tolist()} == weeks
    assert shuffled.tolist() != panel.demand[0].tolist()
    assert shuffled[28:].tolist() == [28.0, 29.0]


def test_signal_to_noise_is_mean_over_error_before_the_tail() -> None:
    demand, means = draw_demand((2, 80), 5), draw_demand((2, 80), 6)
    blank = np.zeros((2, 80), np.bool_)
    found = signal_to_noise(make_panel(demand), Run((), means, blank, blank, means), tail=20)
    for i in range(2):
        stretch = pd.Series(demand[i, 30:60])
        error = stretch - means[i, 30:60]
        assert found[i] == pytest.approx(stretch.mean() / np.sqrt((error**2).mean()))


def test_own_detector_finds_a_halving_of_smooth_demand() -> None:
    panel = make_panel(draw_demand((6, 200), 2, 60.0))
    found = run_drift_trial(panel, OwnFleet, tail=100, seed=7, changes=("half",))
    assert found["all"].changes["half"].recall[28] == 1.0
    assert found["all"].series == found[">= 3"].series == 6
