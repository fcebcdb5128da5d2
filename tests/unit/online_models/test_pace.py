"""The count test of a day: how often it raises a false alarm, and what it sees."""

from __future__ import annotations

import numpy as np
import pytest

from online_models.nowcast import DayAhead
from online_models.pace import ALPHA, Look, beats_the_best_day, is_usual, without_bulk

SHARES = [0.05, 0.1, 0.15, 0.15, 0.1, 0.1, 0.15, 0.1, 0.1]


def looks(day: DayAhead, sold: list[float]) -> list[Look]:
    """A look at the close of every hour."""
    found, before, expected_before = [], 0.0, 0.0
    for units, share in zip(sold, SHARES, strict=True):
        expected = day.mean_units * share
        found.append(Look(day, before, expected_before, units, expected, share))
        before += units
        expected_before += expected
    return found


@pytest.mark.parametrize(("mean", "dispersion"), [(3.0, 0.3), (40.0, 0.1), (400.0, 0.02)])
def test_a_day_of_looks_raises_no_more_false_alarms_than_alpha(mean: float, dispersion: float) -> None:
    # At the true law; 10,000 days with 1e-4 a side: 1 expected at most, and 6 or more have a chance of 1e-3.
    dice, day = np.random.default_rng(7), DayAhead(mean, dispersion)
    surges = slumps = 0
    for pace in dice.gamma(1 / dispersion, dispersion, 10_000):
        today = [
            look for look in looks(day, dice.poisson(mean * pace * np.array(SHARES)).tolist()) if not look.is_usual()
        ]
        surges += any(look.surge() is not None for look in today)
        slumps += any(look.slump() is not None for look in today)
    assert ALPHA == 1e-4
    assert surges < 6
    assert slumps < 6


def test_what_is_usual_is_never_a_finding() -> None:
    dice = np.random.default_rng(3)
    for _ in range(3000):
        mean, dispersion = 10 ** dice.uniform(-1, 2.5), dice.choice([0.0, 0.05, 0.5, 3.0])
        day = DayAhead(mean, dispersion, float(dice.choice([1.0, 6.0])))
        sold = (dice.poisson(mean * np.array(SHARES)) * dice.choice([0, 1, 2, 4])).astype(float).tolist()
        for look in looks(day, sold):
            if look.is_usual():
                assert look.surge() is None
                assert look.slump() is None


def test_a_change_is_seen_in_its_first_hour_where_the_forecast_alone_would_leave_it_open() -> None:
    # A forecast that is off by 20 % (variance 0.04): 520 for 400 expected in all is 1.4 standard deviations.
    day = DayAhead(1000.0, 0.04)
    look = Look(day, 280.0, 300.0, 240.0, 100.0, 0.1)
    assert is_usual(day, 520.0, 400.0)
    chance = look.surge()
    assert chance is not None
    assert chance < 1e-6


def test_one_hour_counts_for_twice_its_expectation_or_the_next_largest() -> None:
    assert without_bulk([], []) == []
    assert without_bulk([500.0], [3.0]) == [6.0]
    assert without_bulk([4.0, 500.0, 0.0], [1.0, 1.0, 1.0]) == [4.0, 4.0, 0.0]
    assert without_bulk([4.0, 5.0], [1.0, 9.0]) == [4.0, 5.0]


def test_the_best_of_the_past_days_is_beaten_by_excess_not_by_level() -> None:
    # Best day 30, median 12: 18 above it.
    past = [10.0, 12.0, 30.0]
    assert not beats_the_best_day(18.0, past)
    assert beats_the_best_day(18.5, past)
    assert not beats_the_best_day(0.0, [])
