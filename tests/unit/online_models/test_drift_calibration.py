"""A wished rate of alarms becomes thresholds that keep it; a score becomes a p-value; storing changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from online_models.drift import log_ratio
from online_models.drift_calibration import (
    CLASSES,
    GRID,
    MOST_BLOCKS,
    DriftCalibration,
    alarm_rates,
    caution_for,
    class_of,
)

THRESHOLDS = (5.0, 5.0)
GROUP = class_of(5.0, 1.0)


def steps_of(mean: float, periods: int, seed: int) -> list[tuple[float, float]]:
    """Both steps of Poisson demand that is as forecast."""
    units = np.random.default_rng(seed).poisson(mean, periods)
    return [(log_ratio(float(y), mean, 0.0, 1.6), log_ratio(float(y), mean, 0.0, 0.6)) for y in units]


def alarms_in(steps: list[tuple[float, float]], threshold: float) -> int:
    """An independent count: both scores, one alarm a run, 14 periods of rest."""
    up = down = 0.0
    rest = alarms = 0
    for up_step, down_step in steps:
        if rest:
            rest -= 1
            continue
        up, down = max(up + up_step, 0.0), max(down + down_step, 0.0)
        if max(up, down) > threshold:
            alarms += 1
            up = down = 0.0
            rest = 14
    return alarms


def learnt(mean: float, wish: float | None, series: int = 40, days: int = 120) -> DriftCalibration:
    calibration = DriftCalibration(7, wish, THRESHOLDS)
    streams = [steps_of(mean, days, seed) for seed in range(series)]
    for day in range(days):
        for number, stream in enumerate(streams):
            calibration.note(GROUP, number, day, 0.0, stream[day])
    return calibration


@pytest.mark.parametrize(("signal", "share", "group"), [(0.79, 1.0, 0), (0.8, 0.7, 3), (2.0, 1.0, 4), (3.0, 0.75, 7)])
def test_a_class_is_signal_to_noise_by_how_often_it_sells(signal: float, share: float, group: int) -> None:
    # Shares of 0.75 and 0.7 are below 1 / 1.32 = 0.758.
    assert class_of(signal, share) == group < CLASSES


@pytest.mark.parametrize("mean", [3.0, 8.0])
@pytest.mark.parametrize("wish", [0.5, 2.0])
def test_the_wished_rate_is_kept_on_new_data_of_the_same_kind(mean: float, wish: float) -> None:
    caution = learnt(mean, wish).cautions[GROUP]
    years = 400
    seen = alarms_in(steps_of(mean, 365 * years, seed=999), caution * THRESHOLDS[0]) / years
    # The product's promise: 0.5 to 1.3 times the wish (models of a class are learnt from 384 weeks).
    assert 0.5 * wish <= seen <= 1.3 * wish + 3 * (wish / years) ** 0.5


def test_steadier_series_need_less_caution_for_the_same_rate() -> None:
    lumpy, steady = (learnt(mean, 0.5).cautions[GROUP] for mean in (2.0, 30.0))
    assert steady < lumpy


def test_without_a_wish_nothing_is_calibrated() -> None:
    assert learnt(3.0, None).cautions == [1.0] * CLASSES


def test_rates_fall_with_caution_and_are_those_of_a_plain_count() -> None:
    steps = steps_of(4.0, 7 * 400, seed=3)
    blocks = np.array(steps, np.float32).reshape(400, 7, 2) / np.float32(5.0)
    rates = alarm_rates(blocks, GRID, 365, seed=1)
    assert (np.diff(rates) <= 0).all()
    place = int(np.argmin(abs(GRID - 1.0)))
    plain = alarms_in(steps_of(4.0, 365 * 300, seed=4), 5.0 * float(GRID[place])) / (365 * 300)
    assert rates[place] == pytest.approx(plain, rel=0.3)


def test_the_caution_lies_between_the_rates_around_the_wish() -> None:
    rates = 8.0 * 0.5 ** np.arange(len(GRID))
    assert caution_for(rates, 2.0) == pytest.approx(GRID[2])
    # Half way between 2 and 1 on a logarithmic scale.
    assert caution_for(rates, 2.0**0.5) == pytest.approx((GRID[2] + GRID[3]) / 2)
    assert caution_for(rates, 100.0) == GRID[0]
    assert caution_for(rates, 1e-6) == GRID[-1]


def test_p_values_of_luck_are_what_they_say() -> None:
    calibration = DriftCalibration(7, None, THRESHOLDS)
    random = np.random.default_rng(7)
    p_values = [
        calibration.note(GROUP, 1, day, float(score), None) for day, score in enumerate(random.exponential(1.0, 6000))
    ]
    late = p_values[2000:]
    # exp(-1) = 0.37 of the scores are above a nat: smaller ones are no news, and have no p-value of their own.
    for level in (0.01, 0.05, 0.2):
        kept = sum(p <= level for p in late)
        # Scores are put into bins of a quarter nat, so p is a little too large: never too small.
        assert 0.6 * level * len(late) <= kept <= stats.binom.ppf(0.9999, len(late), level)


def test_storing_after_every_day_changes_nothing() -> None:
    whole, stored = (DriftCalibration(7, 0.5, THRESHOLDS) for _ in range(2))
    fields: dict[str, bytes] = {}
    streams = [steps_of(3.0, 100, seed) for seed in range(50)]
    for day in range(100):
        for number, stream in enumerate(streams):
            said = [
                one.note(number % CLASSES, number, day, abs(stream[day][0]), stream[day] if day % 9 else None)
                for one in (whole, stored)
            ]
            assert said[0] == said[1]
        fields.update(stored.writes())
        stored = DriftCalibration(7, 0.5, THRESHOLDS)
        for name, field in fields.items():
            stored.take(name, field)
        assert stored.cautions == whole.cautions
    assert stored.writes() == {}
    assert {**fields, **whole.writes()} == fields


def test_the_reservoir_is_bounded_and_replaces() -> None:
    calibration = learnt(3.0, 0.5, series=60, days=200)
    (field,) = calibration.writes().values()
    # Two scores, seven days: 14 bytes a block; the tail has 64 numbers of 4 bytes; at most 64 blocks are under way.
    assert len(field) <= MOST_BLOCKS * 14 + 256 + 64 * (14 + 5) + 64
