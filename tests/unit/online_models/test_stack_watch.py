"""The detectors together: one change is told once, by whom it concerns; storing them changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from online_models.conformal import NOMINAL, CalibratedDistribution
from online_models.drift import REST_PERIODS, DriftFinding
from online_models.river_detectors import DETECTORS
from online_models.stack_forecast import StackForecast
from online_models.stack_watch import CUSUM, StackWatch

WEEK = (1.3, 1.0, 0.9, 0.9, 1.0, 1.2, 0.7)
Said = list[tuple[int, DriftFinding, str | None]]


def forecast(mean: float, dispersion: float = 0.01) -> StackForecast:
    return StackForecast(mean, CalibratedDistribution(mean, dispersion, 1.0, NOMINAL), "level", (mean,), mean)


def demand(seed: int, factor: float = 1.0, move: int = 0, days: int = 140, changed: int = 100) -> list[float]:
    """Poisson around a week of mean 60; from a day on times a factor, moved by some slots."""
    random = np.random.default_rng(seed)
    means = [60 * (factor * WEEK[(day - move) % 7] if day >= changed else WEEK[day % 7]) for day in range(days)]
    return [float(y) for y in random.poisson(means)]


def judge(watch: StackWatch, units: list[float], caution: float = 1.0, *, stored: bool = False) -> Said:
    said = []
    for day, y in enumerate(units):
        mean = 60 * WEEK[day % 7]
        if stored:
            state = watch.encode()
            watch = StackWatch(5.0, 7, watch.detector)
            watch.restore(state)
        finding, against = watch.update(y, forecast(mean), mean, day % 7, WEEK, caution)
        if finding is not None:
            said.append((day, finding, against))
    return said


@pytest.mark.parametrize(("factor", "direction"), [(0.5, "down"), (1.6, "up")])
def test_a_level_that_jumps_is_told_as_a_level(factor: float, direction: str) -> None:
    for seed in range(20):
        said = [one for one in judge(StackWatch(5.0, 7), demand(seed, factor)) if one[0] >= 100]
        assert said[0][0] <= 103
        # It is never followed here, so it is told again after each rest; as a level each time.
        assert {finding.direction for _, finding, _ in said} == {direction}
        assert said[1][0] > said[0][0] + REST_PERIODS


def test_a_pattern_that_moves_is_told_as_a_season() -> None:
    for seed in range(20):
        said = [one for one in judge(StackWatch(5.0, 7), demand(seed, move=3)) if one[0] >= 100]
        day, finding, against = said[0]
        assert (finding.direction, against) == ("season", "season")
        assert day <= 114
        assert finding.since_periods <= day - 100 + 7
        assert finding.shift_slots is not None


def test_caution_makes_it_later_and_rarer() -> None:
    hasty, careful = (
        [judge(StackWatch(5.0, 7), demand(seed, 0.7), caution) for seed in range(10)] for caution in (0.5, 2.0)
    )
    assert sum(len(said) for said in careful) < sum(len(said) for said in hasty)
    (_, finding, _), *_ = careful[0]
    assert finding.threshold in (pytest.approx(10.0), pytest.approx(12.0))


def test_rivers_detector_is_seen_beside_and_forgotten() -> None:
    watch = StackWatch(5.0, 7)
    judge(watch, demand(3, 0.5, days=112))
    beside = watch.beside
    assert (beside.name, beside.way) == ("page_hinkley", "down")
    assert beside.periods_ago is not None
    assert 0 <= beside.periods_ago < 12
    assert beside.scatter_ratio > 1.5
    judge(watch, [60.0 * WEEK[day % 7] for day in range(60)])
    assert watch.beside.periods_ago is None or watch.beside.way == "up", "its mean had followed: back is up"


@pytest.mark.parametrize("detector", sorted(DETECTORS))
def test_one_of_rivers_may_speak_instead(detector: str) -> None:
    said = judge(StackWatch(5.0, 7, detector), demand(5, 0.5))
    assert said
    day, finding, against = said[0]
    assert 100 <= day <= 125
    assert (finding.direction, against) == ("down", "forecast")
    assert finding.level_after < finding.level_before


@pytest.mark.parametrize("detector", [CUSUM, *sorted(DETECTORS)])
def test_storing_after_every_close_changes_nothing(detector: str) -> None:
    for units in (demand(1, 0.5), demand(2, move=2), demand(3)[:40]):
        whole, stored = StackWatch(5.0, 7, detector), StackWatch(5.0, 7, detector)
        assert judge(stored, units, stored=True) == judge(whole, units)


@pytest.mark.parametrize("season", [1, 7, 12, 52])
def test_the_state_has_the_size_it_says(season: int) -> None:
    watch = StackWatch(5.0, season)
    watch.update(3.0, forecast(4.0), 4.0, 0, [1.0] * season)
    assert len(watch.encode()) == watch.size
    assert len(watch.steps or ()) == len(watch.thresholds)
